//! Which of a step's commands an error belongs to.

use trace::{ErrorKind, ErrorSignature};

use super::programs::is_idle;
use super::purpose::{Doing, Purpose};
use crate::facts::file::file_name;

/// The purposes that failed in a step that failed.
///
/// Those whose program says so; else the last one, since a list of commands stops at the one that fails.
/// None when only programs complain that look around: then nothing that matters has failed.
pub(super) fn blamed<'p>(purposes: &'p [Purpose], errors: &[ErrorSignature]) -> Vec<&'p Purpose> {
    let said: Vec<&Purpose> = purposes
        .iter()
        .filter(|purpose| own_error(purpose, errors).is_some())
        .collect();
    if !said.is_empty() {
        return said;
    }
    if !errors.is_empty()
        && errors
            .iter()
            .all(|error| speaker(error).is_some_and(is_idle))
    {
        return Vec::new();
    }
    let last = purposes.last();
    let installs = last.is_some_and(|p| p.doing == Doing::Install);
    purposes
        .iter()
        .filter(|p| Some(*p) == last || installs && p.doing == Doing::Install)
        .collect()
}

/// The error that a purpose's own program states.
pub(super) fn own_error<'e>(
    purpose: &Purpose,
    errors: &'e [ErrorSignature],
) -> Option<&'e ErrorSignature> {
    let program = purpose.program.as_str();
    errors
        .iter()
        .find(|error| !program.is_empty() && speaker(error) == Some(program))
}

/// The program that states an error, or that was not found: `make` of `make: *** no rule`.
pub(super) fn speaker(error: &ErrorSignature) -> Option<&str> {
    if error.kind == ErrorKind::CommandNotFound {
        return error.subject.as_deref().map(file_name);
    }
    let (said, _) = error.message.split_once(':')?;
    let program = said.split('[').next().unwrap_or(said);
    let one = !program.is_empty() && !program.contains(char::is_whitespace);
    one.then(|| file_name(program))
}

/// True for the complaint of a service that it is there already.
pub(super) fn runs_already(error: &ErrorSignature) -> bool {
    let said = error.message.to_ascii_lowercase();
    said.contains("already in use") || said.contains("already running")
}

/// True for a shell that could not read what it was given.
pub(super) fn refused_by_shell(error: &ErrorSignature) -> bool {
    const SHELLS: &[&str] = &["bash", "dash", "sh", "zsh"];
    let said = &error.message;
    speaker(error).is_some_and(|said| SHELLS.contains(&said))
        && (said.contains("syntax error") || said.contains("looking for matching"))
}
