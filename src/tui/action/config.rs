//! What is done to the ConfigMap, its drafts and versions, and to subscriptions.

use super::{Action, ActionId, Scope as S, action};

pub(super) const ACTIONS: &[Action] = &[
    action(
        ActionId::Edit,
        "edit",
        "edit",
        &["e"],
        &[S::Overview, S::Text, S::Object],
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
        ActionId::BlastRadius,
        "blast-radius",
        "blast radius",
        &["F6"],
        &[S::Editor, S::Keys, S::Blast],
        "Finds out what applying the draft would send, send again, stop or break, over all resources.",
    )
    .footer(6),
    action(
        ActionId::PreviewNotification,
        "preview-notification",
        "preview",
        &["F3"],
        &[S::Editor, S::Keys, S::Object],
        "A template rendered for a resource, with the exact request; of a trigger its explanation.",
    )
    .footer(7),
    action(
        ActionId::PickResource,
        "pick-resource",
        "resource ...",
        &["o"],
        &[S::Preview],
        "Chooses the resource that the template is rendered for; Tab completes.",
    )
    .footer(2)
    .unlisted(),
    action(
        ActionId::PickTemplate,
        "pick-template",
        "template ...",
        &["p"],
        &[S::Preview],
        "Chooses the template that is rendered; Tab completes.",
    )
    .footer(3)
    .unlisted(),
    action(
        ActionId::MigrateKeys,
        "migrate-keys",
        "migrate keys",
        &["m"],
        &[S::Blast],
        "Writes the notified state under the draft's state keys, so that applying it sends nothing again, after a question.",
    )
    .writes()
    .footer(3),
    action(
        ActionId::UndoMigration,
        "undo-migration",
        "undo migration",
        &["U"],
        &[S::Blast],
        "Takes away the entries that the migration of keys has written, after a question.",
    )
    .writes()
    .footer(8),
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
        "merge",
        &["F5"],
        &[S::Editor],
        "Merges what has changed in the cluster since into the draft; asks where both changed the same.",
    )
    .footer(4)
    .unlisted(),
    action(
        ActionId::Diff,
        "diff",
        "diff",
        &["F7"],
        &[S::Editor],
        "Compares the draft with what is in the cluster, its base, and recorded versions.",
    )
    .footer(6),
    action(
        ActionId::Diff,
        "diff-key",
        "diff",
        &["d"],
        &[S::Keys, S::Text],
        "Compares the draft of the key, or else all drafts, with what is in the cluster.",
    )
    .unlisted(),
    action(
        ActionId::Versions,
        "versions",
        "versions",
        &["F9"],
        &[S::Global],
        "Lists the versions of the ConfigMap that were in force, with who, when and what.",
    ),
    action(
        ActionId::Open,
        "diff-version",
        "diff to live",
        &["Enter"],
        &[S::Versions],
        "Compares the version with what is in the cluster.",
    )
    .footer(1)
    .unlisted(),
    action(
        ActionId::Restore,
        "restore",
        "restore",
        &["r"],
        &[S::Versions, S::Diff],
        "Makes a draft from the version; nothing is written before it is applied.",
    )
    .footer(2),
    action(
        ActionId::Rollback,
        "rollback",
        "roll back",
        &["U"],
        &[S::Global],
        "Takes back what was applied last from here, after a question.",
    )
    .writes(),
    action(
        ActionId::FinishMerge,
        "finish-merge",
        "take the result",
        &["Enter", "C-s"],
        &[S::Merge],
        "Makes the merged texts the draft, based on the present version.",
    )
    .footer(1)
    .unlisted(),
    action(
        ActionId::TakeLive,
        "take-live",
        "live",
        &["l"],
        &[S::Merge],
        "Takes what is in the cluster for the key.",
    )
    .footer(2)
    .unlisted(),
    action(
        ActionId::TakeMine,
        "take-mine",
        "mine",
        &["m"],
        &[S::Merge],
        "Takes what is in the draft for the key.",
    )
    .footer(3)
    .unlisted(),
    action(
        ActionId::EditConflict,
        "edit-conflict",
        "edit both",
        &["e"],
        &[S::Merge],
        "Puts both into the draft with marks, to be edited.",
    )
    .footer(4)
    .unlisted(),
    action(
        ActionId::TakeMerged,
        "take-merged",
        "merged",
        &["a"],
        &[S::Merge],
        "Takes what merging line by line has given, where it is clean.",
    )
    .footer(5)
    .unlisted(),
    action(
        ActionId::Subscribe,
        "subscribe",
        "subscribe",
        &["A"],
        &[S::Resources, S::Triggers, S::Object],
        "Adds or removes subscriptions of the resource, or of all marked ones, in its annotations.",
    ),
    action(
        ActionId::AcceptField,
        "accept-field",
        "next",
        &["Enter"],
        &[S::Subscribe],
        "Takes the selected name, goes to the next field, and from the last one to the question.",
    )
    .footer(1)
    .unlisted(),
    action(
        ActionId::NextPane,
        "next-field",
        "field",
        &["Tab"],
        &[S::Subscribe],
        "Goes to the next field, and to the subscriptions that there are.",
    )
    .footer(2)
    .unlisted(),
    action(
        ActionId::PreviousPane,
        "previous-field",
        "previous field",
        &["Shift-Tab"],
        &[S::Subscribe],
        "Goes to the previous field.",
    )
    .unlisted(),
    action(
        ActionId::Down,
        "next-name",
        "next name",
        &["Down", "C-n"],
        &[S::Subscribe],
        "Selects the next name that fits, or the next subscription.",
    )
    .unlisted(),
    action(
        ActionId::Up,
        "previous-name",
        "previous name",
        &["Up", "C-p"],
        &[S::Subscribe],
        "Selects the previous name that fits, or the previous subscription.",
    )
    .unlisted(),
    action(
        ActionId::SendSubscription,
        "send-subscription",
        "subscribe",
        &["C-s"],
        &[S::Subscribe],
        "Shows the exact patch, asks, and writes the annotation.",
    )
    .writes()
    .footer(3)
    .unlisted(),
    action(
        ActionId::RemoveSubscription,
        "remove-subscription",
        "remove",
        &["C-d"],
        &[S::Subscribe],
        "Removes the selected subscription, after a question with the exact patch.",
    )
    .writes()
    .footer(4)
    .unlisted(),
    action(
        ActionId::SubscriptionTarget,
        "subscription-target",
        "object/template",
        &["C-t"],
        &[S::Subscribe],
        "Writes to the template that the object is made from, or to the object itself.",
    )
    .footer(5)
    .unlisted(),
    action(
        ActionId::Back,
        "close-form",
        "close",
        &["Esc"],
        &[S::Subscribe],
        "Leaves the form; nothing is written.",
    )
    .footer(6)
    .unlisted(),
    action(
        ActionId::ExportConfig,
        "export-config",
        "export ConfigMap",
        &[],
        &[S::Global],
        "Writes the ConfigMap with all drafts, or a patch, to a file: FILE, or FILE patch.",
    ),
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
];
