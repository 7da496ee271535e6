//! Which key does what where, built from the action registry.

use super::action::{self, Action, ActionId, Scope};
use super::key::Key;
use std::collections::HashMap;

/// Keys by scope.
#[derive(Clone, Debug)]
pub struct Keymap {
    bindings: HashMap<(Scope, Key), ActionId>,
    /// Keys per registry entry, the shown one first.
    keys: HashMap<&'static str, Vec<Key>>,
}

impl Default for Keymap {
    /// The keys that the registry names.
    fn default() -> Self {
        let mut keymap = Self {
            bindings: HashMap::new(),
            keys: HashMap::new(),
        };
        for action in action::all() {
            let keys: Vec<Key> = action.parsed_keys().collect();
            for scope in action.scopes {
                for key in &keys {
                    keymap.bindings.insert((*scope, *key), action.id);
                }
            }
            keymap.keys.insert(action.name, keys);
        }
        keymap
    }
}

impl Keymap {
    /// What a key does, asked from the innermost scope outwards.
    pub fn lookup(&self, scopes: &[Scope], key: Key) -> Option<ActionId> {
        scopes
            .iter()
            .find_map(|scope| self.bindings.get(&(*scope, key)).copied())
    }

    /// The key to show for a registry entry; empty without one.
    pub fn label(&self, action: &Action) -> String {
        self.keys
            .get(action.name)
            .and_then(|keys| keys.first())
            .map(Key::to_string)
            .unwrap_or_default()
    }

    /// All keys of a registry entry.
    pub fn labels(&self, action: &Action) -> String {
        let keys = self.keys.get(action.name);
        let labels: Vec<String> = keys.into_iter().flatten().map(Key::to_string).collect();
        labels.join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        let slash = Key::char('/');
        let text = [Scope::Text, Scope::Global, Scope::Always];
        let pane = [
            Scope::Resources,
            Scope::Overview,
            Scope::Global,
            Scope::Always,
        ];
        assert_eq!(keymap.lookup(&text, slash), Some(ActionId::Search));
        assert_eq!(keymap.lookup(&pane, slash), Some(ActionId::Filter));
        assert_eq!(keymap.lookup(&[Scope::Editor], Key::char('q')), None);
    }
}
