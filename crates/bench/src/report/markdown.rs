//! Reports and comparisons for people, as Markdown tables.

use std::fmt::Write as _;

use super::{Calibration, Report, Scores, SetReport};
use crate::compare::{Comparison, Turn};
use crate::interval::Interval;
use crate::metric::{Metric, Topic, all};

/// How many runs without a prediction are named.
const NAMED_RUNS: usize = 20;

/// How many points of a risk-coverage curve are shown.
const CURVE_POINTS: usize = 8;

impl Report {
    /// The report as Markdown. Names from labels and predictions are escaped, so that they can be
    /// neither markup nor, once the caller takes out control characters, anything else.
    #[must_use]
    pub fn markdown(&self) -> String {
        let mut out = String::from("# Benchmark\n");
        for set in &self.sets {
            of_set(&mut out, set);
        }
        spend(&mut out, self);
        agreement(&mut out, self);
        out.push_str(
            "\nIntervals are the middle 95 % of 2,000 draws of whole tasks; a run without a \
             prediction scores the worst there is.\n",
        );
        out
    }
}

/// What was spent, one row a quantity.
fn spend(out: &mut String, report: &Report) {
    for (name, spend) in &report.spend {
        let _ = write!(
            out,
            "\n## Spent by {}\n\n| quantity | runs | median | 95 % | most | in all |\n|---|--:|--:|--:|--:|--:|\n",
            escaped(name)
        );
        for of in &spend.quantities {
            let places = if of.name == "US dollars" { 4 } else { 0 };
            let _ = writeln!(
                out,
                "| {} | {} | {:.places$} | {:.places$} | {:.places$} | {:.places$} |",
                of.name, of.runs, of.median, of.p95, of.most, of.total
            );
        }
    }
}

/// How far repeated answers agree.
fn agreement(out: &mut String, report: &Report) {
    for (name, agreement) in &report.agreement {
        let _ = writeln!(
            out,
            "\n## Agreement of {}\n\n{} asked up to {} times. Of two answers about one run, on average: \
             same onset {:.3}, both or neither name one {:.3}, same kind of error {:.3}, incorrect \
             steps in common {:.3}.",
            escaped(name),
            counted(agreement.runs, "run"),
            agreement.answers,
            agreement.onset,
            agreement.names_one,
            agreement.error_type,
            agreement.incorrect
        );
    }
}

fn of_set(out: &mut String, set: &SetReport) {
    let _ = writeln!(
        out,
        "\n## {}\n\n{} of {}.",
        escaped(&set.name),
        counted(set.rows, "run"),
        counted(set.tasks, "task")
    );
    for note in &set.notes {
        let _ = writeln!(out, "Note: {}.", escaped(note));
    }
    for system in &set.systems {
        unscored(out, system);
    }
    figures(out, set);
    rules(out, set);
    for system in &set.systems {
        breakdown(out, set, system);
        for calibration in &system.calibration {
            reliability(out, system, calibration);
        }
    }
}

