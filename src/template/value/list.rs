//! Go slices: borrowed JSON arrays, borrowed bytes, or lists made while rendering.

use super::types::{BYTES, LIST};
use super::{MAX_DEPTH, Type, Value};
use crate::template::Failure;
use std::rc::Rc;

/// A Go slice. Cloning is cheap. Lists never change once they are made.
#[derive(Clone, Debug)]
pub struct List<'v>(Items<'v>);

#[derive(Clone, Debug)]
enum Items<'v> {
    Json(&'v [serde_json::Value]),
    Bytes(&'v [u8]),
    Shared(Rc<ListData<'v>>),
}

#[derive(Debug)]
struct ListData<'v> {
    element: &'static Type,
    nil: bool,
    depth: usize,
    capacity: usize,
    items: Vec<Value<'v>>,
}

impl<'v> List<'v> {
    /// A list of `interface {}`; its capacity is its length, as of a list made in one go.
    ///
    /// # Errors
    /// When the values are nested too deeply.
    pub fn new(items: Vec<Value<'v>>) -> Result<Self, Failure> {
        Self::of(&Type::Any, items)
    }

    /// A list whose elements have this type.
    ///
    /// # Errors
    /// When the values are nested too deeply.
    pub fn of(element: &'static Type, items: Vec<Value<'v>>) -> Result<Self, Failure> {
        let capacity = items.len();
        Self::with_capacity(element, items, capacity)
    }

    /// A list that Go code grows by `append`, one element at a time, from nothing: it has room for
    /// more, which `slice` can see.
    ///
    /// # Errors
    /// When the values are nested too deeply.
    pub fn appended(element: &'static Type, items: Vec<Value<'v>>) -> Result<Self, Failure> {
        let capacity = grown_capacity(items.len());
        Self::with_capacity(element, items, capacity)
    }

    fn with_capacity(
        element: &'static Type,
        items: Vec<Value<'v>>,
        capacity: usize,
    ) -> Result<Self, Failure> {
        let depth = items.iter().map(Value::depth).max().unwrap_or(0) + 1;
        if depth > MAX_DEPTH {
            return Err(Failure::limit("list is nested too deeply"));
        }
        Ok(List(Items::Shared(Rc::new(ListData {
            element,
            nil: false,
            depth,
            capacity,
            items,
        }))))
    }

    /// A list of strings (`[]string`).
    pub fn strings<T: Into<super::Text<'v>>>(texts: impl IntoIterator<Item = T>) -> Self {
        let items: Vec<_> = texts.into_iter().map(|t| Value::Text(t.into())).collect();
        List(Items::Shared(Rc::new(ListData {
            element: &Type::String,
            nil: false,
            depth: 1,
            capacity: items.len(),
            items,
        })))
    }

    /// A JSON array.
    pub fn json(items: &'v [serde_json::Value]) -> Self {
        List(Items::Json(items))
    }

    /// A `[]uint8`.
    pub fn bytes(bytes: &'v [u8]) -> Self {
        List(Items::Bytes(bytes))
    }

    /// The nil slice of this element type; it behaves as an empty list, but is `null` in JSON.
    pub fn nil(element: &'static Type) -> Self {
        List(Items::Shared(Rc::new(ListData {
            element,
            nil: true,
            depth: 1,
            capacity: 0,
            items: Vec::new(),
        })))
    }

    /// The number of elements.
    pub fn len(&self) -> usize {
        match &self.0 {
            Items::Json(items) => items.len(),
            Items::Bytes(bytes) => bytes.len(),
            Items::Shared(data) => data.items.len(),
        }
    }

    /// Whether there are no elements.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether this is the nil slice.
    pub fn is_nil(&self) -> bool {
        matches!(&self.0, Items::Shared(data) if data.nil)
    }

    /// The element type.
    pub fn element(&self) -> &'static Type {
        match &self.0 {
            Items::Json(_) => &Type::Any,
            Items::Bytes(_) => &Type::Uint8,
            Items::Shared(data) => data.element,
        }
    }

    /// The list's own type.
    pub fn go_type(&self) -> Type {
        match &self.0 {
            Items::Json(_) => LIST,
            Items::Bytes(_) => BYTES,
            Items::Shared(data) => Type::List(data.element),
        }
    }

    /// The element at this position.
    pub fn get(&self, position: usize) -> Option<Value<'v>> {
        match &self.0 {
            Items::Json(items) => items.get(position).map(Value::from_json),
            Items::Bytes(bytes) => bytes.get(position).map(|byte| Value::Uint8(*byte)),
            Items::Shared(data) => data.items.get(position).cloned(),
        }
    }

    /// All elements in order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = Value<'v>> + '_ {
        (0..self.len()).map(|position| self.get(position).unwrap_or(Value::Nil))
    }

    /// The elements as bytes, when the list is a `[]uint8`.
    pub fn as_bytes(&self) -> Option<std::borrow::Cow<'_, [u8]>> {
        match &self.0 {
            Items::Bytes(bytes) => Some((*bytes).into()),
            Items::Shared(data) if *data.element == Type::Uint8 => Some(
                data.items
                    .iter()
                    .filter_map(|item| match item {
                        Value::Uint8(byte) => Some(*byte),
                        _ => None,
                    })
                    .collect(),
            ),
            _ => None,
        }
    }

    /// Go's `list[from:to]`. As in Go, `to` may go beyond the length, up to the capacity: the
    /// places there hold zero values.
    ///
    /// # Errors
    /// When the bounds are outside the capacity or out of order.
    pub fn slice(&self, from: usize, to: usize) -> Result<Self, Failure> {
        let capacity = self.capacity();
        if from > to || to > capacity {
            return Err(Failure::new(format!(
                "slice bounds out of range [{from}:{to}] with capacity {capacity}"
            )));
        }
        if let Items::Bytes(bytes) = self.0 {
            return Ok(List::bytes(bytes.get(from..to).unwrap_or_default()));
        }
        let items = (from..to)
            .map(|position| {
                self.get(position)
                    .unwrap_or_else(|| Value::zero(*self.element()))
            })
            .collect();
        Self::with_capacity(self.element(), items, capacity - from)
    }

    /// How far [`List::slice`] can reach.
    pub fn capacity(&self) -> usize {
        match &self.0 {
            Items::Json(items) => grown_capacity(items.len()),
            Items::Bytes(bytes) => bytes.len(),
            Items::Shared(data) => data.capacity.max(data.items.len()),
        }
    }

    /// How deeply values are nested below and including this list.
    pub(super) fn depth(&self) -> usize {
        match &self.0 {
            Items::Json(_) | Items::Bytes(_) => 1,
            Items::Shared(data) => data.depth,
        }
    }

    /// Something equal for the same list only.
    pub(super) fn identity(&self) -> usize {
        match &self.0 {
            Items::Json(items) => items.as_ptr() as usize,
            Items::Bytes(bytes) => bytes.as_ptr() as usize,
            Items::Shared(data) => Rc::as_ptr(data) as usize,
        }
    }
}

/// The capacity of a Go slice of interfaces that was appended to one by one, starting empty; what
/// Go's JSON decoder builds. Beyond 256 elements Go grows by smaller steps; nothing that a template
/// does on purpose can see that.
fn grown_capacity(len: usize) -> usize {
    len.checked_next_power_of_two()
        .filter(|_| len > 0)
        .unwrap_or(len)
}
