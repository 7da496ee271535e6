//! What a cluster may hold: names and texts that nobody here has chosen, in every place where a
//! screen shows them.

use super::fixture::*;
use kubechime::domain::{
    Attempt, ConditionKey, DeliveryState, Destination, Position, ResourceKey, Severity,
};
use kubechime::engine::{
    Batch, BlastRadius, CatalogView, ConditionResult, ConditionSurvey, Decision, Effect as Change,
    EffectKind, Explained, Fares, Inspection, LaneStatus, Member, Members, Notice, PreviewNews,
    RenderProblem, Rendered, RenderedPart, Rendering, RowState, Subscribable, SubscribedBy,
    SubscriptionSurvey, Succession, Survey, Totals, WatchPhase, WorkPhase,
};
use kubechime::history::{ConfigVersion, DeliveryDetail, ServiceTotals, VersionOrigin};
use kubechime::tui::screens::views::Numbers;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Names and texts.
pub struct Foreign {
    /// Namespace of everything.
    pub namespace: String,
    /// Name of the first resource; the others have a number behind it.
    pub name: String,
    /// Messages, descriptions, annotations, requests, recipients.
    pub text: String,
}

impl Foreign {
    /// Every kind of character that acts on a terminal, on the reading order, or on the width.
    pub fn hostile() -> Self {
        let text = "\u{1b}[2J\u{1b}]0;x\u{7}\r\0\u{8}\t\u{7f}\u{9b}31m\n\u{85}\u{2028}\
                    \u{202e}txt.exe\u{2066}a\u{2069}\u{200f}\u{200e}\u{61c}\u{200b}\u{feff}\u{ad}\
                    e\u{301}\u{301}\u{301}👩‍👩‍👧❤\u{fe0f}🇩🇪日本語ｶﾞהשלוםلا\u{e0041}\u{3164}\u{115f}";
        Self {
            namespace: format!("ns{text}"),
            name: format!("web{text}"),
            text: format!("text {text} end"),
        }
    }

    /// Wide characters, and such as are put together.
    pub fn wide() -> Self {
        Self {
            namespace: "名前空間".into(),
            name: "日本語のポッド名前がとても長い場合の例👩‍👩‍👧".into(),
            text: "日本語 e\u{301} ｶﾞ 👩‍👩‍👧 の説明がとても長い場合の例".into(),
        }
    }

    /// Names as long as Kubernetes allows, and texts without a blank.
    pub fn long() -> Self {
        Self {
            namespace: "n".repeat(63),
            name: format!("{}z", "name-".repeat(50)),
            text: "x".repeat(4_000),
        }
    }

    /// Characters without end that stand in one cell.
    pub fn piled() -> Self {
        let pile = format!("e{}", "\u{301}".repeat(1_000));
        Self {
            namespace: "team-a".into(),
            name: format!("web{pile}"),
            text: format!("{pile}{pile} end"),
        }
    }

    fn key(&self, number: usize) -> ResourceKey {
        let name = match number {
            0 => self.name.clone(),
            other => format!("{}{other}", self.name),
        };
        key("Pod", &self.namespace, &name)
    }

    fn to(&self) -> Destination {
        Destination::new("slack", &*self.text)
    }

