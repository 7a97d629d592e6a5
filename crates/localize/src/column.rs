//! The columns of everything measured of a step: plain facts about what it did, and the signals.

use std::sync::LazyLock;

use analysis::IndexedStep;
use analysis::activity::Activity;

use crate::signal::signals;

/// Whether a fact holds for a step.
type Holds = fn(&IndexedStep<'_>) -> bool;

/// Facts: what a step did, without any judgement. They let the model know that an edit is more often
/// where a run goes wrong than a listing.
const FACTS: &[(&str, Holds)] = &[
    ("does_change", |s| s.reading.effect.kind.is_change()),
    ("does_edit", |s| {
        s.reading.effect.kind.is_change() && does(s, Activity::Edit)
    }),
    ("does_read", |s| {
        s.reading.effect.kind.is_change() && (does(s, Activity::Read) || does(s, Activity::List))
    }),
    ("does_install", |s| does(s, Activity::Install)),
    ("does_fetch", |s| does(s, Activity::Fetch)),
    ("does_build", |s| does(s, Activity::Build)),
    ("does_test", |s| does(s, Activity::Test)),
    ("does_run", |s| does(s, Activity::Run)),
    ("does_arrange", |s| does(s, Activity::Arrange)),
    ("does_version", |s| does(s, Activity::Version)),
    ("does_serve", |s| does(s, Activity::Serve)),
    ("does_control", |s| does(s, Activity::Control)),
    ("does_submit", |s| does(s, Activity::Submit)),
];

fn does(step: &IndexedStep<'_>, activity: Activity) -> bool {
    step.reading.activities.contains(&activity)
}

static COLUMNS: LazyLock<Vec<&'static str>> = LazyLock::new(|| {
    let facts = FACTS.iter().map(|(name, _)| *name);
    facts.chain(signals().iter().map(|s| s.name())).collect()
});

/// The name of every column: the facts, then the signals in the order of their list.
#[must_use]
pub fn columns() -> &'static [&'static str] {
    &COLUMNS
}

/// True for the number of a column that is a plain fact and no signal.
#[must_use]
pub fn is_fact(column: usize) -> bool {
    column < FIRST_SIGNAL
}

/// The signal that alone tells whether a run failed: see [`tells_outcome`].
const OUTCOME: &str = "observed_failure";

/// True for the number of the column that tells whether a run failed at all: what shows at its end. The
/// other signals say where a failure began; over runs with known outcomes they did not tell failed
/// runs from solved ones of other tasks (area under the ROC curve 0.51, cross-validated by task).
#[must_use]
pub fn tells_outcome(column: usize) -> bool {
    columns().get(column).is_some_and(|name| *name == OUTCOME)
}

/// The number of the first signal's column.
pub(crate) const FIRST_SIGNAL: usize = FACTS.len();

/// The facts about a step, by column number.
pub(crate) fn facts(step: &IndexedStep<'_>) -> Vec<(usize, f64)> {
    let facts = FACTS.iter().enumerate();
    facts
        .filter(|(_, (_, holds))| holds(step))
        .map(|(at, _)| (at, 1.0))
        .collect()
}
