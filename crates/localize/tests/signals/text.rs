//! Signals taken from what the agent says and writes.

use trace::{Action, ActionKind, Observation, Step};

use crate::{shell, suspects, thinking};
use localize::signal::signals;

/// A step that sets a to-do list of these items and states.
fn plan(items: &[(&str, &str)]) -> Step {
    let items: Vec<_> = items
        .iter()
        .map(|(content, status)| serde_json::json!({ "content": content, "status": status }))
        .collect();
    let action = Action {
        tool: "TodoWrite".to_owned(),
        kind: ActionKind::Message {
            text: String::new(),
        },
        arguments: serde_json::json!({ "todos": items }),
    };
    let mut step = Step::new(0, action);
    step.observation = Some(Observation::text("The list was changed."));
    step
}

#[test]
fn long_changes_weigh_more_than_short_ones_and_speak_for_no_failure() {
    let long = format!("cat > a.py <<'EOF'\n{}EOF", "x = read()\n".repeat(100));
    let steps = vec![shell("touch b", "", 0), shell(&long, "", 0)];
    assert_eq!(suspects("authored_text", "", steps), [2]);
    let named = |signal: &&&dyn localize::Signal| {
        ["authored_text", "first_design"].contains(&signal.name())
    };
    assert!(
        signals()
            .iter()
            .filter(named)
            .all(|s| !s.speaks_for_failure())
    );
}

#[test]
fn the_first_large_text_is_the_design_later_ones_build_on() {
    let write = |name: &str, lines| {
        let body = "x = read()\n".repeat(lines);
        shell(&format!("cat > {name} <<'EOF'\n{body}EOF"), "", 0)
    };
    let steps = vec![write("a.py", 3), write("b.py", 40), write("b.py", 60)];
    assert_eq!(suspects("first_design", "", steps), [2]);
}

#[test]
fn values_nobody_saw_are_noticed_where_they_are_first_written() {
    let write = || shell("printf 'low = 0.35\\nhigh = 0.85\\n' > a.toml", "", 0);
    let name = "unsourced_value";
    assert_eq!(suspects(name, "", vec![write(), write()]), [1]);
    let told = "Write limits between 0.35 and 0.85.";
    assert!(suspects(name, told, vec![write()]).is_empty());
    let shown = vec![shell("cat old.toml", "0.85ms .. 0.35ms", 0), write()];
    assert!(suspects(name, "", shown).is_empty());
}

#[test]
fn work_that_calls_itself_provisional_is_noticed() {
    let steps = vec![
        shell("echo '# simplified for now' > a.py", "", 0),
        shell("echo 1 > b.py", "", 0),
        thinking(shell("echo 2 > c.py", "", 0), "Use a placeholder."),
        thinking(shell("cat c.py", "2", 0), "A placeholder."),
    ];
    assert_eq!(suspects("makeshift", "", steps), [1, 3]);
}

#[test]
fn deciding_after_output_that_was_cut_off_is_noticed() {
    let look = || shell("cat long.py", "a = 1\n[output truncated]", 0);
    let edit = || shell("sed -i s/a/b/ long.py", "", 0);
    assert_eq!(suspects("partial_view", "", vec![look(), edit()]), [2]);
    let again = vec![look(), shell("sed -n 1,9p long.py", "a = 1", 0), edit()];
    assert!(suspects("partial_view", "", again).is_empty());
}

#[test]
fn a_program_that_writes_files_is_noticed_and_a_short_command_is_not() {
    let body = "text = read()\n".repeat(10);
    let program = format!("python3 - <<'EOF'\n{body}open('a.txt', 'w').write(text)\nEOF");
    let steps = vec![shell(&program, "", 0), shell("echo 1 > a.txt", "", 0)];
    assert_eq!(suspects("programmed_write", "", steps), [1]);
}

#[test]
fn a_text_that_prints_its_own_success_is_noticed() {
    let body = "x = read()\n".repeat(30);
    let script = |last| shell(&format!("cat > a.py <<'EOF'\n{body}{last}\nEOF"), "", 0);
    let steps = vec![
        script("print('All checks passed')"),
        script("print(len(x))"),
        script("passed = x"),
    ];
    assert_eq!(suspects("announced_success", "", steps), [1]);
}

