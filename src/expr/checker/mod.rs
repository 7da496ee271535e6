//! Static checks: what the original refuses before evaluation, and the types that its optimizer and
//! compiler rely on.
//!
//! Nothing is known about the object, so only literals, results of built-ins and methods of times
//! have types. The dialects differ: 1.16 goes by Go's kinds, 1.17 knows element types and tells
//! named types from plain ones.

mod builtins;
mod calls;
mod operators;

use super::Version;
use super::ast::{Ast, NodeId, NodeKind, Pointer};
use super::builtins::Builtin;
use super::error::CompileError;
use super::parser::constant_text;
use super::types::{Kind, Type};
use std::sync::Arc;

/// Shared sub-expressions are visited once per use, and uses multiply when they nest.
const MAX_VISITS: usize = 4_000_000;

/// The type of each node, by its index; `None` for nodes that were never visited.
pub(super) type Types = Vec<Option<Type>>;

/// Checks a tree and types its nodes.
pub(super) fn check(
    source: &str,
    ast: &Ast,
    root: NodeId,
    version: Version,
) -> Result<Types, CompileError> {
    let mut checker = Checker {
        source,
        ast,
        types: vec![None; ast.len()],
        version,
        predicates: Vec::new(),
        variables: Vec::new(),
        visits: 0,
    };
    checker.visit(root)?;
    Ok(checker.types)
}

/// What is known about a node besides its type.
#[derive(Clone, Debug)]
struct Known {
    ty: Type,
    /// The common element type of a list literal, in 1.16.
    element: Option<Type>,
    /// The built-in that a bare name denotes.
    builtin: Option<Builtin>,
}

impl From<Type> for Known {
    fn from(ty: Type) -> Self {
        Self {
            ty,
            element: None,
            builtin: None,
        }
    }
}

/// The collection that a predicate runs over.
struct Scope {
    collection: Type,
    has_index: bool,
    has_accumulator: bool,
}

struct Checker<'a> {
    source: &'a str,
    ast: &'a Ast,
    types: Types,
    version: Version,
    predicates: Vec<Scope>,
    variables: Vec<(Arc<str>, Known)>,
    visits: usize,
}

type Checked<T = Type> = Result<T, CompileError>;

