//! Files by what they are called at different times, and their versions.

use std::collections::HashMap;

use analysis::IndexedStep;
use analysis::workspace::{Operation, Workspace};
use trace::{ActionKind, Change, StepId};

use super::naming::Named;
use crate::facts::file::file_name;

/// Files that the text of one file names, as far as they are kept.
const NAMED: usize = 16;

/// Files of one name that are compared when a path is looked up: the ones met last.
const NAMESAKES: usize = 32;

/// Paths of one step that are looked at; what names more is a sweep, not a cause.
pub(super) const PATHS: usize = 32;

/// Something a step did to a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Written<'s> {
    /// The path as written.
    pub(super) path: &'s str,
    /// What became of what was there.
    pub(super) how: How,
}

/// What a write leaves of the version before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum How {
    /// Nothing: the file is written anew.
    Whole,
    /// The rest of it, or nobody knows.
    Part,
    /// The file goes away.
    Gone,
}

/// The files a step writes, in order. The only place where the graph asks what was written: first what
/// the files as rebuilt say, then what the step names beside them.
pub(super) fn written<'s>(
    step: &'s IndexedStep<'_>,
    workspace: &'s Workspace,
) -> impl Iterator<Item = Written<'s>> {
    let rebuilt = || workspace.written_by(step.id).take(PATHS);
    let named = step.reading.effect.writes.iter().take(PATHS);
    let more = named.filter(move |path| {
        let name = file_name(path);
        !rebuilt().any(|(file, _)| file_name(&file.path) == name)
    });
    let rebuilt = rebuilt().map(|(file, version)| Written {
        path: &file.path,
        how: match version.operation {
            Operation::Write | Operation::Copy | Operation::Restore | Operation::Move => How::Whole,
            Operation::Delete => How::Gone,
            _ => How::Part,
        },
    });
    rebuilt.chain(more.map(|path| Written {
        path,
        how: how(step, path),
    }))
}

fn how(step: &IndexedStep<'_>, path: &str) -> How {
    if let ActionKind::Edit { edits } = &step.step.action.kind {
        let last = edits.iter().rev().find(|edit| edit.path == path);
        return match last.map(|edit| &edit.change) {
            Some(Change::Write { .. }) => How::Whole,
            Some(Change::Delete | Change::Rename { .. }) => How::Gone,
            _ => How::Part,
        };
    }
    let mut how = How::Part;
    for command in &step.reading.commands {
        let redirected = command
            .redirects
            .iter()
            .find(|r| r.written_path() == Some(path));
        if let Some(redirect) = redirected {
            how = if redirect.op == ">>" {
                How::Part
            } else {
                How::Whole
            };
        } else if command.args.iter().any(|arg| arg == path) {
            let first = command.args.iter().find(|arg| !arg.starts_with('-'));
            how = match command.program.as_str() {
                "rm" | "unlink" | "shred" | "rmdir" => How::Gone,
                "mv" if first.is_some_and(|arg| arg == path) => How::Gone,
                "mv" | "cp" => How::Whole,
                "tee" if !command.args.iter().any(|arg| arg == "-a") => How::Whole,
                _ => how,
            };
        }
    }
    how
}

/// One state of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Version {
    pub(super) file: u32,
    /// How often the file had been written then.
    pub(super) number: u32,
    /// Who made it; `None` for a file the run found.
    pub(super) writer: Option<StepId>,
    pub(super) how: How,
    /// The version it was made from or put in place of.
    pub(super) before: Option<u32>,
    /// The step that wrote the next one.
    pub(super) replaced: Option<(StepId, How)>,
    /// Its node.
    pub(super) item: u32,
    /// The first step that ran or used it and worked.
    pub(super) worked: Option<StepId>,
    /// The first step that ran or used it and failed.
    pub(super) failed: Option<StepId>,
}

struct File {
    path: String,
    last: u32,
}

/// Every file of a run and its versions.
#[derive(Default)]
pub(super) struct Files {
    named: HashMap<String, Vec<u32>>,
    files: Vec<File>,
    pub(super) versions: Vec<Version>,
    /// Which version a node is.
    of_item: HashMap<u32, u32>,
    /// The file written last of each name without its ending.
    modules: HashMap<String, u32>,
    /// The files that the text of a file names.
    names: HashMap<u32, Vec<u32>>,
    /// The file that was written first, and the first other one.
    first_written: Option<(StepId, u32)>,
    other_written: Option<(StepId, u32)>,
}

impl Files {
    /// The present version of the file a path means.
    pub(super) fn present(&self, path: &str) -> Option<u32> {
        let file = self.find(&clean(path))?;
        Some(self.files[file as usize].last)
    }

    /// Adds a version; `node` makes its node out of the full path and the number of the version.
    pub(super) fn add(
        &mut self,
        path: &str,
        writer: Option<StepId>,
        how: How,
        node: impl FnOnce(&str, u32) -> Option<u32>,
    ) -> Option<u32> {
        let path = clean(path);
        if file_name(&path).is_empty() {
            return None;
        }
        let known = self.find(&path);
        let before = known.map(|file| self.files[file as usize].last);
        let number = match before {
            Some(before) => self.versions[before as usize].number + 1,
            None => u32::from(writer.is_some()),
        };
        let name = known.map_or(path.as_str(), |file| &self.files[file as usize].path);
        let item = node(name, number)?;
        let version = u32::try_from(self.versions.len()).ok()?;
        let file = match known {
            Some(file) => file,
            None => self.new_file(path, version)?,
        };
        self.files[file as usize].last = version;
        if let Some(writer) = writer {
            match self.first_written {
                None => self.first_written = Some((writer, file)),
                Some((_, first)) if first != file && self.other_written.is_none() => {
                    self.other_written = Some((writer, file));
                }
                Some(_) => {}
            }
        }
        if let (Some(before), Some(writer)) = (before, writer) {
            self.versions[before as usize].replaced = Some((writer, how));
        }
        if writer.is_some()
            && let Some((stem, _)) = file_name(&self.files[file as usize].path).rsplit_once('.')
        {
            self.modules.insert(stem.to_owned(), file);
        }
        self.versions.push(Version {
            file,
            number,
            writer,
            how,
            before,
            replaced: None,
            item,
            worked: None,
            failed: None,
        });
        self.of_item.insert(item, version);
        Some(version)
    }

