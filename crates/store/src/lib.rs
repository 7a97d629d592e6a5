//! What is kept on disk between two calls of the program.
//!
//! Its one tenant is the [`Cache`]: answers that were worked out before, under a key of everything
//! they depend on. It knows nothing of what the answers mean. Losing it costs time, never a result,
//! so nothing it does can fail the work: trouble makes it silent and is told once
//! ([`Cache::trouble`]).

mod cache;
mod content;
mod folder;
mod schema;

pub use cache::{Answer, Cache, Dependency, Info, Key};
pub use content::{Stamp, is_settled};
pub use folder::cache_folder;

#[cfg(test)]
mod tests;
