//! Where the cache lives.

use std::path::PathBuf;

use etcetera::{BaseStrategy, choose_base_strategy};

/// The folder of the cache: what `CODETRACER_CACHE_DIR` names, else `codetracer` in the user's cache
/// folder (`$XDG_CACHE_HOME` or `~/.cache`; on Windows the local application data). `None` where
/// the user has no home.
#[must_use]
pub fn cache_folder() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os("CODETRACER_CACHE_DIR").filter(|name| !name.is_empty()) {
        return Some(PathBuf::from(named));
    }
    let folder = choose_base_strategy().ok()?.cache_dir();
    Some(folder.join("codetracer"))
}
