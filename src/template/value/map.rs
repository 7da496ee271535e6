//! Go maps with string keys: borrowed JSON objects, or maps made while rendering.
//!
//! Maps are shared and can change (`set`, `unset`, `merge`): whoever holds the map sees the change.
//! The caller's JSON never changes; the [`Session`] keeps a changed copy of the object and shows it
//! in the object's place until the rendering ends.

use super::types::DICT;
use super::{MAX_DEPTH, Text, Type, Value};
use crate::template::{Failure, Session};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

/// A Go map with string keys. Cloning gives another handle of the same map.
#[derive(Clone, Debug)]
pub struct Map<'v>(Members<'v>);

#[derive(Clone, Debug)]
enum Members<'v> {
    Json(&'v JsonObject),
    Shared(Rc<MapData<'v>>),
}

type JsonObject = serde_json::Map<String, serde_json::Value>;

/// What a map made while rendering holds.
pub(in crate::template) struct MapData<'v> {
    element: &'static Type,
    nil: bool,
    depth: Cell<usize>,
    /// Whether the session knows the map as one that it must empty at the end: only maps that
    /// changed after they were made can be part of a cycle.
    pub(in crate::template) tracked: Cell<bool>,
    pub(in crate::template) members: RefCell<BTreeMap<Text<'v>, Value<'v>>>,
}

impl std::fmt::Debug for MapData<'_> {
    /// Names only: the values may refer back to the map.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.members.try_borrow() {
            Ok(members) => f.debug_set().entries(members.keys()).finish(),
            Err(_) => f.write_str("{..}"),
        }
    }
}

impl<'v> Map<'v> {
    /// A `map[string]interface {}` with these members; of equal names the last one counts.
    ///
    /// # Errors
    /// When the values are nested too deeply.
    pub fn new(members: impl IntoIterator<Item = (Text<'v>, Value<'v>)>) -> Result<Self, Failure> {
        Self::of(&Type::Any, members)
    }

    /// A map whose values have this type.
    ///
    /// # Errors
    /// When the values are nested too deeply.
    pub fn of(
        element: &'static Type,
        members: impl IntoIterator<Item = (Text<'v>, Value<'v>)>,
    ) -> Result<Self, Failure> {
        let members: BTreeMap<_, _> = members.into_iter().collect();
        let depth = members.values().map(Value::depth).max().unwrap_or(0) + 1;
        if depth > MAX_DEPTH {
            return Err(Failure::limit("map is nested too deeply"));
        }
        Ok(Self::shared(element, false, depth, members))
    }

    fn shared(
        element: &'static Type,
        nil: bool,
        depth: usize,
        members: BTreeMap<Text<'v>, Value<'v>>,
    ) -> Self {
        Map(Members::Shared(Rc::new(MapData {
            element,
            nil,
            depth: Cell::new(depth),
            tracked: Cell::new(false),
            members: RefCell::new(members),
        })))
    }

    /// A JSON object.
    pub fn json(object: &'v JsonObject) -> Self {
        Map(Members::Json(object))
    }

    /// The nil map of this value type: empty, and nothing can be put into it.
    pub fn nil(element: &'static Type) -> Self {
        Self::shared(element, true, 1, BTreeMap::new())
    }

    /// Whether this is the nil map.
    pub fn is_nil(&self) -> bool {
        matches!(&self.0, Members::Shared(data) if data.nil)
    }

