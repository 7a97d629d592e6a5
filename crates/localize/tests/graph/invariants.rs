//! What holds for every graph, whatever the run.

use std::time::Instant;

use localize::graph::NodeId;
use localize::graph::print::{Drawing, document, draw};
use proptest::prelude::*;
use trace::{Step, StepId};

use crate::case;
use crate::runs::{BROKEN, GREEN, RED, finish, keys, run, shell, thinking, write};

fn step() -> impl Strategy<Value = Step> {
    let text = || {
        prop_oneof![
            Just(RED.to_owned()),
            Just(GREEN.to_owned()),
            Just(BROKEN.to_owned()),
            Just("cat: out.txt: No such file or directory".to_owned()),
            Just("All tests pass. Unable to go on.".to_owned()),
            ".{0,30}",
        ]
    };
    let command = prop_oneof![
        Just("pytest".to_owned()),
        Just("python a.py".to_owned()),
        Just("cat out.txt".to_owned()),
        Just("make &".to_owned()),
        Just("pkill make".to_owned()),
        Just("rm a.py; pip install x y".to_owned()),
        Just("cp a.py b.py".to_owned()),
        ".{0,30}",
    ];
    (command, text(), text(), 0..6).prop_map(|(command, seen, thought, kind)| match kind {
        0 => write("a.py", &seen),
        1 => finish(&thought),
        2 => keys(&command, Some(&seen)),
        3 => keys("C-c", None),
        _ => thinking(&thought, shell(&command, &seen, i32::from(kind == 4))),
    })
}

proptest! {
    #[test]
    fn causes_lie_before_effects(steps in prop::collection::vec(step(), 0..25)) {
        let last = steps.len();
        let run = run("Write out.txt and run `python a.py`.", steps);
        case(&run, |case| {
            let graph = &case.graph;
            let born = |node| match node {
                NodeId::Step(step) => step,
                NodeId::Item(item) => graph.items()[item as usize].step,
            };
            for at in 0..last {
                let step = StepId::from_index(at);
                for edge in graph.edges_of(step) {
                    prop_assert!(born(edge.to) <= step && born(edge.from) <= step);
                    prop_assert!(edge.from != edge.to);
                }
            }
            for failure in graph.failures() {
                prop_assert!(failure.step <= failure.end && failure.end.index() < last);
                prop_assert!(!failure.evidence.is_empty());
                prop_assert!((0.0..=1.0).contains(&failure.strength));
            }
            for candidate in graph.candidates() {
                for explained in &candidate.explains {
                    prop_assert!(candidate.step <= graph.failures()[explained.end].end);
                }
            }
            let steps = graph.candidates().iter().map(|c| c.step);
            prop_assert!(steps.clone().zip(steps.skip(1)).all(|(a, b)| a < b));
            for maker in graph.makers() {
                prop_assert!(graph.spread(maker.step).iter().all(|later| later.step > maker.step));
            }
            for dismissal in graph.dismissals() {
                prop_assert!(dismissal.over < dismissal.step);
            }
            let all = document(graph, case.index, None);
            prop_assert_eq!(all.edges.len(), graph.edges().len());
            let drawn = draw(graph, case.index, None, Drawing::Mermaid);
            prop_assert_eq!(drawn.lines().count(), 1 + all.nodes.len() + all.edges.len());
            Ok(())
        })?;
    }
}

/// A run of 20,000 steps of which every one writes, reads, runs and fails.
#[test]
fn a_long_run_costs_its_length() {
    let steps = (0..5_000).flat_map(|n| {
        let name = format!("part{}.py", n % 700);
        [
            write(&name, "x = 1\n"),
            shell(&format!("python3 {name}"), BROKEN, 1),
            shell(&format!("cat {name}"), "x = 1", 0),
            thinking("All tests pass.", shell("pytest", RED, 1)),
        ]
    });
    let run = run("", steps.collect());
    let index = analysis::Index::new(&run);
    let audit = localize::contract::Audit::over(&index);
    let workspace = analysis::workspace::Workspace::new(&index);
    let before = Instant::now();
    let graph = localize::graph::Graph::new(&index, &audit, &workspace);
    assert!(graph.edges().len() < 96 * 20_000);
    // Seconds where quadratic work would take minutes, on any machine and unoptimised.
    assert!(before.elapsed().as_secs() < 60, "{:?}", before.elapsed());
}
