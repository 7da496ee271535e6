//! Rows by slot number, in chunks that are shared with background jobs and copied only where they
//! change while a job still reads them.

use std::sync::Arc;

const CHUNK: usize = 512;

/// Rows by slot.
#[derive(Debug)]
pub struct Slab<R> {
    chunks: Vec<Arc<Vec<Option<Arc<R>>>>>,
    free: Vec<u32>,
    len: usize,
}

impl<R> Default for Slab<R> {
    fn default() -> Self {
        Self {
            chunks: Vec::new(),
            free: Vec::new(),
            len: 0,
        }
    }
}

/// The rows as they were at one moment.
#[derive(Debug)]
pub struct Snapshot<R> {
    chunks: Vec<Arc<Vec<Option<Arc<R>>>>>,
}

fn place(slot: u32) -> (usize, usize) {
    let slot = slot as usize;
    (slot / CHUNK, slot % CHUNK)
}

impl<R> Slab<R> {
    /// Number of rows.
    pub fn len(&self) -> usize {
        self.len
    }

    /// All rows, in the order of their slots.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<R>> {
        self.chunks.iter().flat_map(|chunk| chunk.iter().flatten())
    }

    /// The row in a slot.
    pub fn get(&self, slot: u32) -> Option<&Arc<R>> {
        let (chunk, index) = place(slot);
        self.chunks.get(chunk)?.get(index)?.as_ref()
    }

    /// Puts a row into a free slot.
    pub fn insert(&mut self, row: Arc<R>) -> u32 {
        let slot = self.free.pop().unwrap_or_else(|| self.grow());
        self.len += 1;
        self.set(slot, Some(row));
        slot
    }

    /// Replaces the row in a slot.
    pub fn replace(&mut self, slot: u32, row: Arc<R>) {
        self.set(slot, Some(row));
    }

    /// Empties a slot.
    pub fn remove(&mut self, slot: u32) {
        if self.get(slot).is_some() {
            self.set(slot, None);
            self.len -= 1;
            self.free.push(slot);
        }
    }

    /// Number of slots, used or free.
    pub fn slots(&self) -> usize {
        self.chunks.iter().map(|chunk| chunk.len()).sum()
    }

    /// The rows as they are now, for a job.
    pub fn snapshot(&self) -> Snapshot<R> {
        Snapshot {
            chunks: self.chunks.clone(),
        }
    }

    fn grow(&mut self) -> u32 {
        match self.chunks.last() {
            Some(last) if last.len() < CHUNK => {}
            _ => self.chunks.push(Arc::new(Vec::with_capacity(CHUNK))),
        }
        let before = self.chunks.len().saturating_sub(1) * CHUNK;
        let mut index = 0;
        if let Some(last) = self.chunks.last_mut() {
            let last = Arc::make_mut(last);
            index = last.len();
            last.push(None);
        }
        // More than 2^32 watched objects do not fit into memory.
        u32::try_from(before + index).unwrap_or(u32::MAX)
    }

    fn set(&mut self, slot: u32, row: Option<Arc<R>>) {
        let (chunk, index) = place(slot);
        if let Some(chunk) = self.chunks.get_mut(chunk)
            && let Some(place) = Arc::make_mut(chunk).get_mut(index)
        {
            *place = row;
        }
    }
}

impl<R> Snapshot<R> {
    /// All rows with their slots.
    pub fn iter(&self) -> impl Iterator<Item = (u32, &Arc<R>)> {
        self.chunks.iter().enumerate().flat_map(|(number, chunk)| {
            chunk.iter().enumerate().filter_map(move |(index, row)| {
                let slot = u32::try_from(number * CHUNK + index).ok()?;
                Some((slot, row.as_ref()?))
            })
        })
    }
}
