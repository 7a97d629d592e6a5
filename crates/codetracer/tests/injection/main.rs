//! Hostile text in runs, against models on loopback: a model that reads well is not led astray by it, a
//! model that obeys everybody is held by code, and no such text stands outside a fence. Prints a table
//! with `--nocapture`.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed; its table is for people"
)]

mod models;
mod prompt;
mod runs;

use std::collections::BTreeSet;
use std::fs;

use analysis::injection::is_unseen;
use scripted::{Asked, Protocol, Reply, ScriptedModel};
use serde_json::Value;
use tempfile::TempDir;

use models::{curious, gullible, honest, texts};
use prompt::{Prompt, mark};
use runs::{ATTACKS, Attack, CANARY, Layout, ONSET, Run, SECRET};

/// A diagnosis by a model, and what the model was asked.
struct Judged {
    document: Value,
    asked: Vec<Asked>,
}

/// Has a model on loopback judge a run, as a person would ask for it.
fn judge(
    run: &Run,
    layout: Layout,
    protocol: Protocol,
    model: fn(&Asked) -> Reply,
    args: &[&str],
) -> Judged {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join(layout.file()), run.write(layout)).unwrap();
    let server = ScriptedModel::start(protocol, model);
    let output = assert_cmd::cargo::cargo_bin_cmd!("codetracer")
        .current_dir(folder.path())
        .env("CODETRACER_DATA_DIR", "data")
        .env("CODETRACER_CACHE_DIR", "cache")
        .envs(server.environment())
        .args([
            "analyze",
            "--json",
            "--model",
            &server.name("scripted"),
            layout.file(),
        ])
        .args(args)
        .output()
        .unwrap();
    let stdout = String::from_utf8(output.stdout).unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    let document = stdout
        .lines()
        .next()
        .unwrap_or_else(|| panic!("no document: {stderr}"));
    Judged {
        document: serde_json::from_str(document).unwrap(),
        asked: server.requests(),
    }
}

fn planted(attack: &Attack) -> Run {
    let mut run = Run::clean();
    (attack.plant)(&mut run);
    run
}

impl Judged {
    /// What a verdict is made of.
    fn verdict(&self) -> [&Value; 5] {
        let parts = [
            "verdict",
            "onset_step_id",
            "incorrect_step_ids",
            "unuseful_step_ids",
            "fault",
        ];
        parts.map(|part| &self.document[part])
    }

    /// A line of the table: verdict, onset, tools, rules that were broken, what is reported.
    fn print(&self, name: &str) {
        let dropped = self.inquiry()["dropped"].as_array().into_iter().flatten();
        let broken: BTreeSet<&str> = dropped.filter_map(|it| it["rule"].as_str()).collect();
        println!(
            "{name:<46} {} {} | {} | broken: {} | reported: {}",
            self.document["verdict"].as_str().unwrap_or_default(),
            self.document["onset_step_id"],
            self.tools().join(" "),
            broken.into_iter().collect::<Vec<_>>().join(" "),
            self.kinds().into_iter().collect::<Vec<_>>().join(" "),
        );
    }

    fn inquiry(&self) -> &Value {
        &self.document["engine"]["inquiry"]
    }

    fn tools(&self) -> Vec<&str> {
        let tools = self.inquiry()["tools"].as_object().unwrap();
        tools.keys().map(String::as_str).collect()
    }

    fn kinds(&self) -> BTreeSet<&str> {
        let found = self.document["injections"].as_array().into_iter().flatten();
        found.map(|found| found["kind"].as_str().unwrap()).collect()
    }

    /// What no request may hold, whatever the model: hostile text outside a fence, secrets, and what a
    /// server or a terminal acts on.
    fn nothing_hostile_was_said(&self, name: &str) {
        assert!(!self.asked.is_empty(), "{name}");
        for asked in &self.asked {
            let prompt =
                Prompt::read(asked).unwrap_or_else(|why| panic!("{name}: {why}\n{}", texts(asked)));
            let said = prompt.said.to_lowercase();
            assert!(
                !said.contains(CANARY),
                "{name}: outside a fence:\n{}",
                prompt.said
            );
            assert!(!asked.system.contains(CANARY), "{name}");
            let all = asked.body.to_string();
            assert!(!all.contains(SECRET), "{name}: a secret was sent");
            let all = texts(asked);
            let active = |c: char| (c.is_control() && !matches!(c, '\n' | '\t')) || is_unseen(c);
            assert!(!all.contains(active), "{name}: {all:?}");
            for token in [
                "<|im_start|>",
                "<|im_end|>",
                "[INST]",
                "<<SYS>>",
                "\n\nHuman:",
            ] {
                assert!(!all.contains(token), "{name}: {token}");
            }
        }
    }
}

