//! How a hit came to its score. Whatever changes a score after the legs does it by [`Found::boost`], so that a hit's score is
//! always the sum of what its explanation names.

use taproot_schemas::search::{Boost, BoostName, Hit, LegScores};

use super::Found;

impl Found {
    /// Adds to the score, or takes from it.
    pub fn boost(&mut self, name: BoostName, contribution: f32, reason: impl Into<String>) {
        self.score += contribution;
        self.explanation.boosts.push(Boost { name, contribution, reason: reason.into() });
    }

    /// The legs' own scores.
    pub fn scores(&self) -> LegScores {
        let raw = |share: Option<taproot_schemas::search::LegShare>| share.map(|share| share.raw);
        LegScores { lexical: raw(self.explanation.lexical), vector: raw(self.explanation.vector), rerank: self.rerank }
    }

    /// The hit as callers see it, with its explanation.
    pub fn explained(&self) -> Hit {
        Hit { explanation: Some(self.explanation.clone()), ..self.hit() }
    }
}

/// Best first; equal scores in the order of their ids, so that a search gives the same list twice.
pub fn sort(found: &mut [Found]) {
    found.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.chunk.id.cmp(&b.chunk.id)));
}
