//! What one run may use.

use std::time::Duration;

use serde::{Deserialize, Serialize};

const MIB: u64 = 1024 * 1024;

/// The stack an engine may be given at most: the main thread of every system we know has 8 MiB, and
/// the rest of the worker needs some of them.
pub(crate) const MOST_STACK: u64 = 4 * MIB;

/// The least memory in which the engine and its own objects stand up.
const LEAST_MEMORY: u64 = 4 * MIB;

/// The longest program text, in bytes. Extractors have a few kilobytes.
pub(crate) const MOST_SOURCE: usize = 1024 * 1024;

/// What one run of a program may use. Going past any of it ends the run with the [`ScriptError`]
/// that names the limit; nothing is cut silently.
///
/// The default suits runs of up to some 50 MB; [`Limits::for_input`] scales it.
///
/// [`ScriptError`]: crate::ScriptError
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Limits {
    /// CPU time of the program over one run, loading included. Waiting for records is free.
    pub cpu: Duration,
    /// Time on the wall the worker may take over one run, in case it waits instead of computing,
    /// or the machine is loaded. Time between two batches does not count.
    pub wall: Duration,
    /// Bytes the engine may have allocated at once: the program, its state, one record and what is
    /// made of it.
    pub memory: u64,
    /// Bytes of events, as JSON, over one run.
    pub output: u64,
    /// Events over one run.
    pub events: u64,
    /// Bytes of stack for the program's calls, and for values nested in values.
    pub stack: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            cpu: Duration::from_secs(10),
            wall: Duration::from_mins(1),
            memory: 128 * MIB,
            output: 64 * MIB,
            events: 1_000_000,
            stack: MIB / 2,
        }
    }
}

impl Limits {
    /// Limits for records of `bytes` bytes in all: time, output and events grow with the input (a
    /// program that reads less than 2 MB a second is stopped), memory and stack do not, because a
    /// run goes through record by record.
    #[must_use]
    pub fn for_input(bytes: u64) -> Self {
        let least = Self::default();
        let cpu = Duration::from_millis(bytes / 2_000);
        Self {
            cpu: least.cpu.saturating_add(cpu),
            wall: least.wall.saturating_add(cpu.saturating_mul(4)),
            output: least.output.saturating_add(bytes.saturating_mul(2)),
            events: least.events.saturating_add(bytes / 64),
            ..least
        }
    }

    /// The limits as they are kept: memory and stack within what an engine can be given.
    #[must_use]
    pub(crate) fn kept(mut self) -> Self {
        self.memory = self.memory.max(LEAST_MEMORY);
        self.stack = self.stack.clamp(64 * 1024, MOST_STACK);
        self
    }

    /// The bytes of records one [`feed`](crate::Run::feed) may carry: half of the memory, since a
    /// record as values takes more than as text. Some hundred kilobytes a batch are best.
    #[must_use]
    pub fn batch(&self) -> u64 {
        // A frame's length is 32 bits wide.
        (self.memory.max(LEAST_MEMORY) / 2).min(1024 * MIB)
    }

    /// What the kernel lets the worker allocate: the engine's memory, a batch of records, the
    /// events in a buffer that grows by doubling, and 64 MiB for the process.
    #[cfg_attr(not(unix), allow(dead_code))]
    pub(crate) fn process_memory(&self) -> u64 {
        self.memory
            .saturating_add(self.batch())
            .saturating_add(self.output.min(1024 * MIB).saturating_mul(2))
            .saturating_add(64 * MIB)
    }
}
