//! Which key does what where: the action registry, changed by a preset and by a key file.
//!
//! A key file has a line per action: its name, a colon, and its keys separated by blanks; keys
//! joined by `>` are typed one after another. `preset: NAME` takes over one of the [`PRESETS`].
//! What is after `#` at the beginning of a line, or after a blank and `#`, is a remark.
//!
//! ```text
//! preset: vim
//! resend: r C-r
//! first: g>g Home
//! mark:            # no key at all
//! ```
//!
//! A key that a file gives to an action is taken from those that had it only by default; two lines
//! of one file that claim the same key in the same place are a conflict, and the first one keeps it.

use super::action::{self, Action, ActionId, Scope};
use super::key::Key;
use crate::domain::nearest;
use std::collections::{BTreeMap, HashMap, HashSet};

/// Keys that are typed one after another; mostly one.
pub type Chord = Vec<Key>;

/// The presets with their names.
pub const PRESETS: [(&str, &str); 4] = [
    ("default", include_str!("../../assets/keymap/default.keys")),
    ("vim", include_str!("../../assets/keymap/vim.keys")),
    ("emacs", include_str!("../../assets/keymap/emacs.keys")),
    ("k9s", include_str!("../../assets/keymap/k9s.keys")),
];

/// Longest chord.
const LONGEST: usize = 4;

/// What keys mean so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// An action.
    Action(ActionId),
    /// The beginning of a chord.
    More,
    /// Nothing.
    Nothing,
}

/// Keys by scope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keymap {
    bindings: HashMap<(Scope, Chord), ActionId>,
    /// Beginnings of chords.
    beginnings: HashSet<(Scope, Chord)>,
    /// Keys per registry entry, the shown one first.
    keys: HashMap<&'static str, Vec<Chord>>,
}

impl Default for Keymap {
    /// The keys that the registry names.
    fn default() -> Self {
        Self::of(&Layer::default(), &Layer::default())
    }
}

/// The lines of a preset or file.
#[derive(Debug, Default)]
struct Layer {
    /// Chords of each entry with the line.
    entries: BTreeMap<&'static str, (usize, Vec<Chord>)>,
}

impl Keymap {
    /// The keys of a preset, changed by the text of a key file (named `file` in messages). Whatever
    /// is wrong is passed over and told, one sentence each, with its line.
    pub fn load(preset: &str, file: &str, text: &str) -> (Self, Vec<String>) {
        let mut problems = Vec::new();
        let mut named = None;
        let own = read(file, text, &mut named, &mut problems);
        let preset = named.as_deref().unwrap_or(preset);
        let base = match PRESETS.iter().find(|(name, _)| *name == preset) {
            Some((name, text)) => read(name, text, &mut None, &mut problems),
            None => {
                let names: Vec<&str> = PRESETS.iter().map(|(name, _)| *name).collect();
                let names = names.join(", ");
                problems.push(format!("there are no keys '{preset}': use {names}"));
                Layer::default()
            }
        };
        (Self::of(&base, &own), problems)
    }

    /// The registry's keys under those of a preset under those of a file.
    fn of(base: &Layer, own: &Layer) -> Self {
        let mut keymap = Self {
            bindings: HashMap::new(),
            beginnings: HashSet::new(),
            keys: HashMap::new(),
        };
        let has = |layer: &Layer, action: &Action| layer.entries.contains_key(action.name);
        // The strongest first: whoever comes later gets what is left.
        for action in action::all().filter(|action| has(own, action)) {
            keymap.bind(action, own.entries.get(action.name).map(|(_, c)| c.clone()));
        }
        for action in action::all().filter(|a| has(base, a) && !has(own, a)) {
            keymap.bind(
                action,
                base.entries.get(action.name).map(|(_, c)| c.clone()),
            );
        }
        for action in action::all().filter(|a| !has(base, a) && !has(own, a)) {
            keymap.bind(action, None);
        }
        keymap
    }

    /// Gives an action the chords that are free in its scopes; its own keys without any named.
    fn bind(&mut self, action: &'static Action, chords: Option<Vec<Chord>>) {
        let chords = chords.unwrap_or_else(|| action.parsed_keys().map(|key| vec![key]).collect());
        let mut bound = Vec::new();
        for chord in chords {
            let mut free = false;
            for scope in action.scopes {
                if self.is_taken(*scope, &chord) {
                    continue;
                }
                for end in 1..chord.len() {
                    let beginning = chord.get(..end).unwrap_or_default().to_vec();
                    self.beginnings.insert((*scope, beginning));
                }
                self.bindings.insert((*scope, chord.clone()), action.id);
                free = true;
            }
            if free {
                bound.push(chord);
            }
        }
        self.keys.insert(action.name, bound);
    }

