//! One module per screen: its state, what its keys change, and how it is drawn.

pub mod blast;
pub mod bulk;
pub mod delivery;
pub mod diff;
pub mod drafts;
pub mod editor;
pub mod events;
pub mod merge;
pub mod overview;
pub mod preview;
mod request_text;
pub mod resource;
pub mod start;
pub mod subscribe;
pub mod text;
pub mod versions;
pub mod views;
