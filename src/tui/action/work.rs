//! What is done to resources and deliveries.

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
        ActionId::Stop,
        "ask-now",
        "ask now",
        &["Esc"],
        &[S::Weighing],
        "Asks whether to apply the draft without waiting until it is known what it would send.",
    )
    .footer(1)
    .unlisted(),
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
];
