//! Printing: Go's `fmt` verbs on template values.
//!
//! `print`, `println`, `printf`, the output of an action and every conversion to a string end here.
//! The verbs, flags, widths, argument indexes and complaints (`%!d(string=x)`) are Go's.

mod format;
mod number;
mod text;

use super::value::{Map, Type, Value};
use super::{Failure, Session};
use format::{Flags, FormatReader};

/// Go's `%v` of a value: `fmt.Sprint` of one operand.
///
/// # Errors
/// When a limit of the session is reached.
pub fn display<'v>(value: &Value<'v>, session: &Session<'v>) -> Result<Vec<u8>, Failure> {
    let mut out = Vec::new();
    print_value(&mut out, value, session)?;
    Ok(out)
}

/// Appends Go's `%v` of a value.
///
/// # Errors
/// When a limit of the session is reached.
pub fn print_value<'v>(
    out: &mut Vec<u8>,
    value: &Value<'v>,
    session: &Session<'v>,
) -> Result<(), Failure> {
    let mut printer = Printer::new(out, session);
    printer.argument(value, 'v');
    printer.finish()
}

/// Go's `fmt.Sprint`: a space between operands where neither is a string.
///
/// # Errors
/// When a limit of the session is reached.
pub fn sprint<'v>(values: &[Value<'v>], session: &Session<'v>) -> Result<Vec<u8>, Failure> {
    let mut out = Vec::new();
    let mut printer = Printer::new(&mut out, session);
    let mut after_text = true;
    for value in values {
        let is_text = matches!(value, Value::Text(_));
        if !is_text && !after_text {
            printer.out.push(b' ');
        }
        printer.argument(value, 'v');
        after_text = is_text;
    }
    printer.finish()?;
    Ok(out)
}

/// Go's `fmt.Sprintln`.
///
/// # Errors
/// When a limit of the session is reached.
pub fn sprintln<'v>(values: &[Value<'v>], session: &Session<'v>) -> Result<Vec<u8>, Failure> {
    let mut out = Vec::new();
    let mut printer = Printer::new(&mut out, session);
    for (position, value) in values.iter().enumerate() {
        if position > 0 {
            printer.out.push(b' ');
        }
        printer.argument(value, 'v');
    }
    printer.finish()?;
    out.push(b'\n');
    Ok(out)
}

/// Go's `fmt.Sprintf`.
///
/// # Errors
/// When a limit of the session is reached; a format that does not fit the values is no error, Go
/// writes its complaint into the text.
pub fn sprintf<'v>(
    format: &[u8],
    values: &[Value<'v>],
    session: &Session<'v>,
) -> Result<Vec<u8>, Failure> {
    let mut out = Vec::with_capacity(format.len() + 16);
    let mut printer = Printer::new(&mut out, session);
    printer.format(format, values);
    printer.finish()?;
    Ok(out)
}

struct Printer<'p, 'v> {
    out: &'p mut Vec<u8>,
    session: &'p Session<'v>,
    flags: Flags,
    /// While a complaint is written, methods are not asked.
    complaining: bool,
    failure: Option<Failure>,
}

impl<'p, 'v> Printer<'p, 'v> {
    fn new(out: &'p mut Vec<u8>, session: &'p Session<'v>) -> Self {
        Printer {
            out,
            session,
            flags: Flags::default(),
            complaining: false,
            failure: None,
        }
    }

    fn finish(self) -> Result<(), Failure> {
        self.failure.map_or(Ok(()), Err)
    }

