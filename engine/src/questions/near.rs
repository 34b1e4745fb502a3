//! Whether two questions ask for the same, by their terms and their vectors.
//!
//! Rules, in this order: questions with different figures or identifiers never do (ERR-4012 and ERR-4013; 2024 and 2025).
//! With vectors, a high cosine is enough, and a lower one where the terms of the one are all in the other. Without, the share
//! of terms that both have decides. The bounds were chosen on the pairs of `tests.rs`; of all pairs of the first 400
//! questions of SQuAD, many of which are about the same things, six are near by them, of those of CMRC nine.

use crate::store::Wording;

/// Cosine that is enough, and the one that is where the one has all terms of the other.
const SAME: f32 = 0.80;
const ALIKE: f32 = 0.70;
/// Share of the terms of both that both have, where there are no vectors.
const SHARED: f32 = 0.55;
/// One unit of a vector.
const UNIT: f32 = 127.0;

/// How near two wordings are, when they are near enough to be of one topic; more is nearer.
pub fn near(one: &Wording, other: &Wording) -> Option<f32> {
    if figures(&one.terms).ne(figures(&other.terms)) {
        return None;
    }
    let shared = shared(&one.terms, &other.terms);
    let near_enough = match (&one.vector, &other.vector) {
        (Some(this), Some(that)) => {
            let cosine = cosine(this, that);
            let within = all_in(&one.terms, &other.terms) || all_in(&other.terms, &one.terms);
            (cosine >= SAME || (cosine >= ALIKE && within)).then_some(cosine)
        }
        // In different languages, of which the embedder knows one.
        (Some(_), None) | (None, Some(_)) => None,
        (None, None) => (shared >= SHARED).then_some(shared),
    };
    near_enough.map(|near| near + shared)
}

/// A unit vector in a byte a dimension.
pub fn small(vector: &[f32]) -> Vec<i8> {
    // A cast of a float saturates.
    vector.iter().map(|value| (value * UNIT).round() as i8).collect()
}

/// 0 when they are of different length.
fn cosine(one: &[i8], other: &[i8]) -> f32 {
    if one.len() != other.len() {
        return 0.0;
    }
    let dot = |a: &[i8], b: &[i8]| a.iter().zip(b).map(|(a, b)| i32::from(*a) * i32::from(*b)).sum::<i32>() as f32;
    let lengths = (dot(one, one) * dot(other, other)).sqrt();
    if lengths == 0.0 { 0.0 } else { dot(one, other) / lengths }
}

fn all_in(these: &[String], those: &[String]) -> bool {
    !these.is_empty() && these.iter().all(|term| those.binary_search(term).is_ok())
}

/// Of all terms of both, the share that both have. Terms are sorted, each once.
fn shared(one: &[String], other: &[String]) -> f32 {
    let both = one.iter().filter(|term| other.binary_search(term).is_ok()).count();
    let all = one.len() + other.len() - both;
    if all == 0 { 0.0 } else { both as f32 / all as f32 }
}

/// Terms with a digit in them.
fn figures(terms: &[String]) -> impl Iterator<Item = &String> {
    terms.iter().filter(|term| term.chars().any(|c| c.is_numeric()))
}
