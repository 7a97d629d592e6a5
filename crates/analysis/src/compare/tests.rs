use proptest::prelude::*;
use trace::{
    Action, ActionKind, Change, ChangeKind, Comparison, FileEdit, FileRelation, Observation,
    Relation, Step, StepId, Trajectory,
};

use super::compare;
use crate::Index;

const TASK: &str =
    "Write /app/fees.py so that `python fees.py` prints the fees, and start the service.";

fn shell(command: &str) -> Action {
    Action::shell("bash", command)
}

fn edit(path: &str, change: Change) -> Action {
    Action {
        tool: "edit".to_owned(),
        kind: ActionKind::Edit {
            edits: vec![FileEdit {
                path: path.to_owned(),
                change,
            }],
        },
        arguments: serde_json::Value::Null,
    }
}

fn write(path: &str, content: &str) -> Action {
    edit(
        path,
        Change::Write {
            content: content.to_owned(),
        },
    )
}

fn replace(path: &str, old: &str, new: &str) -> Action {
    edit(
        path,
        Change::Replace {
            old: old.to_owned(),
            new: new.to_owned(),
            all: false,
        },
    )
}

fn run_of(actions: impl IntoIterator<Item = Action>) -> Trajectory {
    let steps: Vec<Step> = actions
        .into_iter()
        .enumerate()
        .map(|(index, action)| Step::new(index, action))
        .collect();
    Trajectory {
        task: Some(TASK.to_owned()),
        steps: steps.into(),
        ..Trajectory::default()
    }
}

fn compared(a: &Trajectory, b: &Trajectory) -> Comparison {
    compare(&Index::new(a), &Index::new(b))
}

fn runs(a: impl IntoIterator<Item = Action>, b: impl IntoIterator<Item = Action>) -> Comparison {
    compared(&run_of(a), &run_of(b))
}

fn diverging(comparison: &Comparison) -> Option<(Relation, u32, u32)> {
    let divergence = comparison.divergence.as_ref()?;
    let step = |id: Option<StepId>| id.map_or(0, StepId::get);
    Some((
        divergence.relation,
        step(divergence.a.step_id),
        step(divergence.b.step_id),
    ))
}

const FEES: &str = "import days\n\n\ndef fee(loan):\n    late = days.between(loan.due, loan.back)\n    return late * 0.25\n";
const OTHER: &str = "from decimal import Decimal\n\nRATES = {'book': Decimal('0.25')}\n\nprint(sum(RATES.values()))\n";

#[test]
fn the_same_run_twice_does_not_part() {
    let steps = || {
        [
            shell("ls"),
            shell("pip install flask==2.0"),
            write("/app/fees.py", FEES),
            shell("systemctl start fees"),
        ]
    };
    let comparison = runs(steps(), steps());
    assert_eq!(diverging(&comparison), None);
    assert_eq!(comparison.counts.same, 3);
    assert_eq!(comparison.same_task, Some(true));
    assert_eq!(comparison.files[0].relation, FileRelation::Same);
}

#[test]
fn exploring_in_another_order_does_not_part() {
    let comparison = runs(
        [
            shell("ls /app"),
            shell("cat README.md"),
            write("/app/fees.py", FEES),
            shell("pytest -q"),
        ],
        [
            shell("cat setup.py"),
            write("/app/fees.py", FEES),
            shell("git status"),
        ],
    );
    assert_eq!(diverging(&comparison), None);
    let read: Vec<&str> = comparison
        .read_only_by_a
        .iter()
        .map(|r| r.path.as_str())
        .collect();
    assert_eq!(read, ["README.md"]);
}

#[test]
fn changes_in_another_order_do_not_part() {
    let comparison = runs(
        [
            shell("pip install flask"),
            shell("apt-get install -y curl"),
            write("/app/fees.py", FEES),
        ],
        [
            write("/app/fees.py", FEES),
            shell("apt-get install curl"),
            shell("pip3 install flask"),
        ],
    );
    assert_eq!(diverging(&comparison), None);
    assert_eq!((comparison.counts.same, comparison.counts.only_a), (3, 0));
}

