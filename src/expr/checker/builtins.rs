//! What the checker demands of the arguments of built-ins, and the types they give.

use super::super::Version;
use super::super::ast::{NodeId, NodeKind};
use super::super::builtins::Builtin;
use super::super::parser::constant_text;
use super::super::types::{Kind, Signature, Type};
use super::calls::accepts;
use super::{Checked, Checker, Scope};

impl Checker<'_> {
    pub(super) fn builtin(
        &mut self,
        id: NodeId,
        builtin: Builtin,
        arguments: &[NodeId],
    ) -> Checked {
        if builtin.shape().is_some() {
            return self.predicate_builtin(id, builtin, arguments);
        }
        if builtin == Builtin::Get {
            return self.get(id, arguments);
        }
        let types = self.visit_all(arguments)?;
        match result(builtin, &types, self.version) {
            Ok(ty) => Ok(ty),
            Err(message) => self.error(id, message),
        }
    }

    fn predicate_builtin(&mut self, id: NodeId, builtin: Builtin, arguments: &[NodeId]) -> Checked {
        let Some(collection_id) = arguments.first().copied() else {
            return self.error(id, "expected at least 1 arguments");
        };
        let collection = self.visit(collection_id)?;
        if !collection.is_list() && !collection.is_any() {
            return self.error(
                collection_id,
                format!(
                    "builtin {} takes only array (got {})",
                    builtin.name(),
                    self.name(&collection)
                ),
            );
        }
        let element = if collection.is_any() {
            Type::Any
        } else {
            collection.element()
        };
        let Some(predicate) = arguments.get(1).copied() else {
            return Ok(match builtin {
                Builtin::Count => Type::Int,
                _ => element,
            });
        };
        self.predicates.push(Scope {
            collection: collection.clone(),
            has_index: matches!(builtin, Builtin::Map | Builtin::Reduce),
            has_accumulator: builtin == Builtin::Reduce,
        });
        let predicate_type = self.visit(predicate)?;
        self.predicates.pop();
        let result = match predicate_type {
            Type::Func(signature) => signature.result.clone(),
            other => other,
        };
        if let Some(extra) = arguments.get(2).copied() {
            let ty = self.visit(extra)?;
            let order = builtin == Builtin::SortBy && self.newer();
            if order && !ty.is_text() && !ty.is_any() {
                return self.error(
                    extra,
                    format!(
                        "sortBy order argument must be a string (got {})",
                        self.name(&ty)
                    ),
                );
            }
        }
        if result.is_nil() {
            return self.error(
                predicate,
                "predicate should has one input and one output param",
            );
        }
        let wants_truth = matches!(
            builtin,
            Builtin::All
                | Builtin::None
                | Builtin::Any
                | Builtin::One
                | Builtin::Filter
                | Builtin::Count
                | Builtin::Find
                | Builtin::FindLast
                | Builtin::FindIndex
                | Builtin::FindLastIndex
        );
        if wants_truth && !result.is_bool() && !result.is_any() {
            return self.error(
                predicate,
                format!(
                    "predicate should return boolean (got {})",
                    self.name(&result)
                ),
            );
        }
        let newer = self.newer();
        Ok(match builtin {
            Builtin::All | Builtin::None | Builtin::Any | Builtin::One => Type::Bool,
            Builtin::Filter if newer && !collection.is_any() => Type::array_of(element),
            Builtin::Map if newer => Type::array_of(result),
            Builtin::Filter | Builtin::Map => Type::array(),
            Builtin::Count | Builtin::FindIndex | Builtin::FindLastIndex => Type::Int,
            Builtin::Find | Builtin::FindLast => element,
            Builtin::GroupBy => Type::Groups,
            Builtin::SortBy if newer => collection,
            Builtin::SortBy => Type::array(),
            _ => result,
        })
    }

    fn get(&mut self, id: NodeId, arguments: &[NodeId]) -> Checked {
        let [from, key] = arguments else {
            for argument in arguments {
                self.visit_quietly(*argument);
            }
            return self.error(
                id,
                format!(
                    "invalid number of arguments (expected 2, got {})",
                    arguments.len()
                ),
            );
        };
        let env = matches!(self.ast.kind(*from), NodeKind::Identifier(name) if &**name == "$env");
        if env && !self.newer() {
            self.types[from.index()] = Some(Type::Map);
            if constant_text(self.ast, *key).is_some() {
                self.types[key.index()] = Some(Type::Text);
                // Nothing is declared, which the older checker takes for the type of nil.
                return Ok(Type::Nil);
            }
            self.visit_quietly(*key);
            return Ok(Type::Any);
        }
        let base = self.visit(*from)?;
        if base.is_any() {
            if self.newer() {
                self.visit(*key)?;
            } else {
                self.visit_quietly(*key);
            }
            return Ok(Type::Any);
        }
        match base.kind() {
            Kind::Slice => {
                let ty = self.visit(*key)?;
                if ty.is_nil() && !self.newer() {
                    return self.error(*key, "cannot use nil as slice index");
                }
                if !ty.is_integer(!self.newer()) && !ty.is_any() {
                    return self.error(*key, format!("non-integer slice index {}", self.name(&ty)));
                }
                Ok(base.element())
            }
            Kind::Map => {
                let ty = self.visit(*key)?;
                if ty.is_nil() && !self.newer() {
                    return self.error(*key, "cannot use nil as map index");
                }
                let nil_fits = ty.is_nil() && base.key().is_any();
                let fits = !ty.is_nil() && ty.assignable_to(&base.key());
                if !fits && !nil_fits && !ty.is_any() {
                    return self.error(
                        *key,
                        format!(
                            "cannot use {} to get an element from {}",
                            self.name(&ty),
                            self.name(&base)
                        ),
                    );
                }
                Ok(base.element())
            }
            _ => self.error(
                *from,
                format!("type {} does not support indexing", self.name(&base)),
            ),
        }
    }
}

