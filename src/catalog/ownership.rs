//! Who keeps the ConfigMap: whether a controller or a tool will put its own version back over what
//! is edited by hand. Read from labels, annotations and the field managers; asks nobody.

use std::collections::BTreeMap;
use std::fmt;

/// What is known of a ConfigMap besides its data.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConfigMeta {
    /// `metadata.labels`.
    pub labels: BTreeMap<String, String>,
    /// `metadata.annotations`.
    pub annotations: BTreeMap<String, String>,
    /// The keys of `binaryData`, which nobody reads.
    pub binary_keys: Vec<String>,
    /// Who has written it, the latest first.
    pub writers: Vec<ConfigWriter>,
}

/// One who has written a ConfigMap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigWriter {
    /// The field manager's name.
    pub manager: String,
    /// It declares fields (server-side apply), and takes them back at its next run.
    pub applies: bool,
    /// When it last changed something, in milliseconds since 1970.
    pub at_ms: Option<i64>,
}

/// Somebody who keeps a ConfigMap in step with something outside of the cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keeper {
    /// Who, for people: `Argo CD (application shop)`.
    pub name: String,
    /// What tells so: the label, annotation or field manager.
    pub evidence: String,
}

impl fmt::Display for Keeper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.name, self.evidence)
    }
}

const MANAGED_BY: &str = "app.kubernetes.io/managed-by";
const INSTANCE: &str = "app.kubernetes.io/instance";

/// Field managers of people and of programs that edit once, by the start of their names: what they
/// wrote is not written again by itself.
const BY_HAND: [&str; 8] = [
    "kubectl",
    "k9s",
    "lens",
    "openlens",
    "headlamp",
    "dashboard",
    "rancher",
    "Mozilla",
];

impl ConfigMeta {
    /// Who wrote the ConfigMap last; `None` when the server keeps no field managers.
    pub fn last_writer(&self) -> Option<&ConfigWriter> {
        self.writers.first()
    }

    /// Who will put another version back over an edit, if there are signs of somebody. `ours` is the
    /// name of our own field manager.
    pub fn keeper(&self, ours: &str) -> Option<Keeper> {
        self.argo_cd()
            .or_else(|| self.flux())
            .or_else(|| self.helm())
            .or_else(|| self.managed_by())
            .or_else(|| self.foreign_writer(ours))
    }

    fn label(&self, key: &str) -> Option<&str> {
        let value = self.labels.get(key).map(String::as_str);
        value.filter(|value| !value.is_empty())
    }

    fn annotation(&self, key: &str) -> Option<&str> {
        let value = self.annotations.get(key).map(String::as_str);
        value.filter(|value| !value.is_empty())
    }

    fn argo_cd(&self) -> Option<Keeper> {
        const TRACKING: &str = "argocd.argoproj.io/tracking-id";
        const LABEL: &str = "argocd.argoproj.io/instance";
        let (key, application) = match (self.annotation(TRACKING), self.label(LABEL)) {
            // `application:group/kind:namespace/name`.
            (Some(id), _) => (TRACKING, id.split(':').next().unwrap_or(id)),
            (None, Some(name)) => (LABEL, name),
            (None, None) => return None,
        };
        Some(Keeper {
            name: format!("Argo CD, application {application}"),
            evidence: key.to_owned(),
        })
    }

    fn flux(&self) -> Option<Keeper> {
        for (group, kind) in [
            ("kustomize.toolkit.fluxcd.io", "Kustomization"),
            ("helm.toolkit.fluxcd.io", "HelmRelease"),
        ] {
            let key = format!("{group}/name");
            let Some(name) = self.label(&key) else {
                continue;
            };
            // Flux leaves objects alone that say so.
            if self.annotation(&format!("{group}/reconcile")) == Some("disabled") {
                continue;
            }
            let namespace = self.label(&format!("{group}/namespace"));
            let place = namespace.map_or_else(String::new, |namespace| format!("{namespace}/"));
            return Some(Keeper {
                name: format!("Flux, {kind} {place}{name}"),
                evidence: key,
            });
        }
        None
    }

