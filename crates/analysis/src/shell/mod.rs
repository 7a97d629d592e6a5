//! Shell text to simple commands.
//!
//! A command an agent sends to a shell is a program in the shell's own language: pipelines, lists, loops,
//! heredocs, programs inside programs (`timeout 60 sh -c 'cd x && make'`). [`invocations`] flattens all of
//! it to the simple commands that would run, in the order they are written, each with unquoted words, its
//! redirections and without the wrappers in front.
//!
//! The text is parsed with the tree-sitter grammar for bash, which recovers from errors locally, after
//! heredoc bodies have been lifted out (`heredoc`) so that an embedded program of any size costs one
//! scan. Nothing is expanded: `$x`, globs and substitutions stay as written.

pub(crate) mod heredoc;
pub mod packages;
mod syntax;
mod word;
mod wrapper;

use serde::{Deserialize, Serialize};

use heredoc::Lifted;
pub(crate) use word::{base_name, unversioned};

/// Shell text beyond this many bytes, heredoc bodies not counted, is not parsed.
const PARSED_BYTES: usize = 64 * 1024;

/// How deep `sh -c` inside `sh -c` is followed.
const SCRIPT_DEPTH: usize = 4;

/// One simple command: a program with its words and redirections.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a fact of its own about the command"
)]
pub struct Invocation {
    /// The program's file name without folders and wrappers, such as `python3`; empty for a bare
    /// assignment or redirection.
    pub program: String,
    /// The program as it was written, such as `./bin/run.sh`.
    pub written: String,
    /// The words after the program, unquoted and unexpanded.
    pub args: Vec<String>,
    /// Redirections in the order they are written.
    pub redirects: Vec<Redirect>,
    /// Assignments in front of the program, as name and unquoted value.
    pub assignments: Vec<(String, String)>,
    /// Programs that were removed from the front, outermost first, such as `sudo` and `timeout`.
    pub wrappers: Vec<String>,
    /// True when the command, or a list it belongs to, ends with `&`.
    pub background: bool,
    /// True when standard input comes from the command before it in a pipeline.
    pub piped_input: bool,
    /// True when standard output goes to the command behind it in a pipeline.
    pub piped_output: bool,
    /// True when what runs before decides whether, or how often, it runs: it stands in a branch, a loop
    /// or a function, behind `||`, or behind a test.
    pub conditional: bool,
    /// True when it runs in a shell of its own, which takes its working folder with it: `(…)`, `$(…)`.
    pub subshell: bool,
    /// True when a shell would still expand something in its words: `$x`, `$(…)`, backticks.
    pub expands: bool,
}

impl Invocation {
    /// About how many bytes the command takes in memory.
    pub(crate) fn weight(&self) -> usize {
        let words = self.args.iter().chain(&self.wrappers);
        let assigned = self
            .assignments
            .iter()
            .flat_map(|(name, value)| [name, value]);
        let redirects = self.redirects.iter().flat_map(|redirect| {
            let body = redirect.body.as_deref().unwrap_or_default();
            [redirect.op.as_str(), redirect.target.as_str(), body]
        });
        size_of::<Self>()
            + self.program.len()
            + self.written.len()
            + words
                .chain(assigned)
                .map(|word| 40 + word.len())
                .sum::<usize>()
            + redirects.map(|text| 40 + text.len()).sum::<usize>()
    }

    /// The text fed to standard input by a heredoc or here-string, if there is one; the last one wins.
    #[must_use]
    pub fn input_text(&self) -> Option<&str> {
        self.redirects
            .iter()
            .rev()
            .find_map(|redirect| redirect.body.as_deref())
    }
}

