//! A mark that stands nowhere in a run.

use blake3::Hasher;
use trace::{Step, Trajectory};

const CONSONANTS: &[u8; 16] = b"bdfghjklmnprstvz";
const VOWELS: &[u8; 4] = b"aeio";

/// How many syllables the first marks have, and how many are tried before the next has one more.
const SYLLABLES: usize = 3;
const TRIES: usize = 4;

/// The first mark of the run's own series that stands nowhere in it. A syllable is one of 64, so a run
/// that holds all marks of a length has to be 64 times as long as for the length before: the search
/// ends soon on any run that fits a disk.
pub(super) fn of_run(run: &Trajectory) -> String {
    let mut hasher = Hasher::new();
    each_text(run, &mut |text| {
        hasher.update(text.as_bytes());
        hasher.update(&[0xff]);
        true
    });
    let mut bytes = hasher.finalize_xof();
    let mut tries = 0;
    loop {
        let mut mark = "data-".to_owned();
        for _ in 0..SYLLABLES + tries / TRIES {
            let mut byte = [0];
            bytes.fill(&mut byte);
            let number = usize::from(byte[0]);
            mark.push(char::from(CONSONANTS[number % CONSONANTS.len()]));
            mark.push(char::from(VOWELS[number / CONSONANTS.len() % VOWELS.len()]));
        }
        if !stands_in(run, &mark) {
            return mark;
        }
        tries += 1;
    }
}

/// Whether the distinctive part of a mark stands in any text of the run, in any case.
fn stands_in(run: &Trajectory, mark: &str) -> bool {
    let word = mark.trim_start_matches("data-");
    let finder = aho_corasick::AhoCorasick::builder()
        .ascii_case_insensitive(true)
        .build([word]);
    let Ok(finder) = finder else {
        return false;
    };
    !each_text(run, &mut |text| !finder.is_match(text))
}

/// Shows every text of the run and of its sub-agents until one is refused; false if one was.
fn each_text(run: &Trajectory, look: &mut dyn FnMut(&str) -> bool) -> bool {
    let runs = std::iter::once(run).chain(run.descendants());
    for run in runs {
        let own = [
            &run.task,
            &run.final_message,
            &run.cwd,
            &run.agent,
            &run.model,
        ];
        if !own.into_iter().flatten().all(|text| look(text)) {
            return false;
        }
        for step in run.steps.walk() {
            if !each_of_step(&step, look) {
                return false;
            }
        }
    }
    true
}

fn each_of_step(step: &Step, look: &mut dyn FnMut(&str) -> bool) -> bool {
    let texts = [&step.thought, &step.reasoning, &step.action.tool];
    texts.into_iter().all(|text| look(text))
        && look(step.observed())
        && serde_json::to_string(&step.action).is_ok_and(|text| look(&text))
}
