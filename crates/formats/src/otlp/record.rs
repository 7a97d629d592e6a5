//! Where the spans and log records of an export stand.

use std::collections::BTreeMap;
use std::ops::Range;

use serde_json::Value;
use serde_json::value::RawValue;
use trace::{Ref, RefPart};

use super::attribute::Attributes;
use crate::extractor::ExtractError;
use crate::frame;
use crate::pile::{EntryId, Pile};

/// A span or log record.
pub(super) struct Record {
    /// What it says.
    pub(super) value: Value,
    /// Whether it is a log record.
    pub(super) is_log: bool,
    /// Where it stands, as the record of an action.
    pub(super) cite: Option<Ref>,
    /// Its bytes.
    pub(super) size: usize,
    /// What the resource it came from is called, or failing that the framework.
    pub(super) service: Option<String>,
}

impl Record {
    /// The trace it belongs to.
    pub(super) fn trace(&self) -> Option<&str> {
        trace_of(&self.value)
    }
}

/// Gives every span and log record of the file to `visit`, in order, with the line it stands in. Of
/// a `wanted` trace only its own are given, and only those in `range` if there is one.
///
/// # Errors
/// When the file cannot be read or holds no JSON at all.
pub(super) fn records(
    pile: &Pile,
    id: EntryId,
    wanted: Option<&str>,
    range: Option<&Range<u64>>,
    mut visit: impl FnMut(Record, Option<Range<u64>>),
) -> Result<Vec<String>, ExtractError> {
    let named = |text: &str| {
        wanted.is_none_or(|id| memchr::memmem::find(text.as_bytes(), id.as_bytes()).is_some())
    };
    frame::json_values(pile, id, range, |whole| {
        if !named(whole.text) {
            return;
        }
        walk(whole.text, whole.cite, &named, &mut |record: Record| {
            if wanted.is_none_or(|id| record.trace() == Some(id)) {
                visit(record, whole.line.clone());
            }
        });
    })
}

/// Objects within objects that are looked through for spans.
const DEEPEST: u32 = 16;

/// The names the groups of a resource, of a scope, and their records have.
const RESOURCES: [&str; 6] = [
    "resourceSpans",
    "resource_spans",
    "batches",
    "resourceLogs",
    "resource_logs",
    "resourceMetrics",
];
const SCOPES: [&str; 6] = [
    "scopeSpans",
    "scope_spans",
    "instrumentationLibrarySpans",
    "instrumentation_library_spans",
    "scopeLogs",
    "scope_logs",
];
const RECORDS: [&str; 3] = ["spans", "logRecords", "log_records"];

fn walk(
    whole: &str,
    cite: &frame::Cite<'_>,
    named: &dyn Fn(&str) -> bool,
    visit: &mut impl FnMut(Record),
) {
    let mut open: Vec<(&str, u32, Option<String>)> = vec![(whole, 0, None)];
    while let Some((text, depth, service)) = open.pop() {
        let first = text.trim_start().as_bytes().first().copied();
        if depth > DEEPEST || !matches!(first, Some(b'{' | b'[')) {
            continue;
        }
        let mut inner = Vec::new();
        if first == Some(b'[') {
            let items: Vec<&RawValue> = serde_json::from_str(text).unwrap_or_default();
            inner.extend(
                items
                    .into_iter()
                    .map(|item| (item.get(), depth + 1, service.clone())),
            );
        } else {
            let Ok(members) = serde_json::from_str::<BTreeMap<String, &RawValue>>(text) else {
                continue;
            };
            if let Some(is_log) = record_kind(&members) {
                if !named(text) {
                    continue;
                }
                let value = serde_json::from_str(text).unwrap_or_default();
                visit(Record {
                    value,
                    is_log,
                    cite: cite(RefPart::Action, text),
                    size: text.len(),
                    service,
                });
                continue;
            }
            let own = members
                .get("resource")
                .and_then(|resource| service_of(resource.get()));
            let scope = || framework_of(members.get("scope")?.get());
            let service = own.or(service).or_else(scope);
            let groups = RESOURCES.iter().chain(&SCOPES).chain(&RECORDS);
            let mut groups = groups.filter_map(|key| members.get(*key)).peekable();
            if groups.peek().is_some() {
                inner.extend(groups.map(|raw| (raw.get(), depth + 1, service.clone())));
            } else {
                let holds = members.values().filter(|raw| may_hold_spans(raw.get()));
                inner.extend(holds.map(|raw| (raw.get(), depth + 1, service.clone())));
            }
        }
        open.extend(inner.into_iter().rev());
    }
}

fn may_hold_spans(text: &str) -> bool {
    [
        "resourceSpans",
        "resource_spans",
        "scopeSpans",
        "spanId",
        "span_id",
    ]
    .iter()
    .any(|word| memchr::memmem::find(text.as_bytes(), word.as_bytes()).is_some())
}

/// Whether an object is a log record, or else a span; `None` for anything else.
fn record_kind(members: &BTreeMap<String, &RawValue>) -> Option<bool> {
    let has = |keys: &[&str]| keys.iter().any(|key| members.contains_key(*key));
    let traced = has(&["traceId", "trace_id", "context"]);
    if has(&["name"]) && traced && has(&["spanId", "span_id", "context"]) {
        let times = [
            "startTimeUnixNano",
            "start_time_unix_nano",
            "startTime",
            "start_time",
        ];
        return has(&times).then_some(false);
    }
    (has(&["body"]) && has(&["timeUnixNano", "observedTimeUnixNano", "time_unix_nano"]))
        .then_some(true)
}

fn service_of(resource: &str) -> Option<String> {
    let resource: Value = serde_json::from_str(resource).ok()?;
    let attributes = Attributes::new(resource.get("attributes"));
    let name = attributes.text(&["service.name"])?;
    (!name.starts_with("unknown_service")).then(|| name.to_owned())
}

/// Instrumentations of clients of models, which are no agents.
const PROVIDERS: &[&str] = &[
    "anthropic",
    "bedrock",
    "google_genai",
    "groq",
    "litellm",
    "mistralai",
    "openai",
    "vertexai",
];

/// The framework whose spans an instrumentation makes.
fn framework_of(scope: &str) -> Option<String> {
    let scope: Value = serde_json::from_str(scope).ok()?;
    let name = scope.get("name")?.as_str()?;
    let framework = name.strip_prefix("openinference.instrumentation.")?;
    (!PROVIDERS.contains(&framework)).then(|| framework.to_owned())
}

fn trace_of(value: &Value) -> Option<&str> {
    let own = ["traceId", "trace_id"];
    let id = own.iter().find_map(|key| value.get(*key)?.as_str());
    id.or_else(|| value.pointer("/context/trace_id")?.as_str())
        .filter(|id| !id.is_empty())
}
