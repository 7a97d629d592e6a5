//! Transcripts written for people: Markdown, `ReAct` and plain logs, worked out without being told.

#![expect(clippy::unwrap_used, reason = "a test's own set-up")]

use formats::learned::{Container, induce};
use formats::pile::{EntryId, Pile};
use trace::Trajectory;

fn read(name: &str, text: &str) -> (Container, Trajectory) {
    let pile = Pile::from_memory([(name, text.as_bytes().to_vec())]);
    let files: Vec<EntryId> = pile.entries().iter().map(|entry| entry.id).collect();
    let found = induce(&pile, &files).unwrap();
    let run = found.map.extract(&pile, &files, None).unwrap().trajectory;
    (found.map.records.container, run)
}

fn seen(run: &Trajectory) -> Vec<(String, String)> {
    let asked = |step: &trace::Step| {
        let command = step.action.command().map(str::to_owned);
        command.unwrap_or_else(|| format!("{} {}", step.action.tool, step.action.arguments))
    };
    run.steps
        .iter()
        .map(|step| (asked(step), step.observed().to_owned()))
        .collect()
}

#[test]
fn a_react_transcript() {
    let text = "Question: Why does the total differ?\n\
        Thought: I should look at the file.\nAction: read_file\nAction Input: {\"path\": \"total.py\"}\n\
        Observation: def total(xs):\n    return sum(xs[1:])\n\
        Thought: The slice drops the first.\nAction: run_shell\nAction Input: {\"command\": \"pytest -q\"}\n\
        Observation: 1 failed\n\
        Thought: Now I know.\nFinal Answer: The slice is wrong.\n";
    let (container, run) = read("agent.log", text);
    assert_eq!(container, Container::Log);
    assert_eq!(run.task.as_deref(), Some("Why does the total differ?"));
    assert_eq!(run.final_message.as_deref(), Some("The slice is wrong."));
    assert_eq!(run.steps.len(), 2);
    assert_eq!(run.steps[0].reasoning, "I should look at the file.");
    assert_eq!(
        run.steps[0].observed(),
        "def total(xs):\n    return sum(xs[1:])"
    );
    assert!(!run.steps[1].refs.is_empty(), "cited by byte range");
}

#[test]
fn a_markdown_transcript() {
    let text = "# Session 12\n\n## User\n\nMake the tests pass.\n\n## Assistant\n\nI run them.\n\n\
        ### Tool call: bash\n\n```json\n{\"command\": \"make test\"}\n```\n\n### Tool result\n\n```\n# User\nFAIL a\n```\n\n\
        ## Assistant\n\nOne fails.\n\n### Tool call: bash\n\n```json\n{\"command\": \"cat a.c\"}\n```\n\n### Tool result\n\n```\nint a;\n```\n\n\
        ## Assistant\n\nDone.\n";
    let (container, run) = read("session.md", text);
    assert_eq!(container, Container::Markdown);
    assert_eq!(
        seen(&run),
        [
            ("make test".to_owned(), "# User\nFAIL a".to_owned()),
            ("cat a.c".to_owned(), "int a;".to_owned())
        ]
    );
    assert_eq!(run.final_message.as_deref(), Some("Done."));
}

#[test]
fn commands_fenced_in_the_agents_words() {
    let text = "**User:** count the lines\n\n**Assistant:** First I list.\n\n```bash\nls src\n```\n\n**Output:**\n\n```\na.rs\n```\n\n\
        **Assistant:** Now I count.\n\n```bash\nwc -l src/a.rs\n```\n\n**Output:**\n\n```\n12 src/a.rs\n```\n\n**Assistant:** It has 12 lines.\n";
    let (_, run) = read("chat.md", text);
    let commands: Vec<_> = seen(&run).into_iter().map(|(asked, _)| asked).collect();
    assert_eq!(commands, ["ls src", "wc -l src/a.rs"]);
    assert!(run.steps[1].observed().contains("12 src/a.rs"));
}

#[test]
fn a_log_with_times() {
    let text = "2026-03-01 10:00:00,120 INFO agent.loop: Task: fix the build\n\
        2026-03-01 10:00:02,000 INFO agent.loop: Thought: build it first\n\
        2026-03-01 10:00:03,000 INFO agent.loop: Running: make -j4\ncc -c a.c\na.c:3: error: x\n\
        2026-03-01 10:00:05,000 DEBUG http.client: POST /v1/messages 200\n\
        2026-03-01 10:00:07,000 INFO agent.loop: Running: sed -i s/x/y/ a.c\n\
        2026-03-01 10:00:08,000 INFO agent.loop: Output: \n\
        2026-03-01 10:00:09,000 INFO agent.loop: Running: make -j4\ncc -c a.c\n\
        2026-03-01 10:00:11,000 INFO agent.loop: Answer: fixed\n";
    let (container, run) = read("run.log", text);
    assert_eq!(container, Container::Log);
    let commands: Vec<_> = seen(&run).into_iter().map(|(asked, _)| asked).collect();
    assert_eq!(commands, ["make -j4", "sed -i s/x/y/ a.c", "make -j4"]);
    assert_eq!(run.steps[0].observed(), "cc -c a.c\na.c:3: error: x");
    assert!(run.steps[0].started < run.steps[2].started);
}

#[test]
fn a_terminal_session() {
    let text = "dev@box:~/p$ git status --short\n M a.rs\ndev@box:~/p$ cargo test\nrunning 2 tests\ntest result: ok\ndev@box:~/p$ git diff\n-a\n+b\n";
    let (_, run) = read("typescript.txt", text);
    assert_eq!(run.steps.len(), 3);
    assert_eq!(run.steps[1].observed(), "running 2 tests\ntest result: ok");
}
