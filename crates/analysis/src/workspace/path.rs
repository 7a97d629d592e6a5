//! Paths as the run wrote them, made one name a file.

/// Longer paths are none the system takes (`PATH_MAX` of Linux). Without a bound a script that goes
/// down or up folder by folder would cost the square of its length.
const LONGEST: usize = 4096;

/// A path as it is compared: `/`-separated, without `.`, `..` and doubled separators where they can be
/// taken out, seen from `folder` when it is relative. `None` for what names no file: empty, a pattern,
/// something a shell has yet to expand, a device.
pub(super) fn normal(folder: &str, path: &str) -> Option<String> {
    let path = path.trim();
    if path.is_empty()
        || path.len() > LONGEST
        || path.contains(['*', '$', '`', '\n', '\0'])
        || path.starts_with("/dev/")
        || (path.contains('{') && path.contains(','))
        || path == "-"
    {
        return None;
    }
    let path = path.replace('\\', "/");
    let joined = if is_absolute(&path) || folder.is_empty() {
        path
    } else {
        format!("{folder}/{path}")
    };
    if joined.len() > LONGEST {
        return None;
    }
    let rooted = joined.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in joined.split('/') {
        match part {
            "" | "." => {}
            ".." => match parts.last() {
                Some(&"..") => parts.push(part),
                Some(_) => {
                    parts.pop();
                }
                None if rooted => {}
                None => parts.push(part),
            },
            part => parts.push(part),
        }
    }
    let body = parts.join("/");
    let normal = if rooted { format!("/{body}") } else { body };
    (!normal.is_empty() && normal != "/").then_some(normal)
}

/// True for paths that do not depend on a folder: `/x`, `~/x`, `C:/x`.
pub(super) fn is_absolute(path: &str) -> bool {
    path.starts_with(['/', '~'])
        || (path.as_bytes().get(1) == Some(&b':')
            && path.starts_with(|c: char| c.is_ascii_alphabetic()))
}
