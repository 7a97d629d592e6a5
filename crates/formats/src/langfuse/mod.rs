//! Exports of Langfuse; the layout is described in `LAYOUT.md` beside this file.

mod observation;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::ops::Range;

use serde_json::Value;
use serde_json::value::RawValue;
use trace::RefPart;

use self::observation::{Observation, is_observation, span_of, text_at};
use crate::dialogue::decoded;
use crate::extractor::{
    Claim, Detection, ExtractError, Extraction, Extractor, Layout, Part, Rank, Site,
};
use crate::frame;
use crate::otlp::{answer_of, task_of};
use crate::pile::Pile;
use crate::spans;

/// Reads one trace of a Langfuse export.
pub(crate) struct Langfuse;

impl Extractor for Langfuse {
    fn layout(&self) -> Layout {
        Layout {
            name: "langfuse",
            title: "Langfuse exports (traces with observations)",
            doc: include_str!("LAYOUT.md"),
            rank: Rank::Export,
        }
    }

    fn detect(&self, _pile: &Pile, site: Site<'_>) -> io::Result<Option<Detection>> {
        let Site::File(probe) = site else {
            return Ok(None);
        };
        let head = probe.head();
        let framed = head.contains("\"observations\"")
            || head.contains("\"startTime\"")
            || head.contains("\"start_time\"");
        let Some(first) = probe
            .first()
            .filter(|_| framed || head.contains("\"trace\""))
        else {
            return Ok(None);
        };
        let first = match first {
            Value::Array(list) => list.first().unwrap_or(&Value::Null),
            other => other,
        };
        let listed = [
            "/observations/0",
            "/trace/observations/0",
            "/traces/0/observations/0",
            "/data/0",
        ];
        let listed = listed.iter().filter_map(|path| first.pointer(path));
        let bare = std::iter::once(first).chain(probe.records());
        let evidence = if listed.clone().any(looks_like_observation) {
            "`observations` with `type`, `startTime` and `level`"
        } else if bare.clone().any(looks_like_observation) {
            "observations with `traceId`, `type` and `startTime`"
        } else if first.pointer("/trace/projectId").is_some() && first.get("observations").is_some()
        {
            "a `trace` of a project with `observations`"
        } else {
            return Ok(None);
        };
        Ok(Some(Detection {
            score: 92,
            evidence: vec![evidence.to_owned()],
            ..Detection::default()
        }))
    }

    fn parts(&self, pile: &Pile, claim: &Claim) -> Result<Vec<Part>, ExtractError> {
        let export = Export::read(pile, claim, None)?;
        if export.traces.len() < 2 {
            return Ok(Vec::new());
        }
        let parts = export.traces.iter().map(|trace| Part {
            key: trace.id.clone(),
            session: Some(trace.id.clone()),
            range: trace.lines.clone(),
            ..Part::default()
        });
        Ok(parts.collect())
    }

    fn extract(&self, pile: &Pile, claim: &Claim) -> Result<Extraction, ExtractError> {
        let part = claim.part.as_ref();
        let export = Export::read(pile, claim, part.and_then(|part| part.range.as_ref()))?;
        let wanted = part.map(|part| part.key.as_str());
        let alone = part.is_none();
        let mut traces = export.traces.into_iter();
        let Some(trace) = traces.find(|trace| wanted.is_none_or(|id| id == trace.id)) else {
            return Ok(Extraction::default());
        };
        let mut extraction = trace.build();
        extraction.warnings.splice(0..0, export.warnings);
        if alone {
            // What stands around the observations of the only trace is its own description.
            let share = &mut extraction.coverage.bytes;
            let size: u64 = claim
                .detection
                .files
                .iter()
                .map(|id| pile.entry(*id).size)
                .sum();
            share.explained += size.saturating_sub(share.total);
            share.total = size.max(share.total);
        }
        Ok(extraction)
    }
}

fn looks_like_observation(value: &Value) -> bool {
    let members = value.as_object();
    members.is_some_and(|members| is_observation(&|key: &str| members.contains_key(key)))
}

/// What a file exports.
#[derive(Default)]
struct Export {
    traces: Vec<Trace>,
    places: HashMap<String, usize>,
    warnings: Vec<String>,
}

/// A trace with its observations.
#[derive(Default)]
struct Trace {
    id: String,
    about: Value,
    observations: Vec<Observation>,
    places: HashMap<String, usize>,
    /// Bytes of observations that repeat others.
    repeated: u64,
    /// The lines it stands in.
    lines: Option<Range<u64>>,
}

/// Lists within objects that are followed.
const DEEPEST: u32 = 8;

impl Export {
    fn read(pile: &Pile, claim: &Claim, range: Option<&Range<u64>>) -> Result<Self, ExtractError> {
        let mut export = Self::default();
        for id in &claim.detection.files {
            let odd = frame::json_values(pile, *id, range, |whole| export.take(whole))?;
            export.warnings.extend(odd);
        }
        export.traces.retain(|trace| !trace.observations.is_empty());
        Ok(export)
    }

