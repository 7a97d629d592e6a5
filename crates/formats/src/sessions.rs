//! Sessions that were kept apart, and the sessions their calls started, as one trajectory.

use std::collections::{HashMap, HashSet, VecDeque};

use trace::{ActionKind, Timestamp, Trajectory};

use crate::extractor::{Coverage, Extraction, Part};
use crate::json::str_of;

/// One session read, with the sessions its calls started.
pub(crate) struct Session {
    /// What happened in it; its id is how others name it.
    pub(crate) trajectory: Trajectory,
    pub(crate) coverage: Coverage,
    pub(crate) warnings: Vec<String>,
    /// Index of a step and the id of the session it started.
    pub(crate) links: Vec<(usize, String)>,
}

/// Sessions in their store's order, each with its parent's id.
pub(crate) type Parents = [(String, Option<String>)];

/// The ids of the sessions each session started, in the order of the store.
fn children_of(parents: &Parents) -> HashMap<&str, Vec<&str>> {
    let mut children: HashMap<&str, Vec<&str>> = HashMap::new();
    for (id, parent) in parents {
        if let Some(parent) = parent {
            children.entry(parent).or_default().push(id);
        }
    }
    children
}

/// The sessions below `root` that were not seen before, itself first, parents before children.
fn reach<'p>(
    root: &'p str,
    children: &HashMap<&str, Vec<&'p str>>,
    seen: &mut HashSet<&'p str>,
) -> Vec<&'p str> {
    seen.insert(root);
    let mut found = vec![root];
    let mut next = 0;
    while let Some(id) = found.get(next) {
        let own = children.get(id).into_iter().flatten().copied();
        found.extend(own.filter(|id| seen.insert(id)));
        next += 1;
    }
    found
}

/// The sessions below `root`, itself first, parents before their children. `parents` gives every
/// session's parent; children come in the order of `parents`.
pub(crate) fn below(root: &str, parents: &Parents) -> Vec<String> {
    let found = reach(root, &children_of(parents), &mut HashSet::new());
    found.into_iter().map(str::to_owned).collect()
}

/// The sessions of a store as the parts of its file: one for each session that stands at the top,
/// without a parent or with one that is not there. `written` says when sessions were last written.
pub(crate) fn parts(parents: &Parents, written: &HashMap<String, Timestamp>) -> Vec<Part> {
    let children = children_of(parents);
    let parent_of: HashMap<&str, Option<&str>> = parents
        .iter()
        .map(|(id, parent)| (id.as_str(), parent.as_deref()))
        .collect();
    let is_top = |parent: Option<&str>| parent.is_none_or(|parent| !parent_of.contains_key(parent));
    let tops = parents
        .iter()
        .filter(|(_, parent)| is_top(parent.as_deref()));
    // Sessions that are each other's parents hang below no top: what no top reaches comes last.
    let mut seen = HashSet::new();
    let mut found = Vec::new();
    for (id, _) in tops.chain(parents) {
        if seen.contains(id.as_str()) {
            continue;
        }
        let tree = reach(id, &children, &mut seen);
        let with_parent = |id: &&str| {
            let parent = parent_of.get(id).copied().flatten();
            ((*id).to_owned(), parent.map(str::to_owned))
        };
        found.push(Part {
            key: id.clone(),
            session: Some(id.clone()),
            range: None,
            sessions: tree.iter().map(with_parent).collect(),
            written: tree.iter().filter_map(|id| written.get(*id).copied()).max(),
        });
    }
    found
}

/// The sessions to read for `part`, or for the first one of the store where none is asked for. The
/// store is listed only where the part does not know them.
pub(crate) fn of_part<E>(
    part: Option<&Part>,
    list: impl FnOnce() -> Result<Vec<Part>, E>,
) -> Result<Vec<(String, Option<String>)>, E> {
    if let Some(part) = part.filter(|part| !part.sessions.is_empty()) {
        return Ok(part.sessions.clone());
    }
    let mut all = list()?.into_iter();
    let found = match part {
        Some(part) => all.find(|own| own.key == part.key),
        None => all.next(),
    };
    Ok(found.map(|part| part.sessions).unwrap_or_default())
}

/// Nests sessions, given parents first with the id of each one's parent, below the first one.
pub(crate) fn nest(mut sessions: Vec<(Session, Option<String>)>) -> Extraction {
    link_by_words(&mut sessions);
    let mut extraction = Extraction::default();
    let mut first: HashMap<String, usize> = HashMap::new();
    for (index, (read, _)) in sessions.iter().enumerate() {
        first.entry(read.trajectory.id.clone()).or_insert(index);
    }
    let top = sessions.first().map(|(read, _)| read.trajectory.id.clone());
    let top = top.unwrap_or_default();
    let mut waiting: HashMap<String, Vec<Trajectory>> = HashMap::new();
    // The children of a session stand behind it, so from the back each is whole when it is reached.
    for (index, (read, parent)) in sessions.into_iter().enumerate().rev() {
        extraction.coverage.add(read.coverage);
        extraction.warnings.extend(read.warnings);
        let mut run = read.trajectory;
        let mut children = waiting.remove(&run.id).unwrap_or_default();
        children.reverse();
        let own: HashSet<&str> = children.iter().map(|child| child.id.as_str()).collect();
        for (step, child) in read.links {
            if own.contains(child.as_str()) {
                run.steps[step].subtrajectory = Some(child);
            }
        }
        run.subtrajectories = children;
        if index == 0 {
            extraction.trajectory = run;
            break;
        }
        let stands_before = |parent: &String| first.get(parent).is_some_and(|at| *at < index);
        let parent = parent.filter(stands_before);
        let parent = parent.unwrap_or_else(|| top.clone());
        waiting.entry(parent).or_default().push(run);
    }
    extraction
}

