//! The program itself: palette, help, context, events, leaving.

use super::{Action, ActionId, Scope as S, action};

pub(super) const ACTIONS: &[Action] = &[
    action(
        ActionId::Retry,
        "retry",
        "try again",
        &["R"],
        &[S::Failed],
        "Starts again with the same context.",
    )
    .footer(1),
    action(
        ActionId::Events,
        "events",
        "events",
        &["!"],
        &[S::Global],
        "Lists what the engine reported, with advice.",
    ),
    action(
        ActionId::Copy,
        "copy",
        "copy",
        &["c"],
        &[S::Global],
        "Copies what is selected, by the desktop's program or through the terminal.",
    ),
    action(
        ActionId::Context,
        "context",
        "change context",
        &["C-o"],
        &[S::Global],
        "Changes the kubeconfig context (:ctx NAME).",
    ),
    action(
        ActionId::Namespaces,
        "namespaces",
        "choose namespaces",
        &["N"],
        &[S::Overview],
        "Shows only some namespaces (:ns NAME…; :ns alone shows all).",
    ),
    action(
        ActionId::Mouse,
        "mouse",
        "mouse on/off",
        &["M"],
        &[S::Global],
        "Gives the mouse to the terminal, to select text, or takes it back.",
    ),
    action(
        ActionId::Theme,
        "theme",
        "theme",
        &[],
        &[S::Global],
        "Changes the colours (:theme NAME): ansi, dark, light or mono.",
    ),
    action(
        ActionId::Palette,
        "palette",
        "command",
        &[":", "C-p"],
        &[S::Global],
        "Everything that can be done, by name.",
    )
    .footer(10),
    action(
        ActionId::Help,
        "help",
        "help",
        &["?", "F1"],
        &[S::Global],
        "The keys that work here.",
    )
    .footer(11),
    action(
        ActionId::Help,
        "editor-help",
        "help",
        &["F1"],
        &[S::Editor],
        "The keys that work here.",
    )
    .footer(6)
    .unlisted(),
    action(
        ActionId::Quit,
        "quit",
        "quit",
        &["q"],
        &[S::Global, S::Failed],
        "Leaves; asks first when drafts or deliveries are open.",
    )
    .footer(12),
    action(
        ActionId::Interrupt,
        "interrupt",
        "quit",
        &["C-c"],
        &[S::Always],
        "Closes what is in front, or leaves; asks first when drafts or deliveries are open.",
    )
    .unlisted(),
    action(
        ActionId::Redraw,
        "redraw",
        "redraw",
        &["C-l"],
        &[S::Always],
        "Draws the screen anew.",
    ),
    action(
        ActionId::Suspend,
        "suspend",
        "suspend",
        &["C-z"],
        &[S::Always],
        "Back to the shell; fg returns.",
    ),
];
