//! Documents made up for tests.

use serde_json::json;
use trace::{Diagnosis, Label, Labels, Verdict};

/// A run of six steps that bends a check until it passes.
pub(crate) fn failure() -> Diagnosis {
    let at = |part: &str, start: u64| {
        json!({"part": part, "path": "runs/a.json", "start": start, "end": start + 9,
            "blake3": "0".repeat(64)})
    };
    let cite = |step: u32, quote: &str, part: &str| json!({"step_id": step, "quote": quote, "ref": at(part, u64::from(step) * 10)});
    let edit = cite(3, "sed -i 's/<=/</' app/limits.py", "action");
    let failed = cite(4, "1 failed, 2 passed", "observation");
    serde_json::from_value(json!({
        "schema": "codetracer.diagnosis/1", "run_id": "runs/a.json", "path": "runs/a.json",
        "format": "mini-swe-agent", "agent": "sample", "model": "example/model",
        "task": "Keep the limit inclusive.", "outcome": {}, "step_count": 6,
        "nested_step_count": 0, "change_steps": [3, 5],
        "stages": [
            {"stage_id": 1, "start": 1, "end": 2, "phase": "inspection_debugging", "suspicion": 0.1},
            {"stage_id": 2, "start": 3, "end": 3, "phase": "patching", "suspicion": 1.0},
            {"stage_id": 3, "start": 4, "end": 6, "phase": "verification", "suspicion": 0.4}],
        "verdict": "failure_found", "onset_step_id": 3,
        "onset_candidates": [{"step_id": 3, "score": 0.6}, {"step_id": 5, "score": 0.3}],
        "chain": [
            {"step_id": 3, "role": "onset", "why": "the tests of step 4 break", "evidence": [edit]},
            {"step_id": 4, "role": "missed_signal", "why": "shows the error: `test_limit` fails",
                "evidence": [failed]},
            {"step_id": 6, "role": "final_commitment", "why": "says that the tests pass",
                "evidence": [cite(6, "All tests pass.", "action"), failed]}],
        "incorrect_step_ids": [3, 5], "unuseful_step_ids": [2],
        "labels": [
            {"step_id": 2, "verdict": "unuseful", "error_type": null,
                "reason": "repeated_exploration: it shows nothing new",
                "evidence": [cite(2, "ls", "action")]},
            {"step_id": 3, "verdict": "incorrect", "error_type": "incorrect_hypothesis",
                "reason": "regression: the tests of step 4 break", "evidence": [edit]},
            {"step_id": 5, "verdict": "incorrect", "error_type": "mislocalised_edit",
                "reason": "rejected_edit: the edit found nothing to change",
                "evidence": [cite(5, "sed -i 's/x/y/' app/other.py", "action")]}],
        "error_type": "incorrect_hypothesis", "fault": "specification_misread",
        "waste": {"total": {"steps": 6}, "wasted": {"steps": 1}, "causes": [
            {"cause": "repeated_exploration", "spent": {"steps": 1}, "step_ids": [2]}]},
        "failures": [{"kind": "failing_tests", "step_id": 4, "strength": 0.9,
            "why": "`test_limit` fails in the last report", "evidence": [failed]}],
        "failure_probability": 0.9, "confidence": 0.8,
        "summary": "The run first goes wrong at step 3: the tests of step 4 break.",
        "advice": "Go back to just before step 3 and read the task's demands again.",
        "used_outcome": false,
        "engine": {"name": "offline", "version": "0.0.0", "model": null, "tokens": null,
            "cost_usd": null, "seconds": null}
    }))
    .unwrap()
}

/// The same run, of which nothing is sure.
pub(crate) fn undecided() -> Diagnosis {
    let mut diagnosis = failure();
    diagnosis.verdict = Verdict::Undecided;
    diagnosis.onset_step_id = None;
    diagnosis.chain.clear();
    diagnosis.incorrect_step_ids.clear();
    diagnosis.labels = diagnosis.labels.iter().take(1).cloned().collect::<Labels>();
    diagnosis.error_type = None;
    diagnosis.fault = None;
    diagnosis.confidence = 0.0;
    diagnosis.failure_probability = 0.55;
    diagnosis.summary = "Whether the run failed is not clear.".to_owned();
    diagnosis.advice.clear();
    diagnosis.missing_evidence = vec!["no outcome is recorded, or it was hidden".to_owned()];
    diagnosis
}

/// The same run, which its own check passed.
pub(crate) fn fine() -> Diagnosis {
    let mut diagnosis = undecided();
    diagnosis.verdict = Verdict::NoFailure;
    diagnosis.outcome.resolved = Some(true);
    diagnosis.used_outcome = true;
    diagnosis.confidence = 1.0;
    diagnosis.unuseful_step_ids.clear();
    diagnosis.labels = Vec::<Label>::new().into_iter().collect();
    diagnosis.failures.clear();
    diagnosis.missing_evidence.clear();
    diagnosis.summary = "The recorded check passed.".to_owned();
    diagnosis
}
