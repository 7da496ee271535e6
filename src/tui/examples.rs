//! The ConfigMaps that a new configuration can start from, and skeletons of single keys.

/// A ConfigMap as YAML.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Example {
    /// Its name.
    pub name: &'static str,
    /// When it tells.
    pub about: &'static str,
    /// The YAML text.
    pub text: &'static str,
}

/// All examples, the one to begin with first.
pub const ALL: &[Example] = &[
    Example {
        name: "pod-ready",
        about: "a Pod becomes Running",
        text: include_str!("../../assets/examples/pod-ready.yaml"),
    },
    Example {
        name: "deployment-rollout",
        about: "a rollout is complete, or stuck",
        text: include_str!("../../assets/examples/deployment-rollout.yaml"),
    },
    Example {
        name: "job-result",
        about: "a Job has succeeded or failed",
        text: include_str!("../../assets/examples/job-result.yaml"),
    },
    Example {
        name: "pod-crashloop",
        about: "a container keeps ending soon after its start",
        text: include_str!("../../assets/examples/pod-crashloop.yaml"),
    },
    Example {
        name: "pod-oom",
        about: "a container was killed for its use of memory",
        text: include_str!("../../assets/examples/pod-oom.yaml"),
    },
    Example {
        name: "pod-image-pull",
        about: "an image can't be pulled",
        text: include_str!("../../assets/examples/pod-image-pull.yaml"),
    },
    Example {
        name: "pod-pending",
        about: "a Pod has found no node for five minutes",
        text: include_str!("../../assets/examples/pod-pending.yaml"),
    },
    Example {
        name: "job-failed",
        about: "a Job has failed",
        text: include_str!("../../assets/examples/job-failed.yaml"),
    },
    Example {
        name: "deployment-degraded",
        about: "too few replicas are available, and when that is over",
        text: include_str!("../../assets/examples/deployment-degraded.yaml"),
    },
    Example {
        name: "node-not-ready",
        about: "a node has not been ready for two minutes",
        text: include_str!("../../assets/examples/node-not-ready.yaml"),
    },
    Example {
        name: "pvc-pending",
        about: "a claim has not been bound for five minutes",
        text: include_str!("../../assets/examples/pvc-pending.yaml"),
    },
    Example {
        name: "certificate",
        about: "a cert-manager Certificate is not ready",
        text: include_str!("../../assets/examples/certificate.yaml"),
    },
    Example {
        name: "argocd-app-sync-failed",
        about: "Argo CD could not sync an Application",
        text: include_str!("../../assets/examples/argocd-app-sync-failed.yaml"),
    },
    Example {
        name: "argocd-app-health",
        about: "an Application of Argo CD is degraded",
        text: include_str!("../../assets/examples/argocd-app-health.yaml"),
    },
    Example {
        name: "argo-rollout-aborted",
        about: "a rollout of Argo Rollouts was aborted",
        text: include_str!("../../assets/examples/argo-rollout-aborted.yaml"),
    },
];

/// What a new key of this name begins with.
pub fn skeleton(key: &str) -> &'static str {
    if key.starts_with("trigger.") {
        "- description: \n  when: pod.status.phase in ['Running']\n  send: []\n"
    } else if key.starts_with("template.") {
        "message: |\n  {{.pod.metadata.namespace}}/{{.pod.metadata.name}}\n"
    } else if key.starts_with("service.webhook.") {
        "url: https://example.com/hook\nheaders:\n- name: Content-Type\n  value: application/json\n"
    } else if key == "subscriptions" {
        "- recipients: []\n  triggers: []\n  selector: \n"
    } else {
        ""
    }
}

/// Whether the API server accepts this as a key of a ConfigMap.
///
/// # Errors
/// One sentence: what is wrong with it.
pub fn check_key(key: &str) -> Result<(), String> {
    let valid = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if key.is_empty() || key.len() > 253 || key == "." || key == ".." || !key.chars().all(valid) {
        return Err("letters, digits, '-', '_' and '.' only".to_owned());
    }
    let known = ["trigger.", "template.", "service."];
    let named = |prefix: &str| key.len() > prefix.len() && key.starts_with(prefix);
    let whole = key == "subscriptions" || key == "defaultTriggers" || key == "context";
    if known.into_iter().any(named) || whole || key.starts_with("defaultTriggers.") {
        Ok(())
    } else {
        Err("begin with trigger., template. or service.".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_nobody_reads_are_refused() {
        for good in [
            "trigger.on-a",
            "template.x_y",
            "service.webhook.a",
            "subscriptions",
        ] {
            assert_eq!(check_key(good), Ok(()), "{good}");
        }
        for bad in [
            "",
            "trigger.",
            "a b",
            "trigger.a/b",
            "foo",
            "trigger.ä",
            "..",
        ] {
            assert!(check_key(bad).is_err(), "{bad}");
        }
    }
}
