//! One call: attempts within budget and time until one gives a completion.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;
use tokio::time::{Instant, timeout_at};

use crate::accepts::Accepts;
use crate::answer::{self, Again, Failed, Reading};
use crate::budget::{Account, Amount};
use crate::cassette::{Cassette, request_key};
use crate::count::estimate_input;
use crate::error::{CallSite, LlmError, Wait};
use crate::gate::Gate;
use crate::ledger::{CallRecord, Ledger};
use crate::line::Line;
use crate::message::{Completion, Delta, Request};
use crate::model::ModelName;
use crate::price::{Price, usd};
use crate::provider::Provider;
use crate::retry::Retry;
use crate::text_tools;
use crate::tool_check::ToolCheck;
use crate::transport::{Exchange, Outgoing, Timeouts};
use crate::usage::Usage;

/// What a client is made of.
#[derive(Clone)]
pub(crate) struct Caller {
    pub(crate) provider: &'static dyn Provider,
    pub(crate) model: ModelName,
    /// Where requests go; `None` when only replaying.
    pub(crate) line: Option<Line>,
    pub(crate) timeouts: Timeouts,
    pub(crate) retry: Retry,
    pub(crate) gate: Gate,
    pub(crate) account: Account,
    pub(crate) ledger: Ledger,
    pub(crate) cassette: Option<Cassette>,
    pub(crate) price: Option<Price>,
    pub(crate) context_tokens: Option<u64>,
    pub(crate) tools_may_be_text: bool,
    pub(crate) most_bytes: usize,
    pub(crate) accepts: Arc<Mutex<Accepts>>,
    /// How many tokens the provider counted for a thousand of ours, at most so far.
    pub(crate) per_thousand: Arc<AtomicU64>,
}

/// What a call has come to so far.
struct Progress {
    usage: Usage,
    nano_usd: u64,
    seconds: f64,
    retries: u32,
    replayed: bool,
    /// The end of the last exchange; at first the beginning of the call.
    since: Instant,
    /// What the attempt under way may use.
    held: Option<Usage>,
    /// The prompt's tokens by our own count.
    counted: u64,
}

impl Progress {
    fn new(counted: u64) -> Self {
        Self {
            usage: Usage::default(),
            nano_usd: 0,
            seconds: 0.0,
            retries: 0,
            replayed: false,
            since: Instant::now(),
            held: None,
            counted,
        }
    }
}

type OnDelta<'a> = dyn FnMut(Delta) + Send + 'a;

impl Caller {
    pub(crate) async fn call(
        &self,
        request: &Request,
        mut on_delta: Option<&mut OnDelta<'_>>,
    ) -> Result<Completion, LlmError> {
        self.can_keep_its_budget()?;
        let check = ToolCheck::new(&request.tools)?;
        let counted = estimate_input(&lower(request, self.accepts()));
        let input = self.as_the_provider_counts(counted);
        let mut progress = Progress::new(counted);
        let by_budget = self
            .account
            .time_left()
            .filter(|left| *left < self.timeouts.call);
        let limit = by_budget.unwrap_or(self.timeouts.call);
        let until = Instant::now() + limit;
        let attempts = self.attempts(request, input, until, &mut progress, &mut on_delta);
        let result = timeout_at(until, attempts).await;
        if result.is_err() {
            // What was under way, or waited for, when the time was up.
            progress.seconds += progress.since.elapsed().as_secs_f64();
        }
        let result = match result {
            Ok(result) => result,
            Err(_) if by_budget.is_some() => Err(self.account.out_of_time().into()),
            Err(_) => Err(LlmError::Timeout {
                site: self.site(),
                wait: Wait::Call,
                limit,
            }),
        };
        if let Some(held) = progress.held.take() {
            // Given up half-way: nobody knows what the provider charges, so all of it counts.
            let at_most = self.price.map_or(0, |p| p.at_most(held.input, held.output));
            progress.usage += held;
            progress.nano_usd = progress.nano_usd.saturating_add(at_most);
        }
        self.enter(&progress, result.as_ref().err());
        result.map(|mut completion| {
            self.compare(counted, &completion.usage);
            check.apply(&mut completion);
            completion
        })
    }

    /// # Errors
    /// [`LlmError::UnknownPrice`] when money is limited but nobody knows what a call costs.
    pub(crate) fn can_keep_its_budget(&self) -> Result<(), LlmError> {
        if self.line.is_some() && self.price.is_none() && self.account.limits_money() {
            return Err(LlmError::UnknownPrice {
                model: self.model.to_string(),
            });
        }
        Ok(())
    }

    fn enter(&self, progress: &Progress, error: Option<&LlmError>) {
        self.ledger.add(CallRecord {
            model: self.model.to_string(),
            usage: progress.usage,
            cost_usd: self.price.map(|_| usd(progress.nano_usd)),
            seconds: progress.seconds,
            retries: progress.retries,
            replayed: progress.replayed,
            error: error.map(LlmError::kind),
        });
    }

