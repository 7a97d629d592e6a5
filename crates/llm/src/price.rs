//! What tokens cost, and how many a model takes.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use crate::error::LlmError;
use crate::model::ModelName;
use crate::usage::Usage;

/// US dollars for a million tokens of one model.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Price {
    /// Prompt tokens.
    pub input: f64,
    /// Written tokens, reasoning included.
    pub output: f64,
    /// Prompt tokens read from the cache; as `input` when not given.
    pub cached_read: Option<f64>,
    /// Prompt tokens written to the cache; as `input` when not given.
    pub cache_write: Option<f64>,
    /// Prices of calls with long prompts.
    pub long: Option<LongPrice>,
}

/// US dollars for a million tokens of a call whose prompt is longer than `above` tokens.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LongPrice {
    /// The longest prompt to which the ordinary prices apply.
    pub above: u64,
    /// See [`Price::input`].
    pub input: f64,
    /// See [`Price::output`].
    pub output: f64,
    /// See [`Price::cached_read`].
    pub cached_read: Option<f64>,
    /// See [`Price::cache_write`].
    pub cache_write: Option<f64>,
}

impl Price {
    const FREE: Self = Self {
        input: 0.0,
        output: 0.0,
        cached_read: None,
        cache_write: None,
        long: None,
    };

    /// What one call costs, in billionths of a dollar, so that sums do not depend on their order.
    #[must_use]
    pub fn nano_usd(&self, usage: &Usage) -> u64 {
        let long = self.long.filter(|long| usage.prompt() > long.above);
        let (input, output, read, write) = match long {
            Some(long) => (long.input, long.output, long.cached_read, long.cache_write),
            None => (self.input, self.output, self.cached_read, self.cache_write),
        };
        nano(usage.input, input)
            .saturating_add(nano(usage.cached_read, read.unwrap_or(input)))
            .saturating_add(nano(usage.cache_write, write.unwrap_or(input)))
            .saturating_add(nano(usage.output, output))
    }

    /// The most a call can cost whose prompt has `input` tokens and whose answer has `output`:
    /// nothing read from the cache, everything written to it.
    #[must_use]
    pub fn at_most(&self, input: u64, output: u64) -> u64 {
        let plain = Usage {
            input,
            output,
            ..Usage::default()
        };
        let written = Usage {
            cache_write: input,
            output,
            ..Usage::default()
        };
        self.nano_usd(&plain).max(self.nano_usd(&written))
    }
}

/// A dollar a million is a thousand billionths a token.
// Counts above 2^53 do not occur, and a cast from float saturates.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss
)]
fn nano(tokens: u64, usd_per_million: f64) -> u64 {
    (tokens as f64 * usd_per_million * 1000.0).round() as u64
}

/// Billionths of a dollar as dollars.
#[expect(clippy::cast_precision_loss)]
pub(crate) fn usd(nano: u64) -> f64 {
    nano as f64 / 1e9
}

/// Dollars as billionths of one.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
pub(crate) fn from_usd(usd: f64) -> u64 {
    (usd * 1e9).round() as u64
}

/// A table of prices and context windows by `provider/model`.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Prices {
    models: BTreeMap<String, Price>,
    /// Tokens of prompt and answer together.
    context: BTreeMap<String, u64>,
}

impl Prices {
    /// The table that comes with the program, from `prices.toml` beside this file.
    #[must_use]
    pub fn embedded() -> Self {
        // A test reads the file, so that nothing is lost here.
        toml::from_str(include_str!("prices.toml")).unwrap_or_default()
    }

    /// The table with what a file of the same form says put over it.
    ///
    /// # Errors
    /// [`LlmError::Setting`] when the file cannot be read or is not of that form.
    pub fn overridden_by(mut self, path: &Path) -> Result<Self, LlmError> {
        let refuse = |reason: String| LlmError::Setting {
            variable: "price file",
            reason: format!("{}: {reason}", path.display()),
        };
        let text = std::fs::read_to_string(path).map_err(|error| refuse(error.to_string()))?;
        let other: Self =
            toml::from_str(&text).map_err(|error| refuse(error.message().to_owned()))?;
        for (name, price) in &other.models {
            let long = price
                .long
                .map(|l| [Some(l.input), Some(l.output), l.cached_read, l.cache_write]);
            let plain = [
                Some(price.input),
                Some(price.output),
                price.cached_read,
                price.cache_write,
            ];
            let all = plain
                .into_iter()
                .chain(long.into_iter().flatten())
                .flatten();
            if all.into_iter().any(|usd| !usd.is_finite() || usd < 0.0) {
                return Err(refuse(format!("`{name}` has a price that is none")));
            }
        }
        if let Some((name, _)) = other.context.iter().find(|(_, tokens)| **tokens == 0) {
            return Err(refuse(format!("`{name}` has a context of no tokens")));
        }
        self.models.extend(other.models);
        self.context.extend(other.context);
        Ok(self)
    }

    /// The price of a model: by its name, by its name without a date at the end, or nothing at all
    /// for servers of one's own. What a program costs is not known, since it may call a server that
    /// charges.
    #[must_use]
    pub fn of(&self, model: &ModelName) -> Option<Price> {
        entry(&self.models, model).or_else(|| model.provider()?.local.then_some(Price::FREE))
    }

