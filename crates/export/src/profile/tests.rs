use proptest::prelude::*;
use serde_json::{Value, json};
use trace::StepId;

use super::*;
use crate::sample;

fn written(profile: Profile, diagnosis: &Diagnosis) -> Result<String, ExportError> {
    let mut text = String::new();
    profile.write(diagnosis, &mut |piece| {
        text.push_str(piece);
        Ok(())
    })?;
    Ok(text)
}

fn value(profile: Profile, diagnosis: &Diagnosis) -> Value {
    serde_json::from_str(&written(profile, diagnosis).unwrap()).unwrap()
}

#[test]
fn files_of_a_failure() {
    for profile in Profile::ALL {
        let text = written(profile, &sample::failure()).unwrap();
        insta::assert_snapshot!(profile.as_str(), text);
    }
}

/// The pieces were checked one by one; the whole must satisfy the published schema too.
#[test]
fn whole_files_satisfy_their_schemas() {
    for diagnosis in [sample::failure(), sample::undecided(), sample::fine()] {
        for profile in Profile::ALL {
            let schema = profile.schema().to_value();
            let validator = jsonschema::validator_for(&schema).unwrap();
            let value = value(profile, &diagnosis);
            assert!(validator.is_valid(&value), "{profile:?} {value:#}");
        }
    }
}

/// Names and types as NJU-LINK/CodeTracer publishes them: what its own tools look for.
#[test]
fn published_fields_are_there() {
    let is_list = |value: &Value| value.as_array().is_some();
    for diagnosis in [sample::failure(), sample::undecided(), sample::fine()] {
        let analysis = value(Profile::Detailed, &diagnosis);
        for name in ["correct_strategy", "summary"] {
            assert!(analysis[name].is_string());
        }
        for name in [
            "root_cause_chain",
            "critical_decision_points",
            "stage_labels",
        ] {
            assert!(is_list(&analysis[name]));
        }
        let labels = value(Profile::Tracebench, &diagnosis);
        assert_eq!(labels, analysis["stage_labels"]);
        for stage in labels.as_array().unwrap() {
            assert!(stage["stage_id"].is_u64() && stage["reasoning"].is_string());
            assert!(is_list(&stage["incorrect_step_ids"]) && is_list(&stage["unuseful_step_ids"]));
        }
        let feedback = value(Profile::RlFeedback, &diagnosis);
        let feedback = feedback.as_array().unwrap();
        let ids: Vec<u64> = feedback
            .iter()
            .filter_map(|e| e["step_id"].as_u64())
            .collect();
        assert_eq!(ids, [1, 2, 3, 4, 5, 6]);
        for entry in feedback {
            for name in [
                "verdict",
                "deviation_type",
                "correct_alternative",
                "impact_severity",
                "reasoning",
            ] {
                assert!(entry[name].is_string(), "{name}");
            }
            if entry["verdict"] == "correct" {
                assert_eq!(entry["deviation_type"], "none");
                assert!(entry["reward_signal"].as_f64().unwrap() >= 0.0);
            }
        }
    }
}

#[test]
fn the_chain_is_told_from_the_failure_back() {
    let analysis = value(Profile::Detailed, &sample::failure());
    let chain = analysis["root_cause_chain"].as_array().unwrap();
    let starts: Vec<&str> = chain.iter().map(|s| &s.as_str().unwrap()[..6]).collect();
    assert_eq!(starts, ["Step 6", "Step 4", "Step 3"]);
    let decided = &analysis["critical_decision_points"][0];
    assert_eq!(decided["step_id"], 3);
    assert!(decided["decision"].as_str().unwrap().contains("sed -i"));
}

#[test]
fn a_clean_run_has_no_labels() {
    assert_eq!(value(Profile::Tracebench, &sample::fine()), json!([]));
}

#[test]
fn steps_that_do_not_exist_are_refused() {
    let far = StepId::new(7).unwrap();
    let zero: StepId = serde_json::from_str("0").unwrap();
    for step in [far, zero] {
        let mut diagnosis = sample::failure();
        diagnosis.unuseful_step_ids.push(step);
        for profile in Profile::ALL {
            let error = written(profile, &diagnosis).unwrap_err();
            assert!(matches!(error, ExportError::NoSuchStep { .. }), "{error}");
        }
    }
    let mut diagnosis = sample::failure();
    diagnosis.stages.remove(1);
    let error = written(Profile::Tracebench, &diagnosis).unwrap_err();
    assert!(matches!(error, ExportError::NoStage(_)), "{error}");
}

