//! How the point where two runs part lies to the onset of each.

use analysis::Index;
use localize::evidence::of_action;
use trace::{
    ChangeKind, CitedFrom, Comparison, DivergedSide, Evidence, NamedChange, OnsetPlace,
    OnsetRelation, Relation, StepId, WhichRun,
};

use crate::input::counted;

/// How many changes of the other run are named in a sentence.
const NAMED: usize = 3;

/// Adds the citations of the divergence, and for each onset how the divergence lies to it.
pub(super) fn relate(comparison: &mut Comparison, a: &Index<'_>, b: &Index<'_>) {
    if let Some(divergence) = &mut comparison.divergence {
        for (side, index) in [(&mut divergence.a, a), (&mut divergence.b, b)] {
            side.evidence = side
                .step_id
                .and_then(|step| quote(index, step))
                .into_iter()
                .collect();
        }
    }
    let runs = [
        (WhichRun::A, comparison.a.onset_step_id),
        (WhichRun::B, comparison.b.onset_step_id),
    ];
    comparison.onsets = runs
        .into_iter()
        .filter_map(|(run, onset)| Some(relation(comparison, run, onset?, a, b)))
        .collect();
}

fn relation(
    comparison: &Comparison,
    run: WhichRun,
    onset: StepId,
    a: &Index<'_>,
    b: &Index<'_>,
) -> OnsetRelation {
    let (own, other) = match run {
        WhichRun::A => ((WhichRun::A, a), (WhichRun::B, b)),
        WhichRun::B => ((WhichRun::B, b), (WhichRun::A, a)),
    };
    let sides = comparison.divergence.as_ref().map(|divergence| match run {
        WhichRun::A => (&divergence.a, &divergence.b),
        WhichRun::B => (&divergence.b, &divergence.a),
    });
    let step = sides.and_then(|(side, _)| side.step_id);
    let place = match step {
        None => OnsetPlace::NoDivergence,
        Some(step) if step < onset => OnsetPlace::DivergesBefore,
        Some(step) if step == onset => OnsetPlace::DivergesAt,
        Some(_) => OnsetPlace::DivergesAfter,
    };
    let counterpart = counterpart(comparison, run, onset);
    let there = sides.and_then(|(_, other)| other.step_id);
    let evidence = [(own, Some(onset)), (other, counterpart.or(there))]
        .into_iter()
        .filter_map(|((run, index), step)| {
            let evidence = quote(index, step?)?;
            Some(CitedFrom { run, evidence })
        })
        .collect();
    OnsetRelation {
        run,
        onset_step_id: onset,
        place,
        counterpart_step_id: counterpart,
        text: text(run, onset, place, sides, counterpart),
        evidence,
    }
}

/// The step in which the other run did the same as or alike all that the onset changed.
fn counterpart(comparison: &Comparison, run: WhichRun, onset: StepId) -> Option<StepId> {
    let of_onset: Vec<(&NamedChange, Option<&NamedChange>, Relation)> = comparison
        .alignment
        .iter()
        .filter_map(|entry| {
            let (own, other) = match run {
                WhichRun::A => (&entry.a, &entry.b),
                WhichRun::B => (&entry.b, &entry.a),
            };
            let own = own.as_ref().filter(|own| own.step_id == onset)?;
            Some((own, other.as_ref(), entry.relation))
        })
        .collect();
    // A folder or a mode is by the way, unless it is all there is.
    let by_the_way = |own: &NamedChange| matches!(own.kind, ChangeKind::Folder | ChangeKind::Mode);
    let only_by_the_way = of_onset.iter().all(|(own, ..)| by_the_way(own));
    let told = of_onset
        .iter()
        .filter(|(own, ..)| only_by_the_way || !by_the_way(own));
    let mut last = None;
    for (_, other, relation) in told {
        if !matches!(relation, Relation::Same | Relation::Alike) {
            return None;
        }
        last = last.max(other.map(|other| other.step_id));
    }
    last
}

fn text(
    run: WhichRun,
    onset: StepId,
    place: OnsetPlace,
    sides: Option<(&DivergedSide, &DivergedSide)>,
    counterpart: Option<StepId>,
) -> String {
    let (own, other) = match run {
        WhichRun::A => ("A", "B"),
        WhichRun::B => ("B", "A"),
    };
    let same = counterpart.map_or_else(String::new, |step| {
        format!(" {other} did alike what {own} did at its onset, in step {step}.")
    });
    let Some((side, others)) = sides else {
        return format!(
            "The runs do not part, so nothing tells the onset of {own} (step {onset}) from {other}.{same}"
        );
    };
    let step = side.step_id.map_or(0, StepId::get);
    let instead = instead(other, others);
    match place {
        OnsetPlace::DivergesBefore => {
            let before = counted((onset.get() - step) as usize, "step");
            format!(
                "The runs part in step {step} of {own}, {before} before its onset (step {onset}). {instead}{same}"
            )
        }
        OnsetPlace::DivergesAt => {
            format!("The runs part at the onset of {own} (step {onset}). {instead}{same}")
        }
        OnsetPlace::DivergesAfter => format!(
            "The runs part only in step {step} of {own}, after its onset (step {onset}): \
             the onset does not tell them apart. {instead}{same}"
        ),
        OnsetPlace::NoDivergence => same.trim_start().to_owned(),
    }
}

/// What the other run does at that point.
fn instead(other: &str, side: &DivergedSide) -> String {
    let told: Vec<String> = side
        .change
        .iter()
        .chain(
            side.instead
                .iter()
                .filter(|change| Some(*change) != side.change.as_ref()),
        )
        .take(NAMED)
        .map(told)
        .collect();
    match (told.is_empty(), side.step_id) {
        (false, _) => format!("At that point {other} does this: {}.", told.join("; ")),
        (true, Some(step)) => {
            format!("{other} does nothing of its own there; it goes on with step {step}.")
        }
        (true, None) => format!("{other} has no steps."),
    }
}

fn told(change: &NamedChange) -> String {
    let failed = if change.failed { " (failed)" } else { "" };
    format!(
        "step {} {} `{}`{failed}",
        change.step_id,
        change.kind.verb(),
        change.target
    )
}

fn quote(index: &Index<'_>, step: StepId) -> Option<Evidence> {
    of_action(&index.step(step)?.step)?.quote(index)
}
