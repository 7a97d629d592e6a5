//! What the model says: well, garbled, nothing, too much.

use scripted::{Asked, Reply};
use serde_json::{Value, json};

use crate::program::{Behaviour, all};
use crate::reader::{conclusion, endless, honest, insists, look, open, with};

#[test]
fn models_that_answer_well() {
    all(
        "answers well",
        &[
            Behaviour {
                name: "honest",
                args: &[],
                script: honest,
                expect: |o| {
                    o.is_honest();
                    o.counts_agree();
                    assert_eq!(o.inquiry()["calls"], 2);
                    assert_eq!(o.document["unuseful_step_ids"], json!([10]));
                    let opened = o.inquiry()["opened"].as_array().unwrap();
                    assert!(opened.contains(&json!(9)) && opened.contains(&json!(3)));
                },
            },
            Behaviour {
                name: "honest, says nothing of usage",
                args: &[],
                script: |asked| honest(asked).without_usage(),
                expect: |o| {
                    o.is_honest();
                    assert!(o.document["engine"]["tokens"].as_u64().unwrap() > 1000);
                },
            },
            Behaviour {
                name: "honest, writes its conclusion out",
                args: &[],
                script: |asked| match asked.round {
                    1 => honest(asked),
                    _ => Reply::text(format!("```json\n{}\n```", conclusion())),
                },
                expect: |o| o.is_honest(),
            },
            Behaviour {
                name: "honest, thinks aloud beside calls",
                args: &[],
                script: |asked| honest(asked).saying("Let me see what step 9 did."),
                expect: |o| o.is_honest(),
            },
        ],
    );
}

#[test]
fn models_that_garble_their_calls() {
    all(
        "garbles calls",
        &[
            Behaviour {
                name: "garbled arguments once",
                args: &[],
                script: |asked| match asked.round {
                    1 => Reply::calls([("show_step", json!("{\"steps\": [9"))]),
                    2 => look(),
                    _ => honest(asked),
                },
                expect: |o| o.is_honest(),
            },
            Behaviour {
                name: "garbled arguments for ever",
                args: &[],
                script: |_| Reply::calls([("show_step", json!("step nine, please"))]),
                expect: |o| o.failed("did not conclude"),
            },
            Behaviour {
                name: "arguments of another shape",
                args: &[],
                script: |_| {
                    Reply::calls([
                        ("show_step", json!({"steps": "the ninth"})),
                        ("show_step", json!({"steps": [-1]})),
                        ("show_step", json!({"steps": [1e300], "part": "all"})),
                        ("show_step", json!([9])),
                        ("show_step", json!({})),
                    ])
                },
                expect: |o| o.failed("did not conclude"),
            },
            Behaviour {
                name: "wrong tool names once",
                args: &[],
                script: |asked| match asked.round {
                    1 => Reply::calls([("bash", json!({"command": "cat /etc/passwd"}))]),
                    2 => look(),
                    _ => honest(asked),
                },
                expect: |o| {
                    o.is_honest();
                    let told = &o.asked[1].last_results()[0];
                    assert!(
                        told.failed && told.text.contains("there is no tool"),
                        "{told:?}"
                    );
                },
            },
            Behaviour {
                name: "wrong tool names for ever",
                args: &[],
                script: |_| {
                    Reply::calls([
                        ("bash", json!({"command": "cat /etc/passwd"})),
                        ("", json!({})),
                        ("x".repeat(10_000).as_str(), json!({})),
                    ])
                },
                expect: |o| {
                    o.failed("did not conclude");
                    // The document names tools there are, not whatever was asked for.
                    let tools = o.inquiry()["tools"].as_object().unwrap();
                    assert_eq!(tools.keys().collect::<Vec<_>>(), ["(no such tool)"]);
                    assert!(o.asked.iter().all(|asked| asked.prompt_tokens() < 8_000));
                },
            },
            Behaviour {
                name: "endless tool loop",
                args: &[],
                script: endless,
                expect: |o| {
                    o.failed("did not conclude in 12 turns");
                    // The turns, and twice the question for nothing but a conclusion.
                    assert_eq!(o.served.len(), 14);
                },
            },
            Behaviour {
                name: "endless loop, --turns 3",
                args: &["--turns", "3"],
                script: endless,
                expect: |o| {
                    o.failed("did not conclude in 3 turns");
                    assert_eq!(o.served.len(), 5);
                },
            },
            Behaviour {
                name: "the same call for ever",
                args: &[],
                script: |_| Reply::calls([open(&[1])]),
                expect: |o| {
                    o.failed("did not conclude");
                    assert!(o.served.len() < 8, "{}", o.served.len());
                },
            },
            Behaviour {
                name: "200 calls in one turn",
                args: &[],
                script: |asked| match asked.round {
                    1 => Reply::calls((0..200).map(|at| open(&[at % 12 + 1, at % 7 + 1]))),
                    _ => honest(asked),
                },
                expect: |o| {
                    assert!(o.asked.iter().all(|asked| asked.prompt_tokens() < 32_000));
                },
            },
            Behaviour {
                name: "conclusion of another shape",
                args: &[],
                script: |asked| insists(asked, json!({"onset": 9, "because": "I say so"})),
                expect: |o| o.failed("did not conclude"),
            },
            Behaviour {
                name: "conclusion with fields of its own",
                args: &[],
                script: |asked| insists(asked, with("path", json!("/etc/quicksand"))),
                expect: |o| {
                    o.is_honest();
                    assert!(!o.stdout.contains("quicksand"));
                },
            },
            Behaviour {
                name: "conclusion beyond its bounds",
                args: &[],
                script: |asked| {
                    let mut long = with("summary", Value::String("Step 9. ".repeat(2_000)));
                    long["confidence"] = json!(7);
                    insists(asked, long)
                },
                expect: |o| {
                    o.is_honest();
                    assert!(o.document["summary"].as_str().unwrap().len() <= 2_000);
                    let stated = o.inquiry()["stated_confidence"].as_f64();
                    assert!(stated.is_none_or(|stated| stated <= 1.0), "{stated:?}");
                },
            },
        ],
    );
}

