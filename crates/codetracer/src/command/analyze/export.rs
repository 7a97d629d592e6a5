//! Diagnoses as files for other programs, and as advice for an agent.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fs;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use export::{ExportError, Folders, Profile, advice};
use tempfile::NamedTempFile;
use trace::Diagnosis;

use super::Analysed;
use crate::cli::ExportArgs;
use crate::input::counted;
use crate::output::{Output, inert, inert_json};
use crate::outside::check_outside;

/// Takes the documents of a batch.
pub(super) enum Exports {
    /// As files below a folder.
    Files(Box<Files>),
    /// As the one file of the one run, on standard output.
    Printed(Profile),
    /// As advice on standard output; `true` where it is for several runs.
    Advice(bool),
}

/// Where files go, and what was written.
pub(super) struct Files {
    out: PathBuf,
    profiles: BTreeSet<Profile>,
    inputs: Vec<PathBuf>,
    folders: Folders,
    files: usize,
    runs: usize,
}

impl Exports {
    /// What the arguments ask for of `runs` runs that are read from `inputs`; `None` where they ask for
    /// neither files nor advice.
    pub(super) fn of(
        args: &ExportArgs,
        inputs: Vec<PathBuf>,
        runs: usize,
    ) -> anyhow::Result<Option<Self>> {
        if args.advice {
            return Ok(Some(Self::Advice(runs > 1)));
        }
        let profiles: BTreeSet<Profile> = args.profile.iter().map(|&name| name.into()).collect();
        let Some(&first) = profiles.first() else {
            return Ok(None);
        };
        let Some(out) = args.out.clone() else {
            if profiles.len() > 1 || runs > 1 {
                bail!(
                    "{} of {} make several files; --out FOLDER says where to put them",
                    counted(profiles.len(), "profile"),
                    counted(runs, "run")
                );
            }
            return Ok(Some(Self::Printed(first)));
        };
        check_outside(&out, &inputs)?;
        fs::create_dir_all(&out).with_context(|| out.display().to_string())?;
        Ok(Some(Self::Files(Box::new(Files {
            out,
            profiles,
            inputs,
            folders: Folders::new(),
            files: 0,
            runs: 0,
        }))))
    }

    /// Takes one run. Gives false where its files could not be made; that was said then.
    pub(super) fn take(&mut self, done: &Analysed, output: &mut Output) -> anyhow::Result<bool> {
        let diagnosis = document(done)?;
        match self {
            Self::Files(files) => match files.write(&diagnosis) {
                Ok(paths) => {
                    for path in paths {
                        output.text(&format!("{}\n", inert(&path.display().to_string())))?;
                    }
                }
                Err(error) => {
                    output.error(&format!("{}: {error:#}", diagnosis.path));
                    return Ok(false);
                }
            },
            Self::Printed(profile) => {
                // Nothing is printed of a file that would not be valid.
                profile.write(&diagnosis, &mut |_| Ok(()))?;
                profile.write(&diagnosis, &mut |piece| output.text(&inert_json(piece)))?;
            }
            Self::Advice(several) => {
                if *several {
                    output.text(&format!("<!-- run {} -->\n\n", inert(&diagnosis.run_id)))?;
                }
                output.text(&inert(&advice(&diagnosis)))?;
                if *several {
                    output.text("\n---\n\n")?;
                }
            }
        }
        Ok(true)
    }

    /// Says what was written.
    pub(super) fn finish(&self, output: &Output) {
        if let Self::Files(files) = self {
            output.note(&format!(
                "{} for {}, checked against their schemas",
                counted(files.files, "file"),
                counted(files.runs, "run")
            ));
        }
    }
}

impl Files {
    /// Writes the files of one run: all of them or, where one would not be valid, none.
    fn write(&mut self, diagnosis: &Diagnosis) -> anyhow::Result<Vec<PathBuf>> {
        let name = self.folders.name(&diagnosis.run_id, &diagnosis.path);
        let folder = self.out.join(name);
        // A run of an earlier call, or a link, may stand under that name.
        check_outside(&folder, &self.inputs)?;
        let mut ready = Vec::new();
        for &profile in &self.profiles {
            ready.push((
                self.ready(profile, diagnosis)?,
                folder.join(profile.file_name()),
            ));
        }
        fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
        let mut written = Vec::new();
        for (file, path) in ready {
            file.persist(&path)
                .with_context(|| path.display().to_string())?;
            written.push(path);
        }
        self.files += written.len();
        self.runs += 1;
        Ok(written)
    }

    /// A whole and valid file beside the place it is for.
    fn ready(&self, profile: Profile, diagnosis: &Diagnosis) -> anyhow::Result<NamedTempFile> {
        let file = temporary(&self.out).with_context(|| self.out.display().to_string())?;
        let mut writer = BufWriter::new(file);
        let made = profile.write(diagnosis, &mut |piece| {
            writer.write_all(inert_json(piece).as_bytes())
        });
        made.and_then(|()| writer.flush().map_err(ExportError::from))?;
        Ok(writer
            .into_inner()
            .map_err(std::io::IntoInnerError::into_error)?)
    }
}

/// A file that is gone unless it is given its name, and then is like any other the user makes.
fn temporary(folder: &Path) -> std::io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".codetracer-").suffix(".part");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    builder.tempfile_in(folder)
}

/// The document of a run that was analysed.
fn document(done: &Analysed) -> anyhow::Result<Cow<'_, Diagnosis>> {
    Ok(match &done.long {
        Some(long) => Cow::Borrowed(long),
        None => Cow::Owned(serde_json::from_str(&done.text)?),
    })
}
