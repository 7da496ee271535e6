//! Pane 4: the keys of the ConfigMap with their state.

use crate::catalog::{KeyKind, KeyState, KeyStatus};
use crate::domain::Diagnostic;
use crate::engine::CatalogView;
use crate::query::{Filter, FilterColumn};
use crate::tui::draft::Draft;
use crate::tui::window::Window;

/// Columns that a filter may name.
pub const FILTER: &[FilterColumn] = &[
    FilterColumn {
        names: &["key", "name"],
    },
    FilterColumn { names: &["state"] },
    FilterColumn { names: &["text"] },
];

/// The state of a key on the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyMark {
    /// In force.
    Ok,
    /// In force, with warnings.
    Warn,
    /// Not in force.
    Broken,
    /// Broken; its last good version is in force.
    LastGood,
    /// Not in the cluster: only a draft.
    New,
    /// None of the engine's keys.
    Ignored,
}

impl KeyMark {
    /// One character.
    pub fn glyph(self) -> &'static str {
        match self {
            Self::Ok => "+",
            Self::Warn => "!",
            Self::Broken => "x",
            Self::LastGood => "<",
            Self::New => "*",
            Self::Ignored => ".",
        }
    }

    /// The word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Broken => "broken",
            Self::LastGood => "last-good",
            Self::New => "new",
            Self::Ignored => "ignored",
        }
    }
}

/// One key.
#[derive(Clone, Debug)]
pub struct KeyEntry {
    /// Its name.
    pub key: String,
    /// Its state.
    pub mark: KeyMark,
    /// Subscribed resources that use it, where that can be told.
    pub used_by: Option<u64>,
    /// There is a draft of it.
    pub draft: bool,
    /// What is wrong, in short.
    pub note: String,
    /// Everything that is wrong.
    pub diagnostics: Vec<Diagnostic>,
}

/// State of pane 4.
#[derive(Default)]
pub struct KeysPane {
    all: Vec<KeyEntry>,
    entries: Vec<KeyEntry>,
    filter: Filter,
    /// What was typed as filter.
    pub filter_text: String,
    /// The selected key.
    pub selected: Option<String>,
    /// What is visible.
    pub window: Window,
}

impl KeysPane {
    /// The keys to show.
    pub fn entries(&self) -> &[KeyEntry] {
        &self.entries
    }

    /// Number of keys, shown or not, and how many of them are not in force as written.
    pub fn totals(&self) -> (usize, usize) {
        let broken = |entry: &&KeyEntry| matches!(entry.mark, KeyMark::Broken | KeyMark::LastGood);
        (self.all.len(), self.all.iter().filter(broken).count())
    }

    /// The selected key.
    pub fn selected_entry(&self) -> Option<&KeyEntry> {
        let selected = self.selected.as_ref()?;
        self.entries.iter().find(|entry| entry.key == *selected)
    }

    /// Another configuration, or other drafts.
    pub fn rebuild(&mut self, view: Option<&CatalogView>, drafts: &[&Draft]) {
        self.all.clear();
        if let Some(view) = view {
            let statuses = &view.catalog.keys;
            for key in view.data.keys() {
                let mut entry = KeyEntry {
                    key: key.clone(),
                    mark: KeyMark::Ignored,
                    used_by: used_by(view, key),
                    draft: drafts
                        .iter()
                        .any(|draft| draft.id.key.as_ref() == Some(key)),
                    note: String::new(),
                    diagnostics: Vec::new(),
                };
                if let Some(status) = statuses.get(key) {
                    entry.mark = mark_of(status);
                    entry.diagnostics.clone_from(&status.diagnostics);
                }
                entry.note = note(&entry);
                self.all.push(entry);
            }
        }
        for draft in drafts {
            let key = draft.id.title();
            let known = |entry: &KeyEntry| Some(&entry.key) == draft.id.key.as_ref();
            if !self.all.iter().any(known) {
                self.all.push(KeyEntry {
                    key: key.to_owned(),
                    mark: KeyMark::New,
                    used_by: None,
                    draft: true,
                    note: match draft.id.key {
                        Some(_) => "not in the cluster yet".to_owned(),
                        None => "a draft of all keys".to_owned(),
                    },
                    diagnostics: Vec::new(),
                });
            }
        }
        self.refilter();
    }

    /// Another filter.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn filter(&mut self, text: &str) -> Result<(), String> {
        self.filter = Filter::parse(text, FILTER)?;
        text.clone_into(&mut self.filter_text);
        self.refilter();
        Ok(())
    }

    fn refilter(&mut self) {
        let filter = &self.filter;
        let passes = |entry: &&KeyEntry| {
            filter.passes(FILTER.len(), |column, pattern| {
                pattern.matches(match column {
                    0 => &entry.key,
                    1 if entry.draft => "draft",
                    1 => entry.mark.word(),
                    _ => &entry.note,
                })
            })
        };
        self.entries = self.all.iter().filter(passes).cloned().collect();
    }

    /// After changes: keeps the selection on its key.
    pub fn settle(&mut self, height: usize) {
        let selected = self.selected.as_ref();
        let place = self
            .entries
            .iter()
            .position(|entry| Some(&entry.key) == selected);
        match place {
            Some(place) => self.window.moved(place, self.entries.len(), height),
            None => self.select_at(self.window.position, height),
        }
    }

    /// Moves the selection.
    pub fn step(&mut self, rows: i64, height: usize) {
        self.window.step(rows, self.entries.len(), height);
        self.select_at(self.window.position, height);
    }

    /// Scrolls.
    pub fn scroll(&mut self, rows: i64, height: usize) {
        self.window.scroll(rows, self.entries.len(), height);
        self.select_at(self.window.position, height);
    }

    /// Selects the key at a place.
    pub fn select_at(&mut self, place: usize, height: usize) {
        self.window.select(place, self.entries.len(), height);
        self.selected = self
            .entries
            .get(self.window.position)
            .map(|entry| entry.key.clone());
    }
}

fn mark_of(status: &KeyStatus) -> KeyMark {
    match status.state {
        KeyState::Ok if status.kind == KeyKind::Ignored => KeyMark::Ignored,
        KeyState::Ok => KeyMark::Ok,
        KeyState::Warning => KeyMark::Warn,
        KeyState::Broken => KeyMark::Broken,
        KeyState::LastGood { .. } => KeyMark::LastGood,
    }
}

fn note(entry: &KeyEntry) -> String {
    match entry.diagnostics.first() {
        Some(first) => match first.position {
            Some(position) => format!("{position} {}", first.message),
            None => first.message.clone(),
        },
        None if entry.mark == KeyMark::Ignored => "not read by the engine".to_owned(),
        None => String::new(),
    }
}

fn used_by(view: &CatalogView, key: &str) -> Option<u64> {
    let trigger = key.strip_prefix("trigger.")?;
    Some(view.used_by.get(trigger).copied().unwrap_or(0))
}
