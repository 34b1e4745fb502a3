//! How far a measured value can be trusted: intervals, and tests of differences.
//!
//! Questions are a sample of all that could be asked. A confidence interval comes from the percentile bootstrap (Efron
//! and Tibshirani 1993, ch. 13): questions are drawn anew with replacement, and what the metric makes of them varies as
//! it would with other questions. A difference of two systems over the same questions is tested by randomisation (Smucker,
//! Allan and Carterette 2007): were the systems alike, then the two results of a question could be swapped, and a
//! difference as large as the measured one would often come about. Everything is seeded, so that a run can be repeated.

use taproot_schemas::eval::Estimate;

/// Resamples behind an interval.
pub const RESAMPLES: usize = 2_000;
/// Random swappings behind a p value, whose smallest value is the inverse of one more.
const SWAPPINGS: usize = 4_999;
/// Share of resamples that an interval leaves out on each side.
const TAIL: f64 = 0.025;
/// Differences of floating-point sums that are the same but for the order of adding.
const SAME: f64 = 1e-12;

/// A metric as a function of how often each question is drawn.
#[derive(Debug, Clone, PartialEq)]
pub enum Statistic {
    /// Sum of numerators by sum of denominators; a mean has denominators of 1, a question that says nothing (0, 0).
    Ratio(Vec<(f64, f64)>),
    /// Probability that a question of the positive class has a higher score than another one, ties counted half (area
    /// under the ROC curve, Fawcett 2006).
    Auc(Ordered<(f64, bool)>),
    /// The smallest value that at least this share of the values does not exceed.
    Quantile(f64, Ordered<f64>),
}

/// Values with the questions that have one, in rising order.
#[derive(Debug, Clone, PartialEq)]
pub struct Ordered<T> {
    values: Vec<Option<T>>,
    order: Vec<usize>,
}

impl<T: Copy> Ordered<T> {
    pub fn new(values: Vec<Option<T>>, by: fn(&T) -> f64) -> Self {
        let mut order: Vec<(f64, usize)> =
            values.iter().enumerate().filter_map(|(at, value)| Some((by(value.as_ref()?), at))).collect();
        order.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        Self { order: order.into_iter().map(|(_, at)| at).collect(), values }
    }

    fn rising<'a>(&'a self, weights: &'a [u32]) -> impl Iterator<Item = (T, f64)> + 'a {
        self.order.iter().filter_map(|at| Some((self.values[*at]?, f64::from(weights[*at]))))
    }

    fn joined(&self, other: &Self, by: fn(&T) -> f64) -> Self {
        Self::new(self.values.iter().chain(&other.values).copied().collect(), by)
    }
}

impl Statistic {
    pub fn mean(values: impl Iterator<Item = Option<f64>>) -> Self {
        Statistic::Ratio(values.map(|value| value.map_or((0.0, 0.0), |value| (value, 1.0))).collect())
    }

    pub fn auc(values: impl Iterator<Item = Option<(f64, bool)>>) -> Self {
        Statistic::Auc(Ordered::new(values.collect(), |value| value.0))
    }

    pub fn quantile(share: f64, values: impl Iterator<Item = Option<f64>>) -> Self {
        Statistic::Quantile(share, Ordered::new(values.collect(), |value| *value))
    }

    /// Questions that say something about it.
    pub fn over(&self) -> usize {
        match self {
            Statistic::Ratio(pairs) => pairs.iter().filter(|pair| pair.1 > 0.0).count(),
            Statistic::Auc(values) => values.order.len(),
            Statistic::Quantile(_, values) => values.order.len(),
        }
    }

    /// `weights` says how often each question is drawn; `None` when none of those drawn says anything.
    pub fn of(&self, weights: &[u32]) -> Option<f64> {
        match self {
            Statistic::Ratio(pairs) => {
                let (mut above, mut below) = (0.0, 0.0);
                for ((numerator, denominator), weight) in pairs.iter().zip(weights) {
                    above += numerator * f64::from(*weight);
                    below += denominator * f64::from(*weight);
                }
                (below > 0.0).then(|| above / below)
            }
            Statistic::Auc(values) => auc(values.rising(weights)),
            Statistic::Quantile(share, values) => {
                let total: f64 = values.rising(weights).map(|(_, weight)| weight).sum();
                let mut seen = 0.0;
                values.rising(weights).find_map(|(value, weight)| {
                    seen += weight;
                    (weight > 0.0 && seen >= share * total - SAME).then_some(value)
                })
            }
        }
    }

