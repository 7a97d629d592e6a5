//! Parts of Google's model interface (`text`, `functionCall`, `functionResponse`), which Gemini CLI
//! and the agents made from it keep in their transcripts, and what their tools write into them.

use serde_json::Value;
use trace::{Action, ActionKind, Observation, Usage};

use crate::json::{content_text, str_at};

/// What came back from a tool, as its parts say it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Answer {
    /// The text, parts joined by line ends.
    pub(crate) text: String,
    /// True when the answer stands under `error`.
    pub(crate) error: bool,
}

/// A text, a part or a list of parts, as a list.
pub(crate) fn listed(content: &Value) -> &[Value] {
    match content {
        Value::Array(parts) => parts,
        Value::Null => &[],
        single => std::slice::from_ref(single),
    }
}

/// The words in `content`: a text, a part or a list of parts. Parts the model marked as thoughts
/// are passed over.
pub(crate) fn words(content: &Value) -> String {
    let said = listed(content).iter().filter(|part| !is_thought(part));
    join(said.filter_map(text_of))
}

/// The parts of `content` that the model marked as thoughts.
pub(crate) fn thoughts(content: &Value) -> String {
    let thought = listed(content).iter().filter(|part| is_thought(part));
    join(thought.filter_map(text_of))
}

fn is_thought(part: &Value) -> bool {
    part.get("thought").and_then(Value::as_bool) == Some(true)
}

fn text_of(part: &Value) -> Option<&str> {
    part.as_str().or_else(|| str_at(part, "text"))
}

fn join<'t>(texts: impl Iterator<Item = &'t str>) -> String {
    let texts: Vec<&str> = texts.filter(|text| !text.trim().is_empty()).collect();
    texts.join("\n")
}

/// The answer in the parts of a result; `None` when there are none.
pub(crate) fn answer(result: &Value) -> Option<Answer> {
    let mut texts = Vec::new();
    let mut error = false;
    let mut answered = false;
    for part in listed(result) {
        if let Some(response) = part.pointer("/functionResponse/response") {
            answered = true;
            let (text, failed) = response_text(response);
            error |= failed;
            texts.push(text);
        } else if let Some(text) = text_of(part) {
            answered = true;
            texts.push(text.to_owned());
        }
    }
    texts.retain(|text| !text.is_empty());
    answered.then(|| Answer {
        text: texts.join("\n"),
        error,
    })
}

fn response_text(response: &Value) -> (String, bool) {
    for (key, failed) in [("output", false), ("error", true)] {
        match response.get(key) {
            None | Some(Value::Null) => {}
            Some(Value::String(text)) => return (text.clone(), failed),
            Some(other) => return (other.to_string(), failed),
        }
    }
    if let Some(text) = response.as_str() {
        return (text.to_owned(), false);
    }
    let content = response.get("content").map(content_text);
    let text = content
        .filter(|text| !text.is_empty())
        .unwrap_or_else(|| response.to_string());
    (text, false)
}

/// What `action` gave back in `text`. The report that the shell tool writes around a command's
/// output is taken off, its exit status is kept.
pub(crate) fn observe(action: &Action, text: String) -> Observation {
    let ActionKind::Shell { command } = &action.kind else {
        return Observation::text(text);
    };
    shell_report(command, &text).unwrap_or_else(|| Observation::text(text))
}

/// Takes apart the report of the shell tool: `Command:` and `Directory:` (left out by newer
/// versions), `Output:`, `Error:`, `Exit Code:`, `Signal:` and the numbers of processes, each
/// beginning a line, in this order. `None` for any other text.
fn shell_report(command: &str, text: &str) -> Option<Observation> {
    let head = text
        .strip_prefix("Command: ")
        .map(|rest| rest.strip_prefix(command).unwrap_or(rest));
    let body = match head {
        Some(rest) => rest.split_once("\nOutput: ")?.1,
        None => text.strip_prefix("Output: ")?,
    };
    let mut rest = body;
    let mut exit_status = None;
    let mut signal = None;
    for name in [
        "Process Group PGID: ",
        "Background PIDs: ",
        "Signal: ",
        "Exit Code: ",
    ] {
        let (above, last) = rest.rsplit_once('\n').unwrap_or(("", rest));
        let Some(value) = last.strip_prefix(name) else {
            continue;
        };
        rest = above;
        match name {
            "Exit Code: " => exit_status = value.trim().parse().ok(),
            "Signal: " => signal = Some(last).filter(|_| !is_none(value)),
            _ => {}
        }
    }
    let (output, error) = match rest.rfind("\nError: ") {
        Some(at) => (&rest[..at], Some(&rest[at + 1..])),
        None => (rest, None),
    };
    let error = error.filter(|line| !is_none(&line["Error: ".len()..]));
    let output = Some(output).filter(|output| *output != "(empty)");
    let pieces: Vec<&str> = [output, error, signal].into_iter().flatten().collect();
    Some(Observation {
        exit_status,
        ..Observation::text(pieces.join("\n"))
    })
}

