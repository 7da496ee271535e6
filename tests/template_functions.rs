//! The functions of templates, beyond what the vectors show: odd arguments, errors, limits.

use kubechime::template::functions;
use kubechime::template::{ErrorKind, Language, Limits, Template, Vars};
use serde_json::{Value as Json, json};

fn variables() -> Json {
    json!({
        "text": "h\u{e9}llo w\u{f6}rld",
        "int": 42,
        "float": 3.5,
        "null": null,
        "list": ["a", "b", "c"],
        "numbers": [1, 2, 3],
        "mixed": [null, 1, "a", true, 2.5, null],
        "map": {"b": 2, "a": 1},
        "nested": {"a": {"b": {"c": "deep"}}},
        "least": i64::MIN,
    })
}

fn render(template: &str) -> Result<String, (ErrorKind, String)> {
    render_with(template, &Limits::default())
}

fn render_with(template: &str, limits: &Limits) -> Result<String, (ErrorKind, String)> {
    let variables = variables();
    let mut vars = Vars::new();
    for (name, value) in variables.as_object().into_iter().flatten() {
        vars.json(name, value);
    }
    Template::parse(Language::Gotemplate, "message", template)
        .and_then(|template| template.render_with(&vars, limits))
        .map_err(|error| (error.kind, error.message))
}

#[track_caller]
fn check(cases: &[(&str, &str)]) {
    for (template, expected) in cases {
        assert_eq!(render(template).as_deref(), Ok(*expected), "{template}");
    }
}

/// Each of these fails while rendering, with this text somewhere in the message.
#[track_caller]
fn check_failures(cases: &[(&str, &str)]) {
    for (template, part) in cases {
        match render(template) {
            Err((ErrorKind::Exec, message)) if message.contains(part) => {}
            other => panic!("{template}: {other:?}"),
        }
    }
}

/// What the original engine offers: Sprig without `env` and `expandenv`.
#[test]
fn every_function_of_the_original_is_there() {
    let names = functions::names();
    let all = include_str!("fixtures/function_names.txt");
    let missing: Vec<_> = all
        .split_whitespace()
        .filter(|name| !names.contains(name))
        .collect();
    assert_eq!((all.split_whitespace().count(), missing), (209, vec![]));
    for removed in ["env", "expandenv"] {
        assert!(!names.contains(&removed), "{removed}");
    }
}

