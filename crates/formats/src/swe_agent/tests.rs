use proptest::prelude::*;
use serde_json::json;
use trace::{ActionKind, Change, Trajectory};

use super::command::action;
use crate::pile::Pile;
use crate::{find_runs, read_run};

fn fixture() -> String {
    let step = |action: &str, observation: &str, open: &str| {
        json!({"action": action, "observation": observation, "response": "r", "thought": "I look.\n",
               "state": json!({"open_file": open, "working_dir": "/repo"}).to_string()})
    };
    json!({
        "environment": "swe_main",
        "trajectory": [
            step("open src/a.py 3\n", "[File: src/a.py]", "n/a"),
            step("edit 2:3\n    return 1\nend_of_edit\n", "[File: src/a.py]", "/repo/src/a.py"),
            step("python -m pytest\n", "1 passed", "/repo/src/a.py"),
            step("", "", "/repo/src/a.py"),
            step("submit\n", "", "/repo/src/a.py"),
        ],
        "history": [
            {"role": "system", "content": "s", "agent": "primary"},
            {"role": "user", "content": "demo", "agent": "primary", "is_demo": true},
            {"role": "user", "content": "ISSUE:\nIt is broken.\n\nINSTRUCTIONS:\nFix it.", "agent": "primary"},
        ],
        "info": {"exit_status": "submitted", "submission": "diff",
                 "model_stats": {"instance_cost": 0.5, "tokens_sent": 10, "tokens_received": 2}},
    })
    .to_string()
}

fn read(text: &str) -> Option<Trajectory> {
    let pile = Pile::from_memory([("run.traj", text)]);
    let found = find_runs(&pile);
    read_run(&pile, found.runs.first()?)
        .ok()
        .map(|read| read.trajectory)
}

#[test]
fn every_entry_is_a_step() {
    insta::assert_json_snapshot!(read(&fixture()).unwrap());
}

#[test]
fn own_commands_have_their_meaning() {
    let kind = |text: &str| action(text, Some("a.py")).kind;
    assert!(
        matches!(kind("search_dir \"def f\" src"), ActionKind::Search { query, path: Some(path) } if query == "def f" && path == "src")
    );
    assert!(matches!(
        kind("search_dir \"def load(\""),
        ActionKind::Search { query, path: None } if query == "def load("
    ));
    assert!(matches!(kind("scroll_down"), ActionKind::Read { path } if path == "a.py"));
    assert!(matches!(
        kind("edit 1:1\nx\n  end_of_edit"),
        ActionKind::Shell { .. }
    ));
    let call = "str_replace_editor str_replace /repo/a.py --old_str 'it'\"'\"'s' --new_str 'b c'";
    let ActionKind::Edit { edits } = kind(call) else {
        panic!("no edit")
    };
    let change = Change::Replace {
        old: "it's".into(),
        new: "b c".into(),
        all: false,
    };
    assert_eq!(
        (edits[0].path.as_str(), &edits[0].change),
        ("/repo/a.py", &change)
    );
}

proptest! {
    #[test]
    fn a_cut_file_gives_its_whole_steps(cut in 0usize..1200) {
        let whole = fixture();
        let run = read(&whole[..cut.min(whole.len())]);
        prop_assert!(run.is_none_or(|run| run.steps.len() <= 5));
    }

    #[test]
    fn no_action_panics(text in ".{0,120}") {
        let _ = action(&text, None);
        let _ = action(&format!("edit {text}\nend_of_edit"), Some("a"));
        let _ = action(&format!("str_replace_editor {text}"), None);
    }
}