    /// The most tokens of prompt and answer together that a model takes; `None` where that is not
    /// known, as for servers of one's own, which are started with any.
    #[must_use]
    pub fn context_tokens(&self, model: &ModelName) -> Option<u64> {
        entry(&self.context, model)
    }
}

/// What a table says of a model, by its name or by its name without a date at the end.
fn entry<T: Copy>(table: &BTreeMap<String, T>, model: &ModelName) -> Option<T> {
    let name = model.to_string();
    let found = table.get(&name).or_else(|| table.get(undated(&name)));
    found.copied()
}

/// A name without `-20250929` or `-2026-03-05` at its end.
fn undated(name: &str) -> &str {
    for shape in ["-dddddddd", "-dddd-dd-dd"] {
        let Some(at) = name.len().checked_sub(shape.len()) else {
            continue;
        };
        let fits = |(c, s): (u8, u8)| {
            if s == b'd' {
                c.is_ascii_digit()
            } else {
                c == s
            }
        };
        if name.bytes().skip(at).zip(shape.bytes()).all(fits) {
            return name.get(..at).unwrap_or(name);
        }
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(name: &str) -> Option<Price> {
        Prices::embedded().of(&name.parse().unwrap())
    }

    #[test]
    fn the_embedded_table_is_read() {
        let prices: Prices = toml::from_str(include_str!("prices.toml")).unwrap();
        assert!(prices.models.len() > 20);
        assert!(
            prices
                .models
                .keys()
                .all(|name| name.parse::<ModelName>().is_ok())
        );
    }

    #[test]
    fn names_with_a_date_have_the_price_of_the_name() {
        assert_eq!(
            of("anthropic/claude-sonnet-4-5-20250929"),
            of("anthropic/claude-sonnet-4-5")
        );
        assert_eq!(of("openai/gpt-5.4-2026-03-05"), of("openai/gpt-5.4"));
        assert_eq!(of("openai/gpt-5.4-turbo"), None);
        assert_eq!(of("ollama/qwen3"), Some(Price::FREE));
        assert_eq!(of("litellm/whatever"), None);
    }

    #[test]
    fn context_windows_are_known_by_the_same_names() {
        let prices = Prices::embedded();
        let of = |name: &str| prices.context_tokens(&name.parse().unwrap());
        assert_eq!(of("anthropic/claude-haiku-4-5-20251001"), Some(200_000));
        assert_eq!(of("openai/gpt-5.4-2026-03-05"), Some(1_050_000));
        assert_eq!(of("ollama/qwen3"), None);
        assert_eq!(of("exec:./model.py"), None);
        // Whoever adds a price adds a window.
        let with_price: Vec<_> = prices.models.keys().collect();
        assert_eq!(with_price, prices.context.keys().collect::<Vec<_>>());
        for (name, price) in &prices.models {
            let above = price.long.map_or(0, |long| long.above);
            assert!(above < prices.context[name], "{name}");
        }
    }

    #[test]
    fn each_kind_of_token_has_its_price() {
        let price = of("anthropic/claude-sonnet-5").unwrap();
        let usage = Usage {
            input: 1000,
            cached_read: 2000,
            cache_write: 3000,
            output: 400,
            reasoning: 100,
            estimated: false,
        };
        // 0.002 + 0.0004 + 0.0075 + 0.004
        assert_eq!(price.nano_usd(&usage), 13_900_000);
        assert_eq!(price.at_most(1000, 100), 3_500_000);
    }

    #[test]
    fn long_prompts_have_their_own_price() {
        let price = of("anthropic/claude-haiku-5-5").unwrap();
        let usage = |input| Usage {
            input,
            ..Usage::default()
        };
        assert_eq!(price.nano_usd(&usage(100_000)), 10_000_000);
        assert_eq!(price.nano_usd(&usage(100_001)), 50_000_500);
    }

    #[test]
    fn a_file_replaces_and_adds() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("prices.toml");
        std::fs::write(
            &path,
            "[models.\"litellm/house\"]\ninput = 1.0\noutput = 2.0\n\
             [models.\"exec:./model.py --fast\"]\ninput = 1.0\noutput = 2.0\n",
        )
        .unwrap();
        assert_eq!(of("exec:./model.py --fast"), None);
        let prices = Prices::embedded().overridden_by(&path).unwrap();
        assert!(prices.of(&"litellm/house".parse().unwrap()).is_some());
        assert!(prices.of(&"openai/gpt-5".parse().unwrap()).is_some());
        let program = "exec: ./model.py --fast".parse().unwrap();
        assert!(prices.of(&program).is_some());
        let windows = "[context]\n\"ollama/qwen3:8b\" = 40_960\n\"openai/gpt-5\" = 1000\n";
        std::fs::write(&path, windows).unwrap();
        let prices = Prices::embedded().overridden_by(&path).unwrap();
        let window = |name: &str| prices.context_tokens(&name.parse().unwrap());
        assert_eq!(window("ollama/qwen3:8b"), Some(40_960));
        assert_eq!(window("openai/gpt-5"), Some(1000));
        std::fs::write(&path, "[context]\n\"openai/gpt-5\" = 0\n").unwrap();
        assert!(Prices::embedded().overridden_by(&path).is_err());
        std::fs::write(
            &path,
            "[models.\"litellm/house\"]\ninput = -1.0\noutput = 2.0\n",
        )
        .unwrap();
        assert!(Prices::embedded().overridden_by(&path).is_err());
    }
}
