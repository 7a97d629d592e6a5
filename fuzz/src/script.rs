//! Runs written down as text, so that a seed is easy to write and a mutation stays a run.
//!
//! A line `%%word argument` begins a part, which holds the lines up to the next such line. `shell`,
//! `keys`, `write` … begin a step; `think`, `see`, `screen` … complete the step before them. A part
//! with an unknown word is a step of a tool nobody knows.

use trace::{Action, ActionKind, Change, FileEdit, Observation, Step, Trajectory, Usage};

/// More steps than this add time and nothing else.
const MOST_STEPS: usize = 200;

/// Reads one run, or two where `%%other` stands between them.
pub fn runs(text: &str) -> Vec<Trajectory> {
    let mut runs = vec![Writer::default()];
    let mut rest = text.split("%%");
    if let (Some(task), Some(run)) = (rest.next(), runs.last_mut()) {
        run.run.task = Some(task.to_owned()).filter(|task| !task.is_empty());
    }
    for part in rest {
        let (head, body) = part.split_once('\n').unwrap_or((part, ""));
        let (word, argument) = head.split_once(' ').unwrap_or((head, ""));
        let last = runs.len() - 1;
        if word == "other" && last == 0 {
            runs.push(Writer::default());
        } else {
            runs[last].part(word, argument, body);
        }
    }
    runs.into_iter().map(Writer::done).collect()
}

/// A run that is being read.
#[derive(Default)]
struct Writer {
    run: Trajectory,
    steps: Vec<Step>,
    /// The steps of the main agent, while those of a sub-agent are read.
    main: Option<Vec<Step>>,
}

impl Writer {
    fn done(mut self) -> Trajectory {
        self.leave();
        self.run.steps = self.steps.into_iter().collect();
        self.run
    }

    fn part(&mut self, word: &str, argument: &str, body: &str) {
        let text = || body.to_owned();
        match word {
            "task" => self.run.task = Some(text()),
            "cwd" => self.run.cwd = Some(argument.to_owned()),
            "end" => self.run.final_message = Some(text()),
            "resolved" => self.run.outcome.resolved = argument.parse().ok(),
            "exit" => self.run.outcome.exit_status = Some(argument.to_owned()),
            "into" => self.enter(),
            "out" => self.leave(),
            "think" | "reason" | "see" | "screen" | "failed" | "group" | "tokens" => {
                if let Some(step) = self.steps.last_mut() {
                    complete(step, word, argument, body);
                }
            }
            _ => self.act(word, argument, body),
        }
    }

    fn act(&mut self, word: &str, argument: &str, body: &str) {
        let (word, joined) = word
            .strip_prefix('+')
            .map_or((word, false), |word| (word, true));
        let kind = match change(word, argument, body) {
            Some(edit) => {
                if joined
                    && let Some(ActionKind::Edit { edits }) =
                        self.steps.last_mut().map(|step| &mut step.action.kind)
                {
                    edits.push(edit);
                    return;
                }
                ActionKind::Edit { edits: vec![edit] }
            }
            None => action(word, argument, body),
        };
        if self.steps.len() < MOST_STEPS {
            let action = Action {
                tool: word.to_owned(),
                kind,
                arguments: serde_json::from_str(argument).unwrap_or_default(),
            };
            self.steps.push(Step::new(self.steps.len(), action));
        }
    }

    /// The steps that follow are those of a sub-agent the last step started.
    fn enter(&mut self) {
        self.leave();
        if let Some(step) = self.steps.last_mut() {
            step.subtrajectory = Some(self.run.subtrajectories.len().to_string());
            self.main = Some(std::mem::take(&mut self.steps));
        }
    }

    fn leave(&mut self) {
        if let Some(main) = self.main.take() {
            let steps = std::mem::replace(&mut self.steps, main);
            self.run.subtrajectories.push(Trajectory {
                id: self.run.subtrajectories.len().to_string(),
                steps: steps.into_iter().collect(),
                ..Trajectory::default()
            });
        }
    }
}

fn complete(step: &mut Step, word: &str, argument: &str, body: &str) {
    match word {
        "think" => step.thought = body.to_owned(),
        "reason" => step.reasoning = body.to_owned(),
        "group" => step.parallel_group = argument.parse().ok(),
        "tokens" => {
            step.usage = Some(Usage {
                output_tokens: argument.parse().ok(),
                ..Usage::default()
            });
        }
        _ => {
            step.observation = Some(Observation {
                text: body.to_owned(),
                exit_status: argument.parse().ok(),
                is_error: (word == "failed").then_some(true),
                screen: word == "screen",
            });
        }
    }
}

fn action(word: &str, argument: &str, body: &str) -> ActionKind {
    let text = body.to_owned();
    match word {
        "shell" => ActionKind::Shell { command: text },
        "keys" => ActionKind::Keystrokes {
            keys: text,
            wait_seconds: argument.parse().ok(),
        },
        "read" => ActionKind::Read {
            path: argument.to_owned(),
        },
        "search" => ActionKind::Search {
            query: text,
            path: (!argument.is_empty()).then(|| argument.to_owned()),
        },
        "delegate" => ActionKind::Delegate { prompt: text },
        "say" => ActionKind::Message { text },
        "finish" => ActionKind::Finish { text },
        "invalid" => ActionKind::Invalid { text },
        _ => ActionKind::Other,
    }
}

/// Of two texts in one part the second follows a line `==`; numbers follow the path.
fn change(word: &str, argument: &str, body: &str) -> Option<FileEdit> {
    let mut words = argument.split(' ');
    let path = words.next().unwrap_or_default().to_owned();
    let next = words.next().unwrap_or_default();
    let last = words.next().and_then(|word| word.parse().ok());
    let number = next.parse().unwrap_or(u64::MAX);
    let text = body.to_owned();
    let change = match word {
        "write" => Change::Write { content: text },
        "replace" => {
            let (old, new) = body.split_once("==\n").unwrap_or((body, ""));
            Change::Replace {
                old: old.to_owned(),
                new: new.to_owned(),
                all: next == "all",
            }
        }
        "lines" => Change::ReplaceLines {
            first: number,
            last: last.unwrap_or(number),
            text,
        },
        "insert" => Change::Insert { line: number, text },
        "patch" => Change::Patch { patch: text },
        "cell" => Change::Cell {
            cell: next.to_owned(),
            source: text,
        },
        "delete" => Change::Delete,
        "rename" => Change::Rename {
            to: next.to_owned(),
        },
        "undo" => Change::Undo,
        _ => return None,
    };
    Some(FileEdit { path, change })
}
