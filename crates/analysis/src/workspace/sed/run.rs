//! Carries a program out on what is known of a file.

use regex::{Captures, Regex};

use super::pattern::Part;
use crate::workspace::content::{Content, inherit};
use crate::workspace::line::{Line, Lines, Origin};
use crate::workspace::replay::Done;

/// Which lines a command concerns.
#[derive(Debug, Clone)]
pub(super) enum Address {
    /// This line, counted from 1.
    Number(usize),
    /// The last one.
    Last,
    /// As the end of a range: so many lines more.
    More(usize),
    /// Those it matches.
    Pattern(Regex),
}

/// What a command does.
#[derive(Debug, Clone)]
pub(super) enum Does {
    Substitute(Substitution),
    Delete,
    Print,
    Insert(String),
    Append(String),
    Change(String),
}

/// `s/pattern/with/`.
#[derive(Debug, Clone)]
pub(super) struct Substitution {
    pub(super) pattern: Regex,
    pub(super) with: Vec<Part>,
    pub(super) all: bool,
    /// The first match that is replaced, counted from 1.
    pub(super) number: usize,
}

/// One command with its addresses.
#[derive(Debug, Clone)]
pub(super) struct Command {
    pub(super) from: Option<Address>,
    pub(super) to: Option<Address>,
    pub(super) negated: bool,
    pub(super) does: Does,
}

/// A script that can be carried out.
#[derive(Debug, Clone)]
pub(in crate::workspace) struct Program {
    pub(super) commands: Vec<Command>,
    /// Nothing is printed but what `p` prints.
    pub(super) quiet: bool,
    /// The whole text is one line.
    pub(super) slurps: bool,
}

impl Substitution {
    fn apply(&self, text: &str) -> Option<String> {
        let mut out = String::new();
        let mut last = 0;
        let mut done = false;
        for (index, found) in self.pattern.captures_iter(text).enumerate() {
            let Some(whole) = found.get(0) else { continue };
            if index + 1 < self.number {
                continue;
            }
            out.push_str(&text[last..whole.start()]);
            self.put(&found, &mut out);
            last = whole.end();
            done = true;
            if !self.all {
                break;
            }
        }
        out.push_str(&text[last..]);
        done.then_some(out)
    }

    fn put(&self, found: &Captures<'_>, out: &mut String) {
        for part in &self.with {
            match part {
                Part::Text(text) => out.push_str(text),
                Part::Group(group) => {
                    out.push_str(found.get(*group).map_or("", |found| found.as_str()));
                }
            }
        }
    }
}

/// Whether a range of a command is open.
#[derive(Default, Clone, Copy, PartialEq, Eq)]
enum Reach {
    /// It is not.
    #[default]
    Closed,
    /// Up to this line.
    Line(usize),
    /// Up to the line its end matches.
    Match,
}

impl Program {
    /// Changes a content, as far as what is known allows.
    pub(in crate::workspace) fn run(
        &self,
        content: &mut Content,
        lines: &mut Lines,
        origin: Origin,
    ) -> Done {
        let Some(all) = content.all() else {
            return self.on_parts(content, lines, origin);
        };
        let before = all.to_vec();
        let closed = before.last().is_some_and(|l| lines.text(l.text).is_empty());
        let text = if self.slurps {
            Some(self.slurp(lines.join(&before)))
        } else {
            let count = before.len() - usize::from(closed);
            self.stream(&before[..count], Some(0), Some(count), lines)
                .map(|mut text| {
                    if !closed {
                        text.pop();
                    }
                    text
                })
        };
        let Some(mut after) = text.and_then(|text| lines.cut(&text, origin)) else {
            return Done::Not;
        };
        inherit(&before, &mut after);
        let rest = content.rest;
        *content = Content::whole(after);
        content.rest = rest;
        Done::Fully
    }

    fn slurp(&self, mut text: String) -> String {
        for command in &self.commands {
            if let Does::Substitute(substitution) = &command.does
                && let Some(changed) = substitution.apply(&text)
            {
                text = changed;
            }
        }
        text
    }

    /// What is printed for lines of which `first` others stand before, in a file of `count` lines.
    /// `None` when a number matters that is not known.
    fn stream(
        &self,
        before: &[Line],
        first: Option<usize>,
        count: Option<usize>,
        lines: &Lines,
    ) -> Option<String> {
        let mut reach: Vec<Reach> = self.commands.iter().map(|_| Reach::default()).collect();
        let mut out = String::new();
        for (index, line) in before.iter().enumerate() {
            let number = first.map(|first| first + index + 1);
            let mut text = lines.text(line.text).to_owned();
            let mut behind = String::new();
            let mut keep = !self.quiet;
            for (command, reach) in self.commands.iter().zip(&mut reach) {
                if command.reaches(reach, number, count, &text)? == command.negated {
                    continue;
                }
                match &command.does {
                    Does::Substitute(substitution) => {
                        text = substitution.apply(&text).unwrap_or(text);
                    }
                    Does::Delete => {
                        keep = false;
                        break;
                    }
                    Does::Print => keep = true,
                    Does::Insert(with) => push_line(with, &mut out),
                    Does::Append(with) => push_line(with, &mut behind),
                    Does::Change(with) => {
                        // A range is changed as a whole, at its end.
                        if *reach == Reach::Closed {
                            push_line(with, &mut out);
                        }
                        keep = false;
                        break;
                    }
                }
            }
            if keep {
                push_line(&text, &mut out);
            }
            out.push_str(&behind);
        }
        Some(out)
    }

