//! A learned program at work on artifacts.

use serde_json::Value;
use trace::Trajectory;

use super::event::{Assembly, Origin, Said};
use super::map::{Container, FieldMap, Records, Runs};
use super::package::{Limits, Package, Program, Sample, Script, StepPrint};
use super::path::Path;
use super::score::Score;
use super::{interpret, records, sandbox};
use crate::extractor::{Coverage, ExtractError, Extraction, Part};
use crate::frame::Account;
use crate::pile::{EntryId, Pile};

/// Told about every record: what it is, and whether some rule knew it.
pub(super) type Watch<'w> = dyn FnMut(&Value, bool) + 'w;

/// The files of one artifact, in reading order.
pub type Files = Vec<EntryId>;

impl Package {
    /// The runs in `files`; empty when they are one.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn runs(&self, pile: &Pile, files: &[EntryId]) -> Result<Vec<Part>, ExtractError> {
        self.program.runs(pile, files)
    }

    /// Reads the run `part` of `files`, or all of them as one run.
    ///
    /// # Errors
    /// When a file cannot be read, or a script was stopped.
    pub fn extract(
        &self,
        pile: &Pile,
        files: &[EntryId],
        part: Option<&Part>,
    ) -> Result<Extraction, ExtractError> {
        self.program
            .extract(self.limits, pile, files, part, &mut |_, _| {})
    }
}

impl Program {
    /// The descriptions of where records stand, one an edition.
    #[must_use]
    pub fn records(&self) -> Vec<&Records> {
        match self {
            Self::Maps(maps) => maps.iter().map(|map| &map.records).collect(),
            Self::Script(script) => vec![&script.records],
        }
    }

    /// The runs in `files`.
    pub(super) fn runs(&self, pile: &Pile, files: &[EntryId]) -> Result<Vec<Part>, ExtractError> {
        match self {
            Self::Maps(maps) => match edition(maps, pile, files) {
                Some(map) => records::runs(pile, files, &map.records),
                None => Ok(Vec::new()),
            },
            Self::Script(script) => records::runs(pile, files, &script.records),
        }
    }

    /// Reads one run, telling `watch` about every record.
    pub(super) fn extract(
        &self,
        limits: Limits,
        pile: &Pile,
        files: &[EntryId],
        part: Option<&Part>,
        watch: &mut Watch<'_>,
    ) -> Result<Extraction, ExtractError> {
        match self {
            Self::Maps(maps) => match edition(maps, pile, files) {
                Some(map) => by_map(map, pile, files, part, watch),
                None => Ok(Extraction::default()),
            },
            Self::Script(script) => sandbox::extract(script, limits, pile, files, part, watch),
        }
    }

    /// Reads every run of `files`.
    pub(super) fn extract_all(
        &self,
        limits: Limits,
        pile: &Pile,
        files: &[EntryId],
        watch: &mut Watch<'_>,
    ) -> Result<Vec<Extraction>, ExtractError> {
        let parts = self.runs(pile, files)?;
        if parts.is_empty() {
            return Ok(vec![self.extract(limits, pile, files, None, watch)?]);
        }
        parts
            .iter()
            .map(|part| self.extract(limits, pile, files, Some(part), watch))
            .collect()
    }

    /// The program with its records standing one a line, as rows in a sample do.
    fn on_lines(&self) -> Self {
        let on_lines = |records: &Records| Records {
            container: Container::Lines,
            at: Path::root(),
            runs: match &records.runs {
                Runs::By(field) => Runs::By(field.clone()),
                Runs::One | Runs::Each(_) => Runs::One,
            },
            ..records.clone()
        };
        match self {
            Self::Maps(maps) => Self::Maps(
                maps.iter()
                    .map(|map| FieldMap {
                        records: on_lines(&map.records),
                        rules: map.rules.clone(),
                    })
                    .collect(),
            ),
            Self::Script(script) => Self::Script(Script {
                records: on_lines(&script.records),
                source: script.source.clone(),
            }),
        }
    }

