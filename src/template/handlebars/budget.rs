//! What one Handlebars rendering may still use.
//!
//! Helpers are registered once per template and get no room for the state of a rendering; a
//! rendering stays on its thread from beginning to end, so its budget is kept there.

use crate::template::{Failure, Limits, Session};
use jiff::Timestamp;
use std::cell::RefCell;
use std::marker::PhantomData;

thread_local! {
    static CURRENT: RefCell<Option<State>> = const { RefCell::new(None) };
}

struct State {
    limits: Limits,
    now: Option<Timestamp>,
    exhausted: bool,
}

/// The budget of the rendering under way on this thread; it ends when this is dropped.
pub(super) struct Budget(PhantomData<*const ()>);

impl Budget {
    /// Starts a rendering.
    pub(super) fn start(limits: &Limits, now: Option<Timestamp>) -> Self {
        CURRENT.set(Some(State {
            limits: limits.clone(),
            now,
            exhausted: false,
        }));
        Budget(PhantomData)
    }

    /// Whether a limit was reached.
    pub(super) fn exhausted(&self) -> bool {
        CURRENT.with_borrow(|state| state.as_ref().is_some_and(|state| state.exhausted))
    }
}

impl Drop for Budget {
    fn drop(&mut self) {
        CURRENT.set(None);
    }
}

/// Runs a function within what is left, and pays for what it used.
///
/// # Errors
/// When nothing is left; the function's own.
pub(super) fn within<T>(
    run: impl for<'v> FnOnce(&Session<'v>) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let (limits, now) = CURRENT.with_borrow(|state| match state {
        Some(state) => (state.limits.clone(), state.now),
        None => (Limits::default(), None),
    });
    let session = Session::new(limits, now);
    let result = session.step().and_then(|()| run(&session));
    CURRENT.with_borrow_mut(|state| {
        if let Some(state) = state {
            state.limits = session.left();
            state.exhausted |= matches!(&result, Err(failure) if failure.limit);
        }
    });
    result
}
