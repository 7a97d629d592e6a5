//! Which span stands in which, and in what order things happened.

use std::collections::{HashMap, VecDeque};

use super::{Kind, Span};

/// Something that happened, by the index of its span.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Moment {
    /// A span began; of a model span, what it was shown is known then.
    Begin(usize),
    /// A model answered.
    Reply(usize),
}

/// The tree of a trace and the order of its moments.
pub(super) struct Order {
    /// The span around each span, if it is there.
    pub(super) parents: Vec<Option<usize>>,
    /// What happened, in time; of what happened at once, the outer before the inner.
    pub(super) moments: Vec<Moment>,
    /// Model spans that another model span says again.
    pub(super) repeated: Vec<bool>,
    /// The span whose usage holds for a model span.
    pub(super) counts: Vec<usize>,
}

impl Order {
    pub(super) fn new(spans: &[Span]) -> Self {
        let parents = parents_of(spans);
        let depths = depths_of(&parents);
        let (repeated, counts) = repeated_models(spans, &parents);
        // A reply was there before its tools began, even if the span around both ends later.
        let mut replied: Vec<_> = spans.iter().map(|span| span.ended).collect();
        for (index, span) in spans.iter().enumerate() {
            if let Some(parent) = parents[index]
                && spans[parent].kind == Kind::Model
                && span.kind != Kind::Model
                && let (Some(began), Some(ended)) = (span.started, replied[parent])
            {
                replied[parent] = Some(began.min(ended));
            }
        }
        let mut moments = Vec::with_capacity(spans.len());
        for (index, span) in spans.iter().enumerate() {
            let began = span.started.or(span.ended);
            moments.push((began, 1, depths[index], index, Moment::Begin(index)));
            if span.kind == Kind::Model {
                let at = replied[index].or(began);
                // A reply in no time at all comes after its own beginning.
                let turn = if at == began { 2 } else { 0 };
                moments.push((at, turn, depths[index], index, Moment::Reply(index)));
            }
        }
        moments.sort_by_key(|(at, turn, depth, index, _)| (*at, *turn, *depth, *index));
        Self {
            parents,
            moments: moments.into_iter().map(|(.., moment)| moment).collect(),
            repeated,
            counts,
        }
    }

    /// The spans around `span`, innermost first. Ends, for parents never form a ring.
    pub(super) fn around(&self, span: usize) -> impl Iterator<Item = usize> + '_ {
        std::iter::successors(self.parents[span], |at| self.parents[*at])
    }
}

/// The index of each span's parent; a ring of parents is opened where it is met.
fn parents_of(spans: &[Span]) -> Vec<Option<usize>> {
    let mut by_id: HashMap<&str, usize> = HashMap::with_capacity(spans.len());
    for (index, span) in spans.iter().enumerate() {
        by_id.entry(&span.id).or_insert(index);
    }
    let mut parents: Vec<Option<usize>> = spans
        .iter()
        .map(|span| by_id.get(span.parent.as_deref()?).copied())
        .collect();
    let mut state = vec![0_u8; spans.len()];
    for start in 0..spans.len() {
        let mut path = Vec::new();
        let mut at = start;
        while state[at] == 0 {
            state[at] = 1;
            path.push(at);
            match parents[at] {
                Some(parent) if state[parent] == 1 => parents[at] = None,
                Some(parent) => at = parent,
                None => {}
            }
        }
        for index in path {
            state[index] = 2;
        }
    }
    parents
}

fn depths_of(parents: &[Option<usize>]) -> Vec<u32> {
    let mut children: Vec<Vec<usize>> = vec![Vec::new(); parents.len()];
    let mut open = VecDeque::new();
    for (index, parent) in parents.iter().enumerate() {
        match parent {
            Some(parent) => children[*parent].push(index),
            None => open.push_back(index),
        }
    }
    let mut depths = vec![0; parents.len()];
    while let Some(at) = open.pop_front() {
        for child in &children[at] {
            depths[*child] = depths[at] + 1;
            open.push_back(*child);
        }
    }
    depths
}

/// Marks the model spans that say nothing of their own: of a model span within a model span one is
/// enough, that which says more; a model span around several is the program that makes the calls.
/// Of two records of one call the inner is nearer to the provider, so its usage holds.
fn repeated_models(spans: &[Span], parents: &[Option<usize>]) -> (Vec<bool>, Vec<usize>) {
    let mut within: Vec<Vec<usize>> = vec![Vec::new(); spans.len()];
    for (index, span) in spans.iter().enumerate() {
        if span.kind != Kind::Model {
            continue;
        }
        let around = std::iter::successors(parents[index], |at| parents[*at]);
        let nearest = around
            .take(DEEPEST_WRAPPER)
            .take_while(|at| !matches!(spans[*at].kind, Kind::Agent | Kind::Tool))
            .find(|at| spans[*at].kind == Kind::Model);
        if let Some(outer) = nearest {
            within[outer].push(index);
        }
    }
    let mut repeated = vec![false; spans.len()];
    let mut counts: Vec<usize> = (0..spans.len()).collect();
    for (outer, inner) in within.iter().enumerate() {
        match inner.as_slice() {
            [] => {}
            [inner] if says(&spans[*inner]) <= says(&spans[outer]) => {
                repeated[*inner] = true;
                if !spans[*inner].usage.is_empty() {
                    counts[outer] = *inner;
                }
            }
            several => {
                repeated[outer] = true;
                if let [inner] = several
                    && spans[*inner].usage.is_empty()
                {
                    counts[*inner] = outer;
                }
            }
        }
    }
    (repeated, counts)
}

/// Spans a framework puts between its own record of a model call and the provider's.
const DEEPEST_WRAPPER: usize = 4;

fn says(span: &Span) -> usize {
    span.output.iter().map(|message| message.pieces.len()).sum()
}
