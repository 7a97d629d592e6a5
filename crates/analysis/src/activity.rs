//! What a step is busy with, one notch finer than explore and change.
//!
//! Stages and signals need to tell an installation from an edit, though both are changes, and a test
//! run from a listing, though both are explorations.

use serde::{Deserialize, Serialize};

/// What one command or tool call is busy with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Activity {
    /// Says something, plans, thinks, keeps a to-do list, prints a literal.
    Talk,
    /// Asks about the machine: versions, paths, users, resources, processes, what is installed.
    Probe,
    /// Lists folders or finds files.
    List,
    /// Reads files or program state.
    Read,
    /// Searches in files.
    Search,
    /// Looks at version control (status, log, diff).
    Inspect,
    /// Installs or removes packages, creates environments.
    Install,
    /// Downloads something that is not a package.
    Fetch,
    /// Compiles or builds.
    Build,
    /// Runs a test framework or a script that is named as a test.
    Test,
    /// Runs a program or script whose purpose is not known.
    Run,
    /// Writes or edits files.
    Edit,
    /// Moves, copies, deletes, links files or changes their modes.
    Arrange,
    /// Changes version control (add, commit, checkout, merge, stash).
    Version,
    /// Starts, stops or configures services, processes, containers.
    Serve,
    /// Waits, clears the screen, interrupts, answers a prompt.
    Control,
    /// Hands the work in.
    Submit,
}
