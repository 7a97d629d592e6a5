//! The signals about what happens in a run, each on the smallest run that shows what it is about.

#![allow(clippy::expect_used, reason = "tests")]

use analysis::Index;
use localize::signal::signals;
use proptest::prelude::*;
use trace::{Action, ActionKind, Observation, Step, Trajectory};

fn shell(command: &str, output: &str, exit_status: i32) -> Step {
    let mut step = Step::new(0, Action::shell("bash", command));
    step.observation = Some(Observation {
        exit_status: Some(exit_status),
        ..Observation::text(output)
    });
    step
}

fn keys(keys: &str, screen: &str) -> Step {
    let action = Action {
        tool: "keystrokes".to_owned(),
        kind: ActionKind::Keystrokes {
            keys: keys.to_owned(),
            wait_seconds: None,
        },
        arguments: serde_json::Value::Null,
    };
    let mut step = Step::new(0, action);
    step.observation = Some(Observation {
        screen: true,
        ..Observation::text(screen)
    });
    step
}

fn write(path: &str, content: &str) -> Step {
    shell(&format!("cat > {path} <<'EOF'\n{content}\nEOF"), "", 0)
}

const BROKEN: &str =
    "Traceback (most recent call last):\n  File \"a.py\", line 1, in <module>\nValueError: no";

/// The steps that the signal `name` holds something against, with the strength.
fn suspects(name: &str, steps: Vec<Step>) -> Vec<(u32, f64)> {
    suspects_in(name, Trajectory::default(), steps)
}

fn suspects_in(name: &str, mut run: Trajectory, steps: Vec<Step>) -> Vec<(u32, f64)> {
    run.steps = steps.into();
    run.renumber();
    let index = Index::new(&run);
    let signal = signals()
        .iter()
        .find(|signal| signal.name() == name)
        .expect(name);
    let found = signal.measure(&localize::Case::new(&index));
    assert!(found.iter().all(|s| !s.evidence.is_empty()), "{name}");
    assert!(
        found.iter().all(|s| (0.0..=1.0).contains(&s.strength)),
        "{name}"
    );
    found.iter().map(|s| (s.step.get(), s.strength)).collect()
}

fn steps_of(name: &str, steps: Vec<Step>) -> Vec<u32> {
    suspects(name, steps).into_iter().map(|s| s.0).collect()
}

#[test]
fn the_first_version_that_later_ones_vary_is_the_founding_one() {
    let run = || {
        vec![
            write("solve.py", "a"),
            shell("python solve.py", "1", 0),
            write("solve.py", "b"),
            write("test_solve.py", "c"),
            write("test_solve.py", "d"),
            write("once.py", "e"),
        ]
    };
    assert_eq!(steps_of("founding_version", run()), [1]);
}

#[test]
fn the_last_whole_version_survives_and_earlier_ones_do_not() {
    let steps = vec![
        write("solve.py", "a"),
        write("solve.py", "b"),
        shell("sed -i s/b/c/ solve.py", "", 0),
        write("debug.py", "d"),
    ];
    assert_eq!(steps_of("surviving_version", steps), [2]);
}

#[test]
fn many_whole_versions_of_one_file_are_thrash() {
    let versions = |n: usize| {
        (0..n)
            .map(|n| write("solve.py", &n.to_string()))
            .collect::<Vec<_>>()
    };
    assert_eq!(steps_of("thrash", versions(3)), [1, 2, 3]);
    assert!(steps_of("thrash", versions(2)).is_empty());
}

#[test]
fn a_change_made_again_before_it_worked_was_wrong() {
    let fail = shell("python a.py", BROKEN, 1);
    let fine = shell("python a.py", "1", 0);
    let edit = || shell("sed -i s/a/b/ a.py", "", 0);
    assert_eq!(steps_of("reworked_file", vec![edit(), fail, edit()]), [1]);
    assert!(steps_of("reworked_file", vec![edit(), fine, edit()]).is_empty());
}

#[test]
fn a_change_inside_an_embedded_program_counts_as_one_of_its_file() {
    let patch = |with: &str| {
        let program = format!(
            "python3 - <<'EOF'\np = 'src/a.py'\ns = open(p).read()\nopen(p, 'w').write(s.replace('x', '{with}'))\nEOF"
        );
        shell(&program, "", 0)
    };
    assert_eq!(steps_of("reworked_file", vec![patch("y"), patch("z")]), [1]);
}