fn flood(asked: &Asked) -> Reply {
    // A server that does not hold itself to the limit, and charges what was allowed.
    Reply::text("quicksand ".repeat(1_000_000)).with_usage(at_limit(asked))
}

fn at_limit(asked: &Asked) -> llm::Usage {
    llm::Usage {
        input: asked.prompt_tokens(),
        output: asked.max_output.unwrap(),
        ..llm::Usage::default()
    }
}

#[test]
fn models_that_say_nothing_or_too_much() {
    all(
        "says nothing, or too much",
        &[
            Behaviour {
                name: "empty answers",
                args: &[],
                script: |_| Reply::text(""),
                expect: |o| o.failed("did not conclude"),
            },
            Behaviour {
                name: "one empty answer",
                args: &[],
                script: |asked| match asked.number {
                    1 => Reply::text(""),
                    _ => honest(asked),
                },
                expect: |o| o.is_honest(),
            },
            Behaviour {
                name: "refusals",
                args: &[],
                script: |_| Reply::refusal("I cannot help with that."),
                expect: |o| {
                    o.failed("refused");
                    assert!(o.served.len() <= 2, "{}", o.served.len());
                },
            },
            Behaviour {
                name: "prose for ever",
                args: &[],
                script: |_| Reply::text("The agent was confused. ".repeat(300)),
                expect: |o| o.failed("did not conclude"),
            },
            Behaviour {
                name: "10 MB answers",
                args: &["--max-seconds", "30"],
                script: flood,
                expect: |o| {
                    o.failed("did not conclude");
                    assert!(!o.stdout.contains("quicksand") && !o.stderr.contains("quicksand"));
                    let longest = o.asked.iter().map(|a| a.body.to_string().len()).max();
                    assert!(longest.unwrap() < 400_000, "{longest:?}");
                },
            },
            Behaviour {
                name: "10 MB arguments",
                args: &["--max-seconds", "30"],
                script: |asked| {
                    let step = "9".repeat(10_000_000);
                    Reply::calls([(
                        "show_step",
                        Value::String(format!("{{\"steps\": [{step}]}}")),
                    )])
                    .with_usage(at_limit(asked))
                },
                expect: |o| {
                    assert_eq!(o.status, 3);
                    let longest = o.asked.iter().map(|a| a.body.to_string().len()).max();
                    assert!(longest.unwrap() < 400_000, "{longest:?}");
                },
            },
            Behaviour {
                name: "20 MB answers",
                args: &["--max-seconds", "30"],
                script: |_| Reply::json(&json!({"choices": "x".repeat(20_000_000)})),
                expect: |o| o.failed("larger than"),
            },
        ],
    );
}
