//! Where a list of candidates is cut.
//!
//! A vector store brings candidates of equal scores in an order of its own, which depends on what else is in it. So
//! those that are equal to the first one beyond the cut are left out together: which candidates there are depends on
//! nothing that the caller does not see.

use crate::store::ChunkId;

/// Of more than `depth` candidates, those that are better than the first one beyond, at most `depth`; equal scores in
/// the order of ids. Where all are equal, some are kept all the same.
pub fn cut(mut list: Vec<(ChunkId, f32)>, depth: usize) -> Vec<(ChunkId, f32)> {
    list.sort_unstable_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    if let Some(&(_, beyond)) = list.get(depth) {
        let better = list.partition_point(|&(_, score)| score > beyond);
        list.truncate(if better == 0 { depth } else { better });
    }
    list
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn what_is_equal_to_the_first_beyond_goes_with_it() {
        let check = |scores: &[f32], depth: usize, expected: &[u128]| {
            let mut list: Vec<_> =
                (1u128..).zip(scores).map(|(n, &score)| (ChunkId(Uuid::from_u128(n)), score)).collect();
            list.reverse();
            let kept: Vec<u128> = cut(list, depth).iter().map(|(id, _)| id.0.as_u128()).collect();
            assert_eq!(kept, expected, "{scores:?} {depth}");
        };
        check(&[0.1, 0.3, 0.2], 5, &[2, 3, 1]);
        check(&[0.1, 0.3, 0.2], 2, &[2, 3]);
        check(&[0.2, 0.3, 0.2], 2, &[2]);
        check(&[0.2, 0.2, 0.2], 3, &[1, 2, 3]);
        check(&[0.2, 0.2, 0.2], 2, &[1, 2]);
    }
}