    /// Everything an engine tells in the first moments.
    pub fn batch(&self) -> Batch {
        let states = [
            RowState::Failed,
            RowState::Error,
            RowState::Sent,
            RowState::Waiting,
            RowState::Idle,
        ];
        let rows = (0..40).map(|number| {
            let mut row = row("Pod", "", "", states[number % states.len()], 5);
            row.key = self.key(number);
            row.last_trigger = self.text.as_str().into();
            Arc::new(row)
        });
        let states = [
            DeliveryState::Failed,
            DeliveryState::Pending,
            DeliveryState::Sent,
            DeliveryState::DryRun,
        ];
        let deliveries = (0..20).map(|number| {
            let state = states[number % states.len()];
            Arc::new(self.delivery(i64::try_from(number).unwrap(), state))
        });
        let failed = WatchPhase::Failed {
            message: self.text.clone(),
            help: self.text.clone(),
            since_ms: NOW - 90_000,
        };
        let mut watches: Vec<_> = watches(WatchPhase::Live).to_vec();
        watches.extend(self::watches(failed).iter().cloned());
        let mut status = status(kubechime::domain::Mode::Active);
        status.reason = self.text.clone();
        status.history_problem = self.text.clone();
        Batch {
            rows: rows.collect(),
            deliveries: deliveries.collect(),
            catalog: Some(Arc::new(self.catalog())),
            watches: Some(watches.into()),
            status: Some(Arc::new(status)),
            lanes: Some(self.lanes()),
            notices: vec![Notice {
                severity: Severity::Error,
                help: self.text.clone(),
                resource: Some(self.key(0)),
                ..notice(&self.text)
            }],
            ..Batch::default()
        }
    }

    /// A delivery of the first resource.
    pub fn delivery(&self, number: i64, state: DeliveryState) -> kubechime::domain::Delivery {
        let mut delivery = delivery(number, state, &self.name, "slack:x");
        delivery.new.namespace = self.namespace.clone();
        delivery.new.destination = self.to();
        delivery.new.trigger = self.text.clone();
        delivery.new.actor = self.text.clone();
        delivery.error = self.text.clone();
        delivery
    }

    /// A delivery with all that the history has of it.
    pub fn detail(&self, of: &kubechime::domain::Delivery) -> DeliveryDetail {
        let attempt = |number: u32| Attempt {
            number,
            started_ms: NOW - 50_000,
            took_ms: 1_100,
            status: Some(429),
            error: self.text.clone(),
            next_ms: Some(NOW + 5_000),
        };
        let body = serde_json::json!({ "text": self.text, "n": [1, 2.5] });
        DeliveryDetail {
            delivery: of.clone(),
            attempts: (1..4).map(attempt).collect(),
            request: format!(
                "POST https://hooks.slack.example/{0}\nX-Note: {0}\n\n{body}",
                self.text
            ),
            response: self.text.clone(),
        }
    }

    /// A ConfigMap whose texts hold the text, as it is and quoted.
    pub fn catalog(&self) -> CatalogView {
        let quoted = serde_json::to_string(&self.text).unwrap();
        let trigger = |description: &str| {
            format!(
                "- description: {description}\n  when: pod.status.phase == 'Failed'\n  send: [pod-oom]\n"
            )
        };
        self.catalog_of([
            (
                "service.webhook.webhook".to_owned(),
                "url: http://127.0.0.1:1/\n".to_owned(),
            ),
            (
                "template.pod-oom".to_owned(),
                format!("message: {quoted}\n"),
            ),
            ("trigger.on-oom".to_owned(), trigger(&quoted)),
            ("trigger.on-raw".to_owned(), trigger(&self.text)),
            ("trigger.on-text".to_owned(), self.text.clone()),
            (format!("trigger.{}", self.name), trigger("x")),
        ])
    }

    /// A ConfigMap of these keys.
    pub fn catalog_of(&self, data: impl IntoIterator<Item = (String, String)>) -> CatalogView {
        let data: BTreeMap<String, String> = data.into_iter().collect();
        CatalogView {
            catalog: Arc::new(catalog_of(&data)),
            data: Arc::new(data),
            ..catalog()
        }
    }

    /// An evaluation whose every text is foreign.
    pub fn inspection(&self, key: ResourceKey) -> Inspection {
        let mut inspection = inspection(key);
        for trigger in &mut inspection.triggers {
            for condition in &mut trigger.conditions {
                condition.description = self.text.clone();
                condition.once_per = Some(self.text.clone());
                condition.result = match &condition.result {
                    ConditionResult::Error { position, .. } => ConditionResult::Error {
                        message: self.text.clone(),
                        position: *position,
                    },
                    ConditionResult::False { .. } => ConditionResult::False {
                        because: self.text.clone(),
                    },
                    other => other.clone(),
                };
                for decision in &mut condition.decisions {
                    decision.destination = self.to();
                    if let Decision::Impossible { reason } = &mut decision.decision {
                        *reason = self.text.clone();
                    }
                }
            }
            for subscription in &mut trigger.subscriptions {
                subscription.origin = self.text.clone();
                subscription.problem = Some(self.text.clone());
            }
        }
        inspection.notified = vec![(self.text.clone(), NOW / 1_000 - 600)];
        inspection.problems = vec![self.text.clone()];
        inspection
    }

