//! Which work was for nothing, and what it cost.

mod runs;

use runs::{diagnosis, edit, ids, paid, run, shell, thinking, write};
use trace::{Change, Diagnosis, Step, Usage, WasteCause};

/// The steps found under a cause.
fn wasted(found: &Diagnosis, cause: WasteCause) -> Vec<u32> {
    let share = found.waste.causes.iter().find(|share| share.cause == cause);
    share.map_or_else(Vec::new, |share| ids(&share.step_ids))
}

/// The steps that only looked and learned nothing.
fn unuseful(steps: Vec<Step>) -> Vec<u32> {
    let run = run("", steps);
    let index = analysis::Index::new(&run);
    let findings = localize::waste::find(&localize::Case::new(&index), None);
    findings.unuseful().map(|(step, _)| step.get()).collect()
}

fn of(steps: Vec<Step>) -> Diagnosis {
    diagnosis(&run("", steps))
}

#[test]
fn the_same_question_is_a_loop_from_the_third_time_on() {
    let ask = || shell("cat notes.txt", "alpha beta gamma", 0);
    let steps = || vec![ask(), ask(), ask(), ask()];
    let found = of(steps());
    assert_eq!(wasted(&found, WasteCause::RepeatedExploration), [2]);
    assert_eq!(wasted(&found, WasteCause::Loop), [3, 4]);
    assert_eq!(unuseful(steps()), [2, 3, 4]);
}

#[test]
fn asking_again_after_a_change_is_a_check() {
    let ask = || shell("make check", "checked alpha beta", 0);
    let found = of(vec![ask(), shell("sed -i s/a/b/ a.c", "", 0), ask()]);
    assert_eq!(found.waste.wasted.steps, 0);
}

#[test]
fn a_change_made_just_so_before_is_no_change() {
    let fail = || {
        shell(
            "mkdir build",
            "mkdir: cannot create directory 'build': File exists",
            1,
        )
    };
    let found = of(vec![fail(), fail(), fail()]);
    let total =
        wasted(&found, WasteCause::FailedRetry).len() + wasted(&found, WasteCause::Loop).len();
    assert_eq!(total, 2);
}

#[test]
fn a_missing_program_is_missing_the_second_time_too() {
    let missing = |command: &str| shell(command, "bash: rg: command not found", 127);
    let found = of(vec![missing("rg alpha"), missing("rg -n beta src")]);
    assert_eq!(wasted(&found, WasteCause::FailedRetry), [2]);
}

#[test]
fn a_look_that_shows_only_what_is_known_is_redundant() {
    let list = shell("ls -la src", "drwx root alpha.py\ndrwx root beta.py", 0);
    let talk = shell("grep -n import src/alpha.py", "import beta", 0);
    let again = shell("ls -la src/alpha.py", "drwx root alpha.py", 0);
    assert_eq!(unuseful(vec![list, talk, again]), [3]);
}

#[test]
fn looking_at_what_was_just_changed_is_not_redundant() {
    let list = shell("ls src", "alpha.py\nbeta.py", 0);
    let make = shell("cp src/alpha.py src/beta.py", "", 0);
    let check = shell("ls src/beta.py src", "alpha.py\nbeta.py", 0);
    assert!(unuseful(vec![list, make, check]).is_empty());
}

#[test]
fn a_broad_listing_is_redundant_when_nothing_comes_back_to_it() {
    let scan = || {
        shell(
            "find /usr",
            "orange\nbanana\ncherry\nquince\nmedlar\ndamson\nloquat",
            0,
        )
    };
    let rest = || shell("echo 1 > out", "", 0);
    assert_eq!(unuseful(vec![scan(), rest()]), [1]);
    let used = thinking(rest(), "The quince looks right.");
    assert!(unuseful(vec![scan(), used]).is_empty());
}

#[test]
fn edits_of_which_nothing_is_left_are_reverted_work() {
    let first = || write("/app/a.py", "value = one()\nprint(value)\n");
    let other = write("/app/a.py", "import sys\nsys.exit(7)\n");
    assert_eq!(
        wasted(&of(vec![first(), other]), WasteCause::RevertedWork),
        [1]
    );
    let kept = write("/app/a.py", "import sys\nprint(value)\n");
    assert!(wasted(&of(vec![first(), kept]), WasteCause::RevertedWork).is_empty());
    let back = shell("git checkout -- /app/a.py", "", 0);
    // What was there before the run comes back.
    let seen = shell("cat /app/a.py", "value = zero()\n", 0);
    assert_eq!(
        wasted(&of(vec![seen, first(), back]), WasteCause::RevertedWork),
        [2]
    );
}

#[test]
fn tidying_up_a_script_that_was_run_is_not_waste() {
    let script = || shell("cat > probe.py <<'EOF'\nprint('seen it')\nEOF", "", 0);
    let used = shell("python probe.py", "seen it", 0);
    let gone = || shell("rm probe.py", "", 0);
    assert!(wasted(&of(vec![script(), used, gone()]), WasteCause::RevertedWork).is_empty());
    assert_eq!(
        wasted(&of(vec![script(), gone()]), WasteCause::RevertedWork),
        [1]
    );
}

#[test]
fn what_a_step_cost_is_counted_once() {
    let ask = || paid(shell("cat notes.txt", "alpha beta gamma", 0), 100, 0.5);
    let found = of(vec![ask(), ask(), ask(), ask()]);
    let waste = &found.waste;
    assert_eq!((waste.total.steps, waste.wasted.steps), (4, 3));
    assert_eq!(waste.wasted.usage.input_tokens, Some(300));
    assert!((waste.wasted.usage.cost_usd.unwrap() - 1.5).abs() < 1e-9);
    assert!(!waste.shared_evenly);
    let parts: u32 = waste.causes.iter().map(|share| share.spent.steps).sum();
    assert_eq!(parts, 3);
}

#[test]
fn parallel_steps_share_their_call_and_a_run_its_sum() {
    let mut steps = vec![
        paid(shell("cat notes.txt", "alpha beta gamma", 0), 101, 1.0),
        shell("cat notes.txt", "alpha beta gamma", 0),
    ];
    for step in &mut steps {
        step.parallel_group = Some(1);
    }
    let found = of(steps.clone());
    assert_eq!(found.waste.wasted.usage.input_tokens, Some(50));
    assert_eq!(found.waste.total.usage.input_tokens, Some(101));
    for step in &mut steps {
        step.usage = None;
    }
    let mut whole = run("", steps);
    whole.usage = Usage {
        output_tokens: Some(11),
        ..Usage::default()
    };
    let found = diagnosis(&whole);
    assert!(found.waste.shared_evenly);
    assert_eq!(found.waste.total.usage.output_tokens, Some(11));
    assert_eq!(found.waste.wasted.usage.output_tokens, Some(5));
}

#[test]
fn a_refused_edit_wrote_nothing() {
    let mut refused = edit(
        "a.py",
        Change::Replace {
            old: "alpha = 1".to_owned(),
            new: "alpha = 2".to_owned(),
            all: false,
        },
    );
    refused.observation = Some(trace::Observation {
        is_error: Some(true),
        ..trace::Observation::text("String to replace not found in file.")
    });
    let found = of(vec![refused, shell("git checkout -- a.py", "", 0)]);
    assert!(wasted(&found, WasteCause::RevertedWork).is_empty());
}
