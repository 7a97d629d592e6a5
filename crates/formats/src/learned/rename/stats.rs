//! What stands in a field, in figures that can be compared.

use std::collections::BTreeSet;

use serde_json::Value;

use super::alike;
use crate::learned::path::Path;
use crate::learned::score::ratio;
use redact::cut;

/// What stands in a field.
#[derive(Debug, Default)]
pub(super) struct Stats {
    /// Values that are there.
    pub(super) values: usize,
    /// Of how many parts.
    of: usize,
    kinds: [usize; 6],
    /// Sums over texts: logarithm of the length, shares of digits and of blanks.
    length: f64,
    digits: f64,
    blanks: f64,
    distinct: BTreeSet<String>,
    members: BTreeSet<String>,
}

impl Stats {
    pub(super) fn of(parts: &[Value], path: &Path) -> Self {
        const MOST: usize = 400;
        let mut stats = Self::default();
        for part in parts.iter().take(MOST) {
            stats.of += 1;
            if let Some(value) = path.first(part)
                && !value.is_null()
            {
                stats.count(&value);
            }
        }
        stats
    }

    fn count(&mut self, value: &Value) {
        self.values += 1;
        let text = match value {
            Value::Null | Value::Bool(_) => {
                self.kinds[0] += 1;
                return;
            }
            Value::Number(number) => {
                self.kinds[1] += 1;
                number.to_string()
            }
            Value::Array(items) => {
                self.kinds[2] += 1;
                if let Some(members) = items.first().and_then(Value::as_object) {
                    self.members.extend(members.keys().cloned());
                }
                return;
            }
            Value::Object(members) => {
                self.kinds[3] += 1;
                self.members.extend(members.keys().cloned());
                return;
            }
            Value::String(text) => {
                self.kinds[4] += 1;
                text.clone()
            }
        };
        let length = text.chars().count();
        let share = |count: usize| ratio(count, length.max(1));
        #[expect(clippy::cast_precision_loss, reason = "texts were cut")]
        let long = ((length.min(300) + 1) as f64).ln();
        self.length += long;
        self.digits += share(text.chars().filter(char::is_ascii_digit).count());
        self.blanks += share(text.chars().filter(|c| c.is_whitespace()).count());
        self.distinct.insert(cut(&text, 40));
    }

    /// How alike what stands in two fields is, 0 to 1.
    pub(super) fn likeness(&self, other: &Self) -> f64 {
        if self.values == 0 || other.values == 0 {
            return 0.0;
        }
        let share = |part: usize, whole: usize| ratio(part, whole.max(1));
        let kinds: f64 = (0..6)
            .map(|kind| {
                share(self.kinds[kind], self.values).min(share(other.kinds[kind], other.values))
            })
            .sum();
        let present =
            1.0 - (share(self.values, self.of) - share(other.values, other.of)).abs() * 0.5;
        let scalars = |stats: &Self| stats.kinds[1] + stats.kinds[4];
        let inner = if scalars(self) > 0 && scalars(other) > 0 {
            self.texts_alike(other)
        } else if self.members.is_empty() && other.members.is_empty() {
            0.8
        } else {
            0.4 + 0.6 * alike(&self.members, &other.members)
        };
        kinds * present * inner
    }

    fn texts_alike(&self, other: &Self) -> f64 {
        let mean = |sum: f64, stats: &Self| {
            #[expect(clippy::cast_precision_loss, reason = "a mean of hundreds")]
            let count = (stats.kinds[1] + stats.kinds[4]).max(1) as f64;
            sum / count
        };
        let length = (mean(self.length, self) - mean(other.length, other)).abs();
        let digits = (mean(self.digits, self) - mean(other.digits, other)).abs();
        let blanks = (mean(self.blanks, self) - mean(other.blanks, other)).abs();
        let variety = |stats: &Self| ratio(stats.distinct.len(), stats.values);
        let distinct = (variety(self) - variety(other)).abs();
        let shape = (1.0 - length / 2.0).max(0.0)
            * (1.0 - digits).max(0.0)
            * (1.0 - 2.0 * blanks).max(0.0)
            * (1.0 - 0.6 * distinct);
        // Values from a small set, such as names of tools, are known by themselves.
        let common = self.distinct.intersection(&other.distinct).count();
        let small = self.distinct.len() * 2 <= self.values && self.distinct.len() <= 24;
        if small {
            let known = ratio(common, self.distinct.len().min(other.distinct.len()).max(1));
            return 0.5 * shape + 0.5 * known;
        }
        shape
    }
}
