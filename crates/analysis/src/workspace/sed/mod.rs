//! `sed` and `perl -pi`: the programs agents write with them, carried out on known lines.
//!
//! Addresses by number, pattern and range, and the commands `s`, `d`, `i`, `a`, `c`, `p`; whatever else a
//! program holds makes it unreadable, and then its file is only known to have changed. Sources: POSIX
//! `sed`, and the GNU manual for one-line texts, `\n` in replacements and options.

mod call;
mod parse;
mod pattern;
mod run;

pub(super) use call::{Call, perl, printed_range};
pub(super) use run::Program;
