//! Whole small stories: what a reader is shown of them.

use std::fmt::Write as _;

use localize::chain::chain;
use localize::signal::signals;
use trace::{Step, StepId, Trajectory};

use crate::case;
use crate::runs::{GREEN, RED, finish, run, shell, thinking, write};

/// Failures, candidates and the chain from `onset`, as text.
fn story(run: &Trajectory, onset: u32) -> String {
    case(run, |case| {
        let mut text = String::new();
        for failure in case.graph.failures() {
            writeln!(
                text,
                "failure in step {} ({} {:.2}): {}",
                failure.step,
                failure.kind.as_str(),
                failure.strength,
                failure.why
            )
            .unwrap();
        }
        for candidate in case.graph.candidates() {
            let first = candidate.explains[0];
            let repaired = if candidate.repaired {
                ", put right"
            } else {
                ""
            };
            writeln!(
                text,
                "behind it: step {}, {} edges{repaired}",
                candidate.step, first.distance
            )
            .unwrap();
        }
        let onset = StepId::new(onset).unwrap();
        let mut suspicions = signals().iter().flat_map(|signal| match signal.name() {
            "on_failure_path" | "on_delivery_path" => signal.measure(case),
            _ => Vec::new(),
        });
        let reason = suspicions
            .find(|suspicion| suspicion.step == onset)
            .unwrap();
        for link in chain(case, onset, &reason) {
            writeln!(
                text,
                "{} {}: {}",
                link.step_id,
                link.role.as_str(),
                link.why
            )
            .unwrap();
            for evidence in &link.evidence {
                writeln!(text, "    {}", evidence.quote.lines().next().unwrap_or("")).unwrap();
            }
        }
        text
    })
}

fn regression() -> Vec<Step> {
    vec![
        shell("cat fees.py", "def fee(): return 1", 0),
        shell("pytest", RED, 1),
        write("fees.py", "def fee(): return 2\n"),
        shell("pytest", GREEN, 0),
        write("calendar.py", "OPEN = 5\n"),
        shell("sed -i s/5/6/ calendar.py", "", 0),
        shell("pytest", RED, 1),
        thinking("All tests pass, the work is complete.", finish("")),
    ]
}

#[test]
fn a_change_that_breaks_tests_is_followed_to_the_claim() {
    insta::assert_snapshot!(story(&run("Fix the fees.", regression()), 5));
}

#[test]
fn a_failed_build_that_is_left_behind_is_followed_to_the_hand_in() {
    let stop = "make: *** [Makefile:9: lib.a] Error 1";
    let steps = vec![
        write("/src/config.mk", "CC = tcc\n"),
        shell("make", stop, 2),
        shell("ls bin", "prog", 0),
        shell("mkdir -p /out && cp bin/prog /out/prog", "", 0),
        finish("The program was built successfully and is in /out."),
    ];
    insta::assert_snapshot!(story(&run("Build the program.", steps), 1));
}

#[test]
fn a_silent_error_is_found_in_what_is_handed_in() {
    let task = "Write the mean of data.csv to /app/mean.txt.";
    let steps = vec![
        shell("cat data.csv", "1\n2\n6", 0),
        write("/app/mean.py", "open('/app/mean.txt', 'w').write('2')\n"),
        shell("python3 /app/mean.py", "", 0),
        shell("cat /app/mean.txt", "2", 0),
        finish("The mean is written to /app/mean.txt."),
    ];
    insta::assert_snapshot!(story(&run(task, steps), 2));
}
