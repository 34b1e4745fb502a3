//! The weights of the clues: two logistic models, fitted by least regularised log-loss on sentences of retrieved
//! passages, where a sentence is right when it holds a gold answer in the right document.
//!
//! With the reader: SQuAD 2.0 and ClapNQ development questions (800 questions, six passages each). On words alone: CMRC
//! 2018 (900 questions). At the thresholds, ClapNQ's questions without an answer, asked over their own articles, are
//! refused half of the time, SQuAD's adversarial ones a fifth, CMRC's withheld ones three quarters. The handbook and
//! example questions had no part in the fit, but were in sight when the thresholds were chosen.

use super::clues::Clues;

/// Which sentence answers best, and whether that one answers.
pub struct Model {
    pub sentence: Weights,
    pub confidence: Weights,
}

/// A logistic model: log-odds = bias + Σ weight · clue.
pub struct Weights {
    bias: f32,
    clues: Clues,
}

const ZERO: Clues = Clues { span: 0.0, behind_best_span: 0.0, own_words: 0.0, near_words: 0.0, heading_words: 0.0, retrieval: 0.0, first: 0.0, vector: 0.0, number: 0.0, heading: 0.0, asks: 0.0, news: 0.0, short: 0.0, passage_words: 0.0, missing: 0.0, particulars: 0.0, name: 0.0, pairs: 0.0, found: 0.0 };

/// For questions in a language that the reader knows.
pub static WITH_READER: Model = Model {
    sentence: Weights {
    bias: -5.49,
    clues: Clues {
        span: 1.44,
        behind_best_span: 0.16,
        own_words: 2.37,
        near_words: 0.81,
        heading_words: 1.76,
        retrieval: -0.41,
        first: 1.25,
        vector: 4.24,
        number: 0.09,
        heading: -2.36,
        asks: -4.9,
        news: 0.46,
        short: -4.18,
        ..ZERO
    },
    },
    confidence: Weights {
    bias: -5.49,
    clues: Clues {
        span: 1.44,
        behind_best_span: 0.16,
        own_words: 2.37,
        near_words: 0.81,
        heading_words: 1.76,
        retrieval: -0.41,
        first: 1.25,
        vector: 4.24,
        number: 0.09,
        heading: -2.36,
        asks: -4.9,
        news: 0.46,
        short: -4.18,
        ..ZERO
    },
    },
};

/// For the others.
pub static WORDS_ALONE: Model = Model {
    sentence: Weights {
    bias: -6.25,
    clues: Clues {
        span: 0.0,
        behind_best_span: 0.0,
        own_words: 6.3,
        near_words: 2.61,
        heading_words: 4.55,
        retrieval: 1.6,
        first: 1.03,
        vector: 0.0,
        number: 0.45,
        heading: -4.8,
        asks: -1.82,
        news: -2.17,
        short: -1.29,
        ..ZERO
    },
    },
    confidence: Weights {
    bias: -6.25,
    clues: Clues {
        span: 0.0,
        behind_best_span: 0.0,
        own_words: 6.3,
        near_words: 2.61,
        heading_words: 4.55,
        retrieval: 1.6,
        first: 1.03,
        vector: 0.0,
        number: 0.45,
        heading: -4.8,
        asks: -1.82,
        news: -2.17,
        short: -1.29,
        ..ZERO
    },
    },
};

impl Weights {
    /// Log-odds that a sentence with these clues answers.
    pub fn score(&self, clues: &Clues) -> f32 {
        let products = self.clues.named().into_iter().zip(clues.named()).map(|((_, weight), (_, clue))| weight * clue);
        self.bias + products.sum::<f32>()
    }
}
