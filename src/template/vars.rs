//! The variables that a template is rendered with.

use super::functions::HostFunction;
use super::value::{List, Map, Opaque, Text, Value};
use super::{Failure, types};
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The variables of a rendering by name; a template reads `vars.json("pod", …)` as `.pod`. JSON is
/// borrowed and read in place.
#[derive(Clone, Debug, Default)]
pub struct Vars<'v> {
    members: BTreeMap<&'v str, Variable<'v>>,
    now: Option<Timestamp>,
}

#[derive(Clone, Debug)]
enum Variable<'v> {
    Json(&'v serde_json::Value),
    Text(&'v str),
    Bytes(&'v [u8]),
    ByteMap(&'v BTreeMap<String, Vec<u8>>),
    Function(Arc<HostFunction>),
    Opaque(Arc<dyn Opaque>),
    Group(BTreeMap<&'v str, Variable<'v>>),
}

impl<'v> Vars<'v> {
    /// No variables.
    pub fn new() -> Self {
        Self::default()
    }

    /// What the templates of a notification see of an object: itself under its variable, and the
    /// groups of functions that Argo CD has ([`argo_host`](super::argo_host)). An object whose
    /// variable has the name of a group takes its place. The destination is added by whoever sends.
    pub fn of_object(variable: &'v str, object: &'v serde_json::Value) -> Self {
        let mut vars = Self::new();
        super::argo_host(&mut vars);
        vars.json(variable, object);
        vars
    }

    /// Makes a JSON value readable as `.name`.
    pub fn json(&mut self, name: &'v str, value: &'v serde_json::Value) -> &mut Self {
        self.put(name, Variable::Json(value))
    }

    /// Makes a string readable as `.name`.
    pub fn text(&mut self, name: &'v str, text: &'v str) -> &mut Self {
        self.put(name, Variable::Text(text))
    }

    /// Makes bytes readable as `.name`; they print as a list of numbers, as Go's `[]byte`.
    pub fn bytes(&mut self, name: &'v str, bytes: &'v [u8]) -> &mut Self {
        self.put(name, Variable::Bytes(bytes))
    }

    /// Makes a map of byte values readable as `.name`, such as the data of a Secret: Go's
    /// `map[string][]byte`.
    pub fn byte_map(&mut self, name: &'v str, map: &'v BTreeMap<String, Vec<u8>>) -> &mut Self {
        self.put(name, Variable::ByteMap(map))
    }

    /// Adds a function to a group: `call .group.name` calls it. An empty group puts it beside the
    /// other variables.
    pub fn function(&mut self, group: &'v str, name: &'v str, function: HostFunction) -> &mut Self {
        self.put_in(group, name, Variable::Function(Arc::new(function)))
    }

    /// Adds a value of another Go type to a group, readable as `.group.name`; an empty group puts
    /// it beside the other variables.
    pub fn opaque(&mut self, group: &'v str, name: &'v str, value: impl Opaque) -> &mut Self {
        self.put_in(group, name, Variable::Opaque(Arc::new(value)))
    }

    /// Adds a string to a group, readable as `.group.name`.
    pub fn text_in(&mut self, group: &'v str, name: &'v str, text: &'v str) -> &mut Self {
        self.put_in(group, name, Variable::Text(text))
    }

    /// Sets what the function `now` answers; without it, the system clock.
    pub fn now(&mut self, now: Timestamp) -> &mut Self {
        self.now = Some(now);
        self
    }

    /// The names of the variables.
    pub fn names(&self) -> impl Iterator<Item = &'v str> + '_ {
        self.members.keys().copied()
    }

    /// The JSON value of this name, if it is one.
    pub fn get_json(&self, name: &str) -> Option<&'v serde_json::Value> {
        match self.members.get(name) {
            Some(Variable::Json(value)) => Some(value),
            _ => None,
        }
    }

    pub(super) fn clock(&self) -> Option<Timestamp> {
        self.now
    }

    /// A copy of the chosen variables as JSON: bytes as text, without functions and with other
    /// values as they print.
    pub(super) fn to_json(
        &self,
        chosen: impl Fn(&str) -> bool,
    ) -> serde_json::Map<String, serde_json::Value> {
        let chosen = self.members.iter().filter(|(name, _)| chosen(name));
        members_to_json(chosen)
    }

    /// The data that a template's dot starts as.
    pub(super) fn root(&'v self) -> Result<Value<'v>, Failure> {
        group(&self.members)
    }

    fn put(&mut self, name: &'v str, variable: Variable<'v>) -> &mut Self {
        self.members.insert(name, variable);
        self
    }

    fn put_in(&mut self, group: &'v str, name: &'v str, variable: Variable<'v>) -> &mut Self {
        if group.is_empty() {
            return self.put(name, variable);
        }
        let entry = self
            .members
            .entry(group)
            .or_insert_with(|| Variable::Group(BTreeMap::new()));
        if let Variable::Group(members) = entry {
            members.insert(name, variable);
        } else {
            *entry = Variable::Group(BTreeMap::from([(name, variable)]));
        }
        self
    }
}

fn members_to_json<'m>(
    members: impl Iterator<Item = (&'m &'m str, &'m Variable<'m>)>,
) -> serde_json::Map<String, serde_json::Value> {
    members
        .filter_map(|(name, variable)| Some(((*name).to_owned(), variable.to_json()?)))
        .collect()
}

impl Variable<'_> {
    fn to_json(&self) -> Option<serde_json::Value> {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned().into();
        Some(match self {
            Variable::Json(json) => (*json).clone(),
            Variable::Text(text) => (*text).into(),
            Variable::Bytes(bytes) => text(bytes),
            Variable::ByteMap(map) => map
                .iter()
                .map(|(name, bytes)| (name.clone(), text(bytes)))
                .collect(),
            Variable::Function(_) => return None,
            Variable::Opaque(value) => value.display().into(),
            Variable::Group(members) => members_to_json(members.iter()).into(),
        })
    }

    fn value(&self) -> Result<Value<'_>, Failure> {
        Ok(match self {
            Variable::Json(json) => Value::from_json(json),
            Variable::Text(text) => Value::Text((*text).into()),
            Variable::Bytes(bytes) => Value::List(List::bytes(bytes)),
            Variable::ByteMap(map) => Value::Map(Map::of(
                &types::BYTES,
                map.iter().map(|(name, bytes)| {
                    (Text::from(name.as_str()), Value::List(List::bytes(bytes)))
                }),
            )?),
            Variable::Function(function) => Value::Func(function.clone()),
            Variable::Opaque(value) => Value::Opaque(value.clone()),
            Variable::Group(members) => group(members)?,
        })
    }
}

fn group<'v>(members: &'v BTreeMap<&str, Variable<'_>>) -> Result<Value<'v>, Failure> {
    let members = members
        .iter()
        .map(|(name, variable)| Ok((Text::from(*name), variable.value()?)))
        .collect::<Result<Vec<_>, Failure>>()?;
    Ok(Value::Map(Map::new(members)?))
}
