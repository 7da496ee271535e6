//! Three versions of a ConfigMap put together, key by key: what the draft is based on, what is in the
//! cluster now, and the draft. What only one side has changed merges by itself; for the rest somebody
//! chooses.

mod lines;
mod view;

pub use lines::has_markers;
pub use view::{draw, list_rows, text_rows};

use crate::tui::draft::DraftId;
use crate::tui::widgets::text_view::{TextView, Tone};
use lines::Part;
use similar::{ChangeTag, TextDiff};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Longest search for the changed lines of a text that is shown.
const MARKING: Duration = Duration::from_millis(20);

/// What became of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Only the draft has changed it.
    OnlyMine,
    /// Only the cluster has changed it.
    OnlyLive,
    /// Both have changed it in the same way.
    Same,
    /// Both have changed it, in different places.
    Merged,
    /// Both have changed the same place.
    Conflict,
}

impl Outcome {
    /// The word in the list.
    pub fn word(self) -> &'static str {
        match self {
            Self::OnlyMine => "only mine",
            Self::OnlyLive => "only live",
            Self::Same => "same",
            Self::Merged => "merged",
            Self::Conflict => "conflict",
        }
    }
}

/// What somebody has chosen for a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// What merging has given.
    Merged,
    /// As it is in the cluster.
    Live,
    /// As it is in the draft.
    Mine,
    /// Both with marks, to be edited.
    Edit,
}

/// One key in its three versions; `None` where it is not there.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The key.
    pub key: String,
    /// What the draft is based on.
    pub base: Option<String>,
    /// What is in the cluster.
    pub live: Option<String>,
    /// What is in the draft.
    pub mine: Option<String>,
    /// What became of it.
    pub outcome: Outcome,
    /// What was chosen; `None` while a conflict is open.
    pub choice: Option<Choice>,
    parts: Vec<Part>,
}

impl Entry {
    fn new(key: &str, base: Option<String>, live: Option<String>, mine: Option<String>) -> Self {
        let mut parts = Vec::new();
        let outcome = if mine == live {
            Outcome::Same
        } else if base == live {
            Outcome::OnlyMine
        } else if base == mine {
            Outcome::OnlyLive
        } else {
            // Only texts have lines; a key that one side has removed is a conflict as a whole.
            if let (Some(live), Some(mine)) = (&live, &mine) {
                parts = lines::merge(base.as_deref().unwrap_or(""), live, mine);
            }
            let clean = !parts.is_empty() && lines::whole(&parts).is_some();
            if clean {
                Outcome::Merged
            } else {
                Outcome::Conflict
            }
        };
        Self {
            key: key.to_owned(),
            base,
            live,
            mine,
            outcome,
            choice: (outcome != Outcome::Conflict).then_some(Choice::Merged),
            parts,
        }
    }

    /// The text as it will be in the draft (`None`: the key is removed); nothing is known while a
    /// conflict is open.
    pub fn result(&self, version: &str) -> Option<Option<String>> {
        let choice = self.choice?;
        Some(match (choice, self.outcome) {
            (Choice::Live, _) | (Choice::Merged, Outcome::OnlyLive) => self.live.clone(),
            (Choice::Mine, _) | (Choice::Merged, Outcome::OnlyMine | Outcome::Same) => {
                self.mine.clone()
            }
            (Choice::Merged, _) => lines::whole(&self.parts),
            (Choice::Edit, _) if self.parts.is_empty() => self.mine.clone(),
            (Choice::Edit, _) => Some(lines::marked(&self.parts, version)),
        })
    }

    /// Whether somebody has to look at it.
    pub fn needs_look(&self) -> bool {
        matches!(self.outcome, Outcome::Merged | Outcome::Conflict)
    }

    /// What the list says of it.
    pub fn word(&self) -> &'static str {
        match self.choice {
            None => "choose",
            Some(Choice::Merged) => self.outcome.word(),
            Some(Choice::Live) => "live taken",
            Some(Choice::Mine) => "mine taken",
            Some(Choice::Edit) => "to be edited",
        }
    }
}

/// Which version is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// What the draft is based on.
    Base,
    /// What is in the cluster.
    Live,
    /// What is in the draft.
    Mine,
    /// What it will be.
    Result,
}

impl Side {
    /// All, in the order of the tabs.
    pub const ALL: [Self; 4] = [Self::Base, Self::Live, Self::Mine, Self::Result];

    /// Its name.
    pub fn title(self) -> &'static str {
        match self {
            Self::Base => "Base",
            Self::Live => "Live",
            Self::Mine => "Mine",
            Self::Result => "Result",
        }
    }
}

