use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use proptest::prelude::*;
use tempfile::TempDir;

use super::*;

const ROOMY: u64 = 64 << 20;

fn key(name: &str) -> Key {
    blake3::hash(name.as_bytes())
}

fn answer(content: impl Into<Vec<u8>>, files: &[&Path]) -> Answer {
    Answer {
        dependencies: files
            .iter()
            .map(|path| Dependency {
                path: PathBuf::from(path),
                hash: blake3::hash(&std::fs::read(path).unwrap()),
            })
            .collect(),
        content: content.into(),
    }
}

/// Writes a file as if it had been changed `ago`.
fn write(path: &Path, content: &str, ago: Duration) {
    std::fs::write(path, content).unwrap();
    let file = std::fs::File::options().append(true).open(path).unwrap();
    file.set_modified(SystemTime::now() - ago).unwrap();
}

const LONG_AGO: Duration = Duration::from_mins(1);

#[test]
fn an_answer_holds_until_the_content_of_a_file_changes() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("run.json");
    write(&path, "one", LONG_AGO);
    let cache = Cache::open(&folder.path().join("cache"), ROOMY).unwrap();
    let kept = answer("verdict", &[&path]);
    cache.keep([(key("run"), &kept)]);
    assert_eq!(cache.answer(&key("run")), Some(kept.clone()));
    assert!(cache.holds(&kept));
    write(&path, "one", Duration::from_secs(30));
    assert!(cache.holds(&kept), "touched, but the same");
    write(&path, "two", Duration::from_secs(20));
    assert!(!cache.holds(&kept), "changed");
    std::fs::remove_file(&path).unwrap();
    assert!(!cache.holds(&kept), "gone");
    assert_eq!(cache.trouble(), None);
}

#[test]
fn a_file_of_this_moment_is_read_whatever_its_stamp_says() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("live.jsonl");
    let cache = Cache::open(folder.path(), ROOMY).unwrap();
    let stamp = SystemTime::now();
    let same_stamp = |content: &str| {
        std::fs::write(&path, content).unwrap();
        let file = std::fs::File::options().append(true).open(&path).unwrap();
        file.set_modified(stamp).unwrap();
        cache.content_of(&path)
    };
    assert_ne!(same_stamp("aaa"), same_stamp("bbb"));
    assert_eq!(cache.info().unwrap().files, 0);
}

#[test]
fn a_file_that_is_no_database_is_replaced() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("cache.sqlite3");
    std::fs::write(
        &path,
        "this is no database, it only stands where one should".repeat(100),
    )
    .unwrap();
    let cache = Cache::open(folder.path(), ROOMY).unwrap();
    cache.keep([(key("a"), &answer("x", &[]))]);
    assert!(cache.has_all(&[key("a")]));
    assert!(!cache.has_all(&[key("a"), key("b")]));
}

#[test]
fn a_torn_database_is_silent_or_replaced() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("cache.sqlite3");
    {
        let cache = Cache::open(folder.path(), ROOMY).unwrap();
        for number in 0..200 {
            let name = number.to_string();
            cache.keep([(key(&name), &answer(name.repeat(500), &[]))]);
        }
    }
    let mut bytes = std::fs::read(&path).unwrap();
    let half = bytes.len() / 2;
    bytes[2000..half].fill(0xaa);
    std::fs::write(&path, bytes).unwrap();
    if let Ok(cache) = Cache::open(folder.path(), ROOMY) {
        for number in 0..200 {
            let name = number.to_string();
            let found = cache.answer(&key(&name));
            assert!(found.is_none_or(|found| found.content == name.repeat(500).as_bytes()));
        }
    }
}

#[test]
fn tables_of_another_version_give_way() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("cache.sqlite3");
    let old = rusqlite::Connection::open(&path).unwrap();
    old.execute_batch("CREATE TABLE answer (something TEXT); PRAGMA user_version = 999;")
        .unwrap();
    drop(old);
    let cache = Cache::open(folder.path(), ROOMY).unwrap();
    cache.keep([(key("a"), &answer("x", &[]))]);
    assert!(cache.has_all(&[key("a")]));
}

#[test]
fn many_writers_at_once_lose_nothing() {
    let folder = TempDir::new().unwrap();
    std::thread::scope(|scope| {
        for writer in 0..4 {
            let folder = folder.path();
            scope.spawn(move || {
                // Each with a connection of its own, as separate processes have.
                let cache = Cache::open(folder, ROOMY).unwrap();
                for number in 0..50 {
                    let name = format!("{writer}-{number}");
                    cache.keep([(key(&name), &answer(name.clone(), &[]))]);
                }
                assert_eq!(cache.trouble(), None);
            });
        }
    });
    let cache = Cache::open(folder.path(), ROOMY).unwrap();
    assert_eq!(cache.info().unwrap().answers, 200);
}

#[test]
fn what_was_used_last_stays_within_the_bound() {
    let folder = TempDir::new().unwrap();
    let noise = |seed: u64| -> Vec<u8> {
        let mut bytes = vec![0; 20_000];
        let mut hasher = blake3::Hasher::new();
        hasher.update(&seed.to_le_bytes());
        hasher.finalize_xof().fill(&mut bytes);
        bytes
    };
    {
        let cache = Cache::open(folder.path(), 1 << 20).unwrap();
        for seed in 0..100 {
            cache.keep([(key(&seed.to_string()), &answer(noise(seed), &[]))]);
        }
    }
    let cache = Cache::open(folder.path(), 1 << 20).unwrap();
    let info = cache.info().unwrap();
    assert!(info.bytes <= 1 << 20, "{info:?}");
    assert!(cache.has_all(&[key("99")]) && !cache.has_all(&[key("0")]));
    cache.clear();
    assert_eq!(cache.info().unwrap().answers, 0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn any_answer_comes_back(
        content in prop::collection::vec(any::<u8>(), 0..2000),
        names in prop::collection::vec("[^\0]{1,40}", 0..5),
    ) {
        let folder = TempDir::new().unwrap();
        let cache = Cache::open(folder.path(), ROOMY).unwrap();
        let kept = Answer {
            dependencies: names
                .iter()
                .map(|name| Dependency { path: PathBuf::from(name), hash: key(name) })
                .collect(),
            content,
        };
        cache.keep([(key("k"), &kept)]);
        prop_assert_eq!(cache.answer(&key("k")), Some(kept));
    }
}

#[cfg(unix)]
#[test]
fn the_cache_is_for_its_user_alone() {
    use std::os::unix::fs::PermissionsExt;
    let data = tempfile::tempdir().unwrap();
    let folder = data.path().join("made/here");
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    drop(Cache::open(&folder, 1 << 20).unwrap());
    assert_eq!(mode(&folder), 0o700);
    let file = folder.join("cache.sqlite3");
    assert_eq!(mode(&file), 0o600);
    // One that an earlier version left open to others.
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
    drop(Cache::open(&folder, 1 << 20).unwrap());
    assert_eq!(mode(&file), 0o600);
}
