//! What the two legs say of a chunk → one score.
//!
//! Both are on scales of their own that mean the same for every query: the lexical leg's is the share of the best score
//! that BM25 could give for this query, the vector leg's is the cosine. Their convex combination (Bruch et al., "An
//! Analysis of Fusion Functions for Hybrid Retrieval", 2023) so keeps how sure each leg is: a query whose words are
//! hardly found leaves the order to the vectors. Nothing depends on which other candidates there are.

use std::collections::HashMap;

use taproot_schemas::search::LegShare;

use crate::store::ChunkId;

/// Weight of the vector leg; the lexical leg has the rest. Flat around it on every set tried.
const VECTOR_WEIGHT: f32 = 0.35;
/// Weight of the mean of a chunk and those around it beside the 1 of the chunk itself: a passage of a document that is
/// about the query as a whole comes before one that merely mentions it.
const NEIGHBOURS_WEIGHT: f32 = 0.2;

/// What the legs say of the chunks of one search.
#[derive(Debug, Default)]
pub struct Evidence {
    lexical: HashMap<ChunkId, Said>,
    /// Best score that BM25 could give for the query; 0 when none of its words is in the index.
    ceiling: f32,
    /// `None` when the vector leg has nothing to say of this query.
    vector: Option<HashMap<ChunkId, Said>>,
}

#[derive(Debug, Clone, Copy)]
struct Said {
    /// Place among the candidates that the leg brought.
    rank: Option<u32>,
    score: f32,
}

/// What each leg gives to a chunk's score.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shares {
    pub lexical: Option<LegShare>,
    pub vector: Option<LegShare>,
}

impl Evidence {
    /// Of the candidates that each leg brought, best first.
    pub fn of(lexical: &[(ChunkId, f32)], ceiling: f32, vector: Option<&[(ChunkId, f32)]>) -> Evidence {
        Evidence { lexical: ranked(lexical), ceiling, vector: vector.map(ranked) }
    }

    /// Adds what the legs say of chunks that they did not bring.
    pub fn complete(&mut self, lexical: Vec<(ChunkId, f32)>, vector: Vec<(ChunkId, f32)>) {
        add(&mut self.lexical, lexical);
        if let Some(known) = &mut self.vector {
            add(known, vector);
        }
    }

    /// All chunks of which something is known.
    pub fn chunks(&self) -> impl Iterator<Item = ChunkId> + '_ {
        let vector = self.vector.iter().flat_map(HashMap::keys);
        self.lexical.keys().chain(vector.filter(|id| !self.lexical.contains_key(id))).copied()
    }

    pub fn shares(&self, id: ChunkId) -> Shares {
        let weight = self.vector_weight();
        let share = |said: &Said, scaled: f32, weight: f32| LegShare {
            rank: said.rank,
            raw: said.score,
            scaled,
            weight,
            contribution: weight * scaled,
        };
        // Where one term stands very often in a short chunk and pairs add to it, BM25 may exceed what its words alone give.
        let of_ceiling = |score: f32| if self.ceiling > 0.0 { (score / self.ceiling).min(1.0) } else { 0.0 };
        let vector = self.vector.as_ref().and_then(|vector| vector.get(&id));
        Shares {
            lexical: self.lexical.get(&id).map(|said| share(said, of_ceiling(said.score), 1.0 - weight)),
            vector: vector.map(|said| share(said, said.score.clamp(0.0, 1.0), weight)),
        }
    }

    /// Score of a chunk by itself, 0 to 1.
    pub fn own(&self, id: ChunkId) -> f32 {
        self.shares(id).sum()
    }

    /// What a chunk with those around it adds to its score, 0 or more.
    pub fn lean(&self, id: ChunkId, around: impl Iterator<Item = ChunkId>) -> f32 {
        // Those that do not exist have no evidence.
        let known = around.filter(|id| self.knows(*id));
        let (sum, count) = known.fold((self.own(id), 1.0), |(sum, count), id| (sum + self.own(id), count + 1.0));
        NEIGHBOURS_WEIGHT * sum / count
    }

    pub fn knows(&self, id: ChunkId) -> bool {
        self.lexical.contains_key(&id) || self.has_cosine(id)
    }

    pub fn has_cosine(&self, id: ChunkId) -> bool {
        self.vector.as_ref().is_some_and(|vector| vector.contains_key(&id))
    }

    /// All chunks, best first; equal ones in the order of their ids, so that a search gives the same list twice.
    pub fn best(&self) -> Vec<ChunkId> {
        let mut scored: Vec<(f32, ChunkId)> = self.chunks().map(|id| (self.own(id), id)).collect();
        scored.sort_by(|one, other| other.0.total_cmp(&one.0).then(one.1.cmp(&other.1)));
        scored.into_iter().map(|(_, id)| id).collect()
    }

    fn vector_weight(&self) -> f32 {
        match (&self.vector, self.ceiling > 0.0) {
            (None, _) => 0.0,
            (Some(_), false) => 1.0,
            (Some(_), true) => VECTOR_WEIGHT,
        }
    }
}

