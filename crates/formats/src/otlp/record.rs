//! Where the spans and log records of an export stand.

use std::collections::BTreeMap;

use serde_json::Value;
use serde_json::value::RawValue;
use trace::{Ref, RefPart};

use super::attribute::Attributes;
use crate::document::cite_bytes;
use crate::extractor::ExtractError;
use crate::frame::JsonDocument;
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
    /// What the resource it came from is called.
    pub(super) service: Option<String>,
}

impl Record {
    /// The trace it belongs to.
    pub(super) fn trace(&self) -> Option<&str> {
        trace_of(&self.value)
    }
}

/// What was read and what was odd.
#[derive(Default)]
pub(super) struct Account {
    /// Bytes of the file.
    pub(super) bytes: u64,
    /// What was odd, naming file and line.
    pub(super) warnings: Vec<String>,
}

/// Gives every span and log record of the file to `visit`, in order.
///
/// # Errors
/// When the file cannot be read or holds no JSON at all.
pub(super) fn records(
    pile: &Pile,
    id: EntryId,
    mut visit: impl FnMut(Record),
) -> Result<Account, ExtractError> {
    let path = &pile.entry(id).path;
    let failed = |source| ExtractError::io(path, source);
    let mut account = Account {
        bytes: pile.entry(id).size,
        ..Account::default()
    };
    let mut lines = pile.lines(id).map_err(failed)?;
    let mut found_line = false;
    while let Some(line) = lines.next_line().map_err(failed)? {
        let text = line.text();
        if text.trim().is_empty() {
            continue;
        }
        let Ok(whole) = serde_json::from_str::<&RawValue>(&text) else {
            if found_line {
                let (path, number) = (line.path, line.number);
                account
                    .warnings
                    .push(format!("{path}: line {number} is no JSON"));
                continue;
            }
            // A document over several lines, or a single line that was cut.
            drop(lines);
            return document(pile, id, account, visit);
        };
        found_line = true;
        let skipped = line.bytes.len() - text.len();
        let cite = |slice: &str| {
            let start = slice.as_ptr().addr().checked_sub(text.as_ptr().addr())? + skipped;
            let bytes = line.bytes.get(start..start + slice.len())?;
            Some(cite_bytes(
                RefPart::Action,
                line.path,
                line.offset + start as u64,
                bytes,
            ))
        };
        walk(whole.get(), &cite, &mut visit);
    }
    Ok(account)
}

fn document(
    pile: &Pile,
    id: EntryId,
    mut account: Account,
    mut visit: impl FnMut(Record),
) -> Result<Account, ExtractError> {
    let document = JsonDocument::open(pile, id)?;
    let parsed = document.parse::<&RawValue>()?;
    account.warnings.extend(parsed.warnings);
    let cite = |slice: &str| {
        document
            .document()
            .cite_in(parsed.base, RefPart::Action, slice)
    };
    walk(parsed.value.get(), &cite, &mut visit);
    Ok(account)
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

fn walk(whole: &str, cite: &dyn Fn(&str) -> Option<Ref>, visit: &mut impl FnMut(Record)) {
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
                let value = serde_json::from_str(text).unwrap_or_default();
                visit(Record {
                    value,
                    is_log,
                    cite: cite(text),
                    size: text.len(),
                    service,
                });
                continue;
            }
            let own = members
                .get("resource")
                .and_then(|resource| service_of(resource.get()));
            let service = own.or(service);
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

fn trace_of(value: &Value) -> Option<&str> {
    let own = ["traceId", "trace_id"];
    let id = own.iter().find_map(|key| value.get(*key)?.as_str());
    id.or_else(|| value.pointer("/context/trace_id")?.as_str())
        .filter(|id| !id.is_empty())
}
