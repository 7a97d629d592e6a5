//! What holds for every diagnosis, whatever the run.

use analysis::Index;
use localize::{Options, diagnose};
use proptest::prelude::*;
use trace::{Action, Observation, Step, Trajectory};

fn run(steps: Vec<(String, String, String)>) -> Trajectory {
    let steps = steps
        .into_iter()
        .enumerate()
        .map(|(at, (thought, command, seen))| {
            let mut step = Step::new(at, Action::shell("bash", command));
            step.thought = thought;
            step.observation = Some(Observation::text(seen));
            step
        });
    Trajectory {
        steps: steps.collect(),
        ..Trajectory::default()
    }
}

fn words() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("cat > a.py <<EOF\nplaceholder\nEOF".to_owned()),
        Just("python a.py".to_owned()),
        Just("python: can't open file 'a.py': [Errno 2] No such file or directory".to_owned()),
        Just("That was wrong; simulate the data. It runs successfully.".to_owned()),
        Just("== 1 failed, 2 passed in 0.1s ==".to_owned()),
        Just("== 3 passed in 0.1s ==".to_owned()),
        ".{0,40}",
    ]
}

proptest! {
    #[test]
    fn labels_quote_their_steps(
        steps in prop::collection::vec((words(), words(), words()), 0..12),
        resolved in any::<Option<bool>>(),
    ) {
        let mut t = run(steps);
        t.outcome.resolved = resolved;
        let index = Index::new(&t);
        let d = diagnose(&index, Options::default());
        prop_assert_eq!(&d, &diagnose(&index, Options::default()));
        for label in &d.labels {
            prop_assert!(!label.evidence.is_empty());
        }
        let cited = d.labels.iter().flat_map(|l| &l.evidence);
        for e in cited.chain(d.chain.iter().flat_map(|c| &c.evidence)) {
            let step = t.step(e.step_id).unwrap();
            let action = step.action.command().unwrap();
            prop_assert!(!e.quote.is_empty() && e.quote.len() <= 300);
            prop_assert!([action, &step.thought, step.observed()].iter().any(|x| x.contains(&e.quote)));
        }
        let mut hidden = t.clone();
        hidden.outcome.resolved = None;
        let blind = diagnose(&index, Options { blind: true, ..Options::default() });
        let unrecorded = diagnose(&Index::new(&hidden), Options::default());
        prop_assert_eq!(blind.onset_step_id, unrecorded.onset_step_id);
        prop_assert_eq!(blind.labels, unrecorded.labels);
        prop_assert_eq!(blind.verdict, unrecorded.verdict);
        prop_assert!(!blind.used_outcome);
    }
}
