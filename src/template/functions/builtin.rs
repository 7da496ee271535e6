//! The functions that Go's `text/template` has built in.
//!
//! `and`, `or` and `call` are special to the evaluator: the first two do not evaluate all their
//! arguments, and the last one calls back. Their rows here give names and signatures.

use super::{Function, Signature};
use crate::golang::quote;
use crate::template::print;
use crate::template::value::{Kind, List, Type, Value};
use crate::template::{Failure, Session};
use std::cmp::Ordering;

/// Names that the evaluator treats specially.
pub const AND: &str = "and";
/// See [`AND`].
pub const OR: &str = "or";
/// See [`AND`].
pub const CALL: &str = "call";

/// The functions of this group.
pub const FUNCTIONS: &[Function] = &[
    one_or_more(AND, special),
    one_or_more(OR, special),
    Function {
        name: CALL,
        signature: Signature::variadic(&[Type::Reflect, Type::Reflect], Type::Reflect),
        call: special,
    },
    Function {
        name: "not",
        signature: Signature::fixed(&[Type::Reflect], Type::Bool),
        call: not,
    },
    Function {
        name: "len",
        signature: Signature::fixed(&[Type::Reflect], Type::Int),
        call: len,
    },
    one_or_more("index", index),
    one_or_more("slice", slice),
    texts("print", print),
    texts("println", println),
    texts("html", html),
    texts("js", js),
    texts("urlquery", urlquery),
    Function {
        name: "printf",
        signature: Signature::variadic(&[Type::String, Type::Any], Type::String),
        call: printf,
    },
    Function {
        name: "eq",
        signature: Signature::variadic(&[Type::Reflect, Type::Reflect], Type::Bool),
        call: eq,
    },
    comparison("ne", ne),
    comparison("lt", lt),
    comparison("le", le),
    comparison("gt", gt),
    comparison("ge", ge),
];

const fn one_or_more(name: &'static str, call: super::Call) -> Function {
    Function {
        name,
        signature: Signature::variadic(&[Type::Reflect, Type::Reflect], Type::Reflect),
        call,
    }
}

const fn texts(name: &'static str, call: super::Call) -> Function {
    Function {
        name,
        signature: Signature::variadic(&[Type::Any], Type::String),
        call,
    }
}

const fn comparison(name: &'static str, call: super::Call) -> Function {
    Function {
        name,
        signature: Signature::fixed(&[Type::Reflect, Type::Reflect], Type::Bool),
        call,
    }
}

fn special<'v>(_: &Session<'v>, _: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    Err(Failure::new(
        "this function can only be called by a template",
    ))
}

fn not<'v>(session: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    Ok(Value::Bool(!args.iter().any(|arg| arg.is_true(session))))
}

fn len<'v>(session: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    let length = match args {
        [Value::Text(text)] => text.len(),
        [Value::List(list)] => list.len(),
        [Value::Map(map)] => map.len(session),
        [value] if !value.is_nil() => {
            return Err(format!("len of type {}", value.type_name()).into());
        }
        _ => return Err("len of nil pointer".into()),
    };
    Ok(Value::Int(length as i64))
}

fn index<'v>(session: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    let Some((item, indexes)) = args.split_first() else {
        return Err("index of untyped nil".into());
    };
    if item.is_nil() {
        return Err("index of untyped nil".into());
    }
    let mut item = item.clone();
    for index in indexes {
        item = match &item {
            Value::Absent | Value::Nil => return Err("index of nil pointer".into()),
            Value::List(list) => {
                let position = position(index)?;
                usize::try_from(position)
                    .ok()
                    .and_then(|position| list.get(position))
                    .ok_or_else(|| out_of_range(position))?
            }
            Value::Text(text) => {
                let position = position(index)?;
                usize::try_from(position)
                    .ok()
                    .and_then(|position| text.get(position))
                    .map(|byte| Value::Uint8(*byte))
                    .ok_or_else(|| out_of_range(position))?
            }
            Value::Map(map) => match index {
                Value::Text(name) => map
                    .get(session, name)
                    .unwrap_or_else(|| Value::zero(*map.element())),
                Value::Absent | Value::Nil => {
                    return Err("value is nil; should be of type string".into());
                }
                index => {
                    return Err(
                        format!("value has type {}; should be string", index.type_name()).into(),
                    );
                }
            },
            item => return Err(format!("can't index item of type {}", item.type_name()).into()),
        };
    }
    Ok(item)
}

fn out_of_range(position: i64) -> Failure {
    Failure::new(format!("index out of range: {position}"))
}

fn position(index: &Value<'_>) -> Result<i64, Failure> {
    if let Some(position) = index.as_int() {
        return Ok(position);
    }
    match (index.as_uint(), index) {
        (Some(position), _) => Ok(i64::try_from(position).unwrap_or(-1)),
        (None, Value::Absent | Value::Nil) => Err("cannot index slice/array with nil".into()),
        (None, index) => {
            Err(format!("cannot index slice/array with type {}", index.type_name()).into())
        }
    }
}

