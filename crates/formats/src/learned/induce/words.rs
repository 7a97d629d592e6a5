//! Who says what in a record, and what a record tells of the run.

use super::kind::Kind;
use super::lexicon::{self, Speaker, fit, plain};
use super::shape;
use crate::learned::map::{Condition, Field, Mark, Says};
use crate::learned::path::{Path, Segment};
use crate::learned::score::ratio;
use crate::learned::{interpret, map};

/// Who speaks in parts of this kind.
pub(super) fn speaker_of(kind: &Kind<'_>) -> Option<Speaker> {
    kind.words().find_map(lexicon::speaker)
}

/// The field with the words of a part: by its name, and a text or a list of parts with text.
pub(super) fn words_of(kind: &Kind<'_>, names: &[&str]) -> Option<Path> {
    let mut best: Option<(f64, &Path)> = None;
    for (path, field) in &kind.fields {
        let Some(key) = path.last_key() else { continue };
        let worth_of_name = fit(key, names);
        if worth_of_name == 0.0
            || field.texts + field.lists == 0
            || path.segments().contains(&Segment::Json)
        {
            continue;
        }
        #[expect(clippy::cast_precision_loss, reason = "paths are short")]
        let depth = path.segments().len() as f64;
        let prose = field.share(field.prose);
        let worth = worth_of_name + 0.5 * ratio(field.present, kind.parts.len()) + 0.4 * prose
            - 0.2 * depth;
        if best.is_none_or(|(most, _)| worth > most) {
            best = Some((worth, path));
        }
    }
    best.map(|(_, path)| path.clone())
}

/// What a kind of part says in words, by who speaks; `calls` is true where it also holds a call.
pub(super) fn says_of(kind: &Kind<'_>, calls: bool) -> Vec<Says> {
    let mut said = Vec::new();
    let speaker = speaker_of(kind);
    let reasoning = words_of(kind, lexicon::REASONING);
    let one = |path: Path| -> Field { vec![path] };
    match speaker {
        Some(Speaker::User) => {
            said.extend(words_of(kind, lexicon::WORDS).map(|text| Says::User { text: one(text) }));
        }
        Some(Speaker::Agent) => {
            said.extend(reasoning.map(|text| Says::Think { text: one(text) }));
            said.extend(words_of(kind, lexicon::WORDS).map(|text| Says::Say { text: one(text) }));
        }
        Some(Speaker::Thought) => {
            let text = reasoning.or_else(|| words_of(kind, lexicon::WORDS));
            said.extend(text.map(|text| Says::Think { text: one(text) }));
        }
        None if calls => {
            said.extend(reasoning.map(|text| Says::Think { text: one(text) }));
            said.extend(
                words_of(kind, lexicon::THOUGHTS).map(|text| Says::Say { text: one(text) }),
            );
        }
        Some(Speaker::Tool | Speaker::System) | None => {}
    }
    said
}

/// What a kind of record says where no word tells who speaks: the field that holds sentences. Of
/// records that open the run a person speaks, of others the agent.
pub(super) fn spoken_in(
    kind: &Kind<'_>,
    taken: &[&Path],
    opens: bool,
    calls: bool,
) -> Option<Says> {
    const LEAST: f64 = 0.5;
    let mut best: Option<(usize, &Path)> = None;
    for (path, field) in &kind.fields {
        let used = taken
            .iter()
            .any(|other| path.below(other).is_some() || other.below(path).is_some());
        let shown = field.share(field.sentences) >= LEAST && field.mean_length() > 20.0;
        if used || !shown || path.segments().contains(&Segment::Json) {
            continue;
        }
        if best.is_none_or(|(most, _)| field.length > most) {
            best = Some((field.length, path));
        }
    }
    let text = vec![best?.1.clone()];
    Some(if opens && !calls {
        Says::User { text }
    } else {
        Says::Say { text }
    })
}

/// How the agent marks commands in its words, if most of its messages hold one.
pub(super) fn mark_in(kind: &Kind<'_>, text: &Path) -> Option<Mark> {
    const LEAST: f64 = 0.5;
    let texts: Vec<String> = kind
        .parts
        .iter()
        .filter_map(|part| interpret::text_of(&*text.first(&part.value)?))
        .collect();
    if texts.is_empty() {
        return None;
    }
    let mut languages: Vec<String> = Vec::new();
    let mut fenced = 0;
    for text in &texts {
        let blocks = interpret::fences_in(text);
        let shells = blocks.iter().filter(|fence| {
            let language = plain(fence.language);
            ["bash", "sh", "shell", "console", "zsh"].contains(&language.as_str())
                || language.ends_with("bash")
                || language.ends_with("command")
        });
        let mut any = false;
        for fence in shells {
            any = true;
            if !languages.iter().any(|l| l == fence.language) {
                languages.push(fence.language.to_owned());
            }
        }
        fenced += usize::from(any);
    }
    if ratio(fenced, texts.len()) >= LEAST {
        languages.sort();
        return Some(Mark::Fence(languages));
    }
    let tags = [
        "execute_bash",
        "execute",
        "command",
        "bash",
        "run",
        "shell",
        "action",
    ];
    let tagged = |tag: &str| {
        let mark = Mark::Tag(tag.to_owned());
        let held = texts.iter().filter(|text| {
            let found = interpret::marked_in(text, &mark);
            found.iter().any(|(_, command)| shape::is_command(command))
        });
        (ratio(held.count(), texts.len()) >= LEAST).then_some(mark)
    };
    tags.iter().find_map(|tag| tagged(tag))
}

