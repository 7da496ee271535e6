//! What is in the cluster at the start: namespaces, nodes, workloads, services.

use super::pods::{Behaviour, Workload};
use crate::demo::object::now;
use crate::demo::objects::Objects;
use serde_json::{Value, json};

/// Who made the objects of the start.
pub(super) const MANAGER: &str = "kubectl-create";

/// The nodes that Pods are put on.
pub(super) const NODES: [&str; 3] = ["node-a", "node-b", "node-c"];

/// The Deployments: name, namespace, replicas, image, behaviour, subscriptions of its Pods.
const DEPLOYMENTS: &[Workload] = &[
    Workload {
        name: "storefront",
        namespace: "shop",
        replicas: 3,
        image: "registry.example.com/shop/storefront:2.14.0",
        behaviour: Behaviour::Steady,
        tier: "critical",
        subscribe: &[
            ("on-pod-ready", "webhook", ""),
            ("on-crashloop", "pager", ""),
        ],
    },
    Workload {
        name: "checkout",
        namespace: "shop",
        replicas: 3,
        image: "registry.example.com/shop/checkout:5.3.1",
        behaviour: Behaviour::CrashLoop,
        tier: "critical",
        subscribe: &[
            ("on-pod-ready", "webhook", ""),
            ("on-crashloop", "webhook", ""),
        ],
    },
    Workload {
        name: "cart",
        namespace: "shop",
        replicas: 2,
        image: "registry.example.com/shop/cart:3.0.7",
        behaviour: Behaviour::OutOfMemory,
        tier: "critical",
        subscribe: &[("on-pod-ready", "webhook", ""), ("on-oom", "webhook", "")],
    },
    Workload {
        name: "recommendations",
        namespace: "shop",
        replicas: 2,
        image: "registry.example.com/shop/recommendations:0.9.2",
        behaviour: Behaviour::Flaky,
        tier: "standard",
        subscribe: &[
            ("on-pod-ready", "webhook", ""),
            ("on-not-ready", "webhook", ""),
        ],
    },
    Workload {
        name: "web",
        namespace: "team-a",
        replicas: 4,
        image: "registry.example.com/team-a/web:1.27.3",
        behaviour: Behaviour::Steady,
        tier: "standard",
        subscribe: &[("on-pod-ready", "webhook", "")],
    },
    Workload {
        name: "worker",
        namespace: "team-a",
        replicas: 3,
        image: "registry.example.com/team-a/worker:1.27.3",
        behaviour: Behaviour::OutOfMemory,
        tier: "standard",
        subscribe: &[("on-oom", "pager", ""), ("on-crashloop", "webhook", "")],
    },
    Workload {
        name: "cache",
        namespace: "team-a",
        replicas: 2,
        image: "registry.example.com/library/valkey:8.1",
        behaviour: Behaviour::Steady,
        tier: "standard",
        subscribe: &[],
    },
    Workload {
        name: "search",
        namespace: "team-b",
        replicas: 3,
        image: "registry.example.com/team-b/search:4.8.0",
        behaviour: Behaviour::Flaky,
        tier: "standard",
        subscribe: &[("on-pod-ready", "throttled", "")],
    },
    Workload {
        name: "importer",
        namespace: "team-b",
        replicas: 2,
        image: "registry.example.com/team-b/importer:2025.11",
        behaviour: Behaviour::CrashLoop,
        tier: "standard",
        subscribe: &[
            ("on-crashloop", "broken", ""),
            ("on-crashloop", "webhook", ""),
        ],
    },
    Workload {
        name: "preview",
        namespace: "team-b",
        replicas: 1,
        image: "registry.example.com/team-b/preview:does-not-exist",
        behaviour: Behaviour::ImagePull,
        tier: "standard",
        subscribe: &[("on-image-pull", "webhook", "")],
    },
    Workload {
        name: "echo",
        namespace: "default",
        replicas: 2,
        image: "registry.example.com/library/echo:1.0",
        behaviour: Behaviour::Steady,
        tier: "standard",
        subscribe: &[("on-pod-ready", "webhook", "")],
    },
    Workload {
        name: "coredns",
        namespace: "kube-system",
        replicas: 2,
        image: "registry.example.com/coredns/coredns:1.12.1",
        behaviour: Behaviour::Calm,
        tier: "system",
        subscribe: &[],
    },
    Workload {
        name: "metrics-server",
        namespace: "kube-system",
        replicas: 1,
        image: "registry.example.com/metrics-server/metrics-server:0.7.2",
        behaviour: Behaviour::Calm,
        tier: "system",
        subscribe: &[],
    },
];