    /// The values of those with weight 1 and of those with weight 0.
    fn parted(&self, weights: &[u32]) -> Option<(f64, f64)> {
        let Statistic::Ratio(pairs) = self else {
            let others: Vec<u32> = weights.iter().map(|weight| 1 - weight).collect();
            return self.of(weights).zip(self.of(&others));
        };
        // In one pass: nearly all metrics are ratios, and nearly all of the time is spent here.
        let (mut above, mut below, mut all_above, mut all_below) = (0.0, 0.0, 0.0, 0.0);
        for ((numerator, denominator), weight) in pairs.iter().zip(weights) {
            above += numerator * f64::from(*weight);
            below += denominator * f64::from(*weight);
            all_above += numerator;
            all_below += denominator;
        }
        let rest = all_below - below;
        (below > 0.0 && rest > SAME).then(|| (above / below, (all_above - above) / rest))
    }

    /// The questions of this one, then those of the other.
    fn joined(&self, other: &Self) -> Option<Self> {
        Some(match (self, other) {
            (Statistic::Ratio(a), Statistic::Ratio(b)) => Statistic::Ratio([a.as_slice(), b].concat()),
            (Statistic::Auc(a), Statistic::Auc(b)) => Statistic::Auc(a.joined(b, |value| value.0)),
            (Statistic::Quantile(share, a), Statistic::Quantile(same, b)) if share == same => {
                Statistic::Quantile(*share, a.joined(b, |value| *value))
            }
            _ => return None,
        })
    }
}

fn auc(rising: impl Iterator<Item = ((f64, bool), f64)>) -> Option<f64> {
    let (mut positives, mut negatives, mut area) = (0.0, 0.0, 0.0);
    // Of the score at hand.
    let (mut score, mut tied_positives, mut tied_negatives) = (f64::NEG_INFINITY, 0.0, 0.0);
    for ((value, positive), weight) in rising {
        if value != score {
            area += tied_positives * (negatives + tied_negatives / 2.0);
            positives += tied_positives;
            negatives += tied_negatives;
            (score, tied_positives, tied_negatives) = (value, 0.0, 0.0);
        }
        *(if positive { &mut tied_positives } else { &mut tied_negatives }) += weight;
    }
    area += tied_positives * (negatives + tied_negatives / 2.0);
    positives += tied_positives;
    negatives += tied_negatives;
    (positives > 0.0 && negatives > 0.0).then(|| area / (positives * negatives))
}

/// The value of each statistic over `questions` questions, with its interval.
pub fn estimates(statistics: &[Statistic], questions: usize, seed: u64) -> Vec<Option<Estimate>> {
    let mut random = Random::new(seed);
    let mut drawn: Vec<Vec<f64>> = vec![Vec::with_capacity(RESAMPLES); statistics.len()];
    let mut weights = vec![0; questions];
    for _ in 0..RESAMPLES {
        random.draw(&mut weights);
        for (statistic, drawn) in statistics.iter().zip(&mut drawn) {
            drawn.extend(statistic.of(&weights));
        }
    }
    weights.fill(1);
    let all = |(statistic, drawn): (&Statistic, Vec<f64>)| interval(statistic.of(&weights)?, drawn);
    statistics.iter().zip(drawn).map(all).collect()
}

fn interval(value: f64, mut drawn: Vec<f64>) -> Option<Estimate> {
    drawn.sort_by(f64::total_cmp);
    let at = |share: f64| drawn.get((share * drawn.len().saturating_sub(1) as f64).round() as usize).copied();
    Some(Estimate { value, low: at(TAIL)?, high: at(1.0 - TAIL)? })
}

/// A statistic of two systems over the same questions.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Paired {
    pub this: f64,
    pub against: f64,
    /// This less the other.
    pub difference: Estimate,
    /// Two-sided.
    pub p: f64,
}

