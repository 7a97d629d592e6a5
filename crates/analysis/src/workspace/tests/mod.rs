mod invariants;

use trace::{Action, ActionKind, Change, FileEdit, Observation, Step, StepId, Trajectory};

use super::{Fidelity, Operation, Origin, Workspace};
use crate::Index;

fn id(step: u32) -> StepId {
    StepId::new(step).unwrap()
}

/// A run of shell commands with what they printed.
fn shell(steps: &[(&str, &str)]) -> Trajectory {
    let steps = steps.iter().enumerate().map(|(at, (command, printed))| {
        let mut step = Step::new(at, Action::shell("bash", *command));
        step.observation = Some(Observation {
            exit_status: Some(0),
            ..Observation::text(*printed)
        });
        step
    });
    Trajectory {
        cwd: Some("/app".to_owned()),
        steps: steps.collect::<Vec<_>>().into(),
        ..Trajectory::default()
    }
}

/// A run of edits made by a tool.
fn edits(changes: &[Change]) -> Trajectory {
    let steps = changes.iter().enumerate().map(|(at, change)| {
        let edit = FileEdit {
            path: "/app/f".to_owned(),
            change: change.clone(),
        };
        let action = Action {
            tool: "edit".to_owned(),
            kind: ActionKind::Edit { edits: vec![edit] },
            arguments: serde_json::Value::Null,
        };
        let mut step = Step::new(at, action);
        step.observation = Some(Observation::text("The file has been updated."));
        step
    });
    Trajectory {
        cwd: Some("/".to_owned()),
        steps: steps.collect::<Vec<_>>().into(),
        ..Trajectory::default()
    }
}

fn replace(old: &str, new: &str) -> Change {
    Change::Replace {
        old: old.to_owned(),
        new: new.to_owned(),
        all: false,
    }
}

fn write(content: &str) -> Change {
    Change::Write {
        content: content.to_owned(),
    }
}

/// The whole text of a file after a step, with how far it can be trusted.
fn text(run: &Trajectory, path: &str, step: u32) -> Option<(String, Fidelity)> {
    let index = Index::new(run);
    let workspace = Workspace::new(&index);
    let text = workspace.at(path, id(step))?;
    Some((text.whole()?, text.fidelity()))
}

/// The same at the end, of a file that must be known exactly.
fn exactly(steps: &[(&str, &str)], path: &str) -> String {
    let run = shell(steps);
    let last = u32::try_from(steps.len()).unwrap();
    let (text, fidelity) = text(&run, path, last).expect("the file is known");
    assert_eq!(fidelity, Fidelity::Exact);
    text
}

/// Number, writing step (0 for before the run) and text of the known lines.
fn blame(run: &Trajectory, path: &str) -> Vec<(Option<usize>, u32, String)> {
    let index = Index::new(run);
    let workspace = Workspace::new(&index);
    let last = id(u32::try_from(index.len()).unwrap());
    let lines = workspace.blame(path, last).unwrap_or_default();
    let origin = |origin: Origin| match origin {
        Origin::Before => 0,
        Origin::Step(step) => step.get(),
        Origin::Unseen(step) => 1000 + step.get(),
    };
    lines
        .into_iter()
        .map(|line| (line.number, origin(line.origin), line.text.to_owned()))
        .collect()
}

#[test]
fn heredocs_redirections_and_appends_write() {
    let text = exactly(
        &[
            ("cat > a.txt <<'EOF'\none\ntwo $x\nEOF", ""),
            (
                "echo three >> a.txt && printf '%s\\n' four five >> /app/a.txt",
                "",
            ),
            (
                "cd sub; cat <<EOF | tee -a ../a.txt\nsix \\$y\nEOF",
                "six $y",
            ),
        ],
        "/app/a.txt",
    );
    assert_eq!(text, "one\ntwo $x\nthree\nfour\nfive\nsix $y\n");
}

