//! Every rule broken by a model and caught: it is told the reason; one that listens mends it, one that
//! insists has the claim dropped, and nothing of it is in the document.
//!
//! `cargo test -p diagnose --test enforcement -- --nocapture` prints the table.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod allowed;
mod cases;
mod story;
mod written;

use diagnose::check::rules;
use diagnose::{Diagnosed, Setup, Subject, Without, diagnose};
use llm::{BlockingClient, Client};
use localize::{Case, Model, Options, diagnose_case};
use scripted::{Asked, Protocol, Reply, ScriptedModel};
use serde_json::{Value, json};

use cases::{Act, Broken, broken};
use story::story;

/// What a false claim says; nothing of it may be in a document.
pub(crate) const LIE: &str = "quite invented";

/// What the run's text is fenced with.
pub(crate) const MARK: &str = "data-of-the-run";

/// Has a model act one thing after the other; the last is repeated.
fn acted(case: &Broken, acts: &[Act]) -> (Diagnosed, Vec<Asked>) {
    let acts = acts.to_vec();
    let model = ScriptedModel::start(Protocol::OpenAi, move |asked| {
        let at = (asked.number - 1).min(acts.len() - 1);
        match &acts[at] {
            Act::Open(steps) => open(asked, steps),
            Act::Conclude(conclusion) => Reply::calls([("conclude", conclusion.clone())]),
        }
    });
    let mut run = story();
    run.outcome.resolved = case.resolved;
    let index = analysis::Index::new(&run);
    let looked = Case::new(&index);
    let offline = diagnose_case(&looked, Options::default(), Model::shipped());
    let subject = Subject::new(&looked, &offline, MARK);
    let setup = Setup {
        without: Without {
            offline: case.alone,
            ..Without::default()
        },
        ..Setup::default()
    };
    let client = Client::builder(&model.name("any"), &model.settings()).unwrap();
    let client = BlockingClient::new(client.build().unwrap()).unwrap();
    let diagnosed = diagnose(&subject, &setup, &[], &client);
    (diagnosed, model.requests())
}

/// Opens steps, whichever way the tool takes them.
fn open(asked: &Asked, steps: &[u32]) -> Reply {
    let many = asked
        .tool_schemas
        .iter()
        .any(|schema| schema["properties"].get("steps").is_some());
    if many {
        return Reply::calls([("show_step", json!({ "steps": steps }))]);
    }
    Reply::calls(
        steps
            .iter()
            .map(|step| ("show_step", json!({ "step": step }))),
    )
}

/// What the model was told of its conclusions that did not stand.
fn told(asked: &[Asked]) -> String {
    let turns = asked
        .last()
        .map(|asked| asked.messages.as_slice())
        .unwrap_or_default();
    let results = turns.iter().flat_map(|turn| &turn.results);
    let failed = results.filter(|result| result.text.contains("check"));
    failed.map(|result| result.text.as_str()).collect()
}

fn inquiry(diagnosed: &Diagnosed) -> &trace::Inquiry {
    diagnosed.diagnosis.engine.inquiry.as_deref().unwrap()
}

fn has(diagnosed: &Diagnosed, rule: &str) -> bool {
    inquiry(diagnosed)
        .dropped
        .iter()
        .any(|dropped| dropped.rule == rule)
}

/// What is dropped, and what the model is told.
fn row(case: &Broken) -> (String, String) {
    let listener = [case.before.as_slice(), &case.mended].concat();
    let (mended, asked) = acted(case, &listener);
    let told = told(&asked);
    let Broken { rule, says, .. } = case;
    assert!(told.contains(says), "{rule}: told {told:?}");
    assert!(
        !has(&mended, rule),
        "{rule}: {:?}",
        inquiry(&mended).dropped
    );
    assert_eq!(inquiry(&mended).trouble, None, "{rule}");

    let (insisted, _) = acted(case, &case.before);
    assert!(
        has(&insisted, rule),
        "{rule}: {:?}",
        inquiry(&insisted).dropped
    );
    let written = serde_json::to_value(&insisted.diagnosis).unwrap();
    assert!(!written.to_string().contains(LIE), "{rule}: {written:#}");
    for (field, wanted) in &case.left {
        assert_eq!(&written[*field], wanted, "{rule}: {field}");
    }
    if case.refuses {
        assert!(inquiry(&insisted).trouble.is_some(), "{rule}");
        assert!(insisted.lessons.is_empty(), "{rule}");
    } else {
        assert_eq!(inquiry(&insisted).trouble, None, "{rule}");
    }
    let mut dropped: Vec<&str> = inquiry(&insisted)
        .dropped
        .iter()
        .filter(|dropped| dropped.rule == *rule)
        .map(|dropped| dropped.claim.as_str())
        .collect();
    dropped.dedup();
    let reason = told
        .lines()
        .find(|line| line.contains(says))
        .unwrap_or_default();
    {
        let caught = format!("{rule:<12} {:<28}", dropped.join(", "));
        (caught, reason.trim_start_matches("- ").to_owned())
    }
}

#[test]
fn every_rule_is_enforced() {
    let cases = broken();
    let tried: Vec<&str> = cases.iter().map(|case| case.rule).collect();
    let all: Vec<&str> = rules().iter().map(|rule| rule.name).collect();
    assert_eq!(tried, all, "a rule without a case, or out of order");
    let rows: Vec<(String, String)> = cases.iter().map(row).collect();
    #[expect(clippy::print_stdout, reason = "the table is wanted with --nocapture")]
    {
        println!(
            "{:<12} {:<28} what the model is told",
            "rule", "dropped if it insists"
        );
        for (caught, told) in &rows {
            println!("{caught} {told}");
        }
    }
    let caught: Vec<&str> = rows.iter().map(|(caught, _)| caught.trim_end()).collect();
    insta::assert_snapshot!(caught.join("\n"));
}

#[test]
fn an_honest_conclusion_is_taken_as_it_is() {
    let case = &broken()[0];
    let good = match case.mended.last() {
        Some(Act::Conclude(good)) => good.clone(),
        _ => Value::Null,
    };
    let (diagnosed, _) = acted(
        case,
        &[Act::Open(vec![1, 2, 10, 11, 12, 15]), Act::Conclude(good)],
    );
    assert_eq!(inquiry(&diagnosed).dropped, []);
    let mut written = serde_json::to_value(&diagnosed.diagnosis).unwrap();
    for field in [
        "stages",
        "waste",
        "engine",
        "onset_candidates",
        "failures",
        "peak",
        "outcome",
    ] {
        written.as_object_mut().unwrap().remove(field);
    }
    insta::assert_json_snapshot!(written);
}
