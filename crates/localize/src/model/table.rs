//! What was measured of a run, as plain numbers.

use trace::StepId;

/// The measured steps of one run. A step that no column says anything about has no row.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Table {
    /// In step order.
    pub rows: Vec<Row>,
}

/// One step and how strongly each column speaks of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// The step.
    pub step: StepId,
    /// Column numbers, ascending, with strengths above 0 and at most 1. What is left out is 0.
    pub strengths: Vec<(usize, f64)>,
}

impl Row {
    /// The weighted sum of the strengths.
    #[must_use]
    pub fn dot(&self, weights: &[f64]) -> f64 {
        let terms = self.strengths.iter();
        terms
            .map(|&(column, strength)| strength * weights.get(column).copied().unwrap_or(0.0))
            .sum()
    }

    /// How strongly one column speaks of the step.
    #[must_use]
    pub fn strength(&self, column: usize) -> f64 {
        let at = self.strengths.binary_search_by_key(&column, |&(c, _)| c);
        at.map_or(0.0, |at| self.strengths[at].1)
    }
}

impl Table {
    /// The strongest that each column speaks of any step, as one row without a step of its own: what
    /// is known of the run as a whole. Blind to where in the run and how often.
    #[must_use]
    pub fn strongest(&self, columns: usize) -> Vec<(usize, f64)> {
        let mut most = vec![0.0_f64; columns];
        for &(column, strength) in self.rows.iter().flat_map(|row| &row.strengths) {
            if let Some(most) = most.get_mut(column) {
                *most = most.max(strength);
            }
        }
        let found = most.into_iter().enumerate();
        found.filter(|&(_, strength)| strength > 0.0).collect()
    }
}
