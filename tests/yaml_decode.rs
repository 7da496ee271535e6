//! YAML becomes Rust types by the conventions of Go's JSON decoder.

use kubechime::yaml::{Error, decode, parse};
use serde::Deserialize;
use serde::de::{self, DeserializeOwned, Deserializer};
use std::collections::BTreeMap;

#[derive(Debug, Default, Deserialize, PartialEq)]
#[serde(default, rename_all = "camelCase")]
struct Condition {
    when: String,
    send: Vec<String>,
    once_per: String,
}

#[derive(Debug, Default, Deserialize, PartialEq)]
#[serde(default, rename_all = "camelCase", rename = "services.Options")]
struct Options {
    host: String,
    port: i32,
    secure: bool,
    ratio: f64,
    headers: BTreeMap<String, String>,
    inner: Option<Box<Options>>,
    #[serde(deserialize_with = "deserialize_default_port")]
    fallback: u16,
}

fn deserialize_default_port<'de, D: Deserializer<'de>>(from: D) -> Result<u16, D::Error> {
    let port = u16::deserialize(from)?;
    if port == 1 {
        return Err(de::Error::custom("port 1 is reserved"));
    }
    Ok(port)
}

fn read<T: DeserializeOwned>(text: &str) -> Result<T, Error> {
    decode(&parse(text)?)
}

/// The coercion table of the reference, each line checked with the original.
#[test]
fn scalars_become_text() {
    let cases = [
        ("true", "true"),
        ("yes", "true"),
        ("on", "true"),
        ("y", "true"),
        ("no", "false"),
        ("off", "false"),
        ("n", "false"),
        ("1.50", "1.5"),
        ("1.0", "1"),
        ("1e3", "1000"),
        ("1_000", "1000"),
        ("12345678901234567890", "12345678901234567890"),
        ("100000000000000000000", "1e+20"),
        ("0777", "511"),
        ("0x1F", "31"),
        ("0o17", "15"),
        ("100000000.5", "1e+08"),
        ("1234567.0", "1.234567e+06"),
        ("2020-01-01", "2020-01-01"),
        (".inf", "+Inf"),
        ("-.inf", "-Inf"),
        (".nan", "NaN"),
        ("!!binary aGk=", "hi"),
        ("~", ""),
        ("'yes'", "yes"),
        ("12:30:45", "12:30:45"),
    ];
    for (yaml, text) in cases {
        let read: Vec<String> = read(&format!("[{yaml}]")).unwrap();
        assert_eq!(read, [text], "{yaml}");
    }
}

/// Cases C18, C21, C22.
#[test]
fn conditions() {
    let read_conditions = |text| read::<Vec<Condition>>(text).unwrap();
    assert_eq!(
        read_conditions("- when: true\n  send: [a, 1, 2.50, yes, null]\n  oncePer: 5\n"),
        [Condition {
            when: "true".into(),
            send: ["a", "1", "2.5", "true", ""].map(String::from).to_vec(),
            once_per: "5".into(),
        }]
    );
    let named = |when: &str| Condition {
        when: when.into(),
        ..Condition::default()
    };
    assert_eq!(read_conditions("- when: a\n  when: b\n"), [named("b")]);
    assert_eq!(read_conditions("- when: a\n---\n- when: b\n"), [named("a")]);
    assert_eq!(read_conditions("-\n- {}\n"), [named(""), named("")]);
    assert_eq!(
        read_conditions("- When: a\n  SEND: [x]\n  onceper: o\n  other: {}\n"),
        [Condition {
            when: "a".into(),
            send: vec!["x".into()],
            once_per: "o".into()
        }]
    );
    assert_eq!(
        read_conditions("- {WHEN: a, when: b, When: null}"),
        [named("b")]
    );
    assert_eq!(read_conditions(""), []);
}

/// What the original refuses and we take: case C12.
#[test]
fn numbers_and_booleans_may_be_quoted() {
    let read: Options =
        read("{port: '587', secure: 'yes', ratio: ' 1.5 ', headers: {a: 1, 2: yes}}").unwrap();
    let headers = [("2", "true"), ("a", "1")].map(|(k, v)| (k.to_owned(), v.to_owned()));
    assert_eq!(
        read,
        Options {
            port: 587,
            secure: true,
            ratio: 1.5,
            headers: headers.into(),
            ..Options::default()
        }
    );
}

#[test]
fn null_is_absent() {
    let all_null = "{host: ~, port: ~, secure: null, ratio:, headers:, inner: ~, fallback: ~}";
    assert_eq!(read::<Options>(all_null), Ok(Options::default()));
    assert_eq!(read::<Options>("# nothing\n"), Ok(Options::default()));
    assert_eq!(read::<Vec<i64>>("[~]"), Ok(vec![0]));
}

#[test]
fn whole_floats_are_integers() {
    assert_eq!(read::<Vec<i64>>("[1.0, 1e3, -0.0]"), Ok(vec![1, 1000, 0]));
    assert!(read::<Vec<i64>>("[1e300]").is_err());
}

#[test]
fn errors_name_the_place_as_go_does() {
    let cases: [(Error, &str, &str, &str); 9] = [
        (
            read::<Vec<Condition>>("- when: a\n  send: a\n").unwrap_err(),
            "json: cannot unmarshal string into Go struct field Condition.send of type []string",
            "[0].send",
            "2:9",
        ),
        (
            read::<Vec<Condition>>("when: x\nsend: [a]\n").unwrap_err(),
            "json: cannot unmarshal object into Go value of type []Condition",
            "",
            "1:1",
        ),
        (
            read::<Options>("hello").unwrap_err(),
            "json: cannot unmarshal string into Go value of type services.Options",
            "",
            "1:1",
        ),
        (
            read::<Options>("port: many").unwrap_err(),
            "json: cannot unmarshal string into Go struct field Options.port of type int",
            "port",
            "1:7",
        ),
        (
            read::<Options>("inner:\n  port: 1.5").unwrap_err(),
            "json: cannot unmarshal number 1.5 into Go struct field Options.inner.port of type int",
            "inner.port",
            "2:9",
        ),
        (
            read::<Options>("headers: {a: [1]}").unwrap_err(),
            "json: cannot unmarshal array into Go struct field Options.headers of type string",
            "headers.a",
            "1:14",
        ),
        (
            read::<Options>("secure: 1").unwrap_err(),
            "json: cannot unmarshal number into Go struct field Options.secure of type bool",
            "secure",
            "1:9",
        ),
        (
            read::<Options>("headers: x").unwrap_err(),
            "json: cannot unmarshal string into Go struct field Options.headers of type map[string]string",
            "headers",
            "1:10",
        ),
        (
            read::<Options>("host: x\nfallback: 1").unwrap_err(),
            "port 1 is reserved",
            "fallback",
            "2:11",
        ),
    ];
    for (error, message, path, place) in cases {
        assert_eq!(error.message, message);
        assert_eq!(error.path, path, "{message}");
        let found = error.position.map(|place| place.to_string());
        assert_eq!(found.as_deref(), Some(place), "{message}");
    }
}
