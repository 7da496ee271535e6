//! Which columns the built-in kinds have.

use crate::demo::resource::Resource;

/// Name, type and priority (1 is shown by `-o wide` only) of a column.
type Column = (&'static str, &'static str, u8);

const NAME: Column = ("Name", "string", 0);
const AGE: Column = ("Age", "string", 0);

/// The columns of a built-in kind.
pub(super) fn columns(resource: &Resource) -> &'static [Column] {
    const PODS: &[Column] = &[
        NAME,
        ("Ready", "string", 0),
        ("Status", "string", 0),
        ("Restarts", "string", 0),
        AGE,
        ("IP", "string", 1),
        ("Node", "string", 1),
        ("Nominated Node", "string", 1),
        ("Readiness Gates", "string", 1),
    ];
    const DEPLOYMENTS: &[Column] = &[
        NAME,
        ("Ready", "string", 0),
        ("Up-to-date", "string", 0),
        ("Available", "string", 0),
        AGE,
        ("Containers", "string", 1),
        ("Images", "string", 1),
        ("Selector", "string", 1),
    ];
    const REPLICA_SETS: &[Column] = &[
        NAME,
        ("Desired", "integer", 0),
        ("Current", "integer", 0),
        ("Ready", "integer", 0),
        AGE,
        ("Containers", "string", 1),
        ("Images", "string", 1),
        ("Selector", "string", 1),
    ];
    const STATEFUL_SETS: &[Column] = &[
        NAME,
        ("Ready", "string", 0),
        AGE,
        ("Containers", "string", 1),
        ("Images", "string", 1),
    ];
    const DAEMON_SETS: &[Column] = &[
        NAME,
        ("Desired", "integer", 0),
        ("Current", "integer", 0),
        ("Ready", "integer", 0),
        ("Up-to-date", "integer", 0),
        ("Available", "integer", 0),
        AGE,
    ];
    const JOBS: &[Column] = &[
        NAME,
        ("Status", "string", 0),
        ("Completions", "string", 0),
        ("Duration", "string", 0),
        AGE,
        ("Containers", "string", 1),
        ("Images", "string", 1),
    ];
    const CRON_JOBS: &[Column] = &[
        NAME,
        ("Schedule", "string", 0),
        ("Suspend", "boolean", 0),
        ("Active", "integer", 0),
        ("Last Schedule", "string", 0),
        AGE,
    ];
    const SERVICES: &[Column] = &[
        NAME,
        ("Type", "string", 0),
        ("Cluster-IP", "string", 0),
        ("External-IP", "string", 0),
        ("Port(s)", "string", 0),
        AGE,
        ("Selector", "string", 1),
    ];
    const NODES: &[Column] = &[
        NAME,
        ("Status", "string", 0),
        ("Roles", "string", 0),
        AGE,
        ("Version", "string", 0),
        ("Internal-IP", "string", 1),
        ("OS-Image", "string", 1),
        ("Kernel-Version", "string", 1),
        ("Container-Runtime", "string", 1),
    ];
    const EVENTS: &[Column] = &[
        ("Last Seen", "string", 0),
        ("Type", "string", 0),
        ("Reason", "string", 0),
        ("Object", "string", 0),
        ("Source", "string", 1),
        ("Message", "string", 0),
        ("Count", "integer", 1),
        ("Name", "string", 1),
    ];
    match (resource.group.as_str(), resource.kind.as_str()) {
        ("", "Pod") => PODS,
        ("apps", "Deployment") => DEPLOYMENTS,
        ("apps", "ReplicaSet") | ("", "ReplicationController") => REPLICA_SETS,
        ("apps", "StatefulSet") => STATEFUL_SETS,
        ("apps", "DaemonSet") => DAEMON_SETS,
        ("batch", "Job") => JOBS,
        ("batch", "CronJob") => CRON_JOBS,
        ("", "Service") => SERVICES,
        ("", "Node") => NODES,
        (_, "Event") => EVENTS,
        ("", "Namespace") => &[NAME, ("Status", "string", 0), AGE],
        ("", "ConfigMap") => &[NAME, ("Data", "integer", 0), AGE],
        ("", "Secret") => &[NAME, ("Type", "string", 0), ("Data", "integer", 0), AGE],
        ("", "ServiceAccount") => &[NAME, ("Secrets", "integer", 0), AGE],
        (_, "Lease") => &[NAME, ("Holder", "string", 0), AGE],
        (_, "RoleBinding" | "ClusterRoleBinding") => &[NAME, ("Role", "string", 0), AGE],
        (_, "Role" | "ClusterRole" | "CustomResourceDefinition") => {
            &[NAME, ("Created At", "date", 0)]
        }
        _ => &[NAME, AGE],
    }
}
