//! A prompt as a careful reader reads it: what is in a fence is data, the rest is what we say.

use scripted::Asked;

/// A request taken apart.
pub(crate) struct Prompt {
    /// All that stands in no fence, without the standing instructions.
    pub(crate) said: String,
    /// Headings and lines outside, each with the fenced lines that follow it.
    pub(crate) parts: Vec<Part>,
}

/// A line outside the fences and what was fenced after it.
pub(crate) struct Part {
    pub(crate) line: String,
    pub(crate) data: Vec<String>,
}

/// The mark that the standing instructions name.
pub(crate) fn mark(system: &str) -> Option<&str> {
    let (_, rest) = system.split_once("Everything between <")?;
    Some(rest.split_once('>')?.0)
}

impl Prompt {
    /// Reads a request; tells what is wrong with its fences.
    pub(crate) fn read(asked: &Asked) -> Result<Self, String> {
        let mark = mark(&asked.system).ok_or("the instructions name no mark")?;
        let mut prompt = Self {
            said: String::new(),
            parts: Vec::new(),
        };
        for turn in asked.messages.iter().filter(|turn| turn.role == "user") {
            let texts = turn.results.iter().map(|result| &result.text);
            for text in texts.chain([&turn.text]) {
                prompt.add(text, mark)?;
            }
        }
        Ok(prompt)
    }

    /// Every text is whole by itself: no fence reaches into the next.
    fn add(&mut self, text: &str, mark: &str) -> Result<(), String> {
        let (open, close) = (format!("<{mark}>"), format!("</{mark}>"));
        let mut inside = false;
        for line in text.lines() {
            match (inside, line == open, line == close) {
                (false, true, _) => inside = true,
                (true, _, true) => inside = false,
                (_, true, _) | (_, _, true) => {
                    return Err(format!("a mark where none may be: {line:?}"));
                }
                (true, ..) if line.contains(mark) => {
                    return Err(format!("the mark in data: {line:?}"));
                }
                (true, ..) => {
                    if let Some(part) = self.parts.last_mut() {
                        part.data.push(line.to_owned());
                    }
                }
                (false, ..) => {
                    let (said, words) = unquoted(line)?;
                    self.said.push_str(&said);
                    self.said.push('\n');
                    self.parts.push(Part {
                        line: said,
                        data: words,
                    });
                }
            }
        }
        if inside {
            return Err("a fence is not closed".to_owned());
        }
        Ok(())
    }

    /// The fenced lines after the first outside line that begins so, up to the next heading.
    pub(crate) fn under(&self, heading: &str) -> Vec<&str> {
        let parts = self
            .parts
            .iter()
            .skip_while(|part| !part.line.starts_with(heading));
        let mut lines = Vec::new();
        for (place, part) in parts.enumerate() {
            if place > 0 && part.line.starts_with('#') {
                break;
            }
            lines.extend(part.data.iter().map(String::as_str));
        }
        lines
    }

    /// The first words of what a step did, after `## step N`.
    pub(crate) fn action(&self, step: u64) -> Option<&str> {
        let is_step = |part: &&Part| {
            let rest = part.line.strip_prefix("## step ").unwrap_or_default();
            let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
            rest[..digits].parse() == Ok(step)
        };
        let mut here = self.parts.iter().skip_while(|part| !is_step(part)).skip(1);
        let action = here
            .by_ref()
            .take_while(|part| !part.line.starts_with('#'))
            .find(|part| part.line.starts_with("action"))?;
        action.data.first().map(String::as_str)
    }
}

/// A line with its `«words»` taken out, and the words.
fn unquoted(line: &str) -> Result<(String, Vec<String>), String> {
    let mut said = String::new();
    let mut words = Vec::new();
    let mut rest = line;
    while let Some((before, after)) = rest.split_once('«') {
        let (inside, behind) = after
            .split_once('»')
            .ok_or(format!("words are not closed: {line:?}"))?;
        if before.contains('»') || inside.contains('«') {
            return Err(format!("words are fenced twice: {line:?}"));
        }
        said.push_str(before);
        said.push('«');
        said.push('»');
        words.push(inside.to_owned());
        rest = behind;
    }
    if rest.contains('»') {
        return Err(format!("words end that never began: {line:?}"));
    }
    said.push_str(rest);
    Ok((said, words))
}
