//! Cutting an object down to the paths that somebody reads, as bytes.
//!
//! The store keeps these bytes (and compares their hash) instead of whole objects; conditions are
//! evaluated on them and must come to the same result as on the whole.

use super::scan::{ScanError, Scanner, unquote};
use crate::domain::PathTrie;

/// The object's text is not JSON.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the object cannot be read: {0}")]
pub struct ProjectError(#[from] ScanError);

/// The part of a JSON text that lies on these paths, as JSON: members in their order, everything
/// else left out.
///
/// Where the paths go on below something that is not an object (a string, an array, null), it is
/// kept whole, so that an expression which expects members there fails in the same way as on the
/// full object.
pub fn project(raw: &str, paths: &PathTrie) -> Result<Box<[u8]>, ProjectError> {
    let mut out = Vec::new();
    copy(&mut Scanner::new(raw), paths, &mut out)?;
    Ok(out.into_boxed_slice())
}

fn copy(scanner: &mut Scanner<'_>, paths: &PathTrie, out: &mut Vec<u8>) -> Result<(), ScanError> {
    if paths.whole || scanner.peek() != Some(b'{') {
        out.extend_from_slice(scanner.value()?.as_bytes());
        return Ok(());
    }
    scanner.enter_object()?;
    out.push(b'{');
    let (mut first, mut empty) = (true, true);
    while let Some(name) = scanner.next_member(first)? {
        first = false;
        let Some(below) = paths.child(&unquote(name)) else {
            scanner.value()?;
            continue;
        };
        if !empty {
            out.push(b',');
        }
        empty = false;
        out.extend_from_slice(name.as_bytes());
        out.push(b':');
        copy(scanner, below, out)?;
    }
    out.push(b'}');
    Ok(())
}

/// A 64-bit hash of bytes (FNV-1a) that is the same in every process and on every machine.
pub fn hash(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |state, byte| {
        (state ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(list: &[&[&str]]) -> PathTrie {
        let mut set = PathTrie::default();
        for path in list {
            set.insert(path);
        }
        set
    }

    fn text(raw: &str, list: &[&[&str]]) -> String {
        String::from_utf8(project(raw, &paths(list)).unwrap().into_vec()).unwrap()
    }

    #[test]
    fn keeps_just_the_paths_in_their_order() {
        let pod = r#"{"kind":"Pod","metadata":{"name":"a","labels":{"x":"1"},"uid":"u"},"spec":{"big":[1,2]},"status":{"phase":"Running","conditions":[{"type":"Ready"}]}}"#;
        assert_eq!(
            text(pod, &[&["status", "phase"], &["metadata", "name"]]),
            r#"{"metadata":{"name":"a"},"status":{"phase":"Running"}}"#
        );
        assert_eq!(
            text(pod, &[&["status", "conditions"]]),
            r#"{"status":{"conditions":[{"type":"Ready"}]}}"#
        );
        assert_eq!(
            project(pod, &PathTrie::everything()).unwrap().as_ref(),
            pod.as_bytes()
        );
        assert_eq!(text(pod, &[]), "{}");
    }

    #[test]
    fn what_has_no_members_is_kept_whole() {
        let below: &[&[&str]] = &[&["a", "b", "c"]];
        for raw in [
            r#"{"a":"text"}"#,
            r#"{"a":null}"#,
            r#"{"a":{"b":[{"c":1,"d":2}]}}"#,
            r#"{"a":{"b":1.50}}"#,
        ] {
            assert_eq!(text(raw, below), raw);
        }
        assert_eq!(text(r#"{"a":{"x":1},"y":2}"#, below), r#"{"a":{}}"#);
        assert_eq!(text(r#"{"y":2}"#, below), "{}");
    }

    #[test]
    fn escaped_names_match_and_stay_as_they_are() {
        assert_eq!(
            text(r#"{"\u0061":{"é\"":1,"z":2}}"#, &[&["a", "é\""]]),
            r#"{"\u0061":{"é\"":1}}"#
        );
    }

    #[test]
    fn broken_text_is_an_error() {
        for raw in ["", "{", r#"{"a""#, r#"{"a":{"b":1}"#] {
            assert!(project(raw, &paths(&[&["a", "b"]])).is_err(), "{raw}");
        }
    }

    #[test]
    fn the_hash_is_the_published_one() {
        assert_eq!(hash(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(hash(b"foobar"), 0x8594_4171_f739_67e8);
    }
}
