//! Packages as files, kept by several programs at once.

use super::*;
use serde_json::json;

use crate::learned::package::{Content, Program, Sample, SampleFile};
use crate::learned::{Container, FieldMap, Records, Runs};

fn package(name: &str, version: u32, title: &str, parent: Option<&Package>) -> Package {
    let map = FieldMap {
        records: Records {
            container: Container::Lines,
            at: crate::learned::Path::root(),
            runs: Runs::One,
            order: None,
            thread: None,
        },
        rules: Vec::new(),
    };
    let mut content = Content::new(name, Program::Maps(vec![map]));
    content.version = version;
    title.clone_into(&mut content.title);
    content.provenance.parent = parent.map(|p| p.hash().to_owned());
    content.provenance.origin = parent.map(|p| p.origin().to_owned());
    Package::seal(content).unwrap()
}

#[test]
fn packages_are_kept_found_and_removed() {
    let data = tempfile::tempdir().unwrap();
    let mut registry = Registry::open(data.path()).unwrap();
    let first = package("acme", 1, "one", None);
    let second = package("acme", 2, "two", Some(&first));
    registry.add(first.clone()).unwrap();
    registry.add(second.clone()).unwrap();
    let again = Registry::open(data.path()).unwrap();
    assert_eq!(again.get("acme").unwrap().hash(), second.hash());
    assert_eq!(again.get("acme@1").unwrap().hash(), first.hash());
    assert_eq!(
        again
            .get(&format!("acme@{}", &first.hash()[..8]))
            .unwrap()
            .version,
        1
    );
    assert_eq!(again.line(&second).len(), 2);
    let error = again.get("other").unwrap_err().to_string();
    assert_eq!(
        error,
        "no learned extractor `other`; there are: acme@1, acme@2"
    );
    assert_eq!(registry.remove("acme@1").unwrap().len(), 1);
    assert_eq!(registry.remove("acme").unwrap().len(), 1);
    assert!(Registry::open(data.path()).unwrap().packages().is_empty());
}

#[test]
fn another_layout_cannot_take_a_name() {
    let data = tempfile::tempdir().unwrap();
    let mut registry = Registry::open(data.path()).unwrap();
    registry.add(package("acme", 1, "mine", None)).unwrap();
    let clash = registry.add(package("acme", 1, "theirs", None));
    assert!(matches!(clash, Err(RegistryError::Clash { .. })));
    assert!(crate::learned::package::check_name("../x").is_err());
    assert!(crate::learned::package::check_name("codex").is_ok());
    assert!(crate::learned::package::check_name("mini-swe-agent").is_err());
}

/// A layout of `[{"n": …, "c": …}, …]` lines, with a sample and a rule that takes the tool from
/// `field`.
fn proved(field: &str, version: u32, parent: Option<&Package>, samples: &[Sample]) -> Package {
    let map = json!({
        "records": {"container": "lines"},
        "rules": [{"when": [], "says": "call", "tool": [field], "arguments": ["c"]}],
    });
    let program = Program::Maps(vec![serde_json::from_value(map).unwrap()]);
    let mut content = Content::new("acme", program);
    content.version = version;
    content.provenance.parent = parent.map(|p| p.hash().to_owned());
    content.provenance.origin = parent.map(|p| p.origin().to_owned());
    content.samples = samples.to_vec();
    Package::seal(content).unwrap()
}

fn sample(by: &Package, name: &str) -> Sample {
    let line = format!("{{\"n\":\"shell\",\"m\":\"edit\",\"c\":{{\"cmd\":\"{name}\"}}}}\n");
    let mut sample = Sample {
        name: name.to_owned(),
        files: vec![SampleFile {
            name: "sample.jsonl".to_owned(),
            text: line,
        }],
        records_only: false,
        blake3: String::new(),
        steps: Vec::new(),
    };
    sample.blake3 = sample.hash();
    sample.steps = by.program.steps_of(by.limits, &sample).unwrap();
    assert_eq!(sample.steps.len(), 1);
    sample
}

