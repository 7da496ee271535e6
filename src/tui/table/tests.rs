use super::*;
use crate::query::FilterColumn;
use std::time::Instant;

#[derive(Debug, Clone, PartialEq)]
struct Item {
    id: u32,
    weight: i64,
}

impl Row for Item {
    type Id = u32;

    fn id(&self) -> &u32 {
        &self.id
    }

    fn compare(&self, other: &Self, column: usize) -> Ordering {
        let by_column = match column {
            0 => Ordering::Equal,
            _ => self.weight.cmp(&other.weight),
        };
        by_column.then(self.id.cmp(&other.id))
    }

    fn passes(&self, filter: &Filter) -> bool {
        filter.passes(1, |_, pattern| pattern.matches(&self.id.to_string()))
    }
}

fn item(id: u32, weight: i64) -> Arc<Item> {
    Arc::new(Item { id, weight })
}

fn by_weight() -> Arrangement {
    Arrangement {
        column: 1,
        ..Arrangement::default()
    }
}

fn shown(table: &Table<Item>) -> Vec<u32> {
    (0..table.len())
        .filter_map(|position| Some(table.row(position)?.id))
        .collect()
}

/// A small generator, so that the test needs no crate and repeats.
fn next(seed: &mut u64) -> u64 {
    *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
    *seed >> 33
}

#[test]
fn the_order_equals_a_fresh_sort_after_any_changes() {
    let mut seed = 7;
    let mut table = Table::new(by_weight());
    let mut expected: HashMap<u32, i64> = HashMap::new();
    let mut pending = None;
    for round in 0..300 {
        let mut changed = Vec::new();
        for _ in 0..next(&mut seed) % 40 {
            let id = (next(&mut seed) % 200) as u32;
            let weight = (next(&mut seed) % 50) as i64;
            changed.push(item(id, weight));
            expected.insert(id, weight);
        }
        let mut gone = Vec::new();
        for _ in 0..next(&mut seed) % 10 {
            let id = (next(&mut seed) % 200) as u32;
            expected.remove(&id);
            gone.push(id);
        }
        table.apply(changed, gone, |_, _| {});
        match round % 7 {
            2 => {
                let mut arrangement = by_weight();
                arrangement.descending = next(&mut seed).is_multiple_of(2);
                pending = Some(table.arrange(arrangement));
            }
            5 => {
                if let Some(work) = pending.take() {
                    let work: Arrange<Item> = work;
                    table.arranged(work.run(&CancellationToken::new()).unwrap());
                }
            }
            _ => {}
        }
        let mut rows: Vec<_> = expected.iter().map(|(id, weight)| (*weight, *id)).collect();
        rows.sort_unstable();
        if table.current.descending {
            rows.reverse();
        }
        let ids: Vec<_> = rows.into_iter().map(|(_, id)| id).collect();
        assert_eq!(shown(&table), ids, "round {round}");
        assert_eq!(table.total(), ids.len());
        for (position, id) in ids.iter().enumerate() {
            assert_eq!(table.position(id), Some(position));
        }
    }
}

#[test]
fn a_filter_holds_for_later_changes_too() {
    let columns = [FilterColumn { names: &["id"] }];
    let mut table = Table::new(by_weight());
    table.apply([item(1, 5), item(12, 4), item(3, 3)], [], |_, _| {});
    let work = table.arrange(Arrangement {
        filter: Filter::parse("1", &columns).unwrap(),
        ..by_weight()
    });
    table.apply([item(21, 1), item(4, 0)], [12], |_, _| {});
    assert!(table.is_busy());
    table.arranged(work.run(&CancellationToken::new()).unwrap());
    assert_eq!(shown(&table), [21, 1]);
    assert_eq!(table.total(), 4);
    table.apply([item(31, 0), item(5, 0)], [], |_, _| {});
    assert_eq!(shown(&table), [31, 21, 1]);
    assert_eq!(table.position(&5), None);
}

#[test]
fn only_the_newest_result_counts_and_a_cancelled_job_gives_none() {
    let mut table = Table::new(by_weight());
    table.apply([item(1, 1), item(2, 2)], [], |_, _| {});
    let first = table.arrange(Arrangement {
        descending: true,
        ..by_weight()
    });
    let second = table.arrange(by_weight());
    table.arranged(first.run(&CancellationToken::new()).unwrap());
    assert_eq!(shown(&table), [1, 2]);
    let cancelled = CancellationToken::new();
    cancelled.cancel();
    assert!(second.run(&cancelled).is_none());
}

#[test]
fn sums_hear_of_every_row_once() {
    let mut table = Table::new(by_weight());
    let mut sum = 0;
    let mut note = |old: Option<&Item>, new: Option<&Item>| {
        sum += new.map_or(0, |row| row.weight) - old.map_or(0, |row| row.weight);
    };
    table.apply([item(1, 5), item(2, 7)], [], &mut note);
    table.apply([item(1, 6)], [2, 9], &mut note);
    assert_eq!(sum, 6);
}

/// Run with `--nocapture` to see the figure; optimised builds are what the budget is about.
#[test]
fn a_thousand_changes_touch_a_large_table_once() {
    let mut table = Table::new(by_weight());
    table.apply(
        (0..100_000).map(|id| item(id, i64::from(id))),
        [],
        |_, _| {},
    );
    let started = Instant::now();
    table.apply(
        (0..1_000).map(|n| item(n * 97, -i64::from(n))),
        [],
        |_, _| {},
    );
    eprintln!("1,000 changes in 100,000 rows: {:?}", started.elapsed());
    assert_eq!(table.len(), 100_000);
    assert_eq!(shown(&table)[..3], [999 * 97, 998 * 97, 997 * 97]);
}
