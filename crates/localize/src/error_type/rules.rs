//! The rules, the surest first.

use crate::case::Case;

use super::{Accused, Choice};

pub(super) fn first(_case: &Case<'_>, _accused: Accused<'_>) -> Option<Choice> {
    None
}
