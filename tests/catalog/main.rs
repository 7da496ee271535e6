//! A ConfigMap and its Secret become a catalog: every key by itself, everything that is wrong told
//! with its place.

#[path = "../support/catalog.rs"]
mod support;

mod findings;
mod hostile;
mod reading;
mod secrets;
mod summary;
mod versions;
