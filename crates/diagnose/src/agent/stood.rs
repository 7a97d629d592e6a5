//! Conclusions held against the run, of which the best is kept.

use crate::check::{Checked, check};
use crate::conclusion::Conclusion;
use crate::context::Digest;
use crate::ledger::Ledger;
use crate::subject::Subject;

use super::Trouble;

/// What the model concluded so far.
#[derive(Default)]
pub(crate) struct Stood {
    best: Option<(Conclusion, Checked)>,
    sent_back: u32,
}

impl Stood {
    /// Holds a conclusion against the run. One whose verdict stands is not replaced by one whose verdict
    /// does not. Words that were proven are remembered in `digest`.
    ///
    /// # Errors
    /// What goes back to the model, as long as it may mend something: at most `repairs` times.
    pub(crate) fn hear(
        &mut self,
        conclusion: Conclusion,
        subject: &Subject<'_>,
        ledger: &Ledger,
        digest: &mut Digest,
        repairs: u32,
    ) -> Result<(), String> {
        let checked = check(&conclusion, subject, ledger);
        for proven in &checked.standing {
            let evidence = &proven.evidence;
            digest
                .quoted
                .insert(evidence.step_id, evidence.quote.clone());
        }
        let faults: Vec<String> = checked
            .faults
            .iter()
            .map(|fault| format!("{}: {}", fault.claim, fault.why))
            .collect();
        let stands = |best: &(Conclusion, Checked)| !best.1.refused;
        if !checked.refused || !self.best.as_ref().is_some_and(stands) {
            self.best = Some((conclusion, checked));
        }
        if faults.is_empty() || self.sent_back >= repairs {
            return Ok(());
        }
        self.sent_back += 1;
        Err(format!(
            "This does not stand the check:\n- {}\nLook again where needed, then conclude anew.",
            faults.join("\n- ")
        ))
    }

    /// How often a conclusion went back.
    pub(crate) fn sent_back(&self) -> u32 {
        self.sent_back
    }

    /// Whether there is a conclusion.
    pub(crate) fn is_some(&self) -> bool {
        self.best.is_some()
    }

    /// # Errors
    /// When the verdict of the conclusion does not stand.
    pub(crate) fn outcome(&self) -> Result<(), Trouble> {
        let best = self.best.as_ref();
        match best.and_then(|(_, checked)| checked.refusal()) {
            Some(why) => Err(Trouble::Refused(why)),
            None => Ok(()),
        }
    }

    /// The best conclusion.
    pub(crate) fn into_best(self) -> Option<(Conclusion, Checked)> {
        self.best
    }
}