    /// Whether a chord can't be typed any more, because it, its beginning or what it begins means
    /// something.
    fn is_taken(&self, scope: Scope, chord: &Chord) -> bool {
        let begun = (1..=chord.len()).any(|end| {
            let part = chord.get(..end).unwrap_or_default().to_vec();
            self.bindings.contains_key(&(scope, part))
        });
        begun || self.beginnings.contains(&(scope, chord.clone()))
    }

    /// What keys mean, asked from the innermost scope outwards.
    pub fn lookup(&self, scopes: &[Scope], keys: &[Key]) -> Meaning {
        for scope in scopes {
            let typed = (*scope, keys.to_vec());
            if let Some(id) = self.bindings.get(&typed) {
                return Meaning::Action(*id);
            }
            if self.beginnings.contains(&typed) {
                return Meaning::More;
            }
        }
        Meaning::Nothing
    }

    /// The keys to show for a registry entry; empty without any.
    pub fn label(&self, action: &Action) -> String {
        self.keys
            .get(action.name)
            .and_then(|chords| chords.first())
            .map(|chord| text_of(chord))
            .unwrap_or_default()
    }

    /// All keys of a registry entry.
    pub fn labels(&self, action: &Action) -> String {
        let chords = self.keys.get(action.name);
        let labels: Vec<String> = chords.into_iter().flatten().map(|c| text_of(c)).collect();
        labels.join(" ")
    }

    /// Whether these are keys of a registry entry, as they are written.
    pub fn has_label(&self, action: &Action, label: &str) -> bool {
        let chords = self.keys.get(action.name);
        chords.into_iter().flatten().any(|c| text_of(c) == label)
    }
}

/// A chord as it is written.
pub fn text_of(chord: &[Key]) -> String {
    let keys: Vec<String> = chord.iter().map(Key::to_string).collect();
    keys.join(">")
}

fn parse_chord(text: &str) -> Option<Chord> {
    // The key `>` itself, with modifiers or without, is no chord.
    if let Some(key) = Key::parse(text) {
        return Some(vec![key]);
    }
    let chord: Option<Chord> = text.split('>').map(Key::parse).collect();
    chord.filter(|chord| chord.len() <= LONGEST)
}

/// Scopes in which characters are typed.
fn is_typed(scope: Scope) -> bool {
    matches!(
        scope,
        Scope::Prompt
            | Scope::Name
            | Scope::Palette
            | Scope::Help
            | Scope::Editor
            | Scope::Completion
            | Scope::Weighing
            | Scope::Always
    )
}

