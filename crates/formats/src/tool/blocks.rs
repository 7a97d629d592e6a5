//! SEARCH/REPLACE blocks, as aider, Cline and Roo Code have models write edits.

use std::ops::Range;

use trace::Change;

/// One block of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// What is looked for, with its line ends.
    pub search: String,
    /// What is put in its place, with its line ends.
    pub replace: String,
    /// The bytes of the text from the opening to the closing marker.
    pub range: Range<usize>,
}

impl Block {
    /// The change the block asks for: an empty search makes the file or adds to it.
    #[must_use]
    pub fn change(&self) -> Change {
        if self.search.trim().is_empty() {
            return Change::Write {
                content: self.replace.clone(),
            };
        }
        Change::Replace {
            old: self.search.clone(),
            new: self.replace.clone(),
            all: false,
        }
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Marker {
    Open,
    Divider,
    Close,
}

/// The marker a line is: a run of five to nine equal signs with or without its word.
fn marker(line: &str) -> Option<Marker> {
    let line = line.trim_end();
    let first = line.chars().next()?;
    let rest = line.trim_start_matches(first);
    if !(5..=9).contains(&(line.len() - rest.len())) {
        return None;
    }
    match (first, rest.trim()) {
        // An older Cline ended its words with the same sign.
        ('<' | '-', "SEARCH" | "SEARCH>") => Some(Marker::Open),
        ('=', "") => Some(Marker::Divider),
        ('>' | '+', "REPLACE" | "REPLACE>") => Some(Marker::Close),
        _ => None,
    }
}

/// The whole blocks of a text, in order. A block that is not closed is left out.
#[must_use]
pub fn search_replace_blocks(text: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut open: Option<(usize, Range<usize>, Option<usize>)> = None;
    let mut offset = 0;
    for line in text.split_inclusive('\n') {
        let end = offset + line.len();
        match (marker(line), &mut open) {
            (Some(Marker::Open), _) => open = Some((offset, end..end, None)),
            (Some(Marker::Divider), Some((_, search, replace @ None))) => {
                search.end = offset;
                *replace = Some(end);
            }
            (Some(Marker::Close), Some((start, search, Some(replace)))) => {
                blocks.push(Block {
                    search: without_hints(&text[search.clone()]).to_owned(),
                    replace: text[*replace..offset].to_owned(),
                    range: *start..offset + line.trim_end().len(),
                });
                open = None;
            }
            _ => {}
        }
        offset = end;
    }
    blocks
}

/// Roo Code begins a search with `:start_line:N` and a line of dashes.
fn without_hints(search: &str) -> &str {
    let mut rest = search;
    while rest.starts_with(":start_line:") || rest.starts_with(":end_line:") {
        rest = rest.split_once('\n').map_or("", |(_, rest)| rest);
    }
    if rest.len() < search.len() {
        return rest.strip_prefix("-------\n").unwrap_or(rest);
    }
    search
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn blocks_of_all_dialects_are_read() {
        let text = "a.py\n<<<<<<< SEARCH\nold\n=======\nnew\n>>>>>>> REPLACE\ntalk\n\
                    ------- SEARCH\n\n=======\nmade\n+++++++ REPLACE\n\
                    <<<<<<< SEARCH\n:start_line:3\n-------\nx\n=======\n>>>>>>> REPLACE\n<<<<<<< SEARCH\ncut";
        let blocks = search_replace_blocks(text);
        let sides: Vec<_> = blocks
            .iter()
            .map(|b| (b.search.as_str(), b.replace.as_str()))
            .collect();
        assert_eq!(sides, [("old\n", "new\n"), ("\n", "made\n"), ("x\n", "")]);
        assert!(text[blocks[0].range.clone()].ends_with("REPLACE"));
        assert!(matches!(blocks[1].change(), Change::Write { .. }));
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "(<<<<<<< SEARCH|=======|>>>>>>> REPLACE|:start_line:|x|é|\n){0,30}") {
            for block in search_replace_blocks(&text) {
                prop_assert!(text.get(block.range).is_some());
            }
        }
    }
}
