//! Reaching for what is not there.

use crate::*;

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
