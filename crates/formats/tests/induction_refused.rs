//! Files that are no runs: the induction must say so instead of finding steps in them.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::format_collect,
    reason = "a test's own set-up, and a list of files"
)]

use formats::learned::{Refusal, induce};
use formats::pile::{EntryId, Pile};
use proptest::prelude::*;
use serde_json::{Value, json};

fn try_file(name: &str, text: &str) -> Result<String, Refusal> {
    let pile = Pile::from_memory([(name, text.as_bytes().to_vec())]);
    let files: Vec<EntryId> = pile.entries().iter().map(|entry| entry.id).collect();
    let found = induce(&pile, &files)?;
    Ok(format!(
        "{:?} {}",
        found.score,
        serde_json::to_string(&found.map).unwrap()
    ))
}

fn list(count: usize, each: impl Fn(usize) -> Value) -> Value {
    Value::Array((0..count).map(each).collect())
}

fn lines(list: &Value) -> String {
    let lines = list.as_array().into_iter().flatten();
    lines.fold(String::new(), |text, line| text + &line.to_string() + "\n")
}

/// Files of other programs: name and content.
fn others() -> Vec<(&'static str, String)> {
    let pretty = |value: Value| serde_json::to_string_pretty(&value).unwrap();
    let day = |at: usize| format!("2026-03-{:02}T08:{:02}:00Z", at % 27 + 1, at % 60);
    vec![
        ("package.json", pretty(json!({"name": "app", "version": "1.2.0",
            "scripts": {"build": "tsc -p .", "test": "node --test", "lint": "eslint ."},
            "dependencies": {"left-pad": "^1.0.0", "chalk": "5"}, "bin": {"app": "./cli.js"}}))),
        ("tsconfig.json", pretty(json!({"compilerOptions": {"target": "es2022", "paths": {"@/*": ["src/*"]}},
            "include": ["src"], "references": [{"path": "../core"}, {"path": "../web"}]}))),
        ("package-lock.json", pretty(json!({"lockfileVersion": 3, "packages": (0..40).map(|n| (format!("node_modules/p{n}"),
            json!({"version": format!("1.{n}.0"), "resolved": format!("https://registry.example/p{n}.tgz"),
                "integrity": "sha512-AAAA", "dependencies": {"p1": "^1.0.0"}}))).collect::<serde_json::Map<_, _>>()}))),
        ("coverage.json", list(30, |n| json!({"file": format!("src/m{n}.py"), "lines": {"total": 100 + n, "covered": 80},
            "functions": {"total": 9, "covered": 7}, "missing": [n, n + 3]})).to_string()),
        ("issues.json", list(25, |n| json!({"id": 9000 + n, "number": n, "title": format!("Crash when n is {n}"),
            "user": {"login": "dev", "id": 7, "type": "User"}, "state": "open", "created_at": day(n),
            "body": "It crashes. Steps to reproduce: run `make`.\nThen look.", "labels": [{"id": 1, "name": "bug"}], "comments": 3})).to_string()),
        ("comments.json", list(25, |n| json!({"id": 100 + n, "in_reply_to_id": 99 + n, "path": "src/a.rs", "diff_hunk": "@@ -1 +1 @@\n-a\n+b",
            "user": {"login": "dev"}, "body": "Please rename this.", "created_at": day(n)})).to_string()),
        ("commits.json", list(25, |n| json!({"sha": format!("{n:040x}"), "commit": {"message": format!("Fix {n}\n\nDetails follow."),
            "author": {"name": "dev", "date": day(n)}}, "parents": [{"sha": format!("{:040x}", n + 1)}]})).to_string()),
        ("workflow_jobs.json", json!({"jobs": list(12, |n| json!({"id": n, "name": format!("test {n}"), "status": "completed", "conclusion": "failure",
            "steps": list(4, |s| json!({"name": format!("Run step {s}"), "number": s, "status": "completed", "conclusion": "success", "started_at": day(s)}))}))}).to_string()),
        ("junit.json", json!({"testsuites": list(5, |n| json!({"name": format!("suite{n}"), "tests": list(9, |t| json!({"name": format!("test_{t}"),
            "classname": "tests.a", "time": 0.1, "status": if t == 3 { "failed" } else { "passed" }, "message": "assert 1 == 2\n  at a.py:3"}))}))}).to_string()),
        ("cargo-test.jsonl", lines(&list(40, |n| json!({"type": "test", "event": if n % 2 == 0 { "started" } else { "ok" },
            "name": format!("tests::t{}", n / 2), "exec_time": 0.01, "stdout": "running\nfine\n"})))),
        ("tools.json", json!({"tools": list(9, |n| json!({"name": format!("read_file{n}"), "description": "Reads a file.\nGives its text.",
            "inputSchema": {"type": "object", "properties": {"path": {"type": "string"}}, "required": ["path"]}}))}).to_string()),
        ("openai-tools.json", list(9, |n| json!({"type": "function", "function": {"name": format!("tool{n}"), "description": "Runs it.",
            "parameters": {"type": "object", "properties": {"command": {"type": "string", "description": "what"}}}}})).to_string()),
        ("rows.csv", "id,name,command\n1,a,ls\n2,b,pwd\n3,c,make\n".repeat(20)),
        ("access.log", (0..40).map(|n| format!("2026-03-01 10:00:{n:02},000 INFO web.server: GET /items/{n} 200\n")).collect()),
        ("ci.log", "Task: build\nCompiling a\nwarning: x\nFinished\nResult: ok\nOutput: target/a\n".repeat(6)),
        ("README.md", "# Tool\n\n## Usage\n\n```bash\nnpm install tool\n```\n\nOutput:\n\n```\nadded 3 packages\n```\n\n## Command line\n\n**Arguments:** none\n\n## Input\n\nA file.\n\n## Result\n\nA list.\n".to_owned()),
        ("CHANGELOG.md", "# Changelog\n\n## 1.2.0\n\n- Fix a\n- Add b\n\n## 1.1.0\n\n- Add c\n".repeat(5)),
        ("Cargo.lock", "[[package]]\nname = \"a\"\nversion = \"1.0.0\"\nsource = \"registry\"\ndependencies = [\n \"b\",\n]\n\n".repeat(20)),
        ("compose.yml", "services:\n  web:\n    image: a\n    command: run it\n  db:\n    image: b\n".to_owned()),
        ("openapi.json", json!({"openapi": "3.1.0", "paths": (0..12).map(|n| (format!("/items/{n}"), json!({"get": {"operationId": format!("get{n}"),
            "parameters": [{"name": "id", "in": "path", "schema": {"type": "string"}}], "responses": {"200": {"description": "ok"}}}}))).collect::<serde_json::Map<_, _>>()}).to_string()),
        ("chat.json", list(30, |n| json!({"role": if n % 2 == 0 { "user" } else { "assistant" }, "content": format!("What about {n}? It is fine.")})).to_string()),
        ("metrics.jsonl", lines(&list(60, |n| json!({"timestamp": day(n), "name": "http.server.duration", "value": n, "attributes": {"path": "/a", "method": "GET"}, "unit": "ms"})))),
        ("traces.jsonl", lines(&list(40, |n| json!({"traceId": "ab", "spanId": format!("{n:016x}"), "parentSpanId": format!("{:016x}", n / 2), "name": "GET /items",
            "kind": "server", "attributes": {"http.method": "GET", "http.url": "https://a/b", "db.query": "select 1"}, "startTime": day(n)})))),
        ("notebook.ipynb", json!({"cells": list(8, |n| json!({"cell_type": "markdown", "metadata": {}, "source": [format!("# Part {n}\n"), "Words."]})), "nbformat": 4}).to_string()),
        ("sarif.json", json!({"runs": [{"tool": {"driver": {"name": "lint", "rules": list(4, |n| json!({"id": format!("R{n}"), "name": "x"}))}},
            "results": list(20, |n| json!({"ruleId": format!("R{}", n % 4), "level": "error", "message": {"text": "Do not.\nReally."}, "locations": [{"physicalLocation": {"artifactLocation": {"uri": "a.c"}}}]}))}]}).to_string()),
        ("compile_commands.json", list(20, |n| json!({"directory": "/b", "command": format!("cc -c a{n}.c -o a{n}.o"), "file": format!("a{n}.c"), "output": format!("a{n}.o")})).to_string()),
        ("products.json", list(30, |n| json!({"id": n, "name": format!("item{}", n % 5), "options": {"size": n, "colour": "red"}, "description": "A thing.\nIt is good.", "price": 3})).to_string()),
        ("interface.json", json!({"miscs": [], "modules": list(12, |m| json!({"type": "module", "name": format!("part{m}"), "desc": "<p>A part.\nIt does things.</p>",
            "methods": list(9, |n| json!({"textRaw": format!("part{m}.do{n}(path, options)"), "type": "method", "name": format!("do{n}Of{m}"),
                "signatures": [{"params": [{"name": "path", "type": "string"}], "return": {"name": "out", "type": "string"}}],
                "params": {"path": "/etc/hosts", "options": {"flag": "r"}}, "desc": "<p>Does it.\nThen it returns the text of the file.</p>"}))}))}).to_string()),
        ("examples.json", json!({"version": "1.0", "examples": (0..14).map(|n| (format!("DescribeThing{n}"), json!([{"input": {"Name": format!("thing-{n}"), "Limit": 5},
            "output": {"Things": [{"Name": format!("thing-{n}"), "State": "ok"}]}, "comments": {"input": {}, "output": {}},
            "description": "The following example describes a thing.", "id": format!("to-describe-{n}"), "title": format!("To describe thing {n}")}]))).collect::<serde_json::Map<_, _>>()}).to_string()),
        ("suite.json", list(12, |n| json!({"description": format!("a schema with keyword {n}"), "schema": {"type": "object", "properties": {"command": {"type": "string"}}},
            "tests": list(4, |t| json!({"description": format!("case {t} is checked"), "data": {"command": format!("ls {t}"), "path": "a"}, "valid": t % 2 == 0}))})).to_string()),
        ("ci.json", list(12, |n| json!({"name": format!("job {n}"), "command": format!("make check-{n}"), "exit_code": n % 2, "output": format!("cc -c a{n}.c\nok {n}\n")})).to_string()),
        ("queries.jsonl", lines(&list(40, |n| json!({"request_id": format!("r-{}", n / 2), "time": day(n), "event": if n % 2 == 0 { "start" } else { "end" },
            "operation": "select", "parameters": {"table": "orders", "limit": n}, "output": if n % 2 == 0 { Value::Null } else { json!(format!("{n} rows\nin 3 ms")) }})))),
        ("empty.json", "{}".to_owned()),
        ("scalars.json", "[1, 2, [3, [4]], \"a\"]".to_owned()),
        ("empty.txt", String::new()),
    ]
}