/// Go's own `slice`; hidden by Sprig's function of the same name.
fn slice<'v>(_: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    let Some((item, indexes)) = args.split_first().filter(|(item, _)| !item.is_nil()) else {
        return Err("slice of untyped nil".into());
    };
    if indexes.len() > 3 {
        return Err(format!("too many slice indexes: {}", indexes.len()).into());
    }
    let (length, capacity) = match item {
        Value::Text(_) if indexes.len() == 3 => {
            return Err("cannot 3-index slice a string".into());
        }
        Value::Text(text) => (text.len(), text.len()),
        Value::List(list) => (list.len(), list.capacity()),
        item => return Err(format!("can't slice item of type {}", item.type_name()).into()),
    };
    let mut bounds = [0, length];
    for (bound, index) in bounds.iter_mut().zip(indexes) {
        let position = position(index)?;
        *bound = usize::try_from(position)
            .ok()
            .filter(|position| *position <= capacity)
            .ok_or_else(|| out_of_range(position))?;
    }
    let [from, to] = bounds;
    if from > to {
        return Err(format!("invalid slice index: {from} > {to}").into());
    }
    match item {
        Value::Text(text) => Ok(text.get(from..to).unwrap_or_default().to_vec().into()),
        Value::List(list) => Ok(list.slice(from, to)?.into()),
        _ => Ok(Value::List(List::nil(&Type::Any))),
    }
}

fn print<'v>(session: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    Ok(print::sprint(args, session)?.into())
}

fn println<'v>(session: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    Ok(print::sprintln(args, session)?.into())
}

fn printf<'v>(session: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    match args.split_first() {
        Some((Value::Text(format), values)) => Ok(print::sprintf(format, values, session)?.into()),
        _ => Err("printf takes a format".into()),
    }
}

/// The text of the arguments, as the escaping functions take them: one string as it is, else like
/// `print`, but nil as an action prints it.
fn joined<'v>(session: &Session<'v>, args: &[Value<'v>]) -> Result<Vec<u8>, Failure> {
    if let [Value::Text(text)] = args {
        return Ok(text.to_vec());
    }
    let args: Vec<_> = args
        .iter()
        .map(|arg| match arg {
            Value::Absent | Value::Nil => Value::from("<no value>"),
            arg => arg.clone(),
        })
        .collect();
    print::sprint(&args, session)
}

fn html<'v>(session: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    let text = joined(session, args)?;
    let mut out = Vec::with_capacity(text.len());
    for byte in text {
        match byte {
            0 => out.extend_from_slice("\u{fffd}".as_bytes()),
            b'"' => out.extend_from_slice(b"&#34;"),
            b'\'' => out.extend_from_slice(b"&#39;"),
            b'&' => out.extend_from_slice(b"&amp;"),
            b'<' => out.extend_from_slice(b"&lt;"),
            b'>' => out.extend_from_slice(b"&gt;"),
            byte => out.push(byte),
        }
    }
    Ok(out.into())
}

fn js<'v>(session: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    let text = joined(session, args)?;
    let mut out = Vec::with_capacity(text.len());
    for chunk in text.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '\\' => out.extend_from_slice(b"\\\\"),
                '\'' => out.extend_from_slice(b"\\'"),
                '"' => out.extend_from_slice(b"\\\""),
                '<' | '>' | '&' | '=' | '\0'..='\u{1f}' => {
                    out.extend_from_slice(format!("\\u{:04X}", u32::from(c)).as_bytes());
                }
                c if c.is_ascii() || quote::is_print(c) => {
                    out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
                }
                c => out.extend_from_slice(format!("\\u{:04X}", u32::from(c)).as_bytes()),
            }
        }
        // Go takes each byte for U+FFFD, which can be printed: the byte stays.
        out.extend_from_slice(chunk.invalid());
    }
    Ok(out.into())
}

fn urlquery<'v>(session: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    let text = joined(session, args)?;
    let mut out = Vec::with_capacity(text.len());
    for byte in text {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => out.push(byte),
            b' ' => out.push(b'+'),
            byte => out.extend_from_slice(format!("%{byte:02X}").as_bytes()),
        }
    }
    Ok(out.into())
}

const BAD_TYPE: &str = "invalid type for comparison";
const INCOMPATIBLE: &str = "incompatible types for comparison";

/// What Go's comparisons tell apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Basic {
    Bool,
    Complex,
    Int,
    Float,
    Text,
    Uint,
}

