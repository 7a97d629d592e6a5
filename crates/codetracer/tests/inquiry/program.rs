//! The program run on the bundled run with one behaviour of a model, and what is asked of every such
//! run, whatever the model did.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::time::Instant;

use llm::Usage;
use scripted::{Asked, Protocol, Reply, ScriptedModel, Served};
use serde_json::{Value, json};

/// One way for a model or its server to behave.
pub(crate) struct Behaviour {
    pub(crate) name: &'static str,
    /// Arguments after `analyze RUN --json --model …`.
    pub(crate) args: &'static [&'static str],
    pub(crate) script: fn(&Asked) -> Reply,
    /// What is asked of this one beyond what is asked of all.
    pub(crate) expect: fn(&Outcome),
}

/// What came of it.
pub(crate) struct Outcome {
    pub(crate) protocol: Protocol,
    pub(crate) status: i32,
    /// The document; null when there is none.
    pub(crate) document: Value,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) asked: Vec<Asked>,
    pub(crate) served: Vec<Served>,
    /// What the server would charge.
    pub(crate) charged: Usage,
    pub(crate) seconds: f64,
}

/// The bundled run.
pub(crate) fn run_path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("demo/library-fees.traj.json")
}

/// The models asked for, one a protocol; both have a price.
pub(crate) fn model(protocol: Protocol) -> &'static str {
    match protocol {
        Protocol::OpenAi => "openai/gpt-5.4-mini",
        Protocol::Anthropic => "anthropic/claude-sonnet-5",
    }
}

/// The program in a folder of its own, so that no setting of this machine matters.
pub(crate) fn codetracer(home: &Path) -> assert_cmd::Command {
    let mut command = assert_cmd::cargo::cargo_bin_cmd!("codetracer");
    command
        .current_dir(home)
        .env("HOME", home)
        .env("XDG_CONFIG_HOME", home.join("config"))
        .env("CODETRACER_DATA_DIR", home.join("data"))
        .env("CODETRACER_CACHE_DIR", home.join("cache"))
        .env_remove("CODETRACER_PRICES")
        .env("NO_COLOR", "1");
    command
}

/// What the offline engine says of the run.
pub(crate) fn offline() -> &'static Value {
    static OFFLINE: LazyLock<Value> = LazyLock::new(|| {
        let home = tempfile::tempdir().unwrap();
        let mut command = codetracer(home.path());
        let output = command.args(["analyze", "--json"]).arg(run_path());
        serde_json::from_slice(&output.output().unwrap().stdout).unwrap()
    });
    &OFFLINE
}

/// The texts of each step, by the program's own account of the run.
fn steps() -> &'static Vec<String> {
    static STEPS: LazyLock<Vec<String>> = LazyLock::new(|| {
        let home = tempfile::tempdir().unwrap();
        let mut command = codetracer(home.path());
        let output = command.args(["extract", "--json"]).arg(run_path());
        let run: Value = serde_json::from_slice(&output.output().unwrap().stdout).unwrap();
        let steps = run["steps"].as_array().unwrap();
        steps.iter().map(texts).collect()
    });
    &STEPS
}

/// All texts of a document, a line each.
fn texts(value: &Value) -> String {
    let mut all = String::new();
    let mut left = vec![value];
    while let Some(value) = left.pop() {
        match value {
            Value::String(text) => all = format!("{all}{text}\n"),
            Value::Array(items) => left.extend(items),
            Value::Object(fields) => left.extend(fields.values()),
            _ => {}
        }
    }
    all
}

