//! The notified state: what was already sent, as the original records it on the object.

use super::{ConditionKey, Destination};
use crate::golang::json;
use std::collections::{BTreeMap, BTreeSet};

/// Annotation prefix of the original.
pub const DEFAULT_PREFIX: &str = "notifications.argoproj.io";

/// Entries beyond this are trimmed when the state is saved, oldest first, as the original does.
pub const MAX_ENTRIES: usize = 100;

/// The annotation that holds the state, for a prefix: `notified.<prefix>`.
pub fn notified_annotation(prefix: &str) -> String {
    format!("notified.{prefix}")
}

/// The key of one entry: `[<oncePer>:][<namespace>:]<trigger>:<condition>:<service>:<recipient>`.
///
/// `config_namespace` is the namespace of a self-service ConfigMap, `None` for the default one. No
/// part is escaped, as in the original (`pkg/controller/state.go`).
pub fn state_key(
    trigger: &str,
    condition: &ConditionKey,
    destination: &Destination,
    once_per: &str,
    config_namespace: Option<&str>,
) -> String {
    let mut key = String::new();
    if !once_per.is_empty() {
        key.push_str(once_per);
        key.push(':');
    }
    if let Some(namespace) = config_namespace {
        key.push_str(namespace);
        key.push(':');
    }
    key.push_str(&format!(
        "{trigger}:{condition}:{}:{}",
        destination.service, destination.recipient
    ));
    key
}

/// What was wrong with a stored state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StateProblem {
    /// Not a JSON object: nothing could be kept.
    NotAnObject(String),
    /// These entries were not whole numbers and were dropped; the others are kept.
    BadEntries(Vec<String>),
}

impl std::fmt::Display for StateProblem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NotAnObject(cause) => {
                write!(f, "the notified state is not a JSON object: {cause}")
            }
            Self::BadEntries(keys) => write!(
                f,
                "the notified state has {} entries whose value is not a time in seconds: {}",
                keys.len(),
                keys.join(", ")
            ),
        }
    }
}

/// State keys with the Unix time in seconds at which each was sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NotifiedState {
    entries: BTreeMap<String, i64>,
}

impl NotifiedState {
    /// Reads the annotation's text. Absent or empty is the empty state; `null` too (the original
    /// crashes on it). Of a damaged state the valid entries are kept (the original drops all, and
    /// so sends everything again).
    pub fn parse(text: &str) -> (Self, Option<StateProblem>) {
        if text.is_empty() {
            return (Self::default(), None);
        }
        let members = match serde_json::from_str(text) {
            Ok(serde_json::Value::Null) => return (Self::default(), None),
            Ok(serde_json::Value::Object(members)) => members,
            Ok(other) => {
                let cause = format!("found {}", json::type_name(&other));
                return (Self::default(), Some(StateProblem::NotAnObject(cause)));
            }
            Err(error) => {
                let problem = StateProblem::NotAnObject(error.to_string());
                return (Self::default(), Some(problem));
            }
        };
        let mut entries = BTreeMap::new();
        let mut bad = Vec::new();
        for (key, value) in members {
            match &value {
                serde_json::Value::Null => {
                    entries.insert(key, 0);
                }
                value => match value.as_i64() {
                    Some(seconds) => {
                        entries.insert(key, seconds);
                    }
                    None => bad.push(key),
                },
            }
        }
        let problem = (!bad.is_empty()).then_some(StateProblem::BadEntries(bad));
        (Self { entries }, problem)
    }

    /// The annotation's text: sorted keys, no white space, `<`, `>`, `&`, U+2028 and U+2029
    /// escaped, byte for byte as Go writes it.
    pub fn to_json(&self) -> String {
        let mut text = String::from("{");
        for (position, (key, seconds)) in self.entries.iter().enumerate() {
            if position > 0 {
                text.push(',');
            }
            json::write_string(&mut text, key);
            text.push(':');
            text.push_str(&seconds.to_string());
        }
        text.push('}');
        text
    }

    /// When this key was sent, in Unix seconds.
    pub fn get(&self, key: &str) -> Option<i64> {
        self.entries.get(key).copied()
    }

    /// Records a key; false when it was there already (its time is then kept).
    pub fn mark(&mut self, key: &str, seconds: i64) -> bool {
        if self.entries.contains_key(key) {
            return false;
        }
        self.entries.insert(key.to_owned(), seconds);
        true
    }

    /// Removes a key; true when it was there.
    pub fn clear(&mut self, key: &str) -> bool {
        self.entries.remove(key).is_some()
    }

