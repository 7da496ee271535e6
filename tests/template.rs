//! Templates from outside: what is printed, which errors come, and that bad input stays harmless.

use kubechime::template::{ErrorKind, Language, Limits, Template, TemplateError, Vars};
use serde_json::{Value, json};

fn parse(source: &str) -> Result<Template, TemplateError> {
    Template::parse(Language::Gotemplate, "msg", source)
}

fn render_with(source: &str, data: &Value, limits: &Limits) -> Result<String, TemplateError> {
    let mut vars = Vars::new();
    for (name, value) in data.as_object().into_iter().flatten() {
        vars.json(name, value);
    }
    parse(source)?.render_with(&vars, limits)
}

fn render(source: &str, data: &Value) -> Result<String, TemplateError> {
    render_with(source, data, &Limits::default())
}

/// The table of values that notifications print, with the error texts of the original.
#[test]
fn printing_and_errors_as_the_original() {
    let data = json!({
        "nul": null, "s": "text", "m": {"k": "v", "nul": null}, "l": ["a", 1, null],
        "f": [3.0, 1.5, 1e21], "t": true,
    });
    let good = [
        (
            "{{.missing}} {{.missing.y}} {{.m.missing.y}}",
            "<no value> <no value> <no value>",
        ),
        ("{{.nul}}", "<no value>"),
        ("{{.m}} {{.l}}", "map[k:v nul:<nil>] [a 1 <nil>]"),
        ("{{range .f}}{{.}} {{end}}", "3 1.5 1e+21 "),
        ("{{index .m \"x\"}}", "<no value>"),
        (
            "{{if .missing}}a{{else}}b{{end}}{{range .missing}}a{{else}}c{{end}}",
            "bc",
        ),
        ("{{eq .missing \"a\"}}", "false"),
        ("{{with .missing}}a{{else with .s}}{{.}}{{end}}", "text"),
    ];
    for (source, expected) in good {
        assert_eq!(render(source, &data).as_deref(), Ok(expected), "{source}");
    }
    let bad = [
        (
            "{{.nul.y}}",
            r#"template: msg:1:6: executing "msg" at <.nul.y>: nil pointer evaluating interface {}.y"#,
        ),
        (
            "\n {{.s.y}}",
            r#"template: msg:2:5: executing "msg" at <.s.y>: can't evaluate field y in type interface {}"#,
        ),
        (
            "{{index .l 5}}",
            r#"template: msg:1:2: executing "msg" at <index .l 5>: error calling index: index out of range: 5"#,
        ),
        (
            "{{define \"x\"}}{{len .}}{{end}}{{template \"x\" .t}}",
            r#"template: msg:1:16: executing "x" at <len .>: error calling len: len of type bool"#,
        ),
        (
            "{{env \"HOME\"}}",
            r#"template: msg:1: function "env" not defined"#,
        ),
        ("a\n{{if .t}}", "template: msg:2: unexpected EOF"),
        ("{{.s}", "template: msg:1: bad character U+007D '}'"),
        (
            "{{\n.s",
            "template: msg:2: unclosed action started at msg:1",
        ),
        ("{{end}}", "template: msg:1: unexpected {{end}}"),
    ];
    for (source, message) in bad {
        let error = render(source, &data).expect_err(source);
        assert_eq!(error.to_string(), message, "{source}");
    }
}

#[test]
fn errors_say_where_and_what_to_do() {
    let error = render("line\n  {{ urlqery .x }}", &json!({})).expect_err("unknown function");
    assert_eq!(
        (error.kind, error.line, error.column),
        (ErrorKind::Parse, 2, 6)
    );
    assert_eq!(error.help.as_deref(), Some("did you mean urlquery?"));
    let error = render("é{{.a.b}}", &json!({"a": null})).expect_err("null");
    assert_eq!(
        (error.kind, error.line, error.column),
        (ErrorKind::Exec, 1, 6)
    );
    assert!(error.help.is_some_and(|help| help.contains("{{with")));
}

