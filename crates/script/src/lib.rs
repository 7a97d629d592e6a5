//! x
#![allow(missing_docs)]
mod engine;
mod error;
mod events;
mod isolation;
mod limits;
mod lockdown;
mod process;
mod program;
mod wire;
pub mod worker;

pub use error::{At, Clock, ScriptError};
pub use events::Events;
pub use isolation::{Isolation, Wall};
pub use limits::Limits;
pub use process::Launcher;
pub use program::{Program, Run, Walls};