#[test]
fn what_is_no_run_is_refused() {
    let mut taken = Vec::new();
    for (name, text) in others() {
        match try_file(name, &text) {
            Ok(map) => taken.push(format!("{name}: {map}")),
            Err(refusal) => println!("{name}: {refusal}"),
        }
    }
    assert!(taken.is_empty(), "taken for runs:\n{}", taken.join("\n"));
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "(user|assistant|tool|bash|ls -la|call_1|\\{\"command\": \"ls\"\\}|[a-z \n]{0,12})"
            .prop_map(Value::from),
    ];
    let key =
        "(role|type|id|name|arguments|input|output|content|tool_calls|call_id|@a|~|[a-c.]{1,3})";
    leaf.prop_recursive(6, 80, 8, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..8).prop_map(Value::Array),
            prop::collection::btree_map(key, inner, 0..8)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn no_json_panics(records in prop::collection::vec(any_json(), 0..12)) {
        let list = Value::Array(records);
        let _ = try_file("a.json", &list.to_string());
        let _ = try_file("a.jsonl", &lines(&list));
    }

    #[test]
    fn no_text_panics(text in "(\\PC{0,20}|\n|Action: |Observation: |\\$ ls|```|## User|\\{\"a\"){0,20}") {
        let _ = try_file("a.txt", &text);
        let _ = try_file("a.jsonl", &text);
    }
}

