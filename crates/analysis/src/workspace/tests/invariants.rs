//! What holds for any run.

use proptest::prelude::*;
use trace::{Change, Trajectory};

use super::{edits, id, shell, text, write};
use crate::Index;
use crate::workspace::{Fidelity, Workspace};

/// Commands of all kinds, and noise.
fn any_command() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[a-z0-9 '\"$|<>&;(){}\\\\/*.\n-]{0,80}",
        "sed -i(.bak)? '[0-9,$/a-z]{0,8}[sdiac][/a-z\\\\& ]{0,12}' [ab]",
        "(cat|echo x|printf 'a\\\\n') >{1,2} [ab]",
        "cat > [ab] <<'E'\n[a-z\n]{0,20}\nE",
        "(mv|cp|rm|cat|head -2|touch|git checkout|git stash) [abd] ?[abd/]?",
        "sed -n '[0-9]{1,2},[0-9]{1,2}p' [ab]",
    ]
}

fn any_change() -> impl Strategy<Value = Change> {
    prop_oneof![
        "[ab\n]{0,12}".prop_map(|content| Change::Write { content }),
        ("[ab\n]{0,4}", "[abc\n]{0,6}", any::<bool>())
            .prop_map(|(old, new, all)| Change::Replace { old, new, all }),
        (0..12_u64, 0..12_u64, "[ab\n]{0,6}")
            .prop_map(|(first, last, text)| Change::ReplaceLines { first, last, text }),
        (0..12_u64, "[ab\n]{0,6}").prop_map(|(line, text)| Change::Insert { line, text }),
        any::<String>().prop_map(|patch| Change::Patch { patch }),
        "@@ -[0-9],[0-9] \\+[0-9],[0-9] @@\n([ +-][ab]\n){0,5}".prop_map(|hunk| Change::Patch {
            patch: format!("--- a/app/f\n+++ b/app/f\n{hunk}")
        }),
        Just(Change::Delete),
        Just(Change::Undo),
    ]
}

/// Everything that can be asked of a workspace.
fn ask_all(run: &Trajectory) {
    let index = Index::new(run);
    let workspace = Workspace::new(&index);
    for step in index.steps() {
        let _ = workspace.survival(step.id);
        let _ = workspace.superseded(step.id);
        for (file, version) in workspace.touched(step.id) {
            assert_eq!(version.step, step.id);
            let blamed = workspace.blame(&file.path, step.id);
            assert_eq!(
                blamed.is_some(),
                workspace.at(&file.path, step.id).is_some()
            );
        }
    }
    let _ = workspace.final_patch();
}

