//! The run in one prompt.

use diagnose::{Method, Setup};
use llm::Budget;
use scripted::{Protocol, Reply, ScriptedModel};
use trace::StepId;

use crate::run::{conclusion, inquire, largest, run};

fn ask(steps: usize, context: u64) -> (ScriptedModel, trace::Diagnosis) {
    let model = ScriptedModel::start(Protocol::OpenAi, |_| Reply::text(conclusion(2).to_string()));
    let setup = Setup {
        method: Method::Direct,
        context_tokens: context,
        ..Setup::default()
    };
    let diagnosis = inquire(&run(steps), &setup, Budget::default(), &model).diagnosis;
    (model, diagnosis)
}

#[test]
fn a_run_that_fits_is_shown_whole() {
    let (model, diagnosis) = ask(8, 32_000);
    let asked = model.requests().remove(0);
    let text = &asked.messages[0].text;
    assert!(
        text.contains("8 of 8 steps are shown, none of them cut"),
        "{text}"
    );
    assert!(!text.contains("cut …"), "{text}");
    assert_eq!(diagnosis.onset_step_id.map(StepId::get), Some(2));
}

#[test]
fn a_longer_one_loses_the_middle_of_its_texts_then_steps() {
    let (model, diagnosis) = ask(60, 16_000);
    let text = model.requests().remove(0).messages[0].text.clone();
    assert!(text.contains("60 of 60 steps are shown, "), "{text}");
    assert!(largest(&model) <= 16_000);
    assert_eq!(diagnosis.engine.inquiry.unwrap().opened.len(), 60);

    let (model, diagnosis) = ask(3_000, 16_000);
    let text = model.requests().remove(0).messages[0].text.clone();
    assert!(text.contains(" of 3000 steps are shown"), "{text}");
    assert!(largest(&model) <= 16_000, "{}", largest(&model));
    let opened = diagnosis.engine.inquiry.unwrap().opened;
    assert!(opened.len() > 40, "{}", opened.len());
    // Both ends stay.
    assert_eq!(opened[0].get(), 1);
    assert_eq!(opened.last().unwrap().get(), 3_000);
}
