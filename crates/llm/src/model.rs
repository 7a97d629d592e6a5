//! Names of models: `provider/model`, `exec:COMMAND`, `file:FOLDER`.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use crate::error::LlmError;
use crate::settings::{Protocol, ProviderInfo, provider_named, providers};

/// A model and who serves it:
///
/// * `provider/model`; what follows the first slash is the provider's own name for it and may hold
///   further slashes (`openrouter/meta-llama/llama-4`);
/// * `exec:COMMAND …`, a program that reads each request from its standard input and writes the
///   answer to its standard output; the command is split into words as a shell would, but no shell
///   is started;
/// * `file:FOLDER`, where requests are written and answers awaited.
///
/// The name is shown and recorded, so that nothing secret belongs in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelName {
    served: Served,
    model: String,
}

/// Who answers for a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Served {
    /// A server.
    Provider(&'static ProviderInfo),
    /// A program, by its name or path and its arguments; never empty.
    Program(Vec<String>),
    /// Somebody who watches a folder.
    Folder(PathBuf),
}

impl ModelName {
    /// Who serves it.
    #[must_use]
    pub fn served(&self) -> &Served {
        &self.served
    }

    /// The server it is called at; `None` for programs and folders.
    #[must_use]
    pub fn provider(&self) -> Option<&'static ProviderInfo> {
        match self.served {
            Served::Provider(provider) => Some(provider),
            Served::Program(_) | Served::Folder(_) => None,
        }
    }

    /// The provider's own name for it; the command or folder where there is no provider.
    #[must_use]
    pub fn model(&self) -> &str {
        &self.model
    }

    pub(crate) fn protocol(&self) -> Protocol {
        self.provider()
            .map_or(Protocol::Program, |provider| provider.protocol)
    }
}

impl FromStr for ModelName {
    type Err = LlmError;

    fn from_str(text: &str) -> Result<Self, LlmError> {
        let refuse = |reason: String| LlmError::ModelName {
            given: crate::provider::excerpt(text),
            reason,
        };
        if let Some(command) = text.strip_prefix("exec:") {
            return program(command).map_err(refuse);
        }
        if let Some(folder) = text.strip_prefix("file:") {
            return self::folder(folder).map_err(refuse);
        }
        let Some((provider, model)) = text.split_once('/') else {
            return Err(refuse(
                "write it as provider/model, for example openai/gpt-5.4-mini".to_owned(),
            ));
        };
        let Some(provider) = provider_named(provider) else {
            let known: Vec<_> = providers().iter().map(|p| p.name).collect();
            return Err(refuse(format!(
                "no provider is called `{provider}`; there are {}; for any other server that \
                 speaks OpenAI's protocol write openai/{model} and set OPENAI_BASE_URL; for a \
                 program write exec:COMMAND",
                known.join(", "),
            )));
        };
        if model.is_empty() || model.chars().any(|c| c.is_control() || c.is_whitespace()) {
            return Err(refuse(
                "the model's name is empty or holds blanks".to_owned(),
            ));
        }
        Ok(Self {
            served: Served::Provider(provider),
            model: model.to_owned(),
        })
    }
}

fn program(command: &str) -> Result<ModelName, String> {
    let command = command.trim();
    if command.chars().any(char::is_control) {
        return Err("the command holds control characters".to_owned());
    }
    let words = shlex::split(command)
        .ok_or("the command has a quote or backslash that is not closed".to_owned())?;
    if words.first().is_none_or(String::is_empty) {
        return Err("no command follows, write it as exec:./model.py --fast".to_owned());
    }
    Ok(ModelName {
        served: Served::Program(words),
        model: command.to_owned(),
    })
}

fn folder(folder: &str) -> Result<ModelName, String> {
    if folder.is_empty() || folder.chars().any(char::is_control) {
        return Err("no folder follows, write it as file:./calls".to_owned());
    }
    Ok(ModelName {
        served: Served::Folder(folder.into()),
        model: folder.to_owned(),
    })
}

impl fmt::Display for ModelName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.served {
            Served::Provider(provider) => write!(f, "{}/{}", provider.name, self.model),
            Served::Program(_) => write!(f, "exec:{}", self.model),
            Served::Folder(_) => write!(f, "file:{}", self.model),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_slash_divides() {
        let name: ModelName = "openrouter/meta-llama/llama-4".parse().unwrap();
        assert_eq!(
            (name.provider().unwrap().name, name.model()),
            ("openrouter", "meta-llama/llama-4")
        );
        assert_eq!(name.to_string(), "openrouter/meta-llama/llama-4");
    }

    #[test]
    fn a_bad_name_says_how_to_write_it() {
        let errors: Vec<_> = [
            "gpt-5",
            "acme/large",
            "openai/",
            "openai/a b",
            "exec:",
            "exec: ''",
            "exec:cat 'half",
            "exec:cat \u{1b}[31m",
            "file:",
        ]
        .map(|name| name.parse::<ModelName>().unwrap_err().to_string())
        .into();
        insta::assert_debug_snapshot!(errors);
    }

    #[test]
    fn commands_are_split_as_a_shell_splits_them() {
        let name: ModelName = "exec: ./model.py --say 'two words' \"$HOME\" a\\ b | cat"
            .parse()
            .unwrap();
        let words = [
            "./model.py",
            "--say",
            "two words",
            "$HOME",
            "a b",
            "|",
            "cat",
        ];
        assert_eq!(
            name.served(),
            &Served::Program(words.map(str::to_owned).into())
        );
        assert_eq!(name.provider(), None);
        let folder: ModelName = "file:some calls/here".parse().unwrap();
        assert_eq!(folder.served(), &Served::Folder("some calls/here".into()));
        assert_eq!(folder.to_string().parse::<ModelName>().unwrap(), folder);
        assert_eq!(name.to_string().parse::<ModelName>().unwrap(), name);
    }
}
