//! The wall clock, for what is recorded and shown. Waiting is done by tokio's clock, which does not
//! jump.

/// Milliseconds since 1970.
pub fn now_ms() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}

/// Seconds since 1970.
pub fn now_seconds() -> i64 {
    jiff::Timestamp::now().as_second()
}
