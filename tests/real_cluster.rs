//! The promises of the real-cluster fixture, which the other black-box tests build on. Without a real
//! API server (see `support/apiserver.rs`) there is nothing to test here.

mod support;

use serde_json::json;
use support::apiserver::{RealCluster, Rule};

#[test]
fn a_restricted_user_may_do_what_its_rules_say_and_no_more() {
    let Some(cluster) = RealCluster::shared() else {
        return;
    };
    let namespace = cluster.namespace("rules");
    let elsewhere = cluster.namespace("rules");
    let kubeconfig = cluster.restricted_kubeconfig(
        &namespace,
        &[
            Rule {
                namespace: None,
                groups: &[""],
                resources: &["pods"],
                verbs: &["list"],
            },
            Rule {
                namespace: Some(&namespace),
                groups: &[""],
                resources: &["configmaps"],
                verbs: &["get"],
            },
        ],
    );
    let may = |verb: &str, resource: &str, namespace: &str| {
        let answer = cluster.kubectl_as(
            &kubeconfig,
            ["auth", "can-i", verb, resource, "-n", namespace],
        );
        match answer.stdout.trim_ascii() {
            b"yes" => true,
            b"no" => false,
            _ => panic!("neither yes nor no: {answer:?}"),
        }
    };
    assert!(may("list", "pods", &namespace));
    assert!(may("list", "pods", &elsewhere));
    assert!(may("get", "configmaps", &namespace));
    assert!(!may("get", "configmaps", &elsewhere));
    assert!(!may("patch", "pods", &namespace));
    assert!(!may("get", "secrets", &namespace));
}

#[test]
fn the_data_and_the_address_survive_a_restart_of_the_api_server() {
    let Some(cluster) = RealCluster::start().filter(RealCluster::is_owned) else {
        return;
    };
    let namespace = cluster.namespace("restart");
    cluster.apply(&json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": { "name": "stays", "namespace": namespace },
        "spec": { "containers": [{ "name": "main", "image": "none" }] },
    }));
    let get = ["get", "pod", "stays", "-n", &namespace, "-o", "name"];

    cluster.stop_api_server();
    let while_down = cluster.kubectl_as(cluster.kubeconfig(), get);
    assert!(!while_down.status.success(), "{while_down:?}");

    cluster.start_api_server();
    assert_eq!(cluster.kubectl(get, "").trim(), "pod/stays");
}
