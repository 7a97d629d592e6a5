//! The JSON schema of a conclusion, by hand: it is paid for with every call.

use serde_json::{Value, json};
use trace::{Fault, Verdict};

use super::{ClaimKind, LessonKind, MOST_CLAIMS, MOST_LESSONS};

/// The schema.
pub(super) fn schema() -> Value {
    let verdicts = [
        Verdict::FailureFound,
        Verdict::NoFailure,
        Verdict::Undecided,
    ];
    let faults = Fault::ALL.iter().map(|fault| json!(fault.as_str()));
    let faults: Vec<Value> = faults.chain([Value::Null]).collect();
    let claim = object(&json!({
        "kind": {"enum": ClaimKind::ALL.map(ClaimKind::as_str)},
        "step": {"type": "integer", "minimum": 1},
        "why": {"type": "string", "maxLength": 300},
        "quote": {"type": "string", "maxLength": 300},
        "quoted_step": {"type": ["integer", "null"], "description": "null: step itself"},
    }));
    let lesson = object(&json!({
        "kind": {"enum": LessonKind::ALL.map(LessonKind::as_str)},
        "text": {"type": "string", "maxLength": 200, "description": "names nothing of this task"},
    }));
    object(&json!({
        "verdict": {"enum": verdicts.map(Verdict::as_str)},
        "fault": {"enum": faults, "description": "of the onset"},
        "claims": {"type": "array", "maxItems": MOST_CLAIMS, "items": claim},
        "summary": {"type": "string", "maxLength": 500},
        "advice": {"type": "string", "maxLength": 500, "description": "what to do instead, from which step"},
        "confidence": {"type": "number", "minimum": 0, "maximum": 1},
        "differs": {"type": "string", "maxLength": 300, "description": "why not the offline verdict; empty if it is"},
        "lessons": {"type": "array", "maxItems": MOST_LESSONS, "items": lesson},
    }))
}

/// A closed object that requires all its fields, in their order.
fn object(properties: &Value) -> Value {
    let names: Vec<String> = properties
        .as_object()
        .map(|fields| fields.keys().cloned().collect())
        .unwrap_or_default();
    json!({
        "type": "object",
        "properties": properties,
        "required": names,
        "additionalProperties": false,
    })
}

#[cfg(test)]
mod tests {
    use super::super::{Claim, Conclusion, Lesson};
    use super::*;
    use std::collections::BTreeSet;

    fn full() -> Conclusion {
        let claim = |kind| Claim {
            kind,
            step: 3,
            why: "it did".to_owned(),
            quote: "some words".to_owned(),
            quoted_step: (kind == ClaimKind::Onset).then_some(4),
        };
        Conclusion {
            verdict: Verdict::FailureFound,
            fault: Some(Fault::MislocalisedEdit),
            claims: ClaimKind::ALL.map(claim).to_vec(),
            summary: "It failed.".to_owned(),
            advice: "Look again.".to_owned(),
            confidence: Some(0.5),
            differs: String::new(),
            lessons: LessonKind::ALL
                .map(|kind| Lesson {
                    kind,
                    text: "Tests tell.".to_owned(),
                })
                .to_vec(),
        }
    }

    #[test]
    fn it_is_what_is_read() {
        let schema = Conclusion::schema().unwrap();
        let written = serde_json::to_value(full()).unwrap();
        let answer = schema.read(&written.to_string()).unwrap();
        assert_eq!(Conclusion::read(&answer), Ok(full()));
        // Nothing is written that the schema does not name, and the other way round.
        let names = |value: &Value| -> BTreeSet<String> {
            value.as_object().unwrap().keys().cloned().collect()
        };
        let schema = super::schema();
        assert_eq!(names(&schema["properties"]), names(&written));
        for (list, at) in [("claims", 0), ("lessons", 0)] {
            let items = &schema["properties"][list]["items"]["properties"];
            assert_eq!(names(items), names(&written[list][at]), "{list}");
        }
    }

    #[test]
    fn every_name_of_an_enum_is_read() {
        let written = serde_json::to_value(full()).unwrap();
        for fault in Fault::ALL {
            let mut value = written.clone();
            value["fault"] = json!(fault);
            assert_eq!(Conclusion::read(&value).unwrap().fault, Some(fault));
        }
    }

    #[test]
    fn it_is_plain_bounded_and_small() {
        let text = schema().to_string();
        for word in ["$ref", "oneOf", "anyOf", "allOf", "$defs", "format"] {
            assert!(!text.contains(word), "{word}");
        }
        let mut open = vec![schema()];
        while let Some(value) = open.pop() {
            let kind = value.get("type").and_then(Value::as_str);
            assert!(kind != Some("string") || value.get("maxLength").is_some());
            assert!(kind != Some("array") || value.get("maxItems").is_some());
            match value {
                Value::Object(fields) => open.extend(fields.into_iter().map(|(_, value)| value)),
                Value::Array(list) => open.extend(list),
                _ => {}
            }
        }
        let tokens = llm::count_tokens(&text);
        #[expect(clippy::print_stdout, reason = "the figure is wanted with --nocapture")]
        {
            println!("tokens of the schema: {tokens}");
        }
        assert!(tokens < 450, "{tokens}");
    }
}
