//! The notified state: what was already sent, as the original records it on the object.

use super::state_key::is_timing;
use crate::golang::json;
use serde::de::{Deserializer as _, MapAccess, Visitor};
use std::collections::{BTreeMap, BTreeSet};

/// Entries beyond this are trimmed when the state is saved, oldest first, as the original does.
pub const MAX_ENTRIES: usize = 100;

/// Bytes of the annotation's text beyond which old entries are trimmed. All annotations of an object
/// together may have 256 KiB; the state leaves most of that to others.
pub const MAX_BYTES: usize = 64 << 10;

/// What was wrong with a stored state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StateProblem {
    /// Not a JSON object: nothing could be kept.
    NotAnObject(String),
    /// These entries were not whole numbers and were dropped; the others are kept.
    BadEntries(Vec<String>),
    /// The text is cut off or damaged after so many entries, which are kept.
    Damaged {
        /// What the JSON reader says.
        cause: String,
        /// Number of entries before the damage.
        kept: usize,
    },
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
            Self::Damaged { cause, kept } => write!(
                f,
                "the notified state is damaged after {kept} entries, which are kept: {cause}"
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
        let mut reader = Reader::default();
        let mut json = serde_json::Deserializer::from_str(text);
        let result = json.deserialize_any(&mut reader).and_then(|()| json.end());
        let Reader {
            entries,
            bad,
            other,
        } = reader;
        let problem = match (result, other) {
            (Ok(()), Some("null")) => None,
            (Ok(()), Some(other)) => {
                let cause = format!("found {other}");
                Some(StateProblem::NotAnObject(cause))
            }
            (Ok(()), None) if bad.is_empty() => None,
            (Ok(()), None) => Some(StateProblem::BadEntries(bad.into_iter().collect())),
            (Err(error), _) if entries.is_empty() => {
                Some(StateProblem::NotAnObject(error.to_string()))
            }
            (Err(error), _) => Some(StateProblem::Damaged {
                cause: error.to_string(),
                kept: entries.len(),
            }),
        };
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

    /// Records that a key was sent again: the later of the two times is kept.
    pub fn renew(&mut self, key: &str, seconds: i64) {
        let at = self.entries.entry(key.to_owned()).or_insert(seconds);
        *at = seconds.max(*at);
    }

    /// Sets an entry about timing.
    pub fn note(&mut self, key: &str, seconds: i64) {
        self.entries.insert(key.to_owned(), seconds);
    }

    /// Removes a key; true when it was there.
    pub fn clear(&mut self, key: &str) -> bool {
        self.entries.remove(key).is_some()
    }

    /// Keeps at most `limit` entries and `bytes` bytes of text: the smallest times go first, ties by
    /// key. Entries in `live` (keys that a current condition and destination can produce) are never
    /// removed: the original forgets them above the limit and so sends them again at every look.
    /// Entries about timing that are not in `live` belong to nothing any more and always go.
    pub fn trim(&mut self, limit: usize, bytes: usize, live: &BTreeSet<String>) {
        self.entries
            .retain(|key, _| live.contains(key) || !is_timing(key));
        let mut size = 2 + self
            .entries
            .iter()
            .map(|(key, seconds)| encoded(key, *seconds))
            .sum::<usize>();
        if self.entries.len() <= limit && size <= bytes {
            return;
        }
        let mut removable: Vec<(i64, String)> = self
            .entries
            .iter()
            .filter(|(key, _)| !live.contains(*key))
            .map(|(key, seconds)| (*seconds, key.clone()))
            .collect();
        removable.sort();
        for (seconds, key) in removable {
            if self.entries.len() <= limit && size <= bytes {
                return;
            }
            size = size.saturating_sub(encoded(&key, seconds));
            self.entries.remove(&key);
        }
    }

    /// Entries about timing: see [`since_key`] and [`open_key`].
    pub fn timing(&self) -> impl Iterator<Item = (&str, i64)> {
        self.iter().filter(|(key, _)| is_timing(key))
    }

    /// What was sent: key and Unix seconds, sorted by key.
    pub fn sent(&self) -> impl Iterator<Item = (&str, i64)> {
        self.iter().filter(|(key, _)| !is_timing(key))
    }

    /// Nothing is recorded as sent.
    pub fn tells_nothing(&self) -> bool {
        self.sent().next().is_none()
    }

    /// No entries: the annotation is absent.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Number of entries, those about timing included.
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

/// Bytes that an entry takes in the annotation's text, with its comma.
fn encoded(key: &str, seconds: i64) -> usize {
    let mut text = String::with_capacity(key.len() + 2);
    json::write_string(&mut text, key);
    text.len() + seconds.to_string().len() + 2
}

/// Takes the entries of a JSON object one by one, so that those before a damage are not lost with
/// what comes after it.
#[derive(Default)]
struct Reader {
    entries: BTreeMap<String, i64>,
    bad: BTreeSet<String>,
    /// What stands there in the place of an object.
    other: Option<&'static str>,
}

impl<'de> Visitor<'de> for &mut Reader {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        while let Some(key) = members.next_key::<String>()? {
            let value = members.next_value::<serde_json::Value>()?;
            // Of members with the same name the last one counts.
            self.entries.remove(&key);
            self.bad.remove(&key);
            match &value {
                serde_json::Value::Null => {
                    self.entries.insert(key, 0);
                }
                value => match value.as_i64() {
                    Some(seconds) => {
                        self.entries.insert(key, seconds);
                    }
                    None => {
                        self.bad.insert(key);
                    }
                },
            }
        }
        Ok(())
    }

    fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        self.other = Some(json::type_name(&serde_json::Value::Array(Vec::new())));
        while items.next_element::<serde::de::IgnoredAny>()?.is_some() {}
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        self.other = Some("null");
        Ok(())
    }

    fn visit_bool<E>(self, value: bool) -> Result<(), E> {
        self.other = Some(json::type_name(&value.into()));
        Ok(())
    }

    fn visit_i64<E>(self, value: i64) -> Result<(), E> {
        self.other = Some(json::type_name(&value.into()));
        Ok(())
    }

    fn visit_u64<E>(self, value: u64) -> Result<(), E> {
        self.other = Some(json::type_name(&value.into()));
        Ok(())
    }

    fn visit_f64<E>(self, value: f64) -> Result<(), E> {
        self.other = Some(json::type_name(&value.into()));
        Ok(())
    }

    fn visit_str<E>(self, value: &str) -> Result<(), E> {
        self.other = Some(json::type_name(&value.into()));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::state_key::{
        MAX_ONCE_PER, open_key, opened_by, original_state_key, since_key, state_key,
    };
    use super::super::{ConditionKey, Destination};
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
        trimmed.trim(3, MAX_BYTES, &BTreeSet::new());
        assert_eq!(trimmed, state(&five[2..]));
        let mut trimmed = state(&five);
        trimmed.trim(3, MAX_BYTES, &BTreeSet::from(["0".to_owned()]));
        assert_eq!(trimmed, state(&[("0", 0), ("3", 3), ("4", 4)]));
    }

    /// What stands before a damage is worth keeping: without it everything is sent again.
    #[test]
    fn keeps_the_entries_before_a_damage() {
        for text in [
            r#"{"a":1,"b":2,"c"#,
            r#"{"a":1,"b":2,"c":"#,
            r#"{"a":1,"b":2} trailing"#,
            r#"{"a":1,"b":2,}"#,
        ] {
            let (kept, problem) = NotifiedState::parse(text);
            assert_eq!(kept, state(&[("a", 1), ("b", 2)]), "{text}");
            assert!(
                matches!(problem, Some(StateProblem::Damaged { kept: 2, .. })),
                "{text}: {problem:?}"
            );
        }
    }

    /// The text stays below the cap, whatever is in it, except for what would be sent again.
    #[test]
    fn the_text_is_capped() {
        let long = |number: i64| format!("{number:05}:{}", "<".repeat(1_000));
        let many: NotifiedState = (0..90).map(|number| (long(number), number)).collect();
        assert!(many.to_json().len() > MAX_BYTES);
        let mut trimmed = many.clone();
        trimmed.trim(MAX_ENTRIES, MAX_BYTES, &BTreeSet::new());
        assert!(trimmed.to_json().len() <= MAX_BYTES);
        assert!(
            trimmed.to_json().len() + encoded(&long(0), 0) > MAX_BYTES,
            "no more went than had to"
        );
        assert_eq!(trimmed.get(&long(89)), Some(89), "the newest stay");
        let live: BTreeSet<String> = (0..90).map(long).collect();
        let mut kept = many.clone();
        kept.trim(MAX_ENTRIES, MAX_BYTES, &live);
        assert_eq!(kept, many);
    }

    #[test]
    fn a_long_once_per_is_hashed_and_a_short_one_is_not() {
        let condition = ConditionKey {
            index: 0,
            hash: "x".into(),
        };
        let webhook = Destination::new("webhook", "");
        let short = "s".repeat(MAX_ONCE_PER);
        let long = "l".repeat(MAX_ONCE_PER + 1);
        let key = |once_per: &str| state_key("t", &condition, &webhook, once_per, Some("ns"));
        let original =
            |once_per: &str| original_state_key("t", &condition, &webhook, once_per, Some("ns"));
        assert_eq!(key(&short), original(&short));
        assert_eq!(
            key(&long),
            "sha256-Wrqo-Pj-RBWPA3qFyg_7oFvpoIO7uKJrbRif1-E4u3w:ns:t:[0].x:webhook:"
        );
        assert_ne!(key(&long), key(&format!("{long}l")));
    }

    #[test]
    fn entries_about_timing_are_told_apart_and_go_with_their_condition() {
        let condition = ConditionKey {
            index: 0,
            hash: "x".into(),
        };
        let since = since_key("t", &condition, None);
        let sent = state_key("t", &condition, &Destination::new("s", "r"), "", None);
        // A trigger of this name has state keys that look alike.
        let odd = state_key(
            "kubechime.for",
            &condition,
            &Destination::new("s", "r"),
            "",
            None,
        );
        let mut mixed = state(&[(&since, 1), (&open_key(&sent), 2), (&sent, 3), (&odd, 4)]);
        assert_eq!(mixed.timing().count(), 2);
        assert_eq!(mixed.sent().count(), 2);
        assert_eq!(opened_by(&open_key(&sent)), Some(sent.as_str()));
        mixed.trim(MAX_ENTRIES, MAX_BYTES, &BTreeSet::from([since.clone()]));
        assert_eq!(mixed, state(&[(&since, 1), (&sent, 3), (&odd, 4)]));
    }

    /// Case N10: whatever it looked like, it is written in one form.
    #[test]
    fn writes_one_form_of_equal_states() {
        let (read, problem) = NotifiedState::parse(" { \"b\" : 2 ,\n\"a\":1, \"<\": 3 }\t");
        assert_eq!(problem, None);
        assert_eq!(read.to_json(), r#"{"\u003c":3,"a":1,"b":2}"#);
    }

    /// Case N2.
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
