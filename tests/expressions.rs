//! The condition language as its users meet it: errors, traces, host functions. What expressions
//! evaluate to is in the test vectors.

use kubechime::expr::{
    Clock, Env, Options, Outcome, Program, Trace, TraceNode, Value, Version, argo_host,
};
use kubechime::golang::time::{Time, layout::RFC3339};
use serde_json::{Value as Json, json};
use std::sync::Arc;

fn program(source: &str) -> Program {
    Program::compile(source, &Options::default())
        .unwrap_or_else(|error| panic!("{source}: {error}"))
}

fn pod() -> Json {
    json!({
        "metadata": {"name": "web-0", "labels": null, "annotations": {"team": "a"}},
        "spec": {"priority": null, "containers": [{"name": "web"}]},
        "status": {
            "phase": "Pending",
            "startTime": "2024-06-01T12:00:00Z",
            "conditions": [
                {"type": "Ready", "status": "False"},
                {"type": "Initialized", "status": "True"},
            ],
        },
    })
}

fn env(pod: &Json) -> Env<'_> {
    let mut env = Env::new();
    env.json("pod", pod);
    env
}

fn at(text: &str) -> Time {
    Time::parse(RFC3339, text).expect(text)
}

#[test]
fn programs_are_shared_between_threads() {
    fn shared<T: Send + Sync + Clone>() {}
    shared::<Program>();
    fn sent<T: Send + Sync>() {}
    sent::<Value<'static>>();
}

#[test]
fn compile_errors_point_and_advise() {
    let cases = [
        (
            "pod.status.phase = 'Running'",
            "unexpected token Operator(\"=\")",
            "1:18",
            Some("to compare, write '=='"),
        ),
        (
            "pod.kind == 'Pod' AND true",
            "unexpected token Identifier(\"AND\")",
            "1:19",
            Some("operators are lower case: 'and'"),
        ),
        (
            "pod.name startswith 'a'",
            "unexpected token Identifier(\"startswith\")",
            "1:10",
            Some("did you mean 'startsWith'?"),
        ),
        ("true\n  and 'x", "literal not terminated", "2:8", None),
        (
            "1 + 'a'",
            "invalid operation: + (mismatched types int and string)",
            "1:3",
            None,
        ),
    ];
    for (source, message, position, help) in cases {
        let error = Program::compile(source, &Options::default()).expect_err(source);
        assert_eq!(error.message(), message, "{source}");
        assert_eq!(error.position().to_string(), position, "{source}");
        assert_eq!(error.help(), help, "{source}");
        assert!(error.render().contains('^'), "{source}");
    }
}

#[test]
fn the_log_text_is_that_of_the_original() {
    let error = Program::compile("a b", &Options::default()).expect_err("two names");
    assert_eq!(
        error.original(),
        "unexpected token Identifier(\"b\") (1:3)\n | a b\n | ..^"
    );
    let pod = pod();
    let error = program("pod.status.nope.x == 1")
        .eval(&env(&pod))
        .expect_err("nil has no members");
    assert_eq!(
        error.original(),
        "cannot fetch x from <nil> (1:17)\n | pod.status.nope.x == 1\n | ................^"
    );
}

#[test]
fn evaluation_errors_name_what_was_probably_meant() {
    let cases = [
        (
            "pod.status.fase.x",
            "'pod.status' has no member 'fase', did you mean 'phase'?; write '?.' where nil is fine",
        ),
        (
            "pdo.status.phase",
            "there is no variable 'pdo', did you mean 'pod'?; write '?.' where nil is fine",
        ),
        (
            "pod.metadata.labels.app",
            "'labels' of 'pod.metadata' is null; write '?.' where nil is fine",
        ),
        (
            "pod.spec.priority > 10",
            "'priority' of 'pod.spec' is null; write '(… ?? default)' where nil is fine",
        ),
        (
            "any(pod.status.condition, true)",
            "'pod.status' has no member 'condition', did you mean 'conditions'?; \
             write '… ?? []' where nil is fine",
        ),
        (
            "any(pod.status.conditions, .stats.x)",
            "'#' has no member 'stats', did you mean 'status'?; write '?.' where nil is fine",
        ),
        ("length('abc')", "there is no function 'length'"),
        (
            "uper('abc')",
            "there is no function 'uper', did you mean 'upper'?",
        ),
    ];
    let pod = pod();
    for (source, help) in cases {
        let error = program(source).eval(&env(&pod)).expect_err(source);
        assert_eq!(error.help(), Some(help), "{source}");
    }
}

/// The node with this text, and what became of it.
fn find<'t>(trace: &'t Trace, text: &str) -> &'t TraceNode {
    trace
        .nodes
        .iter()
        .find(|node| node.text == text)
        .unwrap_or_else(|| panic!("no {text} in {trace:#?}"))
}

