//! `tokenizer.json` of a model, without what it presets.

use std::path::Path;
use std::sync::Arc;

use tokenizers::{PaddingParams, PaddingStrategy, Tokenizer, TruncationParams};

use super::entry::ModelEntry;
use crate::Result;
use crate::text::slice_chars;

/// What the usual tokenizers call their padding.
const PADDING: [&str; 3] = ["[PAD]", "<pad>", "<|endoftext|>"];

/// A model's tokenizer that neither cuts nor pads.
pub fn plain(dir: &Path, entry: &ModelEntry) -> Result<Tokenizer> {
    Ok(load(dir, entry)?.0)
}

/// The tokenizer as the file has it but for truncation and padding, and the padding that it presets.
fn load(dir: &Path, entry: &ModelEntry) -> Result<(Tokenizer, Option<PaddingParams>)> {
    let path = dir.join(&entry.tokenizer);
    let mut tokenizer = Tokenizer::from_file(&path).map_err(|e| entry.failed(format!("{}: {e}", path.display())))?;
    let preset = tokenizer.get_padding().cloned();
    tokenizer.with_padding(None);
    tokenizer.with_truncation(None).map_err(|e| entry.failed(e))?;
    Ok((tokenizer, preset))
}

/// A model's tokenizer that cuts as told, and pads to `fixed_tokens` for a graph that takes no other length: on the
/// side and with the token that the file presets.
pub fn cutting(
    dir: &Path,
    entry: &ModelEntry,
    truncation: TruncationParams,
    fixed_tokens: Option<usize>,
) -> Result<Tokenizer> {
    let (mut tokenizer, preset) = load(dir, entry)?;
    tokenizer.with_truncation(Some(truncation)).map_err(|e| entry.failed(e))?;
    if let Some(length) = fixed_tokens {
        let padding = preset.unwrap_or_else(|| usual_padding(&tokenizer));
        tokenizer.with_padding(Some(PaddingParams { strategy: PaddingStrategy::Fixed(length), ..padding }));
    }
    Ok(tokenizer)
}

fn usual_padding(tokenizer: &Tokenizer) -> PaddingParams {
    let known = PADDING.into_iter().find_map(|token| Some((token, tokenizer.token_to_id(token)?)));
    let (pad_token, pad_id) = known.unwrap_or((PADDING[0], 0));
    PaddingParams { pad_id, pad_token: pad_token.to_owned(), ..PaddingParams::default() }
}

/// As much of a text as `max_tokens` tokens hold, special tokens not counted.
pub fn beginning<'t>(tokenizer: &Tokenizer, entry: &ModelEntry, text: &'t str, max_tokens: usize) -> Result<&'t str> {
    let encoding = tokenizer.encode_char_offsets(text, false).map_err(|e| entry.failed(e))?;
    Ok(encoding.get_offsets().get(max_tokens).map_or(text, |&(at, _)| slice_chars(text, 0, at)))
}

/// Counts the embedder's tokens; the chunker cuts by it. Cheap to clone.
#[derive(Clone)]
pub struct TokenCounter {
    pub(super) tokenizer: Arc<Tokenizer>,
    pub(super) max_tokens: usize,
}

impl TokenCounter {
    /// Longest passage that the embedder takes whole, in tokens with the special ones but without its prefix.
    pub fn max_tokens(&self) -> usize {
        self.max_tokens
    }

    /// Tokens of a text without special tokens.
    pub fn count(&self, text: &str) -> usize {
        self.tokenizer.encode_fast(text, false).map_or(0, |encoding| encoding.len())
    }

    /// Tokens of a text with the special ones.
    pub fn count_all(&self, text: &str) -> usize {
        self.tokenizer.encode_fast(text, true).map_or(0, |encoding| encoding.len())
    }
}
