//! The server as the client sees it: both protocols say the same.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

use std::time::Duration;

use llm::{
    BlockingClient, Client, Completion, LlmError, Message, OutputSchema, Request, Retry, Stop,
    Timeouts, Tool, ToolFault, Usage,
};
use scripted::{Asked, Protocol, Reply, ScriptedModel, in_order};
use serde_json::{Value, json};

fn client(model: &ScriptedModel) -> BlockingClient {
    let name = model.name("any");
    let builder = Client::builder(&name, &model.settings()).unwrap();
    let builder = builder
        .retry(Retry {
            most: 1,
            first_wait: Duration::from_millis(1),
            ..Retry::default()
        })
        .timeouts(Timeouts {
            between_bytes: Duration::from_millis(300),
            ..Timeouts::default()
        });
    BlockingClient::new(builder.build().unwrap()).unwrap()
}

fn request() -> Request {
    let parameters = json!({"type": "object", "properties": {"step": {"type": "integer"}}});
    Request::new(vec![Message::user("Where?")])
        .with_system("You read traces.")
        .with_tools(vec![Tool {
            name: "show_step".to_owned(),
            description: "Shows one step.".to_owned(),
            parameters,
        }])
}

fn ask(model: &ScriptedModel, request: &Request, stream: bool) -> Result<Completion, LlmError> {
    let client = client(model);
    if !stream {
        return client.complete(request);
    }
    let client = client.client().clone();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async { client.stream(request, &mut |_| {}).await })
}

/// Asks over both protocols, whole and streamed, and gives what is the same of the four answers.
fn same(reply: &Reply) -> (String, Vec<(String, Value)>, Stop, Usage) {
    let mut all = Vec::new();
    for protocol in Protocol::BOTH {
        for stream in [false, true] {
            let model = ScriptedModel::start(protocol, in_order([reply.clone()]));
            let completion = ask(&model, &request(), stream).unwrap();
            assert_eq!(model.requests()[0].streaming, stream);
            assert_eq!(model.charged().total(), completion.usage.total());
            let call = |call: &llm::ToolCall| {
                let arguments = call.arguments.clone().unwrap();
                (call.name.clone(), Value::Object(arguments))
            };
            let calls = completion.calls.iter().map(call).collect();
            all.push((completion.text, calls, completion.stop, completion.usage));
        }
    }
    let first = all.remove(0);
    for other in all {
        assert_eq!(other, first);
    }
    first
}

#[test]
fn answers_are_the_same_in_all_forms() {
    let (text, calls, stop, usage) = same(&Reply::text("It went wrong at step 3. é🦀"));
    assert_eq!(
        (text.as_str(), stop),
        ("It went wrong at step 3. é🦀", Stop::End)
    );
    assert!(calls.is_empty() && usage.input > 20 && usage.output > 5);

    let both = Reply::calls([
        ("show_step", json!({"step": 3})),
        ("show_step", json!({"step": 4})),
    ]);
    let (text, calls, stop, _) = same(&both.saying("I look."));
    assert_eq!((text.as_str(), stop), ("I look.", Stop::Tools));
    assert_eq!(calls[1], ("show_step".to_owned(), json!({"step": 4})));

    assert_eq!(same(&Reply::refusal("No.")).2, Stop::Refusal);
    assert_eq!(same(&Reply::text("Half").cut_at_limit()).2, Stop::Length);
    let (text, _, stop, usage) = same(&Reply::text("word ".repeat(10_000)));
    assert!(stop == Stop::Length && usage.output <= 4096 && text.len() > 10_000);
    let mine = Usage {
        input: 7,
        output: 2,
        ..Usage::default()
    };
    assert_eq!(same(&Reply::text("a").with_usage(mine)).3, mine);
}

#[test]
fn garbled_arguments_stay_garbled() {
    for protocol in Protocol::BOTH {
        for stream in [false, true] {
            let garbled = Reply::calls([("show_step", json!("{\"step\": "))]);
            let model = ScriptedModel::start(protocol, in_order([garbled]));
            let completion = ask(&model, &request(), stream).unwrap();
            let fault = completion.calls[0].arguments.clone().unwrap_err();
            assert!(matches!(fault, ToolFault::Unreadable(_)), "{fault}");
        }
    }
}

#[test]
fn calls_as_text_are_read_by_the_client() {
    let script = |asked: &Asked| {
        if asked.tools.is_empty() {
            Reply::calls([("show_step", json!({"step": 3}))]).as_text()
        } else {
            Reply::refused(400, "this model does not support tools")
        }
    };
    for protocol in Protocol::BOTH {
        let model = ScriptedModel::start(protocol, script);
        let completion = ask(&model, &request(), false).unwrap();
        let arguments = completion.calls[0].arguments.clone().unwrap();
        assert_eq!(Value::Object(arguments), json!({"step": 3}));
        assert_eq!(
            model.served().iter().map(|s| s.status).collect::<Vec<_>>(),
            [400, 200]
        );
    }
}

