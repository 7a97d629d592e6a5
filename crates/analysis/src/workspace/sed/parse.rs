//! Scripts of `sed`, and the substitutions of `perl -p`.

use super::super::line::line_number;
use super::pattern::{compile, perl_replacement, posix, replacement};
use super::run::{Address, Command, Does, Program, Substitution};

/// Commands a script may hold.
const COMMANDS: usize = 256;

impl Program {
    /// Reads a script; `None` when it does something that is not followed.
    pub(in crate::workspace) fn read(
        scripts: &[&str],
        extended: bool,
        quiet: bool,
    ) -> Option<Self> {
        let joined = scripts.join("\n");
        let mut reader = Reader {
            rest: &joined,
            extended,
        };
        let mut commands = Vec::new();
        loop {
            reader.rest = reader.rest.trim_start_matches([' ', '\t', '\n', ';']);
            if reader.rest.is_empty() {
                break;
            }
            commands.push(reader.command()?);
            if commands.len() > COMMANDS {
                return None;
            }
        }
        let prints = commands.iter().any(|c| matches!(c.does, Does::Print));
        (prints == quiet).then_some(Self {
            commands,
            quiet,
            slurps: false,
        })
    }
}

struct Reader<'s> {
    rest: &'s str,
    extended: bool,
}

impl Reader<'_> {
    fn next(&mut self) -> Option<char> {
        let c = self.rest.chars().next()?;
        self.rest = &self.rest[c.len_utf8()..];
        Some(c)
    }

    fn skip_blanks(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t']);
    }

    fn command(&mut self) -> Option<Command> {
        let mut from = None;
        let mut to = None;
        if self
            .rest
            .starts_with(|c: char| c.is_ascii_digit() || "$/\\".contains(c))
        {
            from = Some(self.address()?);
            self.skip_blanks();
            if self.rest.starts_with(',') {
                self.next();
                self.skip_blanks();
                to = Some(self.address()?);
            }
        }
        self.skip_blanks();
        let negated = self.rest.starts_with('!');
        if negated {
            self.next();
            self.skip_blanks();
        }
        let does = match self.next()? {
            's' => Does::Substitute(self.substitution()?),
            'd' => self.end(Does::Delete)?,
            'p' => self.end(Does::Print)?,
            'i' => Does::Insert(self.text()),
            'a' => Does::Append(self.text()),
            'c' => Does::Change(self.text()),
            _ => return None,
        };
        Some(Command {
            from,
            to,
            negated,
            does,
        })
    }

    /// Nothing may follow on the line but the next command.
    fn end(&mut self, does: Does) -> Option<Does> {
        self.skip_blanks();
        (self.rest.is_empty() || self.rest.starts_with([';', '\n'])).then_some(does)
    }

    /// Which lines are meant; `None` where that is not followed.
    fn address(&mut self) -> Option<Address> {
        let digits = self.rest.bytes().take_while(u8::is_ascii_digit).count();
        if digits > 0 {
            let number = line_number(&self.rest[..digits])?;
            self.rest = &self.rest[digits..];
            return (!self.rest.starts_with('~')).then_some(Address::Number(number));
        }
        let mut chars = self.rest.chars();
        match chars.next() {
            Some('$') => {
                self.next();
                Some(Address::Last)
            }
            Some('+') => {
                self.next();
                let digits = self.rest.bytes().take_while(u8::is_ascii_digit).count();
                let more = line_number(&self.rest[..digits])?;
                self.rest = &self.rest[digits..];
                Some(Address::More(more))
            }
            Some(first @ ('/' | '\\')) => {
                self.next();
                let delimiter = if first == '/' { '/' } else { self.next()? };
                let pattern = self.until(delimiter, true)?;
                let ignore_case = self.rest.starts_with('I');
                if ignore_case {
                    self.next();
                }
                let regex = posix(&pattern, self.extended, ignore_case)?;
                (!pattern.is_empty()).then_some(Address::Pattern(regex))
            }
            _ => None,
        }
    }

    /// The text up to a delimiter; the delimiter escaped is itself.
    fn until(&mut self, delimiter: char, brackets: bool) -> Option<String> {
        let mut out = String::new();
        let mut inside = false;
        loop {
            let c = self.next()?;
            match c {
                '\\' => {
                    let next = self.next()?;
                    if next != delimiter {
                        out.push('\\');
                    }
                    out.push(next);
                }
                '[' if brackets && !inside => {
                    inside = true;
                    out.push(c);
                    if self.rest.starts_with("^]") {
                        out.extend([self.next()?, self.next()?]);
                    } else if self.rest.starts_with(']') {
                        out.extend(self.next());
                    }
                }
                ']' if inside => {
                    inside = false;
                    out.push(c);
                }
                c if c == delimiter && !inside => return Some(out),
                '\n' if brackets => return None,
                c => out.push(c),
            }
        }
    }

    fn substitution(&mut self) -> Option<Substitution> {
        let delimiter = self.next().filter(|c| !c.is_alphanumeric() && *c != '\\')?;
        let pattern = self.until(delimiter, true)?;
        let with = self.until(delimiter, false)?;
        let flags = self
            .rest
            .find(|c: char| !c.is_ascii_alphanumeric())
            .unwrap_or(self.rest.len());
        let (stated, rest) = self.rest.split_at(flags);
        self.rest = rest;
        let mut ignore_case = false;
        let mut all = false;
        let mut number = None;
        for flag in stated.chars() {
            match flag {
                'g' => all = true,
                'i' | 'I' => ignore_case = true,
                '1'..='9' => number = flag.to_digit(10),
                _ => return None,
            }
        }
        self.skip_blanks();
        if !(self.rest.is_empty() || self.rest.starts_with([';', '\n', '#'])) || pattern.is_empty()
        {
            return None;
        }
        Some(Substitution {
            pattern: posix(&pattern, self.extended, ignore_case)?,
            with: replacement(&with)?,
            all,
            number: number.map_or(1, |n| n as usize),
        })
    }

    /// The text of `i`, `a` and `c`: in the GNU one-line form, or on the lines behind a backslash.
    fn text(&mut self) -> String {
        self.skip_blanks();
        if let Some(rest) = self.rest.strip_prefix('\\') {
            let rest = rest
                .trim_start_matches([' ', '\t'])
                .strip_prefix('\n')
                .unwrap_or(rest);
            self.rest = rest;
        }
        let mut out = String::new();
        while let Some(c) = self.next() {
            match c {
                '\n' => break,
                '\\' => match self.next() {
                    Some('n') => out.push('\n'),
                    Some('t') => out.push('\t'),
                    Some(c) => out.push(c),
                    None => {}
                },
                c => out.push(c),
            }
        }
        out
    }
}

