//! PEM: binary data as text between two lines that name it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// One block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Block {
    /// What the lines say, such as `CERTIFICATE`.
    pub(super) label: String,
    /// The data.
    pub(super) data: Vec<u8>,
}

const LINE: usize = 64;

impl Block {
    /// The first block in a text, wherever it stands; headers in it are skipped.
    pub(super) fn find(text: &str) -> Option<Self> {
        let mut lines = text.lines().map(str::trim_end);
        loop {
            let label = lines
                .by_ref()
                .find_map(|line| line.strip_prefix("-----BEGIN ")?.strip_suffix("-----"))?;
            let end = format!("-----END {label}-----");
            let mut encoded = String::new();
            let closed = lines.by_ref().any(|line| {
                if !line.contains(':') && line != end {
                    encoded.push_str(line.trim());
                }
                line == end
            });
            if let (true, Ok(data)) = (closed, STANDARD.decode(&encoded)) {
                return Some(Block {
                    label: label.to_owned(),
                    data,
                });
            }
            if !closed {
                return None;
            }
        }
    }

    /// The block as text.
    pub(super) fn to_text(&self) -> String {
        let Block { label, data } = self;
        let mut out = format!("-----BEGIN {label}-----\n");
        let encoded = STANDARD.encode(data);
        let mut rest = encoded.as_str();
        while !rest.is_empty() {
            let (line, after) = rest.split_at_checked(LINE).unwrap_or((rest, ""));
            out.push_str(line);
            out.push('\n');
            rest = after;
        }
        out.push_str(&format!("-----END {label}-----\n"));
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_found_and_written() {
        let block = Block {
            label: "TEST DATA".into(),
            data: (0..100).collect(),
        };
        let text = block.to_text();
        assert!(text.lines().all(|line| line.len() <= LINE));
        assert_eq!(Block::find(&format!("before\n{text}after")), Some(block));
        let with_header = text.replacen("-----\n", "-----\nProc-Type: 4\n\n", 1);
        assert!(Block::find(&with_header).is_some());
        assert_eq!(Block::find("-----BEGIN X-----\nAAAA\n"), None);
        assert_eq!(Block::find("-----BEGIN X-----\n!\n-----END X-----\n"), None);
    }
}
