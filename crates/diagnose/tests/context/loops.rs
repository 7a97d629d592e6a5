//! Models that do not do what they are asked.

use diagnose::Setup;
use llm::Budget;
use scripted::{Protocol, Reply, ScriptedModel};
use serde_json::json;
use trace::{Inquiry, StepId};

use crate::run::{conclusion, inquire, inquire_uncounted, inquire_within, largest, open, run};

/// What came of an inquiry into a short run: the onset and the account.
fn ask(model: &ScriptedModel, setup: &Setup, budget: Budget) -> (Option<u32>, Inquiry) {
    let diagnosis = inquire(&run(40), setup, budget, model).diagnosis;
    let onset = diagnosis.onset_step_id.map(StepId::get);
    (onset, *diagnosis.engine.inquiry.unwrap())
}

/// Opens steps of all parts of the run, then does what the test says.
fn after_looking(
    then: impl Fn(&scripted::Asked) -> Reply + Send + Sync + 'static,
) -> ScriptedModel {
    ScriptedModel::start(Protocol::OpenAi, move |asked| match asked.number {
        1 => Reply::calls(open(asked, &[1, 2, 13, 14, 29, 30, 39, 40])),
        _ => then(asked),
    })
}

#[test]
fn a_loop_is_told_then_forced_then_asked_for_nothing_else() {
    let model = after_looking(|asked| {
        if asked.tools.is_empty() {
            Reply::text(conclusion(2).to_string())
        } else {
            Reply::calls(open(asked, &[1, 2]))
        }
    });
    let (onset, inquiry) = ask(&model, &Setup::default(), Budget::default());
    assert_eq!((onset, inquiry.trouble), (Some(2), None));
    let requests = model.requests();
    let told = requests[3].last_results()[0].text.clone();
    assert!(told.contains("its answer stands above"), "{told}");
    let forced = requests
        .iter()
        .filter(|asked| asked.body["tool_choice"].is_object());
    assert_eq!(forced.count(), 1);
    assert!(requests.len() < 9, "{}", requests.len());
    assert!(requests.last().unwrap().schema.is_some());
}

#[test]
fn a_conclusion_of_the_wrong_shape_goes_back_as_often_as_any_other() {
    let model = after_looking(|asked| {
        if asked.tools.is_empty() {
            Reply::text(conclusion(2).to_string())
        } else {
            Reply::calls([(
                "conclude",
                json!({"verdict": "guilty", "claims": "all of it"}),
            )])
        }
    });
    let (onset, inquiry) = ask(&model, &Setup::default(), Budget::default());
    assert_eq!((onset, inquiry.trouble), (Some(2), None));
    // A look, three conclusions, and one by its schema.
    assert_eq!(inquiry.calls, 5);
}

#[test]
fn nothing_counts_behind_a_conclusion_that_was_taken() {
    let model = after_looking(|_| {
        let mut other = conclusion(2);
        other["verdict"] = json!("undecided");
        Reply::calls([("conclude", conclusion(2)), ("conclude", other)])
    });
    let diagnosis = inquire(&run(40), &Setup::default(), Budget::default(), &model).diagnosis;
    assert_eq!(diagnosis.verdict, trace::Verdict::FailureFound);
}

#[test]
fn conclusions_in_words_are_understood() {
    let model =
        after_looking(|_| Reply::text(format!("Here it is:\n```json\n{}\n```", conclusion(2))));
    let (onset, inquiry) = ask(&model, &Setup::default(), Budget::default());
    assert_eq!((onset, inquiry.trouble), (Some(2), None));
    assert_eq!(inquiry.calls, 2);
}

#[test]
fn models_without_tools_call_them_in_words() {
    let model = ScriptedModel::start(Protocol::OpenAi, |asked| {
        if !asked.tools.is_empty() {
            return Reply::refused(400, "this model does not support tools");
        }
        let calls = match asked.round {
            1 if asked.system.contains("\"steps\"") => {
                vec![("show_step", json!({"steps": [1, 2, 13, 14, 29, 30]}))]
            }
            1 => [1, 2, 13, 14, 29, 30]
                .map(|step| ("show_step", json!({"step": step})))
                .into(),
            _ => vec![("conclude", conclusion(2))],
        };
        Reply::calls(calls).as_text()
    });
    let index = run(40);
    let diagnosis = inquire_uncounted(&index, &Setup::default(), &model).diagnosis;
    assert_eq!(diagnosis.onset_step_id.map(StepId::get), Some(2));
}

