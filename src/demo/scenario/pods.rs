//! Workloads and the specifications of their Pods: as long and detailed as real ones.

use serde_json::{Map, Value, json};

/// The annotation of a Pod (or Pod template) that decides what will happen to it.
pub(super) const BEHAVIOUR: &str = "demo.kubechime.dev/behaviour";

/// What happens to a Pod after it started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Behaviour {
    /// Nothing at all.
    Calm,
    /// Runs, and is replaced after a while.
    Steady,
    /// Fails, waits longer each time, recovers after some restarts.
    CrashLoop,
    /// Is killed for its memory now and then.
    OutOfMemory,
    /// Loses and regains readiness.
    Flaky,
    /// Its image can't be pulled.
    ImagePull,
    /// Ends well.
    Complete,
    /// Ends with an error.
    Fail,
}

impl Behaviour {
    const ALL: [(Behaviour, &'static str); 8] = [
        (Self::Calm, "calm"),
        (Self::Steady, "steady"),
        (Self::CrashLoop, "crashloop"),
        (Self::OutOfMemory, "oom"),
        (Self::Flaky, "flaky"),
        (Self::ImagePull, "image-pull"),
        (Self::Complete, "complete"),
        (Self::Fail, "fail"),
    ];

    pub fn name(self) -> &'static str {
        Self::ALL
            .iter()
            .find(|(known, _)| *known == self)
            .map_or("calm", |(_, name)| name)
    }

    /// What an existing Pod will do. Without the annotation, Pods of Jobs complete and others run.
    pub fn of(pod: &Value) -> Self {
        let named = pod["metadata"]["annotations"][BEHAVIOUR].as_str();
        let found = Self::ALL.iter().find(|(_, name)| Some(*name) == named);
        match found {
            Some((behaviour, _)) => *behaviour,
            None if pod["spec"]["restartPolicy"] == "Always" => Self::Calm,
            None => Self::Complete,
        }
    }
}

/// A Deployment of the start.
pub(super) struct Workload {
    pub name: &'static str,
    pub namespace: &'static str,
    pub replicas: u64,
    pub image: &'static str,
    pub behaviour: Behaviour,
    pub tier: &'static str,
    /// Trigger, service, recipients: the annotations of its Pods.
    pub subscribe: &'static [(&'static str, &'static str, &'static str)],
}

impl Workload {
    fn labels(&self) -> Value {
        json!({
            "app.kubernetes.io/name": self.name,
            "app.kubernetes.io/part-of": self.namespace,
            "app.kubernetes.io/managed-by": "gitops",
            "team": self.namespace,
            "tier": self.tier,
        })
    }

    pub fn deployment(&self) -> Value {
        let mut annotations = Map::new();
        annotations.insert(BEHAVIOUR.to_owned(), self.behaviour.name().into());
        annotations.insert("prometheus.io/scrape".to_owned(), "true".into());
        annotations.insert("prometheus.io/port".to_owned(), "9102".into());
        for (trigger, service, recipients) in self.subscribe {
            let key = format!("notifications.argoproj.io/subscribe.{trigger}.{service}");
            annotations.insert(key, (*recipients).into());
        }
        json!({
            "apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {
                "name": self.name, "namespace": self.namespace, "labels": self.labels(),
                "annotations": {"deployment.kubernetes.io/revision": "1"},
            },
            "spec": {
                "replicas": self.replicas,
                "revisionHistoryLimit": 3,
                "progressDeadlineSeconds": 600,
                "selector": {"matchLabels": {"app.kubernetes.io/name": self.name}},
                "strategy": {
                    "type": "RollingUpdate",
                    "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"},
                },
                "template": {
                    "metadata": {"labels": self.labels(), "annotations": annotations},
                    "spec": spec(self.name, self.image, self.namespace),
                },
            },
            "status": {"replicas": 0},
        })
    }
}

/// A Job that runs one Pod.
pub(super) fn job(name: &str, number: u64, behaviour: Behaviour) -> Value {
    let labels = json!({
        "app.kubernetes.io/name": name, "app.kubernetes.io/component": "job", "team": "batch",
        "tier": "standard",
    });
    let mut spec = spec(
        name,
        &format!("registry.example.com/batch/{name}:7.2"),
        "batch",
    );
    spec["restartPolicy"] = "Never".into();
    json!({
        "apiVersion": "batch/v1", "kind": "Job",
        "metadata": {
            "name": format!("{name}-{number}"), "namespace": "batch", "labels": labels,
        },
        "spec": {
            "backoffLimit": 0, "completions": 1, "parallelism": 1, "completionMode": "NonIndexed",
            "suspend": false, "ttlSecondsAfterFinished": 60,
            "template": {
                "metadata": {
                    "labels": labels,
                    "annotations": {
                        BEHAVIOUR: behaviour.name(),
                        "notifications.argoproj.io/subscribe.on-completed.webhook": "",
                        "notifications.argoproj.io/subscribe.on-failed.webhook": "",
                    },
                },
                "spec": spec,
            },
        },
        "status": {},
    })
}

