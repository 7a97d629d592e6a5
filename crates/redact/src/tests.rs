//! What gets through redaction and what does not.

use super::*;
use proptest::prelude::*;
use serde_json::json;

fn redacted(text: &str) -> String {
    Redactor::default().text(text)
}

#[test]
fn secrets_go_and_the_rest_stays() {
    for (text, safe) in [
        ("ls -la src/main.rs", "ls -la src/main.rs"),
        ("export API_KEY=abc123", "export API_KEY=REDACTED-1"),
        (
            "{\"password\": \"hunter2\"}",
            "{\"password\": \"REDACTED-1\"}",
        ),
        (
            "Authorization: Bearer abc.def",
            "Authorization: Bearer REDACTED-1",
        ),
        (
            "curl https://bob:pw@host/x",
            "curl https://REDACTED-1@host/x",
        ),
        ("mail bob@example.com now", "mail REDACTED-1 now"),
        ("cd /home/alice/x; ls ~alice", "cd /home/user/x; ls ~alice"),
        ("owner alice in /Users/alice", "owner user in /Users/user"),
        ("--token hush", "--token REDACTED-1"),
        ("the token was fine", "the token was fine"),
        ("sk-proj-A1b2C3d4E5f6G7h8", "REDACTED-1"),
        ("pwd && ls src", "pwd && ls src"),
        (
            "at 2024-01-01T10:00:00.123456Z",
            "at 2024-01-01T10:00:00.123456Z",
        ),
        (
            "crates/formats/src/learned/redact.rs",
            "crates/formats/src/learned/redact.rs",
        ),
        (
            "a basic approach to bearer tokens",
            "a basic approach to bearer tokens",
        ),
        ("Basic dXNlcjpwYXNz", "Basic REDACTED-1"),
        (
            "Authorization: Basic approach",
            "Authorization: Basic REDACTED-1",
        ),
        (
            "def evaluate_model_on_sts12(paraphrase-MiniLM-L6-v2)",
            "def evaluate_model_on_sts12(paraphrase-MiniLM-L6-v2)",
        ),
        (
            "return printOpeningTagPrefix(isVueSfcBindingsAttribute)",
            "return printOpeningTagPrefix(isVueSfcBindingsAttribute)",
        ),
        ("A1B2-C3D4-E5F6-G7H8-J9K1", "REDACTED-1"),
        ("at 0f8fad5b-d9cb-469f-a165-70867728950e", "at REDACTED-1"),
        (
            "cd linux-6.1/arch/x86/kernel/cpu2/mce4 /usr/lib/x86_64-linux-gnu/python3",
            "cd linux-6.1/arch/x86/kernel/cpu2/mce4 /usr/lib/x86_64-linux-gnu/python3",
        ),
        (
            "key wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
            "key REDACTED-1",
        ),
        ("root@box:/app/v1.2# ls", "root@box:/app/v1.2# ls"),
        ("root@box.local:/app# ls", "root@box.local:/app# ls"),
        ("eve@box.local:/app# ls", "REDACTED-1:/app# ls"),
        (
            "test_that_a_long_name_is_kept_as_it_is",
            "test_that_a_long_name_is_kept_as_it_is",
        ),
    ] {
        // A name is only known once its home was seen.
        let mut redactor = Redactor::default();
        let _ = redactor.text(text);
        assert_eq!(redactor.text(text), safe);
    }
    let pem = "a -----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY----- b";
    assert_eq!(redacted(pem), "a [private key] b");
}

#[test]
fn ids_that_look_random_still_join() {
    let mut redactor = Redactor::default();
    let call = redactor.value(&json!({"id": "toolu_01AbC9dEf8GhI7jKl6Mn"}), 80, 8);
    let result = redactor.value(&json!({"for": "toolu_01AbC9dEf8GhI7jKl6Mn"}), 80, 8);
    assert_eq!(call["id"], result["for"]);
    assert_eq!(call["id"], "REDACTED-1");
}

