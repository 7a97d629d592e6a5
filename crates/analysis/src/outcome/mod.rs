//! What each step's observation proves: its exit status, the errors it shows, the tests it reports.
//!
//! Two rules keep this honest. A text that merely *prints* source, help or a log proves nothing
//! about the step that printed it, so what the action was decides how its answer is read
//! (`command`). And a terminal screen repeats what earlier steps showed, so only what is new on it
//! counts (`screen`).
//!
//! Bounds: of an observation longer than 2 MiB its first and last MiB are looked at; at most 64
//! distinct signatures are kept of one observation, at most 16
//! of one family from one program, and at most 10 000 named cases of one report.

mod command;
mod exit;
mod page;
mod report;
mod screen;
mod signature;
mod status;

#[cfg(test)]
mod tests;

use std::cell::OnceCell;
use std::ops::Range;

use trace::{
    ActionKind, ErrorKind, ErrorSignature, Observation, Step, StepOutcome, TestReport, Trajectory,
};

use command::Manner;
use page::Page;
use screen::Screens;
use signature::Reading;

/// Lines of one page that answer one command.
struct Stretch {
    lines: Range<usize>,
    command: String,
}

/// What one observation showed, before it is judged.
#[derive(Default)]
struct Shown {
    errors: Vec<ErrorSignature>,
    /// For each error, whether it counts against the step itself.
    own: Vec<bool>,
    tests: Vec<TestReport>,
    /// Whether the reports are of tests that this step ran.
    own_tests: bool,
}

/// One outcome per step of the main agent, in order; sub-agents' steps are theirs to ask for.
///
/// Of terminal screens only what is new since the step before is read. Where several steps share
/// one observation (the commands of one episode), it is judged with the step that carries it and
/// the others are unknown.
#[must_use]
pub fn read_outcomes(trajectory: &Trajectory) -> Vec<StepOutcome> {
    let mut reader = Reader::new(trajectory);
    let steps = trajectory.steps.walk();
    steps.map(|step| reader.read(&step)).collect()
}

/// Reads the outcomes of a trajectory one after the other.
pub(crate) struct Reader<'t> {
    trajectory: &'t Trajectory,
    screens: Screens,
    /// The width of the run's terminal, once a step shows one.
    width: OnceCell<Option<usize>>,
}

impl<'t> Reader<'t> {
    /// Before the first step.
    pub(crate) fn new(trajectory: &'t Trajectory) -> Self {
        Self {
            trajectory,
            screens: Screens::default(),
            width: OnceCell::new(),
        }
    }

    /// Reads the next step's outcome.
    pub(crate) fn read(&mut self, step: &Step) -> StepOutcome {
        match &step.observation {
            Some(observation) if observation.screen => {
                let width = *self.width.get_or_init(|| width(self.trajectory));
                on_screen(step, observation, &mut self.screens, width)
            }
            _ => read_outcome(step),
        }
    }
}

/// The width of the terminal whose screens a run shows.
fn width(trajectory: &Trajectory) -> Option<usize> {
    let mut width = screen::Width::default();
    for step in trajectory.steps.walk() {
        if let Some(observation) = step.observation.as_ref().filter(|o| o.screen) {
            width.see(&observation.text);
        }
    }
    width.columns()
}

/// The outcome of one step whose observation is seen alone.
#[must_use]
pub fn read_outcome(step: &Step) -> StepOutcome {
    let Some(observation) = &step.observation else {
        return StepOutcome::default();
    };
    if observation.screen {
        return on_screen(step, observation, &mut Screens::default(), None);
    }
    let text = observation.text.as_str();
    let command = step.action.command().unwrap_or_default();
    let tool = is_tool(&step.action.kind, &step.action.tool);
    let ends = ends(text);
    let exit_status = observation.exit_status.or_else(|| {
        let stated = exit::stated(&ends);
        stated.or_else(|| {
            (!tool && command::manner(command) == Manner::Acting && !command::hides_status(command))
                .then(|| exit::implied(&ends))
                .flatten()
        })
    });
    let mut shown = Shown {
        own_tests: true,
        ..Shown::default()
    };
    let unflagged = tool && observation.is_error == Some(false);
    if !unflagged {
        let succeeded = exit_status == Some(0);
        for page in Page::windows(text) {
            let all = 0..page.len();
            look(&page, all, command, tool, succeeded, &mut shown);
        }
    }
    add_refusal(step, observation, tool, &mut shown);
    status::judge(
        &status::Facts {
            exit_status,
            flagged: observation.is_error,
            command,
            masked: command
                .contains("$?")
                .then(|| exit::stated(&ends))
                .flatten(),
            empty: text.trim().is_empty(),
            unanswered: false,
            last_line: last_line(&ends),
            invalid: matches!(step.action.kind, ActionKind::Invalid { .. }),
        },
        shown,
    )
}