/// What a system says nothing about, by name.
fn unscored(out: &mut String, system: &Scores) {
    for failure in &system.failures {
        let _ = writeln!(out, "{}: {}.", escaped(&system.name), escaped(failure));
    }
    for (run, all) in &system.ambiguous {
        let _ = writeln!(
            out,
            "{}: {} fits several predictions ({}); none is taken.",
            escaped(&system.name),
            escaped(run),
            escaped(&all.join(", "))
        );
    }
    if !system.missing.is_empty() {
        let named: Vec<String> = system.missing.iter().map(|run| escaped(run)).collect();
        let shown = &named[..named.len().min(NAMED_RUNS)];
        let more = match named.len() - shown.len() {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let _ = writeln!(
            out,
            "{}: {} without a prediction: {}{more}.",
            escaped(&system.name),
            counted(named.len(), "run"),
            shown.join(", ")
        );
    }
}

/// Every figure: one row a metric, one column a system, and the best constant rule.
fn figures(out: &mut String, set: &SetReport) {
    if set.systems.is_empty() {
        return;
    }
    out.push_str("\n| figure | rows |");
    for system in &set.systems {
        let _ = write!(out, " {} |", escaped(&system.name));
    }
    out.push_str(" best constant rule |\n|---|--:|");
    out.push_str(&"---|".repeat(set.systems.len() + 1));
    out.push('\n');
    let mut topic = None;
    for metric in all() {
        let scored: Vec<_> = set.systems.iter().map(|s| s.figure(metric.key)).collect();
        let Some(rows) = scored.iter().flatten().map(|figure| figure.rows).max() else {
            continue;
        };
        if topic != Some(metric.topic) {
            topic = Some(metric.topic);
            let _ = writeln!(
                out,
                "| **{}** |  |{}",
                metric.topic.name(),
                "  |".repeat(set.systems.len() + 1)
            );
        }
        let _ = write!(out, "| {} | {rows} |", metric.name);
        for figure in scored {
            let cell = figure.map_or("–".to_owned(), |figure| {
                value(metric, figure.value, figure.by_task)
            });
            let _ = write!(out, " {cell} |");
        }
        let _ = writeln!(out, " {} |", best(set, metric));
    }
}

/// The best constant rule, where a rule says anything to the point.
fn best(set: &SetReport, metric: &Metric) -> String {
    // A rule that names nothing abstains to perfection, and one that counts steps counts them right.
    let compared = match metric.topic {
        Topic::Abstention => metric.key == "verdict_right",
        Topic::Cost | Topic::Calibration => false,
        _ => metric.key != "step_count",
    };
    let best = compared.then(|| set.best_rule(metric)).flatten();
    best.map_or(String::new(), |(rule, best)| {
        format!("{} ({rule})", value(metric, best, None))
    })
}

fn rules(out: &mut String, set: &SetReport) {
    let main = set.main();
    out.push_str("\n### Constant rules\n\n| rule |");
    for metric in &main {
        let _ = write!(out, " {}: {} |", metric.topic.name(), metric.name);
    }
    out.push_str("\n|---|");
    out.push_str(&"---|".repeat(main.len()));
    out.push('\n');
    for rule in set.systems.iter().chain(&set.rules) {
        let is_system = set.systems.iter().any(|system| std::ptr::eq(system, rule));
        let name = escaped(&rule.name);
        let name = if is_system {
            format!("**{name}**")
        } else {
            name
        };
        let _ = write!(out, "| {name} |");
        for metric in &main {
            let cell = rule.figure(metric.key).map_or("–".to_owned(), |figure| {
                value(metric, figure.value, figure.by_task)
            });
            let _ = write!(out, " {cell} |");
        }
        out.push('\n');
    }
    if !set.rules_left_out.is_empty() {
        let _ = writeln!(
            out,
            "\nNot applied, since nobody looked at the steps: {}.",
            set.rules_left_out.join(", ")
        );
    }
}

fn breakdown(out: &mut String, set: &SetReport, system: &Scores) {
    if system.breakdown.is_empty() {
        return;
    }
    let main = set.main();
    let _ = write!(
        out,
        "\n### {} by part, with the best constant rule there\n\n| by | value | runs |",
        escaped(&system.name)
    );
    for metric in &main {
        let _ = write!(out, " {}: {} |", metric.topic.name(), metric.name);
    }
    out.push_str("\n|---|---|--:|");
    out.push_str(&"---|".repeat(main.len()));
    out.push('\n');
    for part in &system.breakdown {
        let _ = write!(
            out,
            "| {} | {} | {} |",
            part.by,
            escaped(&part.value),
            part.rows
        );
        for metric in &main {
            let found = part.figures.iter().find(|(key, ..)| *key == metric.key);
            let cell = found.map_or("–".to_owned(), |(_, rows, figure)| {
                let beside = if *rows == part.rows {
                    String::new()
                } else {
                    format!(" of {rows}")
                };
                let best = set.best_rule_in(part, metric);
                let best = best.map_or(String::new(), |(rule, best)| {
                    format!(" ({rule} {})", value(metric, best, None))
                });
                format!("{}{beside}{best}", value(metric, *figure, None))
            });
            let _ = write!(out, " {cell} |");
        }
        out.push('\n');
    }
}

fn reliability(out: &mut String, system: &Scores, calibration: &Calibration) {
    let event = match calibration.event {
        crate::metric::calibration::Event::Exact => "the onset named is the labelled one",
        crate::metric::calibration::Event::Accepted => "the onset named is an accepted one",
    };
    let _ = writeln!(
        out,
        "\n### {}: how often {event}\n\n{} of a named onset; expected calibration error {:.3}, area \
         under risk and coverage {:.3}.\n\n| confidence | runs | mean | came |\n|---|--:|--:|--:|",
        escaped(&system.name),
        counted(calibration.forecasts, "forecast"),
        calibration.calibration_error,
        calibration.risk_area
    );
    for bin in &calibration.reliability {
        let _ = writeln!(
            out,
            "| {:.1} to {:.1} | {} | {:.3} | {:.3} |",
            bin.from, bin.to, bin.count, bin.confidence, bin.frequency
        );
    }
    out.push_str("\n| confidence at least | coverage | wrong |\n|--:|--:|--:|\n");
    let curve = &calibration.risk_coverage;
    let mut next = 0.0;
    for (at, point) in curve.iter().enumerate() {
        if point.coverage >= next || at + 1 == curve.len() {
            let _ = writeln!(
                out,
                "| {:.3} | {:.3} | {:.3} |",
                point.bar, point.coverage, point.risk
            );
            #[expect(clippy::cast_precision_loss, reason = "a small constant")]
            let share = 1.0 / CURVE_POINTS as f64;
            next = point.coverage + share;
        }
    }
}

impl Comparison {
    /// The comparison as Markdown; `names` are those of the two systems.
    #[must_use]
    pub fn markdown(&self, names: [&str; 2]) -> String {
        let [a, b] = names.map(escaped);
        let mut out = format!(
            "## {}: {a} and {b}\n\n{}\n\n{} of {}; without a prediction: {} and {}.\n\n\
             | figure | rows | {a} | {b} | difference | p | |\n|---|--:|---|---|---|--:|---|\n",
            escaped(&self.set),
            escaped(&self.conclusion),
            counted(self.rows, "run"),
            counted(self.tasks, "task"),
            self.missing[0],
            self.missing[1]
        );
        for figure in &self.figures {
            let _ = writeln!(
                out,
                "| {} | {} | {:.3} | {:.3} | {:+.3} [{:+.3}, {:+.3}] | {:.3} | {} |",
                figure.name,
                figure.rows,
                figure.a,
                figure.b,
                figure.difference,
                figure.interval.low,
                figure.interval.high,
                figure.p,
                if figure.more_than_noise {
                    "more than noise"
                } else {
                    ""
                }
            );
        }
        if !self.runs.is_empty() {
            let _ = writeln!(
                out,
                "\n| run | | labelled onset | {a} | {b} | figures |\n|---|---|--:|--:|--:|---|"
            );
        }
        for run in &self.runs {
            let turn = match run.turn {
                Turn::Better => "better",
                Turn::Worse => "worse",
                Turn::Mixed => "mixed",
                Turn::Same => "same",
            };
            let figures: Vec<String> = run
                .figures
                .iter()
                .map(|(key, a, b)| format!("{key} {a:.2} → {b:.2}"))
                .collect();
            let [labelled, first, second] = &run.onset;
            let _ = writeln!(
                out,
                "| {} | {turn} | {labelled} | {first} | {second} | {} |",
                escaped(&run.run),
                figures.join(", ")
            );
        }
        out
    }
}

fn value(metric: &Metric, value: f64, interval: Option<Interval>) -> String {
    let digits = if metric.topic == Topic::Cost { 4 } else { 3 };
    let width = interval.map_or(String::new(), |interval| {
        format!(" [{:.digits$}, {:.digits$}]", interval.low, interval.high)
    });
    format!("{value:.digits$}{width}")
}

/// Text from outside, so that it is neither a table's column nor markup.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' | '\r' | '\t' => out.push(' '),
            '|' | '*' | '`' | '<' | '>' | '[' | ']' | '\\' => {
                out.push('\\');
                out.push(c);
            }
            c => out.push(c),
        }
    }
    out
}

fn counted(number: usize, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{plural}")
}