#[test]
fn nothing_stays_below_the_name_of_a_secret() {
    let record = json!({
        "by": "alice",
        "password": 12_345_678,
        "credentials": {"key": "hush", "pin": [4711, {"a": "b"}], "on": true},
        "db_pass": "zq", "user-pwd": "zz", "STRIPE_KEY": "yy", "password_hash": "xx",
        "token_count": 12, "primary_key": "id", "compass": "north",
        "env": "PWD=/src DB_PASS=zq SIGNING_KEY=abc",
        "cwd": "/home/alice/x",
    });
    let safe = Redactor::default().value(&record, 80, 8);
    let shown = safe.to_string();
    for secret in [
        "12345678", "hush", "4711", "zq", "zz", "yy", "xx", "abc", "alice",
    ] {
        assert!(!shown.contains(secret), "{secret}: {shown}");
    }
    assert_eq!(safe["by"], "user");
    assert_eq!(safe["credentials"]["on"], true);
    assert_eq!(safe["token_count"], 12);
    assert_eq!(safe["primary_key"], "id");
    assert_eq!(safe["compass"], "north");
    assert!(safe["env"].as_str().unwrap().starts_with("PWD=/src "));
}

#[test]
fn json_in_a_text_stays_json() {
    let arguments = json!({"arguments": json!({"token": "x", "cmd": "y".repeat(500)}).to_string()});
    let safe = Redactor::default().value(&arguments, 40, 8);
    let inner: Value = serde_json::from_str(safe["arguments"].as_str().unwrap()).unwrap();
    assert_eq!(inner["token"], "REDACTED-1");
    assert!(inner["cmd"].as_str().unwrap().contains("characters cut"));
}

/// Secrets as they stand in real logs.
fn secret() -> impl Strategy<Value = (String, String)> {
    let mixed = "[A-Z][a-z][0-9][A-Za-z0-9]{24,40}";
    prop_oneof![
        mixed
            .prop_filter("random enough", |s| is_random(s))
            .prop_map(|s| (s.clone(), s)),
        "sk-ant-[a-z]{3}[0-9][A-Za-z0-9]{20,30}".prop_map(|s| (s.clone(), s)),
        "ghp_[A-Z][A-Za-z0-9]{30}".prop_map(|s| (s.clone(), s)),
        "zq[a-z]{6,12}x".prop_map(|s| (format!("DB_PASSWORD={s}"), s)),
        "zq[a-z]{6,12}x".prop_map(|s| (format!("\"api_key\": \"{s}\""), s)),
        "zq[a-z]{6,12}x".prop_map(|s| (format!("--password {s}"), s)),
        "zq[a-z]{6,12}x".prop_map(|s| (format!("https://me:{s}@db.example/x"), s)),
        "zq[a-z]{6,12}x".prop_map(|s| (format!("ls /home/{s}/work"), s)),
        "zq[a-z]{6,12}x".prop_map(|s| (format!("to {s}@example.org"), s)),
    ]
}

proptest! {
    #[test]
    fn no_secret_gets_through(
        (planted, secret) in secret(),
        before in "[ -~]{0,40}", after in "[ -~]{0,300}", most in 8usize..120,
    ) {
        // Quotes and blanks around, as between words of a log.
        let text = format!("{before} {planted} {after}");
        // An announcement before the planted text takes its name for the secret.
        prop_assume!(!before.to_lowercase().contains(['=', ':']));
        let mut redactor = Redactor::default();
        prop_assert!(!redactor.short(&text, most).contains(&secret));
        let nested = json!({"a": [{"b": json!({"c": text}).to_string()}], secret.clone(): 1});
        let shown = redactor.value(&nested["a"], most, 8).to_string();
        prop_assert!(!shown.contains(&secret), "{}", shown);
    }

    #[test]
    fn any_text_is_taken(text in any::<String>(), most in 0usize..50) {
        let mut redactor = Redactor::default();
        let once = redactor.text(&text);
        let _ = redactor.short(&text, most);
        // What was made safe is left alone.
        let twice = redactor.text(&once);
        prop_assert!(twice.len() <= once.len() + 64 * once.len());
    }
}

/// Keys as services draw them: a name made of words must not be what they look like.
#[test]
fn what_is_drawn_at_random_is_seldom_taken_for_words() {
    const DRAWN: usize = 2_000;
    let alphabets = [
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
        "abcdefghijklmnopqrstuvwxyz0123456789",
        "0123456789abcdef",
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
    ];
    // A generator that gives the same on every machine (Knuth's MMIX constants).
    let mut state: u64 = 1;
    let mut next = |below: usize| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap() % below
    };
    for alphabet in alphabets {
        let letters = alphabet.as_bytes();
        let shown = (0..DRAWN).filter(|_| {
            let key: String = (0..32)
                .map(|_| char::from(letters[next(letters.len())]))
                .collect();
            redacted(&key) == key
        });
        let shown = shown.count();
        assert!(
            shown * 25 < DRAWN,
            "{shown} of {DRAWN} keys over {alphabet} were shown"
        );
    }
}
