//! One delivery: request, response and every try.

use crate::domain::{Attempt, Delivery, DeliveryId};
use crate::history::DeliveryDetail;
use crate::tui::clock;
use crate::tui::layout;
use crate::tui::model::Model;
use crate::tui::screens::request_text::{self, Form};
use crate::tui::text;
use crate::tui::theme::Mark;
use crate::tui::widgets::text_view::{TextView, Tone};
use crate::tui::widgets::{cells, frame};
use jiff::tz::TimeZone;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use std::sync::Arc;

/// The two texts of the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// What was sent.
    Request,
    /// What came of it.
    Outcome,
}

/// State of the screen.
#[derive(Clone, Debug)]
pub struct DeliveryScreen {
    /// Which delivery.
    pub id: DeliveryId,
    /// Its row.
    pub row: Arc<Delivery>,
    /// Everything about it; `None` while it is read.
    detail: Option<DeliveryDetail>,
    /// Why it can't be read.
    pub problem: Option<String>,
    /// The text with the focus.
    pub side: Side,
    /// How the request is shown.
    pub form: Form,
    request: TextView,
    outcome: TextView,
}

impl DeliveryScreen {
    /// The screen of a row whose details are being read (`stored`) or are not kept.
    pub fn new(row: Arc<Delivery>, stored: bool, now_ms: i64, zone: &TimeZone) -> Self {
        let mut screen = Self {
            id: row.new.id,
            row,
            detail: None,
            problem: (!stored).then(|| "the history is not available".to_owned()),
            side: Side::Request,
            form: Form::default(),
            request: TextView::default(),
            outcome: TextView::default(),
        };
        screen.rebuild(now_ms, zone);
        screen
    }

    /// The details have come.
    pub fn arrived(
        &mut self,
        detail: Result<Option<DeliveryDetail>, String>,
        now_ms: i64,
        zone: &TimeZone,
    ) {
        match detail {
            Ok(Some(detail)) => {
                self.row = Arc::new(detail.delivery.clone());
                self.detail = Some(detail);
                self.problem = None;
            }
            Ok(None) => self.problem = Some("this delivery is no longer in the history".to_owned()),
            Err(problem) => self.problem = Some(problem),
        }
        self.rebuild(now_ms, zone);
    }

    /// The row has changed.
    pub fn changed(&mut self, row: &Arc<Delivery>, now_ms: i64, zone: &TimeZone) {
        self.row = Arc::clone(row);
        self.rebuild(now_ms, zone);
    }

    fn rebuild(&mut self, now_ms: i64, zone: &TimeZone) {
        let detail = self.detail.as_ref();
        let request = match detail.map(|detail| detail.request.as_str()) {
            Some("") => TextView::toned([(Tone::Dim, "no request is recorded".to_owned())]),
            Some(request) => TextView::new(request_text::shown(request, self.form).into()),
            None => {
                let text = self
                    .problem
                    .clone()
                    .unwrap_or_else(|| "reading ...".to_owned());
                TextView::toned([(Tone::Dim, text)])
            }
        };
        self.request = self.request.renewed(request);
        let outcome = outcome_lines(&self.row, detail, now_ms, zone);
        self.outcome = self.outcome.renewed(TextView::toned(outcome));
    }

    /// The text with the focus.
    pub fn view(&self) -> &TextView {
        match self.side {
            Side::Request => &self.request,
            Side::Outcome => &self.outcome,
        }
    }

    /// The text with the focus.
    pub fn view_mut(&mut self) -> &mut TextView {
        match self.side {
            Side::Request => &mut self.request,
            Side::Outcome => &mut self.outcome,
        }
    }

    /// Shows the request in the next form.
    pub fn next_form(&mut self, now_ms: i64, zone: &TimeZone) {
        self.form = self.form.next();
        self.side = Side::Request;
        self.rebuild(now_ms, zone);
    }

    /// Shows the same side and form as the screen before.
    pub fn keep_form(&mut self, before: &Self, now_ms: i64, zone: &TimeZone) {
        self.side = before.side;
        self.form = before.form;
        self.rebuild(now_ms, zone);
    }

    /// Gives the focus to the other text.
    pub fn switch(&mut self) {
        self.side = match self.side {
            Side::Request => Side::Outcome,
            Side::Outcome => Side::Request,
        };
    }
}

/// What a delivery is about, in one line.
pub fn summary(delivery: &Delivery) -> String {
    let new = &delivery.new;
    let kind = new.kind.to_lowercase();
    if new.trigger.is_empty() {
        return format!("{kind} {}", delivery.resource());
    }
    let to = new.destination.label();
    format!("{} -> {to}  {kind} {}", new.trigger, delivery.resource())
}

/// What became of a delivery, in one line.
pub fn outcome_text(row: &Delivery, now_ms: i64, zone: &TimeZone) -> String {
    let mut text = row.state.to_string();
    if let Some(status) = row.status {
        text.push_str(&format!(" {status}"));
    }
    if let Some(took) = row.took_ms {
        text.push_str(&format!(" {}", clock::took(took)));
    }
    if row.attempts > 1 {
        text.push_str(&format!(", {}x", row.attempts));
    }
    if let Some(next) = row.next_ms {
        text.push_str(&format!(", next {}", clock::time(next, now_ms, zone)));
    }
    for note in [&row.error, &row.detail] {
        if !note.is_empty() {
            text.push_str(&format!(", {note}"));
        }
    }
    text
}

