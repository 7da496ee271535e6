//! Deployments get ReplicaSets and Pods, Jobs get Pods, and both get a status that counts them.

use super::Play;
use super::pods::{self, Behaviour};
use super::world::create;
use crate::demo::object::{meta, name_suffix, now};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The field manager of everything that is made here.
const MANAGER: &str = "kube-controller-manager";

/// A new Job about every so many milliseconds.
const JOBS: (u64, u64) = (4_000, 9_000);

/// Finished Jobs are removed after this time in milliseconds.
const KEEP_JOBS: u64 = 45_000;

/// What the controllers remember from one look to the next.
#[derive(Default)]
pub(super) struct Controllers {
    /// Pods on their way out, and when they are gone.
    pub leaving: Vec<(u64, (String, String))>,
    next_job: u64,
    jobs_made: u64,
    /// Finished Jobs and when they go away.
    finished: BTreeMap<(String, String), u64>,
}

/// The Pods of one owner.
#[derive(Default)]
struct Owned {
    names: Vec<String>,
    running: u64,
    ready: u64,
    succeeded: u64,
    failed: u64,
}

impl Play {
    /// One round of all controllers.
    pub(super) fn control(&mut self) {
        self.let_go();
        let mut owned = self.count_pods();
        for deployment in self.deployments.all() {
            self.keep_deployment(&deployment, &mut owned);
        }
        self.start_jobs();
        for job in self.jobs.all() {
            self.keep_job(&job, &owned);
        }
    }

    /// Whether time alone asks for a round.
    pub(super) fn is_control_due(&self) -> bool {
        let leaving = self
            .controllers
            .leaving
            .iter()
            .any(|&(at, _)| at <= self.now);
        let finished = self.controllers.finished.values().any(|&at| at <= self.now);
        leaving || finished || self.controllers.next_job <= self.now
    }

    /// Removes the Pods whose time to leave is over.
    fn let_go(&mut self) {
        let now = self.now;
        let (gone, leaving) = self
            .controllers
            .leaving
            .drain(..)
            .partition(|&(at, _)| at <= now);
        self.controllers.leaving = leaving;
        let gone: Vec<(u64, (String, String))> = gone;
        for (_, (namespace, name)) in gone {
            self.objects.delete("pods", &namespace, &name);
        }
    }

    fn count_pods(&self) -> BTreeMap<String, Owned> {
        let mut owned: BTreeMap<String, Owned> = BTreeMap::new();
        for pod in self.pods.all() {
            let owner = pod["metadata"]["ownerReferences"][0]["uid"]
                .as_str()
                .unwrap_or_default();
            if owner.is_empty() || !pod["metadata"]["deletionTimestamp"].is_null() {
                continue;
            }
            let entry = owned.entry(owner.to_owned()).or_default();
            entry.names.push(meta(&pod, "name").to_owned());
            let conditions = pod["status"]["conditions"].as_array();
            let ready = conditions.is_some_and(|list| {
                list.iter()
                    .any(|c| c["type"] == "Ready" && c["status"] == "True")
            });
            entry.ready = entry.ready.saturating_add(u64::from(ready));
            match pod["status"]["phase"].as_str() {
                Some("Running") => entry.running = entry.running.saturating_add(1),
                Some("Succeeded") => entry.succeeded = entry.succeeded.saturating_add(1),
                Some("Failed") => entry.failed = entry.failed.saturating_add(1),
                _ => {}
            }
        }
        owned
    }

