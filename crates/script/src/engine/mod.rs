//! The inner wall: one program on one `QuickJS` engine with the engine's own limits.
//!
//! Nothing the program can reach is ours: the engine is built without module loader, console,
//! timers or host functions, records go in through the engine's JSON parser and events come out
//! through its JSON writer (its C functions, not the `JSON` object the program may overwrite).

mod clock;
mod fault;

use std::cell::Cell;
use std::rc::Rc;

use rquickjs::atom::PredefinedAtom;
use rquickjs::context::EvalOptions;
use rquickjs::context::intrinsic::{
    Date, Eval, Json, MapSet, Promise, RegExp, RegExpCompiler, TypedArrays,
};
use rquickjs::{Array, Context, Ctx, Function, Object, Persistent, Runtime, Value};

use crate::error::{At, Clock, ScriptError};
use crate::limits::{Limits, MOST_SOURCE};

use clock::Stopwatch;
use fault::Fault;

/// The name of the program in its own error positions.
const FILE: &str = "extractor.js";

const PRELUDE: &str = include_str!("prelude.js");

/// Finds functions however they were declared: `function read`, or `const read = …`, which makes
/// no property of the global object.
const FIND: &str = "[typeof read === 'function' ? read : undefined, \
                     typeof finish === 'function' ? finish : undefined]";

type Builtins = (
    Date,
    Eval,
    RegExpCompiler,
    RegExp,
    Json,
    MapSet,
    TypedArrays,
    Promise,
);

/// What the records of one batch gave.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Yield {
    /// The events, as the inside of a JSON array: `{…},{…}`.
    pub(crate) events: String,
    /// How many of them each record gave, in order.
    pub(crate) counts: Vec<u32>,
}

/// A loaded program with its state: one run.
pub(crate) struct Engine {
    // Dropped in this order: the engine aborts when something outlives it.
    read: Persistent<Function<'static>>,
    finish: Option<Persistent<Function<'static>>>,
    context: Context,
    limits: Limits,
    stopwatch: Rc<Stopwatch>,
    tally: Cell<Tally>,
    dead: Option<ScriptError>,
}

/// What went in and came out so far.
#[derive(Debug, Clone, Copy, Default)]
struct Tally {
    records: u64,
    events: u64,
    bytes: u64,
}

impl Engine {
    /// Compiles `source`, runs its top level and finds its functions.
    ///
    /// # Errors
    /// Whatever the program does wrong meanwhile, at [`At::Loading`].
    pub(crate) fn load(source: &str, limits: &Limits) -> Result<Self, ScriptError> {
        let limits = limits.clone().kept();
        if source.len() > MOST_SOURCE {
            let message = format!("its text is longer than {MOST_SOURCE} bytes");
            return Err(ScriptError::Contract {
                at: At::Loading,
                message,
            });
        }
        let (runtime, context) = bare().map_err(|_| ScriptError::Memory {
            limit: limits.memory,
            at: At::Loading,
        })?;
        runtime.set_memory_limit(usize::try_from(limits.memory).unwrap_or(usize::MAX));
        runtime.set_max_stack_size(usize::try_from(limits.stack).unwrap_or(usize::MAX));
        let stopwatch = Rc::new(Stopwatch::new(limits.cpu));
        let watching = Rc::clone(&stopwatch);
        runtime.set_interrupt_handler(Some(Box::new(move || watching.is_over())));

        stopwatch.start();
        let found = context.with(|ctx| load(&ctx, source).map_err(|error| Fault::of(&ctx, error)));
        stopwatch.stop();
        let functions = found.and_then(|(read, finish)| {
            read.map(|read| (read, finish))
                .ok_or_else(|| Fault::Contract("it defines no function read(record, index)".into()))
        });
        match functions {
            Ok((read, finish)) => Ok(Self {
                read,
                finish,
                context,
                limits,
                stopwatch,
                tally: Cell::default(),
                dead: None,
            }),
            Err(fault) => Err(settle(fault, At::Loading, &limits, &stopwatch)),
        }
    }

