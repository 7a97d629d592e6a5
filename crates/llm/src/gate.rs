//! How many requests are under way at once and how many begin in a minute.

use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

/// Limits on the traffic with servers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Requests under way at once, at least one.
    pub concurrent: usize,
    /// Requests begun in a minute.
    pub requests_per_minute: Option<NonZeroU32>,
    /// Tokens asked for in a minute, by the count beforehand.
    pub tokens_per_minute: Option<NonZeroU32>,
}

impl Default for Limits {
    /// Eight at once, and no limit by the minute.
    fn default() -> Self {
        Self {
            concurrent: 8,
            requests_per_minute: None,
            tokens_per_minute: None,
        }
    }
}

/// Lets requests pass within [`Limits`]; clones share them, between clients and tasks. A server that
/// asks to wait holds back everyone who passes here.
#[derive(Debug, Clone)]
pub struct Gate(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    concurrent: Arc<Semaphore>,
    requests: Option<DefaultDirectRateLimiter>,
    tokens: Option<(DefaultDirectRateLimiter, NonZeroU32)>,
    closed_until: Mutex<Option<Instant>>,
}

impl Default for Gate {
    fn default() -> Self {
        Self::new(Limits::default())
    }
}

impl Gate {
    /// A gate with these limits.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        // A whole minute's requests at once is what servers take for a flood.
        let burst = |n: NonZeroU32| NonZeroU32::new(n.get() / 6).unwrap_or(NonZeroU32::MIN);
        Self(Arc::new(Inner {
            concurrent: Arc::new(Semaphore::new(
                limits.concurrent.clamp(1, Semaphore::MAX_PERMITS),
            )),
            requests: limits
                .requests_per_minute
                .map(|n| RateLimiter::direct(Quota::per_minute(n).allow_burst(burst(n)))),
            tokens: limits
                .tokens_per_minute
                .map(|n| (RateLimiter::direct(Quota::per_minute(n)), n)),
            closed_until: Mutex::new(None),
        }))
    }

    /// Waits until a request for about `tokens` tokens may begin. It is under way until the permit
    /// is dropped.
    pub(crate) async fn pass(&self, tokens: u64) -> Option<OwnedSemaphorePermit> {
        let permit = Arc::clone(&self.0.concurrent).acquire_owned().await.ok();
        if let Some(requests) = &self.0.requests {
            requests.until_ready().await;
        }
        if let Some((limiter, most)) = &self.0.tokens {
            // One request for more than a minute's tokens takes the whole minute.
            let tokens = u32::try_from(tokens)
                .unwrap_or(u32::MAX)
                .clamp(1, most.get());
            let tokens = NonZeroU32::new(tokens).unwrap_or(NonZeroU32::MIN);
            let _ = limiter.until_n_ready(tokens).await;
        }
        // Last, since a server may have asked to wait in the meantime.
        while let Some(until) = self.closed_until().filter(|until| *until > Instant::now()) {
            tokio::time::sleep_until(until).await;
        }
        permit
    }

    /// Holds everyone back for a while.
    pub(crate) fn close_for(&self, wait: Duration) {
        let until = Instant::now() + wait;
        let mut closed = self
            .0
            .closed_until
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *closed = Some(closed.map_or(until, |known| known.max(until)));
    }

    fn closed_until(&self) -> Option<Instant> {
        *self
            .0
            .closed_until
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn per_minute(n: u32) -> Option<NonZeroU32> {
        NonZeroU32::new(n)
    }

    /// The seconds that these requests for so many tokens take to pass, one after the other.
    async fn seconds(gate: &Gate, requests: &[u64]) -> f64 {
        let begun = Instant::now();
        for tokens in requests {
            gate.pass(*tokens).await;
        }
        begun.elapsed().as_secs_f64()
    }

    #[tokio::test]
    async fn requests_beyond_a_sixth_of_a_minutes_wait() {
        let gate = Gate::new(Limits {
            requests_per_minute: per_minute(120),
            ..Limits::default()
        });
        let begun = Instant::now();
        seconds(&gate, &[1; 20]).await;
        // One in half a second from then on, for all who share the gate.
        seconds(&gate.clone(), &[1; 2]).await;
        assert!(begun.elapsed().as_secs_f64() > 0.95);
    }

    #[tokio::test]
    async fn tokens_beyond_a_minutes_wait() {
        let gate = Gate::new(Limits {
            tokens_per_minute: per_minute(6000),
            ..Limits::default()
        });
        let begun = Instant::now();
        // More than a minute's is a minute's: it passes, and what comes next waits.
        seconds(&gate, &[1_000_000, 60]).await;
        let passed = begun.elapsed().as_secs_f64();
        assert!((0.55..30.0).contains(&passed), "{passed}");
    }

    #[tokio::test]
    async fn a_closed_gate_holds_everyone_back() {
        let gate = Gate::default();
        gate.close_for(Duration::from_millis(300));
        gate.close_for(Duration::from_millis(100));
        let passed = seconds(&gate.clone(), &[1]).await;
        assert!(passed > 0.2, "{passed}");
        assert!(gate.closed_until().unwrap() <= Instant::now());
    }
}
