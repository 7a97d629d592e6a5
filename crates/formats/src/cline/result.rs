//! What results of tools say.

use serde_json::Value;
use trace::Observation;

use crate::json::{content_text, str_at};

/// The result of a native call: text, blocks, or a list of what each command or file gave.
pub(super) fn native(block: &Value) -> Observation {
    let content = block.get("content").unwrap_or(&Value::Null);
    let flagged = block.get("is_error").and_then(Value::as_bool);
    let name = str_at(block, "name").unwrap_or_default();
    let mut observation = listed(name, content).unwrap_or_else(|| in_text(&content_text(content)));
    observation.is_error = flagged.or(observation.is_error);
    observation
}

/// `[{query, result, success, error?}]`, one for each thing the call of `tool` asked for.
pub(super) fn listed(tool: &str, content: &Value) -> Option<Observation> {
    let items = content.as_array()?;
    let is_outcome = |item: &Value| item.get("success").is_some_and(Value::is_boolean);
    if items.is_empty() || !items.iter().all(is_outcome) {
        return None;
    }
    let mut text = String::new();
    let mut failed = false;
    // Only commands have an exit status.
    let mut exit = tool.contains("command").then_some(0);
    for item in items {
        let result = item.get("result").map_or_else(String::new, content_text);
        let error = str_at(item, "error").unwrap_or_default();
        let success = item.get("success").and_then(Value::as_bool) == Some(true);
        if !text.is_empty() && !text.ends_with('\n') {
            text.push('\n');
        }
        text.push_str(if result.is_empty() && !success {
            error
        } else {
            &result
        });
        if !success && !failed {
            failed = true;
            exit = error
                .strip_prefix("Command exited with code ")
                .and_then(|code| code.trim().parse().ok());
        }
    }
    Some(Observation {
        exit_status: exit,
        is_error: Some(failed),
        ..Observation::text(text)
    })
}

/// A result in words, which tells an exit status or a failure in its first lines.
pub(super) fn in_text(text: &str) -> Observation {
    let text = text.trim_matches('\n');
    let failed = text.starts_with("The tool execution failed") || text.starts_with("<error>");
    let said = text.lines().take(3).find_map(exit_in);
    Observation {
        exit_status: said,
        is_error: failed.then_some(true),
        ..Observation::text(text)
    }
}

/// `Exit code: 1`, `Command failed with exit code 1.`, `(exit code 0)`.
fn exit_in(line: &str) -> Option<i32> {
    let told = line.starts_with("Command ") || line.starts_with("Exit code");
    let at = line.find("xit code").filter(|_| told)?;
    let rest = line[at + "xit code".len()..].trim_start_matches([':', ' ']);
    let end = rest
        .find(|c: char| !c.is_ascii_digit() && c != '-')
        .unwrap_or(rest.len());
    rest[..end].parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn exit_statuses_are_read_where_they_are_told() {
        let exit = |text: &str| in_text(text).exit_status;
        assert_eq!(
            exit(
                "Command executed in terminal 1 within working directory '/w'. Exit code: 2\nOutput:\n"
            ),
            Some(2)
        );
        assert_eq!(
            exit("Command execution was not successful.\nExit code: 1\nOutput:"),
            Some(1)
        );
        assert_eq!(
            exit("Command failed with exit code 127.\nOutput:\nx"),
            Some(127)
        );
        assert_eq!(exit("Command executed.\nOutput:\nx exit code 3"), None);
        let items = json!([{"query": "a", "result": "x", "success": true},
            {"query": "b", "result": "", "success": false, "error": "Command exited with code 7"}]);
        let observation = listed("run_commands", &items).unwrap();
        assert_eq!(
            (observation.exit_status, observation.is_error),
            (Some(7), Some(true))
        );
        assert_eq!(observation.text, "x\nCommand exited with code 7");
    }
}
