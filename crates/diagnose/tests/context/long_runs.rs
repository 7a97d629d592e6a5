//! Long runs in small contexts.

use diagnose::Setup;
use llm::Budget;
use scripted::{Protocol, Reply, ScriptedModel};
use trace::StepId;

use crate::run::{conclusion, inquire, largest, open, run};

/// A reader that opens 200 steps, so many at a time, and then names one of the first it saw.
fn reader(protocol: Protocol, at_once: usize) -> ScriptedModel {
    ScriptedModel::start(protocol, move |asked| {
        let first = (asked.number - 1) * at_once;
        if first >= 200 {
            return Reply::calls([("conclude", conclusion(2))]);
        }
        // Neighbours in pairs, spread over the run.
        let steps: Vec<usize> = (first..first + at_once)
            .map(|at| 1 + (at / 2) * 48 + at % 2)
            .collect();
        Reply::calls(open(asked, &steps))
    })
}

fn read(protocol: Protocol, context: u64, at_once: usize) {
    let model = reader(protocol, at_once);
    let setup = Setup {
        context_tokens: context,
        turns: 250,
        ..Setup::default()
    };
    let diagnosed = inquire(&run(5_000), &setup, Budget::default(), &model);
    let diagnosis = diagnosed.diagnosis;
    let inquiry = diagnosis.engine.inquiry.unwrap();
    assert_eq!(inquiry.trouble, None);
    assert_eq!(inquiry.dropped, []);
    assert!(inquiry.opened.len() >= 200, "{}", inquiry.opened.len());
    assert_eq!(diagnosis.onset_step_id.map(StepId::get), Some(2));
    assert_eq!(
        diagnosis.chain[0].evidence[0].quote,
        "sed -i s/a1/b/ src/part1.py"
    );
    assert!(inquiry.compactions > 0);
    assert!(
        largest(&model) <= context,
        "{} of {context}",
        largest(&model)
    );
    // What is folded shows up as what it was.
    let last = model.requests().pop().unwrap();
    assert!(last.messages[0].text.contains("folded to save room"));
}

#[test]
fn five_thousand_steps_in_32k() {
    for protocol in Protocol::BOTH {
        read(protocol, 32_000, 4);
    }
}

#[test]
fn five_thousand_steps_in_8k() {
    read(Protocol::OpenAi, 8_192, 4);
}

#[test]
fn five_thousand_steps_in_4k() {
    for protocol in Protocol::BOTH {
        read(protocol, 4_096, 2);
    }
}

#[test]
fn a_context_that_holds_nothing_is_refused_with_what_it_takes() {
    let model = reader(Protocol::OpenAi, 2);
    let setup = Setup {
        context_tokens: 1_024,
        ..Setup::default()
    };
    let diagnosed = inquire(&run(40), &setup, Budget::default(), &model);
    let inquiry = diagnosed.diagnosis.engine.inquiry.unwrap();
    let trouble = inquiry.trouble.unwrap();
    assert!(
        trouble.starts_with("a context of 1024 tokens is too small"),
        "{trouble}"
    );
    assert_eq!(inquiry.calls, 0);
    // What it says is enough is enough.
    let least = trouble.split("at least ").nth(1).unwrap();
    let least = least.split(';').next().unwrap().parse().unwrap();
    let setup = Setup {
        context_tokens: least,
        ..Setup::default()
    };
    let again = inquire(&run(40), &setup, Budget::default(), &model);
    assert!(again.diagnosis.engine.inquiry.unwrap().calls > 0);
    assert!(largest(&model) <= least);
}

#[test]
fn the_beginning_never_changes_until_something_is_folded() {
    let model = reader(Protocol::OpenAi, 20);
    let setup = Setup {
        context_tokens: 128_000,
        turns: 20,
        ..Setup::default()
    };
    inquire(&run(5_000), &setup, Budget::default(), &model);
    let requests = model.requests();
    for pair in requests.windows(2) {
        let (before, after) = (&pair[0], &pair[1]);
        assert_eq!(before.body["tools"], after.body["tools"]);
        let said = before.body["messages"].as_array().unwrap();
        let then = after.body["messages"].as_array().unwrap();
        assert_eq!(said[..], then[..said.len()]);
    }
}