#[test]
fn one_different_edit_is_where_they_part() {
    let steps = |rate: &str| {
        [
            shell("cat fees.py"),
            write("/app/fees.py", FEES),
            replace("/app/fees.py", "0.25", rate),
            shell("python fees.py"),
        ]
    };
    let comparison = runs(steps("RATES[loan.kind]"), steps("float(input('rate? '))"));
    assert_eq!(diverging(&comparison), Some((Relation::Different, 3, 3)));
    let divergence = comparison.divergence.unwrap();
    assert!(divergence.matters);
    assert_eq!(divergence.a.last_common_step_id.map(StepId::get), Some(2));
}

#[test]
fn a_difference_in_detail_is_named_where_there_is_no_other() {
    let comparison = runs(
        [write("/app/fees.py", FEES), shell("pip install flask")],
        [
            write("/app/fees.py", &FEES.replace("0.25", "0.52")),
            shell("pip install flask"),
        ],
    );
    assert_eq!(diverging(&comparison), Some((Relation::Alike, 1, 1)));
    assert!(
        comparison.files[0]
            .likeness
            .is_some_and(|likeness| likeness > 0.8)
    );
}

#[test]
fn a_run_that_stops_early_parts_where_it_stops() {
    let comparison = runs(
        [
            shell("pip install flask"),
            write("/app/fees.py", FEES),
            shell("systemctl start fees"),
        ],
        [shell("pip install flask"), shell("cat notes.txt")],
    );
    assert_eq!(diverging(&comparison), Some((Relation::OnlyA, 2, 2)));
    let why = comparison.divergence.unwrap().why;
    assert!(why.contains("makes no further change"), "{why}");
}

#[test]
fn a_file_under_another_name_is_the_same_change() {
    let comparison = runs(
        [write("/app/fees.py", FEES)],
        [write("/app/library_fees.py", FEES)],
    );
    assert_eq!(comparison.counts.alike, 1);
    // But not where one run has files of both names.
    let comparison = runs(
        [write("/app/fees.py", FEES), write("/app/old.py", OTHER)],
        [write("/app/old.py", FEES)],
    );
    assert_eq!(
        (comparison.counts.alike, comparison.counts.different),
        (0, 1)
    );
}

#[test]
fn one_effect_by_different_tools_is_the_same_change() {
    let heredoc = format!("cd /app && cat > fees.py <<'EOF'\n{FEES}EOF\npip3 install Flask");
    let comparison = runs(
        [shell(&heredoc)],
        [
            write("/app/fees.py", FEES),
            shell("python -m pip install -q flask"),
        ],
    );
    assert_eq!(diverging(&comparison), None);
    assert_eq!(comparison.counts.same, 2);
}

#[test]
fn what_comes_later_or_is_taken_back_does_not_part() {
    // B writes something else first, and comes back to what A wrote.
    let comparison = runs(
        [write("/app/fees.py", FEES)],
        [
            write("/app/fees.py", OTHER),
            shell("ls"),
            write("/app/fees.py", FEES),
        ],
    );
    assert_eq!(diverging(&comparison), None);
    // A file made and removed again leaves no trace.
    let comparison = runs(
        [
            write("/app/fees.py", FEES),
            write("/app/try.py", OTHER),
            shell("rm /app/try.py"),
        ],
        [write("/app/fees.py", FEES)],
    );
    assert_eq!(diverging(&comparison), None);
}

