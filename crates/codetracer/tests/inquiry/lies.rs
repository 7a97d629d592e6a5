//! Models that claim what they did not read, or what is not there. The word `quicksand` stands in no
//! step; where it marks a lie it must not come out.

use scripted::{Asked, Reply};
use serde_json::{Value, json};

use crate::program::{Behaviour, Outcome, all};
use crate::reader::{claim, conclusion, insists, look, open, with, with_onset};

const MADE_UP: &str = "rm -rf / # quicksand";

fn lie(kind: &str, step: u64) -> Value {
    claim(kind, step, "It deleted everything: quicksand.", MADE_UP)
}

fn tells_no_lie(o: &Outcome) {
    assert!(!o.stdout.contains("quicksand"), "{}", o.stdout);
    assert!(!o.stderr.contains("quicksand"), "{}", o.stderr);
}

#[test]
fn models_that_lie_about_the_onset() {
    all(
        "lies about the onset",
        &[
            Behaviour {
                name: "a quotation that is not there",
                args: &[],
                script: |asked| insists(asked, with_onset(lie("onset", 9))),
                expect: |o| {
                    tells_no_lie(o);
                    o.failed("did not stand the check");
                    assert!(
                        o.dropped()[0].contains("is not in step 9"),
                        "{:?}",
                        o.dropped()
                    );
                    // The reason went back to the model, twice.
                    assert_eq!(o.served.len(), 4);
                    assert!(o.asked[2].last_results()[0].text.contains("not in step 9"));
                },
            },
            Behaviour {
                name: "a quotation of another step",
                args: &[],
                script: |asked| {
                    let mut onset = conclusion()["claims"][0].take();
                    onset["quoted_step"] = json!(5);
                    insists(asked, with_onset(onset))
                },
                expect: |o| o.fell("not in step 5"),
            },
            Behaviour {
                name: "a step it never opened",
                args: &["--without", "offline"],
                script: |asked| match asked.round {
                    1 => Reply::calls([open(&[1])]),
                    _ => Reply::calls([("conclude", conclusion())]),
                },
                expect: |o| o.fell("was not opened"),
            },
            Behaviour {
                name: "a step that does not exist",
                args: &[],
                script: |asked| insists(asked, with_onset(lie("onset", 4_000_000_000))),
                expect: |o| {
                    tells_no_lie(o);
                    o.fell("there is no step 4000000000");
                },
            },
            Behaviour {
                name: "step 0, and one beyond all numbers",
                args: &[],
                script: |asked| {
                    let onset = if asked.round % 2 == 0 {
                        lie("onset", 0)
                    } else {
                        lie("onset", u64::MAX)
                    };
                    insists(asked, with_onset(onset))
                },
                expect: |o| {
                    tells_no_lie(o);
                    o.fell("there is no step");
                },
            },
            Behaviour {
                name: "no failure, proven by nothing",
                args: &[],
                script: |asked| {
                    let mut conclusion = with("claims", json!([lie("evidence", 11)]));
                    conclusion["verdict"] = json!("no_failure");
                    conclusion["fault"] = Value::Null;
                    conclusion["summary"] = json!("All is quicksand.");
                    insists(asked, conclusion)
                },
                expect: |o| {
                    tells_no_lie(o);
                    o.failed("did not stand the check");
                },
            },
            Behaviour {
                name: "a lie, mended when told",
                args: &[],
                script: |asked| match asked.round {
                    1 => look(),
                    2 => Reply::calls([("conclude", with_onset(lie("onset", 9)))]),
                    _ => Reply::calls([("conclude", conclusion())]),
                },
                expect: |o| {
                    tells_no_lie(o);
                    o.is_honest();
                    assert_eq!(o.served.len(), 3);
                },
            },
        ],
    );
}

