//! Programs and their runs, as the rest of the house sees them.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use crate::engine::{Engine, Yield};
use crate::error::{At, ScriptError};
use crate::events::Events;
use crate::isolation::Isolation;
use crate::limits::{Limits, MOST_SOURCE};
use crate::process::{Launcher, Worker};
use crate::wire;

/// Idle workers that are kept for the next run, at most. More than this many runs of one program
/// at once start workers that end with them.
const MOST_IDLE: usize = 16;

/// How a program is kept away from this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Walls {
    /// The engine's limits, within a process that is locked down.
    Both(Launcher),
    /// The engine's limits alone, in this process: for tests of what programs say and for
    /// measuring, never for a text of unknown origin. A bug of the engine is a bug of this
    /// process here, and time spent within one built-in function is not interrupted. The calling
    /// thread needs [`Limits::stack`] and half a megabyte more of stack.
    InnerOnly,
}

/// A program that compiles and defines `read`, ready to run. Cheap to clone; may be shared between
/// threads, each with runs of its own.
#[derive(Clone)]
pub struct Program {
    shared: Arc<Shared>,
}

struct Shared {
    source: String,
    limits: Limits,
    walls: Walls,
    idle: Mutex<Vec<Worker>>,
}

impl fmt::Debug for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Program")
            .field("bytes", &self.shared.source.len())
            .finish_non_exhaustive()
    }
}

impl Program {
    /// Compiles `source` behind `walls` and runs its top level, under `limits`.
    ///
    /// # Errors
    /// [`ScriptError::Compile`] with its place when the text is no program,
    /// [`ScriptError::Contract`] when it defines no `read` or is longer than a megabyte, what its
    /// top level does wrong, and [`ScriptError::Start`] when there is no worker.
    pub fn load(
        source: impl Into<String>,
        limits: Limits,
        walls: Walls,
    ) -> Result<Self, ScriptError> {
        let source = source.into();
        if source.len() > MOST_SOURCE {
            let message = format!("its text is longer than {MOST_SOURCE} bytes");
            return Err(ScriptError::Contract {
                at: At::Loading,
                message,
            });
        }
        let limits = limits.kept();
        let shared = Arc::new(Shared {
            source,
            limits,
            walls,
            idle: Mutex::default(),
        });
        let program = Self { shared };
        // The engine, or the worker, of the first run shows whether the text is good.
        drop(program.run()?);
        Ok(program)
    }

    /// The same program with other limits, and workers of its own.
    #[must_use]
    pub fn with_limits(&self, limits: Limits) -> Self {
        let shared = Shared {
            source: self.shared.source.clone(),
            limits: limits.kept(),
            walls: self.shared.walls.clone(),
            idle: Mutex::default(),
        };
        Self {
            shared: Arc::new(shared),
        }
    }

    /// The text.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.shared.source
    }

    /// The limits of each run.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.shared.limits
    }

    /// Begins a run: the program's top level is run anew, so nothing is left of other runs.
    ///
    /// # Errors
    /// Those of [`load`](Self::load).
    pub fn run(&self) -> Result<Run, ScriptError> {
        let place = match &self.shared.walls {
            Walls::InnerOnly => Place::Here(Box::new(Engine::load(
                &self.shared.source,
                &self.shared.limits,
            )?)),
            Walls::Both(launcher) => Place::Worker(Box::new(self.worker(launcher)?)),
        };
        Ok(Run {
            place: Some(place),
            program: self.clone(),
            fed: 0,
            bytes: 0,
            dead: None,
        })
    }

    fn worker(&self, launcher: &Launcher) -> Result<Worker, ScriptError> {
        let idle = self.idle().pop();
        if let Some(mut worker) = idle {
            worker.begin();
            return Ok(worker);
        }
        let mut worker = Worker::start(launcher, &self.shared.limits)?;
        worker.begin();
        let frame = (wire::PROGRAM, self.shared.source.as_bytes());
        worker.ask(At::Loading, frame, (0, 0), 0)?;
        Ok(worker)
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Worker>> {
        self.shared
            .idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps a worker for another run, unless it is used up.
    fn keep(&self, worker: Worker) {
        // The kernel counts CPU time over a worker's life, and allows it that of two runs.
        if worker.cpu < self.shared.limits.cpu {
            let mut idle = self.idle();
            if idle.len() < MOST_IDLE {
                idle.push(worker);
            }
        }
    }
}

/// One run of a program: records in, events out. Its global variables are the run's state.
///
/// Dropping it before [`finish`](Self::finish) kills the worker.
pub struct Run {
    /// `None` once the run is over.
    place: Option<Place>,
    program: Program,
    /// Records so far.
    fed: u64,
    /// Bytes of events so far.
    bytes: u64,
    dead: Option<ScriptError>,
}

enum Place {
    Here(Box<Engine>),
    Worker(Box<Worker>),
}

impl fmt::Debug for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Run")
            .field("fed", &self.fed)
            .field("dead", &self.dead)
            .finish_non_exhaustive()
    }
}

