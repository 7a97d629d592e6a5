//! What values look like: names of tools, ids, command lines, sentences.

use super::lexicon::plain;
use crate::tool;

/// Names that arguments of tools have.
const ARGUMENT_NAMES: &[&str] = &[
    "command",
    "cmd",
    "commands",
    "code",
    "path",
    "filepath",
    "filename",
    "file",
    "absolutepath",
    "pattern",
    "query",
    "url",
    "newstring",
    "oldstring",
    "oldstr",
    "newstr",
    "filetext",
    "script",
    "todos",
    "viewrange",
    "regex",
    "directory",
    "dirpath",
    "dir",
    "recursive",
    "keystrokes",
    "patch",
    "diff",
    "cwd",
    "workdir",
    "edits",
    "oldtext",
    "newtext",
    "searchterm",
    "linenumber",
    "startline",
    "endline",
    "insertline",
    "replaceall",
    "timeout",
    "subagenttype",
];

/// Whether a member's name is one that arguments of tools have.
pub(super) fn is_argument_name(name: &str) -> bool {
    ARGUMENT_NAMES.contains(&plain(name).as_str())
}

/// Whether a text is the name of a tool some agent has.
pub(super) fn is_tool(name: &str) -> bool {
    tool::is_known(name)
}

/// Whether a text could be a name: short, without spaces, with a letter.
pub(super) fn is_identifier(text: &str) -> bool {
    const LONGEST: usize = 64;
    !text.is_empty()
        && text.len() <= LONGEST
        && text.chars().any(|c| c.is_ascii_alphabetic())
        && text
            .chars()
            .all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | ':' | '/' | '@'))
}

/// Whether a text looks like an id or a time rather than a word.
pub(super) fn is_id(text: &str) -> bool {
    text.bytes().filter(u8::is_ascii_digit).count() >= 4
}

/// Programs that begin command lines.
const PROGRAMS: &[&str] = &[
    "ls",
    "cd",
    "cat",
    "grep",
    "find",
    "python",
    "python3",
    "git",
    "pip",
    "npm",
    "echo",
    "sed",
    "mkdir",
    "touch",
    "rm",
    "cp",
    "mv",
    "pytest",
    "make",
    "cargo",
    "go",
    "node",
    "bash",
    "sh",
    "apt-get",
    "apt",
    "curl",
    "wget",
    "awk",
    "head",
    "tail",
    "pwd",
    "which",
    "export",
    "source",
    "chmod",
    "tar",
    "diff",
    "rg",
    "tree",
    "wc",
    "sort",
    "env",
    "test",
    "printf",
    "nl",
    "ps",
    "kill",
    "sleep",
    "time",
    "sudo",
    "docker",
    "npx",
    "yarn",
    "pip3",
    "java",
    "javac",
    "gcc",
    "file",
    "stat",
    "du",
    "df",
    "xargs",
    "true",
    "set",
    "for",
    "if",
    "while",
    "apply_patch",
    "open",
    "edit",
    "create",
    "submit",
    "search_file",
    "search_dir",
    "find_file",
    "scroll_down",
    "goto",
];

/// Whether a text looks like a command line.
pub(super) fn is_command(text: &str) -> bool {
    let text = text.trim_start();
    let first = text.split(char::is_whitespace).next().unwrap_or_default();
    let program = first.rsplit('/').next().unwrap_or(first);
    PROGRAMS.contains(&program)
        || text.starts_with("./")
        || text.starts_with('#') && text.contains('\n')
        || [" && ", " | ", " > ", " 2>&1", "<<"]
            .iter()
            .any(|mark| text.contains(mark))
            && text.len() < 100_000
            && !text.contains(". ")
}

/// Whether a text reads like what a person or a model writes: sentences, not what a program prints.
pub(super) fn is_sentence(text: &str) -> bool {
    let text = text.trim();
    let words = text.split_whitespace().take(4).count();
    let begins = text.chars().next().is_some_and(char::is_uppercase);
    let last_line = text.lines().next_back().unwrap_or(text);
    words >= 4 && begins && last_line.ends_with(['.', '!', '?', ':', '`', ')'])
}
