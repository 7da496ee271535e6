//! Notification templates: a `template.<name>` of the ConfigMap, compiled, and their rendering.

use super::registry;
use super::{Notification, console};
use crate::domain::{Position, nearest};
use crate::template::{Language, Template, TemplateError, Vars};
use crate::yaml::{self, Node};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt::Debug;
use std::sync::Arc;

/// A compiled notification template: the message, and the sections for service types.
#[derive(Debug)]
pub struct NotificationTemplate {
    /// Its name, without `template.`.
    pub name: String,
    /// The language that all its texts are written in.
    pub language: Language,
    /// The text that every service can send.
    pub message: Option<Template>,
    sections: Vec<Box<dyn Section>>,
    unrendered: Notification,
}

/// The part of a template that one service type understands; each service's file has its own.
pub(super) trait Section: Send + Sync + Debug {
    /// The type that it is for.
    fn service_type(&self) -> &'static str;

    /// Renders it into the notification, by the merge rules of the type: earlier templates of the
    /// same delivery may have filled it already.
    fn render(&self, rendering: &Rendering<'_>, into: &mut Notification)
    -> Result<(), RenderError>;
}

/// Something wrong with a template, and where.
#[derive(Clone, Debug)]
pub struct SectionError {
    /// Which part: `message`, `webhook.ci.body`.
    pub path: String,
    /// What is wrong, in Go's words where it has some.
    pub message: String,
    /// What to do, where there is something to say.
    pub help: Option<String>,
    /// The place in the YAML text of the value that is wrong.
    pub position: Option<Position>,
    /// The text with the mistake, and the byte offset in it.
    inner: Option<(Node, usize)>,
}

impl SectionError {
    /// The place in the YAML text, as exact as it can be told: within a template's text, not only
    /// where that text begins. `source` is the YAML text.
    pub fn locate(&self, source: &str) -> Option<Position> {
        match &self.inner {
            Some((node, offset)) => Some(node.position_at(source, *offset)),
            None => self.position,
        }
    }
}

/// A template that could not be rendered for an object.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct RenderError {
    /// The template's name.
    pub template: String,
    /// Which part: `message`, `webhook.ci.body`.
    pub path: String,
    /// What is wrong, in Go's words where it has some.
    pub message: String,
    /// The line in that part's text, from 1; 0 when unknown.
    pub line: usize,
    /// The column in that line, in characters, from 1; 0 when unknown.
    pub column: usize,
    /// What to do, where there is something to say.
    pub help: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename = "services.Notification")]
struct Head {
    message: String,
    engine: String,
}

impl NotificationTemplate {
    /// Compiles the YAML of a template. Beside it come warnings: keys that no service type knows
    /// are left out, as the original does silently.
    ///
    /// # Errors
    /// All mistakes that were found, not only the first: a value of the wrong type, a text that is
    /// no template.
    pub fn compile(
        name: &str,
        node: &Node,
    ) -> Result<(Self, Vec<SectionError>), Vec<SectionError>> {
        let head: Head = yaml::decode(node).map_err(|error| vec![SectionError::of(error, "")])?;
        let mut compiler = Compiler {
            name,
            language: Language::default(),
            errors: Vec::new(),
        };
        if !head.engine.is_empty() {
            match head.engine.parse() {
                Ok(language) => compiler.language = language,
                Err(message) => compiler.error("engine", node.get("engine"), message),
            }
        }
        let message = match node.get("message") {
            Some(text) => compiler.text("message", &head.message, Some(text)),
            None => None,
        };
        let mut unrendered = Notification {
            message: head.message,
            ..Notification::default()
        };
        let mut sections = Vec::new();
        for service_type in registry::TYPES {
            let Some(compile) = service_type.section else {
                continue;
            };
            if let Some(part) = node.get(service_type.name) {
                sections.extend(compile(part, &mut compiler, &mut unrendered));
            }
        }
        if !compiler.errors.is_empty() {
            return Err(compiler.errors);
        }
        let template = Self {
            name: name.to_owned(),
            language: compiler.language,
            message,
            sections,
            unrendered,
        };
        Ok((template, unknown_keys(node)))
    }

    /// The texts before rendering, in the shape of a notification: what `template get` lists.
    pub fn unrendered(&self) -> &Notification {
        &self.unrendered
    }

    /// The service types that it has a section for.
    pub fn sections(&self) -> impl Iterator<Item = &'static str> + '_ {
        self.sections.iter().map(|section| section.service_type())
    }
}

/// Renders the templates, in order, into one notification for a destination of this service type
/// and name: the message, and the section of that type only, so that a mistake in the section for
/// another service stops nothing. The console shows all sections. Without templates the
/// notification is empty; it is sent all the same, as in the original.
///
/// `vars` has the host's variables and those of [`add_destination`].
///
/// # Errors
/// The first part that cannot be rendered; nothing is to be sent then.
pub fn render(
    templates: &[Arc<NotificationTemplate>],
    vars: &Vars<'_>,
    service_type: &str,
    service_name: &str,
) -> Result<Notification, RenderError> {
    let everything = service_type == console::TYPE;
    let mut notification = Notification::default();
    for template in templates {
        let rendering = Rendering {
            template: &template.name,
            vars,
            service_name: (!everything).then_some(service_name),
        };
        if let Some(message) = &template.message {
            let text = rendering.text("message", message)?;
            if !text.is_empty() {
                notification.message = text;
            }
        }
        for section in &template.sections {
            if everything || section.service_type() == service_type {
                section.render(&rendering, &mut notification)?;
            }
        }
    }
    Ok(notification)
}

