//! Reading what a model gave as its conclusion.

use serde_json::{Map, Value};
use trace::{Fault, Verdict};

use super::{
    CONCLUDE, Claim, ClaimKind, Conclusion, Lesson, LessonKind, MOST_CLAIMS, MOST_LESSONS,
};

/// Mistakes told at once.
const MOST_FAULTS: usize = 8;

/// The longest text that is taken, in bytes; more than the schema allows, so that counting in other
/// units does no harm.
const LONGEST: usize = 2_000;

/// Reads an answer with or without words and a fence around its JSON.
pub(super) fn read_text(answer: &str) -> Result<Conclusion, String> {
    let start = answer.find('{');
    let end = answer.rfind('}');
    let Some(document) = start
        .zip(end)
        .and_then(|(start, end)| answer.get(start..=end))
    else {
        return Err(format!("there is no JSON object in it; call `{CONCLUDE}`"));
    };
    let value: Value = serde_json::from_str(document)
        .map_err(|error| format!("the conclusion is not valid JSON: {error}"))?;
    read(&value)
}

/// Reads a value.
pub(super) fn read(value: &Value) -> Result<Conclusion, String> {
    let Some(fields) = unwrapped(value) else {
        return Err("the conclusion must be a JSON object with `verdict` and `claims`".to_owned());
    };
    let mut faults = Faults(Vec::new());
    let verdict = faults.take(verdict(fields.get("verdict")));
    let fault = faults.take(fault(fields.get("fault"))).flatten();
    let claims = claims(fields.get("claims"), &mut faults);
    let summary = text(fields.get("summary"));
    if summary.is_empty() {
        faults.0.push("`summary` is missing".to_owned());
    }
    let confidence = faults.take(confidence(fields.get("confidence"))).flatten();
    let Some(verdict) = verdict.filter(|_| faults.0.is_empty()) else {
        faults.0.truncate(MOST_FAULTS);
        return Err(faults.0.join("; "));
    };
    Ok(Conclusion {
        verdict,
        fault,
        claims,
        summary,
        advice: text(fields.get("advice")),
        confidence,
        differs: text(fields.get("differs")),
        lessons: lessons(fields.get("lessons")),
    })
}

/// What is wrong so far.
struct Faults(Vec<String>);

impl Faults {
    fn take<T>(&mut self, read: Result<T, String>) -> Option<T> {
        read.map_err(|fault| self.0.push(fault)).ok()
    }
}

/// The fields, also of a conclusion that stands in a wrapper or was written as a text.
fn unwrapped(value: &Value) -> Option<Map<String, Value>> {
    let mut value = value.clone();
    // A call written out within a call, and its text: deeper than that nothing sensible goes.
    for _ in 0..4 {
        value = match value {
            Value::Object(fields) if fields.contains_key("verdict") => return Some(fields),
            Value::Object(mut fields) => {
                let inner = ["arguments", "parameters", "input", "conclusion", CONCLUDE]
                    .into_iter()
                    .find_map(|name| fields.remove(name));
                match inner {
                    Some(inner) => inner,
                    // What is missing is said field by field.
                    None => return Some(fields),
                }
            }
            Value::String(text) => serde_json::from_str(&text).ok()?,
            _ => return None,
        };
    }
    None
}

fn text(value: Option<&Value>) -> String {
    let text = value.and_then(Value::as_str).unwrap_or_default().trim();
    text[..text.floor_char_boundary(LONGEST)].to_owned()
}

/// A name as enums have it: `Failure found` reads as `failure_found`.
fn name(value: Option<&Value>) -> String {
    let text = text(value).to_lowercase();
    text.replace([' ', '-'], "_")
}

fn verdict(value: Option<&Value>) -> Result<Verdict, String> {
    match name(value).as_str() {
        "failure_found" => Ok(Verdict::FailureFound),
        "no_failure" => Ok(Verdict::NoFailure),
        "undecided" => Ok(Verdict::Undecided),
        _ => Err("`verdict` must be failure_found, no_failure or undecided".to_owned()),
    }
}

fn fault(value: Option<&Value>) -> Result<Option<Fault>, String> {
    let name = name(value);
    if matches!(name.as_str(), "" | "null" | "none") {
        return Ok(None);
    }
    let found = Fault::ALL.into_iter().find(|fault| fault.as_str() == name);
    found.map(Some).ok_or_else(|| {
        let names = Fault::ALL.map(Fault::as_str).join(", ");
        format!("`fault` must be null or one of {names}")
    })
}

fn claims(value: Option<&Value>, faults: &mut Faults) -> Vec<Claim> {
    let list = match value {
        None | Some(Value::Null) => return Vec::new(),
        Some(Value::Array(list)) => list.as_slice(),
        Some(single @ Value::Object(_)) => std::slice::from_ref(single),
        Some(_) => {
            faults.0.push("`claims` must be a list".to_owned());
            return Vec::new();
        }
    };
    if list.len() > MOST_CLAIMS {
        faults.0.push(format!(
            "there are {} claims; make at most {MOST_CLAIMS}",
            list.len()
        ));
        return Vec::new();
    }
    let numbered = list.iter().enumerate();
    numbered
        .filter_map(|(at, value)| {
            let read = claim(value);
            faults.take(read.map_err(|fault| format!("claim {}: {fault}", at + 1)))
        })
        .collect()
}

