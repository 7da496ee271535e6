//! The vocabulary: plain types that every other module shares.
//!
//! No I/O, no async, nothing of ours is imported here. Whoever wants to know what a word in the
//! code, the screen or the documentation means finds it in this folder.

mod condition;
mod delivery;
mod destination;
mod diagnostic;
mod key;
mod mode;
mod paths;
mod secret;
mod selection;
mod shard;
mod state;
mod state_key;
mod suggestion;

pub use condition::{ConditionKey, condition_hash};
pub use delivery::{
    Attempt, Cause, Delivery, DeliveryId, DeliveryState, IdSource, NewDelivery, Outcome,
};
pub use destination::Destination;
pub use diagnostic::{Diagnostic, Position, Severity};
pub use key::{Kind, ResourceKey};
pub use mode::{Mode, ParseModeError};
pub use paths::PathTrie;
pub use secret::{MASK, Masker, SecretText};
pub use selection::Selection;
pub use shard::{ParseShardError, Shard};
pub use state::{MAX_BYTES, MAX_ENTRIES, NotifiedState, StateProblem};
pub use state_key::{
    DEFAULT_PREFIX, MAX_ONCE_PER, is_timing, notified_annotation, open_key, opened_by,
    original_state_key, since_key, state_key,
};
pub use suggestion::nearest;
