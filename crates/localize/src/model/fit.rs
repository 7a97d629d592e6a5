//! Fitting weights to labelled runs.
//!
//! Labels are few, so that three things hold the weights back: they are drawn to the stated ones (ridge
//! around them instead of around zero), none may change the sign that was stated, and every run counts
//! the same however many steps it has. The problems are convex and small; projected gradient descent
//! with a step that adapts (Beck and Teboulle 2009, without momentum) finds their minimum. No kept crate
//! fits a softmax over groups with signs and a centre of one's own, which is why this is written out.

use super::{Calibration, Row, Table, probability, shares};

/// What the weights may be.
#[derive(Debug, Clone)]
pub struct Prior {
    /// Where they are drawn to, in log odds.
    pub centre: Vec<f64>,
    /// -1: not above zero, 1: not below it, 0: free.
    pub sign: Vec<i8>,
}

impl Prior {
    /// Weights drawn to `centre`, each of the sign it has there; free where that is zero.
    #[must_use]
    pub fn around(centre: &[f64]) -> Self {
        Self {
            centre: centre.to_vec(),
            sign: centre
                .iter()
                .map(|&c| if c > 0.0 { 1 } else { -i8::from(c < 0.0) })
                .collect(),
        }
    }

    fn project(&self, weights: &mut [f64]) {
        for (weight, sign) in weights.iter_mut().zip(&self.sign) {
            *weight = match sign {
                1 => weight.max(0.0),
                -1 => weight.min(0.0),
                _ => *weight,
            };
        }
    }
}

/// A run with how much of the onset each of its rows carries; the parts add up to 1.
pub struct Ranked<'t> {
    /// What was measured.
    pub table: &'t Table,
    /// One part a row.
    pub onset: Vec<f64>,
}

/// Weights of the softmax over steps that make the labelled onsets most probable. `ridge` is the
/// penalty on half the squared distance from the prior's centre.
#[must_use]
pub fn fit_onset(runs: &[Ranked<'_>], prior: &Prior, ridge: f64) -> Vec<f64> {
    let loss = |weights: &[f64], gradient: &mut [f64]| {
        let mut loss = 0.0;
        for run in runs {
            let shares = shares(run.table, weights);
            for ((row, share), target) in run.table.rows.iter().zip(shares).zip(&run.onset) {
                loss -= target * share.max(1e-12).ln();
                add(gradient, row, share - target);
            }
        }
        loss
    };
    minimise(prior.centre.clone(), prior, ridge, loss)
}

/// Labelled rows of a logistic model: each with its answer and how much it counts.
pub struct Answered<'t> {
    /// What was measured.
    pub row: &'t Row,
    /// Whether the answer is yes.
    pub yes: bool,
    /// How much the row counts.
    pub weight: f64,
}

/// Intercept and weights of a logistic model; `ridge` as for [`fit_onset`].
#[must_use]
pub fn fit_logistic(rows: &[Answered<'_>], prior: &Prior, ridge: f64) -> (f64, Vec<f64>) {
    let columns = prior.centre.len();
    // The intercept is one more weight, drawn to even odds as gently as the others are to their centre.
    let mut wide = prior.clone();
    wide.centre.push(0.0);
    wide.sign.push(0);
    let loss = |weights: &[f64], gradient: &mut [f64]| {
        let mut loss = 0.0;
        for answered in rows {
            let chance = probability(weights[columns] + answered.row.dot(&weights[..columns]));
            let target = f64::from(u8::from(answered.yes));
            let likelihood = if answered.yes { chance } else { 1.0 - chance };
            loss -= answered.weight * likelihood.max(1e-12).ln();
            let pull = answered.weight * (chance - target);
            add(gradient, answered.row, pull);
            gradient[columns] += pull;
        }
        loss
    };
    let mut weights = minimise(wide.centre.clone(), &wide, ridge, loss);
    let intercept = weights.pop().unwrap_or_default();
    (intercept, weights)
}

/// The best candidate of a run that the weights had not seen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Graded {
    /// Its share, in bounded log odds.
    pub share: f64,
    /// How probable it is that the run failed, in bounded log odds.
    pub failed: f64,
    /// Whether a reader would name it too.
    pub right: bool,
}

