//! Which lines of an object's YAML a condition reads.

use super::{ResourceScreen, Side};
use crate::domain::PathTrie;

/// A collection that a line is in.
enum Level {
    /// A member of a map.
    Key(String),
    /// An element of a list.
    Element,
}

/// Numbers of the lines (from 0) at or below a path that is read. Works on block YAML as our own
/// emitter writes it: a map member or list element per line, deeper lines below a value belong to
/// it.
pub fn marked(yaml: &str, reads: &PathTrie) -> Vec<usize> {
    let mut marked = Vec::new();
    if reads.is_empty() {
        return marked;
    }
    let mut levels: Vec<(usize, Level)> = Vec::new();
    // The indentation of the line whose scalar goes on in deeper lines, and whether it is read.
    let mut scalar: Option<(usize, bool)> = None;
    for (number, line) in yaml.lines().enumerate() {
        let indent = line.len() - line.trim_start_matches(' ').len();
        if let Some((at, read)) = scalar {
            if line.trim().is_empty() || indent > at {
                if read {
                    marked.push(number);
                }
                continue;
            }
            scalar = None;
        }
        let mut at = indent;
        let mut rest = line.get(indent..).unwrap_or_default();
        while rest == "-" || rest.starts_with("- ") {
            // A list may stand as deep as the key that holds it.
            levels.retain(|(level, kind)| *level < at || (*level == at && !is_element(kind)));
            levels.push((at, Level::Element));
            at += 2;
            rest = rest.get(2..).unwrap_or_default();
        }
        let value = match split_key(rest) {
            Some((key, value)) => {
                levels.retain(|(level, _)| *level < at);
                levels.push((at, Level::Key(key)));
                value
            }
            None => rest,
        };
        let read = is_read(&levels, reads);
        if read {
            marked.push(number);
        }
        if !value.is_empty() {
            scalar = Some((indent, read));
        }
    }
    marked
}

fn is_element(level: &Level) -> bool {
    matches!(level, Level::Element)
}

fn is_read(levels: &[(usize, Level)], reads: &PathTrie) -> bool {
    let mut at = reads;
    for (_, level) in levels {
        if at.whole {
            return true;
        }
        match level {
            Level::Key(key) => match at.child(key) {
                Some(child) => at = child,
                None => return false,
            },
            // Members of list elements are read only with the whole list.
            Level::Element => return false,
        }
    }
    at.whole
}

/// The key of a line and what follows it; `None` for a line without a key.
fn split_key(rest: &str) -> Option<(String, &str)> {
    let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''));
    let end = match quote {
        Some(quote) => {
            let mut escaped = false;
            let mut end = None;
            for (at, c) in rest.char_indices().skip(1) {
                if escaped {
                    escaped = false;
                } else if c == '\\' && quote == '"' {
                    escaped = true;
                } else if c == quote {
                    end = Some(at + 1);
                    break;
                }
            }
            end?
        }
        None => match rest.find(": ") {
            Some(at) => at,
            None => rest.strip_suffix(':')?.len(),
        },
    };
    let (key, value) = (rest.get(..end)?, rest.get(end..)?.strip_prefix(':')?);
    let key = match quote {
        Some(quote) => key.trim_matches(quote),
        None => key,
    };
    Some((key.to_owned(), value.trim_start()))
}

impl ResourceScreen {
    /// Marks the lines of the object that the selected condition reads, or all conditions.
    pub(super) fn mark_reads(&mut self) {
        let Some(explained) = &self.explained else {
            return;
        };
        let tried = self.trial.as_ref().and_then(|trial| trial.result.as_ref());
        let of = match (tried, &self.selected) {
            (None, Some(key)) => key
                .condition()
                .map(|(name, index)| (name.to_owned(), index)),
            // Not the name of any trigger.
            _ => Some((String::new(), usize::MAX)),
        };
        if of.is_some() && of == self.marked {
            return;
        }
        let mut paths = PathTrie::default();
        if let Some(tried) = tried {
            if let Ok(tried) = tried {
                paths.merge(&tried.reads);
            }
        } else {
            let triggers = &explained.explanation.inspection.triggers;
            for (trigger, reads) in triggers.iter().zip(&explained.reads) {
                for (condition, read) in trigger.conditions.iter().zip(reads) {
                    let here = (trigger.name.as_str(), condition.key.index);
                    let wanted = of.as_ref().filter(|(name, _)| !name.is_empty());
                    if wanted.is_none_or(|(name, index)| here == (name.as_str(), *index)) {
                        paths.merge(read);
                    }
                }
            }
        }
        let lines = marked(&explained.yaml, &paths);
        if of != self.shown && self.side != Side::Object {
            self.object.show_line(lines.first().copied().unwrap_or(0));
            self.shown.clone_from(&of);
        }
        self.object.mark(lines);
        self.marked = of;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(paths: &[&[&str]], value: &serde_json::Value) -> Vec<String> {
        let mut reads = PathTrie::default();
        for path in paths {
            reads.insert(path);
        }
        let yaml = crate::yaml::emit(value);
        let lines: Vec<&str> = yaml.lines().collect();
        let marked = marked(&yaml, &reads);
        marked.iter().map(|at| lines[*at].to_owned()).collect()
    }

    #[test]
    fn what_is_read_is_marked_with_everything_below() {
        let pod = serde_json::json!({
            "metadata": {"annotations": {"a: b": "x\ny: z\n", "phase": "no"}, "name": "web"},
            "status": {
                "phase": "Running",
                "containers": [{"name": "app", "state": {"code": 1}}, {"name": "side"}],
                "after": 1,
            },
        });
        assert_eq!(shown(&[&["status", "phase"]], &pod), ["  phase: Running"]);
        let containers = shown(&[&["status", "containers"]], &pod);
        assert_eq!(containers.len(), 5, "{containers:?}");
        assert!(containers[0].ends_with("containers:"), "{containers:?}");
        assert!(containers[4].ends_with("name: side"), "{containers:?}");
        let annotation = shown(&[&["metadata", "annotations", "a: b"]], &pod);
        assert_eq!(annotation.len(), 3, "{annotation:?}");
        assert!(shown(&[&["status", "none"]], &pod).is_empty());
        assert!(shown(&[], &pod).is_empty());
    }

    #[test]
    fn texts_that_look_like_yaml_mark_nothing_else() {
        let text = "status:\n  phase: fake\n- phase: fake\n";
        let pod = serde_json::json!({"a": text, "status": {"phase": "x"}, "z": [text, [text]]});
        assert_eq!(shown(&[&["status", "phase"]], &pod), ["  phase: x"]);
    }
}
