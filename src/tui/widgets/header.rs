//! The first lines: which cluster, what the engine may do, how it is.

use super::cells;
use crate::catalog::KeyState;
use crate::domain::Mode;
use crate::engine::{EngineStatus, LeaseStatus};
use crate::tui::clock;
use crate::tui::layout::{self, Shape};
use crate::tui::model::{Model, Phase};
use crate::tui::screens::overview::Pane;
use crate::tui::text;
use crate::tui::theme::Look;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

/// The word for a context in which everything that writes or sends asks for the context's name.
const PROTECTED: &str = "[PROTECTED]";

/// The mode in words: `ACTIVE leader`, `OBSERVE`, `OBSERVE (wanted active)`.
pub fn mode_text(status: &EngineStatus) -> String {
    let mode = status.mode.to_string().to_uppercase();
    if status.wanted != status.mode {
        return format!("{mode} (wanted {})", status.wanted);
    }
    match &status.lease {
        LeaseStatus::Held { .. } => format!("{mode} leader"),
        LeaseStatus::Acquiring if status.mode == Mode::Active => format!("{mode} (lease asked)"),
        _ => mode,
    }
}

fn config_text(model: &Model, style: &mut Style) -> String {
    let theme = &model.look.theme;
    let Some(view) = &model.session.catalog else {
        *style = theme.dim;
        return "config ...".to_owned();
    };
    if !view.found {
        *style = theme.warn;
        return "config absent".to_owned();
    }
    let states = view.catalog.keys.values().map(|status| &status.state);
    let broken = states
        .filter(|state| matches!(state, KeyState::Broken | KeyState::LastGood { .. }))
        .count();
    let name = if is_wide(model) {
        format!("config rev {}", view.resource_version)
    } else {
        "config".to_owned()
    };
    if broken > 0 {
        *style = theme.bad;
        format!("{name} {broken} broken")
    } else {
        *style = theme.text;
        format!("{name} ok")
    }
}

/// Whether there is room for words that only explain.
fn is_wide(model: &Model) -> bool {
    layout::shape(model.width, model.height) == Shape::Four
}

/// The pieces of the first line, the most important first within their order.
fn pieces(model: &Model) -> Vec<(String, Style, u8)> {
    let theme = &model.look.theme;
    let session = &model.session;
    let mut pieces = Vec::new();
    pieces.push(("kubechime".to_owned(), theme.strong, 6));
    pieces.push((format!("ctx {}", model.context_name()), theme.text, 1));
    if session.protected {
        pieces.push((PROTECTED.to_owned(), theme.warn, 0));
    }
    if model.is_read_only() {
        pieces.push(("READ-ONLY".to_owned(), theme.warn, 0));
    }
    let namespaces = match model.overview.namespaces.as_slice() {
        [] => "all".to_owned(),
        names => names.join(","),
    };
    let style = if namespaces == "all" {
        theme.text
    } else {
        theme.warn
    };
    pieces.push((format!("ns {namespaces}"), style, 3));
    match (&session.phase, &session.status) {
        (Phase::Starting, _) => pieces.push(("starting".to_owned(), theme.warn, 0)),
        (Phase::Failed(_), _) => pieces.push(("NO ENGINE".to_owned(), theme.bad, 0)),
        (Phase::Running, None) => pieces.push(("connecting".to_owned(), theme.warn, 0)),
        (Phase::Running, Some(status)) => {
            let style = match status.mode {
                Mode::Active if status.wanted == status.mode => theme.good,
                _ => theme.warn,
            };
            pieces.push((mode_text(status), style, 0));
            if let Some(shard) = status.shard {
                pieces.push((format!("shard {shard}"), theme.warn, 1));
            }
            if !status.connected {
                pieces.push(("UNREACHABLE".to_owned(), theme.bad, 0));
            }
        }
    }
    if session.phase == Phase::Running {
        let mut style = theme.text;
        let config = config_text(model, &mut style);
        pieces.push((config, style, 2));
        let (live, all) = session.live_watches();
        let style = if live == all { theme.text } else { theme.warn };
        let name = if is_wide(model) { "watches " } else { "" };
        pieces.push((format!("{name}{live}/{all} live"), style, 4));
    }
    pieces.push((clock::wall(model.now_ms, &model.zone), theme.dim, 5));
    pieces
}

