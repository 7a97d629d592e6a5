//! The learned extractors of one user: a folder of package documents.
//!
//! `extractors/<name>/<version>-<hash>.json` are the packages; nothing else is the truth. The list
//! `extractors/index.json` is rebuilt from them after every change and is for other programs to
//! read. Files are written beside their place and renamed into it, so a reader sees a whole file or
//! none, and two programs that add the same package write the same bytes.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Serialize;
use thiserror::Error;

use super::evolve::samples_of_line;
use super::package::{MOST_BYTES, Package, PackageError, check_name};
use super::validate::check;

/// The learned extractors in one data folder.
#[derive(Debug, Clone, Default)]
pub struct Registry {
    folder: PathBuf,
    packages: Vec<Arc<Package>>,
    /// The files of each package, by its hash: a file may have any name.
    files: BTreeMap<String, Vec<PathBuf>>,
    broken: Vec<Broken>,
}

/// A file of the registry that is no package.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Broken {
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it.
    pub what: String,
}

/// Why the registry did not do what was asked.
#[derive(Debug, Error)]
pub enum RegistryError {
    /// The folder could not be read or written.
    #[error("{}: {source}", .path.display())]
    Io {
        /// File or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// No such package.
    #[error("no learned extractor `{wanted}`; there are: {known}")]
    Unknown {
        /// As asked for.
        wanted: String,
        /// What there is.
        known: String,
    },
    /// Another layout has the name.
    #[error(
        "`{name}` names another learned layout (origin {theirs}, this one {ours}); give it another name"
    )]
    Clash {
        /// The name.
        name: String,
        /// Origin of what is there.
        theirs: String,
        /// Origin of what comes.
        ours: String,
    },
    /// A revision does not keep what the versions before it prove.
    #[error("`{package}` cannot follow the versions that are here: {why}; give it another name")]
    Unproven {
        /// Name and version.
        package: String,
        /// What is missing.
        why: String,
    },
    /// The document is no package.
    #[error(transparent)]
    Package(#[from] PackageError),
}

impl Registry {
    /// What stands in `Trajectory::format` for a file read by its structure alone.
    pub const RESERVED: &'static str = "induced";

    /// Opens the registry in a data folder; a folder that is not there is an empty registry. Files
    /// that are no packages are named in [`Self::broken`] and passed over.
    ///
    /// # Errors
    /// When the folder is there and cannot be listed.
    pub fn open(data: &Path) -> Result<Self, RegistryError> {
        let folder = data.join("extractors");
        let mut registry = Self {
            folder: folder.clone(),
            ..Self::default()
        };
        for name in names_in(&folder)? {
            let inner = folder.join(&name);
            if !inner.is_dir() {
                continue;
            }
            for file in names_in(&inner)? {
                let path = inner.join(&file);
                if !has_ending(&file, ".json") {
                    continue;
                }
                match read(&path, &name) {
                    Ok(package) => {
                        let hash = package.hash().to_owned();
                        registry.files.entry(hash).or_default().push(path);
                        registry.packages.push(Arc::new(package));
                    }
                    // Removed between listing and reading: another program did that on purpose.
                    Err(what) if !path.exists() => drop(what),
                    Err(what) => registry.broken.push(Broken { path, what }),
                }
            }
        }
        registry.sort();
        Ok(registry)
    }

    fn sort(&mut self) {
        self.packages
            .sort_by(|a, b| (&a.name, a.version, a.hash()).cmp(&(&b.name, b.version, b.hash())));
        self.packages.dedup_by(|a, b| a.hash() == b.hash());
    }

    /// All packages, by name and version.
    #[must_use]
    pub fn packages(&self) -> &[Arc<Package>] {
        &self.packages
    }

    /// Files that are no packages.
    #[must_use]
    pub fn broken(&self) -> &[Broken] {
        &self.broken
    }

    /// The folder the packages stand in.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The versions of a layout, oldest first.
    #[must_use = "nothing is done but looking"]
    pub fn versions(&self, name: &str) -> impl DoubleEndedIterator<Item = &Arc<Package>> {
        self.packages
            .iter()
            .filter(move |package| package.name == name)
    }

    /// The package `name`, its newest version, or `name@version`; a version may also be the
    /// beginning of a hash.
    ///
    /// # Errors
    /// [`RegistryError::Unknown`].
    pub fn get(&self, wanted: &str) -> Result<&Arc<Package>, RegistryError> {
        let found = match wanted.split_once('@') {
            None => self.versions(wanted).next_back(),
            Some((name, version)) => self.versions(name).rfind(|package| {
                package.version.to_string() == version
                    || version.len() >= 6 && package.hash().starts_with(version)
            }),
        };
        found.ok_or_else(|| RegistryError::Unknown {
            wanted: wanted.to_owned(),
            known: self.known(),
        })
    }

    fn known(&self) -> String {
        if self.packages.is_empty() {
            return "none".to_owned();
        }
        let names: Vec<String> = self.packages.iter().map(ToString::to_string).collect();
        names.join(", ")
    }

