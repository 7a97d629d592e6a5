//! Carries a program out on what is known of a file.

use regex::{Captures, Regex};

use super::pattern::Part;
use crate::workspace::content::{Content, inherit};
use crate::workspace::line::{Line, Lines, Origin};

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

/// Whether a command concerns the line at hand.
struct Reach {
    /// The line the present range ends at; `None` outside of one. A pattern ends it when it matches.
    until: Option<Option<usize>>,
}

impl Program {
    /// Changes a content; false where what is known does not suffice to tell the result.
    pub(in crate::workspace) fn run(
        &self,
        content: &mut Content,
        lines: &mut Lines,
        origin: Origin,
    ) -> bool {
        match content.all() {
            Some(all) if self.slurps => {
                let before = all.to_vec();
                self.slurp(&before, content, lines, origin)
            }
            Some(all) => {
                let before = all.to_vec();
                self.stream(&before, content, lines, origin)
            }
            None => self.known_lines(content, lines, origin),
        }
    }

    fn slurp(
        &self,
        before: &[Line],
        content: &mut Content,
        lines: &mut Lines,
        origin: Origin,
    ) -> bool {
        let mut text = lines.join(before);
        for command in &self.commands {
            if let Does::Substitute(substitution) = &command.does
                && let Some(changed) = substitution.apply(&text)
            {
                text = changed;
            }
        }
        put(&text, before, content, lines, origin)
    }

    /// The whole file, line by line.
    fn stream(
        &self,
        before: &[Line],
        content: &mut Content,
        lines: &mut Lines,
        origin: Origin,
    ) -> bool {
        let closed = before.last().is_some_and(|l| lines.text(l.text).is_empty());
        let count = before.len() - usize::from(closed);
        let mut reach: Vec<Reach> = self
            .commands
            .iter()
            .map(|_| Reach { until: None })
            .collect();
        let mut out = String::new();
        for (index, line) in before.iter().take(count).enumerate() {
            let mut text = lines.text(line.text).to_owned();
            let mut behind = String::new();
            let mut keep = !self.quiet;
            for (command, reach) in self.commands.iter().zip(&mut reach) {
                if command.reaches(reach, index + 1, count, &text) == command.negated {
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
                    Does::Insert(with) => {
                        out.push_str(with);
                        out.push('\n');
                    }
                    Does::Append(with) => {
                        behind.push_str(with);
                        behind.push('\n');
                    }
                    Does::Change(with) => {
                        // A range is changed as a whole, at its end.
                        if reach.until.is_none() || command.to.is_none() {
                            out.push_str(with);
                            out.push('\n');
                        }
                        keep = false;
                        break;
                    }
                }
            }
            if keep {
                out.push_str(&text);
                out.push('\n');
            }
            out.push_str(&behind);
        }
        if !closed && out.ends_with('\n') {
            out.pop();
        }
        put(&out, before, content, lines, origin)
    }

    /// A file that is known in part: substitutions change every line by itself, and line numbers say
    /// where lines come and go.
    fn known_lines(&self, content: &mut Content, lines: &mut Lines, origin: Origin) -> bool {
        if self.slurps || self.quiet {
            return false;
        }
        if let [command] = self.commands.as_slice()
            && let Some(done) = command.by_number(content, lines, origin)
        {
            return done;
        }
        let plain = |command: &Command| {
            matches!(&command.does, Does::Substitute(s) if s.with.iter().all(|part| {
                !matches!(part, Part::Text(text) if text.contains('\n'))
            })) && command.to.is_none()
                && matches!(command.from, None | Some(Address::Pattern(_)))
        };
        if !self.commands.iter().all(plain) {
            return false;
        }
        content.map(|line| {
            let mut text = lines.text(line.text).to_owned();
            let mut changed = false;
            for command in &self.commands {
                let Does::Substitute(substitution) = &command.does else {
                    continue;
                };
                let concerned = match &command.from {
                    Some(Address::Pattern(pattern)) => pattern.is_match(&text),
                    _ => true,
                };
                if concerned != command.negated
                    && let Some(with) = substitution.apply(&text)
                {
                    text = with;
                    changed = true;
                }
            }
            if !changed {
                return Some(line);
            }
            Some(Line {
                text: lines.number(&text)?,
                origin,
            })
        })
    }
}

impl Command {
    /// Whether the line numbered `number` of `count` is concerned.
    fn reaches(&self, reach: &mut Reach, number: usize, count: usize, text: &str) -> bool {
        let hits = |address: &Address| match address {
            Address::Number(stated) => *stated == number,
            Address::Last => number == count,
            Address::More(_) => false,
            Address::Pattern(pattern) => pattern.is_match(text),
        };
        let Some(from) = &self.from else { return true };
        let Some(to) = &self.to else {
            return hits(from);
        };
        if let Some(until) = reach.until {
            let ends = match (until, to) {
                (Some(until), _) => number >= until,
                (None, to) => hits(to),
            };
            if ends {
                reach.until = None;
            }
            return true;
        }
        if !hits(from) {
            return false;
        }
        reach.until = match to {
            Address::Number(to) if *to <= number => None,
            Address::Number(to) => Some(Some(*to)),
            Address::More(0) => None,
            Address::More(more) => Some(Some(number + more)),
            Address::Last if number == count => None,
            Address::Last => Some(Some(count)),
            Address::Pattern(_) => Some(None),
        };
        true
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

/// Makes a text what a file holds, with the origins of what stayed.
fn put(
    text: &str,
    before: &[Line],
    content: &mut Content,
    lines: &mut Lines,
    origin: Origin,
) -> bool {
    let Some(mut after) = lines.cut(text, origin) else {
        return false;
    };
    inherit(before, &mut after);
    let rest = content.rest;
    *content = Content::whole(after);
    content.rest = rest;
    true
}
