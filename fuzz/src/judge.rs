//! What must hold of what a model concludes, of what is fenced for it, and of lessons.

use analysis::Index;
use diagnose::Conclusion;
use diagnose::Subject;
use diagnose::fence::{Fence, inert};
use diagnose::memory::{AgentKind, Memory};
use diagnose::quotation::Texts;
use localize::{Case, Options, diagnose_case};
use trace::{Action, ActionKind, Observation, Step, Timestamp, Trajectory};

/// Any text as a model's conclusion: it is read, or it is said what is wrong. What is read is read again
/// from a fence among words.
pub fn conclusion(text: &str) {
    match Conclusion::read_text(text) {
        Err(why) => assert!(!why.is_empty()),
        Ok(_) => {
            let fenced = format!("Here it is.\n```json\n{text}\n```\n");
            assert!(text.contains("```") || Conclusion::read_text(&fenced).is_ok());
        }
    }
}

/// A quotation and, after a line with `%%`, the text of a step it is searched in: what is found stands
/// there, and the whole text is found in itself.
pub fn quotation(text: &str) {
    let (quote, observed) = text.split_once("\n%%\n").unwrap_or(("", text));
    let run = run_of(observed);
    let index = Index::new(&run);
    let case = Case::new(&index);
    let offline = diagnose_case(&case, Options::default(), localize::Model::shipped());
    let subject = Subject::new(&case, &offline, "data-0");
    for step in run.steps.walk() {
        let texts = Texts::new(&subject, &step);
        let Some(found) = texts.find(&step, quote, &|_, _| None) else {
            continue;
        };
        let shown = texts.parts().find(|(part, _)| *part == found.part);
        let (_, shown) = shown.expect("a part of the step");
        for piece in &found.pieces {
            assert!(shown.get(piece.clone()).is_some(), "{piece:?}");
        }
    }
}

/// Any text fenced: no mark but the two of the fence stands in it, nothing acts on a terminal, and what is
/// inert stays as it is. What speaks to a judge is told with places that are there.
pub fn fence(text: &str) {
    let fence = Fence::of_run(&run_of(text));
    let data = fence.data(text);
    assert_eq!(data.matches(fence.mark()).count(), 2, "{data}");
    assert!(
        !data
            .chars()
            .any(|c| c.is_control() && c != '\n' && c != '\t')
    );
    let line = fence.line(text);
    assert!(
        !line.contains('\n') && line.matches(['«', '»']).count() == 2,
        "{line}"
    );
    let once = inert(text);
    assert_eq!(inert(&once), once);
    for (kind, span) in analysis::injection::scan(text) {
        assert!(text.get(span.clone()).is_some(), "{kind:?} {span:?}");
    }
}

/// Any text as a file of lessons: what is not understood is told, and what is given away is taken in again
/// without a complaint.
pub fn lessons(text: &str) {
    let folder = tempfile::tempdir().expect("a folder");
    let memory = Memory::open(folder.path());
    let agent = AgentKind::of(Some("fuzzed"));
    let now = Timestamp::UNIX_EPOCH;
    let _ = memory.import(&agent, text, now);
    let file = memory.file_of(&agent);
    std::fs::write(&file, text).expect("a file");
    let Ok(book) = memory.book(&agent) else {
        return;
    };
    assert!(book.lessons.len() <= text.len());
    if let Ok(given) = memory.export(&agent) {
        let other = AgentKind::of(Some("other"));
        let taken = memory.import(&other, &given, now).expect("our own file");
        assert!(taken.problems.is_empty(), "{:?}\n{given}", taken.problems);
    }
}

/// A run of one command that printed a text.
fn run_of(observed: &str) -> Trajectory {
    let action = Action {
        tool: "bash".to_owned(),
        kind: ActionKind::Shell {
            command: "cat notes".to_owned(),
        },
        arguments: serde_json::Value::Null,
    };
    let mut step = Step::new(0, action);
    step.observation = Some(Observation {
        text: observed.to_owned(),
        ..Observation::default()
    });
    Trajectory {
        steps: std::iter::once(step).collect(),
        ..Trajectory::default()
    }
}
