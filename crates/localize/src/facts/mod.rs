//! What a run is asked about again and again, each answered in one place.
//!
//! * [`authored`]: the texts a step puts in place, and the numbers in them.
//! * [`churn`]: how many lines a step put into files and took out of them.
//! * [`file`]: what files are called, and when two paths are one.
//! * [`history`]: which step wrote, ran and read which file.
//! * [`lesser`]: words for what is made up, provisional or less than asked.
//! * [`loss`]: what commands remove or take back.
//! * [`phrase`]: phrases in an agent's words.
//! * [`plan`]: the to-do lists agents keep.
//! * [`terminal`]: what a terminal is busy with.
//!
//! What the files held after every step is [`analysis::workspace`]'s to say.

pub(crate) mod authored;
pub(crate) mod churn;
pub(crate) mod file;
pub(crate) mod history;
pub(crate) mod lesser;
pub(crate) mod loss;
pub(crate) mod phrase;
pub(crate) mod plan;
pub(crate) mod terminal;
