//! What a step means for a demand of each kind.

use analysis::activity::Activity;
use analysis::shell::Invocation;
use trace::ErrorKind;

use super::file;
use super::judge::{Finds, Seen, Watched};
use super::limit::{Limit, Unit};
use super::standing::TouchKind;
use super::{DemandKind, Forbidden};
use crate::blame::file_name;
use crate::evidence::of_observation;

/// Activities whose output shows what is there.
const LOOKS: &[Activity] = &[
    Activity::List,
    Activity::Probe,
    Activity::Read,
    Activity::Inspect,
];

impl Watched<'_> {
    /// Takes in what a step means for the demand.
    pub(super) fn judge(&mut self, seen: &Seen<'_>, finds: &Finds) {
        let demand = self.demand;
        match &demand.kind {
            DemandKind::Output { path, existing } => self.output(path, *existing, seen, finds),
            DemandKind::Removal { path } => self.removal(path, seen, finds),
            DemandKind::Input { path } => self.input(path, seen, finds),
            DemandKind::Command { command } => self.command(command, seen, finds),
            DemandKind::Literal { .. } | DemandKind::Format { .. } => self.text(seen, finds),
            DemandKind::Limit { limit } => self.limit(limit, seen, finds),
            DemandKind::Prohibition {
                forbids,
                objects,
                by,
            } => match by {
                Some(by) => self.ban_on_file(by, seen, finds),
                None => self.ban(*forbids, objects, seen, finds),
            },
            DemandKind::Service { .. } => self.service(seen, finds),
            DemandKind::Verification => self.verification(seen),
        }
    }

    fn output(&mut self, path: &str, existing: bool, seen: &Seen<'_>, finds: &Finds) {
        let id = self.step(seen);
        let effect = &seen.step.reading.effect;
        for (piece, _) in &finds.written {
            let holder = seen.texts.written[*piece].path;
            if !holder.is_empty() && !self.is_at(holder) && self.makers.len() < 16 {
                self.makers.insert(file_name(holder).to_owned());
            }
        }
        if seen.refused {
            return;
        }
        if seen.removed.iter().any(|gone| self.is_at(gone)) && !effect.writes.is_empty() {
            let rewritten =
                seen.texts.written.iter().any(|w| self.is_at(w.path)) || self.runs_maker(seen);
            if !rewritten {
                let mark = seen.mark("removes it", seen.action(file_name(path)));
                self.turn(false, TouchKind::Removes, mark);
                return;
            }
        }
        let wrote = effect.writes.iter().any(|written| self.is_at(written));
        let ran = !seen.failed && seen.acts();
        // Settings that name it are read when what they are for is started.
        let served = ran && self.set_up && seen.does(&[Activity::Serve]);
        self.set_up |= finds
            .written
            .iter()
            .any(|(piece, _)| is_settings(seen.texts.written[*piece].path));
        let made = ran
            && (served
                || self.runs_maker(seen)
                || (finds.asked.is_some() && !existing && seen.texts.written.is_empty()));
        if wrote || made {
            let (kind, why) = if wrote {
                (TouchKind::Writes, "writes it")
            } else {
                (TouchKind::Executes, "runs what makes it")
            };
            self.lesser(seen, wrote);
            let mark = seen.mark(why, seen.action(file_name(path)));
            self.turn(true, kind, mark);
            return;
        }
        // A program that makes it may hold the lesser result.
        if !finds.written.is_empty() {
            self.lesser(seen, true);
        }
        if let Some(other) = effect
            .writes
            .iter()
            .find(|w| file::elsewhere(path, w))
            .filter(|_| !existing)
        {
            if self.standing.instead.is_none() {
                let why = format!("writes `{other}` in place of `{path}`");
                self.standing.instead = Some(seen.mark(&why, seen.action(other)));
            }
            self.standing.touch(id, TouchKind::Writes);
        }
        let missing = seen.step.outcome.errors.iter().find(|error| {
            error.kind == ErrorKind::MissingPath
                && error
                    .subject
                    .as_deref()
                    .is_some_and(|subject| self.is_at(subject))
        });
        if let Some(error) = missing {
            if self.standing.is_met() || self.standing.begun.is_some() {
                let mark = seen.mark(
                    "finds it missing",
                    of_observation(&seen.step.step, &error.span),
                );
                self.turn(false, TouchKind::VerifiesFailing, mark);
            }
            return;
        }
        let shown = finds.observed.filter(|_| seen.does(LOOKS) && !seen.failed);
        if let Some(at) = shown {
            if !seen.changed_before {
                self.was_there = true;
            }
            let kind = if self.standing.is_met() {
                TouchKind::VerifiesPassing
            } else {
                TouchKind::Reads
            };
            self.standing.touch(id, kind);
            let fresh =
                !existing && !self.was_there && seen.changed_before && seen.does(&[Activity::List]);
            if fresh && !self.standing.is_met() {
                let mark = seen.mark("shows that it is there", seen.line(at));
                self.turn(true, TouchKind::VerifiesPassing, mark);
            }
        } else if finds.asked.is_some() || effect.reads.iter().any(|read| self.is_at(read)) {
            self.standing.touch(id, TouchKind::Reads);
        }
    }

    /// Notes that what a step makes is less than what is asked, or that it is no longer.
    fn lesser(&mut self, seen: &Seen<'_>, rewrites: bool) {
        if let Some(evidence) = &seen.lesser {
            if self.standing.substitute.is_none() {
                let why = "puts something lesser in its place";
                self.standing.substitute = Some(seen.mark(why, Some(evidence.clone())));
            }
        } else if rewrites && seen.texts.written.iter().any(|w| w.whole) {
            self.standing.substitute = None;
        }
    }

    fn removal(&mut self, path: &str, seen: &Seen<'_>, finds: &Finds) {
        let gone = seen
            .removed
            .iter()
            .any(|gone| self.is_at(gone) || file::within(gone, path));
        let inside = finds.asked.is_some() && !seen.removed.is_empty();
        if (gone || inside) && !seen.failed {
            let mark = seen.mark("removes it", seen.action(file_name(path)));
            self.turn(true, TouchKind::Removes, mark);
        } else if seen
            .step
            .reading
            .effect
            .writes
            .iter()
            .any(|w| self.is_at(w))
            && !gone
            && !seen.refused
        {
            let mark = seen.mark("writes it again", seen.action(file_name(path)));
            if self.standing.is_met() {
                self.turn(false, TouchKind::Writes, mark);
            }
        } else if finds.asked.is_some() {
            self.standing.touch(seen.step.id, TouchKind::Reads);
        }
    }

    fn input(&mut self, path: &str, seen: &Seen<'_>, finds: &Finds) {
        let reads = &seen.step.reading.effect.reads;
        let used = reads
            .iter()
            .any(|read| file::same(path, read) || file::within(path, read))
            || finds.asked.is_some()
            || !finds.written.is_empty();
        if used && !seen.refused {
            let mark = seen.mark("uses it", seen.action(file_name(path)));
            self.turn(true, TouchKind::Reads, mark);
        }
    }

    fn command(&mut self, command: &str, seen: &Seen<'_>, finds: &Finds) {
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
                    let has = |thing: &&str| {
                        let words = command.args.iter().map(String::as_str);
                        words
                            .chain([command.written.as_str()])
                            .any(|word| file_name(word) == file_name(thing))
                    };
                    // `uv run x.py` and `./x.py` run what `python x.py` runs.
                    let program = plain(&command.program) == plain(&wanted.program)
                        || (!things.is_empty()
                            && is_interpreter(&wanted.program)
                            && things.len() == 1);
                    let flags = things.is_empty()
                        && wanted.args.iter().any(|flag| !command.args.contains(flag));
                    program && !flags && things.iter().all(has)
                })
            })
    }

    /// A value or fields that must stand in what the run makes.
    fn text(&mut self, seen: &Seen<'_>, finds: &Finds) {
        if seen.refused {
            return;
        }
        let before = self.carried();
        let id = self.step(seen);
        for (n, piece) in seen.texts.written.iter().enumerate() {
            for part in 0..self.carriers.len() {
                let now = finds.written.contains(&(n, part));
                let gone = piece.whole || finds.gone.contains(&(n, part));
                if now {
                    self.carry(part, piece.path);
                } else if gone {
                    self.carriers[part].remove(file_name(piece.path));
                }
            }
        }
        if seen.texts.written.is_empty() && seen.acts() {
            for &part in &finds.parts {
                self.carry(part, "");
            }
        }
        for gone in &seen.removed {
            for files in &mut self.carriers {
                files.remove(file_name(gone));
            }
        }
        let named = !finds.written.is_empty() || (finds.asked.is_some() && seen.acts());
        if named {
            self.standing.touch(id, TouchKind::Writes);
        } else if finds.asked.is_some() || finds.observed.is_some() {
            let ran = seen.does(&[Activity::Run, Activity::Test]) && before;
            let kind = if ran {
                TouchKind::VerifiesPassing
            } else {
                TouchKind::Reads
            };
            self.standing.touch(id, kind);
        }
        match (before, self.carried()) {
            (false, true) => {
                let words = self.first_text();
                let mark = seen.mark("puts it in place", seen.action(&words));
                self.turn(true, TouchKind::Writes, mark);
            }
            (true, false) => {
                let mark = seen.mark("writes the file again without it", None);
                self.turn(false, TouchKind::Writes, mark);
            }
            _ => {}
        }
        if let Some((piece, at, end)) = finds.other
            && self.standing.instead.is_none()
            && let Some(words) = seen.texts.written[piece].text.get(at..end)
        {
            let why = format!("writes `{words}` for it");
            self.standing.instead = Some(seen.mark(&why, seen.action(words)));
        }
    }

    fn first_text(&self) -> String {
        super::hunt::texts(self.demand)
            .into_iter()
            .next()
            .unwrap_or_default()
    }

    fn limit(&mut self, limit: &Limit, seen: &Seen<'_>, finds: &Finds) {
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

    fn ban(&mut self, forbids: Forbidden, objects: &[String], seen: &Seen<'_>, finds: &Finds) {
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
    fn ban_on_file(&mut self, by: &str, seen: &Seen<'_>, finds: &Finds) {
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

    fn service(&mut self, seen: &Seen<'_>, finds: &Finds) {
        let id = self.step(seen);
        if !finds.written.is_empty() && !seen.refused {
            self.standing.touch(id, TouchKind::Writes);
        }
        let asks = seen.step.reading.commands.iter().any(|command| {
            matches!(
                command.program.as_str(),
                "curl" | "wget" | "nc" | "http" | "telnet" | "ab" | "nmap"
            )
        });
        let refused = seen
            .step
            .outcome
            .errors
            .iter()
            .any(|error| error.kind == ErrorKind::Network);
        // Commands typed together are answered together, by the last of them.
        let answered = !seen.texts.observed.trim().is_empty();
        if finds.asked.is_some() && asks && !answered && !seen.failed {
            self.standing.touch(id, TouchKind::Executes);
            self.pending = true;
            return;
        }
        if (finds.asked.is_some() && (asks || refused)) || (self.pending && answered) {
            self.pending = false;
            let answers = !refused && !seen.failed && answered;
            let silent = seen.failed && seen.step.outcome.errors.is_empty();
            if answers {
                let mark = seen.mark("gets an answer from it", seen.line(0));
                self.turn(true, TouchKind::VerifiesPassing, mark);
            } else if refused || silent {
                let mark = seen.mark("gets no answer from it", seen.error());
                self.turn(false, TouchKind::VerifiesFailing, mark);
            }
            return;
        }
        let listens = finds.observed.and_then(|at| {
            let text = seen.texts.observed;
            let start = text[..at].rfind('\n').map_or(0, |n| n + 1);
            let line = text[start..].lines().next()?;
            let listed = line.contains("LISTEN") && text[..at].ends_with(':');
            (listed || line.contains("Running on") || line.contains("istening on")).then_some(at)
        });
        if let Some(at) = listens {
            let mark = seen.mark("shows it listening", seen.line(at));
            self.turn(true, TouchKind::VerifiesPassing, mark);
        } else if finds.asked.is_some() {
            self.standing.touch(id, TouchKind::Executes);
        }
    }

    fn verification(&mut self, seen: &Seen<'_>) {
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
        } else if !seen.failed && (tests || seen.changed_before) {
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

/// True for files that programs read as settings.
fn is_settings(path: &str) -> bool {
    const ENDINGS: &[&str] = &[
        "cfg", "conf", "config", "env", "ini", "json", "service", "toml", "xml", "yaml", "yml",
    ];
    let ending = file_name(path).rsplit_once('.').map_or("", |(_, end)| end);
    ENDINGS.contains(&ending) || path.starts_with("/etc/")
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
