//! Runs an extractor program, JavaScript of unknown origin, over records, and gives its events.
//!
//! ```no_run
//! use script::{Launcher, Limits, Program, Walls};
//!
//! # fn main() -> Result<(), script::ScriptError> {
//! let text = "function read(record, index) { return { said: record.text, index } }";
//! let walls = Walls::Both(Launcher::here()?);
//! let program = Program::load(text, Limits::default(), walls)?;
//! let mut run = program.run()?;
//! let events = run.feed(&[r#"{"text":"hello"}"#, r#"{"text":"goodbye"}"#])?;
//! assert_eq!(events.iter().next(), Some((0, r#"{"said":"hello","index":0}"#)));
//! run.finish()?;
//! # Ok(())
//! # }
//! ```
//!
//! # A program
//!
//! A script (no module) in strict mode that defines `read(record, index)`, which gets each record
//! as a value and returns nothing, an event, or an array of events: objects that can be written as
//! JSON. It may define `finish()`, which returns the same once the records are through. Global
//! variables keep their values from record to record within a run; every run begins anew. What is
//! *in* an event is between the program and the caller of this crate.
//!
//! # What is guaranteed
//!
//! * A program sees its records and nothing else: plain ECMAScript without files, network,
//!   processes, modules, clock, chance, or code from text. `Date` reads given times, in UTC. Jobs
//!   (promises, `await`) never run.
//! * So the same program on the same records gives the same events, unless a limit of time ends one
//!   of the runs. (Another version of the engine may differ.)
//! * Every limit of [`Limits`] ends a run in the [`ScriptError`] that names it. CPU time is checked
//!   by the engine some thousand times a second, within regular expressions too, but not within one
//!   call of another built-in function: there on Linux the kernel ends the run up to a
//!   second late, elsewhere when the time on the wall is over.
//! * With [`Walls::Both`] the engine is in a process of its own, with an empty environment (but for
//!   a time zone), `/` as its folder and two pipes, which gives up everything else before it reads
//!   the first byte of the program. On Linux that holds even for an engine that was taken over:
//!   resource limits, Landlock, and a seccomp filter that kills it for any system call but reading
//!   one pipe, writing the other (and `/dev/null`), private memory that is not executable, the
//!   clock, and ending itself. What comes back is bounded, checked and never trusted.
//! * What the walls are on this machine, [`Launcher::isolation`] asks a worker; a wall that is
//!   missing is named with the reason. Programs run nevertheless: whether one wall less is enough
//!   is the caller's decision, and [`Run::isolation`] is there to make it.
//!
//! Proved by the tests of this crate: `hostile` (programs that try), `walls` (a process behind the
//! walls that tries, and workers that lie), `syscalls` (a tracer's record of a worker), `properties`
//! (any text, any records).
//!
//! # What is not
//!
//! * On systems other than Linux the second wall is a process with resource limits (Unix) or a
//!   process alone (Windows): an engine that was taken over has the user's rights there. The two
//!   have not been tried on real machines.
//! * [`Walls::InnerOnly`] is one wall, for tests and measuring: a bug of the engine is a bug of the
//!   calling process.
//! * A worker serves several runs of one program. If one run takes the engine over, what it says
//!   about later runs of the same program cannot be believed (it is still checked for shape).
//! * A run ended by the kernel, or by the clock on the wall, names the first record of its batch.
//! * A bug of the kernel behind the few calls that are left. Landlock is taken at the kernel's word:
//!   the filter kills before it could be tried alone.
//! * Side channels of the processor. A program has neither clock nor network to use them with.
//!
//! # Figures
//!
//! Linux 6.18 on a shared x86-64 machine with four cores, `cargo bench -p script`: an ordinary
//! extractor goes through 9 MB of records at 39 MB/s in this process and at 35 MB/s through a
//! worker (fastest of 100: 44 and 41). A run in a new worker costs 4 to 6 ms, in a kept one 0.4 ms
//! (of which 0.3 ms are the engine), which is why workers are kept. At the memory limit of 128 MiB
//! a worker was 132 MiB large, with records of 30 MB and full output 304 MiB; the kernel's limit
//! stands at 384 MiB.

mod engine;
mod error;
mod events;
mod isolation;
mod limits;
mod lockdown;
mod process;
mod program;
mod wire;
pub mod worker;

pub use error::{At, Clock, ScriptError};
pub use events::Events;
pub use isolation::{Isolation, Wall};
pub use limits::Limits;
pub use lockdown::lock_down;
pub use process::Launcher;
pub use program::{Program, Run, Walls};