#[test]
fn lines_in_another_order_are_a_difference() {
    let turned = "    return late * 0.25\n    late = days.between(loan.due, loan.back)\n";
    let straight = "    late = days.between(loan.due, loan.back)\n    return late * 0.25\n";
    let comparison = runs(
        [
            write("/app/fees.py", FEES),
            replace("/app/fees.py", straight, turned),
        ],
        [
            write("/app/fees.py", FEES),
            shell("cat /app/fees.py"),
            write("/app/x.py", OTHER),
        ],
    );
    assert_eq!(diverging(&comparison), Some((Relation::OnlyA, 2, 3)));
}

#[test]
fn what_matters_is_named_before_what_does_not() {
    let comparison = runs(
        [shell("apt-get install -y vim"), write("/app/fees.py", FEES)],
        [
            write("/tmp/notes.txt", "call the library"),
            write("/app/fees.py", OTHER),
        ],
    );
    assert_eq!(diverging(&comparison), Some((Relation::Different, 2, 2)));
}

#[test]
fn an_installation_that_failed_is_not_one_that_worked() {
    let mut failed = run_of([shell("pip install flask")]);
    let mut step = Step::new(0, shell("pip install flask"));
    step.observation = Some(Observation {
        text: "ERROR: No matching distribution found for flask".to_owned(),
        exit_status: Some(1),
        ..Observation::default()
    });
    failed.steps = vec![step].into();
    let comparison = compared(&run_of([shell("pip install flask")]), &failed);
    assert_eq!(diverging(&comparison), Some((Relation::Different, 1, 1)));
    assert!(
        comparison.alignment[0]
            .b
            .as_ref()
            .is_some_and(|change| change.failed)
    );
}

#[test]
fn versions_and_verbs_tell_changes_apart() {
    let comparison = runs(
        [
            shell("pip install flask==2.0"),
            shell("systemctl start nginx"),
        ],
        [
            shell("pip install flask==3.0"),
            shell("service nginx restart"),
        ],
    );
    let relations: Vec<Relation> = comparison.alignment.iter().map(|e| e.relation).collect();
    assert_eq!(relations, [Relation::Different, Relation::Alike]);
    assert_eq!(
        comparison.alignment[1].a.as_ref().map(|change| change.kind),
        Some(ChangeKind::Serve)
    );
}

#[test]
fn a_text_typed_over_several_steps_is_one_change() {
    let keys = |keys: &str| Action {
        tool: "terminal".to_owned(),
        kind: ActionKind::Keystrokes {
            keys: keys.to_owned(),
            wait_seconds: None,
        },
        arguments: serde_json::Value::Null,
    };
    let (first, second) = FEES.split_at(20);
    let typed = run_of([
        keys(&format!("cat > /app/fees.py <<'EOF'\n{first}")),
        keys(&format!("{second}EOF\n")),
    ]);
    let comparison = compared(&typed, &run_of([write("/app/fees.py", FEES)]));
    assert_eq!(diverging(&comparison), None, "{:#?}", comparison.alignment);
}

/// What `a` and `b` are called the other way round.
fn swapped(mut comparison: Comparison) -> Comparison {
    std::mem::swap(&mut comparison.a, &mut comparison.b);
    std::mem::swap(
        &mut comparison.read_only_by_a,
        &mut comparison.read_only_by_b,
    );
    for entry in &mut comparison.alignment {
        std::mem::swap(&mut entry.a, &mut entry.b);
        entry.relation = entry.relation.swapped();
    }
    if let Some(divergence) = &mut comparison.divergence {
        std::mem::swap(&mut divergence.a, &mut divergence.b);
        divergence.relation = divergence.relation.swapped();
    }
    comparison
}

