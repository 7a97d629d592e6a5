//! What shows a failure is answered, not passed over.

use localize::graph::{Failure, settles, what_settles};
use trace::Verdict;

use super::{Examination, Examined, Fault, Rule};
use crate::conclusion::ClaimKind;
use crate::subject::Part;

/// Where the run shows strongly that it failed and no outcome is known, `no_failure` stands only with
/// evidence that answers it: the observation of a step that can show it settled. That a later step went
/// well is not enough: of failing tests it is a later report of tests that pass, of a command one that
/// worked, of a demand a look at what is demanded.
pub(super) const RULE: Rule = Rule {
    name: "answered",
    judge,
};

/// From this strength on a sign of failure must be answered: it speaks for a failed run at least as much
/// as against it. Of 45 public runs with a recorded outcome 16 have such a sign at their end; one of
/// these 16 had passed.
const STRONG: f64 = 0.5;

fn judge(examination: &Examination<'_, '_>) -> Vec<Fault> {
    let subject = examination.subject;
    let offline = subject.offline;
    let recorded = offline.used_outcome && offline.outcome.resolved == Some(true);
    if examination.conclusion.verdict != Verdict::NoFailure || recorded {
        return Vec::new();
    }
    // Those that the document names, and a reader can look up.
    let named = subject.case.graph.failures().iter();
    let named = named.take(offline.failures.len());
    let open = named.filter(|failure| {
        failure.strength >= STRONG
            && !examination
                .of(ClaimKind::Evidence)
                .any(|claim| answers(examination, claim, failure))
    });
    open.map(|failure| {
        Fault::verdict(format!(
            "step {} shows {}; no_failure needs evidence that shows it settled: the quotation of an observation {}",
            failure.step,
            failure.kind.as_str(),
            what_settles(failure),
        ))
    })
    .collect()
}

fn answers(examination: &Examination<'_, '_>, claim: &Examined<'_>, failure: &Failure) -> bool {
    let subject = examination.subject;
    let found = claim.found.as_ref();
    found.is_some_and(|found| found.part == Part::Observation)
        && settles(subject.index(), &subject.case.contract, failure, claim.from)
}
