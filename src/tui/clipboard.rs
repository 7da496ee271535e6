//! Copying through the terminal (OSC 52), which works over SSH and in most multiplexers.

use crossterm::clipboard::CopyToClipboard;
use crossterm::execute;
use std::io;

/// Terminals cut or drop longer sequences; this many bytes fit everywhere that matters.
const LIMIT: usize = 74_994;

/// Copies, and says how much; a text that is too long is cut, and that is said too.
///
/// # Errors
/// What the terminal's file reports.
pub fn copy(text: &str) -> Result<String, String> {
    let mut end = LIMIT.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let kept = &text[..end];
    execute!(io::stdout(), CopyToClipboard::to_clipboard_from(kept))
        .map_err(|error| format!("copying failed: {error}"))?;
    if kept.len() < text.len() {
        Ok(format!(
            "copied the first {} of {} bytes",
            kept.len(),
            text.len()
        ))
    } else {
        Ok(format!("copied {} bytes", text.len()))
    }
}