/// Adds the variables that every template has beside the host's: `.serviceType`, which is the
/// service's *name*, and `.recipient`.
pub fn add_destination<'v>(vars: &mut Vars<'v>, to: &'v crate::domain::Destination) {
    vars.text("serviceType", &to.service);
    vars.text("recipient", &to.recipient);
}

/// One rendering of one template, for the sections.
pub(super) struct Rendering<'r> {
    template: &'r str,
    vars: &'r Vars<'r>,
    /// The destination's service; `None` when the parts for all services are wanted.
    pub(super) service_name: Option<&'r str>,
}

impl Rendering<'_> {
    /// The name of the template that is rendered.
    pub(super) fn template_name(&self) -> &str {
        self.template
    }

    /// The error of a part that was rendered but cannot be used.
    pub(super) fn refuse(&self, path: &str, message: String, help: &str) -> RenderError {
        RenderError {
            template: self.template.to_owned(),
            path: path.to_owned(),
            message,
            line: 0,
            column: 0,
            help: Some(help.to_owned()),
        }
    }

    /// The text of one part.
    pub(super) fn text(&self, path: &str, template: &Template) -> Result<String, RenderError> {
        template.render(self.vars).map_err(|error| RenderError {
            template: self.template.to_owned(),
            path: path.to_owned(),
            message: error.message,
            line: error.line,
            column: error.column,
            help: error.help,
        })
    }
}

/// What a section's compilation needs, and where it leaves its mistakes.
pub(super) struct Compiler<'c> {
    name: &'c str,
    language: Language,
    errors: Vec<SectionError>,
}

impl Compiler<'_> {
    /// Decodes a section into its type; a mistake is recorded.
    pub(super) fn decode<T: DeserializeOwned>(&mut self, path: &str, node: &Node) -> Option<T> {
        match yaml::decode(node) {
            Ok(decoded) => Some(decoded),
            Err(error) => {
                self.errors.push(SectionError::of(error, path));
                None
            }
        }
    }

    /// Parses one text; a mistake is recorded. `node` is where the text stands.
    pub(super) fn text(&mut self, path: &str, text: &str, node: Option<&Node>) -> Option<Template> {
        match Template::parse(self.language, self.name, text) {
            Ok(template) => Some(template),
            Err(error) => {
                let offset = offset_of(text, &error);
                self.errors.push(SectionError {
                    path: path.to_owned(),
                    message: error.message,
                    help: error.help,
                    position: node.map(|node| node.position),
                    inner: node.cloned().zip(offset),
                });
                None
            }
        }
    }

    /// Parses a text of our own, which stands in for one that the section leaves out: a Go
    /// template, whatever language the section is written in.
    pub(super) fn preset(&mut self, path: &str, text: &str) -> Option<Template> {
        match Template::parse(Language::Gotemplate, self.name, text) {
            Ok(template) => Some(template),
            Err(error) => {
                self.error(path, None, error.message);
                None
            }
        }
    }

    fn error(&mut self, path: &str, node: Option<&Node>, message: String) {
        self.errors.push(SectionError {
            path: path.to_owned(),
            message,
            help: None,
            position: node.map(|node| node.position),
            inner: None,
        });
    }
}

impl SectionError {
    fn of(error: yaml::Error, path: &str) -> Self {
        let path = match (path, error.path.as_str()) {
            ("", inner) => inner.to_owned(),
            (outer, "") => outer.to_owned(),
            (outer, inner) => format!("{outer}.{inner}"),
        };
        Self {
            path,
            message: error.original(),
            help: None,
            position: error.position,
            inner: None,
        }
    }
}

/// The members of a map by exactly their keys, for their places in the text. Of several with one
/// key the last counts, and what is merged in only where nothing else has its key.
pub(super) fn entries(node: &Node) -> HashMap<Cow<'_, str>, &Node> {
    let mut found = HashMap::new();
    let all = node.as_mapping().unwrap_or_default();
    for merged in [true, false] {
        for entry in all.iter().filter(|entry| entry.merged == merged) {
            if let Some(key) = entry.key.to_text() {
                found.insert(key, &entry.value);
            }
        }
    }
    found
}

fn offset_of(text: &str, error: &TemplateError) -> Option<usize> {
    let line = error.line.checked_sub(1)?;
    let start: usize = text.split_inclusive('\n').take(line).map(str::len).sum();
    let in_line = text[start..]
        .char_indices()
        .nth(error.column.saturating_sub(1));
    Some(in_line.map_or(start, |(at, _)| start + at))
}

fn unknown_keys(node: &Node) -> Vec<SectionError> {
    let sections = registry::TYPES.iter().filter(|t| t.section.is_some());
    let known: Vec<&str> = ["message", "engine"]
        .into_iter()
        .chain(sections.map(|t| t.name))
        .collect();
    let is_known = |key: &str| known.iter().any(|name| key.eq_ignore_ascii_case(name));
    let advice = |key: &str| {
        if registry::LEFT_OUT.contains(&key) {
            return format!("services of the type {key} were left out of this build");
        }
        if registry::TYPES
            .iter()
            .any(|t| key.eq_ignore_ascii_case(t.name))
        {
            return format!("services of the type {key} send the message alone");
        }
        match nearest(key, known.iter().copied()) {
            Some(near) => format!("did you mean '{near}'?"),
            None => format!("known are: {}", known.join(", ")),
        }
    };
    let entries = node.as_mapping().unwrap_or_default();
    let keys = entries
        .iter()
        .filter_map(|entry| Some((entry.key.to_text()?, &entry.key)));
    keys.filter(|(key, _)| !is_known(key))
        .map(|(key, node)| SectionError {
            path: key.to_string(),
            message: format!("'{key}' is not a section that this version knows; it is left out"),
            help: Some(advice(&key)),
            position: Some(node.position),
            inner: None,
        })
        .collect()
}
