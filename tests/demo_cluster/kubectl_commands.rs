//! A real kubectl, old or new, on the simulated cluster.

use super::empty;
use super::kubectl::Kubectl;
use kubechime::demo::{Matcher, SimCluster};
use serde_json::Value;

const POD: &str = "\
apiVersion: v1
kind: Pod
metadata:
  name: web
  labels: {app: web}
spec:
  containers:
  - name: c
    image: nginx:1
    ports: [{containerPort: 80}]
    resources: {limits: {cpu: 1, memory: 64Mi}}
";

const DEPLOYMENT: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - {name: a, image: \"a:1\"}
      - {name: b, image: \"b:1\"}
";

async fn cluster() -> (SimCluster, Kubectl) {
    let cluster = empty().await;
    let kubectl = Kubectl::new(&cluster.kubeconfig());
    (cluster, kubectl)
}

/// An object as it is stored.
fn stored(cluster: &SimCluster, resource: &str, name: &str) -> Value {
    cluster
        .objects()
        .get(resource, "default", name)
        .expect("there")
}

#[tokio::test(flavor = "multi_thread")]
async fn get_prints_tables_yaml_and_names() {
    let (cluster, kubectl) = cluster().await;
    let names = kubectl.ok(&["get", "namespaces", "-o", "name"]).await;
    assert_eq!(names, "namespace/default\nnamespace/kube-system\n");
    kubectl
        .ok(&["apply", "-f", &kubectl.file("pod.yaml", POD)])
        .await;
    cluster.objects().update("pods", "default", "web", |pod| {
        pod["spec"]["nodeName"] = "node-a".into();
        pod["status"] = serde_json::json!({"phase": "Running", "podIP": "10.1.2.3",
            "containerStatuses": [{"name": "c", "ready": true, "restartCount": 3,
                                   "state": {"running": {}}}]});
    });
    let wide = kubectl.ok(&["get", "pods", "-o", "wide"]).await;
    let columns: Vec<&str> = wide
        .lines()
        .nth(1)
        .expect("a row")
        .split_whitespace()
        .collect();
    assert_eq!(columns[..4], ["web", "1/1", "Running", "3"], "{wide}");
    assert_eq!(columns[5..7], ["10.1.2.3", "node-a"], "{wide}");
    let yaml = kubectl.ok(&["get", "pod", "web", "-o", "yaml"]).await;
    assert!(yaml.starts_with("apiVersion: v1\nkind: Pod\n"), "{yaml}");
    assert!(yaml.contains("image: nginx:1"), "{yaml}");
    let described = kubectl.ok(&["describe", "pod", "web"]).await;
    assert!(
        described.contains("node-a") && described.contains("nginx:1"),
        "{described}"
    );
    let all = kubectl.ok(&["get", "po,cm", "-A"]).await;
    assert!(all.contains("pod/web"), "{all}");
    let selected = kubectl
        .ok(&[
            "get",
            "pods",
            "-l",
            "app=web",
            "--field-selector=status.phase=Running",
            "-o",
            "name",
        ])
        .await;
    assert_eq!(selected, "pod/web\n");
    let missing = kubectl.fails(&["get", "pod", "none"]).await;
    assert_eq!(
        missing,
        "Error from server (NotFound): pods \"none\" not found\n"
    );
    let unknown = kubectl.fails(&["get", "unicorns"]).await;
    assert!(
        unknown.contains("doesn't have a resource type"),
        "{unknown}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn get_watch_prints_changes_as_they_happen() {
    let (_cluster, kubectl) = cluster().await;
    kubectl
        .ok(&["create", "configmap", "first", "--from-literal=a=b"])
        .await;
    let mut following = kubectl.follow(&["get", "configmaps", "-w", "--output-watch-events"]);
    following.line_with(&["ADDED", "first"]).await;
    kubectl
        .ok(&["create", "configmap", "second", "--from-literal=a=b"])
        .await;
    following.line_with(&["ADDED", "second"]).await;
    kubectl.ok(&["label", "configmap", "second", "x=y"]).await;
    following.line_with(&["MODIFIED", "second"]).await;
    kubectl.ok(&["delete", "configmap", "second"]).await;
    following.line_with(&["DELETED", "second"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn apply_creates_changes_and_validates() {
    let (cluster, kubectl) = cluster().await;
    let file = kubectl.file("web.yaml", DEPLOYMENT);
    assert_eq!(
        kubectl.ok(&["apply", "-f", &file]).await,
        "deployment.apps/web created\n"
    );
    assert_eq!(
        kubectl.ok(&["apply", "-f", &file]).await,
        "deployment.apps/web unchanged\n"
    );
    let less = DEPLOYMENT.replace("      - {name: b, image: \"b:1\"}\n", "");
    let file = kubectl.file("web.yaml", &less.replace("replicas: 2", "replicas: 3"));
    assert_eq!(
        kubectl.ok(&["apply", "-f", &file]).await,
        "deployment.apps/web configured\n"
    );
    let spec = &stored(&cluster, "deployments.apps", "web")["spec"];
    assert_eq!(spec["replicas"], 3);
    let containers = spec["template"]["spec"]["containers"]
        .as_array()
        .expect("a list");
    assert_eq!(
        containers.len(),
        1,
        "the container that left the manifest is gone"
    );
    let tried = kubectl
        .ok(&[
            "apply",
            "--dry-run=server",
            "-f",
            &kubectl.file("pod.yaml", POD),
        ])
        .await;
    assert!(
        tried.starts_with("pod/web created (server dry run)"),
        "{tried}"
    );
    assert_eq!(cluster.objects().count("pods"), 0);
    let bad = kubectl.file("bad.yaml", &POD.replace("spec:", "spec:\n  bogus: 1"));
    let refused = kubectl.fails(&["apply", "-f", &bad]).await;
    assert!(refused.contains("bogus"), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn server_side_apply_knows_owners() {
    let (cluster, kubectl) = cluster().await;
    let file = kubectl.file("web.yaml", DEPLOYMENT);
    let apply = ["apply", "--server-side", "-f", &file];
    assert_eq!(
        kubectl.ok(&apply).await,
        "deployment.apps/web serverside-applied\n"
    );
    kubectl
        .ok(&["scale", "deployment", "web", "--replicas=5"])
        .await;
    assert_eq!(
        stored(&cluster, "deployments.apps", "web")["spec"]["replicas"],
        5
    );
    let refused = kubectl.fails(&apply).await;
    assert!(
        refused.contains("conflict with") && refused.contains(".spec.replicas"),
        "{refused}"
    );
    kubectl
        .ok(&["apply", "--server-side", "--force-conflicts", "-f", &file])
        .await;
    assert_eq!(
        stored(&cluster, "deployments.apps", "web")["spec"]["replicas"],
        2
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn annotate_label_patch_and_edit() {
    let (cluster, kubectl) = cluster().await;
    kubectl
        .ok(&["apply", "-f", &kubectl.file("pod.yaml", POD)])
        .await;
    kubectl.ok(&["annotate", "pod", "web", "note=one"]).await;
    kubectl
        .ok(&["annotate", "pod", "web", "note=two", "--overwrite"])
        .await;
    kubectl.ok(&["label", "pod", "web", "tier=front"]).await;
    let merge = r#"{"metadata":{"labels":{"merge":"1"}}}"#;
    kubectl
        .ok(&["patch", "pod", "web", "--type=merge", "-p", merge])
        .await;
    let json = r#"[{"op":"add","path":"/metadata/labels/json","value":"1"}]"#;
    kubectl
        .ok(&["patch", "pod", "web", "--type=json", "-p", json])
        .await;
    let strategic = r#"{"spec":{"containers":[{"name":"c","image":"nginx:2"}]}}"#;
    kubectl.ok(&["patch", "pod", "web", "-p", strategic]).await;
    let edit = [("EDITOR", "sed -i s/nginx:2/nginx:3/")];
    let edited = kubectl.run_with(&["edit", "pod", "web"], &edit).await;
    assert!(edited.ok, "{}", edited.stderr);
    kubectl.ok(&["label", "pod", "web", "tier-"]).await;
    let pod = stored(&cluster, "pods", "web");
    let labels = &pod["metadata"]["labels"];
    assert_eq!(
        *labels,
        serde_json::json!({"app": "web", "merge": "1", "json": "1"})
    );
    assert_eq!(pod["metadata"]["annotations"]["note"], "two");
    assert_eq!(pod["spec"]["containers"][0]["image"], "nginx:3");
    assert_eq!(
        pod["spec"]["containers"][0]["ports"][0]["containerPort"],
        80
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_status_is_patched_where_kubectl_can() {
    let (cluster, kubectl) = cluster().await;
    kubectl
        .ok(&["apply", "-f", &kubectl.file("pod.yaml", POD)])
        .await;
    let status = r#"{"status":{"phase":"Running"},"spec":{"nodeName":"n"}}"#;
    let patch = [
        "patch",
        "pod",
        "web",
        "--subresource=status",
        "--type=merge",
        "-p",
        status,
    ];
    let patched = kubectl.run(&patch).await;
    if !patched.ok {
        // Before 1.24 there is no such flag.
        assert!(
            patched.stderr.contains("unknown flag: --subresource"),
            "{}",
            patched.stderr
        );
        return;
    }
    let pod = stored(&cluster, "pods", "web");
    assert_eq!(pod["status"]["phase"], "Running");
    assert!(pod["spec"]["nodeName"].is_null());
}

#[tokio::test(flavor = "multi_thread")]
async fn create_run_expose_and_delete() {
    let (cluster, kubectl) = cluster().await;
    kubectl.ok(&["create", "namespace", "team"]).await;
    kubectl
        .ok(&[
            "create",
            "secret",
            "generic",
            "s",
            "-n",
            "team",
            "--from-literal=k=v",
        ])
        .await;
    let secret = cluster
        .objects()
        .get("secrets", "team", "s")
        .expect("there");
    assert_eq!(
        (&secret["data"]["k"], &secret["type"]),
        (&"dg==".into(), &"Opaque".into())
    );
    kubectl
        .ok(&[
            "create",
            "deployment",
            "web",
            "--image=nginx:1",
            "-n",
            "team",
        ])
        .await;
    kubectl
        .ok(&["expose", "deployment", "web", "--port=80", "-n", "team"])
        .await;
    kubectl
        .ok(&["run", "one", "--image=nginx:1", "-n", "team"])
        .await;
    kubectl
        .ok(&["create", "job", "j", "--image=nginx:1", "-n", "team"])
        .await;
    let deployment = cluster
        .objects()
        .get("deployments.apps", "team", "web")
        .expect("there");
    assert_eq!(
        deployment["spec"]["template"]["spec"]["containers"][0]["image"],
        "nginx:1"
    );
    let deleted = kubectl.ok(&["delete", "pod", "one", "-n", "team"]).await;
    assert!(deleted.contains("\"one\" deleted"), "{deleted}");
    kubectl
        .ok(&["delete", "deployments", "--all", "-n", "team"])
        .await;
    assert_eq!(cluster.objects().list("deployments.apps", "team").len(), 0);
    kubectl.ok(&["delete", "namespace", "team"]).await;
    assert_eq!(cluster.objects().list("secrets", "team").len(), 0);
    let refused = kubectl
        .fails(&["create", "configmap", "m", "-n", "team"])
        .await;
    assert!(
        refused.contains("namespaces \"team\" not found"),
        "{refused}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_pod_takes_its_time_to_go() {
    let (cluster, kubectl) = cluster().await;
    kubectl
        .ok(&["apply", "-f", &kubectl.file("pod.yaml", POD)])
        .await;
    cluster.objects().update("pods", "default", "web", |pod| {
        pod["spec"]["nodeName"] = "n".into()
    });
    let mut following = kubectl.follow(&["get", "pods", "-w", "--output-watch-events"]);
    following.line_with(&["ADDED", "web"]).await;
    kubectl.ok(&["delete", "pod", "web"]).await;
    following.line_with(&["MODIFIED", "Terminating"]).await;
    following.line_with(&["DELETED", "web"]).await;
    assert_eq!(cluster.objects().count("pods"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn can_i_answers_by_the_denials() {
    let (cluster, kubectl) = cluster().await;
    assert_eq!(
        kubectl.ok(&["auth", "can-i", "patch", "pods"]).await,
        "yes\n"
    );
    cluster.faults().deny(
        Matcher::all()
            .verb("patch")
            .resource("pods")
            .namespace("default"),
    );
    let ran = kubectl.run(&["auth", "can-i", "patch", "pods"]).await;
    assert_eq!((ran.ok, ran.stdout.lines().next()), (false, Some("no")));
    assert_eq!(
        kubectl
            .ok(&["auth", "can-i", "patch", "pods", "-n", "kube-system"])
            .await,
        "yes\n"
    );
    assert_eq!(kubectl.ok(&["auth", "can-i", "get", "pods"]).await, "yes\n");
    let listed = kubectl.ok(&["auth", "can-i", "--list"]).await;
    assert!(listed.contains("configmaps"), "{listed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn custom_kinds_are_applied_and_printed() {
    let (_cluster, kubectl) = cluster().await;
    let definition = "\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: rollouts.argoproj.io}
spec:
  group: argoproj.io
  scope: Namespaced
  names: {kind: Rollout, plural: rollouts, shortNames: [ro]}
  versions:
  - name: v1alpha1
    served: true
    storage: true
    subresources: {status: {}}
    additionalPrinterColumns:
    - {name: Replicas, type: integer, jsonPath: .spec.replicas}
    schema:
      openAPIV3Schema:
        type: object
        properties:
          spec: {type: object, properties: {replicas: {type: integer}}}
          status: {type: object, x-kubernetes-preserve-unknown-fields: true}
";
    kubectl
        .ok(&["apply", "-f", &kubectl.file("crd.yaml", definition)])
        .await;
    kubectl
        .ok(&[
            "wait",
            "--for=condition=Established",
            "crd/rollouts.argoproj.io",
        ])
        .await;
    let rollout = "apiVersion: argoproj.io/v1alpha1\nkind: Rollout\nmetadata: {name: r}\nspec: {replicas: 4}\n";
    kubectl
        .ok(&["apply", "-f", &kubectl.file("rollout.yaml", rollout)])
        .await;
    let table = kubectl.ok(&["get", "ro"]).await;
    let lines: Vec<Vec<&str>> = table
        .lines()
        .map(|l| l.split_whitespace().collect())
        .collect();
    assert_eq!(lines, [["NAME", "REPLICAS"], ["r", "4"]]);
}

#[tokio::test(flavor = "multi_thread")]
async fn explain_and_api_resources_know_the_kinds() {
    let (_cluster, kubectl) = cluster().await;
    let explained = kubectl
        .ok(&["explain", "deployment.spec.template.spec.containers"])
        .await;
    for field in ["livenessProbe", "volumeMounts", "image"] {
        assert!(explained.contains(field), "{explained}");
    }
    let kinds = kubectl.ok(&["api-resources"]).await;
    for kind in ["deployments", "leases", "customresourcedefinitions"] {
        assert!(kinds.contains(kind), "{kinds}");
    }
    let versions = kubectl.ok(&["api-versions"]).await;
    assert!(versions.contains("coordination.k8s.io/v1"), "{versions}");
}
