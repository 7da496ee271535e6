//! URLs, and names of hosts.

use super::Function;

/// The functions of this group.
pub const FUNCTIONS: &[Function] = &[];