    /// A file that is known in part: every known stretch by itself.
    fn on_parts(&self, content: &mut Content, lines: &mut Lines, origin: Origin) -> Done {
        if self.slurps || self.quiet {
            return Done::Not;
        }
        if let [command] = self.commands.as_slice()
            && let Some(done) = command.by_number(content, lines, origin)
        {
            return if done { Done::Fully } else { Done::Not };
        }
        let count = content.total().map(|total| total.saturating_sub(1));
        let moves = content.map(|first, before| {
            let mut text = self.stream(before, first, count, lines)?;
            if text.pop().is_none() {
                return Some(Vec::new());
            }
            let mut after = lines.cut(&text, origin)?;
            inherit(before, &mut after);
            Some(after)
        });
        let ranges = self.commands.iter().any(|command| command.to.is_some());
        let counts = self.commands.iter().any(Command::changes_count);
        match moves {
            None => Done::Not,
            // Lines may have come and gone elsewhere too.
            Some(_) if counts || ranges => Done::Partly,
            Some(_) => Done::Fully,
        }
    }
}

fn push_line(text: &str, out: &mut String) {
    out.push_str(text);
    out.push('\n');
}

impl Command {
    /// True when lines come or go by it.
    fn changes_count(&self) -> bool {
        match &self.does {
            Does::Substitute(substitution) => substitution
                .with
                .iter()
                .any(|part| matches!(part, Part::Text(text) if text.contains('\n'))),
            _ => true,
        }
    }

    /// Whether the line numbered `number` of `count` is concerned; `None` when a number that matters is
    /// not known.
    fn reaches(
        &self,
        reach: &mut Reach,
        number: Option<usize>,
        count: Option<usize>,
        text: &str,
    ) -> Option<bool> {
        let hits = |address: &Address| {
            Some(match address {
                Address::Number(stated) => *stated == number?,
                Address::Last => number? == count?,
                Address::More(_) => false,
                Address::Pattern(pattern) => pattern.is_match(text),
            })
        };
        let Some(from) = &self.from else {
            return Some(true);
        };
        let Some(to) = &self.to else {
            return hits(from);
        };
        if *reach != Reach::Closed {
            let ends = match *reach {
                Reach::Line(until) => number? >= until,
                Reach::Match | Reach::Closed => hits(to)?,
            };
            if ends {
                *reach = Reach::Closed;
            }
            return Some(true);
        }
        if !hits(from)? {
            return Some(false);
        }
        let until = match to {
            Address::Number(to) => Some(*to),
            Address::More(more) => Some(number? + more),
            Address::Last => Some(count?),
            Address::Pattern(_) => None,
        };
        *reach = match until {
            Some(until) if until <= number? => Reach::Closed,
            Some(until) => Reach::Line(until),
            None => Reach::Match,
        };
        Some(true)
    }

    /// A command whose addresses are numbers, on a file that is known in part; `None` for others.
    fn by_number(&self, content: &mut Content, lines: &mut Lines, origin: Origin) -> Option<bool> {
        let Some(Address::Number(from)) = self.from else {
            return None;
        };
        let first = from.checked_sub(1)?;
        let end = match self.to {
            None => from,
            Some(Address::Number(to)) => to.max(from),
            Some(Address::More(more)) => from + more,
            Some(Address::Last | Address::Pattern(_)) => return None,
        };
        if self.negated {
            return None;
        }
        let mut cut = |text: &str| lines.cut(text, origin);
        match &self.does {
            Does::Delete => content.overwrite(first..end, Vec::new()),
            Does::Change(text) => content.overwrite(first..end, cut(text)?),
            Does::Insert(text) if end == from => content.overwrite(first..first, cut(text)?),
            Does::Append(text) if end == from => content.overwrite(from..from, cut(text)?),
            Does::Substitute(substitution) => {
                for number in first..end.min(first + 100_000) {
                    let Some(line) = content.line(number) else {
                        continue;
                    };
                    let Some(text) = substitution.apply(lines.text(line.text)) else {
                        continue;
                    };
                    let with = lines.cut(&text, origin)?;
                    if with.len() > 1 {
                        return Some(false);
                    }
                    content.overwrite(number..number + 1, with);
                }
            }
            _ => return None,
        }
        Some(true)
    }
}
