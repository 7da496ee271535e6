//! What is done to the engine.

use super::{Action, ActionId, Scope as S, action};

pub(super) const ACTIONS: &[Action] = &[
    action(
        ActionId::Mode,
        "mode",
        "mode",
        &["m"],
        &[S::Global],
        "Changes between observe, dry-run and active, after a question.",
    ),
    action(
        ActionId::TakeLease,
        "take-lease",
        "take over sending",
        &["T"],
        &[S::Global],
        "Takes the Lease from the engine that holds it, after a question.",
    )
    .writes(),
];
