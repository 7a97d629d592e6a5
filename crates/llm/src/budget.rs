//! How much may be spent, and how much was.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::price::{from_usd, usd};

/// Limits on calls of models; what is not set is not limited.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Budget {
    /// Tokens processed, prompt and answer, cached ones included.
    pub tokens: Option<u64>,
    /// US dollars.
    pub cost_usd: Option<f64>,
    /// Completions asked for; retries of one are not counted again.
    pub calls: Option<u64>,
    /// Seconds since the account was opened.
    pub seconds: Option<f64>,
}

/// What a limit is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// Tokens processed.
    Tokens,
    /// US dollars.
    Cost,
    /// Completions asked for.
    Calls,
    /// Seconds.
    Seconds,
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tokens => "tokens",
            Self::Cost => "US dollars",
            Self::Calls => "calls",
            Self::Seconds => "seconds",
        })
    }
}

/// A call that the budget does not allow.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error(
    "the budget of {allowed} {limit} does not allow the call: {spent} are spent or promised and it may need {needed}"
)]
pub struct BudgetExhausted {
    /// Which limit.
    pub limit: Limit,
    /// The limit.
    pub allowed: f64,
    /// What was spent, and held for calls that are under way.
    pub spent: f64,
    /// What the call may need.
    pub needed: f64,
}

/// What was spent so far.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Spent {
    /// Tokens processed.
    pub tokens: u64,
    /// US dollars.
    pub cost_usd: f64,
    /// Completions asked for.
    pub calls: u64,
    /// Seconds since the account was opened.
    pub seconds: f64,
}

