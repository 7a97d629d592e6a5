//! Words by which an agent says that what it makes is less than what was asked.

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

use super::phrase::phrases;

/// Words by which an agent puts something lesser in place of what is asked.
pub(crate) static LESSER: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
    phrases(&[
        "(placeholder",
        "# placeholder",
        "// placeholder",
        "as a fallback",
        "as a placeholder",
        "as close as possible",
        "based on the pattern",
        "best guess",
        "close enough",
        "create the missing",
        "creating the missing",
        "dummy data",
        "dummy implementation",
        "educated guess",
        "fake data",
        "following the pattern",
        "for demonstration",
        "for now, just",
        "for simplicity",
        "good enough",
        "hard-coded",
        "hardcoded",
        "in a production environment",
        "in a real environment",
        "in a real implementation",
        "in a real scenario",
        "in production, ",
        "made up",
        "made-up",
        "mock data",
        "mock implementation",
        "placeholder data",
        "placeholder for",
        "placeholder function",
        "placeholder implementation",
        "placeholder value",
        "plausible values",
        "reasonable guess",
        "reasonable values",
        "simplified version",
        "simulate the",
        "simulated data",
        "simulated result",
        "simulating the",
        "stub implementation",
        "synthetic data",
        "we don't actually have",
        "would normally",
    ])
});

/// Words by which an agent calls its work provisional or an assumption. They say less: much of what is
/// called simplified does.
pub(crate) static PROVISIONAL: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
    phrases(&[
        "for now",
        "placeholder",
        "dummy",
        "heuristic",
        "approximat",
        "simplif",
        "simplistic",
        "in a real ",
        "real implementation",
        "assume that",
        "we assume",
        "assuming",
        "assumes",
        "rough estimate",
        "good enough",
        "not perfect",
        "workaround",
        "hardcode",
        "hard-code",
        "todo:",
    ])
});
