//! A recorded request in the three forms that a delivery shows: as it was sent, with its JSON laid
//! out, and as a curl command. What is recorded is masked, and so is everything made of it.

/// How a request is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Form {
    /// JSON bodies laid out.
    #[default]
    Pretty,
    /// As recorded.
    Raw,
    /// As a command line; what is masked must be filled in.
    Curl,
}

impl Form {
    /// The word in the title.
    pub fn word(self) -> &'static str {
        match self {
            Self::Pretty => "pretty",
            Self::Raw => "raw",
            Self::Curl => "curl",
        }
    }

    /// The next one, round the end.
    pub fn next(self) -> Self {
        match self {
            Self::Pretty => Self::Raw,
            Self::Raw => Self::Curl,
            Self::Curl => Self::Pretty,
        }
    }
}

/// One request of a recorded text.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Recorded<'t> {
    method: &'t str,
    url: &'t str,
    headers: Vec<&'t str>,
    body: &'t str,
}

/// The text in this form. What is no HTTP request is shown as it is, in every form.
pub fn shown(text: &str, form: Form) -> String {
    let requests: Vec<&str> = split(text);
    let shown = requests.into_iter().map(|text| match (form, parse(text)) {
        (Form::Pretty, Some(request)) => pretty(&request),
        (Form::Curl, Some(request)) => curl(&request),
        _ => text.to_owned(),
    });
    shown.collect::<Vec<_>>().join("\n\n")
}

fn is_subject(line: &str) -> bool {
    line.split_once(' ').is_some_and(|(method, url)| {
        !method.is_empty()
            && method.bytes().all(|b| b.is_ascii_uppercase())
            && (url.starts_with("http://") || url.starts_with("https://"))
    })
}

/// The requests of a text: each begins, after an empty line, with a method and an address.
fn split(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut start = 0;
    for (at, _) in text.match_indices("\n\n") {
        let next = at + 2;
        let line = text.get(next..).and_then(|rest| rest.lines().next());
        if next > start && line.is_some_and(is_subject) {
            parts.extend(text.get(start..at));
            start = next;
        }
    }
    parts.extend(text.get(start..));
    parts
}

fn parse(text: &str) -> Option<Recorded<'_>> {
    let (head, body) = text.split_once("\n\n").unwrap_or((text, ""));
    let mut lines = head.lines();
    let subject = lines.next().filter(|line| is_subject(line))?;
    let (method, url) = subject.split_once(' ')?;
    Some(Recorded {
        method,
        url,
        headers: lines.collect(),
        body,
    })
}

fn pretty(request: &Recorded<'_>) -> String {
    let mut text = format!("{} {}", request.method, request.url);
    for header in &request.headers {
        text.push('\n');
        text.push_str(header);
    }
    if !request.body.is_empty() {
        text.push_str("\n\n");
        match laid_out(request.body) {
            Some(json) => text.push_str(&json),
            None => text.push_str(request.body),
        }
    }
    text
}

fn curl(request: &Recorded<'_>) -> String {
    let mut command = format!("curl -sS -X {}", quoted(request.method));
    for header in &request.headers {
        command.push_str(&format!(" \\\n  -H {}", quoted(header)));
    }
    if !request.body.is_empty() {
        // curl would add a form's Content-Type, which the request itself does not have.
        let typed = |header: &&str| header.to_ascii_lowercase().starts_with("content-type:");
        if !request.headers.iter().any(typed) {
            command.push_str(" \\\n  -H 'Content-Type:'");
        }
        command.push_str(&format!(" \\\n  --data-binary {}", quoted(request.body)));
    }
    command.push_str(&format!(" \\\n  {}", quoted(request.url)));
    command
}

/// One word for a POSIX shell, whatever is in it.
fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@%+,".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// JSON over several lines; `None` for what is no JSON collection. Nothing but white space is
/// changed: members keep their order, numbers and strings their spelling.
pub fn laid_out(text: &str) -> Option<String> {
    let text = text.trim();
    if !text.starts_with(['{', '[']) || !is_json(text) {
        return None;
    }
    let mut out = String::with_capacity(text.len() * 2);
    let mut depth = 0_usize;
    let mut in_string = false;
    let mut escaped = false;
    let mut chars = text.chars().peekable();
    let new_line = |out: &mut String, depth: usize| {
        out.push('\n');
        out.push_str(&"  ".repeat(depth.min(64)));
    };
    while let Some(c) = chars.next() {
        if in_string {
            out.push(c);
            in_string = escaped || c != '"';
            escaped = !escaped && c == '\\';
            continue;
        }
        match c {
            '"' => {
                in_string = true;
                out.push(c);
            }
            '{' | '[' => {
                out.push(c);
                while chars.next_if(|c| c.is_whitespace()).is_some() {}
                match chars.next_if(|c| matches!(c, '}' | ']')) {
                    Some(close) => out.push(close),
                    None => {
                        depth += 1;
                        new_line(&mut out, depth);
                    }
                }
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                new_line(&mut out, depth);
                out.push(c);
            }
            ',' => {
                out.push(c);
                new_line(&mut out, depth);
            }
            ':' => out.push_str(": "),
            c if c.is_whitespace() => {}
            c => out.push(c),
        }
    }
    Some(out)
}

fn is_json(text: &str) -> bool {
    serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "POST https://hooks.example/a?b=1\nContent-Type: application/json\n\
        Authorization: Bearer ******\n\n{\"b\":1.0,\"a\":[{},[],\"x, {y}: \\\" z\"]}";

    #[test]
    fn json_is_laid_out_without_being_changed() {
        let shown = shown(TEXT, Form::Pretty);
        let (head, body) = shown.split_once("\n\n").unwrap();
        assert!(head.ends_with("Bearer ******"));
        let expected =
            "{\n  \"b\": 1.0,\n  \"a\": [\n    {},\n    [],\n    \"x, {y}: \\\" z\"\n  ]\n}";
        assert_eq!(body, expected);
        assert_eq!(laid_out("{\"cut\": \"off"), None);
        assert_eq!(laid_out("plain: text"), None);
    }

    #[test]
    fn a_curl_command_is_one_word_per_part() {
        let command = shown(&TEXT.replace("{}", "\"it's\""), Form::Curl);
        assert!(command.starts_with("curl -sS -X POST \\\n  -H 'Content-Type: "));
        assert!(command.contains(r"it'\''s"), "{command}");
        assert!(command.ends_with("\\\n  'https://hooks.example/a?b=1'"));
    }

    #[test]
    fn several_requests_are_told_apart_and_others_stay_as_they_are() {
        let two = format!("{TEXT}\n\nGET http://other/\nA: b");
        assert_eq!(split(&two).len(), 2);
        assert_eq!(shown(&two, Form::Raw), two);
        assert!(shown(&two, Form::Curl).contains("\n\ncurl -sS -X GET"));
        let mail = "To: a@b\n\nhello\n\nPOST is a word";
        for form in [Form::Pretty, Form::Raw, Form::Curl] {
            assert_eq!(shown(mail, form), mail);
        }
    }
}