#[test]
fn almost_the_same_action_is_a_near_repetition() {
    let long = |last: &str| {
        let words = "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi";
        shell(&format!("./run {words} {last}"), last, 0)
    };
    assert_eq!(
        steps_of("near_repetition", vec![long("one"), long("two")]),
        [2]
    );
    let short = || shell("ls -la", "a", 0);
    assert!(steps_of("near_repetition", vec![short(), short()]).is_empty());
}

#[test]
fn an_attempt_that_fails_again_is_worse_each_time() {
    let install = || {
        shell(
            "pip install left",
            "ERROR: No matching distribution found for left",
            1,
        )
    };
    let found = suspects("repeated_attempt", vec![install(), install(), install()]);
    assert_eq!(found.iter().map(|s| s.0).collect::<Vec<_>>(), [2, 3]);
    assert!(found[0].1 < found[1].1);
}

#[test]
fn an_installation_that_never_works_weighs_more_than_one_that_does() {
    let error = "ERROR: No matching distribution found for left";
    let fails = || shell("pip install left", error, 1);
    let works = shell("pip install left", "Successfully installed left-1.0", 0);
    let lasting = suspects("failed_install", vec![fails()]);
    let repaired = suspects("failed_install", vec![fails(), works]);
    assert_eq!((lasting[0].0, repaired[0].0), (1, 1));
    assert!(lasting[0].1 > repaired[0].1);
}

#[test]
fn a_program_that_is_broken_off_is_held_against_who_started_it() {
    let steps = vec![
        keys("./server\n", "root@box:/app# ./server\nlistening"),
        keys("C-c", "^C\nroot@box:/app#"),
    ];
    assert_eq!(steps_of("hang", steps), [1]);
    let killed = "The command timed out and has been killed after 300 seconds";
    let late = shell("pytest -q", killed, 124);
    assert_eq!(steps_of("hang", vec![late]), [1]);
}

#[test]
fn typing_into_a_terminal_that_is_not_ready_is_noticed() {
    let steps = vec![
        keys("./server\n", "root@box:/app# ./server\nlistening"),
        keys("ls\n", "listening\nls"),
    ];
    assert_eq!(steps_of("busy_terminal", steps), [2]);
    let pager = vec![
        keys("less a\n", "one\ntwo\n--More--"),
        keys("q", "root@box:/app#"),
    ];
    assert!(steps_of("busy_terminal", pager).is_empty());
    let ready = vec![
        keys("ls\n", "root@box:/app# ls\na\nroot@box:/app#"),
        keys("ls\n", "root@box:/app# ls\na\nroot@box:/app#"),
    ];
    assert!(steps_of("busy_terminal", ready).is_empty());
}

#[test]
fn a_database_opened_beside_its_only_journal_may_be_lost() {
    let list = || shell("ls /data", "app.db\napp.db-wal\n", 0);
    let open = || shell("sqlite3 /data/app.db 'select 1'", "1", 0);
    let keep = shell("cp /data/app.db /data/app.db-wal /backup/", "", 0);
    assert_eq!(steps_of("destroyed_input", vec![list(), open()]), [2]);
    assert!(steps_of("destroyed_input", vec![list(), keep, open()]).is_empty());
    let asked = Trajectory {
        task: Some("Shred every file below /data.".to_owned()),
        ..Trajectory::default()
    };
    let remove = shell("rm /data/app.db", "", 0);
    assert!(suspects_in("destroyed_input", asked, vec![list(), remove]).is_empty());
    let read_only = shell("sqlite3 'file:app.db?mode=ro' 'select 1'", "1", 0);
    assert!(steps_of("destroyed_input", vec![list(), read_only]).is_empty());
}

#[test]
fn an_input_removed_without_a_copy_is_lost_but_an_own_file_is_not() {
    let list = || shell("ls /data", "in.csv\n", 0);
    let remove = |path: &str| shell(&format!("rm {path}"), "", 0);
    assert_eq!(
        steps_of("destroyed_input", vec![list(), remove("/data/in.csv")]),
        [2]
    );
    let own = vec![list(), write("out.csv", "a"), remove("out.csv")];
    assert!(steps_of("destroyed_input", own).is_empty());
}

