//! Text of a run as data in a prompt.

/// Marks text of the run as data.
#[derive(Debug, Clone)]
pub struct Fence {
    mark: String,
}

impl Fence {
    /// A fence with a mark that stands nowhere in the run: whoever wrote the run's text cannot close it.
    #[must_use]
    pub fn new(mark: impl Into<String>) -> Self {
        Self { mark: mark.into() }
    }

    /// The mark, for the instructions that explain it.
    #[must_use]
    pub fn mark(&self) -> &str {
        &self.mark
    }

    /// The text between marks, on lines of its own; control characters are written out.
    #[must_use]
    pub fn data(&self, text: &str) -> String {
        let text = inert(text).replace(&self.mark, "");
        format!("<{0}>\n{1}\n</{0}>", self.mark, text.trim_end_matches('\n'))
    }

    /// The text on one line, for lists.
    #[must_use]
    pub fn line(&self, text: &str) -> String {
        inert(text).replace(&self.mark, "").replace('\n', " ")
    }
}

/// The text with control characters written out, but for line feeds and tabs.
#[must_use]
pub fn inert(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_control() && character != '\n' && character != '\t' {
            out.extend(character.escape_default());
        } else {
            out.push(character);
        }
    }
    out
}
