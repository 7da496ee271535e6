//! Cases of the condition language.

use super::{Report, category, known_differences, read_json, read_lines};
use base64::Engine as _;
use kubechime::expr::{Env, ListKind, MapKind, Options, Program, Value, Version};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;

/// One line of `expr.jsonl`.
#[derive(Deserialize)]
struct Case {
    id: String,
    expr: String,
    env: String,
    expected: Expected,
    expected_1_17: Option<Expected>,
}

/// What the original answers. The value stays text: some nest deeper than the JSON parser goes.
#[derive(Deserialize)]
struct Expected {
    ok: bool,
    value: Option<Box<RawValue>>,
    error_class: Option<String>,
    msg: Option<String>,
}

/// Runs one file against one dialect.
pub fn run(file: &str, version: Version) {
    let envs: Option<BTreeMap<String, Json>> = read_json("expr-envs.json");
    let cases: Option<Vec<Case>> = read_lines(file);
    let (Some(cases), Some(envs)) = (cases, envs) else {
        println!("{file}: not there, nothing to do");
        return;
    };
    let known = known_differences();
    let mut report = Report::default();
    for case in &cases {
        let newer = case
            .expected_1_17
            .as_ref()
            .filter(|_| version == Version::V1_17);
        let expected = newer.unwrap_or(&case.expected);
        let env = &envs[&case.env];
        let result = check(&case.expr, env, expected, version);
        report.note(&known, &case.id, category(&case.id), result);
    }
    let dialect = match version {
        Version::V1_16 => "1.16",
        Version::V1_17 => "1.17",
    };
    report.finish(&format!("{file} ({dialect})"));
}

fn check(source: &str, env: &Json, expected: &Expected, version: Version) -> Result<(), String> {
    let options = Options {
        version,
        ..Options::default()
    };
    let found = outcome(source, env, &options);
    let value = expected.value.as_ref().map_or("null", |value| value.get());
    let fits = match &found {
        Ok(found) => expected.ok && same_text(found, value),
        Err((class, _)) => expected.error_class.as_deref() == Some(class),
    };
    if fits {
        return Ok(());
    }
    let found = match found {
        Ok(value) => value.to_string(),
        Err((class, message)) => format!("{class} error: {message}"),
    };
    let expected = match &expected.error_class {
        None => value.to_owned(),
        Some(class) => format!(
            "{class} error: {}",
            expected.msg.as_deref().unwrap_or_default()
        ),
    };
    let shown: String = source.chars().take(200).collect();
    Err(format!(
        "`{shown}`\n    found    {found}\n    expected {expected}"
    ))
}

fn same_text(found: &Json, expected: &str) -> bool {
    match serde_json::from_str(expected) {
        Ok(expected) => same(found, &expected),
        // Too deep for the parser.
        Err(_) => {
            let text = found.to_string();
            text == expected.replace(char::is_whitespace, "")
        }
    }
}

fn outcome(source: &str, env: &Json, options: &Options) -> Result<Json, (&'static str, String)> {
    let program =
        Program::compile(source, options).map_err(|error| ("compile", error.original()))?;
    let mut variables = Env::new();
    for (name, value) in env.as_object().into_iter().flatten() {
        variables.json(name, value);
    }
    let value = program
        .eval(&variables)
        .map_err(|error| ("runtime", error.original()))?;
    Ok(encode(&value, 0))
}

/// Below this many levels the vectors only say that there is more.
const DEEPEST: usize = 200;

/// A value in the notation of the vectors.
fn encode(value: &Value<'_>, depth: usize) -> Json {
    if depth > DEEPEST {
        return json!({"$deep": true});
    }
    let encode = |value: &Value<'_>| encode(value, depth + 1);
    match value {
        Value::Nil => Json::Null,
        Value::Bool(truth) => json!(truth),
        Value::Int(int) | Value::Int64(int) => json!(int),
        Value::Uint8(byte) => json!(byte),
        Value::Float(float) if float.is_finite() => json!(float),
        Value::Float(_) => json!({"$float": value.to_string()}),
        Value::Text(text) => json!(text.to_str()),
        Value::Bytes(bytes) => {
            json!({"$bytes": base64::engine::general_purpose::STANDARD.encode(bytes)})
        }
        Value::Array(items) => items
            .iter()
            .map(|item| encode(&Value::from_json(item)))
            .collect(),
        Value::List(list) => {
            assert!(list.kind != ListKind::Pair || list.len() == 2);
            list.iter().map(|item| encode(&item)).collect()
        }
        Value::Object(members) => members
            .iter()
            .map(|(name, member)| (name.clone(), encode(&Value::from_json(member))))
            .collect(),
        Value::Map(map) => {
            let names: Option<serde_json::Map<String, Json>> = map
                .members
                .iter()
                .map(|(key, member)| match key.to_value() {
                    Value::Text(name) => Some((name.to_string(), encode(member))),
                    _ => None,
                })
                .collect();
            match names {
                Some(members) => Json::Object(members),
                None => {
                    assert_ne!(map.kind, MapKind::Text);
                    let pairs: Vec<Json> = map
                        .members
                        .iter()
                        .map(|(key, member)| json!([encode(&key.to_value()), encode(member)]))
                        .collect();
                    json!({"$map": pairs})
                }
            }
        }
        Value::Time(time) => json!({"$time": time.rfc3339_nano()}),
        Value::Duration(duration) => json!({"$duration": duration.to_string()}),
        Value::Month(month) => json!({"$month": month}),
        Value::Weekday(weekday) => json!({"$weekday": weekday}),
        Value::Zone(zone) => json!({"$location": zone.name()}),
        Value::Function(function) => json!({"$func": function.name()}),
    }
}

/// Whether they are the same value, numbers of the same type. The pairs of a map have no order.
fn same(found: &Json, expected: &Json) -> bool {
    match (found, expected) {
        (Json::Number(a), Json::Number(b)) => a.is_f64() == b.is_f64() && a == b,
        (Json::Array(a), Json::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
        }
        (Json::Object(a), Json::Object(b)) => {
            if let (Some(Json::Array(a)), Some(Json::Array(b))) = (a.get("$map"), b.get("$map")) {
                return a.len() == b.len() && a.iter().all(|a| b.iter().any(|b| same(a, b)));
            }
            if a.contains_key("$func") && b.contains_key("$func") {
                return true;
            }
            a.len() == b.len()
                && a.iter()
                    .all(|(name, a)| b.get(name).is_some_and(|b| same(a, b)))
        }
        _ => found == expected,
    }
}
