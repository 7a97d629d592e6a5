//! What each step cost.

use std::collections::BTreeMap;

use trace::{Spent, StepId, Timestamp, Trajectory, Usage};

/// The costs of a run's steps.
pub(super) struct Costs<'t> {
    trajectory: &'t Trajectory,
    /// Of each model turn with several steps: how many there are and what the turn cost.
    turns: BTreeMap<u32, (u64, Usage)>,
    /// What the run as a whole cost and no step states, to be shared by this many steps.
    rest: Usage,
}

impl<'t> Costs<'t> {
    /// Reads the costs of a run.
    pub(super) fn new(trajectory: &'t Trajectory) -> Self {
        let mut turns: BTreeMap<u32, (u64, Usage)> = BTreeMap::new();
        let mut stated = Usage::default();
        for step in trajectory.steps.walk() {
            let usage = step.usage.unwrap_or_default();
            stated.add(&usage);
            if let Some(turn) = step.parallel_group {
                let (steps, cost) = turns.entry(turn).or_default();
                *steps += 1;
                cost.add(&usage);
            }
        }
        let whole = trajectory.usage;
        // Layouts that do not know what a run cost write zero.
        let known = |count: &u64| *count > 0;
        Self {
            trajectory,
            turns,
            rest: Usage {
                input_tokens: whole
                    .input_tokens
                    .filter(|_| stated.input_tokens.is_none())
                    .filter(known),
                cached_tokens: whole
                    .cached_tokens
                    .filter(|_| stated.cached_tokens.is_none())
                    .filter(known),
                output_tokens: whole
                    .output_tokens
                    .filter(|_| stated.output_tokens.is_none())
                    .filter(known),
                cost_usd: whole
                    .cost_usd
                    .filter(|_| stated.cost_usd.is_none())
                    .filter(|cost| *cost > 0.0),
            },
        }
    }

    /// True when something is stated for the run as a whole only.
    pub(super) fn shared_evenly(&self) -> bool {
        !self.rest.is_empty() && !self.trajectory.steps.is_empty()
    }

    /// Every step with its cost, in order. The costs add up to what is stated.
    pub(super) fn walk(&self) -> impl Iterator<Item = (StepId, Spent)> + '_ {
        let steps = self.trajectory.steps.len() as u64;
        let mut clock: Option<Timestamp> = self.trajectory.started;
        let mut met: BTreeMap<u32, u64> = BTreeMap::new();
        let walk = self.trajectory.steps.walk().enumerate();
        walk.map(move |(at, step)| {
            let mut usage = match step
                .parallel_group
                .and_then(|g| Some((g, self.turns.get(&g)?)))
            {
                Some((group, (members, cost))) => {
                    let place = met.entry(group).or_default();
                    *place += 1;
                    part(cost, *place - 1, *members)
                }
                None => step.usage.unwrap_or_default(),
            };
            usage.add(&part(&self.rest, at as u64, steps));
            let now = step.ended.or(step.started);
            let seconds = now
                .zip(clock)
                .map(|(now, before)| now.duration_since(before).as_secs_f64().max(0.0));
            // A clock that goes back would count the same time twice.
            clock = clock.max(now);
            let spent = Spent {
                steps: 1,
                usage,
                seconds,
            };
            (StepId::from_index(at), spent)
        })
    }
}

/// The share of the one at `place` among `members` that share evenly, whole tokens without loss.
fn part(whole: &Usage, place: u64, members: u64) -> Usage {
    let members = members.max(1);
    let tokens = |count: Option<u64>| {
        count.map(|count| count / members + u64::from(place < count % members))
    };
    #[allow(clippy::cast_precision_loss, reason = "a number of steps")]
    let shares = members as f64;
    Usage {
        input_tokens: tokens(whole.input_tokens),
        cached_tokens: tokens(whole.cached_tokens),
        output_tokens: tokens(whole.output_tokens),
        cost_usd: whole.cost_usd.map(|cost| cost / shares),
    }
}
