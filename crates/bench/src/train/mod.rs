//! Fitting the offline engine's model to labelled runs, and telling how it does on tasks it has not
//! seen.
//!
//! What is learned is [`localize::Model`]: three small linear models whose weights are drawn to stated
//! ones (see [`localize::model::fit`]). Cross-validation leaves out one task at a time, with all its runs;
//! the weights, the calibration and everything else a verdict rests on are fitted again without it.

mod cross;
mod fold;
mod sample;

pub use cross::{Unseen, cross_validate};
pub use fold::{Settings, fit};
pub use sample::{Sample, position_splits};
