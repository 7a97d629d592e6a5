//! One run of many: taken from the cache where that holds, else read, indexed, diagnosed and laid out.

use std::time::SystemTime;

use analysis::{Index, IndexedStep};
use anyhow::{anyhow, bail};
use formats::{ExtractError, Extraction, ReadError, Run};
use localize::{Case, Model, Options, diagnose, diagnose_case};
use store::{Answer, Key};
use trace::{Diagnosis, StepId, StepStatus, Verdict};

use crate::command::inquiry::Asker;
use crate::command::report;
use crate::input::{Input, UNSPOOLED};
use crate::kept::{Diagnoses, Kept};
use crate::output::{Palette, inert_json};

/// What is printed for a run.
#[derive(Debug, Clone, Copy)]
pub(in crate::command) enum Form {
    /// The diagnosis document on one line.
    Json,
    /// The diagnosis in full, for a person.
    Full(Palette),
    /// One line of a table.
    Row(Palette),
}

/// How runs are diagnosed.
#[derive(Clone, Copy)]
pub(in crate::command) struct How<'h> {
    /// What is asked of the offline engine.
    pub(in crate::command) options: Options,
    /// The model that judges after it, if one does.
    pub(in crate::command) asker: Option<&'h Asker>,
}

impl How<'_> {
    /// By the offline engine alone.
    pub(in crate::command) fn offline(options: Options) -> Self {
        Self {
            options,
            asker: None,
        }
    }
}

/// One run to be printed.
pub(in crate::command) enum Job<'s> {
    /// It is known what it came to.
    Kept(Key),
    /// It must be looked at, at least.
    Read {
        /// The number of its source; `None` for a session of this machine's agents.
        source: Option<usize>,
        input: &'s Input,
        run: &'s Run,
        key: Option<Key>,
    },
}

impl Job<'_> {
    /// How many bytes are to be read for it.
    pub(in crate::command) fn size(&self) -> u64 {
        match self {
            Self::Kept(_) => 0,
            Self::Read { input, run, .. } => input.size(run),
        }
    }
}

/// What became of a job.
pub(in crate::command) struct Done {
    /// What to print, or why there is nothing.
    pub(in crate::command) result: anyhow::Result<Analysed>,
    /// What is to be kept of it.
    pub(in crate::command) keep: Option<(Key, Answer)>,
    /// The source whose run was known already or can be kept.
    pub(in crate::command) settled: Option<usize>,
}

/// One run, analysed and laid out.
pub(in crate::command) struct Analysed {
    /// What to print.
    pub(in crate::command) text: String,
    /// A document too long to be made a line in memory; printed after `text`.
    pub(in crate::command) long: Option<Box<Diagnosis>>,
    /// What was concluded.
    pub(in crate::command) verdict: Verdict,
    /// What was odd about the artifact.
    pub(in crate::command) warnings: Vec<String>,
    /// The first step whose observation shows a failure.
    pub(in crate::command) first_failing: Option<StepId>,
    /// Why the model's verdict is not used, where one was asked.
    pub(in crate::command) trouble: Option<String>,
}

/// Reads, indexes, diagnoses and lays out one run; everything but the text is dropped again.
pub(in crate::command) fn analyse(
    input: &Input,
    run: &Run,
    how: How<'_>,
    form: Form,
) -> anyhow::Result<Analysed> {
    conclude(input, run, input.read(run)?, how, form)
}

