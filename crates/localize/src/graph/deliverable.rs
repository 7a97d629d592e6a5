//! What a run hands in: the files its task names, and the state it leaves behind.

use std::collections::HashSet;

use aho_corasick::AhoCorasick;
use analysis::IndexedStep;
use trace::StepId;

use super::build::Build;
use super::files::How;
use super::node::NodeId;
use crate::contract::{Contract, DemandKind};
use crate::evidence::action_text;
use crate::facts::file::file_name;

/// Names that are kept of one task.
const MOST_NAMES: usize = 256;
/// Deliverables that are followed back: the ones written last.
const MOST: usize = 16;
/// How much of a text is searched for names, in bytes.
const SEARCHED: usize = 1 << 18;

/// The files a task demands by name, and the texts that mention them.
#[derive(Debug, Default)]
pub(super) struct Demanded {
    names: Vec<String>,
    finder: Option<AhoCorasick>,
    /// For each name the version written last whose text mentions it: the program that may make it.
    mentioned: Vec<Option<u32>>,
}

impl Demanded {
    pub(super) fn new(contract: &Contract) -> Self {
        let mut names: Vec<String> = Vec::new();
        for demand in &contract.demands {
            if let DemandKind::Output { path, .. } = &demand.kind {
                let name = file_name(path);
                if names.len() < MOST_NAMES && !name.is_empty() && !names.iter().any(|n| n == name)
                {
                    names.push(name.to_owned());
                }
            }
        }
        Self {
            finder: AhoCorasick::new(&names).ok(),
            mentioned: vec![None; names.len()],
            names,
        }
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.names.iter().any(|known| known == name)
    }

    /// Notes which of the names the text of a new file version mentions.
    pub(super) fn mention(&mut self, step: &IndexedStep<'_>, version: u32) {
        let text = action_text(&step.step);
        let text = &text[..text.floor_char_boundary(SEARCHED)];
        for hit in self.finder.iter().flat_map(|finder| finder.find_iter(text)) {
            self.mentioned[hit.pattern().as_usize()] = Some(version);
        }
    }
}

/// Something that was handed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// What it is called: a path.
    pub name: String,
    /// Whether the task names it.
    pub demanded: bool,
    /// The version that was left.
    pub node: NodeId,
    /// The step that wrote it.
    pub step: StepId,
}

/// What a run leaves: the files its task names, then the other files it wrote and did not remove.
pub(super) fn deliveries(build: &Build) -> Vec<Delivery> {
    let mut found: Vec<Delivery> = Vec::new();
    for (name, mentioned) in build.demanded.names.iter().zip(&build.demanded.mentioned) {
        let present = build.files.present(name);
        let state = present.and_then(|v| build.files.versions.get(v as usize));
        let version = match state {
            Some(state) if state.writer.is_some() => present,
            // Read before any text mentioned it: an input.
            Some(state) => mentioned.filter(|&by| {
                let found = build
                    .store
                    .items
                    .get(state.item as usize)
                    .map(|item| item.step);
                build.files.versions[by as usize].writer < found
            }),
            None => *mentioned,
        };
        found.extend(version.and_then(|version| delivery(build, version, true)));
    }
    found.sort_by_key(|delivery| delivery.step);
    let last = build.files.last_versions();
    let mut others: Vec<Delivery> = last
        .filter_map(|version| delivery(build, version, false))
        .collect();
    others.sort_by_key(|delivery| std::cmp::Reverse(delivery.step));
    found.extend(others);
    let mut seen = HashSet::new();
    found.retain(|delivery| seen.insert(delivery.node));
    found.truncate(MOST);
    found
}

fn delivery(build: &Build, version: u32, demanded: bool) -> Option<Delivery> {
    let state = build.files.versions.get(version as usize)?;
    let name = build.files.path(version);
    (state.how != How::Gone && (demanded || !name.starts_with("/tmp/"))).then_some(Delivery {
        name: name.to_owned(),
        demanded,
        node: NodeId::Item(state.item),
        step: state.writer?,
    })
}