#[test]
fn a_model_that_only_talks_is_asked_with_a_schema() {
    let model = ScriptedModel::start(Protocol::OpenAi, |asked| {
        if asked.schema.is_some() {
            Reply::text(conclusion(2).to_string())
        } else {
            Reply::text("I should think about this some more.")
        }
    });
    let (_, inquiry) = ask(&model, &Setup::default(), Budget::default());
    assert!(inquiry.calls <= 6, "{}", inquiry.calls);
    assert!(model.requests().last().unwrap().schema.is_some());
}

#[test]
fn a_model_that_never_concludes_leaves_the_offline_verdict() {
    let model = ScriptedModel::start(Protocol::OpenAi, |_| Reply::text("Hm."));
    let (onset, inquiry) = ask(&model, &Setup::default(), Budget::default());
    let trouble = inquiry.trouble.unwrap();
    assert!(trouble.contains("did not conclude"), "{trouble}");
    assert!(
        trouble.ends_with("; the offline verdict stands"),
        "{trouble}"
    );
    assert_eq!(inquiry.changes, []);
    assert!(onset != Some(2) || inquiry.changes.is_empty());
}

#[test]
fn what_had_stood_is_kept_when_the_budget_ends() {
    // It concludes with one claim too many, and there is no call left for mending it.
    let model = after_looking(|_| {
        let mut conclusion = conclusion(2);
        let mut wrong = conclusion["claims"][0].clone();
        wrong["kind"] = json!("incorrect");
        wrong["step"] = json!(6);
        conclusion["claims"].as_array_mut().unwrap().push(wrong);
        Reply::calls([("conclude", conclusion)])
    });
    let budget = Budget {
        calls: Some(2),
        ..Budget::default()
    };
    let diagnosis = inquire_within(&run(40), &Setup::default(), budget, &model).diagnosis;
    let onset = diagnosis.onset_step_id.map(StepId::get);
    let inquiry = *diagnosis.engine.inquiry.unwrap();
    assert_eq!(onset, Some(2));
    assert!(!inquiry.dropped.is_empty());
    let trouble = inquiry.trouble.unwrap();
    assert!(trouble.contains("budget of 2 calls"), "{trouble}");
    assert!(
        trouble.ends_with("what it had concluded is used"),
        "{trouble}"
    );
}

#[test]
fn a_server_with_a_smaller_context_is_asked_with_less() {
    let model = ScriptedModel::start(Protocol::OpenAi, |asked| {
        if asked.prompt_tokens() > 6_000 {
            return Reply::refused(400, "the request exceeds the available context size");
        }
        let first = (asked.round - 1) * 6;
        if asked.number > 14 {
            return Reply::calls([("conclude", conclusion(2))]);
        }
        Reply::calls(open(asked, &[first + 1, first + 2, 13, 14, 29, 30 + first]))
    });
    let setup = Setup {
        turns: 30,
        ..Setup::default()
    };
    let diagnosis = inquire_uncounted(&run(200), &setup, &model).diagnosis;
    let inquiry = diagnosis.engine.inquiry.unwrap();
    assert_eq!(inquiry.trouble, None);
    assert!(inquiry.compactions > 0);
}

#[test]
fn answers_and_calls_of_any_size_stay_within_the_context() {
    let model = ScriptedModel::start(Protocol::OpenAi, |asked| match asked.number {
        1 => Reply::text("words ".repeat(60_000)).with_usage(llm::Usage::default()),
        2 => Reply::calls((0..300).map(|at| {
            (
                "show_step",
                json!({"steps": [at % 40 + 1], "step": at % 40 + 1}),
            )
        })),
        3 => Reply::calls([("no_such_tool", json!({"text": "x ".repeat(30_000)}))]),
        4 => Reply::calls(open(asked, &[1, 2, 13, 14, 29, 30])),
        _ => Reply::calls([("conclude", conclusion(2))]),
    });
    let setup = Setup {
        context_tokens: 8_192,
        ..Setup::default()
    };
    let diagnosis = inquire_uncounted(&run(40), &setup, &model).diagnosis;
    assert_eq!(diagnosis.onset_step_id.map(StepId::get), Some(2));
    assert!(largest(&model) <= 8_192, "{}", largest(&model));
    let tools = diagnosis.engine.inquiry.unwrap().tools;
    assert!(!tools.contains_key("no_such_tool"));
}
