//! The contract of hand-written tasks of many kinds, and how demands stand in small runs.

#![allow(clippy::expect_used, reason = "tests")]

use std::fmt::Write as _;

use analysis::Index;
use localize::contract::{Audit, Contract, DemandKind, State};
use proptest::prelude::*;
use trace::{Action, Observation, Step, StepId, Trajectory};

/// The demands of a task, one a line: weight, what, and the words that state it.
fn demands(task: &str) -> String {
    let contract = Contract::read(task);
    let mut out = String::new();
    for demand in &contract.demands {
        let words = demand.words(task).replace('\n', " ");
        writeln!(out, "{} {} <- {words}", demand.weight, demand.name()).expect("text");
    }
    out
}

#[test]
fn a_numbered_task_names_files_values_and_a_port() {
    insta::assert_snapshot!(demands(
        "Set up a small web service. Your task is to:

1. Write the server in `/srv/app/server.py` using the settings in /srv/app/settings.ini
2. Listen on port 7070
3. Answer with a JSON object of this format:
   {
     \"state\": \"up\",
     \"items\": 3
   }
4. Create a file greeting.txt with the content:
   \"Good morning, port\"
5. Start the server and make sure it keeps running

Do not modify /srv/app/settings.ini. The page must load in less than 2 seconds."
    ));
}

#[test]
fn sections_tell_what_is_given_from_what_is_to_be_made() {
    insta::assert_snapshot!(demands(
        "## Background
The folder `/data/logs/` holds `old.log` files of a mill.

## Files provided
- `/data/read_me.md`: how the logs are written
- `/data/convert.py`: a partial converter

## You must produce two files
### 1. The table (`/data/table.csv`)
The columns must have this header:
day,tons,hours

### 2. The summary, saved as `/data/summary.json`
- It needs the keys `total_tons` and `mean_hours`
- At least 90% accuracy is required

## Notes
You can look at `/data/sample.csv` for an example."
    ));
}

#[test]
fn commands_are_what_will_be_run() {
    insta::assert_snapshot!(demands(
        "I have a parser in /app/parse.c. It reads from stdin. Write me notes.bin such that running cat notes.bin | /app/parse gives exactly notes.txt.
I will test it by calling gcc -O2 -o gen gen.c && ./gen and expect no warning.
Usage must be: `python /app/pack.py <in> <out>`. The script /app/all.sh is failing, fix it.
Ensure that the tests pass. You do this by running \"make -C checks one\"."
    ));
}

#[test]
fn names_are_given_in_many_ways() {
    insta::assert_snapshot!(demands(
        "Add a function to the `grain.silo` module and it should be called fill_level.
Please call the script \"refill.py\" and place it in the parent folder.
The environment variable GRAIN_HOME must be honoured. Create a conda environment named \"silo-env\".
Your output should be to a new file levels.txt in the cwd. Delete the file '/tmp/silo.pid'.
Use the `git` commands you like. The sheet must include these words: \"rye\", \"oat\", \"wheat\", \"corn\", \"rice\"."
    ));
}

#[test]
fn bans_are_told_from_remarks() {
    insta::assert_snapshot!(demands(
        "Fix the build in `src/main.rs`. Do not edit `Cargo.lock` or the files in tests/.
Your `walk.c` file should not read `map.bin`. Never install `numpy`.
You don't have to update the docs. I don't know which compiler is installed.
It must not create any files outside of the output folder."
    ));
}

#[test]
fn an_issue_demands_little() {
    insta::assert_snapshot!(demands(
        "<uploaded_files>
/workspace/mill
</uploaded_files>
I've uploaded a repository. Consider the following issue description:

<issue_description>
`grind()` drops the last sack
### Steps to reproduce
```python
from mill import grind
grind(['a', 'b'])
```
File \"mill/core.py\", line 3
### Expected behavior
`grind_all` should return every sack.
</issue_description>

Create a script /workspace/repro.py, then make sure all tests pass. Do not modify the tests."
    ));
}

#[test]
fn the_frame_of_a_task_is_no_demand() {
    insta::assert_snapshot!(demands(
        "Here is an example of how to use the tools.
--------------------- START OF EXAMPLE ---------------------
USER: Create a file called demo.py
--------------------- NEW TASK DESCRIPTION ---------------------
Create a file called hello.txt with \"Hello, mill!\" as the content.
--------------------- END OF NEW TASK DESCRIPTION ---------------------
PLEASE emit only one function call and write it to call.json."
    ));
}

