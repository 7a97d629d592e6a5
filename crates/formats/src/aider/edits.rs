//! The edits a reply asks for.

use std::ops::Range;

use trace::{Change, FileEdit};

use super::history::opened_by;
use crate::tool::{files_in_patch, search_replace_blocks};

/// One edit of a reply.
#[derive(Debug, PartialEq)]
pub(super) struct Asked {
    pub(super) edit: FileEdit,
    /// The bytes of the reply it takes, the line with the file's name included.
    pub(super) range: Range<usize>,
}

/// The SEARCH/REPLACE blocks of a reply.
pub(super) fn blocks(reply: &str) -> Vec<Asked> {
    let mut found: Vec<Asked> = Vec::new();
    for block in search_replace_blocks(reply) {
        let before = found.last().map_or(0, |asked| asked.range.end);
        let named = name_before(&reply[before..block.range.start]);
        let (path, start) = match named {
            Some((path, at)) => (path.to_owned(), before + at),
            // A block without a name is for the file of the one before.
            None => match found.last() {
                Some(asked) => (asked.edit.path.clone(), block.range.start),
                None => (String::new(), block.range.start),
            },
        };
        found.push(Asked {
            edit: FileEdit {
                path,
                change: block.change(),
            },
            range: start..block.range.end,
        });
    }
    found
}

/// The file's name in one of the three lines before a block, fences passed over, and where its line
/// begins.
fn name_before(text: &str) -> Option<(&str, usize)> {
    let mut end = text.len();
    let mut looked = 0;
    for line in text.split_inclusive('\n').rev() {
        let start = end - line.len();
        end = start;
        let bare = line.trim();
        looked += 1;
        if looked > 3 {
            break;
        }
        if bare.is_empty() {
            continue;
        }
        let is_fence = bare.starts_with("```") || bare.starts_with('<') && bare.ends_with('>');
        let name = bare
            .trim_start_matches('`')
            .trim_matches(|c: char| matches!(c, '*' | '`' | ' ' | ':'))
            .trim_start_matches("# ");
        if is_fence && !name.contains(['.', '/']) {
            continue;
        }
        // A word alone is a file if it looks like one: `a.py`, `src/x`, `Makefile`, or marked as code.
        let marked = bare.starts_with(['`', '*']);
        let looks = marked || name.contains(['.', '/']) || name.starts_with(char::is_uppercase);
        let is_path = looks
            && !name.is_empty()
            && !name.ends_with('.')
            && name.split_whitespace().count() <= if marked { 3 } else { 1 };
        return is_path.then_some((name, start));
    }
    None
}

/// The edit a reply asks for of a file that no block names: a whole file in a fence below its name,
/// or its part of a diff.
pub(super) fn of_file(reply: &str, path: &str) -> Asked {
    let mut offset = 0;
    let mut named: Option<usize> = None;
    // What closes the fence, where its content begins, and where the name above it stands.
    let mut open: Option<(&str, usize, Option<usize>)> = None;
    let mut in_diff: Option<Asked> = None;
    for line in reply.split_inclusive('\n') {
        let bare = line.trim();
        let next = offset + line.len();
        match open {
            Some((close, start, name)) if bare == close => {
                let inside = &reply[start..offset];
                if let Some(name) = name {
                    return Asked {
                        edit: FileEdit {
                            path: path.to_owned(),
                            change: Change::Write {
                                content: inside.to_owned(),
                            },
                        },
                        range: name..next,
                    };
                }
                let mut files = files_in_patch(inside).into_iter();
                if let Some(edit) = files.find(|edit| edit.path == path) {
                    let range = start..offset;
                    in_diff.get_or_insert(Asked { edit, range });
                }
                open = None;
            }
            Some(_) => {}
            None => {
                if let Some(close) = opened_by(bare) {
                    open = Some((close, next, named.take()));
                } else if !bare.is_empty() {
                    let name =
                        bare.trim_matches(|c: char| matches!(c, '*' | '`' | ' ' | ':' | '#'));
                    named = (name == path).then_some(offset);
                }
            }
        }
        offset = next;
    }
    in_diff.unwrap_or_else(|| Asked {
        // The reply does not show what was written.
        edit: FileEdit {
            path: path.to_owned(),
            change: Change::Patch {
                patch: String::new(),
            },
        },
        range: 0..reply.len(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_know_their_files() {
        let reply = "Two edits.\n\n`src/a.py`\n```python\n<<<<<<< SEARCH\nx\n=======\ny\n>>>>>>> REPLACE\n```\n\
                     and\n```python\n<<<<<<< SEARCH\nu\n=======\nv\n>>>>>>> REPLACE\n```\n```b.py\n<<<<<<< SEARCH\n=======\nnew\n>>>>>>> REPLACE\n```\n";
        let found = blocks(reply);
        let paths: Vec<_> = found.iter().map(|a| a.edit.path.as_str()).collect();
        assert_eq!(paths, ["src/a.py", "src/a.py", "b.py"]);
        assert!(reply[found[0].range.clone()].starts_with("`src/a.py`"));
    }

    #[test]
    fn whole_files_and_diffs_are_found_by_name() {
        let reply = "Here:\n\n**b.txt**\n```\nall\n</div>\n```\n\n```diff\n--- a.c\n+++ a.c\n@@\n-x\n+y\n```\n";
        let whole = of_file(reply, "b.txt").edit.change;
        assert_eq!(
            whole,
            Change::Write {
                content: "all\n</div>\n".to_owned()
            }
        );
        assert!(
            matches!(of_file(reply, "a.c").edit.change, Change::Patch { patch } if patch.contains("+y"))
        );
        assert!(
            matches!(of_file(reply, "c").edit.change, Change::Patch { patch } if patch.is_empty())
        );
    }
}
