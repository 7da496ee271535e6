//! Where the connection settings come from: flags, `KUBECONFIG`, `~/.kube/config`, the Pod that we
//! run in. Reads files, contacts nobody.

use super::connect_error::ConnectError;
use super::connect_options::{ConnectOptions, overlay};
use crate::domain::nearest;
use kube::Config;
use kube::config::{KubeConfigOptions, Kubeconfig, KubeconfigError};
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// The name under which the connection of a Pod to its own cluster is shown.
pub const IN_CLUSTER: &str = "in-cluster";

/// What stands in place of a context when only the flags say where the server is.
pub(super) const FROM_FLAGS: &str = "(flags)";

/// What of the process's surroundings decides where the settings are.
#[derive(Clone, Debug, Default)]
pub(super) struct Environment {
    /// The variable `KUBECONFIG`.
    pub(super) kubeconfig: Option<OsString>,
    /// The home directory.
    pub(super) home: Option<PathBuf>,
    /// Whether the variables that every Pod has are set.
    pub(super) in_pod: bool,
}

impl Environment {
    pub(super) fn current() -> Self {
        Self {
            kubeconfig: std::env::var_os("KUBECONFIG").filter(|value| !value.is_empty()),
            home: directories::BaseDirs::new().map(|dirs| dirs.home_dir().to_owned()),
            in_pod: std::env::var_os("KUBERNETES_SERVICE_HOST").is_some(),
        }
    }
}

/// Where the settings are.
pub(super) enum Source {
    /// In files, here merged into one.
    Files(Box<Kubeconfig>),
    /// In the Pod.
    InCluster,
    /// Only in the flags (`--server`).
    Flags,
}

/// Finds and reads the settings, in kubectl's order: the flag, `KUBECONFIG` (files that do not
/// exist are passed over), `~/.kube/config`, the Pod.
pub(super) fn find(
    options: &ConnectOptions,
    environment: &Environment,
) -> Result<Source, ConnectError> {
    let mut looked = Vec::new();
    let mut paths: Vec<PathBuf> = Vec::new();
    if let Some(path) = &options.kubeconfig {
        paths.push(path.clone());
    } else if let Some(list) = &environment.kubeconfig {
        for path in std::env::split_paths(list).filter(|path| !path.as_os_str().is_empty()) {
            looked.push(format!("{} (KUBECONFIG)", path.display()));
            if path.exists() {
                paths.push(path);
            }
        }
    } else if let Some(home) = &environment.home {
        let path = home.join(".kube").join("config");
        looked.push(path.display().to_string());
        if path.exists() {
            paths.push(path);
        }
    }
    let mut merged = Kubeconfig::default();
    for path in &paths {
        let next = read(path)?;
        merged = merged.merge(next).map_err(|error| invalid(path, &error))?;
    }
    if !merged.contexts.is_empty() {
        return Ok(Source::Files(Box::new(merged)));
    }
    if options.server.is_some() {
        return Ok(Source::Flags);
    }
    if environment.in_pod && options.kubeconfig.is_none() {
        return Ok(Source::InCluster);
    }
    if !paths.is_empty() {
        return Err(ConnectError::Blank { paths });
    }
    looked.push("the service account of a Pod".to_owned());
    Err(ConnectError::NotFound { looked })
}

fn read(path: &Path) -> Result<Kubeconfig, ConnectError> {
    Kubeconfig::read_from(path).map_err(|error| match error {
        KubeconfigError::ReadConfig(cause, path) => ConnectError::Unreadable {
            path,
            cause: cause.to_string(),
        },
        other => invalid(path, &other),
    })
}

fn invalid(path: &Path, error: &KubeconfigError) -> ConnectError {
    let (position, problem) = match error {
        KubeconfigError::Parse(error) => (
            error.location().map(|at| (at.line(), at.column())),
            "it is not YAML of the form that kubectl writes".to_owned(),
        ),
        other => (None, other.to_string()),
    };
    ConnectError::Invalid {
        path: path.to_owned(),
        position,
        problem,
    }
}

/// Settings that are complete: a client can be built from them.
pub(super) struct Resolved {
    pub(super) config: Config,
    pub(super) context: String,
}

