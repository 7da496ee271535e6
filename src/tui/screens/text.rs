//! A text to read: an object as YAML, or a key of the ConfigMap with what is wrong with it.

use crate::domain::{DeliveryId, Diagnostic, ResourceKey, Severity};
use crate::tui::layout;
use crate::tui::message::RequestId;
use crate::tui::model::Model;
use crate::tui::widgets::text_view::{TextView, Tone};
use crate::tui::widgets::{cells, frame};
use ratatui::buffer::Buffer;
use std::sync::Arc;

/// What is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TextOf {
    /// An object.
    Object(ResourceKey),
    /// A key of the ConfigMap.
    Key(String),
    /// What the templates of a delivery see.
    Variables(DeliveryId),
}

/// State of the screen.
#[derive(Clone, Debug)]
pub struct TextScreen {
    /// What is shown.
    pub of: TextOf,
    /// The text.
    pub view: TextView,
    /// The request that will bring it.
    pub awaited: Option<RequestId>,
    /// Why there is none.
    pub problem: Option<String>,
    /// What copying gives.
    pub source: Arc<str>,
}

impl TextScreen {
    /// An object that was asked for.
    pub fn object(key: ResourceKey, request: RequestId) -> Self {
        Self {
            of: TextOf::Object(key),
            view: TextView::default(),
            awaited: Some(request),
            problem: None,
            source: "".into(),
        }
    }

    /// The variables of a delivery that were asked for.
    pub fn variables(id: DeliveryId, request: RequestId) -> Self {
        Self {
            of: TextOf::Variables(id),
            view: TextView::default(),
            awaited: Some(request),
            problem: None,
            source: "".into(),
        }
    }

    /// A key with its findings above the text.
    pub fn key(key: &str, value: &str, diagnostics: &[Diagnostic]) -> Self {
        let mut lines: Vec<(Tone, String)> = Vec::new();
        for diagnostic in diagnostics {
            let tone = match diagnostic.severity {
                Severity::Info => Tone::Plain,
                Severity::Warning => Tone::Warn,
                Severity::Error => Tone::Bad,
            };
            let place = diagnostic
                .position
                .map_or_else(String::new, |position| format!(" {position}"));
            lines.push((
                tone,
                format!("{}{place}: {}", diagnostic.severity, diagnostic.message),
            ));
            if let Some(help) = &diagnostic.help {
                lines.push((Tone::Plain, format!("    {help}")));
            }
        }
        if !lines.is_empty() {
            lines.push((Tone::Plain, String::new()));
        }
        let numbered = value.lines().enumerate().map(|(index, line)| {
            let number = u32::try_from(index + 1).unwrap_or(u32::MAX);
            let found = diagnostics
                .iter()
                .any(|d| d.position.is_some_and(|p| p.line == number));
            let tone = if found { Tone::Warn } else { Tone::Plain };
            (tone, format!("{number:>4} {line}"))
        });
        lines.extend(numbered);
        Self {
            of: TextOf::Key(key.to_owned()),
            view: TextView::toned(lines),
            awaited: None,
            problem: None,
            source: value.into(),
        }
    }

    /// The object has come, or not.
    pub fn arrived(&mut self, result: Result<Arc<str>, String>) {
        self.awaited = None;
        match result {
            Ok(yaml) => {
                self.source = Arc::clone(&yaml);
                self.view = TextView::new(yaml);
            }
            Err(problem) => self.problem = Some(problem),
        }
    }

    /// Its title.
    pub fn title(&self) -> String {
        match &self.of {
            TextOf::Object(key) => format!("{} {key}", key.kind.variable()),
            TextOf::Key(key) => key.clone(),
            TextOf::Variables(id) => format!("Template variables of delivery {id}"),
        }
    }
}

/// Draws the screen.
pub fn draw(model: &Model, screen: &TextScreen, buffer: &mut Buffer) {
    let shape = layout::shape(model.width, model.height);
    let body = layout::areas(model.width, model.height, model.overview.pane, true).body;
    let rows = layout::text_rows(model.width, model.height);
    let facts = screen.view.place(rows);
    let inside = frame::draw(
        buffer,
        &model.look,
        shape,
        body,
        &screen.title(),
        &facts,
        true,
    );
    let theme = &model.look.theme;
    if let Some(problem) = &screen.problem {
        cells::put(buffer, inside.x, inside.y, inside.width, problem, theme.bad);
    } else if screen.awaited.is_some() {
        cells::put(
            buffer,
            inside.x,
            inside.y,
            inside.width,
            "fetching the object ...",
            theme.dim,
        );
    } else {
        screen.view.draw(buffer, &model.look, inside);
    }
}
