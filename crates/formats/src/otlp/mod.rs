//! OpenTelemetry exports of agents at work; the layout is described in `LAYOUT.md` beside this file.

mod attribute;
mod convention;
mod message;
mod record;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::io;
use std::ops::Range;

use serde_json::Value;

use self::record::{Record, records};
use crate::extractor::{
    Claim, Detection, ExtractError, Extraction, Extractor, Layout, Part, Rank, Site,
};
use crate::frame;
use crate::json::str_of;
use crate::pile::Pile;
use crate::spans::{self, Kind, Span};

pub(crate) use attribute::Attributes;
pub(crate) use convention::{
    AGENT, CALL_ID, RESULT, TOOL_NAME, answer_of, bare_arguments, kind_of, result_of, task_of,
};
pub(crate) use message::{Side, from_value};

/// Reads one trace of an OpenTelemetry export.
pub(crate) struct Otlp;

/// Words of the conventions for models, agents and tools.
const WORDS: [&str; 6] = [
    "\"gen_ai.",
    "\"openinference.span.kind\"",
    "\"llm.",
    "\"traceloop.",
    "\"ai.operationId\"",
    "\"mlflow.spanType\"",
];

impl Extractor for Otlp {
    fn layout(&self) -> Layout {
        Layout {
            name: "otlp",
            title: "OpenTelemetry traces in JSON (GenAI conventions, OpenInference, OpenLLMetry)",
            doc: include_str!("LAYOUT.md"),
            rank: Rank::Export,
        }
    }

    fn detect(&self, pile: &Pile, site: Site<'_>) -> io::Result<Option<Detection>> {
        const LOOKED_AT: usize = 1 << 20;
        let Site::File(probe) = site else {
            return Ok(None);
        };
        let head = probe.head();
        let framed = [
            "\"resourceSpans\"",
            "\"resource_spans\"",
            "\"scopeSpans\"",
            "\"resourceLogs\"",
            "\"instrumentationLibrarySpans\"",
        ];
        let frame = framed.iter().find(|word| head.contains(**word));
        let bare = head.contains("\"trace_id\"")
            && head.contains("\"span_id\"")
            && head.contains("\"attributes\"");
        if !head.trim_start().starts_with(['{', '[']) || (frame.is_none() && !bare) {
            return Ok(None);
        }
        // The first spans may be those of requests, not of models.
        let more;
        let text = if WORDS.iter().any(|word| head.contains(word)) {
            head
        } else {
            more = pile.head(probe.entry().id, LOOKED_AT)?;
            &more
        };
        let Some(word) = WORDS.iter().find(|word| text.contains(**word)) else {
            return Ok(None);
        };
        let shape = frame.map_or_else(
            || "spans with `trace_id` and `attributes`".to_owned(),
            |frame| format!("an export with {frame}"),
        );
        Ok(Some(Detection {
            score: if frame.is_some() { 92 } else { 75 },
            evidence: vec![shape, format!("attributes that begin with {word}")],
            ..Detection::default()
        }))
    }

    fn parts(&self, pile: &Pile, claim: &Claim) -> Result<Vec<Part>, ExtractError> {
        let traces = traces_of(pile, claim)?;
        if traces.len() < 2 {
            return Ok(Vec::new());
        }
        let parts = traces.into_iter().map(|trace| Part {
            session: Some(trace.id.clone()),
            key: trace.id,
            range: trace.lines,
            ..Part::default()
        });
        Ok(parts.collect())
    }

    fn extract(&self, pile: &Pile, claim: &Claim) -> Result<Extraction, ExtractError> {
        let part = claim.part.as_ref();
        let first = match part {
            Some(_) => None,
            None => traces_of(pile, claim)?
                .into_iter()
                .next()
                .map(|trace| trace.id),
        };
        let wanted = part.map(|part| part.key.as_str()).or(first.as_deref());
        let range = part.and_then(|part| part.range.as_ref());
        let mut own = Vec::new();
        let mut warnings = Vec::new();
        let mut bytes = 0;
        for id in &claim.detection.files {
            let odd = records(pile, *id, wanted, range, |record, _| own.push(record))?;
            warnings.extend(odd);
            bytes += pile.entry(*id).size;
        }
        let mut extraction = build(own);
        extraction.warnings.splice(0..0, warnings);
        let session = &mut extraction.trajectory.session;
        *session = session.take().or_else(|| wanted.map(str::to_owned));
        // What frames the spans of the only trace belongs to it. Traces that are no run are others'.
        if part.is_none() {
            let share = &mut extraction.coverage.bytes;
            share.explained += bytes.saturating_sub(share.total);
            share.total = bytes.max(share.total);
        }
        Ok(extraction)
    }
}

