//! What is typed after `/` in the history pane, as a test of one row and as a query of the store.
//!
//! The store narrows by what it can look up fast; the exact meaning, the same for rows that come
//! live, is [`HistoryQuery::matches`].

use super::table::filter::{Filter, FilterColumn, Pattern};
use crate::domain::{Delivery, DeliveryState};
use crate::history;

/// Columns of the history; a free word is looked for in the first [`FREE`] of them.
pub const COLUMNS: &[FilterColumn] = &[
    FilterColumn { names: &["state"] },
    FilterColumn {
        names: &["ns", "namespace"],
    },
    FilterColumn { names: &["name"] },
    FilterColumn {
        names: &["trigger"],
    },
    FilterColumn {
        names: &["service"],
    },
    FilterColumn {
        names: &["to", "recipient"],
    },
    FilterColumn { names: &["error"] },
    FilterColumn { names: &["detail"] },
    FilterColumn { names: &["kind"] },
    FilterColumn { names: &["since"] },
    FilterColumn { names: &["until"] },
];

const FREE: usize = 8;
const STATE: usize = 0;
const SINCE: usize = 9;
const UNTIL: usize = 10;

/// Which deliveries are shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HistoryQuery {
    filter: Filter,
    namespaces: Vec<Pattern>,
    since_ms: Option<i64>,
    until_ms: Option<i64>,
}

impl HistoryQuery {
    /// Reads a filter; `namespaces` are patterns of which one must match (none: all).
    ///
    /// # Errors
    /// One sentence: an unknown column, or a time that can't be read.
    pub fn parse(text: &str, namespaces: &[String], now_ms: i64) -> Result<Self, String> {
        let mut filter = Filter::parse(text, COLUMNS)?;
        let (mut since_ms, mut until_ms) = (None, None);
        for term in &filter.terms {
            let Some(column @ (SINCE | UNTIL)) = term.column else {
                continue;
            };
            let back = span_ms(&term.pattern.text()).ok_or_else(|| {
                format!(
                    "'{}' is no time span: write 30s, 10m, 2h or 3d",
                    term.pattern.text()
                )
            })?;
            let at = Some(now_ms.saturating_sub(back));
            if (column == SINCE) != term.negated {
                since_ms = since_ms.max(at);
            } else {
                until_ms = until_ms.min(at).or(at);
            }
        }
        filter
            .terms
            .retain(|term| !matches!(term.column, Some(SINCE | UNTIL)));
        Ok(Self {
            filter,
            namespaces: namespaces.iter().map(|text| exact(text)).collect(),
            since_ms,
            until_ms,
        })
    }

    /// Whether everything passes.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether a delivery passes.
    pub fn matches(&self, delivery: &Delivery) -> bool {
        let new = &delivery.new;
        self.since_ms.is_none_or(|at| new.created_ms >= at)
            && self.until_ms.is_none_or(|at| new.created_ms < at)
            && (self.namespaces.is_empty()
                || self
                    .namespaces
                    .iter()
                    .any(|pattern| pattern.matches(&new.namespace)))
            && self.filter.passes(FREE, |column, pattern| {
                pattern.matches(match column {
                    0 => delivery.state.word(),
                    1 => &new.namespace,
                    2 => &new.name,
                    3 => &new.trigger,
                    4 => &new.destination.service,
                    5 => &new.destination.recipient,
                    6 => &delivery.error,
                    7 => &delivery.detail,
                    _ => &new.kind,
                })
            })
    }

