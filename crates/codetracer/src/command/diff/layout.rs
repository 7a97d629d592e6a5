//! A comparison laid out for a person, the runs in two columns.

use std::fmt::Write as _;

use trace::{
    AlignedChange, ComparedRun, Comparison, FileRelation, NamedChange, OnlyRead, Relation,
    SeenReport, Usage, Verdict,
};

use crate::output::{Palette, headline, inert};

/// How many rows of the alignment are shown before and behind the divergence, and how many lines of other
/// lists; the document has all.
const ROWS_BEFORE: usize = 10;
const ROWS_BEHIND: usize = 20;
const LINES: usize = 8;

/// Columns in front of the two runs: the sign of a row and the space around it.
const GUTTER: usize = 4;

/// Columns for the name of a property.
const LABEL: usize = 9;

/// The whole comparison.
pub(super) fn whole(comparison: &Comparison, palette: Palette) -> String {
    let mut out = String::new();
    head(&mut out, comparison, palette);
    title(&mut out, "first divergence", palette);
    match &comparison.divergence {
        None => wrapped(&mut out, &comparison.summary, palette),
        Some(divergence) => {
            let aside = if divergence.matters || divergence.relation == Relation::Alike {
                ""
            } else {
                " Neither the task names it nor did both change it."
            };
            wrapped(&mut out, &format!("{}{aside}", divergence.why), palette);
        }
    }
    for onset in &comparison.onsets {
        title(&mut out, &format!("onset of {:?}", onset.run), palette);
        wrapped(&mut out, &onset.text, palette);
        for cited in &onset.evidence {
            let line = format!(
                "{:?} step {} | {}",
                cited.run,
                cited.evidence.step_id,
                cited.evidence.quote.trim()
            );
            let line = headline(&line, palette.width.saturating_sub(4));
            let _ = writeln!(out, "    {}", palette.faint(&line));
        }
    }
    alignment(&mut out, comparison, palette);
    reads(
        &mut out,
        "read before it only by A",
        &comparison.read_only_by_a,
        "B",
        palette,
    );
    reads(
        &mut out,
        "read before it only by B",
        &comparison.read_only_by_b,
        "A",
        palette,
    );
    reports(&mut out, comparison, palette);
    files(&mut out, comparison, palette);
    out
}

fn title(out: &mut String, text: &str, palette: Palette) {
    let _ = writeln!(out, "\n{}", palette.strong(text));
}

/// Words over as many lines as they need, set in; a word longer than a line is broken.
fn wrapped(out: &mut String, text: &str, palette: Palette) {
    let room = palette.width.saturating_sub(3).max(8);
    let mut line = String::new();
    let mut length = 0;
    for word in inert(text).split_whitespace() {
        let mut rest = word;
        while !rest.is_empty() {
            let end = rest
                .char_indices()
                .nth(room)
                .map_or(rest.len(), |(at, _)| at);
            let (piece, after) = rest.split_at(end);
            let width = piece.chars().count();
            if length > 0 && length + 1 + width > room {
                let _ = writeln!(out, "  {line}");
                line.clear();
                length = 0;
            }
            if length > 0 {
                line.push(' ');
                length += 1;
            }
            line.push_str(piece);
            length += width;
            rest = after;
        }
    }
    if length > 0 {
        let _ = writeln!(out, "  {line}");
    }
}

/// How wide a run's column is when `lead` columns stand before both.
fn column(palette: Palette, lead: usize) -> usize {
    (palette.width.saturating_sub(lead + 3) / 2).max(8)
}

/// Two cells side by side, the first padded; what is cut is marked.
fn cells(a: &str, b: &str, width: usize) -> String {
    let a = headline(a, width);
    let pad = " ".repeat(width.saturating_sub(a.chars().count()));
    format!("{a}{pad} | {}", headline(b, width))
        .trim_end()
        .to_owned()
}

