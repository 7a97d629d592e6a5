//! One small run a kind of failure, and runs without any.

use trace::{ActionKind, Step};

use crate::case;
use crate::runs::{BROKEN, GREEN, RED, finish, keys, run, shell, thinking, tool, write};

/// The failures of a run, as kind and step, strongest first.
fn failures(task: &str, steps: Vec<Step>) -> Vec<(&'static str, u32)> {
    case(&run(task, steps), |case| {
        let failures = case.graph.failures().iter();
        for failure in failures.clone() {
            assert!(!failure.evidence.is_empty());
            assert!((0.0..=1.0).contains(&failure.strength));
        }
        failures.map(|f| (f.kind.as_str(), f.step.get())).collect()
    })
}

fn shows(found: &[(&str, u32)], kind: &str, step: u32) -> bool {
    found.contains(&(kind, step))
}

#[test]
fn the_last_report_of_a_test_set_counts() {
    let red = vec![write("a.py", "x"), shell("pytest", RED, 1), finish("")];
    assert!(shows(&failures("", red), "failing_tests", 2));
    let green = vec![
        write("a.py", "x"),
        shell("pytest", RED, 1),
        write("a.py", "y"),
        shell("pytest", GREEN, 0),
        finish("All tests pass."),
    ];
    assert!(failures("", green).is_empty());
}

#[test]
fn a_case_that_passes_elsewhere_no_longer_fails() {
    let one = "t.py::test_a PASSED [100%]\n===== 1 passed in 0.10s =====";
    let steps = vec![
        write("a.py", "x"),
        shell("pytest t.py", RED, 1),
        write("a.py", "y"),
        shell("python3 -m pytest -v t.py::test_a", one, 0),
        finish(""),
    ];
    assert!(
        !failures("", steps)
            .iter()
            .any(|(kind, _)| *kind == "failing_tests")
    );
}

#[test]
fn what_fails_and_never_works_stays_open() {
    let steps = || vec![write("a.py", "x ="), shell("python3 a.py", BROKEN, 1)];
    let mut open = steps();
    open.push(finish(""));
    assert!(shows(&failures("", open), "open_error", 2));
    let mut variant = steps();
    variant.extend([
        write("a.py", "x = 1"),
        shell("cd /app && python a.py --all", "1", 0),
        finish(""),
    ]);
    assert!(failures("", variant).is_empty());
}

#[test]
fn looking_around_in_vain_is_no_failure() {
    let steps = vec![
        shell("which zsh", "", 1),
        shell(
            "cat /etc/none",
            "cat: /etc/none: No such file or directory",
            1,
        ),
        shell(
            "grep x y; ls z",
            "ls: cannot access 'z': No such file or directory",
            2,
        ),
        finish(""),
    ];
    assert!(failures("", steps).is_empty());
}

#[test]
fn what_is_stopped_before_it_is_done_is_stuck() {
    let steps = vec![
        keys("make all\n", Some("root@box:/app# make all\n")),
        keys("C-c", Some("root@box:/app# make all\n^C\nroot@box:/app# ")),
        finish(""),
    ];
    assert!(shows(&failures("", steps), "stuck", 2));
    let late = "timeout: the command exceeded the time limit\nTimeoutError: timed out";
    let steps = vec![shell("python3 train.py", late, 124), finish("")];
    assert!(failures("", steps).iter().any(|(_, step)| *step == 1));
}

#[test]
fn a_service_that_runs_already_has_not_failed_to_start() {
    let at = "root@box:/app# ";
    let busy = "nginx: [emerg] bind() to 0.0.0.0:80 failed (98: Address already in use)";
    let steps = vec![
        keys("service nginx start\n", None),
        keys(
            "curl -s localhost:80\n",
            Some(&format!(
                "{at}service nginx start\n{at}curl -s localhost:80\nhello\n{at}"
            )),
        ),
        keys("nginx\n", Some(&format!("{at}nginx\n{busy}\n{at}"))),
        finish(""),
    ];
    assert!(failures("", steps).is_empty());
}

#[test]
fn a_result_that_is_looked_for_in_vain_is_missing() {
    let task = "Write the sum to /app/out.txt.";
    let steps = vec![
        write("/app/sum.py", "open('/app/out.txt', 'w')"),
        shell("python3 /app/sum.py", "", 0),
        shell(
            "cat /app/out.txt",
            "cat: /app/out.txt: No such file or directory",
            1,
        ),
        finish(""),
    ];
    assert!(shows(&failures(task, steps), "missing_result", 3));
}

#[test]
fn a_demand_that_does_not_stand_is_a_failure() {
    let task = "Write the sum to /app/out.txt.";
    let steps = vec![shell("ls", "a", 0), finish("")];
    assert!(
        failures(task, steps)
            .iter()
            .any(|(kind, _)| *kind == "unmet_demand")
    );
}

