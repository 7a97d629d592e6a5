//! The right lessons, within the room there is.

use proptest::prelude::*;

use super::*;

const TEXTS: [&str; 8] = [
    "An interactive pager keeps the terminal and later commands are typed into it.",
    "The agent claims success without running the tests after its last edit.",
    "A missing package is worked around instead of installed.",
    "The same command is repeated many times before the approach changes.",
    "Edits go to a copy of the file that nothing imports.",
    "The service is started in the foreground and dies with its shell.",
    "Look at the first change after a failing check: it often hides the error.",
    "One demand of the task is dropped when the context is summarised.",
];

fn profile(words: &str) -> RunProfile {
    let mut profile = RunProfile::default();
    profile.add(words, 1.0);
    profile
}

fn count(text: &str) -> u64 {
    text.split_whitespace().count() as u64
}

fn recalled(place: &Place, words: &str, room: u64, now: &str) -> Vec<Recalled> {
    let agent = Some("claude code 3.1");
    Memory::open(place.memory.folder()).lessons_for(agent, &profile(words), noon(now), room, count)
}

#[test]
fn what_fits_the_run_comes_first() {
    let place = Place::new();
    for (index, text) in TEXTS.iter().enumerate() {
        place.learn(&run(&index.to_string()), &[text], "2026-01-01");
    }
    let found = recalled(
        &place,
        "interactive hang: the terminal waits in a pager",
        400,
        "2026-01-02",
    );
    assert_eq!(found[0].text, TEXTS[0]);
    let found = recalled(&place, "claims success unverified tests", 400, "2026-01-02");
    assert_eq!(found[0].text, TEXTS[1]);
    assert!(recalled(&place, "rename a branch", 400, "2026-01-02").is_empty());
    let line =
        "failure pattern: The agent claims success without running the tests after its last edit.";
    assert_eq!(hints(&found), [line]);
}

#[test]
fn a_run_is_not_told_what_only_it_taught() {
    let place = Place::new();
    place.learn(&run("a"), &[TEXTS[0]], "2026-01-01");
    let told = |run: &Trajectory| {
        let profile = profile("terminal pager").besides(&RunMark::of(run));
        let memory = Memory::open(place.memory.folder());
        let agent = run.agent.as_deref();
        memory.lessons_for(agent, &profile, noon("2026-01-02"), 400, count)
    };
    assert!(told(&run("a")).is_empty());
    assert_eq!(told(&run("b"))[0].runs, 1);
    place.learn(&run("b"), &[TEXTS[0]], "2026-01-01");
    assert_eq!(told(&run("a"))[0].runs, 1);
    assert_eq!(told(&run("c"))[0].runs, 2);
}

#[test]
fn a_quirk_and_what_a_person_wrote_fit_every_run_of_the_agent() {
    let place = Place::new();
    let memory = &place.memory;
    let now = noon("2026-01-01");
    let any = AgentKind::of(None);
    memory
        .add(
            &Place::agent(),
            LessonKind::Quirk,
            "It reads files with /usr/bin/bat.",
            now,
        )
        .unwrap();
    memory
        .add(
            &any,
            LessonKind::WhereToLook,
            "Everything begins at the first install.",
            now,
        )
        .unwrap();
    let other = AgentKind::of(Some("other"));
    memory
        .add(&other, LessonKind::Quirk, "It never ends a sentence.", now)
        .unwrap();
    let found = recalled(&place, "pager", 400, "2029-01-01");
    let agents: Vec<&str> = found.iter().map(|lesson| lesson.agent.as_str()).collect();
    assert_eq!(agents, ["any", "claude-code"]);
}

#[test]
fn more_and_fresher_runs_count_more_and_contradictions_less() {
    let place = Place::new();
    let pair = [
        "The terminal is left in a pager that waits for keys.",
        "The terminal keeps an editor open and swallows commands.",
    ];
    place.learn(&run("a"), &[pair[0]], "2025-01-01");
    place.learn(&run("b"), &[pair[1]], "2026-01-01");
    let found = recalled(&place, "terminal", 400, "2026-01-02");
    assert_eq!(found[0].text, pair[1]);
    for id in ["c", "d", "e"] {
        place.learn(&run(id), &[pair[0]], "2026-01-01");
    }
    let found = recalled(&place, "terminal", 400, "2026-01-02");
    assert_eq!((found[0].text.as_str(), found[0].runs), (pair[0], 4));

    let agent = run("x");
    let agent = agent.agent.as_deref();
    for _ in 0..4 {
        let shown = [(found[0].clone(), Held::Contradicted)];
        let run = run("x");
        let guard = Guard::new(&run);
        let mark = RunMark::of(&run);
        let now = noon("2026-01-02");
        let learned = place.memory.learn(agent, &mark, &shown, &[], &guard, now);
        assert_eq!(learned.unwrap(), []);
    }
    let found = recalled(&place, "terminal", 400, "2026-01-02");
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].text, pair[1]);
}

#[test]
fn the_profile_is_made_of_what_the_engine_says_and_not_of_what_it_quotes() {
    let mut one = RunProfile::default();
    one.add(
        "the tests of step 11 break: `holiday_fees` and 1 more fail",
        1.0,
    );
    let words: Vec<&str> = one.words().map(|(word, _)| word).collect();
    assert_eq!(words, ["break", "fail", "mor", "test"]);
}

#[test]
fn half_of_a_run_is_left_after_the_half_life() {
    let mut lesson = Lesson::new(LessonKind::Quirk, TEXTS[0], Author::Model);
    lesson.back(Support {
        run: "a".to_owned(),
        on: day("2026-01-01"),
        name: String::new(),
    });
    assert!((lesson.support(noon("2026-01-01")) - 1.0).abs() < 1e-9);
    assert!((lesson.support(noon("2026-04-01")) - 0.5).abs() < 1e-9);
    // A clock that was wrong.
    assert!((lesson.support(noon("2020-01-01")) - 1.0).abs() < 1e-9);
    lesson.by = Author::Hand;
    assert!((lesson.support(noon("2036-01-01")) - 1.0).abs() < 1e-9);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_room_is_kept_and_the_order_of_learning_does_not_matter(
        mut picked in proptest::collection::vec((0usize..8, 0u8..3), 0..12),
        words in "(terminal|tests|package|command|file|service|check|demand| ){0,6}",
        room in 0u64..160,
    ) {
        let learn = |picked: &[(usize, u8)]| {
            let place = Place::new();
            for (text, id) in picked {
                place.learn(&run(&id.to_string()), &[TEXTS[*text]], "2026-01-01");
            }
            place
        };
        let place = learn(&picked);
        let found = recalled(&place, &words, room, "2026-02-01");
        prop_assert!(count(&hints(&found).join("\n")) <= room);
        prop_assert!(found.len() <= MOST_RECALLED);
        prop_assert_eq!(&found, &recalled(&place, &words, room, "2026-02-01"));
        picked.reverse();
        prop_assert_eq!(&found, &recalled(&learn(&picked), &words, room, "2026-02-01"));
    }
}
