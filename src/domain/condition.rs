//! The identity of a condition, which is part of every state key.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha1::{Digest, Sha1};
use std::fmt;

/// The hash of a condition's `when` text: base64url without padding of its SHA-1, over the decoded
/// YAML string byte for byte (`pkg/triggers/service.go` of the original).
pub fn condition_hash(when: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha1::digest(when.as_bytes()))
}

/// `[<index>].<hash>`: position in the trigger, and hash of the `when` text. Editing the text or
/// moving the condition gives another key.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ConditionKey {
    /// Position in the trigger's list, from 0.
    pub index: usize,
    /// See [`condition_hash`].
    pub hash: String,
}

impl ConditionKey {
    /// The key of the condition at `index` with this `when` text.
    pub fn of(index: usize, when: &str) -> Self {
        Self {
            index,
            hash: condition_hash(when),
        }
    }
}

impl fmt::Display for ConditionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{}].{}", self.index, self.hash)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Case T11: values recorded from the original; three of them also stand in public logs.
    #[test]
    fn hashes_as_the_original() {
        let cases = [
            (
                "pod.status.phase in ['Running']",
                "jS5fTrIQi8Q4Q5uceLlcAF3t4Go",
            ),
            ("", "2jmj7l5rSw0yVb_vlWAYkK_YBwk"),
            ("true", "X_5TO4MPCKAyY0ipFgr6_IraRNs"),
            ("false", "fLbvuYullyqbUJDcLlF_4U0SywQ"),
            ("var1 == 'abc'", "9JNsSLKRNri0XKPzsE9_RFzGWh0"),
            ("a\nb\n", "Bd7JYOJNkYuKc6HFO8u6rC7lwuA"),
            (
                "app.status.operationState.phase in ['Succeeded'] and app.status.health.status == 'Healthy'",
                "y7b5sbwa2Q329JYH755peeq-fBs",
            ),
            (
                "app.status.sync.status == 'Unknown'",
                "6SzWb05EK-0v90hwjyytTbN7S6A",
            ),
            (
                "app.status.operationState.phase in ['Succeeded']",
                "zxM90Et6k4Elb1-fHdjtDJq0xR0",
            ),
            (
                "app.status.operationState.phase in ['Running']",
                "xGlbhcF_taGYrI3UsrQsINn2hl0",
            ),
            (
                "app.status.health.status == 'Degraded'",
                "zoG5zUjYGjimkwCGgIQGjx1hO5s",
            ),
        ];
        for (when, hash) in cases {
            assert_eq!(condition_hash(when), hash, "{when:?}");
        }
    }

    #[test]
    fn key_names_the_position() {
        assert_eq!(
            ConditionKey::of(2, "true").to_string(),
            "[2].X_5TO4MPCKAyY0ipFgr6_IraRNs"
        );
    }
}