    /// Notes that the text of a version names a file; gives the present version of that one.
    pub(super) fn name(&mut self, version: u32, named: &Named<'_>) -> Option<u32> {
        let by = self.versions.get(version as usize)?.file;
        let file = match named {
            Named::File(path) => self.find(&clean(path))?,
            Named::Module(module) => *self.modules.get(*module)?,
        };
        let known = self.names.entry(by).or_default();
        if file == by || known.len() >= NAMED && !known.contains(&file) {
            return None;
        }
        if !known.contains(&file) {
            known.push(file);
        }
        Some(self.files[file as usize].last)
    }

    /// The present versions of the files that the text of a version's file names.
    pub(super) fn named_by(&self, version: u32) -> impl Iterator<Item = u32> + '_ {
        let file = self.versions.get(version as usize).map(|v| v.file);
        let names = file.and_then(|file| self.names.get(&file));
        let names = names.into_iter().flatten();
        names.map(|&file| self.files[file as usize].last)
    }

    /// The version a node stands for.
    pub(super) fn of_item(&self, item: u32) -> Option<u32> {
        self.of_item.get(&item).copied()
    }

    /// The path of a version's file, the longest it was called by.
    pub(super) fn path(&self, version: u32) -> &str {
        let version = self.versions.get(version as usize);
        let file = version.and_then(|v| self.files.get(v.file as usize));
        file.map_or("", |file| &file.path)
    }

    /// The last version of every file the run wrote, in the order in which the files first occur.
    pub(super) fn last_versions(&self) -> impl Iterator<Item = u32> {
        let last = self.files.iter().map(|file| file.last);
        last.filter(|&v| self.versions[v as usize].writer.is_some())
    }

    /// True when other files than this one were written, but none before a step.
    pub(super) fn leads(&self, file: u32, step: StepId) -> bool {
        let written = [self.first_written, self.other_written];
        let other = written.into_iter().flatten().find(|(_, it)| *it != file);
        other.is_some_and(|(at, _)| at >= step)
    }

    fn new_file(&mut self, path: String, version: u32) -> Option<u32> {
        let file = u32::try_from(self.files.len()).ok()?;
        let namesakes = self.named.entry(file_name(&path).to_owned()).or_default();
        namesakes.push(file);
        self.files.push(File {
            path,
            last: version,
        });
        Some(file)
    }

    /// The file a path means: the one met last of those it can stand for. What folder a relative path
    /// starts from is seldom known, so it stands for every path it ends.
    fn find(&self, path: &str) -> Option<u32> {
        let namesakes = self.named.get(file_name(path))?;
        let fits = |&&file: &&u32| same(&self.files[file as usize].path, path);
        namesakes.iter().rev().take(NAMESAKES).find(fits).copied()
    }
}

/// Whether two cleaned paths can mean one file.
fn same(one: &str, other: &str) -> bool {
    let (long, short) = if one.len() >= other.len() {
        (one, other)
    } else {
        (other, one)
    };
    long.strip_suffix(short)
        .is_some_and(|rest| rest.is_empty() || (rest.ends_with('/') && !short.starts_with('/')))
}

/// A path without what says nothing: `./`, `a/../`, doubled and closing slashes.
fn clean(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.trim().split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            ".." if path.starts_with('/') => {}
            part => parts.push(part),
        }
    }
    let root = if path.starts_with('/') { "/" } else { "" };
    format!("{root}{}", parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::{Files, How, clean, same};
    use trace::StepId;

    #[test]
    fn a_relative_path_means_the_file_it_ends() {
        assert_eq!(clean("./src//a/../b.py/"), "src/b.py");
        assert_eq!(clean("/../x"), "/x");
        assert!(same("/app/src/a.py", "src/a.py"));
        assert!(!same("/app/src/a.py", "/src/a.py"));
        assert!(!same("/app/ba.py", "a.py"));
    }

    #[test]
    fn versions_know_what_they_were_made_from() {
        let mut files = Files::default();
        let mut items = 0..;
        let mut add = |files: &mut Files, path: &str, step, how| {
            files.add(path, StepId::new(step), how, |_, _| items.next())
        };
        let first = add(&mut files, "/app/a.py", 1, How::Whole);
        let second = add(&mut files, "a.py", 2, How::Part);
        let other = add(&mut files, "/etc/a.py", 3, How::Whole);
        assert_eq!(files.present("app/a.py"), second);
        assert_eq!(files.present("/etc/a.py"), other);
        let second = files.versions[second.unwrap_or_default() as usize];
        assert_eq!((second.before, second.number), (first, 2));
        assert_eq!(
            files.versions[0].replaced,
            StepId::new(2).zip(Some(How::Part))
        );
    }
}
