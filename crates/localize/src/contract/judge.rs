//! One pass over the steps of a run with everything its contract looks for.

use std::collections::{BTreeMap, BTreeSet};

use analysis::IndexedStep;
use analysis::activity::Activity;
use analysis::shell::{Invocation, invocations};
use trace::{ErrorKind, StepId, StepStatus};

use super::claims::{LESSER, claim, lists_work};
use super::hunt::{Hit, Hunt, texts};
use super::seen::{AskedFor, Seen, removed};
use super::standing::{Mark, Standing, TouchKind};
use super::step_texts::{self, Texts};
use super::{Contract, Demand, DemandKind, file};
use crate::blame::file_name;
use crate::evidence::{Citation, action_text, of_action_line, of_thought};

/// Files remembered to hold what a demand names, for each of its parts.
const MOST_CARRIERS: usize = 8;

/// Files remembered to hold something lesser.
const MOST_LESSER: usize = 64;

/// What is known of one demand while the run goes on.
pub(super) struct Watched<'c> {
    pub(super) demand: &'c Demand,
    pub(super) standing: Standing,
    /// For each part, the files that hold it; an empty name stands for the run itself.
    pub(super) carriers: Vec<BTreeSet<String>>,
    /// Programs of the run that name it.
    pub(super) makers: BTreeSet<String>,
    /// The demanded command, as it would be run.
    pub(super) command: Vec<Invocation>,
    /// Whether it was asked for and the answer is still to be shown.
    pub(super) pending: bool,
    /// Whether settings that the run wrote name it.
    pub(super) set_up: bool,
    /// Whether it was seen to be there before the run made anything.
    pub(super) was_there: bool,
}

/// What the texts of a step hold for one demand: where it is first named in each.
#[derive(Default, Clone)]
pub(super) struct Finds {
    pub(super) said: Option<usize>,
    pub(super) asked: Option<usize>,
    pub(super) observed: Option<usize>,
    /// Parts named exactly in what is asked.
    pub(super) parts: BTreeSet<usize>,
    /// Pieces of written text that name a part exactly: piece, part.
    pub(super) written: Vec<(usize, usize)>,
    /// Pieces whose old text names a part.
    pub(super) gone: Vec<(usize, usize)>,
    /// The first other spelling in written text, where it stands like a name: piece, begin, end,
    /// and whether only the case of its letters differs.
    pub(super) other: Option<(usize, usize, usize, bool)>,
}

/// Watches a run for a contract.
pub(super) struct Judge<'c> {
    hunt: Hunt,
    watched: Vec<Watched<'c>>,
    /// The task in lower case: what it says itself is no sign of a lesser result.
    task: String,
    /// Files that hold something lesser by the words of the step that made them.
    lesser: BTreeMap<String, Mark>,
    asked_for: AskedFor,
    changed: bool,
    plan: Option<(StepId, Vec<u16>)>,
}

impl<'c> Judge<'c> {
    /// Before the first step.
    pub(super) fn new(contract: &'c Contract, task: &str) -> Self {
        let watched = contract.demands.iter().map(|demand| {
            let kept = matches!(demand.kind, DemandKind::Prohibition { .. });
            Watched {
                demand,
                standing: if kept {
                    Standing::kept()
                } else {
                    Standing::default()
                },
                carriers: vec![BTreeSet::new(); texts(demand).len()],
                makers: BTreeSet::new(),
                command: match &demand.kind {
                    DemandKind::Command { command } => invocations(command),
                    _ => Vec::new(),
                },
                pending: false,
                set_up: false,
                was_there: false,
            }
        });
        let outputs = contract
            .demands
            .iter()
            .filter_map(|demand| match &demand.kind {
                DemandKind::Output { path, .. } => Some(path.clone()),
                _ => None,
            });
        let task = task.to_ascii_lowercase();
        let pages = ["html", "website", "web page", "webpage", "web site"];
        Self {
            lesser: BTreeMap::new(),
            asked_for: AskedFor {
                outputs: outputs.collect(),
                pages: pages.iter().any(|word| task.contains(word)),
            },
            hunt: Hunt::new(contract),
            watched: watched.collect(),
            task,
            changed: false,
            plan: None,
        }
    }

