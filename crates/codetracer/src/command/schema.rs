//! `codetracer schema`: the JSON Schemas of the documents.

use anyhow::bail;
use serde_json::{Map, Value};

use super::Status;
use crate::output::Output;

/// Prints the schema called `name`, or all of them in one object by name.
pub(super) fn run(name: Option<&str>, output: &mut Output) -> anyhow::Result<Status> {
    let schemas: Vec<(&str, Value)> = trace::json_schemas()
        .into_iter()
        .chain(export::json_schemas())
        .map(|(file, schema)| (file.trim_end_matches(".schema.json"), schema.to_value()))
        .collect();
    let shown = match name {
        None => {
            let all = schemas.into_iter().map(|(n, s)| (n.to_owned(), s));
            Value::Object(all.collect::<Map<_, _>>())
        }
        Some(name) => {
            let wanted = name.trim_end_matches(".schema.json");
            let names: Vec<&str> = schemas.iter().map(|(n, _)| *n).collect();
            let known = names.join(", ");
            match schemas.into_iter().find(|(n, _)| *n == wanted) {
                Some((_, schema)) => schema,
                None => bail!("no schema `{name}`; there are {known}"),
            }
        }
    };
    let text = serde_json::to_string_pretty(&shown)?;
    output.text(&text)?;
    output.text("\n")?;
    Ok(Status::Done)
}
