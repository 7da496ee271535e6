//! A template rendered for one resource: what each service would get, and the exact request. The
//! engine renders; nothing is sent.

use crate::domain::{Destination, Diagnostic, ResourceKey, Severity};
use crate::engine::{RenderProblem, RenderedPart, Rendering};
use crate::tui::layout;
use crate::tui::message::RequestId;
use crate::tui::model::Model;
use crate::tui::screens::blast::Changes;
use crate::tui::screens::request_text::{self, Form};
use crate::tui::widgets::text_view::{TextView, Tone};
use crate::tui::widgets::{cells, frame};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use std::sync::Arc;

/// The text with the focus.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The notification, as its reader gets it.
    Notification,
    /// The request.
    Request,
}

/// State of the screen.
pub struct PreviewScreen {
    /// The template.
    pub template: String,
    /// For which resource; `None` until one is chosen.
    pub resource: Option<ResourceKey>,
    /// Keys that are taken as they are in a draft.
    pub changes: Changes,
    /// What was rendered.
    pub rendering: Option<Arc<Rendering>>,
    /// Why nothing was.
    pub problem: Option<String>,
    /// The request that will bring it.
    pub awaited: Option<RequestId>,
    /// The text with the focus.
    pub side: Side,
    /// How the request is shown.
    pub form: Form,
    /// The destination that is shown; the first one there is until one is chosen.
    chosen: Option<Destination>,
    notification: TextView,
    request: TextView,
}

impl PreviewScreen {
    /// A screen that has still to ask.
    pub fn new(template: String, resource: Option<ResourceKey>, changes: Changes) -> Self {
        Self {
            template,
            resource,
            changes,
            rendering: None,
            problem: None,
            awaited: None,
            side: Side::Notification,
            form: Form::default(),
            chosen: None,
            notification: TextView::default(),
            request: TextView::default(),
        }
    }

    /// The engine has rendered, or not.
    pub fn arrived(&mut self, result: Result<Arc<Rendering>, String>) {
        self.awaited = None;
        match result {
            Ok(rendering) => {
                self.rendering = Some(rendering);
                self.problem = None;
            }
            Err(problem) => {
                self.rendering = None;
                self.problem = Some(problem);
            }
        }
        self.rebuild();
    }

    /// What is shown, with its place.
    pub fn part(&self) -> Option<(usize, &RenderedPart)> {
        let parts = &self.rendering.as_ref()?.parts;
        let chosen = self.chosen.as_ref();
        let place = parts
            .iter()
            .position(|part| Some(&part.destination) == chosen);
        let place = place.unwrap_or(0);
        Some((place, parts.get(place)?))
    }

    /// Shows the next destination, or the one before.
    pub fn next_part(&mut self, forward: bool) {
        let Some(rendering) = &self.rendering else {
            return;
        };
        let all = rendering.parts.len();
        let Some((place, _)) = self.part() else {
            return;
        };
        let next = (place + if forward { 1 } else { all - 1 }) % all;
        self.chosen = rendering
            .parts
            .get(next)
            .map(|part| part.destination.clone());
        self.rebuild();
    }

    /// Shows the request in the next form.
    pub fn next_form(&mut self) {
        self.form = self.form.next();
        self.side = Side::Request;
        self.rebuild();
    }

    /// Gives the focus to the other text.
    pub fn switch(&mut self) {
        self.side = match self.side {
            Side::Notification => Side::Request,
            Side::Request => Side::Notification,
        };
    }

    /// One of the texts.
    pub fn text_mut(&mut self, side: Side) -> &mut TextView {
        match side {
            Side::Notification => &mut self.notification,
            Side::Request => &mut self.request,
        }
    }

    /// The text with the focus.
    pub fn view(&self) -> &TextView {
        match self.side {
            Side::Notification => &self.notification,
            Side::Request => &self.request,
        }
    }

    /// The text with the focus.
    pub fn view_mut(&mut self) -> &mut TextView {
        self.text_mut(self.side)
    }

