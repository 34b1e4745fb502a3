//! Question and passage, read together → how well the passage answers (a cross-encoder).

use std::path::Path;

use tokenizers::{Tokenizer, TruncationParams, TruncationStrategy};

use super::encoder::{Encoder, Wanted};
use super::entry::{ModelEntry, Task};
use super::runtime::{Runtime, Tensor};
use super::tokenizer;
use crate::Result;

const OUTPUTS: &[&str] = &["logits", "scores"];
/// Of two texts, as XLM-R has them: `<s> question </s> </s> passage </s>`.
const SPECIAL_TOKENS: usize = 4;

pub struct Reranker {
    encoder: Encoder,
    tokenizer: Tokenizer,
    /// The same, without truncation.
    plain: Tokenizer,
}

impl Reranker {
    /// Loads the model and scores a pair, so that what does not fit together is told now.
    pub(super) fn load(runtime: &Runtime, dir: &Path, entry: &ModelEntry, sessions: usize) -> Result<Reranker> {
        let Task::Reranker { output } = &entry.task else { return Err(entry.failed("it is no reranker")) };
        let wanted = Wanted { named: output.as_deref(), usual: OUTPUTS };
        let encoder = Encoder::load(runtime, dir, entry, &wanted, sessions)?;
        let passage_only = TruncationParams {
            max_length: entry.max_tokens,
            strategy: TruncationStrategy::OnlySecond,
            ..TruncationParams::default()
        };
        let reranker = Reranker {
            tokenizer: tokenizer::cutting(dir, entry, passage_only, encoder.fixed_tokens())?,
            plain: tokenizer::plain(dir, entry)?,
            encoder,
        };
        reranker.score("a", "a")?;
        Ok(reranker)
    }

    pub fn name(&self) -> &str {
        &self.encoder.entry().name
    }

    /// Whether the model was trained on this language.
    pub fn knows(&self, language: &str) -> bool {
        self.encoder.entry().knows(language)
    }

    /// From 0 to 1, the probability that the passage answers: the logistic function of the one logit, or of the
    /// difference of two (not relevant, relevant), which is their softmax. Of a query that is longer than half of the
    /// model's input the rest is left out; of a passage, what exceeds the input.
    pub fn score(&self, query: &str, passage: &str) -> Result<f32> {
        let entry = self.encoder.entry();
        let room = entry.max_tokens.saturating_sub(SPECIAL_TOKENS) / 2;
        let query = tokenizer::beginning(&self.plain, entry, query, room)?;
        let encoding = self.tokenizer.encode_fast((query, passage), true).map_err(|e| entry.failed(e))?;
        let Tensor { shape, values } = self.encoder.run(&encoding)?;
        let logit = match values.as_slice() {
            [relevant] => *relevant,
            [other, relevant] => relevant - other,
            _ => {
                let output = self.encoder.output();
                return Err(entry.failed(format!("the output {output} is {shape:?}, a reranker has [1, 1] or [1, 2]")));
            }
        };
        if !logit.is_finite() {
            return Err(entry.failed("a score is no number"));
        }
        Ok(1.0 / (1.0 + (-logit).exp()))
    }
}