#[test]
fn chat_requests_state_little_and_that_is_kept() {
    insta::assert_snapshot!(demands(
        "hi, can you rename the option `--grain` to `--cereal` in cli.py? also the README.md should mention it. run the test suite afterwards to confirm everything passes"
    ));
}

fn shell(command: &str, output: &str, exit_status: i32) -> Step {
    let mut step = Step::new(0, Action::shell("bash", command));
    step.observation = Some(Observation {
        exit_status: Some(exit_status),
        ..Observation::text(output)
    });
    step
}

fn thinking(mut step: Step, thought: &str) -> Step {
    thought.clone_into(&mut step.thought);
    step
}

fn audit(task: &str, steps: Vec<Step>, check: impl FnOnce(&Audit)) {
    let mut run = Trajectory {
        task: Some(task.to_owned()),
        steps: steps.into(),
        ..Trajectory::default()
    };
    run.renumber();
    let index = Index::new(&run);
    check(&Audit::over(&index));
}

/// How each demand that counts stands, with the step that settled it.
fn states(task: &str, steps: Vec<Step>) -> Vec<(State, Option<u32>)> {
    let mut found = Vec::new();
    audit(task, steps, |audit| {
        found = audit
            .each()
            .filter(|(demand, _)| demand.weight > 0)
            .map(|(_, s)| (s.state(), s.told_by().map(|mark| mark.step.get())))
            .collect();
    });
    found
}

#[test]
fn a_file_is_met_by_whoever_makes_it() {
    let task = "Write the result to /app/out.json.";
    let by_hand = vec![shell("ls", "", 0), shell("echo 1 > /app/out.json", "", 0)];
    assert_eq!(states(task, by_hand), [(State::Met, Some(2))]);
    let by_program = vec![
        shell("cat > gen.py <<'E'\nopen('/app/out.json','w')\nE", "", 0),
        shell("python gen.py", "", 0),
    ];
    assert_eq!(states(task, by_program), [(State::Met, Some(2))]);
    let never = vec![shell("ls", "", 0)];
    assert_eq!(states(task, never), [(State::NeverTouched, None)]);
    let elsewhere = vec![shell("echo 1 > /tmp/out.json", "", 0)];
    assert_eq!(states(task, elsewhere), [(State::Contradicted, Some(1))]);
}

#[test]
fn what_was_met_can_be_lost() {
    let task = "Write the result to /app/out.json.";
    let steps = vec![
        shell("echo 1 > /app/out.json", "", 0),
        shell("ls /app", "out.json", 0),
        shell("rm /app/out.json", "", 0),
    ];
    audit(task, steps, |audit| {
        let id = |n: u32| StepId::new(n).expect("a step");
        assert_eq!(audit.progress(id(1)), (3, 3));
        assert_eq!(audit.progress(id(3)), (0, 3));
        assert_eq!(audit.peak(), Some((id(1), 3)));
        let falls = audit.falls();
        assert_eq!(falls.len(), 1);
        assert_eq!((falls[0].met, falls[0].fell), (id(1), id(3)));
        assert!(falls[0].regained.is_none());
    });
}

#[test]
fn another_spelling_contradicts_until_the_right_one_is_written() {
    let task = "Save `/app/s.json`. It must use the key `page_count`.";
    let wrong = || shell("echo '{\"page-count\": 1}' > /app/s.json", "", 0);
    let right = shell("echo '{\"page_count\": 1}' > /app/s.json", "", 0);
    assert_eq!(
        states(task, vec![wrong()])[1],
        (State::Contradicted, Some(1))
    );
    assert_eq!(states(task, vec![wrong(), right])[1], (State::Met, Some(2)));
}

#[test]
fn rewriting_a_file_without_a_value_loses_it() {
    let task = "Create a.conf. The name must be `mill_town`.";
    let with = shell("echo name=mill_town > a.conf", "", 0);
    let without = shell("echo name=village > a.conf", "", 0);
    assert_eq!(
        states(task, vec![with, without])[1],
        (State::Unmet, Some(2))
    );
}

