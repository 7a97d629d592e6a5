//! What documents are packages, and what stays of them.

use super::*;
use proptest::prelude::*;

fn map(keys: &[String], container: Container) -> FieldMap {
    use super::super::map::{CallFields, Condition, ResultFields, Rule, Runs, Says};
    let path = |key: &String| Path::root().key(key);
    let fields: Vec<Path> = keys.iter().map(path).collect();
    let rule = |says| Rule {
        when: fields
            .iter()
            .map(|field| Condition {
                field: field.clone(),
                is: keys.to_vec(),
                not: false,
            })
            .collect(),
        each: Path::root(),
        which: Vec::new(),
        says,
    };
    let result = ResultFields {
        text: fields.clone(),
        ..ResultFields::default()
    };
    FieldMap {
        records: Records {
            container,
            at: fields.first().cloned().unwrap_or_default(),
            runs: Runs::Each(Path::root()),
            order: fields.last().cloned(),
            thread: None,
        },
        rules: vec![
            rule(Says::Call(CallFields {
                tool: fields.clone(),
                result: Some(result.clone()),
                ..CallFields::default()
            })),
            rule(Says::Result(result)),
            rule(Says::Say {
                text: fields.clone(),
            }),
        ],
    }
}

fn content() -> impl Strategy<Value = Content> {
    let keys = prop::collection::vec(".{1,6}", 1..4);
    let container = prop::sample::select(vec![Container::Lines, Container::Database]);
    (
        "[a-z0-9][a-z0-9-]{0,12}x",
        1u32..9,
        any::<String>(),
        keys,
        container,
        any::<(bool, f64, f64)>(),
        any::<String>(),
        any::<String>(),
    )
        .prop_map(
            |(name, version, title, keys, container, (script, a, b), text, sample)| {
                let maps = vec![map(&keys, container)];
                let program = if script {
                    Program::Script(Script {
                        records: maps[0].records.clone(),
                        source: text,
                    })
                } else {
                    Program::Maps(maps)
                };
                let mut content = Content::new(&name, program);
                content.version = version;
                content.title = title;
                content.bar.joined = 0.5 + a.rem_euclid(1.0) / 2.0;
                content.score.bytes_explained = b.rem_euclid(1.0);
                let mut sample = Sample {
                    name: "1.1".to_owned(),
                    files: vec![SampleFile {
                        name: "a\r\n".to_owned(),
                        text: sample,
                    }],
                    records_only: script,
                    blake3: String::new(),
                    steps: vec![StepPrint {
                        kind: "shell".to_owned(),
                        tool: title_of(&keys),
                        arguments: String::new(),
                        observation: None,
                    }],
                };
                sample.blake3 = sample.hash();
                content.samples.push(sample);
                content
            },
        )
}

fn title_of(keys: &[String]) -> String {
    keys.concat()
}

proptest! {
    #[test]
    fn a_document_is_read_back_as_it_was(content in content()) {
        prop_assume!(content.bar.joined.is_finite() && content.score.bytes_explained.is_finite());
        prop_assume!(check_name(&content.name).is_ok());
        let package = Package::seal(content).unwrap();
        let document = package.document().unwrap();
        let again = Package::parse(&document).unwrap();
        prop_assert_eq!(again.document().unwrap(), document);
        prop_assert_eq!(again, package);
    }

    #[test]
    fn any_text_is_a_package_or_an_error(text in any::<String>()) {
        prop_assert!(Package::parse(&text).is_err());
    }

    #[test]
    fn a_changed_document_is_refused(content in content(), at in any::<prop::sample::Index>(), new in "[ -~]") {
        prop_assume!(content.bar.joined.is_finite() && content.score.bytes_explained.is_finite());
        let package = Package::seal(content).unwrap();
        let mut document: Vec<char> = package.document().unwrap().chars().collect();
        let at = at.index(document.len());
        document[at] = new.chars().next().unwrap();
        let changed: String = document.into_iter().collect();
        // Blanks that mean nothing are no change.
        if let Ok(same) = Package::parse(&changed) {
            prop_assert_eq!(same, package);
        }
    }
}

#[test]
fn what_a_package_may_not_say_is_refused() {
    let good = || {
        Content::new(
            "acme",
            Program::Maps(vec![map(&["a".into()], Container::Lines)]),
        )
    };
    assert!(Package::seal(good()).is_ok());
    let refused = |change: &dyn Fn(&mut Content)| {
        let mut content = good();
        change(&mut content);
        Package::seal(content).unwrap_err().to_string()
    };
    assert!(refused(&|c| c.name = "../acme".into()).contains("small letters"));
    assert!(refused(&|c| c.schema = "x/2".into()).contains("this program reads"));
    assert!(refused(&|c| c.limits.memory = 1 << 40).contains("ceiling"));
    assert!(refused(&|c| c.bar.joined = f64::NAN).contains("no number"));
    assert!(refused(&|c| c.program = Program::Maps(Vec::new())).contains("maps"));
    let text = Package::seal(good()).unwrap().document().unwrap();
    let with_more = text.replacen("\"name\"", "\"extra\": 1, \"name\"", 1);
    assert!(
        Package::parse(&with_more)
            .unwrap_err()
            .to_string()
            .contains("unknown field")
    );
    let huge = " ".repeat(MOST_BYTES + 1);
    assert!(matches!(
        Package::parse(&huge),
        Err(PackageError::TooLarge { .. })
    ));
}

#[test]
fn a_bar_below_the_usual_is_refused() {
    let mut content = Content::new("low", Program::Maps(Vec::new()));
    content.bar.joined = 0.1;
    let refused = Package::seal(content).unwrap_err().to_string();
    assert!(refused.starts_with("a bar below"), "{refused}");
}
