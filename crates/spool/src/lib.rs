//! A list that may be longer than memory.
//!
//! [`Spool`] is used like a `Vec` and is one as long as it is small. Past a budget its coldest items
//! are parked in a temporary file that has no name, and come back when they are looked at. So a
//! session of gigabytes keeps every word it has and still is read in bounded memory.
//!
//! Two ways lead to an item. [`Spool::get`] and [`Spool::walk`] give a [`Held`], which reads its item
//! only when it is really looked at and lets go of it afterwards: the way for anything that goes over
//! a whole run. [`Spool::iter`] and `spool[i]` give plain references and must therefore keep what
//! they have read for as long as the list lives: convenient for small lists, unbounded for long ones.

mod park;
mod read;
mod traits;

use std::collections::VecDeque;
use std::sync::OnceLock;

use serde::Serialize;
use serde::de::DeserializeOwned;

use park::{Park, Place};
pub use read::Held;
pub use traits::IntoIter;

/// How many items are parked and fetched together. Small, because every one of them is read when one
/// is looked at; not 1, because most readers go on to the next.
const CHUNK: usize = 16;

/// How many bytes of settled items stay in memory, as [`Spooled::weight`] counts them.
pub const BUDGET: usize = 8 << 20;

/// Chunks at the end of the list that are left alone: what was just added is about to be completed.
const FRESH: usize = 2;

/// Something a [`Spool`] can hold.
pub trait Spooled: Serialize + DeserializeOwned + Send + Sync {
    /// About how many bytes the item takes in memory. Only large ones matter.
    fn weight(&self) -> usize;

    /// What stands in for an item that could not be read back; see [`Spool::is_damaged`].
    fn lost() -> Self;
}

/// A list whose cold items may wait in an unlinked temporary file.
pub struct Spool<T> {
    chunks: Vec<Chunk<T>>,
    len: usize,
    budget: usize,
    /// Bytes of the chunks in `queue`.
    resident: usize,
    /// Settled chunks in memory, the coldest first.
    queue: VecDeque<usize>,
    /// The first chunk that was never weighed.
    fresh: usize,
    /// A settled chunk that was changed since it was weighed.
    touched: Option<usize>,
    park: Park<T>,
}

/// Up to [`CHUNK`] neighbours.
struct Chunk<T> {
    /// The items, where they are in memory.
    items: OnceLock<Vec<T>>,
    /// Where a true copy of them lies in the file.
    place: Option<Place>,
    weight: usize,
    /// Whether the chunk waits to be parked.
    queued: bool,
}

impl<T> Spool<T> {
    /// An empty list.
    #[must_use]
    pub fn new() -> Self {
        Self::with_budget(BUDGET)
    }

    /// An empty list that keeps about `budget` bytes in memory.
    #[must_use]
    pub fn with_budget(budget: usize) -> Self {
        Self {
            chunks: Vec::new(),
            len: 0,
            budget,
            resident: 0,
            queue: VecDeque::new(),
            fresh: 0,
            touched: None,
            park: Park::default(),
        }
    }

    /// How many items there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// True when there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// True when parked items could not be read back: what was shown in their place is not theirs,
    /// and nothing that was made of it may be believed.
    #[must_use]
    pub fn is_damaged(&self) -> bool {
        self.park.is_damaged()
    }

    /// True when some items wait in the file.
    #[must_use]
    pub fn is_parked(&self) -> bool {
        self.chunks.iter().any(|chunk| chunk.place.is_some())
    }
}

impl<T: Spooled> Spool<T> {
    /// Adds an item at the end.
    pub fn push(&mut self, item: T) {
        if self.len.is_multiple_of(CHUNK) {
            self.chunks.push(Chunk {
                items: OnceLock::from(Vec::with_capacity(CHUNK)),
                place: None,
                weight: 0,
                queued: false,
            });
            self.weigh_again();
            while self.fresh + FRESH < self.chunks.len() {
                self.settle(self.fresh);
                self.fresh += 1;
            }
        }
        if let Some(items) = self.chunk_mut(self.chunks.len() - 1) {
            items.push(item);
            self.len += 1;
        }
    }

