//! How sure one has to be before one answers: the one number that a company sets.

use super::read::Evidence;
use crate::{Error, Result};

/// 1 (answers on slight evidence) to 5 (refuses when in doubt).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Strictness(u8);

impl Strictness {
    /// # Errors
    /// [`Error::InvalidRequest`] for a level that is not from 1 to 5.
    pub fn new(level: u8) -> Result<Strictness> {
        if (1..=5).contains(&level) {
            return Ok(Strictness(level));
        }
        Err(Error::InvalidRequest { what: "strictness", detail: format!("{level} is not between 1 and 5") })
    }

    /// Whether the evidence is enough for an answer.
    pub fn answers(self, evidence: &Evidence) -> bool {
        evidence.confidence >= evidence.least_confidence[usize::from(self.0 - 1)]
    }
}

#[cfg(test)]
mod tests {
    use super::Strictness;
    use crate::answer::read::Evidence;

    #[test]
    fn a_higher_level_never_answers_what_a_lower_one_refuses() {
        for confidence in (0..=100).map(|share| share as f32 / 100.0) {
            let least_confidence = [0.0, 0.1, 0.3, 0.5, 0.9];
            let evidence = Evidence { candidates: Vec::new(), confidence, least_confidence, passages: 1 };
            let answers: Vec<bool> =
                (1..=5).map(|level| Strictness::new(level).expect("a level").answers(&evidence)).collect();
            assert!(answers.is_sorted_by(|easy, hard| easy >= hard), "{confidence}: {answers:?}");
        }
        assert!(Strictness::new(0).is_err() && Strictness::new(6).is_err());
    }
}