    /// The first step that plans the work, with the demands its list names.
    pub(super) fn plan(&self) -> Option<(StepId, Vec<u16>)> {
        self.plan.clone()
    }

    /// The weight of what is met so far.
    pub(super) fn met(&self) -> u32 {
        let met = self.watched.iter().filter(|w| w.standing.is_met());
        met.map(|w| u32::from(w.demand.weight)).sum()
    }

    /// How everything stands.
    pub(super) fn into_standings(self) -> Vec<Standing> {
        self.watched.into_iter().map(|w| w.standing).collect()
    }

    /// Takes in the next step.
    pub(super) fn see(&mut self, step: &IndexedStep<'_>) {
        if self.watched.is_empty() {
            return;
        }
        let texts = step_texts::of(step);
        let finds = self.find(&texts);
        let refused = step
            .outcome
            .errors
            .iter()
            .any(|e| matches!(e.kind, ErrorKind::EditRejected | ErrorKind::ToolCall));
        let seen = Seen {
            step,
            refused,
            failed: step.outcome.status == StepStatus::Failed,
            removed: removed(step),
            lesser: self.lesser(step, &texts),
            changed_before: self.changed,
            from_lesser: self.maker_of_lesser(step),
            asked_for: &self.asked_for,
            texts,
        };
        let claim = claim(&seen);
        if self.plan.is_none() && lists_work(&seen) {
            let named = self
                .watched
                .iter()
                .zip(&finds)
                .filter(|(_, f)| f.said.or(f.asked).is_some());
            let named: Vec<u16> = named.map(|(watched, _)| watched.demand.id).collect();
            // A list that names most of what there is to do is a plan of the whole.
            let counted = self.watched.iter().filter(|w| w.demand.weight > 0).count();
            if named.len() >= 2 && named.len() * 2 >= counted {
                self.plan = Some((step.id, named));
            }
        }
        for (watched, finds) in self.watched.iter_mut().zip(&finds) {
            watched.mention(&seen, finds, claim.as_ref());
            watched.judge(&seen, finds);
        }
        let (made, rewritten) = (seen.lesser_files(), seen.rewritten());
        for name in rewritten {
            self.lesser.remove(&name);
        }
        for (name, mark) in made {
            if self.lesser.len() < MOST_LESSER {
                self.lesser.entry(name).or_insert(mark);
            }
        }
        self.changed |= step.reading.effect.kind.is_change();
    }

    /// The step that made something lesser of a file that this step works on.
    fn maker_of_lesser(&self, step: &IndexedStep<'_>) -> Option<Mark> {
        if self.lesser.is_empty() {
            return None;
        }
        let words = step.reading.commands.iter().flat_map(|c| &c.args);
        let mut names = step.reading.effect.reads.iter().chain(words);
        names.find_map(|name| self.lesser.get(file_name(name)).cloned())
    }

    /// Where each demand is named in the texts of a step.
    fn find(&self, texts: &Texts<'_>) -> Vec<Finds> {
        let mut finds = vec![Finds::default(); self.watched.len()];
        for said in texts.said {
            self.hunt.search(said, |hit| {
                finds[hit.demand].said.get_or_insert(hit.at);
            });
        }
        for asked in &texts.asked {
            self.hunt.search(asked, |hit| {
                if hit.exact {
                    finds[hit.demand].asked.get_or_insert(hit.at);
                    finds[hit.demand].parts.insert(hit.part);
                }
            });
        }
        self.hunt.search(texts.observed, |hit| {
            finds[hit.demand].observed.get_or_insert(hit.at);
        });
        for (n, piece) in texts.written.iter().enumerate() {
            self.hunt.search(&piece.text, |hit| {
                note(&mut finds[hit.demand], n, &piece.text, hit);
            });
            self.hunt.search(piece.old, |hit| {
                let gone = &mut finds[hit.demand].gone;
                if hit.exact && gone.last() != Some(&(n, hit.part)) {
                    gone.push((n, hit.part));
                }
            });
        }
        finds
    }