    /// The versions a package descends from and itself, oldest first, as far as they are here.
    #[must_use]
    pub fn line(&self, package: &Package) -> Vec<Arc<Package>> {
        let mut line = Vec::new();
        let mut next = Some(package.hash().to_owned());
        while let Some(hash) = next.take() {
            let found = self.packages.iter().find(|package| package.hash() == hash);
            // A chain cannot be longer than there are packages: hashes cannot form a circle.
            let Some(found) = found.filter(|_| line.len() < self.packages.len()) else {
                break;
            };
            next.clone_from(&found.provenance.parent);
            line.push(Arc::clone(found));
        }
        line.reverse();
        line
    }

    /// Whether a package may be added: its name is free, or it is of the layout that has the name
    /// and goes on reading what that layout's versions here prove.
    ///
    /// What a package says of its descent is its own word. So its parent must be here, and the
    /// samples of the parent's line, and of the newest version it would stand before, must be among
    /// its own and still give the same steps. An ancestor of a version here is known by its hash.
    ///
    /// # Errors
    /// [`RegistryError::Clash`] when the name belongs to a layout of another origin,
    /// [`RegistryError::Unproven`] when it drops something, [`RegistryError::Package`] for a name
    /// no package may have.
    pub fn check(&self, package: &Package) -> Result<(), RegistryError> {
        if package.name == Self::RESERVED {
            let what = format!(
                "name `{}`: it stands for reading without an extractor",
                package.name
            );
            return Err(PackageError::Invalid(what).into());
        }
        let Some(newest) = self.versions(&package.name).next_back() else {
            return Ok(());
        };
        if newest.origin() != package.origin() {
            let short = |hash: &str| hash.get(..12).unwrap_or_default().to_owned();
            return Err(RegistryError::Clash {
                name: package.name.clone(),
                theirs: short(newest.origin()),
                ours: short(package.origin()),
            });
        }
        let is_ancestor = self.versions(&package.name).any(|known| {
            let parent = known.provenance.parent.as_deref();
            known.hash() == package.hash()
                || known.origin() == package.hash()
                || parent == Some(package.hash())
        });
        if is_ancestor {
            return Ok(());
        }
        self.unproven(package, newest).map_or(Ok(()), |why| {
            Err(RegistryError::Unproven {
                package: package.to_string(),
                why,
            })
        })
    }

    /// What a revision drops of the versions here.
    fn unproven(&self, package: &Package, newest: &Package) -> Option<String> {
        let parent = package.provenance.parent.as_deref();
        let Some(parent) = self
            .versions(&package.name)
            .find(|known| Some(known.hash()) == parent)
        else {
            return Some("the version it was made from is not here".to_owned());
        };
        if package.version <= parent.version {
            return Some(format!("it was made from {parent} and is not newer"));
        }
        let mut samples = samples_of_line(self, parent);
        if package.version >= newest.version {
            samples.extend(samples_of_line(self, newest));
        }
        if let Some(gone) = samples.iter().find(|old| !package.samples.contains(old)) {
            return Some(format!("it does not carry sample {}", gone.name));
        }
        let wrong = check(&package.program, package.limits, &samples);
        wrong.first().map(ToString::to_string)
    }

    /// Adds a package.
    ///
    /// # Errors
    /// Those of [`Self::check`], and I/O errors.
    pub fn add(&mut self, package: Package) -> Result<Arc<Package>, RegistryError> {
        self.check(&package)?;
        let path = self.path_of(&package);
        write_whole(&path, package.document()?.as_bytes())?;
        let package = Arc::new(package);
        let files = self.files.entry(package.hash().to_owned()).or_default();
        if !files.contains(&path) {
            files.push(path);
        }
        self.packages.push(Arc::clone(&package));
        self.sort();
        self.write_index()?;
        Ok(package)
    }

    /// Removes a layout (`name`) or one version of it (`name@version`); gives what was removed.
    ///
    /// # Errors
    /// [`RegistryError::Unknown`], and I/O errors.
    pub fn remove(&mut self, wanted: &str) -> Result<Vec<Arc<Package>>, RegistryError> {
        let gone: Vec<Arc<Package>> = if wanted.contains('@') {
            vec![Arc::clone(self.get(wanted)?)]
        } else {
            self.get(wanted)?;
            self.versions(wanted).cloned().collect()
        };
        for package in &gone {
            for path in self.files.remove(package.hash()).unwrap_or_default() {
                remove_file(&path)?;
            }
            // Stays when another version is in it.
            let _ = std::fs::remove_dir(self.folder.join(&package.name));
        }
        self.packages
            .retain(|package| !gone.iter().any(|old| old.hash() == package.hash()));
        self.write_index()?;
        Ok(gone)
    }

