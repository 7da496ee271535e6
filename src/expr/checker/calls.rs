//! Calls of functions in the environment and of methods.

use super::super::ast::{NodeId, NodeKind};
use super::super::parser::constant_text;
use super::super::types::{Kind, Signature, Type};
use super::{Checked, Checker};

impl Checker<'_> {
    pub(super) fn call(&mut self, id: NodeId, callee: NodeId, arguments: &[NodeId]) -> Checked {
        if self.newer()
            && matches!(self.ast.kind(callee), NodeKind::Identifier(name) if &**name == "$env")
        {
            return self.error(id, "unknown is not callable");
        }
        let known = self.visit_known(callee)?;
        if let Some(builtin) = known.builtin {
            // Reached through a variable that holds the built-in's name.
            let types = self.visit_all(arguments)?;
            return match super::builtins::result(builtin, &types, self.version) {
                Ok(ty) => Ok(ty),
                Err(message) => self.error(id, message),
            };
        }
        let name = match self.ast.kind(callee) {
            NodeKind::Identifier(name) => name.to_string(),
            NodeKind::Member { property, .. } => constant_text(self.ast, *property)
                .map_or_else(|| "function".to_owned(), |name| name.to_string()),
            _ => "function".to_owned(),
        };
        match known.ty {
            // What is not declared may be anything, and so may be its arguments.
            Type::Any => {
                for argument in arguments {
                    self.visit_quietly(*argument);
                }
                Ok(Type::Any)
            }
            Type::Nil => self.error(id, format!("{name} is nil; cannot call nil as function")),
            Type::Func(signature) => {
                let types = self.visit_all(arguments)?;
                match accepts(&signature, &name, &types, self.newer()) {
                    Ok(ty) => Ok(ty),
                    Err((position, message)) => {
                        let at = position.and_then(|at| arguments.get(at)).unwrap_or(&id);
                        self.error(*at, message)
                    }
                }
            }
            other => self.error(id, format!("{} is not callable", self.name(&other))),
        }
    }

    pub(super) fn visit_all(&mut self, nodes: &[NodeId]) -> Checked<Vec<Type>> {
        nodes.iter().map(|node| self.visit(*node)).collect()
    }
}

/// The result type of a call, or what is wrong with it and with which argument.
pub(super) fn accepts(
    signature: &Signature,
    name: &str,
    arguments: &[Type],
    newer: bool,
) -> Result<Type, (Option<usize>, String)> {
    if signature.results > 2 {
        return Err((None, format!("func {name} returns more then two values")));
    }
    let fixed = signature.params.len() - usize::from(signature.variadic);
    if arguments.len() < fixed {
        return Err((None, format!("not enough arguments to call {name}")));
    }
    if arguments.len() > fixed && !signature.variadic {
        return Err((None, format!("too many arguments to call {name}")));
    }
    for (position, argument) in arguments.iter().enumerate() {
        let Some(param) = signature.params.get(position).or(signature.params.last()) else {
            continue;
        };
        let both_integers = argument.is_integer(!newer) && param.is_integer(!newer);
        if both_integers && argument.kind() != param.kind() {
            continue;
        }
        if argument.is_nil() {
            let takes_nil = matches!(param.kind(), Kind::Interface | Kind::Pointer);
            if !newer || takes_nil {
                continue;
            }
            return Err((
                Some(position),
                format!("cannot use nil as argument (type {param}) to call {name}"),
            ));
        }
        if !argument.assignable_to(param) && !argument.is_any() {
            return Err((
                Some(position),
                format!("cannot use {argument} as argument (type {param}) to call {name} "),
            ));
        }
    }
    Ok(signature.result.clone())
}
