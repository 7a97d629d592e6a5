//! A reward for every step, by a stated formula.
//!
//! Let *p* be how probable it is that the run failed, and *c* how sure it is, if it did, that the
//! named onset is where it went wrong (0 where none is named).
//!
//! | step | reward |
//! |---|---|
//! | the onset | −*p*·*c* |
//! | another incorrect step, which carries the share *s* of the suspicion | −*p*·max(*c*/2, *s*) |
//! | unuseful | −0.1 |
//! | any other, before the onset | (1−*p*) + *p*·*c* |
//! | any other | 1−*p* |
//!
//! So a step nothing is held against gets the chance that the run had not gone wrong by then: sure
//! before a sure onset, and after it only as sure as that there was no failure. *p* is 0 or 1 where the
//! recorded outcome was used; else it is the document's failure probability, at least ½ for a run
//! that is called failed and at most ½ for one called free of failure.
//!
//! It is made of a diagnosis, and as wrong as that is: a step without a label is not known to be
//! right, steps are judged alone, and no step is compared with what else could have been done.

use trace::{Diagnosis, StepId, Verdict};

use super::rl_feedback::StepVerdict;

/// What an unuseful step costs: it took a turn and broke nothing, whatever became of the run.
const IDLE: f64 = -0.1;

/// What the rewards of one run rest on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Credit {
    /// How probable it is that the run failed.
    failed: f64,
    /// How sure the onset is, if it did.
    sure: f64,
    onset: Option<StepId>,
}

impl Credit {
    pub(super) fn new(diagnosis: &Diagnosis) -> Self {
        let onset = diagnosis.onset_step_id;
        Self {
            failed: failed(diagnosis),
            sure: onset.map_or(0.0, |_| share(diagnosis.confidence)),
            onset,
        }
    }

    /// The reward of a step, between -1 and 1, that carries `suspicion` of the suspicion.
    pub(super) fn reward(self, step: StepId, verdict: StepVerdict, suspicion: f64) -> f64 {
        let reward = match verdict {
            StepVerdict::Incorrect if self.onset == Some(step) => -self.failed * self.sure,
            StepVerdict::Incorrect => -self.failed * (self.sure / 2.0).max(share(suspicion)),
            StepVerdict::Unuseful => IDLE,
            StepVerdict::Correct if self.onset.is_some_and(|onset| step < onset) => {
                1.0 - self.failed + self.failed * self.sure
            }
            StepVerdict::Correct => 1.0 - self.failed,
        };
        // No more digits than mean something; the sum makes a negative zero a zero.
        (reward * 1e4).round() / 1e4 + 0.0
    }
}

fn failed(diagnosis: &Diagnosis) -> f64 {
    match diagnosis
        .outcome
        .resolved
        .filter(|_| diagnosis.used_outcome)
    {
        Some(true) => return 0.0,
        Some(false) => return 1.0,
        None => {}
    }
    let said = share(diagnosis.failure_probability);
    match diagnosis.verdict {
        Verdict::FailureFound => said.max(0.5),
        Verdict::NoFailure => said.min(0.5),
        Verdict::Undecided => said,
    }
}

/// A number between 0 and 1; what is no number is taken for 0.
fn share(number: f64) -> f64 {
    if number.is_nan() {
        0.0
    } else {
        number.clamp(0.0, 1.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn step(number: u32) -> StepId {
        StepId::new(number).unwrap()
    }

    #[test]
    fn a_sure_onset_parts_the_run() {
        let credit = Credit {
            failed: 1.0,
            sure: 0.8,
            onset: Some(step(5)),
        };
        let reward = |at, verdict, share| credit.reward(step(at), verdict, share).to_string();
        assert_eq!(reward(4, StepVerdict::Correct, 0.1), "0.8");
        assert_eq!(reward(5, StepVerdict::Incorrect, 0.6), "-0.8");
        assert_eq!(reward(6, StepVerdict::Correct, 0.0), "0");
        assert_eq!(reward(7, StepVerdict::Incorrect, 0.1), "-0.4");
        assert_eq!(reward(7, StepVerdict::Incorrect, 0.5), "-0.5");
        assert_eq!(reward(8, StepVerdict::Unuseful, 0.0), "-0.1");
    }

    #[test]
    fn nothing_is_blamed_where_nothing_failed() {
        let credit = Credit {
            failed: 0.0,
            sure: 0.0,
            onset: None,
        };
        let reward = |verdict| credit.reward(step(1), verdict, 0.9).to_string();
        assert_eq!(reward(StepVerdict::Correct), "1");
        assert_eq!(reward(StepVerdict::Incorrect), "0");
    }

    proptest! {
        #[test]
        fn rewards_stay_in_their_bounds(
            (p, c, s) in (any::<f64>(), any::<f64>(), any::<f64>()),
            (at, onset) in (1_u32..9, proptest::option::of(1_u32..9)),
        ) {
            let credit = Credit { failed: share(p), sure: share(c), onset: onset.map(step) };
            let reward = |verdict| credit.reward(step(at), verdict, s);
            prop_assert!((-1.0..=0.0).contains(&reward(StepVerdict::Incorrect)));
            prop_assert!((0.0..=1.0).contains(&reward(StepVerdict::Correct)));
        }
    }
}
