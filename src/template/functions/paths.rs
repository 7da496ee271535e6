//! Paths with slashes. The functions named `os…` do the same here: the original runs on Linux.

use super::Function;
use super::row::{fixed, mismatch};
use super::strings::part_of;
use crate::template::value::{Type, Value};
use crate::template::{Failure, Session};

/// The functions of this group.
pub const FUNCTIONS: &[Function] = &[
    fixed("base", &[Type::String], Type::String, base),
    fixed("osBase", &[Type::String], Type::String, base),
    fixed("dir", &[Type::String], Type::String, dir),
    fixed("osDir", &[Type::String], Type::String, dir),
    fixed("ext", &[Type::String], Type::String, ext),
    fixed("osExt", &[Type::String], Type::String, ext),
    fixed("clean", &[Type::String], Type::String, clean),
    fixed("osClean", &[Type::String], Type::String, clean),
    fixed("isAbs", &[Type::String], Type::Bool, is_abs),
    fixed("osIsAbs", &[Type::String], Type::Bool, is_abs),
];

/// The last element, without slashes behind it.
fn base<'v>(session: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    let [Value::Text(path)] = args else {
        return Err(mismatch());
    };
    if path.is_empty() {
        return Ok(Value::text("."));
    }
    let Some(end) = path.iter().rposition(|byte| *byte != b'/') else {
        return Ok(Value::text("/"));
    };
    let path_only = path.get(..=end).unwrap_or_default();
    let name = path_only.rsplit(|byte| *byte == b'/').next();
    part_of(session, path, name.unwrap_or_default())
}

/// All but the last element.
fn dir<'v>(session: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    let [Value::Text(path)] = args else {
        return Err(mismatch());
    };
    let end = path
        .iter()
        .rposition(|byte| *byte == b'/')
        .map_or(0, |slash| slash + 1);
    session.charge(end)?;
    Ok(cleaned(path.get(..end).unwrap_or_default()).into())
}

/// The last element from its last dot on.
fn ext<'v>(session: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    let [Value::Text(path)] = args else {
        return Err(mismatch());
    };
    let extension = match path.iter().rposition(|byte| matches!(byte, b'.' | b'/')) {
        Some(at) if path.get(at) == Some(&b'.') => path.get(at..),
        _ => None,
    };
    part_of(session, path, extension.unwrap_or_default())
}

fn clean<'v>(session: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    let [Value::Text(path)] = args else {
        return Err(mismatch());
    };
    session.charge(path.len())?;
    Ok(cleaned(path).into())
}

fn is_abs<'v>(_: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    let [Value::Text(path)] = args else {
        return Err(mismatch());
    };
    Ok(Value::Bool(path.starts_with(b"/")))
}

/// The shortest path of the same meaning: no double slashes, no `.`, no `..` behind a name.
fn cleaned(path: &[u8]) -> Vec<u8> {
    let rooted = path.starts_with(b"/");
    let mut elements: Vec<&[u8]> = Vec::new();
    for element in path.split(|byte| *byte == b'/') {
        match element {
            b"" | b"." => {}
            b".." => match elements.last() {
                Some(&last) if last != b".." => drop(elements.pop()),
                _ if rooted => {}
                _ => elements.push(element),
            },
            _ => elements.push(element),
        }
    }
    let joined = elements.join(&b'/');
    match (rooted, joined.is_empty()) {
        (true, _) => [b"/", joined.as_slice()].concat(),
        (false, true) => b".".to_vec(),
        (false, false) => joined,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cleans() {
        let cases = [
            ("", "."),
            ("/", "/"),
            ("//a//b/", "/a/b"),
            ("a/../..", ".."),
            ("/../a", "/a"),
            ("../../x/./y/..", "../../x"),
            ("a/..", "."),
        ];
        for (path, expected) in cases {
            assert_eq!(cleaned(path.as_bytes()), expected.as_bytes(), "{path}");
        }
    }
}
