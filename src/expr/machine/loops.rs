//! Loops over lists and maps, and what they collect.

use super::rare::list;
use super::{Machine, Step};
use crate::expr::builtins;
use crate::expr::code::Op;
use crate::expr::operators as op;
use crate::expr::value::{Key, MapKind, Value};
use std::collections::BTreeMap;

/// A loop over a list.
pub(super) struct Loop<'v> {
    list: Value<'v>,
    /// Before the first element in backward loops.
    pub(super) index: i64,
    pub(super) len: i64,
    pub(super) count: i64,
    accumulator: Value<'v>,
    collected: Collected<'v>,
}

/// What `sortBy` and `groupBy` collect.
enum Collected<'v> {
    Nothing,
    Sorted {
        descending: bool,
        items: Vec<(Value<'v>, Value<'v>)>,
    },
    Groups(BTreeMap<Key<'v>, Vec<Value<'v>>>),
}

impl<'v> Machine<'_, 'v> {
    pub(super) fn present(&mut self) -> Step<&mut Loop<'v>> {
        // The checker lets no pointer stand outside a loop.
        self.loops
            .last_mut()
            .ok_or_else(|| "cannot use pointer accessor outside closure".to_owned())
    }

    pub(super) fn looping(&mut self, instruction: Op) -> Step {
        match instruction {
            Op::CollectCounted => {
                let count = self.present()?.count;
                self.loops.pop();
                self.collect(usize::try_from(count).unwrap_or(0))?;
            }
            Op::CollectAll => {
                let count = self.present()?.len;
                self.loops.pop();
                self.collect(usize::try_from(count).unwrap_or(0))?;
            }
            Op::Begin => self.begin()?,
            Op::End => {
                self.loops.pop();
            }
            Op::NextIndex => self.present()?.index += 1,
            Op::PreviousIndex => self.present()?.index -= 1,
            Op::LastIndex => {
                let present = self.present()?;
                present.index = present.len - 1;
            }
            Op::IncrementCount => self.present()?.count += 1,
            Op::Item => {
                let item = self.item()?;
                self.push(item);
            }
            Op::Index => {
                let index = self.present()?.index;
                self.push(Value::Int(index));
            }
            Op::Count => {
                let count = self.present()?.count;
                self.push(Value::Int(count));
            }
            Op::Accumulator => {
                let value = self.present()?.accumulator.clone();
                self.push(value);
            }
            Op::SetAccumulator => {
                let value = self.pop();
                self.present()?.accumulator = value;
            }
            Op::BeginSort => {
                let descending = match self.pop() {
                    Value::Text(order) if order.as_bytes() == b"asc" => false,
                    Value::Text(order) if order.as_bytes() == b"desc" => true,
                    Value::Text(_) => return Err("unknown order, use asc or desc".to_owned()),
                    other => return Err(op::not_a("string", &other)),
                };
                self.present()?.collected = Collected::Sorted {
                    descending,
                    items: Vec::new(),
                };
            }
            Op::SortKey => {
                let key = self.pop();
                let item = self.item()?;
                self.budget.values(2)?;
                if let Collected::Sorted { items, .. } = &mut self.present()?.collected {
                    items.push((item, key));
                }
            }
            Op::Sort => {
                let len = self.present()?.len;
                let collected =
                    std::mem::replace(&mut self.present()?.collected, Collected::Nothing);
                if let Collected::Sorted { descending, items } = collected {
                    let sorted = builtins::sort_by(&items, descending, &mut self.budget)?;
                    self.budget.grow(len.unsigned_abs())?;
                    self.push(sorted);
                }
            }
            Op::BeginGroups => {
                self.present()?.collected = Collected::Groups(BTreeMap::new());
            }
            Op::GroupKey => {
                let key = self.pop();
                let item = self.item()?;
                self.budget.values(2)?;
                let present = self.present()?;
                let key = Key::new(&key, present.index.unsigned_abs())
                    .ok_or_else(|| op::unhashable(&key))?;
                if let Collected::Groups(groups) = &mut present.collected {
                    groups.entry(key).or_default().push(item);
                }
            }
            Op::Groups => {
                let collected =
                    std::mem::replace(&mut self.present()?.collected, Collected::Nothing);
                if let Collected::Groups(groups) = collected {
                    let mut members = BTreeMap::new();
                    for (key, items) in groups {
                        members.insert(key, list(items)?);
                    }
                    self.push_map(MapKind::Groups, members)?;
                }
            }
            Op::NotFound => return Err("reflect: slice index out of range".to_owned()),
            _ => {}
        }
        Ok(())
    }

    pub(super) fn item(&mut self) -> Step<Value<'v>> {
        let present = self.present()?;
        let index = usize::try_from(present.index).unwrap_or(usize::MAX);
        if let Some(item) = present.list.element(index) {
            return Ok(item);
        }
        let kind = present.list.kind_name();
        Err(match kind {
            "map" => "reflect: call of reflect.Value.Index on map Value".to_owned(),
            _ => format!("reflect: {kind} index out of range"),
        })
    }

    fn begin(&mut self) -> Step {
        let list = self.pop();
        let len = match &list {
            Value::Text(text) => Some(text.len()),
            other => other.list_len().or_else(|| other.map_len()),
        };
        let Some(len) = len else {
            let shown = match &list {
                Value::Nil => "zero Value".to_owned(),
                other => format!("{} Value", other.kind_name()),
            };
            return Err(format!("reflect: call of reflect.Value.Len on {shown}"));
        };
        self.loops.push(Loop {
            list,
            index: 0,
            len: i64::try_from(len).unwrap_or(i64::MAX),
            count: 0,
            accumulator: Value::Nil,
            collected: Collected::Nothing,
        });
        Ok(())
    }
}
