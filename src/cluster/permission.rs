//! What a request needs to be allowed, in the words of RBAC.

use crate::domain::{Kind, ResourceKey};
use std::fmt;

/// A right as RBAC knows it. Displayed as `verb "patch" on pods in namespace shop`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Permission {
    /// The verb: `get`, `list`, `watch`, `create`, `update`, `patch`.
    pub verb: &'static str,
    /// API group; empty for the core group.
    pub group: String,
    /// Plural resource name.
    pub resource: String,
    /// The namespace; `None` for all namespaces and for cluster-scoped kinds.
    pub namespace: Option<String>,
    /// The object, when it is about one.
    pub name: Option<String>,
    /// Whether the kind lives in namespaces at all.
    pub namespaced: bool,
}

impl Permission {
    /// The right to do this with objects of a kind; in all namespaces, or in one.
    pub fn on_kind(verb: &'static str, kind: &Kind, namespace: Option<&str>) -> Self {
        Self {
            verb,
            group: kind.group.clone(),
            resource: kind.plural.clone(),
            namespace: namespace.filter(|_| kind.namespaced).map(str::to_owned),
            name: None,
            namespaced: kind.namespaced,
        }
    }

    /// The right to do this with one object.
    pub fn on_object(verb: &'static str, key: &ResourceKey) -> Self {
        Self {
            name: Some(key.name.to_string()),
            ..Self::on_kind(verb, &key.kind, Some(&key.namespace))
        }
    }

    /// The right to read a path that is no object, such as `/version`.
    pub(super) fn on_path(path: &str) -> Self {
        Self {
            verb: "get",
            group: String::new(),
            resource: path.to_owned(),
            namespace: None,
            name: None,
            namespaced: false,
        }
    }

    /// `pods` or `deployments.apps`.
    pub(super) fn resource_name(&self) -> String {
        if self.group.is_empty() {
            self.resource.clone()
        } else {
            format!("{}.{}", self.resource, self.group)
        }
    }

    /// What the operator has to grant: `needs verb "patch" on pods in namespace shop`.
    pub fn hint(&self) -> String {
        format!("needs {self}")
    }
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "verb {:?} on {}", self.verb, self.resource_name())?;
        match &self.namespace {
            Some(namespace) => write!(f, " in namespace {namespace}"),
            None if self.namespaced => write!(f, " in all namespaces"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_what_to_grant() {
        let everywhere = Permission::on_kind("list", &Kind::pod(), None);
        assert_eq!(
            everywhere.hint(),
            r#"needs verb "list" on pods in all namespaces"#
        );
    }
}