impl Behaviour {
    /// Runs the program against a server that behaves like this.
    fn run(&self, protocol: Protocol) -> Outcome {
        let home = tempfile::tempdir().unwrap();
        let server = ScriptedModel::start(protocol, self.script);
        let begun = Instant::now();
        let output = codetracer(home.path())
            .args(["analyze", "--json", "--model", model(protocol)])
            .args(self.args)
            .arg(run_path())
            .envs(server.environment())
            .output()
            .unwrap();
        let seconds = begun.elapsed().as_secs_f64();
        let stdout = String::from_utf8(output.stdout).unwrap();
        Outcome {
            protocol,
            status: output.status.code().unwrap_or(-1),
            document: serde_json::from_str(&stdout).unwrap_or_default(),
            stdout,
            stderr: String::from_utf8(output.stderr).unwrap(),
            asked: server.requests(),
            served: server.served(),
            charged: server.charged(),
            seconds,
        }
    }

    fn limit(&self, flag: &str) -> Option<f64> {
        let at = self.args.iter().position(|arg| *arg == flag)?;
        self.args.get(at + 1)?.parse().ok()
    }

    /// What is asked of every run.
    fn check(&self, outcome: &Outcome) {
        let said = format!("{}\n{}", outcome.stdout, outcome.stderr);
        assert!(!said.contains("panicked"), "{said}");
        assert!(matches!(outcome.status, 0 | 2 | 3), "{said}");
        assert!(outcome.seconds < 60.0, "{} s", outcome.seconds);
        if outcome.status == 2 {
            assert!(
                outcome.stdout.is_empty() && !outcome.stderr.is_empty(),
                "{said}"
            );
            return;
        }
        is_valid(&outcome.document);
        every_citation_resolves(&outcome.document);
        if outcome.status == 3 {
            assert!(!outcome.trouble().is_empty(), "{said}");
            assert!(outcome.stderr.contains(outcome.trouble()), "{said}");
            let ends = [
                "what it had concluded is used",
                "the offline verdict stands",
                "there is no verdict",
            ];
            match ends.map(|end| outcome.trouble().ends_with(end)) {
                [true, ..] => {}
                [_, true, _] => outcome.is_offline(),
                [.., true] => outcome.is_undecided(),
                _ => panic!("{}", outcome.trouble()),
            }
        }
        self.budget_holds(outcome);
    }

    /// The limits among the arguments, by the server's count.
    fn budget_holds(&self, outcome: &Outcome) {
        let engine = &outcome.document["engine"];
        if let Some(most) = self.limit("--max-tokens") {
            let charged = outcome.charged.total();
            #[expect(clippy::cast_precision_loss, reason = "small numbers")]
            let within = charged as f64 <= most;
            assert!(within, "{charged} tokens of {most}");
        }
        if let Some(most) = self.limit("--max-calls") {
            let calls = distinct(&outcome.asked);
            #[expect(clippy::cast_precision_loss, reason = "small numbers")]
            let within = calls as f64 <= most;
            assert!(within, "{calls} calls of {most}");
        }
        if let Some(most) = self.limit("--max-cost") {
            let cost = cost(outcome.protocol, &outcome.charged);
            assert!(cost <= most, "{cost} dollars of {most}");
            assert!(engine["cost_usd"].as_f64().unwrap() <= most, "{engine}");
        }
        if let Some(most) = self.limit("--max-seconds") {
            // Reading the run and starting up are not the model's time.
            assert!(
                outcome.seconds < most + 3.0,
                "{} s of {most}",
                outcome.seconds
            );
        }
    }
}

impl Outcome {
    /// The fields of `engine.inquiry`.
    pub(crate) fn inquiry(&self) -> &Value {
        &self.document["engine"]["inquiry"]
    }

    pub(crate) fn trouble(&self) -> &str {
        self.inquiry()["trouble"].as_str().unwrap_or_default()
    }

    /// What was left out of the conclusion and why, a line each.
    pub(crate) fn dropped(&self) -> Vec<String> {
        let dropped = self.inquiry()["dropped"].as_array();
        let dropped = dropped.map_or(&[][..], Vec::as_slice);
        let line = |one: &Value| format!("{}: {}", one["claim"], one["why"]);
        dropped.iter().map(line).collect()
    }