    /// The type of the values.
    pub fn element(&self) -> &'static Type {
        match &self.0 {
            Members::Json(_) => &Type::Any,
            Members::Shared(data) => data.element,
        }
    }

    /// The map's own type.
    pub fn go_type(&self) -> Type {
        match &self.0 {
            Members::Json(_) => DICT,
            Members::Shared(data) => Type::Map(data.element),
        }
    }

    /// The map to read: the changed copy of a JSON object, if there is one.
    fn current(&self, session: &Session<'v>) -> Members<'v> {
        match &self.0 {
            Members::Json(object) => match session.changed(address(object)) {
                Some(data) => Members::Shared(data),
                None => Members::Json(object),
            },
            shared => shared.clone(),
        }
    }

    /// The number of members.
    pub fn len(&self, session: &Session<'v>) -> usize {
        match self.current(session) {
            Members::Json(object) => object.len(),
            Members::Shared(data) => data.members.borrow().len(),
        }
    }

    /// Whether there are no members.
    pub fn is_empty(&self, session: &Session<'v>) -> bool {
        self.len(session) == 0
    }

    /// The member of this name; `None` when there is none (Go's invalid value).
    pub fn get(&self, session: &Session<'v>, name: &[u8]) -> Option<Value<'v>> {
        match &self.0 {
            Members::Json(object) => match session.changed(address(object)) {
                Some(data) => data.members.borrow().get(name).cloned(),
                None => object
                    .get(std::str::from_utf8(name).ok()?)
                    .map(Value::from_json),
            },
            Members::Shared(data) => data.members.borrow().get(name).cloned(),
        }
    }

    /// All members, sorted by name. It is a snapshot: the map may change meanwhile.
    pub fn members(&self, session: &Session<'v>) -> Vec<(Text<'v>, Value<'v>)> {
        match self.current(session) {
            Members::Json(object) => {
                let mut members: Vec<_> = object
                    .iter()
                    .map(|(name, value)| (Text::from(name.as_str()), Value::from_json(value)))
                    .collect();
                if !members.is_sorted_by(|a, b| a.0 <= b.0) {
                    members.sort_by(|a, b| a.0.cmp(&b.0));
                }
                members
            }
            Members::Shared(data) => data
                .members
                .borrow()
                .iter()
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect(),
        }
    }

    /// Puts a member in, for every holder of this map to see.
    ///
    /// # Errors
    /// For the nil map, and when the session's memory budget is used up.
    pub fn insert(
        &self,
        session: &Session<'v>,
        name: Text<'v>,
        value: Value<'v>,
    ) -> Result<(), Failure> {
        let data = self.writable(session)?;
        if data.nil {
            return Err(Failure::new("assignment to entry in nil map"));
        }
        session.charge(name.len() + size_of::<(Text<'_>, Value<'_>)>())?;
        data.depth.set(data.depth.get().max(value.depth() + 1));
        data.members.borrow_mut().insert(name, value);
        Ok(())
    }

    /// Takes a member out, for every holder of this map to see.
    ///
    /// # Errors
    /// When the session's memory budget is used up.
    pub fn remove(&self, session: &Session<'v>, name: &[u8]) -> Result<(), Failure> {
        self.writable(session)?.members.borrow_mut().remove(name);
        Ok(())
    }

    fn writable(&self, session: &Session<'v>) -> Result<Rc<MapData<'v>>, Failure> {
        let data = match self.current(session) {
            Members::Shared(data) => data,
            Members::Json(object) => {
                session.charge(object.len() * size_of::<(Text<'_>, Value<'_>)>())?;
                let Members::Shared(data) = Self::new(self.members(session))?.0 else {
                    return Err(Failure::new("a new map is never a JSON object"));
                };
                session.change(address(object), data.clone());
                data
            }
        };
        session.track(&data);
        Ok(data)
    }

    /// How deeply values are nested below and including this map, when it was made.
    pub(super) fn depth(&self) -> usize {
        match &self.0 {
            Members::Json(_) => 1,
            Members::Shared(data) => data.depth.get().min(MAX_DEPTH),
        }
    }

    /// Something equal for the same map only.
    pub(super) fn identity(&self) -> usize {
        match &self.0 {
            Members::Json(object) => address(object),
            Members::Shared(data) => Rc::as_ptr(data) as usize,
        }
    }
}

fn address(object: &JsonObject) -> usize {
    std::ptr::from_ref(object) as usize
}
