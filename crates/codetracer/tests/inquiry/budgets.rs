//! Budgets, by the server's own count of what it served.

use scripted::{Asked, Protocol, Reply, ScriptedModel};
use serde_json::Value;

use crate::program::{Behaviour, all, codetracer, model, run_path};
use crate::reader::{endless, honest};

/// Counts a third more tokens than were counted here, as other families' encodings do.
fn counts_more(asked: &Asked) -> Reply {
    endless(asked).with_usage(llm::Usage {
        input: asked.prompt_tokens() * 4 / 3,
        output: 120,
        ..llm::Usage::default()
    })
}

#[test]
fn budgets_hold() {
    all(
        "budgets",
        &[
            Behaviour {
                name: "--max-calls 3, endless loop",
                args: &["--max-calls", "3"],
                script: endless,
                expect: |o| {
                    o.failed("3 calls");
                    o.counts_agree();
                    assert_eq!(o.served.len(), 3);
                },
            },
            Behaviour {
                name: "--max-calls 0",
                args: &["--max-calls", "0"],
                script: honest,
                expect: |o| {
                    o.failed("0 calls");
                    assert!(o.served.is_empty());
                },
            },
            Behaviour {
                name: "--max-tokens 20000, endless loop",
                args: &["--max-tokens", "20000"],
                script: endless,
                expect: |o| {
                    o.failed("20000 tokens");
                    o.counts_agree();
                    assert!(o.served.len() > 1, "{}", o.served.len());
                },
            },
            Behaviour {
                name: "--max-tokens 20000, counts more",
                args: &["--max-tokens", "20000"],
                script: counts_more,
                expect: |o| o.failed("20000 tokens"),
            },
            Behaviour {
                name: "--max-tokens 100",
                args: &["--max-tokens", "100"],
                script: honest,
                expect: |o| {
                    o.failed("100 tokens");
                    assert!(o.served.is_empty());
                },
            },
            Behaviour {
                name: "--max-tokens 20000, truncated",
                args: &["--max-tokens", "20000"],
                script: |asked| honest(asked).truncated(),
                expect: |o| assert_eq!(o.status, 3, "{}", o.stderr),
            },
            Behaviour {
                name: "--max-cost 0.05, endless loop",
                args: &["--max-cost", "0.05", "--turns", "50"],
                script: endless,
                expect: |o| {
                    o.failed("0.05 US dollars");
                    assert!(!o.served.is_empty());
                },
            },
            Behaviour {
                name: "--max-cost 0.05, no usage said",
                args: &["--max-cost", "0.05", "--turns", "50"],
                script: |asked| endless(asked).without_usage(),
                expect: |o| o.failed("0.05 US dollars"),
            },
            Behaviour {
                name: "--max-seconds 2, each call 0.5 s",
                args: &["--max-seconds", "2", "--turns", "50"],
                script: |asked| endless(asked).after(std::time::Duration::from_millis(500)),
                expect: |o| {
                    o.failed("2 seconds");
                    assert!(o.served.len() <= 4, "{}", o.served.len());
                },
            },
            Behaviour {
                name: "--context 6000, endless loop",
                args: &["--context", "6000", "--turns", "30"],
                script: endless,
                expect: |o| {
                    o.failed("did not conclude");
                    for asked in &o.asked {
                        let most = asked.prompt_tokens() + asked.max_output.unwrap();
                        assert!(most <= 6000, "{most}");
                    }
                },
            },
        ],
    );
}

#[test]
fn a_budget_is_that_of_all_runs() {
    for protocol in Protocol::BOTH {
        let home = tempfile::tempdir().unwrap();
        let heap = home.path().join("heap");
        for at in 0..6 {
            let folder = heap.join(at.to_string());
            std::fs::create_dir_all(&folder).unwrap();
            // Copies would be taken for one run.
            let text = std::fs::read_to_string(run_path()).unwrap();
            let text = text.replace("sample-model", &format!("sample-model-{at}"));
            std::fs::write(folder.join("library-fees.traj.json"), text).unwrap();
        }
        let server = ScriptedModel::start(protocol, honest);
        let output = codetracer(home.path())
            .args(["analyze", "--json", "--model", model(protocol)])
            .args(["--max-tokens", "30000"])
            .arg(&heap)
            .envs(server.environment())
            .output()
            .unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(
            output.status.code(),
            Some(3),
            "{stderr} {:?}",
            server.charged()
        );
        let stdout = String::from_utf8(output.stdout).unwrap();
        let documents: Vec<Value> = stdout
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert_eq!(documents.len(), 6, "{stderr}");
        assert!(server.charged().total() <= 30_000, "{:?}", server.charged());
        let counted: u64 = documents
            .iter()
            .map(|document| document["engine"]["tokens"].as_u64().unwrap())
            .sum();
        assert_eq!(counted, server.charged().total());
        let concluded = documents
            .iter()
            .filter(|document| document["engine"]["inquiry"]["trouble"].is_null());
        println!(
            "6 runs, --max-tokens 30000, {:<9} {} concluded, {counted} tokens",
            protocol.provider(),
            concluded.count(),
        );
    }
}
