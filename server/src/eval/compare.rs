//! Two evaluations of the same questions, side by side.
//!
//! In: two [`Evaluation`]s. Out: the difference of each metric with its interval and a paired test, and a verdict. Only
//! questions that both have in the same form are compared: what was asked or expected otherwise is left out and counted.

use std::collections::{HashMap, HashSet};

use taproot_schemas::eval::{
    Comparison, Difference, EvalOptions, Evaluation, GroupComparison, Section, SectionComparison, Verdict,
};

use super::layout::Question;
use super::measures::{Measure, Row, by_language};
use super::statistics::{self, Paired, Statistic};
use crate::error::{Error, Result};

/// A difference that comes by chance less often than this is taken for one.
pub const SIGNIFICANT: f64 = 0.05;

pub fn compare(this: &Evaluation, against: &Evaluation) -> Result<Comparison> {
    let EvalOptions { k, seed, .. } = this.options;
    let ranking = section(this.ranking.as_ref(), against.ranking.as_ref(), k, seed);
    let answers = section(this.answers.as_ref(), against.answers.as_ref(), k, seed);
    let follow_ups = section(this.follow_ups.as_ref(), against.follow_ups.as_ref(), k, seed);
    if ranking.is_none() && answers.is_none() && follow_ups.is_none() {
        return Err(nothing_in_common());
    }
    Ok(Comparison {
        against: against.configuration.clone(),
        against_created_at: against.created_at.clone(),
        ranking,
        answers,
        follow_ups,
    })
}

/// Whether a result of `questions` could be compared with this one; told before they are asked.
pub fn comparable<'a>(mut questions: impl Iterator<Item = &'a Question>, k: u32, against: &Evaluation) -> Result<()> {
    if k != against.options.k {
        return Err(Error::Incomparable {
            problem: format!("this looks at {k} hits, the other at {}", against.options.k),
            hint: format!("measure with -k {}", against.options.k),
        });
    }
    let known = keys(against.ranking.as_ref()).chain(keys(against.answers.as_ref()));
    let known = known.chain(keys(against.follow_ups.as_ref())).collect::<HashSet<_>>();
    let is_known = |question: &Question| known.contains(&(question.id.as_str(), question.key.as_str()));
    if questions.any(is_known) { Ok(()) } else { Err(nothing_in_common()) }
}

fn keys<R: Row>(section: Option<&Section<R>>) -> impl Iterator<Item = (&str, &str)> {
    section.into_iter().flat_map(|section| section.rows.iter().map(|row| (row.id(), row.key())))
}

fn nothing_in_common() -> Error {
    Error::Incomparable {
        problem: "they have no question in common".into(),
        hint: "measure both on the same set, with the same --kind".into(),
    }
}

fn section<R: Row>(
    this: Option<&Section<R>>,
    against: Option<&Section<R>>,
    k: u32,
    seed: u64,
) -> Option<SectionComparison> {
    let (this, against) = (this?, against?);
    let others: HashMap<(&str, &str), &R> = against.rows.iter().map(|row| ((row.id(), row.key()), row)).collect();
    let pairs: Vec<(&R, &R)> =
        this.rows.iter().filter_map(|row| Some((row, *others.get(&(row.id(), row.key()))?))).collect();
    let mut groups: Vec<GroupComparison> = Vec::new();
    for (language, pairs) in by_language(&pairs, |pair| pair.0.language()) {
        let differences = match groups.first() {
            // One language alone is all of them.
            Some(all) if all.questions == pairs.len() as u64 => all.differences.clone(),
            _ => differences(&pairs, k, seed),
        };
        groups.push(GroupComparison {
            language: language.map(str::to_owned),
            questions: pairs.len() as u64,
            differences,
        });
    }
    let deciding = groups.first()?.differences.first()?;
    Some(SectionComparison {
        compared: pairs.len() as u64,
        left_out: (this.rows.len() + against.rows.len() - 2 * pairs.len()) as u64,
        verdict: verdict(deciding),
        decided_by: deciding.name.clone(),
        groups,
    })
}

fn differences<R: Row>(pairs: &[&(&R, &R)], k: u32, seed: u64) -> Vec<Difference> {
    let these: Vec<&R> = pairs.iter().map(|pair| pair.0).collect();
    let others: Vec<&R> = pairs.iter().map(|pair| pair.1).collect();
    let of = |rows: &[&R]| R::MEASURES.iter().map(|measure| measure.statistic(rows)).collect::<Vec<Statistic>>();
    let paired = statistics::compare(&of(&these), &of(&others), pairs.len(), seed);
    R::MEASURES
        .iter()
        .zip(paired)
        .filter_map(|(measure, paired)| Some(difference(measure, paired?, pairs, k)))
        .collect()
}

fn difference<R>(measure: &Measure<R>, paired: Paired, pairs: &[&(&R, &R)], k: u32) -> Difference {
    let gains = || pairs.iter().filter_map(|pair| measure.gain(pair.0, pair.1));
    let count = |of: fn(f64) -> bool| {
        measure.counts_single_questions().then(|| gains().filter(|gain| of(*gain)).count() as u64)
    };
    Difference {
        name: measure.name(k),
        higher_is_better: measure.higher_is_better,
        this: paired.this,
        against: paired.against,
        difference: paired.difference,
        p: paired.p,
        wins: count(|gain| gain > 0.0),
        losses: count(|gain| gain < 0.0),
        ties: count(|gain| gain == 0.0),
    }
}

fn verdict(difference: &Difference) -> Verdict {
    let gain = if difference.higher_is_better { difference.difference.value } else { -difference.difference.value };
    match () {
        () if difference.p >= SIGNIFICANT || gain == 0.0 => Verdict::Unclear,
        () if gain > 0.0 => Verdict::Better,
        () => Verdict::Worse,
    }
}

