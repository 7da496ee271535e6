//! The evaluator: walks a parse tree and writes the output, as Go's `text/template/exec` does.
//!
//! Its care is for what Go's reflection makes visible: what is absent, nil or typed, which argument
//! a literal can be, and in which order things fail.

mod convert;
mod pipeline;

use super::error::{ErrorKind, TemplateError};
use super::parse::node::{
    Branches, Command, Node, Pipe, Position, ROOT_VARIABLE, Tree, VariableId, Word,
};
use super::parse::{Trees, line_and_column};
use super::value::Value;
use super::{Failure, Session, print};
use convert::integer_of;
use std::fmt;

/// Renders a template.
///
/// # Errors
/// When Go would stop with an error, or when a limit of the session is reached.
pub(super) fn execute<'v>(
    trees: &'v Trees,
    name: &'v str,
    source: &str,
    root: Value<'v>,
    session: &Session<'v>,
) -> Result<Vec<u8>, TemplateError> {
    let mut run = Run {
        trees,
        session,
        name,
        at: At::Start,
        variables: vec![(ROOT_VARIABLE, root.clone())],
        out: Vec::with_capacity(source.len()),
    };
    let result = match trees.by_name.get(name) {
        Some(tree) => run.template(tree, &root),
        None => Ok(()),
    };
    match result {
        Ok(()) => Ok(run.out),
        Err(failure) => Err(run.error(name, source, failure)),
    }
}

struct Run<'r, 'v> {
    trees: &'v Trees,
    session: &'r Session<'v>,
    /// The template that is being executed, for messages.
    name: &'v str,
    /// What is being evaluated, for messages.
    at: At<'v>,
    /// Variables in order of declaration; the innermost is the last.
    variables: Vec<(VariableId, Value<'v>)>,
    out: Vec<u8>,
}

/// A node, for messages.
#[derive(Clone, Copy)]
enum At<'v> {
    Start,
    Node(Position, &'v Node),
    Pipe(&'v Pipe),
    Command(&'v Command),
    Word(&'v Word),
}

impl At<'_> {
    fn position(&self) -> Position {
        match self {
            At::Start => 0,
            At::Node(position, _) => *position,
            At::Pipe(pipe) => pipe.position,
            At::Command(command) => command.position,
            At::Word(word) => word.position,
        }
    }
}

impl fmt::Display for At<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            At::Start => Ok(()),
            At::Node(_, node) => node.fmt(f),
            At::Pipe(pipe) => pipe.fmt(f),
            At::Command(command) => command.fmt(f),
            At::Word(word) => word.fmt(f),
        }
    }
}

/// How a list of nodes ended.
#[derive(Clone, Copy, PartialEq)]
enum Flow {
    Next,
    Break,
    Continue,
}

type Evaluated<'v> = Result<Value<'v>, Failure>;

