//! The command lines of `sed` and `perl`.

use super::parse;
use super::run::Program;
use crate::workspace::line::line_number;
use crate::workspace::shell::Form;

/// A command line of `sed`.
#[derive(Debug, Default)]
pub(in crate::workspace) struct Call<'a> {
    pub(in crate::workspace) in_place: bool,
    /// What is put behind the name of the copy that is kept.
    pub(in crate::workspace) backup: Option<&'a str>,
    pub(in crate::workspace) extended: bool,
    pub(in crate::workspace) quiet: bool,
    pub(in crate::workspace) scripts: Vec<&'a str>,
    pub(in crate::workspace) files: Vec<&'a str>,
}

impl<'a> Call<'a> {
    /// Sorts the words of a command.
    pub(in crate::workspace) fn read(args: &'a [String]) -> Self {
        let mut call = Self::default();
        let mut words = args.iter().map(String::as_str).peekable();
        let mut stated = false;
        let mut rest = Vec::new();
        while let Some(word) = words.next() {
            if let Some(long) = word.strip_prefix("--") {
                match long.split_once('=').unwrap_or((long, "")) {
                    ("in-place", suffix) => call.edits(suffix),
                    ("expression", script) if !script.is_empty() => {
                        stated = true;
                        call.scripts.push(script);
                    }
                    ("quiet" | "silent", _) => call.quiet = true,
                    ("regexp-extended", _) => call.extended = true,
                    _ => {}
                }
                continue;
            }
            let Some(letters) = word.strip_prefix('-').filter(|letters| !letters.is_empty()) else {
                rest.push(word);
                continue;
            };
            for (at, letter) in letters.char_indices() {
                match letter {
                    'n' => call.quiet = true,
                    'E' | 'r' => call.extended = true,
                    'i' => {
                        call.edits(&letters[at + 1..]);
                        // BSD takes the suffix as a word of its own; an empty one is a sure sign.
                        if words.peek() == Some(&"") {
                            words.next();
                        }
                        break;
                    }
                    'e' => {
                        stated = true;
                        let inline = &letters[at + 1..];
                        if inline.is_empty() {
                            call.scripts.extend(words.next());
                        } else {
                            call.scripts.push(inline);
                        }
                        break;
                    }
                    'f' => {
                        // A script in a file is not followed: an unreadable one stands for it.
                        stated = true;
                        call.scripts.push("?");
                        words.next();
                        break;
                    }
                    _ => {}
                }
            }
        }
        let mut rest = rest.into_iter();
        if !stated {
            call.scripts.extend(rest.next());
        }
        call.files = rest.collect();
        call
    }

    fn edits(&mut self, suffix: &'a str) {
        self.in_place = true;
        // `-ibak` keeps a copy; `-iE` and `-in` are options run together, whatever GNU makes of them.
        self.backup = Some(suffix).filter(|suffix| suffix.starts_with('.'));
        self.extended |= matches!(suffix, "E" | "r");
    }
}

/// The lines `sed -n 'A,Bp'` prints; `None` for a call that changes what it prints.
pub(in crate::workspace) fn printed_range(call: &Call<'_>) -> Option<Form> {
    let [script] = call.scripts.as_slice() else {
        return None;
    };
    if !call.quiet {
        // `sed 20q` prints the first lines as they are.
        let count = line_number(script.trim().strip_suffix('q')?)?;
        return Some(Form::Plain {
            first: 0,
            count: Some(count),
        });
    }
    let script = script.split_once(';').map_or(*script, |(first, rest)| {
        if rest.trim().ends_with('q') {
            first
        } else {
            script
        }
    });
    let Some(range) = script.trim().strip_suffix('p') else {
        return Some(Form::Some);
    };
    let (from, to) = range.split_once(',').unwrap_or((range, range));
    let (Some(from), to) = (line_number(from), to.trim()) else {
        return Some(Form::Some);
    };
    let first = from.saturating_sub(1);
    let count = match (to.strip_prefix('+'), to) {
        (_, "$") => None,
        (Some(more), _) => line_number(more).map(|more| more + 1),
        (None, to) => line_number(to).map(|to| (to + 1).saturating_sub(from)),
    };
    if count.is_none() && to != "$" {
        return Some(Form::Some);
    }
    Some(Form::Plain { first, count })
}

/// A `perl` that edits files in place.
pub(in crate::workspace) struct Perl<'a> {
    /// What it does to each line, or to the text as a whole, where that can be read.
    pub(in crate::workspace) program: Option<Program>,
    pub(in crate::workspace) files: Vec<&'a str>,
}

/// Reads `perl -pi -e 's/a/b/' file`; `None` when nothing is edited in place.
pub(in crate::workspace) fn perl(args: &[String]) -> Option<Perl<'_>> {
    let mut words = args.iter().map(String::as_str);
    let (mut in_place, mut prints, mut slurps) = (false, false, false);
    let mut scripts = Vec::new();
    let mut files = Vec::new();
    while let Some(word) = words.next() {
        let Some(letters) = word.strip_prefix('-').filter(|letters| !letters.is_empty()) else {
            files.push(word);
            continue;
        };
        for (at, letter) in letters.char_indices() {
            match letter {
                'i' => {
                    in_place = true;
                    if letters[at + 1..].starts_with('.') {
                        break;
                    }
                }
                'p' => prints = true,
                '0' => slurps = true,
                'e' | 'E' => {
                    scripts.extend(words.next());
                    break;
                }
                _ => {}
            }
        }
    }
    in_place.then(|| Perl {
        program: prints.then(|| parse::perl(&scripts, slurps)).flatten(),
        files,
    })
}