#[test]
fn a_command_stands_as_its_last_run_went() {
    let task = "It must work to run `python pack.py <in>`.";
    let good = || shell("cd /app && python3 pack.py data", "done", 0);
    let bad = || {
        shell(
            "python3 /app/pack.py data",
            "Traceback (most recent call last):\nValueError: x",
            1,
        )
    };
    assert_eq!(states(task, vec![good()]), [(State::Met, Some(1))]);
    assert_eq!(states(task, vec![good(), bad()]), [(State::Unmet, Some(2))]);
}

#[test]
fn a_port_must_answer() {
    let task = "Serve the page on port 7070.";
    let asked = |out: &str, status| shell("curl -s localhost:7070", out, status);
    assert_eq!(
        states(task, vec![asked("<html>", 0)]),
        [(State::Met, Some(1))]
    );
    let refused = "curl: (7) Failed to connect to localhost port 7070: Connection refused";
    assert_eq!(
        states(task, vec![asked(refused, 7)]),
        [(State::Unmet, Some(1))]
    );
}

#[test]
fn a_measured_number_is_held_against_the_limit() {
    let task = "The model must reach at least 0.9 accuracy.";
    let measured = |n: &str| shell("python eval.py", &format!("test accuracy: {n}"), 0);
    assert_eq!(
        states(task, vec![measured("0.95")]),
        [(State::Met, Some(1))]
    );
    assert_eq!(
        states(task, vec![measured("71.5%")]),
        [(State::Unmet, Some(1))]
    );
}

#[test]
fn a_lesser_result_contradicts_unless_the_task_says_the_word_itself() {
    let made = || {
        thinking(
            shell("echo 7 > /app/out.json", "", 0),
            "I will write simulated data instead.",
        )
    };
    assert_eq!(
        states("Write /app/out.json.", vec![made()]),
        [(State::Contradicted, Some(1))]
    );
    let asked = "Write simulated data to /app/out.json.";
    assert_eq!(states(asked, vec![made()]), [(State::Met, Some(1))]);
}

#[test]
fn what_is_forbidden_is_noticed() {
    let task = "Fix it. Do not modify `Cargo.lock`.";
    let touched = vec![shell("sed -i s/a/b/ Cargo.lock", "", 0)];
    assert_eq!(states(task, touched), [(State::Contradicted, Some(1))]);
    let left = vec![shell("cat Cargo.lock", "", 0)];
    assert_eq!(states(task, left)[0].0, State::Met);
}

proptest! {
    #[test]
    fn any_text_can_be_read(task in any::<String>()) {
        let contract = Contract::read(&task);
        for demand in &contract.demands {
            prop_assert!(task.get(demand.span.clone()).is_some_and(|words| !words.is_empty()));
        }
    }

    #[test]
    fn any_task_like_text_can_be_read(words in prop::collection::vec(
        prop::sample::select(vec![
            "create", "must", "not", "`a.py`", "\"x y\"", "/app/ß.txt", "\n- ", "\n\n", "1. ", "port", "80",
            "at least", "5%", "```\n", "<issue>", "</issue>", "{", "}", ":", "in", "to", ". ", "ℝ/x.c",
            "## ", "called", "run", "python a.py <x>", "don't", "'", "“é”", "key_name", "--- TASK ---\n",
        ]), 0..60)) {
        let task = words.join(" ");
        let contract = Contract::read(&task);
        for (n, demand) in contract.demands.iter().enumerate() {
            prop_assert!(task.get(demand.span.clone()).is_some_and(|words| !words.is_empty()));
            prop_assert_eq!(usize::from(demand.id), n + 1);
            if let DemandKind::Output { path, .. } = &demand.kind {
                prop_assert!(!path.is_empty());
            }
        }
    }

    #[test]
    fn any_run_can_be_held_against_a_contract(
        texts in prop::collection::vec((any::<String>(), any::<String>(), 0..2), 0..8)
    ) {
        let task = "Create `out.json` with the keys `a_b` and `c_d` on port 80. Never change x.py. Run `make it`.";
        let steps = texts
            .iter()
            .map(|(command, output, status)| shell(&format!("{command} out.json a-b x.py {output}"), output, *status));
        audit(task, steps.collect(), |audit| {
            let of = audit.of();
            for n in 1..=8 {
                let (met, all) = audit.progress(StepId::new(n).expect("a step"));
                assert!(met <= all && all == of);
            }
        });
    }
}
