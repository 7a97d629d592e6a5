//! Diagnoses by models, from outside: the real program against a server on loopback that speaks both
//! protocols and behaves well, badly and worse. Whatever the model does, there is a valid document
//! whose every citation resolves, or a clear error; the budget holds by the server's own count; and
//! nothing that was made up is told.
//!
//! `cargo test -p codetracer --test inquiry -- --nocapture --test-threads=1` prints what each behaviour came to.

#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::panic,
    reason = "the table is a result, and a test that cannot go on has failed"
)]
#![allow(clippy::too_many_lines, reason = "tables of cases")]

mod answers;
mod audits;
mod budgets;
mod hostile;
mod interrupted;
mod lies;
mod program;
mod reader;
mod transport;
mod without_tools;
