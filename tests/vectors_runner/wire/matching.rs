//! Equality by the rules of the wire vectors: numbers by value, null as absent, and matchers.

use aws_lc_rs::digest;
use base64::Engine as _;
use serde_json::{Map, Value};

/// Whether the value is what was expected.
pub fn matches(wanted: &Value, got: &Value) -> bool {
    if let Some(answer) = by_matcher(wanted, got) {
        return answer;
    }
    match (wanted, got) {
        (Value::Object(wanted), Value::Object(got)) => {
            let names = wanted.keys().chain(got.keys());
            names.into_iter().all(|name| {
                let of =
                    |members: &Map<String, Value>| members.get(name).cloned().unwrap_or_default();
                matches(&of(wanted), &of(got))
            })
        }
        (Value::Array(wanted), Value::Array(got)) => {
            wanted.len() == got.len() && wanted.iter().zip(got).all(|(w, g)| matches(w, g))
        }
        (Value::Number(wanted), Value::Number(got)) => wanted.as_f64() == got.as_f64(),
        (wanted, got) => wanted == got,
    }
}

fn by_matcher(wanted: &Value, got: &Value) -> Option<bool> {
    if wanted.get("$any").is_some() {
        return Some(true);
    }
    if let Some(pattern) = wanted.get("$regex").and_then(Value::as_str) {
        let text = match got {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        return Some(regex::Regex::new(pattern).is_ok_and(|pattern| pattern.is_match(&text)));
    }
    if let Some(json) = wanted.get("$json") {
        let inner = got
            .as_str()
            .and_then(|text| serde_json::from_str(text).ok());
        return Some(inner.is_some_and(|inner| matches(json, &inner)));
    }
    let hash = wanted.get("$sha256").and_then(Value::as_str)?;
    let count = wanted.get("$chars").and_then(Value::as_u64);
    Some(got.as_str().is_some_and(|text| {
        let length_fits = count.is_none_or(|count| text.chars().count() as u64 == count);
        length_fits && sha256(text) == hash.to_ascii_lowercase()
    }))
}

fn sha256(text: &str) -> String {
    let hash = digest::digest(&digest::SHA256, text.as_bytes());
    hash.as_ref()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// Whether the value lies between the two: each member that is only in `most` may be missing.
pub fn between(least: &Value, most: &Value, got: &Value) -> bool {
    match (most, got) {
        (Value::Object(all), Value::Object(found)) if by_matcher(most, got).is_none() => {
            let known = found
                .keys()
                .all(|name| all.contains_key(name) || found[name].is_null());
            known
                && all
                    .iter()
                    .all(|(name, wanted)| match (least.get(name), found.get(name)) {
                        (None, None | Some(Value::Null)) => true,
                        (None, Some(got)) => matches(wanted, got),
                        (Some(least), got) => between(least, wanted, got.unwrap_or(&Value::Null)),
                    })
        }
        (Value::Array(all), Value::Array(found)) => {
            all.len() == found.len()
                && all
                    .iter()
                    .zip(found)
                    .enumerate()
                    .all(|(at, (wanted, got))| {
                        between(least.get(at).unwrap_or(&Value::Null), wanted, got)
                    })
        }
        _ => matches(most, got),
    }
}

/// Compares the bearer token of an `Authorization` header: algorithm, issuer, lifetime in seconds.
pub fn compare_jwt(wanted: &Value, authorization: &str) -> Result<(), String> {
    let token = authorization.trim_start_matches("Bearer ");
    let part = |at: usize| -> Option<Value> {
        let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD
            .decode(token.split('.').nth(at)?)
            .ok()?;
        serde_json::from_slice(&bytes).ok()
    };
    let (Some(head), Some(claims)) = (part(0), part(1)) else {
        return Err(format!("no JWT in {authorization:?}"));
    };
    let seconds = |name: &str| claims[name].as_f64().unwrap_or_default();
    let lifetime = seconds("exp") - seconds("iat");
    let lifetime_fits = wanted["lifetime_s"].as_f64() == Some(lifetime);
    let issuer = |value: &Value| value.to_string().trim_matches('"').to_owned();
    if wanted["alg"] == head["alg"]
        && issuer(&wanted["iss"]) == issuer(&claims["iss"])
        && lifetime_fits
    {
        Ok(())
    } else {
        Err(format!("wanted {wanted}, got {head} {claims}"))
    }
}
