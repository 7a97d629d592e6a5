//! Paths of two runs that worked in different places.
//!
//! One agent writes `/app/src/a.py`, another `src/a.py` from within `/app`, a third worked in
//! `/workspace`. They mean the same file.

use std::fmt;

/// A path without detours.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Place(String);

/// A folder with a longer path is as good as unknown: a script that goes down or up folder by folder
/// would else cost the square of its length.
const LONGEST: usize = 4096;

impl Place {
    /// The path as seen from `folder` (empty when that is not known), without `.`, `..` and doubled
    /// slashes as far as they can be taken out by reading alone.
    pub(super) fn new(folder: &str, path: &str) -> Self {
        let path = path.trim();
        let path = path.strip_prefix("file://").unwrap_or(path);
        let whole = if is_rooted(path) || folder.is_empty() || folder.len() > LONGEST {
            path.replace('\\', "/")
        } else {
            format!("{folder}/{path}").replace('\\', "/")
        };
        let rooted = whole.starts_with('/');
        let mut parts: Vec<&str> = Vec::new();
        for part in whole.split('/') {
            match part {
                "" | "." => {}
                ".." if parts.last().is_some_and(|last| *last != "..") => {
                    parts.pop();
                }
                ".." if rooted => {}
                _ => parts.push(part),
            }
        }
        let joined = parts.join("/");
        Self(if rooted { format!("/{joined}") } else { joined })
    }

    /// The path as text.
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// The last component.
    pub(super) fn name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or(&self.0)
    }

    /// True when the path names one file and is no pattern or expansion.
    pub(super) fn is_literal(&self) -> bool {
        !self.0.is_empty() && !self.0.contains(['*', '$', '`', '?', '{', '(', '\n'])
    }

    /// True for places where nothing is meant to stay.
    pub(super) fn is_scratch(&self) -> bool {
        const SCRATCH: &[&str] = &["/tmp/", "/var/tmp/", "/dev/shm/", "/root/.cache/"];
        SCRATCH.iter().any(|folder| self.0.starts_with(folder))
    }

    /// How far two paths mean the same file.
    pub(super) fn compare(&self, other: &Self) -> Kinship {
        if self == other {
            return Kinship::Same;
        }
        if self.name() != other.name() || self.name().is_empty() {
            return Kinship::None;
        }
        let shared = self
            .0
            .rsplit('/')
            .zip(other.0.rsplit('/'))
            .take_while(|(a, b)| a == b && !a.is_empty())
            .count();
        let depth = |place: &Self| place.0.split('/').filter(|part| !part.is_empty()).count();
        let (own, theirs) = (depth(self), depth(other));
        let whole = |place: &Self, depth: usize| !place.0.starts_with('/') && shared == depth;
        if whole(self, own) || whole(other, theirs) {
            return Kinship::Same;
        }
        // Below another root folder: `/app/src/a.py` and `/workspace/src/a.py`.
        if own == theirs && shared + 1 == own || shared >= 2 {
            return Kinship::Moved;
        }
        Kinship::Name
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How far two paths mean the same file, the nearest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kinship {
    /// The same path, or one is the end of the other.
    Same,
    /// The same path below another folder.
    Moved,
    /// Only the file name is the same.
    Name,
    /// Nothing.
    None,
}

impl Kinship {
    /// True when both mean one file.
    pub(super) fn is_one_file(self) -> bool {
        matches!(self, Self::Same | Self::Moved)
    }
}

fn is_rooted(path: &str) -> bool {
    path.starts_with(['/', '~', '$']) || path.as_bytes().get(1) == Some(&b':')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn one_file_is_known_by_many_paths() {
        let place = |folder, path| Place::new(folder, path);
        assert_eq!(place("/app", "./src/../a.py").as_str(), "/app/a.py");
        assert_eq!(place("", "a//b/./c").as_str(), "a/b/c");
        for (one, other, kinship) in [
            ("/app/a.py", "/app/a.py", Kinship::Same),
            ("/app/src/a.py", "src/a.py", Kinship::Same),
            ("/app/a.py", "/workspace/a.py", Kinship::Moved),
            ("/app/src/a.py", "/testbed/src/a.py", Kinship::Moved),
            ("/app/x/__init__.py", "/app/y/z/__init__.py", Kinship::Name),
            ("/app/a.py", "/app/b.py", Kinship::None),
        ] {
            assert_eq!(
                place("", one).compare(&place("", other)),
                kinship,
                "{one} {other}"
            );
            assert_eq!(
                place("", other).compare(&place("", one)),
                kinship,
                "{other} {one}"
            );
        }
    }

    proptest! {
        #[test]
        fn any_path_is_taken(folder in any::<String>(), one in any::<String>(), other in any::<String>()) {
            let (one, other) = (Place::new(&folder, &one), Place::new(&folder, &other));
            prop_assert_eq!(one.compare(&other), other.compare(&one));
            prop_assert_eq!(one.compare(&one), Kinship::Same);
        }
    }
}