/// Reads substitutions of `perl -p`: one or more `s{…}{…}flags`, on lines or on the whole text.
pub(super) fn perl(scripts: &[&str], slurps: bool) -> Option<Program> {
    let joined = scripts.join(";");
    let mut reader = Reader {
        rest: &joined,
        extended: true,
    };
    let mut commands = Vec::new();
    loop {
        reader.rest = reader.rest.trim_start_matches([' ', '\t', '\n', ';']);
        if reader.rest.is_empty() {
            break;
        }
        commands.push(Command {
            from: None,
            to: None,
            negated: false,
            does: Does::Substitute(reader.perl_substitution()?),
        });
        if commands.len() > COMMANDS {
            return None;
        }
    }
    (!commands.is_empty()).then_some(Program {
        commands,
        quiet: false,
        slurps,
    })
}

impl Reader<'_> {
    fn perl_substitution(&mut self) -> Option<Substitution> {
        if self.next()? != 's' {
            return None;
        }
        let open = self.next().filter(|c| !c.is_alphanumeric())?;
        let close = match open {
            '{' => '}',
            '(' => ')',
            '[' => ']',
            '<' => '>',
            c => c,
        };
        if open != close && self.rest.contains(['{', '(']) && open != '{' {
            return None;
        }
        let pattern = self.perl_until(open, close)?;
        if open != close {
            self.rest = self.rest.trim_start();
            self.next().filter(|c| *c == open)?;
        }
        let with = self.perl_until(open, close)?;
        let flags = self
            .rest
            .find(|c: char| !c.is_ascii_alphabetic())
            .unwrap_or(self.rest.len());
        let (stated, rest) = self.rest.split_at(flags);
        self.rest = rest;
        if !stated.chars().all(|c| "gims".contains(c)) || pattern.is_empty() {
            return None;
        }
        // Variables in a pattern are not followed; a `$` at its end is an anchor.
        let variable = pattern
            .as_bytes()
            .windows(2)
            .any(|pair| pair[0] == b'$' && (pair[1].is_ascii_alphabetic() || pair[1] == b'{'));
        if variable {
            return None;
        }
        Some(Substitution {
            pattern: compile(
                &pattern,
                stated.contains('i'),
                stated.contains('m'),
                stated.contains('s'),
            )?,
            with: perl_replacement(&with)?,
            all: stated.contains('g'),
            number: 1,
        })
    }

    /// The text up to a closing delimiter, pairs of it taken along; escapes stay, but for that of a
    /// delimiter that means nothing to a pattern.
    fn perl_until(&mut self, open: char, close: char) -> Option<String> {
        let mut out = String::new();
        let mut depth = 0_usize;
        loop {
            let c = self.next()?;
            match c {
                '\\' => {
                    let next = self.next()?;
                    if next != close || !"/#!,%|~".contains(close) {
                        out.push('\\');
                    }
                    out.push(next);
                }
                c if c == close && depth == 0 => return Some(out),
                c => {
                    if open != close && c == open {
                        depth += 1;
                    } else if open != close && c == close {
                        depth -= 1;
                    }
                    out.push(c);
                }
            }
        }
    }
}