    /// Gives an item to be changed.
    pub fn get_mut(&mut self, index: usize) -> Option<&mut T> {
        (index < self.len)
            .then(|| self.chunk_mut(index / CHUNK))??
            .get_mut(index % CHUNK)
    }

    /// Gives the last item to be changed.
    pub fn last_mut(&mut self) -> Option<&mut T> {
        self.get_mut(self.len.checked_sub(1)?)
    }

    /// Goes over all items with their places; `change` says whether it changed the item.
    pub fn update(&mut self, mut change: impl FnMut(usize, &mut T) -> bool) {
        for chunk in 0..self.chunks.len() {
            let place = self.chunks[chunk].place.clone();
            let mut changed = false;
            for (offset, item) in self.chunk_mut(chunk).into_iter().flatten().enumerate() {
                changed |= change(chunk * CHUNK + offset, item);
            }
            if !changed {
                // A copy in the file is still true; no need to write it again.
                self.chunks[chunk].place = place;
            }
        }
    }

    /// All items in order, to be changed. They are all read into memory; see [`Self::update`].
    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut T> {
        for chunk in 0..self.chunks.len() {
            let held = &mut self.chunks[chunk];
            if let (None, Some(place)) = (held.items.get(), held.place.take()) {
                held.items = OnceLock::from(self.park.read(&place));
            }
            held.place = None;
        }
        let chunks = self.chunks.iter_mut();
        chunks.filter_map(|chunk| chunk.items.get_mut()).flatten()
    }

    /// The items of a chunk to be changed; they are fetched if need be and are warm again.
    fn chunk_mut(&mut self, chunk: usize) -> Option<&mut Vec<T>> {
        if self.touched != Some(chunk) {
            self.weigh_again();
        }
        let held = self.chunks.get(chunk)?;
        if let (None, Some(place)) = (held.items.get(), &held.place) {
            let items = self.park.read(place);
            self.chunks[chunk].items = OnceLock::from(items);
        }
        if chunk < self.fresh {
            if !self.chunks[chunk].queued {
                self.settle(chunk);
            }
            self.touched = Some(chunk);
        }
        let held = self.chunks.get_mut(chunk)?;
        held.place = None;
        held.items.get_mut()
    }

    /// Takes the items of a chunk out for good; `None` past the last.
    fn take_chunk(&mut self, chunk: usize) -> Option<Vec<T>> {
        let held = self.chunks.get_mut(chunk)?;
        let parked = held.place.take();
        let items = held.items.take();
        items.or_else(|| Some(self.park.read(&parked?)))
    }

    /// Counts what a changed chunk has grown by.
    fn weigh_again(&mut self) {
        if let Some(chunk) = self
            .touched
            .take()
            .filter(|&chunk| self.chunks[chunk].queued)
        {
            self.resident = self.resident.saturating_sub(self.chunks[chunk].weight);
            self.queue.retain(|queued| *queued != chunk);
            self.settle(chunk);
        }
    }

    /// Weighs a chunk, counts it among the settled ones and parks the coldest over the budget.
    fn settle(&mut self, chunk: usize) {
        let held = &mut self.chunks[chunk];
        held.weight = held
            .items
            .get()
            .map_or(0, |items| items.iter().map(Spooled::weight).sum());
        held.queued = true;
        self.resident += held.weight;
        self.queue.push_back(chunk);
        // The last one stays whatever it weighs: it is the one that is being worked on.
        while self.resident > self.budget && self.queue.len() > 1 {
            if !self.put_away() {
                return;
            }
        }
    }

    /// Parks the coldest chunk. False when there is no room on the disk: then the list stays in
    /// memory, as it would without a budget.
    fn put_away(&mut self) -> bool {
        let Some(&coldest) = self.queue.front() else {
            return false;
        };
        let held = &mut self.chunks[coldest];
        if held.place.is_none() {
            held.place = held.items.get().and_then(|items| self.park.write(items));
        }
        if held.place.is_none() {
            return false;
        }
        held.items.take();
        held.queued = false;
        self.resident = self.resident.saturating_sub(held.weight);
        self.queue.pop_front();
        true
    }
}

#[cfg(test)]
mod tests;
