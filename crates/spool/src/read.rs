//! Looking at a list without changing it.

use std::fmt;
use std::ops::{Deref, Index, IndexMut};
use std::sync::{Arc, OnceLock};

use crate::park::Place;
use crate::{CHUNK, Spool, Spooled};

/// A chunk that is read when one of its items is first looked at.
type Chunk<T> = Arc<OnceLock<Arc<Vec<T>>>>;

/// One item of a [`Spool`]: a reference where it is in memory, else a promise that reads it when it
/// is first looked at.
pub struct Held<'s, T: Spooled>(Way<'s, T>);

enum Way<'s, T: Spooled> {
    Here(&'s T),
    Parked {
        spool: &'s Spool<T>,
        place: &'s Place,
        offset: usize,
        /// Shared by neighbours that were asked for together.
        read: Chunk<T>,
    },
}

impl<T: Spooled> Deref for Held<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        match &self.0 {
            Way::Here(item) => item,
            Way::Parked {
                spool,
                place,
                offset,
                read,
            } => &read.get_or_init(|| spool.park.look(place))[*offset],
        }
    }
}

impl<T: Spooled> Clone for Held<'_, T> {
    fn clone(&self) -> Self {
        Self(match &self.0 {
            Way::Here(item) => Way::Here(item),
            Way::Parked {
                spool,
                place,
                offset,
                read,
            } => Way::Parked {
                spool,
                place,
                offset: *offset,
                read: Arc::clone(read),
            },
        })
    }
}

impl<'s, T: Spooled> From<&'s T> for Held<'s, T> {
    fn from(item: &'s T) -> Self {
        Self(Way::Here(item))
    }
}

impl<T: Spooled + fmt::Debug> fmt::Debug for Held<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: Spooled> Spool<T> {
    /// An item, read when it is looked at and let go of with the answer.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<Held<'_, T>> {
        if index >= self.len {
            return None;
        }
        let chunk = self.chunks.get(index / CHUNK)?;
        let offset = index % CHUNK;
        if let Some(items) = chunk.items.get() {
            return Some(Held(Way::Here(items.get(offset)?)));
        }
        let place = chunk.place.as_ref()?;
        Some(Held(Way::Parked {
            spool: self,
            place,
            offset,
            read: Arc::default(),
        }))
    }

    /// All items in order, each as [`Self::get`] gives it: memory stays bounded.
    pub fn walk(&self) -> impl DoubleEndedIterator<Item = Held<'_, T>> + ExactSizeIterator + Clone {
        let mut chunk: Option<(usize, Chunk<T>)> = None;
        // Every index below the length has an item, so none is passed over.
        (0..self.len).map(move |index| match self.get(index) {
            Some(Held(Way::Parked {
                spool,
                place,
                offset,
                ..
            })) => {
                // Neighbours hold one copy, whatever else is looked at in between.
                let at = index / CHUNK;
                let known = chunk.take().filter(|(number, _)| *number == at);
                let (_, read) = chunk.insert(known.unwrap_or_else(|| (at, Arc::default())));
                Held(Way::Parked {
                    spool,
                    place,
                    offset,
                    read: Arc::clone(read),
                })
            }
            Some(item) => item,
            None => Held::from(&self[index]),
        })
    }

    /// All items in order as plain references. What is read stays in memory; see [`Self::walk`].
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &T> + ExactSizeIterator + Clone {
        (0..self.len).map(|index| &self[index])
    }

    /// The first item. What is read stays in memory.
    #[must_use]
    pub fn first(&self) -> Option<&T> {
        self.kept(0)
    }

    /// The last item. What is read stays in memory.
    #[must_use]
    pub fn last(&self) -> Option<&T> {
        self.kept(self.len.checked_sub(1)?)
    }

    /// An item as a plain reference, for which its chunk is read for good.
    fn kept(&self, index: usize) -> Option<&T> {
        let chunk = self.chunks.get(index / CHUNK)?;
        let items = chunk.items.get_or_init(|| {
            let place = chunk.place.as_ref();
            place.map_or_else(Vec::new, |place| self.park.read(place))
        });
        items.get(index % CHUNK)
    }
}

impl<T: Spooled> Index<usize> for Spool<T> {
    type Output = T;

    /// # Panics
    /// Past the end, as for a slice.
    fn index(&self, index: usize) -> &T {
        match self.kept(index) {
            Some(item) => item,
            #[expect(clippy::panic, reason = "the caller's mistake, as for a slice")]
            None => panic!("index {index} is past the end of {} items", self.len),
        }
    }
}

impl<T: Spooled> IndexMut<usize> for Spool<T> {
    /// # Panics
    /// Past the end, as for a slice.
    fn index_mut(&mut self, index: usize) -> &mut T {
        let len = self.len;
        match self.get_mut(index) {
            Some(item) => item,
            #[expect(clippy::panic, reason = "the caller's mistake, as for a slice")]
            None => panic!("index {index} is past the end of {len} items"),
        }
    }
}
