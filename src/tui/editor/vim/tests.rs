use super::*;

struct Session {
    vim: Vim,
    buffer: TextBuffer,
    clip: Clip,
}

fn on(text: &str) -> Session {
    Session {
        vim: Vim::default(),
        buffer: TextBuffer::new(text),
        clip: Clip::default(),
    }
}

impl Session {
    /// Keys side by side; `<Esc>` and `<C-r>` in angle brackets.
    fn press(&mut self, keys: &str) -> &mut Self {
        let mut rest = keys;
        while let Some(c) = rest.chars().next() {
            let named = rest.strip_prefix('<').and_then(|rest| rest.split_once('>'));
            let key = match named.and_then(|(name, after)| {
                Some((Key::parse(name).filter(|_| name.len() > 1)?, after))
            }) {
                Some((key, after)) => {
                    rest = after;
                    key
                }
                None => {
                    rest = &rest[c.len_utf8()..];
                    Key::char(c)
                }
            };
            match self.vim.key(&mut self.buffer, key, 10, &mut self.clip) {
                Outcome::Undo => _ = self.buffer.undo(),
                Outcome::Redo => _ = self.buffer.redo(),
                _ => {}
            }
        }
        self
    }

    fn text(&self) -> String {
        self.buffer.text()
    }
}

#[test]
fn operators_with_motions() {
    for (text, keys, expected) in [
        ("one two three", "dw", "two three"),
        ("one two three", "d2w", "three"),
        ("one two three", "wcwX<Esc>", "one X three"),
        ("one two", "wD", "one "),
        ("one two", "$x", "one tw"),
        ("a\nb\nc\nd", "jdd", "a\nc\nd"),
        ("a\nb\nc\nd", "2dd", "c\nd"),
        ("a\nb\nc\nd", "dj", "c\nd"),
        ("a\nb\nc\nd", "dG", ""),
        ("a\nb\nc", "yyjp", "a\nb\na\nc"),
        ("a\nb\nc", "ddP", "a\nb\nc"),
        ("a\nb", ">>", "  a\nb"),
        ("  a\n  b", "<j", "a\nb"),
        ("f(a, b)", "f(ci(x<Esc>", "f(x)"),
        ("x: 'one two'", "f'ci'y<Esc>", "x: 'y'"),
        ("a (b [c] d)", "f[da[", "a (b  d)"),
        ("one two", "dtw", "wo"),
        ("one, two", "df,", " two"),
        ("(a b) c", "d%", " c"),
        ("a\n  b", "J", "a b"),
        ("aBc", "~~", "Abc"),
        ("abc", "rX", "Xbc"),
        ("a", "ob<Esc>Oc<Esc>", "a\nc\nb"),
        ("abc", "Ad<Esc>Ie<Esc>", "eabcd"),
        ("abc def", "daw", "def"),
    ] {
        assert_eq!(on(text).press(keys).text(), expected, "{keys} on {text:?}");
    }
}

#[test]
fn visual_modes() {
    for (text, keys, expected) in [
        ("one two", "vllx", " two"),
        ("a\nb\nc", "Vjd", "c"),
        ("a\nb\nc", "Vj>", "  a\n  b\nc"),
        ("one two", "vey$p", "one twoone"),
        ("one two", "wviwcX<Esc>", "one X"),
    ] {
        let mut session = on(text);
        assert_eq!(session.press(keys).text(), expected, "{keys} on {text:?}");
        assert_eq!(session.vim.mode(), Mode::Normal, "{keys}");
    }
}

#[test]
fn the_last_change_is_done_again_and_taken_back_at_once() {
    let mut session = on("one two three four");
    assert_eq!(session.press("cwX<Esc>w.").text(), "X X three four");
    assert_eq!(session.press("w2.").text(), "X X X four");
    assert_eq!(session.press("u").text(), "X X three four");
    assert_eq!(session.press("<C-r>").text(), "X X X four");
}

#[test]
fn escape_ends_the_mode_before_anything_else() {
    let mut session = on("abc");
    session.press("a");
    assert_eq!(session.vim.mode(), Mode::Insert);
    assert!(session.vim.escape(&mut session.buffer));
    assert_eq!(session.buffer.cursor(), Place::new(0, 0));
    session.press("2d");
    assert_eq!(session.vim.pending(), "2d");
    assert!(session.vim.escape(&mut session.buffer));
    assert!(!session.vim.escape(&mut session.buffer));
    let colon = session
        .vim
        .key(&mut session.buffer, Key::char(':'), 10, &mut session.clip);
    assert_eq!(colon, Outcome::Command);
}
