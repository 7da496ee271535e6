//! What is done to resources, deliveries and drafts.

use super::{Action, ActionId, Scope as S, action};

pub(super) const ACTIONS: &[Action] = &[
    action(
        ActionId::Open,
        "open",
        "open",
        &["Enter"],
        &[S::Overview],
        "Opens what is selected: a resource with its explanation, a condition, a delivery, a key.",
    )
    .footer(1),
    action(
        ActionId::Open,
        "follow-row",
        "open",
        &["Enter"],
        &[S::Views],
        "Opens what the row is about: the resources of a condition, the history of a service.",
    )
    .footer(1)
    .unlisted(),
    action(
        ActionId::Open,
        "open-effect",
        "open",
        &["Enter"],
        &[S::Blast],
        "Goes to the effects on a destination; opens the resource of an effect.",
    )
    .footer(1)
    .unlisted(),
    action(
        ActionId::Open,
        "fold",
        "fold/open",
        &["Enter"],
        &[S::Object],
        "Folds or unfolds the line; opens a delivery.",
    )
    .footer(1)
    .unlisted(),
    action(
        ActionId::Explain,
        "explain",
        "explain",
        &["x"],
        &[S::Resources, S::Triggers, S::History, S::Delivery],
        "Shows why each notification of the resource is, or is not, sent.",
    )
    .footer(6),
    action(
        ActionId::Try,
        "try",
        "try a when",
        &["t"],
        &[S::Object],
        "Tries another condition on this object, as you type; nothing is saved.",
    )
    .footer(4),
    action(
        ActionId::NextItem,
        "next-item",
        "next",
        &["]"],
        &[S::Object, S::Delivery, S::Blast, S::Preview, S::Diff],
        "Goes to the next condition, older delivery, sort of effects, or destination.",
    )
    .unlisted(),
    action(
        ActionId::PreviousItem,
        "previous-item",
        "previous",
        &["["],
        &[S::Object, S::Delivery, S::Blast, S::Preview, S::Diff],
        "Goes to the previous condition, newer delivery, sort of effects, or destination.",
    )
    .unlisted(),
    action(
        ActionId::FoldAll,
        "fold-all",
        "fold all",
        &["-"],
        &[S::Object],
        "Folds every line.",
    ),
    action(
        ActionId::UnfoldAll,
        "unfold-all",
        "unfold all",
        &["+", "="],
        &[S::Object],
        "Unfolds every line that is seen.",
    ),
    action(
        ActionId::Form,
        "form",
        "pretty/raw/curl",
        &["t"],
        &[S::Delivery, S::Preview],
        "Shows the request laid out, as it was sent, or as a curl command; always masked.",
    )
    .footer(4),
    action(
        ActionId::Variables,
        "variables",
        "template variables",
        &["v"],
        &[S::History, S::Delivery],
        "Shows what the delivery's templates see, read anew from the cluster and masked.",
    ),
    action(
        ActionId::Rerender,
        "evaluate-and-send",
        "evaluate and send",
        &["R"],
        &[S::History, S::Delivery],
        "Evaluates the trigger anew and, where it is true, renders and sends with today's templates.",
    )
    .writes()
    .footer(5),
    action(
        ActionId::CancelDelivery,
        "cancel-delivery",
        "cancel retries",
        &["K"],
        &[S::History, S::Delivery, S::Object],
        "Gives up deliveries that wait for their turn or another try, after a question.",
    )
    .writes(),
    action(
        ActionId::SendTo,
        "send-to",
        "send to ...",
        &["a"],
        &[S::History, S::Delivery],
        "Sends the delivery's notification to another destination, after a question.",
    )
    .writes(),
    action(
        ActionId::Mark,
        "mark",
        "mark",
        &["Space"],
        &[S::Resources, S::History],
        "Marks the row, or takes its mark away; what is done next is done to all marked rows.",
    )
    .footer(7),
    action(
        ActionId::MarkAll,
        "mark-all",
        "mark all shown",
        &["*"],
        &[S::Resources, S::History],
        "Marks everything that the filter lets through; Esc takes all marks away.",
    ),
    action(
        ActionId::Stop,
        "stop",
        "stop",
        &["C-x"],
        &[S::Global],
        "Stops what is under way: an export, a blast radius, or what is done to many.",
    ),
    action(
        ActionId::UndoClear,
        "undo-clear",
        "undo clear/mark",
        &["u"],
        &[S::Global],
        "Puts back the notified state that was cleared last, or removes what was marked as sent last.",
    )
    .writes(),
    action(
        ActionId::Baseline,
        "baseline",
        "mark as sent",
        &["b"],
        &[S::Resources, S::Triggers, S::Object],
        "Marks what is true now and unsent as sent, without sending it, after a question.",
    )
    .writes(),
    action(
        ActionId::ResendFailed,
        "resend-failed",
        "resend all failed",
        &["F"],
        &[S::History],
        "Sends all that failed within the history's filter again, after a question.",
    )
    .writes(),
    action(
        ActionId::CancelWaiting,
        "cancel-waiting",
        "cancel all waiting",
        &["W"],
        &[S::History],
        "Gives up all that waits within the history's filter, after a question.",
    )
    .writes(),
    action(
        ActionId::ReleaseHeld,
        "release-held",
        "send held",
        &["H"],
        &[S::Global],
        "Sends what the flood guard holds, after a question that names every destination.",
    )
    .writes(),
    action(
        ActionId::BaselineHeld,
        "baseline-held",
        "mark held as sent",
        &["B"],
        &[S::Global],
        "Marks what the flood guard holds as sent, without sending it, after a question.",
    )
    .writes(),
    action(
        ActionId::Export,
        "export",
        "export",
        &["E"],
        &[S::History],
        "Writes what the filter lets through to a .csv, .json or .jsonl file.",
    ),
    action(
        ActionId::Resend,
        "resend",
        "resend",
        &["r"],
        &[
            S::Resources,
            S::Triggers,
            S::History,
            S::Delivery,
            S::Object,
        ],
        "Sends again what is selected, after a question that names every destination.",
    )
    .writes()
    .footer(3),
    action(
        ActionId::Clear,
        "clear",
        "clear dedup",
        &["D"],
        &[S::Resources, S::Triggers, S::Object],
        "Removes notified state, so that what is true is sent again, after a question.",
    )
    .writes()
    .footer(4),
    action(
        ActionId::Yaml,
        "yaml",
        "yaml",
        &["y"],
        &[
            S::Resources,
            S::Triggers,
            S::History,
            S::Delivery,
            S::Object,
        ],
        "Shows the whole object as YAML.",
    )
    .footer(5),
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
