//! The stack machine that runs compiled expressions.
//!
//! It never recurses over the expression, so the deepest one runs on any thread's stack, and it
//! counts what it uses, so none runs forever or fills the memory.

use super::Options;
use super::ast::NodeId;
use super::budget::{Budget, EXCEEDED};
use super::builtins::{self, Context};
use super::code::{Code, Op, Path};
use super::host::Env;
use super::operators as op;
use super::recorder::Recorder;
use super::text::Text;
use super::value::{Key, List, ListKind, Map, MapKind, Value};
use crate::golang::regex;
use ::regex::Regex;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Work of compiling a pattern at run time, in steps.
const PATTERN_WORK: u64 = 50_000;

/// A failure, and the node to blame.
#[derive(Debug)]
pub(super) struct Fault<'v> {
    pub message: String,
    pub node: NodeId,
    /// The element that the innermost loop was at.
    pub item: Option<Value<'v>>,
}

/// Runs code to its value.
pub(super) fn run<'v>(
    code: &Code,
    env: &Env<'v>,
    options: &Options,
    recorder: Option<&mut Recorder<'v>>,
) -> Result<Value<'v>, Fault<'v>> {
    let mut machine = Machine {
        code,
        env,
        options,
        stack: Vec::with_capacity(8),
        variables: Vec::new(),
        loops: Vec::new(),
        budget: Budget::new(
            options.memory_budget,
            options.step_budget,
            options.byte_budget,
        ),
        pattern: None,
        recorder,
        blame: None,
    };
    machine.run()
}

/// A loop over a list.
struct Loop<'v> {
    list: Value<'v>,
    /// Before the first element in backward loops.
    index: i64,
    len: i64,
    count: i64,
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

struct Machine<'m, 'v> {
    code: &'m Code,
    env: &'m Env<'v>,
    options: &'m Options,
    stack: Vec<Value<'v>>,
    variables: Vec<Value<'v>>,
    loops: Vec<Loop<'v>>,
    budget: Budget,
    /// The last pattern compiled at run time: loops use the same again and again.
    pattern: Option<(Text<'v>, Regex)>,
    recorder: Option<&'m mut Recorder<'v>>,
    /// A node inside a path, more precise than that of the instruction.
    blame: Option<NodeId>,
}

type Step<T = ()> = Result<T, String>;

impl<'v> Machine<'_, 'v> {
    fn run(&mut self) -> Result<Value<'v>, Fault<'v>> {
        let code = self.code;
        let mut at = 0;
        while let Some(instruction) = code.ops.get(at) {
            match self.step(*instruction, at) {
                Ok(None) => at += 1,
                Ok(Some(target)) => at = target as usize,
                Err(message) => {
                    let node = self.blame.unwrap_or(code.nodes[at]);
                    if let Some(recorder) = &mut self.recorder {
                        recorder.fail(node, &message);
                    }
                    let item = self.item().ok();
                    return Err(Fault {
                        message,
                        node,
                        item,
                    });
                }
            }
        }
        Ok(self.pop())
    }

