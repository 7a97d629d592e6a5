//! Demands of the task that do not stand at the end.

use analysis::{Index, IndexedStep};
use trace::StepId;

use super::build::Build;
use super::failure::{About, Failure, FailureKind};
use super::node::NodeId;
use crate::contract::{Audit, Demand, DemandKind, Mark, Standing, State};
use crate::evidence::{Citation, of_action};

/// The weight of a demand for something to hand in, against which others are measured.
const WHOLE: f64 = 3.0;
/// Last steps among which something to cite is looked for.
const CITED: usize = 8;

/// One failure for every demand that is contradicted, unmet or never touched.
pub(super) fn unmet<'a>(
    index: &'a Index<'_>,
    build: &'a Build,
    audit: &'a Audit,
) -> impl Iterator<Item = Failure> + 'a {
    let each = audit.each().filter(|(demand, _)| demand.weight > 0);
    each.filter_map(move |(demand, standing)| failure(index, build, demand, standing))
}

fn failure(
    index: &Index<'_>,
    build: &Build,
    demand: &Demand,
    standing: &Standing,
) -> Option<Failure> {
    if let DemandKind::Service { port } = demand.kind
        && build.answers(port)
    {
        return None;
    }
    let name = demand.name();
    let (sure, mark, why) = match standing.state() {
        State::Met => return None,
        State::Contradicted => {
            let mark = standing.broken.as_ref().or(standing.substitute.as_ref());
            let mark = mark.or(standing.instead.as_ref())?;
            (
                0.7,
                Some(mark),
                format!("the task demands {name}; {}", told(mark)),
            )
        }
        State::Unmet => {
            let mark = standing.wrong.as_ref().or(standing.settled.as_ref());
            let shown = mark.map_or_else(|| "nothing meets it".to_owned(), told);
            (0.6, mark, format!("the task demands {name}; {shown}"))
        }
        // Names and values that nobody looked for may be there all the same.
        State::NeverTouched if demand.weight < 2 => return None,
        State::NeverTouched => {
            let why = format!("the task demands {name}, and no step does anything for it");
            (0.25, None, why)
        }
    };
    let strength = sure * f64::from(demand.weight.min(3)) / WHOLE;
    let shown = mark.and_then(|mark| Some((mark.step, mark.evidence.clone()?)));
    let (step, evidence) = shown.or_else(|| end(index, mark.map(|mark| mark.step)))?;
    Some(Failure {
        kind: FailureKind::UnmetDemand,
        step,
        end: StepId::from_index(index.len().checked_sub(1)?),
        strength,
        why,
        evidence: vec![evidence],
        roots: roots(build, demand, standing, mark),
        good: None,
        about: About::Demand(demand.id),
    })
}

/// What a mark says, with its step: "step 4: runs it and it fails".
fn told(mark: &Mark) -> String {
    format!("step {}: {}", mark.step, mark.why)
}

/// A step and its action: that one, or the last that has something to cite.
fn end(index: &Index<'_>, step: Option<StepId>) -> Option<(StepId, Citation)> {
    let cite = |step: IndexedStep<'_>| Some((step.id, of_action(&step.step)?));
    let own = step.and_then(|step| cite(index.step(step)?));
    own.or_else(|| index.steps().rev().take(CITED).find_map(cite))
}

/// What was handed in for the demand, and the steps that worked on it.
fn roots(build: &Build, demand: &Demand, standing: &Standing, mark: Option<&Mark>) -> Vec<NodeId> {
    let mut roots: Vec<NodeId> = mark
        .map(|mark| NodeId::Step(mark.step))
        .into_iter()
        .collect();
    if let DemandKind::Output { path, .. } = &demand.kind
        && let Some(version) = build.files.present(path)
    {
        roots.push(NodeId::Item(build.files.versions[version as usize].item));
    }
    roots.extend(standing.begun.map(NodeId::Step));
    roots
}
