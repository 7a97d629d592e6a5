//! `codetracer show --file`, `diff` and `blame` from outside, on a run made up for them.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::fs;

use serde_json::{Value, json};
use tempfile::TempDir;

/// A run in the layout of mini-SWE-agent: what each step asks for and gets.
const STEPS: &[(&str, &str)] = &[
    (
        "cd /srv && cat -n app.py",
        "     1\timport os\n     2\t\n     3\tprint('old \u{1b}[31m')",
    ),
    (
        "cd /srv && cat > test.py <<'EOF'\nimport app\nassert app\nEOF",
        "",
    ),
    (
        "cd /srv && sed -i \"s/'old .*'/'new'/\" app.py && echo 'print(2)' >> app.py",
        "",
    ),
    ("cd /srv && rm test.py && git diff", ""),
];

fn recorded() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let mut messages = vec![json!({"role": "user", "content": "Change the greeting."})];
    for (command, output) in STEPS {
        messages.push(json!({
            "role": "assistant", "content": format!("I go on.\n\n```bash\n{command}\n```")
        }));
        messages.push(json!({
            "role": "user",
            "content": format!("<returncode>0</returncode>\n<output>\n{output}\n</output>")
        }));
    }
    let run = json!({
        "info": {"exit_status": "Submitted", "submission": ""},
        "messages": messages,
        "trajectory_format": "mini-swe-agent-1",
    });
    fs::write(folder.path().join("greeting.traj.json"), run.to_string()).unwrap();
    folder
}

/// Exit status, standard output and standard error.
fn run(folder: &TempDir, args: &[&str]) -> (i32, String, String) {
    let output = assert_cmd::cargo::cargo_bin_cmd!("codetracer")
        .current_dir(folder.path())
        .env("CODETRACER_DATA_DIR", "no-such-folder")
        .env("CODETRACER_CACHE_DIR", folder.path().join("cache"))
        .env_remove("CLICOLOR_FORCE")
        .args(args)
        .output()
        .unwrap();
    (
        output.status.code().unwrap(),
        String::from_utf8(output.stdout).unwrap(),
        String::from_utf8(output.stderr).unwrap(),
    )
}

fn shown(args: &[&str]) -> String {
    let folder = recorded();
    let (status, stdout, stderr) = run(&folder, args);
    assert_eq!((status, stderr.as_str()), (0, ""), "{args:?}");
    stdout
}

const RUN: &str = "greeting.traj.json";

#[test]
fn a_file_is_shown_as_it_stood_with_who_wrote_it() {
    insta::assert_snapshot!(shown(&["show", RUN, "3", "--file", "app.py"]));
}

#[test]
fn the_final_patch_leaves_out_what_came_and_went() {
    insta::assert_snapshot!(shown(&["diff", RUN, "--patch"]));
}

#[test]
fn differences_are_between_two_steps() {
    let text = shown(&["diff", RUN, "--step", "1..2"]);
    assert!(
        text.contains("+++ b/srv/test.py") && !text.contains("app.py"),
        "{text}"
    );
    let text = shown(&["diff", RUN, "--step", "4"]);
    assert!(
        text.contains("-assert app") && text.contains("+++ /dev/null"),
        "{text}"
    );
}

#[test]
fn blame_is_of_a_line_or_a_file() {
    let text = shown(&["blame", RUN, "srv/app.py:4"]);
    assert_eq!(text.lines().count(), 2, "{text}");
    assert!(text.ends_with("     3       4  print(2)\n"), "{text}");
    let document: Value =
        serde_json::from_str(&shown(&["blame", RUN, "app.py", "--step", "1", "--json"])).unwrap();
    assert_eq!(document["path"], "/srv/app.py");
    assert_eq!(document["operation"], "show");
    assert_eq!(document["lines"][0]["origin"], json!({"by": "before"}));
    assert_eq!(document["lines"][2]["number"], 3);
}

#[test]
fn what_terminals_act_on_is_inert() {
    let text = shown(&["show", RUN, "1", "--file", "app.py"]);
    assert!(text.contains("print('old ␛[31m')"), "{text}");
    let text = shown(&["diff", RUN, "--patch"]);
    assert!(!text.contains('\u{1b}'), "{text}");
}

#[test]
fn bad_questions_are_answered_with_reasons() {
    let folder = recorded();
    for (args, reason) in [
        (&["diff", RUN, "--step", "2..9"][..], "no step 9"),
        (&["diff", RUN, "--step", "3..2"], "comes before the first"),
        (&["blame", RUN, "nothing.py"], "neither wrote nor showed"),
        (
            &["show", RUN, "4", "--file", "test.py"],
            "not there after step 4",
        ),
        (&["blame", RUN, "app.py:99"], "line 99 is not known"),
    ] {
        let (status, _, stderr) = run(&folder, args);
        assert_eq!(status, 2, "{args:?}");
        assert!(stderr.contains(reason), "{args:?}: {stderr}");
    }
}
