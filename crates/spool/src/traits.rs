//! What lets a [`Spool`] stand where a `Vec` would.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{Spool, Spooled};

impl<T> Default for Spool<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Spooled + Clone> Clone for Spool<T> {
    fn clone(&self) -> Self {
        self.walk().map(|item| (*item).clone()).collect()
    }
}

impl<T: Spooled + PartialEq> PartialEq for Spool<T> {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.walk().zip(other.walk()).all(|(a, b)| *a == *b)
    }
}

impl<T: Spooled + fmt::Debug> fmt::Debug for Spool<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.walk()).finish()
    }
}

impl<T: Spooled> Extend<T> for Spool<T> {
    fn extend<I: IntoIterator<Item = T>>(&mut self, items: I) {
        for item in items {
            self.push(item);
        }
    }
}

impl<T: Spooled> FromIterator<T> for Spool<T> {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        let mut spool = Self::new();
        spool.extend(items);
        spool
    }
}

impl<T: Spooled> From<Vec<T>> for Spool<T> {
    fn from(items: Vec<T>) -> Self {
        items.into_iter().collect()
    }
}

impl<'s, T: Spooled> IntoIterator for &'s Spool<T> {
    type Item = &'s T;
    type IntoIter = Box<dyn DoubleEndedIterator<Item = &'s T> + 's>;

    fn into_iter(self) -> Self::IntoIter {
        Box::new(self.iter())
    }
}

impl<T: Spooled> IntoIterator for Spool<T> {
    type Item = T;
    type IntoIter = IntoIter<T>;

    fn into_iter(self) -> IntoIter<T> {
        IntoIter {
            spool: self,
            next: 0,
            open: Vec::new().into_iter(),
        }
    }
}

/// The items of a list that is given up, a few at a time in memory.
pub struct IntoIter<T> {
    spool: Spool<T>,
    next: usize,
    open: std::vec::IntoIter<T>,
}

impl<T: Spooled> Iterator for IntoIter<T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        loop {
            if let Some(item) = self.open.next() {
                return Some(item);
            }
            self.open = self.spool.take_chunk(self.next)?.into_iter();
            self.next += 1;
        }
    }
}

impl<'s, T: Spooled> IntoIterator for &'s mut Spool<T> {
    type Item = &'s mut T;
    type IntoIter = Box<dyn Iterator<Item = &'s mut T> + 's>;

    fn into_iter(self) -> Self::IntoIter {
        Box::new(self.iter_mut())
    }
}

impl<T: Spooled> Serialize for Spool<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeSeq;
        let mut list = serializer.serialize_seq(Some(self.len()))?;
        for item in self.walk() {
            list.serialize_element(&*item)?;
        }
        list.end()
    }
}

impl<'de, T: Spooled> Deserialize<'de> for Spool<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(Items(PhantomData))
    }
}

struct Items<T>(PhantomData<T>);

impl<'de, T: Spooled> Visitor<'de> for Items<T> {
    type Value = Spool<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut spool = Spool::new();
        while let Some(item) = list.next_element()? {
            spool.push(item);
        }
        Ok(spool)
    }
}

impl<T: JsonSchema> JsonSchema for Spool<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        Vec::<T>::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        Vec::<T>::json_schema(generator)
    }
}
