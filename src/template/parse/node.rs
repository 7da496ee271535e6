//! The parse tree of a Go template, and how its nodes are written in messages.

use crate::golang::quote;
use crate::template::functions::Function;
use std::fmt;

/// A template or a `define`d part of it.
#[derive(Debug)]
pub(in crate::template) struct Tree {
    pub name: String,
    pub body: Vec<Node>,
}

/// Position in the source, in bytes.
pub(in crate::template) type Position = usize;

/// A variable's name, as an index into the template's names.
pub(in crate::template) type VariableId = usize;

/// `$`: the data that the template was called with.
pub(in crate::template) const ROOT_VARIABLE: VariableId = 0;

#[derive(Debug)]
pub(in crate::template) enum Node {
    Text(String),
    /// `{{pipeline}}`
    Action(Position, Pipe),
    If(Branches),
    With(Branches),
    Range {
        position: Position,
        pipe: Pipe,
        body: Vec<Node>,
        otherwise: Option<Vec<Node>>,
    },
    Template {
        position: Position,
        name: String,
        pipe: Option<Pipe>,
    },
    Break,
    Continue,
}

/// `if … else if … else`, or the same of `with`.
#[derive(Debug)]
pub(in crate::template) struct Branches {
    pub branches: Vec<Branch>,
    pub otherwise: Option<Vec<Node>>,
}

#[derive(Debug)]
pub(in crate::template) struct Branch {
    pub pipe: Pipe,
    pub body: Vec<Node>,
}

#[derive(Debug)]
pub(in crate::template) struct Pipe {
    pub position: Position,
    /// The variables that get the value.
    pub variables: Vec<Declared>,
    /// `=` and not `:=`.
    pub assign: bool,
    pub commands: Vec<Command>,
}

#[derive(Debug)]
pub(in crate::template) struct Declared {
    pub id: VariableId,
    pub name: String,
}

#[derive(Debug)]
pub(in crate::template) struct Command {
    pub position: Position,
    /// The first word, which may be a function, and its arguments.
    pub words: Vec<Word>,
}

#[derive(Debug)]
pub(in crate::template) struct Word {
    pub position: Position,
    pub kind: WordKind,
}

#[derive(Debug)]
pub(in crate::template) enum WordKind {
    Dot,
    Nil,
    Bool(bool),
    Number(Number),
    Text {
        value: Vec<u8>,
        source: String,
    },
    Field(Vec<String>),
    Variable {
        id: VariableId,
        name: String,
        fields: Vec<String>,
    },
    Function(&'static Function),
    Pipe(Pipe),
    Chain(Box<Word>, Vec<String>),
}

/// A number, in every type that it can be.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::template) struct Number {
    pub source: String,
    pub int: Option<i64>,
    pub uint: Option<u64>,
    pub float: Option<f64>,
    pub complex: Option<(f64, f64)>,
}

/// What a number is where no type is asked for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::template) enum Ideal {
    Int(i64),
    Float(f64),
    Complex(f64, f64),
    Overflow,
}

impl Number {
    /// The type that the way of writing says: with a point or an exponent it is a float.
    pub(in crate::template) fn ideal(&self) -> Ideal {
        let source = self.source.as_bytes();
        let hex = matches!(source, [b'0', b'x' | b'X', _, ..])
            && !source.iter().any(|byte| matches!(byte, b'p' | b'P'));
        let rune = source.starts_with(b"'");
        let marked = source
            .iter()
            .any(|byte| matches!(byte, b'.' | b'e' | b'E' | b'p' | b'P'));
        match (self.complex, self.float, self.int) {
            (Some((re, im)), ..) => Ideal::Complex(re, im),
            (_, Some(float), _) if !hex && !rune && marked => Ideal::Float(float),
            (.., Some(int)) => Ideal::Int(int),
            _ => Ideal::Overflow,
        }
    }
}

impl fmt::Display for Pipe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, variable) in self.variables.iter().enumerate() {
            if position > 0 {
                f.write_str(", ")?;
            }
            f.write_str(&variable.name)?;
        }
        if !self.variables.is_empty() {
            f.write_str(if self.assign { " = " } else { " := " })?;
        }
        for (position, command) in self.commands.iter().enumerate() {
            if position > 0 {
                f.write_str(" | ")?;
            }
            write!(f, "{command}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, word) in self.words.iter().enumerate() {
            if position > 0 {
                f.write_str(" ")?;
            }
            write!(f, "{word}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fields = |f: &mut fmt::Formatter<'_>, fields: &[String]| {
            fields.iter().try_for_each(|name| write!(f, ".{name}"))
        };
        match &self.kind {
            WordKind::Dot => f.write_str("."),
            WordKind::Nil => f.write_str("nil"),
            WordKind::Bool(truth) => write!(f, "{truth}"),
            WordKind::Number(number) => f.write_str(&number.source),
            WordKind::Text { source, .. } => f.write_str(source),
            WordKind::Field(names) => fields(f, names),
            WordKind::Variable {
                name,
                fields: names,
                ..
            } => {
                f.write_str(name)?;
                fields(f, names)
            }
            WordKind::Function(function) => f.write_str(function.name),
            WordKind::Pipe(pipe) => write!(f, "({pipe})"),
            WordKind::Chain(word, names) => {
                write!(f, "{word}")?;
                fields(f, names)
            }
        }
    }
}

impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Node::Text(text) => f.write_str(&quote::quote(text.as_bytes())),
            Node::Action(_, pipe) => write!(f, "{{{{{pipe}}}}}"),
            Node::If(branches) => branches.display(f, "if"),
            Node::With(branches) => branches.display(f, "with"),
            Node::Range { pipe, .. } => write!(f, "{{{{range {pipe}}}}}"),
            Node::Template { name, pipe, .. } => {
                write!(f, "{{{{template {}", quote::quote(name.as_bytes()))?;
                if let Some(pipe) = pipe {
                    write!(f, " {pipe}")?;
                }
                f.write_str("}}")
            }
            Node::Break => f.write_str("{{break}}"),
            Node::Continue => f.write_str("{{continue}}"),
        }
    }
}

impl Branches {
    fn display(&self, f: &mut fmt::Formatter<'_>, word: &str) -> fmt::Result {
        match self.branches.first() {
            Some(branch) => write!(f, "{{{{{word} {}}}}}", branch.pipe),
            None => Ok(()),
        }
    }
}

/// Whether there is nothing but white space.
pub(in crate::template) fn is_empty(body: &[Node]) -> bool {
    body.iter()
        .all(|node| matches!(node, Node::Text(text) if text.trim().is_empty()))
}