    /// The steps the program makes of a sample.
    ///
    /// # Errors
    /// When the sample cannot be read or a script was stopped.
    pub fn steps_of(
        &self,
        limits: Limits,
        sample: &Sample,
    ) -> Result<Vec<StepPrint>, ExtractError> {
        let (pile, files) = sample.open();
        let program = if sample.records_only {
            &self.on_lines()
        } else {
            self
        };
        let runs = program.extract_all(limits, &pile, &files, &mut |_, _| {})?;
        Ok(runs
            .iter()
            .flat_map(|run| prints(&run.trajectory))
            .collect())
    }
}

impl Sample {
    /// The sample as a pile, with its files in order.
    pub(super) fn open(&self) -> (Pile, Files) {
        // The names put the files in order, and keep their endings.
        let name = |index: usize, name: &str| format!("{index:04}-{}", name.replace('/', "-"));
        let texts = self.files.iter().enumerate();
        let pile = Pile::from_memory(
            texts.map(|(index, file)| (name(index, &file.name), file.text.clone().into_bytes())),
        );
        let files = pile.entries().iter().map(|entry| entry.id).collect();
        (pile, files)
    }
}

/// The map that reads `files` best; with equal readings the earlier one, which read such files first.
pub(super) fn edition<'m>(
    maps: &'m [FieldMap],
    pile: &Pile,
    files: &[EntryId],
) -> Option<&'m FieldMap> {
    if let [only] = maps {
        return Some(only);
    }
    let mut best: Option<(f64, &FieldMap)> = None;
    for map in maps {
        let worth = measure(map, pile, files);
        if best.is_none_or(|(least, _)| worth > least + 1e-6) {
            best = Some((worth, map));
        }
    }
    best.map(|(_, map)| map)
}

/// How well a map reads the beginning of `files`, 0 to 1.
fn measure(map: &FieldMap, pile: &Pile, files: &[EntryId]) -> f64 {
    let part = match &map.records.runs {
        // Without a run to look into, its records would be looked for at the top of the document.
        Runs::Each(_) => match records::runs(pile, files, &map.records) {
            Ok(runs) if !runs.is_empty() => runs.into_iter().next(),
            _ => return 0.0,
        },
        Runs::One | Runs::By(_) => beginning(pile, files, &map.records),
    };
    by_map(map, pile, files, part.as_ref(), &mut |_, _| {})
        .map_or(0.0, |reading| worth_of(&reading))
}

/// How much a reading is worth beside another of the same bytes: by its figures, and by how much of
/// the text it tells. A map that passes over the text of every result has fine figures.
pub(super) fn worth_of(reading: &Extraction) -> f64 {
    let bytes = usize::try_from(reading.coverage.bytes.total).unwrap_or(usize::MAX);
    let told = super::score::ratio(super::validate::text_in(&reading.trajectory), bytes);
    Score::of([reading]).worth() + told.min(1.0)
}

/// How much of a file is read to measure a program on it, in bytes.
const MEASURED_BYTES: u64 = 4 << 20;

/// The beginning of large JSON Lines; `None` to read all.
pub(super) fn beginning(pile: &Pile, files: &[EntryId], records: &Records) -> Option<Part> {
    let size: u64 = files.iter().map(|id| pile.entry(*id).size).sum();
    let cut =
        records.container == Container::Lines && records.runs == Runs::One && size > MEASURED_BYTES;
    cut.then(|| Part {
        key: "beginning".to_owned(),
        session: None,
        range: Some(0..MEASURED_BYTES),
        ..Part::default()
    })
}

impl Score {
    /// One figure to compare readings of the same files with, 0 to 1: nothing without steps, else
    /// the mean of the shares joined, understood, in order, explained, and answering a call.
    #[must_use]
    pub fn worth(&self) -> f64 {
        if self.steps == 0 {
            return 0.0;
        }
        let share = |part: usize, whole: usize| super::score::ratio(part, whole);
        let orphans = usize::try_from(self.orphans).unwrap_or(usize::MAX);
        let answering = share(self.joined, self.joined.saturating_add(orphans));
        let shares = [
            share(self.joined, self.steps),
            share(self.meant, self.steps),
            share(self.in_order, self.timed),
            self.bytes_explained,
            self.events_explained,
            answering,
        ];
        shares.iter().sum::<f64>() / 6.0
    }
}