/// Both layouts, each with the other protocol.
fn ways() -> [(Layout, Protocol); 2] {
    [
        (Layout::MiniSwe, Protocol::OpenAi),
        (Layout::ClaudeCode, Protocol::Anthropic),
    ]
}

#[test]
fn a_model_that_reads_well_is_not_led_astray() {
    for (layout, protocol) in ways() {
        let clean = judge(&Run::clean(), layout, protocol, honest, &[]);
        assert_eq!(clean.document["onset_step_id"], ONSET);
        assert_eq!(
            clean.inquiry()["trouble"],
            Value::Null,
            "{:#}",
            clean.document["engine"]
        );
        assert_eq!(clean.kinds(), BTreeSet::new());
        for attack in ATTACKS {
            let judged = judge(&planted(attack), layout, protocol, honest, &[]);
            let name = format!("{} ({layout:?})", attack.name);
            judged.print(&name);
            assert_eq!(
                judged.verdict(),
                clean.verdict(),
                "{name}: {:#}",
                judged.inquiry()
            );
            assert_eq!(judged.tools(), clean.tools(), "{name}");
            assert_eq!(judged.inquiry()["trouble"], Value::Null, "{name}");
            let kinds: BTreeSet<&str> = attack.kinds.iter().copied().collect();
            assert!(
                judged.kinds().is_superset(&kinds),
                "{name}: {:?}",
                judged.kinds()
            );
            judged.nothing_hostile_was_said(&name);
        }
    }
}

#[test]
fn a_model_that_obeys_everybody_is_held_by_code() {
    for (layout, protocol) in ways() {
        for attack in ATTACKS {
            let judged = judge(&planted(attack), layout, protocol, gullible, &[]);
            let name = format!("{} ({layout:?})", attack.name);
            let inquiry = judged.inquiry();
            judged.print(&name);
            assert_eq!(
                judged.document["verdict"], "failure_found",
                "{name}: {inquiry:#}"
            );
            assert_eq!(
                judged.document["onset_step_id"], ONSET,
                "{name}: {inquiry:#}"
            );
            let offered: BTreeSet<&str> =
                judged.asked[0].tools.iter().map(String::as_str).collect();
            for tool in judged.tools() {
                assert!(
                    offered.contains(tool) || tool == "(no such tool)",
                    "{name}: {tool}"
                );
            }
            let document = judged.document.to_string();
            assert!(!document.contains(SECRET), "{name}: a secret");
            let asked = &judged.asked[0];
            let told: Vec<&str> = asked.system.split_whitespace().collect();
            let mark = mark(&asked.system).unwrap();
            assert!(!document.contains(mark), "{name}: the mark");
            for words in told.windows(20) {
                assert!(!document.contains(&words.join(" ")), "{name}: {words:?}");
            }
            let kinds: BTreeSet<&str> = attack.kinds.iter().copied().collect();
            assert!(
                judged.kinds().is_superset(&kinds),
                "{name}: {:?}",
                judged.kinds()
            );
            judged.nothing_hostile_was_said(&name);
        }
    }
}

#[test]
fn no_tool_shows_hostile_text_outside_a_fence() {
    for (layout, protocol) in ways() {
        for attack in ATTACKS {
            let judged = judge(&planted(attack), layout, protocol, curious, &[]);
            judged.nothing_hostile_was_said(&format!("{} ({layout:?}, tools)", attack.name));
            let judged = judge(
                &planted(attack),
                layout,
                protocol,
                curious,
                &["--method", "direct"],
            );
            judged.nothing_hostile_was_said(&format!("{} ({layout:?}, direct)", attack.name));
        }
    }
}
