//! The case as the model first sees it, within the tokens there are.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fmt::Write as _;

use llm::{BlockingClient, Request, Tool as LlmTool, count_tokens, estimate_input};
use trace::StepId;

use super::Trouble;
use super::navigate::per_thousand;
use crate::conclusion::Conclusion;
use crate::context::{Conversation, Limits};
use crate::fold::fold;
use crate::ledger::Ledger;
use crate::prompt::{self, Opening};
use crate::setup::Setup;
use crate::subject::Subject;
use crate::tool::{Tool, clip, show_step, tools};

/// The most tokens of each part of the opening. Measured over labelled runs; more told little more.
pub(crate) mod most {
    pub(crate) const TASK: u64 = 500;
    pub(crate) const LESSONS: u64 = 300;
    pub(crate) const OFFLINE: u64 = 350;
    pub(crate) const TREE: u64 = 900;
    pub(crate) const SHOWN: u64 = 1_400;
}

/// The most suspects that are named.
const SUSPECTS: usize = 5;

/// What is put before the model.
pub(crate) struct Case<'c, 's> {
    pub(crate) subject: &'c Subject<'s>,
    pub(crate) setup: &'c Setup,
    pub(crate) lessons: &'c [String],
    pub(crate) client: &'c BlockingClient,
    /// The most tokens of a request with its answer: what the caller allows, and no more than the model
    /// is known to take.
    pub(crate) context: u64,
    /// How many of the lessons were told, as they fitted.
    pub(crate) lessons_told: Cell<usize>,
}

/// The beginning of the conversation, and the tools that are offered in it. What is shown in it counts as
/// opened.
pub(crate) fn begin(
    case: &Case<'_, '_>,
    ledger: &mut Ledger,
) -> Result<(Conversation, Vec<&'static dyn Tool>), Trouble> {
    let (subject, setup) = (case.subject, case.setup);
    let stages = subject.index().stages.len().min(3);
    let system = prompt::system(subject.fence.mark(), stages)?;
    let context = case.context;
    let mut limits = Limits::new(context, setup.answer_tokens);
    let bare = |tools: &[LlmTool]| {
        Request::new(Vec::new())
            .with_system(system.clone())
            .with_tools(tools.to_vec())
    };
    let fixed = bare(&[Conclusion::tool()]);
    limits.per_thousand = per_thousand(case.client, &fixed);
    let whole = limits.request();
    // What is said takes as much as what stands before it, or nothing can be looked at.
    let room = (whole / 2).saturating_sub(estimate_input(&fixed));
    let offered = offered(setup, room.min(whole / 6));
    let mut told: Vec<LlmTool> = offered.iter().map(|tool| llm_tool(*tool)).collect();
    told.push(Conclusion::tool());
    let bare = estimate_input(&bare(&told));
    if bare * 2 > whole {
        return Err(case.cramped(bare * 2));
    }
    let opening = case.opening((whole - bare) / 2, ledger)?;
    Ok((Conversation::new(system, opening, told, limits), offered))
}

/// The tools the model may call under this setup, as many as `room` tokens hold; the first in any case.
fn offered(setup: &Setup, room: u64) -> Vec<&'static dyn Tool> {
    let mut left = room;
    let all = tools().iter().copied();
    all.filter(|tool| !(setup.without.offline && tool.is_offline()))
        .filter(|tool| !(setup.without.tree && tool.is_tree()))
        .enumerate()
        .filter(|(place, tool)| {
            let tokens =
                estimate_input(&Request::new(Vec::new()).with_tools(vec![llm_tool(*tool)]));
            let fits = tokens <= left || *place == 0;
            if fits {
                left = left.saturating_sub(tokens);
            }
            fits
        })
        .map(|(_, tool)| tool)
        .collect()
}

fn llm_tool(tool: &dyn Tool) -> LlmTool {
    LlmTool {
        name: tool.name().to_owned(),
        description: tool.description().to_owned(),
        parameters: tool.parameters(),
    }
}

