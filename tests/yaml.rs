//! YAML is read as the original reads it, within bounds, and written so that it reads back.

use kubechime::yaml::{MAX_NODES, MAX_SIZE, Node, emit, parse, parse_all, parse_document};
use serde_json::json;

/// Read by the original's library with these results.
#[test]
fn reads_as_the_original() {
    let cases = [
        ("", json!(null)),
        ("# only a comment\n", json!(null)),
        ("a: 1\na: 2\n", json!({"a": 2})),
        ("a\n---\nb\n", json!("a")),
        ("--- {a: b}\n...\n", json!({"a": "b"})),
        ("a: &m hi\nb: *m\n", json!({"a": "hi", "b": "hi"})),
        (
            "m: {a: 1, <<: {a: 2, b: 3}}",
            json!({"m": {"a": 2, "b": 3}}),
        ),
        (
            "m: {<<: {a: 2, b: 3}, a: 1}",
            json!({"m": {"a": 1, "b": 3}}),
        ),
        (
            "{<<: [{a: 1}, {a: 2, c: 1}], c: 5}",
            json!({"a": 1, "c": 5}),
        ),
        ("'<<': 1", json!({"<<": 1})),
        (
            "{1: a, 1.5: b, y: c, 0x10: d, 1e8: e, .inf: f}",
            json!({"1": "a", "1.5": "b", "true": "c", "16": "d", "1e+08": "e", ".inf": "f"}),
        ),
        (
            "[! 12, !foo 12, !!float 1, !!binary aGk=, !!str 5]",
            json!(["12", "12", 1, "hi", "5"]),
        ),
        ("[.inf, 1.0, 08]", json!(["+Inf", 1, 8])),
        ("a:\nb: ~\nc: ''\n", json!({"a": null, "b": null, "c": ""})),
        ("a: |\n  x\n  y\n", json!({"a": "x\ny\n"})),
        ("a: >-\n  x\n  y\n", json!({"a": "x y"})),
    ];
    for (text, value) in cases {
        assert_eq!(parse(text).map(|node| node.to_json()), Ok(value), "{text}");
    }
}

#[test]
fn says_where_it_broke() {
    let cases = [
        ("a: b\nc: {{.x}}\n", "2:5", "invalid map key"),
        ("a: 1\nb: x: y\n", "2:5", "line 2"),
        ("a: *x\n", "1:4", "line 1"),
        ("<<: 1\n", "1:5", "map merge requires map"),
        ("a: !!int x\n", "1:10", "as a !!int"),
        (": a\n", "1:1", "null can't be a key"),
        ("a: &x [*x]\n", "1:8", "inside the value"),
        ("a: [1,\n", "1:4", "line 1"),
    ];
    for (text, place, part) in cases {
        let error = parse(text).unwrap_err();
        let found = error.position.map(|place| place.to_string());
        assert_eq!(found.as_deref(), Some(place), "{text}: {error}");
        assert!(error.message.contains(part), "{text}: {error}");
        assert!(
            error
                .original()
                .starts_with("error converting YAML to JSON: yaml: ")
        );
    }
}

#[test]
fn second_documents() {
    let document = parse_document("a\n---\nb: : {\n").unwrap();
    assert_eq!(document.root.to_json(), json!("a"));
    assert_eq!(document.second.unwrap().to_string(), "2:1");
    assert_eq!(parse_document("a\n").unwrap().second, None);
    let all = parse_all("a: 1\n---\n---\nb: 2\n").unwrap();
    let all: Vec<_> = all.iter().map(Node::to_json).collect();
    assert_eq!(all, [json!({"a": 1}), json!(null), json!({"b": 2})]);
}

/// Anchors are known within one document only.
#[test]
fn anchors_end_with_their_document() {
    assert!(parse_all("a: &x 1\n---\nb: *x\n").is_err());
}

#[test]
fn bombs_are_refused_at_once() {
    let laughs = (1..30).fold(String::from("a0: &a0 [x, x]\n"), |text, n| {
        let before = n - 1;
        format!("{text}a{n}: &a{n} [*a{before}, *a{before}]\n")
    });
    let nested_anchors = "&a [".repeat(60) + &"]".repeat(60);
    let long_text = format!(
        "a: &a {}\nb: [{}]\n",
        "x".repeat(50_000),
        "*a, ".repeat(50_000)
    );
    let merges = (1..30).fold(String::from("m0: &m0 {a: 1, b: 2}\n"), |text, n| {
        let before = n - 1;
        format!("{text}m{n}: &m{n} {{<<: [*m{before}, *m{before}]}}\n")
    });
    let started = std::time::Instant::now();
    for text in [
        laughs,
        long_text,
        merges,
        "[".repeat(100_000),
        "- ".repeat(100_000),
        "a: ".repeat(100_000),
        "? ".repeat(100_000),
        "{a: ".repeat(1_000),
        "x".repeat(MAX_SIZE + 1),
        format!("[{}]", "a,".repeat(MAX_NODES + 1)),
    ] {
        let error = parse(&text).unwrap_err();
        assert!(error.position.is_some(), "{error}");
    }
    assert!(parse(&nested_anchors).is_ok());
    assert!(started.elapsed().as_secs() < 20, "{:?}", started.elapsed());
}

/// Whatever the text, it is read or refused, and what was read can be written and read again.
#[test]
fn mutations_neither_panic_nor_change_on_the_way_back() {
    let seeds = [
        "- when: pod.status.phase in ['Running']\n  send: [a, \"b\\n\"]\n  oncePer: 5\n",
        "message: |\n  {{.x}}\n\nwebhook:\n  w: &m {a: 1, <<: *m, 'b': !!str 2}\n",
        "? >-\n  long\n\n  key\n: |+2\n    x\n\n---\n%YAML 1.1\n",
        "[[{a: [~, .inf, 0x1F]}, *x], &x y, \"\\u00e9\\x41\", 2020-01-01, 12:30]\n",
        "a: $b\nc: 'it''s'\nd: !!binary aGk=\ne:\n- - x\n  - y: z # why\n",
    ];
    let inserts = [
        ":", "- ", "\n", "  ", "\t", "'", "\"", "[", "]", "{", "}", "&a ", "*a", "!!int ", "|",
        ">", "#", "? ", ",", "<<: ", "---\n", "\\", "%", "\u{feff}", "é", "\0", "\r",
    ];
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    let mut pick = |below: usize| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        (random % below as u64) as usize
    };
    let mut read = 0;
    for round in 0..4_000 {
        let mut text: Vec<char> = seeds[round % seeds.len()].chars().collect();
        for _ in 0..=pick(4) {
            let at = pick(text.len() + 1);
            match pick(3) {
                0 if at < text.len() => {
                    text.remove(at);
                }
                1 => {
                    let end = (at + pick(9)).min(text.len());
                    let copied: Vec<char> = text[at..end].to_vec();
                    text.splice(at..at, copied);
                }
                _ => {
                    text.splice(at..at, inserts[pick(inserts.len())].chars());
                }
            }
        }
        let text: String = text.into_iter().collect();
        let Ok(node) = parse(&text) else { continue };
        read += 1;
        let value = node.to_json();
        let written = emit(&value);
        let again = parse(&written).unwrap_or_else(|e| panic!("{text:?} -> {written:?}: {e}"));
        assert_eq!(again.to_json(), value, "{text:?} -> {written:?}");
    }
    assert!(read > 500, "only {read} mutations could be read");
}
