//! The parts of an evaluation with their values, as lines.

use super::super::parts::{deciding, is_plain, outcome_text, ways_to};
use super::{Clause, LIMIT, LineKey, Outline, OutlineLine};
use crate::expr::{Trace, TraceNode};
use crate::tui::widgets::text_view::Tone;

/// Elements of a list that are unfolded at first when there are no more of them.
const FEW_ELEMENTS: usize = 5;

/// Parts deeper than this are folded at first.
const DEEP: usize = 12;

impl Outline<'_> {
    /// The parts of an evaluation, each below what it is a part of.
    pub(super) fn parts(
        &mut self,
        trace: &Trace,
        trigger: &str,
        index: usize,
        clause: Clause,
        depth: usize,
    ) {
        let Some(root) = trace.root() else { return };
        let cause = deciding(trace);
        let ways = ways_to(trace, cause);
        // Expressions nest deeper than a stack of calls should.
        let mut waiting: Vec<(usize, &TraceNode, Vec<usize>)> = vec![(0, root, Vec::new())];
        while let Some((place, node, path)) = waiting.pop() {
            if self.lines.len() >= LIMIT {
                break;
            }
            let children: Vec<(usize, usize)> = node
                .children
                .iter()
                .copied()
                .enumerate()
                .filter(|(_, child)| {
                    let part = trace.nodes.get(*child);
                    part.is_some_and(|part| ways.contains(child) || !is_plain(part, node))
                })
                .collect();
            let key = LineKey::Part {
                trigger: trigger.to_owned(),
                index,
                clause,
                path: path.clone(),
            };
            let elements = children
                .iter()
                .filter(|(_, child)| trace.nodes.get(*child).is_some_and(|n| n.element.is_some()))
                .count();
            let at_first = ways.contains(&place) || (path.len() < DEEP && elements <= FEW_ELEMENTS);
            let open = (!children.is_empty()).then(|| self.is_open(&key, at_first));
            let (value, tone) = outcome_text(&node.outcome);
            let element = node
                .element
                .map_or_else(String::new, |element| format!("[{element}] "));
            self.push(OutlineLine {
                key,
                depth: depth + path.len(),
                open,
                mark: None,
                head: format!("{element}{}", node.text),
                value,
                tone: if cause == Some(place) {
                    Tone::Bad
                } else {
                    tone
                },
                cause: cause == Some(place),
            });
            if open == Some(true) {
                for (at, child) in children.into_iter().rev() {
                    if let Some(part) = trace.nodes.get(child) {
                        let mut below = path.clone();
                        below.push(at);
                        waiting.push((child, part, below));
                    }
                }
            }
        }
        if trace.truncated {
            let key = LineKey::Part {
                trigger: trigger.to_owned(),
                index,
                clause,
                path: vec![usize::MAX],
            };
            let text = "more parts than can be shown".to_owned();
            self.put(key, depth + 1, Tone::Dim, text, String::new());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Setting;
    use super::*;
    use crate::expr::{Env, Options, Program};
    use jiff::tz::TimeZone;
    use std::collections::HashSet;

    fn outline(when: &str, toggled: &HashSet<LineKey>) -> Vec<String> {
        let pod = serde_json::json!({"status": {"phase": "Pending", "containers": [
            {"name": "app", "restarts": 3}, {"name": "side"}]}});
        let program = Program::compile(when, &Options::default()).unwrap();
        let mut env = Env::new();
        env.json("pod", &pod);
        let setting = Setting {
            toggled,
            now_ms: 0,
            zone: &TimeZone::UTC,
            width: 80,
            idle: "",
        };
        let mut outline = Outline {
            lines: Vec::new(),
            setting: &setting,
        };
        outline.parts(&program.trace(&env), "t", 0, Clause::When, 0);
        let shown = |line: &OutlineLine| {
            let fold = match line.open {
                Some(true) => "v",
                Some(false) => ">",
                None => " ",
            };
            let cause = if line.cause { " <" } else { "" };
            let indent = "  ".repeat(line.depth);
            format!("{indent}{fold} {} = {}{cause}", line.head, line.value)
        };
        outline.lines.iter().map(shown).collect()
    }

    #[test]
    fn the_part_that_decided_is_marked_and_plain_parts_are_left_out() {
        let when = "pod.status.phase == 'Pending' and pod.status.phase == 'Running'";
        assert_eq!(
            outline(when, &HashSet::new()),
            [
                format!("v {when} = false"),
                "  v pod.status.phase == 'Pending' = true".to_owned(),
                "      pod.status.phase = \"Pending\"".to_owned(),
                "  v pod.status.phase == 'Running' = false <".to_owned(),
                "      pod.status.phase = \"Pending\"".to_owned(),
            ]
        );
    }

    #[test]
    fn the_way_to_what_is_missing_is_unfolded() {
        let lines = outline("pod.status.state?.reason == 'x'", &HashSet::new());
        let cause: Vec<&String> = lines.iter().filter(|line| line.ends_with(" <")).collect();
        assert_eq!(cause.len(), 1, "{lines:?}");
        assert!(cause[0].contains("pod.status.state = nil"), "{lines:?}");
    }

    #[test]
    fn a_literal_is_never_what_decided() {
        let when = "any(pod.status.containers, {.name == 'x'}) == false == false";
        let lines = outline(when, &HashSet::new());
        let cause: Vec<&String> = lines.iter().filter(|line| line.ends_with(" <")).collect();
        assert_eq!(cause.len(), 1, "{lines:?}");
        assert!(cause[0].contains("any("), "{lines:?}");
        assert!(
            !lines.iter().any(|line| line.contains(" # = ")),
            "{lines:?}"
        );
    }

    #[test]
    fn folding_hides_what_is_below() {
        let root = LineKey::Part {
            trigger: "t".to_owned(),
            index: 0,
            clause: Clause::When,
            path: vec![],
        };
        let lines = outline("pod.status.phase == 'Pending'", &HashSet::from([root]));
        assert_eq!(lines, ["> pod.status.phase == 'Pending' = true"]);
    }
}
