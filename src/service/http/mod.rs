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
pub(super) use transport::TransportOptions;