/// The test reports in `text`, taken as the output of a test run.
#[must_use]
pub fn test_reports(text: &str) -> Vec<TestReport> {
    let mut reports = Vec::new();
    for page in Page::windows(text) {
        reports.extend(report::read(&page, 0..page.len()));
    }
    reports
}

/// The error signatures in `text`, taken as the output of a command that acts: the first 64
/// distinct ones, in order.
#[must_use]
pub fn error_signatures(text: &str) -> Vec<ErrorSignature> {
    let reading = Reading {
        manner: Manner::Acting,
        command: "",
        tool: false,
        succeeded: false,
    };
    let mut found = Vec::new();
    for page in Page::windows(text) {
        signature::read(&page, 0..page.len(), reading, &mut found);
    }
    found
}

/// Reads what `lines` of `page`, the answer to `command`, show.
fn look(
    page: &Page<'_>,
    lines: Range<usize>,
    command: &str,
    tool: bool,
    succeeded: bool,
    shown: &mut Shown,
) {
    let manner = if tool {
        Manner::Acting
    } else {
        command::manner(command)
    };
    let reading = Reading {
        manner,
        command,
        tool,
        succeeded,
    };
    signature::read(page, lines.clone(), reading, &mut shown.errors);
    shown
        .own
        .resize(shown.errors.len(), manner != Manner::ShowingLog);
    if !tool && manner != Manner::ShowingText {
        let reports = report::read(page, lines);
        if manner == Manner::ShowingLog && !reports.is_empty() {
            shown.own_tests = false;
        }
        shown.tests.extend(reports);
    }
}

/// The outcome of a step that shows a terminal screen.
fn on_screen(
    step: &Step,
    observation: &Observation,
    screens: &mut Screens,
    width: Option<usize>,
) -> StepOutcome {
    let text = observation.text.as_str();
    let mut shown = Shown {
        own_tests: true,
        ..Shown::default()
    };
    let answer = &text[..screen::frame_length(text)];
    // What the harness says about the keys it was given stands before the screen.
    let head = Page::new(answer, 0..answer.len());
    look(&head, 0..head.len(), "", true, false, &mut shown);
    let fresh = screens.next(text);
    let empty = text[fresh.range.clone()].trim().is_empty();
    let page = Page::wrapped(text, fresh.range, width);
    let mut running = std::mem::take(&mut screens.running);
    if running.is_empty() && observation.text.len() < page::WINDOW {
        step.action
            .command()
            .unwrap_or_default()
            .clone_into(&mut running);
    }
    for stretch in stretches(&page, &mut running) {
        look(
            &page,
            stretch.lines,
            &stretch.command,
            false,
            false,
            &mut shown,
        );
    }
    screens.running = running;
    if !fresh.joined {
        forget_seen(text, screens, &mut shown);
    }
    let last = page
        .iter()
        .rev()
        .find(|(_, line)| !line.is_empty())
        .map_or("", |(_, line)| line);
    let waiting = screen::prompt(last).is_some_and(|prompt| prompt.command.is_empty());
    status::judge(
        &status::Facts {
            exit_status: observation.exit_status,
            flagged: observation.is_error,
            command: "",
            masked: None,
            empty,
            unanswered: !waiting,
            last_line: last.to_owned(),
            invalid: matches!(step.action.kind, ActionKind::Invalid { .. }),
        },
        shown,
    )
}

/// What a terminal printed in answer to one command typed at its prompt.
pub(crate) struct Answer {
    /// The command as the screen shows it.
    pub(crate) command: String,
    /// The lines, without escapes and with those joined that the terminal broke at its edge.
    pub(crate) text: String,
    /// Where they begin in the observation.
    pub(crate) start: usize,
    /// True when the prompt came back behind them.
    pub(crate) complete: bool,
}

/// The answers on the screens of one run, in order; what a screen repeats is left out.
pub(crate) struct Answers<'t> {
    trajectory: &'t Trajectory,
    screens: Screens,
    width: OnceCell<Option<usize>>,
}