/// State of the screen.
#[derive(Clone, Debug)]
pub struct MergeScreen {
    /// The draft.
    pub id: DraftId,
    /// The resourceVersion that it is merged with.
    pub version: String,
    /// The resourceVersion that the draft is based on; empty when there was no ConfigMap.
    pub base_version: String,
    /// The keys, those that need a look first.
    pub entries: Vec<Entry>,
    /// The selected key, by its place.
    pub selected: usize,
    /// Which version is looked at, where there is room for one.
    pub side: Side,
    /// First line that is shown, of all versions.
    pub top: usize,
}

impl MergeScreen {
    /// Puts the versions together. `changes` is what the draft changes; `base` and `live` are all
    /// keys.
    pub fn new(
        id: DraftId,
        (base_version, version): (String, String),
        base: &BTreeMap<String, String>,
        live: &BTreeMap<String, String>,
        changes: &BTreeMap<String, Option<String>>,
    ) -> Self {
        let moved = live
            .iter()
            .filter(|(key, text)| base.get(*key) != Some(text));
        let gone = base.keys().filter(|key| !live.contains_key(*key));
        let keys: BTreeSet<&String> = moved
            .map(|(key, _)| key)
            .chain(gone)
            .chain(changes.keys())
            .collect();
        let entries = keys.into_iter().map(|key| {
            let base = base.get(key).cloned();
            let mine = changes.get(key).cloned().unwrap_or_else(|| base.clone());
            Entry::new(key, base, live.get(key).cloned(), mine)
        });
        let mut entries: Vec<Entry> = entries.collect();
        entries.sort_by_key(|entry| match entry.outcome {
            Outcome::Conflict => 0,
            Outcome::Merged => 1,
            Outcome::OnlyMine => 2,
            Outcome::Same => 3,
            Outcome::OnlyLive => 4,
        });
        Self {
            id,
            version,
            base_version,
            entries,
            selected: 0,
            side: Side::Result,
            top: 0,
        }
    }

    /// Conflicts for which nothing is chosen yet.
    pub fn open(&self) -> usize {
        self.entries
            .iter()
            .filter(|entry| entry.choice.is_none())
            .count()
    }

    /// Whether everything merges without anybody having to look.
    pub fn is_plain(&self) -> bool {
        !self.entries.iter().any(Entry::needs_look)
    }

    /// The selected key.
    pub fn entry(&self) -> Option<&Entry> {
        self.entries.get(self.selected)
    }

    /// Chooses for the selected key.
    pub fn choose(&mut self, choice: Choice) {
        if let Some(entry) = self.entries.get_mut(self.selected)
            && entry.needs_look()
        {
            entry.choice = Some(choice);
            self.top = 0;
        }
    }

    /// Selects another key.
    pub fn step(&mut self, rows: i64) {
        let last = self.entries.len().saturating_sub(1);
        let step = usize::try_from(rows.unsigned_abs()).unwrap_or(usize::MAX);
        self.selected = if rows < 0 {
            self.selected.saturating_sub(step)
        } else {
            self.selected.saturating_add(step).min(last)
        };
        self.top = 0;
    }

    /// Scrolls the texts.
    pub fn scroll(&mut self, rows: i64, height: usize) {
        let step = usize::try_from(rows.unsigned_abs()).unwrap_or(usize::MAX);
        let longest = Side::ALL
            .map(|side| self.view(side).len())
            .into_iter()
            .max()
            .unwrap_or(0);
        self.top = if rows < 0 {
            self.top.saturating_sub(step)
        } else {
            self.top
                .saturating_add(step)
                .min(longest.saturating_sub(height))
        };
    }

    /// Looks at the next (or previous) version.
    pub fn switch(&mut self, forward: bool) {
        let place = Side::ALL
            .iter()
            .position(|side| *side == self.side)
            .unwrap_or(0);
        let step = if forward { 1 } else { Side::ALL.len() - 1 };
        self.side = Side::ALL[(place + step) % Side::ALL.len()];
    }

    /// The keys of the draft with their texts after the merge, without those that are as in the
    /// cluster; `None` while a conflict is open.
    pub fn result(&self) -> Option<BTreeMap<String, Option<String>>> {
        let mut changes = BTreeMap::new();
        for entry in &self.entries {
            let text = entry.result(&self.version)?;
            if text != entry.live {
                changes.insert(entry.key.clone(), text);
            }
        }
        Some(changes)
    }

