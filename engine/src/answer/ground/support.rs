//! How well a claim is borne out by the sentences that were chosen for it, as one number.
//!
//! In: [`Clues`], each between 0 and 1. Out: the probability, by a logistic model over them, that the claim says what the
//! sentences say.

/// What can be told of a claim beside its sources.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Clues {
    /// Share of the claim's words, by how rare they are, that the chosen sentences have, or what stands above them.
    pub words: f32,
    /// The same for words that the question has not.
    pub news: f32,
    /// Share of the claim that stands in the best sentence in the same order.
    pub order: f32,
    /// Share of the words around each figure that stand in the sentence that has the figure, of the figure with the least.
    pub attached: f32,
    /// Whether it rests on one sentence.
    pub single: f32,
    /// Cosine of claim and sentences, where the embedder knows the language.
    pub cosine: Option<f32>,
}

/// A logistic model: log-odds = bias + Σ weight · clue.
struct Weights {
    bias: f32,
    words: f32,
    news: f32,
    order: f32,
    attached: f32,
    single: f32,
    cosine: f32,
}

/// Both by least regularised log-loss on the development half of what `bench-ground --fit` builds: right sentences against wrong
/// ones that no other check found. With the embedder: English, which is its language; with words alone: English and
/// Chinese.
const WITH_EMBEDDER: Weights =
    Weights { bias: -6.39, words: 0.32, news: 3.8, order: 0.55, attached: 1.14, single: 0.0, cosine: 2.01 };
const WORDS_ALONE: Weights =
    Weights { bias: -5.53, words: -0.33, news: 2.97, order: 3.59, attached: 2.47, single: -0.64, cosine: 0.0 };

/// Support from which on a claim is borne out.
pub const ENOUGH: f32 = 0.5;

impl Clues {
    /// In the order of the fields; a missing cosine is 0.
    pub fn values(&self) -> [f32; 6] {
        [self.words, self.news, self.order, self.attached, self.single, self.cosine.unwrap_or(0.0)]
    }

    /// 0 to 1.
    pub fn support(&self) -> f32 {
        let model = if self.cosine.is_some() { &WITH_EMBEDDER } else { &WORDS_ALONE };
        let weights = [model.words, model.news, model.order, model.attached, model.single, model.cosine];
        let odds = model.bias + weights.iter().zip(self.values()).map(|(weight, clue)| weight * clue).sum::<f32>();
        1.0 / (1.0 + (-odds).exp())
    }
}
