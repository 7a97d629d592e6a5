//! A folder name for every run.

use std::collections::BTreeSet;

/// Longer names are cut: file systems end at 255 bytes, and hashes may follow.
const LONGEST: usize = 200;

/// Names that Windows keeps for devices, with any ending.
const DEVICES: &[&str] = &["aux", "con", "nul", "prn"];

/// Names the folders of the runs of one batch, each differently.
///
/// A run id that is a plain name keeps it. Any other has its odd characters replaced and gets eight
/// digits of its hash, so `a/b` and `a_b` do not meet. Where two runs of a batch have one id, or ids
/// that differ in case only, the later one gets the hash of its path too.
#[derive(Debug, Default)]
pub struct Folders {
    taken: BTreeSet<String>,
}

impl Folders {
    /// No run has a folder yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The name for the run `run_id`, which stands at `path`: one component, of letters, digits,
    /// `.`, `_` and `-`.
    pub fn name(&mut self, run_id: &str, path: &str) -> String {
        let plain = safe(run_id);
        let mut name = plain.clone();
        let mut more = 0_u32;
        while !self.taken.insert(name.to_ascii_lowercase()) {
            name = format!("{plain}-{}", digits(&[run_id, path, &more.to_string()]));
            more += 1;
        }
        name
    }
}

/// A run id as a name of one component.
fn safe(run_id: &str) -> String {
    let kept = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    let mut name: String = run_id
        .chars()
        .take(LONGEST)
        .map(|c| if kept(c) { c } else { '_' })
        .collect();
    let stem = name.split('.').next().unwrap_or_default();
    let stem = stem.to_ascii_lowercase();
    let port = |kind: &str| stem.strip_prefix(kind).is_some_and(|rest| rest.len() == 1);
    let device = DEVICES.contains(&stem.as_str()) || port("com") || port("lpt");
    // A leading dash reads like an option, a leading dot hides, a trailing dot is lost on Windows.
    let odd = name.is_empty() || name.starts_with(['.', '-']) || name.ends_with('.') || device;
    if odd {
        name.insert_str(0, "run_");
    }
    if odd || name != run_id {
        name = format!("{name}-{}", digits(&[run_id]));
    }
    name
}

/// Eight digits that stand for some texts.
fn digits(texts: &[&str]) -> String {
    let mut hash = blake3::Hasher::new();
    for text in texts {
        hash.update(&(text.len() as u64).to_le_bytes());
        hash.update(text.as_bytes());
    }
    hash.finalize().to_hex()[..8].to_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn plain_names_stay() {
        let mut folders = Folders::new();
        assert_eq!(folders.name("run-7.traj.json", "a"), "run-7.traj.json");
        assert!(
            folders
                .name("run-7.traj.json", "b")
                .starts_with("run-7.traj.json-")
        );
        assert!(
            folders
                .name("RUN-7.traj.json", "c")
                .starts_with("RUN-7.traj.json-")
        );
    }

    #[test]
    fn odd_names_stay_apart() {
        let mut folders = Folders::new();
        let odd = [
            "a/b", "a_b", "a\\b", "..", ".", "", "-x", "NUL.txt", "com1", "ä", "a#b", "x.",
        ];
        let names: BTreeSet<String> = odd.iter().map(|id| folders.name(id, "p")).collect();
        assert_eq!(names.len(), odd.len());
        assert!(names.contains("a_b"));
        insta::assert_debug_snapshot!(names);
    }

    proptest! {
        #[test]
        fn a_name_is_one_component(ids in proptest::collection::vec(any::<String>(), 0..8)) {
            let mut folders = Folders::new();
            let mut seen = BTreeSet::new();
            for id in &ids {
                let name = folders.name(id, "p");
                let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
                prop_assert!(name.chars().all(plain) && name.len() < 250);
                prop_assert!(!name.starts_with(['.', '-']) && !name.is_empty());
                prop_assert!(seen.insert(name.to_lowercase()));
            }
        }
    }
}
