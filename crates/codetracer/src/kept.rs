//! Diagnoses of earlier calls: what was worked out of the same files by the same program is not
//! worked out again.
//!
//! Two things are kept. Under the run's fingerprint, its diagnosis with the files it was made from:
//! it holds while their content does, so a changed file costs its own run and no other. And under
//! the path as it was given, the runs found there with the state of everything below: while nothing
//! there has changed by the file system's word, no file is opened at all.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use formats::pile::{Limits, Listing};
use formats::{Fingerprints, Learned, Run};
use localize::Options;
use serde::{Deserialize, Serialize};
use store::{Answer, Cache, Dependency, Key, Stamp, is_settled};
use trace::{StepId, Verdict};

use crate::input::Input;
use crate::output::Output;

/// How large the cache may grow, unless `CODETRACER_CACHE_MB` says otherwise.
const MOST_MEGABYTES: u64 = 512;

/// What a run came to.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Kept {
    /// The verdict; `None` for a run that could not be read.
    pub(crate) verdict: Option<Verdict>,
    /// The diagnosis document as one line, or why the run could not be read.
    pub(crate) text: String,
    /// What was odd about the artifact.
    pub(crate) warnings: Vec<String>,
    /// The first step whose observation shows a failure.
    pub(crate) first_failing: Option<StepId>,
}

/// The runs of a path nothing was changed under.
pub(crate) struct KeptPile {
    /// The runs' keys, in order.
    pub(crate) runs: Vec<Key>,
    /// What is said of files that were not read.
    pub(crate) left_out: Option<String>,
}

/// What a path looked like before anything under it was read.
pub(crate) struct Seen {
    key: Key,
    listing: Listing,
    at: SystemTime,
}

/// The cache, as this program uses it.
pub(crate) struct Diagnoses {
    cache: Cache,
    /// Identifies the program and its options: others conclude otherwise.
    program: blake3::Hash,
}

/// Opens the cache; `None` with the reason where there is none.
pub(crate) fn open_cache() -> Result<Cache, String> {
    let folder = store::cache_folder().ok_or("no folder for it: this user has no home")?;
    let limit = std::env::var("CODETRACER_CACHE_MB").ok();
    let megabytes = limit
        .and_then(|text| text.parse().ok())
        .unwrap_or(MOST_MEGABYTES);
    Cache::open(&folder, megabytes << 20)
}

impl Diagnoses {
    /// Opens the cache for this program and these options. Where that fails it is noted and the
    /// work goes on without.
    pub(crate) fn open(options: Options, learned: &Learned, output: &Output) -> Option<Self> {
        match open_cache() {
            Ok(cache) => Some(Self {
                cache,
                program: program(options, learned),
            }),
            Err(error) => {
                output.note(&format!("note: works without a cache: {error}"));
                None
            }
        }
    }

    /// Looks at what lies under a path, without opening any of it.
    pub(crate) fn look(&self, path: &Path) -> Option<Seen> {
        let at = SystemTime::now();
        let listing = Listing::of(path, &Limits::default()).ok()?;
        let place = std::path::absolute(path).ok()?;
        let key = self.hash(&[
            b"pile",
            path.as_os_str().as_encoded_bytes(),
            place.as_os_str().as_encoded_bytes(),
        ]);
        Some(Seen { key, listing, at })
    }

    /// The runs under a path, where nothing there has changed since they were found.
    pub(crate) fn pile(&self, seen: &Seen) -> Option<KeptPile> {
        let kept = self.cache.answer(&seen.key)?.content;
        let (listing, rest) = kept.split_first_chunk::<{ blake3::OUT_LEN }>()?;
        if *listing != *seen.listing.hash.as_bytes() {
            return None;
        }
        let (length, rest) = rest.split_first_chunk()?;
        let length = usize::try_from(u64::from_le_bytes(*length)).ok()?;
        let (left_out, keys) = rest.split_at_checked(length)?;
        let left_out = std::str::from_utf8(left_out).ok()?;
        let keys = keys.as_chunks::<{ blake3::OUT_LEN }>().0;
        let runs: Vec<Key> = keys.iter().map(|key| Key::from_bytes(*key)).collect();
        self.cache.has_all(&runs).then(|| KeptPile {
            runs,
            left_out: (!left_out.is_empty()).then(|| left_out.to_owned()),
        })
    }

