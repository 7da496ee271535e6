//! Handlebars templates, for those that say `engine: handlebars`.
//!
//! The language is that of the `handlebars` crate, in strict mode (a variable that is not there is
//! an error) and without HTML escaping. Go's functions that notifications use most are helpers
//! ([`helpers`]). What could run without end — partials, inline partials, raw blocks, deep nesting
//! — is refused before the crate sees it ([`guard`]), and loops and output are counted.

mod budget;
mod each;
mod guard;
mod helpers;

use super::error::{ErrorKind, TemplateError};
use super::{Limits, Vars};
use budget::Budget;
use handlebars::{Context, Handlebars, RenderError, no_escape};
use serde_json::Value as Json;
use std::io;

/// A parsed Handlebars template.
pub(super) struct Program {
    registry: Handlebars<'static>,
    /// Variables are copied for the crate; only those whose names the source has.
    words: Vec<String>,
}

/// The name of the template in its registry.
const NAME: &str = "template";

/// Parses a Handlebars template.
///
/// # Errors
/// When it is not one, or uses what we refuse.
pub(super) fn parse(name: &str, source: &str) -> Result<Program, TemplateError> {
    guard::check(name, source)?;
    let mut registry = Handlebars::new();
    registry.set_strict_mode(true);
    registry.register_escape_fn(no_escape);
    // It would write to our log from within a template.
    registry.unregister_helper("log");
    registry.register_helper("each", Box::new(each::Each));
    helpers::register(&mut registry);
    registry
        .register_template_string(NAME, source)
        .map_err(|error| {
            let (line, column) = error.pos().unwrap_or((0, 0));
            TemplateError {
                kind: ErrorKind::Parse,
                message: format!("template: {name}:{line}:{column}: {}", error.reason()),
                line,
                column,
                help: None,
            }
        })?;
    Ok(Program {
        registry,
        words: words(source),
    })
}

impl Program {
    /// Renders within the limits.
    ///
    /// # Errors
    /// When a variable is missing, a helper fails, or a limit is reached.
    pub(super) fn render(
        &self,
        name: &str,
        vars: &Vars<'_>,
        limits: &Limits,
    ) -> Result<Vec<u8>, TemplateError> {
        let data = vars.to_json(|variable| self.words.iter().any(|word| word == variable));
        let context = Context::from(Json::Object(data));
        let budget = Budget::start(limits, vars.clock());
        let mut out = Bounded {
            bytes: Vec::new(),
            limit: limits.output,
        };
        let result = self
            .registry
            .render_with_context_to_write(NAME, &context, &mut out);
        let exhausted = budget.exhausted();
        let too_long = out.bytes.len() > out.limit;
        match result {
            Ok(()) => Ok(out.bytes),
            Err(error) if too_long => {
                let message = format!("the output is longer than {} bytes", out.limit);
                Err(located(name, ErrorKind::Limit, &error, &message))
            }
            Err(error) => {
                let kind = match exhausted {
                    true => ErrorKind::Limit,
                    false => ErrorKind::Exec,
                };
                Err(located(name, kind, &error, &error.reason().to_string()))
            }
        }
    }
}

fn located(name: &str, kind: ErrorKind, error: &RenderError, message: &str) -> TemplateError {
    let line = error.line_no.unwrap_or(0);
    let column = error.column_no.unwrap_or(0);
    let missing = message.contains("strict mode");
    TemplateError {
        kind,
        message: format!("template: {name}:{line}:{column}: {message}"),
        line,
        column,
        help: missing.then(|| "guard it with {{#if …}}, or give a {{default …}}".to_owned()),
    }
}

/// The words of the source: a variable that is not among them cannot be read.
fn words(source: &str) -> Vec<String> {
    let mut words: Vec<String> = source
        .split(|c: char| !(c.is_alphanumeric() || c == '_' || c == '-'))
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect();
    words.sort_unstable();
    words.dedup();
    words
}