#[test]
fn what_a_shell_expands_is_only_inferred() {
    let run = shell(&[("cat > a <<EOF\nhome $HOME\nEOF", "")]);
    assert_eq!(text(&run, "a", 1).unwrap().1, Fidelity::Inferred);
}

#[test]
fn sed_is_carried_out() {
    let text = exactly(
        &[
            ("printf 'a = 1\\nb = 2\\nc = 3\\nd = 4\\n' > f", ""),
            ("sed -i 's/= \\([0-9]\\)/:= \\1/; 2d' f", ""),
            ("sed -i -e '/^c/i\\' -e 'new line' -e '$a last' f", ""),
            (
                "sed -i.bak -E 's/(a|d) :/& /g' f && perl -pi -e 's/new (\\w+)/old $1/' f",
                "",
            ),
        ],
        "f",
    );
    assert_eq!(text, "a : = 1\nold line\nc := 3\nd : = 4\nlast\n");
}

#[test]
fn moves_copies_and_deletions_are_followed() {
    let run = shell(&[
        ("mkdir -p d && echo x > d/a && cp d/a d/b && mv d/a c", ""),
        ("cp -r d e; rm -rf d", ""),
    ]);
    let index = Index::new(&run);
    let workspace = Workspace::new(&index);
    let there: Vec<&str> = workspace
        .files()
        .filter(|file| file.version(id(2)).unwrap().exists)
        .map(|file| file.path.as_str())
        .collect();
    assert_eq!(there, ["/app/c", "/app/e/b"]);
    assert_eq!(workspace.at("c", id(2)).unwrap().whole().unwrap(), "x\n");
    assert!(workspace.at("d/b", id(2)).is_none());
}

#[test]
fn patches_are_applied() {
    let patch = "--- a/f\n+++ b/f\n@@ -1,3 +1,3 @@\n one\n-two\n+2\n three\n";
    let apply = "apply_patch <<'P'\n*** Begin Patch\n*** Update File: f\n@@\n-one\n+1\n*** Add File: n\n+new\n*** End Patch\nP";
    let run = shell(&[
        ("printf 'one\\ntwo\\nthree\\n' > f", ""),
        (&format!("git apply <<'P'\n{patch}P"), ""),
        (apply, "Success."),
        (
            "patch -p1 < nowhere.diff",
            "patch: **** Can't open patch file",
        ),
    ]);
    assert_eq!(text(&run, "f", 2).unwrap().0, "one\n2\nthree\n");
    assert_eq!(text(&run, "f", 4).unwrap().0, "1\n2\nthree\n");
    assert_eq!(
        text(&run, "n", 3).unwrap(),
        ("new\n".to_owned(), Fidelity::Exact)
    );
}

#[test]
fn version_control_puts_files_back() {
    let run = shell(&[
        ("cat f", "old\n"),
        ("echo new > f", ""),
        ("git checkout -- f", ""),
        ("echo newer > f && git commit -qam x", ""),
        ("echo newest > f; git stash", ""),
        ("git stash pop", ""),
    ]);
    let index = Index::new(&run);
    let workspace = Workspace::new(&index);
    let back: Vec<Option<u32>> = (1..=6)
        .map(|step| workspace.reverted(id(step)).map(StepId::get))
        .collect();
    assert_eq!(back, [None, None, Some(1), None, Some(4), Some(5)]);
    let held: Vec<String> = (1..=6)
        .map(|step| text(&run, "f", step).unwrap().0)
        .collect();
    assert_eq!(
        held,
        ["old\n", "new\n", "old\n", "newer\n", "newer\n", "newest\n"]
    );
}

#[test]
fn python_edits_are_followed() {
    let text = exactly(
        &[
            ("printf 'x = 1\\ny = 2\\n' > m.py", ""),
            (
                "python3 - <<'PY'\np = 'm.py'\ns = open(p).read()\nif 'x = 1' in s:\n    s = s.replace('x = 1', 'x = 3')\nopen(p, 'w').write(s)\nPY",
                "",
            ),
        ],
        "m.py",
    );
    assert_eq!(text, "x = 3\ny = 2\n");
}

