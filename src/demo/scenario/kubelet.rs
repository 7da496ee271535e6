//! The lives of Pods: scheduled, started, ready, and whatever their behaviour brings.

use super::Play;
use super::mirror::News;
use super::phases;
use super::pods::Behaviour;
use super::world::NODES;
use crate::demo::object::{meta, meta_mut, now};
use crate::demo::store::Key;
use serde_json::{Value, json};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, VecDeque};

/// What comes next in a Pod's life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    Schedule,
    Start,
    Run,
    Ready,
    Crash,
    BackOff,
    Restart,
    OutOfMemory,
    Unready,
    PullFails,
    PullBacksOff,
    Succeed,
    Fail,
    Retire,
}

/// A Pod that is led through its life.
struct Life {
    behaviour: Behaviour,
    uid: String,
    /// How often it crashed in this round; it recovers after some.
    crashes: u64,
}

/// Namespace and name of a Pod.
type PodName = (String, String);

/// Time, order of planning, Pod, step: the earliest goes first.
type Planned = Reverse<(u64, u64, PodName, Step)>;

/// The lives of all Pods, and what comes next in them.
#[derive(Default)]
pub(super) struct Kubelet {
    lives: BTreeMap<PodName, Life>,
    plan: BinaryHeap<Planned>,
    planned: u64,
    /// Names of the newest Events; the oldest are deleted.
    events: VecDeque<PodName>,
}

/// So many Events are kept.
const EVENTS: usize = 300;

impl Play {
    fn plan(&mut self, pod: &PodName, delay: (u64, u64), step: Step) {
        let at = self.now.saturating_add(self.dice.between(delay.0, delay.1));
        self.kubelet.planned = self.kubelet.planned.saturating_add(1);
        self.kubelet
            .plan
            .push(Reverse((at, self.kubelet.planned, pod.clone(), step)));
    }

    /// Takes in Pods that are new, whoever made them, and forgets those that are gone.
    pub(super) fn adopt(&mut self, news: News) {
        let named = |key: &Key| {
            let (namespace, name) = key.split_once('/')?;
            Some((namespace.to_owned(), name.to_owned()))
        };
        for pod in news.went.iter().filter_map(named) {
            self.kubelet.lives.remove(&pod);
        }
        for key in &news.came {
            let (Some(pod), Some(object)) = (named(key), self.pods.get(key)) else {
                continue;
            };
            let life = Life {
                behaviour: Behaviour::of(&object),
                uid: meta(&object, "uid").to_owned(),
                crashes: 0,
            };
            self.kubelet.lives.insert(pod.clone(), life);
            if object["status"]["phase"] == "Pending" {
                self.plan(&pod, (150, 900), Step::Schedule);
            }
        }
    }

    /// At the start, most Pods run already: only some are still on their way.
    pub(super) fn settle(&mut self) {
        self.kubelet.plan.clear();
        let lives = self
            .kubelet
            .lives
            .iter()
            .map(|(pod, life)| (pod.clone(), life.behaviour));
        let lives: Vec<(PodName, Behaviour)> = lives.collect();
        for (index, (pod, behaviour)) in lives.iter().enumerate() {
            if index % 4 == 3 || matches!(behaviour, Behaviour::Complete | Behaviour::Fail) {
                self.plan(pod, (100, 2500), Step::Schedule);
                continue;
            }
            let (node, address) = (self.node(), self.address());
            let pulled = *behaviour != Behaviour::ImagePull;
            self.write(pod, "kubelet", |object| {
                phases::schedule(object, node);
                phases::start(object, &address);
                if pulled {
                    phases::run(object);
                    phases::ready(object);
                }
            });
            if pulled {
                self.plan_after_ready(pod, *behaviour);
            } else {
                self.plan(pod, (800, 1500), Step::PullFails);
            }
        }
    }

