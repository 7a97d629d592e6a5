//! Files that stay outside what is handed in.

/// How parts of the names of such files begin.
const STEMS: &[&str] = &[
    "test",
    "verif",
    "validat",
    "debug",
    "explor",
    "analy",
    "inspect",
    "repro",
    "experiment",
    "scratch",
    "backup",
];
/// Parts of the names of such files.
const PARTS: &[&str] = &[
    "check", "checks", "demo", "example", "tmp", "temp", "bak", "log", "orig",
];

/// Whether a file name says that the file is a check, an experiment or a copy.
pub(crate) fn is_aside(name: &str) -> bool {
    name.to_lowercase()
        .split(['_', '-', '.', ' '])
        .any(|part| PARTS.contains(&part) || STEMS.iter().any(|stem| part.starts_with(stem)))
}
