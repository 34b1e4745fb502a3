//! Text → unit vector.

use std::borrow::Cow;
use std::path::Path;
use std::sync::Arc;

use tokenizers::{Tokenizer, TruncationParams};

use super::pool::Pool;
use super::registry::{EmbedderEntry, Pooling};
use super::runtime::{Input, Runtime};
use crate::{Error, Result};

/// The embedding model. One text a call: a dynamically quantised model's vectors depend on what else is in a
/// padded batch (cosine down to .986), and batches are slower per text.
pub struct Embedder {
    entry: EmbedderEntry,
    tokenizer: Tokenizer,
    counter: TokenCounter,
    pool: Pool,
}

impl Embedder {
    pub(super) fn load(runtime: &Runtime, dir: &Path, entry: &EmbedderEntry, sessions: usize) -> Result<Embedder> {
        let Pooling::InGraph = entry.pooling;
        let mut tokenizer = plain_tokenizer(&dir.join(&entry.tokenizer), &entry.name)?;
        let counter = TokenCounter { tokenizer: Arc::new(tokenizer.clone()), max_tokens: entry.max_tokens };
        let longest = TruncationParams { max_length: entry.max_tokens, ..TruncationParams::default() };
        tokenizer
            .with_truncation(Some(longest))
            .map_err(|e| Error::Model { name: entry.name.clone(), detail: e.to_string() })?;
        let pool = Pool::new(runtime.sessions(&dir.join(&entry.path), sessions)?);
        Ok(Embedder { entry: entry.clone(), tokenizer, counter, pool })
    }

    /// What vectors depend on: vectors of different fingerprints must not be compared.
    pub fn fingerprint(&self) -> String {
        let sum = self.entry.sha256.get(..16).unwrap_or(&self.entry.sha256);
        format!("{}@{sum}", self.entry.name)
    }

    /// Length of the vectors.
    pub fn dimensions(&self) -> usize {
        self.entry.dimensions
    }

    /// Whether the model was trained on this language; on others its vectors are noise.
    pub fn knows(&self, language: &str) -> bool {
        self.entry.languages.iter().any(|known| known == language || known == "*")
    }

    /// Counts tokens as this model does.
    pub fn counter(&self) -> &TokenCounter {
        &self.counter
    }

    /// The vector of a query.
    pub fn embed_query(&self, text: &str) -> Result<Vec<f32>> {
        self.embed(&self.entry.query_prefix, text)
    }

    /// The vector of a passage.
    pub fn embed_passage(&self, text: &str) -> Result<Vec<f32>> {
        self.embed(&self.entry.passage_prefix, text)
    }

    /// A vector of length 1. What exceeds the model's longest input is left out.
    fn embed(&self, prefix: &str, text: &str) -> Result<Vec<f32>> {
        let text = if prefix.is_empty() { Cow::Borrowed(text) } else { Cow::Owned(format!("{prefix}{text}")) };
        let encoding = self.tokenizer.encode_fast(text.as_ref(), true).map_err(|e| self.failed(e.to_string()))?;
        let ids: Vec<i64> = encoding.get_ids().iter().map(|&id| i64::from(id)).collect();
        let mask = vec![1; ids.len()];
        let inputs = [Input { name: "input_ids", values: &ids }, Input { name: "attention_mask", values: &mask }];
        let mut vector = self.pool.with(|model| model.run(&inputs, &[&self.entry.output]))?.swap_remove(0);
        if vector.len() != self.entry.dimensions {
            return Err(self.failed(format!("gave {} values instead of {}", vector.len(), self.entry.dimensions)));
        }
        if !self.entry.normalized {
            normalize(&mut vector);
        }
        Ok(vector)
    }

    fn failed(&self, detail: String) -> Error {
        Error::Model { name: self.entry.name.clone(), detail }
    }
}

/// Scales to length 1; a zero vector stays what it is.
fn normalize(vector: &mut [f32]) {
    let length = vector.iter().map(|x| x * x).sum::<f32>().sqrt();
    if length > 0.0 {
        vector.iter_mut().for_each(|x| *x /= length);
    }
}

/// Counts the embedder's tokens; the chunker cuts by it. Cheap to clone.
#[derive(Clone)]
pub struct TokenCounter {
    tokenizer: Arc<Tokenizer>,
    max_tokens: usize,
}

impl TokenCounter {
    /// Longest input of the embedder in tokens, special tokens included.
    pub fn max_tokens(&self) -> usize {
        self.max_tokens
    }

    /// Tokens of a text without special tokens.
    pub fn count(&self, text: &str) -> usize {
        self.tokenizer.encode_fast(text, false).map_or(0, |encoding| encoding.len())
    }
}

/// A tokenizer with the truncation and padding that its file may preset taken away.
pub(super) fn plain_tokenizer(path: &Path, model: &str) -> Result<Tokenizer> {
    let failed = |detail: String| Error::Model { name: model.to_owned(), detail };
    let mut tokenizer = Tokenizer::from_file(path).map_err(|e| failed(e.to_string()))?;
    tokenizer.with_padding(None);
    tokenizer.with_truncation(None).map_err(|e| failed(e.to_string()))?;
    Ok(tokenizer)
}
