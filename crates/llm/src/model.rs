//! Names of models: `provider/model`.

use std::fmt;
use std::str::FromStr;

use crate::error::LlmError;
use crate::settings::{ProviderInfo, provider_named, providers};

/// A model and who serves it, as `provider/model`; what follows the first slash is the provider's
/// own name for it and may hold further slashes (`openrouter/meta-llama/llama-4`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelName {
    provider: &'static ProviderInfo,
    model: String,
}

impl ModelName {
    /// Who serves it.
    #[must_use]
    pub fn provider(&self) -> &'static ProviderInfo {
        self.provider
    }

    /// The provider's own name for it.
    #[must_use]
    pub fn model(&self) -> &str {
        &self.model
    }
}

impl FromStr for ModelName {
    type Err = LlmError;

    fn from_str(text: &str) -> Result<Self, LlmError> {
        let refuse = |reason: String| LlmError::ModelName {
            given: text.to_owned(),
            reason,
        };
        let Some((provider, model)) = text.split_once('/') else {
            return Err(refuse(
                "write it as provider/model, for example openai/gpt-5.4-mini".to_owned(),
            ));
        };
        let Some(provider) = provider_named(provider) else {
            let known: Vec<_> = providers().iter().map(|p| p.name).collect();
            return Err(refuse(format!(
                "no provider is called `{provider}`; there are {}; for any other server that \
                 speaks OpenAI's protocol write openai/{model} and set OPENAI_BASE_URL",
                known.join(", "),
            )));
        };
        if model.is_empty() || model.chars().any(|c| c.is_control() || c.is_whitespace()) {
            return Err(refuse(
                "the model's name is empty or holds blanks".to_owned(),
            ));
        }
        Ok(Self {
            provider,
            model: model.to_owned(),
        })
    }
}

impl fmt::Display for ModelName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.provider.name, self.model)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_slash_divides() {
        let name: ModelName = "openrouter/meta-llama/llama-4".parse().unwrap();
        assert_eq!(
            (name.provider().name, name.model()),
            ("openrouter", "meta-llama/llama-4")
        );
        assert_eq!(name.to_string(), "openrouter/meta-llama/llama-4");
    }

    #[test]
    fn a_bad_name_says_how_to_write_it() {
        let errors: Vec<_> = ["gpt-5", "acme/large", "openai/", "openai/a b"]
            .map(|name| name.parse::<ModelName>().unwrap_err().to_string())
            .into();
        insta::assert_debug_snapshot!(errors);
    }
}
