//! Another condition, tried on an object that is at hand: nothing is saved.

use crate::engine::Tried;
use std::sync::Arc;

/// A condition that is being tried.
#[derive(Clone, Debug)]
pub struct Trial {
    /// Its text.
    pub source: String,
    /// Tells late results apart.
    pub number: u64,
    /// What came of it: `None` while it is evaluated; the error is that of the compiler.
    pub result: Option<Result<Arc<Tried>, String>>,
}
