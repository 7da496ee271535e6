//! URLs as dictionaries of their parts.

mod escape;
mod url;

use super::Function;
use super::cast::NIL_POINTER;
use super::row::{fixed, mismatch};
use crate::template::value::types::DICT;
use crate::template::value::{Map, Text, Type, Value};
use crate::template::{Failure, Session};
use url::{Url, UserInfo};

/// The functions of this group.
pub const FUNCTIONS: &[Function] = &[
    fixed("urlParse", &[Type::String], DICT, url_parse),
    fixed("urlJoin", &[DICT], Type::String, url_join),
];

fn url_parse<'v>(session: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    let [Value::Text(text)] = args else {
        return Err(mismatch());
    };
    session.charge(text.len().saturating_mul(4))?;
    let url = Url::parse(text)
        .map_err(|complaint| Failure::new(format!("unable to parse url: {complaint}")))?;
    let hostname = url.hostname().to_vec();
    let user = url
        .user
        .as_ref()
        .map(UserInfo::to_bytes)
        .unwrap_or_default();
    let members = [
        ("scheme", url.scheme),
        ("host", url.host),
        ("hostname", hostname),
        ("path", url.path),
        ("query", url.query),
        ("opaque", url.opaque),
        ("fragment", url.fragment),
        ("userinfo", user),
    ];
    let members = members.map(|(name, part)| (Text::from(name), Value::from(part)));
    Ok(Map::new(members)?.into())
}

fn url_join<'v>(session: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    let [Value::Map(parts)] = args else {
        return Err(mismatch());
    };
    let part = |name: &'static str| part(session, parts, name);
    let user = match part("userinfo")? {
        user if user.is_empty() => None,
        user => {
            let with_host = [b"proto://", user.as_slice(), b"@host"].concat();
            let parsed = Url::parse(&with_host).map_err(|complaint| {
                Failure::new(format!("unable to parse userinfo in dict: {complaint}"))
            })?;
            parsed.user
        }
    };
    let url = Url {
        scheme: part("scheme")?,
        host: part("host")?,
        path: part("path")?,
        query: part("query")?,
        opaque: part("opaque")?,
        fragment: part("fragment")?,
        user,
    };
    Ok(url.to_bytes().into())
}

fn part<'v>(session: &Session<'v>, parts: &Map<'v>, name: &str) -> Result<Vec<u8>, Failure> {
    match parts.get(session, name.as_bytes()) {
        None => Ok(Vec::new()),
        Some(Value::Text(text)) => {
            session.charge(text.len().saturating_mul(4))?;
            Ok(text.to_vec())
        }
        Some(Value::Nil | Value::Absent) => Err(Failure::new(NIL_POINTER)),
        Some(other) => Err(Failure::new(format!(
            "unable to parse {name} key, must be of type string, but {} found",
            other.kind()
        ))),
    }
}
