//! Expressions that want to break whoever reads them: deep, long, endless, garbled. None may panic,
//! hang, overflow the stack or fill the memory.

use kubechime::expr::{Env, Options, Program, Version};
use serde_json::{Value as Json, json};
use std::time::{Duration, Instant};

fn pod() -> Json {
    json!({
        "metadata": {"name": "web-0", "labels": null, "annotations": {"team": "a"}},
        "spec": {"priority": null, "containers": [{"name": "web"}]},
        "status": {"phase": "Pending", "conditions": [{"type": "Ready", "status": "False"}]},
    })
}

fn env(pod: &Json) -> Env<'_> {
    let mut env = Env::new();
    env.json("pod", pod);
    env
}

/// Compiles and evaluates, in bounded time; says what came out.
fn survive(name: &str, source: &str) -> Result<String, String> {
    survive_with(name, source, &Options::default())
}

fn survive_with(name: &str, source: &str, options: &Options) -> Result<String, String> {
    let object = pod();
    let started = Instant::now();
    let result = match Program::compile(source, options) {
        Ok(program) => program
            .eval(&env(&object))
            .map(|value| value.short(60))
            .map_err(|error| {
                assert!(!error.render().is_empty());
                error.message().to_owned()
            }),
        Err(error) => {
            assert!(!error.render().is_empty());
            Err(error.message().to_owned())
        }
    };
    // Generous: debug builds on a busy machine.
    assert!(
        started.elapsed() < Duration::from_secs(60),
        "{name} took {:?}",
        started.elapsed()
    );
    result
}

#[test]
fn enormous_and_deep_expressions() {
    let refused = |name: &str, source: &str| {
        let message = survive(name, source).expect_err(name);
        assert!(message.len() < 500, "{name}: {message}");
    };
    let million = 1 << 20;
    refused(
        "parentheses",
        &("(".repeat(10_000) + "1" + &")".repeat(10_000)),
    );
    refused("open parentheses", &"(".repeat(million));
    refused("nots", &("not ".repeat(million / 4) + "true"));
    refused("minuses", &("-".repeat(million) + "1"));
    refused("pluses", &("1".to_owned() + &"+1".repeat(million / 2)));
    refused("members", &("pod".to_owned() + &".a".repeat(million / 2)));
    refused(
        "optional members",
        &("pod".to_owned() + &"?.a".repeat(million / 3)),
    );
    refused("ternaries", &("true ? ".repeat(million / 8) + "1"));
    refused("brackets", &"[".repeat(million));
    refused("braces", &"{a:".repeat(million / 3));
    refused("predicates", &"map([1],".repeat(million / 8));
    refused("quotes", &("'".to_owned() + &"a".repeat(million)));
    refused("comment", &("/*".to_owned() + &"a".repeat(million)));
    refused("three megabytes", &" ".repeat(3 * million));
    refused(
        "elvis",
        &("true".to_owned() + &" ?: false".repeat(40)).replace("true", "pod.x"),
    );
    let pipes = "'a'".to_owned() + &" | upper()".repeat(9_000);
    assert_eq!(survive("pipes", &pipes).as_deref(), Ok("\"A\""));
    let list = format!("len([{}])", "1,".repeat(million / 2 - 10));
    assert_eq!(survive("long list", &list).as_deref(), Ok("524278"));
    let ors = "pod.a == 1".to_owned() + &" or pod.a == 1".repeat(5_000);
    assert_eq!(survive("ors", &ors).as_deref(), Ok("false"));
}

#[test]
fn uses_of_shared_parts_do_not_multiply() {
    // Each level uses the one below it twice.
    let mut elvis = "pod.x".to_owned();
    let mut chain = "1".to_owned();
    let mut range = "1".to_owned();
    for _ in 0..60 {
        elvis = format!("({elvis} ?: true)");
        chain = format!("len([0 < {chain} < 2])");
        range = format!("len([{range} in 1..3])");
    }
    for (name, source) in [("elvis", elvis), ("chain", chain), ("range", range)] {
        let message = survive(name, &source).expect_err(name);
        assert_eq!(message, "the expression is too large", "{name}");
    }
}

