//! About how much memory a step takes, so that long runs know when to park some.

use serde_json::Value;
use spool::Spooled;

use crate::{
    Action, ActionKind, Change, ErrorSignature, Label, LabelVerdict, Step, StepId, StepOutcome,
    TestCase, TestReport,
};

impl Spooled for Step {
    fn weight(&self) -> usize {
        let refs = self.refs.iter().map(|at| 160 + at.path.len());
        size_of::<Self>()
            + self.thought.len()
            + self.reasoning.len()
            + self.observed().len()
            + of_kind(&self.action.kind)
            + of_value(&self.action.arguments)
            + refs.sum::<usize>()
    }

    fn lost() -> Self {
        let text = "this step could not be read back from the temporary folder".to_owned();
        Self::new(
            0,
            Action {
                tool: String::new(),
                kind: ActionKind::Invalid { text },
                arguments: Value::Null,
            },
        )
    }
}

impl Spooled for StepOutcome {
    fn weight(&self) -> usize {
        let of_error = |error: &ErrorSignature| {
            size_of::<ErrorSignature>()
                + error.message.len()
                + error.subject.as_ref().map_or(0, String::len)
        };
        let of_report = |report: &TestReport| {
            let cases = report
                .cases
                .iter()
                .map(|case| size_of::<TestCase>() + case.name.len());
            size_of::<TestReport>() + cases.sum::<usize>()
        };
        size_of::<Self>()
            + self.errors.iter().map(of_error).sum::<usize>()
            + self.tests.iter().map(of_report).sum::<usize>()
    }

    fn lost() -> Self {
        Self::default()
    }
}

impl Spooled for Label {
    fn weight(&self) -> usize {
        let quotes = self.evidence.iter().map(|cited| 320 + cited.quote.len());
        size_of::<Self>() + self.reason.len() + quotes.sum::<usize>()
    }

    fn lost() -> Self {
        Self {
            step_id: StepId::from_index(0),
            verdict: LabelVerdict::Unuseful,
            error_type: None,
            reason: "this label could not be read back from the temporary folder".to_owned(),
            evidence: Vec::new(),
        }
    }
}

fn of_kind(kind: &ActionKind) -> usize {
    match kind {
        ActionKind::Shell { command: text }
        | ActionKind::Keystrokes { keys: text, .. }
        | ActionKind::Read { path: text }
        | ActionKind::Search { query: text, .. }
        | ActionKind::Delegate { prompt: text }
        | ActionKind::Message { text }
        | ActionKind::Finish { text }
        | ActionKind::Invalid { text } => text.len(),
        ActionKind::Edit { edits } => edits
            .iter()
            .map(|edit| 128 + edit.path.len() + of_change(&edit.change))
            .sum(),
        ActionKind::Other => 0,
    }
}

fn of_change(change: &Change) -> usize {
    match change {
        Change::Write { content: text }
        | Change::ReplaceLines { text, .. }
        | Change::Insert { text, .. }
        | Change::Patch { patch: text }
        | Change::Cell { source: text, .. }
        | Change::Rename { to: text } => text.len(),
        Change::Replace { old, new, .. } => old.len() + new.len(),
        Change::Delete | Change::Undo => 0,
    }
}

/// Without recursion: arguments may be nested as deep as a parser lets them.
fn of_value(value: &Value) -> usize {
    const NODE: usize = 96;
    let mut weight = 0;
    let mut open = vec![value];
    while let Some(value) = open.pop() {
        match value {
            Value::String(text) => weight += text.len(),
            Value::Array(items) => {
                weight += items.len() * NODE;
                open.extend(items);
            }
            Value::Object(members) => {
                weight += members
                    .iter()
                    .map(|(key, _)| NODE + key.len())
                    .sum::<usize>();
                open.extend(members.values());
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
    weight
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::Observation;

    #[test]
    fn every_long_text_weighs() {
        let long = "x".repeat(1000);
        let mut step = Step::new(0, Action::shell("bash", long.as_str()));
        step.thought.clone_from(&long);
        step.action.arguments = json!({"a": [{"b": long}]});
        step.observation = Some(Observation::text(long));
        assert!((4000..6000).contains(&step.weight()), "{}", step.weight());
    }
}
