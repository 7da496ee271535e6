//! The palette: everything that can be done, found by typing, plus `ctx`, `ns` and `mode` with
//! their arguments. What can't be done now says why.

use super::{cells, confirm, frame, prompt};
use crate::domain::Mode;
use crate::tui::action::{self, ActionId, Editing};
use crate::tui::examples;
use crate::tui::input_line::InputLine;
use crate::tui::model::Model;
use crate::tui::text;
use crate::tui::theme::ThemeName;
use crate::tui::update::availability;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use std::ops::Bound;
use std::sync::Arc;

/// Namespaces that are offered at most.
const NAMESPACES: usize = 100;

/// Namespaces that are searched for a part of a name.
const LOOKED_AT: usize = 2_000;

/// State of the palette.
#[derive(Clone, Debug, Default)]
pub struct Palette {
    /// What is typed.
    pub line: InputLine,
    /// Place of the selected entry.
    pub selected: usize,
    /// How far back in what was run before the line is taken from; `None` for what is typed.
    pub recalled: Option<usize>,
}

impl Palette {
    /// The palette with this line.
    pub fn new(text: &str) -> Self {
        Self {
            line: InputLine::new(text),
            selected: 0,
            recalled: None,
        }
    }

    /// Takes an older (`true`) or newer line from what was run before; false when there is none, or
    /// when something else was typed.
    pub fn recall(&mut self, history: &[String], older: bool) -> bool {
        let place = match (self.recalled, older) {
            (None, true) if self.line.text().is_empty() => 0,
            (Some(place), true) => place + 1,
            (Some(0), false) => {
                *self = Self::new("");
                return true;
            }
            (Some(place), false) => place - 1,
            (None, _) => return false,
        };
        let Some(line) = history.iter().rev().nth(place) else {
            // The oldest one stays.
            return self.recalled.is_some();
        };
        *self = Self {
            recalled: Some(place),
            ..Self::new(line)
        };
        true
    }
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
    /// The ConfigMap to a file, as it is typed.
    ExportConfig(String),
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
            ActionId::Editing(Editing::NewFromExample) => Run::Complete("example ".to_owned()),
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

fn themes(model: &Model, typed: &str) -> Vec<Entry> {
    let entries = model.themes.all().map(|name| {
        let detail = match name {
            ThemeName::Ansi => "the terminal's own 16 colours",
            ThemeName::Dark => "true colours on a dark background",
            ThemeName::Light => "true colours on a light background",
            ThemeName::Mono => "no colour",
            ThemeName::User(_) => "your own",
        };
        let title = format!("theme {}", model.themes.word(name));
        Entry::new(title, detail, Run::Theme(name))
    });
    ranked(entries.collect(), &format!("theme {typed}"))
}

/// The examples, to be added or begun with.
fn examples(model: &Model, typed: &str) -> Vec<Entry> {
    let reason = availability::reason(model, ActionId::Editing(Editing::NewFromExample));
    let entry = |(place, example): (usize, &examples::Example)| {
        let title = format!("example {}", example.name);
        let mut entry = Entry::new(title, example.about, Run::Example(place));
        entry.reason.clone_from(&reason);
        entry
    };
    let entries = examples::ALL.iter().enumerate().map(entry).collect();
    ranked(entries, &format!("example {typed}"))
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

/// Namespaces that a line completes: those that begin as it does, then those that contain it.
fn matching_namespaces(model: &Model, typed: &str) -> Vec<(Arc<str>, u64)> {
    let all = &model.overview.resources.namespaces;
    let typed = typed.to_lowercase();
    let from: (Bound<&str>, Bound<&str>) = (Bound::Included(&typed), Bound::Unbounded);
    let beginning = all
        .range::<str, _>(from)
        .take_while(|(name, _)| name.starts_with(&typed));
    let mut found: Vec<(Arc<str>, u64)> = beginning
        .take(NAMESPACES)
        .map(|(name, count)| (Arc::clone(name), *count))
        .collect();
    if !typed.is_empty() {
        // Only so many are looked at: this is done for every frame.
        let containing = all
            .iter()
            .take(LOOKED_AT)
            .filter(|(name, _)| !name.starts_with(&typed) && name.contains(&typed));
        let room = NAMESPACES.saturating_sub(found.len());
        let containing = containing.take(room);
        found.extend(containing.map(|(name, count)| (Arc::clone(name), *count)));
    }
    found
}

fn namespaces(model: &Model, rest: &str) -> Vec<Entry> {
    let names = |text: &str| -> Vec<String> {
        let names = text.split([' ', ',']).filter(|name| !name.is_empty());
        names.map(str::to_owned).collect()
    };
    let typed = names(rest);
    let title = if typed.is_empty() {
        "ns: all".to_owned()
    } else {
        format!("ns {}", typed.join(" "))
    };
    let detail = if typed.is_empty() {
        "shows every namespace; several names and patterns such as team-* can follow"
    } else {
        "names or patterns such as team-*, separated by blanks"
    };
    let begun = rest.rfind([' ', ',']).map_or(0, |end| end + 1);
    let (before, begun) = rest.split_at(begun);
    let before = names(before);
    let exact = Entry::new(title, detail, Run::Namespaces(typed));
    let completed = matching_namespaces(model, begun)
        .into_iter()
        .filter(|(name, _)| **name != *begun && !before.iter().any(|other| **other == **name))
        .map(|(name, count)| {
            let mut all = before.clone();
            all.push(name.to_string());
            let title = format!("ns {}", all.join(" "));
            let detail = text::plural(count, "resource", "resources");
            Entry::new(title, detail, Run::Namespaces(all))
        });
    let mut entries: Vec<Entry> = completed.collect();
    // What is typed in full, or a pattern, comes first; what is only begun is completed.
    let known = |name: &str| model.overview.resources.namespaces.contains_key(name);
    let whole = begun.is_empty() || begun.contains('*') || known(begun);
    let place = if whole { 0 } else { entries.len() };
    entries.insert(place, exact);
    entries
}

/// The entries for what is typed, best first.
pub fn entries(model: &Model, typed: &str) -> Vec<Entry> {
    let typed = typed.trim_start();
    let (word, rest) = typed.split_once(' ').unwrap_or((typed, ""));
    let has_argument = typed.contains(' ');
    match word {
        "ctx" | "context" if has_argument => contexts(model, rest.trim()),
        "mode" if has_argument => modes(model, rest.trim()),
        "export" | "export-config" if has_argument && !rest.trim().is_empty() => {
            let detail = "writes the ConfigMap with all drafts; FILE patch: only what they change";
            let run = Run::ExportConfig(rest.trim().to_owned());
            let mut entry = Entry::new(format!("export {}", rest.trim()), detail, run);
            entry.reason = availability::reason(model, ActionId::ExportConfig);
            vec![entry]
        }
        "ns" | "namespace" if has_argument => namespaces(model, rest.trim_start()),
        "example" if has_argument => examples(model, rest.trim()),
        "theme" => themes(model, rest.trim()),
        "q" | "q!" => vec![Entry::new("quit", "", Run::Action(ActionId::Quit))],
        "ctx" => contexts(model, ""),
        "ns" => namespaces(model, ""),
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
        // A few letters of a sentence are worth nothing.
        let detail = match &entry.reason {
            _ if line.width < 42 => String::new(),
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
