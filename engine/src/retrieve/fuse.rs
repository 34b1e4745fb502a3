//! Two ranked lists → one.
//!
//! A convex combination of the legs' scores, each scaled to 0..1 over its candidates (min-max), the vector leg with
//! weight [`VECTOR_WEIGHT`] (Bruch et al., "An Analysis of Fusion Functions for Hybrid Retrieval", 2023). It keeps
//! what ranks throw away: how far the first hit is ahead of the others.

use std::collections::HashMap;

use taproot_schemas::search::LegShare;

use crate::store::ChunkId;

/// Weight of the vector leg; the lexical leg has the rest.
const VECTOR_WEIGHT: f32 = 0.4;

/// A chunk with its fused score (0..1) and what each leg gave to it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fused {
    pub id: ChunkId,
    pub score: f32,
    pub lexical: Option<LegShare>,
    pub vector: Option<LegShare>,
}

/// Best first; equal scores in the order of their ids, so that a search gives the same list twice. A leg without
/// candidates leaves the other's order as it is.
pub fn fuse(lexical: &[(ChunkId, f32)], vector: &[(ChunkId, f32)]) -> Vec<Fused> {
    let vector_weight = match (lexical.is_empty(), vector.is_empty()) {
        (_, true) => 0.0,
        (true, false) => 1.0,
        (false, false) => VECTOR_WEIGHT,
    };
    let mut fused: HashMap<ChunkId, Fused> = HashMap::with_capacity(lexical.len() + vector.len());
    let empty = |id| Fused { id, score: 0.0, lexical: None, vector: None };
    for (id, share) in shares(lexical, 1.0 - vector_weight) {
        let hit = fused.entry(id).or_insert_with(|| empty(id));
        hit.lexical = Some(share);
        hit.score += share.contribution;
    }
    for (id, share) in shares(vector, vector_weight) {
        let hit = fused.entry(id).or_insert_with(|| empty(id));
        hit.vector = Some(share);
        hit.score += share.contribution;
    }
    let mut hits: Vec<Fused> = fused.into_values().collect();
    hits.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.id.cmp(&b.id)));
    hits
}

/// What a leg of this weight gives to each of its candidates.
fn shares(list: &[(ChunkId, f32)], weight: f32) -> impl Iterator<Item = (ChunkId, LegShare)> + '_ {
    let ranked = (1u32..).zip(list).zip(scale(list));
    ranked.map(move |((rank, &(id, raw)), scaled)| {
        (id, LegShare { rank, raw, scaled, weight, contribution: weight * scaled })
    })
}

/// Min-max over the list; a list of equal scores is all ones.
fn scale(list: &[(ChunkId, f32)]) -> impl Iterator<Item = f32> + '_ {
    let (low, high) = list
        .iter()
        .fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), &(_, score)| (low.min(score), high.max(score)));
    let span = high - low;
    list.iter().map(move |&(_, score)| if span > 0.0 { (score - low) / span } else { 1.0 })
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
    fn an_empty_leg_changes_nothing() {
        let lexical = [(id(3), 9.0), (id(1), 4.0), (id(2), 1.0)];
        let order = |hits: Vec<Fused>| hits.into_iter().map(|hit| hit.id).collect::<Vec<_>>();
        assert_eq!(order(fuse(&lexical, &[])), [id(3), id(1), id(2)]);
        assert_eq!(order(fuse(&[], &lexical)), [id(3), id(1), id(2)]);
    }

    proptest! {
        #[test]
        fn fusion_keeps_every_candidate_once_in_order(
            lexical in proptest::collection::btree_map(0u128..50, 0.0f32..30.0, 0..30),
            vector in proptest::collection::btree_map(0u128..50, -1.0f32..1.0, 0..30),
        ) {
            let list = |map: &std::collections::BTreeMap<u128, f32>| map.iter().map(|(&n, &s)| (id(n), s)).collect::<Vec<_>>();
            let hits = fuse(&list(&lexical), &list(&vector));
            let union: std::collections::BTreeSet<_> = lexical.keys().chain(vector.keys()).collect();
            prop_assert_eq!(hits.len(), union.len());
            prop_assert!(hits.windows(2).all(|pair| pair[0].score >= pair[1].score));
            prop_assert!(hits.iter().all(|hit| (0.0..=1.0 + 1e-5).contains(&hit.score)));
            prop_assert!(hits.iter().all(|hit| hit.lexical.is_some() || hit.vector.is_some()));
        }
    }
}
