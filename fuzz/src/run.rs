//! What must hold of everything that is concluded from a run.

use analysis::Index;
use analysis::workspace::Workspace;
use localize::contract::{Audit, Contract};
use localize::evidence::action_text;
use localize::graph::Graph;
use localize::graph::print::{Drawing, document, draw};
use localize::{Model, Options, diagnose_with};
use trace::{Comparison, Diagnosis, Evidence, StepId, Trajectory, Verdict};

use crate::script;

/// So many states of the files are compared with each other; more find nothing else.
const MOST_STATES: usize = 12;

/// Any text as a task: demands cite it and are numbered as they stand.
pub fn contract(text: &str) {
    let contract = Contract::read(text);
    for (at, demand) in contract.demands.iter().enumerate() {
        assert_eq!(usize::from(demand.id), at + 1);
        assert!(text.get(demand.span.clone()).is_some(), "{demand:?}");
        assert!(!demand.words(text).is_empty(), "{demand:?}");
        assert!(demand.weight <= 3 && !demand.name().is_empty());
    }
    assert_eq!(contract, Contract::read(text));
    serde_json::to_string(&contract).expect("a contract is data");
}

/// A run, or two, from the files over the graph to the verdict.
pub fn diagnosis(text: &str) {
    let runs = script::runs(text);
    let indexes: Vec<Index<'_>> = runs.iter().map(Index::new).collect();
    for index in &indexes {
        judged(index);
    }
    if let [a, b] = &indexes[..] {
        compared(a, b);
    }
}

/// Shell scripts that write, change and show files, one a step: each text after an empty line is
/// what the script before it printed.
pub fn workspace(text: &str) {
    let run = if text.contains("%%") {
        script::runs(text).swap_remove(0)
    } else {
        let parts = text.split("\n\n").enumerate();
        let marked = parts.map(|(at, part)| {
            let word = if at % 2 == 0 { "shell" } else { "see" };
            format!("%%{word}\n{part}\n")
        });
        script::runs(&marked.collect::<String>()).swap_remove(0)
    };
    let index = Index::new(&run);
    let workspace = Workspace::new(&index);
    states(&index, &workspace);
}

/// What a workspace says of every step, and that its differences lead from one state to the next.
fn states(index: &Index<'_>, workspace: &Workspace) {
    for at in 0..index.len() {
        let step = StepId::from_index(at);
        if let Some(survival) = workspace.survival(step) {
            assert!(survival.standing <= survival.written, "{survival:?}");
            let ended = workspace.superseded(step);
            assert!(ended.is_none_or(|ended| ended >= step));
        }
        assert!(workspace.reverted(step).is_none_or(|back| back < step));
        for (file, version) in workspace.touched(step) {
            assert_eq!(version.step, step);
            let there = workspace.at(&file.path, step).is_some();
            assert_eq!(workspace.blame(&file.path, step).is_some(), there);
        }
    }
    let last = index.len();
    for from in (0..last).take(MOST_STATES) {
        for to in [from + 1, last - 1] {
            if from < to && to < last {
                applied(workspace, StepId::from_index(from), StepId::from_index(to));
            }
        }
    }
    let _ = workspace.final_patch();
    let _ = workspace.checks();
}

fn applied(workspace: &Workspace, from: StepId, to: StepId) {
    let differences = workspace.diff(Some(from), Some(to));
    for file in workspace.files() {
        let whole = |step| workspace.at(&file.path, step).and_then(|text| text.whole());
        let (Some(old), Some(new)) = (whole(from), whole(to)) else {
            continue;
        };
        let difference = differences.iter().find(|d| d.path == file.path);
        let hunks = difference.map_or("", |d| d.hunks.as_str());
        assert_eq!(patched(&old, hunks), new, "{from} to {to}: {hunks}");
    }
}

/// A text after a unified difference, applied by the book.
fn patched(old: &str, hunks: &str) -> String {
    let before: Vec<&str> = old.split_inclusive('\n').collect();
    let mut out = String::new();
    let mut at = 0;
    let mut lines = hunks.split_inclusive('\n').peekable();
    while let Some(line) = lines.next() {
        if let Some(header) = line.strip_prefix("@@ -") {
            let (start, rest) = header.split_once(',').expect("a hunk has a length");
            let count = rest.split(' ').next().expect("a length").parse::<usize>();
            let start: usize = start.parse().expect("a hunk has a beginning");
            let start = start - usize::from(count != Ok(0));
            out.extend(before[at..start].iter().copied());
            at = start;
            continue;
        }
        let (sign, said) = line.split_at(1);
        let open = lines.peek().is_some_and(|next| next.starts_with('\\'));
        let said = if open {
            said.trim_end_matches('\n')
        } else {
            said
        };
        match sign {
            " " | "-" => {
                assert_eq!(before.get(at), Some(&said));
                at += 1;
                out.push_str(if sign == " " { said } else { "" });
            }
            "+" => out.push_str(said),
            _ => {}
        }
    }
    out.extend(before[at..].iter().copied());
    out
}