    /// Keeps at most `limit` entries: the smallest times go first, ties by key. Entries in `live`
    /// (keys that a current condition and destination can produce) are never removed: the original
    /// forgets them above the limit and so sends them again at every look.
    pub fn trim(&mut self, limit: usize, live: &BTreeSet<String>) {
        if self.entries.len() <= limit {
            return;
        }
        let mut removable: Vec<(i64, String)> = self
            .entries
            .iter()
            .filter(|(key, _)| !live.contains(*key))
            .map(|(key, seconds)| (*seconds, key.clone()))
            .collect();
        removable.sort();
        let excess = self.entries.len() - limit;
        for (_, key) in removable.into_iter().take(excess) {
            self.entries.remove(&key);
        }
    }

    /// No entries: the annotation is absent.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Number of entries.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Keys with their times, sorted by key.
    pub fn iter(&self) -> impl Iterator<Item = (&str, i64)> {
        self.entries
            .iter()
            .map(|(key, seconds)| (key.as_str(), *seconds))
    }
}

impl FromIterator<(String, i64)> for NotifiedState {
    fn from_iter<I: IntoIterator<Item = (String, i64)>>(entries: I) -> Self {
        Self {
            entries: entries.into_iter().collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(entries: &[(&str, i64)]) -> NotifiedState {
        entries
            .iter()
            .map(|(key, at)| ((*key).to_owned(), *at))
            .collect()
    }

    /// Case N7: the example that the original writes, byte for byte.
    #[test]
    fn writes_the_pod_ready_entry_as_the_original() {
        let condition = ConditionKey::of(0, "pod.status.phase in ['Running']");
        let key = state_key(
            "on-pod-ready",
            &condition,
            &Destination::new("webhook", ""),
            "",
            None,
        );
        assert_eq!(
            state(&[(&key, 1_645_078_598)]).to_json(),
            r#"{"on-pod-ready:[0].jS5fTrIQi8Q4Q5uceLlcAF3t4Go:webhook:":1645078598}"#
        );
    }

    #[test]
    fn once_per_and_namespace_come_first() {
        let condition = ConditionKey {
            index: 0,
            hash: "x".into(),
        };
        let webhook = Destination::new("webhook", "");
        assert_eq!(
            state_key("on-pod-ready", &condition, &webhook, "1:2", Some("ns")),
            "1:2:ns:on-pod-ready:[0].x:webhook:"
        );
    }

    /// Case N6.
    #[test]
    fn escapes_as_go_does() {
        assert_eq!(
            state(&[("<nil>:t:[0].abc:webhook:https://x/?a=1&b=é", 1)]).to_json(),
            "{\"\\u003cnil\\u003e:t:[0].abc:webhook:https://x/?a=1\\u0026b=é\":1}"
        );
    }

    /// Case N5, with what is better: valid entries of a damaged state survive.
    #[test]
    fn decodes_what_can_be_decoded() {
        for text in ["", "{}", "null", "  {}  "] {
            assert_eq!(
                NotifiedState::parse(text),
                (NotifiedState::default(), None),
                "{text:?}"
            );
        }
        for text in ["[]", "x", "{} trailing", "1"] {
            let (kept, problem) = NotifiedState::parse(text);
            assert!(kept.is_empty(), "{text:?}");
            assert!(
                matches!(problem, Some(StateProblem::NotAnObject(_))),
                "{text:?}"
            );
        }
        let (kept, problem) = NotifiedState::parse(
            r#"{"a":1,"b":1.0,"c":"1","d":null,"e":1e3,"a":7,"f":9223372036854775808}"#,
        );
        assert_eq!(kept, state(&[("a", 7), ("d", 0)]));
        let bad = ["b", "c", "e", "f"].map(str::to_owned).to_vec();
        assert_eq!(problem, Some(StateProblem::BadEntries(bad)));
    }

    /// Cases N1 and N4, and the improvement on Q18.
    #[test]
    fn trims_the_oldest_but_never_a_live_entry() {
        let five = [("0", 0), ("1", 1), ("2", 2), ("3", 3), ("4", 4)];
        let mut trimmed = state(&five);
        trimmed.trim(3, &BTreeSet::new());
        assert_eq!(trimmed, state(&five[2..]));
        let mut trimmed = state(&five);
        trimmed.trim(3, &BTreeSet::from(["0".to_owned()]));
        assert_eq!(trimmed, state(&[("0", 0), ("3", 3), ("4", 4)]));
    }

    #[test]
    fn marks_once_and_clears_once() {
        let mut marked = NotifiedState::default();
        assert!(marked.mark("k", 5));
        assert!(!marked.mark("k", 9));
        assert_eq!(marked.get("k"), Some(5));
        assert!(marked.clear("k"));
        assert!(!marked.clear("k"));
    }
}
