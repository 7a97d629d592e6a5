//! Services the run started and stopped again.

use std::collections::BTreeMap;

use analysis::IndexedStep;
use analysis::activity::Activity;
use analysis::shell::Invocation;
use trace::{StepId, TurningKind, TurningPoint};

use super::{Fall, cite};
use crate::evidence::of_action;
use crate::facts::file::file_name;

/// How many services are followed.
const SERVICES: usize = 1_000;

/// A service by name.
struct Service {
    started: StepId,
    /// Where its fall stands, while it is stopped.
    open: Option<usize>,
}

/// Follows what runs in the background.
#[derive(Default)]
pub(super) struct Services {
    known: BTreeMap<String, Service>,
}

/// What a command does to a service.
enum Deed<'c> {
    Starts(&'c str),
    Stops(&'c str),
}

impl Services {
    /// Reads what a step started and stopped. A step that does both to one service restarts it.
    pub(super) fn step(&mut self, step: &IndexedStep<'_>, falls: &mut Vec<Fall>) {
        let acts = |a: &Activity| {
            matches!(
                a,
                Activity::Serve | Activity::Run | Activity::Control | Activity::Arrange
            )
        };
        let background = step.reading.commands.iter().any(|c| c.background);
        if !background && !step.reading.activities.iter().any(acts) {
            return;
        }
        let mut stopped: Vec<String> = Vec::new();
        for command in &step.reading.commands {
            match deed(command) {
                Some(Deed::Starts(name)) => {
                    stopped.retain(|other| other != name);
                    if self.known.len() < SERVICES || self.known.contains_key(name) {
                        let service = self.known.entry(name.to_owned()).or_insert(Service {
                            started: step.id,
                            open: None,
                        });
                        service.started = step.id;
                        let fall = service.open.take().and_then(|at| falls.get_mut(at));
                        if let Some(fall) = fall {
                            fall.point.recovered_at = Some(step.id);
                        }
                    }
                }
                Some(Deed::Stops(pattern)) => {
                    let hit = |name: &&String| *name == pattern || pattern.contains(name.as_str());
                    stopped.extend(self.known.keys().filter(hit).cloned());
                }
                None => {}
            }
        }
        for name in stopped {
            let Some(service) = self.known.get_mut(&name) else {
                continue;
            };
            if service.open.is_some() || service.started == step.id {
                continue;
            }
            service.open = Some(falls.len());
            falls.push(Fall {
                share: 1.0,
                point: TurningPoint {
                    step_id: step.id,
                    kind: TurningKind::ServiceStopped,
                    why: format!("stops `{name}`, which step {} had started", service.started),
                    evidence: Vec::new(),
                    recovered_at: None,
                },
                cited: cite([of_action(&step.step)]),
            });
        }
    }
}

fn deed(command: &Invocation) -> Option<Deed<'_>> {
    let mut operands = command
        .args
        .iter()
        .map(String::as_str)
        .filter(|arg| !arg.starts_with('-'));
    let by_verb = |verb: &str, name| match verb {
        "start" | "restart" | "reload" => Some(Deed::Starts(name)),
        "stop" | "kill" => Some(Deed::Stops(name)),
        _ => None,
    };
    match command.program.as_str() {
        "systemctl" => by_verb(operands.next()?, operands.next()?),
        "service" => {
            let name = operands.next()?;
            by_verb(operands.next()?, name)
        }
        "pkill" | "killall" => Some(Deed::Stops(operands.next_back()?)),
        "nginx" | "apachectl" | "httpd" => {
            let words = || command.args.iter().map(String::as_str);
            if words().any(|w| matches!(w, "stop" | "quit")) {
                Some(Deed::Stops(&command.program))
            } else if words().any(|w| matches!(w, "-t" | "-T" | "-v" | "-V" | "configtest")) {
                None
            } else {
                Some(Deed::Starts(&command.program))
            }
        }
        _ if command.background => {
            let script = operands.next().map(file_name);
            let interprets = matches!(
                command.program.as_str(),
                "python"
                    | "python2"
                    | "python3"
                    | "node"
                    | "ruby"
                    | "perl"
                    | "php"
                    | "bash"
                    | "sh"
                    | "java"
                    | "deno"
                    | "bun"
            );
            let name = script.filter(|_| interprets).unwrap_or(&command.program);
            (!matches!(name, "" | "sleep" | "echo" | "wait")).then_some(Deed::Starts(name))
        }
        _ => None,
    }
}
