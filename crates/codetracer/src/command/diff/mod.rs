//! `codetracer diff`: two runs side by side.

mod layout;
mod onset;
mod runs;

pub(super) use runs::run;
