//! The main figures as bars with intervals, systems beside constant rules, as SVG.
//!
//! Made for light and dark pages: the ground is transparent, texts and lines take the colour scheme of
//! the reader, and no font is brought along.

use plotters::prelude::*;

use super::{Figure, Report, Scores, SetReport};
use crate::metric::Metric;

/// Pixels across.
const WIDTH: u32 = 860;
/// Where bars begin: what is left of it is for names.
const LEFT: i32 = 250;
/// How long the bar of 1.0 is.
const SCALE: f64 = 520.0;
/// Pixels from one bar to the next.
const LINE: i32 = 20;
/// How thick a bar is.
const BAR: i32 = 12;
/// The longest name shown, in characters.
const NAME: usize = 34;

const SYSTEM: RGBColor = RGBColor(47, 129, 247);
const RULE: RGBColor = RGBColor(145, 152, 161);
/// Replaced by the reader's colour scheme; see [`STYLE`].
const INK: RGBColor = RGBColor(1, 1, 1);

/// Rules of style outrank the colours drawn, which a page without styles still gets.
const STYLE: &str = "\n<style>text{fill:#1f2328}polyline{stroke:#1f2328}\
    @media (prefers-color-scheme:dark){text{fill:#e6edf3}polyline{stroke:#e6edf3}}</style>\n";

/// Why no chart could be drawn.
#[derive(Debug, thiserror::Error)]
#[error("the chart could not be drawn: {0}")]
pub struct ChartError(String);

impl Report {
    /// The main figures as an SVG document: shares between 0 and 1 with their intervals by task.
    ///
    /// # Errors
    /// What the drawing library says.
    pub fn svg(&self) -> Result<String, ChartError> {
        let mut svg = String::new();
        let lines: usize = self.sets.iter().map(height).sum();
        let high = i32::try_from(lines).unwrap_or(i32::MAX / LINE) * LINE + LINE;
        {
            let size = (WIDTH, u32::try_from(high).unwrap_or(u32::MAX));
            let area = SVGBackend::with_string(&mut svg, size).into_drawing_area();
            let mut pen = Pen {
                area: &area,
                y: LINE,
            };
            let drawn = self.sets.iter().try_for_each(|set| pen.set(set));
            let done = drawn.and_then(|()| area.present().map_err(|e| failed(&e)));
            done?;
        }
        Ok(match svg.find('>') {
            Some(end) => format!("{}{STYLE}{}", &svg[..=end], &svg[end + 1..]),
            None => svg,
        })
    }
}

/// How many lines a set takes.
fn height(set: &SetReport) -> usize {
    let of = |metric: &&Metric| 2 + bars(set, metric).len();
    1 + set.main().iter().map(of).sum::<usize>()
}

/// The systems and rules that have this figure, systems first.
fn bars<'s>(set: &'s SetReport, metric: &Metric) -> Vec<(&'s Scores, &'s Figure, RGBColor)> {
    let systems = set.systems.iter().map(|system| (system, SYSTEM));
    let rules = set.rules.iter().map(|rule| (rule, RULE));
    systems
        .chain(rules)
        .filter_map(|(scores, color)| Some((scores, scores.figure(metric.key)?, color)))
        .collect()
}

/// Draws from top to bottom.
struct Pen<'p, 's> {
    area: &'p DrawingArea<SVGBackend<'s>, plotters::coord::Shift>,
    y: i32,
}

impl Pen<'_, '_> {
    fn set(&mut self, set: &SetReport) -> Result<(), ChartError> {
        let runs = if set.rows == 1 { "run" } else { "runs" };
        self.text(&format!("{} · {} {runs}", set.name, set.rows), 8, 20)?;
        self.y += LINE;
        for metric in set.main() {
            self.metric(set, metric)?;
        }
        Ok(())
    }

    fn metric(&mut self, set: &SetReport, metric: &Metric) -> Result<(), ChartError> {
        let bars = bars(set, metric);
        let rows = bars.iter().map(|(_, figure, _)| figure.rows).max();
        let title = format!(
            "{}: {} ({} rows)",
            metric.topic.name(),
            metric.name,
            rows.unwrap_or(0)
        );
        self.text(&title, 8, 16)?;
        self.y += LINE;
        for (scores, figure, color) in bars {
            self.bar(&scores.name, figure, color)?;
            self.y += LINE;
        }
        self.y += LINE;
        Ok(())
    }

    fn bar(&self, name: &str, figure: &Figure, color: RGBColor) -> Result<(), ChartError> {
        self.text(&shortened(name), 20, 15)?;
        let (top, end) = (self.y + (LINE - BAR) / 2, at(figure.value));
        let bar = Rectangle::new([(LEFT, top), (end, top + BAR)], color.filled());
        self.area.draw(&bar).map_err(|e| failed(&e))?;
        let mut right = end;
        if let Some(interval) = figure.by_task {
            let (low, high, middle) = (at(interval.low), at(interval.high), top + BAR / 2);
            right = right.max(high);
            let whiskers = [
                vec![(low, middle), (high, middle)],
                vec![(low, middle - 3), (low, middle + 3)],
                vec![(high, middle - 3), (high, middle + 3)],
            ];
            for line in whiskers {
                let line = PathElement::new(line, INK.stroke_width(1));
                self.area.draw(&line).map_err(|e| failed(&e))?;
            }
        }
        self.text(&format!("{:.3}", figure.value), right + 8, 15)
    }

    fn text(&self, text: &str, x: i32, size: i32) -> Result<(), ChartError> {
        let style = ("sans-serif", size).into_font().color(&INK);
        let text = Text::new(text.replace(char::is_control, " "), (x, self.y + 4), style);
        self.area.draw(&text).map_err(|e| failed(&e))
    }
}

/// Where a share ends, in pixels from the left.
fn at(share: f64) -> i32 {
    #[expect(clippy::cast_possible_truncation, reason = "a pixel of a chart")]
    let long = (share.clamp(0.0, 1.0) * SCALE).round() as i32;
    LEFT + long
}

fn shortened(name: &str) -> String {
    let mut short: String = name.chars().take(NAME).collect();
    if short.len() < name.len() {
        short.push('…');
    }
    short
}

fn failed(error: &dyn std::error::Error) -> ChartError {
    ChartError(error.to_string())
}