#[test]
fn edits_of_tools_are_carried_out() {
    let run = edits(&[
        write("a\nb\nc\n"),
        replace("b\nc", "B\nC"),
        Change::Insert {
            line: 1,
            text: "new\n".to_owned(),
        },
        Change::ReplaceLines {
            first: 1,
            last: 2,
            text: "top\n".to_owned(),
        },
        Change::Undo,
        Change::Rename {
            to: "/app/g".to_owned(),
        },
    ]);
    assert_eq!(text(&run, "/app/f", 2).unwrap().0, "a\nB\nC\n");
    assert_eq!(text(&run, "/app/f", 3).unwrap().0, "a\nnew\nB\nC\n");
    assert_eq!(text(&run, "/app/f", 4).unwrap().0, "top\nB\nC\n");
    assert_eq!(text(&run, "/app/f", 5).unwrap().0, "a\nnew\nB\nC\n");
    assert!(text(&run, "/app/f", 6).is_none());
    assert_eq!(text(&run, "/app/g", 6).unwrap().1, Fidelity::Exact);
}

#[test]
fn a_refused_edit_does_not_write() {
    let mut run = edits(&[write("a\n"), replace("a", "b")]);
    let mut refused = run.steps[1].clone();
    refused.observation = Some(Observation {
        is_error: Some(true),
        ..Observation::text("String to replace not found in file.")
    });
    run.steps = vec![run.steps[0].clone(), refused].into();
    assert_eq!(text(&run, "/app/f", 2).unwrap().0, "a\n");
}

#[test]
fn blame_names_the_step_that_wrote_a_line() {
    let run = shell(&[
        ("cat -n f", "     1\told\n     2\tolder\n"),
        ("sed -i '2a new' f", ""),
        ("printf 'first\\nold\\nolder\\nnew\\n' > f", ""),
    ]);
    let lines = blame(&run, "f");
    let origins: Vec<(u32, &str)> = lines.iter().map(|l| (l.1, l.2.as_str())).collect();
    assert_eq!(
        origins,
        [(3, "first"), (0, "old"), (0, "older"), (2, "new")]
    );
}

#[test]
fn a_file_seen_in_part_is_known_in_part() {
    let run = shell(&[
        ("sed -n '10,12p' big.c", "ten\neleven\ntwelve\n"),
        ("sed -i '11s/eleven/11/' big.c && sed -i '10d' big.c", ""),
    ]);
    assert_eq!(
        blame(&run, "big.c"),
        [
            (Some(10), 2, "11".to_owned()),
            (Some(11), 0, "twelve".to_owned())
        ]
    );
    let index = Index::new(&run);
    let workspace = Workspace::new(&index);
    assert_eq!(
        workspace.at("big.c", id(2)).unwrap().fidelity(),
        Fidelity::Partial
    );
    let patch = &workspace.final_patch()[0];
    assert_eq!((patch.removed, patch.added), (2, 1));
}

#[test]
fn lines_shown_later_settle_an_edit_out_of_sight() {
    let mut run = shell(&[
        ("true", ""),
        ("cat -n f", "     1\thead\n     2\tnew\n     3\ttail\n"),
    ]);
    let edit = edits(&[replace("old", "new")]).steps[0].clone();
    run.steps = vec![edit, run.steps[1].clone()].into();
    let lines = blame(&run, "f");
    let origins: Vec<(u32, &str)> = lines.iter().map(|l| (l.1, l.2.as_str())).collect();
    assert_eq!(origins, [(0, "head"), (1, "new"), (0, "tail")]);
}

#[test]
fn what_a_sub_agent_writes_is_written_by_the_step_that_started_it() {
    let mut below = shell(&[("ls", ""), ("echo x > f", "")]);
    below.id = "sub".to_owned();
    let mut run = shell(&[("true", ""), ("cat f", "x\n")]);
    let mut first = run.steps[0].clone();
    first.subtrajectory = Some("sub".to_owned());
    run.steps = vec![first, run.steps[1].clone()].into();
    run.subtrajectories = vec![below];
    let index = Index::new(&run);
    let workspace = Workspace::new(&index);
    let (file, version) = workspace.written_by(id(1)).next().unwrap();
    assert_eq!(file.path, "/app/f");
    assert_eq!(version.provenance.nested, Some(id(2)));
    assert_eq!(workspace.checks().files[0].changed.matches, 1);
}