    /// Gives the records to `read`, one after the other.
    ///
    /// # Errors
    /// The first thing that goes wrong; the run is over then, and so says every later call.
    pub(crate) fn feed<'r>(
        &mut self,
        records: impl IntoIterator<Item = &'r str>,
    ) -> Result<Yield, ScriptError> {
        self.alive()?;
        self.stopwatch.start();
        let mut yielded = Yield::default();
        let mut failed = None;
        self.context.with(|ctx| {
            let Ok(read) = self.read.clone().restore(&ctx) else {
                return;
            };
            for record in records {
                match self.read_one(&ctx, &read, record, &mut yielded) {
                    Ok(()) => {
                        let tally = self.tally.get();
                        self.tally.set(Tally {
                            records: tally.records + 1,
                            ..tally
                        });
                    }
                    Err(fault) => {
                        failed = Some(fault);
                        break;
                    }
                }
            }
        });
        self.stopwatch.stop();
        self.outcome(failed, At::Record(self.tally.get().records), yielded)
    }

    /// Calls `finish`, if the program has it, and ends the run.
    ///
    /// # Errors
    /// What goes wrong in it.
    pub(crate) fn finish(mut self) -> Result<Yield, ScriptError> {
        self.alive()?;
        let Some(finish) = self.finish.clone() else {
            return Ok(Yield::default());
        };
        self.stopwatch.start();
        let mut yielded = Yield::default();
        let failed = self.context.with(|ctx| {
            let called = finish
                .restore(&ctx)
                .and_then(|finish| finish.call::<_, Value>(()));
            match called {
                Ok(given) => self.collect(&ctx, given, &mut yielded),
                Err(error) => Err(Fault::of(&ctx, error)),
            }
            .err()
        });
        self.stopwatch.stop();
        self.outcome(failed, At::Finishing, yielded)
    }

    fn alive(&self) -> Result<(), ScriptError> {
        self.dead.clone().map_or(Ok(()), Err)
    }

    fn outcome(
        &mut self,
        failed: Option<Fault>,
        at: At,
        yielded: Yield,
    ) -> Result<Yield, ScriptError> {
        let Some(fault) = failed else {
            return Ok(yielded);
        };
        let error = settle(fault, at, &self.limits, &self.stopwatch);
        self.dead = Some(error.clone());
        Err(error)
    }

    fn read_one<'js>(
        &self,
        ctx: &Ctx<'js>,
        read: &Function<'js>,
        record: &str,
        yielded: &mut Yield,
    ) -> Result<(), Fault> {
        // One byte more than the text, for the zero the engine wants at its end.
        let mut bytes = Vec::with_capacity(record.len() + 1);
        bytes.extend_from_slice(record.as_bytes());
        let value = ctx
            .json_parse(bytes)
            .map_err(|error| Fault::of_record(ctx, error))?;
        // An index is exact as a number up to 2^53.
        #[allow(clippy::cast_precision_loss)]
        let index = self.tally.get().records as f64;
        let given: Value = read
            .call((value, index))
            .map_err(|error| Fault::of(ctx, error))?;
        self.collect(ctx, given, yielded)?;
        // Parsing and writing JSON ask no interrupt handler.
        if self.stopwatch.is_over() {
            Err(Fault::Stopped)
        } else {
            Ok(())
        }
    }

    /// Writes what a function gave: nothing, one event, or an array of them.
    fn collect<'js>(
        &self,
        ctx: &Ctx<'js>,
        given: Value<'js>,
        yielded: &mut Yield,
    ) -> Result<(), Fault> {
        if given.is_undefined() || given.is_null() {
            yielded.counts.push(0);
            return Ok(());
        }
        let Some(array) = given.as_array() else {
            self.write(ctx, given, yielded)?;
            yielded.counts.push(1);
            return Ok(());
        };
        let length = length(ctx, array)?;
        let left = self.limits.events.saturating_sub(self.tally.get().events);
        if u64::from(length) > left {
            return Err(Fault::Events);
        }
        for index in 0..length {
            let event = array
                .as_object()
                .get(index)
                .map_err(|error| Fault::of(ctx, error))?;
            self.write(ctx, event, yielded)?;
        }
        yielded.counts.push(length);
        Ok(())
    }

    fn write<'js>(
        &self,
        ctx: &Ctx<'js>,
        event: Value<'js>,
        yielded: &mut Yield,
    ) -> Result<(), Fault> {
        check_event(ctx, &event)?;
        // The engine's own memory, so that no copy is made of what is too long.
        let written = ctx
            .json_stringify(event)
            .and_then(|text| text.map(rquickjs::String::to_cstring).transpose())
            .map_err(|error| Fault::of_event(ctx, error))?;
        let bytes: &[u8] = written.as_ref().map_or(&[], AsRef::as_ref);
        if !bytes.starts_with(b"{") {
            return Err(Fault::Contract(
                "an event is not an object as JSON (toJSON?)".into(),
            ));
        }
        let mut tally = self.tally.get();
        tally.events += 1;
        tally.bytes = tally.bytes.saturating_add(bytes.len() as u64 + 1);
        self.tally.set(tally);
        if tally.events > self.limits.events {
            return Err(Fault::Events);
        }
        if tally.bytes > self.limits.output {
            return Err(Fault::Output);
        }
        let text = std::str::from_utf8(bytes)
            .map_err(|_| Fault::Contract("an event is not UTF-8 as JSON".into()))?;
        if !yielded.events.is_empty() {
            yielded.events.push(',');
        }
        yielded.events.push_str(text);
        Ok(())
    }
}

