//! Cases of the condition language.

use super::{Report, category, known_differences, read_json, read_lines};
use base64::Engine as _;
use kubechime::expr::{Env, ListKind, MapKind, Options, Program, Value, Version};
use serde_json::{Value as Json, json};

/// Runs one file against one dialect.
pub fn run(file: &str, version: Version) {
    let (Some(cases), Some(envs)) = (read_lines(file), read_json("expr-envs.json")) else {
        println!("{file}: not there, nothing to do");
        return;
    };
    let known = known_differences();
    let mut report = Report::default();
    for case in &cases {
        let text = |member: &str| case[member].as_str().unwrap_or_default();
        let id = text("id");
        let expected = match version {
            Version::V1_17 => case.get("expected_1_17").unwrap_or(&case["expected"]),
            Version::V1_16 => &case["expected"],
        };
        let env = &envs[text("env")];
        let result = check(text("expr"), env, expected, version);
        report.note(&known, id, category(id), result);
    }
    let dialect = match version {
        Version::V1_16 => "1.16",
        Version::V1_17 => "1.17",
    };
    report.finish(&format!("{file} ({dialect})"));
}

fn check(source: &str, env: &Json, expected: &Json, version: Version) -> Result<(), String> {
    let options = Options {
        version,
        ..Options::default()
    };
    let found = outcome(source, env, &options);
    let fits = match (&found, expected["ok"].as_bool()) {
        (Ok(value), Some(true)) => same(value, &expected["value"]),
        (Err((class, _)), Some(false)) => expected["error_class"] == *class,
        _ => false,
    };
    if fits {
        return Ok(());
    }
    let found = match found {
        Ok(value) => value.to_string(),
        Err((class, message)) => format!("{class} error: {message}"),
    };
    let expected = match expected["ok"].as_bool() {
        Some(true) => expected["value"].to_string(),
        _ => format!("{} error: {}", expected["error_class"], expected["msg"]),
    };
    let shown: String = source.chars().take(200).collect();
    Err(format!("`{shown}`\n    found    {found}\n    expected {expected}"))
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
    Ok(encode(&value))
}

/// A value in the notation of the vectors.
fn encode(value: &Value<'_>) -> Json {
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
                return a.len() == b.len()
                    && a.iter().all(|a| b.iter().any(|b| same(a, b)));
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