    /// The model concluded and all of it stood.
    pub(crate) fn is_honest(&self) {
        assert_eq!((self.status, self.trouble()), (0, ""), "{}", self.stderr);
        assert_eq!(self.dropped(), [""; 0]);
        assert_eq!(self.document["onset_step_id"], 9);
        assert_eq!(self.document["engine"]["name"], "agent");
    }

    /// The document says what the offline engine says, but for who made it and for labels, which may
    /// have been proven beside a verdict that was not.
    pub(crate) fn is_offline(&self) {
        let mut document = self.document.clone();
        for field in [
            "engine",
            "labels",
            "incorrect_step_ids",
            "unuseful_step_ids",
        ] {
            document[field] = offline()[field].clone();
        }
        assert_eq!(&document, offline());
    }

    /// The document has no verdict, neither a model's nor, where the model was not given it, the
    /// offline one.
    fn is_undecided(&self) {
        assert_eq!(self.document["verdict"], "undecided");
        assert!(self.document["onset_step_id"].is_null());
        assert_eq!(self.document["chain"], json!([]));
    }

    /// The model failed, for a reason that holds these words.
    pub(crate) fn failed(&self, words: &str) {
        assert_eq!(self.status, 3, "{}{}", self.stdout, self.stderr);
        assert!(self.trouble().contains(words), "{}", self.trouble());
        assert!(self.stderr.contains(words), "{}", self.stderr);
    }

    /// The model concluded, and its verdict did not stand the check because of a claim that was dropped
    /// for a reason that holds these words.
    pub(crate) fn fell(&self, words: &str) {
        self.failed("did not stand the check");
        let dropped = self.dropped().join("\n");
        assert!(dropped.contains(words), "{dropped}");
    }

    /// What the program says was used is what the server counted.
    pub(crate) fn counts_agree(&self) {
        let inquiry = self.inquiry();
        assert_eq!(self.document["engine"]["tokens"], self.charged.total());
        assert_eq!(inquiry["input_tokens"], self.charged.prompt());
        assert_eq!(inquiry["output_tokens"], self.charged.output);
        let cost = self.document["engine"]["cost_usd"].as_f64().unwrap();
        assert!((cost - cost_of(self)).abs() < 1e-9, "{cost}");
    }

    fn verdict(&self) -> String {
        if !self.trouble().is_empty() {
            return self.trouble().to_owned();
        }
        let claims = match self.dropped().len() {
            0 => String::new(),
            dropped => format!(", {dropped} claims dropped"),
        };
        let verdict = self.document["verdict"].as_str().unwrap_or_default();
        format!(
            "{verdict}, onset {}{claims}",
            self.document["onset_step_id"]
        )
    }

    fn row(&self, name: &str) -> String {
        let words = match self.status {
            0 | 3 => self.verdict(),
            _ => self.stderr.trim().to_owned(),
        };
        let words: String = words.replace('\n', " ").chars().take(130).collect();
        format!(
            "{name:<34} {:<9} {:>4} {:>8} {:>5} {:>9} {:>7} {:>7} {:>5.1} {words}",
            self.protocol.provider(),
            self.status,
            self.served.len(),
            self.inquiry()["calls"].as_u64().unwrap_or_default(),
            self.document["engine"]["tokens"]
                .as_u64()
                .unwrap_or_default(),
            self.charged.prompt(),
            self.charged.output,
            self.seconds,
        )
    }
}

fn cost_of(outcome: &Outcome) -> f64 {
    cost(outcome.protocol, &outcome.charged)
}

/// US dollars by the list prices of the two models, without any cache.
fn cost(protocol: Protocol, usage: &Usage) -> f64 {
    let (input, output) = match protocol {
        Protocol::OpenAi => (0.75, 4.5),
        Protocol::Anthropic => (2.0, 10.0),
    };
    #[expect(clippy::cast_precision_loss, reason = "small numbers")]
    let (read, written) = (usage.prompt() as f64, usage.output as f64);
    (read * input + written * output) / 1e6
}