    fn format(&mut self, format: &[u8], values: &[Value<'v>]) {
        let mut reader = FormatReader {
            format,
            position: 0,
            argument: 0,
            arguments: values.len(),
            good_index: true,
            reordered: false,
        };
        while self.failure.is_none() {
            self.out.extend_from_slice(reader.literal());
            if !reader.percent() {
                break;
            }
            self.flags = reader.flags();
            let mut after_index = reader.index();
            if reader.eat(b'*') {
                match reader.int_argument(values) {
                    Some(width) => {
                        self.flags.width = usize::try_from(width.unsigned_abs()).ok();
                        if width < 0 {
                            self.flags.minus = true;
                            self.flags.zero = false;
                        }
                    }
                    None => self.out.extend_from_slice(b"%!(BADWIDTH)"),
                }
                after_index = false;
            } else {
                self.flags.width = reader.number();
                if after_index && self.flags.width.is_some() {
                    reader.good_index = false;
                }
            }
            if reader.eat(b'.') {
                if after_index {
                    reader.good_index = false;
                }
                after_index = reader.index();
                if reader.eat(b'*') {
                    self.flags.precision = reader
                        .int_argument(values)
                        .and_then(|precision| usize::try_from(precision).ok());
                    if self.flags.precision.is_none() {
                        self.out.extend_from_slice(b"%!(BADPREC)");
                    }
                    after_index = false;
                } else {
                    self.flags.precision = Some(reader.number().unwrap_or(0));
                }
            }
            if !after_index {
                reader.index();
            }
            let Some(verb) = reader.verb() else {
                self.out.extend_from_slice(b"%!(NOVERB)");
                break;
            };
            if verb == '%' {
                self.out.push(b'%');
            } else if !reader.good_index {
                self.complain(verb, "BADINDEX");
            } else if let Some(value) = values.get(reader.argument) {
                if verb == 'v' {
                    self.flags.sharp_v = std::mem::take(&mut self.flags.sharp);
                    self.flags.plus_v = std::mem::take(&mut self.flags.plus);
                }
                self.argument(value, verb);
                reader.argument += 1;
            } else {
                self.complain(verb, "MISSING");
            }
        }
        if !reader.reordered && reader.argument < values.len() {
            self.flags = Flags::default();
            self.out.extend_from_slice(b"%!(EXTRA ");
            for (position, value) in values.iter().skip(reader.argument).enumerate() {
                if position > 0 {
                    self.out.extend_from_slice(b", ");
                }
                if value.is_nil() {
                    self.out.extend_from_slice(b"<nil>");
                } else {
                    self.out.extend_from_slice(value.type_name().as_bytes());
                    self.out.push(b'=');
                    self.argument(value, 'v');
                }
            }
            self.out.push(b')');
        }
    }

    fn complain(&mut self, verb: char, text: &str) {
        self.out.extend_from_slice(b"%!");
        self.push_char(verb);
        self.out.push(b'(');
        self.out.extend_from_slice(text.as_bytes());
        self.out.push(b')');
    }

    /// A whole operand.
    fn argument(&mut self, value: &Value<'v>, verb: char) {
        match (value, verb) {
            (Value::Absent | Value::Nil, 'T' | 'v') => self.pad(b"<nil>"),
            (Value::Absent | Value::Nil, _) => self.complain(verb, "<nil>"),
            (value, 'T') => self.string(value.type_name().as_bytes(), 's'),
            (Value::List(_) | Value::Map(_) | Value::Func(_), 'p') => self.pointer(),
            (value, 'p' | 'w') => self.bad_verb(value, verb),
            (value, verb) => self.value(value, verb),
        }
    }

    /// A value, also inside a list or a map.
    fn value(&mut self, value: &Value<'v>, verb: char) {
        if self.failure.is_some() {
            return;
        }
        if self.out.len() > self.session.limits().memory {
            self.failure = Some(Failure::limit("the printed text is too long"));
            return;
        }
        match value {
            Value::Absent | Value::Nil => self.out.extend_from_slice(if self.flags.sharp_v {
                b"interface {}(nil)"
            } else {
                b"<nil>"
            }),
            Value::Bool(truth) => match verb {
                't' | 'v' => self.pad(if *truth { b"true" } else { b"false" }),
                _ => self.bad_verb(value, verb),
            },
            Value::Int(n) | Value::Int64(n) => self.signed(value, *n, verb),
            Value::Int32(n) => self.signed(value, i64::from(*n), verb),
            Value::Uint8(n) => self.unsigned(value, u64::from(*n), verb),
            Value::Uint64(n) => self.unsigned(value, *n, verb),
            Value::Float(n) => self.float_verb(value, *n, verb),
            Value::Complex(re, im) => self.complex(value, *re, *im, verb),
            Value::Text(text) => match verb {
                'v' if self.flags.sharp_v => self.string(text, 'q'),
                'v' | 's' | 'x' | 'X' | 'q' => self.string(text, verb),
                _ => self.bad_verb(value, verb),
            },
            Value::Opaque(opaque) => match (verb, opaque.integer()) {
                ('v' | 's' | 'x' | 'X' | 'q', _) if !self.complaining => {
                    self.string(opaque.display().as_bytes(), verb);
                }
                (_, Some(n)) => self.signed(value, n, verb),
                _ => self.string(opaque.display().as_bytes(), 's'),
            },
            Value::Func(_) => self.pointer(),
            Value::List(list) => {
                let session = self.session;
                let _level = match session.descend() {
                    Ok(level) => level,
                    Err(failure) => {
                        self.failure = Some(failure);
                        return;
                    }
                };
                match (verb, list.as_bytes()) {
                    ('s' | 'x' | 'X' | 'q', Some(bytes)) => return self.string(&bytes, verb),
                    _ if self.flags.sharp_v && list.is_nil() => {
                        let text = format!("{}(nil)", list.go_type());
                        return self.out.extend_from_slice(text.as_bytes());
                    }
                    _ => {}
                }
                self.open(list.go_type(), b'[');
                for (position, item) in list.iter().enumerate() {
                    self.separate(position);
                    self.value(&item, verb);
                    if self.failure.is_some() {
                        return;
                    }
                }
                self.out.push(if self.flags.sharp_v { b'}' } else { b']' });
            }
            Value::Map(map) => self.map(map, verb),
        }
    }

    fn map(&mut self, map: &Map<'v>, verb: char) {
        let session = self.session;
        let _level = match session.descend() {
            Ok(level) => level,
            Err(failure) => {
                self.failure = Some(failure);
                return;
            }
        };
        if self.flags.sharp_v && map.is_nil() {
            let text = format!("{}(nil)", map.go_type());
            return self.out.extend_from_slice(text.as_bytes());
        }
        if self.flags.sharp_v {
            self.open(map.go_type(), b'[');
        } else {
            self.out.extend_from_slice(b"map[");
        }
        for (position, (name, member)) in map.members(session).into_iter().enumerate() {
            self.separate(position);
            self.value(&Value::Text(name), verb);
            self.out.push(b':');
            self.value(&member, verb);
            if self.failure.is_some() {
                return;
            }
        }
        self.out.push(if self.flags.sharp_v { b'}' } else { b']' });
    }

    fn open(&mut self, of: Type, bracket: u8) {
        if self.flags.sharp_v {
            self.out.extend_from_slice(of.to_string().as_bytes());
            self.out.push(b'{');
        } else {
            self.out.push(bracket);
        }
    }

    fn separate(&mut self, position: usize) {
        if position > 0 {
            self.out
                .extend_from_slice(if self.flags.sharp_v { b", " } else { b" " });
        }
    }

    /// Go's complaint that the verb does not fit the value.
    fn bad_verb(&mut self, value: &Value<'v>, verb: char) {
        self.complaining = true;
        self.out.extend_from_slice(b"%!");
        self.push_char(verb);
        self.out.push(b'(');
        self.out.extend_from_slice(value.type_name().as_bytes());
        self.out.push(b'=');
        self.value(value, 'v');
        self.out.push(b')');
        self.complaining = false;
    }

    /// Go shows an address; ours would mean nothing to the reader.
    fn pointer(&mut self) {
        self.pad(b"0xc000000000");
    }

    /// Widths and precisions come from the template: they are paid for.
    fn afford(&mut self, bytes: usize) -> bool {
        match self.session.charge(bytes) {
            Ok(()) => true,
            Err(failure) => {
                self.failure = Some(failure);
                false
            }
        }
    }

    fn push_char(&mut self, c: char) {
        self.out
            .extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
    }
}
