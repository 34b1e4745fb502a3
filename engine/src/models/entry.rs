//! One model of `models.toml`: its files, what it expects, what comes out of it.
//!
//! In: the table as somebody wrote it ([`Written`]). Out: a [`ModelEntry`] whose fields fit its task, or a message that
//! names the model and the field.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// Shorter inputs leave no room for a text between its special tokens.
const MIN_TOKENS: usize = 8;
const SHA256_DIGITS: usize = 64;

#[derive(Debug, Clone, PartialEq)]
pub struct ModelEntry {
    /// How settings and reports call it.
    pub name: String,
    /// ONNX file, from the models folder.
    pub path: PathBuf,
    /// Of the ONNX file, lower-case hex.
    pub sha256: String,
    /// Files beside the ONNX file that hold its weights.
    pub external_data: Vec<FileSum>,
    /// `tokenizer.json`, from the models folder.
    pub tokenizer: PathBuf,
    pub tokenizer_sha256: Option<String>,
    /// Languages that the model knows (BCP 47 primary subtags), or `*`.
    pub languages: Vec<String>,
    /// Longest input in tokens, special tokens and prefix included; of two texts, both together; of a generator, prompt
    /// and answer.
    pub max_tokens: usize,
    /// SPDX expression of the weights.
    pub license: String,
    /// Where the weights come from.
    pub source: String,
    pub task: Task,
}

/// A file and its SHA-256, lower-case hex.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileSum {
    pub path: PathBuf,
    pub sha256: String,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Task {
    /// Text → vector.
    Embedder(Embedding),
    /// Question and passage → the span that answers.
    Reader { max_answer_tokens: usize },
    /// Question and passage → how well the passage answers, from this output if one is named.
    Reranker { output: Option<String> },
    /// Prompt → text.
    Generator(Generation),
}

/// How a vector comes out of an embedder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Embedding {
    /// Values that the model gives.
    pub dimensions: usize,
    /// Leading values that are kept, of a model trained so that they suffice (Matryoshka, arXiv 2205.13147).
    pub truncate_to: Option<usize>,
    pub pooling: Pooling,
    /// Name of the output; when absent, one of the usual ones.
    pub output: Option<String>,
    /// Whether the vectors have length 1 as they come out; others are scaled to it.
    pub normalized: bool,
    pub query_prefix: String,
    pub passage_prefix: String,
}

/// How the vectors of tokens become the vector of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pooling {
    /// The graph does it: the output is `[batch, dimensions]`.
    InGraph,
    /// The mean over the tokens that are no padding.
    Mean,
    /// The first token.
    Cls,
    /// The last token that is no padding.
    Last,
}

/// How a generator is asked, and how it writes.
#[derive(Debug, Clone, PartialEq)]
pub struct Generation {
    pub prompt: PromptStyle,
    /// Longest answer.
    pub max_new_tokens: usize,
    pub cache: CacheStyle,
    /// Texts at which an answer ends.
    pub stop: Vec<String>,
    pub sampling: Sampling,
}

/// What a generator is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PromptStyle {
    /// Rules, numbered sources and the question, as a chat.
    Chat,
    /// The best sentences and then the question: what a model of a few hundred million parameters can follow.
    Short,
}

/// How a decoder's graph treats its key-value cache.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CacheStyle {
    /// It gives a longer one each step, as every export does.
    #[default]
    Grows,
    /// It writes into the one that it is given: attention is GroupQueryAttention with past and present in one buffer.
    InPlace,
}

/// How the next token is chosen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sampling {
    /// Divides the logits; at 0 the likeliest token is taken.
    pub temperature: f32,
    /// Only the likeliest tokens that together have this probability (nucleus sampling, arXiv 1904.09751).
    pub top_p: f32,
    /// Divides the positive logits of tokens that the answer has already, and multiplies the negative ones (arXiv
    /// 1909.05858).
    pub repetition_penalty: f32,
}

impl Default for Sampling {
    fn default() -> Self {
        Sampling { temperature: 0.0, top_p: 1.0, repetition_penalty: 1.0 }
    }
}

impl ModelEntry {
    /// The entry as `models.toml` has it, `[[model]]` included.
    pub fn to_toml(&self) -> Result<String> {
        #[derive(Serialize)]
        struct List {
            model: [Written; 1],
        }
        toml::to_string(&List { model: [Written::of(self)] })
            .map_err(|e| Error::Model { name: self.name.clone(), detail: e.to_string() })
    }

