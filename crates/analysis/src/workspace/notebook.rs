//! Cells of notebooks.
//!
//! Source: the nbformat 4 schema: `cells` with `id`, `cell_type` and `source`, the last a text or a list
//! of lines; Jupyter writes it with one blank of indentation and a line feed at the end.

use serde::Serialize;
use serde_json::Value;
use serde_json::ser::{PrettyFormatter, Serializer};

/// A notebook after one of its cells was given a new source, or taken out where that is empty; `None`
/// when the text is no notebook or has no such cell. `cell` is an id, `cell-N` or a number counted from
/// 0.
pub(super) fn with_cell(notebook: &str, cell: &str, source: &str) -> Option<String> {
    let mut document: Value = serde_json::from_str(notebook).ok()?;
    let cells = document.get_mut("cells")?.as_array_mut()?;
    let named = cells
        .iter()
        .position(|held| held.get("id").and_then(Value::as_str) == Some(cell));
    let number = || cell.strip_prefix("cell-").unwrap_or(cell).parse().ok();
    let at = named.or_else(number).filter(|at| *at < cells.len())?;
    if source.is_empty() {
        cells.remove(at);
    } else {
        let lines = source.split_inclusive('\n').map(Value::from).collect();
        *cells[at].get_mut("source")? = Value::Array(lines);
    }
    let mut out = Vec::new();
    let mut serializer = Serializer::with_formatter(&mut out, PrettyFormatter::with_indent(b" "));
    document.serialize(&mut serializer).ok()?;
    out.push(b'\n');
    String::from_utf8(out).ok()
}

#[cfg(test)]
mod tests {
    use super::with_cell;

    const NOTEBOOK: &str = "{\n \"cells\": [\n  {\n   \"id\": \"a\",\n   \"source\": \"1\"\n  },\n  {\n   \"id\": \"b\",\n   \"source\": []\n  }\n ],\n \"nbformat\": 4\n}\n";

    #[test]
    fn a_cell_is_named_by_id_or_number() {
        let text = with_cell(NOTEBOOK, "b", "x = 1\ny").unwrap();
        assert!(text.contains("    \"x = 1\\n\",\n    \"y\"\n"), "{text}");
        let text = with_cell(NOTEBOOK, "0", "").unwrap();
        assert!(!text.contains("\"a\"") && text.contains("\"b\""), "{text}");
        assert_eq!(with_cell(NOTEBOOK, "cell-2", "x"), None);
        assert_eq!(with_cell("[1]", "0", "x"), None);
    }
}
