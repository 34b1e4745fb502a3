//! Logits → the next token.
//!
//! The same prompt, settings and seed give the same tokens. Ties go to the smaller id.

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::super::entry::Sampling;

/// How many of the likeliest tokens are sorted at first; more when they have too little probability together.
const FIRST_SORTED: usize = 64;

pub struct Sampler {
    sampling: Sampling,
    random: StdRng,
    /// Tokens of the answer, each once.
    written: Vec<u32>,
}

impl Sampler {
    pub fn new(sampling: Sampling, seed: u64) -> Sampler {
        Sampler { sampling, random: StdRng::seed_from_u64(seed), written: Vec::new() }
    }

    /// `None` when the logits hold no number to go by.
    pub fn next(&mut self, logits: &mut [f32]) -> Option<u32> {
        self.penalize(logits);
        let best = likeliest(logits)?;
        let token = if self.sampling.temperature > 0.0 { self.draw(logits, logits[best]) } else { best };
        let token = u32::try_from(token).ok()?;
        if !self.written.contains(&token) {
            self.written.push(token);
        }
        Some(token)
    }

    /// Only what the answer itself has said: its words are meant to be those of the prompt.
    fn penalize(&self, logits: &mut [f32]) {
        let penalty = self.sampling.repetition_penalty;
        for &token in self.written.iter().filter(|_| penalty > 1.0) {
            if let Some(logit) = logits.get_mut(token as usize) {
                *logit = if *logit > 0.0 { *logit / penalty } else { *logit * penalty };
            }
        }
    }

    fn draw(&mut self, logits: &[f32], greatest: f32) -> usize {
        let weight = |logit: f32| f64::from((logit - greatest) / self.sampling.temperature).exp();
        let total: f64 = logits.iter().map(|&logit| weight(logit)).sum();
        let wanted = total * f64::from(self.sampling.top_p);
        let nucleus = nucleus(logits, wanted, weight);
        let kept: f64 = nucleus.iter().map(|&(_, weight)| weight).sum();
        let mut left = self.random.random::<f64>() * kept;
        for &(token, weight) in &nucleus {
            left -= weight;
            if left < 0.0 {
                return token;
            }
        }
        nucleus.last().map_or(0, |&(token, _)| token)
    }
}

/// The place of the greatest logit; `None` if there is none, or if one is no number.
fn likeliest(logits: &[f32]) -> Option<usize> {
    let mut best = 0;
    for (token, &logit) in logits.iter().enumerate() {
        if logit.is_nan() {
            return None;
        }
        if logit > logits[best] {
            best = token;
        }
    }
    logits.get(best).filter(|logit| logit.is_finite()).map(|_| best)
}

/// The likeliest tokens, likeliest first, whose weights together reach `wanted`.
fn nucleus(logits: &[f32], wanted: f64, weight: impl Fn(f32) -> f64) -> Vec<(usize, f64)> {
    let mut order: Vec<usize> = (0..logits.len()).collect();
    let likelier = |a: &usize, b: &usize| logits[*b].total_cmp(&logits[*a]).then(a.cmp(b));
    let mut sorted = FIRST_SORTED.min(order.len());
    loop {
        if sorted < order.len() {
            order.select_nth_unstable_by(sorted, likelier);
        }
        order[..sorted].sort_unstable_by(likelier);
        let mut found = Vec::new();
        let mut sum = 0.0;
        for &token in &order[..sorted] {
            let weight = weight(logits[token]);
            found.push((token, weight));
            sum += weight;
            if sum >= wanted {
                return found;
            }
        }
        if sorted == order.len() {
            return found;
        }
        sorted = (sorted * 8).min(order.len());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(sampling: Sampling, seed: u64, logits: &[f32], count: usize) -> Vec<u32> {
        let mut sampler = Sampler::new(sampling, seed);
        (0..count).map(|_| sampler.next(&mut logits.to_vec()).expect("a token")).collect()
    }

    #[test]
    fn without_temperature_the_likeliest_is_taken() {
        assert_eq!(drawn(Sampling::default(), 1, &[0.5, 2.0, 2.0, -1.0], 3), [1, 1, 1]);
    }

    #[test]
    fn a_seed_decides_and_frequencies_are_those_of_the_softmax() {
        let logits = [0.0, 2.0_f32.ln(), 5.0_f32.ln(), -40.0];
        let sampling = Sampling { temperature: 1.0, ..Sampling::default() };
        let first = drawn(sampling, 7, &logits, 4_000);
        assert_eq!(first, drawn(sampling, 7, &logits, 4_000));
        assert_ne!(first, drawn(sampling, 8, &logits, 4_000));
        for (token, expected) in [(0, 1.0 / 8.0), (1, 2.0 / 8.0), (2, 5.0 / 8.0)] {
            let share = first.iter().filter(|&&drawn| drawn == token).count() as f64 / 4_000.0;
            assert!((share - expected).abs() < 0.03, "{token}: {share} instead of {expected}");
        }
    }

    #[test]
    fn the_nucleus_leaves_out_the_unlikely() {
        // Probabilities .5, .25, .125 and then a long tail, more than is sorted at first.
        let mut logits = vec![8.0_f32.ln(), 4.0_f32.ln(), 2.0_f32.ln()];
        logits.extend(vec![0.01_f32.ln(); 200]);
        let of = |top_p: f32| {
            let sampling = Sampling { temperature: 1.0, top_p, ..Sampling::default() };
            let mut tokens = drawn(sampling, 3, &logits, 3_000);
            tokens.sort_unstable();
            tokens.dedup();
            tokens.len()
        };
        assert_eq!(of(0.3), 1);
        assert_eq!(of(0.7), 2);
        assert!(of(1.0) > 100);
    }

    #[test]
    fn what_was_written_becomes_less_likely() {
        let sampling = Sampling { repetition_penalty: 1.5, ..Sampling::default() };
        assert_eq!(drawn(sampling, 1, &[3.0, 2.5, 1.9], 4), [0, 1, 0, 0]);
        assert_eq!(drawn(sampling, 1, &[-1.0, -1.2], 3), [0, 1, 0], "negative ones as well");
    }

    #[test]
    fn what_is_no_number_is_told() {
        let mut sampler = Sampler::new(Sampling::default(), 1);
        assert_eq!(sampler.next(&mut [1.0, f32::NAN]), None);
        assert_eq!(sampler.next(&mut [f32::NEG_INFINITY; 2]), None);
        assert_eq!(sampler.next(&mut []), None);
        assert_eq!(sampler.next(&mut [f32::NEG_INFINITY, 0.0]), Some(1));
    }
}
