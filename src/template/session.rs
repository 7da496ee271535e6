//! The state of one rendering that values and functions share: budgets, changed maps, the clock.

use super::value::MapData;
use super::{Failure, Limits};
use jiff::Timestamp;
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::time::{Duration, Instant};

/// One rendering, as functions see it.
pub struct Session<'v> {
    limits: Limits,
    steps: Cell<u64>,
    memory: Cell<usize>,
    depth: Cell<usize>,
    slow: Cell<Duration>,
    now: Option<Timestamp>,
    /// Changed copies of JSON objects, by the address of the object.
    changed: RefCell<HashMap<usize, Rc<MapData<'v>>>>,
    any_changed: Cell<bool>,
    /// Every map that changed: emptied at the end, because it may hold itself.
    tracked: RefCell<Vec<Rc<MapData<'v>>>>,
}

impl<'v> Session<'v> {
    /// A new rendering. `now` is what the function `now` answers; the system clock if `None`.
    pub fn new(limits: Limits, now: Option<Timestamp>) -> Self {
        Session {
            steps: Cell::new(limits.steps),
            memory: Cell::new(limits.memory),
            depth: Cell::new(limits.depth),
            slow: Cell::new(limits.slow_functions),
            limits,
            now,
            changed: RefCell::default(),
            any_changed: Cell::new(false),
            tracked: RefCell::default(),
        }
    }

    /// The limits of this rendering.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// The limits, with what is left of those that are used up.
    pub fn left(&self) -> Limits {
        Limits {
            steps: self.steps.get(),
            memory: self.memory.get(),
            slow_functions: self.slow.get(),
            ..self.limits.clone()
        }
    }

    /// The current time.
    pub fn now(&self) -> Timestamp {
        self.now.unwrap_or_else(Timestamp::now)
    }

    /// Pays for one step of evaluation.
    ///
    /// # Errors
    /// When the steps are used up.
    pub fn step(&self) -> Result<(), Failure> {
        self.steps(1)
    }

    /// Pays for several steps of evaluation.
    ///
    /// # Errors
    /// When the steps are used up.
    pub fn steps(&self, count: u64) -> Result<(), Failure> {
        match self.steps.get().checked_sub(count) {
            Some(rest) => {
                self.steps.set(rest);
                Ok(())
            }
            None => Err(Failure::limit(format!(
                "the template takes more than {} steps",
                self.limits.steps
            ))),
        }
    }

    /// Pays for memory, **before** it is allocated, wherever the arguments decide how much that is.
    ///
    /// # Errors
    /// When the memory is used up.
    pub fn charge(&self, bytes: usize) -> Result<(), Failure> {
        match self.memory.get().checked_sub(bytes) {
            Some(rest) => {
                self.memory.set(rest);
                Ok(())
            }
            None => Err(Failure::limit(format!(
                "the template makes values of more than {} bytes",
                self.limits.memory
            ))),
        }
    }

    /// Goes one level down, until the answer is dropped; for everything that recurses. It is a step,
    /// too.
    ///
    /// # Errors
    /// When the nesting is too deep.
    pub fn descend(&self) -> Result<Level<'_>, Failure> {
        self.step()?;
        match self.depth.get().checked_sub(1) {
            Some(rest) => {
                self.depth.set(rest);
                Ok(Level(&self.depth))
            }
            None => Err(Failure::limit(format!(
                "exceeded maximum template depth ({})",
                self.limits.depth
            ))),
        }
    }

    /// Runs a function that waits or computes for long, and pays for its time. It gets the time
    /// that is left, and must keep to it as well as it can.
    ///
    /// # Errors
    /// When no time is left; the function's own errors.
    pub fn slowly<T>(
        &self,
        run: impl FnOnce(Duration) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let left = self.slow.get();
        if left.is_zero() {
            return Err(Failure::limit(format!(
                "slow functions took more than {:?}",
                self.limits.slow_functions
            )));
        }
        let start = Instant::now();
        let result = run(left);
        self.slow.set(left.saturating_sub(start.elapsed()));
        result
    }

    /// The changed copy of the JSON object at this address.
    pub(super) fn changed(&self, address: usize) -> Option<Rc<MapData<'v>>> {
        if !self.any_changed.get() {
            return None;
        }
        self.changed.borrow().get(&address).cloned()
    }

    /// From now on, this map is shown in place of the JSON object.
    pub(super) fn change(&self, address: usize, copy: Rc<MapData<'v>>) {
        self.any_changed.set(true);
        self.changed.borrow_mut().insert(address, copy);
    }

    /// Remembers a map that is about to change.
    pub(super) fn track(&self, map: &Rc<MapData<'v>>) {
        if !map.tracked.replace(true) {
            self.tracked.borrow_mut().push(map.clone());
        }
    }
}

impl Drop for Session<'_> {
    /// Empties the changed maps, so that maps which hold each other are freed, and none of them
    /// recursively.
    fn drop(&mut self) {
        for map in self.tracked.get_mut().iter() {
            let members = std::mem::take(&mut *map.members.borrow_mut());
            drop(members);
        }
    }
}

/// One level of nesting; dropping it goes up again.
#[derive(Debug)]
pub struct Level<'s>(&'s Cell<usize>);

impl Drop for Level<'_> {
    fn drop(&mut self) {
        self.0.set(self.0.get() + 1);
    }
}
