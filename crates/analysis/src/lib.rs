//! Turns a trajectory into an index: what every step did, what its result proves, and how the steps
//! group into stages and nest into the trace tree.
//!
//! Reads only the trajectory it is given; no files, no clocks, no network.

pub mod activity;
pub mod compare;
pub mod effect;
pub mod injection;
pub mod intent;
pub mod outcome;
pub mod render;
pub mod shell;
pub mod stage;
pub mod workspace;

mod index;

pub use index::{Index, IndexedStep};