/// A text after a unified difference, applied by the book.
fn patched(old: &str, hunks: &str) -> String {
    let before: Vec<&str> = old.split_inclusive('\n').collect();
    let mut out = String::new();
    let mut at = 0;
    let mut lines = hunks.split_inclusive('\n').peekable();
    while let Some(line) = lines.next() {
        if let Some(header) = line.strip_prefix("@@ -") {
            let (start, rest) = header.split_once(',').unwrap();
            let count: usize = rest.split(' ').next().unwrap().parse().unwrap();
            let start: usize = start.parse().unwrap();
            let start = if count == 0 { start } else { start - 1 };
            out.extend(before[at..start].iter().copied());
            at = start;
            continue;
        }
        let open = lines.peek().is_some_and(|next| next.starts_with('\\'));
        let body = if open {
            line[1..].trim_end_matches('\n')
        } else {
            &line[1..]
        };
        match line.as_bytes()[0] {
            b' ' => {
                out.push_str(body);
                at += 1;
            }
            b'-' => at += 1,
            b'+' => out.push_str(body),
            _ => {}
        }
    }
    out.extend(before[at..].iter().copied());
    out
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn any_commands_are_survived(
        commands in proptest::collection::vec((any_command(), "[a-c0-9\t:\n ]{0,40}"), 0..8),
    ) {
        let borrowed: Vec<(&str, &str)> =
            commands.iter().map(|(c, o)| (c.as_str(), o.as_str())).collect();
        ask_all(&shell(&borrowed));
    }

    #[test]
    fn any_edits_are_survived(changes in proptest::collection::vec(any_change(), 0..10)) {
        ask_all(&edits(&changes));
    }

    #[test]
    fn differences_lead_from_one_state_to_the_other(
        changes in proptest::collection::vec(any_change(), 2..8),
    ) {
        let run = edits(&changes);
        let index = Index::new(&run);
        let workspace = Workspace::new(&index);
        let last = u32::try_from(changes.len()).unwrap();
        for (from, to) in [(1, last), (1, 2), (last - 1, last)] {
            let whole = |step| workspace.at("/app/f", id(step)).and_then(|text| text.whole());
            let (Some(old), Some(new)) = (whole(from), whole(to)) else { continue };
            let diff = workspace.diff(Some(id(from)), Some(id(to)));
            let hunks = diff.iter().find(|diff| diff.path == "/app/f").map_or("", |d| d.hunks.as_str());
            prop_assert_eq!(patched(&old, hunks), new);
        }
    }

    #[test]
    fn what_is_written_last_is_what_is_held(
        before in proptest::collection::vec(any_change(), 0..5), content in "[a-z\n]{0,30}",
    ) {
        let mut changes = before;
        changes.push(write(&content));
        let last = u32::try_from(changes.len()).unwrap();
        let (held, fidelity) = text(&edits(&changes), "/app/f", last).unwrap();
        prop_assert_eq!(held, content);
        prop_assert_eq!(fidelity, Fidelity::Exact);
    }
}

#[test]
fn a_difference_may_begin_with_a_bare_line_feed() {
    ask_all(&shell(&[(
        "git diff",
        "--- a/f\n+++ b/f\n@@ -2,2 +1,2 @@\n\n x\n",
    )]));
}

#[test]
fn texts_that_multiply_are_given_up() {
    // Seven times thousandfold would be more than there is memory in the world.
    let many = "a".repeat(1_000);
    let often = |line: &str| line.repeat(7);
    let sed = often(&format!("s/a/{many}/g;"));
    let sed = format!("echo a > f; sed -i '{sed}' f; sed -i -z '{sed}' f; cat f");
    let text = often(&format!("s = s.replace('a', '{many}')\n"));
    let sum = "t = t + t\n".repeat(60);
    let python = format!(
        "python3 - <<'E'\ns = 'a'\n{text}open('f', 'w').write(s)\nt = 'a'\n{sum}open('g', 'w').write(t)\nE"
    );
    let held = often(&format!("p = p.replace('a', '{many}')\n"));
    let in_place = format!(
        "echo a > f; python3 - <<'E'\np = open('f').read()\n{held}open('f', 'w').write(p)\nE"
    );
    let again = format!(
        "python3 - <<'E'\ns = '{}'\nf = open('g', 'w')\n{}E",
        "a".repeat(200_000),
        "f.write(s)\n".repeat(3_000),
    );
    for command in [sed, python, in_place, again] {
        ask_all(&shell(&[(&command, "")]));
    }
    let mut changes = vec![write("a\n")];
    changes.resize(
        8,
        Change::Replace {
            old: "a".to_owned(),
            new: many,
            all: true,
        },
    );
    ask_all(&edits(&changes));
}

#[test]
fn going_up_or_down_endlessly_costs_the_length_of_the_script() {
    let before = std::time::Instant::now();
    for script in ["cd ..; ", "mkdir d; cd d; "] {
        let script = format!("{}echo x > f", script.repeat(15_000));
        let run = shell(&[(&script, "")]);
        let index = Index::new(&run);
        let _ = Workspace::new(&index);
        let _ = crate::compare::compare(&index, &index);
    }
    // Seconds where quadratic work would take minutes, on any machine and unoptimised.
    assert!(before.elapsed().as_secs() < 60, "{:?}", before.elapsed());
}
