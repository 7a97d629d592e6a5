//! A worker and nothing else, for the tests and benches of this crate. The real one is the
//! `codetracer` binary, which starts itself anew.

use std::process::ExitCode;

fn main() -> ExitCode {
    script::worker::main().unwrap_or(ExitCode::from(2))
}
