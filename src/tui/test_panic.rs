//! A panic on demand, for the tests of what a panic leaves behind. Release builds don't have it.

use crossterm::event::{Event, KeyCode};

/// Names the thread that is to panic: `dashboard`, or any other word for a thread of its own.
const VARIABLE: &str = "KUBECHIME_TEST_PANIC";

/// Panics at F12 when the environment asks for it.
pub fn at(event: &Event) {
    let Some(key) = event.as_key_press_event() else {
        return;
    };
    if key.code != KeyCode::F(12) {
        return;
    }
    match std::env::var(VARIABLE).as_deref() {
        Ok("dashboard") => panic!("asked for by {VARIABLE}"),
        Ok(_) => drop(std::thread::spawn(|| panic!("asked for by {VARIABLE}"))),
        Err(_) => {}
    }
}
