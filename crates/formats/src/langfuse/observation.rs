//! One observation as a span.

use serde_json::Value;
use trace::{Ref, Usage};

use crate::dialogue::{self, Message, Piece, decoded};
use crate::otlp::{
    AGENT, Attributes, CALL_ID, RESULT, Side, TOOL_NAME, answer_of, bare_arguments, from_value,
    kind_of, result_of, task_of,
};
use crate::spans::{Kind, Span};
use crate::time;

/// An observation with its place in the file.
pub(super) struct Observation {
    /// What it says.
    pub(super) value: Value,
    /// Where it stands, as the record of an action.
    pub(super) cite: Option<Ref>,
    /// Its bytes.
    pub(super) size: usize,
}

/// The types of observations.
const TYPES: &[&str] = &[
    "AGENT",
    "CHAIN",
    "EMBEDDING",
    "EVALUATOR",
    "EVENT",
    "GENERATION",
    "GUARDRAIL",
    "RETRIEVER",
    "SPAN",
    "TOOL",
];

/// Whether an object with these members is an observation.
pub(super) fn is_observation(has: &dyn Fn(&str) -> bool) -> bool {
    let any = |keys: &[&str]| keys.iter().any(|key| has(key));
    has("id")
        && has("type")
        && any(&["startTime", "start_time"])
        && any(&[
            "parentObservationId",
            "parent_observation_id",
            "traceId",
            "trace_id",
        ])
        && any(&[
            "level",
            "usageDetails",
            "usage_details",
            "statusMessage",
            "status_message",
        ])
}

/// The text at the first of `keys` that has any.
pub(super) fn text_at<'v>(value: &'v Value, keys: &[&str]) -> Option<&'v str> {
    let mut texts = keys.iter().filter_map(|key| value.get(*key)?.as_str());
    texts.find(|text| !text.is_empty())
}

/// The span of an observation, and whether its type is known.
pub(super) fn span_of(observation: &Observation) -> (Span, bool) {
    let value = &observation.value;
    let get = |keys: &[&str]| {
        let mut found = keys.iter().filter_map(|key| value.get(*key));
        found.find(|value| !value.is_null())
    };
    let metadata = get(&["metadata"]).map(decoded).unwrap_or_default();
    let attributes = metadata.get("attributes").map(decoded);
    let attributes = Attributes::new(attributes.as_ref());
    let name = text_at(value, &["name"]).unwrap_or_default();
    let stated = text_at(value, &["type"])
        .unwrap_or_default()
        .to_ascii_uppercase();
    let kind = match stated.as_str() {
        "GENERATION" => Kind::Model,
        "AGENT" => Kind::Agent,
        "TOOL" => Kind::Tool,
        _ => match kind_of(name, &attributes).0 {
            // Spans of models are generations; what else looks like one is around them.
            Kind::Model => Kind::Other,
            kind => kind,
        },
    };
    let time = |keys: &[&str]| get(keys).and_then(time::of);
    let failed = text_at(value, &["level"]) == Some("ERROR");
    let said = text_at(value, &["statusMessage", "status_message"]);
    let mut span = Span {
        id: text_at(value, &["id"]).unwrap_or_default().to_owned(),
        parent: text_at(value, &["parentObservationId", "parent_observation_id"])
            .map(str::to_owned),
        name: name.to_owned(),
        kind,
        started: time(&["startTime", "start_time"]),
        ended: time(&["endTime", "end_time"]),
        agent: attributes.text(AGENT).map(str::to_owned),
        model: text_at(
            value,
            &["model", "provided_model_name", "providedModelName"],
        )
        .map(str::to_owned),
        error: failed.then(|| said.unwrap_or("error").to_owned()),
        cite: observation.cite.clone(),
        ..Span::default()
    };
    let (input, output) = (get(&["input"]), get(&["output"]));
    match kind {
        Kind::Model => {
            span.usage = usage_of(value);
            span.input = input
                .map(|input| from_value(input, Side::Input))
                .unwrap_or_default();
            span.output = output
                .map(|output| from_value(output, Side::Output))
                .unwrap_or_default();
            span.output.extend(calls_beside(value, &span.output));
        }
        Kind::Agent => {
            span.task = input.and_then(task_of);
            span.answer = output.and_then(answer_of);
        }
        Kind::Tool | Kind::Other => fill_tool(&mut span, &attributes, input, output),
    }
    (span, TYPES.contains(&stated.as_str()))
}