impl<'c, 's> Case<'c, 's> {
    pub(crate) fn new(
        subject: &'c Subject<'s>,
        setup: &'c Setup,
        lessons: &'c [String],
        client: &'c BlockingClient,
    ) -> Self {
        let known = client.client().context_tokens().unwrap_or(u64::MAX);
        Self {
            subject,
            setup,
            lessons,
            client,
            context: setup.context_tokens.min(known),
            lessons_told: Cell::default(),
        }
    }

    /// How many tokens the provider counts for a thousand of ours.
    pub(crate) fn per_thousand(&self, request: &Request) -> u64 {
        per_thousand(self.client, request)
    }

    /// That the context cannot hold requests of `needed` tokens.
    pub(crate) fn cramped(&self, needed: u64) -> Trouble {
        let context = self.context;
        let request = Limits::new(context, self.setup.answer_tokens).request();
        Trouble::Cramped {
            context,
            needed: context - request + needed,
            least: least(needed, self.setup.answer_tokens),
        }
    }

    /// What is told of a run before anything of it is shown: its task in at most `room` tokens.
    pub(crate) fn told(&self, room: u64) -> Opening {
        Opening {
            task: task(self.subject, room),
            outcome: outcome(self.subject),
            ..Opening::default()
        }
    }

    /// The opening in about `room` tokens. Where that is less than all parts may take, each gets its
    /// share; what one leaves is for the next.
    pub(crate) fn opening(&self, room: u64, ledger: &mut Ledger) -> Result<String, Trouble> {
        let opening = self.parts(room, ledger);
        Ok(prompt::opening(&opening)?)
    }

    /// The parts of the opening.
    pub(crate) fn parts(&self, room: u64, ledger: &mut Ledger) -> Opening {
        let (subject, without) = (self.subject, self.setup.without);
        let index = subject.index();
        let mut share = Share::new(room);
        let task = share.spend(most::TASK, |room| task(subject, room));
        let lessons = share.spend(most::LESSONS, |room| self.lessons(room));
        let offline = share.spend(most::OFFLINE, |room| {
            if without.offline {
                String::new()
            } else {
                offline(subject, room)
            }
        });
        let tree = share.spend(most::TREE, |room| {
            if without.tree {
                return String::new();
            }
            let fence = count_tokens(&subject.fence.data(""));
            let tree = fold(subject, room.saturating_sub(fence), !without.offline);
            if tree.is_empty() {
                tree
            } else {
                subject.fence.data(&tree)
            }
        });
        let shown = share.spend(most::SHOWN, |room| self.prefetch(room, ledger));
        Opening {
            task,
            steps: index.len(),
            stages: index.stages.len(),
            outcome: outcome(subject),
            lessons,
            tree,
            offline,
            shown,
            extent: String::new(),
        }
    }

    fn lessons(&self, room: u64) -> String {
        let mut left = room.saturating_sub(16);
        let mut told = Vec::new();
        let none = self.setup.without.memory;
        for lesson in self.lessons.iter().filter(|_| !none) {
            let cost = count_tokens(lesson) + 2;
            if cost > left {
                break;
            }
            left -= cost;
            told.push(lesson.as_str());
        }
        self.lessons_told.set(told.len());
        if told.is_empty() {
            String::new()
        } else {
            self.subject.fence.data(&told.join("\n"))
        }
    }

    /// Opens what any reader would: the suspects with the step before, what shows the failure, the end.
    fn prefetch(&self, room: u64, ledger: &mut Ledger) -> String {
        let mut left = room;
        let mut shown: BTreeMap<StepId, String> = BTreeMap::new();
        for (step, most) in self.wanted() {
            if shown.contains_key(&step) || left < FEWEST {
                continue;
            }
            let text = show_step::show(self.subject, step, most.min(left - MARKS), ledger);
            left = left.saturating_sub(count_tokens(&text));
            shown.insert(step, text);
        }
        shown.into_values().collect()
    }

