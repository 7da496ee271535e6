//! Templates, rendered part by part for an object: what fails, and what is not the JSON that it
//! must be.

use super::json::{self, NotJson, Wanted};
use super::lint::LintOptions;
use super::sample;
use crate::catalog::Catalog;
use crate::domain::{Destination, Diagnostic, Position, Severity};
use crate::service::{Notification, NotificationTemplate};
use crate::template::{Language, Limits, Template, Vars, argo_host};
use crate::yaml::{self, Content, Node};
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

/// What a text stands in for that is not there; a sample's gaps must not be blamed on a template.
const GAPS: [&str; 2] = ["<no value>", "<nil>"];

/// Variables beside the object that every template has.
const GIVEN: [&str; 4] = ["recipient", "serviceType", "strings", "time"];

/// Longest excerpt of a rendered text in a message, in characters.
const EXCERPT: usize = 80;

/// Bounds of one rendering. A lint asks no DNS server, and generates no keys: both are slow, and
/// say nothing about the template.
const LIMITS: Limits = Limits {
    output: 4 << 20,
    memory: 64 << 20,
    steps: 1_000_000,
    depth: 300,
    slow_functions: Duration::from_secs(1),
    allow_dns: false,
    allow_key_generation: false,
};

/// Renders every template.
pub(super) fn check(catalog: &Catalog, options: &LintOptions<'_>, found: &mut Vec<Diagnostic>) {
    let began = Instant::now();
    for template in catalog.templates.values() {
        let key = format!("template.{}", template.name);
        if began.elapsed() > options.longest {
            let message = "rendering takes too long: this template and those behind it were not \
                           tried";
            found.push(Diagnostic::warning("not-rendered", &key, message));
            return;
        }
        let Some(text) = catalog.texts.get(&key) else {
            continue;
        };
        let Ok(root) = yaml::parse(text) else {
            continue;
        };
        let mut parts = Vec::new();
        collect(&root, &mut Vec::new(), template, &mut parts);
        let stage = Stage::of(template, &parts, options);
        let vars = stage.vars();
        for part in &parts {
            let rendered = match part.template.render_with(&vars, &LIMITS) {
                Ok(rendered) => rendered,
                Err(error) if error.is_switched_off() => continue,
                Err(error) => {
                    let message = format!(
                        "{} can't be rendered for {}: {}",
                        part.name(),
                        stage.label,
                        error.message
                    );
                    let at = offset(part.template.source(), error.line, error.column);
                    if let Some(severity) = stage.severity_of_failure() {
                        let finding = Diagnostic {
                            severity,
                            ..Diagnostic::error("render-fails", &key, message)
                        };
                        let finding = finding.at(part.node.position_at(text, at));
                        found.push(match error.help {
                            Some(help) => finding.help(help),
                            None => finding,
                        });
                    }
                    continue;
                }
            };
            if let Some((severity, wrong)) = not_json(catalog, part, &rendered, &stage) {
                let message = format!(
                    "{} is not JSON when rendered for {}: {}: {}",
                    part.name(),
                    stage.label,
                    wrong.cause,
                    excerpt(&wrong.text)
                );
                let finding = Diagnostic::error("not-json", &key, message)
                    .at(place(part, text, &wrong))
                    .help("put texts in with {{… | toJson}}, which quotes them");
                found.push(Diagnostic {
                    severity,
                    ..finding
                });
            }
        }
    }
}

/// One text of a template.
struct Part<'n> {
    path: Vec<String>,
    node: &'n Node,
    template: Template,
}

impl Part<'_> {
    fn name(&self) -> String {
        self.path.join(".")
    }
}

/// All texts below a node that can be parsed; mistakes in them were told when the catalog was made.
fn collect<'n>(
    node: &'n Node,
    path: &mut Vec<String>,
    whole: &NotificationTemplate,
    parts: &mut Vec<Part<'n>>,
) {
    match &node.content {
        Content::Mapping(entries) => {
            for entry in entries {
                path.push(entry.key.to_text().unwrap_or_default().into_owned());
                collect(&entry.value, path, whole, parts);
                path.pop();
            }
        }
        Content::Sequence(items) => {
            for (index, item) in items.iter().enumerate() {
                path.push(index.to_string());
                collect(item, path, whole, parts);
                path.pop();
            }
        }
        Content::Scalar(scalar) => {
            let text = scalar.to_text();
            if !text.contains("{{") && json::wanted(path) == Wanted::Text {
                return;
            }
            if let Ok(template) = Template::parse(whole.language, &whole.name, &text) {
                parts.push(Part {
                    path: path.clone(),
                    node,
                    template,
                });
            }
        }
    }
}

/// What a template is rendered for.
struct Stage<'s> {
    roots: BTreeSet<String>,
    options: &'s LintOptions<'s>,
    label: String,
    /// The given object takes part.
    given: bool,
    /// All variables that are read are those of known kinds.
    known: bool,
    to: Destination,
}