#[test]
fn a_conversation_is_read_the_same_way() {
    let mut all = Vec::new();
    for protocol in Protocol::BOTH {
        let replies = [
            Reply::calls([("show_step", json!({"step": 3})), ("other", json!({}))]),
            Reply::text("{}"),
        ];
        let model = ScriptedModel::start(protocol, in_order(replies));
        let client = client(&model);
        let mut request = request();
        let first = client.complete(&request).unwrap();
        request.messages.extend([
            first.message(),
            Message::tool(&first.calls[0], "cargo test: 1 failed"),
            Message::tool_failure(&first.calls[1], "no such tool"),
            Message::user("Go on."),
        ]);
        let schema = json!({"type": "object"});
        request.schema = Some(OutputSchema::new("verdict", schema).unwrap());
        client.complete(&request).unwrap();
        let mut asked = model.requests().remove(1);
        assert_eq!(
            (asked.round, asked.number, asked.protocol),
            (2, 2, protocol)
        );
        assert_eq!(asked.last_text(), "Go on.");
        assert_eq!(asked.header("content-type"), Some("application/json"));
        for turn in &mut asked.messages {
            for call in &mut turn.calls {
                call.id.clear();
            }
            for result in &mut turn.results {
                result.call_id.clear();
            }
        }
        all.push((
            asked.shown(),
            asked.prompt_tokens(),
            asked.messages,
            asked.tools,
            asked.tool_schemas,
            asked.schema,
            asked.max_output,
        ));
    }
    assert_eq!(all[0], all[1]);
    assert_eq!(all[0].2.len(), 3);
    assert!(all[0].2[2].results[1].failed && !all[0].2[2].results[0].failed);
    assert!(all[0].5.is_some());
}

#[test]
fn faults_reach_the_client() {
    type Expect = fn(&LlmError) -> bool;
    let pause = Duration::from_millis(500);
    let cases: [(&str, Reply, Expect); 7] = [
        ("malformed", Reply::text("Step 3."), |e| {
            matches!(e, LlmError::BadAnswer { .. })
        }),
        ("truncated", Reply::text("Step 3."), |e| {
            matches!(e, LlmError::Connection { .. } | LlmError::Truncated { .. })
        }),
        ("stalled", Reply::text("Step 3.").truncated().stall(), |e| {
            !matches!(e, LlmError::BadAnswer { .. })
        }),
        ("dripping", Reply::text("Step 3.").drip(8, pause), |e| {
            matches!(e, LlmError::Timeout { .. })
        }),
        ("hung up", Reply::hang_up(), |e| {
            matches!(e, LlmError::Connection { .. })
        }),
        ("busy", Reply::busy("0"), |e| {
            matches!(
                e,
                LlmError::Busy {
                    retry_after: Some(_),
                    ..
                }
            )
        }),
        ("failing", Reply::refused(500, "out of order"), |e| {
            matches!(e, LlmError::Busy { .. })
        }),
    ];
    for (name, reply, expected) in cases {
        let reply = match name {
            "malformed" => reply.malformed(),
            "truncated" => reply.truncated(),
            _ => reply,
        };
        for protocol in Protocol::BOTH {
            for stream in [false, true] {
                let again = reply.clone();
                let model = ScriptedModel::start(protocol, move |_| again.clone());
                let error = ask(&model, &request(), stream).unwrap_err();
                assert!(
                    expected(&error),
                    "{name}, {protocol:?}, {stream}: {error:?}"
                );
            }
        }
    }
}

#[test]
fn many_are_answered_at_once() {
    let slow = |_: &Asked| Reply::text("a").after(Duration::from_millis(200));
    let model = ScriptedModel::start(Protocol::OpenAi, slow);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| ask(&model, &request(), false).unwrap());
        }
    });
    assert!(model.most_at_once() > 1);
    assert_eq!((model.requests().len(), model.served().len()), (8, 8));
}

#[test]
fn it_stops_when_dropped_whatever_hangs() {
    let model = ScriptedModel::start(Protocol::OpenAi, |_| Reply::text("a").stall());
    let name = model.name("any");
    let client = Client::builder(&name, &model.settings()).unwrap();
    let client = BlockingClient::new(
        client
            .retry(Retry {
                most: 0,
                ..Retry::default()
            })
            .build()
            .unwrap(),
    );
    let client = client.unwrap();
    std::thread::scope(|scope| {
        let asking = scope.spawn(|| client.complete(&request()));
        while model.served().is_empty() {
            std::thread::yield_now();
        }
        drop(model);
        assert!(asking.join().unwrap().is_err());
    });
}

#[test]
#[should_panic(expected = "the script panicked 1 times")]
fn a_script_that_panics_fails_the_test() {
    let model = ScriptedModel::start(Protocol::OpenAi, |_| panic!("no"));
    let _ = ask(&model, &request(), false);
}