    /// One version of the selected key, with the lines marked that differ from the base.
    pub fn view(&self, side: Side) -> TextView {
        let Some(entry) = self.entry() else {
            return TextView::toned(vec![]);
        };
        let text = match side {
            Side::Base => entry.base.clone(),
            Side::Live => entry.live.clone(),
            Side::Mine => entry.mine.clone(),
            Side::Result => match entry.result(&self.version) {
                Some(text) => text,
                None => return TextView::toned(open_conflict(entry)),
            },
        };
        let Some(text) = text else {
            return TextView::toned(vec![(Tone::Dim, "the key is not there".to_owned())]);
        };
        let base = entry.base.as_deref().unwrap_or("");
        let diff = TextDiff::configure()
            .timeout(MARKING)
            .diff_lines(base, &text);
        let mut shown = Vec::new();
        for change in diff.iter_all_changes() {
            let tone = match (change.tag(), side) {
                (ChangeTag::Delete, _) => continue,
                (ChangeTag::Equal, _) => Tone::Plain,
                (ChangeTag::Insert, Side::Live) => Tone::Warn,
                (ChangeTag::Insert, _) => Tone::Good,
            };
            let sign = if tone == Tone::Plain { " " } else { "+" };
            let line = change.value().trim_end_matches('\n');
            shown.push((tone, format!("{sign}{line}")));
        }
        TextView::toned(shown)
    }
}

/// What there is to choose from.
fn open_conflict(entry: &Entry) -> Vec<(Tone, String)> {
    let mut lines = vec![(
        Tone::Bad,
        "both sides have changed this: choose live, mine, or edit".to_owned(),
    )];
    let mut list = |tone, sign: &str, text: &str| {
        lines.extend(text.lines().map(|line| (tone, format!("{sign} {line}"))));
    };
    for part in &entry.parts {
        match part {
            Part::Clean(text) => list(Tone::Dim, " ", text),
            Part::Conflict { base, live, mine } => {
                list(Tone::Dim, "o", base);
                list(Tone::Warn, "<", live);
                list(Tone::Good, ">", mine);
            }
        }
    }
    if entry.live.is_none() {
        lines.push((Tone::Warn, "< removed in the cluster".to_owned()));
    }
    if entry.mine.is_none() {
        lines.push((Tone::Good, "> removed in the draft".to_owned()));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data(texts: &[(&str, &str)]) -> BTreeMap<String, String> {
        let own = texts
            .iter()
            .map(|(key, text)| ((*key).to_owned(), (*text).to_owned()));
        own.collect()
    }

    fn screen(
        base: &[(&str, &str)],
        live: &[(&str, &str)],
        mine: &[(&str, Option<&str>)],
    ) -> MergeScreen {
        let id = DraftId {
            context: "c".into(),
            namespace: "n".into(),
            name: "cm".into(),
            key: None,
        };
        let changes = mine
            .iter()
            .map(|(key, text)| ((*key).to_owned(), text.map(str::to_owned)));
        let versions = ("1".to_owned(), "2".to_owned());
        MergeScreen::new(id, versions, &data(base), &data(live), &changes.collect())
    }

    fn outcomes(screen: &MergeScreen) -> Vec<(&str, Outcome)> {
        let entries = screen.entries.iter();
        entries
            .map(|entry| (entry.key.as_str(), entry.outcome))
            .collect()
    }

    #[test]
    fn every_key_has_its_outcome() {
        let screen = screen(
            &[
                ("a", "1\n"),
                ("b", "1\n2\n3\n"),
                ("c", "1\n"),
                ("d", "1\n"),
                ("e", "1\n"),
            ],
            &[
                ("a", "1\n"),
                ("b", "0\n2\n3\n"),
                ("c", "live\n"),
                ("d", "live\n"),
                ("e", "x\n"),
            ],
            &[
                ("a", Some("mine\n")),
                ("b", Some("1\n2\n4\n")),
                ("c", Some("mine\n")),
                ("e", Some("x\n")),
            ],
        );
        assert_eq!(
            outcomes(&screen),
            [
                ("c", Outcome::Conflict),
                ("b", Outcome::Merged),
                ("a", Outcome::OnlyMine),
                ("e", Outcome::Same),
                ("d", Outcome::OnlyLive),
            ]
        );
        assert_eq!((screen.open(), screen.is_plain()), (1, false));
        assert_eq!(screen.result(), None);
    }

    #[test]
    fn a_choice_ends_a_conflict_and_marks_are_told() {
        let fresh = || {
            screen(
                &[("c", "1\n")],
                &[("c", "live\n")],
                &[("c", Some("mine\n"))],
            )
        };
        let result = |choice| {
            let mut screen = fresh();
            screen.choose(choice);
            screen.result().expect("nothing is open")
        };
        // What is as in the cluster is no change any more.
        assert!(result(Choice::Live).is_empty());
        assert_eq!(result(Choice::Mine)["c"].as_deref(), Some("mine\n"));
        let edited = result(Choice::Edit)["c"].clone().expect("a text");
        assert!(has_markers(&edited), "{edited}");
    }

    #[test]
    fn a_key_that_one_side_removed_is_a_conflict() {
        let mut screen = screen(&[("c", "1\n")], &[], &[("c", Some("mine\n"))]);
        assert_eq!(outcomes(&screen), [("c", Outcome::Conflict)]);
        screen.choose(Choice::Mine);
        assert_eq!(screen.result().unwrap()["c"].as_deref(), Some("mine\n"));
    }
}
