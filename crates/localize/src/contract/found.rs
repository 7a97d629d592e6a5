//! The demands found so far, each thing once.

use std::collections::BTreeMap;
use std::ops::Range;

use super::{Demand, DemandKind, MOST_DEMANDS};
use crate::facts::file::{self, file_name};

/// What was found so far, each thing once.
#[derive(Default)]
pub(super) struct Found {
    pub(super) list: Vec<(DemandKind, Range<usize>, u8)>,
    by_name: BTreeMap<String, usize>,
}

impl Found {
    /// Takes many values of one clause for one demand: all of them.
    pub(super) fn gather(&mut self, from: usize) {
        const MANY: usize = 5;
        let plain = |kind: &DemandKind| match kind {
            DemandKind::Literal { text } => Some(text.clone()),
            _ => None,
        };
        let values: Vec<(String, Range<usize>)> = self.list[from..]
            .iter()
            .filter_map(|(kind, span, _)| Some((plain(kind)?, span.clone())))
            .collect();
        let (Some(first), Some(last)) = (values.first(), values.last()) else {
            return;
        };
        if values.len() < MANY {
            return;
        }
        let span = first.1.start..last.1.end;
        let parts = values.into_iter().map(|(text, _)| text).collect();
        let kept = self.list.split_off(from);
        self.list
            .extend(kept.into_iter().filter(|(kind, ..)| plain(kind).is_none()));
        self.list.push((DemandKind::Format { parts }, span, 2));
        self.by_name.retain(|_, at| *at < from);
    }

    /// Adds a demand; of two about the same thing the weightier stays.
    pub(super) fn add(&mut self, name: String, kind: DemandKind, span: Range<usize>, weight: u8) {
        match self.by_name.get(&name) {
            Some(&at) if self.list[at].2 < weight => self.list[at] = (kind, span, weight),
            None if self.list.len() < MOST_DEMANDS => {
                self.by_name.insert(name, self.list.len());
                self.list.push((kind, span, weight));
            }
            Some(_) | None => {}
        }
    }

    /// Takes two spellings of one path for one, and names of paths for no values.
    fn unite(&mut self) {
        let paths: Vec<(String, u8, usize)> = self
            .list
            .iter()
            .enumerate()
            .filter_map(|(at, (kind, _, weight))| Some((path_of(kind)?.to_owned(), *weight, at)))
            .collect();
        let mut at = 0;
        self.list.retain(|(kind, _, weight)| {
            let here = at;
            at += 1;
            match kind {
                DemandKind::Literal { text } => !paths
                    .iter()
                    .any(|(path, ..)| file_name(path) == text.as_str()),
                _ => path_of(kind).is_none_or(|path| {
                    let better = |other: &(String, u8, usize)| {
                        let rank = (*weight, path.len(), std::cmp::Reverse(here));
                        other.2 != here
                            && file::same(&other.0, path)
                            && (other.1, other.0.len(), std::cmp::Reverse(other.2)) > rank
                    };
                    !paths.iter().any(better)
                }),
            }
        });
    }

    pub(super) fn demands(mut self) -> Vec<Demand> {
        self.unite();
        self.list.sort_by_key(|(_, span, _)| (span.start, span.end));
        let numbered = (1..).zip(self.list);
        numbered
            .map(|(id, (kind, span, weight))| Demand {
                id,
                kind,
                span,
                weight,
            })
            .collect()
    }
}

pub(super) fn path_of(kind: &DemandKind) -> Option<&str> {
    match kind {
        DemandKind::Output { path, .. }
        | DemandKind::Removal { path }
        | DemandKind::Input { path } => Some(path),
        _ => None,
    }
}
