//! Where a figure comes from: rows by agent, model, difficulty, category, split, outcome and length.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::metric::Row;

/// A part of the rows of a set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Part {
    /// What the rows are told apart by.
    pub by: &'static str,
    /// What these have in common.
    pub value: String,
    /// Where they stand among the rows of the set.
    #[serde(skip)]
    pub rows: Vec<usize>,
}

/// What rows are told apart by, besides length, and how.
type Dimension = (&'static str, fn(Row<'_>) -> Option<String>);

const DIMENSIONS: &[Dimension] = &[
    ("agent", |row| {
        let gold = row.gold.agent.as_ref();
        gold.or(row.prediction.and_then(|p| p.agent.as_ref()))
            .map(|agent| agent.to_lowercase())
    }),
    ("model", |row| {
        let gold = row.gold.model.as_ref();
        gold.or(row.prediction.and_then(|p| p.model.as_ref()))
            .map(|model| model.to_lowercase())
    }),
    ("difficulty", |row| row.gold.difficulty.clone()),
    ("category", |row| row.gold.category.clone()),
    ("split", |row| row.gold.split.clone()),
    ("outcome", |row| {
        let word = |solved| if solved { "solved" } else { "unsolved" };
        row.gold.solved.map(|solved| word(solved).to_owned())
    }),
];

/// How many bands of length there are, of as equal size as ties allow.
const BANDS: usize = 4;

/// The parts of a set, dimension by dimension, values in order. A dimension with a single value tells
/// nothing and is left out. Splits are also left out one at a time (`outside`), because a split can be
/// won by position alone.
///
/// Agents and models that the labels do not name are taken from predictions, so hand in the rows of
/// the first system.
#[must_use]
pub fn parts(rows: &[Row<'_>]) -> Vec<Part> {
    let mut parts = Vec::new();
    for (by, value) in DIMENSIONS {
        let mut values: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (at, row) in rows.iter().enumerate() {
            let value = value(*row).unwrap_or_else(|| "not said".to_owned());
            values.entry(value).or_default().push(at);
        }
        if values.len() < 2 {
            continue;
        }
        if *by == "split" {
            parts.extend(values.iter().map(|(split, inside)| {
                Part {
                    by: "split",
                    value: format!("outside {split}"),
                    rows: (0..rows.len())
                        .filter(|row| inside.binary_search(row).is_err())
                        .collect(),
                }
            }));
        }
        parts.extend(
            values
                .into_iter()
                .map(|(value, rows)| Part { by, value, rows }),
        );
    }
    parts.extend(bands(rows));
    parts
}

/// Quarters by number of steps. Runs of equal length stay together.
fn bands(rows: &[Row<'_>]) -> Vec<Part> {
    let mut sorted: Vec<(u32, usize)> = rows
        .iter()
        .enumerate()
        .map(|(at, row)| (row.gold.steps(), at))
        .collect();
    sorted.sort_unstable();
    let mut bands: Vec<Vec<(u32, usize)>> = vec![Vec::new(); BANDS];
    let mut placed = 0;
    for same in sorted.chunk_by(|a, b| a.0 == b.0) {
        let band = (placed * BANDS / sorted.len()).min(BANDS - 1);
        bands[band].extend_from_slice(same);
        placed += same.len();
    }
    bands.retain(|band| !band.is_empty());
    if bands.len() < 2 {
        return Vec::new();
    }
    bands
        .into_iter()
        .filter_map(|band| {
            let (low, high) = (band.first()?.0, band.last()?.0);
            let mut rows: Vec<usize> = band.into_iter().map(|(_, at)| at).collect();
            rows.sort_unstable();
            Some(Part {
                by: "steps",
                value: format!("{low} to {high}"),
                rows,
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gold::GoldRun;

    #[test]
    fn every_row_is_in_one_value_of_a_dimension() {
        let gold: Vec<GoldRun> = (0..9_u32)
            .map(|at| GoldRun {
                split: Some(["x", "y", "z"][at as usize % 3].to_owned()),
                step_count: Some(10 + at / 2),
                agent: Some("one".to_owned()),
                ..GoldRun::default()
            })
            .collect();
        let rows: Vec<Row<'_>> = gold
            .iter()
            .map(|gold| Row {
                gold,
                prediction: None,
            })
            .collect();
        let parts = parts(&rows);
        assert!(parts.iter().all(|part| part.by != "agent"));
        for by in ["split", "steps"] {
            let within = parts
                .iter()
                .filter(|part| part.by == by && !part.value.starts_with("outside"));
            let mut all: Vec<usize> = within.flat_map(|part| part.rows.clone()).collect();
            all.sort_unstable();
            assert_eq!(all, (0..9).collect::<Vec<_>>(), "{by}");
        }
        let outside = parts.iter().find(|part| part.value == "outside y").unwrap();
        assert_eq!(outside.rows, [0, 2, 3, 5, 6, 8]);
    }
}