/// Compares two systems by each statistic; the first questions of `this` and of `against` are the same, and so on.
pub fn compare(this: &[Statistic], against: &[Statistic], questions: usize, seed: u64) -> Vec<Option<Paired>> {
    let mut random = Random::new(seed);
    let mut weights = vec![0; questions];
    let mut drawn: Vec<Vec<f64>> = vec![Vec::with_capacity(RESAMPLES); this.len()];
    for _ in 0..RESAMPLES {
        random.draw(&mut weights);
        for ((this, against), drawn) in this.iter().zip(against).zip(&mut drawn) {
            drawn.extend(this.of(&weights).zip(against.of(&weights)).map(|(this, against)| this - against));
        }
    }
    weights.fill(1);
    let measured: Vec<Option<(f64, f64)>> =
        this.iter().zip(against).map(|(this, against)| this.of(&weights).zip(against.of(&weights))).collect();
    let as_large = swapped(this, against, &measured, questions, &mut random);
    let paired = |measured: Option<(f64, f64)>, drawn, as_large: usize| {
        let (this, against) = measured?;
        let difference = interval(this - against, drawn)?;
        // The measured arrangement is one of those that are possible (Phipson and Smyth 2010).
        Some(Paired { this, against, difference, p: (as_large + 1) as f64 / (SWAPPINGS + 1) as f64 })
    };
    let all = measured.into_iter().zip(drawn).zip(as_large);
    all.map(|((measured, drawn), as_large)| paired(measured, drawn, as_large)).collect()
}

/// How many of the random swappings make as large a difference as the measured one.
fn swapped(
    this: &[Statistic],
    against: &[Statistic],
    measured: &[Option<(f64, f64)>],
    questions: usize,
    random: &mut Random,
) -> Vec<usize> {
    let joined: Vec<Option<Statistic>> = this.iter().zip(against).map(|(this, against)| this.joined(against)).collect();
    // Results that the first system has after swapping, of both systems' results.
    let mut first = vec![0; 2 * questions];
    let mut as_large = vec![0; joined.len()];
    for _ in 0..SWAPPINGS {
        for at in 0..questions {
            first[at] = random.coin();
            first[questions + at] = 1 - first[at];
        }
        for ((statistic, measured), as_large) in joined.iter().zip(measured).zip(&mut as_large) {
            let (Some(statistic), Some((this, against))) = (statistic, measured) else { continue };
            let difference = statistic.parted(&first).map_or(0.0, |(first, second)| first - second);
            *as_large += usize::from(difference.abs() >= (this - against).abs() - SAME);
        }
    }
    as_large
}