#[test]
fn a_revision_keeps_what_old_samples_prove() {
    let data = tempfile::tempdir().unwrap();
    let mut registry = Registry::open(data.path()).unwrap();
    let bare = proved("n", 1, None, &[]);
    let (one, two) = (sample(&bare, "1.1"), sample(&bare, "2.1"));
    let first = proved("n", 1, None, std::slice::from_ref(&one));
    registry.add(first.clone()).unwrap();
    let why = |registry: &mut Registry, package: Package| match registry.add(package) {
        Err(RegistryError::Unproven { why, .. }) => why,
        other => panic!("{other:?}"),
    };
    // The old sample left out; kept but read otherwise; steps rewritten to what is now read.
    assert!(why(&mut registry, proved("m", 2, Some(&first), &[])).contains("1.1"));
    let kept = proved("m", 2, Some(&first), std::slice::from_ref(&one));
    assert!(why(&mut registry, kept).contains("1.1"));
    let restated = sample(&proved("m", 1, None, &[]), "1.1");
    assert!(why(&mut registry, proved("m", 2, Some(&first), &[restated])).contains("1.1"));
    // An origin that is claimed, a parent that nobody has.
    let mut content = proved("n", 2, Some(&first), std::slice::from_ref(&one))
        .content()
        .clone();
    content.provenance.parent = Some("0".repeat(64));
    let orphan = Package::seal(content).unwrap();
    assert!(why(&mut registry, orphan).contains("not here"));
    // An honest revision; then one that goes back behind it, to the first version.
    let second = proved("n", 2, Some(&first), &[one.clone(), two]);
    registry.add(second.clone()).unwrap();
    let behind = proved("n", 3, Some(&first), std::slice::from_ref(&one));
    assert!(why(&mut registry, behind).contains("2.1"));
    // Known versions and ancestors may come again.
    registry.add(second).unwrap();
    registry.remove("acme@1").unwrap();
    registry.add(first).unwrap();
    assert_eq!(registry.versions("acme").count(), 2);
}

#[test]
fn what_is_removed_is_gone() {
    let data = tempfile::tempdir().unwrap();
    let mut registry = Registry::open(data.path()).unwrap();
    let good = registry.add(package("acme", 1, "good", None)).unwrap();
    let folder = data.path().join("extractors/acme");
    let text = good.document().unwrap();
    std::fs::write(folder.join("mine.json"), &text).unwrap();
    let builtin = data.path().join("extractors/mini-swe-agent");
    std::fs::create_dir(&builtin).unwrap();
    std::fs::write(
        builtin.join("1.json"),
        text.replace("acme", "mini-swe-agent"),
    )
    .unwrap();
    let mut registry = Registry::open(data.path()).unwrap();
    assert_eq!(registry.packages().len(), 1);
    registry.remove("acme").unwrap();
    assert!(registry.get("mini-swe-agent").is_err());
    assert_eq!(registry.remove_broken("../acme").unwrap().len(), 0);
    assert_eq!(registry.remove_broken("mini-swe-agent").unwrap().len(), 1);
    let again = Registry::open(data.path()).unwrap();
    assert!(again.packages().is_empty() && again.broken().is_empty());
    assert!(!folder.exists() && !builtin.exists());
}

#[test]
fn broken_files_are_named_and_passed_over() {
    let data = tempfile::tempdir().unwrap();
    let mut registry = Registry::open(data.path()).unwrap();
    let good = registry.add(package("acme", 1, "good", None)).unwrap();
    let folder = data.path().join("extractors/acme");
    let text = good.document().unwrap();
    std::fs::write(folder.join("2-cut.json"), &text[..text.len() / 2]).unwrap();
    std::fs::write(folder.join("3-edited.json"), text.replace("good", "evil")).unwrap();
    std::fs::write(folder.join("4-binary.json"), [0xff, 0xfe, 0]).unwrap();
    std::fs::write(data.path().join("extractors/index.json"), "no").unwrap();
    let moved = data.path().join("extractors/other");
    std::fs::create_dir(&moved).unwrap();
    std::fs::write(moved.join("1-moved.json"), &text).unwrap();
    let registry = Registry::open(data.path()).unwrap();
    assert_eq!(registry.packages().len(), 1);
    let named: Vec<_> = registry
        .broken()
        .iter()
        .map(|b| b.path.file_name().unwrap().to_str().unwrap())
        .collect();
    assert_eq!(
        named,
        [
            "2-cut.json",
            "3-edited.json",
            "4-binary.json",
            "1-moved.json"
        ]
    );
    assert!(registry.broken()[1].what.contains("hash"));
}

#[test]
fn many_writers_and_readers_see_whole_files() {
    let data = tempfile::tempdir().unwrap();
    let path = data.path();
    std::thread::scope(|scope| {
        for writer in 0..4_u32 {
            scope.spawn(move || {
                let mut registry = Registry::open(path).unwrap();
                for round in 0..8_u32 {
                    let name = format!("layout-{}", (writer + round) % 5);
                    registry
                        .add(package(&name, 1, "same everywhere", None))
                        .unwrap();
                    if round % 3 == 2 {
                        // Another writer may have been quicker.
                        let _ = registry.remove(&name);
                    }
                }
            });
        }
        for _ in 0..2 {
            scope.spawn(move || {
                for _ in 0..40 {
                    assert_eq!(Registry::open(path).unwrap().broken(), []);
                }
            });
        }
    });
    let registry = Registry::open(path).unwrap();
    assert_eq!(registry.broken(), []);
    let index = std::fs::read_to_string(path.join("extractors/index.json")).unwrap();
    serde_json::from_str::<serde_json::Value>(&index).unwrap();
}
