//! Keys and addresses from the environment and from `.env`.

use super::*;

fn endpoint(settings: &Settings, model: &str) -> Result<Endpoint, LlmError> {
    settings.endpoint(&model.parse().unwrap())
}

fn dotenv(text: &str, environment: &[(&str, &str)]) -> Settings {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(".env");
    std::fs::write(&path, text).unwrap();
    Settings::from_pairs(environment.iter().copied()).with_dotenv(&path)
}

#[test]
fn the_environment_comes_before_the_file() {
    let file = "# keys\nexport OPENAI_API_KEY='sk-file'\nOPENAI_BASE_URL=http://127.0.0.1:1/v1\n";
    let found = endpoint(&dotenv(file, &[]), "openai/m").unwrap();
    assert_eq!(
        (found.key(), found.address().as_str()),
        (Some(&Secret::new("sk-file")), "http://127.0.0.1:1/v1")
    );
    let both = dotenv(
        file,
        &[("OPENAI_API_KEY", "sk-env"), ("OPENAI_BASE_URL", "")],
    );
    assert_eq!(
        endpoint(&both, "openai/m").unwrap().key(),
        Some(&Secret::new("sk-env"))
    );
}

#[test]
fn a_file_cannot_send_keys_elsewhere() {
    let base = "OPENAI_BASE_URL=https://example.org/v1\n";
    let own = [("OPENAI_API_KEY", "sk-env-0123456789")];
    let error = endpoint(&dotenv(base, &own), "openai/m").unwrap_err();
    insta::assert_snapshot!(error);
    assert!(
        endpoint(
            &dotenv("OPENAI_BASE_URL=http://[::1]:8000/v1", &own),
            "openai/m"
        )
        .is_ok()
    );
    for substituted in [
        "https://example.org/${PATH}",
        "https://example.org/$PATH",
        "\"https://$HOME\"",
    ] {
        let file = format!("OPENAI_API_KEY=x\nOPENAI_BASE_URL={substituted}\n");
        let found = endpoint(&dotenv(&file, &[]), "openai/m").unwrap();
        assert!(found.is_default(), "{}", found.address());
    }
}

#[test]
fn a_missing_key_is_named() {
    let file = "OPENAI_API_KEY\nthis is nothing\n";
    let errors: Vec<_> = ["openai/m", "anthropic/m", "openrouter/m"]
        .map(|model| endpoint(&dotenv(file, &[]), model).unwrap_err().to_string())
        .into();
    insta::assert_debug_snapshot!(errors);
    for model in ["ollama/m", "vllm/m", "llamacpp/m", "litellm/m"] {
        assert!(endpoint(&Settings::default(), model).is_ok(), "{model}");
    }
    let own = Settings::from_pairs([("ANTHROPIC_BASE_URL", "http://127.0.0.1:9")]);
    assert!(
        endpoint(&own, "anthropic/m").is_ok(),
        "a server of one's own may need no key"
    );
}

#[test]
fn addresses_that_are_none() {
    let errors: Vec<_> = [
        "127.0.0.1:8000",
        "file:///etc/passwd",
        "http://me:secret@host/v1",
        "http://",
    ]
    .map(|base| {
        let settings = Settings::from_pairs([("VLLM_BASE_URL", base)]);
        endpoint(&settings, "vllm/m").unwrap_err().to_string()
    })
    .into();
    assert!(!errors.concat().contains("secret"));
    insta::assert_debug_snapshot!(errors);
    let key = Settings::from_pairs([("VLLM_API_KEY", "two\nlines")]);
    assert!(matches!(
        endpoint(&key, "vllm/m"),
        Err(LlmError::Setting {
            variable: "VLLM_API_KEY",
            ..
        })
    ));
}

#[test]
fn paths_are_joined_with_and_without_v1() {
    let url = |base, model: &str, path| {
        let name = model.split('/').next().unwrap();
        Endpoint::new(provider_named(name).unwrap(), base, None)
            .unwrap()
            .url(path)
            .to_string()
    };
    for base in [
        "http://h:1",
        "http://h:1/",
        "http://h:1/v1",
        "http://h:1/v1/",
    ] {
        assert_eq!(
            url(base, "anthropic/m", "/v1/messages"),
            "http://h:1/v1/messages"
        );
    }
    assert_eq!(
        url("http://h/v1/", "vllm/m", "/chat/completions"),
        "http://h/v1/chat/completions"
    );
    assert_eq!(
        url("http://h/v1?api-version=3", "openai/m", "/chat/completions"),
        "http://h/v1/chat/completions?api-version=3"
    );
}

#[test]
fn secrets_do_not_show() {
    let settings = Settings::from_pairs([("OPENAI_API_KEY", "sk-0123456789")]);
    let found = endpoint(&settings, "openai/m").unwrap();
    assert!(!format!("{settings:?} {found:?} {:?}", found.key()).contains("0123456789"));
    let key = Secret::new(" sk-0123456789\n");
    assert_eq!(
        key.scrub(b"a sk-0123456789, sk-0123456789".to_vec()),
        b"a [key], [key]"
    );
    assert_eq!(key.scrub_text("sk-0123".to_owned()), "sk-0123");
}