#[test]
fn a_command_the_shell_cannot_read_is_mangled() {
    let complaint =
        "bash: line 3: warning: here-document at line 1 delimited by end-of-file (wanted `EOF')";
    let steps = vec![shell("cat > a.py <<'EOF'\nx = 1", complaint, 0)];
    assert_eq!(steps_of("mangled_command", steps), [1]);
    assert!(steps_of("mangled_command", vec![write("a.py", "x")]).is_empty());
}

#[test]
fn an_edit_made_with_a_program_that_is_not_there_changes_nothing() {
    let patch = "applypatch <<'EOF'\n*** Begin Patch\n*** Update File: a.py\n@@\n-x\n+y\n*** End Patch\nEOF";
    let missing = "bash: line 1: applypatch: command not found";
    assert_eq!(
        steps_of("rejected_edit", vec![shell(patch, missing, 127)]),
        [1]
    );
}

#[test]
fn a_second_name_for_the_same_program_points_at_the_first() {
    let steps = vec![
        write("train.py", "a"),
        write("train_v2.py", "b"),
        write("report.py", "c"),
    ];
    assert_eq!(steps_of("renamed_rewrite", steps), [1, 2]);
}

#[test]
fn an_end_over_a_failed_or_missing_check_is_hasty() {
    let submit = || shell("echo COMPLETE_TASK_AND_SUBMIT_FINAL_OUTPUT", "", 0);
    let made = || write("a.py", "x");
    let fail = shell("python a.py", BROKEN, 1);
    let fine = shell("python a.py", "1", 0);
    assert_eq!(steps_of("hasty_end", vec![made(), fail, submit()]), [3]);
    assert_eq!(steps_of("hasty_end", vec![made(), submit()]), [2]);
    assert!(steps_of("hasty_end", vec![made(), fine, submit()]).is_empty());
}

#[test]
fn a_call_that_is_refused_is_noticed() {
    let action = Action {
        tool: "bash".to_owned(),
        kind: ActionKind::Invalid {
            text: "(no command)".to_owned(),
        },
        arguments: serde_json::Value::Null,
    };
    let mut step = Step::new(0, action);
    step.observation = Some(Observation::text("Expected exactly one command block."));
    assert_eq!(steps_of("refused_call", vec![step]), [1]);
}

#[test]
fn order_and_checks_at_once_speak_for_a_step() {
    let order = shell("cd /app && mkdir -p out && chmod +x run.sh", "", 0);
    let copy = shell("mkdir -p out && cp a.py out/", "", 0);
    assert_eq!(steps_of("housekeeping", vec![order, copy]), [1]);
    let checked = |status| shell("cat > a.py <<'EOF'\nx\nEOF\npython a.py", "1", status);
    assert_eq!(
        steps_of(
            "checked_at_once",
            vec![checked(0), checked(1), write("a.py", "x")]
        ),
        [1]
    );
    let speaks_for = ["housekeeping", "checked_at_once"];
    let favourable = signals().iter().filter(|s| s.exculpates());
    let favourable: Vec<&str> = favourable.map(|s| s.name()).collect();
    assert!(speaks_for.iter().all(|name| favourable.contains(name)));
}

fn words() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("cat > a.py <<EOF\nx\nEOF".to_owned()),
        Just("C-c".to_owned()),
        Just("rm -rf * \u{e9} > a.py".to_owned()),
        Just("sqlite3 a.db".to_owned()),
        Just("python3 -c 'open(\"a.py\")'".to_owned()),
        Just("a.db-wal\n\u{e4}...".to_owned()),
        any::<String>(),
    ]
}

proptest! {
    #[test]
    fn no_run_makes_a_signal_panic_or_exaggerate(
        steps in prop::collection::vec((words(), words(), any::<bool>()), 0..10),
    ) {
        let steps = steps.into_iter().map(|(asked, seen, typed)| {
            if typed { keys(&asked, &seen) } else { shell(&asked, &seen, 1) }
        });
        let mut run = Trajectory { steps: steps.collect(), ..Trajectory::default() };
        run.renumber();
        let index = Index::new(&run);
        let case = localize::Case::new(&index);
        for signal in signals() {
            let found = signal.measure(&case);
            prop_assert_eq!(&found, &signal.measure(&case));
            for suspicion in found {
                prop_assert!((0.0..=1.0).contains(&suspicion.strength), "{}", signal.name());
                prop_assert!(!suspicion.evidence.is_empty());
            }
        }
    }
}