/// Verbs, flags and complaints of `printf` beyond the vectors.
#[test]
fn printf_as_go() {
    let cases = [
        (
            r#""%b %x %X %.0x %x" 3.5 3.5 3.5 3.5 0.0"#,
            "7881299347898368p-51 0x1.cp+01 0X1.CP+01 0x1p+02 0x0p+00",
        ),
        (
            r#""%.3x|%20.2x|" 1.0 -3.5"#,
            "0x1.000p+00|         -0x1.c0p+01|",
        ),
        (r#""%v %.1f" 1+2i 1+2i"#, "(1+2i) (1.0+2.0i)"),
        (
            r#""%#v %#v" .l .m"#,
            r#"[]interface {}{1, "a", interface {}(nil)} map[string]interface {}{"k":1.5}"#,
        ),
        (r#""%#v %#v %#v" 1 "q\"" nil"#, r#"1 "q\"" <nil>"#),
        (
            r#""%c %q %U %#U %08U|" 19990 128512 128512 128512 65"#,
            "世 '😀' U+1F600 U+1F600 '😀'   U+0041|",
        ),
        (
            r#""%08.3f %+08d % d %-8d|" -3.14159 42 5 7"#,
            "-003.142 +0000042  5 7       |",
        ),
        (
            r#""%#x %#X %#o %O %#b %#O" 255 255 8 8 5 8"#,
            "0xff 0XFF 010 0o10 0b101 0o010",
        ),
        (
            r#""% x|%#x|% #X|%.3x|%10x|" "hi" "hi" "hi" "hello" "a""#,
            "68 69|0x6869|0X68 0X69|68656c|        61|",
        ),
        (
            r#""%[2]*[1]d|%[3]*.[2]*[1]f|" 12 5"#,
            "   12|%!f(BADINDEX)|",
        ),
        (r#""%[3]*.[2]*[1]f" 12.0 2 6"#, " 12.00"),
        (
            r#""%.*s %.*s" 4.5 "hi" -1 "hi""#,
            "%!(BADPREC)hi %!(BADPREC)hi",
        ),
        (r#""%.[2]d %*[2]d" 7"#, "%!d(BADINDEX) %!d(BADINDEX)"),
        (r#""%" 3"#, "%!(NOVERB)%!(EXTRA int=3)"),
        (r#""%[1]""#, "%!(NOVERB)"),
        (
            r#""%w %w" "a" .l"#,
            "%!w(string=a) %!w([]interface {}=[1 a <nil>])",
        ),
        (r#""%é %s" 1 2"#, "%!é(int=1) %!s(int=2)"),
        (
            r#""%6q|%-6q|%+q|%#q" "a" "b" "é" "`""#,
            r#"   "a"|"b"   |"\u00e9"|"`""#,
        ),
        (
            r#""%.0d|%5.0d|%+.3e|%G" 0 0 123456.789 1e-7"#,
            "|     |+1.235e+05|1E-07",
        ),
        (r#""%#.3g %#g %#.0f" 1.0 1e6 2.0"#, "1.00 1.00000e+06 2."),
        (r#""%-010d|%-+5d|%+-5d" 7 7 7"#, "7         |+7   |+7   "),
        (
            r#""%3c|%-3c|%03c|%.5s|%05s" 65 66 67 "héllo wörld" "é""#,
            "  A|B  |00C|héllo|0000é",
        ),
    ];
    let data = json!({"l": [1, "a", null], "m": {"k": 1.5}});
    for (arguments, expected) in cases {
        let source = format!("{{{{printf {arguments}}}}}");
        assert_eq!(render(&source, &data).as_deref(), Ok(expected), "{source}");
    }
}

/// The function groups of Argo CD, with a clock that stands still.
#[test]
fn host_functions() {
    let mut vars = Vars::new();
    kubechime::template::argo_host(&mut vars);
    vars.now(jiff::Timestamp::from_second(1_716_200_000).expect("in range"));
    let cases = [
        (
            r#"{{(call .time.Parse "2024-05-20T10:12:10Z").Sub (call .time.Parse "2024-05-20T10:10:00Z")}}"#,
            "2m10s",
        ),
        (
            r#"{{((call .time.Now).Sub (call .time.Parse "2024-05-20T10:00:00Z")).Minutes}}"#,
            "13.333333333333334",
        ),
        (
            r#"{{(call .time.Now).UTC.Format .time.RFC822}}"#,
            "20 May 24 10:13 UTC",
        ),
        (
            r#"{{(call .time.Now).UTC.Truncate .time.Hour}}"#,
            "2024-05-20 10:00:00 +0000 UTC",
        ),
        (
            r#"{{(call .time.Now).UTC.Add .time.Minute | date "15:04"}}"#,
            "10:14",
        ),
        (
            r#"{{(call .time.Now).UTC.Month}} {{printf "%d %T" (call .time.Now).UTC.Month .time.Second}}"#,
            "May 5 time.Duration",
        ),
        (
            r#"{{call .strings.ReplaceAll "a-b-c" "-" "+"}} {{call .strings.ToUpper "x"}}"#,
            "a+b+c X",
        ),
    ];
    for (source, expected) in cases {
        let rendered = parse(source).and_then(|template| template.render(&vars));
        assert_eq!(rendered.as_deref(), Ok(expected), "{source}");
    }
    for source in [
        r#"{{call .time.Parse "x"}}"#,
        "{{call .time.Now 1}}",
        "{{.time.Now}}",
    ] {
        let error = parse(source).and_then(|template| template.render(&vars));
        assert!(error.is_err(), "{source}");
    }
}

#[test]
fn visible_reads() {
    let source = "{{.a.b}}{{with .c.d}}{{.e}}{{$.f}}{{end}}\n{{range .g}}{{.h}}{{$.i}}{{end}}\
                  {{(index .j 0).k}}{{define \"x\"}}{{.l}}{{end}}";
    let template = parse(source).expect("valid template");
    let paths: Vec<String> = template.reads().iter().map(|r| r.path.join(".")).collect();
    assert_eq!(paths, ["a.b", "c.d", "c.d.e", "f", "g", "i", "j"]);
    let range = template.reads().into_iter().find(|read| read.path == ["g"]);
    assert_eq!(range.map(|read| (read.line, read.column)), Some((2, 9)));
}

/// Changes of a map are seen by whoever holds it, but not by the caller nor by the next rendering.
#[test]
fn the_callers_json_never_changes() {
    let data = json!({"m": {"a": {"b": 1}}});
    let before = data.clone();
    let source = r#"{{$x := .m.a}}{{$_ := set .m.a "c" 2}}{{.m}} {{$x.c}} {{unset .m "a"}}"#;
    for _ in 0..2 {
        let rendered = render(source, &data);
        assert_eq!(rendered.as_deref(), Ok("map[a:map[b:1 c:2]] 2 map[]"));
    }
    assert_eq!(data, before);
}

#[test]
fn bytes_print_as_numbers() {
    let secrets = [("tok".to_owned(), b"ab".to_vec())].into();
    let mut vars = Vars::new();
    vars.byte_map("secrets", &secrets).bytes("raw", b"\xff");
    let template = parse("{{.secrets.tok}} {{printf \"%s\" .secrets.tok}} {{.raw}}");
    assert_eq!(
        template
            .and_then(|template| template.render(&vars))
            .as_deref(),
        Ok("[97 98] ab [255]")
    );
    let template = parse(r#"{{"\xff"}}"#).expect("valid template");
    assert_eq!(template.render(&vars).as_deref(), Ok("\u{fffd}"));
    assert_eq!(
        template.render_bytes(&vars, &Limits::default()),
        Ok(b"\xff".to_vec())
    );
}

/// Everything that would take too much ends with an error of the right kind, on a small stack.
#[test]
fn bad_templates_end_in_bounded_time() {
    let million = "{{range 2000000}}{{end}}".to_owned();
    let doubled = r#"{{$l := list 1}}{{range 60}}{{$l = list $l $l}}{{end}}"#;
    let cycle = r#"{{$d := dict}}{{$_ := set $d "self" $d}}"#;
    let deep = "{{$l := list}}{{range 100000}}{{$l = list $l}}{{end}}".to_owned();
    let sources = [
        ("deep list", deep),
        ("print doubled", format!("{doubled}{{{{$l}}}}")),
        ("json doubled", format!("{doubled}{{{{toJson $l}}}}")),
        ("copy doubled", format!("{doubled}{{{{deepCopy $l}}}}")),
        ("print cycle", format!("{cycle}{{{{$d}}}}")),
        ("json cycle", format!("{cycle}{{{{toJson $d}}}}")),
        ("copy cycle", format!("{cycle}{{{{deepCopy $d}}}}")),
        ("merge cycle", format!("{cycle}{{{{$e := dict}}}}{{{{$_ := merge $e $d}}}}{{{{$e}}}}")),
        ("repeat", r#"{{repeat 2000000000 "x"}}"#.to_owned()),
        ("until", "{{until 2000000000}}".to_owned()),
        ("untilStep", "{{untilStep 0 9223372036854775807 1}}".to_owned()),
        ("indent", r#"{{indent 2000000000 "x"}}"#.to_owned()),
        ("randBytes", "{{randBytes 2000000000}}".to_owned()),
        ("recursion", r#"{{define "r"}}{{template "r" .}}{{end}}{{template "r" .}}"#.to_owned()),
        ("self", r#"{{template "msg" .}}"#.to_owned()),
        ("if recursion", r#"{{define "r"}}{{if true}}{{with .}}{{range .l}}{{template "r" $}}{{end}}{{end}}{{end}}{{end}}{{template "r" .}}"#.to_owned()),
        ("loop", million),
        ("nested loops", "{{range 2000}}{{range 2000}}{{range 2000}}{{end}}{{end}}{{end}}".to_owned()),
        ("output", "{{range 100000}}0123456789012345678901234567890123456789012345678901234567890123456789{{end}}".to_owned()),
        ("width", r#"{{range 100}}{{$x := printf "%1000000d" 1}}{{end}}"#.to_owned()),
        ("precision", r#"{{range 100}}{{$x := printf "%.1000000f" 1.0}}{{end}}"#.to_owned()),
        ("doubling", r#"{{$x := "0123456789"}}{{range 60}}{{$x = print $x $x}}{{end}}"#.to_owned()),
        ("searches in a long text", r#"{{$x := repeat 10000000 "a"}}{{range 500000}}{{if contains "b" $x}}{{end}}{{end}}"#.to_owned()),
        ("searches in a long list", r#"{{$l := until 500000}}{{range 500000}}{{if has -1 $l}}{{end}}{{end}}"#.to_owned()),
        ("patterns on a long text", r#"{{$x := repeat 1000000 "a"}}{{range 500000}}{{if regexMatch "(a|b|ab)*c" $x}}{{end}}{{end}}"#.to_owned()),
        ("a large pattern", r#"{{$x := repeat 1000000 "a"}}{{range 100}}{{if regexMatch "((a?){10}){100}b" $x}}{{end}}{{end}}"#.to_owned()),
        ("many large patterns", r#"{{range $i := until 1000000}}{{$x := regexMatch (printf "(([a-z]{10}){10}){5}%d" $i) "a"}}{{end}}"#.to_owned()),
        ("matches that look to the end", r#"{{$x := regexFindAll "a.*z|a" (repeat 2000000 "a") -1}}"#.to_owned()),
        ("deep parens", "{{".to_owned() + &"(".repeat(10_000) + "1" + &")".repeat(10_000) + "}}"),
        ("deep ifs", "{{if true}}".repeat(10_000) + &"{{end}}".repeat(10_000)),
        ("variables", (0..5000).map(|i| format!("{{{{$x{i} := 1}}}}")).collect()),
    ];
    for (name, source) in sources {
        let data = json!({"l": [1]});
        let error = render(&source, &data).expect_err(name);
        assert_eq!(error.kind, ErrorKind::Limit, "{name}: {error}");
    }
}

/// Maps that hold each other in a long chain are freed without recursion.
#[test]
fn long_chains_of_maps_are_freed() {
    let source = r#"{{$cur := dict}}{{range 40000}}{{$next := dict}}{{$_ := set $cur "n" $next}}{{$cur = $next}}{{end}}ok"#;
    assert_eq!(render(source, &json!({})).as_deref(), Ok("ok"));
}

/// As deep as allowed, in every way at once: the stack of a worker thread suffices.
#[test]
fn the_deepest_allowed_templates_fit_the_stack() {
    let parens = "{{".to_owned() + &"(".repeat(45) + "1" + &")".repeat(45) + "}}";
    let chains = "{{".to_owned() + &"(".repeat(45) + ".x" + &").y".repeat(45) + "}}";
    let ifs = "{{if true}}".repeat(90) + "x" + &"{{end}}".repeat(90);
    let withs = "{{with 1}}".repeat(40) + &parens + &"{{end}}".repeat(40);
    let else_ifs = "{{if false}}".to_owned() + &"{{else if false}}".repeat(5_000) + "{{end}}";
    for source in [parens, chains, ifs, withs, else_ifs] {
        assert!(render(&source, &json!({})).is_ok(), "{source:.60}");
    }
    let worst = format!(
        r#"{{{{define "r"}}}}{}{{{{if {}template_never{}}}}}{{{{end}}}}{{{{template "r" .}}}}{}{{{{end}}}}{{{{template "r" 1}}}}"#,
        "{{with .}}".repeat(20),
        "(print ".repeat(40).replace("template_never", ""),
        ")".repeat(40),
        "{{end}}".repeat(20),
    )
    .replace("template_never", "1");
    let error = render(&worst, &json!({})).expect_err("endless recursion");
    assert_eq!(error.kind, ErrorKind::Limit, "{error}");
}

/// Templates that are changed at random give text or an error, never a panic, and soon.
#[test]
fn mutated_templates_are_harmless() {
    const MUTANTS: usize = 6_000;
    let file = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/vectors/gotemplate.jsonl"
    );
    let vectors = std::fs::read_to_string(file).expect("the vectors are in the repository");
    let sources: Vec<String> = vectors
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter_map(|case| Some(case.get("template")?.as_str()?.to_owned()))
        .collect();
    assert!(sources.len() > 1000);
    let data = json!({
        "s": "hello", "i": 42, "f": 1.5, "t": true, "nil": null, "l": ["a", 1, null],
        "m": {"a": 1, "b": {"c": [1, 2]}}, "pod": {"metadata": {"name": "web"}},
    });
    let limits = Limits {
        output: 1 << 20,
        memory: 4 << 20,
        steps: 20_000,
        slow_functions: std::time::Duration::from_millis(10),
        allow_dns: false,
        allow_key_generation: false,
        ..Limits::default()
    };
    let pieces = [
        "{{",
        "}}",
        "(",
        ")",
        "|",
        "\"",
        "`",
        "'",
        ".",
        "$",
        ":=",
        "=",
        " ",
        "-",
        "{{-",
        "-}}",
        "{{end}}",
        "{{else}}",
        "{{range ",
        "{{if ",
        "{{with ",
        "{{define \"x\"}}",
        "{{template \"x\" .}}",
        "{{break}}",
        "nil",
        "true",
        "9223372036854775807",
        "-9223372036854775808",
        "1e308",
        "0x",
        "1i",
        "%",
        "%*d",
        "\\x",
        "\u{0}",
        "é",
        "\u{10ffff}",
        "print ",
        "index ",
        "slice ",
        "dict ",
        "set ",
        ".l",
        ".m",
        "$x",
    ];
    let mut random = Random(0x2545_f491_4f6c_dd1d);
    let mut rendered = 0;
    for _ in 0..MUTANTS {
        let mut source = random.pick(&sources).to_owned();
        for _ in 0..=random.below(3) {
            let at = random.boundary(&source);
            match random.below(4) {
                0 => source.insert_str(at, random.pick(&pieces)),
                1 => {
                    let other = random.pick(&sources).to_owned();
                    let cut = random.boundary(&other);
                    source.truncate(at);
                    source.push_str(&other[cut..]);
                }
                2 => {
                    let end = random.boundary(&source).max(at);
                    source.replace_range(at..end, "");
                }
                _ => {
                    let end = random.boundary(&source).max(at);
                    let copy = source[at..end].to_owned();
                    source.insert_str(end, &copy);
                }
            }
        }
        let start = std::time::Instant::now();
        rendered += usize::from(render_with(&source, &data, &limits).is_ok());
        let took = start.elapsed();
        assert!(took.as_secs() < 5, "{took:?} for {source:?}");
        let handlebars = Template::parse(Language::Handlebars, "msg", &source);
        let _ = handlebars.and_then(|template| template.render_with(&Vars::new(), &limits));
    }
    assert!(
        rendered > MUTANTS / 20,
        "too few mutants are templates: {rendered}"
    );
}

/// A small generator of random numbers: the test is the same at every run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound.max(1) as u64) as usize
    }

    fn pick<'a, T: AsRef<str>>(&mut self, from: &'a [T]) -> &'a str {
        from[self.below(from.len())].as_ref()
    }

    /// A position in the text between two characters.
    fn boundary(&mut self, text: &str) -> usize {
        let mut at = self.below(text.len() + 1);
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        at
    }
}