fn signature(params: &[Type], result: Type) -> Signature {
    Signature {
        params: params.to_vec(),
        results: 1,
        result,
        variadic: false,
    }
}

/// The signatures of built-ins that have fixed ones; the last is named in errors.
fn overloads(builtin: Builtin) -> Vec<Signature> {
    use Type::{Any, Duration, Float, Int, Text, Zone};
    let text = || Text;
    let strings = |counts: &[usize], result: Type| {
        counts
            .iter()
            .map(|count| signature(&vec![text(); *count], result.clone()))
            .collect()
    };
    match builtin {
        Builtin::Type => vec![signature(&[Any], Text)],
        Builtin::String | Builtin::ToJson => vec![signature(&[Any], Text)],
        Builtin::Trim => strings(&[1, 2], Text),
        Builtin::TrimPrefix | Builtin::TrimSuffix => strings(&[2, 1], Text),
        Builtin::Upper | Builtin::Lower | Builtin::ToBase64 | Builtin::FromBase64 => {
            strings(&[1], Text)
        }
        Builtin::Split | Builtin::SplitAfter => vec![
            signature(&[Text, Text], Type::Texts),
            signature(&[Text, Text, Int], Type::Texts),
        ],
        Builtin::Replace => vec![
            signature(&[Text, Text, Text, Int], Text),
            signature(&[Text, Text, Text], Text),
        ],
        Builtin::Repeat => vec![signature(&[Text, Int], Text)],
        Builtin::Join => vec![
            signature(&[Type::Texts, Text], Text),
            signature(&[Type::array(), Text], Text),
            signature(&[Type::array()], Text),
            signature(&[Type::Texts, Text], Text),
            signature(&[Type::Texts], Text),
        ],
        Builtin::IndexOf | Builtin::LastIndexOf => strings(&[2], Int),
        Builtin::HasPrefix | Builtin::HasSuffix => strings(&[2], Type::Bool),
        Builtin::FromJson => vec![signature(&[Text], Any)],
        Builtin::Duration => vec![Signature {
            results: 2,
            ..signature(&[Text], Duration)
        }],
        Builtin::Timezone => vec![Signature {
            results: 2,
            ..signature(&[Text], Zone)
        }],
        Builtin::Sort => {
            let lists = [Type::array(), Type::Ints, Type::Floats, Type::Texts];
            let ordered = lists
                .iter()
                .map(|list| signature(&[list.clone(), Text], Type::array()));
            let plain = [Type::array(), Type::Floats, Type::Texts, Type::Ints];
            let plain = plain
                .iter()
                .map(|list| signature(std::slice::from_ref(list), Type::array()));
            ordered.chain(plain).collect()
        }
        Builtin::BitAnd
        | Builtin::BitOr
        | Builtin::BitXor
        | Builtin::BitNand
        | Builtin::BitShl
        | Builtin::BitShr
        | Builtin::BitUshr => vec![signature(&[Int, Int], Int)],
        Builtin::BitNot => vec![signature(&[Int], Int)],
        Builtin::Mean | Builtin::Median => vec![signature(&[Any], Float)],
        _ => Vec::new(),
    }
}

