//! What can be looked at afterwards, and what must never leave.

use scripted::{Protocol, ScriptedModel};
use serde_json::Value;

use crate::program::{codetracer, model, run_path};
use crate::reader::honest;

#[test]
fn a_recorded_inquiry_is_replayed_to_the_byte() {
    for protocol in Protocol::BOTH {
        let home = tempfile::tempdir().unwrap();
        let ask = |environment: Vec<(&str, String)>, more: &[&str]| {
            let mut command = codetracer(home.path());
            command
                .args(["analyze", "--json", "--model", model(protocol)])
                .args(more)
                .arg(run_path())
                .envs(environment);
            command.output().unwrap()
        };
        let server = ScriptedModel::start(protocol, honest);
        let live = ask(server.environment(), &["--record", "calls.jsonl"]);
        drop(server);
        assert_eq!(live.status.code(), Some(0));
        // Neither server nor key.
        let again = ask(Vec::new(), &["--replay-calls", "calls.jsonl"]);
        let error = String::from_utf8(again.stderr).unwrap();
        assert_eq!(again.status.code(), Some(0), "{error}");
        assert_eq!(live.stdout, again.stdout);
        // What was not recorded is an error, never a call.
        let other = ask(
            Vec::new(),
            &["--replay-calls", "calls.jsonl", "--method", "direct"],
        );
        let document: Value = serde_json::from_slice(&other.stdout).unwrap();
        let trouble = document["engine"]["inquiry"]["trouble"].as_str().unwrap();
        assert_eq!(other.status.code(), Some(3));
        assert!(trouble.contains("no recorded answer"), "{trouble}");
    }
}

#[test]
fn secrets_of_the_run_are_not_sent() {
    const SECRETS: [&str; 3] = [
        "ghp_Zq7Xv2Lm9Kd4Rt8Wb3NcYp6Hs1Jf5Ga0Ue",
        "sk-proj-Zq7Xv2Lm9Kd4Rt8Wb3Nc",
        "eve@example.org",
    ];
    let text = std::fs::read_to_string(run_path()).unwrap();
    let [token, key, address] = SECRETS;
    // In what the agent said, what it was shown, and in the task.
    let text = text
        .replace(
            "The Sunday case passes.",
            &format!("The Sunday case passes with {token}."),
        )
        .replace(
            "2 failed, 7 passed in 0.04s",
            &format!("OPENAI_API_KEY={key}\\n2 failed, 7 passed in 0.04s"),
        )
        .replace(
            "Please solve this issue:",
            &format!("Please solve this issue of {address}:"),
        );
    for secret in SECRETS {
        assert!(text.contains(secret));
    }
    for protocol in Protocol::BOTH {
        let home = tempfile::tempdir().unwrap();
        let run = home.path().join("library-fees.traj.json");
        std::fs::write(&run, &text).unwrap();
        let server = ScriptedModel::start(protocol, honest);
        let output = codetracer(home.path())
            .args(["analyze", "--json", "--model", model(protocol)])
            .args(["--record", "calls.jsonl"])
            .arg(&run)
            .envs(server.environment())
            .output()
            .unwrap();
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(0), "{error}");
        let recorded = std::fs::read_to_string(home.path().join("calls.jsonl")).unwrap();
        let sent: String = server
            .requests()
            .iter()
            .map(|asked| asked.body.to_string())
            .collect();
        for secret in SECRETS {
            assert!(
                !sent.contains(secret) && !recorded.contains(secret),
                "{secret}"
            );
        }
        assert!(sent.contains("2 failed, 7 passed"));
    }
}