impl Shares {
    pub fn sum(&self) -> f32 {
        [self.lexical, self.vector].into_iter().flatten().map(|share| share.contribution).sum()
    }
}

fn ranked(list: &[(ChunkId, f32)]) -> HashMap<ChunkId, Said> {
    (1u32..).zip(list).map(|(rank, &(id, score))| (id, Said { rank: Some(rank), score })).collect()
}

/// Scores of all legs' candidates are replaced by the exact ones, their ranks stay.
fn add(known: &mut HashMap<ChunkId, Said>, list: Vec<(ChunkId, f32)>) {
    for (id, score) in list {
        known.entry(id).or_insert(Said { rank: None, score }).score = score;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;

    fn id(n: u128) -> ChunkId {
        ChunkId(Uuid::from_u128(n))
    }

    #[test]
    fn a_leg_that_knows_nothing_leaves_the_order_to_the_other() {
        let (lexical, vector) = ([(id(3), 9.0), (id(1), 4.0)], [(id(1), 0.9), (id(3), 0.2)]);
        let own = |evidence: &Evidence| (evidence.own(id(3)), evidence.own(id(1)));
        assert_eq!(own(&Evidence::of(&lexical, 10.0, None)), (0.9, 0.4));
        assert_eq!(own(&Evidence::of(&[], 0.0, Some(&vector))), (0.2, 0.9));
        assert_eq!(own(&Evidence::of(&[], 0.0, None)), (0.0, 0.0));
    }

    #[test]
    fn what_is_around_a_chunk_counts_a_little() {
        let mut evidence = Evidence::of(&[(id(1), 6.0), (id(2), 6.0)], 10.0, None);
        evidence.complete(vec![(id(3), 3.0)], Vec::new());
        let lean = |around: &[u128]| evidence.lean(id(1), around.iter().map(|n| id(*n)));
        for (around, expected) in [(&[] as &[u128], 0.12), (&[2, 9], 0.12), (&[3], 0.09)] {
            assert!((lean(around) - expected).abs() < 1e-6, "{around:?}; 9 does not exist");
        }
        assert_eq!(evidence.best(), [id(1), id(2), id(3)]);
    }

    proptest! {
        #[test]
        fn scores_are_the_sum_of_the_shares_and_do_not_depend_on_other_candidates(
            lexical in proptest::collection::btree_map(0u128..50, 0.0f32..30.0, 1..30),
            vector in proptest::collection::btree_map(0u128..50, -1.0f32..1.0, 1..30),
        ) {
            let list = |map: &std::collections::BTreeMap<u128, f32>| map.iter().map(|(&n, &s)| (id(n), s)).collect::<Vec<_>>();
            let (lexical, vector) = (list(&lexical), list(&vector));
            let evidence = Evidence::of(&lexical, 30.0, Some(&vector));
            let chunks: std::collections::BTreeSet<_> = evidence.chunks().collect();
            prop_assert_eq!(evidence.chunks().count(), chunks.len());
            for id in chunks {
                let alone = |list: &[(ChunkId, f32)]| list.iter().copied().filter(|(other, _)| *other == id).collect::<Vec<_>>();
                let only = Evidence::of(&alone(&lexical), 30.0, Some(&alone(&vector)));
                prop_assert_eq!(only.own(id), evidence.own(id));
                prop_assert!((0.0..=1.0 + 1e-5).contains(&evidence.own(id)));
            }
        }
    }
}
