//! `stage`: the steps of a stage as lines of the tree.

use serde_json::{Map, Value, json};
use trace::StepId;

use super::Tool;
use super::arguments::Arguments;
use super::list::List;
use crate::ledger::Ledger;
use crate::subject::Subject;

/// Lists the steps of a stage.
pub struct Stage;

impl Tool for Stage {
    fn name(&self) -> &'static str {
        "stage"
    }

    fn description(&self) -> &'static str {
        "All steps of a stage as tree lines, those included that the tree leaves out. Opens none."
    }

    fn parameters(&self) -> Value {
        json!({
            "type": "object",
            "properties": {
                "stage": {"type": "integer"},
                "from_step": {"type": "integer"}
            },
            "required": ["stage"]
        })
    }

    fn call(
        &self,
        subject: &Subject<'_>,
        arguments: &Map<String, Value>,
        room: u64,
        _: &mut Ledger,
    ) -> Result<String, String> {
        let asked = Arguments::new(self, arguments)?;
        let stages = &subject.index().stages;
        let wanted = asked.number("stage");
        let found = stages
            .iter()
            .find(|stage| Some(u64::from(stage.id)) == wanted);
        let Some(stage) = found else {
            return Err(format!("the stages are 1 to {}", stages.len()));
        };
        let from = asked.step("from_step", subject)?.unwrap_or(stage.start);
        if !stage.contains(from) {
            return Err(format!(
                "stage {} holds steps {} to {}",
                stage.id, stage.start, stage.end
            ));
        }
        let mut list = List::new(room);
        list.say(&format!(
            "stage {} {} steps {}-{}",
            stage.id,
            stage.phase.as_str(),
            stage.start,
            stage.end
        ));
        for at in from.index()..=stage.end.index() {
            let step = StepId::from_index(at);
            if !list.push(&subject.line(step)) {
                list.say(&format!("(from_step {step} shows the rest)"));
                break;
            }
        }
        Ok(list.done())
    }
}