    /// An object with the text in its annotations, labels and messages.
    pub fn object(&self, of: &ResourceKey) -> serde_json::Value {
        let mut object = object(of);
        object["metadata"]["annotations"]["note"] = self.text.as_str().into();
        object["metadata"]["annotations"][&self.text] = "x".into();
        object["metadata"]["labels"] = serde_json::json!({ "app": self.text });
        object["status"]["message"] = self.text.as_str().into();
        let first = &mut object["status"]["containerStatuses"][0]["lastState"]["terminated"];
        first["reason"] = format!("OOMKilled{}", self.text).into();
        object
    }

    /// The evaluation of this object, with real traces.
    pub fn explained(&self, object: &serde_json::Value, of: ResourceKey) -> Explained {
        explained_of(self.inspection(of), object)
    }

    /// What was counted.
    pub fn survey(&self, conditions: usize) -> Survey {
        let condition = |number: usize| ConditionSurvey {
            trigger: format!("on-{number:05}{}", self.text),
            index: Some(number % 3),
            configured: true,
            when: self.text.clone(),
            holds: number as u64,
            fails: 7,
            errors: 1,
            error: Some((self.key(number), self.text.clone())),
            since_ms: Some(NOW - 7_200_000),
            latest_ms: Some(NOW - 12_000),
            example: Some(self.key(0)),
            ..ConditionSurvey::default()
        };
        let subscription = |number: usize| SubscriptionSurvey {
            trigger: format!("on-{number:05}{}", self.text),
            destination: self.to(),
            by: SubscribedBy::Default {
                number,
                selector: self.text.clone(),
            },
            resources: 3,
            example: Some(self.key(0)),
            problem: Some(self.text.clone()),
        };
        Survey {
            at_ms: NOW,
            took_ms: 120,
            resources: 100_482,
            conditions: (0..conditions).map(condition).collect(),
            subscriptions: (1..5).map(subscription).collect(),
            more_subscriptions: 3,
        }
    }

    /// The resources of a condition.
    pub fn members(&self) -> Members {
        let member = |number: usize| Member {
            key: self.key(number),
            fares: if number == 0 {
                Fares::Fails(self.text.clone())
            } else {
                Fares::Holds
            },
            since_ms: Some(NOW - 90_000),
            sending: 1,
            given_up: 2,
            told: 3,
        };
        Members {
            at_ms: NOW,
            took_ms: 3,
            members: (0..5).map(member).collect(),
            more: 12,
        }
    }

    /// The numbers of the services.
    pub fn numbers(&self) -> Numbers {
        Numbers {
            services: vec![ServiceTotals {
                service: self.text.clone(),
                service_type: "webhook".into(),
                pending: 2,
                sent: 1_204,
                failed: 3,
                over_time: (0..30).collect(),
                median_ms: Some(120),
                p95_ms: Some(1_430),
                last_sent_ms: Some(NOW - 5_000),
                last_error: Some((NOW - 60_000, self.text.clone())),
            }],
            history_rows: Some(1_048_576),
            memory: Some(37 << 20),
        }
    }

    fn lanes(&self) -> Arc<[LaneStatus]> {
        Arc::new([LaneStatus {
            service: self.text.as_str().into(),
            waiting: 4,
            retrying: 1,
            limited: 1,
            in_flight: 1,
            spilled: 90_000,
            held: 2,
            sent: 10,
            failed: 1,
            sent_ms: Some(NOW - 5_000),
            error: self.text.clone(),
            error_ms: Some(NOW - 6_000),
            latency_ms: Some(80),
            rate: Some(0.5),
            recipient_rate: None,
            places: 8,
            paused: 1,
            paused_until_ms: Some(NOW + 8_000),
        }])
    }

