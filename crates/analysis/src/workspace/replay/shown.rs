//! Taking in what the run shows of a file, after holding it against what was believed.

use std::sync::Arc;

use super::{Place, Presence, Replay, there};
use crate::workspace::content::Content;
use crate::workspace::history::Operation;
use crate::workspace::line::{Line, Origin};
use crate::workspace::listing::Listing;
use crate::workspace::shell::Form;

impl Replay {
    /// What a file holds now and how many versions of it there are, for a listing that is read later.
    pub(in crate::workspace) fn mark(&mut self, path: &str) -> Option<Mark> {
        let file = self.file(path)?;
        let state = &self.files[file];
        Some(Mark {
            file,
            held: state.now.clone(),
            inferred: state.inferred,
            versions: state.history.versions.len(),
        })
    }

    /// The text a command printed of a file in some form, where it is known for sure.
    pub(in crate::workspace) fn printed(&self, mark: &Mark, form: Form) -> Option<String> {
        if mark.inferred {
            return None;
        }
        let lines = mark.held.content()?.all()?;
        let closed = lines
            .last()
            .is_some_and(|l| self.lines.text(l.text).is_empty());
        let Form::Plain { first, count } = form else {
            return None;
        };
        let body = lines.len() - usize::from(closed);
        let from = first.min(body);
        let to = count.map_or(body, |count| from.saturating_add(count).min(body));
        let mut text = self.lines.join(&lines[from..to]);
        if to > from && (to < body || closed) {
            text.push('\n');
        }
        Some(text)
    }

    /// Takes in what the run showed of a file as it stood at `mark`, after comparing it with what was
    /// believed then.
    pub(in crate::workspace) fn show(&mut self, mark: &Mark, listing: &Listing<'_>) {
        let Mark { file, held, .. } = mark;
        let file = *file;
        let Some(mut shown) = self.content_of(listing, held.content()) else {
            return;
        };
        self.check(mark, &shown);
        let versions = &self.files[file].history.versions;
        let later = versions.get(mark.versions..).unwrap_or_default();
        if later.iter().any(|version| version.operation.writes()) {
            return;
        }
        let rest = match held {
            Presence::There(content) => content.rest,
            Presence::Unseen => {
                self.files[file].history.existed = true;
                Origin::Before
            }
            Presence::Gone => Origin::Unseen(self.step),
        };
        let unseen = Origin::Unseen(self.step);
        let mut content = self.files[file]
            .now
            .content()
            .map_or_else(|| Content::unknown(rest), |held| Content::clone(held));
        let known = matches!(self.files[file].now, Presence::There(_));
        shown.adopt(known.then_some(&mut content), rest, unseen);
        let (_, differ) = shown.compare(&content);
        if shown.all().is_some() {
            self.files[file].inferred = false;
            content = shown;
        } else {
            self.files[file].inferred |= differ > 0;
            content.merge(shown);
        }
        let same = self.files[file]
            .now
            .content()
            .is_some_and(|now| **now == content);
        if !same || self.files[file].history.versions.is_empty() {
            let place = Place::observation(listing.bytes.clone());
            self.set(file, Operation::Show, there(content), place);
        }
    }

    /// The lines of a listing, each the one that was held where they only differ in what a terminal or
    /// a layout takes off.
    fn content_of(
        &mut self,
        listing: &Listing<'_>,
        held: Option<&Arc<Content>>,
    ) -> Option<Content> {
        let mut cut: Vec<Line> = Vec::with_capacity(listing.lines.len() + 1);
        for (offset, text) in listing.lines.iter().enumerate() {
            let held = held.and_then(|held| held.line(listing.first + offset));
            let alike = held.filter(|line| {
                let held = self.lines.text(line.text);
                is_alike(held, text) || (listing.screen && is_spaced_alike(held, text))
            });
            cut.push(Line {
                text: match alike {
                    Some(line) => line.text,
                    None => self.lines.number(text)?,
                },
                origin: Origin::Before,
            });
        }
        if !listing.whole || listing.first > 0 {
            let total = listing.total.map(|lines| lines + 1);
            return (!cut.is_empty()).then(|| Content::part(listing.first, cut, total));
        }
        // Whether the last line ends with a line feed is not shown; what was held tells, and else it
        // does, as text files do.
        let held = held.and_then(|held| held.all()).unwrap_or_default();
        let blank = |line: &&Line| self.lines.text(line.text).is_empty();
        let shown = cut.len() - cut.iter().rev().take_while(blank).count();
        let body = held.len() - held.iter().rev().take_while(blank).count();
        let same = !held.is_empty()
            && shown == body
            && cut[..shown].iter().zip(held).all(|(a, b)| a.text == b.text);
        if same {
            return Some(Content::whole(held.to_vec()));
        }
        let text = self.lines.number("")?;
        if cut.last().is_none_or(|line| line.text != text) {
            cut.push(Line {
                text,
                origin: Origin::Before,
            });
        }
        Some(Content::whole(cut))
    }

    /// Counts whether a listing is what was held.
    fn check(&mut self, mark: &Mark, shown: &Content) {
        let state = &mut self.files[mark.file];
        let versions = state.history.versions.get(..mark.versions);
        let changed = versions.is_some_and(|v| v.iter().any(|v| v.operation.states_text()));
        let counts = if changed {
            &mut state.check.changed
        } else {
            &mut state.check.unchanged
        };
        let (shared, differ) = match &mark.held {
            Presence::There(held) => shown.compare(held),
            // A program may have made it anew.
            Presence::Unseen | Presence::Gone => (0, 0),
        };
        counts.count(self.step, shared, differ, mark.inferred);
    }
}

/// A file at the moment a command showed it.
#[derive(Debug, Clone)]
pub(in crate::workspace) struct Mark {
    file: usize,
    held: Presence,
    inferred: bool,
    versions: usize,
}

/// Bytes of a line beyond which the rest of it may be left out by what shows it.
const LONG_LINE: usize = 400;

/// True when `shown` is `held` as terminals and layouts print it: tabs as blanks, nothing at the end.
fn is_alike(held: &str, shown: &str) -> bool {
    let shown = shown.trim_end();
    if held.trim_end() == shown {
        return true;
    }
    // Tools cut very long lines.
    let (shorter, longer) = if held.len() < shown.len() {
        (held, shown)
    } else {
        (shown, held)
    };
    let start = shorter.trim_end_matches(['.', '…']);
    if start.len() >= LONG_LINE && longer.starts_with(start) {
        return true;
    }
    // Some layouts expand tabs to a width of their own.
    held.contains('\t')
        && !shown.contains('\t')
        && held.split_whitespace().eq(shown.split_whitespace())
}

/// True when two lines differ only in how many blanks stand between their words: on a terminal a tab is as
/// wide as its place on the screen makes it.
fn is_spaced_alike(held: &str, shown: &str) -> bool {
    (held.contains('\t') || held.contains("  ") || shown.contains("  "))
        && held.split_whitespace().eq(shown.split_whitespace())
}