fn any_action() -> impl Strategy<Value = Action> {
    let path = prop::sample::select(vec![
        "/app/fees.py",
        "fees.py",
        "/app/b.py",
        "/tmp/x",
        "/srv/b.py",
    ]);
    let text = prop::sample::select(vec![FEES, OTHER, "x = 1\n", ""]);
    let command = prop::sample::select(vec![
        "pip install flask",
        "pip install flask==2 numpy",
        "rm fees.py",
        "mkdir -p /app/out && cp a.py /app/b.py",
        "sed -i s/a/b/ fees.py",
        "systemctl restart fees",
        "git commit -am x",
        "make all",
        "cat README.md",
        "cd /srv && echo x > b.py",
        "python -c 'open(\"o\", \"w\")'",
    ]);
    let keys = |keys: String| Action {
        tool: "terminal".to_owned(),
        kind: ActionKind::Keystrokes {
            keys,
            wait_seconds: None,
        },
        arguments: serde_json::Value::Null,
    };
    let other = |(tool, path): (String, String)| Action {
        tool,
        kind: ActionKind::Other,
        arguments: serde_json::json!({ "path": path, "command": "create" }),
    };
    let patched = |(path, patch): (String, String)| edit(&path, Change::Patch { patch });
    prop_oneof![
        (path.clone(), text.clone()).prop_map(|(path, text)| write(path, text)),
        any::<String>().prop_map(keys),
        "(cat > a.py <<E\n|x = 1\n|E\n|vim a.py\n|:wq\n|C-c){1,3}".prop_map(keys),
        any::<(String, String)>().prop_map(other),
        any::<(String, String)>().prop_map(patched),
        (path, text.clone(), text).prop_map(|(path, old, new)| replace(path, old, new)),
        command.prop_map(shell),
        any::<String>().prop_map(|text| shell(&text)),
    ]
}

fn any_run() -> impl Strategy<Value = Vec<Action>> {
    prop::collection::vec(any_action(), 0..12)
}

proptest! {
    #[test]
    fn a_run_is_the_same_as_itself(run in any_run()) {
        let run = run_of(run);
        let comparison = compared(&run, &run);
        prop_assert!(comparison.alignment.iter().all(|e| e.relation == Relation::Same && !e.moved));
        prop_assert_eq!(comparison.divergence, None);
        prop_assert!(comparison.read_only_by_a.is_empty());
        let settled = comparison.files.iter().all(|file| {
            matches!(file.relation, FileRelation::Same | FileRelation::Alike | FileRelation::Unknown)
        });
        prop_assert!(settled);
    }

    #[test]
    fn the_other_way_round_gives_the_same(a in any_run(), b in any_run()) {
        let (a, b) = (run_of(a), run_of(b));
        let there = compared(&a, &b);
        let back = swapped(compared(&b, &a));
        prop_assert_eq!(there.counts, swapped_counts(back.counts));
        let pairs = |comparison: &Comparison| {
            let mut pairs: Vec<String> =
                comparison.alignment.iter().map(|entry| format!("{entry:?}")).collect();
            pairs.sort();
            pairs
        };
        prop_assert_eq!(pairs(&there), pairs(&back));
        prop_assert_eq!(&there.read_only_by_a, &back.read_only_by_a);
        let (one, other) = (there.divergence, back.divergence);
        prop_assert_eq!(one.as_ref().map(|d| d.relation), other.as_ref().map(|d| d.relation));
        prop_assert_eq!(one.as_ref().map(|d| (&d.a, &d.b)), other.as_ref().map(|d| (&d.a, &d.b)));
    }

    #[test]
    fn every_change_of_both_runs_stands_in_the_alignment_once(a in any_run(), b in any_run()) {
        let (a, b) = (run_of(a), run_of(b));
        let alone = |run: &Trajectory| compared(run, run).alignment.len();
        let comparison = compared(&a, &b);
        let sides = comparison.alignment.iter();
        prop_assert_eq!(sides.clone().filter(|entry| entry.a.is_some()).count(), alone(&a));
        prop_assert_eq!(sides.filter(|entry| entry.b.is_some()).count(), alone(&b));
    }
}

fn swapped_counts(counts: trace::RelationCounts) -> trace::RelationCounts {
    trace::RelationCounts {
        only_a: counts.only_b,
        only_b: counts.only_a,
        ..counts
    }
}
