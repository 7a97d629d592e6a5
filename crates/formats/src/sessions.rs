//! Sessions that were kept apart, and the sessions their calls started, as one trajectory.

use std::collections::{HashMap, HashSet};

use trace::{ActionKind, Timestamp, Trajectory};

use crate::extractor::{Coverage, Extraction};
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

/// The sessions below `root`, itself first, parents before their children. `parents` gives every
/// session's parent; children come in the order of `parents`.
pub(crate) fn below(root: &str, parents: &[(String, Option<String>)]) -> Vec<String> {
    let mut children: HashMap<&str, Vec<&str>> = HashMap::new();
    for (id, parent) in parents {
        if let Some(parent) = parent {
            children.entry(parent).or_default().push(id);
        }
    }
    let mut seen: HashSet<&str> = HashSet::from([root]);
    let mut found = vec![root.to_owned()];
    let mut next = 0;
    while let Some(id) = found.get(next) {
        let own = children.get(id.as_str()).cloned().unwrap_or_default();
        found.extend(
            own.into_iter()
                .filter(|id| seen.insert(id))
                .map(str::to_owned),
        );
        next += 1;
    }
    found
}

/// The sessions that stand at the top: those without a parent, or with one that is not there.
pub(crate) fn roots(parents: &[(String, Option<String>)]) -> Vec<String> {
    let known: HashSet<&str> = parents.iter().map(|(id, _)| id.as_str()).collect();
    let mut reached: HashSet<String> = HashSet::new();
    let mut found = Vec::new();
    for (id, parent) in parents {
        if parent
            .as_deref()
            .is_none_or(|parent| !known.contains(parent))
        {
            reached.extend(below(id, parents));
            found.push(id.clone());
        }
    }
    // Sessions that are each other's parents hang below no top.
    for (id, _) in parents {
        if !reached.contains(id) {
            reached.extend(below(id, parents));
            found.push(id.clone());
        }
    }
    found
}

/// Nests sessions, given parents first with the id of each one's parent, below the first one.
pub(crate) fn nest(mut sessions: Vec<(Session, Option<String>)>) -> Extraction {
    link_by_words(&mut sessions);
    let mut extraction = Extraction::default();
    let ids = sessions.iter().map(|(read, _)| read.trajectory.id.clone());
    let ids: Vec<String> = ids.collect();
    let mut waiting: HashMap<String, Vec<Trajectory>> = HashMap::new();
    // The children of a session stand behind it, so from the back each is whole when it is reached.
    for (index, (read, parent)) in sessions.into_iter().enumerate().rev() {
        extraction.coverage.add(read.coverage);
        extraction.warnings.extend(read.warnings);
        let mut run = read.trajectory;
        let mut children = waiting.remove(&run.id).unwrap_or_default();
        children.reverse();
        for (step, child) in read.links {
            if children.iter().any(|own| own.id == child) {
                run.steps[step].subtrajectory = Some(child);
            }
        }
        run.subtrajectories = children;
        if index == 0 {
            extraction.trajectory = run;
            break;
        }
        let parent = parent.filter(|parent| ids[..index].contains(parent));
        let parent = parent.unwrap_or_else(|| ids[0].clone());
        waiting.entry(parent).or_default().push(run);
    }
    extraction
}

/// Finds the call that started each sub-agent where the layout does not name it: the first one not
/// taken that gave it its task. Where the words do not tell and there are as many calls as sub-agents
/// left, their order does.
fn link_by_words(read: &mut [(Session, Option<String>)]) {
    for at in 0..read.len() {
        let own = read[at].0.trajectory.id.clone();
        let mut children: Vec<(Option<Timestamp>, String, String)> = read
            .iter()
            .filter(|(_, parent)| parent.as_deref() == Some(own.as_str()))
            .map(|(child, _)| {
                let run = &child.trajectory;
                (
                    run.started,
                    run.id.clone(),
                    run.task.clone().unwrap_or_default(),
                )
            })
            .collect();
        children.sort();
        let mut calls = delegations(&read[at].0.trajectory);
        let known = &read[at].0.links;
        children.retain(|(_, id, _)| known.iter().all(|(_, own)| own != id));
        calls.retain(|(step, _)| known.iter().all(|(own, _)| own != step));
        let mut left = Vec::new();
        for (_, id, task) in children {
            match calls
                .iter()
                .position(|(_, prompt)| prompt.trim() == task.trim())
            {
                Some(found) => read[at].0.links.push((calls.remove(found).0, id)),
                None => left.push(id),
            }
        }
        if left.len() == calls.len() {
            let steps = calls.into_iter().map(|(step, _)| step);
            read[at].0.links.extend(steps.zip(left));
        }
    }
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
