//! Programs that mean harm, each of which must end in its clear error within the limits. The whole
//! suite runs behind both walls. Kinds of errors are asserted, never times.

#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

use std::time::Duration;

use script::{At, Clock, Launcher, Limits, Program, ScriptError, Walls};

const MIB: u64 = 1024 * 1024;

/// Small enough for a quick suite on a busy machine.
fn limits() -> Limits {
    let mut limits = Limits::default();
    limits.cpu = Duration::from_millis(700);
    limits.wall = Duration::from_secs(30);
    limits.memory = 32 * MIB;
    limits.output = 4 * MIB;
    limits.events = 10_000;
    limits
}

fn walls() -> Walls {
    Walls::Both(Launcher::at(env!("CARGO_BIN_EXE_script-worker")))
}

/// Runs `source` over two small records to its end.
fn run(source: &str) -> Result<String, ScriptError> {
    run_with(source, limits())
}

fn run_with(source: &str, limits: Limits) -> Result<String, ScriptError> {
    let mut run = Program::load(source, limits, walls())?.run()?;
    let mut events = run
        .feed(&[r#"{"a":1}"#, r#"{"a":2}"#])?
        .as_json()
        .to_owned();
    let last = run.finish()?;
    if !last.is_empty() {
        events.push_str(last.as_json());
    }
    Ok(events)
}

/// The error of a `read` with this body.
fn error(body: &str) -> ScriptError {
    error_of(&format!("function read(record, index) {{ {body} }}"))
}

fn error_of(source: &str) -> ScriptError {
    run(source).expect_err(source)
}

const FIRST: At = At::Record(0);

#[track_caller]
fn assert_threw(error: &ScriptError, says: &str) {
    let ScriptError::Threw { message, .. } = error else {
        panic!("{error:?}")
    };
    assert!(message.contains(says), "{message}");
}

#[track_caller]
fn assert_contract(error: &ScriptError, says: &str) {
    let ScriptError::Contract { message, .. } = error else {
        panic!("{error:?}")
    };
    assert!(message.contains(says), "{message}");
}

fn timeout() -> ScriptError {
    ScriptError::Timeout {
        limit_ms: 700,
        clock: Clock::Cpu,
        at: FIRST,
    }
}

#[test]
fn a_file_cannot_be_read() {
    for name in [
        "std",
        "os",
        "Deno",
        "fs",
        "open",
        "load",
        "read_file",
        "require",
        "process",
    ] {
        assert_threw(
            &error(&format!(
                "return {{ text: {name}.open('/etc/passwd', 'r') }}"
            )),
            &format!("ReferenceError: {name} is not defined"),
        );
    }
}

#[test]
fn a_socket_cannot_be_opened() {
    for name in [
        "fetch",
        "XMLHttpRequest",
        "WebSocket",
        "Worker",
        "net",
        "setTimeout",
        "console",
    ] {
        assert_threw(
            &error(&format!("return new {name}('http://127.0.0.1:1')")),
            &format!("ReferenceError: {name} is not defined"),
        );
    }
}

#[test]
fn nothing_can_be_imported() {
    let text = "import * as std from 'std'; function read() { return {} }";
    assert!(matches!(
        error_of(text),
        ScriptError::Compile { line: 1, .. }
    ));
    assert_contract(&error("return import('std')"), "a promise");
    // An import that nobody awaits never happens.
    let text = "let got = 'nothing'; import('os').then(m => { got = 'module' }, e => { got = 'error' }); \
                function read() { return { got } }";
    assert_eq!(
        run(text).expect("runs"),
        r#"[{"got":"nothing"},{"got":"nothing"}]"#
    );
}

#[test]
fn there_is_no_clock_and_no_chance() {
    assert_threw(&error("return { now: new Date() }"), "has no clock");
    assert_threw(&error("return { now: Date() }"), "has no clock");
    assert_threw(&error("return { now: Date.now() }"), "not a function");
    assert_threw(
        &error("return { now: new (new Date(0).constructor)() }"),
        "has no clock",
    );
    assert_threw(
        &error("return { now: new (class extends Date {})() }"),
        "has no clock",
    );
    assert_threw(
        &error("return { now: Reflect.construct(Date, []) }"),
        "has no clock",
    );
    assert_threw(
        &error("return { now: performance.now() }"),
        "performance is not defined",
    );
    assert_threw(&error("return { any: Math.random() }"), "not a function");
}

#[test]
fn dates_of_records_are_read_in_utc() {
    let text = "function read(record, index) {
        const d = new Date(2020, 1, 3, 4, 5);
        return index ? undefined : [
            { iso: new Date('2020-01-01T00:00:00').toISOString() },
            { zone: Date.parse('2020-01-01T00:00:00+02:00'), bare: Date.parse('2020-01-01') },
            { fields: [d.getHours(), d.getDate(), d.getTimezoneOffset(), `${d}`] },
            { copy: new Date(new Date(5)).getTime(), bad: Date.parse('soon'), json: new Date(0) },
        ];
    }";
    assert_eq!(
        run(text).expect("runs"),
        r#"[{"iso":"2020-01-01T00:00:00.000Z"},{"zone":1577829600000,"bare":1577836800000},{"fields":[4,3,0,"Mon, 03 Feb 2020 04:05:00 GMT"]},{"copy":5,"bad":null,"json":"1970-01-01T00:00:00.000Z"}]"#
    );
}

#[test]
fn no_code_can_be_made_from_text() {
    assert_threw(&error("return { e: eval('1') }"), "eval is not defined");
    for maker in [
        "Function('return 1')()",
        "new Function('return 1')()",
        "(function () {}).constructor('return 1')()",
        "(() => 1).constructor('return 1')()",
        "(function* () {}).constructor('yield 1')().next()",
        "(async function () {}).constructor('return 1')()",
        "Object.getPrototypeOf(async function* () {}).constructor('yield 1')()",
        "Reflect.construct((class {}).constructor, ['return 1'])()",
    ] {
        assert_threw(
            &error(&format!("return {{ made: {maker} }}")),
            "code out of text",
        );
    }
}

#[test]
fn endless_loops_end() {
    assert_eq!(error("for (;;) {}"), timeout());
    assert_eq!(error("let i = 0n; while (true) i++"), timeout());
    assert_eq!(
        error("for (;;) try { for (;;) {} } catch {} finally { continue }"),
        timeout()
    );
    assert_eq!(
        error("function* g() { for (;;) yield 1 } for (const x of g()) {}"),
        timeout()
    );
    assert_eq!(error("return { get a() { for (;;) {} } }"), timeout());
    assert_eq!(error("return { toJSON() { for (;;) {} } }"), timeout());
    assert_eq!(error("[1, 2, 3].sort(() => { for (;;) {} })"), timeout());
    let at = At::Loading;
    let loading = ScriptError::Timeout {
        limit_ms: 700,
        clock: Clock::Cpu,
        at,
    };
    assert_eq!(error_of("for (;;) {}"), loading);
    let at = At::Finishing;
    let finishing = ScriptError::Timeout {
        limit_ms: 700,
        clock: Clock::Cpu,
        at,
    };
    assert_eq!(
        error_of("function read() {} function finish() { for (;;) {} }"),
        finishing
    );
}

#[test]
fn an_endless_loop_names_its_record() {
    let error = error("if (record.a === 2) for (;;) {}");
    assert!(
        matches!(
            error,
            ScriptError::Timeout {
                at: At::Record(1),
                ..
            }
        ),
        "{error:?}"
    );
}

#[test]
fn time_within_one_builtin_ends_by_the_kernel() {
    // None of these asks the engine's interrupt handler while it works, nor often in between.
    for body in [
        "const x = (1n << 1000000n) - 1n; for (;;) x.toString()",
        "const s = 'a'.repeat(1e7); for (;;) s.indexOf('a'.repeat(5e6) + 'b')",
    ] {
        assert_eq!(error(body), timeout());
    }
}

#[test]
fn catastrophic_regular_expressions_end() {
    assert_eq!(
        error("return { m: /(a+)+$/.test('a'.repeat(60) + 'b') }"),
        timeout()
    );
    assert_eq!(
        error("'a'.repeat(60).replace(/(a|aa)+$(?<!a)/g, '')"),
        timeout()
    );
    assert_eq!(error("/(?:.*?.*?)*?x/.exec('y'.repeat(1e5))"), timeout());
}

/// Filling memory takes its time on a busy machine.
#[track_caller]
fn assert_memory(body: &str) {
    let mut limits = limits();
    limits.cpu = Duration::from_secs(20);
    let text = format!("function read() {{ {body} }}");
    let memory = ScriptError::Memory {
        limit: 32 * MIB,
        at: FIRST,
    };
    assert_eq!(run_with(&text, limits).expect_err(body), memory);
}

#[test]
fn memory_ends() {
    assert_memory("const a = []; for (;;) a.push('x'.repeat(1000) + a.length)");
    assert_memory("const a = []; for (;;) a.push(new Uint8Array(1e6))");
    assert_memory("const a = []; for (;;) a.push([])");
    assert_memory("const a = {}; for (let i = 0; ; i++) a['k' + i] = i");
    assert_memory("const m = new Map(); for (let i = 0; ; i++) m.set(i, i)");
    assert_memory("new ArrayBuffer(2 ** 30)");
    assert_memory("return { s: 'x'.repeat(2 ** 28) }");
    assert_memory("return { s: new Array(2 ** 24).join('xx') }");
}

#[test]
fn what_is_longer_than_a_string_or_a_number_can_be_throws() {
    assert_threw(&error("return { s: 'x'.repeat(2 ** 30) }"), "string length");
    assert_threw(&error("let s = 'x'; for (;;) s += s"), "string too long");
    assert_threw(&error("let n = 2n; for (;;) n = n * n"), "too large");
}

#[test]
fn state_kept_between_records_counts() {
    let text = "const kept = []; function read() { kept.push('x'.repeat(2e7 + kept.length)) }";
    let error = error_of(text);
    assert_eq!(
        error,
        ScriptError::Memory {
            limit: 32 * MIB,
            at: At::Record(1)
        }
    );
}

#[test]
fn deep_recursion_ends() {
    let stack = ScriptError::Stack {
        limit: 512 * 1024,
        at: FIRST,
    };
    assert_eq!(error("return read(record, index)"), stack);
    assert_eq!(
        error("let a = []; for (let i = 0; i < 1e5; i++) a = [a]; return { a }"),
        stack
    );
    assert_eq!(error("JSON.parse('['.repeat(1e5))"), stack);
    assert_eq!(
        error("return { toJSON() { return JSON.stringify(this) } }"),
        stack
    );
    let error = error("return new RegExp('('.repeat(1e5))");
    assert!(
        matches!(error, ScriptError::Threw { .. } | ScriptError::Stack { .. }),
        "{error:?}"
    );
}

#[test]
fn a_deep_record_ends() {
    let mut run = Program::load("function read() {}", limits(), walls())
        .and_then(|program| program.run())
        .expect("good");
    let deep = "[".repeat(100_000) + &"]".repeat(100_000);
    let error = run.feed(&["1", &deep]).expect_err("deep");
    assert_eq!(
        error,
        ScriptError::Stack {
            limit: 512 * 1024,
            at: At::Record(1)
        }
    );
}

#[test]
fn a_billion_events_end() {
    let events = ScriptError::Events {
        limit: 10_000,
        at: FIRST,
    };
    assert_eq!(error("return new Array(1e9)"), events);
    assert_eq!(
        error("return Array.from({ length: 10001 }, () => ({}))"),
        events
    );
    let text = "function read() { return Array.from({ length: 6000 }, () => ({})) }";
    assert_eq!(
        error_of(text),
        ScriptError::Events {
            limit: 10_000,
            at: At::Record(1)
        }
    );
}

#[test]
fn a_gigabyte_of_output_ends() {
    let output = ScriptError::Output {
        limit: 4 * MIB,
        at: FIRST,
    };
    assert_eq!(error("return { text: 'x'.repeat(5e6) }"), output);
    assert_eq!(
        error("const text = 'x'.repeat(1e6); return Array(1000).fill({ text })"),
        output
    );
    // Within the engine's memory a gigabyte cannot even be made.
    assert_memory("const t = 'x'.repeat(1e6); return { t: Array(1000).fill(t) }");
    let text = "function read() { return { text: 'x'.repeat(3e6) } }";
    assert_eq!(
        error_of(text),
        ScriptError::Output {
            limit: 4 * MIB,
            at: At::Record(1)
        }
    );
}

#[test]
fn pollution_only_hurts_the_program_itself() {
    let text = "
        JSON.parse = JSON.stringify = () => 'owned';
        Array.prototype.push = Array.prototype[Symbol.iterator] = () => { throw 1 };
        Object.prototype.length = 7;
        Object.defineProperty(Object.prototype, 'events', { set() { throw 3 } });
        Function.prototype.call = Function.prototype.apply = () => { throw 4 };
        Object.prototype.then = f => f('owned');
        String.prototype.toString = () => 'owned';
        function read(record, index) { return { a: record.a, index } }";
    assert_eq!(
        run(text).expect("runs"),
        r#"[{"a":1,"index":0},{"a":2,"index":1}]"#
    );
    for polluted in [
        "Object.prototype.toJSON = () => 5",
        "Object.prototype.toJSON = () => [1, 2]",
        "Object.prototype.toJSON = () => undefined",
        "Object.prototype.toJSON = () => '},{'",
    ] {
        let text = format!("{polluted}; function read() {{ return {{}} }}");
        assert_contract(&error_of(&text), "not an object as JSON");
    }
    let text = "Object.prototype.next = () => 1; function read() { return {} }";
    assert_contract(&error_of(text), "an iterator");
    // The engine's own JSON writer can be tripped, which is an error of the program like any other.
    let text = "Object.defineProperty(Array.prototype, 0, { set() { throw 'tripped' } });
        function read() { return { a: {} } }";
    assert_contract(&error_of(text), "tripped");
    // `read` is found once; what the program does with the name later is its own business.
    let text = "function read(r, i) { globalThis.read = null; return { i } }";
    assert_eq!(run(text).expect("runs"), r#"[{"i":0},{"i":1}]"#);
}

#[test]
fn exotic_things_are_thrown() {
    assert_threw(&error("throw 'plain'"), "plain");
    assert_threw(&error("throw 7"), "7");
    assert_threw(
        &error("throw { message: 'no error' }"),
        "a value of type object",
    );
    assert_threw(&error("throw Symbol('s')"), "a value of type symbol");
    assert_threw(&error("throw undefined"), "undefined");
    assert_threw(
        &error(
            "const e = new Error('m'); e.name = {}; \
 Object.defineProperty(e, 'stack', { value: 5 }); throw e",
        ),
        "m",
    );
    assert_threw(
        &error("throw Object.defineProperty(new Error(), 'message', { get() { throw 1 } })"),
        "Error",
    );
    assert_eq!(
        error("throw Object.defineProperty(new Error(), 'stack', { get() { for (;;) {} } })"),
        timeout()
    );
    assert_threw(
        &error("throw new Error('x', { cause: { toString() { for (;;) {} } } })"),
        "Error: x",
    );
    let ScriptError::Threw { message, .. } = error("throw new Error('é'.repeat(1e6))") else {
        panic!("threw")
    };
    assert!(message.len() < 5000, "{}", message.len());
}

#[test]
fn results_that_are_no_events_are_refused() {
    assert_contract(&error("return 5"), "this is int");
    assert_contract(&error("return 'text'"), "this is string");
    assert_contract(&error("return [[{}]]"), "an array within an array");
    assert_contract(&error("return [{}, , {}]"), "this is undefined");
    assert_contract(&error("return read"), "a function");
    assert_contract(&error("const a = {}; a.a = a; return a"), "circular");
    assert_contract(&error("const a = []; a.push({ a }); return a"), "circular");
    assert_contract(&error("return { n: 1n }"), "BigInt");
    assert_contract(
        &error("return { get a() { throw new Error('got') } }"),
        "got",
    );
    assert_contract(&error("return { toJSON() { return 5 } }"), "not an object");
    assert_contract(
        &error_of("async function read() { return {} }"),
        "a promise",
    );
    assert_contract(&error_of("function* read() { yield {} }"), "an iterator");
    assert_contract(&error_of("let read = 5"), "no function read");
    assert_contract(&error_of(""), "no function read");
}

#[test]
fn getters_and_conversions_run_but_only_in_the_program() {
    let text = "let n = 0; function read() { return {
        get n() { return ++n }, k: { [Symbol.toPrimitive]() { throw 1 } }, d: new Date(0),
        s: new String('s'), m: new Map([[1, 2]]), u: undefined, f() {} } }";
    let one =
        |n: u8| format!(r#"{{"n":{n},"k":{{}},"d":"1970-01-01T00:00:00.000Z","s":"s","m":{{}}}}"#);
    assert_eq!(run(text).expect("runs"), format!("[{},{}]", one(1), one(2)));
}

#[test]
fn an_array_that_changes_while_it_is_written_is_refused() {
    let text = "const a = [{ get x() { a.length = 1; return 1 } }, {}]; return a";
    assert_contract(&error(text), "this is undefined");
}

#[test]
fn jobs_never_run() {
    let text = "let jobs = 0;
        const again = () => Promise.resolve().then(() => { jobs++; again() });
        async function spin() { for (;;) { jobs++; await null } }
        function read() { again(); spin(); return { jobs } }";
    assert_eq!(run(text).expect("runs"), r#"[{"jobs":1},{"jobs":2}]"#);
    assert_memory("for (;;) Promise.resolve().then(() => {})");
}

#[test]
fn nothing_can_wait_or_be_shared() {
    let wait = "Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)";
    assert_threw(&error(wait), "Atomics is not defined");
    assert_threw(
        &error("new SharedArrayBuffer(4)"),
        "SharedArrayBuffer is not defined",
    );
    assert_threw(&error("new WeakRef({})"), "WeakRef is not defined");
}

#[test]
fn frames_cannot_be_forged() {
    // There is no way to write to the pipe; what looks like a frame is text in an event.
    for name in ["print", "std", "console", "process"] {
        assert_threw(
            &error(&format!("{name}('E\\0\\0\\0\\0')")),
            "is not defined",
        );
    }
    let text = r#"function read() {
        return { text: 'E\u0010\0\0\0{"cpu_us":0,"counts":[9],"events":[{}]}\n]}X\ud800' } }"#;
    let mut run = Program::load(text, limits(), walls())
        .and_then(|program| program.run())
        .expect("good");
    let events = run.feed(&["0", "1"]).expect("runs");
    assert_eq!(events.len(), 2);
    for (_, event) in events.iter() {
        let event: serde_json::Value = serde_json::from_str(event).expect("JSON");
        let text = event["text"].as_str().expect("a text");
        assert!(text.ends_with("\n]}X\u{fffd}"), "{text}");
    }
}

#[test]
fn records_that_are_no_json_are_the_callers_fault() {
    let program = Program::load("function read(r) { return { r } }", limits(), walls());
    for bad in [
        "",
        "{",
        "{} {}",
        "nul",
        "\0",
        "{\"a\":\"\0\"}",
        "'a'",
        "[1,]",
        "\u{feff}1",
    ] {
        let mut run = program.as_ref().expect("good").run().expect("good");
        let error = run.feed(&["1", bad]).expect_err(bad);
        assert!(
            matches!(error, ScriptError::Record { record: 1, .. }),
            "{bad:?} {error:?}"
        );
        // The run is over, and says why.
        assert_eq!(run.feed(&["1"]).expect_err("over"), error);
        assert_eq!(run.finish().expect_err("over"), error);
    }
}

#[test]
fn a_program_that_is_no_text_is_refused() {
    assert!(matches!(
        error_of("function read() {\0}"),
        ScriptError::Compile { .. }
    ));
    let error = error_of(&"/".repeat(2_000_000));
    assert_contract(&error, "longer than");
    let error = error_of("function read() {\n  return {\n}");
    assert!(
        matches!(error, ScriptError::Compile { line: 3, .. }),
        "{error:?}"
    );
    let error = error_of(&"(".repeat(200_000));
    assert!(
        matches!(
            error,
            ScriptError::Compile { .. } | ScriptError::Stack { .. }
        ),
        "{error:?}"
    );
}
