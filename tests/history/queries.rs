//! Finding rows again: pages, filters, counts, rates.

use crate::{filled, ids, in_memory, now_ms};
use kubechime::domain::{DeliveryId, DeliveryState};
use kubechime::history::{Anchor, Filter};

#[tokio::test]
async fn pages_go_both_ways_and_by_place() {
    let history = in_memory();
    let all = filled(&history, now_ms() - 100, 50).await;
    let newest_first: Vec<i64> = all.iter().rev().map(|new| new.id.0).collect();
    let page = |from, limit| ids(&history.page(&Filter::default(), from, limit).expect("read"));
    assert_eq!(page(Anchor::Newest, 7), newest_first[..7]);
    assert_eq!(
        page(Anchor::Before(DeliveryId(newest_first[6])), 7),
        newest_first[7..14]
    );
    assert_eq!(
        page(Anchor::After(DeliveryId(newest_first[14])), 7),
        newest_first[7..14]
    );
    assert_eq!(page(Anchor::Oldest, 7), newest_first[43..]);
    assert_eq!(page(Anchor::Offset(20), 7), newest_first[20..27]);
    assert_eq!(page(Anchor::Offset(47), 7), newest_first[47..]);
    assert_eq!(page(Anchor::Offset(50), 7), Vec::<i64>::new());
    assert_eq!(page(Anchor::Offset(u64::MAX), 7), Vec::<i64>::new());
}

/// The query, its count and the test of one row in memory are three ways to say the same; every
/// filter is tried in all three, with every kind of anchor.
#[tokio::test]
async fn every_filter_means_the_same_in_pages_counts_and_memory() {
    let history = in_memory();
    let start = now_ms() - 1_000;
    filled(&history, start, 200).await;
    let everything = history
        .page(&Filter::default(), Anchor::Newest, 1_000)
        .expect("read");
    let some = |text: &str| Some(text.to_owned());
    let none = Filter::default();
    let filters = [
        (
            Filter {
                states: vec![DeliveryState::Failed],
                ..none.clone()
            },
            40,
        ),
        (
            Filter {
                states: vec![
                    DeliveryState::Failed,
                    DeliveryState::Pending,
                    DeliveryState::Failed,
                ],
                ..none.clone()
            },
            80,
        ),
        (
            Filter {
                services: vec!["pager".into()],
                ..none.clone()
            },
            50,
        ),
        (
            Filter {
                services: vec!["p*".into(), "nothing".into()],
                ..none.clone()
            },
            50,
        ),
        (
            Filter {
                services: vec!["pager".into(), "chat".into()],
                ..none.clone()
            },
            200,
        ),
        (
            Filter {
                trigger: some("on-crash"),
                ..none.clone()
            },
            100,
        ),
        (
            Filter {
                trigger: some("*-CRASH"),
                ..none.clone()
            },
            0,
        ),
        (
            Filter {
                namespace: some("team-1"),
                ..none.clone()
            },
            67,
        ),
        (
            Filter {
                namespace: some("team-?"),
                name: some("web-1?"),
                ..none.clone()
            },
            10,
        ),
        (
            Filter {
                namespace: some("[t]eam-*"),
                ..none.clone()
            },
            0,
        ),
        (
            Filter {
                uid: some("uid-3"),
                ..none.clone()
            },
            20,
        ),
        (
            Filter {
                text: some("FAIL web-1"),
                ..none.clone()
            },
            23,
        ),
        (
            Filter {
                text: some("%"),
                ..none.clone()
            },
            0,
        ),
        (
            Filter {
                text: some("refused' OR 1"),
                ..none.clone()
            },
            0,
        ),
        (
            Filter {
                kind: some("Pod"),
                recipient: some("o*s"),
                ..none.clone()
            },
            200,
        ),
        (
            Filter {
                since_ms: Some(start + 50),
                until_ms: Some(start + 60),
                ..none.clone()
            },
            10,
        ),
        (
            Filter {
                states: vec![DeliveryState::Sent],
                namespace: some("team-0"),
                except: Some(Box::new(Filter {
                    services: vec!["pager".into()],
                    ..none.clone()
                })),
                ..none.clone()
            },
            30,
        ),
        (
            Filter {
                except: Some(Box::new(none.clone())),
                ..none.clone()
            },
            0,
        ),
    ];
    for (filter, expected) in filters {
        let wanted: Vec<i64> = everything
            .iter()
            .filter(|delivery| filter.matches(delivery))
            .map(|delivery| delivery.new.id.0)
            .collect();
        assert_eq!(wanted.len(), expected, "{filter:?}");
        let page = |from, limit| ids(&history.page(&filter, from, limit).expect("read"));
        assert_eq!(page(Anchor::Newest, 1_000), wanted, "{filter:?}");
        assert_eq!(
            history.count(&filter),
            Ok(wanted.len() as u64),
            "{filter:?}"
        );
        if wanted.len() < 10 {
            continue;
        }
        assert_eq!(page(Anchor::Newest, 4), wanted[..4], "{filter:?}");
        assert_eq!(
            page(Anchor::Before(DeliveryId(wanted[3])), 4),
            wanted[4..8],
            "{filter:?}"
        );
        assert_eq!(
            page(Anchor::After(DeliveryId(wanted[8])), 4),
            wanted[4..8],
            "{filter:?}"
        );
        assert_eq!(page(Anchor::Offset(3), 4), wanted[3..7], "{filter:?}");
        assert_eq!(
            page(Anchor::Oldest, 4),
            wanted[wanted.len() - 4..],
            "{filter:?}"
        );
    }
}

#[tokio::test]
async fn rates_have_a_column_for_every_span() {
    let history = in_memory();
    let start = now_ms() - 1_000;
    filled(&history, start, 100).await;
    let rate = history.rate(start + 100, 10, 20).expect("read");
    assert_eq!(rate.len(), 20);
    assert_eq!(rate[0].from_ms, start - 100);
    let sums: Vec<(u64, u64, u64)> = rate.iter().map(|b| (b.sent, b.failed, b.other)).collect();
    assert_eq!(sums[..10], [(0, 0, 0); 10]);
    assert_eq!(sums[10..], [(6, 2, 2); 10]);
}
