//! The chain from the onset to the failure.

use localize::Suspicion;
use localize::chain::chain as offline_chain;
use trace::{ChainLink, ChainRole};

use super::{REASON_BYTES, clean};
use crate::check::{Checked, Proven};
use crate::subject::Subject;

/// The stations the model proved, in step order; where it proved none but the onset and `complete` is
/// true, those to which the offline engine follows the onset.
pub(super) fn chain(
    subject: &Subject<'_>,
    checked: &Checked,
    onset: &Proven,
    complete: bool,
) -> Vec<ChainLink> {
    let links = checked.standing.iter().filter_map(link);
    let mut chain: Vec<ChainLink> = links.collect();
    if chain.len() < 2 && complete {
        let reason = Suspicion {
            step: onset.step,
            strength: 1.0,
            why: String::new(),
            evidence: Vec::new(),
        };
        let mut later = offline_chain(subject.case, onset.step, &reason);
        later.retain(|link| link.step_id > onset.step);
        chain.extend(later);
    }
    chain.sort_by_key(|link| (link.step_id, link.role));
    chain.dedup_by_key(|link| link.step_id);
    chain
}

fn link(proven: &Proven) -> Option<ChainLink> {
    let role: ChainRole = proven.kind.role()?;
    Some(ChainLink {
        step_id: proven.step,
        role,
        why: clean(&proven.why, REASON_BYTES),
        evidence: vec![proven.evidence.clone()],
    })
}
