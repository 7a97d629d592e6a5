//! Scripts at work: records go into the sandbox, events come out.

use std::collections::BTreeMap;
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use script::{Isolation, Launcher, ScriptError, Wall, Walls};

use super::event::{Assembly, Event, Origin};
use super::package::{Limits, Script};
use super::program::{Watch, extraction};
use super::records;
use crate::extractor::{ExtractError, Extraction, Part};
use crate::pile::{EntryId, Pile};

/// How many bytes of records go into the sandbox at once.
const BATCH_BYTES: usize = 256 << 10;

/// How many loaded programs are kept, each with its idle workers.
const MOST_LOADED: usize = 16;

static WALLS: OnceLock<Walls> = OnceLock::new();

/// Says how scripts are kept away from this machine. Until it is said, no script runs: only the
/// program knows which binary begins with [`script::worker::main`].
pub fn allow_scripts(launcher: Launcher) {
    // The first word holds: nobody can weaken the walls later.
    let _ = WALLS.set(Walls::Both(launcher));
}

/// Lets scripts run on a Linux where the filter of system calls cannot be put up.
const ALLOW_WEAK: &str = "CODETRACER_ALLOW_WEAK_SANDBOX";

fn walls() -> Result<Walls, ScriptError> {
    // What scripts say is tested without a second process; what keeps them in is tested where the
    // sandbox is.
    if cfg!(test) {
        return Ok(Walls::InnerOnly);
    }
    let walls = WALLS.get().cloned().ok_or_else(|| ScriptError::Start {
        message: "this program has no sandbox for scripts".to_owned(),
    })?;
    if let Walls::Both(launcher) = &walls {
        static WEAK: OnceLock<Option<String>> = OnceLock::new();
        // A worker without a program is asked, before any text of unknown origin is run.
        let weak = if let Some(weak) = WEAK.get() {
            weak
        } else {
            let weak = weakness(&launcher.isolation()?);
            WEAK.get_or_init(|| weak)
        };
        if let Some(message) = weak.clone() {
            return Err(ScriptError::Start { message });
        }
    }
    Ok(walls)
}

/// Why scripts do not run behind these walls, if they do not. Systems other than Linux never have
/// the filter of system calls, and run scripts in a process of their own.
#[must_use]
pub fn weakness(walls: &Isolation) -> Option<String> {
    let allowed = std::env::var_os(ALLOW_WEAK).is_some_and(|value| value == "1");
    match &walls.seccomp {
        Wall::Missing(why) if cfg!(target_os = "linux") && !allowed => Some(format!(
            "the filter of system calls cannot be put up here ({why}); {ALLOW_WEAK}=1 runs scripts without it"
        )),
        _ => None,
    }
}

/// Compiles a script behind the walls.
///
/// # Errors
/// What is wrong with it.
pub(super) fn load(script: &Script, limits: Limits) -> Result<script::Program, ScriptError> {
    static LOADED: Mutex<BTreeMap<String, script::Program>> = Mutex::new(BTreeMap::new());
    let key = format!("{limits:?} {}", blake3::hash(script.source.as_bytes()));
    let known = |key: &str| {
        let loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
        loaded.get(key).cloned()
    };
    if let Some(program) = known(&key) {
        return Ok(program);
    }
    let walls = walls()?;
    let program = script::Program::load(script.source.clone(), to_kept(limits), walls)?;
    let mut loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
    if loaded.len() >= MOST_LOADED {
        loaded.pop_first();
    }
    loaded.insert(key, program.clone());
    Ok(program)
}

fn to_kept(limits: Limits) -> script::Limits {
    let mut kept = script::Limits::default();
    kept.cpu = Duration::from_millis(limits.cpu_ms);
    kept.wall = kept.cpu.saturating_mul(4).max(Duration::from_secs(10));
    kept.memory = limits.memory;
    kept.output = limits.output;
    kept.events = limits.events;
    kept
}

