//! The contexts of the kubeconfig, for choosing one.

use super::connect_error::ConnectError;
use super::connect_options::ConnectOptions;
use super::kubeconfig::{Environment, IN_CLUSTER, Source, find};
use kube::config::Kubeconfig;

/// One entry of the kubeconfig.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContextInfo {
    /// The context's name.
    pub name: String,
    /// The name of its cluster entry.
    pub cluster: String,
    /// The name of its user entry; empty when it has none.
    pub user: String,
    /// Its namespace; `default` when it sets none.
    pub namespace: String,
    /// Whether it is the one in use when no other is asked for.
    pub current: bool,
}

/// All contexts, in the order of the files; in a Pod also [`IN_CLUSTER`]. Contacts nobody.
pub fn contexts(options: &ConnectOptions) -> Result<Vec<ContextInfo>, ConnectError> {
    list(options, &Environment::current())
}

fn list(
    options: &ConnectOptions,
    environment: &Environment,
) -> Result<Vec<ContextInfo>, ConnectError> {
    let mut listed = match find(options, environment)? {
        Source::Files(kubeconfig) => from_kubeconfig(&kubeconfig),
        Source::InCluster | Source::Flags => Vec::new(),
    };
    if environment.in_pod && !listed.iter().any(|context| context.name == IN_CLUSTER) {
        listed.push(ContextInfo {
            name: IN_CLUSTER.to_owned(),
            cluster: IN_CLUSTER.to_owned(),
            user: "service account".to_owned(),
            namespace: "default".to_owned(),
            current: listed.is_empty(),
        });
    }
    Ok(listed)
}

fn from_kubeconfig(kubeconfig: &Kubeconfig) -> Vec<ContextInfo> {
    let entries = kubeconfig.contexts.iter().map(|entry| {
        let context = entry.context.clone().unwrap_or_default();
        let namespace = context.namespace.filter(|name| !name.is_empty());
        ContextInfo {
            name: entry.name.clone(),
            cluster: context.cluster,
            user: context.user.unwrap_or_default(),
            namespace: namespace.unwrap_or_else(|| "default".to_owned()),
            current: kubeconfig.current_context.as_ref() == Some(&entry.name),
        }
    });
    entries.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_the_files_and_the_pod() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config");
        let text = "
current-context: b
contexts:
- {name: a, context: {cluster: x, user: u, namespace: shop}}
- {name: b, context: {cluster: y}}
- {name: empty}
";
        std::fs::write(&path, text).unwrap();
        let environment = Environment {
            kubeconfig: Some(path.into_os_string()),
            home: None,
            in_pod: true,
        };
        let found = list(&ConnectOptions::default(), &environment).unwrap();
        let shown: Vec<_> = found
            .iter()
            .map(|c| (&*c.name, &*c.cluster, &*c.user, &*c.namespace, c.current))
            .collect();
        assert_eq!(
            shown,
            [
                ("a", "x", "u", "shop", false),
                ("b", "y", "", "default", true),
                ("empty", "", "", "default", false),
                (
                    "in-cluster",
                    "in-cluster",
                    "service account",
                    "default",
                    false
                ),
            ]
        );
    }
}
