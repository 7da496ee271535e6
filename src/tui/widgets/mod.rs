//! Parts that several screens are built of.

pub mod cells;
pub mod confirm;
pub mod footer;
pub mod frame;
pub mod header;
pub mod help;
pub mod palette;
pub mod prompt;
pub mod text_view;
