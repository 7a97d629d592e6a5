//! The baseline: the whole run in one prompt, cut to fit.
//!
//! What does not fit loses the middle of its long texts first, by one measure for all steps, so that short
//! steps stay whole; then steps go, from the middle of the run. How much is shown is said.

use std::fmt::Write as _;

use llm::{BlockingClient, Message, Request, count_tokens, estimate_input};
use trace::StepId;

use crate::agent::opening::{Case, most};
use crate::agent::{Ended, Stood, Trouble};
use crate::conclusion::Conclusion;
use crate::context::{Digest, Limits};
use crate::ledger::Ledger;
use crate::prompt::{self, Opening};
use crate::setup::Setup;
use crate::subject::{Part, Subject};
use crate::tool::show_step;

/// A step is left out rather than shown in fewer tokens.
const LEAST: u64 = 60;

/// What stands around the texts of a step, at most.
const MARKS: u64 = 40;

/// What is said of a wrong answer when it goes back, in tokens.
const COMPLAINT: u64 = 300;

/// How often the measure is taken smaller before steps go.
const TRIES: u32 = 8;

/// Asks once.
pub(crate) fn ask(
    subject: &Subject<'_>,
    setup: &Setup,
    client: &BlockingClient,
    ledger: &mut Ledger,
) -> Ended {
    let case = Case::new(subject, setup, &[], client);
    let conclusion = match once(&case, ledger) {
        Ok(conclusion) => conclusion,
        Err(trouble) => return Ended::without(trouble),
    };
    let mut stood = Stood::default();
    // There is no second turn to mend anything in.
    let _ = stood.hear(conclusion, subject, ledger, &mut Digest::default(), 0);
    Ended {
        trouble: stood.outcome().err(),
        concluded: stood.into_best(),
        compactions: 0,
        lessons: 0,
    }
}

fn once(case: &Case<'_, '_>, ledger: &mut Ledger) -> Result<Conclusion, Trouble> {
    let (subject, setup) = (case.subject, case.setup);
    let schema = Conclusion::schema()?;
    let mut opening = Opening {
        steps: subject.index().len(),
        stages: subject.index().stages.len(),
        ..case.told(most::TASK * 4)
    };
    let request = |opening: &Opening, limits: &Limits| -> Result<Request, Trouble> {
        Ok(Request {
            temperature: Some(0.0),
            schema: Some(schema.clone()),
            ..Request::new(vec![Message::user(prompt::opening(opening)?)])
                .with_system(prompt::direct(subject.fence.mark())?)
                .with_max_output(limits.answer)
        })
    };
    let mut limits = Limits::new(case.context, setup.answer_tokens);
    let bare = request(&opening, &limits)?;
    limits.per_thousand = case.per_thousand(&bare);
    let bare = estimate_input(&bare);
    let again = u64::from(limits.answer) + COMPLAINT;
    let whole = limits.request();
    // A wrong answer goes back once where there is room for that.
    let repairs = u32::from(whole > 4 * (bare + again));
    let room = whole.saturating_sub(bare + COMPLAINT / 10 + again * u64::from(repairs));
    if room < 2 * LEAST {
        return Err(case.cramped(bare + 2 * LEAST));
    }
    (opening.shown, opening.extent) = shown(subject, room, ledger);
    let request = request(&opening, &limits)?;
    let answer = case.client.complete_json(&request, &schema, repairs)?;
    Conclusion::read(&answer.value).map_err(|last| Trouble::Endless { turns: 1, last })
}

/// The steps in at most `room` tokens, and how much of them that is.
fn shown(subject: &Subject<'_>, room: u64, ledger: &mut Ledger) -> (String, String) {
    let sizes: Vec<u64> = subject
        .index()
        .steps()
        .map(|indexed| {
            let texts = Part::ALL.map(|part| count_tokens(&subject.text(&indexed.step, part)));
            texts.iter().sum()
        })
        .collect();
    let mut aim = room;
    let mut drawn = Drawn::default();
    for _ in 0..TRIES {
        let chosen = ends(sizes.len(), aim / LEAST);
        let measure = measure(&sizes, &chosen, aim);
        let mut opened = ledger.clone();
        drawn = draw(subject, &sizes, &chosen, measure, &mut opened);
        let taken = count_tokens(&drawn.text);
        if taken <= room {
            *ledger = opened;
            break;
        }
        aim = aim * room / taken * 95 / 100;
        drawn = Drawn::default();
    }
    let extent = match drawn.cut {
        0 => format!(
            "{} of {} steps are shown, none of them cut.",
            drawn.shown,
            sizes.len()
        ),
        cut => format!(
            "{} of {} steps are shown, {cut} of them cut.",
            drawn.shown,
            sizes.len()
        ),
    };
    (drawn.text, extent)
}

/// At most `most` of so many steps, by place: from both ends.
fn ends(count: usize, most: u64) -> Vec<usize> {
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    if count <= most {
        return (0..count).collect();
    }
    let first = most.div_ceil(2);
    (0..first).chain(count - (most - first)..count).collect()
}

/// The most tokens a step may take so that all together take no more than `room`.
fn measure(sizes: &[u64], chosen: &[usize], room: u64) -> u64 {
    let mut sorted: Vec<u64> = chosen.iter().map(|at| sizes[*at] + MARKS).collect();
    sorted.sort_unstable();
    let mut left = room;
    for (place, size) in sorted.iter().enumerate() {
        let each = left / (sorted.len() - place) as u64;
        if *size > each {
            return each;
        }
        left -= size;
    }
    u64::MAX / 8
}

#[derive(Default)]
struct Drawn {
    text: String,
    shown: usize,
    cut: usize,
}

fn draw(
    subject: &Subject<'_>,
    sizes: &[u64],
    chosen: &[usize],
    measure: u64,
    ledger: &mut Ledger,
) -> Drawn {
    let mut drawn = Drawn::default();
    let mut next = 0;
    for &at in chosen {
        if at > next {
            // Writing to a string cannot fail.
            let _ = writeln!(drawn.text, "(steps {} to {at} are left out)", next + 1);
        }
        next = at + 1;
        let step = show_step::show(subject, StepId::from_index(at), measure, ledger);
        drawn.shown += 1;
        // What is cut has fewer tokens than its texts, marks and all.
        drawn.cut += usize::from(count_tokens(&step) < sizes[at]);
        drawn.text.push_str(&step);
    }
    drawn
}
