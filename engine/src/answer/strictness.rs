//! How sure one has to be before one answers: the one number that a company sets.

use crate::{Error, Result};

/// 1 (answers on slight evidence) to 5 (refuses when in doubt).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Strictness(u8);

/// Confidence from which on each level answers. Level 1 answers whenever anything was found.
const LEAST_CONFIDENCE: [f32; 5] = [0.0, 0.12, 0.22, 0.4, 0.6];

impl Strictness {
    /// # Errors
    /// [`Error::InvalidRequest`] for a level that is not from 1 to 5.
    pub fn new(level: u8) -> Result<Strictness> {
        if (1..=5).contains(&level) {
            return Ok(Strictness(level));
        }
        Err(Error::InvalidRequest { what: "strictness", detail: format!("{level} is not between 1 and 5") })
    }

    /// Whether evidence of this confidence, 0 to 1, is enough for an answer.
    pub fn answers(self, confidence: f32) -> bool {
        confidence >= LEAST_CONFIDENCE[usize::from(self.0 - 1)]
    }
}

#[cfg(test)]
mod tests {
    use super::Strictness;

    #[test]
    fn a_higher_level_never_answers_what_a_lower_one_refuses() {
        for confidence in (0..=100).map(|share| share as f32 / 100.0) {
            let answers: Vec<bool> =
                (1..=5).map(|level| Strictness::new(level).expect("a level").answers(confidence)).collect();
            assert!(answers.is_sorted_by(|easy, hard| easy >= hard), "{confidence}: {answers:?}");
        }
        assert!(Strictness::new(0).is_err() && Strictness::new(6).is_err());
    }
}