fn fill_tool(
    span: &mut Span,
    attributes: &Attributes,
    input: Option<&Value>,
    output: Option<&Value>,
) {
    let stated = attributes.text(TOOL_NAME);
    let bare = span
        .name
        .strip_prefix("execute_tool ")
        .filter(|_| span.kind == Kind::Tool);
    span.tool = stated.or(bare).map(str::to_owned);
    span.call_id = attributes.text(CALL_ID).map(str::to_owned);
    span.arguments = input.map(decoded).map(bare_arguments).unwrap_or_default();
    let empty = |value: &Value| {
        decoded(value)
            .as_object()
            .is_some_and(serde_json::Map::is_empty)
    };
    let output = output.filter(|output| !empty(output));
    let Some(output) = output.or_else(|| attributes.value(RESULT)) else {
        return;
    };
    let (id, mut result) = result_of(output);
    span.call_id = span.call_id.take().or(id);
    if let Some(error) = &span.error {
        result.is_error = Some(true);
        if result.text.is_empty() {
            result.text.clone_from(error);
        }
    }
    span.result = Some(result);
}

/// Tokens and cost. Details add up, so all that begin with `input` are the input, unless the total
/// says that they are parts of it.
fn usage_of(value: &Value) -> Usage {
    let object = |keys: &[&str]| {
        let found = keys.iter().find_map(|key| value.get(*key));
        found.map(decoded).filter(Value::is_object)
    };
    let details = object(&["usageDetails", "usage_details", "usage"]).unwrap_or_default();
    let number = |value: &Value| value.as_u64().or_else(|| value.as_str()?.parse().ok());
    let one = |key: &str| details.get(key).and_then(number);
    let sum = |prefix: &str| {
        let members = details.as_object().into_iter().flatten();
        let own = members.filter(|(key, _)| key.starts_with(prefix));
        own.filter_map(|(_, value)| number(value))
            .reduce(u64::saturating_add)
    };
    let (mut input, mut output) = (sum("input"), sum("output"));
    if let Some(total) = one("total")
        && input.unwrap_or(0).saturating_add(output.unwrap_or(0)) > total
    {
        (input, output) = (one("input"), one("output"));
    }
    let cached = [
        "input_cache_read",
        "input_cached_tokens",
        "cache_read_input_tokens",
        "input_cached",
    ];
    let costs = object(&["costDetails", "cost_details"]).unwrap_or_default();
    let amount = |value: &Value| value.as_f64().or_else(|| value.as_str()?.parse().ok());
    let cost = costs.get("total").and_then(amount).or_else(|| {
        let keys = ["totalCost", "total_cost", "calculatedTotalCost"];
        keys.iter().find_map(|key| amount(value.get(*key)?))
    });
    let count = |key: &str| value.get(key).and_then(number);
    Usage {
        input_tokens: input.or_else(|| count("promptTokens")),
        cached_tokens: cached.iter().find_map(|key| one(key)),
        output_tokens: output.or_else(|| count("completionTokens")),
        // 0 means that the price was not known.
        cost_usd: cost.filter(|cost| *cost > 0.0),
    }
}

/// The calls an observation lists of its output, where the output itself shows none.
fn calls_beside(value: &Value, output: &[Message]) -> Option<Message> {
    let is_call = |piece: &Piece| matches!(piece, Piece::Call { .. });
    if output
        .iter()
        .flat_map(|message| &message.pieces)
        .any(is_call)
    {
        return None;
    }
    let list = |keys: [&str; 2]| {
        let found = keys.iter().find_map(|key| value.get(*key));
        found
            .map(decoded)
            .and_then(|list| list.as_array().cloned())
            .unwrap_or_default()
    };
    let names = list(["toolCallNames", "tool_call_names"]);
    let calls = list(["toolCalls", "tool_calls"])
        .into_iter()
        .enumerate()
        .map(|(at, call)| {
            let mut call = decoded(&call);
            if let (Value::Object(members), Some(name)) = (&mut call, names.get(at)) {
                members.entry("name").or_insert_with(|| name.clone());
            }
            call
        });
    let calls: Vec<Value> = calls.collect();
    dialogue::read(&serde_json::json!({"role": "assistant", "tool_calls": calls}))
        .filter(|message| !message.pieces.is_empty())
}
