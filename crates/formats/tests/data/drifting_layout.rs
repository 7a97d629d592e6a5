// A layout of our own that changes five times, written by script: `write(edition, run)` gives a file
// and the steps that are in it. Editions add up: each has the changes of those before.

/// What changed in each edition.
pub(crate) const CHANGES: [&str; 6] = [
    "the first edition",
    "a field is renamed: input, params",
    "a kind of event is added: patch",
    "nesting is moved: call and result go into body",
    "the id field is renamed and the records get a container key",
    "the result's text moves to stdout, output says ok or failed",
];

/// A step as it must be read: tool, arguments, observation.
pub(crate) type Truth = (String, serde_json::Value, String);

/// The ending of an edition's files.
pub(crate) fn ending(edition: usize) -> &'static str {
    if edition >= 4 { "json" } else { "jsonl" }
}

/// One run in the layout's edition.
pub(crate) fn write(edition: usize, run: usize) -> (String, Vec<Truth>) {
    use serde_json::{Value, json};
    const FILES: [&str; 5] = ["cart.py", "tax.py", "orders.py", "README.md", "test_tax.py"];
    let mut clock = 0;
    let mut at = || {
        clock += 7;
        format!("2026-03-{:02}T10:{:02}:{:02}Z", run + 1, clock / 60, clock % 60)
    };
    let mut records = vec![
        json!({"ev": "session", "sid": format!("s-{run}"), "model": "acme-large", "at": at()}),
        json!({"ev": "ask", "text": format!("Run {run}: make the totals in cart.py include the tax of every order line."), "at": at()}),
    ];
    let mut truth: Vec<Truth> = Vec::new();
    for step in 0..(14 + run) {
        let file = FILES[(step * 3 + run) % FILES.len()];
        let patch = edition >= 2 && step % 4 == 2;
        let (tool, arguments, text, status) = match (patch, step % 3) {
            (true, _) => (
                "edit_file",
                json!({"path": format!("src/{file}"), "old": format!("rate = {step}"), "new": format!("rate = {}", step + 1)}),
                format!("src/{file} was changed in one place, line {}", step * 5 + 1),
                0,
            ),
            (_, 0) => (
                "run",
                json!({"cmd": format!("pytest -q tests/{file} -k case_{step}")}),
                format!("F..\nE   AssertionError: {step} != {}\n1 failed, {step} passed in 0.1{step}s", step + 2),
                1,
            ),
            (_, 1) => (
                "read_file",
                json!({"path": format!("src/{file}")}),
                format!("def total_{step}(lines):\n    rate = {step}\n    return sum(line.net for line in lines) * rate\n"),
                0,
            ),
            _ => (
                "run",
                json!({"cmd": format!("grep -rn rate_{step} src/{file}")}),
                format!("src/{file}:{step}: rate_{step} = settings.rate\nsrc/{file}:{}: used here", step + 9),
                0,
            ),
        };
        if step % 2 == 0 {
            records.push(json!({"ev": "thought", "text": format!("The failure in step {step} points to {file}, so I look there next."), "at": at()}));
        }
        let id = format!("k{}", step + 1);
        let (id_key, input_key) = (
            if edition >= 4 { "callId" } else { "cid" },
            if edition >= 1 { "params" } else { "input" },
        );
        let call = if patch {
            json!({id_key: id, "op": tool, "change": arguments})
        } else {
            json!({id_key: id, "tool": tool, input_key: arguments})
        };
        let mut result = json!({id_key: id, "output": text, "rc": status});
        if edition >= 5 {
            result["output"] = json!(if status == 0 { "ok" } else { "failed" });
            result["stdout"] = json!(text);
        }
        let kind = if patch { "patch" } else { "act" };
        for (kind, body) in [(kind, call), ("out", result)] {
            let mut record = json!({"ev": kind, "at": at()});
            if edition >= 3 {
                record["body"] = body;
            } else if let (Value::Object(record), Value::Object(body)) = (&mut record, body) {
                record.extend(body);
            }
            records.push(record);
        }
        truth.push((tool.to_owned(), arguments, text));
    }
    records.push(json!({"ev": "end", "text": "The totals include the tax now.", "at": at()}));
    let text = if edition >= 4 {
        serde_json::to_string_pretty(&json!({"writer": "acme 4", "run": {"log": records}})).unwrap()
    } else {
        let lines: Vec<String> = records.iter().map(ToString::to_string).collect();
        lines.join("\n") + "\n"
    };
    (text, truth)
}
