//! The command line of `CodeTracer`: wiring only. What is asked is parsed in `cli`, artifacts are
//! opened in `input`, results leave through `output`, and every command has its file in `command`.

mod asking;
mod cli;
mod command;
mod data;
mod input;
mod kept;
mod local;
mod output;
mod outside;

use std::io;
use std::process::ExitCode;

use clap::Parser;

use crate::cli::Cli;
use crate::output::Output;

fn main() -> ExitCode {
    // Started by itself to run an extractor program, this process is nothing but its worker.
    if let Some(code) = script::worker::main() {
        return code;
    }
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are answers, not errors; clap knows which is which.
            let status = u8::try_from(error.exit_code()).unwrap_or(2);
            return match error.print() {
                Ok(()) => ExitCode::from(status),
                Err(_) => ExitCode::from(2),
            };
        }
    };
    let mut output = Output::new(&cli.flags);
    if let Ok(launcher) = script::Launcher::here() {
        formats::learned::allow_scripts(launcher);
    }
    let done = command::run(&cli, &mut output).and_then(|status| {
        output.flush()?;
        Ok(status)
    });
    match done {
        Ok(status) => status.into(),
        // The reader has seen enough (`codetracer … | head`); there is nobody left to tell.
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            // What was already written stands before the error that ends the work.
            let _ = output.flush();
            output.error(&format!("{error:#}"));
            command::Status::BadInput.into()
        }
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        let io_kind = cause.downcast_ref::<io::Error>().map(io::Error::kind);
        let json_kind = cause
            .downcast_ref::<serde_json::Error>()
            .and_then(serde_json::Error::io_error_kind);
        io_kind.or(json_kind) == Some(io::ErrorKind::BrokenPipe)
    })
}