/// Draws the first line; the least important pieces give way first.
pub fn draw(model: &Model, area: Rect, buffer: &mut Buffer) {
    let mut pieces = pieces(model);
    let separator = model.look.separator();
    let need = |pieces: &[(String, Style, u8)]| -> usize {
        let texts = pieces
            .iter()
            .map(|(content, ..)| text::width(&text::clean(content)));
        texts.sum::<usize>() + 3 * pieces.len().saturating_sub(1) + 2
    };
    while pieces.len() > 1 && need(&pieces) > usize::from(area.width) {
        let rank = pieces.iter().map(|piece| piece.2).max().unwrap_or(0);
        if rank == 0 {
            break;
        }
        pieces.retain(|piece| piece.2 != rank);
    }
    let mut x = area.x + 1;
    for (index, (content, style, _)) in pieces.iter().enumerate() {
        if index > 0 {
            let room = area.right().saturating_sub(x);
            let gap = if content == PROTECTED { " " } else { separator };
            x += cells::put(buffer, x, area.y, room, gap, model.look.theme.dim);
        }
        x += cells::put(
            buffer,
            x,
            area.y,
            area.right().saturating_sub(x),
            content,
            *style,
        );
    }
}

/// The sparkline of the last minutes, as many as `cells`.
pub fn spark(model: &Model, cells: usize) -> String {
    let counts: Vec<u64> = model.session.spark.counts().rev().take(cells).collect();
    let counts: Vec<u64> = counts.into_iter().rev().collect();
    bars(&model.look, &counts)
}

/// A sparkline of counts, oldest first, a cell each.
pub fn bars(look: &Look, counts: &[u64]) -> String {
    let most = counts.iter().copied().max().unwrap_or(0).max(1);
    let bars = look.bars();
    let bar = |count: u64| {
        // The lowest bar is for nothing at all.
        let level = if count == 0 {
            0
        } else {
            1 + (count - 1).saturating_mul(6) / most
        };
        bars[usize::try_from(level).unwrap_or(7).min(7)]
    };
    counts.iter().map(|count| bar(*count)).collect()
}

/// Draws the line of numbers.
pub fn draw_counters(model: &Model, area: Rect, buffer: &mut Buffer) {
    let theme = &model.look.theme;
    let sums = &model.overview.resources.sums;
    let total = model.overview.resources.table.total() as u64;
    let counters = model.session.status.as_ref().map(|status| status.counters);
    let counters = counters.unwrap_or_default();
    let spark = spark(model, 20);
    let alarm = |count: u64| if count > 0 { theme.bad } else { theme.text };
    let pieces: [(&str, String, Style); 9] = [
        ("resources", text::count(total), theme.text),
        ("firing", text::count(sums.firing), theme.text),
        (
            "sent/min",
            format!("{spark} {}", model.session.spark.rate()),
            theme.good,
        ),
        ("sent", text::count(counters.sent), theme.text),
        ("already", text::count(counters.already_sent), theme.text),
        (
            "failed",
            text::count(counters.failed),
            alarm(counters.failed),
        ),
        ("eval err", text::count(sums.errors), alarm(sums.errors)),
        (
            "queue",
            text::count(counters.queue.saturating_add(counters.delivering)),
            theme.text,
        ),
        (
            "patch err",
            text::count(counters.patch_errors),
            alarm(counters.patch_errors),
        ),
    ];
    let mut x = area.x + 1;
    for (name, value, style) in pieces {
        let cells = text::width(name) + 1 + text::width(&value);
        if usize::from(x) + cells > usize::from(area.right()) {
            break;
        }
        x += cells::put(buffer, x, area.y, area.right() - x, name, theme.dim);
        x += 1;
        x += cells::put(
            buffer,
            x,
            area.y,
            area.right().saturating_sub(x),
            &value,
            style,
        );
        x += 2;
    }
}

