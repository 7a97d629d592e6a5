//! One name for one file, however the agent writes it.

use std::collections::HashMap;

use crate::facts::file::file_name;

/// How many files of one name are told apart.
const SAME_NAME: usize = 16;
/// How many names are remembered; later ones stand for themselves.
const NAMES: usize = 200_000;
/// How many names are compared with removed folders in a whole run; past that a removed folder takes
/// only what was named like it.
const COMPARED: usize = 4_000_000;

/// Numbers files, so that `/app/x.py`, `./x.py` and `x.py` are one: of two paths where one ends with
/// the other, part by part, both mean the file seen first.
#[derive(Default)]
pub(crate) struct Paths {
    by_name: HashMap<String, Vec<(String, u32)>>,
    next: u32,
    compared: usize,
}

impl Paths {
    /// The number of the file a path means; a new one when it was never mentioned.
    pub(crate) fn id(&mut self, path: &str) -> u32 {
        let path = tidy(path);
        let name = file_name(path);
        if let Some(id) = self.known(path) {
            return id;
        }
        let id = self.next;
        self.next = self.next.saturating_add(1);
        if self.by_name.len() < NAMES || self.by_name.contains_key(name) {
            let same = self.by_name.entry(name.to_owned()).or_default();
            if same.len() < SAME_NAME {
                same.push((path.to_owned(), id));
            }
        }
        id
    }

    /// The number of the file a path means, if it was mentioned before.
    pub(crate) fn known(&self, path: &str) -> Option<u32> {
        let path = tidy(path);
        let same = self.by_name.get(file_name(path))?;
        same.iter()
            .find(|(known, _)| ends_with(known, path) || ends_with(path, known))
            .map(|(_, id)| *id)
    }

    /// The files mentioned so far that lie in a folder.
    pub(crate) fn below(&mut self, folder: &str) -> Vec<u32> {
        let folder = tidy(folder).trim_end_matches(['/', '*']);
        self.compared += self.by_name.len();
        if self.compared > COMPARED {
            return Vec::new();
        }
        let mut found: Vec<u32> = self
            .by_name
            .values()
            .flatten()
            .filter(|(path, _)| {
                !folder.is_empty()
                    && path
                        .strip_prefix(folder)
                        .is_some_and(|rest| rest.starts_with('/'))
            })
            .map(|(_, id)| *id)
            .collect();
        found.sort_unstable();
        found
    }
}

fn tidy(path: &str) -> &str {
    let mut path = path.trim();
    while let Some(rest) = path.strip_prefix("./") {
        path = rest.trim_start_matches('/');
    }
    path
}

/// True when `path` is `end`, or ends with it after a separator.
fn ends_with(path: &str, end: &str) -> bool {
    path.strip_suffix(end)
        .is_some_and(|before| before.is_empty() || before.ends_with('/') || end.starts_with('/'))
}
