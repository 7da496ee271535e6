//! YAML as the original reads and writes it.
//!
//! The original turns YAML into a generic value, that into JSON, and the JSON into a typed struct
//! (`sigs.k8s.io/yaml`), so a ConfigMap is read by YAML 1.1 rules with Go's JSON conventions on
//! top: `yes` is a boolean, `010` is eight, a boolean becomes text where text is wanted, field
//! names ignore case, unknown fields are ignored, the last duplicate wins. [`parse`] gives the
//! tree with a position for every node, [`decode`] fills a Rust type from it, [`emit`] writes a
//! value back. The catalog and the services read their settings through it; our own settings file
//! does not come here. Nothing here knows what a trigger is.

mod decode;
mod emit;
mod error;
mod expected;
mod locate;
mod node;
mod parse;
mod scalar;
mod timestamp;

pub use decode::decode;
#[cfg(test)]
pub(crate) use decode::record;
pub use emit::emit;
pub use error::Error;
pub use node::{Content, Entry, Node, Scalar, secret_names};
pub use parse::{Document, MAX_DEPTH, MAX_NODES, MAX_SIZE, parse, parse_all, parse_document};
pub use scalar::ScalarValue;