/// Draws the tabs of a screen that shows one pane.
pub fn draw_tabs(model: &Model, area: Rect, buffer: &mut Buffer) {
    let theme = &model.look.theme;
    let mut x = area.x + 1;
    for pane in Pane::ALL {
        let count = match pane {
            Pane::Resources => text::count(model.overview.resources.table.total() as u64),
            Pane::Triggers => {
                let inspection = model.overview.triggers.inspection();
                let triggers = inspection.map_or(0, |inspection| inspection.triggers.len());
                text::count(triggers as u64)
            }
            Pane::History => super::super::screens::overview::history_count(model),
            Pane::Keys => text::count(model.overview.keys.totals().0 as u64),
        };
        let label = format!("{} {} {count}", pane.index() + 1, pane.title());
        let here = model.overview.pane == pane;
        let (label, style) = if here {
            (format!("[{label}]"), theme.focus)
        } else {
            (label, theme.text)
        };
        let room = area.right().saturating_sub(x);
        x += cells::put(buffer, x, area.y, room, &label, style) + 2;
    }
    let spark = format!("{} {}/m", spark(model, 8), model.session.spark.rate());
    let width = u16::try_from(text::width(&spark)).unwrap_or(0);
    if x.saturating_add(width).saturating_add(1) <= area.right() {
        cells::put(
            buffer,
            area.right() - width - 1,
            area.y,
            width,
            &spark,
            theme.good,
        );
    }
}

/// The first line where there is room for one list only: where one is, and whether all is well.
pub fn draw_small(model: &Model, area: Rect, buffer: &mut Buffer) {
    let theme = &model.look.theme;
    let pane = model.overview.pane;
    let count = match pane {
        Pane::Resources => model.overview.resources.table.len(),
        Pane::Triggers => model.overview.triggers.lines().len(),
        Pane::History => model.overview.history.len(),
        Pane::Keys => model.overview.keys.entries().len(),
    };
    let title = format!(
        "{} {} {}",
        pane.index() + 1,
        pane.title(),
        text::count(count as u64)
    );
    let area = draw_protected(model, area, text::width(&title) + 12, buffer);
    let used = cells::put(buffer, area.x, area.y, area.width, &title, theme.focus);
    let (state, style) = match (&model.session.phase, &model.session.status) {
        (Phase::Starting, _) => ("starting".to_owned(), theme.warn),
        (Phase::Failed(_), _) => ("no engine".to_owned(), theme.bad),
        (Phase::Running, Some(status)) if !status.connected => {
            ("unreachable".to_owned(), theme.bad)
        }
        (Phase::Running, Some(status)) => (status.mode.to_string(), theme.good),
        (Phase::Running, None) => ("connecting".to_owned(), theme.warn),
    };
    let room = area.width.saturating_sub(used + 1);
    cells::put_right(buffer, area.x + used + 1, area.y, room, &state, style);
}

/// The title of a screen in the first line, where there is no other line for it.
pub fn draw_title(model: &Model, area: Rect, title: &str, buffer: &mut Buffer) {
    let area = draw_protected(model, area, text::width(title), buffer);
    let style = model.look.theme.focus;
    cells::put(buffer, area.x, area.y, area.width, title, style);
}

/// Says at the right, where little fits, that the context is protected, in full beside `wanted`
/// other cells; returns what is left of the line.
fn draw_protected(model: &Model, area: Rect, wanted: usize, buffer: &mut Buffer) -> Rect {
    if !model.session.protected {
        return area;
    }
    let fits = wanted + text::width(PROTECTED) < usize::from(area.width);
    let word = if fits { PROTECTED } else { "[PROT]" };
    let cells = u16::try_from(text::width(word)).unwrap_or(area.width);
    let style = model.look.theme.warn;
    cells::put_right(buffer, area.x, area.y, area.width, word, style);
    Rect::new(
        area.x,
        area.y,
        area.width.saturating_sub(cells + 1),
        area.height,
    )
}
