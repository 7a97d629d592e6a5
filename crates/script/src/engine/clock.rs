//! The CPU time a program has left.

use std::cell::Cell;
use std::time::Duration;

/// A budget of CPU time that only runs between [`start`](Stopwatch::start) and
/// [`stop`](Stopwatch::stop).
pub(crate) struct Stopwatch {
    left: Cell<Duration>,
    /// What [`now`] may not reach; zero while stopped.
    deadline: Cell<Duration>,
}

impl Stopwatch {
    /// A stopped watch over `budget`.
    pub(crate) fn new(budget: Duration) -> Self {
        Self {
            left: Cell::new(budget),
            deadline: Cell::new(Duration::ZERO),
        }
    }

    pub(crate) fn start(&self) {
        self.deadline.set(now().saturating_add(self.left.get()));
    }

    pub(crate) fn stop(&self) {
        self.left.set(self.deadline.get().saturating_sub(now()));
        self.deadline.set(Duration::ZERO);
    }

    /// Whether the budget is used up.
    pub(crate) fn is_over(&self) -> bool {
        let deadline = self.deadline.get();
        if deadline.is_zero() {
            self.left.get().is_zero()
        } else {
            now() >= deadline
        }
    }
}

/// CPU time of this thread.
#[cfg(unix)]
fn now() -> Duration {
    use rustix::time::{ClockId, clock_gettime};
    let time = clock_gettime(ClockId::ThreadCPUTime);
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    let nanos = u32::try_from(time.tv_nsec).unwrap_or(0);
    Duration::new(seconds, nanos)
}

/// Time since the first call: systems without a clock for threads.
#[cfg(not(unix))]
fn now() -> Duration {
    use std::sync::OnceLock;
    use std::time::Instant;
    static FIRST: OnceLock<Instant> = OnceLock::new();
    FIRST.get_or_init(Instant::now).elapsed()
}