    /// Steps worth opening beforehand, the worthiest first, each with the most tokens it is worth.
    fn wanted(&self) -> Vec<(StepId, u64)> {
        let offline = self.subject.offline;
        let index = self.subject.index();
        let mut wanted = Vec::new();
        let last = index.len().checked_sub(1).map(StepId::from_index);
        if self.setup.without.offline {
            let failed = index
                .steps()
                .rev()
                .find(|step| step.outcome.status == trace::StepStatus::Failed);
            wanted.extend(last.map(|step| (step, 300)));
            wanted.extend(failed.map(|step| (step.id, 300)));
            return wanted;
        }
        let mut suspects = offline.onset_candidates.iter();
        let pair = |step: StepId| {
            let before = step.index().checked_sub(1).map(StepId::from_index);
            [(step, 300)]
                .into_iter()
                .chain(before.map(|step| (step, 150)))
        };
        wanted.extend(suspects.next().into_iter().flat_map(|c| pair(c.step_id)));
        wanted.extend(
            offline
                .failures
                .first()
                .map(|failure| (failure.step_id, 250)),
        );
        wanted.extend(last.map(|step| (step, 200)));
        wanted.extend(suspects.take(1).flat_map(|c| pair(c.step_id)));
        wanted
    }
}

/// The smallest context, of full hundreds, that holds requests of `needed` tokens.
fn least(needed: u64, answer: u32) -> u64 {
    let mut context = needed.next_multiple_of(100);
    while Limits::new(context, answer).request() < needed && context < u64::from(u32::MAX) {
        context += 100;
    }
    context
}

/// No step is worth opening in fewer tokens than this.
const FEWEST: u64 = 90;

/// What stands around the texts of a step.
const MARKS: u64 = 30;

/// The tokens of the opening, shared out.
struct Share {
    left: u64,
    /// What the parts yet to come may take at most.
    wanted: u64,
}

impl Share {
    fn new(room: u64) -> Self {
        let wanted = most::TASK + most::LESSONS + most::OFFLINE + most::TREE + most::SHOWN;
        Self { left: room, wanted }
    }

    /// A part that may take `most` tokens, or its share where there are fewer.
    fn spend(&mut self, most: u64, part: impl FnOnce(u64) -> String) -> String {
        let room = if self.left >= self.wanted {
            most
        } else {
            self.left * most / self.wanted.max(1)
        };
        self.wanted -= most;
        let text = part(room);
        self.left = self.left.saturating_sub(count_tokens(&text));
        text
    }
}

fn task(subject: &Subject<'_>, room: u64) -> String {
    let task = subject.offline.task.as_deref().unwrap_or_default();
    if task.trim().is_empty() {
        return String::new();
    }
    let task = clip(&subject.safe(task), room.saturating_sub(16));
    subject.fence.data(&task)
}

fn outcome(subject: &Subject<'_>) -> String {
    let offline = subject.offline;
    let known = offline.outcome.resolved.filter(|_| offline.used_outcome);
    match known {
        Some(true) => "The recorded check passed.".to_owned(),
        Some(false) => "The recorded check failed.".to_owned(),
        None => String::new(),
    }
}

/// The offline diagnosis in at most `room` tokens.
fn offline(subject: &Subject<'_>, room: u64) -> String {
    let d = subject.offline;
    let mut text = format!("{} (confidence {:.2}).", d.verdict.as_str(), d.confidence);
    // Writing to a string cannot fail.
    for (place, candidate) in d.onset_candidates.iter().take(SUSPECTS).enumerate() {
        let word = if place == 0 { " Suspects:" } else { "," };
        let _ = write!(
            text,
            "{word} {} ({:.2})",
            candidate.step_id, candidate.score
        );
    }
    let mut add = |line: String| {
        if count_tokens(&text) + count_tokens(&line) < room {
            text.push('\n');
            text.push_str(&line);
        }
    };
    add(subject.fence.words(&subject.safe(&d.summary)));
    for failure in d.failures.iter().take(3) {
        let why = subject.fence.words(&subject.safe(&failure.why));
        add(format!(
            "Step {} shows {}: {why}",
            failure.step_id, failure.kind
        ));
    }
    subject.fence.around(&clip(&text, room))
}

#[cfg(test)]
mod measure;