    /// A word for something lesser that the task does not say itself.
    fn lesser(&self, step: &IndexedStep<'_>, texts: &Texts<'_>) -> Option<Citation> {
        let find = |text: &str| {
            let mut found = LESSER.as_ref()?.find_iter(text);
            found
                .find(|hit| !self.task.contains(&text[hit.range()].to_ascii_lowercase()))
                .map(|hit| hit.range())
        };
        if !step.reading.effect.kind.is_change() {
            return None;
        }
        if let Some(range) = find(&step.step.thought) {
            return of_thought(&step.step, range.start);
        }
        let written = texts.written.iter().map(|piece| &piece.text);
        written.chain(&texts.asked).find_map(|text| {
            let words = &text[find(text)?];
            let at = action_text(&step.step).find(words)?;
            of_action_line(&step.step, at)
        })
    }
}

/// Notes a finding in a piece of written text.
fn note(finds: &mut Finds, piece: usize, text: &str, hit: Hit) {
    if hit.exact {
        if !finds.written.contains(&(piece, hit.part)) {
            finds.written.push((piece, hit.part));
        }
        return;
    }
    // Only where it stands like a name: quoted, or before a colon or an equals sign.
    let before = text[..hit.at].chars().next_back();
    let after = text[hit.end..].chars().next();
    let quoted =
        before.is_some_and(|c| "'\"`".contains(c)) && after.is_some_and(|c| "'\"`".contains(c));
    if quoted {
        let found = (piece, hit.at, hit.end, hit.case_only);
        finds.other.get_or_insert(found);
    }
}

impl Watched<'_> {
    /// What the words of a step say about the demand.
    fn mention(&mut self, seen: &Seen<'_>, finds: &Finds, claim: Option<&Mark>) {
        if finds.said.is_some() {
            self.standing.touch(seen.step.id, TouchKind::Mentions);
        }
        if let Some(claim) = claim
            && (finds.said.is_some() || seen.does(&[Activity::Submit]))
        {
            self.standing.claimed = Some(claim.clone());
        }
    }

    /// Marks the demand as met or not.
    pub(super) fn turn(&mut self, met: bool, kind: TouchKind, mark: Mark) {
        self.standing.touch(mark.step, kind);
        if !met && self.standing.wrong.is_none() {
            self.standing.wrong = Some(mark.clone());
        }
        self.standing.turn(met, mark);
    }

    /// Remembers that a file holds a part.
    pub(super) fn carry(&mut self, part: usize, path: &str) {
        if let Some(files) = self.carriers.get_mut(part)
            && files.len() < MOST_CARRIERS
        {
            files.insert(file_name(path).to_owned());
        }
    }

    /// True when every part is held somewhere.
    pub(super) fn carried(&self) -> bool {
        !self.carriers.is_empty() && self.carriers.iter().all(|files| !files.is_empty())
    }

    /// True when a step runs a program of the run that names the demand.
    pub(super) fn runs_maker(&self, seen: &Seen<'_>) -> bool {
        !self.makers.is_empty()
            && seen.step.reading.commands.iter().any(|command| {
                let words = command.args.iter().map(String::as_str);
                words
                    .chain([command.written.as_str()])
                    .any(|word| self.makers.contains(file_name(word)))
            })
    }

    /// The path the demand is about.
    pub(super) fn path(&self) -> Option<&str> {
        match &self.demand.kind {
            DemandKind::Output { path, .. }
            | DemandKind::Removal { path }
            | DemandKind::Input { path } => Some(path),
            _ => None,
        }
    }

    pub(super) fn is_at(&self, written: &str) -> bool {
        self.path().is_some_and(|path| file::same(path, written))
    }
}
