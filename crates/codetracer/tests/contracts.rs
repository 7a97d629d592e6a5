//! Contracts of real runs: nothing panics, spans fit, and the cost stays small.

#![allow(clippy::expect_used, clippy::print_stderr, reason = "tests")]

use std::path::{Path, PathBuf};
use std::time::Instant;

use analysis::Index;
use formats::pile::{Limits, Pile};
use formats::{find_runs, read_run};
use localize::contract::{Audit, State};

#[test]
fn the_corpus_can_be_held_against_its_tasks() {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let shared = std::env::var_os("CODETRACER_SHARED").map_or(beside, PathBuf::from);
    let corpus = shared.join("corpus");
    if !corpus.is_dir() {
        eprintln!("skipped: no runs beside the repository");
        return;
    }
    let pile = Pile::open(&corpus, &Limits::default()).expect("the corpus opens");
    let (mut runs, mut with_demands, mut steps, mut seconds) = (0, 0, 0, 0.0);
    let mut states = [0_usize; 4];
    for run in find_runs(&pile).runs {
        let Ok(extraction) = read_run(&pile, &run) else {
            continue;
        };
        let run = &extraction.trajectory;
        let index = Index::new(run);
        let begun = Instant::now();
        let audit = Audit::over(&index);
        seconds += begun.elapsed().as_secs_f64();
        runs += 1;
        steps += index.len();
        let task = run.task.as_deref().unwrap_or_default();
        for (demand, standing) in audit.each() {
            assert!(!demand.words(task).is_empty(), "{}: {demand:?}", run.id);
            if demand.weight > 0 {
                states[standing.state() as usize] += 1;
            }
            for mark in standing
                .told_by()
                .iter()
                .filter_map(|m| m.evidence.as_ref())
            {
                assert!(mark.quote(&index).is_some(), "{}: {demand:?}", run.id);
            }
        }
        with_demands += usize::from(!audit.contract.is_empty());
    }
    eprintln!(
        "{runs} runs, {with_demands} with demands, {steps} steps, {seconds:.2} s; met {}, unmet {}, contradicted {}, never touched {}",
        states[State::Met as usize],
        states[State::Unmet as usize],
        states[State::Contradicted as usize],
        states[State::NeverTouched as usize],
    );
    assert!(runs > 0);
}