/// The verdict in words.
pub fn in_words(section: &SectionComparison) -> String {
    let found = section.groups.first().and_then(|group| group.differences.first());
    let Some(Difference { name, this, against, p, .. }) = found else { return String::new() };
    let figures = format!("{name} {this:.4} against {against:.4}");
    let chance =
        format!("if both were alike, a difference this large would come by chance with a probability of {p:.4}");
    match section.verdict {
        Verdict::Better => format!("this one is better: {figures}; {chance}"),
        Verdict::Worse => format!("the other one is better: {figures}; {chance}"),
        Verdict::Unclear if this == against => format!("no difference: {figures}"),
        Verdict::Unclear => format!("neither is shown to be better, it could be chance: {figures}; {chance}"),
    }
}

#[cfg(test)]
mod tests {
    use taproot_schemas::eval::{Configuration, EvaluatedSet, FORMAT, RankingRow};

    use super::*;

    fn row(id: usize, ndcg: f64) -> RankingRow {
        RankingRow {
            id: id.to_string(),
            key: "k".into(),
            language: if id.is_multiple_of(2) { "en" } else { "zh" }.into(),
            ndcg,
            reciprocal_rank: ndcg,
            recall: 1.0,
            recall_100: 1.0,
            first_relevant: Some(1),
            lexical_ndcg: ndcg,
            vector_ndcg: None,
            latency_ms: None,
        }
    }

    fn evaluation(rows: Vec<RankingRow>) -> Evaluation {
        Evaluation {
            format: FORMAT,
            version: "0".into(),
            created_at: "2026-01-01T00:00:00Z".into(),
            set: EvaluatedSet {
                name: "set".into(),
                questions: rows.len() as u64,
                documents: None,
                chunks: None,
                failed_files: 0,
                unknown_documents: Vec::new(),
            },
            configuration: Configuration { label: "defaults".into(), embedder: None, threads: 1 },
            options: EvalOptions { k: 10, limit: None, seed: 1, resamples: 2_000, latency_sample: 0 },
            ranking: Some(Section { groups: Vec::new(), failed: 0, failures: Vec::new(), rows }),
            answers: None,
            follow_ups: None,
            comparison: None,
        }
    }

    fn compared(this: impl Fn(usize) -> f64, against: impl Fn(usize) -> f64) -> SectionComparison {
        let of = |value: &dyn Fn(usize) -> f64| evaluation((0..40).map(|id| row(id, value(id))).collect());
        compare(&of(&this), &of(&against)).unwrap().ranking.unwrap()
    }

    #[test]
    fn a_clear_difference_is_told_from_chance() {
        let better = compared(|_| 0.9, |id| if id < 20 { 0.5 } else { 0.9 });
        assert_eq!((better.verdict, better.decided_by.as_str()), (Verdict::Better, "ndcg@10"));
        let first = &better.groups[0].differences[0];
        assert_eq!((first.wins, first.losses, first.ties), (Some(20), Some(0), Some(20)));
        assert!((first.difference.value - 0.2).abs() < 1e-9 && first.p < 0.001, "{first:?}");
        assert!(in_words(&better).starts_with("this one is better: ndcg@10 0.9000 against 0.7000"));

        let worse = compared(|id| if id < 20 { 0.5 } else { 0.9 }, |_| 0.9);
        assert_eq!(worse.verdict, Verdict::Worse);
        let chance = compared(|id| if id == 3 { 1.0 } else { 0.5 }, |id| if id == 4 { 0.9 } else { 0.5 });
        assert_eq!(chance.verdict, Verdict::Unclear);
        assert!(in_words(&chance).contains("could be chance"));
        let same = compared(|_| 0.5, |_| 0.5);
        assert_eq!(in_words(&same), "no difference: ndcg@10 0.5000 against 0.5000");
    }

    #[test]
    fn languages_are_compared_apart() {
        let languages = compared(|_| 1.0, |id| if id % 2 == 0 { 1.0 } else { 0.0 }).groups;
        let p: Vec<_> =
            languages.iter().map(|group| (group.language.as_deref(), group.differences[0].p < 0.05)).collect();
        assert_eq!(p, [(None, true), (Some("en"), false), (Some("zh"), true)]);
        assert!(languages[0].differences.iter().all(|difference| !difference.name.starts_with("meaning")), "not run");
    }

    #[test]
    fn only_what_is_the_same_is_compared() {
        let this = evaluation((0..10).map(|id| row(id, 1.0)).collect());
        let mut rows: Vec<_> = (5..15).map(|id| row(id, 1.0)).collect();
        rows[0].key = "asked otherwise".into();
        let ranking = compare(&this, &evaluation(rows)).unwrap().ranking.unwrap();
        assert_eq!((ranking.compared, ranking.left_out), (4, 12));

        let error = compare(&this, &evaluation(vec![row(99, 1.0)])).unwrap_err();
        assert!(error.to_string().contains("no question in common"), "{error}");
    }

    #[test]
    fn what_cannot_be_compared_is_told_before_the_work() {
        let asked = |id: &str, key: &str| Question {
            id: id.into(),
            key: key.into(),
            text: "年假".into(),
            language: "zh".into(),
            grades: None,
            gold: None,
        };
        let known = evaluation(vec![row(1, 1.0)]);
        assert!(comparable([asked("0", "k"), asked("1", "k")].iter(), 10, &known).is_ok());
        assert!(comparable([asked("1", "other")].iter(), 10, &known).is_err());
        assert!(
            comparable([asked("1", "k")].iter(), 5, &known)
                .unwrap_err()
                .hint()
                .is_some_and(|hint| hint.contains("-k 10"))
        );
    }
}
