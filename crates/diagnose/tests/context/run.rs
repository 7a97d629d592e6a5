//! Runs made for the tests, and an inquiry into one.

use analysis::Index;
use diagnose::{Diagnosed, Setup, Subject, diagnose};
use llm::{Account, BlockingClient, Budget, Client, Ledger};
use localize::{Case, Model, Options, diagnose_case};
use scripted::{Asked, ScriptedModel};
use serde_json::{Value, json};
use trace::{Action, Observation, Step, Trajectory};

/// A run that looks, edits and tests, over and over, with long output. It never comes right.
pub(crate) fn run(steps: usize) -> Trajectory {
    let mut run = Trajectory {
        task: Some("Make every test of the parser pass. ".repeat(20)),
        steps: (0..steps).map(step).collect(),
        ..Trajectory::default()
    };
    run.renumber();
    run
}

fn step(at: usize) -> Step {
    let (command, failed) = match at % 4 {
        0 => (format!("cat src/part{at}.py"), false),
        1 => (format!("sed -i s/a{at}/b/ src/part{at}.py"), false),
        2 => (format!("python check_{at}.py"), at.is_multiple_of(3)),
        _ => ("pytest -q tests".to_owned(), true),
    };
    let mut step = Step::new(at, Action::shell("bash", command));
    step.thought = format!("At {at} the parser still drops the last token, so look at part {at}.");
    let line = format!("line of output {at} with some words in it\n");
    step.observation = Some(Observation {
        exit_status: Some(i32::from(failed)),
        ..Observation::text(format!("first words of {at}\n{}", line.repeat(80)))
    });
    step
}

/// Puts a run before the scripted model, and holds its account against that of the server.
pub(crate) fn inquire(
    run: &Trajectory,
    setup: &Setup,
    budget: Budget,
    model: &ScriptedModel,
) -> Diagnosed {
    let before = (model.charged(), model.requests().len());
    let diagnosed = inquire_within(run, setup, budget, model);
    let inquiry = diagnosed.diagnosis.engine.inquiry.as_deref().unwrap();
    let charged = model.charged();
    assert_eq!(inquiry.input_tokens, charged.prompt() - before.0.prompt());
    assert_eq!(inquiry.output_tokens, charged.output - before.0.output);
    assert_eq!(inquiry.calls as usize, model.requests().len() - before.1);
    diagnosed
}

/// Puts a run before the scripted model.
pub(crate) fn inquire_within(
    run: &Trajectory,
    setup: &Setup,
    budget: Budget,
    model: &ScriptedModel,
) -> Diagnosed {
    let index = Index::new(run);
    let case = Case::new(&index);
    let offline = diagnose_case(&case, Options::default(), Model::shipped());
    let subject = Subject::new(&case, &offline, "run-data");
    let client = Client::builder(&model.name("reader"), &model.settings())
        .unwrap()
        .account(Account::new(budget))
        .ledger(Ledger::new())
        .build()
        .unwrap();
    let client = BlockingClient::new(client).unwrap();
    diagnose(&subject, setup, &[], &client)
}

/// A call that opens steps, in the words of the tool that is offered.
pub(crate) fn open(asked: &Asked, steps: &[usize]) -> Vec<(&'static str, Value)> {
    let place = asked.tools.iter().position(|tool| tool == "show_step");
    let schema = place.and_then(|place| asked.tool_schemas.get(place));
    if schema.is_some_and(|schema| schema["properties"].get("steps").is_some()) {
        return vec![("show_step", json!({"steps": steps}))];
    }
    let each = steps.iter();
    each.map(|step| ("show_step", json!({"step": step})))
        .collect()
}

/// A conclusion that names this onset, with words that stand there.
pub(crate) fn conclusion(onset: usize) -> Value {
    json!({
        "verdict": "failure_found",
        "fault": "incorrect_hypothesis",
        "claims": [{
            "kind": "onset",
            "step": onset,
            "why": "This edit acts on a belief that nothing before it supports.",
            "quote": format!("sed -i s/a{}/b/ src/part{}.py", onset - 1, onset - 1),
            "quoted_step": null,
        }],
        "summary": "The edit is aimed at the wrong part and every later test fails.",
        "advice": "Read the failing test before editing.",
        "confidence": 0.6,
        "differs": "The suspect comes later.",
        "lessons": [],
    })
}

/// The largest request with the room for its answer, in tokens.
pub(crate) fn largest(model: &ScriptedModel) -> u64 {
    let requests = model.requests();
    let sizes = requests
        .iter()
        .map(|asked| asked.prompt_tokens() + asked.max_output.unwrap_or(0));
    sizes.max().unwrap_or(0)
}

/// As [`inquire`], where what is charged is not what the program can know.
pub(crate) fn inquire_uncounted(
    run: &Trajectory,
    setup: &Setup,
    model: &ScriptedModel,
) -> Diagnosed {
    inquire_within(run, setup, Budget::default(), model)
}
