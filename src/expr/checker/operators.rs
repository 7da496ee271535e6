//! Which operands the original's checker lets operators have, and what they give.

use super::super::ast::{BinaryOp, NodeId, NodeKind, UnaryOp};
use super::super::types::Type;
use super::{Checked, Checker};
use crate::golang::regex;

impl Checker<'_> {
    /// Whether one side is unknown and the other is fine, or both are unknown.
    fn maybe(&self, left: &Type, right: &Type, fine: impl Fn(&Type) -> bool) -> bool {
        match (left.is_any(), right.is_any()) {
            (true, true) => true,
            (true, false) => fine(right),
            (false, true) => fine(left),
            (false, false) => false,
        }
    }

    pub(super) fn unary(&mut self, id: NodeId, op: UnaryOp, token: &str, node: NodeId) -> Checked {
        let ty = self.visit(node)?;
        let named = !self.newer();
        match op {
            UnaryOp::Not if ty.is_bool() || ty.is_any() => Ok(Type::Bool),
            UnaryOp::Negate | UnaryOp::Plus if ty.is_number(named) => Ok(ty),
            UnaryOp::Negate | UnaryOp::Plus if ty.is_any() => Ok(Type::Any),
            _ => self.error(
                id,
                format!(
                    "invalid operation: {token} (mismatched type {})",
                    self.name(&ty)
                ),
            ),
        }
    }

    pub(super) fn binary(
        &mut self,
        id: NodeId,
        op: BinaryOp,
        token: &str,
        left_id: NodeId,
        right_id: NodeId,
    ) -> Checked {
        let left = self.visit(left_id)?;
        let right_known = self.visit_known(right_id)?;
        let right = right_known.ty;
        let result = match op {
            BinaryOp::Equal | BinaryOp::NotEqual => {
                self.comparable(&left, &right).then_some(Type::Bool)
            }
            BinaryOp::Or | BinaryOp::And => (left.is_bool() && right.is_bool()
                || self.maybe(&left, &right, Type::is_bool))
            .then_some(Type::Bool),
            BinaryOp::Less | BinaryOp::More | BinaryOp::LessOrEqual | BinaryOp::MoreOrEqual => {
                self.ordering(&left, &right)
            }
            BinaryOp::Add => self.addition(&left, &right),
            BinaryOp::Subtract => self.subtraction(&left, &right),
            BinaryOp::Multiply => self.multiplication(&left, &right),
            BinaryOp::Divide | BinaryOp::Power => {
                let number = |ty: &Type| ty.is_number(!self.newer());
                (number(&left) && number(&right) || self.maybe(&left, &right, number))
                    .then_some(Type::Float)
            }
            BinaryOp::Modulo => self.remainder(&left, &right),
            BinaryOp::In => return self.membership(id, &left, &right, right_known.element),
            BinaryOp::Matches => {
                if let NodeKind::Text(pattern) = self.ast.kind(right_id)
                    && let Err(error) = regex::compile(pattern)
                {
                    return self.error(id, error.to_string());
                }
                let subject = left.is_text() || self.newer() && left == Type::Bytes;
                (subject && right.is_text() || self.maybe(&left, &right, Type::is_text))
                    .then_some(Type::Bool)
            }
            BinaryOp::Contains | BinaryOp::StartsWith | BinaryOp::EndsWith => {
                (left.is_text() && right.is_text() || self.maybe(&left, &right, Type::is_text))
                    .then_some(Type::Bool)
            }
            BinaryOp::Range => {
                let integer = |ty: &Type| ty.is_integer(!self.newer());
                let list = if self.newer() {
                    Type::array_of(Type::Int)
                } else {
                    Type::Ints
                };
                (integer(&left) && integer(&right) || self.maybe(&left, &right, integer))
                    .then_some(list)
            }
            BinaryOp::Coalesce => Some(match (&left, &right) {
                (Type::Nil, _) => right.clone(),
                (_, Type::Nil) => left.clone(),
                _ if self.newer() && right.is_any() => Type::Any,
                _ if right.assignable_to(&left) => left.clone(),
                _ => Type::Any,
            }),
        };
        match result {
            Some(ty) => Ok(ty),
            None => self.mismatch(id, token, &left, &right),
        }
    }

    fn mismatch(&self, id: NodeId, token: &str, left: &Type, right: &Type) -> Checked {
        self.error(
            id,
            format!(
                "invalid operation: {token} (mismatched types {} and {})",
                self.name(left),
                self.name(right)
            ),
        )
    }

    /// Whether `==` between them can ever make sense.
    fn comparable(&self, left: &Type, right: &Type) -> bool {
        if left.is_nil() || right.is_nil() || left.is_any() || right.is_any() {
            return true;
        }
        if self.newer() {
            return left.is_number(false) && right.is_number(false)
                || left.is_list() && right.is_list()
                || left.assignable_to(right);
        }
        left.kind() == right.kind() || left.is_number(true) && right.is_number(true)
    }

    fn ordering(&self, left: &Type, right: &Type) -> Option<Type> {
        let named = !self.newer();
        let number = |ty: &Type| ty.is_number(named);
        let sortable = |ty: &Type| {
            number(ty) || ty.is_text() || *ty == Type::Time || self.newer() && *ty == Type::Duration
        };
        let known = number(left) && number(right)
            || left.is_text() && right.is_text()
            || *left == Type::Time && *right == Type::Time
            || self.newer() && *left == Type::Duration && *right == Type::Duration;
        (known || self.maybe(left, right, sortable)).then_some(Type::Bool)
    }

    /// The type of `+`, `-`, `*` of two numbers.
    fn combined(&self, left: &Type, right: &Type) -> Type {
        if *left == Type::Float || *right == Type::Float {
            if left.kind() == right.kind() {
                return left.clone();
            }
            return Type::Float;
        }
        if !self.newer() && left.kind() == right.kind() {
            return left.clone();
        }
        Type::Int
    }

    fn addition(&self, left: &Type, right: &Type) -> Option<Type> {
        let named = !self.newer();
        match (left, right) {
            (Type::Text, Type::Text) => Some(Type::Text),
            (Type::Time, Type::Duration) | (Type::Duration, Type::Time) => Some(Type::Time),
            (Type::Duration, Type::Duration) => Some(Type::Duration),
            _ if left.is_number(named) && right.is_number(named) => {
                Some(self.combined(left, right))
            }
            _ => self
                .maybe(left, right, |ty| {
                    ty.is_number(named) || matches!(ty, Type::Text | Type::Time | Type::Duration)
                })
                .then_some(Type::Any),
        }
    }

    fn subtraction(&self, left: &Type, right: &Type) -> Option<Type> {
        let named = !self.newer();
        match (left, right) {
            (Type::Time, Type::Time) => Some(Type::Duration),
            (Type::Time, Type::Duration) => Some(Type::Time),
            (Type::Duration, Type::Duration) => Some(Type::Duration),
            _ if left.is_number(named) && right.is_number(named) => {
                Some(self.combined(left, right))
            }
            _ => self
                .maybe(left, right, |ty| {
                    ty.is_number(named) || matches!(ty, Type::Time | Type::Duration)
                })
                .then_some(Type::Any),
        }
    }

    fn multiplication(&self, left: &Type, right: &Type) -> Option<Type> {
        let named = !self.newer();
        let duration = |ty: &Type| *ty == Type::Duration;
        let factor = |ty: &Type| ty.is_number(named) || duration(ty);
        if self.newer() && factor(left) && factor(right) && (duration(left) || duration(right)) {
            return Some(Type::Duration);
        }
        if left.is_number(named) && right.is_number(named) {
            return Some(self.combined(left, right));
        }
        self.maybe(left, right, factor).then_some(Type::Any)
    }

    fn remainder(&self, left: &Type, right: &Type) -> Option<Type> {
        let integer = |ty: &Type| ty.is_integer(!self.newer());
        if integer(left) && integer(right) {
            return Some(if self.newer() {
                Type::Int
            } else {
                self.combined(left, right)
            });
        }
        let result = if self.newer() { Type::Int } else { Type::Any };
        self.maybe(left, right, integer).then_some(result)
    }

    fn membership(&self, id: NodeId, left: &Type, right: &Type, element: Option<Type>) -> Checked {
        if right.is_struct() && (left.is_text() || left.is_any()) {
            return Ok(Type::Bool);
        }
        if right.is_map() {
            let key = right.key();
            let nil = left.is_nil() && (!self.newer() || key.is_any());
            if !left.is_any() && !nil && (left.is_nil() || !left.assignable_to(&key)) {
                return self.error(
                    id,
                    format!(
                        "cannot use {} as type {} in map key",
                        self.name(left),
                        self.name(&key)
                    ),
                );
            }
            return Ok(Type::Bool);
        }
        if right.is_list() {
            for element in [Some(right.element()), element].into_iter().flatten() {
                if !self.comparable(left, &element) {
                    return self.error(
                        id,
                        format!(
                            "cannot use {} as type {} in array",
                            self.name(left),
                            self.name(&element)
                        ),
                    );
                }
            }
            return Ok(Type::Bool);
        }
        if right.is_any() || left.is_any() && right.is_text() {
            return Ok(Type::Bool);
        }
        self.mismatch(id, "in", left, right)
    }
}
