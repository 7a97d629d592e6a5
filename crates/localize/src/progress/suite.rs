//! Test reports over a run: how much of the largest known suite passes, and where it fell.

use std::collections::HashMap;

use analysis::IndexedStep;
use trace::{StepId, TestFramework, TestReport, TestStatus, TurningKind, TurningPoint};

use super::check::{self, CheckId};
use super::{Fall, Levels, cite};
use crate::evidence::{Citation, of_action, of_observation};

/// How many named tests are remembered.
const CASES: usize = 200_000;
/// How many names a sentence gives.
const NAMED: usize = 3;
/// How many falls of one suite may wait to be made good.
const OPEN: usize = 64;
/// A suite this near the largest one is taken for the same, with tests added or taken out.
const WHOLE: f64 = 0.8;

/// A suite: one framework asked for one thing.
type Suite = (TestFramework, Option<CheckId>);

/// What one step reported of one suite.
struct Seen {
    step: StepId,
    suite: Suite,
    passed: u32,
    broken: u32,
    /// Tests known by name that came to pass, less those that ceased to.
    flips: i64,
    proof: Option<Citation>,
}

/// The last report of a suite.
struct Last {
    step: StepId,
    passed: u32,
    broken: u32,
    /// Falls that wait for this many to pass again: their place in the list, the count.
    open: Vec<(usize, u32)>,
}

/// Follows the test reports of a run.
#[derive(Default)]
pub(super) struct Suites {
    seen: Vec<Seen>,
    last: HashMap<Suite, Last>,
    /// Whether each test known by name passed when it was last named.
    cases: HashMap<(TestFramework, String), bool>,
}

impl Suites {
    /// Reads a step's reports; `change` is the last change before it.
    pub(super) fn step(
        &mut self,
        step: &IndexedStep<'_>,
        change: Option<&IndexedStep<'_>>,
        falls: &mut Vec<Fall>,
    ) {
        let mut frameworks: Vec<TestFramework> =
            step.outcome.tests.iter().map(|r| r.framework).collect();
        frameworks.sort_unstable();
        frameworks.dedup();
        let asked = check::of(step).map(|(id, _)| id);
        for framework in frameworks {
            // The parts of one command's report are one suite.
            let reports: Vec<&TestReport> = step
                .outcome
                .tests
                .iter()
                .filter(|r| r.framework == framework)
                .collect();
            let sum = |count: fn(&TestReport) -> u32| {
                reports
                    .iter()
                    .fold(0_u32, |n, r| n.saturating_add(count(r)))
            };
            let (passed, broken) = (sum(|r| r.passed), sum(TestReport::broken));
            if passed == 0 && broken == 0 {
                continue;
            }
            let (flips, lost) = self.named(framework, &reports);
            let proof = reports
                .iter()
                .find(|r| r.broken() > 0)
                .or(reports.last())
                .and_then(|r| of_observation(&step.step, &r.span));
            let now = Seen {
                step: step.id,
                suite: (framework, asked),
                passed,
                broken,
                flips,
                proof,
            };
            self.compare(&now, &lost, change, falls);
            self.seen.push(now);
        }
    }

    /// Remembers the named tests; gives how many more pass by name, and those that ceased to.
    fn named(&mut self, framework: TestFramework, reports: &[&TestReport]) -> (i64, Vec<String>) {
        let (mut flips, mut lost) = (0, Vec::new());
        for case in reports.iter().flat_map(|r| &r.cases) {
            let passes = match case.status {
                TestStatus::Passed => true,
                TestStatus::Failed | TestStatus::Errored => false,
                TestStatus::Skipped => continue,
            };
            let key = (framework, case.name.clone());
            let room = self.cases.len() < CASES;
            match self.cases.get_mut(&key) {
                Some(known) => {
                    flips += i64::from(passes) - i64::from(*known);
                    if *known && !passes {
                        lost.push(case.name.clone());
                    }
                    *known = passes;
                }
                None if room => {
                    self.cases.insert(key, passes);
                }
                None => {}
            }
        }
        (flips, lost)
    }

