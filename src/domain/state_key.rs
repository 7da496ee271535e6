//! The names in the notified state: of the annotation, of the entries that the original writes, and
//! of those about timing, which are our own.

use super::{ConditionKey, Destination};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// Annotation prefix of the original.
pub const DEFAULT_PREFIX: &str = "notifications.argoproj.io";

/// Longest oncePer text, in bytes, that stands in a state key as it is. Revisions, UIDs, times and
/// image references are far below it, and so keep the original's form.
pub const MAX_ONCE_PER: usize = 512;

/// Begins the entry that says since when a condition with `for` has been true.
const SINCE: &str = "kubechime.for:";

/// Begins the entry that says that the end of a notification with oncePer is still to be told.
const OPEN: &str = "kubechime.open:";

/// The annotation that holds the state, for a prefix: `notified.<prefix>`.
pub fn notified_annotation(prefix: &str) -> String {
    format!("notified.{prefix}")
}

/// The key of one entry: `[<oncePer>:][<namespace>:]<trigger>:<condition>:<service>:<recipient>`.
///
/// `config_namespace` is the namespace of a self-service ConfigMap, `None` for the default one. No
/// part is escaped, as in the original (`pkg/controller/state.go`).
///
/// A oncePer text of more than [`MAX_ONCE_PER`] bytes is replaced by its hash, so that a hundred
/// entries fit into an annotation; [`original_state_key`] is the same key without that.
pub fn state_key(
    trigger: &str,
    condition: &ConditionKey,
    destination: &Destination,
    once_per: &str,
    config_namespace: Option<&str>,
) -> String {
    if once_per.len() <= MAX_ONCE_PER {
        return original_state_key(trigger, condition, destination, once_per, config_namespace);
    }
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, once_per.as_bytes());
    let hashed = format!("sha256-{}", URL_SAFE_NO_PAD.encode(digest));
    original_state_key(trigger, condition, destination, &hashed, config_namespace)
}

/// The key of one entry exactly as the original writes it, however long.
pub fn original_state_key(
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

/// The key of the entry that says since when (Unix seconds) a condition with `for` has been true.
///
/// The original keeps entries that it does not know, and this one never equals a state key: behind
/// the word stands a trigger's name, where a state key has a condition's `[index]`.
pub fn since_key(
    trigger: &str,
    condition: &ConditionKey,
    config_namespace: Option<&str>,
) -> String {
    match config_namespace {
        Some(namespace) => format!("{SINCE}{namespace}:{trigger}:{condition}"),
        None => format!("{SINCE}{trigger}:{condition}"),
    }
}

/// The key of the entry that says that the end of what `state_key` stands for is still to be told.
/// Only needed with oncePer: other entries go away when the condition turns false.
pub fn open_key(state_key: &str) -> String {
    format!("{OPEN}{state_key}")
}

/// The state key in an [`open_key`].
pub fn opened_by(key: &str) -> Option<&str> {
    key.strip_prefix(OPEN).filter(|rest| !rest.starts_with('['))
}

/// Whether the entry is about timing, and not about something that was sent.
pub fn is_timing(key: &str) -> bool {
    let timing = key.strip_prefix(SINCE).or_else(|| key.strip_prefix(OPEN));
    timing.is_some_and(|rest| !rest.starts_with('['))
}