fn value_of(node: &TraceNode) -> &str {
    match &node.outcome {
        Outcome::Value { text, .. } => text,
        other => panic!("{}: {other:?}", node.text),
    }
}

#[test]
fn a_trace_tells_values_and_short_circuits() {
    let pod = pod();
    let program = program("pod.status.phase == 'Running' and pod.spec.nope.deep == 1");
    let trace = program.trace(&env(&pod));
    assert_eq!(trace.truth, Some(false));
    let root = trace.root().expect("a root");
    assert_eq!(value_of(root), "false");
    assert_eq!(value_of(find(&trace, "pod.status.phase")), "\"Pending\"");
    assert_eq!(
        find(&trace, "pod.spec.nope.deep == 1").outcome,
        Outcome::NotEvaluated
    );
    let parts: Vec<&str> = trace
        .children(root)
        .map(|node| node.text.as_str())
        .collect();
    assert_eq!(
        parts,
        ["pod.status.phase == 'Running'", "pod.spec.nope.deep == 1"]
    );
    assert_eq!(trace.cause, None, "nothing is missing, it is just false");
}

#[test]
fn a_trace_lists_the_elements_of_predicates() {
    let pod = pod();
    let source = "any(pod.status.conditions, {.type == 'Ready' && .status == 'True'})";
    let trace = program(source).trace(&env(&pod));
    let elements: Vec<(Option<i64>, &str)> = trace
        .nodes
        .iter()
        .filter(|node| node.element.is_some())
        .map(|node| (node.element, value_of(node)))
        .collect();
    assert_eq!(elements, [(Some(0), "false"), (Some(1), "false")]);
    let last = trace
        .nodes
        .iter()
        .rfind(|node| node.text == ".status == 'True'");
    assert_eq!(last.map(|node| &node.outcome), Some(&Outcome::NotEvaluated));
}

#[test]
fn a_trace_finds_the_first_cause() {
    let pod = pod();
    let cases = [
        (
            "pod.status.fase == 'Running'",
            "pod.status.fase",
            "'pod.status' has no member 'fase', did you mean 'phase'?",
        ),
        (
            "pod.status?.nope?.x == 1",
            "pod.status?.nope",
            "'pod.status' has no member 'nope'",
        ),
        (
            "po.status == nil and false or len(pod.metadata.labels) > 0",
            "pod.metadata.labels",
            "'labels' of 'pod.metadata' is null",
        ),
        (
            "any(pod.status.conditions, .kind == 'Ready')",
            ".kind",
            "'#' has no member 'kind'",
        ),
    ];
    for (source, part, text) in cases {
        let trace = program(source).trace(&env(&pod));
        assert_ne!(trace.truth, Some(true), "{source}");
        let cause = trace.cause.unwrap_or_else(|| panic!("{source}: no cause"));
        assert_eq!(cause.span.of(source), part, "{source}");
        assert_eq!(cause.text, text, "{source}");
    }
}

#[test]
fn a_trace_shows_where_an_error_is_and_where_a_chain_stopped() {
    let pod = pod();
    let failed = program("pod.kind == nil and pod.status.nope.x").trace(&env(&pod));
    assert!(failed.error.is_some());
    assert_eq!(
        find(&failed, "pod.status.nope.x").outcome,
        Outcome::Error {
            message: "cannot fetch x from <nil>".into(),
            here: true
        }
    );
    assert!(matches!(
        failed.root().map(|root| &root.outcome),
        Some(Outcome::Error { here: false, .. })
    ));
    let chain = program("pod.status.nope?.x.y ?? 'none'").trace(&env(&pod));
    assert_eq!(chain.go_string, "none");
    assert_eq!(find(&chain, "pod.status.nope?.x").outcome, Outcome::Stopped);
}

#[test]
fn tracing_and_evaluating_agree() {
    let pod = pod();
    let sources = [
        "map(pod.status.conditions, .type) | join(',')",
        "let c = pod.status.conditions; c[0].status == 'False' ? len(c) : 0",
        "filter(pod.status.conditions, .status == 'True')[0].type",
        "any(pod.status.conditions, .a) or any(pod.status.conditions, .b)",
        "reduce(1..5, #acc + #index, 0) in 1..20",
        "pod.spec.containers | filter(.name matches '^w') | map(upper(.name))",
        "1 < 2 < 3 and not (pod.x?.y.z ?? false)",
        "sortBy(pod.status.conditions, .type, 'desc') | first() | get('type')",
        "groupBy(pod.status.conditions, .status)",
        "pod.spec.priority + 1",
    ];
    for source in sources {
        let program = program(source);
        let evaluated = program.eval(&env(&pod));
        let trace = program.trace(&env(&pod));
        match evaluated {
            Ok(value) => assert_eq!(trace.go_string, value.go_string(), "{source}"),
            Err(error) => assert_eq!(trace.error.as_ref(), Some(&error), "{source}"),
        }
    }
}