    async fn attempts(
        &self,
        request: &Request,
        input: u64,
        until: Instant,
        progress: &mut Progress,
        on_delta: &mut Option<&mut OnDelta<'_>>,
    ) -> Result<Completion, LlmError> {
        let stream = on_delta.is_some();
        let mut waits = self.retry.waits();
        let mut tried = Vec::new();
        let mut calls = 1;
        let mut garbled = false;
        loop {
            let (accepts, recorded) = self.recall(request, stream);
            // Before anything is put aside: who is given up while waiting has used nothing.
            let permit = match (&recorded, &self.line) {
                (None, Some(_)) => self.gate.pass(input).await,
                _ => None,
            };
            let hold = self.account.hold(self.at_most(request, input, calls))?;
            let most = Usage {
                input,
                output: u64::from(request.max_output_tokens),
                estimated: true,
                ..Usage::default()
            };
            progress.held = Some(most);
            let attempt = self
                .attempt(request, most, accepts, recorded, progress, on_delta)
                .await;
            progress.held = None;
            drop(permit);
            let failed = match attempt {
                Ok(completion) => {
                    hold.settle(self.charge(progress, completion.usage, calls));
                    return Ok(completion);
                }
                Err(failed) => failed,
            };
            hold.settle(self.charge(progress, failed.usage, calls));
            calls = 0;
            tried.push(accepts);
            let sent = self.provider.sent(request, accepts, stream);
            if let LlmError::Refused {
                status, message, ..
            } = &failed.error
                && let Some(less) = accepts.after(*status, message, sent, self.tools_may_be_text)
                && !tried.contains(&less)
            {
                self.learn(less);
                continue;
            }
            let passing = match failed.again {
                Again::Never => false,
                Again::Once => !std::mem::replace(&mut garbled, true),
                Again::Often => true,
            };
            let Some(wait) = waits.next().filter(|_| passing) else {
                return Err(failed.error.after(progress.retries));
            };
            let asked = failed.retry_after.filter(|_| !failed.replayed);
            if failed
                .retry_after
                .is_some_and(|asked| asked > self.retry.longest_asked)
                || asked.is_some_and(|asked| Instant::now() + asked > until)
            {
                // Nothing would come of the wait.
                return Err(failed.error.after(progress.retries));
            }
            progress.retries += 1;
            if !failed.replayed {
                if let Some(asked) = asked {
                    self.gate.close_for(asked);
                }
                tokio::time::sleep(asked.unwrap_or(wait)).await;
            }
        }
    }

    /// What the server is taken to accept, and the recorded exchange of a request that is made so.
    ///
    /// What is learnt of a server is learnt in the order of the calls, which may be another when
    /// calls at the same time are replayed. So a request that is not recorded in one form is looked
    /// for in those that leave out more.
    fn recall(&self, request: &Request, stream: bool) -> (Accepts, Option<Exchange>) {
        let accepts = self.accepts();
        let Some(cassette) = &self.cassette else {
            return (accepts, None);
        };
        let next = |accepts| {
            let body = self.body(request, accepts, stream);
            cassette.next(&request_key(self.provider.path(), &body))
        };
        let recorded = next(accepts);
        if recorded.is_some() || cassette.is_recording() {
            return (accepts, recorded);
        }
        let sent = self.provider.sent(request, accepts, stream);
        for less in accepts.with_less(sent, self.tools_may_be_text) {
            if let Some(recorded) = next(less) {
                self.learn(less);
                return (less, Some(recorded));
            }
        }
        (accepts, None)
    }

    fn body(&self, request: &Request, accepts: Accepts, stream: bool) -> Value {
        let lowered = lower(request, accepts);
        self.provider
            .body(self.model.model(), &lowered, accepts, stream)
    }

    /// One request and what came of it.
    async fn attempt(
        &self,
        request: &Request,
        most: Usage,
        accepts: Accepts,
        recorded: Option<Exchange>,
        progress: &mut Progress,
        on_delta: &mut Option<&mut OnDelta<'_>>,
    ) -> Result<Completion, Box<Failed>> {
        let stream = on_delta.is_some();
        let key = self.line.as_ref().and_then(Line::key);
        let mut reading = Reading::new(self.provider, stream, on_delta.as_deref_mut(), key);
        let replayed = recorded.is_some();
        let received = match recorded {
            Some(recorded) => {
                reading.bytes(&recorded, &recorded.body);
                recorded
            }
            None => self
                .bytes(
                    self.body(request, accepts, stream),
                    progress.since,
                    &mut reading,
                )
                .await
                .map_err(|error| Failed::new(error, Again::Never, Usage::default()))?,
        };
        progress.seconds += received.waited + received.seconds;
        progress.since = Instant::now();
        progress.replayed = replayed;
        let site = self.site();
        let mut completion = reading
            .end(&received, &site, self, most)
            .map_err(|mut failed| {
                failed.replayed = replayed;
                failed.retry_after = answer::asked_wait(&received.headers, Timestamp::now());
                if let LlmError::Busy { retry_after, .. } = &mut failed.error {
                    *retry_after = failed.retry_after;
                }
                failed
            })?;
        if completion.usage.total() == 0 {
            // Not as many as it may have been at most: what is reported should be likely.
            completion.usage = answer::counted(&completion, progress.counted);
        }
        let earlier = answer::earlier_calls(request);
        let in_text =
            !accepts.tools || completion.calls.is_empty() && self.provider.calls_may_be_text();
        if in_text && !request.tools.is_empty() {
            completion = text_tools::lift(completion, earlier);
        }
        answer::number(&mut completion.calls, earlier);
        Ok(completion)
    }

