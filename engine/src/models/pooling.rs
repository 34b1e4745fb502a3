//! Vectors of tokens → the vector of a text.

use super::entry::Pooling;

/// Pools `tokens`, `[mask.len(), width]` row by row; `mask` is 1 for a token and 0 for padding. A text without any
/// token has a zero vector.
///
/// [`Pooling::InGraph`] has been done by the graph: `tokens` is returned as it is.
pub fn pool(pooling: Pooling, tokens: Vec<f32>, mask: &[u32], width: usize) -> Vec<f32> {
    let row = |at: Option<usize>| {
        let row = at.and_then(|at| tokens.get(at * width..(at + 1) * width));
        row.map_or_else(|| vec![0.0; width], <[f32]>::to_vec)
    };
    let is_token = |&kept: &u32| kept == 1;
    match pooling {
        Pooling::InGraph => tokens,
        Pooling::Cls => row(mask.iter().position(is_token)),
        Pooling::Last => row(mask.iter().rposition(is_token)),
        Pooling::Mean => {
            let mut sum = vec![0.0; width];
            let kept = tokens.chunks_exact(width).zip(mask).filter(|(_, kept)| is_token(kept));
            let mut count = 0.0_f32;
            for (token, _) in kept {
                sum.iter_mut().zip(token).for_each(|(sum, value)| *sum += value);
                count += 1.0;
            }
            sum.iter_mut().for_each(|sum| *sum /= count.max(1.0));
            sum
        }
    }
}

/// Scales to length 1; a zero vector stays what it is.
pub fn normalize(vector: &mut [f32]) {
    let length = vector.iter().map(|x| x * x).sum::<f32>().sqrt();
    if length > 0.0 {
        vector.iter_mut().for_each(|x| *x /= length);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn padding_on_either_side_counts_for_nothing() {
        let right = vec![1.0, 2.0, 3.0, 6.0, 9.0, 9.0];
        let left = vec![9.0, 9.0, 1.0, 2.0, 3.0, 6.0];
        for (pooling, expected) in
            [(Pooling::Mean, [2.0, 4.0]), (Pooling::Cls, [1.0, 2.0]), (Pooling::Last, [3.0, 6.0])]
        {
            assert_eq!(pool(pooling, right.clone(), &[1, 1, 0], 2), expected, "{pooling:?}");
            assert_eq!(pool(pooling, left.clone(), &[0, 1, 1], 2), expected, "{pooling:?}");
            assert_eq!(pool(pooling, right.clone(), &[0, 0, 0], 2), [0.0, 0.0], "{pooling:?}");
        }
    }

    #[test]
    fn a_zero_vector_has_no_direction() {
        let mut vector = [0.0, 0.0];
        normalize(&mut vector);
        assert_eq!(vector, [0.0, 0.0]);
    }
}
