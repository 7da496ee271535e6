//! HTTP for the services: clients by transport options, time limits, and what answers and failures
//! mean.

mod answer;
mod client;
mod failure;
mod transport;
mod wire;

pub(super) use answer::Answer;
pub use client::ClientPool;
pub(super) use client::HttpClient;
#[cfg(feature = "email")]
pub(super) use failure::cause;
#[cfg(any(feature = "email", feature = "nats", feature = "awssqs"))]
pub(super) use failure::{broken_connection, innermost};
pub(super) use transport::TransportOptions;
