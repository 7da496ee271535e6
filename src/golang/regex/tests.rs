use super::*;

#[test]
fn matches_as_go_does() {
    let cases = [
        ("b", "abc", true),
        ("(?m)^b$", "a\nb", true),
        ("a.b", "a\nb", false),
        ("^\\w+$", "\u{17e}", false),
        ("^\\d$", "\u{663}", false),
        ("(?i)s", "\u{17f}", true),
        ("(?i)^\\w$", "\u{212a}", true),
        ("\\bfoo\\b", "\u{17e}foo\u{17e}", true),
        ("^a\\Bb$", "ab", true),
        ("^[[:alpha:]]-[[:^digit:]]$", "x-y", true),
        ("[]a]", "]", true),
        ("[a-z&&[^b]]", "a", false),
        ("[a-z&&[^b]]", "&]", true),
        ("\\Qa+\\E", "a+", true),
        ("\\Q", "x", true),
        ("^a{,2}$", "a{,2}", true),
        ("a{", "a{", true),
        ("}", "}", true),
        ("\\x{61}\\142\\_\\-", "ab_-", true),
        ("[^a]", "\n", true),
        ("\\pL", "a", true),
        ("[\\p{Greek}\\d]", "\u{3b1}", true),
        ("\\P{^Lu}", "A", true),
        ("x~y#z", "x~y#z", true),
        ("(?P<n>a)(?<m>b)", "ab", true),
        ("(?i:A)b", "ab", true),
        ("(|a)*", "aa", true),
    ];
    for (pattern, text, expected) in cases {
        let regex = compile(pattern).unwrap_or_else(|e| panic!("{pattern}: {e}"));
        assert_eq!(regex.is_match(text), expected, "{pattern} on {text:?}");
    }
}

#[test]
fn large_patterns_are_more_work() {
    let work = |pattern: &str| compile(pattern).map(|pattern| pattern.work(1_000));
    assert_eq!(work("^a+$"), Ok(1_000));
    assert_eq!(work("^web-[0-9]+$"), Ok(2_000));
    assert_eq!(work("(a?){1000}"), Ok(251_000));
    assert_eq!(work("((ab){10}c?){10}"), Ok(53_000));
}

#[test]
fn errors_are_go_messages() {
    let cases = [
        ("(", "error parsing regexp: missing closing ): `(`"),
        (")", "error parsing regexp: unexpected ): `)`"),
        ("a[b", "error parsing regexp: missing closing ]: `[b`"),
        (
            "*",
            "error parsing regexp: missing argument to repetition operator: `*`",
        ),
        (
            "a**",
            "error parsing regexp: invalid nested repetition operator: `**`",
        ),
        (
            "(?=a)",
            "error parsing regexp: invalid or unsupported Perl syntax: `(?=`",
        ),
        (
            "(?x)a",
            "error parsing regexp: invalid or unsupported Perl syntax: `(?x`",
        ),
        (
            "\\C",
            "error parsing regexp: invalid escape sequence: `\\C`",
        ),
        (
            "\\1",
            "error parsing regexp: invalid escape sequence: `\\1`",
        ),
        (
            "\\",
            "error parsing regexp: trailing backslash at end of expression: ``",
        ),
        (
            "a{1001}",
            "error parsing regexp: invalid repeat count: `{1001}`",
        ),
        (
            "(a{100}){100}",
            "error parsing regexp: invalid repeat count: `{100}`",
        ),
        (
            "[z-a]",
            "error parsing regexp: invalid character class range: `z-a`",
        ),
        (
            "[[:foo:]]",
            "error parsing regexp: invalid character class range: `[:foo:]`",
        ),
        (
            "\\p{Nope}",
            "error parsing regexp: invalid character class range: `\\p{Nope}`",
        ),
    ];
    for (pattern, message) in cases {
        let error = compile(pattern).expect_err(pattern);
        assert_eq!(error.to_string(), message);
    }
}

#[test]
fn sizes_are_bounded() {
    assert!(compile(&"(".repeat(10_000)).is_err());
    assert!(compile(&"a".repeat(MAX_PATTERN + 1)).is_err());
    assert!(compile("(\\pL{1000}){1}(\\pL{1000})").is_err());
}
