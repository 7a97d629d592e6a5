//! Peak, turning points, waste and kind of error, in sentences for a person.

use trace::{Diagnosis, Fault, Spent, TurningPoint};

/// How many turning points are told.
const TOLD: usize = 5;

/// The lines about how close the run came and what it lost; none when nothing measures it.
pub(super) fn told(diagnosis: &Diagnosis) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(peak) = &diagnosis.peak {
        let until = if peak.held_until.get() >= diagnosis.step_count {
            "to the end".to_owned()
        } else {
            format!("to step {}", peak.held_until)
        };
        lines.push(format!(
            "closest to done at step {} and {until}: {}",
            peak.step_id, peak.why
        ));
    }
    // What never came back first: that is what the run ended without.
    let mut points: Vec<&TurningPoint> = diagnosis.turning_points.iter().collect();
    points.sort_by_key(|point| (point.recovered_at.is_some(), point.step_id));
    for point in points.iter().take(TOLD) {
        let back = match point.recovered_at {
            Some(step) => format!("back at step {step}"),
            None => "never came back".to_owned(),
        };
        lines.push(format!("step {}: {} ({back})", point.step_id, point.why));
    }
    if let Some(more) = points.len().checked_sub(TOLD).filter(|more| *more > 0) {
        lines.push(format!(
            "and {more} more turning points; --json has them all"
        ));
    }
    lines
}

/// What of the work was for nothing; `None` when nothing was.
pub(super) fn waste(diagnosis: &Diagnosis) -> Option<String> {
    let waste = &diagnosis.waste;
    if waste.wasted.steps == 0 {
        return None;
    }
    let causes: Vec<String> = waste
        .causes
        .iter()
        .map(|share| {
            format!(
                "{} {}",
                share.spent.steps,
                share.cause.as_str().replace('_', " ")
            )
        })
        .collect();
    let mut text = format!(
        "{} of {} steps for nothing: {}",
        waste.wasted.steps,
        waste.total.steps,
        causes.join(", ")
    );
    let spent = shares(&waste.wasted, &waste.total);
    if !spent.is_empty() {
        text.push_str("; ");
        text.push_str(&spent.join(", "));
        if waste.shared_evenly {
            text.push_str(" (shared evenly: the run states only its sum)");
        }
    }
    Some(text)
}

fn shares(wasted: &Spent, total: &Spent) -> Vec<String> {
    let tokens = |spent: &Spent| {
        let (input, output) = (spent.usage.input_tokens, spent.usage.output_tokens);
        input.unwrap_or(0).saturating_add(output.unwrap_or(0))
    };
    let mut parts = Vec::new();
    if tokens(total) > 0 {
        parts.push(format!("{} of {} tokens", tokens(wasted), tokens(total)));
    }
    if let Some(all) = total.usage.cost_usd.filter(|cost| *cost > 0.0) {
        let part = wasted.usage.cost_usd.unwrap_or(0.0);
        parts.push(format!("${part:.2} of ${all:.2}"));
    }
    if let Some(all) = total.seconds.filter(|seconds| *seconds >= 1.0) {
        let part = wasted.seconds.unwrap_or(0.0);
        parts.push(format!("{part:.0} of {all:.0} seconds"));
    }
    parts
}

/// The kind of error with the rule that chose it.
pub(super) fn kind(diagnosis: &Diagnosis) -> Option<String> {
    let kind = diagnosis.error_type?.as_str();
    let fault = diagnosis.fault.map(Fault::as_str);
    let mut text = kind.replace('_', " ");
    if let Some(fault) = fault.filter(|fault| *fault != kind) {
        text.push_str(", more closely ");
        text.push_str(&fault.replace('_', " "));
    }
    if let Some(rule) = &diagnosis.error_type_rule {
        text.push_str(" (");
        text.push_str(rule);
        text.push(')');
    }
    Some(text)
}
