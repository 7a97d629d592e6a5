//! Which lessons fit a run, within how many tokens.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use trace::Timestamp;

use super::folder::AgentKind;
use super::lesson::{Author, Lesson, LessonId, LessonKind};
use super::profile::RunProfile;
use super::words::{Sketch, content};

/// How many lessons are recalled at most, however much room there is.
pub const MOST_RECALLED: usize = 8;

/// The saturation of repeated words and the weight of length, as usual for BM25.
const K1: f64 = 1.2;
const B: f64 = 0.4;

/// The BM25 score that counts as half relevant.
const HALF_RELEVANT: f64 = 4.0;

/// How relevant a quirk of the agent, or what a person wrote, is for any run of that agent.
const ALWAYS_RELEVANT: f64 = 0.2;

/// What scores less than this share of the best is left out: tokens cost more than it tells.
const FIT: f64 = 0.15;

/// Lessons this alike are not both shown.
const TOO_ALIKE: f64 = 0.5;

/// A lesson trusted less is not shown.
const LEAST_TRUST: f64 = 0.35;

/// A lesson recalled for a run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Recalled {
    /// Its name.
    pub id: LessonId,
    /// The kind of agent in whose file it stands.
    pub agent: AgentKind,
    /// What it is about.
    pub kind: LessonKind,
    /// One sentence.
    pub text: String,
    /// How many runs back it.
    pub runs: u32,
    /// How well it fits, between 0 and 1: relevance times worth.
    pub score: f64,
}

impl Recalled {
    /// The lesson as a line of a prompt.
    #[must_use]
    pub fn hint(&self) -> String {
        let kind = self.kind.as_str().replace('_', " ");
        format!("{kind}: {}", self.text)
    }
}

/// Lessons as lines of a prompt, to be fenced as data there, below words that call them hints and no
/// evidence.
#[must_use]
pub fn hints(recalled: &[Recalled]) -> Vec<String> {
    recalled.iter().map(Recalled::hint).collect()
}

/// The lessons that fit a run, best first, as many as [`hints`] can show in `room` tokens.
pub(super) fn recall(
    lessons: &[(AgentKind, Lesson)],
    profile: &RunProfile,
    now: Timestamp,
    room: u64,
    count: impl Fn(&str) -> u64,
) -> Vec<Recalled> {
    let relevance = relevance(lessons, profile);
    let mut scored: Vec<(f64, &AgentKind, &Lesson)> = Vec::new();
    for ((agent, lesson), relevance) in lessons.iter().zip(relevance) {
        let is_ever_fit = lesson.kind == LessonKind::Quirk || lesson.by == Author::Hand;
        let floor = if is_ever_fit { ALWAYS_RELEVANT } else { 0.0 };
        let score = relevance.max(floor) * lesson.worth(now);
        if score > 0.0 && lesson.trust() >= LEAST_TRUST {
            scored.push((score, agent, lesson));
        }
    }
    // Equals stand by alphabet, whatever the order of the files.
    scored.sort_by(|a, b| {
        let by_score = b.0.total_cmp(&a.0);
        by_score.then_with(|| (&a.2.text, a.1).cmp(&(&b.2.text, b.1)))
    });
    let least = scored.first().map_or(0.0, |best| best.0 * FIT);
    let mut chosen: Vec<Recalled> = Vec::new();
    let mut said: Vec<Sketch> = Vec::new();
    for (score, agent, lesson) in scored {
        if chosen.len() == MOST_RECALLED || score < least {
            break;
        }
        let sketch = Sketch::of(&lesson.text);
        if said
            .iter()
            .any(|other| other.likeness(&sketch) >= TOO_ALIKE)
        {
            continue;
        }
        chosen.push(Recalled {
            id: lesson.id(),
            agent: agent.clone(),
            kind: lesson.kind,
            text: lesson.text.clone(),
            runs: lesson.run_count(),
            score,
        });
        // A long one that does not fit makes room for a shorter one further down.
        if count(&hints(&chosen).join("\n")) > room {
            chosen.pop();
        } else {
            said.push(sketch);
        }
    }
    chosen
}

/// How relevant each lesson is, between 0 and 1: BM25 of the profile's words in its words.
#[expect(clippy::cast_precision_loss, reason = "counts of words and lessons")]
fn relevance(lessons: &[(AgentKind, Lesson)], profile: &RunProfile) -> Vec<f64> {
    let said: Vec<Vec<String>> = lessons.iter().map(|(_, l)| content(&l.text)).collect();
    let all: usize = said.iter().map(Vec::len).sum();
    let usual_length = (all as f64 / said.len().max(1) as f64).max(1.0);
    let mut lessons_with: BTreeMap<&str, usize> = BTreeMap::new();
    for words in &said {
        for word in words.iter().collect::<BTreeSet<_>>() {
            *lessons_with.entry(word).or_default() += 1;
        }
    }
    let rarity = |word: &str| {
        let with = lessons_with.get(word).copied().unwrap_or(0) as f64;
        (1.0 + (said.len() as f64 - with + 0.5) / (with + 0.5)).ln()
    };
    let score = |words: &Vec<String>| {
        let length = B.mul_add(words.len() as f64 / usual_length - 1.0, 1.0);
        let of_word = |(wanted, weight): (&str, f64)| {
            let times = words.iter().filter(|word| *word == wanted).count() as f64;
            weight * rarity(wanted) * times * (K1 + 1.0) / K1.mul_add(length, times)
        };
        let sum: f64 = profile.words().map(of_word).sum();
        sum / (sum + HALF_RELEVANT)
    };
    said.iter().map(score).collect()
}
