//! Conditions: variables that are probably misspelt, and failures on a given object.

use super::lint::LintOptions;
use super::sample;
use crate::catalog::{Catalog, Clause, Condition};
use crate::domain::{Diagnostic, nearest};
use crate::expr::{Env, Program};

/// Names that a host application may provide beside the object.
const HOST: [&str; 8] = [
    "app", "time", "strings", "repo", "context", "secrets", "$env", "deleted",
];

/// Looks at every expression of every condition.
pub(super) fn check(catalog: &Catalog, options: &LintOptions<'_>, found: &mut Vec<Diagnostic>) {
    for trigger in catalog.triggers.values() {
        let key = format!("trigger.{}", trigger.name);
        let Some(text) = catalog.texts.get(&key) else {
            continue;
        };
        for (index, condition) in trigger.conditions.iter().enumerate() {
            let once_per = condition.once_per.as_ref().map(|(_, program)| program);
            let clauses = [
                Some((Clause::When, "when", &condition.when_program)),
                once_per.map(|program| (Clause::OncePer, "oncePer", program)),
            ];
            let mut holds = true;
            for (clause, field, program) in clauses.into_iter().flatten() {
                let place = Place {
                    key: &key,
                    text,
                    index,
                    condition,
                    clause,
                    field,
                };
                misspelt(program, &place, options, found);
                // A oncePer is only evaluated when the condition holds.
                if holds {
                    holds = try_on_subject(program, &place, options, found);
                }
            }
        }
    }
}

struct Place<'p> {
    key: &'p str,
    text: &'p str,
    index: usize,
    condition: &'p Condition,
    clause: Clause,
    field: &'static str,
}

impl Place<'_> {
    fn warning(&self, code: &str, offset: usize, message: &str) -> Diagnostic {
        let message = format!("{} of condition [{}]: {message}", self.field, self.index);
        let position = self.condition.position_in(self.text, self.clause, offset);
        Diagnostic::warning(code, self.key, message).at(position)
    }
}

fn misspelt(
    program: &Program,
    place: &Place<'_>,
    options: &LintOptions<'_>,
    found: &mut Vec<Diagnostic>,
) {
    for name in program.reads().keys() {
        let watched = options.variables.iter().map(String::as_str);
        let given = options.subject.as_ref().map(|subject| subject.variable);
        let known = watched.chain(given);
        if HOST.contains(&name.as_str())
            || sample::of(name).is_some()
            || known.clone().any(|known| known == name)
        {
            continue;
        }
        if let Some(near) = nearest(name, known) {
            let message = format!("there is no variable '{name}'");
            let offset = program.source().find(name.as_str()).unwrap_or_default();
            let finding = place.warning("unknown-variable", offset, &message);
            found.push(finding.help(format!("did you mean '{near}'?")));
        }
    }
}

/// Evaluates on the given object; whether the result is true.
fn try_on_subject(
    program: &Program,
    place: &Place<'_>,
    options: &LintOptions<'_>,
    found: &mut Vec<Diagnostic>,
) -> bool {
    let Some(subject) = &options.subject else {
        return false;
    };
    if !program.reads().contains_key(subject.variable) {
        return false;
    }
    let env = Env::of_object(subject.variable, subject.object);
    let (code, offset, message, help) = match program.eval(&env) {
        Ok(value) if place.clause == Clause::OncePer || value.as_bool().is_some() => {
            return value.as_bool() == Some(true);
        }
        Ok(value) => (
            "not-boolean",
            0,
            format!("gives a {}, which counts as false", value.type_name()),
            None,
        ),
        Err(error) => (
            "condition-fails",
            error.span().start,
            error.message().to_owned(),
            error.help().map(str::to_owned),
        ),
    };
    let message = format!("for {}: {message}", subject.label());
    let finding = place.warning(code, offset, &message);
    found.push(match help {
        Some(help) => finding.help(help),
        None => finding,
    });
    false
}
