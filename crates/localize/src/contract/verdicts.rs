//! What a step means for a demand of each kind.

use analysis::activity::Activity;
use trace::ErrorKind;

use super::DemandKind;
use super::file;
use super::judge::{Finds, Watched};
use super::seen::Seen;
use super::standing::{Mark, TouchKind};
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
            DemandKind::Service { port } => self.service(*port, seen, finds),
            DemandKind::Verification => self.verification(seen),
        }
    }

    fn output(&mut self, path: &str, existing: bool, seen: &Seen<'_>, finds: &Finds) {
        let id = seen.step.id;
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
        } else if let Some(made) = seen.from_lesser.as_ref().filter(|_| rewrites) {
            if self.standing.substitute.is_none() {
                self.standing.substitute = Some(Mark {
                    why: "puts something lesser in its place".to_owned(),
                    ..made.clone()
                });
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

    /// A value or fields that must stand in what the run makes.
    fn text(&mut self, seen: &Seen<'_>, finds: &Finds) {
        if seen.refused {
            return;
        }
        let before = self.carried();
        let id = seen.step.id;
        for (n, piece) in seen.texts.written.iter().enumerate() {
            for part in 0..self.carriers.len() {
                let now = finds.written.contains(&(n, part));
                let gone = piece.whole || finds.gone.contains(&(n, part));
                if now && !seen.tells(piece.path) {
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
        // Another case alone is another word, unless the exact text was stated.
        let stated = self.demand.weight > 1;
        if let Some((piece, at, end, case_only)) = finds.other
            && (stated || !case_only)
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
}

/// True for files that programs read as settings.
fn is_settings(path: &str) -> bool {
    const ENDINGS: &[&str] = &[
        "cfg", "conf", "config", "env", "ini", "json", "service", "toml", "xml", "yaml", "yml",
    ];
    let ending = file_name(path).rsplit_once('.').map_or("", |(_, end)| end);
    ENDINGS.contains(&ending) || path.starts_with("/etc/")
}