    fn rebuild(&mut self) {
        let form = self.form;
        let (notification, request) = match self.part().map(|(_, part)| &part.result) {
            Some(Ok(rendered)) => {
                let findings = self.rendering.iter().flat_map(|r| &r.findings);
                let mut lines: Vec<(Tone, String)> = findings.map(finding).collect();
                let text = rendered.notification.lines();
                lines.extend(text.map(|line| (Tone::Plain, line.to_owned())));
                let request = request_text::shown(&rendered.request, form);
                (TextView::toned(lines), TextView::new(request.into()))
            }
            Some(Err(problem)) => (TextView::toned(failure(problem)), TextView::default()),
            None => {
                let lines = match (&self.problem, &self.resource) {
                    (Some(problem), _) => vec![(Tone::Bad, problem.clone())],
                    (None, None) => vec![(Tone::Warn, "choose a resource".to_owned())],
                    (None, Some(_)) if self.rendering.is_some() => {
                        vec![(Tone::Warn, "no service is configured".to_owned())]
                    }
                    (None, Some(_)) => vec![(Tone::Dim, "rendering ...".to_owned())],
                };
                (TextView::toned(lines), TextView::default())
            }
        };
        self.notification = self.notification.renewed(notification);
        self.request = self.request.renewed(request);
    }

    /// Something about it has changed: it is to be rendered anew.
    pub fn renew(&mut self, request: Option<RequestId>) {
        self.awaited = request;
        self.problem = None;
        if request.is_none() {
            self.rendering = None;
        }
        self.rebuild();
    }
}

fn finding(finding: &Diagnostic) -> (Tone, String) {
    let tone = match finding.severity {
        Severity::Error => Tone::Bad,
        Severity::Warning => Tone::Warn,
        Severity::Info => Tone::Plain,
    };
    (tone, finding.to_string())
}

fn failure(problem: &RenderProblem) -> Vec<(Tone, String)> {
    let mut lines = Vec::new();
    if !problem.path.is_empty() {
        let place = match problem.position {
            Some(position) => format!("{} {position}", problem.path),
            None => problem.path.clone(),
        };
        lines.push((Tone::Strong, format!("in {place}")));
    }
    lines.push((Tone::Bad, problem.message.clone()));
    if !problem.help.is_empty() {
        lines.push((Tone::Plain, problem.help.clone()));
    }
    lines
}

/// Its title.
pub fn title(screen: &PreviewScreen) -> String {
    let resource = screen.resource.as_ref();
    let resource = resource.map_or_else(|| "-".to_owned(), ResourceKey::qualified);
    let draft = if screen.changes.is_empty() {
        ""
    } else {
        " (draft)"
    };
    format!("template {}{draft} for {resource}", screen.template)
}

/// The text at a cell of the screen, and whether the cell is in its title.
pub fn text_at(model: &Model, screen: &PreviewScreen, at: Position) -> Option<(Side, bool)> {
    let shape = layout::shape(model.width, model.height);
    let areas = areas(model, screen.side);
    let (side, area) = areas.into_iter().find(|(_, area)| area.contains(at))?;
    let on_title = at.y == area.y && layout::inside(shape, area) != area;
    Some((side, on_title))
}

/// Where the two texts are.
fn areas(model: &Model, side: Side) -> [(Side, Rect); 2] {
    let sides = [Side::Notification, Side::Request];
    layout::side_by_side(model.width, model.height, sides, side)
}

/// Draws the screen.
pub fn draw(model: &Model, screen: &PreviewScreen, buffer: &mut Buffer) {
    let shape = layout::shape(model.width, model.height);
    let rows = layout::text_rows(model.width, model.height);
    let part = screen.part();
    let all = screen.rendering.as_ref().map_or(0, |r| r.parts.len());
    for (side, area) in areas(model, screen.side) {
        if area.is_empty() {
            continue;
        }
        let (title, view) = match side {
            Side::Notification => {
                let title = part.map_or_else(
                    || "Notification".to_owned(),
                    |(place, part)| {
                        let to = part.destination.label();
                        let example = if part.subscribed {
                            ""
                        } else {
                            ", not subscribed"
                        };
                        let (number, kind) = (place + 1, &part.service_type);
                        format!("{to} ({kind}{example}) {number}/{all}")
                    },
                );
                (title, &screen.notification)
            }
            Side::Request => (
                format!("Request ({}), not sent", screen.form.word()),
                &screen.request,
            ),
        };
        let focused = screen.side == side;
        let facts = if focused {
            view.place(rows)
        } else {
            String::new()
        };
        let inside = frame::draw(buffer, &model.look, shape, area, &title, &facts, focused);
        view.draw(buffer, &model.look, inside);
        if screen.awaited.is_some() && side == Side::Notification && inside.height > 0 {
            let y = inside.bottom() - 1;
            let style = model.look.theme.dim;
            cells::put(buffer, inside.x, y, inside.width, "rendering ...", style);
        }
    }
}