fn head(out: &mut String, comparison: &Comparison, palette: Palette) {
    let (a, b) = (&comparison.a, &comparison.b);
    let width = column(palette, LABEL);
    let _ = writeln!(
        out,
        "{}",
        palette.strong(&format!("{:<LABEL$}{}", "", cells("A", "B", width)))
    );
    let mut row = |label: &str, of: &dyn Fn(&ComparedRun) -> String| {
        let (a, b) = (of(a), of(b));
        if !(a.is_empty() && b.is_empty()) {
            let _ = writeln!(
                out,
                "{}{}",
                palette.faint(&format!("{label:<LABEL$}")),
                cells(&a, &b, width)
            );
        }
    };
    row("run", &|run| tail(&run.run_id, width));
    row("agent", &|run| match &run.agent {
        Some(agent) => format!("{agent} ({})", run.format),
        None => run.format.clone(),
    });
    row("model", &|run| run.model.clone().unwrap_or_default());
    row("outcome", &|run| {
        let resolved = match run.outcome.resolved {
            Some(true) => "resolved",
            Some(false) => "not resolved",
            None => "not recorded",
        };
        resolved.to_owned()
    });
    row("verdict", &|run| {
        let verdict = run.verdict.map_or("", Verdict::as_str).replace('_', " ");
        match run.onset_step_id {
            Some(onset) => format!("{verdict}, onset step {onset}"),
            None => verdict,
        }
    });
    row("steps", &|run| {
        format!(
            "{}, {} of them changes",
            run.step_count, run.change_step_count
        )
    });
    row("tokens", &|run| tokens(&run.usage));
    row("cost", &|run| {
        run.usage
            .cost_usd
            .filter(|cost| *cost > 0.0)
            .map_or_else(String::new, |cost| format!("${cost:.2}"))
    });
    row("time", &|run| {
        run.seconds.map_or_else(String::new, duration)
    });
}

/// The end of a path that fits, which tells more than its beginning.
fn tail(path: &str, width: usize) -> String {
    let length = path.chars().count();
    if length <= width {
        return path.to_owned();
    }
    let kept = path.chars().skip(length + 1 - width.max(2));
    std::iter::once('…').chain(kept).collect()
}

/// Counts that some layouts write as 0 when they did not count are not shown.
fn tokens(usage: &Usage) -> String {
    let counted = |tokens: Option<u64>| tokens.filter(|tokens| *tokens > 0);
    match (counted(usage.input_tokens), counted(usage.output_tokens)) {
        (Some(input), Some(output)) => format!("{input} in, {output} out"),
        (Some(input), None) => format!("{input} in"),
        (None, Some(output)) => format!("{output} out"),
        (None, None) => String::new(),
    }
}

fn duration(seconds: f64) -> String {
    if seconds < 90.0 {
        format!("{seconds:.0} s")
    } else {
        format!("{:.0} min", seconds / 60.0)
    }
}

fn alignment(out: &mut String, comparison: &Comparison, palette: Palette) {
    let entries = &comparison.alignment;
    if entries.is_empty() {
        return;
    }
    let counts = comparison.counts;
    title(out, "changes side by side", palette);
    let legend = format!(
        "{} same (=), {} alike (~), {} different (!), {} only A (<), {} only B (>)",
        counts.same, counts.alike, counts.different, counts.only_a, counts.only_b
    );
    let legend = headline(&legend, palette.width.saturating_sub(2));
    let _ = writeln!(out, "  {}", palette.faint(&legend));
    let at = diverges_at(comparison).unwrap_or(0);
    let from = at.saturating_sub(ROWS_BEFORE);
    let to = (at + ROWS_BEHIND).min(entries.len());
    let left_out = |out: &mut String, rows: usize| {
        if rows > 0 {
            let _ = writeln!(out, "{}", palette.faint(&format!("  … {rows} more")));
        }
    };
    left_out(out, from);
    for (row, entry) in entries.iter().enumerate().take(to).skip(from) {
        let diverges = comparison.divergence.is_some() && row == at;
        let _ = writeln!(out, "{}", line(entry, diverges, palette));
    }
    left_out(out, entries.len() - to);
}

/// The row of the alignment that is the divergence.
fn diverges_at(comparison: &Comparison) -> Option<usize> {
    let divergence = comparison.divergence.as_ref()?;
    let (a, b) = (&divergence.a.change, &divergence.b.change);
    comparison.alignment.iter().position(|entry| {
        let is = |side: &Option<NamedChange>, change: &Option<NamedChange>| {
            change.is_some() && side == change
        };
        is(&entry.a, a) || is(&entry.b, b)
    })
}

fn line(entry: &AlignedChange, diverges: bool, palette: Palette) -> String {
    let sign = match entry.relation {
        Relation::Same => '=',
        Relation::Alike => '~',
        Relation::Different => '!',
        Relation::OnlyA => '<',
        Relation::OnlyB => '>',
    };
    let side = |change: &Option<NamedChange>| {
        change.as_ref().map_or_else(String::new, |change| {
            let failed = if change.failed { " (failed)" } else { "" };
            format!(
                "{:>4} {} {}{failed}",
                change.step_id,
                change.kind.verb(),
                change.target
            )
        })
    };
    let row = row_cells(&side(&entry.a), &side(&entry.b), column(palette, GUTTER));
    let mark = if diverges { '*' } else { ' ' };
    let text = format!("{mark} {sign} {row}");
    match entry.relation {
        _ if diverges => palette.strong(&text),
        Relation::Same | Relation::Alike => palette.faint(&text),
        _ => text,
    }
}

