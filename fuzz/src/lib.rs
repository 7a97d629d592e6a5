//! What must hold on any input, one function for each family of targets.

pub mod benchmark;
pub mod judge;
pub mod model;
pub mod run;
pub mod script;

use formats::pile::{Limits, Pile};
use formats::{Claim, Detection, Extraction};
use trace::{Action, ActionKind, Step, Trajectory};

/// Small enough that one input cannot eat the machine.
const LIMITS: Limits = Limits {
    entries: 200,
    unpacked_bytes: 4 << 20,
    unpacked_ratio: 100,
    archive_depth: 3,
    stream_bytes: 1 << 20,
};

/// Arbitrary bytes as a file or an archive, read as whatever is found in it.
pub fn pile(bytes: &[u8]) {
    let pile = Pile::from_reader("input", bytes, &LIMITS).expect("memory can be read");
    assert!(!pile.entries().is_empty() || !pile.problems().is_empty());
    for entry in pile.entries() {
        let up = |part: &str| matches!(part, "" | "." | "..");
        assert!(!entry.path.split('/').any(up), "{}", entry.path);
    }
    read_all(&pile);
}

/// The bytes as a file of an unknown layout: JSON, JSON Lines, a database or a text. A map that is
/// found reads the same file.
pub fn induce(bytes: &[u8]) {
    let pile = Pile::from_memory([("unknown", bytes)]);
    let files: Vec<_> = pile.entries().iter().map(|entry| entry.id).collect();
    let Ok(found) = formats::learned::induce(&pile, &files) else {
        return;
    };
    let text = serde_json::to_string(&found.map).expect("a map is data");
    let again: formats::learned::FieldMap = serde_json::from_str(&text).expect("it is read back");
    assert_eq!(again, found.map);
    let parts = found.map.runs(&pile, &files).expect("memory can be read");
    for part in parts.iter().map(Some).chain([None]) {
        let _ = found.map.extract(&pile, &files, part);
    }
}

/// The bytes as the one file at `path`: as found by detection, and as if the layout had been
/// recognised. A layout that is not registered is only detected.
pub fn layout(name: &str, path: &str, bytes: &[u8]) {
    let pile = Pile::from_memory([(path, bytes)]);
    read_all(&pile);
    let extractors = formats::extractors().iter();
    for extractor in extractors.filter(|e| e.layout().name == name) {
        let claim = |root: &str| Claim {
            layout: extractor.layout().name,
            root: root.to_owned(),
            detection: Detection {
                score: 100,
                files: pile.entries().iter().map(|e| e.id).collect(),
                ..Detection::default()
            },
            part: None,
            learned: None,
        };
        let folders = pile.folders().iter().map(|folder| folder.path.as_str());
        for root in folders.chain([path]) {
            if let Ok(mut extraction) = extractor.extract(&pile, &claim(root)) {
                extraction.trajectory.renumber();
                check(&pile, &extraction);
            }
        }
    }
}

fn read_all(pile: &Pile) {
    for run in &formats::find_runs(pile).runs {
        if let Ok(extraction) = formats::read_run(pile, run) {
            check(pile, &extraction);
        }
    }
}

fn check(pile: &Pile, extraction: &Extraction) {
    let coverage = extraction.coverage;
    for share in [coverage.bytes, coverage.events] {
        assert!(share.explained <= share.total, "{coverage:?}");
    }
    let mut waiting = vec![&extraction.trajectory];
    while let Some(trajectory) = waiting.pop() {
        waiting.extend(&trajectory.subtrajectories);
        for (index, step) in trajectory.steps.iter().enumerate() {
            assert_eq!(step.id.index(), index);
            for reference in &step.refs {
                let entry = pile.find(&reference.path).expect("a cited file is there");
                assert!(reference.start <= reference.end, "{reference:?}");
                assert!(reference.end <= entry.size, "{reference:?}");
            }
        }
    }
}

/// A script taken apart.
pub fn shell(text: &str) {
    let _ = analysis::shell::invocations(text);
}

/// Output of a command: every span lies in the text, on character boundaries.
pub fn outcome(text: &str) {
    for error in analysis::outcome::error_signatures(text) {
        assert!(text.get(error.span.clone()).is_some(), "{error:?}");
    }
    for report in analysis::outcome::test_reports(text) {
        assert!(text.get(report.span.clone()).is_some(), "{report:?}");
    }
}

/// Lines typed into a terminal, one a step.
pub fn effect(text: &str) {
    let steps = text.split_inclusive('\n').enumerate().map(|(index, line)| {
        let kind = ActionKind::Keystrokes {
            keys: line.to_owned(),
            wait_seconds: None,
        };
        let action = Action {
            tool: "terminal".to_owned(),
            kind,
            arguments: serde_json::Value::Null,
        };
        Step::new(index, action)
    });
    let trajectory = Trajectory {
        steps: steps.collect(),
        ..Trajectory::default()
    };
    let read = analysis::effect::read_steps(&trajectory);
    assert_eq!(read.len(), trajectory.steps.len());
    assert!(read.iter().all(|step| !step.activities.is_empty()));
}

/// Any text may be closed; a document cut anywhere parses again once it is.
pub fn json(text: &str) {
    let _ = formats::json::close_truncated(text);
    if text.len() > 2048 || serde_json::from_str::<serde_json::Value>(text).is_err() {
        return;
    }
    for (at, _) in text.char_indices() {
        if let Some(closed) = formats::json::close_truncated(&text[..at]) {
            let parsed = serde_json::from_str::<serde_json::Value>(&closed);
            assert!(parsed.is_ok(), "{closed:?} from {:?}", &text[..at]);
        }
    }
}
