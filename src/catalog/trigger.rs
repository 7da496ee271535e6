//! Triggers: their conditions, compiled.

use super::status::Findings;
use super::text::{self, Reference, Target};
use crate::domain::{ConditionKey, Diagnostic, PathTrie, Position, Severity};
use crate::expr::{self, Program};
use crate::golang::duration;
use crate::yaml::{self, Node};
use serde::Deserialize;
use std::time::Duration;

/// What an empty `when` is compiled as; its hash stays that of the empty text.
const EMPTY_WHEN: &str = "false";

/// A named list of conditions.
#[derive(Clone, Debug)]
pub struct Trigger {
    /// Its name.
    pub name: String,
    /// Its conditions in order; a trigger without any never does anything.
    pub conditions: Vec<Condition>,
}

/// When to send what.
///
/// `for`, `repeat` and `resolved` are not of the original, which ignores them: it sends at once, once,
/// and says nothing of the end.
#[derive(Clone, Debug)]
pub struct Condition {
    /// Its identity in the notified state.
    pub key: ConditionKey,
    /// The expression that must be true, byte for byte as configured.
    pub when: String,
    /// The compiled expression; of an empty text it is `false`.
    pub when_program: Program,
    /// The expression whose value makes a notification unique, when there is one.
    pub once_per: Option<(String, Program)>,
    /// Names of the templates to render.
    pub send: Vec<String>,
    /// Free text for people.
    pub description: String,
    /// `for`: how long `when` must have been true before anything is sent.
    pub hold: Option<Duration>,
    /// `repeat`: how long after a sending it is sent again while `when` is still true.
    pub repeat: Option<Duration>,
    /// `resolved`: names of the templates that are sent when `when` is not true any more, to whom
    /// `send` was sent; empty for none.
    pub resolved: Vec<String>,
    when_node: Option<Node>,
    once_per_node: Option<Node>,
}

/// Which expression of a condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clause {
    /// `when`.
    When,
    /// `oncePer`.
    OncePer,
}

impl Condition {
    /// Whether one of its expressions asks whether the object was deleted: only then it is evaluated
    /// at the deletion.
    pub fn uses_deleted(&self) -> bool {
        let once_per = self.once_per.as_ref().map(|(_, program)| program);
        std::iter::once(&self.when_program)
            .chain(once_per)
            .any(|program| program.reads().contains_key(expr::DELETED))
    }

    /// Names of all templates that it can send.
    pub fn templates(&self) -> impl Iterator<Item = &str> {
        self.send.iter().chain(&self.resolved).map(String::as_str)
    }

    /// The place in the ConfigMap value `text` of the byte at `offset` in one of the expressions;
    /// exact for blocks written with `|` and for expressions on one line. `None` when the
    /// expression is not configured.
    pub fn position_in(&self, text: &str, clause: Clause, offset: usize) -> Option<Position> {
        let node = match clause {
            Clause::When => &self.when_node,
            Clause::OncePer => &self.once_per_node,
        };
        node.as_ref().map(|node| node.position_at(text, offset))
    }
}

impl Trigger {
    /// All compiled expressions.
    pub(super) fn programs(&self) -> impl Iterator<Item = &Program> {
        self.conditions.iter().flat_map(|condition| {
            let once_per = condition.once_per.as_ref().map(|(_, program)| program);
            std::iter::once(&condition.when_program).chain(once_per)
        })
    }

    /// Everything that any of its conditions can read of this variable.
    pub fn reads(&self, variable: &str) -> PathTrie {
        super::contents::reads_of(self.programs(), variable)
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename = "triggers.Condition", rename_all = "camelCase")]
struct Fields {
    when: String,
    once_per: String,
    send: Vec<String>,
    description: String,
    #[serde(rename = "for")]
    hold: String,
    repeat: String,
    resolved: Vec<String>,
}

const FIELDS: [&str; 7] = [
    "when",
    "oncePer",
    "send",
    "description",
    "for",
    "repeat",
    "resolved",
];

/// Reads and compiles a trigger. `None` when anything in it is wrong: a trigger of which a part is
/// missing would send other things than what is written.
pub(super) fn read(
    name: &str,
    source: &str,
    options: &expr::Options,
    findings: &mut Findings,
    references: &mut Vec<Reference>,
) -> Option<Trigger> {
    let read = text::read(source, findings)
        .and_then(|root| Ok((yaml::decode::<Vec<Fields>>(&root)?, root)));
    let (conditions, root) = match read {
        Ok(read) => read,
        Err(error) => {
            text::unreadable(
                &format!("failed to unmarshal trigger {name}: "),
                &error,
                findings,
            );
            return None;
        }
    };
    let nodes = root.as_sequence().unwrap_or_default();
    let mut compiled = Vec::with_capacity(conditions.len());
    let mut whole = true;
    for (index, fields) in conditions.into_iter().enumerate() {
        if findings.is_full(Severity::Error) {
            break;
        }
        let place = Place {
            index,
            source,
            node: nodes.get(index),
        };
        if let Some(node) = place.node {
            text::unknown_fields(node, &FIELDS, findings);
        }
        if fields.send.is_empty() {
            let message = format!(
                "condition [{index}] has nothing in 'send', so its notifications are empty"
            );
            let finding = Diagnostic::warning("empty-send", findings.key(), message);
            findings.push(finding.at(place.position()));
        }
        refer("send", &fields.send, &place, findings, references);
        refer("resolved", &fields.resolved, &place, findings, references);
        match compile(fields, &place, options, findings) {
            Some(condition) => compiled.push(condition),
            None => whole = false,
        }
    }
    whole.then(|| Trigger {
        name: name.to_owned(),
        conditions: compiled,
    })
}

