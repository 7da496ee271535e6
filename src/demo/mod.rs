//! The simulated cluster, its scenario and the webhook receiver.
//!
//! [`SimCluster`] is a real HTTP server on loopback that speaks the Kubernetes API well enough for
//! kube-rs and kubectl; [`Scenario`] makes objects live, fail and recover in it; [`Receiver`]
//! takes the webhooks. Together they are what `kubechime demo` shows, and the fixture of the
//! tests. Nothing here knows the engine: it is reached over HTTP only.

mod access;
mod admission;
mod apply;
mod body;
mod check;
mod cluster;
mod collect;
mod delete;
mod discovery;
mod events;
mod faults;
mod fieldset;
mod list;
mod managed;
mod negotiate;
mod object;
mod objects;
mod openapi;
mod patch;
mod paths;
mod present;
mod protobuf;
mod read;
mod receiver;
mod recorder;
mod request;
mod resource;
mod scenario;
mod schema;
mod selector;
mod server;
mod status;
mod store;
mod subresource;
mod table;
mod validate;
mod watch;
mod write;

pub use cluster::{ClusterOptions, SimCluster};
pub use faults::{Fault, Faults, Matcher, RuleId, WatchEnd};
pub use objects::Objects;
pub use receiver::{Received, Receiver, Reply};
pub use recorder::{RecordedRequest, Requests};
pub use scenario::{Scenario, ScenarioOptions};
pub use status::ApiError;
