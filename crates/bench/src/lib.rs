//! Diagnoses against labels: what is measured, beside constant rules, with intervals.
//!
//! * [`gold`]: labelled runs, from our files and from `CodeTraceBench` manifests.
//! * [`prediction`]: what systems say about runs, in the shapes they publish it.
//! * [`metric`]: every figure, row by row.
//! * [`rule`]: predictions anybody can make without reading a run, always beside.
//! * [`interval`], [`compare`]: what is more than noise.
//! * [`report`], [`breakdown`]: one document of it all, as JSON, Markdown and a chart.
//! * [`pairing`]: which prediction belongs to which labelled run.
//! * [`spend`], [`agreement`]: what a model took, and whether it says the same when asked again.
//! * [`train`]: the offline engine's model fitted to labels, and cross-validated by task.
//!
//! Nothing here reads an artifact or runs an engine: labels and predictions come in, tables go out.

pub mod agreement;
pub mod breakdown;
pub mod compare;
pub mod gold;
pub mod interval;
pub mod metric;
pub mod pairing;
pub mod prediction;
pub mod report;
pub mod rule;
pub mod spend;
pub mod train;
