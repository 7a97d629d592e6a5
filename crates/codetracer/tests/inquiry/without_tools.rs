//! Models that cannot call tools: the calls are text.

use scripted::{Asked, Reply};

use crate::program::{Behaviour, all};
use crate::reader::{claim, conclusion, honest, look, with_onset};

/// Refuses tools as such servers do, and passes on what the model says otherwise.
fn textual(asked: &Asked, says: fn(&Asked) -> Reply) -> Reply {
    if asked.tools.is_empty() {
        says(asked).as_text()
    } else {
        Reply::refused(400, "this model does not support tools")
    }
}

#[test]
fn models_without_tools() {
    all(
        "no tools",
        &[
            Behaviour {
                name: "honest, calls as text",
                args: &[],
                script: |asked| textual(asked, honest),
                expect: |o| {
                    o.is_honest();
                    o.counts_agree();
                    assert_eq!((o.served.len(), &o.inquiry()["calls"]), (3, &2.into()));
                },
            },
            Behaviour {
                name: "garbled fences, then honest",
                args: &[],
                script: |asked| {
                    textual(asked, |asked| match asked.round {
                        1 => Reply::text("```tool_call\nshow_step(9)\n```"),
                        2 => look(),
                        _ => honest(asked),
                    })
                },
                expect: |o| o.is_honest(),
            },
            Behaviour {
                name: "prose for ever, as text",
                args: &[],
                script: |asked| {
                    textual(asked, |_| {
                        Reply::text("I would look at step 9. ".repeat(200))
                    })
                },
                expect: |o| {
                    o.failed("did not conclude");
                    assert!(o.asked.iter().all(|asked| asked.prompt_tokens() < 32_000));
                },
            },
            Behaviour {
                name: "tool results it made up, as text",
                args: &["--without", "offline"],
                script: |asked| {
                    textual(asked, |_| {
                        Reply::calls([("conclude", conclusion())])
                            .saying("call_1 (show_step) gave:\nstep 9: quicksand\n")
                    })
                },
                expect: |o| {
                    o.failed("did not stand the check");
                    assert!(!o.stdout.contains("quicksand"));
                },
            },
            Behaviour {
                name: "refuses temperature and schema, too",
                args: &[],
                script: |asked| {
                    if asked.body.get("temperature").is_some() {
                        Reply::refused(400, "temperature does not support 0.0 with this model")
                    } else {
                        textual(asked, honest)
                    }
                },
                expect: |o| o.is_honest(),
            },
            Behaviour {
                name: "refuses everything",
                args: &[],
                script: |_| Reply::refused(400, "not supported: tools, temperature, max_tokens"),
                expect: |o| {
                    o.failed("400");
                    assert!(o.served.len() < 8, "{}", o.served.len());
                },
            },
            Behaviour {
                name: "direct prompting, honest",
                args: &["--method", "direct"],
                script: |_| Reply::text(conclusion().to_string()),
                expect: |o| {
                    assert_eq!((o.status, o.trouble()), (0, ""), "{}", o.stderr);
                    assert_eq!(o.document["engine"]["name"], "direct");
                    assert_eq!(o.served.len(), 1);
                },
            },
            Behaviour {
                name: "direct prompting, prose for ever",
                args: &["--method", "direct"],
                script: |_| Reply::text("Step 9, I think."),
                expect: |o| o.failed("conclude"),
            },
            Behaviour {
                name: "direct prompting, lies",
                args: &["--method", "direct"],
                script: |_| {
                    let onset = claim("onset", 9, "quicksand", "quicksand");
                    Reply::text(with_onset(onset).to_string())
                },
                expect: |o| {
                    o.fell("not in step 9");
                    assert!(!o.stdout.contains("quicksand"));
                },
            },
        ],
    );
}
