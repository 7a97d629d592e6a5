//! Where runs were closest to done and what they lost.

mod runs;

use runs::{diagnosis, edit, pytest, run, shell, write};
use trace::{Change, Diagnosis, TurningKind};

fn change() -> trace::Step {
    shell("sed -i s/a/b/ app.py", "", 0)
}

/// Kind, step and recovery of every turning point.
fn points(found: &Diagnosis) -> Vec<(TurningKind, u32, Option<u32>)> {
    let points = found.turning_points.iter();
    points
        .map(|p| {
            (
                p.kind,
                p.step_id.get(),
                p.recovered_at.map(trace::StepId::get),
            )
        })
        .collect()
}

#[test]
fn the_peak_is_the_best_report_of_the_largest_suite() {
    let steps = vec![
        pytest(2, &["test_a", "test_b"]),
        change(),
        pytest(4, &[]),
        // A part of the suite is no step back, nor is it a suite of its own that counts.
        shell("pytest tests/test_x.py", "==== 1 passed in 0.1s ====", 0),
        change(),
        pytest(3, &["test_b"]),
    ];
    let found = diagnosis(&run("", steps));
    let peak = found.peak.clone().unwrap();
    assert_eq!((peak.step_id.get(), peak.held_until.get()), (3, 5));
    assert!((peak.share - 1.0).abs() < 1e-9);
    assert!(peak.why.contains("4 of 4 tests"), "{}", peak.why);
    assert!(!peak.evidence.is_empty());
    assert_eq!(points(&found), [(TurningKind::TestsBroke, 5, None)]);
    let after: Vec<u32> = found
        .waste
        .causes
        .iter()
        .flat_map(|share| runs::ids(&share.step_ids))
        .collect();
    assert_eq!(after, [6]);
}

#[test]
fn tests_that_come_back_say_where() {
    let steps = vec![
        pytest(3, &[]),
        change(),
        pytest(1, &["test_a", "test_b"]),
        change(),
        pytest(3, &[]),
    ];
    let found = diagnosis(&run("", steps));
    assert_eq!(points(&found), [(TurningKind::TestsBroke, 2, Some(5))]);
    assert_eq!(found.peak.unwrap().held_until.get(), 5);
}

#[test]
fn a_suite_that_is_unsteady_by_itself_is_nobodys_fault() {
    let found = diagnosis(&run("", vec![pytest(3, &[]), pytest(2, &["test_a"])]));
    assert!(found.turning_points.is_empty());
}

#[test]
fn a_build_that_ceases_to_work_is_a_turning_point() {
    let build = |output, status| shell("make all", output, status);
    let broken = "app.c:3:1: error: expected ';'\nmake: *** [all] Error 1";
    let steps = vec![
        build("ok", 0),
        change(),
        build(broken, 2),
        change(),
        build("ok", 0),
    ];
    let found = diagnosis(&run("", steps));
    assert_eq!(points(&found), [(TurningKind::CheckBroke, 2, Some(5))]);
    let peak = found.peak.unwrap();
    assert_eq!((peak.step_id.get(), peak.held_until.get()), (1, 5));
}

#[test]
fn a_demanded_file_that_is_removed_is_lost_until_it_is_written_again() {
    let task = "Keep the totals in /app/totals.csv.";
    let totals = || write("/app/totals.csv", "name,total\nada,3\n");
    let steps = vec![totals(), shell("rm /app/totals.csv", "", 0)];
    let found = diagnosis(&run(task, steps));
    let lost = points(&found);
    assert_eq!(lost[0], (TurningKind::DeliverableRemoved, 2, None));
    let look = || shell("ls", "src", 0);
    let gone = || shell("rm totals.csv", "", 0);
    let steps = vec![totals(), gone(), look(), look(), look(), totals()];
    let found = diagnosis(&run(task, steps));
    assert_eq!(
        points(&found)[0],
        (TurningKind::DeliverableRemoved, 2, Some(6))
    );
    let found = diagnosis(&run(task, vec![totals(), gone(), totals()]));
    assert_eq!(points(&found), []);
}

#[test]
fn replacing_what_had_worked_counts_only_when_nothing_shows_it_still_works() {
    let task = "Write solve.py.";
    let first = || write("solve.py", "print('one')\nprint('two')\n");
    let second = || write("solve.py", "import sys\nsys.exit(3)\n");
    let works = || shell("python solve.py", "fine", 0);
    let fails = || {
        shell(
            "python solve.py",
            "Traceback (most recent call last):\nValueError: 3",
            1,
        )
    };
    let kinds = |steps| -> Vec<TurningKind> {
        let found = diagnosis(&run(task, steps));
        found.turning_points.iter().map(|p| p.kind).collect()
    };
    let replaced = |steps| kinds(steps).contains(&TurningKind::DeliverableOverwritten);
    assert!(!replaced(vec![first(), works(), second(), works()]));
    assert!(replaced(vec![first(), works(), second(), fails()]));
    assert!(replaced(vec![first(), works(), second()]));
}

#[test]
fn stopping_a_service_is_a_turning_point_and_restarting_it_is_not() {
    let start = || shell("python3 server.py &", "", 0);
    let stop = "pkill -f server.py";
    let found = diagnosis(&run("", vec![start(), shell(stop, "", 0)]));
    assert_eq!(points(&found), [(TurningKind::ServiceStopped, 2, None)]);
    let restart = format!("{stop}; python3 server.py &");
    let found = diagnosis(&run("", vec![start(), shell(&restart, "", 0)]));
    assert_eq!(points(&found), []);
    let found = diagnosis(&run("", vec![start(), shell(stop, "", 0), start()]));
    assert_eq!(points(&found), []);
    let look = || shell("ls", "src", 0);
    let steps = vec![start(), shell(stop, "", 0), look(), look(), look(), start()];
    let found = diagnosis(&run("", steps));
    assert_eq!(points(&found), [(TurningKind::ServiceStopped, 2, Some(6))]);
}

#[test]
fn a_run_that_measures_nothing_has_no_peak() {
    let steps = vec![shell("ls", "a", 0), edit("a", Change::Delete)];
    let found = diagnosis(&run("", steps));
    assert_eq!((found.peak, found.turning_points.len()), (None, 0));
}

#[test]
fn a_check_that_is_written_anew_asks_something_else() {
    let write = || write("try_it.py", "print(sum([1, 2]))\nprint('done')\n");
    let works = || shell("python try_it.py", "3", 0);
    let fails = || {
        shell(
            "python try_it.py",
            "Traceback (most recent call last):\nValueError: 3",
            1,
        )
    };
    let steps = || vec![write(), works(), write(), fails()];
    assert_eq!(points(&diagnosis(&run("Mend sum.", steps()))), []);
    let asked = points(&diagnosis(&run("Write try_it.py.", steps())));
    assert!(
        asked
            .iter()
            .any(|(kind, ..)| *kind == TurningKind::CheckBroke)
    );
}
