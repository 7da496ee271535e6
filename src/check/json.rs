//! Which parts of a template must be JSON once they are rendered.

/// Parts by section and field.
const PARTS: [(&str, &[&str]); 6] = [
    ("slack", &["attachments", "blocks"]),
    ("mattermost", &["attachments"]),
    ("rocketchat", &["attachments"]),
    ("teams", &["sections", "facts", "potentialAction"]),
    (
        "teams-workflows",
        &["sections", "facts", "potentialAction", "adaptiveCard"],
    ),
    ("github", &["client_payload"]),
];

/// What is to be said about the text of a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// It must be JSON: the service parses it.
    Json,
    /// It is the body of this webhook, which may be JSON.
    Body,
    /// Any text.
    Text,
}

/// What the part at this path of a template must be, for example `slack.blocks`.
pub(super) fn wanted(path: &[String]) -> Wanted {
    match path {
        [section, .., field] if section == "webhook" && field == "body" && path.len() == 3 => {
            Wanted::Body
        }
        [section, .., field] => {
            let named = PARTS.iter().any(|(known, fields)| {
                section == known && fields.iter().any(|name| field.eq_ignore_ascii_case(name))
            });
            if named { Wanted::Json } else { Wanted::Text }
        }
        _ => Wanted::Text,
    }
}

/// A text that is not JSON.
#[derive(Debug)]
pub(super) struct NotJson {
    /// Why, in words.
    pub(super) cause: String,
    /// The line of the text that it is in, from 1.
    pub(super) line: usize,
    /// The column in it, in characters, from 1.
    pub(super) column: usize,
    /// That line.
    pub(super) text: String,
}

/// Whether a text looks as if somebody meant it to be JSON.
pub(super) fn looks_like_json(text: &str) -> bool {
    text.trim_start().starts_with(['{', '['])
}

/// Reads a text as JSON. The empty text passes: services take it for nothing.
pub(super) fn read(text: &str) -> Result<(), NotJson> {
    if text.trim().is_empty() {
        return Ok(());
    }
    let Err(error) = serde_json::from_str::<serde::de::IgnoredAny>(text) else {
        return Ok(());
    };
    let line = error.line().max(1);
    let full = error.to_string();
    // The place is told in our own way.
    let cause = full
        .rsplit_once(" at line ")
        .map_or(&*full, |(cause, _)| cause);
    let text = text.lines().nth(line - 1).unwrap_or_default();
    // serde_json counts bytes.
    let before = text.get(..error.column().saturating_sub(1)).unwrap_or(text);
    let column = before.chars().count() + 1;
    Err(NotJson {
        cause: format!("{cause} (line {line}, column {column})"),
        line,
        column,
        text: text.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_told_apart() {
        let wanted = |path: &str| {
            let path: Vec<String> = path.split('.').map(str::to_owned).collect();
            wanted(&path)
        };
        assert_eq!(wanted("slack.blocks"), Wanted::Json);
        assert_eq!(wanted("slack.groupingKey"), Wanted::Text);
        assert_eq!(wanted("teams.potentialaction"), Wanted::Json);
        assert_eq!(wanted("webhook.ci.body"), Wanted::Body);
        assert_eq!(wanted("webhook.ci.path"), Wanted::Text);
        assert_eq!(wanted("message"), Wanted::Text);
    }

    #[test]
    fn says_where_a_text_stops_being_json() {
        assert!(read(" \n").is_ok());
        assert!(read("[1, {\"a\": null}]").is_ok());
        let error = read("{\n  \"a\": 1\n  \"b\": 2\n}").unwrap_err();
        assert_eq!(error.line, 3);
        assert_eq!(error.text, "  \"b\": 2");
        assert_eq!(error.column, 3);
        assert_eq!(error.cause, "expected `,` or `}` (line 3, column 3)");
    }
}
