//! The diagnosing agent.

pub mod memory;
