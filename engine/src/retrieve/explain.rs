//! How a hit came to its score. Whatever changes a score after the legs does it by [`Found::boost`], so that a hit's score is
//! always the sum of what its explanation names.

use taproot_schemas::search::{Boost, BoostName, Hit, LegScores, LegShare};

use super::Found;

impl Found {
    /// Adds to the score, or takes from it.
    pub fn boost(&mut self, name: BoostName, contribution: f32, reason: impl Into<String>) {
        self.score += contribution;
        self.explanation.boosts.push(Boost { name, contribution, reason: reason.into() });
    }

    /// The legs' own scores.
    pub fn scores(&self) -> LegScores {
        let raw = |share: Option<LegShare>| share.map(|share| share.raw);
        LegScores { lexical: raw(self.explanation.lexical), vector: raw(self.explanation.vector), rerank: self.rerank }
    }

    /// How well it matches beside another hit, leg by leg: 1 is as well. A leg that found neither is left out. BM25 is
    /// compared as it is: scaled over a few candidates, small differences look large.
    pub fn beside(&self, other: &Found) -> impl Iterator<Item = f32> + use<> {
        let ratio = |one: Option<f32>, other: Option<f32>| match (one, other) {
            (None, None) => None,
            (None, Some(_)) => Some(0.0),
            (Some(one), Some(other)) if other > 0.0 => Some(one / other),
            (Some(_), _) => Some(1.0),
        };
        let (one, other) = (&self.explanation, &other.explanation);
        let raw = |share: Option<LegShare>| share.map(|share| share.raw);
        let scaled = |share: Option<LegShare>| share.map(|share| share.scaled);
        let ratios = [ratio(raw(one.lexical), raw(other.lexical)), ratio(scaled(one.vector), scaled(other.vector))];
        ratios.into_iter().flatten()
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
