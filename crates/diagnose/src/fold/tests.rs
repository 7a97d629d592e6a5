use super::*;
use analysis::Index;
use localize::{Case, Options, diagnose_case};
use proptest::prelude::*;
use trace::{Action, Diagnosis, Observation, OnsetCandidate, Step, Trajectory};

fn run(steps: impl IntoIterator<Item = (String, i32)>) -> Trajectory {
    let mut run = Trajectory {
        task: Some("Make the tests pass.".to_owned()),
        steps: steps
            .into_iter()
            .enumerate()
            .map(|(at, (command, exit_status))| {
                let mut step = Step::new(at, Action::shell("bash", command));
                step.observation = Some(Observation {
                    exit_status: Some(exit_status),
                    ..Observation::text("")
                });
                step
            })
            .collect(),
        ..Trajectory::default()
    };
    run.renumber();
    run
}

/// Looks at the run as the agent does.
fn with<T>(run: &Trajectory, edit: impl Fn(&mut Diagnosis), look: impl Fn(&Subject<'_>) -> T) -> T {
    let index = Index::new(run);
    let case = Case::new(&index);
    let mut offline = diagnose_case(&case, Options::default(), localize::Model::shipped());
    edit(&mut offline);
    look(&Subject::new(&case, &offline, "mark"))
}

/// A run that looks, edits and tests, over and over.
fn cycles(count: usize) -> Trajectory {
    run((0..count).flat_map(|cycle| {
        [
            (format!("cat src/part{cycle}.py"), 0),
            (format!("sed -i s/a/b/ src/part{cycle}.py"), 0),
            ("pytest -q tests".to_owned(), i32::from(cycle % 3 == 0)),
            ("pytest -q tests".to_owned(), i32::from(cycle % 3 == 0)),
        ]
    }))
}

/// The steps each line speaks of.
fn covered(text: &str) -> Vec<usize> {
    let mut steps = Vec::new();
    let mut lines = text.lines().peekable();
    let range = |words: &str| {
        let (first, last) = words.split_once('-').unwrap_or((words, words));
        first.parse::<usize>().unwrap()..=last.parse::<usize>().unwrap()
    };
    while let Some(line) = lines.next() {
        if let Some(head) = line.strip_prefix("# stage") {
            // What stands in a line of its own follows the head; a folded one has a colon.
            let place = if head.starts_with("s ") { 1 } else { 2 };
            let words: Vec<&str> = head.trim_start_matches('s').split_whitespace().collect();
            let word = words[place].trim_end_matches(':');
            let open = lines.peek().is_some_and(|next| !next.starts_with('#'));
            if !open {
                steps.extend(range(word));
            }
        } else {
            let end = line
                .find(|c: char| c != '-' && !c.is_ascii_digit())
                .unwrap();
            steps.extend(range(&line[..end]));
        }
    }
    steps
}

#[test]
fn a_short_run_is_told_whole_and_a_long_one_folded() {
    let told = with(&cycles(3), |_| (), |subject| fold(subject, 1_000, true));
    let folded = with(&cycles(60), |_| (), |subject| fold(subject, 400, true));
    insta::assert_snapshot!(format!("{told}\n\n{folded}"));
}

#[test]
fn thousands_of_steps_in_hundreds_of_stages_fold_into_few_tokens() {
    let run = cycles(1_300);
    for room in [60, 200, 1_500] {
        let text = with(&run, |_| (), |subject| fold(subject, room, true));
        assert!(count_tokens(&text) <= room);
        assert_eq!(covered(&text), (1..=5_200).collect::<Vec<_>>(), "{text}");
    }
}

#[test]
fn suspects_come_first_and_only_where_they_may_be_told() {
    let suspect = |offline: &mut Diagnosis| {
        offline.onset_candidates = vec![OnsetCandidate {
            step_id: StepId::from_index(500),
            score: 0.5,
            contributions: Vec::new(),
        }];
    };
    let run = cycles(300);
    let text = with(&run, suspect, |subject| fold(subject, 300, true));
    assert!(text.contains("\n501~ read src/part125.py !"), "{text}");
    let hidden =
        |edit: &dyn Fn(&mut Diagnosis)| with(&run, edit, |subject| fold(subject, 300, false));
    assert_eq!(hidden(&suspect), hidden(&|_| ()));
    assert!(!hidden(&suspect).contains(['!', '*']));
}

#[test]
fn a_run_without_steps_has_no_lines() {
    assert_eq!(
        with(&run([]), |_| (), |subject| fold(subject, 100, true)),
        ""
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn every_step_lies_in_one_line_within_the_room(
        steps in prop::collection::vec(
            (
                prop::sample::select(vec![
                    "ls", "cat a.py", "pytest -q", "pip install x", "echo 1 > b.txt", "make all",
                ]).prop_map(str::to_owned),
                0..2_i32,
            ),
            1..120,
        ),
        room in 0..600_u64,
        suspects: bool,
    ) {
        let count = steps.len();
        let text = with(&run(steps), |_| (), |subject| fold(subject, room, suspects));
        prop_assert!(count_tokens(&text) <= room);
        if text.is_empty() {
            prop_assert!(room < 120);
        } else {
            prop_assert_eq!(covered(&text), (1..=count).collect::<Vec<_>>(), "{}", text);
        }
    }

    #[test]
    fn any_text_is_folded(
        commands in prop::collection::vec(any::<String>(), 0..30),
        room in 0..300_u64,
    ) {
        let steps = commands.into_iter().map(|command| (command, 0));
        let text = with(&run(steps), |_| (), |subject| fold(subject, room, true));
        prop_assert!(count_tokens(&text) <= room);
    }
}