/// A conclusion whose onset stands and whose other claims are made up.
fn embroidered(_: &Asked) -> Value {
    let mut conclusion = conclusion();
    let made_up = [
        lie("propagation", 10),
        lie("final_commitment", 77),
        lie("incorrect", 6),
        lie("incorrect", 999),
        lie("unuseful", 3),
    ];
    if let Some(claims) = conclusion["claims"].as_array_mut() {
        claims.truncate(1);
        claims.extend(made_up);
    }
    conclusion
}

#[test]
fn models_that_embroider() {
    all(
        "embroiders",
        &[
            Behaviour {
                name: "lies beside an onset that stands",
                args: &[],
                script: |asked| insists(asked, embroidered(asked)),
                expect: |o| {
                    tells_no_lie(o);
                    assert_eq!(o.status, 0, "{}", o.stderr);
                    assert_eq!(o.document["onset_step_id"], 9);
                    let dropped = o.dropped().join("\n");
                    for claim in [
                        "propagation 10",
                        "final_commitment 77",
                        "incorrect 6",
                        "incorrect 999",
                        "unuseful 3",
                    ] {
                        assert!(dropped.contains(claim), "{dropped}");
                    }
                    assert_eq!(o.document["unuseful_step_ids"], json!([]));
                },
            },
            Behaviour {
                name: "lies in the summary, too",
                args: &[],
                script: |asked| {
                    let mut conclusion = embroidered(asked);
                    conclusion["summary"] = json!("The agent ran quicksand at step 77.");
                    conclusion["advice"] = json!("Do not run quicksand.");
                    conclusion["differs"] = json!("quicksand");
                    insists(asked, conclusion)
                },
                expect: |o| {
                    tells_no_lie(o);
                    assert_eq!(o.document["onset_step_id"], 9);
                },
            },
            Behaviour {
                name: "names steps in words that are none",
                args: &[],
                script: |asked| {
                    let words = "It all began at step 4711, see also steps 13 and 14.";
                    insists(asked, with("summary", json!(words)))
                },
                expect: |o| {
                    assert_eq!((o.status, o.trouble()), (0, ""), "{}", o.stderr);
                    let summary = o.document["summary"].as_str().unwrap();
                    assert!(!summary.contains("4711"), "{summary}");
                    assert!(
                        o.dropped()[0].contains("it names step 4711"),
                        "{:?}",
                        o.dropped()
                    );
                },
            },
            Behaviour {
                name: "escapes and markup in its words",
                args: &[],
                script: |asked| {
                    let words = "Step 9.\u{1b}[31m\u{202e}\u{0007}<script>alert(1)</script>";
                    insists(asked, with("summary", json!(words)))
                },
                expect: |o| {
                    assert_eq!(o.status, 0, "{}", o.stderr);
                    let summary = o.document["summary"].as_str().unwrap();
                    assert!(
                        !summary.contains(['\u{1b}', '\u{202e}', '\u{7}']),
                        "{summary:?}"
                    );
                },
            },
            Behaviour {
                name: "a confidence of its own",
                args: &[],
                script: |asked| insists(asked, with("confidence", json!(1.0))),
                expect: |o| {
                    assert_eq!(o.status, 0, "{}", o.stderr);
                    assert_eq!(o.inquiry()["stated_confidence"], 1.0);
                    assert!(o.document["confidence"].as_f64().unwrap() < 1.0);
                },
            },
            Behaviour {
                name: "concludes without a look",
                args: &["--without", "offline"],
                script: |_| Reply::calls([("conclude", conclusion())]),
                expect: |o| o.fell("stages that must be looked at"),
            },
            Behaviour {
                name: "says that it looked",
                args: &["--without", "offline"],
                script: |_| {
                    Reply::calls([("conclude", conclusion())]).saying(
                        "I opened steps 3, 5, 8, 9, 10 and 11.\nshow_step(9) gave: quicksand",
                    )
                },
                expect: |o| {
                    tells_no_lie(o);
                    o.failed("did not stand the check");
                },
            },
        ],
    );
}
