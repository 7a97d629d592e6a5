//! Where this program keeps what belongs to its user: the learned extractors, and what runs taught.

use std::env;
use std::path::PathBuf;

use anyhow::Context;
use formats::Learned;
use formats::learned::Registry;

use crate::cli::Flags;
use crate::output::Output;

/// The variable that names another data folder.
const VARIABLE: &str = "CODETRACER_DATA_DIR";

/// The data folder: what the variable says, or where the system keeps such data. `None` on a system
/// without a home.
pub(crate) fn folder() -> Option<PathBuf> {
    let set = |name: &str| env::var_os(name).filter(|value| !value.is_empty());
    if let Some(folder) = set(VARIABLE) {
        return Some(folder.into());
    }
    let base = if cfg!(windows) {
        PathBuf::from(set("APPDATA")?)
    } else if cfg!(target_os = "macos") {
        env::home_dir()?.join("Library/Application Support")
    } else {
        // By the XDG specification a relative path is not one.
        let stated = set("XDG_DATA_HOME").map(PathBuf::from);
        match stated.filter(|path| path.is_absolute()) {
            Some(path) => path,
            None => env::home_dir()?.join(".local/share"),
        }
    };
    Some(base.join("codetracer"))
}

/// The folder of the lessons of earlier runs; `None` on a system without a home.
pub(crate) fn lessons() -> Option<PathBuf> {
    Some(folder()?.join("memory"))
}

/// The registry of learned extractors.
pub(crate) fn registry() -> anyhow::Result<Registry> {
    let folder = folder().with_context(|| format!("no home folder; set {VARIABLE}"))?;
    Ok(Registry::open(&folder)?)
}

/// What may read files besides the built-in extractors. A registry that cannot be opened, and every
/// broken file in it, is named, and the work goes on without it.
pub(crate) fn learned(flags: &Flags, output: &Output) -> Learned {
    if flags.no_learned {
        return Learned::default();
    }
    if folder().is_none() {
        return Learned::by_structure();
    }
    match registry() {
        Ok(registry) => {
            for broken in registry.broken() {
                output.note(&format!(
                    "note: {}: not a learned extractor: {}",
                    broken.path.display(),
                    broken.what
                ));
            }
            Learned::of(&registry)
        }
        Err(error) => {
            output.note(&format!("note: learned extractors are not used: {error:#}"));
            Learned::by_structure()
        }
    }
}
