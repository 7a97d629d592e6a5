//! The baseline: the whole run in one prompt, cut to fit.

use llm::{BlockingClient, LlmError, Message, Request};
use trace::StepId;

use crate::agent::{Ended, Trouble};
use crate::check::check;
use crate::conclusion::Conclusion;
use crate::ledger::Ledger;
use crate::prompt::{self, Opening};
use crate::setup::Setup;
use crate::subject::Subject;
use crate::tool::{clip, show_step};

/// Asks once.
pub(crate) fn ask(
    subject: &Subject<'_>,
    setup: &Setup,
    client: &BlockingClient,
    ledger: &mut Ledger,
) -> Ended {
    let asked = once(subject, setup, client, ledger);
    let (concluded, trouble) = match asked {
        Ok(conclusion) => {
            let checked = check(&conclusion, subject, ledger);
            let refused = checked.refusal().map(Trouble::Refused);
            (Some((conclusion, checked)), refused)
        }
        Err(trouble) => (None, Some(trouble)),
    };
    Ended {
        concluded,
        trouble,
        compactions: 0,
    }
}

fn once(
    subject: &Subject<'_>,
    setup: &Setup,
    client: &BlockingClient,
    ledger: &mut Ledger,
) -> Result<Conclusion, Trouble> {
    let index = subject.index();
    let room = setup
        .context_tokens
        .saturating_sub(u64::from(setup.answer_tokens) + 4_000);
    let each = (room / (index.len().max(1) as u64)).max(40);
    let shown: String = (0..index.len())
        .map(|at| show_step::show(subject, StepId::from_index(at), each, ledger))
        .collect();
    let opening = Opening {
        task: subject.fence.data(&clip(
            &subject.safe(subject.offline.task.as_deref().unwrap_or_default()),
            2_000,
        )),
        steps: index.len(),
        stages: index.stages.len(),
        shown: clip(&shown, room),
        ..Opening::default()
    };
    let request = Request {
        temperature: Some(0.0),
        ..Request::new(vec![Message::user(prompt::opening(&opening)?)])
            .with_system(prompt::system(subject.fence.mark(), 0)?)
            .with_max_output(setup.answer_tokens)
    };
    let answer = client.complete_json(&request, &Conclusion::schema()?, setup.repairs)?;
    Conclusion::read(&answer.value).map_err(|reason| {
        Trouble::Call(LlmError::Setting {
            variable: "conclusion",
            reason,
        })
    })
}