    /// Keeps which runs a path holds. Not where a file changed just before it was looked at: it may
    /// have changed again since, within one tick of the file system's clock.
    pub(crate) fn keep_pile(&self, seen: &Seen, runs: &[Key], left_out: Option<&str>) {
        if runs.is_empty() || !is_settled(seen.listing.newest, seen.at) {
            return;
        }
        let left_out = left_out.unwrap_or_default();
        let mut content = seen.listing.hash.as_bytes().to_vec();
        content.extend_from_slice(&(left_out.len() as u64).to_le_bytes());
        content.extend_from_slice(left_out.as_bytes());
        for key in runs {
            content.extend_from_slice(key.as_bytes());
        }
        let answer = Answer {
            dependencies: Vec::new(),
            content,
        };
        self.cache.keep([(seen.key, &answer)]);
    }

    /// The keys of all runs of an input.
    pub(crate) fn keys(&self, input: &Input) -> Vec<Key> {
        let fingerprints = Fingerprints::new(&input.pile);
        let runs = input.found.runs.iter();
        runs.map(|run| self.key(input, &fingerprints, run))
            .collect()
    }

    /// The key of one run of an input.
    pub(crate) fn key(&self, input: &Input, fingerprints: &Fingerprints<'_>, run: &Run) -> Key {
        let root = std::path::absolute(input.pile.root()).unwrap_or_default();
        self.hash(&[
            b"run",
            root.as_os_str().as_encoded_bytes(),
            input.user_path(&run.path).as_bytes(),
            fingerprints.of(run).as_bytes(),
        ])
    }

    /// What a run came to before, if its files are what they were.
    pub(crate) fn valid(&self, key: &Key) -> Option<Kept> {
        let answer = self.cache.answer(key)?;
        let kept = serde_json::from_slice(&answer.content).ok()?;
        self.cache.holds(&answer).then_some(kept)
    }

    /// What a run came to before, whose files are known to be what they were.
    pub(crate) fn known(&self, key: &Key) -> Option<Kept> {
        serde_json::from_slice(&self.cache.answer(key)?.content).ok()
    }

    /// Makes what a run came to ready to be kept. `None` when one of its files has changed since
    /// `started`, or so shortly before that its stamp does not tell.
    pub(crate) fn answer(
        &self,
        kept: &Kept,
        sources: &BTreeSet<PathBuf>,
        started: SystemTime,
    ) -> Option<Answer> {
        let dependencies = sources
            .iter()
            .map(|path| {
                let hash = self.cache.content_of(path)?;
                is_settled(Stamp::read(path).ok()?.modified, started).then(|| Dependency {
                    path: path.clone(),
                    hash,
                })
            })
            .collect::<Option<_>>()?;
        Some(Answer {
            dependencies,
            content: serde_json::to_vec(kept).ok()?,
        })
    }

    /// Keeps answers.
    pub(crate) fn keep(&self, answers: &[(Key, Answer)]) {
        self.cache
            .keep(answers.iter().map(|(key, answer)| (*key, answer)));
    }

    /// A note on what went wrong with the cache, if anything did.
    pub(crate) fn trouble(&self) -> Option<String> {
        let what = self.cache.trouble()?;
        Some(format!("note: went on without the cache: {what}"))
    }

    fn hash(&self, parts: &[&[u8]]) -> Key {
        let mut hasher = blake3::Hasher::new();
        hasher.update(self.program.as_bytes());
        for part in parts {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part);
        }
        hasher.finalize()
    }
}

/// Version, build and extractors of this program, with the options that change what it concludes.
fn program(options: Options, learned: &Learned) -> blake3::Hash {
    let mut hasher = blake3::Hasher::new();
    hasher.update(env!("CARGO_PKG_VERSION").as_bytes());
    // A build of the same version may conclude otherwise while the program is being worked on.
    let build = std::env::current_exe().and_then(|path| Stamp::read(&path));
    hasher.update(format!("{:?} {options:?}", build.ok()).as_bytes());
    hasher.update(formats::identity(learned).as_bytes());
    hasher.finalize()
}