/// The type of a built-in's bare name.
pub(super) fn function_type(builtin: Builtin) -> Type {
    let predicate = |result| Type::func(vec![Type::Any], result);
    let over_list = |result: Type, extra: &[Type], returns: Type| {
        let mut params = vec![Type::array(), predicate(result)];
        params.extend_from_slice(extra);
        Type::func(params, returns)
    };
    match builtin {
        Builtin::All | Builtin::None | Builtin::Any | Builtin::One => {
            over_list(Type::Bool, &[], Type::Bool)
        }
        Builtin::Filter => over_list(Type::Bool, &[], Type::array()),
        Builtin::Map => over_list(Type::Any, &[], Type::array()),
        Builtin::Find | Builtin::FindLast => over_list(Type::Bool, &[], Type::Any),
        Builtin::FindIndex | Builtin::FindLastIndex | Builtin::Count | Builtin::Sum => {
            over_list(Type::Bool, &[], Type::Int)
        }
        Builtin::GroupBy => over_list(Type::Any, &[], Type::Groups),
        Builtin::SortBy => over_list(Type::Bool, &[Type::Text], Type::array()),
        Builtin::Reduce => over_list(Type::Any, &[Type::Any], Type::Any),
        _ => {
            let known = match builtin {
                Builtin::Mean | Builtin::Median => None,
                other => overloads(other).into_iter().next(),
            };
            Type::Func(std::sync::Arc::new(known.unwrap_or(Signature {
                params: vec![Type::Any],
                results: 2,
                result: Type::Any,
                variadic: true,
            })))
        }
    }
}

fn shown(ty: &Type) -> String {
    match ty {
        // The original formats a missing type as a string.
        Type::Nil => "%!s(<nil>)".to_owned(),
        other => other.to_string(),
    }
}

fn count_is(arguments: &[Type], expected: usize) -> Result<(), String> {
    if arguments.len() == expected {
        return Ok(());
    }
    Err(format!(
        "invalid number of arguments (expected {expected}, got {})",
        arguments.len()
    ))
}

fn is_numeric(ty: &Type) -> bool {
    ty.is_number(true)
}

