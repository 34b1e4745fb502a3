//! What an upstream model is, as the settings were resolved: where, which, with what key, at what price, within what
//! limits. Nothing is read or checked here; that is done where settings are.

use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

pub use taproot_schemas::settings::AnswerTokensField;

#[derive(Debug, Clone)]
pub struct UpstreamConfig {
    /// Base address, without the path of chat completions.
    pub url: String,
    pub api: Api,
    /// Name of the model, or of the deployment.
    pub model: String,
    /// Servers of one's own often want none.
    pub key: Option<Secret>,
    pub price: Option<Price>,
    pub connect_timeout: Duration,
    /// Longest silence before the first byte and between two parts.
    pub timeout: Duration,
    /// Further tries before any text came.
    pub retries: u32,
    /// Tokens of everything together.
    pub max_context_tokens: usize,
    pub max_answer_tokens: u32,
    pub answer_tokens_field: AnswerTokensField,
    pub temperature: Option<f64>,
    /// Ask for the number of tokens used.
    pub include_usage: bool,
    pub max_concurrent: usize,
    pub max_queue: usize,
    /// Names of the collections of which nothing may be sent.
    pub closed_collections: BTreeSet<String>,
}

/// Which paths and which header the other side wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Api {
    OpenAi,
    Azure { version: String },
}

/// Of 1,000 tokens.
#[derive(Debug, Clone, PartialEq)]
pub struct Price {
    pub tokens_in: f64,
    pub tokens_out: f64,
    pub currency: String,
}

impl Price {
    pub fn of(&self, prompt_tokens: u32, completion_tokens: u32) -> f64 {
        (self.tokens_in * f64::from(prompt_tokens) + self.tokens_out * f64::from(completion_tokens)) / 1_000.0
    }
}

/// A key. It can be sent, and neither shown nor logged.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    pub fn new(key: impl Into<String>) -> Self {
        Self(key.into())
    }

    pub(super) fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}
