//! The palette: everything that can be done, found by typing, plus `ctx`, `ns` and `mode` with
//! their arguments. What can't be done now says why.

use super::{cells, confirm, frame, prompt};
use crate::domain::Mode;
use crate::tui::action::{self, ActionId};
use crate::tui::examples;
use crate::tui::input_line::InputLine;
use crate::tui::model::Model;
use crate::tui::text;
use crate::tui::theme::ThemeName;
use crate::tui::update::availability;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// State of the palette.
#[derive(Clone, Debug, Default)]
pub struct Palette {
    /// What is typed.
    pub line: InputLine,
    /// Place of the selected entry.
    pub selected: usize,
}

/// What an entry does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Run {
    /// An action.
    Action(ActionId),
    /// Another context.
    Context(String),
    /// Only these namespaces; none for all.
    Namespaces(Vec<String>),
    /// Another mode.
    Mode(Mode),
    /// Another theme.
    Theme(ThemeName),
    /// A new ConfigMap from the example with this place.
    Example(usize),
    /// More has to be typed: the line becomes this.
    Complete(String),
    /// Nothing: a remark.
    Nothing,
}

/// One entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What it is called.
    pub title: String,
    /// Its name in key files; empty for what is no action.
    pub name: &'static str,
    /// Its key.
    pub key: String,
    /// More about it.
    pub detail: String,
    /// What it does.
    pub run: Run,
    /// Why it can't be done now.
    pub reason: Option<String>,
}

impl Entry {
    fn new(title: impl Into<String>, detail: impl Into<String>, run: Run) -> Self {
        Self {
            title: title.into(),
            name: "",
            key: String::new(),
            detail: detail.into(),
            run,
            reason: None,
        }
    }
}

/// How well `typed` fits `title`; `None` when it does not. The letters must come in order; the
/// start of the title, the start of words and letters side by side count more.
fn score(title: &str, typed: &str) -> Option<i64> {
    let title = title.to_lowercase();
    let mut total = 0;
    let mut letters = title.char_indices().peekable();
    let mut last_end = usize::MAX;
    let mut before = ' ';
    for wanted in typed.to_lowercase().chars().filter(|c| !c.is_whitespace()) {
        loop {
            let (at, letter) = letters.next()?;
            let starts_word = !before.is_alphanumeric();
            before = letter;
            if letter == wanted {
                total += match at {
                    0 => 12,
                    _ if at == last_end => 8,
                    _ if starts_word => 6,
                    _ => 1,
                };
                last_end = at + letter.len_utf8();
                break;
            }
        }
    }
    Some(total * 64 - i64::try_from(title.len()).unwrap_or(0))
}

fn actions(model: &Model) -> Vec<Entry> {
    let mut entries: Vec<Entry> = Vec::new();
    for action in action::all().filter(|action| action.listed) {
        let run = match action.id {
            ActionId::Palette => continue,
            ActionId::Context => Run::Complete("ctx ".to_owned()),
            ActionId::Namespaces => Run::Complete("ns ".to_owned()),
            ActionId::Mode => Run::Complete("mode ".to_owned()),
            ActionId::Theme => Run::Complete("theme ".to_owned()),
            id => Run::Action(id),
        };
        entries.push(Entry {
            title: action.title.to_owned(),
            name: action.name,
            key: model.keymap.label(action),
            detail: action.help.to_owned(),
            run,
            reason: availability::reason(model, action.id),
        });
    }
    let absent = model
        .session
        .catalog
        .as_ref()
        .is_some_and(|view| !view.found);
    for (place, example) in examples::ALL.iter().enumerate().filter(|_| absent) {
        let title = format!("new ConfigMap: {}", example.name);
        let detail = "starts a ConfigMap from this example, in the editor";
        entries.push(Entry::new(title, detail, Run::Example(place)));
    }
    entries
}

fn contexts(model: &Model, typed: &str) -> Vec<Entry> {
    match &model.contexts {
        None => vec![Entry::new(
            "ctx",
            "reading the kubeconfig ...",
            Run::Nothing,
        )],
        Some(Err(problem)) => {
            let mut entry = Entry::new("ctx", "", Run::Nothing);
            entry.reason = Some(problem.clone());
            vec![entry]
        }
        Some(Ok(choices)) => {
            let entry = |name: &str, detail: String| {
                Entry::new(format!("ctx {name}"), detail, Run::Context(name.to_owned()))
            };
            let all = choices.iter().map(|choice| {
                let mut detail = format!("cluster {}", choice.cluster);
                if !choice.namespace.is_empty() {
                    detail.push_str(&format!(", namespace {}", choice.namespace));
                }
                if choice.current {
                    detail.push_str(", current");
                }
                entry(&choice.name, detail)
            });
            ranked(all.collect(), &format!("ctx {typed}"))
        }
    }
}

fn modes(model: &Model, typed: &str) -> Vec<Entry> {
    let entries = [
        (
            Mode::Observe,
            "watches and evaluates; sends and writes nothing",
        ),
        (Mode::DryRun, "also renders and records what would be sent"),
        (Mode::Active, "sends, and writes the notified state"),
    ];
    let entries = entries.map(|(mode, detail)| {
        let mut entry = Entry::new(format!("mode {mode}"), detail, Run::Mode(mode));
        entry.reason = availability::mode_reason(model, mode);
        entry
    });
    ranked(entries.into(), &format!("mode {typed}"))
}