/// The type that a call gives, or why the checker refuses it.
pub(super) fn result(
    builtin: Builtin,
    arguments: &[Type],
    version: Version,
) -> Result<Type, String> {
    let newer = version == Version::V1_17;
    let name = builtin.name();
    let first = arguments.first().unwrap_or(&Type::Nil);
    match builtin {
        Builtin::Len => {
            count_is(arguments, 1)?;
            match first.kind() {
                Kind::Slice | Kind::Map | Kind::Text | Kind::Interface => Ok(Type::Int),
                _ => Err(format!("invalid argument for len (type {})", shown(first))),
            }
        }
        Builtin::Abs | Builtin::Ceil | Builtin::Floor | Builtin::Round => {
            count_is(arguments, 1)?;
            if !is_numeric(first) && !first.is_any() {
                return Err(format!(
                    "invalid argument for {name} (type {})",
                    shown(first)
                ));
            }
            Ok(match builtin {
                Builtin::Abs => first.clone(),
                _ => Type::Float,
            })
        }
        Builtin::Int | Builtin::Float => {
            count_is(arguments, 1)?;
            if !is_numeric(first) && !first.is_any() && !first.is_text() {
                return Err(format!(
                    "invalid argument for {name} (type {})",
                    shown(first)
                ));
            }
            Ok(match builtin {
                Builtin::Int => Type::Int,
                _ => Type::Float,
            })
        }
        Builtin::Max | Builtin::Min | Builtin::Mean | Builtin::Median => {
            if arguments.is_empty() {
                return Err(format!("not enough arguments to call {name}"));
            }
            for argument in arguments {
                match argument.kind() {
                    Kind::Interface | Kind::Slice => return Ok(Type::Any),
                    _ if is_numeric(argument) => {}
                    _ => {
                        let ty = shown(argument);
                        return Err(format!("invalid argument for {name} (type {ty})"));
                    }
                }
            }
            Ok(first.clone())
        }
        Builtin::Now => match arguments {
            [] => Ok(Type::Time),
            [Type::Zone] => Ok(Type::Time),
            _ => count_is(arguments, 0).map(|()| Type::Time),
        },
        Builtin::Date => {
            if arguments.is_empty() {
                return Err("invalid number of arguments (expected at least 1, got 0)".to_owned());
            }
            let given = arguments.len() - usize::from(*first == Type::Zone);
            if given > 3 {
                return Err(format!(
                    "invalid number of arguments (expected at most 3, got {given})"
                ));
            }
            Ok(Type::Time)
        }
        Builtin::First | Builtin::Last => {
            count_is(arguments, 1)?;
            match first.kind() {
                Kind::Interface => Ok(Type::Any),
                // Go's types of elements, also where the newer checker knows better.
                Kind::Slice => Ok(match first {
                    Type::Array(_) => Type::Any,
                    other => other.element(),
                }),
                _ => Err(format!("cannot get {name} element from {}", shown(first))),
            }
        }
        Builtin::Take => {
            count_is(arguments, 2)?;
            if !matches!(first.kind(), Kind::Interface | Kind::Slice) {
                return Err(format!("cannot take from {}", shown(first)));
            }
            let count = &arguments[1];
            if !matches!(count.kind(), Kind::Interface | Kind::Int | Kind::Int64) {
                return Err(format!("cannot take {} elements", shown(count)));
            }
            Ok(match first {
                Type::Array(_) => Type::array(),
                other => other.clone(),
            })
        }
        Builtin::Keys | Builtin::Values | Builtin::ToPairs => {
            count_is(arguments, 1)?;
            match first.kind() {
                Kind::Interface | Kind::Map => Ok(Type::array()),
                _ if builtin == Builtin::ToPairs => {
                    Err(format!("cannot transform {} to pairs", shown(first)))
                }
                _ => Err(format!("cannot get {name} from {}", shown(first))),
            }
        }
        Builtin::FromPairs => {
            count_is(arguments, 1)?;
            match first.kind() {
                Kind::Interface | Kind::Slice => Ok(Type::AnyMap),
                _ => Err(format!("cannot transform {} from pairs", shown(first))),
            }
        }
        Builtin::Reverse | Builtin::Uniq | Builtin::Flatten => {
            count_is(arguments, 1)?;
            match first.kind() {
                Kind::Interface | Kind::Slice => Ok(Type::array()),
                _ => Err(format!("cannot {name} {}", shown(first))),
            }
        }
        Builtin::Concat => {
            if arguments.is_empty() {
                return Err("invalid number of arguments (expected at least 1, got 0)".to_owned());
            }
            match arguments
                .iter()
                .find(|ty| !matches!(ty.kind(), Kind::Interface | Kind::Slice))
            {
                Some(ty) => Err(format!("cannot concat {}", shown(ty))),
                None => Ok(Type::array()),
            }
        }
        _ => {
            let mut refused = format!("no matching overload for {name}");
            for overload in overloads(builtin) {
                match accepts(&overload, name, arguments, newer) {
                    Ok(ty) => return Ok(ty),
                    Err((_, message)) => refused = message,
                }
            }
            Err(refused)
        }
    }
}
