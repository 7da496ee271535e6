//! What is refused before the Handlebars parser sees a source: everything that could exhaust the
//! stack, there or while rendering. The scan is coarse and errs on the side of refusing.

use crate::template::error::{ErrorKind, TemplateError};
use crate::template::parse::line_and_column;

/// How deeply blocks, chains of `else if` and parentheses may be nested.
const MAX_NESTING: usize = 30;

/// The longest source.
const MAX_LENGTH: usize = 256 << 10;

/// Refuses what is not supported or too deep.
pub(super) fn check(name: &str, source: &str) -> Result<(), TemplateError> {
    let refuse = |position: usize, kind: ErrorKind, message: &str| {
        let (line, column) = line_and_column(source, position);
        Err(TemplateError {
            kind,
            message: format!("template: {name}:{line}:{column}: {message}"),
            line,
            column,
            help: None,
        })
    };
    if source.len() > MAX_LENGTH {
        let message = format!("longer than {MAX_LENGTH} bytes");
        return refuse(0, ErrorKind::Limit, &message);
    }
    let too_deep = format!("nested more than {MAX_NESTING} levels deep");
    // Per open block, how many levels it takes: itself and its `else` parts.
    let mut blocks: Vec<usize> = Vec::new();
    let mut depth = 0;
    let mut position = 0;
    while let Some(found) = source.get(position..).and_then(|rest| rest.find("{{")) {
        let start = position + found;
        let rest = source.get(start..).unwrap_or_default();
        if rest.starts_with("{{{{") {
            return refuse(start, ErrorKind::Parse, "raw blocks are not supported");
        }
        if let Some(end) = comment_length(rest) {
            position = start + end;
            continue;
        }
        let inner = rest.get(2..).unwrap_or_default();
        let inner = inner.strip_prefix('~').unwrap_or(inner).trim_start();
        let (end, parens) = action(rest);
        if parens > MAX_NESTING {
            return refuse(start, ErrorKind::Limit, &too_deep);
        }
        let block = inner.strip_prefix('#').map(str::trim_start);
        if inner.starts_with('>') || block.is_some_and(|block| block.starts_with('>')) {
            return refuse(start, ErrorKind::Parse, "partials are not supported");
        }
        if inner.starts_with('*') || block.is_some_and(|block| block.starts_with('*')) {
            return refuse(start, ErrorKind::Parse, "decorators are not supported");
        }
        if block.is_some() {
            blocks.push(1);
            depth += 1;
        } else if inner.starts_with("else") || inner.starts_with('^') {
            if let Some(levels) = blocks.last_mut() {
                *levels += 1;
                depth += 1;
            }
        } else if inner.starts_with('/') && !source.get(..start).is_some_and(|b| b.ends_with('\\'))
        {
            depth -= blocks.pop().unwrap_or(0);
        }
        if depth > MAX_NESTING {
            return refuse(start, ErrorKind::Limit, &too_deep);
        }
        position = start + end;
    }
    Ok(())
}

/// The length of the comment at the start.
fn comment_length(rest: &str) -> Option<usize> {
    let body = rest.strip_prefix("{{!")?;
    let long = body
        .strip_prefix("--")
        .and_then(|body| body.find("--}}"))
        .map(|length| length + "{{!----}}".len());
    let short = body.find("}}").map(|length| length + "{{!}}".len());
    Some(long.or(short).unwrap_or(rest.len()))
}

/// Length of the action at the start, and how deeply its brackets are nested. Text in quotes does
/// not count.
fn action(rest: &str) -> (usize, usize) {
    let mut depth: usize = 0;
    let mut deepest = 0;
    let mut quote = None;
    let mut escaped = false;
    for (position, c) in rest.char_indices().skip(2) {
        match quote {
            Some(_) if escaped => escaped = false,
            Some(_) if c == '\\' => escaped = true,
            Some(open) if c == open => quote = None,
            Some(_) => {}
            None => match c {
                '"' | '\'' => quote = Some(c),
                '(' | '[' | '{' => {
                    depth += 1;
                    deepest = deepest.max(depth);
                }
                '}' if rest.get(position..).is_some_and(|r| r.starts_with("}}")) => {
                    return (position + 2, deepest);
                }
                ')' | ']' | '}' => depth = depth.saturating_sub(1),
                _ => {}
            },
        }
    }
    // No end: only the opening is skipped, what follows is looked at again.
    (2, deepest)
}
