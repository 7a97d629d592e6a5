//! What makes a stage suspicious.

#![allow(clippy::unwrap_used, reason = "tests")]

mod runs;

use runs::{diagnosis, pytest, run, shell, write};
use trace::{Phase, StageSpan, Step};

/// The stage a step lies in.
fn stage(steps: Vec<Step>, step: u32) -> StageSpan {
    let found = diagnosis(&run("", steps));
    let stages = found.stages.into_iter();
    let mut holding = stages.filter(|s| (s.start.get()..=s.end.get()).contains(&step));
    holding.next().unwrap()
}

#[test]
fn breaking_tests_and_rewriting_show_in_the_stage_that_did_it() {
    let steps = || {
        vec![
            shell("cat app.py", "old code here", 0),
            shell("grep -rn total .", "app.py:1", 0),
            pytest(4, &[]),
            write("app.py", "alpha = first()\nbeta = second()\n"),
            write("app.py", "gamma = third()\ndelta = fourth()\n"),
            pytest(2, &["test_a", "test_b"]),
        ]
    };
    let patching = stage(steps(), 5);
    assert_eq!(patching.phase, Phase::Patching);
    let features = patching.features;
    assert!((features.verification_regression - 0.5).abs() < 1e-9);
    assert!(features.backtrack_frequency > 0.0);
    assert!(features.diff_magnitude > 0.99);
    assert!((patching.suspicion - 1.0).abs() < 1e-9);
    let reading = stage(steps(), 1).features;
    assert!((reading.exploration_ratio - 1.0).abs() < 1e-9);
    assert!(reading.diff_magnitude < 1e-9 && reading.backtrack_frequency < 1e-9);
}

#[test]
fn a_run_of_looks_has_stages_without_a_regression() {
    let found = diagnosis(&run(
        "",
        vec![shell("ls", "a b c", 0), shell("cat a", "x", 0)],
    ));
    for stage in &found.stages {
        assert!(stage.features.verification_regression < 1e-9);
        assert!((0.0..=1.0).contains(&stage.suspicion));
    }
}