    fn keep_deployment(&mut self, deployment: &Value, owned: &mut BTreeMap<String, Owned>) {
        let (namespace, name) = (meta(deployment, "namespace"), meta(deployment, "name"));
        let template = &deployment["spec"]["template"];
        let hash = template_hash(template);
        let wanted = deployment["spec"]["replicas"]
            .as_u64()
            .unwrap_or(1)
            .min(200);
        let current = format!("{name}-{hash}");
        let Some(set) = self.sets.get(&format!("{namespace}/{current}")) else {
            let made = replica_set(deployment, &current, &hash);
            // The next round sees it and makes its Pods.
            return create(&self.objects, MANAGER, "replicasets.apps", made);
        };
        let (mut total, mut ready) = (0_u64, 0_u64);
        for set in self.sets.all() {
            if set["metadata"]["ownerReferences"][0]["uid"] != deployment["metadata"]["uid"] {
                continue;
            }
            let pods = owned.remove(meta(&set, "uid")).unwrap_or_default();
            let goal = if meta(&set, "name") == current {
                wanted
            } else {
                0
            };
            self.scale(&set, template, &pods, goal);
            total = total.saturating_add(pods.names.len() as u64);
            ready = ready.saturating_add(pods.ready);
            self.count_set(&set, &pods, goal);
        }
        let updated = owned_count(&set, wanted);
        let status = json!({
            "replicas": total, "updatedReplicas": updated, "readyReplicas": ready,
            "availableReplicas": ready, "unavailableReplicas": wanted.saturating_sub(ready),
            "observedGeneration": deployment["metadata"]["generation"],
        });
        let old = &deployment["status"];
        let same = status
            .as_object()
            .is_some_and(|map| map.iter().all(|(k, v)| old[k] == *v));
        if same {
            return;
        }
        let available = ready >= wanted;
        self.controller_write("deployments.apps", namespace, name, |object| {
            let mut next = status.clone();
            next["conditions"] = json!([
                {
                    "type": "Available", "status": if available { "True" } else { "False" },
                    "reason": if available { "MinimumReplicasAvailable" } else { "MinimumReplicasUnavailable" },
                    "message": "", "lastUpdateTime": now(), "lastTransitionTime": now(),
                },
                {
                    "type": "Progressing", "status": "True", "reason": "NewReplicaSetAvailable",
                    "message": "", "lastUpdateTime": now(), "lastTransitionTime": now(),
                },
            ]);
            object["status"] = next;
        });
    }

    /// Adds or removes Pods until the ReplicaSet has as many as it should.
    fn scale(&mut self, set: &Value, template: &Value, pods: &Owned, goal: u64) {
        let there = pods.names.len() as u64;
        let namespace = meta(set, "namespace").to_owned();
        for _ in there..goal {
            let name = format!("{}-{}", meta(set, "name"), name_suffix(self.dice.roll()));
            let hash = meta(set, "name")
                .rsplit('-')
                .next()
                .unwrap_or_default()
                .to_owned();
            let extra = [("pod-template-hash", hash.as_str())];
            let pod = pods::from_template(template, &name, set, &extra);
            create(&self.objects, MANAGER, "pods", pod);
        }
        let surplus = usize::try_from(there.saturating_sub(goal)).unwrap_or_default();
        for name in pods.names.iter().take(surplus) {
            self.retire(&namespace, name);
        }
    }

    fn retire(&mut self, namespace: &str, name: &str) {
        self.controller_write("pods", namespace, name, |object| {
            object["metadata"]["deletionTimestamp"] = now().into();
            object["metadata"]["deletionGracePeriodSeconds"] = 30.into();
        });
        let pod = (namespace.to_owned(), name.to_owned());
        self.controllers
            .leaving
            .push((self.now.saturating_add(900), pod));
    }

    fn count_set(&self, set: &Value, pods: &Owned, goal: u64) {
        let status = json!({
            "replicas": pods.names.len(), "fullyLabeledReplicas": pods.names.len(),
            "readyReplicas": pods.ready, "availableReplicas": pods.ready,
            "observedGeneration": set["metadata"]["generation"],
        });
        if set["status"] == status && set["spec"]["replicas"] == goal {
            return;
        }
        self.controller_write(
            "replicasets.apps",
            meta(set, "namespace"),
            meta(set, "name"),
            |object| {
                object["status"] = status.clone();
                object["spec"]["replicas"] = goal.into();
            },
        );
    }

    fn controller_write(
        &self,
        resource: &str,
        namespace: &str,
        name: &str,
        edit: impl FnMut(&mut Value),
    ) {
        let manager = Some((MANAGER, "status"));
        // What was deleted in between needs no status any more.
        let _ = self
            .objects
            .update_as(manager, resource, namespace, name, edit);
    }

    fn start_jobs(&mut self) {
        if self.now < self.controllers.next_job {
            return;
        }
        self.controllers.next_job = self.now.saturating_add(self.dice.between(JOBS.0, JOBS.1));
        let running = self.objects.count("jobs.batch");
        if running >= 8 {
            return;
        }
        const NAMES: [&str; 3] = ["report", "backfill", "cleanup"];
        let first = self.controllers.jobs_made == 0;
        for _ in 0..if first { 3 } else { 1 } {
            self.controllers.jobs_made = self.controllers.jobs_made.saturating_add(1);
            let made = self.controllers.jobs_made;
            let name = NAMES[usize::try_from(made % 3).unwrap_or_default()];
            let behaviour = if self.dice.one_in(4) {
                Behaviour::Fail
            } else {
                Behaviour::Complete
            };
            create(
                &self.objects,
                MANAGER,
                "jobs.batch",
                pods::job(name, 29_400_000 + made, behaviour),
            );
        }
    }

