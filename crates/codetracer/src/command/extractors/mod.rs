//! `codetracer extractors`: learned extractors, from learning to giving them away.

mod author;
mod exchange;
mod learn;
mod review;

use anyhow::Result;

use super::Status;
use crate::cli::Extractors;
use crate::output::Output;

/// Does what was asked with the registry.
pub(super) fn run(what: &Extractors, output: &mut Output) -> Result<Status> {
    match what {
        Extractors::List { json } => review::list(*json, output),
        Extractors::Show {
            name,
            json,
            program,
        } => review::show(name, *json, *program, output),
        Extractors::Test { name, path, json } => review::test(name, path.as_deref(), *json, output),
        Extractors::Learn(args) => learn::run(args, output),
        Extractors::Export { name, file } => exchange::export(name, file.as_deref(), output),
        Extractors::Import {
            file,
            name,
            edited,
            dry_run,
            json,
        } => {
            let how = exchange::Import {
                name: name.as_deref(),
                edited: *edited,
                dry_run: *dry_run,
                json: *json,
            };
            exchange::import(file, &how, output)
        }
        Extractors::Remove { name, json } => exchange::remove(name, *json, output),
    }
}