impl<'v> Run<'_, 'v> {
    fn error(&self, root: &str, source: &str, failure: Failure) -> TemplateError {
        let position = self.at.position();
        let (line, column) = line_and_column(source, position);
        let before = source.get(..position).unwrap_or_default();
        // Go counts bytes, and from 0.
        let offset = position - before.rfind('\n').map_or(0, |newline| newline + 1);
        TemplateError {
            kind: if failure.limit {
                ErrorKind::Limit
            } else {
                ErrorKind::Exec
            },
            message: format!(
                "template: {root}:{line}:{offset}: executing {:?} at <{}>: {}",
                self.name, self.at, failure.message
            ),
            line,
            column,
            help: help(&failure.message),
        }
    }

    fn template(&mut self, tree: &'v Tree, dot: &Value<'v>) -> Result<(), Failure> {
        self.name = &tree.name;
        self.nodes(&tree.body, dot).map(|_| ())
    }

    fn nodes(&mut self, nodes: &'v [Node], dot: &Value<'v>) -> Result<Flow, Failure> {
        let session = self.session;
        let _level = session.descend()?;
        for node in nodes {
            session.step()?;
            let flow = match node {
                Node::Text(text) => {
                    self.write(text.as_bytes())?;
                    Flow::Next
                }
                Node::Action(position, pipe) => {
                    self.at = At::Node(*position, node);
                    // Variables persist until the next end, and a declaration prints nothing.
                    let value = self.pipeline(dot, pipe)?;
                    if pipe.variables.is_empty() {
                        self.at = At::Node(*position, node);
                        self.print(&value, node)?;
                    }
                    Flow::Next
                }
                Node::If(branches) => self.branches(dot, branches, false)?,
                Node::With(branches) => self.branches(dot, branches, true)?,
                Node::Range {
                    position,
                    pipe,
                    body,
                    otherwise,
                } => {
                    self.at = At::Node(*position, node);
                    self.range(dot, pipe, body, otherwise.as_deref())?
                }
                Node::Template {
                    position,
                    name,
                    pipe,
                } => {
                    self.at = At::Node(*position, node);
                    self.call_template(dot, name, pipe.as_ref())?;
                    Flow::Next
                }
                Node::Break => Flow::Break,
                Node::Continue => Flow::Continue,
            };
            if flow != Flow::Next {
                return Ok(flow);
            }
        }
        Ok(Flow::Next)
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.out.extend_from_slice(bytes);
        self.check_output()
    }

    fn check_output(&self) -> Result<(), Failure> {
        let limit = self.session.limits().output;
        if self.out.len() > limit {
            return Err(Failure::limit(format!(
                "the output is longer than {limit} bytes"
            )));
        }
        Ok(())
    }

    fn print(&mut self, value: &Value<'v>, node: &Node) -> Result<(), Failure> {
        match value {
            Value::Text(text) => self.out.extend_from_slice(text),
            Value::Absent | Value::Nil => self.out.extend_from_slice(b"<no value>"),
            Value::Func(function) => {
                return Err(Failure::new(format!(
                    "can't print {node} of type {}",
                    function.signature
                )));
            }
            value => print::print_value(&mut self.out, value, self.session)?,
        }
        self.check_output()
    }

    fn branches(
        &mut self,
        dot: &Value<'v>,
        branches: &'v Branches,
        with: bool,
    ) -> Result<Flow, Failure> {
        let mark = self.variables.len();
        let flow = self.choose(dot, branches, with);
        if flow.is_ok() {
            self.variables.truncate(mark);
        }
        flow
    }

    fn choose(
        &mut self,
        dot: &Value<'v>,
        branches: &'v Branches,
        with: bool,
    ) -> Result<Flow, Failure> {
        for branch in &branches.branches {
            self.session.step()?;
            let value = self.pipeline(dot, &branch.pipe)?;
            if value.is_true(self.session) {
                return self.nodes(&branch.body, if with { &value } else { dot });
            }
        }
        match &branches.otherwise {
            Some(body) => self.nodes(body, dot),
            None => Ok(Flow::Next),
        }
    }

    fn range(
        &mut self,
        dot: &Value<'v>,
        pipe: &'v Pipe,
        body: &'v [Node],
        otherwise: Option<&'v [Node]>,
    ) -> Result<Flow, Failure> {
        let start = self.variables.len();
        let value = self.pipeline(dot, pipe)?;
        let mut pass = Pass {
            pipe,
            body,
            mark: self.variables.len(),
            any: false,
        };
        match &value {
            Value::List(list) => {
                for (position, element) in list.iter().enumerate() {
                    let position = Value::Int(position as i64);
                    if !self.pass(&mut pass, position, element)? {
                        break;
                    }
                }
            }
            Value::Map(map) => {
                for (name, member) in map.members(self.session) {
                    if !self.pass(&mut pass, Value::Text(name), member)? {
                        break;
                    }
                }
            }
            Value::Absent | Value::Nil => {}
            value => self.range_over_integer(value, &mut pass)?,
        }
        let flow = match otherwise {
            Some(body) if !pass.any => self.nodes(body, dot)?,
            _ => Flow::Next,
        };
        self.variables.truncate(start);
        Ok(flow)
    }

    /// `range 3`: the numbers below it, in its own type.
    fn range_over_integer(
        &mut self,
        value: &Value<'v>,
        pass: &mut Pass<'v>,
    ) -> Result<(), Failure> {
        let end = value
            .as_int()
            .map(i128::from)
            .or(value.as_uint().map(i128::from));
        let Some(end) = end else {
            let shown = print::display(value, self.session)?;
            let shown = String::from_utf8_lossy(&shown);
            return Err(Failure::new(format!("range can't iterate over {shown}")));
        };
        if pass.pipe.variables.len() > 1 {
            return Err(Failure::new(format!(
                "can't use {end} to iterate over more than one variable"
            )));
        }
        let mut number: i128 = 0;
        while number < end {
            // In range: below a number of the same type.
            let element = match value {
                Value::Int(_) => Value::Int(number as i64),
                Value::Int32(_) => Value::Int32(number as i32),
                Value::Uint8(_) => Value::Uint8(number as u8),
                Value::Uint64(_) => Value::Uint64(number as u64),
                Value::Opaque(opaque) => integer_of(opaque.go_type(), number as i64),
                _ => Value::Int64(number as i64),
            };
            if !self.pass(pass, Value::Absent, element)? {
                break;
            }
            number += 1;
        }
        Ok(())
    }

    /// One pass of a range; whether there shall be another.
    fn pass(
        &mut self,
        pass: &mut Pass<'v>,
        index: Value<'v>,
        element: Value<'v>,
    ) -> Result<bool, Failure> {
        pass.any = true;
        self.session.step()?;
        let variables = &pass.pipe.variables;
        if pass.pipe.assign {
            match variables.as_slice() {
                [only] => self.assign(only.id, &only.name, element.clone())?,
                [first, second, ..] => {
                    self.assign(first.id, &first.name, index)?;
                    self.assign(second.id, &second.name, element.clone())?;
                }
                [] => {}
            }
        } else {
            let top = pass.mark;
            let mut set = |back: usize, value: Value<'v>| {
                if let Some(slot) = top
                    .checked_sub(back)
                    .and_then(|position| self.variables.get_mut(position))
                {
                    slot.1 = value;
                }
            };
            if !variables.is_empty() {
                set(1, element.clone());
            }
            if variables.len() > 1 {
                set(2, index);
            }
        }
        let flow = self.nodes(pass.body, &element)?;
        self.variables.truncate(pass.mark);
        Ok(flow != Flow::Break)
    }

    fn call_template(
        &mut self,
        dot: &Value<'v>,
        name: &'v str,
        pipe: Option<&'v Pipe>,
    ) -> Result<(), Failure> {
        let Some(tree) = self.trees.by_name.get(name) else {
            return Err(Failure::new(format!("template {name:?} not defined")));
        };
        let dot = match pipe {
            Some(pipe) => self.pipeline(dot, pipe)?,
            None => Value::Absent,
        };
        // The called template sees none of our variables.
        let variables = std::mem::replace(&mut self.variables, vec![(ROOT_VARIABLE, dot.clone())]);
        let caller = self.name;
        self.template(tree, &dot)?;
        self.name = caller;
        self.variables = variables;
        Ok(())
    }
}

/// A range under way.
struct Pass<'v> {
    pipe: &'v Pipe,
    body: &'v [Node],
    /// The number of variables with the range's own, but without the body's.
    mark: usize,
    any: bool,
}

/// What to do about the failures that people meet most.
fn help(message: &str) -> Option<String> {
    let help = if message.contains("nil pointer evaluating") {
        "the value is null here; guard it with {{with …}} or {{if …}}"
    } else if message.contains("can't evaluate field") {
        "the value before the dot is no object; check the path"
    } else if message.contains("index of untyped nil") || message.contains("index of nil pointer") {
        "the list or object is not there; guard it with {{with …}} or {{if …}}"
    } else if message.contains("expected int; got int64") {
        "convert it: (int …)"
    } else if message.contains("wrong type for value; expected string; got") {
        "convert it: (toString …)"
    } else if message.contains("incompatible types for comparison") {
        "convert one side: (int …), (float64 …) or (toString …)"
    } else {
        return None;
    };
    Some(help.to_owned())
}
