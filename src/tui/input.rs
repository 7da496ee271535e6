//! From terminal events to messages.

use super::key::{Code, Key};
use super::message::{MouseInput, Msg};
use crossterm::event::{
    Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers, MouseButton, MouseEvent, MouseEventKind,
};

/// Rows that one notch of the wheel scrolls.
const NOTCH: i64 = 3;

/// The message of an event; `None` for events that mean nothing here.
pub fn message(event: Event) -> Option<Msg> {
    match event {
        Event::Key(event) => key(event).map(Msg::Key),
        Event::Paste(text) => Some(Msg::Paste(text)),
        Event::Mouse(event) => mouse(event).map(Msg::Mouse),
        Event::Resize(width, height) => Some(Msg::Resize(width, height)),
        Event::FocusGained | Event::FocusLost => None,
    }
}

fn key(event: KeyEvent) -> Option<Key> {
    if event.kind == KeyEventKind::Release {
        return None;
    }
    let code = match event.code {
        KeyCode::Char(c) => Code::Char(c),
        KeyCode::Enter => Code::Enter,
        KeyCode::Esc => Code::Esc,
        KeyCode::Tab if event.modifiers.contains(KeyModifiers::SHIFT) => Code::BackTab,
        KeyCode::Tab => Code::Tab,
        KeyCode::BackTab => Code::BackTab,
        KeyCode::Backspace => Code::Backspace,
        KeyCode::Delete => Code::Delete,
        KeyCode::Insert => Code::Insert,
        KeyCode::Up => Code::Up,
        KeyCode::Down => Code::Down,
        KeyCode::Left => Code::Left,
        KeyCode::Right => Code::Right,
        KeyCode::Home => Code::Home,
        KeyCode::End => Code::End,
        KeyCode::PageUp => Code::PageUp,
        KeyCode::PageDown => Code::PageDown,
        KeyCode::F(number) => Code::F(number),
        _ => return None,
    };
    let shift = event.modifiers.contains(KeyModifiers::SHIFT)
        && !matches!(code, Code::Char(_) | Code::BackTab);
    Some(Key {
        code,
        ctrl: event.modifiers.contains(KeyModifiers::CONTROL),
        alt: event.modifiers.contains(KeyModifiers::ALT),
        shift,
    })
}

fn mouse(event: MouseEvent) -> Option<MouseInput> {
    let (x, y) = (event.column, event.row);
    match event.kind {
        MouseEventKind::Down(MouseButton::Left) => Some(MouseInput::Click { x, y }),
        MouseEventKind::ScrollDown => Some(MouseInput::Wheel { x, y, rows: NOTCH }),
        MouseEventKind::ScrollUp => Some(MouseInput::Wheel { x, y, rows: -NOTCH }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pressed(code: KeyCode, modifiers: KeyModifiers) -> Option<String> {
        key(KeyEvent::new(code, modifiers)).map(|key| key.to_string())
    }

    #[test]
    fn shift_is_part_of_the_character() {
        let shift = KeyModifiers::SHIFT;
        assert_eq!(pressed(KeyCode::Char('D'), shift).as_deref(), Some("D"));
        assert_eq!(pressed(KeyCode::Tab, shift).as_deref(), Some("Shift-Tab"));
        assert_eq!(
            pressed(KeyCode::BackTab, shift).as_deref(),
            Some("Shift-Tab")
        );
        assert_eq!(pressed(KeyCode::Up, shift).as_deref(), Some("S-Up"));
        let control = KeyModifiers::CONTROL;
        assert_eq!(pressed(KeyCode::Char('s'), control).as_deref(), Some("C-s"));
        assert_eq!(pressed(KeyCode::CapsLock, control), None);
    }
}
