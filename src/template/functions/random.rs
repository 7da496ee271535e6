//! Random texts and numbers, from the operating system's source.

use super::Function;
use super::row::{fixed, mismatch};
use super::runes::runes;
use crate::template::value::{Type, Value};
use crate::template::{Failure, Session};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rand::RngExt;
use rand::seq::SliceRandom;

/// The functions of this group.
pub const FUNCTIONS: &[Function] = &[
    fixed("randAlpha", &[Type::Int], Type::String, rand_alpha),
    fixed("randAlphaNum", &[Type::Int], Type::String, rand_alpha_num),
    fixed("randNumeric", &[Type::Int], Type::String, rand_numeric),
    fixed("randAscii", &[Type::Int], Type::String, rand_ascii),
    fixed("randBytes", &[Type::Int], Type::String, rand_bytes),
    fixed("randInt", &[Type::Int, Type::Int], Type::Int, rand_int),
    fixed("shuffle", &[Type::String], Type::String, shuffle),
    fixed("uuidv4", &[], Type::String, uuidv4),
];

const DIGITS: &[u8] = b"0123456789";
const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const LETTERS_AND_DIGITS: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// A text of this many characters; none for a negative number.
fn random_text<'v>(
    session: &Session<'v>,
    args: &[Value<'v>],
    character: impl Fn(&mut rand::rngs::ThreadRng) -> u8,
) -> Result<Value<'v>, Failure> {
    let [Value::Int(count)] = args else {
        return Err(mismatch());
    };
    let count = usize::try_from(*count).unwrap_or(0);
    session.charge(count)?;
    session.steps(count as u64 / 64)?;
    let mut source = rand::rng();
    let text: Vec<u8> = (0..count).map(|_| character(&mut source)).collect();
    Ok(text.into())
}

fn one_of(characters: &'static [u8]) -> impl Fn(&mut rand::rngs::ThreadRng) -> u8 {
    move |source| {
        let position = source.random_range(0..characters.len());
        characters.get(position).copied().unwrap_or_default()
    }
}

fn rand_alpha<'v>(session: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    random_text(session, args, one_of(LETTERS))
}

fn rand_alpha_num<'v>(session: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    random_text(session, args, one_of(LETTERS_AND_DIGITS))
}

fn rand_numeric<'v>(session: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    random_text(session, args, one_of(DIGITS))
}

fn rand_ascii<'v>(session: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    random_text(session, args, |source| source.random_range(b' '..=b'~'))
}

/// Random bytes in base64.
fn rand_bytes<'v>(session: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    let [Value::Int(count)] = args else {
        return Err(mismatch());
    };
    let count = usize::try_from(*count)
        .map_err(|_| Failure::new("runtime error: makeslice: len out of range"))?;
    session.charge(count.saturating_mul(3))?;
    let mut bytes = vec![0; count];
    rand::rng().fill(bytes.as_mut_slice());
    Ok(STANDARD.encode(bytes).into())
}

/// A number from the first bound on, below the second one.
fn rand_int<'v>(_: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    let [Value::Int(low), Value::Int(high)] = args else {
        return Err(mismatch());
    };
    let width = high.wrapping_sub(*low);
    if width <= 0 {
        return Err(Failure::new("invalid argument to Intn"));
    }
    Ok(Value::Int(
        low.wrapping_add(rand::rng().random_range(0..width)),
    ))
}

fn shuffle<'v>(session: &Session<'v>, args: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    let [Value::Text(text)] = args else {
        return Err(mismatch());
    };
    session.charge(text.len().saturating_mul(4))?;
    let mut characters: Vec<char> = runes(text).map(|rune| rune.c).collect();
    characters.shuffle(&mut rand::rng());
    Ok(characters.into_iter().collect::<String>().into())
}

fn uuidv4<'v>(_: &Session<'v>, _: &[Value<'v>]) -> Result<Value<'v>, Failure> {
    let random: u128 = rand::rng().random();
    // Version 4, variant 1.
    let id = random & !(0xf << 76) & !(0x3 << 62) | 4 << 76 | 2 << 62;
    let digits = format!("{id:032x}");
    let groups = [0..8, 8..12, 12..16, 16..20, 20..32];
    let groups = groups.map(|range| digits.get(range).unwrap_or_default());
    Ok(groups.join("-").into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::template::Limits;

    fn text(result: Result<Value<'_>, Failure>) -> Vec<u8> {
        match result {
            Ok(Value::Text(text)) => text.to_vec(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn shapes() {
        let session = Session::new(Limits::default(), None);
        let count = [Value::Int(500)];
        let alpha = text(rand_alpha(&session, &count));
        assert!(alpha.len() == 500 && alpha.iter().all(u8::is_ascii_alphabetic));
        let mixed = text(rand_alpha_num(&session, &count));
        assert!(mixed.iter().all(u8::is_ascii_alphanumeric));
        assert!(mixed.iter().any(u8::is_ascii_digit));
        assert!(
            text(rand_numeric(&session, &count))
                .iter()
                .all(u8::is_ascii_digit)
        );
        let ascii = text(rand_ascii(&session, &count));
        assert!(ascii.iter().all(|byte| (b' '..=b'~').contains(byte)));
        assert_eq!(text(rand_bytes(&session, &[Value::Int(6)])).len(), 8);
        assert_eq!(text(rand_alpha(&session, &[Value::Int(-1)])), b"");
        assert!(rand_bytes(&session, &[Value::Int(-1)]).is_err());
        let huge = rand_ascii(&session, &[Value::Int(i64::MAX)]);
        assert!(huge.is_err_and(|failure| failure.limit));
    }

    #[test]
    fn uuids_have_version_and_variant() {
        let session = Session::new(Limits::default(), None);
        let id = text(uuidv4(&session, &[]));
        assert_eq!(id.len(), 36);
        assert_eq!(id.get(14), Some(&b'4'));
        assert!(id.get(19).is_some_and(|byte| b"89ab".contains(byte)));
        assert_ne!(id, text(uuidv4(&session, &[])));
    }

    #[test]
    fn integers_in_a_range() {
        let session = Session::new(Limits::default(), None);
        for _ in 0..100 {
            let number = rand_int(&session, &[Value::Int(-2), Value::Int(1)]);
            assert!(matches!(number, Ok(Value::Int(-2..=0))), "{number:?}");
        }
        assert!(rand_int(&session, &[Value::Int(1), Value::Int(1)]).is_err());
    }
}