/// An engine with nothing but the language in it.
fn bare() -> rquickjs::Result<(Runtime, Context)> {
    let runtime = Runtime::new()?;
    let context = Context::custom::<Builtins>(&runtime)?;
    context.with(|ctx| evaluate::<()>(&ctx, PRELUDE, "prelude.js"))?;
    Ok((runtime, context))
}

/// Uses once what the engine and the C library set up at first use (time zone, number formats), so
/// that it is not done behind the outer wall, where no file can be opened.
pub(crate) fn warm_up() {
    let program = "function read(record) { \
                   return { at: new Date(record.at).toISOString(), \
                   local: Date.parse('1 Jan 2020 10:00'), \
                   word: /\\p{L}+/u.exec(record.text)[0], half: (0.5).toFixed(3) } }";
    if let Ok(mut engine) = Engine::load(program, &Limits::default()) {
        let _ = engine.feed([r#"{"at":"2020-01-01T00:00:00","text":"é"}"#]);
    }
}

type Functions = (
    Option<Persistent<Function<'static>>>,
    Option<Persistent<Function<'static>>>,
);

fn load(ctx: &Ctx<'_>, source: &str) -> rquickjs::Result<Functions> {
    evaluate::<Value>(ctx, source, FILE)?;
    let found: Vec<Option<Function>> = evaluate(ctx, FIND, "prelude.js")?;
    let mut found = found
        .into_iter()
        .map(|f| f.map(|f| Persistent::save(ctx, f)));
    Ok((found.next().flatten(), found.next().flatten()))
}

fn evaluate<'js, T: rquickjs::FromJs<'js>>(
    ctx: &Ctx<'js>,
    source: &str,
    name: &str,
) -> rquickjs::Result<T> {
    let mut options = EvalOptions::default();
    options.filename = Some(name.to_owned());
    ctx.eval_with_options(source, options)
}

/// Whether a value can be an event at all; says what it is instead.
fn check_event(ctx: &Ctx<'_>, event: &Value<'_>) -> Result<(), Fault> {
    let what = if event.is_promise() {
        "a promise (nothing is ever awaited)"
    } else if event.is_array() {
        "an array within an array"
    } else if event.is_function() {
        "a function"
    } else if let Some(object) = event.as_object() {
        // `function* read` is an easy slip. An event with a method is none, so this costs nothing.
        if !has_method(ctx, object, "next") {
            return Ok(());
        }
        "an iterator; give an array, as [...generator()]"
    } else {
        event.type_name()
    };
    Err(Fault::Contract(format!(
        "an event must be an object, but this is {what}"
    )))
}

/// The length of an array, which may be anything up to 2^32 - 1.
fn length<'js>(ctx: &Ctx<'js>, array: &Array<'js>) -> Result<u32, Fault> {
    let length: f64 = array
        .as_object()
        .get(PredefinedAtom::Length)
        .map_err(|error| Fault::of(ctx, error))?;
    // The engine keeps an array's length a whole number of 32 bits.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    Ok(length as u32)
}

fn has_method(ctx: &Ctx<'_>, object: &Object<'_>, name: &str) -> bool {
    if let Ok(value) = object.get::<_, Value>(name) {
        return value.is_function();
    }
    // A getter that throws does so again when the event is written.
    ctx.catch();
    false
}

/// Gives a fault its limit, figure and place.
fn settle(fault: Fault, at: At, limits: &Limits, stopwatch: &Stopwatch) -> ScriptError {
    if stopwatch.is_over() {
        let limit_ms = u64::try_from(limits.cpu.as_millis()).unwrap_or(u64::MAX);
        return ScriptError::Timeout {
            limit_ms,
            clock: Clock::Cpu,
            at,
        };
    }
    match fault {
        Fault::Stopped => ScriptError::Threw {
            at,
            message: "stopped".into(),
            stack: String::new(),
        },
        Fault::Memory => ScriptError::Memory {
            limit: limits.memory,
            at,
        },
        Fault::Output => ScriptError::Output {
            limit: limits.output,
            at,
        },
        Fault::Events => ScriptError::Events {
            limit: limits.events,
            at,
        },
        Fault::Stack => ScriptError::Stack {
            limit: limits.stack,
            at,
        },
        Fault::Contract(message) => ScriptError::Contract { at, message },
        Fault::Record(message) => match at {
            At::Record(record) => ScriptError::Record { record, message },
            _ => ScriptError::Contract { at, message },
        },
        Fault::Compile {
            line,
            column,
            message,
        } if at == At::Loading => ScriptError::Compile {
            line,
            column,
            message,
        },
        Fault::Compile { message, .. } => ScriptError::Threw {
            at,
            message,
            stack: String::new(),
        },
        Fault::Threw { message, stack } => ScriptError::Threw { at, message, stack },
    }
}
