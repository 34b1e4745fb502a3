//! `models.toml`: which models there are, what they expect and which languages they know.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::{Error, Result};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    runtime: RuntimeEntry,
    #[serde(rename = "model", default)]
    models: Vec<ModelEntry>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RuntimeEntry {
    version: String,
    /// Path of the runtime library, from the models folder.
    library: PathBuf,
}

/// One model, by what it does.
#[derive(Debug, Deserialize)]
#[serde(tag = "task", rename_all = "snake_case")]
enum ModelEntry {
    Embedder(EmbedderEntry),
    Reader(ReaderEntry),
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EmbedderEntry {
    pub name: String,
    /// ONNX file, from the models folder.
    pub path: PathBuf,
    /// Of the ONNX file, lower-case hex: vectors made by different files must not be compared.
    pub sha256: String,
    /// `tokenizer.json`, from the models folder.
    pub tokenizer: PathBuf,
    /// Languages that the model knows (BCP 47 primary subtags), or `*`.
    pub languages: Vec<String>,
    /// Longest input in tokens, special tokens included.
    pub max_tokens: usize,
    pub license: String,
    pub source: String,
    /// Length of a vector.
    pub dimensions: usize,
    pub pooling: Pooling,
    /// Name of the output that holds the vector, `[batch, dimensions]`.
    pub output: String,
    /// Whether the vectors have length 1 as they come out.
    pub normalized: bool,
    pub query_prefix: String,
    pub passage_prefix: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pooling {
    /// The output is one vector a text.
    InGraph,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReaderEntry {
    pub name: String,
    pub path: PathBuf,
    pub sha256: String,
    pub tokenizer: PathBuf,
    pub languages: Vec<String>,
    /// Question and passage together.
    pub max_tokens: usize,
    pub license: String,
    pub source: String,
    /// Longest answer span in tokens.
    pub max_answer_tokens: usize,
}

/// The models folder and what its `models.toml` says.
pub struct Registry {
    dir: PathBuf,
    file: File,
}

impl Registry {
    pub fn read(dir: &Path) -> Result<Registry> {
        let path = dir.join("models.toml");
        let text = std::fs::read_to_string(&path).map_err(|source| Error::Io { path: path.clone(), source })?;
        let file: File = toml::from_str(&text)
            .map_err(|e| Error::Model { name: path.display().to_string(), detail: e.message().to_owned() })?;
        tracing::debug!(runtime = file.runtime.version, models = file.models.len(), "read models.toml");
        Ok(Registry { dir: dir.to_owned(), file })
    }

    pub fn runtime_library(&self) -> PathBuf {
        self.dir.join(&self.file.runtime.library)
    }

    /// The first embedder named.
    pub fn embedder(&self) -> Option<&EmbedderEntry> {
        self.file.models.iter().find_map(|model| match model {
            ModelEntry::Embedder(entry) => Some(entry),
            ModelEntry::Reader(_) => None,
        })
    }

    /// The first reader named.
    pub fn reader(&self) -> Option<&ReaderEntry> {
        self.file.models.iter().find_map(|model| match model {
            ModelEntry::Reader(entry) => Some(entry),
            ModelEntry::Embedder(_) => None,
        })
    }
}
