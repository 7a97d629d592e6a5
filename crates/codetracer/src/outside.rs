//! Nothing is ever written where the inputs are.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::bail;

/// Refuses to write to `out` where that lies below one of the inputs, by whatever name or link.
pub(crate) fn check_outside<P: AsRef<Path>>(out: &Path, inputs: &[P]) -> anyhow::Result<()> {
    let out = real(out);
    for input in inputs {
        if let (Some(out), Some(input)) = (&out, real(input.as_ref()))
            && out.starts_with(&input)
        {
            bail!("--out lies within {}, which is only read", input.display());
        }
    }
    Ok(())
}

/// Where a path really leads; what of it does not exist yet is taken by its name.
fn real(path: &Path) -> Option<PathBuf> {
    let known = path.ancestors().find_map(|part| {
        let rest = path.strip_prefix(part).ok()?;
        // The parent of a single name is written as nothing.
        let part = if part.as_os_str().is_empty() {
            Path::new(".")
        } else {
            part
        };
        Some(fs::canonicalize(part).ok()?.join(rest))
    });
    known.or_else(|| std::path::absolute(path).ok())
}
