//! The stack machine that runs compiled expressions.
//!
//! It never recurses over the expression, so the deepest one runs on any thread's stack, and it
//! counts what it uses, so none runs forever or fills the memory.

mod loops;
mod rare;

use super::ast::NodeId;
use super::budget::Budget;
use super::code::{Code, Op, Path};
use super::host::Env;
use super::recorder::Recorder;
use super::text::Text;
use super::value::Value;
use super::{Options, operators as op};
use crate::golang::regex::Pattern;
use loops::Loop;

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

struct Machine<'m, 'v> {
    code: &'m Code,
    env: &'m Env<'v>,
    options: &'m Options,
    stack: Vec<Value<'v>>,
    variables: Vec<Value<'v>>,
    loops: Vec<Loop<'v>>,
    budget: Budget,
    /// The last pattern compiled at run time: loops use the same again and again.
    pattern: Option<(Text<'v>, Pattern)>,
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
}
