//! Extractors that a model writes, behind a server on loopback.

use super::*;

/// A server that gives these answers one after the other, as `OpenAI`'s would, and keeps what it was
/// asked.
fn server(answers: Vec<String>) -> (String, std::thread::JoinHandle<Vec<String>>) {
    use std::io::{BufRead, BufReader, Read, Write};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/v1", listener.local_addr().unwrap());
    let work = std::thread::spawn(move || {
        let mut asked = Vec::new();
        for answer in answers {
            let (stream, _) = listener.accept().unwrap();
            let mut reader = BufReader::new(stream);
            let (mut line, mut length) = (String::new(), 0);
            while reader.read_line(&mut line).unwrap() > 2 {
                let lower = line.to_lowercase();
                if let Some(value) = lower.strip_prefix("content-length:") {
                    length = value.trim().parse().unwrap();
                }
                line.clear();
            }
            let mut body = vec![0; length];
            reader.read_exact(&mut body).unwrap();
            asked.push(String::from_utf8(body).unwrap());
            let body = json!({
                "id": "x", "object": "chat.completion", "model": "scripted", "created": 0,
                "choices": [{"index": 0, "finish_reason": "stop",
                    "message": {"role": "assistant", "content": answer}}],
                "usage": {"prompt_tokens": 10, "completion_tokens": 10, "total_tokens": 20},
            })
            .to_string();
            let head = format!(
                "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                body.len()
            );
            let mut stream = reader.into_inner();
            stream.write_all(head.as_bytes()).unwrap();
            stream.write_all(body.as_bytes()).unwrap();
        }
        asked
    });
    (address, work)
}

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
    let (address, server) = server(vec![silent, good]);
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
    let dry = run(&address, &["--record", "answers.jsonl", "--dry-run"]);
    let asked = server.join().unwrap();
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
