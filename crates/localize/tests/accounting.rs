//! What holds for peak, turning points, waste and stages of every run.

mod runs;

use std::collections::BTreeSet;

use proptest::prelude::*;
use runs::{diagnosis, paid, run, shell, thinking, write};
use trace::{Spent, Step};

fn command() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("cat > a.py <<EOF\nalpha = 1\nbeta = 2\nEOF".to_owned()),
        Just("echo 'gamma = 3' >> a.py".to_owned()),
        Just("rm -rf a.py out".to_owned()),
        Just("git checkout -- a.py".to_owned()),
        Just("git reset --hard".to_owned()),
        Just("mv a.py b.py".to_owned()),
        Just("pytest".to_owned()),
        Just("make".to_owned()),
        Just("python a.py".to_owned()),
        Just("python server.py &".to_owned()),
        Just("pkill -f server.py".to_owned()),
        Just("find / -name x".to_owned()),
        Just("pip install left".to_owned()),
        ".{0,40}",
    ]
}

fn answer() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("FAILED t.py::test_a - x\n== 1 failed, 2 passed in 0.1s ==".to_owned()),
        Just("== 3 passed in 0.1s ==".to_owned()),
        Just("one two three four five six seven eight nine".to_owned()),
        Just("make: *** [all] Error 2".to_owned()),
        Just("bash: rg: command not found".to_owned()),
        Just(String::new()),
        ".{0,40}",
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let kept = (
        command(),
        answer(),
        0..2_i32,
        ".{0,20}",
        0..90_u64,
        any::<bool>(),
        any::<Option<bool>>(),
    );
    kept.prop_map(|(asked, answered, status, thought, tokens, edits, group)| {
        let step = if edits {
            write("a.py", &answered)
        } else {
            shell(&asked, &answered, status)
        };
        let mut step = paid(thinking(step, &thought), tokens, 0.25);
        step.parallel_group = group.map(u32::from);
        step
    })
}

fn within(part: &Spent, whole: &Spent) -> bool {
    let dollars = |spent: &Spent| spent.usage.cost_usd.unwrap_or(0.0);
    part.steps <= whole.steps
        && part.usage.input_tokens <= whole.usage.input_tokens
        && dollars(part) <= dollars(whole) + 1e-9
        && part.seconds.unwrap_or(0.0) <= whole.seconds.unwrap_or(0.0) + 1e-9
}

proptest! {
    #[test]
    fn everything_adds_up(steps in prop::collection::vec(step(), 0..20)) {
        let count = u32::try_from(steps.len()).unwrap();
        let paid: u64 = steps.iter().filter_map(|s| s.usage?.input_tokens).sum();
        let run = run("Write a.py and keep out/b.csv.", steps);
        let found = diagnosis(&run);
        let inside = 1..=count;
        if let Some(peak) = &found.peak {
            prop_assert!(inside.contains(&peak.step_id.get()));
            prop_assert!(inside.contains(&peak.held_until.get()));
            prop_assert!(peak.step_id <= peak.held_until);
            prop_assert!(peak.share > 0.0 && peak.share <= 1.0);
        }
        let mut before = None;
        for point in &found.turning_points {
            prop_assert!(inside.contains(&point.step_id.get()));
            prop_assert!(Some(point.step_id) >= before);
            before = Some(point.step_id);
            if let Some(back) = point.recovered_at {
                prop_assert!(back >= point.step_id && back.get() <= count);
            }
            for cited in &point.evidence {
                prop_assert!(!cited.quote.is_empty());
            }
        }
        let waste = &found.waste;
        prop_assert_eq!(waste.total.steps, count);
        if count > 0 {
            prop_assert_eq!(waste.total.usage.input_tokens, Some(paid));
        }
        prop_assert!(within(&waste.wasted, &waste.total));
        let mut once = BTreeSet::new();
        for share in &waste.causes {
            prop_assert!(within(&share.spent, &waste.wasted));
            prop_assert_eq!(share.spent.steps as usize, share.step_ids.len());
            for step in &share.step_ids {
                prop_assert!(inside.contains(&step.get()) && once.insert(*step));
            }
        }
        prop_assert_eq!(once.len(), waste.wasted.steps as usize);
        for stage in &found.stages {
            let f = &stage.features;
            for value in [
                stage.suspicion, f.verification_regression, f.diff_magnitude,
                f.backtrack_frequency, f.exploration_ratio, f.step_suspicion,
            ] {
                prop_assert!((0.0..=1.0).contains(&value));
            }
        }
        prop_assert_eq!(found.fault.map(trace::Fault::error_type), found.error_type);
    }
}
