//! `sort` and `sortBy`.

use super::{Context, Outcome, argument, text};
use crate::expr::budget::{Budget, EXCEEDED};
use crate::expr::operators::less;
use crate::expr::value::{List, ListKind, Value};
use std::sync::Arc;

/// Up to this length Go sorts by insertion, so the order of comparisons, and with it which
/// comparison fails first, is known.
const INSERTION: usize = 12;

pub(super) fn sort<'v>(arguments: &[Value<'v>], context: &mut Context<'_>) -> Outcome<Value<'v>> {
    let subject = argument(arguments, 0);
    let sortable = match subject {
        Value::Array(_) => true,
        Value::List(list) => matches!(list.kind, ListKind::Any | ListKind::Int | ListKind::Text),
        _ => false,
    };
    let len = subject.list_len().filter(|_| sortable);
    let descending = match arguments.len() {
        2 => {
            let order = text(arguments, 1)?;
            match &*order.to_str() {
                "asc" => false,
                "desc" => true,
                other => return Err(format!("invalid order {other}, expected asc or desc")),
            }
        }
        _ => false,
    };
    let Some(len) = len else {
        return Ok(Value::List(Arc::new(List::nil(ListKind::Any))));
    };
    context.budget.values(len)?;
    let items: Vec<Value<'v>> = (0..len)
        .filter_map(|index| subject.element(index))
        .collect();
    let order = sorted(len, context.budget, |a, b| {
        if descending {
            less(&items[b], &items[a])
        } else {
            less(&items[a], &items[b])
        }
    })?;
    context.budget.grow(len as u64)?;
    list(
        order
            .into_iter()
            .map(|index| items[index].clone())
            .collect(),
    )
}

fn list(items: Vec<Value<'_>>) -> Outcome<Value<'_>> {
    match List::new(ListKind::Any, items) {
        Ok(list) => Ok(Value::List(Arc::new(list))),
        Err(_) => Err(EXCEEDED.to_owned()),
    }
}

/// The items in the order of their keys.
pub(in crate::expr) fn sort_by<'v>(
    items: &[(Value<'v>, Value<'v>)],
    descending: bool,
    budget: &mut Budget,
) -> Outcome<Value<'v>> {
    let order = sorted(items.len(), budget, |a, b| {
        if descending {
            less(&items[b].1, &items[a].1)
        } else {
            less(&items[a].1, &items[b].1)
        }
    })?;
    budget.values(items.len())?;
    list(
        order
            .into_iter()
            .map(|index| items[index].0.clone())
            .collect(),
    )
}

/// A stable order of the indices, by a comparison that can fail and need not be consistent.
fn sorted(
    len: usize,
    budget: &mut Budget,
    less: impl Fn(usize, usize) -> Outcome<bool>,
) -> Outcome<Vec<usize>> {
    let mut order: Vec<usize> = (0..len).collect();
    if len <= INSERTION {
        for i in 1..len {
            let mut j = i;
            while j > 0 && less(order[j], order[j - 1])? {
                order.swap(j, j - 1);
                j -= 1;
            }
        }
        return Ok(order);
    }
    let mut merged: Vec<usize> = Vec::with_capacity(len);
    let mut width = 1;
    while width < len {
        budget.work(len as u64)?;
        merged.clear();
        for start in (0..len).step_by(width * 2) {
            let middle = (start + width).min(len);
            let end = (start + width * 2).min(len);
            let (mut left, mut right) = (start, middle);
            while left < middle && right < end {
                if less(order[right], order[left])? {
                    merged.push(order[right]);
                    right += 1;
                } else {
                    merged.push(order[left]);
                    left += 1;
                }
            }
            merged.extend_from_slice(&order[left..middle]);
            merged.extend_from_slice(&order[right..end]);
        }
        std::mem::swap(&mut order, &mut merged);
        width *= 2;
    }
    Ok(order)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sorts_long_lists_stably_and_passes_errors_on() {
        let keys: Vec<usize> = (0..100).map(|i| i * 7 % 10).collect();
        let mut budget = Budget::new(1_000, 1_000_000, 1_000_000);
        let order = sorted(keys.len(), &mut budget, |a, b| Ok(keys[a] < keys[b])).expect("sorts");
        let pairs: Vec<(usize, usize)> = order.iter().map(|i| (keys[*i], *i)).collect();
        let mut expected = pairs.clone();
        expected.sort_unstable();
        assert_eq!(pairs, expected);
        let failed = sorted(50, &mut budget, |_, _| Err("no".to_owned()));
        assert_eq!(failed, Err("no".to_owned()));
        // Not an order at all: must end all the same.
        assert!(sorted(50, &mut budget, |_, _| Ok(true)).is_ok());
    }
}