    /// What a draft would do.
    pub fn news(&self, number: u64) -> PreviewNews {
        let change = |number: usize, to: Option<Destination>, kind: EffectKind| Change {
            resource: self.key(number),
            trigger: self.text.clone(),
            condition: ConditionKey::of(0, "x"),
            destination: to,
            kind,
        };
        let totals = Totals {
            sent: 37,
            sent_again: 1_204,
            stopped: 2,
            errors: 1,
            errors_gone: 12,
            ..Totals::default()
        };
        let again = EffectKind::SentAgain {
            before: self.text.clone(),
            after: self.text.clone(),
            at: 1_700_000_000,
        };
        let error = EffectKind::Error {
            message: self.text.clone(),
            position: None,
        };
        PreviewNews {
            number,
            phase: WorkPhase::Over,
            revision: "88213".into(),
            done: 100_482,
            all: 100_482,
            radius: BlastRadius {
                objects: 100_482,
                subscribed: 100_482,
                affected: 1_244,
                totals,
                by_destination: BTreeMap::from([(self.to(), totals)]),
                by_trigger: BTreeMap::from([(self.text.clone(), totals)]),
                effects: vec![
                    change(0, Some(self.to()), again),
                    change(1, Some(self.to()), EffectKind::Sent),
                    change(2, Some(self.to()), EffectKind::Stopped),
                    change(3, None, error),
                ],
            },
            changed_keys: vec![Succession {
                trigger: self.text.clone(),
                before: ConditionKey::of(0, "a"),
                after: ConditionKey::of(0, "b"),
                once_per: false,
            }],
            entries: 1_204,
            began_ms: NOW - 3_000,
            took_ms: 3_200,
            ..PreviewNews::default()
        }
    }

    /// A rendered template.
    pub fn rendering(&self) -> Rendering {
        let part = |subscribed, result| RenderedPart {
            destination: self.to(),
            service_type: "slack".into(),
            subscribed,
            result,
        };
        let rendered = Rendered {
            notification: format!("to {0}\n\n{0}\n\n# {0}\n| (#E96D76)\n| {0}: 7", self.text),
            request: format!("POST https://slack.example/\nX-Note: {0}\n\n{0}", self.text),
        };
        let problem = RenderProblem {
            message: self.text.clone(),
            path: self.text.clone(),
            position: Some(Position {
                line: 3,
                column: 14,
            }),
            help: self.text.clone(),
        };
        Rendering {
            template: "pod-oom".into(),
            templates: vec!["pod-oom".into()],
            resource: self.key(0),
            resource_version: "123456789".into(),
            findings: Vec::new(),
            parts: vec![part(true, Ok(rendered)), part(false, Err(problem))],
        }
    }

    /// What an object is subscribed to.
    pub fn subscribable(&self, of: ResourceKey) -> Subscribable {
        Subscribable {
            key: of,
            uid: "u-1".into(),
            resource_version: "7".into(),
            prefix: "notifications.argoproj.io".into(),
            annotations: BTreeMap::from([(
                "notifications.argoproj.io/subscribe.on-oom.slack".into(),
                format!("{0};{0}", self.text),
            )]),
            refused: Some(self.text.clone()),
            owned_by: Some(format!("Deployment {}/{}", self.namespace, self.name)),
            owner: None,
        }
    }

    /// Recorded versions of the ConfigMap.
    pub fn versions(&self) -> Vec<ConfigVersion> {
        let version = |number: i64| ConfigVersion {
            number,
            at_ms: NOW - (10 - number) * 3_600_000,
            resource_version: (88_210 + number).to_string(),
            origin: VersionOrigin::Applied,
            actor: self.text.clone(),
            manager: self.text.clone(),
            changed: vec![format!("~{}", self.text), format!("+{}", self.text)],
            summary: format!("! {0}\n+ {0}", self.text),
            effect: self.text.clone(),
        };
        (1..4).rev().map(version).collect()
    }
}
