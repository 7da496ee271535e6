//! Instructions that are not on the hot path: literals, slices, calls, patterns.

use super::{Machine, Step};
use crate::expr::budget::EXCEEDED;
use crate::expr::builtins::{self, Context};
use crate::expr::code::Op;
use crate::expr::operators as op;
use crate::expr::value::{Key, List, ListKind, Map, MapKind, Value};
use crate::golang::regex;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Work of compiling a pattern at run time, in steps.
const PATTERN_WORK: u64 = 50_000;

impl<'v> Machine<'_, 'v> {
    /// Instructions that are rarer, or slow anyway.
    pub(super) fn rare(&mut self, instruction: Op) -> Step {
        match instruction {
            Op::In => {
                let haystack = self.pop();
                let needle = self.pop();
                if haystack.list_len().is_some() {
                    let each = op::size(&needle) as u64 + 1;
                    let work = (op::size(&haystack) as u64).saturating_mul(each);
                    self.budget.work(work)?;
                }
                let found = op::contains(&needle, &haystack)?;
                self.push(Value::Bool(found));
            }
            Op::InTexts(set) => {
                let needle = self.pop();
                let texts = &self.code.texts[set as usize];
                let found = match &needle {
                    Value::Text(text) => texts.contains(&*text.to_str()),
                    // The original looks up the zero value of the key's type.
                    Value::Nil => texts.contains(""),
                    other => return Err(no_key(other, "string")),
                };
                self.push(Value::Bool(found));
            }
            Op::InInts(set) => {
                let needle = self.pop();
                let ints = &self.code.ints[set as usize];
                let found = match &needle {
                    Value::Int(int) => ints.contains(int),
                    Value::Nil => ints.contains(&0),
                    other => return Err(no_key(other, "int")),
                };
                self.push(Value::Bool(found));
            }
            Op::Add => {
                let right = self.pop();
                let left = self.pop();
                let value = op::add(&left, &right)?;
                if let Value::Text(text) = &value {
                    self.budget.text(text.len())?;
                }
                self.push(value);
            }
            Op::Subtract => self.binary(op::subtract)?,
            Op::Multiply => self.binary(op::multiply)?,
            Op::Divide => self.binary(op::divide)?,
            Op::Modulo => self.binary(op::modulo)?,
            Op::Power => self.binary(op::power)?,
            Op::Range => self.range()?,
            Op::Matches => self.matches()?,
            Op::MatchesConstant(pattern) => {
                let subject = self.pop();
                let pattern = &self.code.patterns[pattern as usize];
                let found = match &subject {
                    Value::Text(text) => {
                        self.budget.scan(pattern.work(text.len()))?;
                        pattern.is_match(&text.to_str())
                    }
                    Value::Bytes(bytes) => {
                        self.budget.scan(pattern.work(bytes.len()))?;
                        pattern.is_match(&String::from_utf8_lossy(bytes))
                    }
                    nil if nil.is_nil() => false,
                    other => return Err(op::not_a("string", other)),
                };
                self.push(Value::Bool(found));
            }
            Op::Contains => self.texts(|text, part| builtins::find(text, part).is_some())?,
            Op::StartsWith => self.texts(|text, part| text.starts_with(part))?,
            Op::EndsWith => self.texts(|text, part| text.ends_with(part))?,
            Op::Len => {
                let len = builtins::byte_len(self.top())?;
                self.push(Value::Int(len as i64));
            }
            Op::Slice => {
                let from = self.pop();
                let to = self.pop();
                let value = self.pop();
                let part = builtins::slice(&value, &from, &to, &mut self.context())?;
                self.push(part);
            }
            Op::Call(count) => self.call(count as usize)?,
            Op::CallBuiltin(builtin, count) => {
                let start = self.stack.len().saturating_sub(count as usize);
                let arguments = self.stack.split_off(start);
                let value = builtins::call(builtin, &arguments, &mut self.context())?;
                self.push(value);
            }
            Op::Array(count) => {
                self.collect(count as usize)?;
            }
            Op::Map(count) => self.map(count as usize)?,
            other => self.looping(other)?,
        }
        Ok(())
    }

    fn context(&mut self) -> Context<'_> {
        Context {
            budget: &mut self.budget,
            version: self.options.version,
            now: self.env.now(),
        }
    }

    pub(super) fn collect(&mut self, count: usize) -> Step {
        self.budget.grow(count as u64)?;
        self.budget.values(count)?;
        let start = self.stack.len().saturating_sub(count);
        let items = self.stack.split_off(start);
        let list = list(items)?;
        self.push(list);
        Ok(())
    }

    fn map(&mut self, count: usize) -> Step {
        self.budget.grow(count as u64)?;
        self.budget.values(count.saturating_mul(2))?;
        let mut members = BTreeMap::new();
        // From the last to the first, so that the first of equal keys stays.
        for _ in 0..count {
            let value = self.pop();
            match self.pop() {
                Value::Text(name) => members.insert(Key::Text(name), value),
                other => return Err(op::not_a("string", &other)),
            };
        }
        self.push_map(MapKind::Text, members)
    }

    pub(super) fn push_map(
        &mut self,
        kind: MapKind,
        members: BTreeMap<Key<'v>, Value<'v>>,
    ) -> Step {
        let map = Map::new(kind, members).map_err(|_| EXCEEDED.to_owned())?;
        self.push(Value::Map(Arc::new(map)));
        Ok(())
    }

    fn range(&mut self) -> Step {
        let to = self.pop();
        let from = self.pop();
        let (first, len) = op::range(&from, &to)?;
        self.budget.grow(len)?;
        let len = usize::try_from(len).unwrap_or(usize::MAX);
        self.push(Value::List(Arc::new(List::range(first, len))));
        Ok(())
    }

    fn texts(&mut self, test: impl FnOnce(&[u8], &[u8]) -> bool) -> Step {
        let part = self.pop();
        let text = self.pop();
        let found = match (&text, &part) {
            (Value::Text(text), Value::Text(part)) => {
                self.budget.scan(text.len())?;
                test(text.as_bytes(), part.as_bytes())
            }
            (a, b) if a.is_nil() || b.is_nil() => false,
            (Value::Text(_), other) | (other, _) => return Err(op::not_a("string", other)),
        };
        self.push(Value::Bool(found));
        Ok(())
    }

    fn matches(&mut self) -> Step {
        let pattern = self.pop();
        let subject = self.pop();
        if subject.is_nil() || pattern.is_nil() {
            self.push(Value::Bool(false));
            return Ok(());
        }
        let Value::Text(pattern) = pattern else {
            return Err(op::not_a("string", &pattern));
        };
        let text = match &subject {
            Value::Text(text) => text.to_str(),
            Value::Bytes(bytes) => String::from_utf8_lossy(bytes),
            other => return Err(op::not_a("string", other)),
        };
        let compiled = match self.pattern.take() {
            Some((known, compiled)) if known == pattern => compiled,
            _ => {
                self.budget.work(PATTERN_WORK)?;
                regex::compile(&pattern.to_str()).map_err(|error| error.to_string())?
            }
        };
        self.budget.scan(compiled.work(text.len()))?;
        let found = compiled.is_match(&text);
        self.pattern = Some((pattern, compiled));
        self.push(Value::Bool(found));
        Ok(())
    }

    fn call(&mut self, count: usize) -> Step {
        let callee = self.pop();
        let start = self.stack.len().saturating_sub(count);
        let arguments = self.stack.split_off(start);
        let value = match &callee {
            Value::Function(function) => {
                // A host function may do anything: count it as some work.
                self.budget.work(50)?;
                function.call(&arguments, self.options.version)?
            }
            Value::Nil => {
                return Err("reflect: call of reflect.Value.Call on zero Value".to_owned());
            }
            other => {
                return Err(format!(
                    "reflect: call of reflect.Value.Call on {} Value",
                    other.kind_name()
                ));
            }
        };
        if value.depth() >= crate::expr::value::MAX_DEPTH {
            return Err(EXCEEDED.to_owned());
        }
        if let Value::Text(text) = &value {
            self.budget.text(text.len())?;
        }
        self.push(value);
        Ok(())
    }
}

fn no_key(key: &Value<'_>, expected: &str) -> String {
    format!(
        "reflect.Value.MapIndex: value of type {} is not assignable to type {expected}",
        key.type_name()
    )
}

pub(super) fn list(items: Vec<Value<'_>>) -> Step<Value<'_>> {
    match List::new(ListKind::Any, items) {
        Ok(list) => Ok(Value::List(Arc::new(list))),
        Err(_) => Err(EXCEEDED.to_owned()),
    }
}
