//! What one rendering may use at most.

use std::time::Duration;

/// Bounds of one rendering. A rendering that reaches one of them ends with an error of the kind
/// [`Limit`](super::ErrorKind::Limit).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of output.
    pub output: usize,
    /// Bytes of values that functions may make, over the whole rendering.
    pub memory: usize,
    /// Nodes and loop passes that may be evaluated.
    pub steps: u64,
    /// How deeply templates, pipelines and values may be nested.
    pub depth: usize,
    /// How long functions that wait or compute for long (`getHostByName`, `genPrivateKey`,
    /// `bcrypt`) may take, together.
    pub slow_functions: Duration,
    /// Whether `getHostByName` may ask DNS.
    pub allow_dns: bool,
    /// Whether keys and certificates may be generated (`genPrivateKey`, `genCA`, …).
    pub allow_key_generation: bool,
}

impl Default for Limits {
    /// 4 MiB of output, 64 MiB of values, a million steps, 300 levels, 5 s of slow functions, all
    /// of which are allowed.
    fn default() -> Self {
        Limits {
            output: 4 << 20,
            memory: 64 << 20,
            steps: 1_000_000,
            depth: 300,
            slow_functions: Duration::from_secs(5),
            allow_dns: true,
            allow_key_generation: true,
        }
    }
}
