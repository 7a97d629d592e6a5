//! One small run an edge.

use localize::graph::NodeId;
use trace::{Step, Trajectory};

use crate::case;
use crate::runs::{BROKEN, GREEN, RED, finish, keys, run, shell, thinking, tool, write};
use trace::ActionKind;

/// All edges of one kind, as `1 wrote a.py#1`.
fn edges(run: &Trajectory, kind: &str) -> Vec<String> {
    case(run, |case| {
        let name = |node| match node {
            NodeId::Step(step) => step.to_string(),
            NodeId::Item(item) => {
                let item = &case.graph.items()[item as usize];
                match item.version {
                    0 => item.name.clone(),
                    version => format!("{}#{version}", item.name),
                }
            }
        };
        let edges = case.graph.edges().iter();
        edges
            .filter(|edge| edge.kind.as_str() == kind)
            .map(|edge| format!("{} {kind} {}", name(edge.from), name(edge.to)))
            .collect()
    })
}

fn of(steps: Vec<Step>, kind: &str) -> Vec<String> {
    edges(&run("", steps), kind)
}

#[test]
fn files_are_written_in_versions_whatever_folder_they_are_named_from() {
    let steps = vec![
        write("/app/a.py", "x = 1\n"),
        shell("cd /app && sed -i s/1/2/ a.py", "", 0),
        shell("cat a.py", "x = 2", 0),
    ];
    assert_eq!(
        of(steps.clone(), "wrote"),
        ["1 wrote /app/a.py#1", "2 wrote /app/a.py#2"]
    );
    assert_eq!(of(steps, "read").last().unwrap(), "3 read /app/a.py#2");
}

#[test]
fn a_refused_edit_makes_no_version() {
    let mut refused = write("a.py", "x");
    let observation = refused.observation.as_mut().unwrap();
    observation.is_error = Some(true);
    assert!(of(vec![refused], "wrote").is_empty());
}

#[test]
fn running_a_script_executes_its_version_and_a_purpose() {
    let steps = vec![
        write("a.py", "x = 1\n"),
        shell("python3 a.py --fast", "1", 0),
    ];
    assert_eq!(
        of(steps, "executed"),
        ["2 executed a.py#1", "2 executed run a.py"]
    );
}

#[test]
fn a_text_names_the_files_it_imports() {
    let steps = vec![
        write("model.py", "class Model: pass\n"),
        write("train.py", "from model import Model\n"),
        shell("python3 train.py", "", 0),
    ];
    assert_eq!(of(steps.clone(), "names"), ["2 names model.py#1"]);
    assert!(of(steps, "read").contains(&"3 read model.py#1".to_owned()));
}

#[test]
fn errors_and_failing_tests_are_shown() {
    let steps = vec![shell("python3 a.py", BROKEN, 1), shell("pytest -q", RED, 1)];
    let found = of(steps, "failed-with");
    assert!(found[0].contains("SyntaxError"), "{found:?}");
    assert!(
        found.contains(&"2 failed-with t.py::test_a".to_owned()),
        "{found:?}"
    );
}

#[test]
fn a_second_try_repeats_and_one_that_works_fixes() {
    let steps = vec![
        shell(
            "pip install foo",
            "ERROR: No matching distribution found for foo",
            1,
        ),
        shell(
            "pip install foo==2",
            "ERROR: No matching distribution found for foo==2",
            1,
        ),
        shell("apt-get install -y foo", "done", 0),
    ];
    assert_eq!(
        of(steps.clone(), "repeated"),
        ["2 repeated 1", "3 repeated 2"]
    );
    assert_eq!(of(steps.clone(), "fixed"), ["3 fixed 2"]);
    assert_eq!(of(steps, "installs"), ["3 installs foo"]);
    let tests = vec![shell("pytest", RED, 1), shell("pytest -x", GREEN, 0)];
    assert!(of(tests, "fixed").contains(&"2 fixed 1".to_owned()));
}

#[test]
fn what_is_said_against_what_was_shown_contradicts_it() {
    let steps = vec![
        shell("pytest", RED, 1),
        thinking("All tests pass now.", shell("echo done", "done", 0)),
        finish("I will check whether the tests pass."),
    ];
    assert_eq!(of(steps.clone(), "claimed"), ["2 claimed passes (step 2)"]);
    assert_eq!(of(steps, "contradicts"), ["passes (step 2) contradicts 1"]);
}

#[test]
fn processes_are_started_and_ended() {
    let steps = vec![
        shell("python3 server.py &", "[1] 42", 0),
        shell("pkill -f server.py", "", 0),
    ];
    assert_eq!(of(steps.clone(), "starts"), ["1 starts python3 server.py"]);
    assert!(of(steps, "kills").contains(&"2 kills python3 server.py".to_owned()));
}

#[test]
fn what_hangs_in_a_terminal_is_ended_by_an_interrupt() {
    let steps = vec![
        keys("make all\n", Some("root@box:/app# make all\n")),
        keys("", Some("root@box:/app# make all\ncc -c x.c\n")),
        keys(
            "C-c",
            Some("root@box:/app# make all\ncc -c x.c\n^C\nroot@box:/app# "),
        ),
    ];
    assert_eq!(of(steps, "kills"), ["3 kills 1"]);
}

#[test]
fn a_shell_in_the_background_is_ended_by_its_tool() {
    let mut start = shell(
        "conda env create -f env.yml",
        "Command running in background with ID: 7",
        0,
    );
    start.observation.as_mut().unwrap().exit_status = None;
    let steps = vec![start, tool("KillShell", ActionKind::Other)];
    assert!(of(steps, "kills").contains(&"2 kills 1".to_owned()));
}
