//! What an expression depends on: the paths it reads, and whether it reads the clock.

use kubechime::domain::PathTrie;
use kubechime::expr::{Env, Options, Program};
use kubechime::golang::time::{Time, layout::RFC3339};
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::path::Path;

fn program(source: &str) -> Program {
    Program::compile(source, &Options::default())
        .unwrap_or_else(|error| panic!("{source}: {error}"))
}

#[test]
fn reads_are_the_paths_that_matter() {
    type Reads = [(&'static str, &'static [&'static str])];
    let cases: [(&str, &Reads); 8] = [
        (
            "pod.status.phase == 'Running' && pod.metadata?.labels['app'] != ''",
            &[("pod", &["metadata.labels.app", "status.phase"])],
        ),
        (
            "any(pod.status.conditions, .type == 'Ready')",
            &[("pod", &["status.conditions"])],
        ),
        (
            "pod.spec.containers[0].name == other.x",
            &[("other", &["x"]), ("pod", &["spec.containers"])],
        ),
        ("let s = pod.status; s.phase", &[("pod", &["status"])]),
        (
            "pod.metadata.labels[pod.spec.key]",
            &[("pod", &["metadata.labels", "spec.key"])],
        ),
        ("$env.pod.kind", &[("pod", &["kind"])]),
        ("keys($env)", &[("$env", &[""])]),
        ("pod", &[("pod", &[""])]),
    ];
    for (source, expected) in cases {
        let program = program(source);
        let found: Vec<(String, Vec<String>)> = program
            .reads()
            .iter()
            .map(|(variable, paths)| {
                let mut lines = Vec::new();
                collect(paths, &mut Vec::new(), &mut lines);
                (variable.clone(), lines)
            })
            .collect();
        let expected: Vec<(String, Vec<String>)> = expected
            .iter()
            .map(|(variable, paths)| {
                let paths = paths.iter().map(|path| (*path).to_owned()).collect();
                ((*variable).to_owned(), paths)
            })
            .collect();
        assert_eq!(found, expected, "{source}");
    }
}

/// The vectors' environments and expressions.
fn vectors() -> (BTreeMap<String, Json>, Vec<(String, String)>) {
    #[derive(serde::Deserialize)]
    struct Case {
        expr: String,
        env: String,
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors");
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).expect(name);
    let envs = serde_json::from_str(&read("expr-envs.json")).expect("JSON");
    let cases = read("expr.jsonl")
        .lines()
        .map(|line| serde_json::from_str::<Case>(line).expect(line))
        .map(|case| (case.expr, case.env))
        .collect();
    (envs, cases)
}

/// The part of a value that lies on the paths.
fn project(value: &Json, paths: &PathTrie) -> Json {
    let Json::Object(members) = value else {
        return value.clone();
    };
    if paths.whole {
        return value.clone();
    }
    members
        .iter()
        .filter_map(|(name, member)| {
            let below = paths.child(name)?;
            Some((name.clone(), project(member, below)))
        })
        .collect()
}

#[test]
fn what_is_not_read_makes_no_difference() {
    let (envs, cases) = vectors();
    let now = Time::parse(RFC3339, "2024-06-01T12:30:00Z").expect("a time");
    let mut smaller = 0;
    for (source, name) in cases {
        let Ok(program) = Program::compile(&source, &Options::default()) else {
            continue;
        };
        let whole = &envs[&name];
        let mut parts = Json::Object(serde_json::Map::new());
        for (variable, value) in whole.as_object().expect("variables") {
            if program.reads().contains_key("$env") {
                parts[variable] = value.clone();
            } else if let Some(paths) = program.reads().get(variable) {
                parts[variable] = project(value, paths);
            }
        }
        let answer = |variables: &Json| {
            let mut env = Env::new();
            env.set_now(now.clone());
            for (name, value) in variables.as_object().expect("variables") {
                env.json(name, value);
            }
            match program.eval(&env) {
                Ok(value) => format!("{value:?}"),
                Err(error) => error.original(),
            }
        };
        assert_eq!(answer(&parts), answer(whole), "{source}");
        smaller += usize::from(parts != *whole);
    }
    assert!(smaller > 1_000, "{smaller}");
}

fn collect(paths: &PathTrie, at: &mut Vec<String>, lines: &mut Vec<String>) {
    if paths.whole {
        lines.push(at.join("."));
    }
    for (member, below) in &paths.children {
        at.push(member.clone());
        collect(below, at, lines);
        at.pop();
    }
}

#[test]
fn whoever_asks_for_the_time_is_known() {
    assert!(program("now() > date('2020-01-01')").uses_clock());
    assert!(program("time.Now().Year() > 2020").uses_clock());
    assert!(program("let f = get(time, 'No' + 'w'); f()").uses_clock());
    assert!(!program("time.Parse(pod.x).Year() > 2020").uses_clock());
    assert!(!program("pod.status.now == 1").uses_clock());
}
