//! What a file is called.

/// The last part of a path: what remains the same whatever folder a command runs in.
#[must_use]
pub(crate) fn file_name(path: &str) -> &str {
    path.trim_end_matches('/')
        .rsplit('/')
        .next()
        .unwrap_or(path)
}
