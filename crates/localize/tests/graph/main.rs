//! The evidence graph on runs written by hand: every edge, every kind of failure, the slice, the chain.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "tests")]

mod edges;
mod failures;
mod invariants;
mod runs;
mod stories;

use analysis::Index;
use localize::Case;
use trace::Trajectory;

/// Shows a run's case to `look`.
fn case<T>(run: &Trajectory, look: impl FnOnce(&Case<'_>) -> T) -> T {
    let index = Index::new(run);
    look(&Case::new(&index))
}
