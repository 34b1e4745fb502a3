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
    /// The same for sentences whose likeness to the question is known.
    pub in_doubt: Option<Weights>,
    /// Confidence from which on each level of strictness answers. Level 1 answers whenever anything was found.
    pub least_confidence: [f32; 5],
}

/// A logistic model: log-odds = bias + Σ weight · clue.
pub struct Weights {
    bias: f32,
    clues: Clues,
}

/// For questions in a language that the reader knows.
pub static WITH_READER: Model = Model {
    least_confidence: [0.0, 0.15, 0.25, 0.4, 0.6],
    sentence: Weights {
        bias: -5.50,
        clues: Clues {
            span: 1.36,
            behind_best_span: -1.08,
            own_words: 1.54,
            near_words: -0.44,
            heading_words: 0.42,
            retrieval: 2.94,
            first: 0.83,
            vector: 1.19,
            number: 0.07,
            heading: 0.02,
            asks: -0.92,
            news: 0.77,
            short: -0.44,
            passage_words: -1.24,
            missing: -0.09,
            particulars: 0.34,
            name: 0.44,
            pairs: 0.34,
            found: 0.25,
            likeness: 0.00,
        },
    },
    confidence: Weights {
        bias: -2.43,
        clues: Clues {
            span: 2.01,
            behind_best_span: 0.03,
            own_words: 2.75,
            near_words: 0.23,
            heading_words: -0.38,
            retrieval: 0.05,
            first: 0.56,
            vector: 1.55,
            number: 0.64,
            heading: 0.33,
            asks: -0.18,
            news: -0.32,
            short: 0.37,
            passage_words: -0.05,
            missing: -0.09,
            particulars: 0.00,
            name: -0.12,
            pairs: 0.21,
            found: -0.36,
            likeness: 0.00,
        },
    },
    in_doubt: Some(Weights {
        bias: -3.04,
        clues: Clues {
            span: 1.89,
            behind_best_span: 0.02,
            own_words: 2.44,
            near_words: 0.32,
            heading_words: -0.23,
            retrieval: 0.04,
            first: 0.49,
            vector: 0.91,
            number: 0.61,
            heading: 0.35,
            asks: -0.17,
            news: -0.02,
            short: 0.35,
            passage_words: -0.08,
            missing: -0.14,
            particulars: 0.00,
            name: -0.12,
            pairs: 0.14,
            found: -0.50,
            likeness: 1.95,
        },
    }),
};

/// For the others.
pub static WORDS_ALONE: Model = Model {
    least_confidence: [0.0, 0.12, 0.22, 0.4, 0.6],
    sentence: Weights {
        bias: -4.53,
        clues: Clues {
            span: 0.00,
            behind_best_span: 0.00,
            own_words: 3.71,
            near_words: -0.42,
            heading_words: 1.28,
            retrieval: 2.92,
            first: 1.43,
            vector: 0.00,
            number: 0.04,
            heading: -1.18,
            asks: -0.35,
            news: -0.91,
            short: -1.31,
            passage_words: -2.44,
            missing: -0.20,
            particulars: 0.43,
            name: 0.00,
            pairs: 0.24,
            found: -2.97,
            likeness: 0.00,
        },
    },
    confidence: Weights {
        bias: -3.73,
        clues: Clues {
            span: 0.00,
            behind_best_span: 0.00,
            own_words: 4.20,
            near_words: -0.27,
            heading_words: 1.90,
            retrieval: 0.01,
            first: 0.71,
            vector: 0.00,
            number: 0.01,
            heading: -0.18,
            asks: 0.00,
            news: -0.25,
            short: -0.14,
            passage_words: -0.36,
            missing: -0.17,
            particulars: 0.67,
            name: 0.00,
            pairs: 1.06,
            found: -0.29,
            likeness: 0.00,
        },
    },
    in_doubt: None,
};

impl Weights {
    /// Log-odds that a sentence with these clues answers.
    pub fn score(&self, clues: &Clues) -> f32 {
        let products = self.clues.named().into_iter().zip(clues.named()).map(|((_, weight), (_, clue))| weight * clue);
        self.bias + products.sum::<f32>()
    }

    pub fn probability(&self, clues: &Clues) -> f32 {
        1.0 / (1.0 + (-self.score(clues)).exp())
    }
}

#[cfg(test)]
mod tests {
    use super::{WITH_READER, WORDS_ALONE};

    #[test]
    fn levels_rise_from_nothing() {
        for model in [&WITH_READER, &WORDS_ALONE] {
            assert!(model.least_confidence[0] == 0.0 && model.least_confidence.is_sorted());
        }
    }
}
