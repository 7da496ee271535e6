//! The evaluation of pipelines: commands, fields, methods, functions and their arguments.

use super::convert::{call_value, literal, typed_literal, validate};
use super::{At, Evaluated, Run};
use crate::template::functions::builtin::{AND, CALL, OR};
use crate::template::functions::cast::pay_for_arguments;
use crate::template::functions::{Function, Signature};
use crate::template::parse::node::{Command, Pipe, VariableId, Word, WordKind};
use crate::template::value::{Method, Opaque, Text, Type, Value};
use crate::template::{Failure, Session};
use std::sync::Arc;

/// Something that can be called.
enum Callable<'c> {
    Function(&'static Function),
    Method(&'static Method, &'c dyn Opaque),
}

impl<'v> Callable<'_> {
    fn signature(&self) -> &Signature {
        match self {
            Callable::Function(function) => &function.signature,
            Callable::Method(method, _) => &method.signature,
        }
    }

    fn name(&self) -> &'static str {
        match self {
            Callable::Function(function) => function.name,
            Callable::Method(method, _) => method.name,
        }
    }

    fn call(&self, session: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
        match self {
            Callable::Function(function) => (function.call)(session, args),
            Callable::Method(method, receiver) => (method.call)(session, *receiver, args),
        }
    }
}