/// The specification of a Pod with an application, a log shipper and the usual trimmings.
fn spec(name: &str, image: &str, team: &str) -> Value {
    let from_field = |path: &str| json!({"fieldRef": {"apiVersion": "v1", "fieldPath": path}});
    let secret =
        |key: &str| json!({"secretKeyRef": {"name": format!("{name}-credentials"), "key": key}});
    let probe = |path: &str, period: u64| {
        json!({
            "httpGet": {"path": path, "port": "http", "scheme": "HTTP"},
            "periodSeconds": period, "timeoutSeconds": 2, "successThreshold": 1,
            "failureThreshold": 3,
        })
    };
    let closed = json!({
        "allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true, "runAsNonRoot": true,
        "capabilities": {"drop": ["ALL"]},
    });
    let token = json!({
        "name": "kube-api-access", "readOnly": true,
        "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount",
    });
    json!({
        "containers": [
            {
                "name": name,
                "image": image,
                "imagePullPolicy": "IfNotPresent",
                "args": ["--config=/etc/app/config.yaml", "--log-format=json"],
                "ports": [
                    {"name": "http", "containerPort": 8080, "protocol": "TCP"},
                    {"name": "metrics", "containerPort": 9102, "protocol": "TCP"},
                ],
                "env": [
                    {"name": "LOG_LEVEL", "value": "info"},
                    {"name": "TEAM", "value": team},
                    {"name": "POD_NAME", "valueFrom": from_field("metadata.name")},
                    {"name": "POD_NAMESPACE", "valueFrom": from_field("metadata.namespace")},
                    {"name": "NODE_NAME", "valueFrom": from_field("spec.nodeName")},
                    {"name": "DATABASE_URL", "valueFrom": secret("database-url")},
                    {"name": "API_TOKEN", "valueFrom": secret("api-token")},
                    {"name": "OTEL_EXPORTER_OTLP_ENDPOINT",
                     "value": "http://otel-collector.observability.svc:4317"},
                ],
                "resources": {
                    "requests": {"cpu": "100m", "memory": "128Mi"},
                    "limits": {"cpu": "1", "memory": "256Mi"},
                },
                "livenessProbe": probe("/healthz", 10),
                "readinessProbe": probe("/readyz", 5),
                "startupProbe": probe("/healthz", 2),
                "volumeMounts": [
                    {"name": "config", "mountPath": "/etc/app", "readOnly": true},
                    {"name": "tmp", "mountPath": "/tmp"},
                    token,
                ],
                "securityContext": closed,
                "terminationMessagePath": "/dev/termination-log",
                "terminationMessagePolicy": "FallbackToLogsOnError",
            },
            {
                "name": "log-agent",
                "image": "registry.example.com/observability/log-agent:3.2.4",
                "imagePullPolicy": "IfNotPresent",
                "env": [{"name": "POD_NAME", "valueFrom": from_field("metadata.name")}],
                "resources": {
                    "requests": {"cpu": "10m", "memory": "32Mi"},
                    "limits": {"cpu": "100m", "memory": "64Mi"},
                },
                "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}, token],
                "securityContext": closed,
                "terminationMessagePath": "/dev/termination-log",
                "terminationMessagePolicy": "File",
            },
        ],
        "volumes": [
            {"name": "config", "configMap": {"name": format!("{name}-config"), "defaultMode": 420}},
            {"name": "tmp", "emptyDir": {"sizeLimit": "256Mi"}},
            {"name": "kube-api-access", "projected": {
                "defaultMode": 420,
                "sources": [
                    {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
                    {"configMap": {
                        "name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}],
                    }},
                    {"downwardAPI": {"items": [{
                        "path": "namespace",
                        "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"},
                    }]}},
                ],
            }},
        ],
        "affinity": {"podAntiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [{
            "weight": 100,
            "podAffinityTerm": {
                "topologyKey": "kubernetes.io/hostname",
                "labelSelector": {"matchLabels": {"app.kubernetes.io/name": name}},
            },
        }]}},
        "tolerations": [
            {"key": "node.kubernetes.io/not-ready", "operator": "Exists", "effect": "NoExecute",
             "tolerationSeconds": 300},
            {"key": "node.kubernetes.io/unreachable", "operator": "Exists", "effect": "NoExecute",
             "tolerationSeconds": 300},
        ],
        "restartPolicy": "Always",
        "terminationGracePeriodSeconds": 30,
        "dnsPolicy": "ClusterFirst",
        "serviceAccountName": "default",
        "serviceAccount": "default",
        "schedulerName": "default-scheduler",
        "priority": 0,
        "enableServiceLinks": true,
        "preemptionPolicy": "PreemptLowerPriority",
        "securityContext": {"fsGroup": 65532, "runAsUser": 65532,
                            "seccompProfile": {"type": "RuntimeDefault"}},
    })
}

/// A new Pod from a template, owned by the object that wants it.
pub(super) fn from_template(
    template: &Value,
    name: &str,
    owner: &Value,
    extra: &[(&str, &str)],
) -> Value {
    let mut metadata = template["metadata"].clone();
    if !metadata.is_object() {
        metadata = json!({});
    }
    metadata["name"] = name.into();
    metadata["namespace"] = owner["metadata"]["namespace"].clone();
    metadata["ownerReferences"] = json!([{
        "apiVersion": owner["apiVersion"], "kind": owner["kind"],
        "name": owner["metadata"]["name"], "uid": owner["metadata"]["uid"],
        "controller": true, "blockOwnerDeletion": true,
    }]);
    for (key, value) in extra {
        metadata["labels"][*key] = (*value).into();
    }
    json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": template["spec"],
        "status": {"phase": "Pending", "qosClass": "Burstable"},
    })
}
