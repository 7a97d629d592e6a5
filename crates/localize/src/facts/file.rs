//! Files as tasks and steps write them: what they are called, when two paths are one file, and which
//! names say that a file stays outside what is handed in.

use std::collections::HashSet;

/// How parts of the names of files begin that only serve the work.
const ASIDE_STEMS: &[&str] = &[
    "test",
    "verif",
    "validat",
    "debug",
    "explor",
    "analy",
    "inspect",
    "repro",
    "experiment",
    "scratch",
    "backup",
];
/// Parts of the names of such files.
const ASIDE_PARTS: &[&str] = &[
    "check", "checks", "demo", "example", "tmp", "temp", "bak", "log", "orig",
];

/// The last part of a path: what remains the same whatever folder a command runs in.
#[must_use]
pub(crate) fn file_name(path: &str) -> &str {
    path.trim_end_matches('/')
        .rsplit('/')
        .next()
        .unwrap_or(path)
}

/// The names of all files a text mentions: words whose last part has an ending.
pub(crate) fn names_in(text: &str) -> HashSet<&str> {
    let separates = |c: char| c.is_whitespace() || "`'\"()[]{}<>,;".contains(c);
    text.split(separates)
        .map(|word| file_name(word.trim_end_matches(['.', ':', '!', '?'])))
        .filter(|name| {
            name.rsplit_once('.').is_some_and(|(stem, ending)| {
                !stem.is_empty() && !ending.is_empty() && ending.len() <= 6
            })
        })
        .collect()
}

/// Whether a file name says that the file is a check, an experiment or a copy.
pub(crate) fn is_aside(name: &str) -> bool {
    name.to_lowercase().split(['_', '-', '.', ' ']).any(|part| {
        ASIDE_PARTS.contains(&part) || ASIDE_STEMS.iter().any(|stem| part.starts_with(stem))
    })
}

/// True when two paths can be the same file: equal names, and folders that do not contradict each
/// other. A relative path may stand in any folder.
pub(crate) fn same(demanded: &str, written: &str) -> bool {
    let (a, b) = (bare(demanded), bare(written));
    if file_name(a) != file_name(b) || file_name(a).is_empty() {
        return false;
    }
    let (long, short) = if a.len() >= b.len() { (a, b) } else { (b, a) };
    ends_with_path(long, relative(short)) && !(a.starts_with('/') && b.starts_with('/') && a != b)
}

/// True when both name the same file but in folders that exclude each other.
pub(crate) fn elsewhere(demanded: &str, written: &str) -> bool {
    let (a, b) = (bare(demanded), bare(written));
    file_name(a) == file_name(b) && a.starts_with('/') && b.starts_with('/') && a != b
}

/// True when `path` lies in the folder `folder`, or is it.
pub(crate) fn within(folder: &str, path: &str) -> bool {
    let (folder, path) = (relative(bare(folder)), relative(bare(path)));
    if folder.is_empty() {
        return false;
    }
    path.match_indices(folder).any(|(at, found)| {
        let end = at + found.len();
        (at == 0 || path.as_bytes()[at - 1] == b'/')
            && (end == path.len() || path.as_bytes()[end] == b'/')
    })
}

/// A path without what says nothing: quotes and slashes at its end.
fn bare(path: &str) -> &str {
    path.trim_matches(['\'', '"', '`']).trim_end_matches('/')
}

/// A path without the marks of where it starts.
fn relative(path: &str) -> &str {
    path.trim_start_matches("./")
        .trim_start_matches("~/")
        .trim_start_matches('/')
}

fn ends_with_path(long: &str, tail: &str) -> bool {
    long.strip_suffix(tail)
        .is_some_and(|before| before.is_empty() || before.ends_with('/'))
}

#[cfg(test)]
mod tests {
    use super::{elsewhere, same, within};

    #[test]
    fn relative_paths_may_stand_anywhere_and_absolute_ones_may_not() {
        assert!(same("/app/out.json", "out.json"));
        assert!(same("/app/out.json", "./out.json"));
        assert!(same("src/out.json", "/app/src/out.json"));
        assert!(!same("/app/out.json", "/tmp/out.json"));
        assert!(!same("src/out.json", "test/out.json"));
        assert!(elsewhere("/app/out.json", "/tmp/out.json"));
        assert!(!elsewhere("/app/out.json", "out.json"));
    }

    #[test]
    fn a_folder_holds_its_files() {
        assert!(within("warriors/", "/app/warriors/stone.red"));
        assert!(within("/app/data", "/app/data"));
        assert!(!within("data", "/app/metadata/x"));
    }
}