#[test]
fn much_work_on_a_demanded_file_is_told_from_side_work() {
    let write = |name| {
        let body = "x = read()\n".repeat(30);
        shell(&format!("cat > {name} <<'EOF'\n{body}EOF"), "", 0)
    };
    let steps = || vec![write("main.py"), write("test_main.py"), write("latest.py")];
    let task = "Write main.py.";
    assert_eq!(suspects("demanded_work", task, steps()), [1]);
    assert_eq!(suspects("side_work", task, steps()), [2]);
    assert!(suspects("side_work", "Write test_main.py.", steps()).is_empty());
}

#[test]
fn words_of_giving_up_count_where_something_is_decided() {
    let tired = "I keep having trouble; one final attempt.";
    let steps = vec![
        thinking(shell("cat a", "a", 0), tired),
        thinking(shell("echo 1 > a", "", 0), tired),
    ];
    assert_eq!(suspects("resignation", "", steps), [2]);
}

#[test]
fn going_back_to_an_earlier_version_is_noticed() {
    let write = |line: &str| {
        let body = line.repeat(20);
        shell(&format!("cat > a.py <<'EOF'\n{body}EOF"), "", 0)
    };
    let (one, two) = ("x = one()\n", "x = two()\n");
    let name = "returned_version";
    assert_eq!(
        suspects(name, "", vec![write(one), write(two), write(one)]),
        [3]
    );
    assert!(suspects(name, "", vec![write(one), write(one)]).is_empty());
}

#[test]
fn the_work_is_declared_done_once() {
    let done = || thinking(shell("echo done", "done", 0), "The task is complete.");
    let steps = vec![shell("ls", "a", 0), done(), done()];
    assert_eq!(suspects("declared_done", "", steps), [2]);
    let all_done = vec![plan(&[("write it", "completed")])];
    assert_eq!(suspects("declared_done", "", all_done), [1]);
}

#[test]
fn what_vanishes_undone_from_a_plan_is_noticed_and_what_is_reworded_is_not() {
    let steps = vec![
        plan(&[
            ("build the image", "pending"),
            ("boot the image in the emulator", "pending"),
        ]),
        plan(&[
            ("build a small image", "completed"),
            ("boot the image with an emulator", "pending"),
        ]),
        plan(&[
            ("build a small image", "completed"),
            ("write instructions", "pending"),
        ]),
    ];
    assert_eq!(suspects("plan_cut", "", steps), [3]);
}

#[test]
fn trying_again_with_less_is_noticed_and_another_command_is_not() {
    let steps = vec![
        shell(
            "pip install --strict one two",
            "error: no matching distribution found for two",
            1,
        ),
        shell("pip install --strict one", "", 0),
        shell("pip install --strict three four", "", 0),
    ];
    assert_eq!(suspects("weakened_retry", "", steps), [2]);
}

#[test]
fn the_first_change_about_a_demanded_file_is_remembered() {
    let steps = vec![
        shell("cat notes.md", "a", 0),
        shell("tar -cf /app/all.tar notes.md", "", 0),
        shell("gzip -k all.tar", "", 0),
        shell("cp all.tar.old small.tar", "", 0),
    ];
    let task = "Pack notes.md into all.tar, with version 1.2.";
    assert_eq!(suspects("demanded_start", task, steps), [2]);
    let steps = vec![
        shell("ls /app", "in", 0),
        shell("cp -r /app/in /app/sorted", "", 0),
    ];
    let task = "Sort the files of /app/in/ into the folder \"sorted/\".";
    assert_eq!(suspects("demanded_start", task, steps), [2]);
}

#[test]
fn an_announced_approach_counts_where_it_is_carried_out() {
    let says = "Based on my reading, the approach is to sort first.";
    let steps = vec![
        thinking(shell("cat a", "a", 0), says),
        thinking(shell("sort -o a a", "", 0), says),
    ];
    assert_eq!(suspects("stated_approach", "", steps), [2]);
}

#[test]
fn going_on_without_what_is_missing_is_noticed_and_getting_it_is_not() {
    let says = "The library is not available.";
    let steps = vec![
        thinking(shell("pip install lib", "", 0), says),
        thinking(shell("echo 'def f(): return 1' > lib.py", "", 0), says),
    ];
    assert_eq!(suspects("without_means", "", steps), [2]);
}
