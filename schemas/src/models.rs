//! What `taproot models` tells of the models folder.

use serde::{Deserialize, Serialize};

/// `taproot models list`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelList {
    /// The folder with `models.toml`.
    pub dir: String,
    pub models: Vec<ModelInfo>,
}

/// One model of `models.toml`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelInfo {
    pub name: String,
    pub task: ModelTask,
    /// Length of the vectors, of an embedder.
    pub dimensions: Option<usize>,
    /// BCP 47 primary subtags, or `*`.
    pub languages: Vec<String>,
    /// Longest input in tokens.
    pub max_tokens: usize,
    /// SPDX expression.
    pub license: String,
    pub source: String,
    /// Of all its files; `None` when one is not there.
    pub bytes: Option<u64>,
    /// Whether the settings choose it.
    pub in_use: bool,
    pub files: ModelFiles,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ModelTask {
    Embedder,
    Reader,
    Reranker,
    Generator,
}

/// Whether the files are the ones that `models.toml` means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ModelFiles {
    /// Each is there, and has its sum where one is given.
    Ok,
    Missing,
    WrongSum,
}

/// `taproot models pull`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PulledModel {
    pub model: ModelInfo,
    /// It was listed with all its files: nothing was fetched.
    pub was_there: bool,
}
