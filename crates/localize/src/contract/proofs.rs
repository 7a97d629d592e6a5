//! What a step proves about commands, limits, ports, bans and checks.

use analysis::activity::Activity;
use analysis::shell::Invocation;
use trace::{ErrorKind, ErrorSignature};

use super::Forbidden;
use super::judge::{Finds, Watched};
use super::limit::{Limit, Unit};
use super::seen::Seen;
use super::standing::TouchKind;
use crate::evidence::of_observation;
use crate::facts::file::{self, file_name};

impl Watched<'_> {
    pub(super) fn command(&mut self, command: &str, seen: &Seen<'_>, finds: &Finds) {
        let runs = self.runs(seen) && seen.acts();
        if !runs {
            // A script may hold the command; whether it works shows when the script is run.
            if !finds.written.is_empty() && !seen.refused {
                let mark = seen.mark("writes it into a file", seen.action(command));
                if self.standing.wrong.is_none() {
                    self.turn(true, TouchKind::Writes, mark);
                }
            }
            return;
        }
        if seen.failed {
            let mark = seen.mark(
                "runs it and it fails",
                seen.error().or_else(|| seen.action(command)),
            );
            self.turn(false, TouchKind::VerifiesFailing, mark);
        } else {
            let mark = seen.mark("runs it", None);
            self.turn(true, TouchKind::VerifiesPassing, mark);
        }
        if self.standing.begun.is_none() {
            self.standing.begun = Some(seen.step.id);
        }
    }

    /// True when a step runs every program of the demanded command on the things it names, whatever
    /// the folder and the options.
    fn runs(&self, seen: &Seen<'_>) -> bool {
        let given = &seen.step.reading.commands;
        !self.command.is_empty()
            && self.command.iter().all(|wanted| {
                let things: Vec<&str> = things(wanted).collect();
                given.iter().any(|command| {
                    // Of `uv run x` the wrapper is all that is demanded by `uv run`.
                    let wrapped = command.wrappers.contains(&wanted.program);
                    let has = |thing: &&str| {
                        let words = command.args.iter().map(String::as_str);
                        (wrapped && **thing == *"run")
                            || words
                                .chain([command.written.as_str()])
                                .any(|word| file_name(word) == file_name(thing))
                    };
                    // `uv run x.py` and `./x.py` run what `python x.py` runs.
                    let program = wrapped
                        || plain(&command.program) == plain(&wanted.program)
                        || (!things.is_empty()
                            && is_interpreter(&wanted.program)
                            && things.len() == 1);
                    let flags = things.is_empty()
                        && wanted.args.iter().any(|flag| !command.args.contains(flag));
                    program && !flags && things.iter().all(has)
                })
            })
    }

    pub(super) fn limit(&mut self, limit: &Limit, seen: &Seen<'_>, finds: &Finds) {
        let text = seen.texts.observed;
        let found = if limit.unit == Unit::Bytes {
            counted(seen).map(|bytes| (bytes, 0))
        } else if finds.observed.is_some()
            && seen.does(&[Activity::Run, Activity::Test, Activity::Build])
        {
            measured(text, limit)
        } else {
            None
        };
        let Some((measured, at)) = found else {
            return;
        };
        let holds = limit.holds(measured);
        let kind = if holds {
            TouchKind::VerifiesPassing
        } else {
            TouchKind::VerifiesFailing
        };
        let mark = seen.mark(&format!("measures {measured}"), seen.line(at));
        self.turn(holds, kind, mark);
    }

    pub(super) fn ban(
        &mut self,
        forbids: Forbidden,
        objects: &[String],
        seen: &Seen<'_>,
        finds: &Finds,
    ) {
        if objects.is_empty() || seen.refused || self.standing.broken.is_some() {
            return;
        }
        let hits = |path: &str| {
            objects
                .iter()
                .find(|o| file::same(o, path) || file::within(o, path))
        };
        let writes = &seen.step.reading.effect.writes;
        let found = match forbids {
            Forbidden::Change => writes.iter().find_map(|path| hits(path)),
            Forbidden::Remove => seen.removed.iter().find_map(|path| hits(path)),
            Forbidden::Install => {
                let installs = seen.does(&[Activity::Install]) && finds.asked.is_some();
                objects.first().filter(|_| installs)
            }
            Forbidden::Run => {
                let runs = seen.does(&[Activity::Run, Activity::Test]) && finds.asked.is_some();
                objects
                    .first()
                    .filter(|_| runs && seen.texts.written.is_empty())
            }
            // Looking at a thing to understand it is not what such a ban is about: only what is
            // handed in can show that it was used.
            Forbidden::Read | Forbidden::Use | Forbidden::Other => None,
        };
        if let Some(object) = found {
            let why = format!("touches `{object}`, which the task forbids");
            self.standing.touch(seen.step.id, TouchKind::Writes);
            let mark = seen.mark(&why, seen.action(file_name(object)));
            self.standing.broken = Some(mark);
        }
    }

    /// A ban on what a file may hold: it can be broken and mended.
    pub(super) fn ban_on_file(&mut self, by: &str, seen: &Seen<'_>, finds: &Finds) {
        for (n, piece) in seen.texts.written.iter().enumerate() {
            if seen.refused || !file::same(by, piece.path) {
                continue;
            }
            let holds = finds.written.iter().find(|(at, _)| *at == n);
            if let Some((_, part)) = holds {
                let words = super::hunt::texts(self.demand).into_iter().nth(*part);
                let named = words.unwrap_or_default();
                let mark = seen.mark(&format!("`{by}` names `{named}`"), seen.action(&named));
                self.turn(false, TouchKind::Writes, mark);
            } else if piece.whole && !self.standing.is_met() {
                self.turn(
                    true,
                    TouchKind::Writes,
                    seen.mark("no longer names it", None),
                );
            }
        }
    }

    pub(super) fn service(&mut self, port: u16, seen: &Seen<'_>, finds: &Finds) {
        let id = seen.step.id;
        if !finds.written.is_empty() && !seen.refused {
            self.standing.touch(id, TouchKind::Writes);
        }
        let answered = !seen.texts.observed.trim().is_empty();
        if let Some(at) = listens(seen.texts.observed, port).filter(|_| finds.observed.is_some()) {
            self.pending = false;
            let mark = seen.mark("shows it listening", seen.line(at));
            self.turn(true, TouchKind::VerifiesPassing, mark);
            return;
        }
        let asks = finds.asked.is_some() && asks(seen);
        // Commands typed together are answered together, by the last of them.
        if asks && !answered && !seen.failed {
            self.standing.touch(id, TouchKind::Executes);
            self.pending = true;
        } else if asks || (self.pending && answered) {
            self.pending = false;
            let refusal = seen.step.outcome.errors.iter().find(|error| refuses(error));
            let silent = seen.failed && seen.step.outcome.errors.is_empty();
            if refusal.is_some() || silent {
                let shown = refusal.and_then(|e| of_observation(&seen.step.step, &e.span));
                let mark = seen.mark("gets no answer from it", shown);
                self.turn(false, TouchKind::VerifiesFailing, mark);
            } else if answered {
                let mark = seen.mark("gets an answer from it", seen.line(0));
                self.turn(true, TouchKind::VerifiesPassing, mark);
            }
        } else if finds.asked.is_some() {
            self.standing.touch(id, TouchKind::Executes);
        }
    }

    pub(super) fn verification(&mut self, seen: &Seen<'_>) {
        let tests = seen.does(&[Activity::Test]) || checks(seen);
        let reports = &seen.step.outcome.tests;
        if !tests && reports.is_empty() && !seen.does(&[Activity::Run]) {
            return;
        }
        let red = reports.iter().find(|report| !report.is_green());
        if let Some(report) = red {
            let mark = seen.mark(
                "the tests fail",
                of_observation(&seen.step.step, &report.span),
            );
            self.turn(false, TouchKind::VerifiesFailing, mark);
        } else if tests && seen.failed {
            self.turn(
                false,
                TouchKind::VerifiesFailing,
                seen.mark("the check fails", seen.error()),
            );
        } else if !seen.failed
            && (seen.changed_before || tests && seen.step.reading.effect.kind.is_change())
        {
            // Before anything was changed there was no result to check.
            self.turn(
                true,
                TouchKind::VerifiesPassing,
                seen.mark("checks the result", None),
            );
        }
    }
}