#[test]
fn loops_and_values_have_budgets() {
    // The default allows twice as much, which takes long in debug builds.
    let options = Options {
        step_budget: 5_000_000,
        ..Options::default()
    };
    let exceeded = |source: &str| {
        let message = survive_with(source, source, &options).expect_err(source);
        assert!(message.contains("budget exceeded"), "{source}: {message}");
    };
    exceeded("1..9223372036854775807");
    exceeded("len(1..1000000)");
    exceeded("let r = 1..9999; all(r, all(r, all(r, true)))");
    exceeded("reduce(1..64, #acc + #acc, 'aaaaaaaaaa')");
    exceeded("reduce(1..999999, #acc + 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', '')");
    exceeded("reduce(1..99999, [#acc], [])");
    exceeded("reduce(1..99999, {{a: #acc}}, {})");
    exceeded("let s = repeat('a', 999999); count(1..999999, s contains 'b')");
    exceeded("let s = repeat('a', 999999); map(1..999, split(s, ''))");
    exceeded("let s = repeat('a', 99999); map(1..999999, s matches s[#:] + 'b')");
    exceeded("let s = repeat('a', 999999); s matches '((a?){10}){100}((a?){10}){100}b'");
    exceeded(
        "let s = repeat('a', 999999); s matches '((a?){10}){100}((a?){10}){100}' + pod.status.phase",
    );
    exceeded("let r = 1..99999; count(r, r == r)");
    exceeded("let r = map(1..99999, #); count(r, [#] in r)");
    exceeded("replace(repeat('a', 999999), '', repeat('b', 999))");
    exceeded("string(map(1..999, 1..999999))");
    assert!(survive("wrap", "9223372036854775807..(-9223372036854775807 - 1)").is_ok());
}

#[test]
fn hostile_patterns() {
    let cases = [
        ("'a' matches '(a*)*b'", true),
        (
            "'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!' matches '^(a+)+$'",
            true,
        ),
        ("'a' matches '((((a{100}){100}){100}){100})'", false),
        ("'a' matches '(?:a{1000}){1000}'", false),
        ("'a' matches '[[:alpha:]'", false),
        (
            "'a' matches '(\\\\pL{999}){1}(\\\\pL{999})(\\\\pL{999})(\\\\pL{999})'",
            false,
        ),
    ];
    for (source, fine) in cases {
        assert_eq!(survive(source, source).is_ok(), fine, "{source}");
    }
    let deep = format!("'a' matches '{}'", "(".repeat(100_000));
    assert!(survive("deep pattern", &deep).is_err());
}

/// Small and fast, and the same in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % bound.max(1) as u64) as usize
    }
}

#[test]
fn mutated_expressions_neither_panic_nor_hang() {
    let text = std::fs::read_to_string(
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/expr.jsonl"),
    )
    .expect("the vectors");
    #[derive(serde::Deserialize)]
    struct Case {
        expr: String,
    }
    let sources: Vec<String> = text
        .lines()
        .filter_map(|line| serde_json::from_str::<Case>(line).ok())
        .map(|case| case.expr)
        .filter(|source| source.len() < 400)
        .collect();
    assert!(sources.len() > 3_000);
    let pieces = [
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        "#",
        ".",
        "?.",
        "??",
        "..",
        ",",
        ";",
        "'",
        "\"",
        "\\",
        "`",
        " not ",
        " in ",
        " ?",
        ":",
        "|",
        "-",
        "+",
        "*",
        "**",
        "%",
        "nil",
        "pod",
        "1e9",
        "0x",
        "let x = ",
        "map(",
        "reduce(",
        "#acc",
        "now()",
        "\u{17e}",
        "\u{0}",
        "\u{1f600}",
        "9223372036854775807",
        "if true {",
        "b'\\xff'",
        "::",
        "/*",
        "//",
    ];
    let object = pod();
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let slowest = Duration::from_secs(20);
    for round in 0..12_000 {
        let mut source: Vec<char> = sources[random.below(sources.len())].chars().collect();
        for _ in 0..=random.below(4) {
            let at = random.below(source.len() + 1);
            match random.below(4) {
                0 if !source.is_empty() => {
                    let until = (at + 1 + random.below(6)).min(source.len());
                    source.drain(at.min(until)..until);
                }
                1 => {
                    let piece = pieces[random.below(pieces.len())];
                    source.splice(at..at, piece.chars());
                }
                2 => {
                    let other = &sources[random.below(sources.len())];
                    let part: Vec<char> = other.chars().skip(random.below(20)).take(12).collect();
                    source.splice(at..at, part);
                }
                _ if source.len() > 1 => {
                    let other = random.below(source.len());
                    let at = at.min(source.len() - 1);
                    source.swap(at, other);
                }
                _ => {}
            }
        }
        let source: String = source.into_iter().collect();
        let version = if round % 3 == 0 {
            Version::V1_17
        } else {
            Version::V1_16
        };
        let options = Options {
            version,
            // Small budgets: the many mutants that loop shall not take long.
            step_budget: 300_000,
            byte_budget: 8 << 20,
            ..Options::default()
        };
        let started = Instant::now();
        match Program::compile(&source, &options) {
            Ok(program) => {
                let env = env(&object);
                let result = program.eval(&env);
                if round % 4 == 0 {
                    let trace = program.trace(&env);
                    assert_eq!(trace.error.is_some(), result.is_err(), "{source}");
                }
                match result {
                    Ok(value) => drop(value.go_string()),
                    Err(error) => drop(error.render() + &error.original()),
                }
            }
            Err(error) => drop(error.render() + &error.original()),
        }
        assert!(started.elapsed() < slowest, "{source}");
    }
}
