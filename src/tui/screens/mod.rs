//! One module per screen: its state, what its keys change, and how it is drawn.

pub mod delivery;
pub mod editor;
pub mod events;
pub mod overview;
pub mod start;
pub mod text;