#[test]
fn strings() {
    check(&[
        (r#"{{nospace "a é b"}} {{nospace "é"}}"#, "aÃ©b é"),
        (r#"{{swapcase "héLLo Ünï"}}"#, "HÉllO üNÏ"),
        (
            r#"{{upper "straße ǆ ᾳ ŉ"}} {{lower "İΣ"}} {{title "ǆ éa"}}"#,
            "STRAßE Ǆ ᾼ ŉ iσ ǅ Éa",
        ),
        (
            r#"{{abbrevboth 6 8 "Hello World"}} {{abbrev 3 "Hello"}}"#,
            "...World Hello",
        ),
        (r#"{{wrapWith 5 "" "abcdefghij"}}"#, "abcde\nfghij"),
        (r#"{{wrap 0 "a b"}} {{wrap -3 "ab cd"}}"#, "a\nb ab\ncd"),
        (
            r#"{{camelcase "foo-bar_baz qux"}} {{snakecase "HTTPStatusCode200"}}"#,
            "FooBarBazQux http_status_code200",
        ),
        (
            r#"{{trunc -99 "abc"}} {{trunc 99 "abc"}} {{substr 0 99 "hello"}}"#,
            "abc abc hello",
        ),
        (
            r#"{{quote nil}}{{quote 1.5 true nil (list 1 "a")}}"#,
            r#""1.5" "true" "[1 a]""#,
        ),
        (r#"{{quote "\u2028\x7f é"}}"#, r#""\u2028\x7f é""#),
        (
            r#"{{cat 1 2.5 "x" nil true}} {{cat "%d" 1}}"#,
            "1 2.5 x true %d 1",
        ),
        (
            r#"{{replace "" "-" "é✓"}} {{trimAll "é" "éaé"}}"#,
            "-é-✓- a",
        ),
        (
            r#"{{toString nil}} {{toString .map}} {{toString 1e6}}"#,
            "<nil> map[a:1 b:2] 1e+06",
        ),
    ]);
    check_failures(&[
        (r#"{{repeat -1 "a"}}"#, "negative Repeat count"),
        (r#"{{indent -1 "a"}}"#, "negative Repeat count"),
        (r#"{{substr 3 2 "hello"}}"#, "slice bounds out of range"),
        (r#"{{plural "a" "b" .int}}"#, "expected int; got int64"),
        (r#"{{upper nil}}"#, "cannot assign nil to string"),
    ]);
}

#[test]
fn lists() {
    check(&[
        (
            r#"{{splitn "," 2 "a,b,c"}} {{splitn "," 0 "a"}} {{splitn "" 2 "abc"}}"#,
            "map[_0:a _1:b,c] map[] map[_0:a _1:bc]",
        ),
        (
            r#"{{splitList "" "é✓"}} {{len (splitList "," "")}}"#,
            "[é ✓] 1",
        ),
        (
            "{{sortAlpha nil}} {{sortAlpha .mixed}} {{toStrings nil}}",
            "[<nil>] [1 2.5 a true] []",
        ),
        ("{{uniq (list nil nil 1 1.0 .int 42)}}", "[<nil> 1 1 42 42]"),
        (r#"{{uniq (list (dict "a" 1) (dict "a" 1))}}"#, "[map[a:1]]"),
        (
            "{{without .mixed nil}} {{has nil nil}}",
            "[1 a true 2.5] false",
        ),
        (
            r#"{{slice .list nil 2}} {{slice .list "x"}} {{slice .list 3}}"#,
            "[a b] [a b c] []",
        ),
        (
            r#"{{compact (list 0 1 "" "a" nil (list) (dict) false)}}"#,
            "[1 a]",
        ),
        (
            "{{rest (list) | toJson}} {{concat | toJson}} {{initial (list 1) | toJson}}",
            "null null []",
        ),
        (
            "{{chunk 2 .list | toJson}} {{typeOf (chunk 1 .list)}}",
            r#"[["a","b"],["c"]] [][]interface {}"#,
        ),
    ]);
    check_failures(&[
        ("{{first nil}}", "nil pointer dereference"),
        (r#"{{first "x"}}"#, "Cannot find first on type string"),
        (r#"{{append "x" 1}}"#, "Cannot push on type string"),
        ("{{concat .list nil}}", "nil pointer dereference"),
        (r#"{{has 1 "x"}}"#, "Cannot find has on type string"),
        ("{{slice .list -1}}", "out of bounds"),
        ("{{slice .list 5}}", "out of range"),
        ("{{chunk 0 .list}}", "len out of range"),
    ]);
}

#[test]
fn dictionaries() {
    check(&[
        (
            r#"{{dict nil 1}} {{dict "a" 1 "a" 2}} {{dict "a"}}"#,
            "map[<nil>:1] map[a:2] map[a:]",
        ),
        (
            r#"{{dig "zz" "d" .map}} {{dig "a" "z" "d" .nested}}"#,
            "d d",
        ),
        (
            r#"{{hasKey nil "x"}}{{get nil "x"}}{{unset .map "zz"}}"#,
            "falsemap[a:1 b:2]",
        ),
        (
            "{{deepCopy (list nil (dict \"a\" nil))}} {{typeOf (deepCopy (until 2))}}",
            "[<nil> map[a:<nil>]] []int",
        ),
    ]);
    check_failures(&[
        (r#"{{dig "a" .map}}"#, "at least three arguments"),
        (r#"{{dig 1 "d" .map}}"#, "is int, not string"),
        (
            r#"{{dig "a" "b" "d" .map}}"#,
            "is int64, not map[string]interface {}",
        ),
        (r#"{{set nil "a" 1}}"#, "assignment to entry in nil map"),
        ("{{deepCopy nil}}", "zero Value"),
    ]);
}

#[test]
fn merging() {
    check(&[
        (
            r#"{{merge (dict "l" (list)) (dict "l" (list 1))}}"#,
            "map[l:[1]]",
        ),
        (
            r#"{{merge (dict "l" "x") (dict "l" (list 1))}}"#,
            "map[l:x]",
        ),
        (
            r#"{{mergeOverwrite (dict "l" (list 1 2)) (dict "l" (list))}}"#,
            "map[l:[]]",
        ),
        (
            r#"{{mergeOverwrite (dict "a" 1) (dict "a" nil "b" nil)}}"#,
            "map[a:<nil> b:<nil>]",
        ),
        (r#"{{merge (dict) (dict "a" nil)}}"#, "map[]"),
        (
            r#"{{merge (dict "a" (dict "x" 1)) (dict "a" (dict "x" 2 "y" 3))}}"#,
            "map[a:map[x:1 y:3]]",
        ),
        (
            r#"{{mergeOverwrite (dict "a" (dict "x" 1 "z" 1)) (dict "a" (dict "x" 2 "y" 3))}}"#,
            "map[a:map[x:2 y:3 z:1]]",
        ),
        (r#"{{$_ := merge .map (dict "z" 9)}}{{.map.z}}"#, "9"),
        // A nested map that was missing is shared with its source from then on.
        (
            r#"{{$d := merge dict .nested}}{{$_ := set $d.a "new" 1}}{{.nested.a.new}}"#,
            "1",
        ),
        (r#"{{merge nil .map}}"#, "map[a:1 b:2]"),
        (
            r#"{{merge (dict "v" (semver "1.0.0")) (dict "v" (dict))}}"#,
            "",
        ),
    ]);
    check_failures(&[(
        r#"{{mustMerge (dict "v" (semver "1.0.0")) (dict "v" (dict))}}"#,
        "must be of same type",
    )]);
}

#[test]
fn numbers() {
    check(&[
        (
            r#"{{int "0x1f"}} {{int "5.00"}} {{int " 1"}} {{int .list}} {{int 1e30}}"#,
            "31 5 0 0 -9223372036854775808",
        ),
        (
            r#"{{float64 "1e400"}} {{float64 "inf"}} {{float64 "0x1p4"}} {{float64 "1_0"}}"#,
            "0 +Inf 16 10",
        ),
        (
            r#"{{atoi "99999999999999999999"}} {{atoi "1_0"}} {{toDecimal "-17"}}"#,
            "9223372036854775807 0 -15",
        ),
        (
            "{{div .least -1}} {{mod .least -1}} {{sub .least 1}}",
            "-9223372036854775808 0 9223372036854775807",
        ),
        (
            "{{addf 0.1 0.2}} {{mulf 1e200 1e200}} {{divf 1 3 3}} {{divf -2 3}}",
            "0.3 +Inf 0.1111111111111111 -0.6666666666666667",
        ),
        (
            r#"{{maxf "NaN" 1}} {{minf 1 "-inf"}} {{ceil -0.5}}"#,
            "NaN -Inf -0",
        ),
        (
            "{{round -2.5 0}} {{round 2.4999 0 0.3}} {{round 123.456 -1}} {{round 3.14 400}}",
            "-3 3 120 NaN",
        ),
        (
            "{{seq -3}}|{{seq 1 3 10}}|{{seq 10 3 1}}|{{seq 10 -3 1}}|{{seq 1 0 5}}",
            "1 0 -1 -2 -3|1 4 7 10||10 7 4 1|",
        ),
    ]);
    check_failures(&[
        ("{{div 1 0}}", "integer divide by zero"),
        ("{{mod 1 0}}", "integer divide by zero"),
        ("{{divf 1 0}}", "decimal division by 0"),
        (r#"{{addf "NaN"}}"#, "Cannot create a Decimal"),
        ("{{randInt 5 5}}", "invalid argument to Intn"),
    ]);
}

#[test]
fn json_both_ways() {
    check(&[
        (
            r#"{{fromJson "[1,2"}} {{fromJson "[1e400]"}} {{kindOf (fromJson "1")}}"#,
            "<no value> [<nil>] float64",
        ),
        (
            r#"{{toRawJson "<>&\u2028"}} {{toJson "\xff<"}}"#,
            "\"<>&\\u2028\" \"\\ufffd\\u003c\"",
        ),
        (
            r#"{{toJson (regexFindAll "z" "a" -1)}} {{toJson (float64 "NaN")}}|"#,
            "null |",
        ),
        (
            r#"{{toPrettyJson (dict "a" (list) "b" (dict) "c" (list 1))}}"#,
            "{\n  \"a\": [],\n  \"b\": {},\n  \"c\": [\n    1\n  ]\n}",
        ),
    ]);
    check_failures(&[
        (r#"{{mustFromJson "{"}}"#, "unexpected end of JSON input"),
        (
            r#"{{mustFromJson "[1e400]"}}"#,
            "cannot unmarshal number 1e400",
        ),
        (
            r#"{{mustToJson (float64 "NaN")}}"#,
            "unsupported value: NaN",
        ),
    ]);
}

#[test]
fn dates() {
    check(&[
        (
            r#"{{dateInZone "15:04 MST" 0 "Europe/Prague"}} {{dateInZone "15:04 MST" 0 "Nope/Zone"}}"#,
            "01:00 CET 00:00 UTC",
        ),
        (
            r#"{{duration "3661"}} {{duration 1.5}} {{duration "99999999999999999999"}}"#,
            "1h1m1s 0s -1s",
        ),
        (
            r#"{{durationRound 5}} {{durationRound "36h"}} {{durationRound "-90m"}}"#,
            "0s 1d 1h",
        ),
        (r#"{{(toDate "2006-01-02" "2024-13-01").IsZero}}"#, "true"),
    ]);
    check_failures(&[
        (r#"{{mustToDate "2006-01-02" "x"}}"#, "cannot parse"),
        (r#"{{mustDateModify "1x" now}}"#, "unknown unit"),
        ("{{unixEpoch 5}}", "5"),
    ]);
}

#[test]
fn regular_expressions() {
    check(&[
        (
            r#"{{regexFindAll "a*" "baaac" -1 | toJson}}"#,
            r#"["","aaa",""]"#,
        ),
        (r#"{{regexReplaceAll "a*" "baaac" "-"}}"#, "-b-c-"),
        (
            r#"{{regexReplaceAll "(a)(b)?" "abac" "<$1$2>"}} {{regexReplaceAll "x" "axb" "${0}${1}$$$"}}"#,
            "<ab><a>c ax$$b",
        ),
        (
            r#"{{regexSplit "a*" "baaac" -1}} {{regexSplit "," "" -1 | toJson}} {{regexSplit "" "" -1 | toJson}}"#,
            r#"[b c] [""] []"#,
        ),
        (
            r#"{{regexMatch "(" "x"}} {{regexQuoteMeta "$1^|"}}"#,
            r"false \$1\^\|",
        ),
    ]);
    check_failures(&[
        (r#"{{regexFind "(" "x"}}"#, "missing closing )"),
        (r#"{{mustRegexMatch "(" "x"}}"#, "missing closing )"),
    ]);
}

#[test]
fn versions() {
    check(&[
        (
            r#"{{(semver "v1.2.3").IncMinor}} {{(semver "1.2.3-rc1").IncPatch}}"#,
            "1.3.0 1.2.3",
        ),
        (
            r#"{{typeOf (semver "1").IncMajor}} {{kindOf (semver "1")}}"#,
            "semver.Version ptr",
        ),
        (
            r#"{{deepEqual (semver "1.0") (semver "1.0")}} {{(semver "1.2.3").Equal (semver "1.2.3+x")}}"#,
            "true true",
        ),
        (
            r#"{{semverCompare "^1 || ^3" "2.0.0"}} {{semverCompare ">1.0, !=1.5" "1.5.0"}}"#,
            "false false",
        ),
    ]);
    check_failures(&[
        (
            r#"{{(semver "v1").IncMinor.Original}}"#,
            "can't evaluate field Original",
        ),
        (
            r#"{{semverCompare "1.0.0" "bad"}}"#,
            "Invalid Semantic Version",
        ),
    ]);
}

#[test]
fn urls() {
    check(&[
        (
            r#"{{urlJoin (dict "scheme" "http" "host" "h:80" "path" "a b" "query" "q=1" "fragment" "f g" "userinfo" "u:p@")}}"#,
            "http://u:p%40@h:80/a%20b?q=1#f%20g",
        ),
        (
            r#"{{urlJoin (dict "path" "a:b")}} {{urlJoin (dict "opaque" "x" "scheme" "mailto")}}"#,
            "./a:b mailto:x",
        ),
        (
            r#"{{(urlParse "http://[::1%25en0]:80/p").hostname}}"#,
            "::1%en0",
        ),
    ]);
    check_failures(&[
        (
            r#"{{urlJoin (dict "scheme" 1)}}"#,
            "must be of type string, but int found",
        ),
        (
            r#"{{urlJoin (dict "scheme" nil)}}"#,
            "nil pointer dereference",
        ),
    ]);
}

#[test]
fn passwords_keys_and_certificates() {
    check(&[
        (
            r#"{{derivePassword 1 "maximum" "p" "u" "s"}}"#,
            "t4#xAFSyHw8MyJrJ7#ru",
        ),
        (r#"{{encryptAES "pw" "hello" | decryptAES "pw"}}"#, "hello"),
        (r#"{{genPrivateKey "nope"}}"#, "Unknown type nope"),
        (
            r#"{{$k := genPrivateKey "ecdsa"}}{{$ca := genCAWithKey "ca" 1 $k}}{{(genSignedCertWithKey "svc" (list "10.0.0.1") nil 1 $ca $k).Cert | trunc 27}}"#,
            "-----BEGIN CERTIFICATE-----",
        ),
    ]);
    check_failures(&[
        (r#"{{decryptAES "pw" "zz"}}"#, "illegal base64 data"),
        (r#"{{genCAWithKey "ca" 1 "x"}}"#, "no PEM data in input"),
        (
            r#"{{buildCustomCert "eA==" "eA=="}}"#,
            "unable to decode certificate",
        ),
        (
            r#"{{genSignedCert "x" nil nil 1 (dict)}}"#,
            "sprig.certificate",
        ),
    ]);
}

/// What the arguments ask for is paid for before it is made.
#[test]
fn limits() {
    let limited = [
        r#"{{repeat 99999999999 "a"}}"#,
        r#"{{indent 99999999999 "a"}}"#,
        "{{until 99999999999}}",
        "{{seq 99999999999}}",
        "{{randAlpha 99999999999}}",
        "{{$l := list 1}}{{range until 60}}{{$l = list $l $l}}{{end}}{{toJson $l}}",
        "{{$d := dict}}{{$_ := set $d \"d\" $d}}{{toJson $d}}",
        "{{$d := dict}}{{$_ := set $d \"d\" $d}}{{deepCopy $d}}",
        "{{$s := \"a\"}}{{range until 60}}{{$s = replace \"a\" \"aa\" $s}}{{end}}",
    ];
    for template in limited {
        let kind = render(template).map_err(|(kind, _)| kind);
        assert_eq!(kind, Err(ErrorKind::Limit), "{template}");
    }
    let strict = Limits {
        allow_dns: false,
        allow_key_generation: false,
        ..Limits::default()
    };
    for template in [
        "{{getHostByName \"localhost\"}}",
        "{{genPrivateKey \"rsa\"}}",
        "{{genCA \"x\" 1}}",
    ] {
        let kind = render_with(template, &strict).map_err(|(kind, _)| kind);
        assert_eq!(kind, Err(ErrorKind::Limit), "{template}");
    }
}