/// SplitMix64 (Steele, Lea and Flood 2014): small, good enough for resampling, and the same on every machine.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Below `bound`, by multiplication (Lemire 2019); its bias is below 2⁻³² for the bounds met here.
    pub fn below(&mut self, bound: usize) -> usize {
        ((u128::from(self.next()) * bound as u128) >> 64) as usize
    }

    fn coin(&mut self) -> u32 {
        (self.next() >> 63) as u32
    }

    /// As many draws with replacement as there are places: how often each comes.
    fn draw(&mut self, weights: &mut [u32]) {
        weights.fill(0);
        for _ in 0..weights.len() {
            let at = self.below(weights.len());
            weights[at] += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mean(values: &[f64]) -> Statistic {
        Statistic::mean(values.iter().map(|value| Some(*value)))
    }

    fn paired(this: &[f64], against: &[f64]) -> Paired {
        compare(&[mean(this)], &[mean(against)], this.len(), 7).remove(0).unwrap()
    }

    #[test]
    fn statistics_by_hand() {
        let ones = |n: usize| vec![1; n];
        assert_eq!(mean(&[1.0, 0.0, 0.5]).of(&ones(3)), Some(0.5));
        assert_eq!(mean(&[1.0, 0.0, 0.5]).of(&[2, 0, 0]), Some(1.0));
        let holes = Statistic::mean([Some(1.0), None, Some(0.0)].into_iter());
        assert_eq!((holes.of(&ones(3)), holes.over(), holes.of(&[0, 3, 0])), (Some(0.5), 2, None));

        // Three of the four pairs are in order, one is tied.
        let scores = [Some((0.9, true)), Some((0.4, true)), Some((0.4, false)), Some((0.1, false)), None];
        let auc = Statistic::auc(scores.into_iter());
        assert_eq!(auc.of(&ones(5)), Some(0.875));
        assert_eq!(auc.of(&[1, 0, 1, 1, 1]), Some(1.0));
        assert_eq!(auc.of(&[1, 1, 0, 0, 0]), None, "one class alone says nothing");

        let times = |share| Statistic::quantile(share, [5.0, 1.0, 3.0, 2.0, 4.0].into_iter().map(Some));
        assert_eq!([0.5, 0.95, 0.2].map(|share| times(share).of(&ones(5))), [Some(3.0), Some(5.0), Some(1.0)]);
        assert_eq!(times(0.5).of(&[0, 9, 1, 0, 0]), Some(1.0));
    }

    /// The share of heads in 400 throws has a standard error of 0.025.
    #[test]
    fn an_interval_is_as_wide_as_theory_says() {
        let throws: Vec<f64> = (0..400).map(|throw| f64::from(throw % 2)).collect();
        let estimate = estimates(&[mean(&throws)], 400, 1)[0].unwrap();
        assert_eq!(estimate.value, 0.5);
        assert!((estimate.low - 0.451).abs() < 0.01 && (estimate.high - 0.549).abs() < 0.01, "{estimate:?}");
        assert_eq!(estimates(&[mean(&throws)], 400, 1)[0], Some(estimate), "the same seed gives the same interval");
        assert_ne!(estimates(&[mean(&throws)], 400, 2)[0], Some(estimate));
        assert_eq!(estimates(&[mean(&[0.25; 30])], 30, 1)[0].unwrap().low, 0.25);
        assert_eq!(estimates(&[Statistic::mean([None, None].into_iter())], 2, 1), [None]);
        assert_eq!(estimates(&[mean(&[])], 0, 1), [None]);
    }

    /// Of a hundred samples of a known population, about 95 intervals hold its mean.
    #[test]
    fn intervals_cover_what_they_say() {
        let mut random = Random::new(3);
        let covered = (0..100)
            .filter(|_| {
                let sample: Vec<f64> = (0..60).map(|_| f64::from(u8::from(random.below(10) < 7))).collect();
                let estimate = estimates(&[mean(&sample)], 60, 5)[0].unwrap();
                (estimate.low..=estimate.high).contains(&0.7)
            })
            .count();
        assert!((88..=99).contains(&covered), "{covered}");
    }

    #[test]
    fn p_values_of_known_cases() {
        let same = paired(&[1.0, 0.0, 0.5, 1.0], &[1.0, 0.0, 0.5, 1.0]);
        assert_eq!((same.difference.value, same.p), (0.0, 1.0));
        // Of the 2⁵ ways to swap five equal gains, two make as large a difference: p is 1/16.
        let five = paired(&[1.0; 5], &[0.0; 5]);
        assert!((five.p - 0.0625).abs() < 0.01, "{five:?}");
        assert_eq!(paired(&[1.0], &[0.0]).p, 1.0, "one question proves nothing");
        let clear = paired(&[1.0; 40], &[0.0; 40]);
        assert_eq!((clear.p, clear.difference.low), (1.0 / 5_000.0, 1.0));
        // Nine gains against three losses: the sign test has p = 0.146.
        let mixed: Vec<f64> = (0..12).map(|at| f64::from(u8::from(at < 9))).collect();
        let inverse: Vec<f64> = mixed.iter().map(|value| 1.0 - value).collect();
        let mixed = paired(&mixed, &inverse);
        assert!((mixed.p - 0.146).abs() < 0.015 && mixed.difference.value == 0.5, "{mixed:?}");
    }

    #[test]
    fn other_statistics_are_tested_by_the_same_swaps() {
        let auc = |scores: &[f64]| Statistic::auc((0..40).map(|at| Some((scores[at], at % 2 == 0))));
        let good: Vec<f64> = (0..40).map(|at| if at % 2 == 0 { 1.0 } else { 0.0 }).collect();
        let blind = vec![0.5; 40];
        let found = compare(&[auc(&good)], &[auc(&blind)], 40, 1)[0].unwrap();
        assert_eq!((found.this, found.against, found.p), (1.0, 0.5, 1.0 / 5_000.0));
        assert_eq!(compare(&[auc(&good)], &[auc(&good)], 40, 1)[0].unwrap().p, 1.0);
    }

    /// Two systems that are alike: small p values come as often as they should.
    #[test]
    fn p_values_of_chance_are_spread_evenly() {
        let mut random = Random::new(11);
        let small = (0..60)
            .filter(|_| {
                let mut sample = || (0..20).map(|_| random.below(100) as f64).collect::<Vec<f64>>();
                let (this, against) = (sample(), sample());
                paired(&this, &against).p < 0.2
            })
            .count();
        assert!((4..=22).contains(&small), "{small} of 60 below 0.2");
    }
}