#[test]
fn a_closing_claim_over_an_open_failure_is_contradicted() {
    let steps = vec![
        write("Makefile", "all:"),
        shell("make", "make: *** No rule to make target 'x'.  Stop.", 2),
        finish("Everything was built successfully."),
    ];
    assert!(shows(&failures("", steps), "contradicted_claim", 3));
    let honest = vec![
        shell("make", "make: *** No rule to make target 'x'.  Stop.", 2),
        finish("It could not be built successfully."),
    ];
    assert!(
        !failures("", honest)
            .iter()
            .any(|(kind, _)| *kind == "contradicted_claim")
    );
}

#[test]
fn a_run_that_ends_in_the_middle_is_cut_off() {
    let mut unanswered = shell("make", "", 0);
    unanswered.observation = None;
    assert!(shows(
        &failures("", vec![write("a", "x"), unanswered]),
        "cut_off",
        2
    ));
    let looking = vec![write("a", "x"), shell("ls", "a", 0)];
    assert!(shows(&failures("", looking), "cut_off", 2));
    let done = vec![
        write("a", "x"),
        thinking("The file is complete.", shell("ls", "a", 0)),
    ];
    assert!(failures("", done).is_empty());
}

#[test]
fn who_stops_to_ask_gave_up() {
    let steps = vec![
        write("a", "x"),
        finish("I was unable to find a compiler. Would you like me to install one?"),
    ];
    assert!(shows(&failures("", steps), "gave_up", 2));
}

#[test]
fn an_empty_run_has_nothing_to_say() {
    assert!(failures("", Vec::new()).is_empty());
    let steps = vec![tool(
        "x",
        ActionKind::Invalid {
            text: String::new(),
        },
    )];
    assert!(
        failures("", steps)
            .iter()
            .all(|(kind, _)| *kind == "cut_off")
    );
}

#[test]
fn a_line_the_shell_cannot_read_is_no_try_at_what_it_names() {
    let refused = "bash: -c: line 0: syntax error near unexpected token `('";
    let steps = vec![
        shell("ls app/(inner)/parts/hooks", refused, 2),
        shell("ls 'app/(inner)/parts/hooks'", "a.ts", 0),
        finish(""),
    ];
    assert!(failures("", steps).is_empty());
}

#[test]
fn a_build_that_works_was_made_ready() {
    let odd = "creating Makefile\n./configure: line 82: /usr/bin/file: No such file or directory";
    let steps = || {
        vec![
            write("main.c", "int main;"),
            shell("./configure --x", odd, 1),
        ]
    };
    let mut left = steps();
    left.push(finish(""));
    assert!(shows(&failures("", left), "open_error", 2));
    let mut built = steps();
    built.extend([shell("make -j4", "cc -o main main.c", 0), finish("")]);
    assert!(failures("", built).is_empty());
}

#[test]
fn what_shows_the_fault_in_question_is_not_held_against_a_run() {
    let strength = |steps| {
        case(&run("", steps), |case| {
            case.graph.failures().first().map_or(0.0, |f| f.strength)
        })
    };
    let before = vec![
        write("show_bug.py", "import app"),
        shell("python3 show_bug.py", BROKEN, 1),
        write("app.py", "x = 1"),
        finish(""),
    ];
    let after = vec![
        write("app.py", "x = 1"),
        write("show_bug.py", "import app"),
        shell("python3 show_bug.py", BROKEN, 1),
        finish(""),
    ];
    let mut removed = after.clone();
    removed.insert(3, shell("rm show_bug.py", "", 0));
    let held = strength(after);
    assert!(strength(before) < held);
    assert!(strength(removed) < held);
}

#[test]
fn what_the_run_removed_is_not_missing() {
    let gone = "ls: cannot access 'draft.py': No such file or directory";
    let steps = vec![
        write("draft.py", "x"),
        shell("rm draft.py", "", 0),
        shell("ls draft.py", gone, 2),
        finish(""),
    ];
    assert!(failures("", steps).is_empty());
}

#[test]
fn programs_that_differ_in_a_number_are_two() {
    let steps = vec![
        shell("./part1", "Segmentation fault (core dumped)", 139),
        shell("./part2", "fine", 0),
        finish(""),
    ];
    assert!(shows(&failures("", steps), "open_error", 1));
}

#[test]
fn an_offer_after_the_work_is_no_surrender() {
    let offer = "The notes are in place. Do you want me to push them?";
    let worked = vec![write("notes.md", "x"), finish(offer)];
    assert!(failures("", worked).is_empty());
    let asked = vec![shell("ls", "a.py", 0), finish(offer)];
    assert!(shows(&failures("", asked), "gave_up", 2));
    let admitted = vec![write("notes.md", "x"), finish("I cannot reach the server.")];
    assert!(shows(&failures("", admitted), "gave_up", 2));
}