    #[inline]
    fn pop(&mut self) -> Value<'v> {
        // The compiler balances the stack; nil stands for what cannot happen.
        self.stack.pop().unwrap_or_default()
    }

    #[inline]
    fn push(&mut self, value: Value<'v>) {
        self.stack.push(value);
    }

    fn top(&self) -> &Value<'v> {
        self.stack.last().unwrap_or(&Value::Nil)
    }

    /// Replaces the two topmost values by one.
    #[inline]
    fn binary(&mut self, f: impl FnOnce(&Value<'v>, &Value<'v>) -> Step<Value<'v>>) -> Step {
        let right = self.pop();
        let left = self.pop();
        let value = f(&left, &right)?;
        self.push(value);
        Ok(())
    }

    fn compare(&mut self, f: impl FnOnce(&Value<'v>, &Value<'v>) -> Step<bool>) -> Step {
        self.binary(|left, right| f(left, right).map(Value::Bool))
    }

    fn present(&mut self) -> Step<&mut Loop<'v>> {
        // The checker lets no pointer stand outside a loop.
        self.loops
            .last_mut()
            .ok_or_else(|| "cannot use pointer accessor outside closure".to_owned())
    }

    /// Executes one instruction; a jump gives its target.
    #[inline]
    fn step(&mut self, instruction: Op, at: usize) -> Step<Option<u32>> {
        match instruction {
            Op::Push(constant) => self.push(self.code.constants[constant as usize].clone()),
            Op::Pop => {
                self.stack.pop();
            }
            Op::Store(variable) => {
                let value = self.pop();
                let variable = variable as usize;
                if self.variables.len() <= variable {
                    self.variables.resize(variable + 1, Value::Nil);
                }
                self.variables[variable] = value;
            }
            Op::Load(variable) => {
                let value = self.variables.get(variable as usize).cloned();
                self.push(value.unwrap_or_default());
            }
            Op::Variable(name) => {
                let value = self.env.get(&self.code.names[name as usize]).cloned();
                self.push(value.unwrap_or_default());
            }
            Op::Environment => self.push(self.env.as_map()),
            Op::Path(path) => {
                let path = &self.code.paths[path as usize];
                let from = self.env.get(&path.variable).cloned().unwrap_or_default();
                self.walk(from, path)?;
            }
            Op::ItemPath(path) => {
                let from = self.item()?;
                self.walk(from, &self.code.paths[path as usize])?;
            }
            Op::Fetch => self.binary(op::fetch)?,
            Op::FetchName(name) => {
                let from = self.pop();
                let value = op::fetch_name(&from, &self.code.names[name as usize])?;
                self.push(value);
            }
            Op::Negate => {
                let value = op::negate(&self.pop())?;
                self.push(value);
            }
            Op::Not => {
                let truth = op::truth(&self.pop())?;
                self.push(Value::Bool(!truth));
            }
            Op::Equal => {
                let right = self.pop();
                let left = self.pop();
                let equal = self.equal(&left, &right)?;
                self.push(Value::Bool(equal));
            }
            Op::EqualConstant(constant) => {
                let left = self.pop();
                let code = self.code;
                let equal = self.equal(&left, &code.constants[constant as usize])?;
                self.push(Value::Bool(equal));
            }
            Op::EqualInt => self.compare(|left, right| match (left, right) {
                (Value::Int(left), Value::Int(right)) => Ok(left == right),
                (Value::Int(_), other) | (other, _) => Err(op::not_a("int", other)),
            })?,
            Op::EqualText => self.compare(|left, right| match (left, right) {
                (Value::Text(left), Value::Text(right)) => Ok(left == right),
                (Value::Text(_), other) | (other, _) => Err(op::not_a("string", other)),
            })?,
            Op::Jump(target) => return Ok(Some(target)),
            Op::JumpIfTrue(target) => return Ok(op::truth(self.top())?.then_some(target)),
            Op::JumpIfFalse(target) => return Ok((!op::truth(self.top())?).then_some(target)),
            Op::JumpIfNil(target) => return Ok(self.top().is_nil().then_some(target)),
            Op::JumpIfNotNil(target) => return Ok((!self.top().is_nil()).then_some(target)),
            Op::JumpIfEnd(target) => {
                let present = self.present()?;
                return Ok((present.index >= present.len).then_some(target));
            }
            Op::JumpIfStart(target) => {
                return Ok((self.present()?.index < 0).then_some(target));
            }
            Op::JumpIfCount(constant, target) => {
                let code = self.code;
                let enough = match code.constants[constant as usize] {
                    Value::Int(enough) => enough,
                    _ => i64::MAX,
                };
                return Ok((self.present()?.count >= enough).then_some(target));
            }
            Op::JumpBack(target) => {
                // The body's instructions, give or take: only loops can take long.
                self.budget
                    .work((at as u64).saturating_sub(u64::from(target)))?;
                return Ok(Some(target));
            }
            Op::Less => self.compare(op::less)?,
            Op::More => self.compare(op::more)?,
            Op::LessOrEqual => self.compare(op::less_or_equal)?,
            Op::MoreOrEqual => self.compare(op::more_or_equal)?,
            Op::Enter => {
                let node = self.code.nodes[at];
                let element = self.loops.last().map(|present| present.index);
                if let Some(recorder) = &mut self.recorder {
                    recorder.enter(node, element);
                }
            }
            Op::Exit => {
                let node = self.code.nodes[at];
                let value = self.top().clone();
                if let Some(recorder) = &mut self.recorder {
                    recorder.exit(node, value);
                }
            }
            other => self.rare(other)?,
        }
        Ok(None)
    }

    /// Instructions that are rarer, or slow anyway.
    fn rare(&mut self, instruction: Op) -> Step {
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
                        self.budget.scan(text.len())?;
                        pattern.is_match(&text.to_str())
                    }
                    Value::Bytes(bytes) => pattern.is_match(&String::from_utf8_lossy(bytes)),
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
                let mut context = self.context();
                let part = builtins::slice(&value, &from, &to, &mut context)?;
                self.push(part);
            }
            Op::Call(count) => self.call(count as usize)?,
            Op::CallBuiltin(builtin, count) => {
                let start = self.stack.len().saturating_sub(count as usize);
                let mut arguments = self.stack.split_off(start);
                let mut context = Context {
                    budget: &mut self.budget,
                    version: self.options.version,
                    now: self.env.now(),
                };
                let value = builtins::call(builtin, &arguments, &mut context)?;
                arguments.clear();
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

    fn looping(&mut self, instruction: Op) -> Step {
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

    fn context(&mut self) -> Context<'_> {
        Context {
            budget: &mut self.budget,
            version: self.options.version,
            now: self.env.now(),
        }
    }

    #[inline]
    fn equal(&mut self, left: &Value<'v>, right: &Value<'_>) -> Step<bool> {
        if let (Value::Text(left), Value::Text(right)) = (left, right) {
            return Ok(left == right);
        }
        let size = op::size(left).min(op::size(right));
        if size > 0 {
            self.budget.work(size as u64)?;
        }
        Ok(op::equal(left, right))
    }

    /// Members of members, by reference as long as it is the object's own JSON.
    #[inline]
    fn walk(&mut self, from: Value<'v>, path: &Path) -> Step {
        let mut value = from;
        let mut members = path.members.iter();
        if let Value::Object(object) = value {
            let mut object = object;
            value = loop {
                let Some((name, _)) = members.next() else {
                    break Value::Object(object);
                };
                match object.get(&**name) {
                    Some(serde_json::Value::Object(inner)) => object = inner,
                    Some(other) => break Value::from_json(other),
                    None => break Value::Nil,
                }
            };
        }
        for (name, node) in members {
            value = op::fetch_name(&value, name).inspect_err(|_| self.blame = Some(*node))?;
        }
        self.push(value);
        Ok(())
    }

    fn item(&mut self) -> Step<Value<'v>> {
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

    fn collect(&mut self, count: usize) -> Step {
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

    fn push_map(&mut self, kind: MapKind, members: BTreeMap<Key<'v>, Value<'v>>) -> Step {
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
        self.budget.scan(text.len())?;
        let found = match &self.pattern {
            Some((known, compiled)) if *known == pattern => compiled.is_match(&text),
            _ => {
                self.budget.work(PATTERN_WORK)?;
                let compiled =
                    regex::compile(&pattern.to_str()).map_err(|error| error.to_string())?;
                let found = compiled.is_match(&text);
                self.pattern = Some((pattern, compiled));
                found
            }
        };
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
                function.call(&arguments)?
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
        if value.depth() >= super::value::MAX_DEPTH {
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

fn list(items: Vec<Value<'_>>) -> Step<Value<'_>> {
    match List::new(ListKind::Any, items) {
        Ok(list) => Ok(Value::List(Arc::new(list))),
        Err(_) => Err(EXCEEDED.to_owned()),
    }
}