#[test]
fn a_trace_of_a_long_loop_is_cut() {
    let trace = program("count(1..100000, # % 7 == 0) > 3").trace(&Env::new());
    assert_eq!(trace.truth, Some(true));
    assert!(trace.truncated);
    assert!(trace.nodes.len() < 50_000);
}

#[test]
fn argo_functions() {
    let object = pod();
    let clock: Clock = Arc::new(|| at("2024-06-01T12:06:00Z"));
    let mut env = env(&object);
    for (name, group) in argo_host(clock) {
        env.host(name, group);
    }
    env.set_now(at("2024-06-01T12:10:00Z"));
    let cases = [
        (
            "time.Now().Sub(time.Parse(pod.status.startTime)).Minutes() >= 5",
            "true",
        ),
        (
            "time.Now().Add(1 * time.Minute).Format(time.Kitchen)",
            "12:07PM",
        ),
        (
            "time.Now() - time.Parse(pod.status.startTime) > 5 * time.Minute",
            "true",
        ),
        ("now().Sub(time.Now())", "4m0s"),
        ("strings.ReplaceAll('a-b-c', '-', '+')", "a+b+c"),
        (
            "strings.ToUpper(pod.status.phase) + strings.ToLower('X')",
            "PENDINGx",
        ),
    ];
    for (source, text) in cases {
        let value = program(source).eval(&env);
        let value = value.unwrap_or_else(|error| panic!("{source}: {}", error.render()));
        assert_eq!(value.go_string(), text, "{source}");
    }
    for source in [
        "time.Parse('yesterday')",
        "strings.ToUpper()",
        "time.Parse(1)",
    ] {
        assert!(program(source).eval(&env).is_err(), "{source}");
    }
}

#[test]
fn host_values_and_functions() {
    let mut env = Env::new();
    env.host(
        "repo",
        Value::object([
            (
                "GetCommitMetadata".to_owned(),
                Value::function("repo.GetCommitMetadata", |arguments| {
                    let sha = arguments.first().map(Value::go_string).unwrap_or_default();
                    Ok(Value::object([
                        ("Message".to_owned(), Value::string(format!("commit {sha}"))),
                        ("Tags".to_owned(), Value::list([Value::text("v1")])),
                    ]))
                }),
            ),
            (
                "Fails".to_owned(),
                Value::function("repo.Fails", |_| Err("no such repository".to_owned())),
            ),
        ]),
    );
    let value = program("repo.GetCommitMetadata('abc').Message").eval(&env);
    assert_eq!(value.map(|v| v.go_string()).as_deref(), Ok("commit abc"));
    let value = program("'v1' in repo.GetCommitMetadata('x').Tags").eval(&env);
    assert_eq!(value.ok().and_then(|value| value.as_bool()), Some(true));
    let error = program("repo.Fails()").eval(&env).expect_err("fails");
    assert_eq!(error.message(), "no such repository");
}

#[test]
fn once_per_texts_are_those_of_go() {
    let object = json!({"s": "x", "i": 3, "f": 1.5, "n": null, "l": ["a", 1, null], "m": {"k": "v", "a": 1}});
    let mut env = Env::new();
    env.json("o", &object);
    let cases = [
        ("o.s", "x"),
        ("o.i", "3"),
        ("o.f", "1.5"),
        ("o.n", "<nil>"),
        ("o.l", "[a 1 <nil>]"),
        ("o.m", "map[a:1 k:v]"),
        ("true", "true"),
        ("1e21", "1e+21"),
        ("duration('90m')", "1h30m0s"),
    ];
    for (source, text) in cases {
        let value = program(source).eval(&env).expect(source);
        assert_eq!(value.go_string(), text, "{source}");
    }
}

#[test]
fn the_dialect_is_an_option() {
    let newer = Options {
        version: Version::V1_17,
        ..Options::default()
    };
    let source = "if true { uniq([1, 1]) } else { [] }";
    assert!(Program::compile(source, &Options::default()).is_err());
    let value = Program::compile(source, &newer)
        .map(|program| program.eval(&Env::new()).map(|value| value.go_string()));
    assert_eq!(value.ok().and_then(Result::ok).as_deref(), Some("[1]"));
    assert_eq!("1.17".parse(), Ok(Version::V1_17));
    assert!("2".parse::<Version>().is_err());
}