impl<'t> Answers<'t> {
    /// Before the first screen.
    pub(crate) fn new(trajectory: &'t Trajectory) -> Self {
        Self {
            trajectory,
            screens: Screens::default(),
            width: OnceCell::new(),
        }
    }

    /// The answers the next screen adds.
    pub(crate) fn next(&mut self, text: &str) -> Vec<Answer> {
        let width = *self.width.get_or_init(|| width(self.trajectory));
        let fresh = self.screens.next(text);
        let page = Page::wrapped(text, fresh.range, width);
        let mut running = std::mem::take(&mut self.screens.running);
        let found = stretches(&page, &mut running);
        self.screens.running = running;
        let answers = found.into_iter().map(|stretch| {
            let Range { start, end } = stretch.lines;
            let lines: Vec<&str> = (start..end).map(|line| page.line(line)).collect();
            Answer {
                command: stretch.command,
                text: lines.join("\n"),
                start: page.span(start, start).start,
                complete: end < page.len(),
            }
        });
        answers.collect()
    }
}

/// Cuts a page at its prompts; `running` is the command before the first and then the last one.
fn stretches(page: &Page<'_>, running: &mut String) -> Vec<Stretch> {
    let mut found = Vec::new();
    let mut start = 0;
    for (number, line) in page.iter() {
        let typed = if let Some(prompt) = screen::prompt(line) {
            prompt.command
        } else if line.starts_with(">>> ") || line.starts_with("In [") {
            "python"
        } else {
            continue;
        };
        found.push(Stretch {
            lines: start..number,
            command: std::mem::take(running),
        });
        typed.clone_into(running);
        start = number + 1;
    }
    found.push(Stretch {
        lines: start..page.len(),
        command: running.clone(),
    });
    found.retain(|stretch| !stretch.lines.is_empty());
    found
}

/// Drops what a screen that could not be joined to the one before may merely repeat.
fn forget_seen(text: &str, screens: &Screens, shown: &mut Shown) {
    let seen = |span: &Range<usize>| {
        let line = text.get(span.clone()).unwrap_or_default();
        line.lines()
            .next_back()
            .is_some_and(|line| screens.had_seen(line.trim()))
    };
    let mut own = shown.own.iter();
    let mut kept = Vec::new();
    shown.errors.retain(|error| {
        let own = own.next().copied().unwrap_or(true);
        let keep = !seen(&error.span);
        if keep {
            kept.push(own);
        }
        keep
    });
    shown.own = kept;
    shown.tests.retain(|report| !seen(&report.span));
}

/// True for actions whose answer is a tool's own words or a file's content, not a program's output.
fn is_tool(kind: &ActionKind, tool: &str) -> bool {
    match kind {
        ActionKind::Shell { .. } | ActionKind::Keystrokes { .. } => false,
        ActionKind::Other => {
            let name = tool.to_ascii_lowercase();
            ![
                "bash", "shell", "exec", "run", "python", "terminal", "test", "code", "cmd",
            ]
            .iter()
            .any(|word| name.contains(word))
        }
        _ => true,
    }
}

/// A call the harness flagged or could not execute is refused even in words no table knows.
fn add_refusal(step: &Step, observation: &Observation, tool: bool, shown: &mut Shown) {
    let invalid = matches!(step.action.kind, ActionKind::Invalid { .. });
    if !shown.errors.is_empty() || !(invalid || (tool && observation.is_error == Some(true))) {
        return;
    }
    let page = Page::new(
        &observation.text,
        0..observation.text.len().min(page::WINDOW),
    );
    let Some((number, line)) = page.iter().find(|(_, line)| !line.trim().is_empty()) else {
        return;
    };
    shown.errors.push(ErrorSignature {
        kind: if invalid {
            ErrorKind::ToolCall
        } else {
            ErrorKind::Other
        },
        message: line.trim().to_owned(),
        subject: None,
        span: page.span(number, number),
    });
    shown.own.push(true);
}

/// The few bytes at either end in which an exit status may be stated.
fn ends(text: &str) -> String {
    const ENDS: usize = 4_096;
    if text.len() <= 2 * ENDS {
        return text.to_owned();
    }
    let head = &text[..page::floor(text, ENDS)];
    let tail = &text[page::floor(text, text.len() - ENDS)..];
    format!("{head}\n{tail}")
}

fn last_line(text: &str) -> String {
    text.trim_end()
        .lines()
        .next_back()
        .unwrap_or_default()
        .trim()
        .to_owned()
}