    /// Notes a fall against the suite's last report, and what has come back since.
    fn compare(
        &mut self,
        now: &Seen,
        lost: &[String],
        change: Option<&IndexedStep<'_>>,
        falls: &mut Vec<Fall>,
    ) {
        let (before, mut open) = match self.last.remove(&now.suite) {
            Some(report) => (
                Some((report.step, report.passed, report.broken)),
                report.open,
            ),
            None => (None, Vec::new()),
        };
        open.retain(|(at, passed)| {
            let back = now.passed >= *passed;
            if back && let Some(fall) = falls.get_mut(*at) {
                fall.point.recovered_at = Some(now.step);
            }
            !back
        });
        let changed = change.filter(|c| before.is_none_or(|(at, ..)| c.id > at));
        let fewer = before.filter(|&(_, passed, broken)| {
            now.passed < passed && now.broken >= broken && now.broken > 0
        });
        // Without a change in between the suite is unsteady, and nobody lost anything.
        if let Some(changed) = changed
            && (fewer.is_some() || !lost.is_empty())
        {
            let (gone, of) = match fewer {
                Some((_, passed, broken)) => (passed - now.passed, passed.saturating_add(broken)),
                None => (
                    u32::try_from(lost.len()).unwrap_or(u32::MAX),
                    now.passed.saturating_add(now.broken),
                ),
            };
            let target = fewer.map_or(now.passed.saturating_add(gone), |(_, passed, _)| passed);
            if open.len() < OPEN {
                open.push((falls.len(), target));
            }
            falls.push(Fall {
                share: f64::from(gone) / f64::from(of.max(1)),
                point: TurningPoint {
                    step_id: changed.id,
                    kind: TurningKind::TestsBroke,
                    why: sentence(now.step, gone, lost),
                    evidence: Vec::new(),
                    recovered_at: None,
                },
                cited: cite([of_action(&changed.step), now.proof.clone()]),
            });
        }
        let latest = Last {
            step: now.step,
            passed: now.passed,
            broken: now.broken,
            open,
        };
        self.last.insert(now.suite, latest);
    }

    /// The passed share of the largest known suite after each report. `None` without a report.
    pub(super) fn levels(self) -> Option<Levels> {
        let total = |seen: &Seen| seen.passed.saturating_add(seen.broken);
        let mut largest: HashMap<Suite, u32> = HashMap::new();
        for seen in &self.seen {
            let most = largest.entry(seen.suite).or_default();
            *most = (*most).max(total(seen));
        }
        let (framework, known) = largest
            .iter()
            .map(|((framework, _), most)| (*framework, *most))
            .max_by_key(|(framework, most)| (*most, std::cmp::Reverse(*framework)))?;
        let whole = f64::from(known) * WHOLE;
        let mut levels = Levels::new("tests of the largest known suite pass", known);
        let mut share = 0.0;
        for seen in self.seen.iter().filter(|s| s.suite.0 == framework) {
            let covers = largest.get(&seen.suite).copied().unwrap_or_default();
            share = if f64::from(covers) >= whole {
                f64::from(seen.passed) / f64::from(known.max(1))
            } else {
                // A part of the suite moves the whole by what it names.
                #[allow(clippy::cast_precision_loss, reason = "counts of tests")]
                let moved = share + seen.flips as f64 / f64::from(known.max(1));
                moved.max(f64::from(seen.passed) / f64::from(known.max(1)))
            };
            share = share.clamp(0.0, 1.0);
            levels.push(seen.step, share, seen.proof.clone());
        }
        Some(levels)
    }
}

fn sentence(shown: StepId, gone: u32, lost: &[String]) -> String {
    let mut names: Vec<&str> = lost.iter().take(NAMED).map(String::as_str).collect();
    let more = lost.len().saturating_sub(NAMED);
    let rest = format!("and {more} more");
    if more > 0 {
        names.push(&rest);
    }
    let tests = if gone == 1 { "test" } else { "tests" };
    if names.is_empty() {
        format!("{gone} {tests} that had passed no longer do at step {shown}")
    } else {
        format!(
            "{gone} {tests} that had passed no longer do at step {shown}: {}",
            names.join(", ")
        )
    }
}
