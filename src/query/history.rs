//! A filter of the history, as a test of one row and as a query of the store.
//!
//! The store narrows by what it can look up fast; the exact meaning, the same for rows that come
//! live, is [`HistoryQuery::matches`]. Beyond words and `column:value` there are times
//! (`since:2h`, `until:14:30`, `since:2026-09-21`), numbers (`code:>=500`, `code:4xx`, `tries:>1`)
//! and durations (`took:>1s`).

use super::filter::{Filter, FilterColumn, Pattern};
use super::range::{Measure, Range, moment};
use crate::domain::{Delivery, DeliveryState};
use crate::history;
use jiff::tz::TimeZone;

const fn named(names: &'static [&'static str]) -> FilterColumn {
    FilterColumn { names }
}

/// Columns of the history; a free word is looked for in the first [`FREE`] of them.
const COLUMNS: &[FilterColumn] = &[
    named(&["state"]),
    named(&["ns", "namespace"]),
    named(&["name"]),
    named(&["trigger"]),
    named(&["service"]),
    named(&["to", "recipient"]),
    named(&["error"]),
    named(&["detail"]),
    named(&["kind"]),
    named(&["group"]),
    named(&["type"]),
    named(&["template"]),
    named(&["cause"]),
    named(&["by", "actor"]),
    named(&["id"]),
    named(&["uid"]),
    named(&["rv"]),
    named(&["condition"]),
    named(&["once"]),
    named(&["config"]),
    named(&["repeated"]),
    named(&["written"]),
    named(&["key"]),
    named(&["since"]),
    named(&["until"]),
    named(&["code"]),
    named(&["tries"]),
    named(&["took"]),
    named(&["created"]),
    named(&["patched"]),
];

const FREE: usize = 8;
const STATE: usize = 0;
const KEY: usize = 22;
const SINCE: usize = 23;
const UNTIL: usize = 24;
const CODE: usize = 25;
const TRIES: usize = 26;
const TOOK: usize = 27;
const CREATED: usize = 28;
const PATCHED: usize = 29;

/// Which deliveries are shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HistoryQuery {
    filter: Filter,
    namespaces: Vec<Pattern>,
    /// Columns with numbers or times, and what these must be.
    ranges: Vec<(usize, Range)>,
    since_ms: Option<i64>,
    until_ms: Option<i64>,
}

impl HistoryQuery {
    /// Reads a filter; `namespaces` are patterns of which one must match (none: all), `zone` is
    /// that of written times.
    ///
    /// # Errors
    /// One sentence: an unknown column, or a time or number that can't be read.
    pub fn parse(
        text: &str,
        namespaces: &[String],
        now_ms: i64,
        zone: &TimeZone,
    ) -> Result<Self, String> {
        let mut filter = Filter::parse(text, COLUMNS)?;
        let mut query = Self::default();
        for term in &filter.terms {
            let written = term.pattern.text();
            match term.column {
                Some(column @ (SINCE | UNTIL)) => {
                    let at = moment(&written, now_ms, zone).ok_or_else(|| {
                        format!(
                            "'{written}' is no time: write 30s, 10m, 2h, 3d, 14:30 or 2026-09-21"
                        )
                    })?;
                    let at = Some(at);
                    if (column == SINCE) != term.negated {
                        query.since_ms = query.since_ms.max(at);
                    } else {
                        query.until_ms = query.until_ms.min(at).or(at);
                    }
                }
                Some(column @ CODE..=PATCHED) => {
                    let range = match column {
                        CODE => Range::of_numbers(Measure::Code, &written)?,
                        TRIES => Range::of_numbers(Measure::Count, &written)?,
                        TOOK => Range::of_numbers(Measure::Duration, &written)?,
                        _ => Range::of_times(&written, now_ms, zone)?,
                    };
                    query.ranges.push((column, range.negated_if(term.negated)));
                }
                _ => {}
            }
        }
        filter
            .terms
            .retain(|term| !matches!(term.column, Some(SINCE..=PATCHED)));
        query.filter = filter;
        query.namespaces = namespaces.iter().map(|text| Pattern::whole(text)).collect();
        Ok(query)
    }

