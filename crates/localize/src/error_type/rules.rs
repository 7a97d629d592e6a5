//! The rules, the surest first. Each looks for one plain pattern and is silent otherwise: most onsets
//! are wrong beliefs, so a rule that is right less often than that would only harm.

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;
use analysis::activity::Activity;
use analysis::workspace::Workspace;
use analysis::{Index, IndexedStep};
use trace::{ErrorKind, ErrorSignature, Fault, StepId, StepStatus};

use super::{Accused, Choice};
use crate::case::Case;
use crate::contract::{Audit, Mark};
use crate::facts::file::file_name;
use crate::facts::loss::{removed, takes_all_back};
use crate::facts::phrase::{first as finds, phrases};

/// Words of giving up.
static GIVES_UP: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
    phrases(&[
        "unable to",
        "not able to",
        "cannot be completed",
        "can't be completed",
        "not possible to",
        "ran out of time",
        "due to time constraints",
        "would you like me to",
        "do you want me to",
        "let me know if",
        "shall i proceed",
    ])
});

/// Programs that keep the terminal until a person answers.
const INTERACTIVE: &[&str] = &[
    "vim", "vi", "nvim", "nano", "emacs", "less", "more", "man", "top", "htop", "mysql", "psql",
    "ftp", "telnet", "ssh", "passwd", "gdb",
];
/// Programs that ask whether another program is there.
const LOOKUPS: &[&str] = &["which", "command", "type", "whereis", "hash"];

/// Everything a rule may look at.
struct Scene<'c> {
    index: &'c Index<'c>,
    contract: &'c Audit,
    workspace: &'c Workspace,
    step: IndexedStep<'c>,
    signals: &'c [&'static str],
}

/// A rule's name, the kind it chooses and its test, which gives what it saw.
struct Rule {
    name: &'static str,
    fault: Fault,
    sees: fn(&Scene<'_>) -> Option<String>,
}

const RULES: &[Rule] = &[
    Rule {
        name: "made_up_result",
        fault: Fault::FabricatedResult,
        sees: made_up_result,
    },
    Rule {
        name: "needed_thing_destroyed",
        fault: Fault::DestructiveAction,
        sees: needed_thing_destroyed,
    },
    Rule {
        name: "limit_reached",
        fault: Fault::ResourceExhaustion,
        sees: limit_reached,
    },
    Rule {
        name: "terminal_kept",
        fault: Fault::InteractiveHang,
        sees: terminal_kept,
    },
    Rule {
        name: "install_failed",
        fault: Fault::DependencyResolution,
        sees: install_failed,
    },
    Rule {
        name: "missing_tool_never_installed",
        fault: Fault::DependencyResolution,
        sees: missing_tool,
    },
    Rule {
        name: "install_left_unfit",
        fault: Fault::EnvironmentSetup,
        sees: install_left_unfit,
    },
    Rule {
        name: "never_reached",
        fault: Fault::OutsideCause,
        sees: never_reached,
    },
    Rule {
        name: "machine_refused",
        fault: Fault::EnvironmentSetup,
        sees: machine_refused,
    },
    Rule {
        name: "edit_found_nothing",
        fault: Fault::MislocalisedEdit,
        sees: edit_found_nothing,
    },
    Rule {
        name: "failed_check_set_aside",
        fault: Fault::VerificationMisinterpretation,
        sees: failed_check_set_aside,
    },
    Rule {
        name: "went_in_circles",
        fault: Fault::UnproductiveLooping,
        sees: went_in_circles,
    },
    Rule {
        name: "stopped_short",
        fault: Fault::GaveUpEarly,
        sees: stopped_short,
    },
    Rule {
        name: "handed_in_unchecked",
        fault: Fault::UnverifiedClaim,
        sees: handed_in_unchecked,
    },
    Rule {
        name: "demand_left_out",
        fault: Fault::SpecificationMisread,
        sees: demand_left_out,
    },
];

/// What the first rule that holds chooses.
pub(super) fn first(case: &Case<'_>, accused: Accused<'_>) -> Option<Choice> {
    let scene = Scene {
        index: case.index,
        contract: &case.contract,
        workspace: &case.workspace,
        step: case.index.step(accused.step)?,
        signals: accused.signals,
    };
    RULES.iter().find_map(|rule| {
        let why = (rule.sees)(&scene)?;
        Some(Choice {
            fault: rule.fault,
            rule: rule.name,
            why,
        })
    })
}

impl Scene<'_> {
    fn does(&self, activity: Activity) -> bool {
        self.step.reading.activities.contains(&activity)
    }

    fn changes(&self) -> bool {
        self.step.reading.effect.kind.is_change()
    }

    fn signal(&self, name: &str) -> bool {
        self.signals.contains(&name)
    }

    /// The first error of one of these kinds that the step itself shows.
    fn error(&self, kinds: &[ErrorKind]) -> Option<ErrorSignature> {
        let mut errors = self.step.outcome.errors.iter();
        errors.find(|e| kinds.contains(&e.kind)).cloned()
    }

