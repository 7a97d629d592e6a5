//! OpenTelemetry exports of agents at work; the layout is described in `LAYOUT.md` beside this file.

mod attribute;
mod convention;
mod message;
mod record;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};
use std::io;

use serde_json::Value;

use self::attribute::Attributes;
use self::record::{Record, records};
use crate::extractor::{
    Claim, Detection, ExtractError, Extraction, Extractor, Layout, Part, Rank, Site,
};
use crate::pile::Pile;
use crate::spans::{self, Kind, Span};

pub(crate) use convention::{answer_of, bare_arguments, result_of, task_of};

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
            session: Some(trace.clone()),
            key: trace,
            range: None,
        });
        Ok(parts.collect())
    }

    fn extract(&self, pile: &Pile, claim: &Claim) -> Result<Extraction, ExtractError> {
        let wanted = match &claim.part {
            Some(part) => Some(part.key.clone()),
            None => traces_of(pile, claim)?.into_iter().next(),
        };
        let mut own = Vec::new();
        let (mut bytes, mut others) = (0, 0);
        for id in &claim.detection.files {
            let account = records(pile, *id, |record| {
                if wanted.is_none() || record.trace() == wanted.as_deref() {
                    own.push(record);
                } else {
                    others += record.size as u64;
                }
            })?;
            bytes += account.bytes;
        }
        let mut extraction = build(own);
        extraction.trajectory.session = extraction.trajectory.session.or(wanted);
        // What frames the spans of this trace belongs to it if the file holds no other.
        if others == 0 && claim.part.is_none() {
            let share = &mut extraction.coverage.bytes;
            share.explained += bytes.saturating_sub(share.total);
            share.total = bytes.max(share.total);
        }
        Ok(extraction)
    }
}

/// The traces of a file in which a model, an agent or a tool is at work, in their order.
fn traces_of(pile: &Pile, claim: &Claim) -> Result<Vec<String>, ExtractError> {
    let mut places: HashMap<String, usize> = HashMap::new();
    let mut traces: Vec<(String, bool)> = Vec::new();
    for id in &claim.detection.files {
        records(pile, *id, |record| {
            let Some(trace) = record.trace() else { return };
            let place = places.get(trace).copied().unwrap_or_else(|| {
                places.insert(trace.to_owned(), traces.len());
                traces.push((trace.to_owned(), false));
                traces.len() - 1
            });
            if !traces[place].1 && !record.is_log {
                let attributes = Attributes::new(record.value.get("attributes"));
                let name = record.value.get("name").and_then(Value::as_str);
                let (kind, _) = convention::kind_of(name.unwrap_or_default(), &attributes);
                traces[place].1 = kind != Kind::Other;
            }
        })?;
    }
    Ok(traces
        .into_iter()
        .filter(|(_, at_work)| *at_work)
        .map(|(trace, _)| trace)
        .collect())
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
        extraction.coverage.count(record.size, known);
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
