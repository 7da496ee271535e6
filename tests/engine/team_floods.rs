//! The flood guard over the configurations of several namespaces.

use crate::floods::hold;
use crate::process::Engine;
use crate::scene::{CONDITION, Scene, on_every_cluster, until};
use crate::self_service::{ON, config, configure, run_pod, sorted, wait_for_keys};
use k8s_openapi::api::core::v1::Pod;
use kube::api::{Api, Patch, PatchParams};
use serde_json::json;

/// Two namespaces with three Pods each that are ready, and a common configuration that knows nothing
/// of them.
async fn two_teams(scene: &Scene) -> [String; 2] {
    let teams = ["team-a", "team-b"].map(|name| scene.other_namespace(name));
    let other = [("template.other", "message: hi".into())];
    configure(scene, &scene.namespace, &other).await;
    for team in &teams {
        for number in 0..3 {
            run_pod(scene, team, &format!("web-{number}")).await;
        }
    }
    teams
}

fn start(scene: &Scene, teams: &[String], limit: u32) -> Engine {
    let teams: Vec<&str> = teams.iter().map(String::as_str).collect();
    let settings = format!("{ON}\nfloodGuard: {limit}");
    scene.engine_set(&settings, &teams, &[])
}

/// Waits until so many are held, as the command line counts them.
async fn held(scene: &Scene, count: u64) {
    let listed = || {
        let (_, text) = hold(scene, &["list", "-o", "json"]);
        let groups: serde_json::Value = serde_json::from_str(&text).unwrap();
        let groups = groups.as_array().unwrap().iter();
        groups
            .map(|group| group["count"].as_u64().unwrap())
            .sum::<u64>()
    };
    until(&format!("{count} held"), || listed() == count).await;
}

/// What all of them would send together counts, and each is sent by its own configuration.
#[test]
fn a_flood_of_several_configurations_is_one_and_each_sends_its_own() {
    on_every_cluster(async |scene| {
        let teams = two_teams(&scene).await;
        let [a, b] = &teams;
        configure(&scene, a, &config(&scene, "a")).await;
        configure(&scene, b, &config(&scene, "b")).await;
        let engine = start(&scene, &teams, 5);
        engine.wait_for_line(&["level=warn", "6 notifications", "are held"], 0);
        held(&scene, 6).await;
        engine.stop();
        assert_eq!(scene.receiver.count(), 0);

        // It survives a restart, whichever configuration is read first.
        let engine = start(&scene, &teams, 5);
        engine.wait_for_line(&["level=warn", "6 notifications", "are held"], 0);
        let (code, text) = hold(&scene, &["release", "--all"]);
        assert_eq!((code, text.as_str()), (Some(0), "6 are being sent\n"));
        let expected = [
            "a web-0", "a web-1", "a web-2", "b web-0", "b web-1", "b web-2",
        ];
        assert_eq!(sorted(scene.wait_for_requests(6).await), expected);
        for team in &teams {
            let key = format!("{team}:on-pod-ready:{CONDITION}:webhook:");
            for number in 0..3 {
                let name = format!("web-{number}");
                wait_for_keys(&scene, team, &name, std::slice::from_ref(&key)).await;
            }
        }
        held(&scene, 0).await;
        engine.stop();
        assert_eq!(scene.receiver.count(), 6);
    });
}

/// A namespace whose configuration comes later is held when it is too much, and no other with it.
#[test]
fn a_configuration_that_would_flood_harms_no_other() {
    on_every_cluster(async |scene| {
        let teams = two_teams(&scene).await;
        let [a, b] = &teams;
        configure(&scene, a, &config(&scene, "a")).await;
        let engine = start(&scene, &teams, 4);
        let expected = ["a web-0", "a web-1", "a web-2"];
        assert_eq!(sorted(scene.wait_for_requests(3).await), expected);
        // Three more within the minute.
        configure(&scene, b, &config(&scene, "b")).await;
        engine.wait_for_line(&["level=warn", "3 notifications", "are held"], 0);
        held(&scene, 3).await;

        // What happens to objects is told at once, in both.
        run_pod(&scene, a, "new").await;
        run_pod(&scene, b, "new").await;
        let expected = ["a new", "a web-0", "a web-1", "a web-2", "b new"];
        assert_eq!(sorted(scene.wait_for_requests(5).await), expected);

        // Not true any more: the next rise is told.
        let pods: Api<Pod> = Api::namespaced(scene.client.clone(), b);
        for (phase, count) in [("Pending", 2), ("Running", 2)] {
            let status = json!({"status": {"phase": phase}});
            let patch = Patch::Merge(&status);
            let params = PatchParams::default();
            pods.patch_status("web-0", &params, &patch).await.unwrap();
            held(&scene, count).await;
        }
        let requests = sorted(scene.wait_for_requests(6).await);
        assert!(requests.contains(&"b web-0".to_owned()), "{requests:?}");

        let (code, text) = hold(&scene, &["baseline", "--all"]);
        assert_eq!((code, text.as_str()), (Some(0), "2 are marked as sent\n"));
        let key = format!("{b}:on-pod-ready:{CONDITION}:webhook:");
        for name in ["web-1", "web-2"] {
            wait_for_keys(&scene, b, name, std::slice::from_ref(&key)).await;
        }
        engine.stop();
        assert_eq!(scene.receiver.count(), 6);
    });
}