/// Reads one run by a script.
///
/// # Errors
/// When a file cannot be read, or the script was stopped or failed.
pub(super) fn extract(
    script: &Script,
    limits: Limits,
    pile: &Pile,
    files: &[EntryId],
    part: Option<&Part>,
    watch: &mut Watch<'_>,
) -> Result<Extraction, ExtractError> {
    let path = files
        .first()
        .map_or_else(String::new, |id| pile.entry(*id).path.clone());
    let failed = |what: String| ExtractError::Malformed {
        path: path.clone(),
        byte: 0,
        what,
    };
    let program = load(script, limits).map_err(|error| failed(error.to_string()))?;
    let run = program.run().map_err(|error| failed(error.to_string()))?;
    let mut feeding = Feeding {
        run,
        batch: Vec::new(),
        origins: Vec::new(),
        bytes: 0,
        fed: 0,
        spoke: Vec::new(),
        assembly: Assembly::default(),
        failed: None,
    };
    // Which records say something is known only after their batch, so they are counted and watched
    // in a second pass.
    records::walk(pile, files, &script.records, part, &mut |record| {
        feeding.take(record.value.to_string(), record.origin());
    })?;
    feeding.flush();
    let (assembly, spoke) = feeding.finish().map_err(failed)?;
    let mut index = 0;
    let account = records::each(pile, files, &script.records, part, &mut |record| {
        let known = spoke.get(index).copied().unwrap_or(false);
        watch(&record.value, known);
        index += 1;
        known
    })?;
    Ok(extraction(assembly, account))
}

struct Feeding {
    run: script::Run,
    batch: Vec<String>,
    /// Where the records of the batch stand.
    origins: Vec<Origin>,
    bytes: usize,
    /// Records fed before the batch.
    fed: usize,
    /// For each record fed, whether it gave an event.
    spoke: Vec<bool>,
    assembly: Assembly,
    failed: Option<String>,
}

impl Feeding {
    fn take(&mut self, text: String, origin: Origin) {
        self.bytes += text.len();
        self.batch.push(text);
        self.origins.push(origin);
        if self.bytes >= BATCH_BYTES {
            self.flush();
        }
    }

    fn flush(&mut self) {
        let batch = std::mem::take(&mut self.batch);
        let origins = std::mem::take(&mut self.origins);
        self.bytes = 0;
        if self.failed.is_some() || batch.is_empty() {
            return;
        }
        let first = self.fed;
        self.fed += batch.len();
        self.spoke.resize(self.fed, false);
        match self.run.feed(&batch) {
            Ok(events) => {
                for (record, text) in events.iter() {
                    let at = usize::try_from(record).unwrap_or(usize::MAX);
                    let origin = at.checked_sub(first).and_then(|at| origins.get(at));
                    if let Some(spoke) = self.spoke.get_mut(at) {
                        *spoke = true;
                    }
                    self.event(record, text, origin.unwrap_or(&Origin::default()));
                }
            }
            Err(error) => self.failed = Some(error.to_string()),
        }
    }

    fn event(&mut self, record: u64, text: &str, origin: &Origin) {
        if self.failed.is_some() {
            return;
        }
        match serde_json::from_str::<Event>(text) {
            // `{"says": "nothing"}` marks a record as known.
            Ok(event) => self.assembly.take(event, origin),
            Err(_) if says_nothing(text) => {}
            Err(error) => {
                let shown: String = text.chars().take(200).collect();
                self.failed = Some(format!(
                    "record {record}: the program gave `{shown}`, which is no event: {error}"
                ));
            }
        }
    }

    fn finish(mut self) -> Result<(Assembly, Vec<bool>), String> {
        if let Some(failed) = self.failed {
            return Err(failed);
        }
        let run = self.run;
        let last = run.finish().map_err(|error| error.to_string())?;
        for (record, text) in last.iter() {
            let event = serde_json::from_str::<Event>(text).map_err(|error| {
                format!("finish() gave what is no event (after record {record}): {error}")
            })?;
            self.assembly.take(event, &Origin::default());
        }
        Ok((self.assembly, self.spoke))
    }
}

fn says_nothing(text: &str) -> bool {
    let value: Option<serde_json::Value> = serde_json::from_str(text).ok();
    value.is_some_and(|value| value["says"] == "nothing")
}