    fn keep_job(&mut self, job: &Value, owned: &BTreeMap<String, Owned>) {
        let (namespace, name) = (
            meta(job, "namespace").to_owned(),
            meta(job, "name").to_owned(),
        );
        let key = (namespace.clone(), name.clone());
        if let Some(&at) = self.controllers.finished.get(&key) {
            if at <= self.now {
                self.remove_job(&namespace, &name, owned.get(meta(job, "uid")));
                self.controllers.finished.remove(&key);
            }
            return;
        }
        let Some(pods) = owned.get(meta(job, "uid")) else {
            if job["status"]["startTime"].is_null() {
                let pod_name = format!("{name}-{}", name_suffix(self.dice.roll()));
                let extra = [
                    ("job-name", name.as_str()),
                    ("batch.kubernetes.io/job-name", name.as_str()),
                ];
                let pod = pods::from_template(&job["spec"]["template"], &pod_name, job, &extra);
                create(&self.objects, MANAGER, "pods", pod);
                self.controller_write("jobs.batch", &namespace, &name, |object| {
                    object["status"]["startTime"] = now().into();
                    object["status"]["active"] = 1.into();
                });
            }
            return;
        };
        let (kind, done) = match (pods.succeeded, pods.failed) {
            (0, 0) => return,
            (0, _) => ("Failed", false),
            _ => ("Complete", true),
        };
        self.controller_write("jobs.batch", &namespace, &name, |object| {
            let status = &mut object["status"];
            if let Some(status) = status.as_object_mut() {
                status.remove("active");
            }
            status[if done { "succeeded" } else { "failed" }] = 1.into();
            if done {
                status["completionTime"] = now().into();
            }
            status["conditions"] = json!([{
                "type": kind, "status": "True", "lastProbeTime": now(), "lastTransitionTime": now(),
                "reason": if done { "CompletionsReached" } else { "BackoffLimitExceeded" },
                "message": if done { "" } else { "Job has reached the specified backoff limit" },
            }]);
        });
        self.controllers
            .finished
            .insert(key, self.now.saturating_add(KEEP_JOBS));
    }

    fn remove_job(&self, namespace: &str, name: &str, pods: Option<&Owned>) {
        for pod in pods.into_iter().flat_map(|pods| &pods.names) {
            self.objects.delete("pods", namespace, pod);
        }
        self.objects.delete("jobs.batch", namespace, name);
    }
}

fn owned_count(set: &Value, wanted: u64) -> u64 {
    set["status"]["replicas"]
        .as_u64()
        .unwrap_or_default()
        .min(wanted)
}

/// Ten letters that change with the template, as ReplicaSets carry them in their names.
fn template_hash(template: &Value) -> String {
    let text = template.to_string();
    let sum = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |sum, byte| {
        (sum ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
    });
    format!("{}{}", name_suffix(sum), name_suffix(sum.rotate_left(29)))
}

fn replica_set(deployment: &Value, name: &str, hash: &str) -> Value {
    let mut template = deployment["spec"]["template"].clone();
    template["metadata"]["labels"]["pod-template-hash"] = hash.into();
    let labels = template["metadata"]["labels"].clone();
    let mut selector = deployment["spec"]["selector"].clone();
    selector["matchLabels"]["pod-template-hash"] = hash.into();
    json!({
        "apiVersion": "apps/v1", "kind": "ReplicaSet",
        "metadata": {
            "name": name, "namespace": deployment["metadata"]["namespace"], "labels": labels,
            "ownerReferences": [{
                "apiVersion": "apps/v1", "kind": "Deployment",
                "name": deployment["metadata"]["name"], "uid": deployment["metadata"]["uid"],
                "controller": true, "blockOwnerDeletion": true,
            }],
        },
        "spec": {
            "replicas": deployment["spec"]["replicas"], "selector": selector, "template": template,
        },
        "status": {"replicas": 0},
    })
}
