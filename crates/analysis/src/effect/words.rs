//! The words of a command, sorted into subcommand, options, their values and operands.

use super::knowledge::{Operands, OptionRule, Rule, Value};
use crate::shell::{Invocation, is_volatile};

/// The words of a command sorted by its rule.
pub(super) struct Words<'a> {
    /// The rule of the command and of its subcommands, the innermost last.
    pub(super) rules: Vec<&'a Rule>,
    subcommand: String,
    pub(super) options: Vec<&'a OptionRule>,
    /// Options with their values, where the table says what the value is.
    values: Vec<(Value, String)>,
    pub(super) operands: Vec<String>,
    /// Operands in front of the first option.
    leading: usize,
    seeks_sub: bool,
}

impl<'a> Words<'a> {
    pub(super) fn new(rule: &'a Rule) -> Self {
        Self {
            rules: vec![rule],
            subcommand: String::new(),
            options: Vec::new(),
            values: Vec::new(),
            operands: Vec::new(),
            leading: usize::MAX,
            seeks_sub: rule.has_subs(),
        }
    }

    pub(super) fn rule(&self) -> &'a Rule {
        self.rules[self.rules.len() - 1]
    }

    fn option(&self, name: &str) -> Option<&'a OptionRule> {
        self.rules.iter().rev().find_map(|rule| rule.option(name))
    }

    fn takes_value(&self, name: &str) -> bool {
        self.rules.iter().any(|rule| rule.takes_value(name))
    }

    pub(super) fn read(mut self, command: &Invocation) -> Self {
        let mut words = command.args.iter().peekable();
        let (mut only_operands, mut first) = (false, true);
        while let Some(word) = words.next() {
            let first = std::mem::take(&mut first);
            if only_operands || word == "-" || !word.starts_with('-') {
                if first && self.rule().bare_letters {
                    self.bundle(word, &mut words);
                } else {
                    self.operand(word);
                }
            } else if word == "--" {
                only_operands = true;
            } else {
                self.leading = self.leading.min(self.operands.len());
                self.dashed(word, &mut words);
            }
        }
        self
    }

    /// A word that begins with a dash.
    fn dashed<'w>(
        &mut self,
        word: &'w str,
        words: &mut std::iter::Peekable<impl Iterator<Item = &'w String>>,
    ) {
        let (name, inline) = match word.split_once('=') {
            Some((name, value)) if word.starts_with("--") => (name, Some(value)),
            _ => (word, None),
        };
        let known = self.option(name);
        if known.is_some() || self.takes_value(name) {
            let value = match inline {
                Some(value) => Some(value.to_owned()),
                None if self.takes_value(name) => words.next().cloned(),
                None => None,
            };
            self.take(known, value);
        } else if !word.starts_with("--") && !self.rule().long_dash {
            self.bundle(&word[1..], words);
        }
    }

    /// One-letter options in one word: `-xzf FILE`.
    fn bundle<'w>(
        &mut self,
        letters: &'w str,
        words: &mut std::iter::Peekable<impl Iterator<Item = &'w String>>,
    ) {
        for (at, letter) in letters.char_indices() {
            if !letter.is_ascii_alphanumeric() {
                break;
            }
            let name = format!("-{letter}");
            let known = self.option(&name);
            if self.takes_value(&name) {
                let rest = &letters[at + 1..];
                let value = if rest.is_empty() {
                    words.next().cloned()
                } else {
                    Some(rest.to_owned())
                };
                self.take(known, value);
                return;
            }
            self.take(known, None);
        }
    }

    fn take(&mut self, known: Option<&'a OptionRule>, value: Option<String>) {
        let Some(option) = known else { return };
        self.options.push(option);
        if let (Some(kind), Some(value)) = (option.value, value) {
            self.values.push((kind, value));
        }
    }

    fn operand(&mut self, word: &str) {
        if self.seeks_sub && !word.starts_with('+') && self.operands.len() >= self.rule().sub_after
        {
            // `sbt "test suite"` gives the subcommand and its words as one.
            let verb = word.split(' ').next().unwrap_or(word);
            if let Some(sub) = self.rule().sub(verb) {
                self.rules.push(sub);
                word.clone_into(&mut self.subcommand);
                self.seeks_sub = sub.has_subs();
                return;
            }
            self.seeks_sub = false;
            if self.subcommand.is_empty() {
                word.clone_into(&mut self.subcommand);
            }
        }
        if let Some((prefix, value)) = word.split_once('=')
            && let Some(option) = self.option(&format!("{prefix}="))
        {
            self.take(Some(option), Some(value.to_owned()));
            return;
        }
        self.operands.push(word.to_owned());
    }

    /// How the command is named in a reason.
    pub(super) fn name(&self, command: &Invocation) -> String {
        if self.subcommand.is_empty() || !self.rules[0].has_subs() {
            command.program.clone()
        } else {
            format!("{} {}", command.program, self.subcommand)
        }
    }

    /// The word taken for the subcommand; empty without one.
    pub(super) fn subcommand(&self) -> &str {
        if self.rules[0].has_subs() {
            &self.subcommand
        } else {
            ""
        }
    }

    pub(super) fn valued(&self, kind: Value) -> impl Iterator<Item = &String> {
        self.values
            .iter()
            .filter(move |(k, _)| *k == kind)
            .map(|(_, value)| value)
    }

    /// The paths among the words, as read and written ones.
    pub(super) fn paths(
        &mut self,
        operands: Operands,
        skip: usize,
        changes: bool,
    ) -> (Vec<String>, Vec<String>) {
        let mut reads: Vec<String> = self.valued(Value::Read).cloned().collect();
        let mut writes: Vec<String> = self.valued(Value::Write).cloned().collect();
        let mut words = std::mem::take(&mut self.operands);
        if operands == Operands::Lead {
            words.truncate(self.leading);
        }
        let mut words: Vec<String> = words.into_iter().skip(skip).collect();
        match operands {
            Operands::None => {}
            Operands::Write if changes => writes.append(&mut words),
            Operands::Read | Operands::Lead | Operands::Write => reads.append(&mut words),
            Operands::Copy => {
                writes.extend(words.pop());
                reads.append(&mut words);
            }
        }
        let real = |path: &String| !path.is_empty() && !is_volatile(path);
        reads.retain(real);
        writes.retain(real);
        (reads, writes)
    }
}
