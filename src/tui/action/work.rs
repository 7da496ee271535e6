//! What is done to resources, deliveries and drafts.

use super::{Action, ActionId, Scope as S, action};

pub(super) const ACTIONS: &[Action] = &[
    action(
        ActionId::Open,
        "open",
        "open",
        &["Enter"],
        &[S::Overview],
        "Opens what is selected: the triggers of a resource, a delivery, a key.",
    )
    .footer(1),
    action(
        ActionId::Resend,
        "resend",
        "resend",
        &["r"],
        &[S::Resources, S::Triggers, S::History, S::Delivery],
        "Sends again what is selected, after a question that names every destination.",
    )
    .writes()
    .footer(3),
    action(
        ActionId::Clear,
        "clear",
        "clear dedup",
        &["D"],
        &[S::Resources, S::Triggers],
        "Removes notified state, so that what is true is sent again, after a question.",
    )
    .writes()
    .footer(4),
    action(
        ActionId::Yaml,
        "yaml",
        "yaml",
        &["y"],
        &[S::Resources, S::Triggers, S::History, S::Delivery],
        "Shows the whole object as YAML.",
    )
    .footer(5),
    action(
        ActionId::Edit,
        "edit",
        "edit",
        &["e"],
        &[S::Overview, S::Text],
        "Edits the ConfigMap key; without a ConfigMap, makes one from an example.",
    )
    .footer(3),
    action(
        ActionId::NewKey,
        "new-key",
        "new key",
        &["n"],
        &[S::Keys],
        "Starts a new key of the ConfigMap in the editor.",
    )
    .footer(4),
    action(
        ActionId::Apply,
        "apply",
        "check and apply",
        &["C-s"],
        &[S::Editor],
        "Lets the API server check the draft, then asks, then writes it.",
    )
    .writes()
    .footer(1),
    action(
        ActionId::Undo,
        "undo",
        "undo",
        &["C-u", "C-7", "C-/"],
        &[S::Editor],
        "Takes back the last change of the text.",
    )
    .footer(3)
    .unlisted(),
    action(
        ActionId::Rebase,
        "rebase",
        "rebase",
        &["F5"],
        &[S::Editor],
        "Takes the version that is in the cluster now as the base of the draft; the text stays.",
    )
    .footer(4)
    .unlisted(),
    action(
        ActionId::Discard,
        "discard",
        "discard draft",
        &["F8"],
        &[S::Editor],
        "Throws the draft away, after a question.",
    )
    .footer(5)
    .unlisted(),
    action(
        ActionId::CloseEditor,
        "close-editor",
        "keep draft",
        &["Esc"],
        &[S::Editor],
        "Leaves the editor; the draft is kept, also on disk.",
    )
    .footer(2)
    .unlisted(),
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
