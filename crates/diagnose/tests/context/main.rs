//! Whole inquiries against a scripted model on loopback: what is sent stays within the context, and
//! whatever the model does, there is an end and a document.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

mod direct;
mod long_runs;
mod loops;
mod run;
