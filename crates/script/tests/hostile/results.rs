//! Giving and throwing what nobody can use, and being given it.

use crate::*;

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
