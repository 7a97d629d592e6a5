//! Using more than is allowed.

use crate::*;

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
fn everything_at_once_stays_within_the_hard_limit() {
    // A batch as large as it may be, held as values, and as much output as there may be.
    let mut limits = limits();
    limits.cpu = Duration::from_secs(20);
    limits.output = 12 * MIB;
    let text = "const kept = []; function read(r) { kept.push(r); return { r: r.slice(0, 1e6) } }";
    let mut run = Program::load(text, limits, walls())
        .and_then(|program| program.run())
        .expect("good");
    let record = format!("\"{}\"", "x".repeat(1_300_000));
    let batch = vec![record; 12];
    let first = run.feed(&batch).expect("fits");
    assert_eq!(first.len(), 12);
    let error = run.feed(&batch).expect_err("too much");
    let named = matches!(
        error,
        ScriptError::Output { .. } | ScriptError::Memory { .. }
    );
    assert!(named, "{error:?}");
}

#[test]
fn a_batch_past_half_of_the_memory_is_refused() {
    let mut run = Program::load("function read() {}", limits(), walls())
        .and_then(|program| program.run())
        .expect("good");
    let error = run
        .feed(&[format!("\"{}\"", "x".repeat(17 << 20))])
        .expect_err("too long");
    let memory = ScriptError::Memory {
        limit: 32 * MIB,
        at: FIRST,
    };
    assert_eq!(error, memory);
}
