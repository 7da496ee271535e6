//! Times and durations.

use super::Function;

/// The functions of this group.
pub const FUNCTIONS: &[Function] = &[];
