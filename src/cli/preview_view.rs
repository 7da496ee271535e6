//! How a blast radius is printed, for people and for programs.

use super::output::{counted, json, visible};
use super::table::table;
use crate::catalog::Difference;
use crate::domain::Destination;
use crate::engine::{BlastRadius, Effect, EffectKind, Totals};
use serde_json::{Value, json};

/// Effects that are listed without `--all`.
const FIRST: usize = 50;

/// How much is listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum View {
    /// Every effect.
    All,
    /// The first fifty.
    First,
}

/// What is known of a draft.
pub(super) struct Report<'r> {
    /// `namespace/name` of the ConfigMap.
    pub(super) name: String,
    /// It is in the cluster.
    pub(super) exists: bool,
    /// What differs between the two configurations.
    pub(super) differences: Vec<Difference>,
    /// What is wrong with keys that can't be read.
    pub(super) broken: &'r [String],
    /// What it would do.
    pub(super) radius: &'r BlastRadius,
}

impl Report<'_> {
    /// For people.
    pub(super) fn text(&self, view: View) -> String {
        let radius = self.radius;
        let mut text = format!("ConfigMap {}", self.name);
        text.push_str(match (self.exists, self.differences.is_empty()) {
            (false, _) => " does not exist yet\n",
            (true, true) => ": nothing differs\n",
            (true, false) => "\n",
        });
        for difference in &self.differences {
            text.push_str(&format!("  {difference}\n"));
        }
        for problem in self.broken {
            text.push_str(&format!("  broken: {problem}\n"));
        }
        if !self.broken.is_empty() {
            text.push_str("  a broken key keeps its last good version, if it has one\n");
        }
        text.push_str(&format!(
            "\n{} looked at, {} subscribed, {} affected\n",
            counted(
                usize::try_from(radius.objects).unwrap_or(usize::MAX),
                "object"
            ),
            radius.subscribed,
            radius.affected,
        ));
        if radius.totals.is_empty() {
            text.push_str("applying it would send, stop and break nothing\n");
            return visible(&text).into_owned();
        }
        text.push('\n');
        text.push_str(&self.destinations());
        if radius.totals.sent_again > 0 {
            text.push_str(&format!(
                "\n{} would go out once more only because the key of its condition changes: the \
                 key is made of its place in the list and the text of its 'when'\n",
                counted(
                    usize::try_from(radius.totals.sent_again).unwrap_or(usize::MAX),
                    "notification"
                )
            ));
        }
        text.push('\n');
        text.push_str(&self.list(view));
        visible(&text).into_owned()
    }

    fn destinations(&self) -> String {
        let header = [
            "DESTINATION",
            "SENT",
            "SENT AGAIN",
            "STOPPED",
            "IMPOSSIBLE",
            "ERRORS",
            "ERRORS GONE",
        ];
        let mut rows = vec![header.map(str::to_owned).to_vec()];
        let row = |name: String, totals: &Totals| {
            vec![
                name,
                totals.sent.to_string(),
                totals.sent_again.to_string(),
                totals.stopped.to_string(),
                totals.impossible.to_string(),
                totals.errors.to_string(),
                totals.errors_gone.to_string(),
            ]
        };
        for (destination, totals) in &self.radius.by_destination {
            rows.push(row(shown(destination), totals));
        }
        rows.push(row("all".into(), &self.radius.totals));
        table(&rows)
    }

    fn list(&self, view: View) -> String {
        let header = [
            "EFFECT",
            "RESOURCE",
            "TRIGGER",
            "CONDITION",
            "DESTINATION",
            "BECAUSE",
        ];
        let mut rows = vec![header.map(str::to_owned).to_vec()];
        let effects = &self.radius.effects;
        let limit = match view {
            View::All => effects.len(),
            View::First => FIRST.min(effects.len()),
        };
        for effect in &effects[..limit] {
            rows.push(vec![
                effect.kind.word().to_owned(),
                effect.resource.qualified(),
                effect.trigger.clone(),
                format!("[{}]", effect.condition.index),
                effect.destination.as_ref().map(shown).unwrap_or_default(),
                because(effect).replace(['\n', '\t'], " "),
            ]);
        }
        let mut text = table(&rows);
        let rest = effects.len() - limit;
        if rest > 0 {
            text.push_str(&format!("and {rest} more: --all lists them\n"));
        }
        text
    }

    /// For programs.
    pub(super) fn json(&self) -> anyhow::Result<String> {
        let radius = self.radius;
        let destinations = radius.by_destination.iter().map(|(destination, totals)| {
            json!({
                "service": destination.service,
                "recipient": destination.recipient,
                "totals": totals,
            })
        });
        let triggers = radius.by_trigger.iter();
        let triggers = triggers.map(|(name, totals)| json!({"trigger": name, "totals": totals}));
        let differences = self.differences.iter().map(ToString::to_string);
        json(&json!({
            "configMap": self.name,
            "exists": self.exists,
            "differences": differences.collect::<Vec<_>>(),
            "broken": self.broken,
            "objects": radius.objects,
            "subscribed": radius.subscribed,
            "affected": radius.affected,
            "totals": radius.totals,
            "destinations": destinations.collect::<Vec<_>>(),
            "triggers": triggers.collect::<Vec<_>>(),
            "effects": radius.effects.iter().map(effect_json).collect::<Vec<_>>(),
        }))
    }
}

/// A destination as people write it: `slack:#ops`.
fn shown(destination: &Destination) -> String {
    if destination.recipient.is_empty() {
        destination.service.to_string()
    } else {
        format!("{}:{}", destination.service, destination.recipient)
    }
}

fn because(effect: &Effect) -> String {
    match &effect.kind {
        EffectKind::Sent => "true, and not sent yet".into(),
        EffectKind::SentAgain { before, at, .. } => match jiff::Timestamp::from_second(*at) {
            Ok(time) => format!("sent {time} as {before}"),
            Err(_) => format!("sent as {before}"),
        },
        EffectKind::Stopped => "not true any more".into(),
        EffectKind::Error { message, .. } => message.clone(),
        EffectKind::Impossible { reason } => reason.clone(),
        EffectKind::ErrorGone { message } => format!("no more: {message}"),
    }
}

fn effect_json(effect: &Effect) -> Value {
    let destination = effect.destination.as_ref();
    let mut value = json!({
        "effect": effect.kind.word(),
        "kind": effect.resource.kind.kind,
        "namespace": effect.resource.namespace,
        "name": effect.resource.name,
        "trigger": effect.trigger,
        "condition": effect.condition.to_string(),
        "service": destination.map(|to| to.service.to_string()),
        "recipient": destination.map(|to| to.recipient.to_string()),
        "because": because(effect),
    });
    if let EffectKind::SentAgain { before, after, at } = &effect.kind {
        value["stateKeyBefore"] = Value::from(before.as_str());
        value["stateKeyAfter"] = Value::from(after.as_str());
        value["sentAt"] = Value::from(*at);
    }
    value
}
