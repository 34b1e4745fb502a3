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

/// For questions in a language that the reader knows.
pub static WITH_READER: Model = Model {
    sentence: Weights {
        bias: -4.03,
        clues: Clues {
            span: 1.43,
            behind_best_span: -0.36,
            own_words: 0.83,
            near_words: -1.01,
            heading_words: 1.35,
            retrieval: 2.22,
            first: 0.82,
            vector: 0.56,
            number: 0.17,
            heading: -0.89,
            asks: -0.55,
            news: 0.93,
            short: 0.16,
            passage_words: -1.36,
            missing: -0.26,
            particulars: 0.05,
            name: 0.37,
            pairs: 0.38,
            found: 0.45,
        },
    },
    confidence: Weights {
        bias: -2.65,
        clues: Clues {
            span: 2.88,
            behind_best_span: 0.04,
            own_words: 1.99,
            near_words: -0.35,
            heading_words: 0.06,
            retrieval: 0.07,
            first: 0.59,
            vector: 1.11,
            number: 0.48,
            heading: -0.29,
            asks: -0.14,
            news: 0.23,
            short: -0.15,
            passage_words: -0.47,
            missing: -0.36,
            particulars: 0.72,
            name: -0.05,
            pairs: 0.04,
            found: -0.22,
        },
    },
};

/// For the others.
pub static WORDS_ALONE: Model = Model {
    sentence: Weights {
        bias: -4.58,
        clues: Clues {
            span: 0.00,
            behind_best_span: 0.00,
            own_words: 3.93,
            near_words: -0.46,
            heading_words: 1.43,
            retrieval: 3.47,
            first: 1.41,
            vector: 0.00,
            number: 0.17,
            heading: -2.34,
            asks: -0.00,
            news: -0.31,
            short: -0.71,
            passage_words: -2.76,
            missing: -0.36,
            particulars: -0.05,
            name: 0.00,
            pairs: -0.01,
            found: -3.62,
        },
    },
    confidence: Weights {
        bias: -2.44,
        clues: Clues {
            span: 0.00,
            behind_best_span: 0.00,
            own_words: 4.68,
            near_words: -0.50,
            heading_words: 2.35,
            retrieval: 0.01,
            first: 0.52,
            vector: 0.00,
            number: 0.10,
            heading: 0.00,
            asks: 0.00,
            news: -0.75,
            short: -0.09,
            passage_words: -0.31,
            missing: -0.26,
            particulars: -0.27,
            name: 0.00,
            pairs: 0.66,
            found: -0.26,
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