impl Run {
    /// Gives `read` each record, as JSON text, with its index in the run. Some hundred kilobytes of
    /// records at once are best; [`Limits::batch`] says what is the most.
    ///
    /// # Errors
    /// The first thing that went wrong, which ends the run: what this batch gave is lost, and so
    /// says every later call.
    pub fn feed<R: AsRef<str>>(&mut self, records: &[R]) -> Result<Events, ScriptError> {
        let limits = &self.program.shared.limits;
        let (first, at) = (self.fed, At::Record(self.fed));
        let size: u64 = records
            .iter()
            .map(|record| record.as_ref().len() as u64)
            .sum();
        let given = match &mut self.place {
            None => return Err(self.over(at)),
            Some(_) if size > limits.batch() => Err(ScriptError::Memory {
                limit: limits.memory,
                at,
            }),
            Some(Place::Here(engine)) => engine
                .feed(records.iter().map(AsRef::as_ref))
                .and_then(|y| checked(&y, first, at)),
            Some(Place::Worker(worker)) => match wire::pack(records) {
                None => Err(ScriptError::Memory {
                    limit: limits.memory,
                    at,
                }),
                Some(packed) => {
                    let left = limits.output.saturating_sub(self.bytes);
                    let range = (first, records.len() as u64);
                    worker.ask(at, (wire::RECORDS, &packed), range, left)
                }
            },
        };
        match given {
            Ok(events) => {
                self.fed += records.len() as u64;
                self.bytes = self.bytes.saturating_add(events.as_json().len() as u64);
                Ok(events)
            }
            Err(error) => Err(self.die(error)),
        }
    }

    /// Calls the program's `finish`, if it has one, and ends the run.
    ///
    /// # Errors
    /// What goes wrong in it.
    pub fn finish(mut self) -> Result<Events, ScriptError> {
        let at = At::Finishing;
        match self.place.take() {
            None => Err(self.over(at)),
            Some(Place::Here(engine)) => engine
                .finish()
                .and_then(|given| checked(&given, self.fed, at)),
            Some(Place::Worker(mut worker)) => {
                let left = self.program.shared.limits.output.saturating_sub(self.bytes);
                let events = worker.ask(at, (wire::FINISH, &[]), (self.fed, 1), left)?;
                self.program.keep(*worker);
                Ok(events)
            }
        }
    }

    /// The walls this run stands behind; `None` for the inner one alone.
    #[must_use]
    pub fn isolation(&self) -> Option<&Isolation> {
        match &self.place {
            Some(Place::Worker(worker)) => Some(&worker.isolation),
            _ => None,
        }
    }

    fn die(&mut self, error: ScriptError) -> ScriptError {
        self.place = None;
        self.dead.insert(error).clone()
    }

    fn over(&self, at: At) -> ScriptError {
        let message = || String::from("the run is over");
        self.dead.clone().unwrap_or_else(|| ScriptError::Protocol {
            at,
            message: message(),
        })
    }
}

fn checked(given: &Yield, first: u64, at: At) -> Result<Events, ScriptError> {
    Events::check(format!("[{}]", given.events), &given.counts, first)
        .map_err(|message| ScriptError::Protocol { at, message })
}
