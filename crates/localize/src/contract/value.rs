//! Values, names and texts that are to be used as they stand.

use super::DemandKind;
use super::mention::{Set, is_identifier};
use super::tables::{PROGRAMS, has};
use super::terms::Reader;

impl Reader<'_, '_> {
    /// A quoted text, code span or identifier that is to be used as it stands.
    pub(super) fn value(&mut self, at: usize, report: bool) {
        let piece = &self.pieces[at];
        // Of "Total: <number>" only what stands before the placeholder is fixed.
        let text = match piece.text.find(" <") {
            Some(end) if piece.set != Set::Word && piece.text.ends_with('>') => &piece.text[..end],
            _ => piece.text,
        };
        let weight = if report {
            u8::from(piece.set == Set::Code && is_identifier(text))
        } else {
            self.weight(at)
        };
        let shown = self.is_sample(at) || self.is_tool(at);
        let odd = !text.contains(char::is_alphabetic) && text.len() < 4
            || has(
                "false nil none null true undefined",
                &text.to_ascii_lowercase(),
            )
            || text.len() < 2
            || text.len() > 160
            || text.contains('\n')
            || ["...", "YYYY", "HH:MM"].iter().any(|w| text.contains(w));
        let words = text.split_whitespace().count();
        let foreign = text.contains("://")
            || text.starts_with('/')
            || text.starts_with('-') && words > 1
            || text.contains('*')
            || text.contains(" == ")
            // `name=value` is an argument: how it is spaced and passed is free.
            || (piece.set == Set::Code && words == 1 && text.contains('=') && text.starts_with(char::is_lowercase))
            || text.contains('[')
            || (words == 1 && text.contains('<') && piece.set != Set::Word)
            // Ordinary words in quotation marks are a manner of speaking.
            || (piece.set == Set::Quoted && words > 1 && weight < 2 && !text.contains(['_', '=', '/', '(']));
        // A quotation of ordinary words in the middle of a sentence is a manner of speaking.
        let speech = piece.set == Set::Quoted && words > 8 && weight < 2;
        if weight == 0
            || odd
            || foreign
            || speech
            || shown
            || self.in_use(at)
            || self.gives_way(at)
            || self.is_condition(at)
        {
            return;
        }
        let kind = DemandKind::Literal {
            text: text.to_owned(),
        };
        self.found
            .add(format!("value {text}"), kind, piece.span.clone(), weight);
    }

    /// How much a value counts: 2 where the words around it state it, 1 where it is only named.
    fn weight(&self, at: usize) -> u8 {
        const NAMING: &str = "attribute called class content exactly field function is key method \
             name named passphrase user value variable";
        let piece = &self.pieces[at];
        let before = at.checked_sub(1).map_or("", |n| self.pieces[n].text);
        let named = has(NAMING, &before.to_ascii_lowercase());
        let mut after = self.pieces[at + 1..].iter().take(3);
        let content = after.any(|p| p.text.eq_ignore_ascii_case("content"));
        let opened = self.text[..piece.span.start].trim_end_matches(['"', '\'', '“', '‘']);
        let follows_colon = opened.trim_end().ends_with(':');
        match piece.set {
            Set::Code => 1 + u8::from(named || self.pieces.len() == 1),
            Set::Quoted => {
                1 + u8::from(named || content || follows_colon || self.pieces.len() == 1)
            }
            // Mixed case alone may be the name of a thing.
            Set::Word if is_identifier(piece.text) => {
                let joined = piece.text.contains(['_', '.']) || piece.text.contains("::");
                u8::from(named || joined) + u8::from(named)
            }
            Set::Word => u8::from(
                piece.text.starts_with('<')
                    && piece.text.ends_with('>')
                    && piece.text.len() > 4
                    && piece.text.contains('-'),
            ),
        }
    }

    /// True for things said as an example or a reason.
    fn is_sample(&self, at: usize) -> bool {
        let before = &self.text[self.clause.span.start..self.pieces[at].span.start];
        let tail = before[before.floor_char_boundary(before.len().saturating_sub(48))..]
            .to_ascii_lowercase();
        [
            "e.g.",
            "example",
            "such as",
            "like ",
            "i.e.",
            "for instance",
            "similar to",
        ]
        .iter()
        .any(|w| tail.contains(w))
    }

    /// True for names of programs and projects: "the `git` commands", "the library `x`".
    fn is_tool(&self, at: usize) -> bool {
        let text = self.pieces[at].text;
        let near = |n: Option<usize>| {
            n.and_then(|n| self.pieces.get(n))
                .map(|p| p.text.to_ascii_lowercase())
        };
        let kinds = [
            "command",
            "commands",
            "library",
            "package",
            "project",
            "repo",
            "repository",
            "tool",
        ];
        let is_kind = |w: &Option<String>| w.as_deref().is_some_and(|w| kinds.contains(&w));
        let named = near(at.checked_sub(1)).as_deref() == Some("named");
        has(PROGRAMS, text)
            || text.starts_with("qemu-")
            || (!named && (is_kind(&near(at.checked_sub(1))) || is_kind(&near(Some(at + 1)))))
    }

    /// True within a condition: "if both `a` and `b` are there, …".
    fn is_condition(&self, at: usize) -> bool {
        let before = self.pieces[..at].iter().rev();
        let mut open = before.take_while(|p| p.stop != Some(','));
        open.any(|p| ["if", "when", "unless"].contains(&p.text.to_ascii_lowercase().as_str()))
    }

    /// True for what is to be gone: "rename `x` to y", "replace `x` with y", "remove `x`".
    fn gives_way(&self, at: usize) -> bool {
        const AWAY: &[&str] = &["chang", "delet", "drop", "remov", "renam", "replac"];
        let mut before = self.pieces[..at].iter().rev();
        let words = before.by_ref().take(6).map(|p| p.text.to_ascii_lowercase());
        for (back, word) in words.enumerate() {
            if back == 0 && has("any no not without", &word) {
                return true;
            }
            if has("and by into to with", &word) {
                return false;
            }
            if AWAY.iter().any(|stem| word.starts_with(stem)) {
                return true;
            }
        }
        false
    }

    /// True for what is there to be used: "using the `x` library", "the `y` command".
    fn in_use(&self, at: usize) -> bool {
        let near = |n: Option<usize>| {
            n.and_then(|n| self.pieces.get(n))
                .map(|p| p.text.to_ascii_lowercase())
        };
        let (one, two) = (near(at.checked_sub(1)), near(at.checked_sub(2)));
        let takes = |w: &Option<String>| {
            w.as_deref().is_some_and(|w| {
                [
                    "from", "existing", "given", "provided", "calling", "opponent",
                ]
                .contains(&w)
            })
        };
        takes(&one) || (takes(&two) && one.as_deref() == Some("the"))
    }
}
