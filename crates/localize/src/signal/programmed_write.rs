//! Files written by a program typed on the spot.
//!
//! No fault in itself. A program that writes decides more than an edit does: what it finds, how it matches,
//! what it puts out. And nobody sees the result unless it is looked at.

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

use super::{Signal, Suspicion, Watch, each_change};
use crate::case::Case;
use crate::evidence::{of_action, of_action_line};
use crate::facts::authored::{amount, texts};
use crate::facts::phrase::{first, phrases};

/// How the common languages write files, made ready once.
static WRITES: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
    phrases(&[
        ", 'w'",
        ", \"w\"",
        ",'w'",
        ",\"w\"",
        ", 'wb'",
        ", \"wb\"",
        "mode='w'",
        "mode=\"w\"",
        ", 'a'",
        ", \"a\"",
        ".write_text(",
        ".write_bytes(",
        "writefilesync(",
        "fs.writefile(",
        "file_put_contents(",
        "fs::write(",
        "file::create(",
        "os.writefile(",
        "file.write(",
        ".to_csv(",
        ".to_json(",
        ".to_parquet(",
        "json.dump(",
        "pickle.dump(",
        "yaml.dump(",
        "torch.save(",
        "np.save",
    ])
});
/// A command of fewer bytes is no program.
const LEAST: usize = 100;

/// Files written by a program typed on the spot.
pub(super) struct ProgrammedWrite;

impl Signal for ProgrammedWrite {
    fn name(&self) -> &'static str {
        "programmed_write"
    }

    fn speaks_for_failure(&self) -> bool {
        false
    }

    fn watch<'c>(&self, _: &'c Case<'_>) -> Option<Watch<'c>> {
        each_change(move |step| {
            Some(step)
                .filter(|step| amount(&step.step) >= LEAST)
                .and_then(|step| {
                    let at = texts(&step.step)
                        .into_iter()
                        .find_map(|text| first(WRITES.as_ref(), text))?;
                    let line = of_action_line(&step.step, at).or_else(|| of_action(&step.step));
                    let why = "puts a program in place that writes files".to_owned();
                    Suspicion::new(step, 0.7, why, [line])
                })
        })
    }
}