    fn node(&mut self) -> &'static str {
        NODES[usize::try_from(self.dice.roll() % 3).unwrap_or_default()]
    }

    fn address(&mut self) -> String {
        format!(
            "10.244.{}.{}",
            self.dice.between(0, 3),
            self.dice.between(2, 250)
        )
    }

    /// What a Pod that has become ready will do next.
    fn plan_after_ready(&mut self, pod: &PodName, behaviour: Behaviour) {
        match behaviour {
            Behaviour::Calm | Behaviour::ImagePull => {}
            Behaviour::Steady => self.plan(pod, (30_000, 240_000), Step::Retire),
            Behaviour::CrashLoop => self.plan(pod, (1_000, 20_000), Step::Crash),
            Behaviour::OutOfMemory => self.plan(pod, (3_000, 45_000), Step::OutOfMemory),
            Behaviour::Flaky => self.plan(pod, (2_000, 25_000), Step::Unready),
            Behaviour::Complete => self.plan(pod, (2_000, 8_000), Step::Succeed),
            Behaviour::Fail => self.plan(pod, (2_000, 8_000), Step::Fail),
        }
    }

    /// Takes every step that is due.
    pub(super) fn live(&mut self) {
        while let Some(Reverse((at, _, pod, step))) = self.kubelet.plan.peek().cloned() {
            if at > self.now {
                return;
            }
            self.kubelet.plan.pop();
            self.take(&pod, step);
        }
    }

    fn take(&mut self, pod: &PodName, step: Step) {
        let Some(life) = self.kubelet.lives.get(pod) else {
            return;
        };
        let (behaviour, uid) = (life.behaviour, life.uid.clone());
        let Some(object) = self.objects.get("pods", &pod.0, &pod.1) else {
            return;
        };
        if meta(&object, "uid") != uid || !object["metadata"]["deletionTimestamp"].is_null() {
            return;
        }
        match step {
            Step::Schedule => {
                let node = self.node();
                self.write(pod, "kube-scheduler", |object| {
                    phases::schedule(object, node)
                });
                self.tell(
                    &object,
                    "Normal",
                    "Scheduled",
                    &format!("assigned to {node}"),
                );
                self.plan(pod, (150, 700), Step::Start);
            }
            Step::Start => {
                let address = self.address();
                self.write(pod, "kubelet", |object| phases::start(object, &address));
                if behaviour == Behaviour::ImagePull {
                    self.plan(pod, (800, 1500), Step::PullFails);
                } else {
                    self.tell(
                        &object,
                        "Normal",
                        "Pulled",
                        "Container image already present",
                    );
                    self.plan(pod, (400, 1500), Step::Run);
                }
            }
            Step::Run => {
                self.write(pod, "kubelet", phases::run);
                self.tell(&object, "Normal", "Started", "Started container");
                self.plan(pod, (400, 2000), Step::Ready);
            }
            Step::Ready => {
                self.write(pod, "kubelet", phases::ready);
                self.plan_after_ready(pod, behaviour);
            }
            Step::Crash => {
                self.write(pod, "kubelet", |object| phases::end(object, "Error", 1));
                if let Some(life) = self.kubelet.lives.get_mut(pod) {
                    life.crashes = life.crashes.saturating_add(1);
                }
                self.plan(pod, (300, 900), Step::BackOff);
            }
            Step::BackOff => {
                self.write(pod, "kubelet", phases::back_off);
                self.tell(
                    &object,
                    "Warning",
                    "BackOff",
                    "Back-off restarting failed container",
                );
                let crashes = self
                    .kubelet
                    .lives
                    .get(pod)
                    .map_or(1, |life| life.crashes.min(5));
                self.plan(pod, (2_000 * crashes, 4_000 * crashes), Step::Restart);
            }
            Step::Restart => {
                self.write(pod, "kubelet", phases::restart);
                let crashes = self.kubelet.lives.get(pod).map_or(0, |life| life.crashes);
                // After a few crashes it comes up and stays a while.
                if behaviour == Behaviour::CrashLoop && crashes < 3 {
                    self.plan(pod, (500, 2_500), Step::Crash);
                } else {
                    if let Some(life) = self.kubelet.lives.get_mut(pod) {
                        life.crashes = 0;
                    }
                    self.plan(pod, (800, 2_500), Step::Ready);
                }
            }
            Step::OutOfMemory => {
                self.write(pod, "kubelet", |object| {
                    phases::end(object, "OOMKilled", 137)
                });
                self.plan(pod, (500, 1_500), Step::Restart);
            }
            Step::Unready => {
                self.write(pod, "kubelet", phases::unready);
                self.tell(
                    &object,
                    "Warning",
                    "Unhealthy",
                    "Readiness probe failed: HTTP 503",
                );
                self.plan(pod, (1_500, 6_000), Step::Ready);
            }
            Step::PullFails => {
                self.write(pod, "kubelet", |object| {
                    phases::waiting(object, "ErrImagePull")
                });
                self.tell(
                    &object,
                    "Warning",
                    "Failed",
                    "Failed to pull image: not found",
                );
                self.plan(pod, (1_000, 2_000), Step::PullBacksOff);
            }
            Step::PullBacksOff => {
                self.write(pod, "kubelet", |object| {
                    phases::waiting(object, "ImagePullBackOff")
                });
                self.plan(pod, (8_000, 20_000), Step::PullFails);
            }
            Step::Succeed => self.write(pod, "kubelet", |object| phases::finish(object, true)),
            Step::Fail => self.write(pod, "kubelet", |object| phases::finish(object, false)),
            Step::Retire => {
                self.tell(&object, "Normal", "Killing", "Stopping container");
                self.write(pod, "kube-controller-manager", |object| {
                    meta_mut(object).insert("deletionTimestamp".to_owned(), now().into());
                    meta_mut(object).insert("deletionGracePeriodSeconds".to_owned(), 30.into());
                });
                self.controllers
                    .leaving
                    .push((self.now.saturating_add(900), pod.clone()));
            }
        }
    }

    fn write(&self, pod: &PodName, manager: &str, edit: impl FnMut(&mut Value)) {
        // A Pod that was deleted in between needs no change any more.
        let _ = self
            .objects
            .update_as(Some((manager, "status")), "pods", &pod.0, &pod.1, edit);
    }

    /// Leaves an Event about a Pod.
    fn tell(&mut self, pod: &Value, kind: &str, reason: &str, message: &str) {
        let namespace = meta(pod, "namespace").to_owned();
        let name = format!("{}.{:016x}", meta(pod, "name"), self.dice.roll());
        let event = json!({
            "apiVersion": "v1", "kind": "Event",
            "metadata": {"name": name, "namespace": namespace},
            "type": kind, "reason": reason, "message": message, "count": 1,
            "involvedObject": {
                "apiVersion": "v1", "kind": "Pod", "name": meta(pod, "name"),
                "namespace": namespace, "uid": meta(pod, "uid"),
                "resourceVersion": meta(pod, "resourceVersion"),
            },
            "source": {"component": "kubelet", "host": pod["spec"]["nodeName"]},
            "firstTimestamp": now(), "lastTimestamp": now(),
            "reportingComponent": "kubelet", "reportingInstance": "",
        });
        if self.objects.put("events", event).is_ok() {
            self.kubelet.events.push_back((namespace, name));
        }
        while self.kubelet.events.len() > EVENTS {
            if let Some((namespace, name)) = self.kubelet.events.pop_front() {
                self.objects.delete("events", &namespace, &name);
            }
        }
    }
}
