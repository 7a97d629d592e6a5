//! The reconstruction of files held against what real runs show later, where such runs are at hand.
//!
//! They are not part of this repository: they are looked for in the folder `shared/corpus` beside it (or
//! in `$CODETRACER_SHARED/corpus`); without them the test says so and passes. With `--nocapture` it
//! prints the figures by layout.

#![allow(clippy::expect_used, clippy::print_stderr, reason = "tests")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use analysis::Index;
use analysis::workspace::Workspace;
use formats::pile::{Limits, Pile};
use formats::{find_runs, read_run};

/// What is counted of the runs of one layout.
#[derive(Default)]
struct Row {
    runs: usize,
    /// Edits carried out exactly, found more than once, not found, and of text never shown before.
    edits: [usize; 4],
    /// Listings of files after a change: the same, different, different where only inferred.
    listings: [usize; 3],
    /// Files with a listing to compare, and those of which every one was the same.
    files: [usize; 2],
    /// The same, with listings of versions that were only inferred.
    any: [usize; 2],
}

impl Row {
    fn add(&mut self, workspace: &Workspace) {
        let checks = workspace.checks();
        let edits = &checks.edits;
        self.runs += 1;
        let counts = [edits.exact, edits.ambiguous, edits.not_found, edits.unseen];
        for (sum, count) in self.edits.iter_mut().zip(counts) {
            *sum += count;
        }
        for file in &checks.files {
            let seen = &file.changed;
            let counts = [seen.matches, seen.differs, seen.differs_inferred];
            for (sum, count) in self.listings.iter_mut().zip(counts) {
                *sum += count;
            }
            if seen.matches + seen.differs > 0 {
                self.files[0] += 1;
                self.files[1] += usize::from(seen.differs == 0);
            }
            let differs = seen.differs + seen.differs_inferred;
            if seen.matches + differs > 0 {
                self.any[0] += 1;
                self.any[1] += usize::from(differs == 0);
            }
        }
    }

    fn join(&mut self, other: &Self) {
        self.runs += other.runs;
        let mine = self
            .edits
            .iter_mut()
            .chain(&mut self.listings)
            .chain(&mut self.files)
            .chain(&mut self.any);
        let theirs = other
            .edits
            .iter()
            .chain(&other.listings)
            .chain(&other.files)
            .chain(&other.any);
        for (sum, count) in mine.zip(theirs) {
            *sum += count;
        }
    }

    /// Edits carried out exactly, of those whose text had been shown before.
    fn replayed(&self) -> Option<f64> {
        share(self.edits[0], self.edits[..3].iter().sum())
    }

    /// The same of all edits.
    fn of_all(&self) -> Option<f64> {
        share(self.edits[0], self.edits.iter().sum())
    }

    /// Files of which every later listing was as reconstructed.
    fn equal(&self) -> Option<f64> {
        share(self.files[1], self.files[0])
    }

    fn print(&self, name: &str) {
        let Self {
            runs,
            edits,
            listings,
            files,
            any,
        } = self;
        eprintln!(
            "{name:<24}{runs:>5} | {:>5} {:>4} {:>4} {:>6} {:>7} {:>7} | {:>5} {:>4} {:>4} | {:>5} {:>5} {:>7} | {:>5} {:>5} {:>7}",
            edits[0],
            edits[1],
            edits[2],
            edits[3],
            shown(self.replayed()),
            shown(self.of_all()),
            listings[0],
            listings[1],
            listings[2],
            files[0],
            files[1],
            shown(self.equal()),
            any[0],
            any[1],
            shown(share(any[1], any[0])),
        );
    }
}

#[expect(clippy::cast_precision_loss, reason = "small counts")]
fn share(part: usize, whole: usize) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

fn shown(share: Option<f64>) -> String {
    share.map_or_else(|| "-".to_owned(), |share| format!("{share:.3}"))
}

fn rows(corpus: &Path) -> BTreeMap<String, Row> {
    let pile = Pile::open(corpus, &Limits::default()).expect("the corpus opens");
    let mut rows: BTreeMap<String, Row> = BTreeMap::new();
    for run in &find_runs(&pile).runs {
        let Ok(extraction) = read_run(&pile, run) else {
            continue;
        };
        let trajectory = &extraction.trajectory;
        let index = Index::new(trajectory);
        let row = rows.entry(trajectory.format.clone()).or_default();
        row.add(&Workspace::new(&index));
    }
    rows
}

#[test]
fn files_are_rebuilt_as_the_runs_show_them_later() {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let shared = std::env::var_os("CODETRACER_SHARED").map_or(beside, PathBuf::from);
    let corpus = shared.join("corpus");
    if !corpus.is_dir() {
        eprintln!("skipped: no runs beside the repository");
        return;
    }
    let rows = rows(&corpus);
    eprintln!(
        "{:<24}{:>5} | {:>5} {:>4} {:>4} {:>6} {:>7} {:>7} | {:>5} {:>4} {:>4} | {:>5} {:>5} {:>7} | {:>5} {:>5} {:>7}",
        "layout",
        "runs",
        "exact",
        "many",
        "not",
        "unseen",
        "of seen",
        "of all",
        "same",
        "diff",
        "inf.",
        "files",
        "equal",
        "share",
        "+inf.",
        "equal",
        "share"
    );
    let mut all = Row::default();
    for (layout, row) in &rows {
        row.print(layout);
        all.join(row);
    }
    all.print("all");
    assert!(
        all.replayed() >= Some(0.97),
        "edits carried out: {:?}",
        all.replayed()
    );
    assert!(
        all.equal() >= Some(0.90),
        "files as shown later: {:?}",
        all.equal()
    );
}
