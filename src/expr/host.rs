//! The environment of an evaluation: variables, and what the program offers to expressions.

use super::Version;
use super::methods::Method;
use super::text::Text;
use super::value::{Key, List, ListKind, Map, MapKind, Value};
use crate::golang::duration::Duration;
use crate::golang::time::{Time, layout};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, LazyLock};

/// What a host function does. It gets the arguments and gives a value, or the message of an
/// evaluation error.
pub type HostCall =
    dyn for<'a> Fn(&[Value<'a>]) -> Result<Value<'a>, String> + Send + Sync + 'static;

/// A value that can be called.
#[derive(Clone)]
pub struct Function<'v>(Callable<'v>);

#[derive(Clone)]
enum Callable<'v> {
    Host(Arc<Host>),
    Method(Arc<(Value<'v>, &'static Method)>),
}

struct Host {
    name: String,
    call: Box<HostCall>,
}

impl<'v> Function<'v> {
    /// A function of the program. Its name appears in traces.
    pub fn new(
        name: impl Into<String>,
        call: impl for<'a> Fn(&[Value<'a>]) -> Result<Value<'a>, String> + Send + Sync + 'static,
    ) -> Self {
        Self(Callable::Host(Arc::new(Host {
            name: name.into(),
            call: Box::new(call),
        })))
    }

    pub(super) fn method(receiver: Value<'v>, method: &'static Method) -> Self {
        Self(Callable::Method(Arc::new((receiver, method))))
    }

    /// Its name.
    pub fn name(&self) -> &str {
        match &self.0 {
            Callable::Host(host) => &host.name,
            Callable::Method(bound) => bound.1.name,
        }
    }

    pub(super) fn depth(&self) -> u32 {
        match &self.0 {
            Callable::Host(_) => 0,
            Callable::Method(bound) => bound.0.depth() + 1,
        }
    }

    pub(super) fn call(
        &self,
        arguments: &[Value<'v>],
        version: Version,
    ) -> Result<Value<'v>, String> {
        match &self.0 {
            Callable::Host(host) => (host.call)(arguments),
            Callable::Method(bound) => bound.1.call(&bound.0, arguments, version),
        }
    }
}

impl fmt::Debug for Function<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Function({})", self.name())
    }
}

/// The variables that an expression can read. Reading an unknown one gives nil.
#[derive(Clone, Debug, Default)]
pub struct Env<'v> {
    variables: Vec<(&'v str, Value<'v>)>,
    now: Option<Time>,
}

impl<'v> Env<'v> {
    /// No variables.
    pub fn new() -> Self {
        Self::default()
    }

    /// What the conditions of a trigger see: the object under its variable, whether it was deleted
    /// ([`DELETED`](super::DELETED); here it was not), and the groups of functions that Argo CD has
    /// ([`argo_host`]), on the system's clock. An object whose variable has one of these names takes
    /// its place.
    pub fn of_object(variable: &'v str, object: &'v serde_json::Value) -> Self {
        let mut env = Self::new();
        env.host(super::DELETED, Value::Bool(false));
        env.json(variable, object);
        for (name, group) in SYSTEM_HOST.iter().filter(|(name, _)| *name != variable) {
            env.host(name, group.clone());
        }
        env
    }

    /// Sets a variable to a JSON value, which is borrowed.
    pub fn json(&mut self, name: &'v str, value: &'v serde_json::Value) {
        self.host(name, Value::from_json(value));
    }

    /// Sets a variable to a string.
    pub fn text(&mut self, name: &'v str, value: &'v str) {
        self.host(name, Value::text(value));
    }

    /// Sets a variable to any value, for instance a function or a group of functions.
    pub fn host(&mut self, name: &'v str, value: Value<'v>) {
        match self.variables.iter_mut().find(|(known, _)| *known == name) {
            Some((_, slot)) => *slot = value,
            None => self.variables.push((name, value)),
        }
    }

    /// Fixes what `now()` gives; without it, it is the present moment.
    pub fn set_now(&mut self, now: Time) {
        self.now = Some(now);
    }

    pub(super) fn now(&self) -> Option<&Time> {
        self.now.as_ref()
    }

    #[inline]
    pub(super) fn get(&self, name: &str) -> Option<&Value<'v>> {
        self.variables
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, value)| value)
    }

    /// The names of all variables.
    pub fn names(&self) -> impl Iterator<Item = &'v str> + '_ {
        self.variables.iter().map(|(name, _)| *name)
    }

    /// The environment itself as a map, `$env`.
    pub(super) fn as_map(&self) -> Value<'v> {
        let members = self
            .variables
            .iter()
            .map(|(name, value)| (Key::Text(Text::borrowed(name)), value.clone()))
            .collect();
        map(members)
    }
}

fn map<'v>(members: BTreeMap<Key<'v>, Value<'v>>) -> Value<'v> {
    match Map::new(MapKind::Text, members) {
        Ok(map) => Value::Map(Arc::new(map)),
        Err(_) => Value::Nil,
    }
}