/// A trace of a file.
struct Trace {
    id: String,
    /// Whether a model, an agent or a tool is at work in it.
    at_work: bool,
    /// The lines it stands in.
    lines: Option<Range<u64>>,
}

/// The traces of a file in which a model, an agent or a tool is at work, in their order.
fn traces_of(pile: &Pile, claim: &Claim) -> Result<Vec<Trace>, ExtractError> {
    let mut places: HashMap<String, usize> = HashMap::new();
    let mut traces: Vec<Trace> = Vec::new();
    for id in &claim.detection.files {
        records(pile, *id, None, None, |record, line| {
            let Some(trace) = record.trace() else { return };
            let place = places.get(trace).copied().unwrap_or_else(|| {
                places.insert(trace.to_owned(), traces.len());
                traces.push(Trace {
                    id: trace.to_owned(),
                    at_work: false,
                    lines: line.clone(),
                });
                traces.len() - 1
            });
            let known = &mut traces[place];
            known.lines = frame::span_of_lines(known.lines.take(), line);
            if record.is_log {
                known.at_work |= record.value.to_string().contains("gen_ai.choice");
            } else if !known.at_work {
                let attributes = Attributes::new(record.value.get("attributes"));
                let name = record.value.get("name").and_then(Value::as_str);
                let (kind, _) = convention::kind_of(name.unwrap_or_default(), &attributes);
                known.at_work = kind != Kind::Other;
            }
        })?;
    }
    traces.retain(|trace| trace.at_work);
    Ok(traces)
}

/// The run of the records of one trace.
fn build(records: Vec<Record>) -> Extraction {
    let mut extraction = Extraction::default();
    let mut logs: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    let (log_records, span_records): (Vec<_>, Vec<_>) =
        records.into_iter().partition(|record| record.is_log);
    for record in log_records {
        let span = record
            .value
            .get("spanId")
            .or_else(|| record.value.get("span_id"));
        let span = span.and_then(Value::as_str).unwrap_or_default().to_owned();
        let named = record.value.to_string().contains("gen_ai.");
        extraction.coverage.count(record.size, named);
        logs.entry(span).or_default().push(record.value);
    }
    let said = logs_without_span(&logs, &span_records);
    let span_records: Vec<Record> = span_records.into_iter().chain(said).collect();
    let (mut session, mut service) = (None, None);
    let mut spans: Vec<Span> = Vec::with_capacity(span_records.len());
    let mut versions = None;
    for record in &span_records {
        let attributes = Attributes::new(record.value.get("attributes"));
        session = session.or_else(|| convention::session_of(&attributes));
        service = service.or_else(|| record.service.clone());
        let version = attributes
            .text(&["gen_ai.agent.version"])
            .map(str::to_owned);
        versions = versions.or(version);
        let id = record
            .value
            .get("spanId")
            .or_else(|| record.value.get("span_id"));
        let beside = id.and_then(Value::as_str).and_then(|id| logs.get(id));
        let (span, known) =
            convention::span_of(record, attributes, beside.map_or(&[], Vec::as_slice));
        if record.size > 0 {
            extraction.coverage.count(record.size, known);
        }
        spans.push(span);
    }
    let mut trajectory = spans::build(&spans);
    trajectory.session = session;
    trajectory.agent = trajectory.agent.or(service);
    trajectory.agent_version = versions;
    if trajectory.steps.is_empty() && trajectory.subtrajectories.is_empty() {
        extraction
            .warnings
            .push("the trace holds no tool call".to_owned());
    }
    extraction.trajectory = trajectory;
    extraction
}

/// Model spans for log records whose spans are not in the file, so that what they say is read.
fn logs_without_span(logs: &BTreeMap<String, Vec<Value>>, spans: &[Record]) -> Vec<Record> {
    let ids: HashSet<&str> = spans
        .iter()
        .filter_map(|record| str_of(&record.value, &["spanId", "span_id"]))
        .collect();
    let lone = logs.iter().filter(|(id, _)| !ids.contains(id.as_str()));
    let said = lone.filter_map(|(id, records)| {
        let times = ["timeUnixNano", "time_unix_nano", "observedTimeUnixNano"];
        let time = |record: &Value| times.iter().find_map(|key| record.get(*key)).cloned();
        let is_model = |record: &Value| record.to_string().contains("gen_ai.");
        records.iter().any(is_model).then(|| Record {
            value: serde_json::json!({
                "spanId": id, "name": "chat",
                "startTimeUnixNano": records.first().and_then(time),
                "endTimeUnixNano": records.last().and_then(time),
                "attributes": { "gen_ai.operation.name": "chat" },
            }),
            is_log: false,
            cite: None,
            size: 0,
            service: None,
        })
    });
    said.collect()
}