    /// The bytes of an exchange with the server, which go into the cassette too.
    async fn bytes(
        &self,
        body: Value,
        since: Instant,
        reading: &mut Reading<'_, '_>,
    ) -> Result<Exchange, LlmError> {
        let path = self.provider.path();
        let key = request_key(path, &body);
        if let Some(cassette) = self.cassette.as_ref().filter(|c| !c.is_recording()) {
            return Err(cassette.missing(&key, &self.model.to_string()));
        }
        let Some(line) = &self.line else {
            return Err(LlmError::Setting {
                variable: "cassette",
                reason: "there is neither a cassette nor a server".to_owned(),
            });
        };
        let text = body.to_string();
        let outgoing = Outgoing {
            path,
            headers: self.provider.headers(line.key()),
            body: text.clone(),
        };
        let waited = waited(since);
        let mut received = line
            .exchange(
                outgoing,
                &self.timeouts,
                self.most_bytes,
                &mut |head, piece| reading.bytes(head, piece),
            )
            .await;
        received.waited = waited;
        if let Some(cassette) = &self.cassette {
            // A prompt that quotes a key is not written down at all.
            let clean = line
                .keys()
                .iter()
                .all(|key| key.scrub_text(text.clone()) == text);
            let request = if clean { body } else { Value::Null };
            cassette.add(&key, path, request, &received)?;
        }
        Ok(received)
    }

    pub(crate) fn site(&self) -> CallSite {
        let replayed = || {
            self.cassette
                .as_ref()
                .map(|c| c.path().display().to_string())
        };
        let address = self.line.as_ref().map(Line::address).or_else(replayed);
        CallSite {
            model: self.model.to_string(),
            address: address.unwrap_or_default(),
        }
    }

    pub(crate) fn limit_of(&self, wait: Wait) -> Duration {
        match wait {
            Wait::FirstByte => self.timeouts.first_byte,
            Wait::NextBytes => self.timeouts.between_bytes,
            Wait::Exchange => self.timeouts.exchange,
            Wait::Call => self.timeouts.call,
        }
    }

    pub(crate) fn most_bytes(&self) -> usize {
        self.most_bytes
    }

    /// Our count of tokens as the provider will count them, by all that is known of it.
    pub(crate) fn as_the_provider_counts(&self, counted: u64) -> u64 {
        counted.saturating_mul(self.per_thousand.load(Ordering::Relaxed)) / 1000
    }

    /// Remembers how the provider's count of a prompt compares with ours, which is that of another
    /// family's encoding, so that later calls are held against budgets for what they will cost.
    fn compare(&self, counted: u64, usage: &Usage) {
        // Short prompts say more about the marks around messages than about the encoding.
        const LONG_ENOUGH: u64 = 500;
        const MOST: u64 = 3000;
        if !usage.estimated && counted >= LONG_ENOUGH {
            let ratio = usage.prompt().saturating_mul(1000) / counted;
            self.per_thousand
                .fetch_max(ratio.min(MOST), Ordering::Relaxed);
        }
    }

    fn at_most(&self, request: &Request, input: u64, calls: u64) -> Amount {
        let output = u64::from(request.max_output_tokens);
        Amount {
            tokens: input.saturating_add(output),
            nano_usd: self.price.map_or(0, |price| price.at_most(input, output)),
            calls,
        }
    }

    /// Adds what one attempt used. Each has its own price, since long prompts cost more.
    fn charge(&self, progress: &mut Progress, usage: Usage, calls: u64) -> Amount {
        let nano_usd = self.price.map_or(0, |price| price.nano_usd(&usage));
        progress.usage += usage;
        progress.nano_usd = progress.nano_usd.saturating_add(nano_usd);
        Amount {
            tokens: usage.total(),
            nano_usd,
            calls,
        }
    }
}

/// Seconds since then, in whole hundredths: less is no wait but work of our own.
fn waited(since: Instant) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a wait of a few hours at most")]
    let hundredths = (since.elapsed().as_millis() / 10) as f64;
    hundredths / 100.0
}

/// The request without what the server does not take.
fn lower(request: &Request, accepts: Accepts) -> Request {
    let mut request = request.clone();
    if !accepts.tools && !request.tools.is_empty() {
        request = text_tools::lower(request);
    } else if !accepts.forced_tools {
        request = text_tools::ask_for_call(request);
    }
    match request.schema.clone().filter(|_| !accepts.schema) {
        Some(schema) => schema.as_instruction(request),
        None => request,
    }
}
