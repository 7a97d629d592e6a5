//! Text of a run as data in a prompt.
//!
//! Everything of a run is written by others, and some of it for the model that judges the run. It
//! stands in prompts in one of two fences only:
//!
//! * [`Fence::data`]: a block between two marks, each on a line of its own; [`Fence::around`] puts the
//!   same marks around a list of many [`Fence::words`];
//! * [`Fence::line`]: a few words between `«` and `»`, for lists.
//!
//! Three things keep it in. The mark is chosen so that it stands nowhere in the run ([`Fence::of_run`]);
//! whatever is fenced has the mark broken and `«»` replaced all the same, so that no way in which text
//! is put together can make up a fence's end; and what chats and terminals act on is made inert
//! ([`inert`]): control characters become pictures, characters nobody sees become one sign, the tokens
//! of chat templates are broken by a `¦`.
//!
//! A model that copies words out of a fence copies these signs; [`crate::quotation`] finds the words in
//! the run nevertheless.

mod inert;
mod mark;
#[cfg(test)]
mod tests;

use trace::Trajectory;

pub use self::inert::inert;
pub(crate) use self::inert::{escape_length, is_active, is_sign};

/// Marks text of the run as data.
#[derive(Debug, Clone)]
pub struct Fence {
    mark: String,
}

impl Fence {
    /// A fence with a mark of the caller's choice, in ASCII.
    #[must_use]
    pub fn new(mark: impl Into<String>) -> Self {
        Self { mark: mark.into() }
    }

    /// A fence for the text of one run: the same for the same run, and with a mark that stands nowhere in
    /// it. Reads the run once, as a rule.
    ///
    /// The mark hangs on every text of the run together, so that who wrote one of them cannot tell it
    /// beforehand. Who wrote all of them could, by trying; but a mark that stands in the run is not
    /// taken, and a run that holds all short ones gets a longer one. So no wording of the mark, however
    /// bracketed, can have been put into the run.
    #[must_use]
    pub fn of_run(run: &Trajectory) -> Self {
        Self::new(mark::of_run(run))
    }

    /// The mark, for the instructions that explain it.
    #[must_use]
    pub fn mark(&self) -> &str {
        &self.mark
    }

    /// The text between marks, on lines of its own, inert.
    #[must_use]
    pub fn data(&self, text: &str) -> String {
        self.around(&inert(text))
    }

    /// The text on one line, inert, but in no fence: for lists that are put [`Self::around`] as a whole.
    #[must_use]
    pub fn words(&self, text: &str) -> String {
        self.broken(inert(text)).replace('\n', " ")
    }

    /// A text of ours between marks, in which text of the run stands as [`Self::words`].
    #[must_use]
    pub fn around(&self, text: &str) -> String {
        let text = self.broken(text.to_owned());
        format!("<{0}>\n{1}\n</{0}>", self.mark, text.trim_end_matches('\n'))
    }

    /// The text on one line between `«` and `»`, inert, for lists.
    #[must_use]
    pub fn line(&self, text: &str) -> String {
        format!("«{}»", self.words(text))
    }

    /// The text with every occurrence of the mark, in any case, broken.
    fn broken(&self, text: String) -> String {
        if self.mark.is_empty() {
            return text;
        }
        // Lower case changes no place, as the mark is ASCII and so is what is changed.
        let lower = text.to_ascii_lowercase();
        let mark = self.mark.to_ascii_lowercase();
        let mut found = lower.match_indices(&mark);
        let Some(first) = found.next() else {
            return text;
        };
        let mut out = String::with_capacity(text.len() + 16);
        let mut done = 0;
        for (at, _) in std::iter::once(first).chain(found) {
            out.push_str(&text[done..=at]);
            out.push(inert::BREAK);
            done = at + 1;
        }
        out.push_str(&text[done..]);
        out
    }
}