impl<'v> Value<'v> {
    /// A map with string keys, for groups of host functions and structured host values.
    pub fn object(members: impl IntoIterator<Item = (String, Value<'v>)>) -> Self {
        map(members
            .into_iter()
            .map(|(name, value)| (Key::Text(Text::from(name)), value))
            .collect())
    }

    /// A list, for host values.
    pub fn list(items: impl IntoIterator<Item = Value<'v>>) -> Self {
        match List::new(ListKind::Any, items.into_iter().collect()) {
            Ok(list) => Value::List(Arc::new(list)),
            Err(_) => Value::Nil,
        }
    }

    /// A host function as a value.
    pub fn function(
        name: impl Into<String>,
        call: impl for<'a> Fn(&[Value<'a>]) -> Result<Value<'a>, String> + Send + Sync + 'static,
    ) -> Self {
        Value::Function(Function::new(name, call))
    }
}

/// The groups of [`argo_host`] on the system's clock, made once: every evaluation shares them.
static SYSTEM_HOST: LazyLock<Vec<(&'static str, Value<'static>)>> =
    LazyLock::new(|| argo_host(Arc::new(Time::now)));

/// Where the present moment comes from.
pub type Clock = Arc<dyn Fn() -> Time + Send + Sync>;

/// The groups of functions that Argo CD offers to its triggers and that need nothing but a clock:
/// `time` and `strings`. Use each as a host variable of its name.
pub fn argo_host<'v>(clock: Clock) -> Vec<(&'static str, Value<'v>)> {
    vec![("time", time_group(clock)), ("strings", strings_group())]
}

fn time_group<'v>(clock: Clock) -> Value<'v> {
    let mut members: Vec<(String, Value<'v>)> = vec![
        (
            "Now".to_owned(),
            Value::function("time.Now", move |arguments| {
                expect_count(arguments, 0)?;
                Ok(Value::time(clock()))
            }),
        ),
        (
            "Parse".to_owned(),
            Value::function("time.Parse", |arguments| {
                expect_count(arguments, 1)?;
                let text = text_argument(arguments, 0)?;
                Time::parse(layout::RFC3339, &text)
                    .map(Value::time)
                    .map_err(|error| error.to_string())
            }),
        ),
    ];
    for (name, duration) in [
        ("Nanosecond", Duration::NANOSECOND),
        ("Microsecond", Duration::MICROSECOND),
        ("Millisecond", Duration::MILLISECOND),
        ("Second", Duration::SECOND),
        ("Minute", Duration::MINUTE),
        ("Hour", Duration::HOUR),
    ] {
        members.push((name.to_owned(), Value::Duration(duration)));
    }
    for (name, text) in layout::NAMED {
        members.push(((*name).to_owned(), Value::text(text)));
    }
    Value::object(members)
}

fn strings_group<'v>() -> Value<'v> {
    Value::object([
        (
            "ReplaceAll".to_owned(),
            Value::function("strings.ReplaceAll", |arguments| {
                expect_count(arguments, 3)?;
                let text = text_argument(arguments, 0)?;
                let old = text_argument(arguments, 1)?;
                let new = text_argument(arguments, 2)?;
                replace_all(&text, &old, &new)
            }),
        ),
        (
            "ToUpper".to_owned(),
            Value::function("strings.ToUpper", |arguments| {
                expect_count(arguments, 1)?;
                let text = text_argument(arguments, 0)?;
                let changed = text.chars().map(super::builtins::to_upper).collect();
                Ok(Value::string(changed))
            }),
        ),
        (
            "ToLower".to_owned(),
            Value::function("strings.ToLower", |arguments| {
                expect_count(arguments, 1)?;
                let text = text_argument(arguments, 0)?;
                let changed = text.chars().map(super::builtins::to_lower).collect();
                Ok(Value::string(changed))
            }),
        ),
    ])
}

fn replace_all<'a>(text: &str, old: &str, new: &str) -> Result<Value<'a>, String> {
    /// Longest result: a short text can be made enormous by two long ones.
    const MAX_RESULT: usize = 16 << 20;
    let count = text.matches(old).count();
    if text.len().saturating_add(count.saturating_mul(new.len())) > MAX_RESULT {
        return Err(super::budget::EXCEEDED.to_owned());
    }
    Ok(Value::string(text.replace(old, new)))
}

/// Go's calls by reflection are strict about the number of arguments.
pub(super) fn expect_count(arguments: &[Value<'_>], count: usize) -> Result<(), String> {
    match arguments.len() {
        given if given < count => Err("reflect: Call with too few input arguments".to_owned()),
        given if given > count => Err("reflect: Call with too many input arguments".to_owned()),
        _ => Ok(()),
    }
}

fn text_argument(arguments: &[Value<'_>], index: usize) -> Result<String, String> {
    match arguments.get(index) {
        Some(Value::Text(text)) => Ok(text.to_str().into_owned()),
        other => Err(format!(
            "reflect: Call using {} as type string",
            other.map_or("<nil>", Value::type_name)
        )),
    }
}
