//! What each signal is worth: the cross-validated figures without it, and with it alone.

use std::collections::BTreeSet;

use localize::column::{columns, is_fact};
use serde::Serialize;

use super::{Sample, Settings, cross_validate};
use crate::gold::Set;
use crate::metric::by_key;
use crate::pairing::pair;
use crate::prediction::Prediction;

/// The figures an ablation shows, by the keys of [`crate::metric`].
pub const FIGURES: &[&str] = &[
    "onset_exact",
    "onset_accepted",
    "onset_top_3",
    "incorrect_f1_onset",
    "incorrect_f1_all",
    "incorrect_f1_positive",
];

/// One signal.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Ablated {
    /// Its name; empty for the whole model.
    pub signal: &'static str,
    /// By set and figure, fitted without it.
    pub without: Vec<Figures>,
    /// By set and figure, fitted with it and the plain facts about a step alone.
    pub alone: Vec<Figures>,
}

/// Figures over one set of labels.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Figures {
    /// The set.
    pub set: String,
    /// In the order of [`FIGURES`]; `None` where the set has no such labels.
    pub values: Vec<Option<f64>>,
}

/// Fits everything again without each signal, and with each one alone; the first entry is the whole
/// model, and the facts alone. Takes two cross-validations a signal.
#[must_use]
pub fn ablate(samples: &[Sample], sets: &[Set], settings: &Settings) -> Vec<Ablated> {
    let signals: Vec<usize> = (0..columns().len()).filter(|at| !is_fact(*at)).collect();
    let figures = |without: BTreeSet<usize>| {
        let settings = Settings {
            without: without.union(&settings.without).copied().collect(),
            ..settings.clone()
        };
        let unseen = cross_validate(samples, &settings);
        let said: Vec<Prediction> = unseen.iter().map(super::Unseen::prediction).collect();
        sets.iter().map(|set| over(set, &said)).collect()
    };
    let others = |kept: Option<usize>| -> BTreeSet<usize> {
        let all = signals.iter().copied();
        all.filter(|at| Some(*at) != kept).collect()
    };
    let whole = Ablated {
        signal: "",
        without: figures(BTreeSet::new()),
        alone: figures(others(None)),
    };
    let each = signals.iter().map(|&at| Ablated {
        signal: columns()[at],
        without: figures(BTreeSet::from([at])),
        alone: figures(others(Some(at))),
    });
    std::iter::once(whole).chain(each).collect()
}

fn over(set: &Set, said: &[Prediction]) -> Figures {
    let paired = pair(&set.runs, said);
    Figures {
        set: set.name.clone(),
        values: FIGURES
            .iter()
            .map(|key| by_key(key)?.figure(&paired.rows))
            .collect(),
    }
}

/// The table as Markdown: figures of the whole model first, then of each signal left out, and alone.
#[must_use]
pub fn markdown(rows: &[Ablated]) -> String {
    use std::fmt::Write as _;
    let mut text = String::new();
    let Some(whole) = rows.first() else {
        return text;
    };
    for (at, set) in whole.without.iter().enumerate() {
        let shown: Vec<usize> = (0..FIGURES.len())
            .filter(|figure| set.values[*figure].is_some())
            .collect();
        if shown.is_empty() {
            continue;
        }
        let names: Vec<&str> = shown.iter().map(|figure| FIGURES[*figure]).collect();
        let _ = writeln!(text, "\n## Ablation over `{}`\n", set.set);
        let _ = writeln!(
            text,
            "Each cell: without the signal / with it and the facts alone.\n"
        );
        let _ = writeln!(text, "| signal | {} |", names.join(" | "));
        let _ = writeln!(text, "|---{}|", "|---".repeat(names.len()));
        for row in rows {
            let name = match row.signal {
                "" => "(all signals / none)",
                name => name,
            };
            let cells: Vec<String> = shown
                .iter()
                .map(|figure| {
                    let of = |side: &[Figures]| {
                        let value = side[at].values[*figure];
                        value.map_or_else(|| "–".to_owned(), |value| format!("{value:.3}"))
                    };
                    format!("{} / {}", of(&row.without), of(&row.alone))
                })
                .collect();
            let _ = writeln!(text, "| {name} | {} |", cells.join(" | "));
        }
    }
    text
}