fn basic(value: &Value<'_>) -> Option<Basic> {
    Some(match value.kind() {
        Kind::Bool => Basic::Bool,
        Kind::Int | Kind::Int32 | Kind::Int64 => Basic::Int,
        Kind::Uint8 | Kind::Uint64 => Basic::Uint,
        Kind::Float64 => Basic::Float,
        Kind::Complex128 => Basic::Complex,
        Kind::String => Basic::Text,
        _ => return None,
    })
}

/// Integers of any type in a common one.
fn wide(value: &Value<'_>) -> Option<i128> {
    value
        .as_int()
        .map(i128::from)
        .or(value.as_uint().map(i128::from))
}

fn equal<'v>(session: &Session<'v>, a: &Value<'v>, b: &Value<'v>) -> Result<bool, Failure> {
    let (left, right) = (basic(a), basic(b));
    if left != right {
        return match (left, right) {
            (Some(Basic::Int), Some(Basic::Uint)) | (Some(Basic::Uint), Some(Basic::Int)) => {
                Ok(wide(a) == wide(b))
            }
            _ if a.is_nil() || b.is_nil() => Ok(false),
            _ => Err(INCOMPATIBLE.into()),
        };
    }
    match (a, b) {
        (a, b) if left == Some(Basic::Int) || left == Some(Basic::Uint) => Ok(wide(a) == wide(b)),
        (a, b) if left.is_some() => Ok(a.same(b).unwrap_or(false)),
        (a, b) => {
            let (nil_a, nil_b) = (is_nil(a), is_nil(b));
            if a.kind() != b.kind() && !a.is_nil() && !b.is_nil() {
                return Err(incomparable(session, a, b)?);
            }
            if nil_a || nil_b {
                return Ok(nil_a == nil_b);
            }
            match a.same(b) {
                Some(same) => Ok(same),
                None => {
                    let shown = String::from_utf8_lossy(&print::display(b, session)?).into_owned();
                    Err(format!("non-comparable type {shown}: {}", b.type_name()).into())
                }
            }
        }
    }
}

fn incomparable<'v>(
    session: &Session<'v>,
    a: &Value<'v>,
    b: &Value<'v>,
) -> Result<Failure, Failure> {
    let show = |value| -> Result<String, Failure> {
        Ok(String::from_utf8_lossy(&print::display(value, session)?).into_owned())
    };
    Ok(Failure::new(format!(
        "non-comparable types {}: {}, {}: {}",
        show(a)?,
        a.type_name(),
        b.type_name(),
        show(b)?
    )))
}

fn is_nil(value: &Value<'_>) -> bool {
    match value {
        Value::Absent | Value::Nil => true,
        Value::List(list) => list.is_nil(),
        Value::Map(map) => map.is_nil(),
        _ => false,
    }
}

fn eq<'v>(session: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    match args.split_first() {
        Some((first, others)) if !others.is_empty() => {
            for other in others {
                if equal(session, first, other)? {
                    return Ok(Value::Bool(true));
                }
            }
            Ok(Value::Bool(false))
        }
        _ => Err("missing argument for comparison".into()),
    }
}

fn ne<'v>(session: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    let [a, b] = pair(args)?;
    Ok(Value::Bool(!equal(session, a, b)?))
}

fn pair<'a, 'v>(args: &'a [Value<'v>]) -> Result<[&'a Value<'v>; 2], Failure> {
    match args {
        [a, b] => Ok([a, b]),
        _ => Err("missing argument for comparison".into()),
    }
}

fn less(a: &Value<'_>, b: &Value<'_>) -> Result<bool, Failure> {
    let (Some(left), Some(right)) = (basic(a), basic(b)) else {
        return Err(BAD_TYPE.into());
    };
    match (left, right) {
        (Basic::Int | Basic::Uint, Basic::Int | Basic::Uint) => Ok(wide(a) < wide(b)),
        (left, right) if left != right => Err(INCOMPATIBLE.into()),
        _ => match (a, b) {
            (Value::Float(a), Value::Float(b)) => Ok(a < b),
            (Value::Text(a), Value::Text(b)) => Ok(a.cmp(b) == Ordering::Less),
            _ => Err(BAD_TYPE.into()),
        },
    }
}

fn lt<'v>(_: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    let [a, b] = pair(args)?;
    Ok(Value::Bool(less(a, b)?))
}

/// `a < b || a == b`, which differs from `!(b < a)` for not-a-number.
fn less_or_equal<'v>(session: &Session<'v>, a: &Value<'v>, b: &Value<'v>) -> Result<bool, Failure> {
    Ok(less(a, b)? || equal(session, a, b)?)
}

fn le<'v>(session: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    let [a, b] = pair(args)?;
    Ok(Value::Bool(less_or_equal(session, a, b)?))
}

fn gt<'v>(session: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    let [a, b] = pair(args)?;
    Ok(Value::Bool(!less_or_equal(session, a, b)?))
}

fn ge<'v>(_: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    let [a, b] = pair(args)?;
    Ok(Value::Bool(!less(a, b)?))
}