    fn failed(&self) -> bool {
        self.step.outcome.status == StepStatus::Failed
    }

    fn later(&self) -> impl Iterator<Item = IndexedStep<'_>> {
        self.index.steps().skip(self.step.id.index() + 1)
    }

    /// The step at a distance before this one.
    fn before(&self, distance: usize) -> Option<IndexedStep<'_>> {
        let at = self.step.id.index().checked_sub(distance)?;
        self.index.step(StepId::from_index(at))
    }

    fn is_last(&self) -> bool {
        self.step.id.index() + 1 == self.index.len()
    }
}

fn said(error: &ErrorSignature) -> String {
    let text = error.message.trim();
    text[..text.floor_char_boundary(120)].to_owned()
}

fn made_up_result(scene: &Scene<'_>) -> Option<String> {
    let here = |mark: &Option<Mark>| mark.as_ref().is_some_and(|m| m.step == scene.step.id);
    let mut demands = scene.contract.each();
    if let Some((demand, _)) = demands.find(|(_, standing)| here(&standing.substitute)) {
        return Some(format!(
            "puts something made up in place of {}",
            demand.name()
        ));
    }
    scene
        .signal("fabrication")
        .then(|| "writes a substitute in place of a result".to_owned())
}

/// Version control taken back wholesale, or a file removed that the run had not made and nobody made
/// again.
fn needed_thing_destroyed(scene: &Scene<'_>) -> Option<String> {
    /// Each is looked for in the rest of the run.
    const LOOKED_FOR: usize = 16;
    if scene.step.reading.commands.iter().any(takes_all_back) {
        return Some("takes all uncommitted work back".to_owned());
    }
    let gone = removed(&scene.step);
    let missed = gone.iter().take(LOOKED_FOR).find(|path| {
        let name = file_name(path);
        let asks = |step: &IndexedStep<'_>| {
            step.outcome.errors.iter().any(|error| {
                let about = error.subject.as_deref().map(file_name);
                error.kind == ErrorKind::MissingPath && about == Some(name)
            })
        };
        !name.is_empty() && scene.later().any(|step| asks(&step))
    })?;
    Some(format!("removes `{missed}`, which is missed later"))
}

fn limit_reached(scene: &Scene<'_>) -> Option<String> {
    let error = scene.error(&[ErrorKind::Resource])?;
    Some(format!("its answer says: {}", said(&error)))
}

/// An interactive program, and then nothing but keys to get out of it.
fn terminal_kept(scene: &Scene<'_>) -> Option<String> {
    const STRUGGLES: usize = 2;
    let commands = &scene.step.reading.commands;
    let kept = commands
        .iter()
        .find(|c| INTERACTIVE.contains(&c.program.as_str()) && !c.piped_input)?;
    let struggles = scene
        .later()
        .take(STRUGGLES)
        .filter(|step| {
            let activities = &step.reading.activities;
            activities.iter().all(|a| *a == Activity::Control)
        })
        .count();
    (struggles == STRUGGLES).then(|| {
        format!(
            "starts `{}`, which waits for a person, and then only waits",
            kept.program
        )
    })
}

/// An installation that did not come about.
fn install_failed(scene: &Scene<'_>) -> Option<String> {
    if !scene.does(Activity::Install) {
        return None;
    }
    let kinds = [ErrorKind::DependencyConflict, ErrorKind::MissingDependency];
    match scene.error(&kinds) {
        Some(error) => Some(format!("its installation says: {}", said(&error))),
        None if scene.failed() => Some("its installation fails".to_owned()),
        None => None,
    }
}

/// A program or module found missing that no later installation brings.
fn missing_tool(scene: &Scene<'_>) -> Option<String> {
    if scene.changes() {
        return None;
    }
    let kinds = [ErrorKind::CommandNotFound, ErrorKind::MissingDependency];
    let error = scene.error(&kinds);
    let commands = &scene.step.reading.commands;
    let looks_up = || {
        commands
            .iter()
            .any(|c| LOOKUPS.contains(&c.program.as_str()))
    };
    let exit = scene.step.outcome.exit_status;
    let nothing = scene.failed() || exit.is_some_and(|status| status != 0);
    if error.is_none() && !(nothing && looks_up()) {
        return None;
    }
    let brings = |step: IndexedStep<'_>| {
        step.reading.activities.contains(&Activity::Install)
            && step.outcome.status != StepStatus::Failed
            && step.outcome.errors.is_empty()
    };
    if scene.later().any(brings) {
        return None;
    }
    Some(match error {
        Some(error) => format!("no later step installs what is missing: {}", said(&error)),
        None => "no later step installs what it looks for".to_owned(),
    })
}

/// An installation that went through and is the error nonetheless: the packages came, the environment
/// is not what the task needs.
fn install_left_unfit(scene: &Scene<'_>) -> Option<String> {
    let installs = scene.does(Activity::Install) && !scene.does(Activity::Edit);
    (installs && scene.step.outcome.status == StepStatus::Ok)
        .then(|| "its installation goes through, and what it leaves does not do".to_owned())
}