/// Where a condition stands.
struct Place<'p> {
    index: usize,
    source: &'p str,
    node: Option<&'p Node>,
}

impl<'p> Place<'p> {
    fn field(&self, name: &str) -> Option<&'p Node> {
        self.node?.get(name)
    }

    fn position(&self) -> Option<Position> {
        self.node.map(|node| node.position)
    }
}

fn compile(
    fields: Fields,
    place: &Place<'_>,
    options: &expr::Options,
    findings: &mut Findings,
) -> Option<Condition> {
    let index = place.index;
    let when_node = place.field("when");
    let once_per_node = place.field("oncePer");
    if fields.when.is_empty() {
        let message = format!("condition [{index}] has no 'when', so it is never true");
        let finding = Diagnostic::warning("never-true", findings.key(), message);
        findings.push(finding.at(place.position()));
    }
    let when = if fields.when.is_empty() {
        EMPTY_WHEN
    } else {
        &fields.when
    };
    let when_program = program(when, "when", when_node, place, options, findings);
    let once_per_program = (!fields.once_per.is_empty()).then(|| {
        program(
            &fields.once_per,
            "oncePer",
            once_per_node,
            place,
            options,
            findings,
        )
    });
    let once_per = match once_per_program {
        None => None,
        Some(program) => Some((fields.once_per, program?)),
    };
    let hold = span(&fields.hold, "for", place, findings);
    let repeat = span(&fields.repeat, "repeat", place, findings);
    Some(Condition {
        key: ConditionKey::of(index, &fields.when),
        when_program: when_program?,
        when: fields.when,
        once_per,
        send: fields.send,
        description: fields.description,
        hold: hold?,
        repeat: repeat?,
        resolved: fields.resolved,
        when_node: when_node.cloned(),
        once_per_node: once_per_node.cloned(),
    })
}

fn program(
    source: &str,
    field: &str,
    node: Option<&Node>,
    place: &Place<'_>,
    options: &expr::Options,
    findings: &mut Findings,
) -> Option<Program> {
    let error = match Program::compile(source, options) {
        Ok(program) => return Some(program),
        Err(error) => error,
    };
    let position = match node {
        Some(node) => Some(node.position_at(place.source, error.span().start)),
        None => place.position(),
    };
    let message = format!(
        "{field} of condition [{}]: {}",
        place.index,
        error.message()
    );
    let finding = Diagnostic::error("bad-expression", findings.key(), message).at(position);
    let cut = node.is_some_and(|node| node.is_cut_by_comment(place.source));
    findings.push(match error.help() {
        _ if cut => finding.help(
            "a '#' behind a space begins a comment in YAML: put the expression in quotes, or write \
             it as a block with '|-'",
        ),
        Some(help) => finding.help(help),
        None => finding,
    });
    None
}

/// A span of time as Go writes it, such as `90s` or `1h30m`; `None` when the text is none, which is
/// told. An empty text is no span.
fn span(
    text: &str,
    field: &str,
    place: &Place<'_>,
    findings: &mut Findings,
) -> Option<Option<Duration>> {
    if text.is_empty() {
        return Some(None);
    }
    let problem = match duration::Duration::parse(text) {
        Ok(span) => match u64::try_from(span.milliseconds()) {
            Ok(millis) if millis >= 1_000 => return Some(Some(Duration::from_millis(millis))),
            _ => format!("'{text}' is less than a second"),
        },
        Err(error) => error.to_string(),
    };
    let position = place.field(field).map(|node| node.position);
    let message = format!("{field} of condition [{}]: {problem}", place.index);
    let finding = Diagnostic::error("bad-duration", findings.key(), message)
        .at(position.or_else(|| place.position()))
        .help("write a number with a unit, such as 90s, 5m or 1h30m");
    findings.push(finding);
    None
}

/// Notes which templates are sent.
fn refer(
    field: &str,
    names: &[String],
    place: &Place<'_>,
    findings: &mut Findings,
    references: &mut Vec<Reference>,
) {
    let items = place
        .field(field)
        .and_then(Node::as_sequence)
        .unwrap_or_default();
    for (position, name) in names.iter().enumerate() {
        references.push(Reference {
            key: findings.key().to_owned(),
            position: items.get(position).map(|item| item.position),
            target: Target::Template,
            name: name.clone(),
        });
    }
}
