//! Models that try what the tools will bear.

use llm::Usage;
use scripted::{Asked, Reply};
use serde_json::{Map, Value, json};

use crate::program::{Behaviour, Outcome, all};
use crate::reader::{conclusion, honest, open, with};

/// Calls every tool there is, each argument filled by its type.
fn every_tool(asked: &Asked, number: &Value, text: &str) -> Reply {
    let filled = |schema: &Value| -> Value {
        let properties = schema["properties"].as_object().cloned();
        let fill = |(name, kind): (String, Value)| {
            let value = match kind["type"].as_str() {
                Some("integer" | "number") => number.clone(),
                Some("array") => json!([number, number]),
                _ if kind["enum"].is_array() => kind["enum"][0].clone(),
                _ => json!(text),
            };
            (name, value)
        };
        let filled: Map<String, Value> = properties
            .unwrap_or_default()
            .into_iter()
            .map(fill)
            .collect();
        Value::Object(filled)
    };
    let tools = asked.tools.iter().zip(&asked.tool_schemas);
    let looks = tools.filter(|(name, _)| *name != "conclude");
    Reply::calls(looks.map(|(name, schema)| (name.clone(), filled(schema))))
}

fn tries(asked: &Asked, number: &Value, text: &str) -> Reply {
    match asked.round {
        1 => every_tool(asked, number, text),
        _ => honest(asked),
    }
}

/// Nothing of this machine was told, and the inquiry went on.
fn unharmed(o: &Outcome) {
    o.is_honest();
    let results = o.asked[1].last_results();
    assert!(results.len() > 4, "{results:?}");
    for asked in &o.asked {
        assert!(!asked.shown().contains("root:"), "{}", asked.shown());
        assert!(asked.prompt_tokens() < 16_000);
    }
}

#[test]
fn tools_that_are_called_with_anything() {
    all(
        "calls every tool",
        &[
            Behaviour {
                name: "with /etc/passwd",
                args: &[],
                script: |asked| tries(asked, &json!(9), "/etc/passwd"),
                expect: unharmed,
            },
            Behaviour {
                name: "with ../../../../../../etc/passwd",
                args: &[],
                script: |asked| tries(asked, &json!(9), "../../../../../../../../etc/passwd"),
                expect: unharmed,
            },
            Behaviour {
                name: "with 0 and nothing",
                args: &[],
                script: |asked| tries(asked, &json!(0), ""),
                expect: unharmed,
            },
            Behaviour {
                name: "with negative numbers",
                args: &[],
                script: |asked| tries(asked, &json!(i64::MIN), "-1"),
                expect: unharmed,
            },
            Behaviour {
                name: "with numbers beyond all steps",
                args: &[],
                script: |asked| tries(asked, &json!(u64::MAX), "\u{0}\u{1b}[2J\u{202e}"),
                expect: |o| {
                    unharmed(o);
                    assert!(
                        o.asked
                            .iter()
                            .all(|asked| !asked.shown().contains('\u{1b}'))
                    );
                },
            },
            Behaviour {
                name: "with a pattern that never ends",
                args: &[],
                script: |asked| tries(asked, &json!(1), "(((a+)+)+)+$"),
                expect: unharmed,
            },
            Behaviour {
                name: "with 100 kB of text",
                args: &[],
                script: |asked| tries(asked, &json!(5), &"fees ".repeat(20_000)),
                expect: |o| {
                    assert!(matches!(o.status, 0 | 3), "{}", o.stderr);
                    assert!(o.asked.iter().all(|asked| asked.prompt_tokens() < 32_000));
                },
            },
            Behaviour {
                name: "with arguments 100,000 deep",
                args: &[],
                script: |asked| match asked.round {
                    1 => Reply::calls([("show_step", json!("[".repeat(100_000)))]),
                    _ => honest(asked),
                },
                expect: |o| assert!(matches!(o.status, 0 | 3), "{}", o.stderr),
            },
        ],
    );
}

#[test]
fn answers_that_contradict_themselves() {
    all(
        "contradicts itself",
        &[
            Behaviour {
                name: "looks and concludes in one turn",
                args: &[],
                script: |_| Reply::calls([open(&[3, 5, 8, 9, 10, 11]), ("conclude", conclusion())]),
                expect: |o| o.is_honest(),
            },
            Behaviour {
                name: "concludes twice in one turn",
                args: &[],
                script: |asked| {
                    let other = with("verdict", json!("undecided"));
                    match asked.round {
                        1 => honest(asked),
                        _ => Reply::calls([("conclude", conclusion()), ("conclude", other)]),
                    }
                },
                expect: |o| {
                    assert_eq!((o.status, o.trouble()), (0, ""), "{}", o.stderr);
                    assert_eq!(o.document["onset_step_id"], 9);
                },
            },
            Behaviour {
                name: "an answer in bytes that are no text",
                args: &[],
                script: |_| {
                    Reply::status(200)
                        .header("content-type", "application/json")
                        .body([b"{\"choices\": \"".as_slice(), &[0xff, 0xfe, 0], b"\"}"].concat())
                },
                expect: |o| o.failed("cannot be read"),
            },
            Behaviour {
                name: "says that it used more than there is",
                args: &["--max-tokens", "18446744073709551615"],
                script: |asked| {
                    honest(asked).with_usage(Usage {
                        input: u64::MAX / 4,
                        output: u64::MAX / 4,
                        ..Usage::default()
                    })
                },
                expect: |o| assert!(matches!(o.status, 0 | 3), "{}", o.stderr),
            },
            Behaviour {
                name: "says that it used nothing",
                args: &["--max-tokens", "40000"],
                script: |asked| honest(asked).with_usage(Usage::default()),
                expect: |o| {
                    o.is_honest();
                    assert!(o.document["engine"]["tokens"].as_u64().unwrap() > 4_000);
                },
            },
        ],
    );
}
