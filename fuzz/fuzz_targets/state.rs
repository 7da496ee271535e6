//! Any text as the notified state of an object: what can be kept is kept, and what is written is
//! read back as it was.
#![no_main]

use kubechime::domain::{
    ConditionKey, Destination, MAX_BYTES, MAX_ENTRIES, NotifiedState, state_key,
};
use libfuzzer_sys::fuzz_target;
use std::collections::BTreeSet;

fuzz_target!(|text: &str| {
    let (mut state, problem) = NotifiedState::parse(text);
    if let Some(problem) = problem {
        assert!(!problem.to_string().is_empty());
    }
    let written = state.to_json();
    let (read, problem) = NotifiedState::parse(&written);
    assert_eq!((&read, problem), (&state, None));
    assert_eq!(read.to_json(), written);

    let key = state_key(
        text.get(..10).unwrap_or("t"),
        &ConditionKey::of(0, text),
        &Destination::new("web", text),
        "",
        None,
    );
    let known = state.get(&key).is_some();
    assert_eq!(state.mark(&key, 1), !known);
    let live: BTreeSet<String> = BTreeSet::from([key.clone()]);
    let before = state.clone();
    state.trim(MAX_ENTRIES, MAX_BYTES, &live);
    assert!(state.iter().all(|(key, at)| before.get(key) == Some(at)));
    assert!(state.len() <= MAX_ENTRIES);
    // The live entry stays, however long it is.
    assert!(state.len() == 1 || state.to_json().len() <= MAX_BYTES);
    assert!(state.get(&key).is_some());
    assert!(state.clear(&key));
});
