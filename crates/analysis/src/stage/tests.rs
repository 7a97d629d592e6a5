use proptest::prelude::*;
use trace::{
    Action, ActionKind, Change, FileEdit, Observation, Phase, Spool, Step, StepId, Trajectory,
};

use super::{find_stages, phases};
use crate::Index;

fn run_of(actions: impl IntoIterator<Item = Action>) -> Trajectory {
    Trajectory {
        steps: actions
            .into_iter()
            .enumerate()
            .map(|(index, action)| Step::new(index, action))
            .collect(),
        ..Trajectory::default()
    }
}

fn shell_run(commands: &[&str]) -> Trajectory {
    run_of(
        commands
            .iter()
            .map(|command| Action::shell("bash", *command)),
    )
}

/// The stages of a run, such as `inspection_debugging 1-3`.
fn spans(trajectory: &Trajectory) -> Vec<String> {
    Index::new(trajectory)
        .stages
        .iter()
        .map(|s| format!("{} {}-{}", s.phase.as_str(), s.start, s.end))
        .collect()
}

#[test]
fn a_plain_run_passes_through_all_phases() {
    let run = shell_run(&[
        "python3 --version",
        "which gcc",
        "pip install flask",
        "pip install requests",
        "cat src/app.py",
        "grep -rn route src",
        "cat src/config.py",
        "sed -i 's/80/8080/' src/config.py",
        "cat > src/new.py <<'EOF'\nx = 1\nEOF",
        "pytest -q",
        "pytest -q tests/test_app.py",
    ]);
    assert_eq!(
        spans(&run),
        [
            "environment_verification 1-2",
            "dependency_installation 3-4",
            "inspection_debugging 5-7",
            "patching 8-9",
            "verification 10-11",
        ]
    );
}

#[test]
fn one_odd_step_does_not_break_a_stage() {
    let run = shell_run(&[
        "cat a.py",
        "cat b.py",
        "uname -a",
        "cat c.py",
        "grep -n x d.py",
    ]);
    assert_eq!(spans(&run), ["inspection_debugging 1-5"]);
}

#[test]
fn waiting_belongs_to_what_is_waited_for() {
    let run = shell_run(&[
        "apt-get install -y nginx",
        "sleep 30",
        "sleep 30",
        "sleep 30",
    ]);
    assert_eq!(spans(&run), ["dependency_installation 1-4"]);
}

#[test]
fn running_and_reading_what_was_written_verifies() {
    let run = shell_run(&[
        "cat > solve.py <<'EOF'\nprint(1)\nEOF",
        "python3 solve.py",
        "python3 solve.py --all",
        "cat solve.py",
    ]);
    assert_eq!(spans(&run), ["patching 1-1", "verification 2-4"]);
}

#[test]
fn reading_after_a_failure_debugs() {
    let mut run = shell_run(&[
        "sed -i 's/a/b/' lib.c",
        "make test",
        "cat other.c",
        "grep -n main other.c",
        "cat third.c",
    ]);
    run.steps[1].observation = Some(Observation {
        exit_status: Some(2),
        ..Observation::text("1 test failed")
    });
    assert_eq!(
        phases(&run, &Index::new(&run).readings, &Index::new(&run).outcomes).last(),
        Some(&Phase::InspectionDebugging)
    );
}

#[test]
fn a_run_without_steps_has_no_stage() {
    assert!(spans(&Trajectory::default()).is_empty());
}

#[test]
fn steps_without_a_reading_are_covered() {
    let run = shell_run(&["ls", "ls"]);
    let stages = find_stages(&run, &Spool::new(), &Spool::new());
    assert_eq!((stages.len(), stages[0].end.get()), (1, 2));
}

fn action() -> impl Strategy<Value = Action> {
    prop_oneof![
        prop::sample::select(vec![
            "ls",
            "pip install x",
            "cat a",
            "pytest",
            "echo hi",
            "sleep 1",
            "make",
            "rm a",
            "cat > a.py <<E\nE",
            "python a.py",
            "git status",
            "curl localhost",
            "nohup x &",
        ])
        .prop_map(|command| Action::shell("bash", command)),
        any::<String>().prop_map(|command| Action::shell("bash", command)),
        any::<String>().prop_map(|path| Action {
            tool: "write".to_owned(),
            kind: ActionKind::Edit {
                edits: vec![FileEdit {
                    path,
                    change: Change::Delete,
                }],
            },
            arguments: serde_json::Value::Null,
        }),
    ]
}

proptest! {
    #[test]
    fn stages_cover_every_step_once(actions in prop::collection::vec(action(), 0..60)) {
        let run = run_of(actions);
        let stages = Index::new(&run).stages;
        let mut next = 0;
        for (index, stage) in stages.iter().enumerate() {
            prop_assert_eq!(stage.id as usize, index + 1);
            prop_assert_eq!(stage.start, StepId::from_index(next));
            prop_assert!(stage.end >= stage.start);
            if index > 0 {
                prop_assert_ne!(stage.phase, stages[index - 1].phase);
            }
            next = stage.end.index() + 1;
        }
        prop_assert_eq!(next, run.steps.len());
    }
}
