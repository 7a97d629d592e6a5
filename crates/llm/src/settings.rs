//! Where models are served and with which key: from the environment and a `.env` file.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use crate::endpoint::{Endpoint, Secret};
use crate::error::LlmError;
use crate::model::ModelName;
use crate::price::Prices;

/// A protocol: how requests are written and answers read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// `POST …/chat/completions`.
    OpenAi,
    /// `POST …/v1/messages`.
    Anthropic,
    /// What programs and people that act as the model are given and may answer.
    Program,
}

/// A server of models: how it is spoken to and which variables name its address and key.
#[derive(Debug, PartialEq, Eq)]
pub struct ProviderInfo {
    /// What stands before the slash in a model's name.
    pub name: &'static str,
    /// The protocol it speaks.
    pub protocol: Protocol,
    /// Its address when the variable is not set.
    pub default_base: &'static str,
    /// The variable that holds its address.
    pub base_variable: &'static str,
    /// The variable that holds its key.
    pub key_variable: &'static str,
    /// Whether the default address refuses calls without a key.
    pub needs_key: bool,
    /// Whether it runs on the user's own machines, so that tokens have no price.
    pub local: bool,
}

static PROVIDERS: [ProviderInfo; 7] = [
    ProviderInfo {
        name: "anthropic",
        protocol: Protocol::Anthropic,
        default_base: "https://api.anthropic.com",
        base_variable: "ANTHROPIC_BASE_URL",
        key_variable: "ANTHROPIC_API_KEY",
        needs_key: true,
        local: false,
    },
    local(
        "litellm",
        "http://127.0.0.1:4000/v1",
        "LITELLM_BASE_URL",
        "LITELLM_API_KEY",
    ),
    local(
        "llamacpp",
        "http://127.0.0.1:8080/v1",
        "LLAMACPP_BASE_URL",
        "LLAMACPP_API_KEY",
    ),
    local(
        "ollama",
        "http://127.0.0.1:11434/v1",
        "OLLAMA_BASE_URL",
        "OLLAMA_API_KEY",
    ),
    ProviderInfo {
        name: "openai",
        protocol: Protocol::OpenAi,
        default_base: "https://api.openai.com/v1",
        base_variable: "OPENAI_BASE_URL",
        key_variable: "OPENAI_API_KEY",
        needs_key: true,
        local: false,
    },
    ProviderInfo {
        name: "openrouter",
        protocol: Protocol::OpenAi,
        default_base: "https://openrouter.ai/api/v1",
        base_variable: "OPENROUTER_BASE_URL",
        key_variable: "OPENROUTER_API_KEY",
        needs_key: true,
        local: false,
    },
    local(
        "vllm",
        "http://127.0.0.1:8000/v1",
        "VLLM_BASE_URL",
        "VLLM_API_KEY",
    ),
];

const fn local(
    name: &'static str,
    default_base: &'static str,
    base_variable: &'static str,
    key_variable: &'static str,
) -> ProviderInfo {
    ProviderInfo {
        name,
        protocol: Protocol::OpenAi,
        default_base,
        base_variable,
        key_variable,
        needs_key: false,
        // LiteLLM runs here but forwards to servers that charge.
        local: !matches!(name.as_bytes(), b"litellm"),
    }
}

/// The servers known by name, in alphabetical order.
#[must_use]
pub fn providers() -> &'static [ProviderInfo] {
    &PROVIDERS
}

pub(crate) fn provider_named(name: &str) -> Option<&'static ProviderInfo> {
    providers().iter().find(|p| p.name == name)
}

/// The variable that names a file of prices.
const PRICE_VARIABLE: &str = "CODETRACER_PRICES";

/// Where a value was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Source {
    Environment,
    DotEnv,
}

/// The variables that name servers and keys, gathered once. The process environment is only read.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    values: BTreeMap<String, (Value, Source)>,
    bad_lines: usize,
}

/// A variable's value, which may be a key.
#[derive(Clone, PartialEq, Eq)]
struct Value(String);

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[set]")
    }
}