fn read(file: &str, text: &str, preset: &mut Option<String>, problems: &mut Vec<String>) -> Layer {
    let mut layer = Layer::default();
    let mut claimed: HashMap<(Scope, Chord), (usize, &'static str)> = HashMap::new();
    for (index, line) in text.lines().enumerate() {
        let number = index + 1;
        let mut problem = |text: String| problems.push(format!("{file}:{number}: {text}"));
        let line = match line.find(" #") {
            Some(at) => line.get(..at).unwrap_or(line),
            None => line,
        };
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let Some((name, keys)) = line.split_once(':') else {
            problem(format!("'{line}' is no line of the form 'action: keys'"));
            continue;
        };
        let (name, keys) = (name.trim(), keys.trim());
        if name == "preset" {
            *preset = Some(keys.to_owned());
            continue;
        }
        let Some(action) = action::all().find(|action| action.name == name) else {
            let known = action::all().map(|action| action.name);
            let hint = nearest(name, known)
                .map_or_else(String::new, |near| format!("; did you mean '{near}'?"));
            problem(format!("there is no action '{name}'{hint}"));
            continue;
        };
        if let Some((before, _)) = layer.entries.get(action.name) {
            problem(format!("'{name}' stands in line {before} already"));
            continue;
        }
        let mut chords = Vec::new();
        for word in keys.split_whitespace() {
            let Some(chord) = parse_chord(word) else {
                problem(format!(
                    "'{word}' is no key: write a, D, C-s, A-x, F5, Enter or g>g"
                ));
                continue;
            };
            let plain =
                |key: &Key| !key.ctrl && !key.alt && matches!(key.code, super::key::Code::Char(_));
            let types = chord.first().is_some_and(plain);
            if types && action.scopes.iter().copied().any(is_typed) {
                problem(format!(
                    "'{word}' would be typed there: begin with C- or A-"
                ));
                continue;
            }
            let other = action.scopes.iter().find_map(|scope| {
                let same = |((of, other), _): &(&(Scope, Chord), &(usize, &str))| {
                    of == scope && (other.starts_with(&chord) || chord.starts_with(other))
                };
                claimed.iter().find(same).map(|(_, claim)| (*claim, *scope))
            });
            if let Some(((at, by), scope)) = other {
                let place = scope.title();
                problem(format!(
                    "{word} means '{by}' (line {at}) in {place} already"
                ));
                continue;
            }
            for scope in action.scopes {
                claimed.insert((*scope, chord.clone()), (number, action.name));
            }
            chords.push(chord);
        }
        layer.entries.insert(action.name, (number, chords));
    }
    layer
}

/// Every action with its default keys, as a key file: the text of the preset `default`.
pub fn listing() -> String {
    let mut text = String::from(
        "# Every action with its keys, as they are by default. Copy what you change into\n\
         # ~/.config/kubechime/keys, or choose a preset: default, vim, emacs or k9s.\n\
         # Keys are separated by blanks; keys joined by > are typed one after another.\n",
    );
    for action in action::all() {
        let keys = action.keys.join(" ");
        text.push_str(&format!("\n# {}\n{}: {keys}\n", action.help, action.name));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn looked(keymap: &Keymap, scopes: &[Scope], text: &str) -> Meaning {
        keymap.lookup(scopes, &parse_chord(text).unwrap())
    }

    #[test]
    fn no_key_means_two_things_in_one_scope() {
        let mut seen: HashMap<(Scope, Key), &str> = HashMap::new();
        for action in action::all() {
            for scope in action.scopes {
                for key in action.parsed_keys() {
                    if let Some(other) = seen.insert((*scope, key), action.name) {
                        panic!("{key} in {scope:?}: {other} and {}", action.name);
                    }
                }
            }
        }
    }

    #[test]
    fn the_inner_scope_wins() {
        let keymap = Keymap::default();
        let text = [Scope::Text, Scope::Global, Scope::Always];
        let pane = [
            Scope::Resources,
            Scope::Overview,
            Scope::Global,
            Scope::Always,
        ];
        assert_eq!(
            looked(&keymap, &text, "/"),
            Meaning::Action(ActionId::Search)
        );
        assert_eq!(
            looked(&keymap, &pane, "/"),
            Meaning::Action(ActionId::Filter)
        );
        assert_eq!(looked(&keymap, &[Scope::Editor], "q"), Meaning::Nothing);
    }

    #[test]
    fn presets_are_whole_and_the_default_one_lists_everything() {
        for (name, text) in PRESETS {
            let (keymap, problems) = Keymap::load(name, "none", "");
            assert_eq!(problems, Vec::<String>::new(), "{name}");
            for action in action::all().filter(|action| !action.keys.is_empty()) {
                assert!(!keymap.label(action).is_empty(), "{name}: {}", action.name);
            }
            assert!(!text.is_empty());
        }
        assert_eq!(PRESETS[0].1, listing());
        assert_eq!(Keymap::load("default", "none", "").0, Keymap::default());
    }

    #[test]
    fn a_file_takes_keys_from_defaults_and_chords_are_typed_in_turn() {
        let text = "# mine\nresend: x C-r # two\nfirst: g>g\nmark:\n";
        let (keymap, problems) = Keymap::load("default", "keys", text);
        assert_eq!(problems, Vec::<String>::new());
        let pane = [Scope::Resources, Scope::Overview, Scope::Global];
        assert_eq!(
            looked(&keymap, &pane, "x"),
            Meaning::Action(ActionId::Resend)
        );
        assert_eq!(looked(&keymap, &pane, "r"), Meaning::Nothing);
        assert_eq!(looked(&keymap, &pane, "g"), Meaning::More);
        assert_eq!(
            looked(&keymap, &pane, "g>g"),
            Meaning::Action(ActionId::First)
        );
        assert_eq!(looked(&keymap, &pane, "Space"), Meaning::Nothing);
        let explain = action::describe(ActionId::Explain).unwrap();
        assert_eq!(
            keymap.label(explain),
            "",
            "its only key was taken in every scope"
        );
        let resend = action::describe(ActionId::Resend).unwrap();
        assert_eq!(keymap.labels(resend), "x C-r");
    }

    #[test]
    fn mistakes_are_told_with_their_line_and_the_rest_holds() {
        let text = "preset: vim\nresned: r\nresend: r\nclear: r D\nexport: Foo\nquit\n\
            undo: z\nresend: q\n";
        let (keymap, problems) = Keymap::load("default", "keys", text);
        let expected = [
            "keys:2: there is no action 'resned'; did you mean 'resend'?",
            "keys:4: r means 'resend' (line 3) in Resources already",
            "keys:5: 'Foo' is no key: write a, D, C-s, A-x, F5, Enter or g>g",
            "keys:6: 'quit' is no line of the form 'action: keys'",
            "keys:7: 'z' would be typed there: begin with C- or A-",
            "keys:8: 'resend' stands in line 3 already",
        ];
        assert_eq!(problems, expected);
        let pane = [Scope::Resources, Scope::Overview, Scope::Global];
        assert_eq!(
            looked(&keymap, &pane, "D"),
            Meaning::Action(ActionId::Clear)
        );
        assert_eq!(looked(&keymap, &pane, "g"), Meaning::More);
        let (_, problems) = Keymap::load("nano", "keys", "");
        assert!(
            problems[0].contains("default, vim, emacs, k9s"),
            "{problems:?}"
        );
    }
}