/// From shares to how often they are right (Platt 1999, with his smoothed targets, over two scores).
#[must_use]
pub fn fit_calibration(grades: &[Graded]) -> Calibration {
    /// Drawn to the shares as they are, as if by one run.
    const RIDGE: f64 = 1.0;
    let hits = count(grades.iter().filter(|grade| grade.right).count());
    let yes = (hits + 1.0) / (hits + 2.0);
    let no = 1.0 / (count(grades.len()) - hits + 2.0);
    let prior = Prior {
        centre: vec![0.0, 1.0, 0.5],
        sign: vec![0, 1, 1],
    };
    let loss = |w: &[f64], gradient: &mut [f64]| {
        let mut loss = 0.0;
        for grade in grades {
            let chance = probability(w[0] + w[1] * grade.share + w[2] * grade.failed);
            let target = if grade.right { yes } else { no };
            loss -=
                target * chance.max(1e-12).ln() + (1.0 - target) * (1.0 - chance).max(1e-12).ln();
            gradient[0] += chance - target;
            gradient[1] += (chance - target) * grade.share;
            gradient[2] += (chance - target) * grade.failed;
        }
        loss
    };
    let fitted = minimise(prior.centre.clone(), &prior, RIDGE, loss);
    Calibration {
        intercept: rounded(fitted[0]),
        share: rounded(fitted[1]),
        failed: rounded(fitted[2]),
    }
}

/// Three digits: more would be noise in a file for people.
#[must_use]
pub fn rounded(weight: f64) -> f64 {
    // The sum makes 0 of -0, which would stand as `-0.0` in the file.
    (weight * 1000.0).round() / 1000.0 + 0.0
}

/// A count as a number to reckon with.
fn count(n: usize) -> f64 {
    f64::from(u32::try_from(n).unwrap_or(u32::MAX))
}

fn add(gradient: &mut [f64], row: &Row, factor: f64) {
    for &(column, strength) in &row.strengths {
        if let Some(slot) = gradient.get_mut(column) {
            *slot += factor * strength;
        }
    }
}

/// The minimum of `loss` plus the ridge, among what the prior allows.
fn minimise(
    mut at: Vec<f64>,
    prior: &Prior,
    pull: f64,
    loss: impl Fn(&[f64], &mut [f64]) -> f64,
) -> Vec<f64> {
    const MOST_STEPS: usize = 3000;
    const ENOUGH: f64 = 1e-9;
    let whole = |at: &[f64], gradient: &mut Vec<f64>| {
        gradient.clear();
        gradient.resize(at.len(), 0.0);
        let mut sum = loss(at, gradient);
        for ((slot, weight), centre) in gradient.iter_mut().zip(at).zip(&prior.centre) {
            let away = weight - centre;
            sum += pull * away * away / 2.0;
            *slot += pull * away;
        }
        sum
    };
    let (mut gradient, mut ahead) = (Vec::new(), Vec::new());
    let mut here = whole(&at, &mut gradient);
    let mut step = 1.0;
    for _ in 0..MOST_STEPS {
        let (next, there) = loop {
            let mut next: Vec<f64> = at
                .iter()
                .zip(&gradient)
                .map(|(w, g)| w - step * g)
                .collect();
            prior.project(&mut next);
            let there = whole(&next, &mut ahead);
            let moved = next.iter().zip(&at).zip(&gradient);
            let bound: f64 = moved
                .map(|((n, w), g)| g * (n - w) + (n - w) * (n - w) / (2.0 * step))
                .sum();
            if there <= here + bound + 1e-12 {
                break (next, there);
            }
            if step < 1e-9 {
                // Nothing near is better: what there is, is the minimum as far as numbers can tell.
                return at;
            }
            step /= 2.0;
        };
        let gained = here - there;
        (at, here) = (next, there);
        std::mem::swap(&mut gradient, &mut ahead);
        step *= 1.5;
        if gained.abs() < ENOUGH {
            break;
        }
    }
    at
}