/// A redirection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Redirect {
    /// The operator without the descriptor: `>`, `>>`, `<`, `>&`, `&>`, `<<`, `<<<` …
    pub op: String,
    /// The descriptor in front of the operator, if one is written.
    pub descriptor: Option<String>,
    /// The unquoted target: a path, a descriptor number, a heredoc's delimiter, or empty for `<<<`.
    pub target: String,
    /// The text a heredoc or here-string feeds in.
    pub body: Option<String>,
    /// True when a shell expands that text first: the delimiter of the heredoc is not quoted.
    pub expands: bool,
}

impl Redirect {
    /// The path this redirection creates, truncates or appends to; `None` when it only reads, copies a
    /// descriptor or goes to a device that keeps nothing.
    #[must_use]
    pub fn written_path(&self) -> Option<&str> {
        let writes = match self.op.as_str() {
            ">" | ">>" | ">|" | "&>" | "&>>" | "<>" => true,
            ">&" => !self.target.bytes().all(|b| b.is_ascii_digit() || b == b'-'),
            _ => false,
        };
        (writes && !self.target.is_empty() && !is_volatile(&self.target)).then_some(&*self.target)
    }

    /// The path this redirection reads.
    #[must_use]
    pub fn read_path(&self) -> Option<&str> {
        (self.op == "<" && !self.target.is_empty() && !is_volatile(&self.target))
            .then_some(&*self.target)
    }
}

/// True for files that keep nothing of what is written to them.
pub(crate) fn is_volatile(path: &str) -> bool {
    matches!(
        path,
        "-" | "/dev/null" | "/dev/stdout" | "/dev/stderr" | "/dev/tty" | "/dev/zero"
        // PowerShell and cmd.
        | "$null" | "NUL" | "nul"
    ) || path.starts_with("/dev/fd/")
        || path.starts_with("/dev/tcp/")
        || path.starts_with("/dev/udp/")
        || path.starts_with('&')
}

/// The simple commands of a shell text, in the order they are written.
///
/// Text that is no valid shell gives the commands of the parts that are; nothing panics. Of a text that is
/// longer than 64 KiB without its heredoc bodies only the beginning is read.
#[must_use]
pub fn invocations(script: &str) -> Vec<Invocation> {
    read(&heredoc::lift(script), 0)
}

/// The simple commands of a text whose heredocs were already lifted.
pub(crate) fn invocations_of(lifted: &Lifted<'_>) -> Vec<Invocation> {
    read(lifted, 0)
}

fn read(lifted: &Lifted<'_>, depth: usize) -> Vec<Invocation> {
    let mut found = Vec::new();
    for plain in syntax::simple_commands(prefix(&lifted.text[..lifted.parsed]), &lifted.bodies) {
        for command in wrapper::unwrap(plain) {
            match wrapper::inner_script(&command) {
                Some(script) if depth < SCRIPT_DEPTH => {
                    found.extend(inner(&command, &script, depth));
                }
                _ => found.push(command),
            }
        }
    }
    found
}

/// The commands of a script that a shell is asked to run, carrying the outer command's redirections.
fn inner(outer: &Invocation, script: &str, depth: usize) -> Vec<Invocation> {
    let mut commands = read(&heredoc::lift(script), depth + 1);
    for command in &mut commands {
        let mut wrappers = outer.wrappers.clone();
        wrappers.push(outer.program.clone());
        wrappers.append(&mut command.wrappers);
        command.wrappers = wrappers;
        command.background |= outer.background;
        command.conditional |= outer.conditional;
        command.subshell = true;
    }
    let redirects = outer.redirects.iter().filter(|r| r.body.is_none()).cloned();
    match commands.last_mut() {
        Some(last) => last.redirects.extend(redirects),
        None => commands.push(outer.clone()),
    }
    commands
}

/// The part of `text` that is parsed: all of it, or whole lines up to the limit.
fn prefix(text: &str) -> &str {
    if text.len() <= PARSED_BYTES {
        return text;
    }
    let mut end = PARSED_BYTES;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    memchr::memrchr(b'\n', &text.as_bytes()[..end]).map_or(&text[..end], |line| &text[..line])
}

#[cfg(test)]
mod tests;