/// What a kind of record tells of the run and of itself: time, session, model, cost.
pub(super) fn about_of(kind: &Kind<'_>) -> Vec<Says> {
    let time = best(kind, lexicon::TIMES, |field| {
        field.times + field.stamps + field.numbers > 0
    })
    .or_else(|| clock_of(kind));
    let texts = |names: &[&str]| best(kind, names, |field| field.texts > 0);
    let model = texts(lexicon::MODELS);
    let session = texts(lexicon::SESSIONS);
    let reply = best(kind, lexicon::REPLIES, |field| {
        field.texts > 0 && field.values.len() > 1
    });
    let agent = texts(lexicon::AGENTS);
    let cwd = texts(lexicon::FOLDERS);
    let mut said = Vec::new();
    if [&time, &model, &session, &reply, &agent, &cwd]
        .iter()
        .any(|f| f.is_some())
    {
        let list = |path: Option<Path>| path.into_iter().collect::<Field>();
        said.push(Says::About {
            session: list(session),
            agent: list(agent),
            model: list(model),
            cwd: list(cwd),
            time: list(time),
            reply: list(reply),
        });
    }
    let count = |names: &[&str]| {
        best(kind, names, |field| field.numbers > 0)
            .into_iter()
            .collect::<Field>()
    };
    let (input, output) = (count(lexicon::INPUT_TOKENS), count(lexicon::OUTPUT_TOKENS));
    if !input.is_empty() || !output.is_empty() {
        said.push(Says::Usage {
            input,
            cached: count(lexicon::CACHED_TOKENS),
            output,
            cost: count(lexicon::COSTS),
        });
    }
    said
}

/// A field of ISO times, whatever its name.
fn clock_of(kind: &Kind<'_>) -> Option<Path> {
    let clocks = kind.fields.iter().filter(|(path, field)| {
        path.segments().len() <= 2 && field.texts > 0 && field.times == field.texts
    });
    let mut clocks: Vec<&Path> = clocks.map(|(path, _)| path).collect();
    clocks.sort_by_key(|path| path.segments().len());
    clocks.first().map(|path| (*path).clone())
}

/// The field whose name fits best and whose values are right.
pub(super) fn best(
    kind: &Kind<'_>,
    names: &[&str],
    right: impl Fn(&super::field::Field) -> bool,
) -> Option<Path> {
    let mut best: Option<(f64, &Path)> = None;
    for (path, field) in &kind.fields {
        let Some(key) = path.last_key() else { continue };
        let worth_of_name = fit(key, names);
        if worth_of_name == 0.0 || !right(field) || path.segments().contains(&Segment::Json) {
            continue;
        }
        #[expect(clippy::cast_precision_loss, reason = "paths are short")]
        let depth = path.segments().len() as f64;
        let worth = worth_of_name + 0.5 * ratio(field.present, kind.parts.len()) - 0.2 * depth;
        if best.is_none_or(|(most, _)| worth > most) {
            best = Some((worth, path));
        }
    }
    best.map(|(_, path)| path.clone())
}

/// Rules that differ only in the values of one condition, as one rule.
pub(super) fn merge(rules: Vec<map::Rule>) -> Vec<map::Rule> {
    let mut merged: Vec<map::Rule> = Vec::new();
    for rule in rules {
        let twin = merged.iter_mut().find(|other| {
            other.each == rule.each
                && other.says == rule.says
                && (differs_in_one(&other.when, &rule.when) && other.which == rule.which
                    || differs_in_one(&other.which, &rule.which) && other.when == rule.when)
        });
        match twin {
            Some(twin) => {
                join(&mut twin.when, &rule.when);
                join(&mut twin.which, &rule.which);
            }
            None => merged.push(rule),
        }
    }
    merged
}

fn differs_in_one(a: &[Condition], b: &[Condition]) -> bool {
    a.len() == b.len()
        && a.iter()
            .zip(b)
            .all(|(a, b)| a.field == b.field && a.not == b.not)
        && a.iter().zip(b).filter(|(a, b)| a.is != b.is).count() <= 1
}

fn join(into: &mut [Condition], from: &[Condition]) {
    for (into, from) in into.iter_mut().zip(from) {
        for word in &from.is {
            if !into.is.contains(word) {
                into.is.push(word.clone());
            }
        }
    }
}
