//! The offline engine: names where a run first went wrong, with evidence.
//!
//! [`diagnose`] shows an [`analysis::Index`] to every [`Signal`], adds up what they report with the
//! stated weights, and writes the verdict, the chain and the labels. Same input, same verdict.

pub mod case;
pub mod chain;
pub mod column;
pub mod contract;
pub mod error_type;
pub mod evidence;
pub mod findings;
pub mod graph;
pub mod label;
pub mod model;
pub mod progress;
pub mod signal;
pub mod suspicion;
pub mod verdict;
pub mod waste;

mod aside;
mod authored;
mod blame;
mod demand;
mod edits;
mod engine;
mod explain;
mod history;
mod phrase;
mod plan;
mod summary;
mod terminal;

pub use case::Case;
pub use engine::{Options, diagnose, diagnose_with};
pub use findings::Findings;
pub use model::Model;
pub use signal::{Signal, Suspicion, signals};
