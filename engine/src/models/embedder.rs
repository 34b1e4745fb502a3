//! Text → unit vector.

use std::path::Path;
use std::sync::Arc;

use tokenizers::{Tokenizer, TruncationParams};

use super::encoder::{Encoder, Wanted};
use super::entry::{Embedding, ModelEntry, Pooling, Task};
use super::pooling::{normalize, pool};
use super::runtime::{Runtime, Tensor};
use super::tokenizer::{self, TokenCounter};
use crate::{Error, Result};

/// What exports call vectors of tokens, `[batch, tokens, dimensions]`, and of texts, `[batch, dimensions]`.
pub const TOKEN_OUTPUTS: &[&str] = &["last_hidden_state", "token_embeddings", "hidden_states"];
pub const TEXT_OUTPUTS: &[&str] = &["sentence_embedding", "sentence_embeddings", "dense_vecs", "text_embeds"];

/// Cosine of two vectors of an embedder: they have length 1.
pub fn cosine(one: &[f32], other: &[f32]) -> f32 {
    one.iter().zip(other).map(|(a, b)| a * b).sum()
}

/// The embedding model.
pub struct Embedder {
    encoder: Encoder,
    embedding: Embedding,
    tokenizer: Tokenizer,
    counter: TokenCounter,
}

impl Embedder {
    /// Loads the model and embeds a word, so that what does not fit together is told now and not by the first question.
    pub(super) fn load(runtime: &Runtime, dir: &Path, entry: &ModelEntry, sessions: usize) -> Result<Embedder> {
        let Task::Embedder(embedding) = &entry.task else { return Err(entry.failed("it is no embedder")) };
        let wanted = Wanted { named: embedding.output.as_deref(), usual: usual_outputs(embedding.pooling) };
        let encoder = Encoder::load(runtime, dir, entry, &wanted, sessions)?;
        let plain = tokenizer::plain(dir, entry)?;
        let prefix = plain.encode_fast(embedding.passage_prefix.as_str(), false).map_err(|e| entry.failed(e))?.len();
        let max_tokens = entry.max_tokens.saturating_sub(prefix);
        let longest = TruncationParams { max_length: entry.max_tokens, ..TruncationParams::default() };
        let embedder = Embedder {
            tokenizer: tokenizer::cutting(dir, entry, longest, encoder.fixed_tokens())?,
            counter: TokenCounter { tokenizer: Arc::new(plain), max_tokens },
            embedding: embedding.clone(),
            encoder,
        };
        embedder.embed_query("a")?;
        Ok(embedder)
    }

    pub fn name(&self) -> &str {
        &self.encoder.entry().name
    }

    /// What vectors of passages depend on: vectors of different fingerprints must not be compared. The prefix of queries
    /// is no part of it, since nothing that is stored has it.
    ///
    /// The name and the first 16 digits of the ONNX file's sum; where vectors depend on more than that file, of a sum
    /// over all of it.
    pub fn fingerprint(&self) -> String {
        let entry = self.encoder.entry();
        let beyond_the_file = self.beyond_the_file();
        if beyond_the_file.is_empty() {
            return format!("{}@{}", entry.name, entry.sha256.get(..16).unwrap_or(&entry.sha256));
        }
        let mut hasher = blake3::Hasher::new();
        hasher.update(entry.sha256.as_bytes());
        for (what, value) in beyond_the_file {
            hasher.update(format!("\n{what}={value:?}").as_bytes());
        }
        format!("{}@{}", entry.name, &hasher.finalize().to_hex()[..16])
    }

    /// What they depend on besides the ONNX file: nothing for a graph that pools, is given texts as they are, and
    /// has the output that is taken by default.
    fn beyond_the_file(&self) -> Vec<(&'static str, String)> {
        let Embedding { truncate_to, pooling, passage_prefix, .. } = &self.embedding;
        let usual = usual_outputs(*pooling).contains(&self.encoder.output());
        let entry = self.encoder.entry();
        let mut found = vec![
            ("pooling", (*pooling != Pooling::InGraph).then(|| format!("{pooling:?}"))),
            ("output", (!usual).then(|| self.encoder.output().to_owned())),
            ("truncate_to", truncate_to.map(|kept| kept.to_string())),
            ("passage_prefix", Some(passage_prefix.clone()).filter(|prefix| !prefix.is_empty())),
            ("tokenizer", entry.tokenizer_sha256.clone()),
        ];
        found.extend(entry.external_data.iter().map(|file| ("external_data", Some(file.sha256.clone()))));
        found.into_iter().filter_map(|(what, value)| Some((what, value?))).collect()
    }

    /// Length of the vectors.
    pub fn dimensions(&self) -> usize {
        self.embedding.truncate_to.unwrap_or(self.embedding.dimensions)
    }

    /// Whether the model was trained on this language; on others its vectors are noise.
    pub fn knows(&self, language: &str) -> bool {
        self.encoder.entry().knows(language)
    }

    /// Counts tokens as this model does.
    pub fn counter(&self) -> &TokenCounter {
        &self.counter
    }

    /// The vector of a query.
    pub fn embed_query(&self, text: &str) -> Result<Vec<f32>> {
        self.embed(&self.embedding.query_prefix, text)
    }

    /// The vector of a passage.
    pub fn embed_passage(&self, text: &str) -> Result<Vec<f32>> {
        self.embed(&self.embedding.passage_prefix, text)
    }

    /// A vector of length 1. What exceeds the model's longest input is left out.
    fn embed(&self, prefix: &str, text: &str) -> Result<Vec<f32>> {
        let text = format!("{prefix}{text}");
        let encoding = self.tokenizer.encode_fast(text, true).map_err(|e| self.failed(e))?;
        let Tensor { shape, values } = self.encoder.run(&encoding)?;
        let width = self.width(&shape, encoding.len())?;
        let mut vector = pool(self.embedding.pooling, values, encoding.get_attention_mask(), width);
        if !vector.iter().all(|value| value.is_finite()) {
            return Err(self.failed("a vector holds values that are no numbers"));
        }
        vector.truncate(self.dimensions());
        if !self.embedding.normalized || self.embedding.truncate_to.is_some() {
            normalize(&mut vector);
        }
        Ok(vector)
    }

    /// Values a token, or a text, of an output of this shape.
    fn width(&self, shape: &[usize], tokens: usize) -> Result<usize> {
        let Embedding { pooling, dimensions, .. } = self.embedding;
        let width = match (pooling, shape) {
            (Pooling::InGraph, [1, width]) => *width,
            (Pooling::Mean | Pooling::Cls | Pooling::Last, [1, length, width]) if *length == tokens => *width,
            _ => {
                let needed = if pooling == Pooling::InGraph { "[1, dimensions]" } else { "[1, tokens, dimensions]" };
                let output = self.encoder.output();
                let detail = format!("the output {output} is {shape:?}, the pooling {pooling:?} needs {needed}");
                return Err(self.failed(detail));
            }
        };
        if width != dimensions {
            return Err(self.failed(format!("it gives {width} values, models.toml says dimensions = {dimensions}")));
        }
        Ok(width)
    }

    fn failed(&self, detail: impl ToString) -> Error {
        self.encoder.entry().failed(detail)
    }
}

fn usual_outputs(pooling: Pooling) -> &'static [&'static str] {
    if pooling == Pooling::InGraph { TEXT_OUTPUTS } else { TOKEN_OUTPUTS }
}
