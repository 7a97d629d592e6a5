//! Which files of a pile were looked into while something was done.
//!
//! Only what this thread opens is seen, and a thread that waits for others may meanwhile work on
//! another run. So a layout may read in parallel only files it has claimed, which count anyway, and
//! now and then a file is named that played no part: that costs a second reading, never a result.

use std::cell::RefCell;
use std::collections::BTreeSet;

use super::EntryId;

thread_local! {
    /// What was opened since the innermost [`noting`] of this thread began.
    static OPENED: RefCell<Option<BTreeSet<EntryId>>> = const { RefCell::new(None) };
}

/// Does `work` and gives the files it opened, on this thread, beside its result.
pub(crate) fn noting<R>(work: impl FnOnce() -> R) -> (R, BTreeSet<EntryId>) {
    let before = OPENED.with_borrow_mut(|opened| opened.replace(BTreeSet::new()));
    let done = work();
    let opened = OPENED.with_borrow_mut(|opened| std::mem::replace(opened, before));
    (done, opened.unwrap_or_default())
}

/// Notes that a file is opened.
pub(super) fn note(id: EntryId) {
    OPENED.with_borrow_mut(|opened| {
        if let Some(opened) = opened {
            opened.insert(id);
        }
    });
}
