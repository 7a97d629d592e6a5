//! The baseline: the whole run in one prompt, cut to fit.

use llm::{BlockingClient, LlmError, Message, Request, count_tokens};
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
            let refused = checked.refused.then(|| {
                let why: Vec<&str> = checked.faults.iter().map(|f| f.why.as_str()).collect();
                Trouble::Refused(why.join("; "))
            });
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
    let shown = shown(subject, each, room, ledger);
    let opening = Opening {
        task: subject.fence.data(&clip(
            &subject.safe(subject.offline.task.as_deref().unwrap_or_default()),
            2_000,
        )),
        steps: index.len(),
        stages: index.stages.len(),
        shown,
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

/// All steps, each in about `each` tokens; as many from either end as `room` tokens hold. No step is cut
/// in the middle, since that would open its fence.
fn shown(subject: &Subject<'_>, each: u64, room: u64, ledger: &mut Ledger) -> String {
    let count = subject.index().len();
    let (mut first, mut last) = (Vec::new(), Vec::new());
    let mut used = 0;
    while first.len() + last.len() < count {
        // Two from the beginning for one from the end.
        let ahead = first.len() <= last.len() * 2;
        let at = if ahead {
            first.len()
        } else {
            count - 1 - last.len()
        };
        let mut opened = ledger.clone();
        let text = show_step::show(subject, StepId::from_index(at), each, &mut opened);
        used += count_tokens(&text);
        if used > room {
            break;
        }
        *ledger = opened;
        if ahead {
            first.push(text);
        } else {
            last.push(text);
        }
    }
    let left_out = count - first.len() - last.len();
    if left_out > 0 {
        first.push(format!("[{left_out} steps left out]\n"));
    }
    last.reverse();
    first.extend(last);
    first.concat()
}