    /// Removes the files of [`Self::broken`] that stand under a name, such as those of a layout that
    /// has become a built-in one; gives what was removed, nothing where there is none.
    ///
    /// # Errors
    /// I/O errors.
    pub fn remove_broken(&mut self, name: &str) -> Result<Vec<PathBuf>, RegistryError> {
        let folder = self.folder.join(name);
        let (gone, stay): (Vec<Broken>, Vec<Broken>) = std::mem::take(&mut self.broken)
            .into_iter()
            .partition(|broken| broken.path.parent() == Some(&folder));
        self.broken = stay;
        for broken in &gone {
            remove_file(&broken.path)?;
        }
        if !gone.is_empty() {
            // Stays when a good version is in it.
            let _ = std::fs::remove_dir(&folder);
            self.write_index()?;
        }
        Ok(gone.into_iter().map(|broken| broken.path).collect())
    }

    fn path_of(&self, package: &Package) -> PathBuf {
        let short = package.hash().get(..16).unwrap_or_default();
        let name = format!("{}-{short}.json", package.version);
        self.folder.join(&package.name).join(name)
    }

    /// Writes the list anew. What another program added meanwhile belongs into it as well: whoever
    /// wrote a list looks again after it, so the last one written is whole.
    fn write_index(&self) -> Result<(), RegistryError> {
        const MOST_TRIES: usize = 16;
        let data = self.folder.parent().unwrap_or(&self.folder);
        let mut now = Self::open(data)?;
        for _ in 0..MOST_TRIES {
            write_whole(&self.folder.join("index.json"), now.index()?.as_bytes())?;
            let then = Self::open(data)?;
            let same = |a: &Self, b: &Self| {
                let hashes = |of: &Self| of.packages.iter().map(|p| p.hash().to_owned()).collect();
                let (a, b): (Vec<String>, Vec<String>) = (hashes(a), hashes(b));
                a == b
            };
            if same(&now, &then) {
                break;
            }
            now = then;
        }
        Ok(())
    }

    fn index(&self) -> Result<String, RegistryError> {
        #[derive(Serialize)]
        struct Row<'p> {
            version: u32,
            hash: &'p str,
            title: &'p str,
        }
        let mut index: BTreeMap<&str, Vec<Row<'_>>> = BTreeMap::new();
        for package in &self.packages {
            index.entry(&package.name).or_default().push(Row {
                version: package.version,
                hash: package.hash(),
                title: &package.title,
            });
        }
        let mut text = serde_json::to_string_pretty(&index)
            .map_err(|error| PackageError::Invalid(error.to_string()))?;
        text.push('\n');
        Ok(text)
    }
}

/// Removes a file; one that another program removed first is removed.
fn remove_file(path: &Path) -> Result<(), RegistryError> {
    match std::fs::remove_file(path) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => Err(RegistryError::Io {
            path: path.to_owned(),
            source,
        }),
        _ => Ok(()),
    }
}

fn has_ending(name: &str, ending: &str) -> bool {
    name.ends_with(ending) && !name.starts_with('.')
}

/// Reads one package file, which must stand where its content says.
fn read(path: &Path, folder: &str) -> Result<Package, String> {
    let size = std::fs::metadata(path)
        .map_err(|error| error.to_string())?
        .len();
    if size > MOST_BYTES as u64 {
        return Err(format!("{size} bytes; a package has at most {MOST_BYTES}"));
    }
    let text = std::fs::read_to_string(path).map_err(|error| error.to_string())?;
    let package = Package::parse(&text).map_err(|error| error.to_string())?;
    check_name(folder)?;
    if package.name != folder {
        return Err(format!(
            "stands in the folder `{folder}` but is named `{}`",
            package.name
        ));
    }
    Ok(package)
}

/// The names in a folder, sorted; none when it is not there.
fn names_in(folder: &Path) -> Result<Vec<String>, RegistryError> {
    let failed = |source| RegistryError::Io {
        path: folder.to_owned(),
        source,
    };
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed(error)),
    };
    let mut names = Vec::new();
    for entry in entries {
        names.extend(entry.map_err(failed)?.file_name().into_string().ok());
    }
    names.sort();
    Ok(names)
}

/// Writes a file so that it is there whole or not at all.
fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), RegistryError> {
    let failed = |source| RegistryError::Io {
        path: path.to_owned(),
        source,
    };
    let folder = path.parent().unwrap_or(path);
    // A program that removes the last version of a layout takes the folder away between our making
    // it and writing into it; then it is made again.
    let mut tries = 0;
    let mut file = loop {
        std::fs::create_dir_all(folder).map_err(failed)?;
        match tempfile::Builder::new().prefix(".new-").tempfile_in(folder) {
            Ok(file) => break file,
            Err(error) if error.kind() == io::ErrorKind::NotFound && tries < 8 => tries += 1,
            Err(error) => return Err(failed(error)),
        }
    };
    file.write_all(bytes).map_err(failed)?;
    file.as_file().sync_all().map_err(failed)?;
    file.persist(path).map_err(|error| failed(error.error))?;
    Ok(())
}

#[cfg(test)]
mod tests;