/// [`cells`] for text that begins with the space that sets a number in.
fn row_cells(a: &str, b: &str, width: usize) -> String {
    let set_in = |text: &str| text.chars().take_while(|c| *c == ' ').count();
    let cell = |text: &str| {
        let space = set_in(text);
        format!(
            "{}{}",
            " ".repeat(space),
            headline(text, width.saturating_sub(space))
        )
    };
    let (a, b) = (cell(a), cell(b));
    let pad = " ".repeat(width.saturating_sub(a.chars().count()));
    format!("{a}{pad} | {b}").trim_end().to_owned()
}

fn reads(out: &mut String, name: &str, reads: &[OnlyRead], other: &str, palette: Palette) {
    if reads.is_empty() {
        return;
    }
    title(out, name, palette);
    for read in reads.iter().take(LINES) {
        let later = read.other_step_id.map_or_else(String::new, |step| {
            format!("  ({other} only in step {step})")
        });
        let line = format!("step {} {}{later}", read.step_id, read.path);
        let _ = writeln!(
            out,
            "  {}",
            headline(&line, palette.width.saturating_sub(2))
        );
    }
    more(out, reads.len(), palette);
}

fn more(out: &mut String, all: usize, palette: Palette) {
    if all > LINES {
        let _ = writeln!(
            out,
            "{}",
            palette.faint(&format!("  … {} more", all - LINES))
        );
    }
}

fn reports(out: &mut String, comparison: &Comparison, palette: Palette) {
    if comparison.reports.is_empty() {
        return;
    }
    title(out, "test reports at the same points", palette);
    let side = |seen: &Option<SeenReport>| {
        seen.as_ref().map_or_else(String::new, |seen| {
            let report = &seen.report;
            format!(
                "{:>4} {} passed, {} broken",
                seen.step_id,
                report.passed,
                report.broken()
            )
        })
    };
    for pair in comparison.reports.iter().take(LINES) {
        let row = row_cells(&side(&pair.a), &side(&pair.b), column(palette, GUTTER));
        let _ = writeln!(out, "    {row}");
    }
    more(out, comparison.reports.len(), palette);
}

fn files(out: &mut String, comparison: &Comparison, palette: Palette) {
    if comparison.files.is_empty() {
        return;
    }
    title(out, "files in the end", palette);
    for file in comparison.files.iter().take(LINES) {
        let relation = match file.relation {
            FileRelation::Same => "same".to_owned(),
            FileRelation::Alike => "alike".to_owned(),
            FileRelation::Differs => "differs".to_owned(),
            FileRelation::OnlyA => "only in A".to_owned(),
            FileRelation::OnlyB => "only in B".to_owned(),
            FileRelation::Unknown => "not known".to_owned(),
        };
        let share = file
            .likeness
            .filter(|_| matches!(file.relation, FileRelation::Alike | FileRelation::Differs))
            .map_or_else(String::new, |share| format!(" ({:.0} %)", share * 100.0));
        let known = match (file.exact, file.likeness) {
            (false, Some(_)) => "  (as far as it is known)",
            _ => "",
        };
        let line = format!("{:<15} {}{known}", format!("{relation}{share}"), file.path);
        let _ = writeln!(
            out,
            "  {}",
            headline(&line, palette.width.saturating_sub(2))
        );
    }
    more(out, comparison.files.len(), palette);
}

#[cfg(test)]
mod tests {
    use analysis::Index;
    use analysis::compare::compare;

    use super::super::onset;
    use super::*;
    use crate::input::Input;

    #[test]
    fn every_line_fits_the_terminal_and_is_inert() {
        let failing = include_str!("../../../demo/library-fees.traj.json");
        // A hostile name, and one longer than a line.
        let failing = failing
            .replace(
                "library/calendar.py",
                "library/\\u001b[2Jcalendar\\u202e.py",
            )
            .replace(
                "library/fees.py",
                &format!("library/{}.py", "long".repeat(40)),
            );
        let passing = include_str!("../../../tests/data/library-fees-passing.jsonl");
        let read = |name, text| {
            let input = Input::bundled(name, text);
            input.read(input.one_run(None).unwrap()).unwrap()
        };
        let a = read("library-fees-passing.jsonl", passing);
        let b = read("library-fees.traj.json", &failing);
        let (a, b) = (Index::new(&a.trajectory), Index::new(&b.trajectory));
        let mut comparison = compare(&a, &b);
        comparison.a.onset_step_id = trace::StepId::new(4);
        comparison.b.onset_step_id = trace::StepId::new(9);
        onset::relate(&mut comparison, &a, &b);
        for width in [40, 41, 60, 100, 200] {
            let text = whole(&comparison, Palette::plain(width));
            for line in text.lines() {
                assert!(line.chars().count() <= width, "{width}: {line}");
                assert!(!line.chars().any(char::is_control), "{line}");
            }
            assert!(!text.contains('\u{202e}'));
        }
    }
}
