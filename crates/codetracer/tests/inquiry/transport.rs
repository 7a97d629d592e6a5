//! What goes wrong on the way.

use std::time::Duration;

use scripted::{Asked, Reply};

use crate::program::{Behaviour, all, codetracer, distinct, model, run_path};
use crate::reader::{claim, conclusion, honest};

#[test]
fn bytes_that_are_no_answer() {
    all(
        "no answer",
        &[
            Behaviour {
                name: "malformed JSON",
                args: &[],
                script: |asked| honest(asked).malformed(),
                expect: |o| o.failed("JSON"),
            },
            Behaviour {
                name: "HTML with status 200",
                args: &[],
                script: |_| {
                    Reply::status(200)
                        .header("content-type", "text/html")
                        .body("<html>\u{1b}[31mSign in</html>")
                },
                expect: |o| {
                    o.failed("Sign in");
                    assert!(!o.stderr.contains('\u{1b}') && !o.stdout.contains('\u{1b}'));
                },
            },
            Behaviour {
                name: "truncated once",
                args: &[],
                script: |asked| match asked.number {
                    1 => honest(asked).truncated(),
                    _ => honest(asked),
                },
                expect: |o| {
                    o.is_honest();
                    assert_eq!((o.served.len(), &o.inquiry()["calls"]), (3, &2.into()));
                },
            },
            Behaviour {
                name: "truncated for ever",
                args: &[],
                script: |asked| honest(asked).truncated(),
                expect: |o| o.failed("after 4 retries"),
            },
            Behaviour {
                name: "hangs up",
                args: &[],
                script: |_| Reply::hang_up(),
                expect: |o| o.failed("127.0.0.1"),
            },
        ],
    );
}

#[test]
fn servers_that_are_busy_or_broken() {
    all(
        "busy or broken",
        &[
            Behaviour {
                name: "429, Retry-After 1, then fine",
                args: &[],
                script: |asked| match asked.number {
                    1 => Reply::busy("1"),
                    _ => honest(asked),
                },
                expect: |o| {
                    o.is_honest();
                    o.counts_agree();
                    assert!(o.seconds >= 1.0, "{}", o.seconds);
                    assert_eq!((o.served.len(), &o.inquiry()["calls"]), (3, &2.into()));
                },
            },
            Behaviour {
                name: "429 for ever, Retry-After 0",
                args: &[],
                script: |_| Reply::busy("0"),
                expect: |o| {
                    o.failed("429");
                    assert_eq!((o.served.len(), distinct(&o.asked)), (5, 1));
                },
            },
            Behaviour {
                name: "429, Retry-After a day",
                args: &[],
                script: |_| Reply::busy("86400"),
                expect: |o| {
                    o.failed("86400");
                    assert_eq!(o.served.len(), 1);
                },
            },
            Behaviour {
                name: "429, Retry-After 60, 2 s left",
                args: &["--max-seconds", "2"],
                script: |_| Reply::busy("60"),
                expect: |o| o.failed("asks to wait 60 s"),
            },
            Behaviour {
                name: "500 twice, then fine",
                args: &[],
                script: |asked| match asked.number {
                    1 | 2 => Reply::refused(500, "out of order"),
                    _ => honest(asked),
                },
                expect: |o| {
                    o.is_honest();
                    o.counts_agree();
                    assert_eq!(o.served.len(), 4);
                },
            },
            Behaviour {
                name: "500 for ever",
                args: &[],
                script: |_| Reply::refused(500, "out of order"),
                expect: |o| {
                    o.failed("500");
                    assert_eq!(o.served.len(), 5);
                    assert_eq!(o.document["engine"]["tokens"], 0);
                },
            },
            Behaviour {
                name: "fine, then 500 for ever",
                args: &[],
                script: |asked| match asked.number {
                    1 => honest(asked),
                    _ => Reply::refused(500, "out of order"),
                },
                expect: |o| {
                    o.failed("500");
                    o.counts_agree();
                },
            },
            Behaviour {
                name: "concludes with a flaw, then 500",
                args: &[],
                script: |asked| match asked.number {
                    1 => honest(asked),
                    2 => {
                        let mut flawed = conclusion();
                        flawed["claims"][2] = claim("unuseful", 10, "Nothing.", "quicksand");
                        Reply::calls([("conclude", flawed)])
                    }
                    _ => Reply::refused(500, "out of order"),
                },
                expect: |o| {
                    o.failed("500");
                    assert!(o.trouble().contains("what it had concluded is used"));
                    assert_eq!(o.document["onset_step_id"], 9);
                    assert!(!o.stdout.contains("quicksand"));
                },
            },
            Behaviour {
                name: "key refused",
                args: &[],
                script: |_| Reply::refused(401, "invalid key: test"),
                expect: |o| {
                    o.failed("401");
                    assert_eq!(o.served.len(), 1);
                },
            },
            Behaviour {
                name: "no such model",
                args: &[],
                script: |_| Reply::refused(404, "no such model"),
                expect: |o| o.failed("no such model"),
            },
        ],
    );
}

fn drips(asked: &Asked) -> Reply {
    honest(asked).drip(1, Duration::from_millis(50))
}

#[test]
fn servers_that_are_slow() {
    all(
        "slow",
        &[
            Behaviour {
                name: "slow bytes, beyond --max-seconds 2",
                args: &["--max-seconds", "2"],
                script: drips,
                expect: |o| {
                    o.failed("2 seconds");
                    assert_eq!(o.served.len(), 1);
                },
            },
            Behaviour {
                name: "slow bytes, within the limit",
                args: &["--max-seconds", "20"],
                script: |asked| honest(asked).drip(200, Duration::from_millis(50)),
                expect: |o| o.is_honest(),
            },
            Behaviour {
                name: "half an answer, then silence",
                args: &["--max-seconds", "2"],
                script: |asked| honest(asked).stall(),
                expect: |o| o.failed("2 seconds"),
            },
            Behaviour {
                name: "silence from the start",
                args: &["--max-seconds", "2"],
                script: |asked| honest(asked).after(Duration::from_mins(2)),
                expect: |o| o.failed("2 seconds"),
            },
        ],
    );
}

#[test]
fn without_key_or_server_nothing_is_read() {
    let home = tempfile::tempdir().unwrap();
    for protocol in scripted::Protocol::BOTH {
        let name = protocol.provider().to_uppercase();
        let mut command = codetracer(home.path());
        let command = command
            .args(["analyze", "--json", "--model", model(protocol)])
            .arg(run_path())
            .env_remove(format!("{name}_API_KEY"))
            .env_remove(format!("{name}_BASE_URL"));
        let output = command.output().unwrap();
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0));
        assert!(error.contains(&format!("{name}_API_KEY")), "{error}");

        // A port that was free a moment ago.
        let gone = scripted::ScriptedModel::start(protocol, |_| Reply::status(200));
        let environment = gone.environment();
        drop(gone);
        let output = command.envs(environment).output().unwrap();
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(3), "{error}");
        assert!(error.contains("the offline verdict stands"), "{error}");
        assert!(!output.stdout.is_empty());
    }
}