/// Finds the call that started each sub-agent where the layout does not name it: the first one not
/// taken that gave it its task. Where the words do not tell and there are as many calls as sub-agents
/// left, their order does.
fn link_by_words(read: &mut [(Session, Option<String>)]) {
    let mut started: HashMap<String, Vec<usize>> = HashMap::new();
    for (index, (_, parent)) in read.iter().enumerate() {
        if let Some(parent) = parent {
            started.entry(parent.clone()).or_default().push(index);
        }
    }
    for at in 0..read.len() {
        let Some(children) = started.get(&read[at].0.trajectory.id) else {
            continue;
        };
        let links = links_by_words(read, at, children);
        read[at].0.links.extend(links);
    }
}

/// The links of the session `at` to those of its `children` whose call the layout does not name.
fn links_by_words(
    read: &[(Session, Option<String>)],
    at: usize,
    children: &[usize],
) -> Vec<(usize, String)> {
    let session = &read[at].0;
    let known: HashSet<&str> = session.links.iter().map(|(_, id)| id.as_str()).collect();
    let named: HashSet<usize> = session.links.iter().map(|(step, _)| *step).collect();
    let runs = children.iter().map(|child| &read[*child].0.trajectory);
    let mut runs: Vec<&Trajectory> = runs
        .filter(|run| !known.contains(run.id.as_str()))
        .collect();
    runs.sort_by(|a, b| {
        let order = |run: &Trajectory| run.started;
        let by_time = order(a).cmp(&order(b)).then_with(|| a.id.cmp(&b.id));
        by_time.then_with(|| a.task.cmp(&b.task))
    });
    let mut calls = delegations(&session.trajectory);
    calls.retain(|(step, _)| !named.contains(step));
    let mut given: HashMap<&str, VecDeque<usize>> = HashMap::new();
    for (step, prompt) in &calls {
        given.entry(prompt.trim()).or_default().push_back(*step);
    }
    let mut links = Vec::new();
    let mut taken = HashSet::new();
    let mut left = Vec::new();
    for run in runs {
        let task = run.task.as_deref().unwrap_or_default().trim();
        match given.get_mut(task).and_then(VecDeque::pop_front) {
            Some(step) => {
                taken.insert(step);
                links.push((step, run.id.clone()));
            }
            None => left.push(run.id.clone()),
        }
    }
    if left.len() + taken.len() == calls.len() {
        let steps = calls.iter().map(|(step, _)| *step);
        links.extend(steps.filter(|step| !taken.contains(step)).zip(left));
    }
    links
}

/// The steps that hand a task to someone else, with the task.
pub(crate) fn delegations(run: &Trajectory) -> Vec<(usize, String)> {
    let steps = run.steps.iter().enumerate();
    let calls = steps.filter_map(|(at, step)| match &step.action.kind {
        ActionKind::Delegate { prompt } => {
            let task = str_of(&step.action.arguments, &["task", "instructions"]).unwrap_or(prompt);
            Some((at, task.to_owned()))
        }
        _ => None,
    });
    calls.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store(sessions: &[(&str, Option<&str>)]) -> Vec<(String, Option<String>)> {
        let owned =
            |(id, parent): &(&str, Option<&str>)| ((*id).to_owned(), parent.map(str::to_owned));
        sessions.iter().map(owned).collect()
    }

    #[test]
    fn every_session_stands_in_one_part() {
        let all = store(&[
            ("top", None),
            ("below", Some("top")),
            ("lost", Some("gone")),
            ("deep", Some("below")),
            ("ring", Some("round")),
            ("round", Some("ring")),
        ]);
        let at = |seconds| Timestamp::from_second(seconds).unwrap();
        let written = HashMap::from([("top".to_owned(), at(1)), ("deep".to_owned(), at(5))]);
        let parts = parts(&all, &written);
        let read: Vec<Vec<&str>> = parts
            .iter()
            .map(|part| part.sessions.iter().map(|(id, _)| id.as_str()).collect())
            .collect();
        let apart: [&[&str]; 3] = [&["top", "below", "deep"], &["lost"], &["ring", "round"]];
        assert_eq!(read, apart);
        assert_eq!(parts[0].sessions[2].1.as_deref(), Some("below"));
        assert_eq!(parts[0].written, Some(at(5)));
        assert_eq!(parts[1].written, None);
    }
}
