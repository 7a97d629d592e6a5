//! The chain: from the onset over what builds on it and where it shows to what makes it final.

use trace::{ChainLink, ChainRole, StepId};

use crate::case::Case;
use crate::evidence::{Citation, of_action, of_outcome};
use crate::graph::{Failure, FailureKind, Spread, Spreads};
use crate::label::quote;
use crate::signal::Suspicion;

/// A chain is read by people; more stations of one kind tell them nothing new.
const MOST_PROPAGATIONS: usize = 3;
const MOST_MISSED: usize = 2;

/// The stations from `onset` to the failure, in step order. `reason` is what speaks against the onset.
/// Every station cites a step; where a later step is the place that shows an error, its words are cited.
#[must_use]
pub fn chain(case: &Case<'_>, onset: StepId, reason: &Suspicion) -> Vec<ChainLink> {
    let mut links = Links {
        case,
        links: Vec::new(),
    };
    links.add(
        onset,
        ChainRole::Onset,
        reason.why.clone(),
        &reason.evidence,
    );
    let explained = explained(case, onset);
    for failure in explained.iter().filter(|f| shows(f.kind)).take(MOST_MISSED) {
        let why = format!("shows the error: {}", failure.why);
        links.add(
            failure.step,
            ChainRole::MissedSignal,
            why,
            &failure.evidence,
        );
    }
    let spread = case.graph.spread(onset);
    for later in spread.iter().filter(|s| s.how == Spreads::Shows) {
        if links.count(ChainRole::MissedSignal) < MOST_MISSED {
            links.missed(later);
        }
    }
    for later in spread.iter().filter(|s| s.how != Spreads::Shows) {
        if links.count(ChainRole::Propagation) < MOST_PROPAGATIONS {
            links.propagation(onset, later);
        }
    }
    links.last(onset, &explained);
    links.links.sort_by_key(|link| link.step_id);
    links.links
}

/// The failures that a step has a part in, strongest first; of one without any, all of them.
fn explained<'c>(case: &'c Case<'_>, onset: StepId) -> Vec<&'c Failure> {
    let failures = case.graph.failures();
    let own = case.graph.candidate(onset).map(|candidate| {
        let ends = candidate.explains.iter().filter(|e| !e.repaired);
        ends.filter_map(|e| failures.get(e.end)).collect()
    });
    own.unwrap_or_default()
}

/// Whether a failure is something seen on the way, rather than how the run ends.
fn shows(kind: FailureKind) -> bool {
    matches!(
        kind,
        FailureKind::FailingTests
            | FailureKind::OpenError
            | FailureKind::Stuck
            | FailureKind::MissingResult
    )
}

struct Links<'c, 'i> {
    case: &'c Case<'i>,
    links: Vec<ChainLink>,
}

impl Links<'_, '_> {
    /// Adds a station, unless the step has one or nothing can be cited.
    fn add(&mut self, step_id: StepId, role: ChainRole, why: String, evidence: &[Citation]) {
        let known = self.links.iter().any(|link| link.step_id == step_id);
        let evidence = quote(self.case.index, evidence);
        if !known && !evidence.is_empty() {
            self.links.push(ChainLink {
                step_id,
                role,
                why,
                evidence,
            });
        }
    }

    fn count(&self, role: ChainRole) -> usize {
        self.links.iter().filter(|link| link.role == role).count()
    }

    fn missed(&mut self, later: &Spread) {
        let Some(step) = self.case.index.step(later.step) else {
            return;
        };
        let evidence = of_outcome(&step);
        let what = self.case.graph.name(later.through);
        let why = format!("shows {what}, which is never put right");
        let evidence: Vec<Citation> = evidence.into_iter().collect();
        self.add(later.step, ChainRole::MissedSignal, why, &evidence);
    }

    fn propagation(&mut self, onset: StepId, later: &Spread) {
        let what = self.case.graph.name(later.through);
        let why = match later.how {
            Spreads::Changes => format!("changes {what} on top of step {onset}"),
            Spreads::Uses | Spreads::Shows => format!("goes on with {what}"),
        };
        let evidence = self.action(later.step);
        self.add(later.step, ChainRole::Propagation, why, &evidence);
    }

    /// What makes the error final: the assertion or ending that a failure consists of, the step that hands
    /// the work in, or the last change.
    fn last(&mut self, onset: StepId, explained: &[&Failure]) {
        let after = |step: StepId| step > onset;
        let said = explained.iter().find(|f| !shows(f.kind) && after(f.step));
        if let Some(failure) = said {
            let why = failure.why.clone();
            self.add(
                failure.step,
                ChainRole::FinalCommitment,
                why,
                &failure.evidence,
            );
            return;
        }
        let graph = &self.case.graph;
        let end = self.links.iter().map(|link| link.step_id).max();
        let ends = |step: &StepId| after(*step) && end.is_none_or(|end| *step > end);
        if let Some(step) = graph.handed_in().filter(ends) {
            let evidence = self.action(step);
            let why = "hands the work in with the error in it".to_owned();
            return self.add(step, ChainRole::FinalCommitment, why, &evidence);
        }
        let claim = graph.claims().last().filter(|claim| ends(&claim.step));
        if let Some(claim) = claim {
            let step = self.case.index.step(claim.step);
            let cited = step.and_then(|step| claim.cite(&step.step));
            let evidence: Vec<Citation> = cited.into_iter().collect();
            let why = "says that the work is right with the error in it".to_owned();
            return self.add(claim.step, ChainRole::FinalCommitment, why, &evidence);
        }
        let made = graph.makers().iter().map(|maker| maker.step);
        if let Some(step) = made.max().filter(ends) {
            let evidence = self.action(step);
            let why = "leaves the error in the final state".to_owned();
            self.add(step, ChainRole::FinalCommitment, why, &evidence);
        }
    }

    fn action(&self, step: StepId) -> Vec<Citation> {
        let step = self.case.index.step(step);
        step.and_then(|step| of_action(&step.step))
            .into_iter()
            .collect()
    }
}