#[test]
fn survival_counts_the_lines_that_still_stand() {
    let run = shell(&[
        ("printf 'a\\nb\\nc\\nd\\n' > f", ""),
        ("sed -i 's/[ab]/x/' f", ""),
        ("echo z > f", ""),
        ("ls", ""),
    ]);
    let index = Index::new(&run);
    let workspace = Workspace::new(&index);
    let fate = |step| {
        workspace
            .survival(id(step))
            .map(|s| (s.written, s.standing))
    };
    assert_eq!(
        fate(1),
        Some((4, 0)),
        "the empty end of the text is no line"
    );
    assert_eq!(fate(2), Some((2, 0)));
    assert_eq!(fate(3), Some((1, 1)));
    assert_eq!(fate(4), None);
    assert_eq!(workspace.superseded(id(1)), Some(id(3)));
    assert_eq!(workspace.superseded(id(2)), Some(id(3)));
    assert_eq!(workspace.superseded(id(3)), None);
    assert_eq!(workspace.written_by(id(3)).count(), 1);
}

#[test]
fn listings_are_held_against_the_reconstruction() {
    let run = shell(&[
        ("echo a > f", ""),
        ("cat f", "a"),
        ("./unknown-program", ""),
        ("cat f", "b\n"),
    ]);
    let index = Index::new(&run);
    let workspace = Workspace::new(&index);
    let check = &workspace.checks().files[0].changed;
    assert_eq!((check.matches, check.differs), (1, 1));
    assert_eq!(check.steps, [id(4)]);
    let lines = workspace.blame("f", id(4)).unwrap();
    assert_eq!(lines[0].origin, Origin::Unseen(id(4)));
}

#[test]
fn an_observation_is_split_among_the_commands_that_printed_it() {
    let run = shell(&[(
        "ls -la && cat a; echo ----; cat b",
        "total 4\n-rw-r--r-- 1 me me 2 Jan  1 00:00 a\none\n----\ntwo\n",
    )]);
    assert_eq!(text(&run, "a", 1).unwrap().0, "one\n");
    assert_eq!(text(&run, "b", 1).unwrap().0, "two\n");
}

#[test]
fn a_printed_difference_shows_the_working_tree() {
    let diff =
        "diff --git a/s/f b/s/f\n--- a/s/f\n+++ b/s/f\n@@ -4,3 +4,3 @@ x\n four\n-five\n+5\n six\n";
    let run = shell(&[("cd s && sed -i 's/five/5/' f && git diff", diff)]);
    let lines = blame(&run, "/app/s/f");
    assert_eq!(lines[1], (Some(5), 0, "5".to_owned()));
    let index = Index::new(&run);
    let workspace = Workspace::new(&index);
    let (_, version) = workspace.touched(id(1)).last().unwrap();
    assert_eq!(version.operation, Operation::Show);
    let bytes = version.provenance.bytes.clone().unwrap();
    assert_eq!(&diff[bytes], "four\n-five\n+5\n six");
}

#[test]
fn an_output_that_was_cut_is_no_whole_file() {
    let head = "<returncode>0</returncode>\n<warning>\nToo long.\n</warning><output_head>\none\ntwo\nthr\n</output_head>\n<elided_chars>\n9 characters elided\n</elided_chars>\n<output_tail>\nx\n</output_tail>";
    let run = shell(&[("cat f", head)]);
    assert_eq!(text(&run, "f", 1), None);
    let lines = blame(&run, "f");
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[1], (Some(2), 0, "two".to_owned()));
}