fn claim(value: &Value) -> Result<Claim, String> {
    let Some(fields) = value.as_object() else {
        return Err("must be an object".to_owned());
    };
    let kind = name(fields.get("kind"));
    let kind = ClaimKind::ALL.into_iter().find(|k| k.as_str() == kind);
    let kind = kind.ok_or_else(|| {
        let names = ClaimKind::ALL.map(ClaimKind::as_str).join(", ");
        format!("`kind` must be one of {names}")
    })?;
    let step = step(fields.get("step")).ok_or("`step` must be the number of a step")?;
    let why = text(fields.get("why"));
    if why.is_empty() {
        return Err("`why` is missing".to_owned());
    }
    let quoted_step = match fields.get("quoted_step") {
        None | Some(Value::Null) => None,
        Some(Value::String(text)) if matches!(text.trim(), "" | "null" | "none") => None,
        other => {
            Some(self::step(other).ok_or("`quoted_step` must be null or the number of a step")?)
        }
    };
    Ok(Claim {
        kind,
        step,
        why,
        quote: text(fields.get("quote")),
        quoted_step,
    })
}

/// The number of a step: `7`, `7.0`, `"7"`, `"step 7"`.
fn step(value: Option<&Value>) -> Option<u64> {
    match value? {
        Value::Number(number) => number.as_u64().or_else(|| {
            let number = number.as_f64().filter(|n| n.fract() == 0.0 && *n >= 0.0)?;
            format!("{number:.0}").parse().ok()
        }),
        Value::String(text) => {
            let text = text.trim();
            let bare = text
                .strip_prefix("step")
                .or_else(|| text.strip_prefix("Step"))
                .unwrap_or(text);
            bare.trim_start_matches([' ', '_', '#']).parse().ok()
        }
        _ => None,
    }
}

/// A share: `0.85`, `85`, `"85%"`; nothing where nothing is said.
fn confidence(value: Option<&Value>) -> Result<Option<f64>, String> {
    let number = match value {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::Number(number)) => number.as_f64(),
        Some(Value::String(text)) => text.trim().trim_end_matches('%').trim_end().parse().ok(),
        Some(_) => None,
    };
    let share = number.map(|number| if number > 1.0 { number / 100.0 } else { number });
    let share = share.filter(|share| (0.0..=1.0).contains(share));
    share
        .map(Some)
        .ok_or_else(|| "`confidence` must be a number from 0 to 1".to_owned())
}

/// The lessons that can be read; the others are no loss.
fn lessons(value: Option<&Value>) -> Vec<Lesson> {
    let list = value.and_then(Value::as_array).into_iter().flatten();
    list.filter_map(|lesson| {
        let kind = name(lesson.get("kind"));
        Some(Lesson {
            kind: LessonKind::ALL.into_iter().find(|k| k.as_str() == kind)?,
            text: Some(text(lesson.get("text"))).filter(|text| !text.is_empty())?,
        })
    })
    .take(MOST_LESSONS)
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn what_does_no_harm_is_forgiven() {
        let value = json!({
            "verdict": "Failure Found", "fault": "none", "summary": " It failed. ",
            "confidence": "85%", "more": 1,
            "claims": [
                {"kind": "Onset", "step": "step 7", "why": "w", "quote": "q", "quoted_step": "null"},
                {"kind": "final-commitment", "step": 8.0, "why": "w", "quote": "q", "quoted_step": "9"},
            ],
        });
        insta::assert_debug_snapshot!(Conclusion::read(&value).unwrap());
        assert_eq!(confidence(Some(&json!(85))), Ok(Some(0.85)));
        assert_eq!(confidence(None), Ok(None));
    }

    #[test]
    fn words_fences_and_wrappers_are_taken_off() {
        let bare = json!({"verdict": "undecided", "summary": "s"});
        let read = Conclusion::read(&bare).unwrap();
        let wrapped = json!({"name": CONCLUDE, "arguments": bare.to_string()});
        for answer in [
            bare.to_string(),
            format!("My verdict:\n```json\n{bare}\n```\n"),
            wrapped.to_string(),
        ] {
            assert_eq!(Conclusion::read_text(&answer), Ok(read.clone()));
        }
    }

    #[test]
    fn what_matters_is_said() {
        let claim =
            |claim: Value| json!({"verdict": "undecided", "summary": "s", "claims": [claim]});
        let many = vec![json!({}); MOST_CLAIMS + 1];
        let answers = [
            json!({}),
            json!([]),
            json!({"verdict": "guilty", "fault": "laziness", "claims": 3, "summary": "", "confidence": -1}),
            json!({"verdict": "undecided", "summary": "s", "claims": many}),
            claim(json!({"kind": "cause", "step": 1, "why": "w"})),
            claim(json!({"kind": "onset", "step": "first", "why": "w"})),
            claim(json!({"kind": "onset", "step": 1})),
            claim(json!({"kind": "onset", "step": 1, "why": "w", "quoted_step": [2]})),
            claim(json!("onset 3")),
        ];
        let faults = answers.map(|answer| Conclusion::read(&answer).unwrap_err());
        insta::assert_debug_snapshot!(faults);
        insta::assert_debug_snapshot!(["It is step 3.", "{\"verdict\": "].map(read_text));
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in ".{0,200}", inner in "[\\[\\]{}\":,a-z0-9 ]{0,80}") {
            let _ = Conclusion::read_text(&text);
            let _ = Conclusion::read_text(&format!("{{\"verdict\":\"undecided\",\"claims\":{inner}}}"));
        }
    }
}