impl<'s> Stage<'s> {
    fn of(
        template: &NotificationTemplate,
        parts: &[Part<'_>],
        options: &'s LintOptions<'s>,
    ) -> Self {
        let reads = parts.iter().flat_map(|part| part.template.reads());
        let roots: BTreeSet<String> = reads
            .filter_map(|read| read.path.into_iter().next())
            .filter(|name| !GIVEN.contains(&name.as_str()))
            .collect();
        let gotemplate = template.language == Language::Gotemplate;
        let subject = options.subject.as_ref();
        let given = subject.is_some_and(|subject| !gotemplate || roots.contains(subject.variable));
        let is_known = |name: &String| {
            sample::of(name).is_some() || subject.is_some_and(|subject| subject.variable == name)
        };
        let known = gotemplate && roots.iter().all(is_known);
        let label = match subject.filter(|_| given) {
            Some(subject) => subject.label(),
            None => match roots.iter().next() {
                Some(variable) => format!("a sample {variable}"),
                None => "any object".to_owned(),
            },
        };
        Self {
            roots,
            options,
            label,
            given,
            known,
            to: Destination::new("sample", "sample"),
        }
    }

    fn vars(&self) -> Vars<'_> {
        let mut vars = Vars::new();
        argo_host(&mut vars);
        for (name, object) in sample::all() {
            vars.json(name, object);
        }
        for name in &self.roots {
            if sample::of(name).is_none() {
                vars.json(name, sample::unknown());
            }
        }
        if let Some(subject) = &self.options.subject {
            vars.json(subject.variable, subject.object);
        }
        crate::service::add_destination(&mut vars, &self.to);
        vars
    }

    /// How bad it is that a part can't be rendered; `None` when the sample may be to blame.
    fn severity_of_failure(&self) -> Option<Severity> {
        match (self.given, self.known) {
            (_, false) => None,
            (true, true) => Some(Severity::Error),
            (false, true) => Some(Severity::Warning),
        }
    }
}

/// What is wrong with the rendered text of a part that must be JSON, and how bad that is.
fn not_json(
    catalog: &Catalog,
    part: &Part<'_>,
    rendered: &str,
    stage: &Stage<'_>,
) -> Option<(Severity, NotJson)> {
    let parsed = match json::wanted(&part.path) {
        Wanted::Text => return None,
        Wanted::Json => true,
        Wanted::Body => is_json_webhook(catalog, part.path.get(1)?),
    };
    if !parsed && !json::looks_like_json(rendered) {
        return None;
    }
    let wrong = json::read(rendered).err()?;
    let gap = GAPS.iter().any(|gap| rendered.contains(gap));
    if gap && !stage.given {
        return None;
    }
    let certain = parsed && (stage.known || part.template.is_constant());
    let severity = if certain {
        Severity::Error
    } else {
        Severity::Warning
    };
    Some((severity, wrong))
}

/// Whether the webhook says that it sends JSON.
fn is_json_webhook(catalog: &Catalog, name: &str) -> bool {
    let Some(entry) = catalog.services.get(name) else {
        return false;
    };
    let to = Destination::new(name, "");
    let requests = entry.service.prepare(&Notification::default(), &to);
    requests.unwrap_or_default().iter().any(|request| {
        let content_type = request.header("Content-Type").unwrap_or_default();
        content_type.to_ascii_lowercase().contains("json")
    })
}

/// The place of the mistake in the template's text, where the line that it is in was not changed by
/// rendering; else where the part begins.
fn place(part: &Part<'_>, text: &str, wrong: &NotJson) -> Position {
    let source = part.template.source();
    let same = |(_, line): &(usize, &str)| line.trim_end() == wrong.text.trim_end();
    let mut lines = source.lines().enumerate().filter(same);
    let (line, column) = match (lines.next(), lines.next()) {
        (Some((index, _)), None) if !wrong.text.trim().is_empty() => (index + 1, wrong.column),
        _ if part.template.is_constant() => (wrong.line, wrong.column),
        _ => (1, 1),
    };
    part.node.position_at(text, offset(source, line, column))
}

/// The byte at a line and a column (in characters), both from 1.
fn offset(source: &str, line: usize, column: usize) -> usize {
    let start: usize = source
        .split_inclusive('\n')
        .take(line.saturating_sub(1))
        .map(str::len)
        .sum();
    let rest = source.get(start..).unwrap_or_default();
    let within = rest
        .char_indices()
        .nth(column.saturating_sub(1))
        .map_or(rest.len(), |(at, _)| at);
    start + within
}

/// A line of rendered text, fit for a message.
fn excerpt(line: &str) -> String {
    let line = line.trim();
    let mut shown: String = line
        .chars()
        .take(EXCERPT)
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .collect();
    if line.chars().nth(EXCERPT).is_some() {
        shown.push('\u{2026}');
    }
    shown
}