    /// Every file of the model with its sum, where one is known.
    pub fn files(&self) -> Vec<(&PathBuf, Option<&str>)> {
        let mut files = vec![(&self.path, Some(self.sha256.as_str()))];
        files.extend(self.external_data.iter().map(|file| (&file.path, Some(file.sha256.as_str()))));
        files.push((&self.tokenizer, self.tokenizer_sha256.as_deref()));
        files
    }

    /// Whether the model was trained on this language; of others it knows nothing.
    pub fn knows(&self, language: &str) -> bool {
        self.languages.iter().any(|known| known == language || known == "*")
    }

    /// An error about this model.
    pub(super) fn failed(&self, detail: impl ToString) -> Error {
        Error::Model { name: self.name.clone(), detail: detail.to_string() }
    }
}

/// A table `[[model]]`, as it is written.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Written {
    name: String,
    task: TaskName,
    path: PathBuf,
    sha256: String,
    tokenizer: PathBuf,
    #[serde(skip_serializing_if = "Option::is_none")]
    tokenizer_sha256: Option<String>,
    languages: Vec<String>,
    max_tokens: usize,
    license: String,
    source: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    dimensions: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    truncate_to: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pooling: Option<Pooling>,
    #[serde(skip_serializing_if = "Option::is_none")]
    output: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    normalized: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    query_prefix: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    passage_prefix: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_answer_tokens: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    prompt: Option<PromptStyle>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_new_tokens: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cache: Option<CacheStyle>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    stop: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    top_p: Option<f32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    repetition_penalty: Option<f32>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    external_data: Vec<FileSum>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum TaskName {
    #[default]
    Embedder,
    Reader,
    Reranker,
    Generator,
}

impl Written {
    /// # Errors
    /// [`Error::Model`] for a field that is missing, does not belong to the task, or is out of bounds.
    pub(super) fn resolve(self) -> Result<ModelEntry> {
        let name = self.name.clone();
        self.checked().map_err(|detail| Error::Model { name, detail })
    }

    fn checked(self) -> Result<ModelEntry, String> {
        if self.name.is_empty() {
            return Err("its name is empty".into());
        }
        if self.max_tokens < MIN_TOKENS {
            return Err(format!("max_tokens is {}, at least {MIN_TOKENS} are needed", self.max_tokens));
        }
        if self.languages.is_empty() {
            return Err("languages is empty; write the codes of the languages that it knows, or \"*\"".into());
        }
        let sums = [&self.sha256].into_iter().chain(&self.tokenizer_sha256);
        for sum in sums.chain(self.external_data.iter().map(|file| &file.sha256)) {
            let is_hex = |sign: u8| sign.is_ascii_digit() || (b'a'..=b'f').contains(&sign);
            if sum.len() != SHA256_DIGITS || !sum.bytes().all(is_hex) {
                return Err(format!("{sum:?} is no SHA-256 in lower-case hex"));
            }
        }
        if let Some(field) = self.foreign_field() {
            return Err(format!("{field} does not belong to its task"));
        }
        let task = match self.task {
            TaskName::Embedder => Task::Embedder(self.embedding()?),
            TaskName::Reader => {
                Task::Reader { max_answer_tokens: needed("max_answer_tokens", self.max_answer_tokens)? }
            }
            TaskName::Generator => Task::Generator(self.generation()?),
            TaskName::Reranker => Task::Reranker { output: self.output },
        };
        Ok(ModelEntry {
            name: self.name,
            path: self.path,
            sha256: self.sha256,
            external_data: self.external_data,
            tokenizer: self.tokenizer,
            tokenizer_sha256: self.tokenizer_sha256,
            languages: self.languages,
            max_tokens: self.max_tokens,
            license: self.license,
            source: self.source,
            task,
        })
    }