/// Creates everything of the start, except the Pods.
pub(super) fn populate(objects: &Objects) {
    for name in ["team-a", "team-b", "shop", "batch"] {
        objects.create_namespace(name);
    }
    for (index, name) in NODES.iter().enumerate() {
        create(objects, MANAGER, "nodes", node(name, index));
    }
    for workload in DEPLOYMENTS {
        create(objects, MANAGER, "deployments.apps", workload.deployment());
        if workload
            .subscribe
            .iter()
            .any(|(trigger, ..)| *trigger == "on-pod-ready")
        {
            create(objects, MANAGER, "services", service(workload));
        }
    }
}

/// Objects of our own making have names and known kinds, so there is nothing to fail.
pub(super) fn create(objects: &Objects, manager: &str, resource: &str, object: Value) {
    let _ = objects.put_as(manager, resource, object);
}

fn service(workload: &Workload) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Service",
        "metadata": {"name": workload.name, "namespace": workload.namespace},
        "spec": {
            "type": "ClusterIP",
            "clusterIP": format!("10.96.{}.{}", workload.name.len(), workload.namespace.len()),
            "selector": {"app.kubernetes.io/name": workload.name},
            "ports": [{"name": "http", "port": 80, "targetPort": 8080, "protocol": "TCP"}],
        },
        "status": {"loadBalancer": {}},
    })
}

fn node(name: &str, index: usize) -> Value {
    let condition = |kind: &str, status: &str, reason: &str| {
        json!({
            "type": kind, "status": status, "reason": reason, "message": reason,
            "lastHeartbeatTime": now(), "lastTransitionTime": now(),
        })
    };
    let size = json!({"cpu": "8", "memory": "32614348Ki", "pods": "110", "ephemeral-storage": "98831908Ki"});
    json!({
        "apiVersion": "v1", "kind": "Node",
        "metadata": {
            "name": name,
            "labels": {
                "kubernetes.io/hostname": name, "kubernetes.io/os": "linux",
                "kubernetes.io/arch": "amd64", "topology.kubernetes.io/zone": format!("zone-{index}"),
            },
        },
        "spec": {"podCIDR": format!("10.244.{index}.0/24")},
        "status": {
            "capacity": size, "allocatable": size,
            "conditions": [
                condition("MemoryPressure", "False", "KubeletHasSufficientMemory"),
                condition("DiskPressure", "False", "KubeletHasNoDiskPressure"),
                condition("PIDPressure", "False", "KubeletHasSufficientPID"),
                condition("Ready", "True", "KubeletReady"),
            ],
            "addresses": [
                {"type": "InternalIP", "address": format!("10.0.3.{}", index + 10)},
                {"type": "Hostname", "address": name},
            ],
            "nodeInfo": {
                "kubeletVersion": "v1.33.0", "kubeProxyVersion": "v1.33.0",
                "osImage": "Debian GNU/Linux 12 (bookworm)", "kernelVersion": "6.1.0-28-amd64",
                "containerRuntimeVersion": "containerd://2.0.4", "architecture": "amd64",
                "operatingSystem": "linux", "machineID": "", "systemUUID": "", "bootID": "",
            },
        },
    })
}
