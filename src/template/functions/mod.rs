//! The functions that templates can call.
//!
//! Each group is a table in a file of its own: name, Go signature, implementation. The signature is
//! what Go's reflection would see; the evaluator checks the number and the types of the arguments
//! against it before it calls the implementation, as Go does. To add a function, add one row to a
//! group's table.

pub(super) mod builtin;
mod casing;
pub(super) mod cast;
mod crypto;
mod dates;
mod decimal;
mod defaults;
mod dicts;
mod encoding;
mod equality;
mod flow;
mod json;
mod layout;
mod lists;
mod math;
mod merge;
mod network;
mod paths;
mod random;
mod reflection;
mod regexes;
mod row;
mod runes;
mod search;
mod semver;
mod string_lists;
mod strings;
mod urls;

use super::value::{Type, Value};
use super::{Failure, Session};
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, LazyLock};

/// The groups, in order of precedence: a name in an earlier group hides the same name in later
/// ones, as Sprig's `slice` hides the built-in one.
static GROUPS: &[&[Function]] = &[
    strings::FUNCTIONS,
    casing::FUNCTIONS,
    layout::FUNCTIONS,
    string_lists::FUNCTIONS,
    lists::FUNCTIONS,
    dicts::FUNCTIONS,
    merge::FUNCTIONS,
    defaults::FUNCTIONS,
    json::FUNCTIONS,
    math::FUNCTIONS,
    dates::FUNCTIONS,
    encoding::FUNCTIONS,
    crypto::FUNCTIONS,
    random::FUNCTIONS,
    network::FUNCTIONS,
    regexes::FUNCTIONS,
    semver::FUNCTIONS,
    urls::FUNCTIONS,
    paths::FUNCTIONS,
    reflection::FUNCTIONS,
    flow::FUNCTIONS,
    builtin::FUNCTIONS,
];

static BY_NAME: LazyLock<HashMap<&'static str, &'static Function>> = LazyLock::new(|| {
    let mut names = HashMap::new();
    for function in GROUPS.iter().copied().flatten() {
        names.entry(function.name).or_insert(function);
    }
    names
});

/// The function of this name.
pub fn find(name: &str) -> Option<&'static Function> {
    BY_NAME.get(name).copied()
}

/// The names of all functions, sorted.
pub fn names() -> Vec<&'static str> {
    let mut names: Vec<_> = BY_NAME.keys().copied().collect();
    names.sort_unstable();
    names
}

/// One function of the template language.
#[derive(Debug)]
pub struct Function {
    /// The name in templates.
    pub name: &'static str,
    /// What it takes and gives.
    pub signature: Signature,
    /// The implementation.
    pub call: Call,
}

/// An implementation: checked arguments → result. It may rely on the number and the types that the
/// signature states. `Err` ends the rendering, like an error or a panic of the Go function.
pub type Call = for<'s, 'v> fn(&'s Session<'v>, &'s [Value<'v>]) -> Result<Value<'v>, Failure>;

/// A function's parameters and result, as Go declares them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signature {
    /// The parameter types; of a variadic function the last one is the type of each further
    /// argument.
    pub params: &'static [Type],
    /// Whether the last parameter can be given any number of times, also not at all.
    pub variadic: bool,
    /// The type of the result.
    pub result: Type,
}

impl Signature {
    /// A function with exactly these parameters.
    pub const fn fixed(params: &'static [Type], result: Type) -> Self {
        Signature {
            params,
            variadic: false,
            result,
        }
    }

    /// A function whose last parameter repeats.
    pub const fn variadic(params: &'static [Type], result: Type) -> Self {
        Signature {
            params,
            variadic: true,
            result,
        }
    }

    /// How many arguments there must be at least.
    pub fn required(&self) -> usize {
        self.params.len() - usize::from(self.variadic)
    }

    /// Whether this many arguments can be given.
    pub fn accepts(&self, count: usize) -> bool {
        count == self.params.len() || self.variadic && count >= self.required()
    }

    /// The type of the parameter that the argument at this position is for.
    pub fn param(&self, position: usize) -> Type {
        let last = self.params.len().saturating_sub(1);
        self.params
            .get(position.min(last))
            .copied()
            .unwrap_or(Type::Any)
    }
}

impl fmt::Display for Signature {
    /// Go's form: `func(string, ...int) string`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("func(")?;
        for (position, param) in self.params.iter().enumerate() {
            if position > 0 {
                f.write_str(", ")?;
            }
            if self.variadic && position + 1 == self.params.len() {
                f.write_str("...")?;
            }
            write!(f, "{param}")?;
        }
        write!(f, ") {}", self.result)
    }
}

/// A function that the program gives to templates as a variable, to be called by `call`.
#[derive(Clone)]
pub struct HostFunction {
    /// The name, for messages.
    pub name: String,
    /// What it takes and gives.
    pub signature: Signature,
    /// The implementation; as for [`Function::call`].
    pub call: Arc<HostCall>,
}

/// The implementation of a [`HostFunction`].
pub type HostCall = dyn for<'s, 'v> Fn(&'s Session<'v>, &'s [Value<'v>]) -> Result<Value<'v>, Failure>
    + Send
    + Sync;

impl HostFunction {
    /// A function with this name, these parameters and this implementation.
    pub fn new(
        name: impl Into<String>,
        signature: Signature,
        call: impl for<'s, 'v> Fn(&'s Session<'v>, &'s [Value<'v>]) -> Result<Value<'v>, Failure>
        + Send
        + Sync
        + 'static,
    ) -> Self {
        HostFunction {
            name: name.into(),
            signature,
            call: Arc::new(call),
        }
    }
}

impl fmt::Debug for HostFunction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.name, self.signature)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_is_twice_in_the_groups_but_slice() {
        let mut seen = std::collections::BTreeSet::new();
        for function in GROUPS.iter().copied().flatten() {
            assert!(
                seen.insert(function.name) || function.name == "slice",
                "{} is defined twice",
                function.name
            );
        }
    }

    #[test]
    fn signatures_in_go_form() {
        let signature = Signature::variadic(&[Type::String, Type::Int], Type::String);
        assert_eq!(signature.to_string(), "func(string, ...int) string");
        assert!(signature.accepts(1) && signature.accepts(4) && !signature.accepts(0));
        assert_eq!(signature.param(7), Type::Int);
    }
}
