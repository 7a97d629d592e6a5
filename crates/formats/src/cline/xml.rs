//! Tool calls written into a reply as XML.

use std::ops::Range;

use serde_json::{Map, Value};

/// Tools of Cline and Roo Code that a model calls by writing their tag.
const TOOLS: &[&str] = &[
    "execute_command",
    "read_file",
    "write_to_file",
    "replace_in_file",
    "apply_diff",
    "apply_patch",
    "insert_content",
    "search_and_replace",
    "search_replace",
    "edit_file",
    "search_files",
    "list_files",
    "list_code_definition_names",
    "codebase_search",
    "browser_action",
    "use_mcp_tool",
    "access_mcp_resource",
    "load_mcp_documentation",
    "ask_followup_question",
    "attempt_completion",
    "plan_mode_respond",
    "act_mode_respond",
    "new_task",
    "new_rule",
    "report_bug",
    "condense",
    "summarize_task",
    "switch_mode",
    "fetch_instructions",
    "update_todo_list",
    "run_slash_command",
    "generate_image",
    "use_skill",
    "use_subagents",
    "web_fetch",
    "web_search",
    "generate_explanation",
];

/// Parameters whose text may hold tags of its own, so that they end at their last closing tag.
const VERBATIM: &[&str] = &["content", "diff", "result", "arguments", "args"];

/// One call in a text.
#[derive(Debug, PartialEq)]
pub(super) struct XmlCall<'t> {
    pub(super) tool: &'t str,
    pub(super) arguments: Value,
    /// The bytes of the text it takes, tags included.
    pub(super) range: Range<usize>,
}

/// The calls of a reply, in order. The last one may be cut where the reply was.
pub(super) fn calls(text: &str) -> Vec<XmlCall<'_>> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(open) = memchr::memchr(b'<', &text.as_bytes()[at..]) {
        let start = at + open;
        let Some((tool, inner)) = tool_at(text, start) else {
            at = start + 1;
            continue;
        };
        let close = format!("</{tool}>");
        let (inner_end, end) = match closing(text, inner, &close) {
            Some(found) => (found, found + close.len()),
            None => (text.len(), text.len()),
        };
        found.push(XmlCall {
            tool,
            arguments: parameters(&text[inner..inner_end]),
            range: start..end,
        });
        at = end;
    }
    found
}

/// The tool whose opening tag stands at `start`, and where its parameters begin.
fn tool_at(text: &str, start: usize) -> Option<(&str, usize)> {
    let rest = &text[start + 1..];
    let end = rest.find('>').filter(|end| *end <= 40)?;
    let name = &rest[..end];
    TOOLS.contains(&name).then_some((name, start + 1 + end + 1))
}

/// Where the call is closed: a closing tag within a parameter that is still open is its text.
fn closing(text: &str, inner: usize, close: &str) -> Option<usize> {
    let mut from = inner;
    while let Some(found) = text[from..].find(close) {
        let at = from + found;
        let body = &text[inner..at];
        let open = VERBATIM.iter().any(|name| {
            let opened = body.contains(&format!("<{name}>"));
            opened && !body.contains(&format!("</{name}>"))
        });
        if !open {
            return Some(at);
        }
        from = at + close.len();
    }
    // Never closed outside a parameter: the first closing tag is the best there is.
    text[inner..].find(close).map(|found| inner + found)
}

fn parameters(body: &str) -> Value {
    let mut members = Map::new();
    let mut at = 0;
    while let Some(open) = memchr::memchr(b'<', &body.as_bytes()[at..]) {
        let start = at + open + 1;
        let name_length = body[start..]
            .bytes()
            .take_while(|b| b.is_ascii_alphanumeric() || *b == b'_')
            .count();
        let name = &body[start..start + name_length];
        if name.is_empty() || !body[start + name_length..].starts_with('>') {
            at = start;
            continue;
        }
        let value = start + name_length + 1;
        let close = format!("</{name}>");
        let end = if VERBATIM.contains(&name) {
            body[value..].rfind(&close)
        } else {
            body[value..].find(&close)
        };
        let end = end.map_or(body.len(), |end| value + end);
        let text = &body[value..end];
        let text = if VERBATIM.contains(&name) {
            let text = text.strip_prefix('\n').unwrap_or(text);
            text.strip_suffix('\n').unwrap_or(text)
        } else {
            text.trim()
        };
        members.insert(name.to_owned(), Value::String(text.to_owned()));
        at = (end + close.len()).min(body.len());
        while !body.is_char_boundary(at) {
            at += 1;
        }
    }
    // Roo Code reads several files at once, each in tags of its own.
    if let Some(Value::String(args)) = members.get("args")
        && !members.contains_key("path")
    {
        let paths = args.split("<path>").skip(1);
        let paths = paths.filter_map(|rest| Some(rest.split_once("</path>")?.0.trim()));
        let paths: Vec<Value> = paths.map(Value::from).collect();
        if !paths.is_empty() {
            members.insert("paths".to_owned(), Value::Array(paths));
        }
    }
    Value::Object(members)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn calls_keep_what_looks_like_a_tag() {
        let text = "First.\n<write_to_file>\n<path>a.xml</path>\n<content>\n<a></content></write_to_file>\n</a>\n</content>\n\
                    </write_to_file>\nThen <b>bold</b>.\n<execute_command>\n<command>ls < x</command>\n";
        let found = calls(text);
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].arguments["path"], "a.xml");
        assert_eq!(found[1].arguments, json!({"command": "ls < x"}));
        let read = calls(
            "<read_file><args><file><path>a</path></file><file><path>b</path></file></args></read_file>",
        );
        assert_eq!(read[0].arguments["paths"], json!(["a", "b"]));
        assert!(calls("no <call> here").is_empty());
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "(<read_file>|</read_file>|<path>|</path>|<content>|</content>|é|<|x|\n){0,24}") {
            for call in calls(&text) {
                prop_assert!(text.get(call.range).is_some());
            }
        }
    }
}
