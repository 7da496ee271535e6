//! Built-ins and the loops that they stand for.

use super::{Compiled, Compiler, PENDING, count};
use crate::expr::ast::{BuiltinCall, NodeId};
use crate::expr::builtins::Builtin;
use crate::expr::code::Op;
use crate::expr::value::Value;

impl Compiler<'_> {
    pub(super) fn builtin(&mut self, id: NodeId, call: &BuiltinCall) -> Compiled {
        if call.builtin.shape().is_none() {
            for argument in &call.arguments {
                self.node(*argument)?;
            }
            self.emit(
                Op::CallBuiltin(call.builtin, count(call.arguments.len())),
                id,
            );
            return Ok(());
        }
        let Some(list) = call.arguments.first() else {
            return Ok(());
        };
        self.node(*list)?;
        self.emit(Op::Begin, id);
        match call.builtin {
            Builtin::All => self.until(id, call, true, false)?,
            Builtin::None => self.until(id, call, true, true)?,
            Builtin::Any => self.until(id, call, false, false)?,
            Builtin::One | Builtin::Count => self.counting(id, call)?,
            Builtin::Filter => {
                self.each(id, |this| {
                    this.predicate(id, call)?;
                    this.when_true(id, |this| {
                        this.emit(Op::IncrementCount, id);
                        this.found(id, call)
                    })
                })?;
                self.emit(Op::CollectCounted, id);
            }
            Builtin::Map => {
                self.each(id, |this| this.predicate(id, call))?;
                self.emit(Op::CollectAll, id);
            }
            Builtin::Find | Builtin::FindIndex | Builtin::FindLast | Builtin::FindLastIndex => {
                self.finding(id, call)?;
            }
            Builtin::Sum => {
                self.push(Value::Int(0), id);
                self.emit(Op::SetAccumulator, id);
                self.each(id, |this| {
                    this.predicate(id, call)?;
                    this.emit(Op::Accumulator, id);
                    this.emit(Op::Add, id);
                    this.emit(Op::SetAccumulator, id);
                    Ok(())
                })?;
                self.emit(Op::Accumulator, id);
                self.emit(Op::End, id);
            }
            Builtin::GroupBy => {
                self.emit(Op::BeginGroups, id);
                self.each(id, |this| {
                    this.predicate(id, call)?;
                    this.emit(Op::GroupKey, id);
                    Ok(())
                })?;
                self.emit(Op::Groups, id);
                self.emit(Op::End, id);
            }
            Builtin::SortBy => {
                match call.arguments.get(2) {
                    Some(order) => self.node(*order)?,
                    None => self.push(Value::text("asc"), id),
                }
                self.emit(Op::BeginSort, id);
                self.each(id, |this| {
                    this.predicate(id, call)?;
                    this.emit(Op::SortKey, id);
                    Ok(())
                })?;
                self.emit(Op::Sort, id);
                self.emit(Op::End, id);
            }
            _ => {
                match call.arguments.get(2) {
                    Some(initial) => self.node(*initial)?,
                    None => {
                        self.emit(Op::Item, id);
                        self.emit(Op::NextIndex, id);
                    }
                }
                self.emit(Op::SetAccumulator, id);
                self.each(id, |this| {
                    this.predicate(id, call)?;
                    this.emit(Op::SetAccumulator, id);
                    Ok(())
                })?;
                self.emit(Op::Accumulator, id);
                self.emit(Op::End, id);
            }
        }
        Ok(())
    }

    /// The predicate of the present element; without one, the element itself.
    fn predicate(&mut self, id: NodeId, call: &BuiltinCall) -> Compiled {
        match call.arguments.get(1) {
            Some(predicate) => self.node(*predicate),
            None => {
                self.emit(Op::Item, id);
                Ok(())
            }
        }
    }

    /// What a found element contributes.
    fn found(&mut self, id: NodeId, call: &BuiltinCall) -> Compiled {
        match call.map {
            Some(map) => self.node(map),
            None => {
                self.emit(Op::Item, id);
                Ok(())
            }
        }
    }

    fn each(&mut self, id: NodeId, body: impl FnOnce(&mut Self) -> Compiled) -> Compiled {
        let begin = self.here();
        let end = self.emit(Op::JumpIfEnd(PENDING), id);
        body(self)?;
        self.emit(Op::NextIndex, id);
        self.emit(Op::JumpBack(begin), id);
        self.patch(end);
        Ok(())
    }

    fn when_true(&mut self, id: NodeId, body: impl FnOnce(&mut Self) -> Compiled) -> Compiled {
        let no = self.emit(Op::JumpIfFalse(PENDING), id);
        self.emit(Op::Pop, id);
        body(self)?;
        let end = self.emit(Op::Jump(PENDING), id);
        self.patch(no);
        self.emit(Op::Pop, id);
        self.patch(end);
        Ok(())
    }

    /// `all`, `none`, `any`: the first element that decides ends the loop.
    fn until(
        &mut self,
        id: NodeId,
        call: &BuiltinCall,
        otherwise: bool,
        negated: bool,
    ) -> Compiled {
        let mut decided = 0;
        self.each(id, |this| {
            this.predicate(id, call)?;
            if negated {
                this.emit(Op::Not, id);
            }
            decided = this.emit(
                if otherwise {
                    Op::JumpIfFalse(PENDING)
                } else {
                    Op::JumpIfTrue(PENDING)
                },
                id,
            );
            this.emit(Op::Pop, id);
            Ok(())
        })?;
        self.push(Value::Bool(otherwise), id);
        self.patch(decided);
        self.emit(Op::End, id);
        Ok(())
    }

    fn counting(&mut self, id: NodeId, call: &BuiltinCall) -> Compiled {
        let mut enough = None;
        self.each(id, |this| {
            this.predicate(id, call)?;
            this.when_true(id, |this| {
                this.emit(Op::IncrementCount, id);
                if let Some(threshold) = call.threshold {
                    let constant = this.constant(Value::Int(threshold));
                    enough = Some(this.emit(Op::JumpIfCount(constant, PENDING), id));
                }
                Ok(())
            })
        })?;
        if let Some(enough) = enough {
            self.patch(enough);
        }
        self.emit(Op::Count, id);
        if call.builtin == Builtin::One {
            self.push(Value::Int(1), id);
            self.emit(Op::Equal, id);
        }
        self.emit(Op::End, id);
        Ok(())
    }

    fn finding(&mut self, id: NodeId, call: &BuiltinCall) -> Compiled {
        let backwards = matches!(call.builtin, Builtin::FindLast | Builtin::FindLastIndex);
        let index = matches!(call.builtin, Builtin::FindIndex | Builtin::FindLastIndex);
        if backwards {
            self.emit(Op::LastIndex, id);
        }
        let begin = self.here();
        let end = self.emit(
            if backwards {
                Op::JumpIfStart(PENDING)
            } else {
                Op::JumpIfEnd(PENDING)
            },
            id,
        );
        self.predicate(id, call)?;
        let no = self.emit(Op::JumpIfFalse(PENDING), id);
        self.emit(Op::Pop, id);
        if index {
            self.emit(Op::Index, id);
        } else {
            self.found(id, call)?;
        }
        let found = self.emit(Op::Jump(PENDING), id);
        self.patch(no);
        self.emit(Op::Pop, id);
        self.emit(
            if backwards {
                Op::PreviousIndex
            } else {
                Op::NextIndex
            },
            id,
        );
        self.emit(Op::JumpBack(begin), id);
        self.patch(end);
        if call.throws {
            self.emit(Op::NotFound, id);
        } else {
            self.push(Value::Nil, id);
        }
        self.patch(found);
        self.emit(Op::End, id);
        Ok(())
    }
}