/// Indexes, diagnoses and lays out one run that was read.
fn conclude(
    input: &Input,
    run: &Run,
    extraction: Extraction,
    how: How<'_>,
    form: Form,
) -> anyhow::Result<Analysed> {
    let mut warnings = extraction.warnings;
    let index = Index::new(&extraction.trajectory);
    let mut diagnosis: Diagnosis = match how.asker {
        Some(asker) => {
            let case = Case::new(&index);
            let offline = diagnose_case(&case, how.options, Model::shipped());
            let (judged, notes) = asker.diagnose_and_learn(&case, &offline);
            warnings.extend(notes);
            judged.diagnosis
        }
        None => diagnose(&index, how.options),
    };
    diagnosis.path = input.user_path(&run.path);
    if index.is_damaged() {
        bail!("{}: {UNSPOOLED}", diagnosis.path);
    }
    let failed = |step: &IndexedStep<'_>| step.outcome.status == StepStatus::Failed;
    let first_failing = index.steps().find(failed).map(|step| step.id);
    let verdict = diagnosis.verdict;
    let inquiry = diagnosis.engine.inquiry.as_deref();
    let trouble = inquiry.and_then(|inquiry| {
        let trouble = inquiry.trouble.as_ref()?;
        Some(format!("{}: {trouble}", diagnosis.path))
    });
    let mut long = None;
    let text = match form {
        Form::Json if diagnosis.labels.is_parked() => {
            long = Some(Box::new(diagnosis));
            String::new()
        }
        Form::Json => {
            let line = serde_json::to_string(&diagnosis)?;
            format!("{}\n", inert_json(&line))
        }
        Form::Full(palette) => report::full(&diagnosis, &index, input, palette),
        Form::Row(palette) => report::row(&diagnosis, palette),
    };
    Ok(Analysed {
        text,
        long,
        verdict,
        warnings,
        first_failing,
        trouble,
    })
}

/// Does one job: takes what is kept where it holds, else analyses the run and makes that ready to
/// be kept.
pub(in crate::command) fn work(
    job: &Job<'_>,
    kept: Option<&Diagnoses>,
    how: How<'_>,
    form: Form,
    started: SystemTime,
) -> Done {
    let (source, input, run, key) = match job {
        Job::Read {
            source,
            input,
            run,
            key,
        } => (*source, input, run, key),
        Job::Kept(key) => {
            let known = kept.and_then(|kept| kept.known(key));
            let gone = || anyhow!("the cache was emptied meanwhile; run this again");
            return Done {
                result: known
                    .ok_or_else(gone)
                    .and_then(|known| laid_out(known, form)),
                keep: None,
                settled: None,
            };
        }
    };
    let (Some(kept), Some(key), false) = (kept, key, matches!(form, Form::Full(_))) else {
        return Done {
            result: analyse(input, run, how, form),
            keep: None,
            settled: None,
        };
    };
    if let Some(known) = kept.valid(key) {
        return Done {
            result: laid_out(known, form),
            keep: None,
            settled: source,
        };
    }
    let (extraction, files) = input.read_with_sources(run);
    let result = extraction.and_then(|read| conclude(input, run, read, how, Form::Json));
    let worth = match &result {
        Ok(done) if done.long.is_some() => None,
        Ok(done) => Some(Kept {
            verdict: Some(done.verdict),
            text: done.text.clone(),
            warnings: done.warnings.clone(),
            first_failing: done.first_failing,
        }),
        Err(error) if run.claim.learned.is_none() && is_lasting(error) => Some(Kept {
            verdict: None,
            text: format!("{error:#}"),
            warnings: Vec::new(),
            first_failing: None,
        }),
        Err(_) => None,
    };
    let answer = worth
        .as_ref()
        .zip(files)
        .and_then(|(worth, files)| Some((*key, kept.answer(worth, &files, started)?)));
    let result = match (form, worth) {
        (Form::Json, _) | (_, None) => result,
        (_, Some(worth)) => result.and_then(|_| laid_out(worth, form)),
    };
    Done {
        result,
        settled: source.filter(|_| answer.is_some()),
        keep: answer,
    }
}

/// Whether reading the same files again would fail the same way.
fn is_lasting(error: &anyhow::Error) -> bool {
    matches!(
        error.downcast_ref::<ReadError>(),
        Some(ReadError::Extract(ExtractError::Malformed { .. }))
    )
}

/// Prints what is kept of a run as it would be printed anew.
fn laid_out(known: Kept, form: Form) -> anyhow::Result<Analysed> {
    let Some(verdict) = known.verdict else {
        bail!("{}", known.text);
    };
    let text = match form {
        Form::Json | Form::Full(_) => known.text,
        Form::Row(palette) => report::row(&serde_json::from_str(&known.text)?, palette),
    };
    Ok(Analysed {
        text,
        long: None,
        verdict,
        warnings: known.warnings,
        first_failing: known.first_failing,
        trouble: None,
    })
}
