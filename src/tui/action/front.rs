//! What is in front of a screen: questions, the palette, the help, lines being typed.

use super::{Action, ActionId, Scope as S, action};

pub(super) const ACTIONS: &[Action] = &[
    action(
        ActionId::Accept,
        "accept",
        "accept",
        &["Enter"],
        &[S::Confirm, S::Name, S::Palette, S::Help, S::Prompt],
        "Does what is selected.",
    )
    .footer(1)
    .unlisted(),
    action(
        ActionId::Yes,
        "yes",
        "yes",
        &["y"],
        &[S::Confirm],
        "Says yes.",
    )
    .footer(2)
    .unlisted(),
    action(
        ActionId::Switch,
        "switch",
        "switch",
        &["Tab", "Left", "Right", "Shift-Tab"],
        &[S::Confirm],
        "Goes to the other button.",
    )
    .footer(3)
    .unlisted(),
    action(
        ActionId::Switch,
        "complete-line",
        "complete",
        &["Tab"],
        &[S::Prompt],
        "Completes the name that is typed.",
    )
    .unlisted(),
    action(
        ActionId::Switch,
        "complete",
        "complete",
        &["Tab"],
        &[S::Palette],
        "Completes the entry.",
    )
    .footer(2)
    .unlisted(),
    action(
        ActionId::Down,
        "entry-down",
        "down",
        &["Down", "C-n"],
        &[S::Palette, S::Help, S::Confirm, S::Name, S::Prompt],
        "Next entry.",
    )
    .unlisted(),
    action(
        ActionId::Up,
        "entry-up",
        "up",
        &["Up", "C-p"],
        &[S::Palette, S::Help, S::Confirm, S::Name, S::Prompt],
        "Previous entry.",
    )
    .unlisted(),
    action(
        ActionId::Dismiss,
        "dismiss",
        "close",
        &["Esc"],
        &[S::Confirm, S::Name, S::Palette, S::Help, S::Prompt],
        "Closes what is in front.",
    )
    .footer(4)
    .unlisted(),
    action(
        ActionId::Dismiss,
        "no",
        "no",
        &["n", "q"],
        &[S::Confirm],
        "Says no.",
    )
    .unlisted(),
];