/// A host out of reach now and whenever it is tried again.
fn never_reached(scene: &Scene<'_>) -> Option<String> {
    let error = scene.error(&[ErrorKind::Network])?;
    let (mut tried, mut reached) = (false, false);
    for step in scene.later() {
        let asks = |a: &Activity| matches!(a, Activity::Fetch | Activity::Install);
        let refused = step
            .outcome
            .errors
            .iter()
            .any(|e| e.kind == ErrorKind::Network);
        tried |= refused;
        reached |= !refused && step.reading.activities.iter().any(asks);
    }
    (scene.failed() && tried && !reached).then(|| format!("nothing gets through: {}", said(&error)))
}

fn machine_refused(scene: &Scene<'_>) -> Option<String> {
    let acts =
        scene.does(Activity::Serve) || scene.does(Activity::Fetch) || scene.does(Activity::Arrange);
    let error = scene.error(&[ErrorKind::Permission, ErrorKind::Network])?;
    (acts && scene.failed()).then(|| format!("its answer says: {}", said(&error)))
}

/// A refused edit of a file that no later edit changes.
fn edit_found_nothing(scene: &Scene<'_>) -> Option<String> {
    scene.error(&[ErrorKind::EditRejected])?;
    let wanted = scene.step.reading.effect.writes.first()?;
    let file = scene.workspace.file(wanted);
    let edited = file.is_some_and(|file| file.writers().any(|step| step > scene.step.id));
    (!edited).then(|| format!("its edit of `{wanted}` was refused and not made later"))
}

/// Goes on, changing nothing, over a check that has just failed, with words of success.
fn failed_check_set_aside(scene: &Scene<'_>) -> Option<String> {
    const NEAR: usize = 2;
    if scene.changes() || scene.failed() || !scene.signal("false_claim") {
        return None;
    }
    let checks = |a: &Activity| matches!(a, Activity::Test | Activity::Run | Activity::Build);
    let failed = (1..=NEAR)
        .filter_map(|distance| scene.before(distance))
        .find(|step| {
            step.outcome.status == StepStatus::Failed && step.reading.activities.iter().any(checks)
        })?;
    Some(format!(
        "goes on as if the check of step {} had not failed",
        failed.id
    ))
}

/// Nothing but the same again, three times or more.
fn went_in_circles(scene: &Scene<'_>) -> Option<String> {
    const TIMES: usize = 3;
    if !scene.signal("repetition") {
        return None;
    }
    let asked = crate::evidence::action_text(&scene.step.step).trim();
    let same = |step: &IndexedStep<'_>| crate::evidence::action_text(&step.step).trim() == asked;
    let run = scene.later().take_while(same).count();
    let earlier = (1..TIMES)
        .map_while(|distance| scene.before(distance))
        .take_while(same)
        .count();
    (run + earlier + 1 >= TIMES).then(|| "does the same thing again and again".to_owned())
}

/// Ends the run with words of giving up, or with a question nobody answers.
fn stopped_short(scene: &Scene<'_>) -> Option<String> {
    if !(scene.is_last() || scene.does(Activity::Submit)) {
        return None;
    }
    let last = scene
        .index
        .trajectory
        .final_message
        .as_deref()
        .unwrap_or_default();
    let texts = [
        scene.step.step.thought.as_str(),
        crate::evidence::action_text(&scene.step.step),
        last,
    ];
    let words = texts
        .iter()
        .any(|text| finds(GIVES_UP.as_ref(), text).is_some());
    (words || scene.signal("resignation")).then(|| "ends the run with the work undone".to_owned())
}

/// Hands in while the last change has not been run.
fn handed_in_unchecked(scene: &Scene<'_>) -> Option<String> {
    if !scene.does(Activity::Submit) || scene.changes() {
        return None;
    }
    let checks = |a: &Activity| matches!(a, Activity::Test | Activity::Run | Activity::Build);
    let mut before = scene.index.steps().take(scene.step.id.index()).rev();
    let last = before.find(|step| {
        step.reading.effect.kind.is_change() || step.reading.activities.iter().any(checks)
    })?;
    let checked = last.reading.activities.iter().any(checks);
    (!checked).then(|| {
        format!(
            "hands in though nothing ran after the change of step {}",
            last.id
        )
    })
}

fn demand_left_out(scene: &Scene<'_>) -> Option<String> {
    let here = |mark: &Option<Mark>| mark.as_ref().is_some_and(|m| m.step == scene.step.id);
    let mut demands = scene.contract.each();
    let other = demands.find(|(_, s)| here(&s.instead) || here(&s.broken));
    if let Some((demand, _)) = other {
        return Some(format!(
            "does something else than demanded: {}",
            demand.name()
        ));
    }
    let speaks = scene.signal("dropped_demand") || scene.signal("plan_cut");
    speaks.then(|| "leaves out what the task or its own plan names".to_owned())
}