/// What a command works on: its words that are no options.
fn things(command: &Invocation) -> impl Iterator<Item = &str> {
    let words = command.args.iter().map(String::as_str);
    words.filter(|word| !word.starts_with('-') && !word.is_empty())
}

fn is_interpreter(program: &str) -> bool {
    ["python", "node", "bash", "sh", "ruby", "perl"].contains(&plain(program))
}

/// A program's name without its version.
fn plain(program: &str) -> &str {
    program.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.')
}

/// True when a step asks something over the network.
fn asks(seen: &Seen<'_>) -> bool {
    const PROGRAMS: &[&str] = &["ab", "curl", "http", "nc", "nmap", "telnet", "wget"];
    let mut commands = seen.step.reading.commands.iter();
    commands.any(|command| PROGRAMS.contains(&command.program.as_str()))
}

/// True for an error that says that nobody answered.
fn refuses(error: &ErrorSignature) -> bool {
    let said = error.message.to_ascii_lowercase();
    error.kind == ErrorKind::Network && !said.contains("in use")
        || ["refused", "failed to connect", "could not connect"]
            .iter()
            .any(|w| said.contains(w))
}

/// Where an output shows that something listens on a port.
fn listens(text: &str, port: u16) -> Option<usize> {
    let place = format!(":{port}");
    text.match_indices(&place).map(|(at, _)| at).find(|&at| {
        let start = text[..at].rfind('\n').map_or(0, |n| n + 1);
        let line = text[start..].lines().next().unwrap_or("");
        let longer = text[at + place.len()..].starts_with(|c: char| c.is_ascii_digit());
        let says = ["LISTEN", "Running on", "istening on"];
        !longer && says.iter().any(|word| line.contains(word))
    })
}

