//! Rights that are taken away while the engine runs, and given back.

use super::{configure, each_once, ready, ready_and_told, told};
use crate::process::Engine;
use crate::proxy::Proxy;
use crate::scene::{ADMIN_TOKEN, Scene, on_every_cluster};
use kubechime::demo::{Matcher, RuleId};
use serde_json::json;
use std::path::PathBuf;

/// A part of what the engine may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Right {
    WatchPods,
    PatchPods,
    ConfigMaps,
    Secrets,
    Leases,
}

impl Right {
    const ALL: [Self; 5] = [
        Self::WatchPods,
        Self::PatchPods,
        Self::ConfigMaps,
        Self::Secrets,
        Self::Leases,
    ];

    fn rule(self) -> (&'static str, &'static str, &'static [&'static str]) {
        const READ: &[&str] = &["get", "list", "watch"];
        match self {
            Self::WatchPods => ("", "pods", READ),
            Self::PatchPods => ("", "pods", &["patch"]),
            Self::ConfigMaps => ("", "configmaps", READ),
            Self::Secrets => ("", "secrets", READ),
            Self::Leases => (
                "coordination.k8s.io",
                "leases",
                &["get", "create", "update", "patch"],
            ),
        }
    }

    fn name(self) -> String {
        format!("engine-{self:?}").to_lowercase()
    }
}

/// A service account of the engine's own, with a token in a file.
pub struct Account {
    pub kubeconfig: PathBuf,
    token_file: PathBuf,
    user: String,
}

impl Account {
    /// One that may do everything that the engine needs.
    pub fn new(scene: &Scene) -> Self {
        let token_file = scene.state().join("token");
        let (text, user, token) = match (scene.simulation(), scene.real_cluster()) {
            (Some(cluster), _) => {
                cluster.set_tokens([("first-token", "engine"), (ADMIN_TOKEN, "kubernetes-admin")]);
                let text = std::fs::read_to_string(&scene.kubeconfig).unwrap();
                (text, "engine".to_owned(), "first-token".to_owned())
            }
            (None, Some(cluster)) => {
                let path = cluster.restricted_kubeconfig(&scene.namespace, &[]);
                let user = path.file_stem().unwrap().to_string_lossy().into_owned();
                let text = std::fs::read_to_string(path).unwrap();
                let parsed: serde_json::Value = serde_json::from_str(&text).unwrap();
                let token = parsed["users"][0]["user"]["token"].as_str().unwrap();
                (text.clone(), user, token.to_owned())
            }
            (None, None) => unreachable!("a scene is on one of the two"),
        };
        let mut config = kube::config::Kubeconfig::from_yaml(&text).unwrap();
        for info in &mut config.auth_infos {
            info.auth_info = Some(kube::config::AuthInfo {
                token_file: Some(token_file.to_string_lossy().into_owned()),
                ..kube::config::AuthInfo::default()
            });
        }
        let kubeconfig = scene.state().join("account.kubeconfig");
        std::fs::write(&kubeconfig, serde_json::to_string(&config).unwrap()).unwrap();
        let account = Self {
            kubeconfig,
            token_file,
            user,
        };
        account.write_token(&token);
        if scene.real_cluster().is_some() {
            for right in Right::ALL {
                account.define(scene, right);
                account.bind(scene, right);
            }
        }
        account
    }

    /// Puts a token into the file.
    pub fn write_token(&self, token: &str) {
        std::fs::write(&self.token_file, token).unwrap();
    }

    /// From now on the token is not accepted any more; gives one that is.
    pub fn reject_token(&self, scene: &Scene) -> String {
        if let Some(cluster) = scene.simulation() {
            cluster.set_tokens([
                ("second-token", "engine"),
                (ADMIN_TOKEN, "kubernetes-admin"),
            ]);
            return "second-token".to_owned();
        }
        let cluster = scene.real_cluster().unwrap();
        let namespace = scene.namespace.as_str();
        cluster.kubectl(
            ["-n", namespace, "delete", "serviceaccount", &self.user],
            "",
        );
        cluster.apply(&json!({
            "apiVersion": "v1",
            "kind": "ServiceAccount",
            "metadata": {"name": self.user, "namespace": namespace},
        }));
        cluster.token(namespace, &self.user)
    }

    fn define(&self, scene: &Scene, right: Right) {
        let (group, resource, verbs) = right.rule();
        scene.real_cluster().unwrap().apply(&json!({
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "Role",
            "metadata": {"name": right.name(), "namespace": scene.namespace},
            "rules": [{"apiGroups": [group], "resources": [resource], "verbs": verbs}],
        }));
    }

    fn bind(&self, scene: &Scene, right: Right) {
        scene.real_cluster().unwrap().apply(&json!({
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "RoleBinding",
            "metadata": {"name": right.name(), "namespace": scene.namespace},
            "roleRef": {
                "apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": right.name(),
            },
            "subjects": [{
                "kind": "ServiceAccount", "name": self.user, "namespace": scene.namespace,
            }],
        }));
    }

