//! Random strings and numbers, and identifiers.

use super::Function;

/// The functions of this group.
pub const FUNCTIONS: &[Function] = &[];