/// How many different requests there were: those made again are the same to the byte.
pub(crate) fn distinct(asked: &[Asked]) -> usize {
    let bodies: BTreeSet<String> = asked.iter().map(|asked| asked.body.to_string()).collect();
    bodies.len()
}

fn is_valid(document: &Value) {
    static SCHEMA: LazyLock<Value> = LazyLock::new(|| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/schema");
        let text = std::fs::read_to_string(folder.join("diagnosis-1.schema.json")).unwrap();
        serde_json::from_str(&text).unwrap()
    });
    assert!(document.is_object(), "there is no document");
    let validator = jsonschema::validator_for(&SCHEMA).unwrap();
    let errors: Vec<String> = validator
        .iter_errors(document)
        .map(|e| format!("{}: {e}", e.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{errors:#?}");
}

/// Every step named is one of the run, every quotation stands in the step it is said to be from, and
/// every reference names the bytes it names.
fn every_citation_resolves(document: &Value) {
    let file = std::fs::read(run_path()).unwrap();
    let mut left = vec![document];
    while let Some(value) = left.pop() {
        match value {
            Value::Array(items) => left.extend(items),
            Value::Object(fields) => {
                for (name, field) in fields {
                    let number = field.as_u64().filter(|_| name.ends_with("step_id"));
                    assert!(number.is_none_or(|n| (1..=12).contains(&n)), "{value}");
                }
                if let (Some(quote), Some(step)) =
                    (value["quote"].as_str(), value["step_id"].as_u64())
                {
                    let text = &steps()[usize::try_from(step).unwrap() - 1];
                    let whole = quote.trim_end_matches('…');
                    assert!(text.contains(whole), "step {step} does not say: {quote}");
                }
                if let Some(hash) = value["blake3"].as_str() {
                    let at = |name: &str| usize::try_from(value[name].as_u64().unwrap()).unwrap();
                    let bytes = &file[at("start")..at("end")];
                    assert_eq!(blake3::hash(bytes).to_hex().as_str(), hash);
                }
                left.extend(fields.values());
            }
            _ => {}
        }
    }
    let lists = ["incorrect_step_ids", "unuseful_step_ids"];
    let labelled = document["labels"].as_array().unwrap();
    for (list, verdict) in lists.into_iter().zip(["incorrect", "unuseful"]) {
        let of_labels = labelled.iter().filter(|label| label["verdict"] == verdict);
        let ids: Vec<&Value> = of_labels.map(|label| &label["step_id"]).collect();
        assert_eq!(json!(ids), document[list], "{list}");
    }
}

/// Runs each behaviour over both protocols, checks it and prints the rows.
pub(crate) fn all(title: &str, behaviours: &[Behaviour]) {
    let mut rows = vec![format!(
        "\n{title:<34} {:<9} {:>4} {:>8} {:>5} {:>9} {:>7} {:>7} {:>5} outcome",
        "protocol", "exit", "requests", "calls", "tokens", "served", "served", "s"
    )];
    rows.push(format!(
        "{:<34} {:<9} {:>4} {:>8} {:>5} {:>9} {:>7} {:>7}",
        "", "", "", "", "", "counted", "in", "out"
    ));
    let mut wrong = Vec::new();
    for behaviour in behaviours {
        let outcomes = std::thread::scope(|scope| {
            let both = Protocol::BOTH.map(|protocol| scope.spawn(move || behaviour.run(protocol)));
            both.map(|one| one.join().unwrap())
        });
        for outcome in outcomes {
            rows.push(outcome.row(behaviour.name));
            let checks = std::panic::AssertUnwindSafe(|| {
                behaviour.check(&outcome);
                (behaviour.expect)(&outcome);
            });
            if std::panic::catch_unwind(checks).is_err() {
                wrong.push(format!("{}, {:?}", behaviour.name, outcome.protocol));
            }
        }
    }
    println!("{}", rows.join("\n"));
    assert!(wrong.is_empty(), "{wrong:#?}");
}