#[test]
fn extremes_are_read_in_time() {
    let deep = "[".repeat(120) + &"]".repeat(120);
    let _ = try_file("deep.json", &deep);
    let wide: serde_json::Map<_, _> = (0..6_000)
        .map(|n| {
            (
                format!("key{n}"),
                json!({"name": "ls", "arguments": {"command": n}}),
            )
        })
        .collect();
    let _ = try_file("wide.json", &Value::Object(wide.clone()).to_string());
    let _ = try_file(
        "wide.jsonl",
        &lines(&list(6, |_| Value::Object(wide.clone()))),
    );
    let nested = list(300, |_| list(30, |n| list(4, |_| json!({"id": n}))));
    let _ = try_file("nested.json", &nested.to_string());
}

#[test]
fn long_runs_that_alternate_are_read_whole() {
    let run = list(8_000, |n| match n % 2 {
        0 => {
            json!({"kind": "call", "ref": format!("c{n}"), "tool": "bash", "input": {"command": format!("make {n}")}})
        }
        _ => json!({"kind": "done", "ref": format!("c{}", n - 1), "output": "cc -c a.c\nok\n"}),
    });
    let pile = Pile::from_memory([("run.jsonl", lines(&run).into_bytes())]);
    let files: Vec<EntryId> = pile.entries().iter().map(|entry| entry.id).collect();
    let found = induce(&pile, &files).expect("a plain run");
    let read = found.map.extract(&pile, &files, None).expect("in memory");
    assert_eq!(read.trajectory.steps.len(), 4_000);
    assert!(
        read.trajectory
            .steps
            .iter()
            .all(|step| step.observation.is_some())
    );
}