/// Everything about one run.
fn judged(index: &Index<'_>) {
    let workspace = Workspace::new(index);
    states(index, &workspace);
    let audit = Audit::over(index);
    let (_, all) = audit.progress(StepId::from_index(index.len()));
    for at in 0..index.len() {
        assert!(audit.progress(StepId::from_index(at)).0 <= all);
    }
    drawn(index, &Graph::new(index, &audit, &workspace));
    let options = Options {
        explain: true,
        ..Options::default()
    };
    let mut explained = diagnose_with(index, options, Model::shipped());
    for candidate in &mut explained.onset_candidates {
        for part in candidate.contributions.drain(..) {
            assert!((0.0..=1.0).contains(&part.strength), "{part:?}");
        }
    }
    let diagnosis = diagnose_with(index, Options::default(), Model::shipped());
    assert_eq!(diagnosis, explained);
    holds(index, &diagnosis);
    let blind = Options {
        blind: true,
        ..Options::default()
    };
    let blind = diagnose_with(index, blind, Model::shipped());
    assert!(!blind.used_outcome);
    let mut hidden = index.trajectory.clone();
    hidden.outcome.resolved = None;
    let unrecorded = diagnose_with(&Index::new(&hidden), Options::default(), Model::shipped());
    assert_eq!(blind.onset_step_id, unrecorded.onset_step_id);
    assert_eq!(blind.onset_candidates, unrecorded.onset_candidates);
}

fn drawn(index: &Index<'_>, graph: &Graph) {
    let all = document(graph, index, None);
    assert_eq!(all.edges.len(), graph.edges().len());
    for drawing in [Drawing::Dot, Drawing::Mermaid] {
        let lines = draw(graph, index, None, drawing).lines().count();
        assert!(lines > all.nodes.len() + all.edges.len());
    }
}

fn holds(index: &Index<'_>, diagnosis: &Diagnosis) {
    let there = |step: &StepId| step.index() < index.len();
    // An undecided run may have one too: where it went wrong if it did.
    let onset = diagnosis.onset_step_id.is_some();
    match diagnosis.verdict {
        Verdict::FailureFound => assert!(onset),
        Verdict::NoFailure => assert!(!onset),
        Verdict::Undecided => {}
    }
    assert!(diagnosis.onset_step_id.as_ref().is_none_or(there));
    let candidates = &diagnosis.onset_candidates;
    assert!(candidates.iter().all(|c| there(&c.step_id)));
    assert!(candidates.is_sorted_by(|a, b| a.score >= b.score));
    let sum: f64 = candidates.iter().map(|c| c.score).sum();
    let most = candidates.is_empty() || (0.0..=1.0 + 1e-9).contains(&sum);
    assert!(most, "{candidates:?}");
    // Only the first ten are named; fewer are all there are.
    let all = candidates.is_empty() || candidates.len() >= 10 || sum > 1.0 - 1e-9;
    assert!(all, "{candidates:?}");
    assert!(diagnosis.chain.is_sorted_by(|a, b| a.step_id < b.step_id));
    assert!(diagnosis.incorrect_step_ids.is_sorted());
    assert!(diagnosis.turning_points.is_sorted_by_key(|t| t.step_id));
    for share in [diagnosis.confidence, diagnosis.failure_probability] {
        assert!((0.0..=1.0).contains(&share), "{share}");
    }
    for stage in &diagnosis.stages {
        let f = stage.features;
        for share in [
            stage.suspicion,
            f.verification_regression,
            f.diff_magnitude,
            f.backtrack_frequency,
            f.exploration_ratio,
            f.step_suspicion,
        ] {
            assert!((0.0..=1.0).contains(&share), "{stage:?}");
        }
    }
    let waste = &diagnosis.waste;
    assert_eq!(waste.total.steps, diagnosis.step_count);
    let shares: u32 = waste.causes.iter().map(|cause| cause.spent.steps).sum();
    assert_eq!(waste.wasted.steps, shares);
    assert!(shares <= waste.total.steps);
    let labels = diagnosis.labels.iter().flat_map(|label| &label.evidence);
    let chain = diagnosis.chain.iter().flat_map(|link| &link.evidence);
    let failures = diagnosis.failures.iter().flat_map(|f| &f.evidence);
    let turns = diagnosis.turning_points.iter().flat_map(|t| &t.evidence);
    let peak = diagnosis.peak.iter().flat_map(|peak| &peak.evidence);
    for evidence in labels.chain(chain).chain(failures).chain(turns).chain(peak) {
        quoted(index.trajectory, evidence);
    }
    serde_json::to_string(diagnosis).expect("a diagnosis is data");
}

/// The words are those of the step they are cited from.
fn quoted(run: &Trajectory, evidence: &Evidence) {
    let step = run.step(evidence.step_id).expect("a cited step is there");
    let texts = [action_text(&step), &step.thought, step.observed()];
    assert!(!evidence.quote.is_empty());
    let found = texts.iter().any(|text| text.contains(&evidence.quote));
    assert!(found, "{evidence:?}");
}

fn compared(a: &Index<'_>, b: &Index<'_>) {
    let forth = analysis::compare::compare(a, b);
    let back = analysis::compare::compare(b, a);
    assert_eq!(swapped(&forth), counts(&back));
    for (comparison, runs) in [(&forth, [a, b]), (&back, [b, a])] {
        let Some(divergence) = &comparison.divergence else {
            continue;
        };
        for (side, run) in [&divergence.a, &divergence.b].into_iter().zip(runs) {
            let steps = [side.step_id, side.last_common_step_id];
            assert!(steps.iter().flatten().all(|step| step.index() < run.len()));
            for evidence in &side.evidence {
                let step = run.trajectory.step(evidence.step_id);
                assert!(step.is_some() && !evidence.quote.is_empty());
            }
        }
    }
    serde_json::to_string(&forth).expect("a comparison is data");
}

fn counts(comparison: &Comparison) -> [u32; 5] {
    let c = comparison.counts;
    [c.same, c.alike, c.different, c.only_a, c.only_b]
}

fn swapped(comparison: &Comparison) -> [u32; 5] {
    let [same, alike, different, a, b] = counts(comparison);
    [same, alike, different, b, a]
}