/// Output that fails when it gets too long.
struct Bounded {
    bytes: Vec<u8>,
    limit: usize,
}

impl io::Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bytes.extend_from_slice(bytes);
        if self.bytes.len() > self.limit {
            return Err(io::Error::other("output too long"));
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn render(source: &str) -> Result<String, TemplateError> {
        let pod = json!({
            "metadata": {"name": "web", "labels": {"app": "a<b>"}},
            "containers": [{"name": "c1", "title": "T1"}, {"name": "c2"}],
            "restarts": 3,
            "ratio": 1.5,
            "none": null,
        });
        let mut vars = Vars::new();
        vars.json("pod", &pod).text("serviceType", "slack");
        let bytes = parse("msg", source)?.render("msg", &vars, &Limits::default())?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    #[test]
    fn variables_without_escaping() {
        assert_eq!(
            render("{{pod.metadata.name}} {{pod.metadata.labels.app}} {{serviceType}}"),
            Ok("web a<b> slack".into())
        );
    }

    #[test]
    fn loops_and_conditions() {
        let source =
            "{{#each pod.containers}}{{@index}}:{{name}}{{#unless @last}}, {{/unless}}{{/each}}";
        assert_eq!(render(source), Ok("0:c1, 1:c2".into()));
        let source =
            "{{#each pod.metadata.labels as |v k|}}{{k}}={{v}}{{../pod.restarts}}{{/each}}";
        assert_eq!(render(source), Ok("app=a<b>3".into()));
        let source = "{{#each pod.containers as |c|}}{{c.name}}{{/each}}";
        assert_eq!(render(source), Ok("c1c2".into()));
        let source = "{{#if pod.missing}}a{{else if (gt pod.restarts 2)}}b{{else}}c{{/if}}";
        assert_eq!(render(source), Ok("b".into()));
        assert_eq!(
            render("{{#each pod.none}}x{{else}}none{{/each}}"),
            Ok("none".into())
        );
    }

    #[test]
    fn missing_variables_are_errors() {
        for source in [
            "{{pod.metadata.nam}}",
            "{{nothing}}",
            "{{#each pod.missing}}{{/each}}",
        ] {
            let error = render(source).expect_err(source);
            assert_eq!(error.kind, ErrorKind::Exec, "{source}");
            assert_eq!(error.line, 1, "{source}");
        }
    }

    #[test]
    fn refused_sources() {
        let deep = "{{#if pod}}".repeat(5000) + &"{{/if}}".repeat(5000);
        let parens = format!(
            "{{{{#if {}pod{}}}}}{{{{/if}}}}",
            "(not ".repeat(3000),
            ")".repeat(3000)
        );
        let chain = format!(
            "{{{{#if pod}}}}{}{{{{/if}}}}",
            "{{else if pod}}".repeat(3000)
        );
        for source in [
            "{{#if pod}}",
            "{{pod.}}",
            "{{> other}}",
            "{{~> other}}",
            "{{#*inline \"a\"}}{{/inline}}",
            "{{{{raw}}}}{{/if}}{{{{/raw}}}}",
            &deep,
            &parens,
            &chain,
        ] {
            assert!(render(source).is_err(), "{source:.60}");
        }
    }

    #[test]
    fn loops_and_output_are_bounded() {
        let big = json!((0..2000).collect::<Vec<_>>());
        let mut vars = Vars::new();
        vars.json("big", &big);
        let silent = "{{#each big}}{{#each ../big}}{{#each ../../big}}{{/each}}{{/each}}{{/each}}";
        let loud = "{{#each big}}{{#each ../big}}0123456789{{/each}}{{/each}}";
        for source in [silent, loud] {
            let limits = Limits {
                output: 100_000,
                steps: 100_000,
                ..Limits::default()
            };
            let program = parse("msg", source).expect("valid template");
            let error = program.render("msg", &vars, &limits).expect_err("too much");
            assert_eq!(error.kind, ErrorKind::Limit, "{source}");
        }
    }
}