/// True for commands that check what was made without being a test run: `nginx -t`, `cmp a b`.
fn checks(seen: &Seen<'_>) -> bool {
    const PROGRAMS: &[&str] = &["cmp", "curl", "diff", "md5sum", "sha256sum", "shellcheck"];
    const WORDS: &[&str] = &[
        "--check",
        "--dry-run",
        "-t",
        "check",
        "test",
        "validate",
        "verify",
    ];
    seen.step.reading.commands.iter().any(|command| {
        PROGRAMS.contains(&command.program.as_str())
            || (command.program != "test"
                && command
                    .args
                    .iter()
                    .take(2)
                    .any(|a| WORDS.contains(&a.as_str())))
    })
}

/// The bytes that a lone `wc` counts, where the step shows nothing else.
fn counted(seen: &Seen<'_>) -> Option<f64> {
    let command = seen
        .step
        .reading
        .commands
        .last()
        .filter(|c| c.program == "wc")?;
    let line = seen
        .texts
        .observed
        .lines()
        .map(str::trim)
        .find(|line| !line.is_empty())?;
    let mut numbers = line
        .split_whitespace()
        .map_while(|word| word.parse::<f64>().ok());
    match command
        .args
        .iter()
        .find(|arg| arg.starts_with('-'))
        .map(String::as_str)
    {
        Some("-c") => numbers.next(),
        None => numbers.nth(2),
        Some(_) => None,
    }
}

/// The last number an output states for what a limit measures, and where its line stands.
fn measured(text: &str, limit: &Limit) -> Option<(f64, usize)> {
    /// How far behind its name a number may stand.
    const NEAR: usize = 40;
    let lower = text.to_ascii_lowercase();
    let found = lower
        .match_indices(limit.measure.as_str())
        .filter_map(|(at, word)| {
            let end = at + word.len();
            let rest = &text[end..text.floor_char_boundary(end + NEAR)];
            let rest = rest.lines().next()?;
            let from = rest.find(|c: char| c.is_ascii_digit())?;
            // Words between name and number would be about something else.
            let between = &rest[..from];
            if between.split_whitespace().count() > 3 || between.ends_with(['/', '_']) {
                return None;
            }
            let digits = &rest[from..];
            let length = digits
                .bytes()
                .take_while(|b| b.is_ascii_digit() || *b == b'.')
                .count();
            let value: f64 = digits[..length].trim_end_matches('.').parse().ok()?;
            let percent = digits[length..].trim_start().starts_with('%');
            let value = match limit.unit {
                Unit::Share if percent => value / 100.0,
                Unit::Share if value <= 1.0 => value,
                Unit::Share => return None,
                _ if percent => return None,
                _ => value,
            };
            Some((value, at))
        });
    found.last()
}
