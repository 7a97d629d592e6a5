//! Extractors that a model writes, behind a server on loopback.

use scripted::{Protocol, Reply, ScriptedModel, in_order};

use super::*;

#[test]
fn a_model_writes_an_extractor_and_its_answers_are_replayed() {
    const SECRET: &str = "sk-proj-Zq7Xv2Lm9Kd4Rt8Wb3Nc";
    let user = User::new();
    let (text, truth) = layout::write(0, 1);
    fs::create_dir(user.path("runs")).unwrap();
    let planted =
        json!({"ev": "thought", "text": format!("the key is {SECRET}, mail eve@example.org")});
    fs::write(user.path("runs/a.jsonl"), format!("{text}{planted}\n")).unwrap();
    let records = "```json\n{\"container\": \"lines\"}\n```\n";
    let silent = format!("{records}```javascript\nfunction read(record) {{}}\n```\n");
    let good = format!(
        "{records}```javascript\nfunction read(r) {{\n  if (r.ev === 'act') return {{says: 'call', id: r.cid, tool: r.tool, arguments: r.input, time: r.at}};\n  if (r.ev === 'out') return {{says: 'result', id: r.cid, text: r.output, exit_status: r.rc}};\n  return {{says: 'nothing'}};\n}}\n```\n"
    );
    let script = in_order([Reply::text(silent), Reply::text(good)]);
    let server = ScriptedModel::start(Protocol::OpenAi, script);
    let learn = [
        "extractors",
        "learn",
        "runs",
        "--name",
        "acme",
        "--model",
        "openai/scripted",
        "--json",
    ];
    let run = |base: &str, more: &[&str]| -> Value {
        let mut command: Command = assert_cmd::cargo::cargo_bin_cmd!("codetracer");
        let output = command
            .current_dir(user.home.path())
            .env("CODETRACER_DATA_DIR", user.path("data"))
            .env("OPENAI_BASE_URL", base)
            .env("OPENAI_API_KEY", "none")
            .args(learn)
            .args(more)
            .output()
            .unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(0), "{stderr}");
        serde_json::from_slice(&output.stdout).unwrap()
    };
    let dry = run(
        &server.base_url(),
        &["--record", "answers.jsonl", "--dry-run"],
    );
    let asked = server.requests();
    drop(server);
    let asked: Vec<String> = asked.iter().map(|asked| asked.body.to_string()).collect();
    assert_eq!(asked.len(), 2);
    assert!(asked[1].contains("no steps: 0 of"), "{}", asked[1]);
    for request in &asked {
        assert!(!request.contains(SECRET) && !request.contains("eve@example.org"));
    }
    let learnt = run("http://127.0.0.1:9/v1", &["--replay", "answers.jsonl"]);
    assert_eq!(learnt["hash"], dry["hash"]);
    assert_eq!(
        user.read("runs", &truth),
        (truth.len(), user.read("runs", &truth).1)
    );
    let listed = user.json(&["extractors", "list", "--json"]);
    assert_eq!(listed["extractors"][0]["made_by"], "model openai/scripted");
    let (document, _) = user.ok(&["extractors", "export", "acme"]);
    assert!(!document.contains(SECRET) && !document.contains("eve@example.org"));
}
