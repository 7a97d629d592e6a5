//! Fitting the offline engine's model to labelled runs, and telling how it does on tasks it has not
//! seen.
//!
//! What is learned is [`localize::Model`]: three small linear models whose weights are drawn to stated
//! ones (see [`localize::model::fit`]). Cross-validation leaves out one task at a time, with all its runs;
//! the weights, the calibration and everything else a verdict rests on are fitted again without it.

mod ablation;
mod cross;
mod fold;
mod sample;
#[cfg(test)]
mod tests;

pub use ablation::{Ablated, FIGURES, Figures, ablate, markdown as ablation_markdown};
pub use cross::{Unseen, cross_validate, models_by_task};
pub use fold::{Settings, fit};
pub use sample::{Sample, digest, join_tasks};