#[test]
fn a_terminal_shows_files_between_its_prompts() {
    let screen = "root@box:/srv# cat x.py\nprint(1)\nroot@box:/srv# ";
    let mut step = Step::new(
        0,
        Action {
            tool: "terminal".to_owned(),
            kind: ActionKind::Keystrokes {
                keys: "cat x.py\n".to_owned(),
                wait_seconds: None,
            },
            arguments: serde_json::Value::Null,
        },
    );
    step.observation = Some(Observation {
        screen: true,
        ..Observation::text(screen)
    });
    let run = Trajectory {
        steps: vec![step].into(),
        ..Trajectory::default()
    };
    assert_eq!(text(&run, "/srv/x.py", 1).unwrap().0, "print(1)\n");
}

#[test]
fn a_final_patch_creates_deletes_and_changes() {
    let run = shell(&[
        ("cat old gone", ""),
        ("cat old", "1\n2\n3\n"),
        ("cat gone", "x\n"),
        ("sed -i 's/2/two/' old; rm gone; echo n > new", ""),
    ]);
    let index = Index::new(&run);
    let workspace = Workspace::new(&index);
    let patch: String = workspace
        .final_patch()
        .iter()
        .map(super::FileDiff::unified)
        .collect();
    insta::assert_snapshot!(patch);
    let nothing = workspace.diff(Some(id(2)), Some(id(3)));
    assert!(nothing.is_empty(), "a listing changes nothing: {nothing:?}");
}

#[test]
fn what_is_only_shown_later_is_no_change() {
    let run = shell(&[
        ("sed -n '1,2p' f", "one\ntwo\n"),
        ("sed -i '2s/two/2/' f", ""),
        ("sed -n '2,4p;9p' f; sed -n '8,9p' f", ""),
        ("sed -n '1,5p' f", "one\n2\nthree\nfour\nfive\n"),
        ("sed -n '8,9p' f", "eight\nnine\n"),
    ]);
    let index = Index::new(&run);
    let workspace = Workspace::new(&index);
    let patch = workspace.final_patch();
    assert_eq!((patch[0].added, patch[0].removed), (1, 1));
    assert_eq!(patch[0].hunks, "@@ -1,2 +1,2 @@\n one\n-two\n+2\n");
    assert!(workspace.diff(Some(id(2)), Some(id(5))).is_empty());
}

#[test]
fn a_long_run_takes_linear_time() {
    let run = |steps: usize| {
        let steps: Vec<(String, String)> = (0..steps)
            .map(|at| (format!("sed -i '5s/.*/line {at}/' f"), String::new()))
            .collect();
        let mut all = vec![("seq 1 400 > f; cat f".to_owned(), "x\n".repeat(400))];
        all.extend(steps);
        let borrowed: Vec<(&str, &str)> =
            all.iter().map(|(c, o)| (c.as_str(), o.as_str())).collect();
        shell(&borrowed)
    };
    let time = |steps| {
        let run = run(steps);
        let index = Index::new(&run);
        let started = std::time::Instant::now();
        let workspace = Workspace::new(&index);
        assert!(workspace.survival(id(2)).is_some());
        started.elapsed().as_secs_f64()
    };
    time(200);
    let (short, long) = (time(500), time(5_000));
    assert!(long < 40.0 * short.max(0.005), "{short} {long}");
}

#[test]
fn operations_are_named() {
    let run = shell(&[("echo a > f; echo b >> f; cp f g; rm g; cat f", "a\nb\n")]);
    let index = Index::new(&run);
    let workspace = Workspace::new(&index);
    let made: Vec<(&str, Operation)> = workspace
        .touched(id(1))
        .map(|(file, version)| (file.path.as_str(), version.operation))
        .collect();
    assert_eq!(
        made,
        [
            ("/app/f", Operation::Write),
            ("/app/f", Operation::Append),
            ("/app/g", Operation::Copy),
            ("/app/g", Operation::Delete),
        ]
    );
    let (_, first) = workspace.touched(id(1)).next().unwrap();
    assert_eq!(first.provenance.part, trace::RefPart::Action);
}