fn themes(typed: &str) -> Vec<Entry> {
    let entries = ThemeName::ALL.map(|name| {
        let detail = match name {
            ThemeName::Ansi => "the terminal's own 16 colours",
            ThemeName::Dark => "true colours on a dark background",
            ThemeName::Light => "true colours on a light background",
            ThemeName::Mono => "no colour",
        };
        Entry::new(format!("theme {}", name.word()), detail, Run::Theme(name))
    });
    ranked(entries.into(), &format!("theme {typed}"))
}

fn ranked(entries: Vec<Entry>, typed: &str) -> Vec<Entry> {
    let mut scored: Vec<(i64, Entry)> = entries
        .into_iter()
        .filter_map(|entry| {
            // The name in key files finds an action, too, but never before a title.
            let by_title = score(&entry.title, typed);
            let by_name = || score(entry.name, typed).map(|score| score - 1);
            Some((by_title.or_else(by_name)?, entry))
        })
        .collect();
    // Stable: entries that fit equally well stay in the order of the registry.
    scored.sort_by_key(|(score, entry)| (entry.reason.is_some(), -score));
    scored.into_iter().map(|(_, entry)| entry).collect()
}

/// The entries for what is typed, best first.
pub fn entries(model: &Model, typed: &str) -> Vec<Entry> {
    let typed = typed.trim_start();
    let (word, rest) = typed.split_once(' ').unwrap_or((typed, ""));
    let has_argument = typed.contains(' ');
    match word {
        "ctx" | "context" if has_argument => contexts(model, rest.trim()),
        "mode" if has_argument => modes(model, rest.trim()),
        "ns" | "namespace" if has_argument => {
            let names: Vec<String> = rest.split([' ', ',']).map(str::to_owned).collect();
            let names: Vec<String> = names.into_iter().filter(|name| !name.is_empty()).collect();
            let title = if names.is_empty() {
                "ns: all".to_owned()
            } else {
                format!("ns {}", names.join(" "))
            };
            let detail = "names or patterns such as team-*, separated by blanks";
            vec![Entry::new(title, detail, Run::Namespaces(names))]
        }
        "theme" => themes(rest.trim()),
        "q" | "q!" => vec![Entry::new("quit", "", Run::Action(ActionId::Quit))],
        "ctx" => contexts(model, ""),
        "ns" => vec![Entry::new(
            "ns: all",
            "shows every namespace",
            Run::Namespaces(vec![]),
        )],
        "" => {
            let mut recent = recent(model);
            recent.extend(actions(model));
            recent
        }
        _ => ranked(actions(model), typed),
    }
}

fn recent(model: &Model) -> Vec<Entry> {
    let lines = model.palette_history.iter().rev().take(3);
    lines
        .map(|line| Entry::new(line.clone(), "recent", Run::Complete(line.clone())))
        .collect()
}

/// The place of the palette: near the top, so that the list below stays visible.
fn area(model: &Model) -> Rect {
    let width = model.width.saturating_sub(4).clamp(1, 90);
    let height = (model.height * 2 / 3).clamp(4, 22).min(model.height);
    let mut area = confirm::centred(model, width, height);
    area.y = area.y.min(3);
    area
}

/// Rows of the list.
pub fn rows(model: &Model) -> usize {
    usize::from(area(model).height.saturating_sub(3))
}

/// Draws the palette in front of everything.
pub fn draw(model: &Model, palette: &Palette, buffer: &mut Buffer) {
    let theme = &model.look.theme;
    let entries = entries(model, palette.line.text());
    let area = area(model);
    cells::clear(buffer, area);
    let facts = text::plural(entries.len() as u64, "entry", "entries");
    let inside = frame::boxed(buffer, &model.look, area, "Command", &facts, true);
    if inside.is_empty() {
        return;
    }
    let input = Rect::new(inside.x, inside.y, inside.width, 1);
    prompt::draw_line(
        buffer,
        input,
        ": ",
        &palette.line,
        theme.strong,
        theme.selected,
    );
    let height = usize::from(inside.height - 1);
    let selected = palette.selected.min(entries.len().saturating_sub(1));
    let top = selected.saturating_sub(height.saturating_sub(1));
    for (row, (index, entry)) in entries
        .iter()
        .enumerate()
        .skip(top)
        .take(height)
        .enumerate()
    {
        let y = inside.y + 1 + row as u16;
        let line = Rect::new(inside.x, y, inside.width, 1);
        let off = entry.reason.is_some();
        let cursor = if index == selected { ">" } else { " " };
        let title = format!("{:<22}", entry.title);
        let key = format!("{:<6}", entry.key);
        let detail = match &entry.reason {
            Some(reason) => format!("[off: {reason}]"),
            None => entry.detail.clone(),
        };
        let style = if off { theme.dim } else { theme.text };
        cells::put_pieces(
            buffer,
            line,
            &[
                (cursor, theme.strong),
                (&title, style),
                (" ", style),
                (&key, if off { theme.dim } else { theme.key }),
                (" ", style),
                (&detail, if off { theme.warn } else { theme.dim }),
            ],
        );
        if index == selected {
            cells::shade(buffer, line.x, y, line.width, theme.selected);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_match_comes_first() {
        let titles = ["clear dedup", "resend", "resources", "reverse"];
        let best = |typed: &str| {
            let entries = titles
                .iter()
                .map(|title| Entry::new(*title, "", Run::Nothing));
            let ranked = ranked(entries.collect(), typed);
            ranked.first().map(|entry| entry.title.clone())
        };
        assert_eq!(best("rese").as_deref(), Some("resend"));
        assert_eq!(best("reso").as_deref(), Some("resources"));
        assert_eq!(best("cd").as_deref(), Some("clear dedup"));
        assert_eq!(best("ddp").as_deref(), Some("clear dedup"));
        assert_eq!(best("zz"), None);
    }
}