/// The tries with the waits between them.
fn attempt_lines(attempts: &[Attempt], now_ms: i64, zone: &TimeZone) -> Vec<(Tone, String)> {
    let count = text::plural(attempts.len() as u64, "try", "tries");
    let mut lines = vec![(Tone::Strong, count)];
    let mut ended_ms = None;
    for attempt in attempts {
        let status = attempt
            .status
            .map_or_else(|| "-".to_owned(), |code| code.to_string());
        let at = clock::time(attempt.started_ms, now_ms, zone);
        let took = clock::took(attempt.took_ms);
        let mut line = format!("{:>3}  {at}  {status:<4} took {took}", attempt.number);
        if let Some(ended_ms) = ended_ms {
            let waited = clock::took(attempt.started_ms.saturating_sub(ended_ms));
            line.push_str(&format!("  waited {waited}"));
        }
        if let Some(next) = attempt.next_ms {
            line.push_str(&format!("  next {}", clock::time(next, now_ms, zone)));
        }
        ended_ms = Some(attempt.started_ms.saturating_add(attempt.took_ms));
        let tone = if attempt.error.is_empty() {
            Tone::Good
        } else {
            Tone::Bad
        };
        lines.push((tone, line));
        if !attempt.error.is_empty() {
            lines.push((Tone::Plain, format!("     {}", attempt.error)));
        }
    }
    lines
}

fn outcome_lines(
    row: &Delivery,
    detail: Option<&DeliveryDetail>,
    now_ms: i64,
    zone: &TimeZone,
) -> Vec<(Tone, String)> {
    let mark = Mark::from(row.state);
    let tone = match mark {
        Mark::Sent => Tone::Good,
        Mark::Failed => Tone::Bad,
        Mark::Waiting | Mark::Unknown => Tone::Warn,
        _ => Tone::Plain,
    };
    let mut lines = vec![(tone, format!("{} {}", mark.glyph(), row.state))];
    let mut fact = |name: &str, value: String| {
        if !value.is_empty() {
            lines.push((Tone::Plain, format!("{name:<12} {value}")));
        }
    };
    fact("decided", clock::full(row.new.created_ms, zone));
    fact("cause", row.new.cause.word().to_owned());
    fact("by", row.new.actor.clone());
    fact(
        "status",
        row.status
            .map_or_else(String::new, |status| status.to_string()),
    );
    fact("took", row.took_ms.map_or_else(String::new, clock::took));
    fact("error", row.error.clone());
    fact("detail", row.detail.clone());
    let next = row.next_ms.map(|at| clock::time(at, now_ms, zone));
    fact("next try", next.unwrap_or_default());
    fact(
        "dedup patch",
        match row.patched_ms {
            Some(at) => format!("written {}", clock::time(at, now_ms, zone)),
            None => "not written".to_owned(),
        },
    );
    if row.possibly_repeated {
        fact(
            "note",
            "an earlier try may have arrived: possibly repeated".to_owned(),
        );
    }
    fact("templates", row.new.templates.join(", "));
    fact("once per", row.new.once_per.clone());
    fact("condition", row.new.condition.clone());
    fact("state key", row.new.state_key.clone());
    fact(
        "resource",
        format!("{} rv {}", row.resource(), row.new.resource_version),
    );
    fact("config", row.new.config_namespace.clone());
    if let Some(detail) = detail {
        lines.push((Tone::Plain, String::new()));
        lines.extend(attempt_lines(&detail.attempts, now_ms, zone));
        if !detail.response.is_empty() {
            lines.push((Tone::Plain, String::new()));
            lines.push((Tone::Strong, "response".to_owned()));
            let response = request_text::laid_out(&detail.response);
            let response = response.unwrap_or_else(|| detail.response.clone());
            lines.push((Tone::Plain, response));
        }
    }
    lines
}

/// Where the two texts are.
fn areas(model: &Model, side: Side) -> [(Side, Rect); 2] {
    let sides = [Side::Request, Side::Outcome];
    layout::side_by_side(model.width, model.height, sides, side)
}

/// Draws the screen.
pub fn draw(model: &Model, screen: &DeliveryScreen, buffer: &mut Buffer) {
    let shape = layout::shape(model.width, model.height);
    let rows = layout::text_rows(model.width, model.height);
    for (side, area) in areas(model, screen.side) {
        if area.is_empty() {
            continue;
        }
        let (title, view) = match side {
            Side::Request => (format!("Request ({})", screen.form.word()), &screen.request),
            Side::Outcome => ("Outcome".to_owned(), &screen.outcome),
        };
        let facts = if screen.side == side {
            view.place(rows)
        } else {
            String::new()
        };
        let focused = screen.side == side;
        let inside = frame::draw(buffer, &model.look, shape, area, &title, &facts, focused);
        view.draw(buffer, &model.look, inside);
        if let (Side::Outcome, Some(problem)) = (side, &screen.problem)
            && inside.height > 0
        {
            let y = inside.bottom() - 1;
            cells::put(
                buffer,
                inside.x,
                y,
                inside.width,
                problem,
                model.look.theme.warn,
            );
        }
    }
}
