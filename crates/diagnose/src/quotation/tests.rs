//! What counts as a quotation.

#![allow(clippy::single_range_in_vec_init, reason = "one piece")]

use super::canonical::patterns;
use super::*;
use crate::fence::Fence;
use proptest::prelude::*;

/// What of the text is found, without a run around it.
fn in_text<'t>(text: &'t str, quote: &str) -> Option<&'t str> {
    let all = |_: &Range<usize>| None;
    let held = Text::new(text.to_owned());
    let located = patterns(quote).iter().find_map(|p| locate(&held, p, &all));
    Some(&text[excerpt(&located?.0)?])
}

#[test]
fn slips_of_a_copyist_are_forgiven() {
    let text = "$ pytest -q\n\u{1b}[31mFAILED\u{1b}[0m tests/a.py::test_x \u{2013} it\u{2019}s 1\r\n  \
                expected \u{201c}two\u{201d}\tgot three\u{2026} done\n";
    let cases = [
        ("pytest -q", "pytest -q"),
        ("  pytest   -q ", "pytest -q"),
        ("`pytest -q`", "pytest -q"),
        (
            "FAILED tests/a.py::test_x",
            "FAILED\u{1b}[0m tests/a.py::test_x",
        ),
        ("\\u{1b}[31mFAILED\\u{1b}[0m tests", "FAILED\u{1b}[0m tests"),
        ("test_x - it's 1", "test_x \u{2013} it\u{2019}s 1"),
        (
            "it's 1\\n expected \"two\"",
            "it\u{2019}s 1\r\n  expected \u{201c}two\u{201d}",
        ),
        ("got three... done", "got three\u{2026} done"),
    ];
    for (quote, words) in cases {
        assert_eq!(in_text(text, quote), Some(words), "{quote:?}");
    }
}

#[test]
fn nothing_else_is() {
    let text = "ran 12 tests: 11 passed, 1 failed";
    for quote in [
        "",
        " ",
        "ran 13 tests",
        "Ran 12 tests",
        "12 passed",
        "1 failed, 11 passed",
        "failed \u{2026} ran",
        "tests:11 passed",
        "...",
        "\\n",
    ] {
        assert_eq!(in_text(text, quote), None, "{quote:?}");
    }
}

#[test]
fn ellipses_leave_out_the_middle() {
    let text = format!("first line\nsecond\n{}last line\n", "middle\n".repeat(4));
    for quote in [
        "first line \u{2026} last line",
        "first line\n[\u{2026} 5 lines cut \u{2026}]\nlast line",
        "...first line [...] last line...",
    ] {
        assert_eq!(in_text(&text, quote), Some(text.trim_end()), "{quote:?}");
    }
    // Of a long stretch the longer end is quoted.
    let text = format!("a first line {}the end\n", "and so on ".repeat(60));
    assert_eq!(
        in_text(&text, "a first line ... the end"),
        Some("a first line")
    );
}

#[test]
fn backslashes_that_are_meant_stay() {
    assert_eq!(
        in_text("print('a\\n')", "print('a\\n')"),
        Some("print('a\\n')")
    );
    assert_eq!(
        in_text("s = '\\u{1b}'", "s =  '\\u{1b}'"),
        Some("s = '\\u{1b}'")
    );
}

#[test]
fn long_texts_take_no_longer_than_they_are_long() {
    let mut text = "a a a a a a a b ".repeat(200_000);
    text.push_str("the needle\n is here");
    let quote = format!("{} c", "a ".repeat(1_000));
    assert_eq!(in_text(&text, &quote), None);
    assert_eq!(
        in_text(&text, "the needle is here"),
        Some("the needle\n is here")
    );
}

#[test]
fn a_place_that_is_wanted_comes_first() {
    let text = Text::new("done\nno\ndone\n".to_owned());
    let found = |judge: &dyn Fn(&Range<usize>) -> Option<Objection>| {
        patterns("done")
            .iter()
            .find_map(|p| locate(&text, p, judge))
    };
    let first = |range: &Range<usize>| (range.start == 0).then_some(Objection::OtherPart);
    assert_eq!(found(&first), Some((vec![8..12], None)));
    let planted = |range: &Range<usize>| {
        let first = range.start == 0;
        Some(if first {
            Objection::Planted
        } else {
            Objection::Unshown
        })
    };
    assert_eq!(
        found(&planted),
        Some((vec![8..12], Some(Objection::Unshown)))
    );
}

#[test]
fn the_longest_part_that_stands_is_taken() {
    let stands = |words: &str| "export TOKEN=abc and run the tool".contains(words);
    let shown = "export TOKEN=REDACTED-1 and run the tool";
    assert_eq!(longest(shown, &stands), Some("and run the tool"));
    assert_eq!(longest("nothing stands", &stands), None);
}

proptest! {
    #[test]
    fn what_is_found_is_there(text in "[a-c \\n\u{1b}\\[m\u{2019}']{0,80}", quote in "[a-c \\.'\\\\nu{}1b]{0,20}") {
        let _ = in_text(&text, &quote);
    }

    #[test]
    fn any_excerpt_is_found(text in ".{1,200}", start in 0usize..200, length in 1usize..60) {
        let start = text.floor_char_boundary(start);
        let end = text.ceil_char_boundary(start.saturating_add(length));
        let excerpt = text[start..end].trim();
        prop_assume!(!excerpt.is_empty());
        prop_assert_eq!(in_text(&text, excerpt), Some(excerpt));
    }

    #[test]
    fn what_a_fence_shows_is_found(
        text in "([a-z]{1,6}|[ \\n\u{1b}\u{7}\u{200b}\u{202e}«\u{201d}¦<>\\[\\]|]|\u{1b}\\[31m|</s>){1,40}",
        line in 0usize..8,
    ) {
        let shown = Fence::new("mark").data(&text);
        let lines: Vec<&str> = shown.lines().collect();
        let line = lines[1..lines.len() - 1].iter().cycle().nth(line).copied().unwrap_or_default();
        prop_assume!(line.chars().any(char::is_alphanumeric));
        prop_assert!(in_text(&text, line).is_some(), "{:?}", line);
    }

    #[test]
    fn other_white_space_does_not_matter(words in prop::collection::vec("[a-z]{1,8}", 1..20), gap in "[ \\t\\n]{1,4}") {
        let text = format!("> {} <", words.join(&gap));
        let written = words.join(&gap);
        prop_assert_eq!(in_text(&text, &words.join(" ")), Some(written.as_str()));
    }

    #[test]
    fn any_quote_of_any_text_ends(text in ".{0,300}", quote in ".{0,80}") {
        if let Some(words) = in_text(&text, &quote) {
            prop_assert!(text.contains(words));
        }
    }
}