impl Checker<'_> {
    fn newer(&self) -> bool {
        self.version == Version::V1_17
    }

    fn error<T>(&self, id: NodeId, message: impl Into<String>) -> Checked<T> {
        let node = self.ast.get(id);
        Err(CompileError::new(self.source, node.at, node.span, message))
    }

    /// Types are named `unknown` in messages of 1.17 where 1.16 says `interface {}`.
    fn name(&self, ty: &Type) -> String {
        match ty {
            Type::Any | Type::Nil if self.newer() => "unknown".to_owned(),
            other => other.to_string(),
        }
    }

    fn visit(&mut self, id: NodeId) -> Checked {
        Ok(self.visit_known(id)?.ty)
    }

    fn visit_known(&mut self, id: NodeId) -> Checked<Known> {
        self.visits += 1;
        if self.visits > MAX_VISITS {
            return self.error(id, "the expression is too large");
        }
        let known = self.visit_kind(id)?;
        self.types[id.index()] = Some(known.ty.clone());
        Ok(known)
    }

    fn visit_kind(&mut self, id: NodeId) -> Checked<Known> {
        let ast = self.ast;
        let ty = match ast.kind(id) {
            NodeKind::Nil => Type::Nil,
            NodeKind::Bool(_) => Type::Bool,
            NodeKind::Int(_) => Type::Int,
            NodeKind::Float(_) => Type::Float,
            NodeKind::Text(_) => Type::Text,
            NodeKind::Bytes(_) => Type::Bytes,
            NodeKind::Identifier(name) => return Ok(self.identifier(name)),
            NodeKind::Unary { op, token, node } => self.unary(id, *op, token, *node)?,
            NodeKind::Binary {
                op,
                token,
                left,
                right,
            } => self.binary(id, *op, token, *left, *right)?,
            NodeKind::Chain(node) => return self.visit_known(*node),
            NodeKind::Member {
                node,
                property,
                method,
                ..
            } => return self.member(id, *node, *property, *method),
            NodeKind::Slice { node, from, to } => self.slice(id, *node, *from, *to)?,
            NodeKind::Call { callee, arguments } => self.call(id, *callee, arguments)?,
            NodeKind::Builtin(call) => self.builtin(id, call.builtin, &call.arguments)?,
            NodeKind::Predicate(node) => self.predicate(*node)?,
            NodeKind::Pointer(pointer) => self.pointer(id, pointer)?,
            NodeKind::Let { name, value, body } => {
                return self.declaration(id, name, *value, *body);
            }
            NodeKind::Sequence(nodes) => {
                let mut last = Type::Nil;
                for node in nodes {
                    last = self.visit(*node)?;
                }
                last
            }
            NodeKind::Conditional {
                condition,
                then,
                otherwise,
            } => self.conditional(*condition, *then, *otherwise)?,
            NodeKind::Array(nodes) => return self.array(nodes),
            NodeKind::Map(pairs) => {
                for (key, value) in pairs {
                    self.visit(*key)?;
                    self.visit(*value)?;
                }
                Type::Map
            }
            // These come from the optimizer, which runs later.
            NodeKind::Constant(_) | NodeKind::TextSet(_) | NodeKind::IntSet(_) => Type::Any,
        };
        Ok(ty.into())
    }

    fn identifier(&self, name: &Arc<str>) -> Known {
        if let Some((_, known)) = self.variables.iter().rev().find(|(n, _)| n == name) {
            return known.clone();
        }
        if &**name == "$env" {
            return if self.newer() { Type::Any } else { Type::Map }.into();
        }
        match Builtin::by_name(name, self.version) {
            Some(builtin) => Known {
                builtin: Some(builtin),
                ..builtins::function_type(builtin).into()
            },
            None => Type::Any.into(),
        }
    }

    fn declaration(
        &mut self,
        id: NodeId,
        name: &Arc<str>,
        value: NodeId,
        body: NodeId,
    ) -> Checked<Known> {
        if Builtin::by_name(name, self.version).is_some() {
            return self.error(id, format!("cannot redeclare builtin {name}"));
        }
        if self.variables.iter().any(|(known, _)| known == name) {
            return self.error(id, format!("cannot redeclare variable {name}"));
        }
        let known = self.visit_known(value)?;
        self.variables.push((name.clone(), known));
        let body = self.visit_known(body)?;
        self.variables.pop();
        Ok(body)
    }

    fn predicate(&mut self, node: NodeId) -> Checked {
        let result = self.visit(node)?;
        if result.is_nil() && !self.newer() {
            return self.error(node, "closure cannot be nil");
        }
        Ok(Type::func(vec![Type::Any], result))
    }

    fn pointer(&self, id: NodeId, pointer: &Pointer) -> Checked {
        let Some(scope) = self.predicates.last() else {
            let place = if self.newer() { "predicate" } else { "closure" };
            return self.error(id, format!("cannot use pointer accessor outside {place}"));
        };
        match pointer {
            Pointer::Item if scope.collection.is_any() => Ok(Type::Any),
            Pointer::Item if scope.collection.is_list() => Ok(scope.collection.element()),
            Pointer::Item => self.error(
                id,
                format!("cannot use {} as array", self.name(&scope.collection)),
            ),
            Pointer::Index if scope.has_index => Ok(Type::Int),
            Pointer::Accumulator if scope.has_accumulator => Ok(Type::Any),
            Pointer::Index => self.error(id, "unknown pointer #index"),
            Pointer::Accumulator => self.error(id, "unknown pointer #acc"),
            Pointer::Unknown(name) => self.error(id, format!("unknown pointer #{name}")),
        }
    }

    fn conditional(&mut self, condition: NodeId, then: NodeId, otherwise: NodeId) -> Checked {
        let ty = self.visit(condition)?;
        if !ty.is_bool() && !ty.is_any() {
            return self.error(
                condition,
                format!(
                    "non-bool expression (type {}) used as condition",
                    self.name(&ty)
                ),
            );
        }
        let then = self.visit(then)?;
        let otherwise = self.visit(otherwise)?;
        Ok(match (then, otherwise) {
            (Type::Nil, other) | (other, Type::Nil) => other,
            (Type::Any, _) | (_, Type::Any) if self.newer() => Type::Any,
            (Type::Array(a), Type::Array(b)) if self.newer() => {
                let same = a.assignable_to(&b) && b.assignable_to(&a);
                if same { Type::Array(a) } else { Type::array() }
            }
            (then, otherwise) if then.assignable_to(&otherwise) => then,
            _ => Type::Any,
        })
    }

    fn array(&mut self, nodes: &[NodeId]) -> Checked<Known> {
        let mut previous: Option<Type> = None;
        let mut same = true;
        for node in nodes {
            let ty = self.visit(*node)?;
            if let Some(previous) = &previous {
                let nil = !self.newer() && (ty.is_nil() || previous.is_nil());
                same &= !nil && self.literal_kind(&ty) == self.literal_kind(previous);
            }
            previous = Some(ty);
        }
        if self.newer() {
            return Ok(match previous {
                Some(element) if same => Type::array_of(element),
                _ => Type::array(),
            }
            .into());
        }
        Ok(Known {
            element: previous.filter(|ty| same && !ty.is_nil()),
            ..Type::array().into()
        })
    }

    /// What must agree for the elements of a literal to be of one type. The newer checker has no
    /// kind for what it does not know, as it has none for nil.
    fn literal_kind(&self, ty: &Type) -> Kind {
        match ty {
            Type::Any if self.newer() => Kind::Invalid,
            other => other.kind(),
        }
    }

    fn slice(
        &mut self,
        id: NodeId,
        node: NodeId,
        from: Option<NodeId>,
        to: Option<NodeId>,
    ) -> Checked {
        let ty = self.visit(node)?;
        if ty.is_any() && self.newer() {
            // The newer checker does not look at the bounds then, but their types are needed.
            for bound in from.into_iter().chain(to) {
                self.visit_quietly(bound);
            }
            return Ok(ty);
        }
        if !matches!(ty.kind(), Kind::Interface | Kind::Text | Kind::Slice) {
            return self.error(id, format!("cannot slice {}", self.name(&ty)));
        }
        for bound in from.into_iter().chain(to) {
            let index = self.visit(bound)?;
            if !index.is_integer(!self.newer()) && !index.is_any() {
                return self.error(
                    bound,
                    format!("non-integer slice index {}", self.name(&index)),
                );
            }
        }
        Ok(ty)
    }

    /// Types a part that the original leaves unchecked: what is wrong in it shows at run time.
    fn visit_quietly(&mut self, id: NodeId) {
        let scopes = (self.predicates.len(), self.variables.len());
        if self.visit(id).is_err() {
            self.predicates.truncate(scopes.0);
            self.variables.truncate(scopes.1);
        }
    }

    fn member(
        &mut self,
        id: NodeId,
        node: NodeId,
        property: NodeId,
        method: bool,
    ) -> Checked<Known> {
        let name = constant_text(self.ast, property).cloned();
        if matches!(self.ast.kind(node), NodeKind::Identifier(name) if &**name == "$env") {
            // The environment is not declared, so it has whatever is asked for.
            self.types[node.index()] = Some(Type::Map);
            match name {
                Some(_) => self.types[property.index()] = Some(Type::Text),
                None => self.visit_quietly(property),
            }
            return Ok(Type::Any.into());
        }
        let base = self.visit(node)?;
        let key = self.visit(property)?;
        if base.is_any() {
            return Ok(Type::Any.into());
        }
        if let Some(name) = &name {
            if base.is_nil() {
                let nil = if self.newer() { "nil" } else { "<nil>" };
                return self.error(id, format!("type {nil} has no field {name}"));
            }
            if let Some(found) = super::methods::of_type(&base, name) {
                return Ok(Type::Func(Arc::new(found.signature())).into());
            }
        }
        match base.kind() {
            Kind::Map => {
                let fits = key.assignable_to(&base.key())
                    || key.is_any()
                    || key.is_nil() && (!self.newer() || base.key().is_any());
                if !fits {
                    return self.error(
                        property,
                        format!(
                            "cannot use {} to get an element from {}",
                            self.name(&key),
                            self.name(&base)
                        ),
                    );
                }
                Ok(base.element().into())
            }
            Kind::Slice => {
                if !key.is_integer(!self.newer()) && !key.is_any() {
                    return self.error(
                        property,
                        format!(
                            "array elements can only be selected using an integer (got {})",
                            self.name(&key)
                        ),
                    );
                }
                Ok(base.element().into())
            }
            kind => {
                let structure = matches!(kind, Kind::Struct | Kind::Pointer);
                let shown = match &base {
                    Type::Zone => "time.Location".to_owned(),
                    other => self.name(other),
                };
                match name {
                    Some(name) if structure || self.newer() => {
                        let what = if method { "method" } else { "field" };
                        self.error(id, format!("type {shown} has no {what} {name}"))
                    }
                    _ => {
                        let key = self.name(&key);
                        self.error(id, format!("type {shown}[{key}] is undefined"))
                    }
                }
            }
        }
    }
}
