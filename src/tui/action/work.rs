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
        "Opens a resource that the row is about, or the history of a service.",
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
        &[S::Object, S::Delivery],
        "Goes to the next condition, or to the next older delivery.",
    )
    .unlisted(),
    action(
        ActionId::PreviousItem,
        "previous-item",
        "previous",
        &["["],
        &[S::Object, S::Delivery],
        "Goes to the previous condition, or to the next newer delivery.",
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
        &[S::Delivery],
        "Shows the request laid out, as it was sent, or as a curl command; always masked.",
    )
    .footer(4),
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
        "Stops what is under way: an export, or what is done to many.",
    ),
    action(
        ActionId::UndoClear,
        "undo-clear",
        "undo clear",
        &["u"],
        &[S::Global],
        "Puts back the notified state that was cleared last, after a question.",
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