/// How the report says that there is nothing to say.
fn is_none(value: &str) -> bool {
    matches!(value.trim(), "" | "0" | "(none)")
}

/// The counts of `usageMetadata` or of Gemini CLI's `tokens`: prompt tokens with those of tool use,
/// cached ones among them, and completion tokens with the model's thoughts. Where the total tells
/// that the completion already holds the thoughts, as behind other providers, they count once.
pub(crate) fn usage(stated: &Value, keys: &UsageKeys) -> Usage {
    let count = |key: &str| stated.get(key).and_then(Value::as_u64);
    let sum = |keys: [&str; 2]| {
        let counts = keys.into_iter().filter_map(count);
        counts.reduce(u64::saturating_add)
    };
    let input = sum(keys.input);
    let said = count(keys.output[0]);
    let both = input.zip(said).map(|(i, o)| i.saturating_add(o));
    let holds_thoughts = both.is_some() && both == count(keys.total);
    Usage {
        input_tokens: input,
        cached_tokens: count(keys.cached),
        output_tokens: if holds_thoughts {
            said
        } else {
            sum(keys.output)
        },
        cost_usd: None,
    }
}

/// Under which names counts stand.
pub(crate) struct UsageKeys {
    input: [&'static str; 2],
    cached: &'static str,
    output: [&'static str; 2],
    total: &'static str,
}

/// The counts of the interface itself.
pub(crate) const USAGE_METADATA: UsageKeys = UsageKeys {
    input: ["promptTokenCount", "toolUsePromptTokenCount"],
    cached: "cachedContentTokenCount",
    output: ["candidatesTokenCount", "thoughtsTokenCount"],
    total: "totalTokenCount",
};

/// The counts of Gemini CLI's messages.
pub(super) const TOKENS: UsageKeys = UsageKeys {
    input: ["input", "tool"],
    cached: "cached",
    output: ["output", "thoughts"],
    total: "total",
};

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_shell_report_gives_output_and_status() {
        let action = Action::shell("run_shell_command", "false; echo 'Output: x'");
        let report = "Command: false; echo 'Output: x'\nDirectory: (root)\nOutput: Output: x\n\
                      Error: (none)\nExit Code: 3\nSignal: 0\nProcess Group PGID: 9";
        let seen = observe(&action, report.to_owned());
        assert_eq!(
            (seen.text.as_str(), seen.exit_status),
            ("Output: x", Some(3))
        );
        let newer = "Output: (empty)\nError: spawn failed\nSignal: 9\nBackground PIDs: 7, 8";
        let seen = observe(&action, newer.to_owned());
        assert_eq!(seen.text, "Error: spawn failed\nSignal: 9");
        assert_eq!(seen.exit_status, None);
        let other = "Command was rejected.";
        assert_eq!(observe(&action, other.to_owned()).text, other);
    }

    #[test]
    fn thoughts_count_once() {
        let of = |total: u64| {
            let stated = json!({"input": 10, "output": 5, "thoughts": 3, "total": total});
            usage(&stated, &TOKENS).output_tokens
        };
        assert_eq!((of(18), of(15)), (Some(8), Some(5)));
    }

    #[test]
    fn an_answer_is_read_in_all_its_forms() {
        let of = |response: Value| answer(&json!([{"functionResponse": {"response": response}}]));
        assert_eq!(of(json!({"output": "a"})).unwrap().text, "a");
        assert!(of(json!({"error": "no"})).unwrap().error);
        assert_eq!(
            of(json!({"content": [{"type": "text", "text": "b"}]}))
                .unwrap()
                .text,
            "b"
        );
        assert_eq!(answer(&json!("c")).unwrap().text, "c");
        assert_eq!(answer(&json!([])), None);
    }
}