impl Settings {
    /// Reads the environment, then `.env` in the current folder for what is not set there.
    ///
    /// Lines of `.env` that are not `NAME=value` are passed over; an error about a missing key says
    /// how many there were.
    #[must_use]
    pub fn from_env() -> Self {
        let environment = std::env::vars_os().filter_map(|(name, value)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        });
        Self::from_pairs(environment).with_dotenv(Path::new(".env"))
    }

    /// Takes the pairs as if they stood in the environment; names that mean nothing here and empty
    /// values are dropped.
    #[must_use]
    pub fn from_pairs<N: Into<String>, V: Into<String>>(
        pairs: impl IntoIterator<Item = (N, V)>,
    ) -> Self {
        let mut settings = Self::default();
        for (name, value) in pairs {
            settings.add(name.into(), value.into(), Source::Environment);
        }
        settings
    }

    /// Adds what the file sets and the environment does not. What is no file, or is larger than a
    /// mebibyte, adds nothing.
    ///
    /// The file may have come with a folder of artifacts. So nothing in it is substituted: a line
    /// with `$` is passed over, as it could put a secret of the environment into an address.
    #[must_use]
    pub fn with_dotenv(mut self, path: &Path) -> Self {
        const LARGEST: u64 = 1 << 20;
        if !std::fs::metadata(path).is_ok_and(|found| found.is_file() && found.len() <= LARGEST) {
            return self;
        }
        let Ok(text) = std::fs::read_to_string(path) else {
            self.bad_lines += 1;
            return self;
        };
        let (plain, substituted): (Vec<&str>, Vec<&str>) = text
            .lines()
            .partition(|line| !line.contains('$') || line.trim().starts_with('#'));
        self.bad_lines += substituted.len();
        for line in dotenvy::from_read_iter(plain.join("\n").as_bytes()) {
            match line {
                Ok((name, value)) => self.add(name, value, Source::DotEnv),
                // The error would quote the line, which may hold a key.
                Err(dotenvy::Error::LineParse(..)) => self.bad_lines += 1,
                Err(_) => break,
            }
        }
        self
    }

    fn add(&mut self, name: String, value: String, source: Source) {
        let wanted = name == PRICE_VARIABLE
            || providers()
                .iter()
                .any(|p| p.base_variable == name || p.key_variable == name);
        if wanted && !value.trim().is_empty() {
            self.values.entry(name).or_insert((Value(value), source));
        }
    }

    fn get(&self, name: &str) -> Option<(&str, Source)> {
        self.values
            .get(name)
            .map(|(value, source)| (value.0.trim(), *source))
    }

    /// All keys, in the order of their variables' names.
    pub(crate) fn keys(&self) -> Vec<Secret> {
        let keys = providers().iter().filter_map(|p| self.get(p.key_variable));
        keys.map(|(key, _)| Secret::new(key)).collect()
    }

    /// The prices that come with the program, and over them those of the file that
    /// `CODETRACER_PRICES` names.
    ///
    /// # Errors
    /// As [`Prices::overridden_by`].
    pub fn prices(&self) -> Result<Prices, LlmError> {
        match self.get(PRICE_VARIABLE) {
            Some((path, _)) => Prices::embedded().overridden_by(Path::new(path)),
            None => Ok(Prices::embedded()),
        }
    }

    /// Where the model is served and with which key.
    ///
    /// # Errors
    /// [`LlmError::ModelName`] when no server but a program or folder serves it,
    /// [`LlmError::MissingKey`] when the provider's own address is used and no key is set, and
    /// [`LlmError::Setting`] when an address is not one, or when it comes from a `.env` file but the
    /// key from the environment: a folder one was given must not be able to send one's key elsewhere.
    pub fn endpoint(&self, model: &ModelName) -> Result<Endpoint, LlmError> {
        let info = model.provider().ok_or_else(|| LlmError::ModelName {
            given: model.to_string(),
            reason: "no server serves it".to_owned(),
        })?;
        let base = self.get(info.base_variable);
        let key = self.get(info.key_variable);
        let endpoint = Endpoint::new(
            info,
            base.map_or(info.default_base, |(base, _)| base),
            key.map(|(key, _)| Secret::new(key)),
        )?;
        if key.is_none() && info.needs_key && base.is_none() {
            return Err(LlmError::MissingKey {
                provider: info.name,
                variable: info.key_variable,
                bad_lines: self.bad_lines,
            });
        }
        let mixed = matches!(
            (base, key),
            (Some((_, Source::DotEnv)), Some((_, Source::Environment)))
        );
        if mixed && !endpoint.is_loopback() {
            return Err(LlmError::Setting {
                variable: info.base_variable,
                reason: format!(
                    "it comes from .env but {} from the environment; set both in one place",
                    info.key_variable
                ),
            });
        }
        Ok(endpoint)
    }
}

#[cfg(test)]
mod tests;
