//! The offline engine: names where a run first went wrong, with evidence.
//!
//! [`diagnose`] shows an [`analysis::Index`] to every [`Signal`], adds up what they report by the
//! weights of the [`model`], and writes the verdict, the chain and the labels. Same input, same
//! verdict.
//!
//! What is known of a run:
//!
//! * [`case`]: all of it, put together once and shown to every signal.
//! * [`contract`]: what the task demands, and how each demand stands after every step.
//! * [`graph`]: what led to what, and what shows that the run failed.
//! * `facts`: what many ask of a run, such as which step wrote and ran which file.
//! * [`analysis::workspace`]: what the files held after every step.
//!
//! What it is held to mean:
//!
//! * [`signal`]: reasons for suspicion, one file each.
//! * [`mod@column`], [`findings`]: what was measured of every step, as numbers and in words.
//! * [`model`]: the weights by which that becomes a ranking, and how they are fitted.
//! * [`verdict`]: whether the run failed, where, and how sure that is.
//!
//! What is told of it:
//!
//! * `engine`: the diagnosis as a document; `summary` and `explain`: its sentences and its sums.
//! * [`chain`]: how the error spread from the onset to the failure.
//! * [`label`]: which steps are incorrect or unuseful.
//! * [`error_type`]: what kind of error it is, by which rule.
//! * [`suspicion`]: how suspicious each stage is.
//! * [`progress`]: how close to done the run came, and what it lost again.
//! * [`waste`]: work that was for nothing, and what it cost.
//! * [`evidence`]: quotations that can be re-read.

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

mod engine;
mod explain;
mod facts;
mod summary;

pub use case::Case;
pub use engine::{Options, diagnose, diagnose_case, diagnose_with};
pub use explain::explain;
pub use findings::Findings;
pub use model::Model;
pub use signal::{Signal, Suspicion, signals};