    /// Takes a right away.
    pub fn revoke(&self, scene: &Scene, right: Right) -> Vec<RuleId> {
        let (group, resource, verbs) = right.rule();
        let Some(cluster) = scene.simulation() else {
            scene.real_cluster().unwrap().kubectl(
                [
                    "-n",
                    &scene.namespace,
                    "delete",
                    "rolebinding",
                    &right.name(),
                ],
                "",
            );
            return Vec::new();
        };
        let resource = match group {
            "" => resource.to_owned(),
            group => format!("{resource}.{group}"),
        };
        let denied = verbs.iter().map(|verb| {
            let matcher = Matcher::all().user("engine").verb(verb).resource(&resource);
            cluster.faults().deny(matcher)
        });
        denied.collect()
    }

    /// Gives a right back.
    pub fn give_back(&self, scene: &Scene, right: Right, rules: Vec<RuleId>) {
        match scene.simulation() {
            Some(cluster) => rules
                .into_iter()
                .for_each(|rule| cluster.faults().clear(rule)),
            None => self.bind(scene, right),
        }
    }
}

/// An engine with an account of its own that has told about web-1.
async fn at_work(scene: &Scene) -> (Account, Engine) {
    configure(scene).await;
    let account = Account::new(scene);
    let engine = scene.engine_as(&account.kubeconfig, &[]);
    ready_and_told(scene, "web-1").await;
    (account, engine)
}

/// The same by way of a proxy.
pub async fn at_work_through_proxy(scene: &Scene) -> (Account, Proxy, Engine) {
    configure(scene).await;
    let account = Account::new(scene);
    let (kubeconfig, proxy) = Proxy::before(&account.kubeconfig, scene.state()).await;
    let engine = scene.engine_as(&kubeconfig, &[]);
    ready_and_told(scene, "web-1").await;
    (account, proxy, engine)
}

/// The right to watch: the missing rule is named, what is in force stays, and nothing is lost.
#[test]
fn the_right_to_watch_is_taken_away() {
    on_every_cluster(async |scene| {
        let (account, proxy, engine) = at_work_through_proxy(&scene).await;
        let rules = account.revoke(&scene, Right::WatchPods);
        // An established watch goes on until it is opened anew.
        proxy.disconnect();
        let failed = engine.wait_for_line(
            &["level=error", "could not watch pods", "403", "needs verb"],
            0,
        );
        ready(&scene, "web-2").await;
        account.give_back(&scene, Right::WatchPods, rules);
        engine.wait_for_line(&["level=info", "watching pods works again"], failed);
        told(&scene, "web-2").await;
        each_once(&scene, engine, &["web-1", "web-2"]).await;
    });
}

/// The right to write the notified state: it is sent once, said once, remembered across restarts, and
/// written when the right is back.
#[test]
fn the_right_to_patch_is_taken_away() {
    on_every_cluster(async |scene| {
        let (account, engine) = at_work(&scene).await;
        let rules = account.revoke(&scene, Right::PatchPods);
        ready(&scene, "web-2").await;
        engine.wait_for_line(&["level=error", "the notified state can't be written"], 0);
        engine.stop();
        account.give_back(&scene, Right::PatchPods, rules);
        let engine = scene.engine_as(&account.kubeconfig, &[]);
        told(&scene, "web-2").await;
        each_once(&scene, engine, &["web-1", "web-2"]).await;
    });
}

/// The right to use the Lease: it goes on without, and says so.
#[test]
fn the_right_to_use_leases_is_taken_away() {
    on_every_cluster(async |scene| {
        let (account, engine) = at_work(&scene).await;
        let rules = account.revoke(&scene, Right::Leases);
        engine.wait_for_line(
            &[
                "level=warn",
                "the Lease can't be used",
                "going on without it",
            ],
            0,
        );
        ready_and_told(&scene, "web-2").await;
        account.give_back(&scene, Right::Leases, rules);
        ready_and_told(&scene, "web-3").await;
        each_once(&scene, engine, &["web-1", "web-2", "web-3"]).await;
    });
}

/// The right to read ConfigMaps and Secrets: what is in force stays in force.
#[test]
fn the_right_to_read_the_configuration_is_taken_away() {
    on_every_cluster(async |scene| {
        let (account, proxy, engine) = at_work_through_proxy(&scene).await;
        let maps = account.revoke(&scene, Right::ConfigMaps);
        let secrets = account.revoke(&scene, Right::Secrets);
        proxy.disconnect();
        for what in ["ConfigMap", "Secret"] {
            engine.wait_for_line(&["level=error", what, "can't be read", "403"], 0);
        }
        ready_and_told(&scene, "web-2").await;
        account.give_back(&scene, Right::ConfigMaps, maps);
        account.give_back(&scene, Right::Secrets, secrets);
        for what in ["ConfigMap", "Secret"] {
            engine.wait_for_line(&["level=info", what, "can be read again"], 0);
        }
        each_once(&scene, engine, &["web-1", "web-2"]).await;
    });
}
