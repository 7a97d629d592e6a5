//! Paths as a task and a step write them.

use crate::blame::file_name;

/// True when two paths can be the same file: equal names, and folders that do not contradict each
/// other. A relative path may stand in any folder.
pub(super) fn same(demanded: &str, written: &str) -> bool {
    let (a, b) = (bare(demanded), bare(written));
    if file_name(a) != file_name(b) || file_name(a).is_empty() {
        return false;
    }
    let (long, short) = if a.len() >= b.len() { (a, b) } else { (b, a) };
    ends_with_path(long, relative(short)) && !(a.starts_with('/') && b.starts_with('/') && a != b)
}

/// True when both name the same file but in folders that exclude each other.
pub(super) fn elsewhere(demanded: &str, written: &str) -> bool {
    let (a, b) = (bare(demanded), bare(written));
    file_name(a) == file_name(b) && a.starts_with('/') && b.starts_with('/') && a != b
}

/// True when `path` lies in the folder `folder`, or is it.
pub(super) fn within(folder: &str, path: &str) -> bool {
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