#[test]
fn what_does_not_validate_is_not_given_away() {
    let mut diagnosis = sample::failure();
    diagnosis.confidence = 1.5;
    for profile in [Profile::Detailed, Profile::RlFeedback] {
        let mut pieces = 0;
        let error = profile.write(&diagnosis, &mut |_| {
            pieces += 1;
            Ok(())
        });
        let error = error.unwrap_err();
        assert!(matches!(error, ExportError::Invalid { .. }), "{error}");
        assert_eq!(pieces, 0);
    }
    diagnosis.confidence = f64::NAN;
    assert!(written(Profile::RlFeedback, &diagnosis).is_err());
}

#[test]
fn a_full_disk_is_told() {
    let full = Profile::Tracebench.write(&sample::failure(), &mut |_| {
        Err(io::Error::from(io::ErrorKind::StorageFull))
    });
    assert!(matches!(full, Err(ExportError::Io(_))));
}

/// A document in which a model put its own verdict: it cites without byte ranges, its onset is no
/// suspect of the offline engine, and a step of its chain has no label.
#[test]
fn a_model_may_have_judged() {
    let mut diagnosis = sample::failure();
    let onset = StepId::new(1).unwrap();
    diagnosis.onset_step_id = Some(onset);
    diagnosis.chain[0].step_id = onset;
    diagnosis.chain[0].evidence[0].reference = None;
    diagnosis.confidence = 0.0;
    diagnosis.engine.name = "agent".to_owned();
    diagnosis.engine.model = Some("provider/model".to_owned());
    for profile in Profile::ALL {
        written(profile, &diagnosis).unwrap();
    }
    let feedback = value(Profile::RlFeedback, &diagnosis);
    let first = &feedback[0];
    assert_eq!(
        (&first["onset"], &first["verdict"]),
        (&json!(true), &json!("incorrect"))
    );
    assert_eq!(first["reward_signal"].to_string(), "0.0");
    assert_eq!(first["engine"], "agent 0.0.0 provider/model");
    assert_eq!(
        value(Profile::Tracebench, &diagnosis)[0]["incorrect_step_ids"],
        json!([1])
    );
}

proptest! {
    /// Whatever stands in a document, what is written is valid, or it is refused.
    #[test]
    fn what_is_written_is_valid(
        (steps, onset) in (0_u32..9, proptest::option::of(0_u32..9)),
        (incorrect, unuseful) in (
            proptest::collection::vec(0_u32..9, 0..4),
            proptest::collection::vec(0_u32..9, 0..4),
        ),
        (confidence, probability, score) in (any::<f64>(), -1.0..2.0_f64, any::<f64>()),
        text in any::<String>(),
    ) {
        let ids = |ids: &[u32]| -> Vec<StepId> { serde_json::from_value(json!(ids)).unwrap() };
        let mut diagnosis = sample::failure();
        diagnosis.step_count = steps;
        diagnosis.onset_step_id = onset.map(|onset| ids(&[onset])[0]);
        diagnosis.incorrect_step_ids = ids(&incorrect);
        diagnosis.unuseful_step_ids = ids(&unuseful);
        if steps < 6 {
            diagnosis.labels = trace::Labels::new();
            diagnosis.chain.clear();
        }
        diagnosis.confidence = confidence;
        diagnosis.failure_probability = probability;
        diagnosis.onset_candidates[0].score = score;
        diagnosis.summary.clone_from(&text);
        diagnosis.run_id = text;
        for profile in Profile::ALL {
            if let Ok(text) = written(profile, &diagnosis) {
                let value: Value = serde_json::from_str(&text).unwrap();
                let schema = profile.schema().to_value();
                prop_assert!(jsonschema::validator_for(&schema).unwrap().is_valid(&value));
            }
        }
        // It is text whatever it is made of.
        prop_assert!(crate::advice(&diagnosis).ends_with('\n'));
    }
}
