//! Compares the HTTP requests that arrived with those that were expected.

use super::super::Difference;
use super::matching::{between, compare_jwt, matches};
use super::recorder::Recorded;
use serde_json::Value;
use url::Url;

/// What requests are compared with the expected ones.
pub enum Requests {
    /// Those that arrived.
    Arrived(Vec<Recorded>),
    /// Those that were prepared, for a host that is not here. Some texts in them stand for what is
    /// only known when they are sent.
    Prepared(Vec<Recorded>),
}

/// Compares all requests of a send.
pub fn compare_all(
    expected: &[Value],
    requests: Requests,
    unordered: bool,
) -> Result<(), Difference> {
    let (arrived, prepared) = match requests {
        Requests::Arrived(arrived) => (arrived, false),
        Requests::Prepared(prepared) => (prepared, true),
    };
    let needed = expected.iter().filter(|wanted| wanted["optional"] != true);
    if arrived.is_empty() && needed.clone().count() > 0 {
        return Err(Difference::of("no-requests", "no request arrived"));
    }
    let mut left = arrived;
    let mut differences = Difference::default();
    for (number, wanted) in expected.iter().enumerate() {
        let candidates = if unordered {
            left.len()
        } else {
            left.len().min(1)
        };
        let fits = |got: &Recorded, wanted: &Value| compare(wanted, got, prepared).is_ok();
        let found = (0..candidates).find(|at| fits(&left[*at], wanted));
        if let Some(at) = found {
            left.remove(at);
            continue;
        }
        if wanted["optional"] == true {
            continue;
        }
        let later = &expected[number + 1..];
        let is_next = |got: &Recorded| !later.iter().any(|wanted| fits(got, wanted));
        // The one in its place is the one that was meant, unless that is expected later.
        if !unordered && left.first().is_some_and(is_next) {
            let got = left.remove(0);
            if let Err(difference) = compare(wanted, &got, prepared) {
                differences.add(difference);
            }
        } else {
            let text = format!(
                "no such request arrived: {wanted}\n    left: {}",
                shown(&left)
            );
            differences.add(Difference::of("requests", text));
        }
    }
    if !left.is_empty() {
        let text = format!("more requests arrived: {}", shown(&left));
        differences.add(Difference::of("requests", text));
    }
    differences.into_result()
}

fn shown(requests: &[Recorded]) -> String {
    let lines = requests.iter().map(|request| {
        let Recorded {
            method, base, path, ..
        } = request;
        format!("{method} {base}{path} {}", request.text())
    });
    lines.collect::<Vec<_>>().join("\n    ")
}

fn compare(wanted: &Value, got: &Recorded, prepared: bool) -> Result<(), Difference> {
    let mut differences = Difference::default();
    let text = |name: &str| wanted[name].as_str().unwrap_or_default();
    let mut check =
        |part: &str, agree: bool, wanted: &dyn std::fmt::Debug, got: &dyn std::fmt::Debug| {
            if !agree {
                differences.add(Difference::of(
                    part,
                    format!("{part}: wanted {wanted:?}, got {got:?}"),
                ));
            }
        };
    check(
        "method",
        text("method") == got.method,
        &text("method"),
        &got.method,
    );
    check(
        "base",
        same_base(text("base"), &got.base),
        &text("base"),
        &got.base,
    );
    let paths = (decoded_path(text("path")), decoded_path(&got.path));
    check("path", paths.0 == paths.1, &paths.0, &paths.1);
    let queries = (pairs(text("query").as_bytes()), pairs(got.query.as_bytes()));
    check("query", queries.0 == queries.1, &queries.0, &queries.1);
    for (name, value) in wanted["headers"].as_object().into_iter().flatten() {
        let name = name.to_ascii_lowercase();
        let found = got.header(&name);
        let agree = match (value.as_str(), found) {
            (Some(wanted), Some(found)) if name == "content-type" => {
                let kind =
                    |text: &str| text.split(';').next().unwrap_or_default().trim().to_owned();
                kind(wanted) == kind(found)
            }
            (_, Some(found)) => prepared && deferred(found) || matches(value, &Value::from(found)),
            (_, None) => false,
        };
        check(&format!("header:{name}"), agree, value, &found);
    }
    if let Some(jwt) = wanted.get("jwt") {
        let authorization = got.header("authorization").unwrap_or_default();
        let result = compare_jwt(jwt, authorization);
        check("jwt", result.is_ok(), &result, &"");
    }
    let body = &wanted["body"];
    check(
        "body",
        body_agrees(body, &got.body, prepared),
        body,
        &got.text(),
    );
    differences.into_result()
}

