//! The offline engine: names where a run first went wrong, with evidence.
//!
//! [`diagnose`] shows an [`analysis::Index`] to every [`Signal`], adds up what they report with the
//! stated weights, and writes the verdict, the chain and the labels. Same input, same verdict.

pub mod case;
pub mod column;
pub mod evidence;
pub mod findings;
pub mod model;
pub mod signal;
pub mod verdict;

mod authored;
mod blame;
mod engine;
mod label;
mod phrase;
mod plan;

pub use case::Case;
pub use engine::{Options, diagnose, diagnose_with};
pub use findings::Findings;
pub use model::Model;
pub use signal::{Signal, Suspicion, signals};