/// A budget and what was spent of it; clones share both, between clients and tasks.
#[derive(Debug, Clone)]
pub struct Account(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    budget: Budget,
    opened: Instant,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    spent: Amount,
    held: Amount,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Amount {
    pub(crate) tokens: u64,
    pub(crate) nano_usd: u64,
    pub(crate) calls: u64,
}

impl Amount {
    fn add(&mut self, other: Self) {
        self.tokens = self.tokens.saturating_add(other.tokens);
        self.nano_usd = self.nano_usd.saturating_add(other.nano_usd);
        self.calls = self.calls.saturating_add(other.calls);
    }

    fn subtract(&mut self, other: Self) {
        self.tokens = self.tokens.saturating_sub(other.tokens);
        self.nano_usd = self.nano_usd.saturating_sub(other.nano_usd);
        self.calls = self.calls.saturating_sub(other.calls);
    }
}

impl Default for Account {
    fn default() -> Self {
        Self::new(Budget::default())
    }
}

impl Account {
    /// Opens an account; its seconds begin now.
    #[must_use]
    pub fn new(budget: Budget) -> Self {
        Self(Arc::new(Inner {
            budget,
            opened: Instant::now(),
            state: Mutex::default(),
        }))
    }

    /// The limits.
    #[must_use]
    pub fn budget(&self) -> Budget {
        self.0.budget
    }

    /// What was spent. Calls under way are not in it.
    #[must_use]
    pub fn spent(&self) -> Spent {
        let spent = self.state().spent;
        Spent {
            tokens: spent.tokens,
            cost_usd: usd(spent.nano_usd),
            calls: spent.calls,
            seconds: self.0.opened.elapsed().as_secs_f64(),
        }
    }

    /// The time that is left, if it is limited.
    pub(crate) fn time_left(&self) -> Option<Duration> {
        let limit = Duration::try_from_secs_f64(self.0.budget.seconds?).unwrap_or(Duration::MAX);
        Some(limit.saturating_sub(self.0.opened.elapsed()))
    }

    pub(crate) fn out_of_time(&self) -> BudgetExhausted {
        BudgetExhausted {
            limit: Limit::Seconds,
            allowed: self.0.budget.seconds.unwrap_or_default(),
            spent: self.0.opened.elapsed().as_secs_f64(),
            needed: 0.0,
        }
    }

    /// Puts aside what a call may need at most.
    ///
    /// # Errors
    /// [`BudgetExhausted`] when it does not fit beside what is spent and held.
    pub(crate) fn hold(&self, amount: Amount) -> Result<Hold, BudgetExhausted> {
        if self.time_left().is_some_and(|left| left.is_zero()) {
            return Err(self.out_of_time());
        }
        let mut state = self.state();
        let mut then = state.spent;
        then.add(state.held);
        let before = then;
        then.add(amount);
        if let Some(exhausted) = self.exceeded(before, then, amount) {
            return Err(exhausted);
        }
        state.held.add(amount);
        Ok(Hold {
            account: self.clone(),
            amount: Some(amount),
        })
    }

    // A token count fits a float exactly up to 2^53.
    #[expect(clippy::cast_precision_loss)]
    fn exceeded(&self, before: Amount, then: Amount, needed: Amount) -> Option<BudgetExhausted> {
        let budget = self.0.budget;
        if let Some(allowed) = budget.calls.filter(|allowed| then.calls > *allowed) {
            return Some(BudgetExhausted {
                limit: Limit::Calls,
                allowed: allowed as f64,
                spent: before.calls as f64,
                needed: needed.calls as f64,
            });
        }
        if let Some(allowed) = budget.tokens.filter(|allowed| then.tokens > *allowed) {
            return Some(BudgetExhausted {
                limit: Limit::Tokens,
                allowed: allowed as f64,
                spent: before.tokens as f64,
                needed: needed.tokens as f64,
            });
        }
        let allowed = budget
            .cost_usd
            .filter(|allowed| then.nano_usd > from_usd(*allowed))?;
        Some(BudgetExhausted {
            limit: Limit::Cost,
            allowed,
            spent: usd(before.nano_usd),
            needed: usd(needed.nano_usd),
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Sums stay sums whoever panicked while holding the lock.
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An amount put aside for one call. Dropped without [`Hold::settle`], for instance because the call
/// was given up half-way, all of it counts as spent: the provider may well charge for it.
#[derive(Debug)]
pub(crate) struct Hold {
    account: Account,
    amount: Option<Amount>,
}

impl Hold {
    /// Replaces what was put aside by what was spent.
    pub(crate) fn settle(mut self, actual: Amount) {
        if let Some(held) = self.amount.take() {
            let mut state = self.account.state();
            state.held.subtract(held);
            state.spent.add(actual);
        }
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        if let Some(held) = self.amount.take() {
            let mut state = self.account.state();
            state.held.subtract(held);
            state.spent.add(held);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn tokens(tokens: u64) -> Amount {
        Amount {
            tokens,
            nano_usd: tokens,
            calls: 1,
        }
    }

    #[test]
    fn what_is_held_counts() {
        let account = Account::new(Budget {
            tokens: Some(100),
            ..Budget::default()
        });
        let first = account.hold(tokens(60)).unwrap();
        let refused = account.clone().hold(tokens(60)).unwrap_err();
        assert_eq!((refused.limit, refused.spent), (Limit::Tokens, 60.0));
        first.settle(tokens(30));
        drop(account.hold(tokens(60)).unwrap());
        assert_eq!(account.spent().tokens, 90);
    }

    #[test]
    fn each_limit_is_named() {
        let refused = |budget| {
            Account::new(budget)
                .hold(tokens(2_000_000_000))
                .unwrap_err()
        };
        let all = [
            Budget {
                tokens: Some(10),
                ..Budget::default()
            },
            Budget {
                cost_usd: Some(0.5),
                ..Budget::default()
            },
            Budget {
                calls: Some(0),
                ..Budget::default()
            },
        ]
        .map(|budget| refused(budget).to_string());
        insta::assert_debug_snapshot!(all);
        let late = refused(Budget {
            seconds: Some(0.0),
            ..Budget::default()
        });
        assert_eq!(late.limit, Limit::Seconds);
    }

    proptest! {
        #[test]
        fn actual_within_estimate_never_exceeds(
            limit in 0..1000_u64,
            calls in prop::collection::vec((0..200_u64, 0..=100_u64, any::<bool>()), 0..40),
        ) {
            let account = Account::new(Budget { tokens: Some(limit), ..Budget::default() });
            let mut open = Vec::new();
            for (estimate, percent, keep) in calls {
                if let Ok(hold) = account.hold(tokens(estimate)) {
                    let actual = tokens(estimate * percent / 100);
                    if keep { open.push((hold, actual)) } else { hold.settle(actual) }
                }
                prop_assert!(account.spent().tokens <= limit);
            }
            for (hold, actual) in open { hold.settle(actual) }
            prop_assert!(account.spent().tokens <= limit);
        }
    }
}