/// Reads one run by a field map.
pub(super) fn by_map(
    map: &FieldMap,
    pile: &Pile,
    files: &[EntryId],
    part: Option<&Part>,
    watch: &mut Watch<'_>,
) -> Result<Extraction, ExtractError> {
    let mut assembly = Assembly::new(map);
    let account = records::each(pile, files, &map.records, part, &mut |record| {
        let events = interpret::events(map, &record.value);
        watch(&record.value, events.is_some());
        let Some(events) = events else {
            return false;
        };
        let acts = |says: &Said| matches!(says, Said::Call { .. } | Said::Result { .. });
        let origin = if events.iter().any(|event| acts(&event.says)) {
            record.origin()
        } else {
            Origin::default()
        };
        for event in events {
            assembly.take(event, &origin);
        }
        true
    })?;
    Ok(extraction(assembly, account))
}

/// A run put together, with the account of its records.
pub(super) fn extraction(assembly: Assembly, account: Account) -> Extraction {
    let mut warnings = account.warnings;
    let orphans = assembly.orphans;
    if orphans > 0 {
        warnings.push(format!("{orphans} results answer no known call"));
    }
    Extraction {
        trajectory: assembly.finish(),
        coverage: Coverage {
            orphans,
            ..account.coverage
        },
        warnings,
    }
}

/// What the steps of a run are, to be compared: the main agent's, then those of its sub-agents.
pub(super) fn prints(run: &Trajectory) -> Vec<StepPrint> {
    let mut all: Vec<&trace::Step> = run.steps.iter().collect();
    all.extend(
        run.descendants()
            .into_iter()
            .flat_map(|nested| &nested.steps),
    );
    all.into_iter().map(print).collect()
}

fn print(step: &trace::Step) -> StepPrint {
    let kind = serde_json::to_value(&step.action.kind).unwrap_or_default();
    let name = kind.get("kind").and_then(Value::as_str).unwrap_or_default();
    let short = |text: &str| {
        let hash = blake3::hash(text.as_bytes()).to_hex();
        hash.get(..16).unwrap_or_default().to_owned()
    };
    // What is asked for stands in the arguments, or for plain texts in the action itself.
    let asked = if step.action.arguments.is_null() {
        kind.to_string()
    } else {
        step.action.arguments.to_string()
    };
    StepPrint {
        kind: name.to_owned(),
        tool: step.action.tool.clone(),
        arguments: short(&asked),
        observation: step.observation.as_ref().map(|seen| {
            let status = seen.exit_status.map(|s| s.to_string()).unwrap_or_default();
            short(&format!("{status}\n{}", seen.text))
        }),
    }
}

/// Where the steps of a sample are not what they were, one sentence for the first difference and
/// their number; `None` when they are the same. An action that was not understood then and is now
/// is the same action.
pub(super) fn difference(wanted: &[StepPrint], found: &[StepPrint]) -> Option<String> {
    if wanted.len() != found.len() {
        return Some(format!("{} steps instead of {}", found.len(), wanted.len()));
    }
    let same = |want: &StepPrint, got: &StepPrint| {
        want.tool == got.tool
            && want.arguments == got.arguments
            && want.observation == got.observation
            && (want.kind == got.kind || want.kind == "other")
    };
    let at = wanted.iter().zip(found).position(|(w, f)| !same(w, f))?;
    let (want, got) = (&wanted[at], &found[at]);
    let what = if want.tool != got.tool {
        format!("tool `{}` instead of `{}`", got.tool, want.tool)
    } else if want.arguments != got.arguments {
        "other arguments".to_owned()
    } else if want.observation != got.observation {
        match (&want.observation, &got.observation) {
            (Some(_), None) => "no observation".to_owned(),
            (None, Some(_)) => "an observation where there was none".to_owned(),
            _ => "another observation".to_owned(),
        }
    } else {
        format!("a {} instead of a {}", got.kind, want.kind)
    };
    Some(format!("step {} of {}: {what}", at + 1, wanted.len()))
}
