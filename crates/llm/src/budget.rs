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
#[derive(Debug, Clone, PartialEq)]
pub struct BudgetExhausted {
    /// Which limit.
    pub limit: Limit,
    /// The limit.
    pub allowed: f64,
    /// What was spent, and held for calls that are under way.
    pub spent: f64,
    /// What the call may need.
    pub needed: f64,
    /// Whether the limit is that of an account around the one that was to pay, see
    /// [`Account::within`]: then no other account within it may call either.
    pub outer: bool,
}

impl std::error::Error for BudgetExhausted {}

impl fmt::Display for BudgetExhausted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            limit,
            allowed,
            spent,
            needed,
            ..
        } = self;
        let shared = if self.outer { "shared " } else { "" };
        write!(f, "the {shared}budget of {allowed} {limit} ")?;
        match limit {
            // Nobody knows beforehand how long a call takes.
            Limit::Seconds => f.write_str("is spent"),
            Limit::Tokens | Limit::Cost | Limit::Calls => write!(
                f,
                "does not allow the call: {spent} are spent or promised and it may need {needed}"
            ),
        }
    }
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

/// A budget and what was spent of it; clones share both, between clients and tasks. An account may
/// be part of another, whose limits then hold too.
#[derive(Debug, Clone)]
pub struct Account(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    budget: Budget,
    opened: Instant,
    state: Mutex<State>,
    parent: Option<Account>,
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
        Self::open(budget, None)
    }

    /// Opens an account that is part of this one: what is held for or spent by it counts here too,
    /// and a call must fit in both. Its seconds begin now, and so may end before those of this one.
    ///
    /// One budget for many runs and one for each are one account and, within it, one for each run.
    #[must_use]
    pub fn within(&self, budget: Budget) -> Self {
        Self::open(budget, Some(self.clone()))
    }

    fn open(budget: Budget, parent: Option<Self>) -> Self {
        Self(Arc::new(Inner {
            budget,
            opened: Instant::now(),
            state: Mutex::default(),
            parent,
        }))
    }

    /// This account, the one it is part of, and so on.
    fn chain(&self) -> impl Iterator<Item = &Self> {
        std::iter::successors(Some(self), |account| account.0.parent.as_ref())
    }

    /// The limits of this account; those of the accounts around it hold beside them.
    #[must_use]
    pub fn budget(&self) -> Budget {
        self.0.budget
    }

    /// What was spent, by accounts within this one too. Calls under way are not in it.
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

    /// What is left for further calls, here and around, in each unit that is limited; what is held
    /// for calls under way is not left.
    #[must_use]
    pub fn left(&self) -> Budget {
        let mut left = Budget::default();
        for account in self.chain() {
            let state = account.state();
            let mut gone = state.spent;
            gone.add(state.held);
            let budget = account.0.budget;
            let least = |one: &mut Option<u64>, limit: Option<u64>, gone: u64| {
                let own = limit.map(|limit| limit.saturating_sub(gone));
                *one = own.into_iter().chain(*one).min();
            };
            least(&mut left.tokens, budget.tokens, gone.tokens);
            least(&mut left.calls, budget.calls, gone.calls);
            let mut nano = left.cost_usd.map(from_usd);
            least(&mut nano, budget.cost_usd.map(from_usd), gone.nano_usd);
            left.cost_usd = nano.map(usd);
        }
        left.seconds = self.time_left().map(|left| left.as_secs_f64());
        left
    }

    /// Whether money is limited, here or around.
    pub(crate) fn limits_money(&self) -> bool {
        self.chain()
            .any(|account| account.0.budget.cost_usd.is_some())
    }

    /// The time that is left, if it is limited, here or around.
    pub(crate) fn time_left(&self) -> Option<Duration> {
        self.chain().filter_map(Self::own_time_left).min()
    }

    fn own_time_left(&self) -> Option<Duration> {
        let seconds = self.0.budget.seconds?;
        // What is no time at all is none, not any.
        let limit = Duration::try_from_secs_f64(seconds).unwrap_or(if seconds > 0.0 {
            Duration::MAX
        } else {
            Duration::ZERO
        });
        Some(limit.saturating_sub(self.0.opened.elapsed()))
    }

    pub(crate) fn out_of_time(&self) -> BudgetExhausted {
        let limits = self
            .chain()
            .filter_map(|account| Some((account.own_time_left()?, account)));
        let (_, account) = limits
            .min_by_key(|(left, _)| *left)
            .unwrap_or((Duration::ZERO, self));
        BudgetExhausted {
            limit: Limit::Seconds,
            allowed: account.0.budget.seconds.unwrap_or_default(),
            spent: account.0.opened.elapsed().as_secs_f64(),
            needed: 0.0,
            outer: !Arc::ptr_eq(&account.0, &self.0),
        }
    }

    /// Puts aside what a call may need at most.
    ///
    /// # Errors
    /// [`BudgetExhausted`] when it does not fit beside what is spent and held, here or around.
    pub(crate) fn hold(&self, amount: Amount) -> Result<Hold, BudgetExhausted> {
        if self.time_left().is_some_and(|left| left.is_zero()) {
            return Err(self.out_of_time());
        }
        // All are locked before any is looked at, always from the inside out, so that calls at the
        // same time neither overrun a limit nor wait for each other for ever.
        let mut states: Vec<_> = self
            .chain()
            .map(|account| (account, account.state()))
            .collect();
        for (account, state) in &states {
            let mut then = state.spent;
            then.add(state.held);
            let before = then;
            then.add(amount);
            if let Some(exhausted) = account.exceeded(before, then, amount) {
                return Err(BudgetExhausted {
                    outer: !Arc::ptr_eq(&account.0, &self.0),
                    ..exhausted
                });
            }
        }
        for (_, state) in &mut states {
            state.held.add(amount);
        }
        drop(states);
        Ok(Hold {
            account: self.clone(),
            amount: Some(amount),
        })
    }

    /// Replaces what was put aside by what was spent.
    fn settle(&self, held: Amount, spent: Amount) {
        for account in self.chain() {
            let mut state = account.state();
            state.held.subtract(held);
            state.spent.add(spent);
        }
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
                outer: false,
            });
        }
        if let Some(allowed) = budget.tokens.filter(|allowed| then.tokens > *allowed) {
            return Some(BudgetExhausted {
                limit: Limit::Tokens,
                allowed: allowed as f64,
                spent: before.tokens as f64,
                needed: needed.tokens as f64,
                outer: false,
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
            outer: false,
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
            self.account.settle(held, actual);
        }
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        if let Some(held) = self.amount.take() {
            self.account.settle(held, held);
        }
    }
}

#[cfg(test)]
mod tests;