impl<'v> Run<'_, 'v> {
    pub(super) fn assign(
        &mut self,
        id: VariableId,
        name: &str,
        value: Value<'v>,
    ) -> Result<(), Failure> {
        match self.find(id)? {
            Some(position) => {
                if let Some(slot) = self.variables.get_mut(position) {
                    slot.1 = value;
                }
                Ok(())
            }
            None => Err(Failure::new(format!("undefined variable: {name}"))),
        }
    }

    fn find(&self, id: VariableId) -> Result<Option<usize>, Failure> {
        let found = self.variables.iter().rposition(|(known, _)| *known == id);
        // Long look-ups are paid for: a template can pile up declarations.
        let passed = self.variables.len() - found.unwrap_or(0);
        self.session.steps(passed as u64 / 64)?;
        Ok(found)
    }

    pub(super) fn pipeline(&mut self, dot: &Value<'v>, pipe: &'v Pipe) -> Evaluated<'v> {
        self.at = At::Pipe(pipe);
        let mut last = None;
        for command in &pipe.commands {
            let value = match self.command(dot, command, last)? {
                // Go looks into the interface here, and finds nothing.
                Value::Nil => Value::Absent,
                value => value,
            };
            last = Some(value);
        }
        let value = last.unwrap_or(Value::Absent);
        for variable in &pipe.variables {
            if pipe.assign {
                self.assign(variable.id, &variable.name, value.clone())?;
            } else {
                self.variables.push((variable.id, value.clone()));
            }
        }
        Ok(value)
    }

    fn nested_pipeline(&mut self, dot: &Value<'v>, pipe: &'v Pipe) -> Evaluated<'v> {
        let session = self.session;
        let _level = session.descend()?;
        self.pipeline(dot, pipe)
    }

    /// A command with the value of the command before it, if there is one.
    fn command(
        &mut self,
        dot: &Value<'v>,
        command: &'v Command,
        last: Option<Value<'v>>,
    ) -> Evaluated<'v> {
        self.session.step()?;
        let Some((first, args)) = command.words.split_first() else {
            return Ok(Value::Absent);
        };
        match &first.kind {
            WordKind::Field(fields) => {
                self.at = At::Word(first);
                let arguments = Arguments { args, last };
                return self.fields(dot, first, dot.clone(), fields, arguments);
            }
            WordKind::Chain(of, fields) => {
                let receiver = self.chain_start(dot, first, of)?;
                return self.fields(dot, first, receiver, fields, Arguments { args, last });
            }
            WordKind::Function(function) => {
                self.at = At::Word(first);
                let callable = Callable::Function(function);
                return self.call(
                    dot,
                    &callable,
                    At::Command(command),
                    Arguments { args, last },
                );
            }
            WordKind::Pipe(pipe) => {
                not_a_function(first, args, last.is_some())?;
                return self.nested_pipeline(dot, pipe);
            }
            WordKind::Variable { id, name, fields } => {
                self.at = At::Word(first);
                let value = self.variable(*id, name)?;
                if fields.is_empty() {
                    not_a_function(first, args, last.is_some())?;
                    return Ok(value);
                }
                return self.fields(dot, first, value, fields, Arguments { args, last });
            }
            _ => {}
        }
        self.at = At::Word(first);
        not_a_function(first, args, last.is_some())?;
        match &first.kind {
            WordKind::Dot => Ok(dot.clone()),
            WordKind::Nil => Err(Failure::new("nil is not a command")),
            _ => literal(first),
        }
    }

    fn chain_start(&mut self, dot: &Value<'v>, chain: &'v Word, of: &'v Word) -> Evaluated<'v> {
        self.at = At::Word(chain);
        self.any_argument(dot, of)
    }

    fn variable(&mut self, id: VariableId, name: &str) -> Evaluated<'v> {
        self.find(id)?
            .and_then(|position| self.variables.get(position))
            .map(|(_, value)| value.clone())
            .ok_or_else(|| Failure::new(format!("undefined variable: {name}")))
    }

    /// `.a.b.c`, the last of which may be a method that takes the arguments.
    fn fields(
        &mut self,
        dot: &Value<'v>,
        word: &'v Word,
        mut receiver: Value<'v>,
        fields: &'v [String],
        arguments: Arguments<'v>,
    ) -> Evaluated<'v> {
        let Some((last, before)) = fields.split_last() else {
            return Ok(receiver);
        };
        let mut interface = false;
        for name in before {
            let next = self.field(dot, word, &receiver, interface, name, Arguments::NONE)?;
            interface = is_interface_field(&receiver);
            receiver = next;
        }
        self.field(dot, word, &receiver, interface, last, arguments)
    }

    /// A field of the receiver. `interface` says that Go knows the receiver as an `interface {}`
    /// only, for messages.
    fn field(
        &mut self,
        dot: &Value<'v>,
        word: &'v Word,
        receiver: &Value<'v>,
        interface: bool,
        name: &'v str,
        arguments: Arguments<'v>,
    ) -> Evaluated<'v> {
        let has_arguments = !arguments.is_empty();
        match receiver {
            Value::Absent => return Ok(Value::Absent),
            Value::Nil => {
                return Err(Failure::new(format!(
                    "nil pointer evaluating interface {{}}.{name}"
                )));
            }
            Value::Map(_) if has_arguments => {
                return Err(Failure::new(format!(
                    "{name} is not a method but has arguments"
                )));
            }
            Value::Map(map) => {
                return Ok(map
                    .get(self.session, name.as_bytes())
                    .unwrap_or(Value::Absent));
            }
            Value::Opaque(opaque) => {
                let opaque: Arc<dyn Opaque> = opaque.clone();
                let methods = opaque.methods();
                if let Some(method) = methods.iter().find(|method| method.name == name) {
                    let callable = Callable::Method(method, opaque.as_ref());
                    return self.call(dot, &callable, At::Word(word), arguments);
                }
                if let Some(field) = opaque.field(name) {
                    if has_arguments {
                        return Err(Failure::new(format!(
                            "{name} has arguments but cannot be invoked as function"
                        )));
                    }
                    return Ok(field);
                }
            }
            _ => {}
        }
        let of = if interface {
            "interface {}".to_owned()
        } else {
            receiver.type_name()
        };
        Err(Failure::new(format!(
            "can't evaluate field {name} in type {of}"
        )))
    }

    fn call(
        &mut self,
        dot: &Value<'v>,
        callable: &Callable<'_>,
        at: At<'v>,
        arguments: Arguments<'v>,
    ) -> Evaluated<'v> {
        let signature = callable.signature();
        let name = callable.name();
        let Arguments { args, last } = arguments;
        let count = args.len() + usize::from(last.is_some());
        if !signature.accepts(count) {
            return Err(Failure::new(if signature.variadic {
                format!(
                    "wrong number of args for {name}: want at least {} got {}",
                    signature.required(),
                    args.len()
                )
            } else {
                format!(
                    "wrong number of args for {name}: want {} got {count}",
                    signature.params.len()
                )
            }));
        }
        if let Callable::Function(function) = callable
            && (function.name == AND || function.name == OR)
        {
            return self.and_or(dot, function.name == OR, args, last);
        }
        let mut values = Vec::with_capacity(count);
        for (position, arg) in args.iter().enumerate() {
            values.push(self.argument(dot, signature.param(position), arg)?);
        }
        if let Some(last) = last {
            values.push(validate(last, signature.param(values.len()))?);
        }
        pay_for_arguments(self.session, name, &values)?;
        let result = match callable {
            Callable::Function(function) if function.name == CALL => {
                let callee = args.first().map_or_else(String::new, ToString::to_string);
                call_value(self.session, &callee, &values)
            }
            callable => callable.call(self.session, &values),
        };
        match result.and_then(|value| charged(self.session, value)) {
            Ok(value) => Ok(value),
            Err(failure) => {
                self.at = at;
                Err(Failure {
                    limit: failure.limit,
                    message: format!("error calling {name}: {}", failure.message),
                })
            }
        }
    }

    /// `and` and `or` stop at the argument that decides.
    fn and_or(
        &mut self,
        dot: &Value<'v>,
        or: bool,
        args: &'v [Word],
        last: Option<Value<'v>>,
    ) -> Evaluated<'v> {
        let mut value = Value::Absent;
        for arg in args {
            value = self.argument(dot, Type::Reflect, arg)?;
            if value.is_true(self.session) == or {
                return Ok(value);
            }
        }
        Ok(last.unwrap_or(value))
    }

    /// An argument for a parameter of this type.
    fn argument(&mut self, dot: &Value<'v>, of: Type, word: &'v Word) -> Evaluated<'v> {
        self.session.step()?;
        self.at = At::Word(word);
        let value = match &word.kind {
            WordKind::Nil if of.can_be_nil() => return Ok(Value::zero(of)),
            WordKind::Nil => return Err(Failure::new(format!("cannot assign nil to {of}"))),
            WordKind::Dot
            | WordKind::Field(_)
            | WordKind::Variable { .. }
            | WordKind::Pipe(_)
            | WordKind::Function(_)
            | WordKind::Chain(..) => self.operand(dot, word)?,
            _ => return typed_literal(word, of),
        };
        validate(value, of)
    }

    /// An argument whose type does not matter.
    fn any_argument(&mut self, dot: &Value<'v>, word: &'v Word) -> Evaluated<'v> {
        match &word.kind {
            WordKind::Nil => {
                let chain = self.at;
                Err(Failure::new(format!(
                    "indirection through explicit nil in {chain}"
                )))
            }
            _ => {
                self.at = At::Word(word);
                self.operand(dot, word)
            }
        }
    }

    /// A word that stands alone.
    fn operand(&mut self, dot: &Value<'v>, word: &'v Word) -> Evaluated<'v> {
        match &word.kind {
            WordKind::Dot => Ok(dot.clone()),
            WordKind::Field(fields) => self.fields(dot, word, dot.clone(), fields, Arguments::NONE),
            WordKind::Variable { id, name, fields } => {
                let value = self.variable(*id, name)?;
                self.fields(dot, word, value, fields, Arguments::NONE)
            }
            WordKind::Pipe(pipe) => self.nested_pipeline(dot, pipe),
            WordKind::Function(function) => self.call(
                dot,
                &Callable::Function(function),
                At::Word(word),
                Arguments::NONE,
            ),
            WordKind::Chain(of, fields) => {
                let receiver = self.chain_start(dot, word, of)?;
                self.fields(dot, word, receiver, fields, Arguments::NONE)
            }
            WordKind::Nil => Err(Failure::new("nil is not a command")),
            _ => literal(word),
        }
    }
}

/// The arguments of a command: the words after the first, and the value piped into it.
struct Arguments<'v> {
    args: &'v [Word],
    last: Option<Value<'v>>,
}

impl Arguments<'_> {
    const NONE: Self = Arguments {
        args: &[],
        last: None,
    };

    fn is_empty(&self) -> bool {
        self.args.is_empty() && self.last.is_none()
    }
}

/// Whether Go knows the fields of this value only as `interface {}`.
fn is_interface_field(value: &Value<'_>) -> bool {
    matches!(value, Value::Map(map) if *map.element() == Type::Any)
}

fn not_a_function(first: &Word, args: &[Word], piped: bool) -> Result<(), Failure> {
    if args.is_empty() && !piped {
        return Ok(());
    }
    Err(Failure::new(format!(
        "can't give argument to non-function {first}"
    )))
}

/// Pays for the result of a function.
fn charged<'v>(session: &Session<'v>, value: Value<'v>) -> Evaluated<'v> {
    let size = match &value {
        Value::Text(Text::Shared(text)) => text.len(),
        Value::List(list) => list.len().saturating_mul(size_of::<Value<'_>>()),
        _ => 0,
    };
    session.charge(size)?;
    Ok(value)
}
