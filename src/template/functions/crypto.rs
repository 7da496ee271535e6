//! Hashes, passwords, encryption, keys and certificates.

use super::Function;

/// The functions of this group.
pub const FUNCTIONS: &[Function] = &[];