    /// What the store can narrow by: lets through at least everything that [`matches`] does.
    ///
    /// [`matches`]: Self::matches
    pub fn narrowed(&self) -> history::Filter {
        let mut narrowed = history::Filter {
            since_ms: self.since_ms,
            until_ms: self.until_ms,
            ..history::Filter::default()
        };
        if let [Pattern::Glob(pieces)] = self.namespaces.as_slice() {
            narrowed.namespace = Some(pieces.join("*"));
        }
        let mut words: Vec<&str> = Vec::new();
        for term in self.filter.terms.iter().filter(|term| !term.negated) {
            if term.column == Some(STATE) && narrowed.states.is_empty() {
                narrowed.states = DeliveryState::ALL
                    .into_iter()
                    .filter(|state| term.pattern.matches(state.word()))
                    .collect();
            } else if term.column.is_none_or(|column| column < FREE) {
                // A pattern holds only where each of its pieces occurs.
                let pieces = match &term.pattern {
                    Pattern::Part(part) => std::slice::from_ref(part),
                    Pattern::Glob(pieces) => pieces.as_slice(),
                };
                let ascii = pieces.iter().filter(|piece| piece.is_ascii());
                words.extend(ascii.flat_map(|piece| piece.split_whitespace()));
            }
        }
        if !words.is_empty() {
            narrowed.text = Some(words.join(" "));
        }
        narrowed
    }
}

/// A pattern that must match the whole text even without a star.
pub fn exact(text: &str) -> Pattern {
    Pattern::Glob(text.to_lowercase().split('*').map(str::to_owned).collect())
}

fn span_ms(text: &str) -> Option<i64> {
    let unit = text.chars().last()?;
    let number: i64 = text.strip_suffix(unit)?.parse().ok()?;
    let factor = match unit {
        's' => 1_000,
        'm' => 60_000,
        'h' => 3_600_000,
        'd' => 86_400_000,
        _ => return None,
    };
    number.checked_mul(factor)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Cause, DeliveryId, Destination, NewDelivery};

    fn delivery() -> Delivery {
        let mut delivery = Delivery::pending(NewDelivery {
            id: DeliveryId(5_000_000 * 1024),
            created_ms: 5_000_000,
            group: String::new(),
            kind: "Pod".into(),
            namespace: "team-a".into(),
            name: "web-1".into(),
            uid: "u".into(),
            resource_version: "1".into(),
            trigger: "on-Ready".into(),
            condition: "[0].x".into(),
            once_per: String::new(),
            templates: vec![],
            destination: Destination::new("slack", "Ops Room"),
            service_type: "slack".into(),
            state_key: String::new(),
            cause: Cause::Change,
            config_namespace: "default".into(),
            actor: String::new(),
        });
        delivery.state = DeliveryState::Failed;
        delivery.error = "429 rate limited".into();
        delivery
    }

    #[test]
    fn what_matches_is_never_narrowed_away() {
        let cases = [
            ("", true),
            ("web", true),
            ("state:failed", true),
            ("state:fail*", true),
            ("state:sent", false),
            ("!state:sent", true),
            ("trigger:on-ready", true),
            ("trigger:ON-*", true),
            ("to:\"ops room\"", true),
            ("to:ops", true),
            ("!to:ops", false),
            ("kind:pod", true),
            ("kind:deploy", false),
            ("pod", false),
            ("ns:team-* service:slack error:429", true),
            ("ns:team", true),
            ("since:10m", true),
            ("since:1s", false),
            ("until:1s", true),
            ("!since:1s", true),
            ("slack sent", false),
        ];
        for (text, expected) in cases {
            let query = HistoryQuery::parse(text, &[], 5_002_000).unwrap();
            assert_eq!(query.matches(&delivery()), expected, "{text}");
            if expected {
                assert!(query.narrowed().matches(&delivery()), "{text}");
            }
        }
    }

    #[test]
    fn namespaces_match_as_a_whole() {
        let of = |names: &[&str]| {
            let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
            let query = HistoryQuery::parse("", &names, 0).unwrap();
            let matched = query.matches(&delivery());
            assert!(!matched || query.narrowed().matches(&delivery()));
            matched
        };
        assert!(of(&["team-a"]));
        assert!(of(&["team-*"]));
        assert!(of(&["shop", "team-a"]));
        assert!(!of(&["team"]));
    }

    #[test]
    fn a_wrong_span_is_told() {
        let error = HistoryQuery::parse("since:later", &[], 0).unwrap_err();
        assert!(error.contains("'later'"), "{error}");
        assert!(HistoryQuery::parse("since:99999999999999999999d", &[], 0).is_err());
    }
}