    /// Takes whatever stands in `whole`: a trace, an observation, or a list of these.
    fn take(&mut self, whole: &frame::Whole<'_>) {
        let mut open: Vec<(&str, Option<usize>, u32)> = vec![(whole.text, None, 0)];
        while let Some((text, trace, depth)) = open.pop() {
            if depth > DEEPEST {
                continue;
            }
            if text.trim_start().starts_with('[') {
                let items: Vec<&RawValue> = serde_json::from_str(text).unwrap_or_default();
                open.extend(
                    items
                        .into_iter()
                        .rev()
                        .map(|item| (item.get(), trace, depth + 1)),
                );
                continue;
            }
            let Ok(members) = serde_json::from_str::<BTreeMap<String, &RawValue>>(text) else {
                continue;
            };
            if is_observation(&|key: &str| members.contains_key(key)) {
                let value: Value = serde_json::from_str(text).unwrap_or_default();
                let own = text_at(&value, &["traceId", "trace_id"]).map(|id| self.place(id));
                let trace = own.or(trace).unwrap_or_else(|| self.place("trace"));
                let trace = &mut self.traces[trace];
                trace.lines = match trace.observations.as_slice() {
                    [] => whole.line.clone(),
                    _ => frame::span_of_lines(trace.lines.take(), whole.line.clone()),
                };
                trace.add(Observation {
                    cite: (whole.cite)(RefPart::Action, text),
                    size: text.len(),
                    value,
                });
                continue;
            }
            let mut trace = trace;
            if members.contains_key("observations") && members.contains_key("id") {
                trace = Some(self.describe(&members));
            }
            let mut inner = Vec::new();
            if let Some(own) = members
                .get("trace")
                .filter(|raw| raw.get().starts_with('{'))
            {
                let about: BTreeMap<String, &RawValue> =
                    serde_json::from_str(own.get()).unwrap_or_default();
                trace = Some(self.describe(&about));
                inner.push((own.get(), trace, depth + 1));
            }
            let lists = ["observations", "traces", "data"];
            let lists = lists.iter().filter_map(|key| members.get(*key));
            inner.extend(lists.map(|raw| (raw.get(), trace, depth + 1)));
            open.extend(inner.into_iter().rev());
        }
    }

    /// The place of the trace with this id.
    fn place(&mut self, id: &str) -> usize {
        if let Some(place) = self.places.get(id) {
            return *place;
        }
        self.places.insert(id.to_owned(), self.traces.len());
        self.traces.push(Trace {
            id: id.to_owned(),
            ..Trace::default()
        });
        self.traces.len() - 1
    }

    /// Keeps what an object says of its trace besides the observations.
    fn describe(&mut self, members: &BTreeMap<String, &RawValue>) -> usize {
        let about = members
            .iter()
            .filter(|(key, _)| *key != "observations")
            .filter_map(|(key, raw)| Some((key.clone(), serde_json::from_str(raw.get()).ok()?)));
        let about = Value::Object(about.collect());
        let place = self.place(text_at(&about, &["id"]).unwrap_or("trace"));
        self.traces[place].about = about;
        place
    }
}

impl Trace {
    /// Adds an observation; of two with one id the one that says more stays.
    fn add(&mut self, observation: Observation) {
        let id = text_at(&observation.value, &["id"])
            .unwrap_or_default()
            .to_owned();
        if let Some(place) = self.places.get(&id) {
            let known = &mut self.observations[*place];
            let (less, more) = if known.size > observation.size {
                (observation.size, None)
            } else {
                (known.size, Some(observation))
            };
            self.repeated += less as u64;
            if let Some(more) = more {
                *known = more;
            }
        } else {
            self.places.insert(id, self.observations.len());
            self.observations.push(observation);
        }
    }

    fn build(self) -> Extraction {
        let mut extraction = Extraction::default();
        let mut spans = Vec::with_capacity(self.observations.len());
        let mut session = text_at(&self.about, &["sessionId", "session_id"]).map(str::to_owned);
        for observation in &self.observations {
            let (span, known) = span_of(observation);
            extraction.coverage.count(observation.size, known);
            session = session.or_else(|| {
                text_at(&observation.value, &["sessionId", "session_id"]).map(str::to_owned)
            });
            spans.push(span);
        }
        extraction.coverage.bytes.total += self.repeated;
        extraction.coverage.bytes.explained += self.repeated;
        let mut trajectory = spans::build(&spans);
        let about = |key: &str| self.about.get(key).filter(|value| !value.is_null());
        trajectory.task = trajectory.task.or_else(|| about("input").and_then(task_of));
        trajectory.final_message = trajectory
            .final_message
            .or_else(|| about("output").map(decoded).as_ref().and_then(answer_of));
        let name = text_at(&self.about, &["name"]);
        let named = || {
            text_at(
                &self.observations.first()?.value,
                &["traceName", "trace_name"],
            )
        };
        trajectory.agent = trajectory
            .agent
            .or_else(|| Some(name.or_else(named)?.to_owned()));
        trajectory.agent_version = text_at(&self.about, &["version"]).map(str::to_owned);
        trajectory.session = session.or(Some(self.id));
        extraction.trajectory = trajectory;
        extraction
    }
}
