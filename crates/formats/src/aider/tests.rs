use proptest::prelude::*;
use trace::{ActionKind, Trajectory};

use crate::pile::Pile;
use crate::{Extraction, find_runs, read_run};

/// A session with two blocks of which one fails, a suggested command that is run and one that is
/// not, and a failing test; then one in the whole-file format.
const HISTORY: &str = "\n# aider chat started at 2025-01-02 03:04:05\n\n\
> /bin/aider --auto-test --test-cmd make test --edit-format diff a.c  \n\
> Aider v0.86.2  \n\
> Model: some/model with diff edit format  \n\n\
#### /add a.c  \n\
> Added a.c to the chat.  \n\n\
#### Fix the parser.  \n\
#### It must not fail.  \n\n\
I change two places.\n\n\
a.c\n```c\n<<<<<<< SEARCH\nx\n=======\n> y  \n>>>>>>> REPLACE\n```\n\n\
and this:\n\n\
```c\n<<<<<<< SEARCH\nold line\n=======\nnew line\n>>>>>>> REPLACE\n```\n\n\
Then run:\n\n```bash\nmake\n```\n\n\
> a.c notes are not this  \n\n\
> Tokens: 2.6k sent, 1.5k cache hit, 33 received. Cost: $0.01 message, $0.03 session.  \n\
> The LLM did not conform to the edit format.  \n\
> # 1 SEARCH/REPLACE block failed to match!  \n\
> ## SearchReplaceNoExactMatch: This SEARCH block failed to exactly match lines in a.c  \n\
> <<<<<<< SEARCH  \n\
> old line  \n\
> =======  \n\
> new line  \n\
> >>>>>>> REPLACE  \n\
> # The other 1 SEARCH/REPLACE block were applied successfully.  \n\n\
Once more.\n\n\
a.c\n```c\n<<<<<<< SEARCH\nolder line\n=======\nnew line\n>>>>>>> REPLACE\n```\n\n\
> Tokens: 3.0k sent, 20 received. Cost: $0.02 message, $0.05 session.  \n\
> Applied edit to a.c  \n\
> Commit 1234567 fix the parser  \n\
> make  \n\
> Run shell command? (Y)es/(N)o [Yes]: y  \n\
> Running make  \n\
> Add command output to the chat? (Y)es/(N)o [Yes]: y  \n\
> Added 2 lines of output to the chat.  \n\
> make install  \n\
> Run shell command? (Y)es/(N)o [Yes]: n  \n\
> Added 5 lines of output to the chat.  \n\
> Attempt to fix test errors? (Y)es/(N)o [Yes]: y  \n\n\
All is well.\n\n\
> Tokens: 3.1k sent, 5 received.  \n\n\
#### /run cat a.c  \n\
> Add 0.1k tokens of command output to the chat? (Y)es/(N)o [Yes]: y  \n\
> Added 1 line of output to the chat.  \n\n\
# aider chat started at 2025-01-02 04:00:00\n\n> Aider v0.86.2  \n\n\
# aider chat started at 2025-01-02 05:00:00\n\n\
> Model: some/model with whole edit format  \n\n\
#### Write it.  \n\n\
b.txt\n```\nall\n```\n\n\
> Applied edit to b.txt  \n";

const LOG: &str = "TO LLM 2025-01-02T03:05:00\n-------\nSYSTEM Be good.\n-------\nUSER Fix the parser.\n\
LLM RESPONSE 2025-01-02T03:05:10\nASSISTANT Once more.\nASSISTANT \nASSISTANT a.c\nASSISTANT ```c\n\
ASSISTANT <<<<<<< SEARCH\nASSISTANT older line\nASSISTANT =======\nASSISTANT new line\nASSISTANT >>>>>>> REPLACE\nASSISTANT ```\n\
TO LLM 2025-01-02T03:06:00\n-------\nUSER I ran this command:\nUSER \nUSER make\nUSER \nUSER And got this output:\nUSER \nUSER built\nUSER \n-------\n\
ASSISTANT Ok.\n-------\nUSER I ran this command:\nUSER \nUSER make test\nUSER \nUSER And got this output:\nUSER \nUSER 1 failed\nUSER \n\
LLM RESPONSE 2025-01-02T03:06:10\nASSISTANT All is well.\n";

fn read(files: &[(&str, &str)]) -> Vec<Extraction> {
    let pile = Pile::from_memory(files.iter().map(|(path, text)| (*path, text.as_bytes())));
    let found = find_runs(&pile);
    found
        .runs
        .iter()
        .map(|run| read_run(&pile, run).unwrap())
        .collect()
}

fn commands(run: &Trajectory) -> Vec<(&str, &str, &str)> {
    let steps = run.steps.iter().filter_map(|step| match &step.action.kind {
        ActionKind::Shell { command } => {
            Some((step.action.tool.as_str(), command.as_str(), step.observed()))
        }
        _ => None,
    });
    steps.collect()
}

#[test]
fn a_session_is_its_edits_and_commands() {
    let read = read(&[
        ("p/.aider.chat.history.md", HISTORY),
        ("p/.aider.llm.history", LOG),
    ]);
    assert_eq!(read.len(), 2);
    insta::assert_json_snapshot!(read[0].trajectory);
}

#[test]
fn other_formats_and_missing_logs_are_read() {
    let read = read(&[("p/.aider.chat.history.md", HISTORY)]);
    let whole = &read[1].trajectory;
    assert_eq!(whole.id, "p/.aider.chat.history.md#2025-01-02T05:00:00");
    assert!(
        matches!(&whole.steps[0].action.kind, ActionKind::Edit { edits } if edits[0].path == "b.txt")
    );
    assert_eq!(
        commands(&read[0].trajectory),
        [
            ("shell", "make", "Added 2 lines of output to the chat."),
            ("test", "make test", "Added 5 lines of output to the chat."),
            ("/run", "cat a.c", "Added 1 line of output to the chat."),
        ]
    );
}

#[test]
fn everything_beside_a_history_is_claimed() {
    let input = "\n# 2025-01-02 03:04:06.000001\n+Fix the parser.\n";
    let pile = Pile::from_memory([
        ("p/.aider.chat.history.md", HISTORY),
        ("p/.aider.llm.history", LOG),
        ("p/.aider.input.history", input),
    ]);
    assert!(find_runs(&pile).unread.is_empty());
}

proptest! {
    #[test]
    fn cut_histories_give_their_whole_edits(cut in 0..HISTORY.len(), log in 0..LOG.len()) {
        let files = [("a.chat.history.md", &HISTORY[..cut]), ("a.llm.history", &LOG[..log])];
        for run in read(&files) {
            prop_assert!(run.trajectory.steps.len() <= 6);
            prop_assert_eq!(run.coverage.bytes.explained, run.coverage.bytes.total);
        }
    }

    #[test]
    fn no_text_panics(
        text in "(#### |> |```|<<<<<<< SEARCH|=======|>>>>>>> REPLACE|Applied edit to |Running |Tokens: | sent|  \n|\n|é|\\PC){0,40}",
    ) {
        let history = format!("# aider chat started at 2025-01-02 03:04:05\n{text}");
        let log = format!("TO LLM 2025-01-02T03:05:00\n-------\n{text}");
        let _ = read(&[("a.chat.history.md", &history), ("a.llm.history", &log)]);
    }
}