/// The settings of the chosen context, with the flags laid over them.
pub(super) async fn resolve(
    options: &ConnectOptions,
    environment: &Environment,
) -> Result<Resolved, ConnectError> {
    let (mut config, context) = match find(options, environment)? {
        Source::InCluster => (in_cluster(options)?, IN_CLUSTER.to_owned()),
        Source::Flags => (Config::new(http::Uri::default()), FROM_FLAGS.to_owned()),
        Source::Files(kubeconfig) => {
            if in_cluster_is_meant(options, environment, &kubeconfig) {
                (in_cluster(options)?, IN_CLUSTER.to_owned())
            } else {
                from_files(options, *kubeconfig).await?
            }
        }
    };
    overlay(&mut config, options)?;
    Ok(Resolved { config, context })
}

/// `--context in-cluster` in a Pod that has a kubeconfig as well.
fn in_cluster_is_meant(
    options: &ConnectOptions,
    environment: &Environment,
    kubeconfig: &Kubeconfig,
) -> bool {
    environment.in_pod
        && options.context.as_deref() == Some(IN_CLUSTER)
        && !kubeconfig
            .contexts
            .iter()
            .any(|entry| entry.name == IN_CLUSTER)
}

fn in_cluster(options: &ConnectOptions) -> Result<Config, ConnectError> {
    if let Some(name) = options.context.as_ref().filter(|name| *name != IN_CLUSTER) {
        return Err(ConnectError::UnknownContext {
            name: name.clone(),
            known: vec![IN_CLUSTER.to_owned()],
            suggestion: None,
        });
    }
    Config::incluster().map_err(|error| ConnectError::InCluster {
        cause: error.to_string(),
    })
}