    fn helm(&self) -> Option<Keeper> {
        const RELEASE: &str = "meta.helm.sh/release-name";
        let (name, key) = match (self.annotation(RELEASE), self.label(MANAGED_BY)) {
            (Some(name), _) => (name.to_owned(), RELEASE),
            (None, Some("Helm")) => (self.label(INSTANCE)?.to_owned(), MANAGED_BY),
            _ => return None,
        };
        Some(Keeper {
            name: format!("Helm, release {name}, at its next upgrade"),
            evidence: key.to_owned(),
        })
    }

    fn managed_by(&self) -> Option<Keeper> {
        let name = self.label(MANAGED_BY)?;
        Some(Keeper {
            name: name.to_owned(),
            evidence: MANAGED_BY.to_owned(),
        })
    }

    fn foreign_writer(&self, ours: &str) -> Option<Keeper> {
        let last = self.last_writer()?;
        let by_hand = |manager: &str| {
            let manager = manager.to_ascii_lowercase();
            let known = BY_HAND.iter();
            known
                .map(|name| name.to_ascii_lowercase())
                .any(|name| manager.starts_with(&name))
        };
        // A declaration of kubectl comes from a file, whoever ran it.
        let declared = last.applies || last.manager == "kubectl-client-side-apply";
        if last.manager == ours || last.manager.is_empty() || (by_hand(&last.manager) && !declared)
        {
            return None;
        }
        Some(Keeper {
            name: format!("{}, which wrote it last", last.manager),
            evidence: "field manager".to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OURS: &str = "kubechime";

    fn meta(labels: &[(&str, &str)], annotations: &[(&str, &str)]) -> ConfigMeta {
        let own = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
        ConfigMeta {
            labels: labels.iter().map(own).collect(),
            annotations: annotations.iter().map(own).collect(),
            ..ConfigMeta::default()
        }
    }

    fn written_by(manager: &str, applies: bool) -> ConfigMeta {
        ConfigMeta {
            writers: vec![ConfigWriter {
                manager: manager.into(),
                applies,
                at_ms: None,
            }],
            ..ConfigMeta::default()
        }
    }

    fn keeper(meta: &ConfigMeta) -> Option<String> {
        meta.keeper(OURS).map(|keeper| keeper.to_string())
    }

    #[test]
    fn every_tool_leaves_its_sign() {
        for (meta, expected) in [
            (
                meta(
                    &[],
                    &[("argocd.argoproj.io/tracking-id", "shop:/ConfigMap:ns/cm")],
                ),
                "Argo CD, application shop (argocd.argoproj.io/tracking-id)",
            ),
            (
                meta(&[("argocd.argoproj.io/instance", "shop")], &[]),
                "Argo CD, application shop (argocd.argoproj.io/instance)",
            ),
            (
                meta(
                    &[
                        ("kustomize.toolkit.fluxcd.io/name", "apps"),
                        ("kustomize.toolkit.fluxcd.io/namespace", "flux-system"),
                    ],
                    &[],
                ),
                "Flux, Kustomization flux-system/apps (kustomize.toolkit.fluxcd.io/name)",
            ),
            (
                meta(
                    &[("app.kubernetes.io/managed-by", "Helm")],
                    &[("meta.helm.sh/release-name", "notifier")],
                ),
                "Helm, release notifier, at its next upgrade (meta.helm.sh/release-name)",
            ),
            (
                meta(&[("app.kubernetes.io/managed-by", "pulumi")], &[]),
                "pulumi (app.kubernetes.io/managed-by)",
            ),
            (
                written_by("terraform", false),
                "terraform, which wrote it last (field manager)",
            ),
            (
                written_by("kubectl", true),
                "kubectl, which wrote it last (field manager)",
            ),
        ] {
            assert_eq!(keeper(&meta).as_deref(), Some(expected));
        }
    }

    #[test]
    fn what_people_and_we_wrote_is_nobodys() {
        for meta in [
            ConfigMeta::default(),
            written_by(OURS, false),
            written_by("kubectl-edit", false),
            written_by("k9s", false),
            meta(
                &[("kustomize.toolkit.fluxcd.io/name", "apps")],
                &[("kustomize.toolkit.fluxcd.io/reconcile", "disabled")],
            ),
        ] {
            assert_eq!(keeper(&meta), None, "{meta:?}");
        }
    }
}
