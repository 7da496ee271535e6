//! One module per screen: its state, what its keys change, and how it is drawn.

pub mod bulk;
pub mod delivery;
pub mod editor;
pub mod events;
pub mod overview;
mod request_text;
pub mod resource;
pub mod start;
pub mod text;
pub mod views;