    /// A field that is given though the task has none of that name.
    fn foreign_field(&self) -> Option<&'static str> {
        use TaskName::{Embedder, Generator, Reader, Reranker};
        let fields: [(&str, bool, &[TaskName]); 15] = [
            ("dimensions", self.dimensions.is_some(), &[Embedder]),
            ("truncate_to", self.truncate_to.is_some(), &[Embedder]),
            ("pooling", self.pooling.is_some(), &[Embedder]),
            ("output", self.output.is_some(), &[Embedder, Reranker]),
            ("normalized", self.normalized.is_some(), &[Embedder]),
            ("query_prefix", self.query_prefix.is_some(), &[Embedder]),
            ("passage_prefix", self.passage_prefix.is_some(), &[Embedder]),
            ("max_answer_tokens", self.max_answer_tokens.is_some(), &[Reader]),
            ("prompt", self.prompt.is_some(), &[Generator]),
            ("max_new_tokens", self.max_new_tokens.is_some(), &[Generator]),
            ("cache", self.cache.is_some(), &[Generator]),
            ("stop", !self.stop.is_empty(), &[Generator]),
            ("temperature", self.temperature.is_some(), &[Generator]),
            ("top_p", self.top_p.is_some(), &[Generator]),
            ("repetition_penalty", self.repetition_penalty.is_some(), &[Generator]),
        ];
        fields.into_iter().find_map(|(field, given, tasks)| (given && !tasks.contains(&self.task)).then_some(field))
    }

    fn embedding(&self) -> Result<Embedding, String> {
        let dimensions = needed("dimensions", self.dimensions)?;
        if dimensions == 0 || self.truncate_to.is_some_and(|kept| kept == 0 || kept > dimensions) {
            return Err(format!("dimensions {dimensions} and truncate_to {:?} do not fit", self.truncate_to));
        }
        Ok(Embedding {
            dimensions,
            truncate_to: self.truncate_to,
            pooling: needed("pooling", self.pooling)?,
            output: self.output.clone(),
            normalized: self.normalized.unwrap_or(false),
            query_prefix: self.query_prefix.clone().unwrap_or_default(),
            passage_prefix: self.passage_prefix.clone().unwrap_or_default(),
        })
    }

    fn generation(&self) -> Result<Generation, String> {
        let max_new_tokens = needed("max_new_tokens", self.max_new_tokens)?;
        if !(1..self.max_tokens).contains(&max_new_tokens) {
            return Err(format!("max_new_tokens is {max_new_tokens}; at least 1 and fewer than max_tokens are needed"));
        }
        if self.stop.iter().any(String::is_empty) {
            return Err("stop holds an empty text".into());
        }
        let usual = Sampling::default();
        let sampling = Sampling {
            temperature: bounded("temperature", self.temperature, usual.temperature, 0.0..=2.0)?,
            top_p: bounded("top_p", self.top_p, usual.top_p, 0.01..=1.0)?,
            repetition_penalty: bounded(
                "repetition_penalty",
                self.repetition_penalty,
                usual.repetition_penalty,
                1.0..=2.0,
            )?,
        };
        let prompt = needed("prompt", self.prompt)?;
        let cache = self.cache.unwrap_or_default();
        Ok(Generation { prompt, max_new_tokens, cache, stop: self.stop.clone(), sampling })
    }

    fn of(entry: &ModelEntry) -> Written {
        let ModelEntry { name, path, sha256, external_data, tokenizer, tokenizer_sha256, languages, .. } =
            entry.clone();
        let ModelEntry { max_tokens, license, source, task, .. } = entry.clone();
        let written = Written {
            name,
            path,
            sha256,
            external_data,
            tokenizer,
            tokenizer_sha256,
            languages,
            max_tokens,
            license,
            source,
            ..Written::default()
        };
        match task {
            Task::Embedder(embedding) => Written {
                task: TaskName::Embedder,
                dimensions: Some(embedding.dimensions),
                truncate_to: embedding.truncate_to,
                pooling: Some(embedding.pooling),
                output: embedding.output,
                normalized: Some(embedding.normalized),
                query_prefix: Some(embedding.query_prefix),
                passage_prefix: Some(embedding.passage_prefix),
                ..written
            },
            Task::Reader { max_answer_tokens } => {
                Written { task: TaskName::Reader, max_answer_tokens: Some(max_answer_tokens), ..written }
            }
            Task::Reranker { output } => Written { task: TaskName::Reranker, output, ..written },
            Task::Generator(Generation { prompt, max_new_tokens, cache, stop, sampling }) => Written {
                task: TaskName::Generator,
                prompt: Some(prompt),
                max_new_tokens: Some(max_new_tokens),
                cache: Some(cache),
                stop,
                temperature: Some(sampling.temperature),
                top_p: Some(sampling.top_p),
                repetition_penalty: Some(sampling.repetition_penalty),
                ..written
            },
        }
    }
}

fn needed<T>(field: &str, value: Option<T>) -> Result<T, String> {
    value.ok_or_else(|| format!("{field} is missing"))
}

fn bounded(field: &str, value: Option<f32>, usual: f32, allowed: std::ops::RangeInclusive<f32>) -> Result<f32, String> {
    match value {
        None => Ok(usual),
        Some(value) if allowed.contains(&value) => Ok(value),
        Some(value) => Err(format!("{field} is {value}; allowed are {} to {}", allowed.start(), allowed.end())),
    }
}
