//! Everything that talks to the API server: connecting, discovery, lists and watches, patches,
//! leases and access reviews.
//!
//! What lives here turns HTTP into our own types and our own types into HTTP; what to do with them
//! is decided above, in `engine`. Every call has a time-out, every error says what was asked for
//! and, when a right is missing, which. Objects are kept as the bytes that the server sent, with
//! only their metadata parsed ([`LeanObject`]).

mod access;
mod api_index;
mod apply;
mod backoff;
mod client;
mod config_watch;
mod config_watch_all;
mod connect_error;
mod connect_options;
mod contexts;
mod discovery;
mod kubeconfig;
mod lean;
mod lease;
mod lease_election;
mod lease_record;
mod lease_term;
mod list;
mod list_watch;
mod managed_fields;
mod patch;
mod paths;
mod permission;
mod project;
mod request;
mod request_error;
mod scan;
mod watch;

pub use access::{AccessReviews, Right, Rights, RightsQuery};
pub use apply::{Applied, ApplyError, apply_config_map};
pub use client::{Cluster, FIELD_MANAGER, ServerVersion};
pub use config_watch::{
    ConfigEvent, ConfigMapSnapshot, ConfigObject, SecretBytes, SecretSnapshot, watch_config,
};
pub use config_watch_all::{TeamEvent, watch_team_configs};
pub use connect_error::ConnectError;
pub use connect_options::ConnectOptions;
pub use contexts::{ContextInfo, contexts};
pub use discovery::{DiscoveryError, resolve_kind};
pub use kubeconfig::IN_CLUSTER;
pub use lean::{LeanObject, ParseObjectError};
pub use lease::{LeaseHandle, LeaseOptions, LeaseState, Predecessor, hold};
pub use lease_term::LeaseTerm;
pub use list::{ListQuery, Page, get_object, list_page};
pub use managed_fields::{FieldManager, managers};
pub use patch::{
    AnnotationChange, KnownAnnotation, PatchError, Patched, merge_patch, patch_annotation,
};
pub use permission::Permission;
pub use project::{ProjectError, hash, project};
pub use request_error::{FailureClass, RequestCause, RequestError};
pub use scan::ScanError;
pub use watch::{Scope, WatchEvent, WatchFailure, WatchOptions, WatchStream, watch};