/// Whether the text stands for what an earlier request will be answered, or for a signature.
fn deferred(text: &str) -> bool {
    text.starts_with("(from ") && text.ends_with(')') || text == "(signed when sent)"
}

fn body_agrees(wanted: &Value, got: &[u8], prepared: bool) -> bool {
    match wanted["kind"].as_str().unwrap_or("any") {
        "any" => true,
        "empty" => got.is_empty(),
        "text" => wanted["text"].as_str().unwrap_or_default().as_bytes() == got,
        "form" => form_agrees(wanted, got),
        "json" => serde_json::from_slice::<Value>(got).is_ok_and(|found| {
            let known = |wanted: &Value| match prepared {
                true => without_deferred(wanted, &found),
                false => wanted.clone(),
            };
            let most = known(&wanted["json"]);
            match wanted.get("json_min") {
                Some(least) => between(&known(least), &most, &found),
                None => matches(&most, &found),
            }
        }),
        _ => false,
    }
}

/// The expectation, satisfied wherever the value is deferred.
fn without_deferred(wanted: &Value, got: &Value) -> Value {
    match (wanted, got) {
        (_, Value::String(text)) if deferred(text) => serde_json::json!({"$any": true}),
        (Value::Object(members), Value::Object(found)) => members
            .iter()
            .map(|(name, wanted)| match found.get(name) {
                Some(got) => (name.clone(), without_deferred(wanted, got)),
                None => (name.clone(), wanted.clone()),
            })
            .collect(),
        _ => wanted.clone(),
    }
}

fn form_agrees(wanted: &Value, got: &[u8]) -> bool {
    let optional: Vec<&str> = wanted["optional"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let form: Vec<(String, Value)> =
        serde_json::from_value(wanted["pairs"].clone()).unwrap_or_default();
    let mut left = pairs(got);
    form.iter().all(|(name, value)| {
        let fits = |(found, text): &(String, String)| {
            found == name && matches(value, &Value::from(text.as_str()))
        };
        match left.iter().position(fits) {
            Some(at) => {
                left.remove(at);
                true
            }
            None => optional.contains(&name.as_str()),
        }
    }) && left.is_empty()
}

/// Whether both mean the same scheme, host and port.
pub fn same_base(wanted: &str, got: &str) -> bool {
    let origin = |text: &str| {
        let text = text.replacen("://localhost", "://127.0.0.1", 1);
        Url::parse(&text).map(|url| url.origin())
    };
    matches!((origin(wanted), origin(got)), (Ok(wanted), Ok(got)) if wanted == got)
}

/// The path with each segment decoded; an encoded slash stays apart from a plain one.
fn decoded_path(path: &str) -> String {
    let decoded = path.split('/').map(|segment| {
        let plus = segment.replace('+', "%2B");
        let pair = pairs(plus.as_bytes()).pop().unwrap_or_default();
        pair.0.replace('/', "\u{0}")
    });
    decoded.collect::<Vec<_>>().join("/")
}

fn pairs(text: &[u8]) -> Vec<(String, String)> {
    let mut pairs: Vec<(String, String)> = url::form_urlencoded::parse(text).into_owned().collect();
    pairs.sort();
    pairs
}