    /// The time that the query is limited to: since and until, in milliseconds since 1970.
    pub fn span(&self) -> (Option<i64>, Option<i64>) {
        (self.since_ms, self.until_ms)
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
            && self
                .ranges
                .iter()
                .all(|(column, range)| range.passes(number(delivery, *column)))
            && self.filter.passes(FREE, |column, pattern| {
                column_matches(delivery, column, pattern)
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

/// What a column with numbers or times has.
fn number(delivery: &Delivery, column: usize) -> Option<i64> {
    match column {
        CODE => delivery.status.map(i64::from),
        TRIES => Some(i64::from(delivery.attempts)),
        CREATED => Some(delivery.new.created_ms),
        PATCHED => delivery.patched_ms,
        _ => delivery.took_ms,
    }
}

fn column_matches(delivery: &Delivery, column: usize, pattern: &Pattern) -> bool {
    let new = &delivery.new;
    let yes_no = |yes: bool| if yes { "yes" } else { "no" };
    let text: &str = match column {
        STATE => delivery.state.word(),
        1 => &new.namespace,
        2 => &new.name,
        3 => &new.trigger,
        4 => &new.destination.service,
        5 => &new.destination.recipient,
        6 => &delivery.error,
        7 => &delivery.detail,
        8 => &new.kind,
        9 => &new.group,
        10 => &new.service_type,
        11 => return new.templates.iter().any(|name| pattern.matches(name)),
        12 => new.cause.word(),
        13 => &new.actor,
        14 => return pattern.matches(&new.id.to_string()),
        15 => &new.uid,
        16 => &new.resource_version,
        17 => &new.condition,
        18 => &new.once_per,
        19 => &new.config_namespace,
        20 => yes_no(delivery.possibly_repeated),
        KEY => &new.state_key,
        _ => yes_no(delivery.patched_ms.is_some()),
    };
    pattern.matches(text)
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
            templates: vec!["pod-oom".into()],
            destination: Destination::new("slack", "Ops Room"),
            service_type: "slack".into(),
            state_key: "on-ready:[0].x:chat:ops".into(),
            cause: Cause::Change,
            config_namespace: "default".into(),
            actor: String::new(),
        });
        delivery.state = DeliveryState::Failed;
        delivery.error = "429 rate limited".into();
        delivery.status = Some(429);
        delivery.attempts = 3;
        delivery.took_ms = Some(1_430);
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
            ("code:429", true),
            ("code:4xx", true),
            ("code:>=500", false),
            ("!code:4xx", false),
            ("tries:>1", true),
            ("tries:<=1", false),
            ("took:>1s", true),
            ("took:<1.4s", false),
            ("took:1430ms", true),
            ("template:pod-*", true),
            ("template:other", false),
            ("cause:change", true),
            ("uid:u", true),
            ("id:", true),
            ("by:alice", false),
            ("written:no repeated:no", true),
            ("written:yes", false),
            ("since:01:23", true),
            ("since:01:24", false),
            ("until:1970-01-02", true),
            ("since:1970-01-01T01:23:20z", true),
            ("since:1970-01-01", true),
            ("created:1970-01-01", true),
            ("created:1970-01-02", false),
            ("created:01:23", true),
            ("created:01:24", false),
            ("created:10m", true),
            ("created:>10m", true),
            ("created:<1s", true),
            ("created:>1s", false),
            ("created:01:20..01:30", true),
            ("!created:1970-01-01", false),
            ("patched:1h", false),
            ("!patched:1h", true),
            ("key:on-ready:[0]", true),
            ("key:slack", false),
        ];
        for (text, expected) in cases {
            let query = HistoryQuery::parse(text, &[], 5_002_000, &TimeZone::UTC).unwrap();
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
            let query = HistoryQuery::parse("", &names, 0, &TimeZone::UTC).unwrap();
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
        let error = HistoryQuery::parse("since:later", &[], 0, &TimeZone::UTC).unwrap_err();
        assert!(error.contains("'later'"), "{error}");
        for text in [
            "code:fast",
            "took:5",
            "tries:",
            "code:9999999999999999999xx",
        ] {
            let error = HistoryQuery::parse(text, &[], 0, &TimeZone::UTC).unwrap_err();
            assert!(error.contains("can't be compared"), "{text}: {error}");
        }
        assert!(
            HistoryQuery::parse("since:99999999999999999999d", &[], 0, &TimeZone::UTC).is_err()
        );
    }
}
