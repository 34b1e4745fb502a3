//! The weights of the clues: logistic models, fitted by least regularised log-loss (`tests/bench/answers.py`, which also
//! says how well they do on documents that they were not fitted on).
//!
//! `sentence` tells which of the sentences of the retrieved passages holds a gold answer in the right document,
//! `confidence` whether the best one does. With the reader: SQuAD 2.0, ClapNQ, HotpotQA, an English handbook and the
//! English example questions; on words alone: CMRC 2018, DRCD, a Chinese handbook and the Chinese example questions. A
//! part of the questions has its documents left out.

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

/// For questions in a language that the reader knows.
pub static WITH_READER: Model = Model {
    sentence: Weights {
        bias: -4.58,
        clues: Clues {
            span: 1.51,
            behind_best_span: -0.48,
            own_words: 1.23,
            near_words: -0.52,
            heading_words: 0.71,
            retrieval: 2.59,
            first: 0.75,
            vector: 0.85,
            number: 0.04,
            heading: -0.67,
            asks: -1.03,
            news: 0.98,
            short: -0.09,
            passage_words: -1.12,
            missing: -0.25,
            particulars: 0.16,
            name: 0.43,
            pairs: 0.42,
            found: 0.06,
        },
    },
    confidence: Weights {
        bias: -2.32,
        clues: Clues {
            span: 2.45,
            behind_best_span: -0.04,
            own_words: 2.19,
            near_words: -0.18,
            heading_words: 0.16,
            retrieval: 0.02,
            first: 0.61,
            vector: 1.57,
            number: 0.43,
            heading: -0.81,
            asks: -0.16,
            news: -0.09,
            short: 0.39,
            passage_words: -0.13,
            missing: -0.28,
            particulars: 0.39,
            name: -0.22,
            pairs: 0.04,
            found: -0.27,
        },
    },
};

/// For the others.
pub static WORDS_ALONE: Model = Model {
    sentence: Weights {
        bias: -4.88,
        clues: Clues {
            span: 0.00,
            behind_best_span: 0.00,
            own_words: 3.81,
            near_words: -0.37,
            heading_words: 1.25,
            retrieval: 2.99,
            first: 1.41,
            vector: 0.00,
            number: 0.06,
            heading: -2.18,
            asks: -0.33,
            news: -0.54,
            short: -1.30,
            passage_words: -2.43,
            missing: -0.21,
            particulars: 0.47,
            name: 0.00,
            pairs: 0.22,
            found: -3.11,
        },
    },
    confidence: Weights {
        bias: -3.63,
        clues: Clues {
            span: 0.00,
            behind_best_span: 0.00,
            own_words: 4.19,
            near_words: -0.26,
            heading_words: 1.90,
            retrieval: 0.01,
            first: 0.70,
            vector: 0.00,
            number: 0.00,
            heading: 0.00,
            asks: 0.00,
            news: -0.32,
            short: -0.14,
            passage_words: -0.37,
            missing: -0.14,
            particulars: 0.60,
            name: 0.00,
            pairs: 1.01,
            found: -0.27,
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
