//! Triggers: their conditions, compiled.

use super::status::Findings;
use super::text::{self, Reference, Target};
use crate::domain::{ConditionKey, Diagnostic, Position, Severity};
use crate::expr::{self, Program};
use crate::yaml::{self, Node};
use serde::Deserialize;

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

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename = "triggers.Condition", rename_all = "camelCase")]
struct Fields {
    when: String,
    once_per: String,
    send: Vec<String>,
    description: String,
}

const FIELDS: [&str; 4] = ["when", "oncePer", "send", "description"];

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
        refer(&fields.send, &place, findings, references);
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
    Some(Condition {
        key: ConditionKey::of(index, &fields.when),
        when_program: when_program?,
        when: fields.when,
        once_per,
        send: fields.send,
        description: fields.description,
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

/// Notes which templates are sent.
fn refer(
    send: &[String],
    place: &Place<'_>,
    findings: &mut Findings,
    references: &mut Vec<Reference>,
) {
    let items = place
        .field("send")
        .and_then(Node::as_sequence)
        .unwrap_or_default();
    if send.is_empty() {
        let message = format!(
            "condition [{}] has nothing in 'send', so its notifications are empty",
            place.index
        );
        let finding = Diagnostic::warning("empty-send", findings.key(), message);
        findings.push(finding.at(place.position()));
    }
    for (position, name) in send.iter().enumerate() {
        references.push(Reference {
            key: findings.key().to_owned(),
            position: items.get(position).map(|item| item.position),
            target: Target::Template,
            name: name.clone(),
        });
    }
}