async fn from_files(
    options: &ConnectOptions,
    kubeconfig: Kubeconfig,
) -> Result<(Config, String), ConnectError> {
    let known: Vec<String> = kubeconfig
        .contexts
        .iter()
        .map(|entry| entry.name.clone())
        .collect();
    let current = kubeconfig
        .current_context
        .clone()
        .filter(|name| !name.is_empty());
    let Some(context) = options.context.clone().or(current) else {
        return Err(ConnectError::NoCurrentContext { known });
    };
    if !known.contains(&context) {
        let suggestion = nearest(&context, known.iter().map(String::as_str)).map(str::to_owned);
        return Err(ConnectError::UnknownContext {
            name: context,
            known,
            suggestion,
        });
    }
    let choice = KubeConfigOptions {
        context: Some(context.clone()),
        cluster: options.cluster.clone(),
        user: options.user.clone(),
    };
    let config = Config::from_custom_kubeconfig(kubeconfig, &choice).await;
    let config = config.map_err(|error| ConnectError::Incomplete {
        context: context.clone(),
        problem: match error {
            KubeconfigError::LoadClusterOfContext(name) => {
                format!("there is no cluster entry {name:?}")
            }
            KubeconfigError::LoadContext(_) => "the entry is empty".to_owned(),
            KubeconfigError::ParseProxyUrl(_) => "the proxy's URL is not valid".to_owned(),
            other => other.to_string(),
        },
    })?;
    Ok((config, context))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO: &str = "
apiVersion: v1
kind: Config
current-context: staging
clusters:
- {name: c, cluster: {server: 'http://127.0.0.1:1'}}
users:
- {name: u, user: {token: hunter2}}
contexts:
- {name: staging, context: {cluster: c, user: u, namespace: shop}}
- {name: production, context: {cluster: c, user: u}}
- {name: broken, context: {cluster: gone, user: u}}
";

    fn file(text: &str) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config");
        std::fs::write(&path, text).unwrap();
        (folder, path)
    }

    fn with_file(path: &Path) -> ConnectOptions {
        ConnectOptions {
            kubeconfig: Some(path.to_owned()),
            ..ConnectOptions::default()
        }
    }

    async fn message(options: &ConnectOptions, environment: &Environment) -> String {
        match resolve(options, environment).await {
            Ok(_) => panic!("resolved"),
            Err(error) => error.to_string(),
        }
    }

    #[tokio::test]
    async fn takes_the_current_context_and_lays_flags_over_it() {
        let (_folder, path) = file(TWO);
        let mut options = with_file(&path);
        let none = Environment::default();
        let found = resolve(&options, &none).await.unwrap();
        assert_eq!(found.context, "staging");
        assert_eq!(found.config.default_namespace, "shop");
        assert!(found.config.auth_info.token.is_some());
        options.context = Some("production".into());
        options.namespace = Some("other".into());
        options.server = Some("http://127.0.0.1:2".into());
        options.username = Some("me".into());
        let found = resolve(&options, &none).await.unwrap();
        assert_eq!(found.context, "production");
        assert_eq!(found.config.default_namespace, "other");
        assert_eq!(found.config.cluster_url, "http://127.0.0.1:2");
        assert!(
            found.config.auth_info.token.is_none(),
            "replaced by --username"
        );
    }

    #[tokio::test]
    async fn says_where_it_looked() {
        let folder = tempfile::tempdir().unwrap();
        let environment = Environment {
            home: Some(folder.path().to_owned()),
            ..Environment::default()
        };
        let text = message(&ConnectOptions::default(), &environment).await;
        let expected = folder.path().join(".kube/config");
        assert!(text.contains(&expected.display().to_string()), "{text}");
        assert!(text.contains("service account of a Pod"), "{text}");
        let environment = Environment {
            kubeconfig: Some("/nowhere/a:/nowhere/b".into()),
            ..environment
        };
        let text = message(&ConnectOptions::default(), &environment).await;
        assert!(
            text.contains("/nowhere/a (KUBECONFIG), /nowhere/b"),
            "{text}"
        );
        let text = message(&with_file(Path::new("/nowhere/c")), &environment).await;
        assert!(
            text.starts_with("the kubeconfig /nowhere/c cannot be read:"),
            "{text}"
        );
    }

    #[tokio::test]
    async fn an_unknown_context_gets_a_suggestion() {
        let (_folder, path) = file(TWO);
        let mut options = with_file(&path);
        options.context = Some("prodution".into());
        let text = message(&options, &Environment::default()).await;
        assert_eq!(
            text,
            "the kubeconfig has no context \"prodution\" (did you mean \"production\"?); it has: \
             staging, production, broken"
        );
        options.context = Some("broken".into());
        let text = message(&options, &Environment::default()).await;
        assert!(
            text.ends_with("there is no cluster entry \"gone\""),
            "{text}"
        );
    }

    #[tokio::test]
    async fn broken_files_are_named_with_the_line_and_without_their_text() {
        let (_folder, path) =
            file("apiVersion: v1\nusers:\n- name: u\n  user: {token: [hunter2]}\n");
        let text = message(&with_file(&path), &Environment::default()).await;
        assert!(text.contains(&format!("{}:4:", path.display())), "{text}");
        assert!(!text.contains("hunter2"), "{text}");
        for blank in ["", "\n", "apiVersion: v1\nkind: Config\n"] {
            let (_folder, path) = file(blank);
            let text = message(&with_file(&path), &Environment::default()).await;
            assert!(text.contains("has no contexts"), "{blank:?}: {text}");
        }
        let (_folder, path) = file(&TWO.replace("current-context: staging", ""));
        let text = message(&with_file(&path), &Environment::default()).await;
        assert!(
            text.ends_with("--context: staging, production, broken"),
            "{text}"
        );
    }

    #[tokio::test]
    async fn files_of_the_variable_are_merged_and_missing_ones_passed_over() {
        let (_a, first) = file(TWO);
        let (_b, second) = file(
            "apiVersion: v1\nkind: Config\ncurrent-context: extra\ncontexts:\n- {name: extra, \
             context: {cluster: c}}\n",
        );
        let list = std::env::join_paths([Path::new("/nowhere"), &first, &second]).unwrap();
        let environment = Environment {
            kubeconfig: Some(list),
            ..Environment::default()
        };
        let mut options = ConnectOptions::default();
        let found = resolve(&options, &environment).await.unwrap();
        assert_eq!(found.context, "staging", "the first file to say it wins");
        options.context = Some("extra".into());
        assert_eq!(
            resolve(&options, &environment).await.unwrap().context,
            "extra"
        );
    }

    #[tokio::test]
    async fn a_server_alone_is_enough() {
        let options = ConnectOptions {
            server: Some("http://127.0.0.1:3".into()),
            token: Some("t".into()),
            ..ConnectOptions::default()
        };
        let found = resolve(&options, &Environment::default()).await.unwrap();
        assert_eq!(found.config.cluster_url, "http://127.0.0.1:3");
        let options = ConnectOptions {
            server: Some("127.0.0.1:3".into()),
            ..options
        };
        let text = message(&options, &Environment::default()).await;
        assert!(text.contains("--server cannot be used"), "{text}");
    }
}
