//! Traces and the histories of agent frameworks.

use super::*;

/// The spans of a file of export requests.
fn spans(path: &Path) -> Vec<Value> {
    let list = |value: &Value, key: &str| value[key].as_array().cloned().unwrap_or_default();
    let resources = json_lines(path)
        .into_iter()
        .flat_map(move |line| list(&line, "resourceSpans"));
    let scopes = resources.flat_map(move |resource| list(&resource, "scopeSpans"));
    scopes
        .flat_map(move |scope| list(&scope, "spans"))
        .collect()
}

/// Spans that execute a tool, of the conventions of OpenTelemetry.
#[test]
fn otlp_tool_spans() {
    let Some(folder) = samples("otlp-genai") else {
        return;
    };
    let spans = files(&folder, ".otlp.jsonl")
        .into_iter()
        .flat_map(|path| spans(&path));
    let counted = spans
        .filter(|span| span.to_string().contains("\"execute_tool\""))
        .count();
    let (_, steps, _) = recovered(&folder, &["otlp"]);
    assert_eq!(steps, counted);
}

/// Calls in what models answered, flattened to attributes as `OpenInference` does.
#[test]
fn otlp_openinference_calls() {
    let Some(folder) = samples("otlp-openinference") else {
        return;
    };
    let spans = files(&folder, ".otlp.jsonl")
        .into_iter()
        .flat_map(|path| spans(&path));
    let asked = |key: &Value| {
        let key = key["key"].as_str().unwrap_or_default();
        key.starts_with("llm.output_messages.") && key.ends_with(".tool_call.function.name")
    };
    let counted = spans
        .flat_map(|span| span["attributes"].as_array().cloned().unwrap_or_default())
        .filter(asked)
        .count();
    let (_, steps, _) = recovered(&folder, &["otlp"]);
    assert_eq!(steps, counted);
}

/// Parts of kind `tool-call` in histories of pydantic-ai.
#[test]
fn pydantic_ai_parts() {
    let Some(folder) = samples("otlp-genai") else {
        return;
    };
    let whole = files(&folder, ".json")
        .into_iter()
        .map(|path| std::fs::read_to_string(path).unwrap());
    let counted: usize = whole
        .map(|text| {
            text.replace(' ', "")
                .matches(r#""part_kind":"tool-call""#)
                .count()
        })
        .sum();
    let (_, steps, _) = recovered(&folder, &["pydantic-ai"]);
    assert_eq!(steps, counted);
}

/// Calls listed by the turns of a smolagents memory.
#[test]
fn smolagents_turns() {
    let Some(folder) = samples("otlp-openinference") else {
        return;
    };
    let whole = files(&folder, ".json")
        .into_iter()
        .map(|path| std::fs::read(path).unwrap());
    let turns = whole.flat_map(|bytes| serde_json::from_slice::<Vec<Value>>(&bytes).unwrap());
    let counted: usize = turns
        .filter_map(|turn| turn["tool_calls"].as_array().map(Vec::len))
        .sum();
    let (_, steps, _) = recovered(&folder, &["smolagents"]);
    assert_eq!(steps, counted);
}

/// Calls in the outputs of generations, in whatever words their framework has for them.
#[test]
fn langfuse_generations() {
    let Some(folder) = samples("langfuse") else {
        return;
    };
    let words = [
        r#""type":"tool_call""#,
        r#""function_call":{"#,
        r#""type":"function""#,
    ];
    let whole = files(&folder, ".json")
        .into_iter()
        .map(|path| std::fs::read(path).unwrap());
    let exports: Vec<Value> = whole
        .map(|bytes| serde_json::from_slice(&bytes).unwrap())
        .collect();
    let counted: usize = exports
        .iter()
        .flat_map(|export| export["observations"].as_array().unwrap())
        .filter(|observation| observation["type"] == "GENERATION")
        .filter_map(|observation| observation["output"].as_str())
        .map(|output| output.split_whitespace().collect::<String>())
        .map(|output| {
            words
                .iter()
                .map(|word| output.matches(word).count())
                .sum::<usize>()
        })
        .sum();
    let (runs, steps, _) = recovered(&folder, &["langfuse"]);
    assert_eq!((runs, steps), (exports.len(), counted));
}
