//! Short forms for the rows of the function tables.

use super::{Call, Function, Signature};
use crate::template::Failure;
use crate::template::value::Type;

/// A function with exactly these parameters.
pub(super) const fn fixed(
    name: &'static str,
    params: &'static [Type],
    result: Type,
    call: Call,
) -> Function {
    Function {
        name,
        signature: Signature::fixed(params, result),
        call,
    }
}

/// A function whose last parameter repeats.
pub(super) const fn variadic(
    name: &'static str,
    params: &'static [Type],
    result: Type,
    call: Call,
) -> Function {
    Function {
        name,
        signature: Signature::variadic(params, result),
        call,
    }
}

/// What a function answers to arguments that its signature rules out: the evaluator checks them
/// before, so this is never seen unless the table and the function disagree.
pub(super) fn mismatch() -> Failure {
    Failure::new("the arguments do not fit the function's signature")
}
