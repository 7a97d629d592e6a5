//! One server of models: its address and its key.

use std::fmt;

use memchr::memmem;

use crate::error::LlmError;
use crate::settings::ProviderInfo;

/// A key. It shows itself to nothing but the request it is sent with.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Holds a key; blanks around it are dropped.
    #[must_use]
    pub fn new(key: &str) -> Self {
        Self(key.trim().to_owned())
    }

    /// Whether it consists of characters that a header may hold.
    fn can_be_sent(&self) -> bool {
        self.0.bytes().all(|byte| byte.is_ascii_graphic())
    }

    pub(crate) fn expose(&self) -> &str {
        &self.0
    }

    /// `text` with every occurrence of the key replaced.
    pub(crate) fn scrub_text(&self, text: String) -> String {
        if self.hides_in(text.as_bytes()) {
            text.replace(&self.0, "[key]")
        } else {
            text
        }
    }

    /// A placeholder such as `x` is no secret, and replacing it would tear up the text.
    pub(crate) fn hides_in(&self, bytes: &[u8]) -> bool {
        self.0.len() >= 8 && memmem::find(bytes, self.0.as_bytes()).is_some()
    }

    /// `bytes` with every occurrence of the key replaced, for servers that echo what they were sent.
    pub(crate) fn scrub(&self, bytes: Vec<u8>) -> Vec<u8> {
        if !self.hides_in(&bytes) {
            return bytes;
        }
        let mut clean = Vec::with_capacity(bytes.len());
        let mut from = 0;
        for at in memmem::find_iter(&bytes, self.0.as_bytes()) {
            clean.extend_from_slice(bytes.get(from..at).unwrap_or_default());
            clean.extend_from_slice(b"[key]");
            from = at + self.0.len();
        }
        clean.extend_from_slice(bytes.get(from..).unwrap_or_default());
        clean
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[key]")
    }
}

/// One server: its address and key.
#[derive(Debug, Clone)]
pub struct Endpoint {
    info: &'static ProviderInfo,
    base: reqwest::Url,
    key: Option<Secret>,
}

impl Endpoint {
    /// A server at `base`, spoken to as `info` says.
    ///
    /// # Errors
    /// [`LlmError::Setting`] when `base` is no http(s) address, or carries a user or password.
    pub fn new(
        info: &'static ProviderInfo,
        base: &str,
        key: Option<Secret>,
    ) -> Result<Self, LlmError> {
        let refuse = |reason: &str| LlmError::Setting {
            variable: info.base_variable,
            reason: reason.to_owned(),
        };
        let url: reqwest::Url = base
            .parse()
            .map_err(|_| refuse("it is not an address such as http://127.0.0.1:8000/v1"))?;
        if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
            return Err(refuse(
                "it must begin with http:// or https:// and name a host",
            ));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(refuse(
                "it must not hold a user or password; use the key's variable",
            ));
        }
        if !key.as_ref().is_none_or(Secret::can_be_sent) {
            return Err(LlmError::Setting {
                variable: info.key_variable,
                reason: "it holds characters that cannot be sent".to_owned(),
            });
        }
        Ok(Self {
            info,
            base: url,
            key,
        })
    }

    /// How it is spoken to.
    #[must_use]
    pub fn info(&self) -> &'static ProviderInfo {
        self.info
    }

    pub(crate) fn key(&self) -> Option<&Secret> {
        self.key.as_ref()
    }

    /// The address without query, for errors.
    #[must_use]
    pub fn address(&self) -> String {
        let mut shown = self.base.clone();
        shown.set_query(None);
        shown.set_fragment(None);
        shown.to_string()
    }

    /// The full address of one of the protocol's paths. Anthropic's addresses are written with and
    /// without `/v1`; both are understood.
    pub(crate) fn url(&self, path: &str) -> reqwest::Url {
        let mut url = self.base.clone();
        let mut base = url.path().trim_end_matches('/').to_owned();
        if path.starts_with("/v1/") && base.ends_with("/v1") {
            base.truncate(base.len() - "/v1".len());
        }
        url.set_path(&format!("{base}{path}"));
        url
    }

    /// Whether the server is on this machine.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        let host = self.base.host_str().unwrap_or_default();
        let host = host.trim_start_matches('[').trim_end_matches(']');
        host == "localhost"
            || host
                .parse::<std::net::IpAddr>()
                .is_ok_and(|address| address.is_loopback())
    }

    pub(crate) fn is_https(&self) -> bool {
        self.base.scheme() == "https"
    }

    /// Whether this is the provider's own service rather than something that imitates it.
    pub(crate) fn is_default(&self) -> bool {
        self.base.as_str().trim_end_matches('/') == self.info.default_base
    }
}
