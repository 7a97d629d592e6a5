//! The offline engine: names where a run first went wrong, with evidence.
//!
//! [`diagnose`] shows an [`analysis::Index`] to every [`Signal`], adds up what they report with the
//! stated weights, and writes the verdict, the chain and the labels. Same input, same verdict.

pub mod case;
pub mod contract;
pub mod evidence;
pub mod signal;

mod blame;
mod engine;
mod phrase;

pub use case::Case;
pub use engine::{Options, diagnose};
pub use signal::{Signal, Suspicion, signals};
