//! Labels and predictions.

use bench::compare::compare;
use bench::gold;
use bench::metric::by_key;
use bench::prediction;
use bench::report::{System, report};

/// The bytes as labels and as predictions of the same runs: figures stay shares, and a system does not
/// differ from itself.
pub fn benchmark(bytes: &[u8]) {
    let (Ok(set), Ok((predictions, _))) = (
        gold::from_text("labels", bytes),
        prediction::from_text(bytes, None),
    ) else {
        return;
    };
    let own = compare(&set, &predictions, &predictions);
    assert!(own.runs.is_empty());
    let _ = prediction::from_text(bytes, Some("run"));
    let report = report(&[set], &[System::new("any", predictions)], &[]);
    for scores in report
        .sets
        .iter()
        .flat_map(|set| set.systems.iter().chain(&set.rules))
    {
        for figure in &scores.figures {
            let share = by_key(figure.key).is_some_and(|metric| metric.share);
            assert!(
                !share || (0.0..=1.0 + 1e-9).contains(&figure.value),
                "{figure:?}"
            );
        }
    }
    assert!(report.markdown().starts_with("# Benchmark"));
    report.svg().expect("a chart is drawn in memory");
    serde_json::to_string(&report).expect("a report is data");
}
