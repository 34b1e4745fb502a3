//! What is measured: a table of metrics for rankings and one for answers, each a function of one question's row.
//!
//! In: rows. Out: [`Group`]s of metrics with intervals, over all questions and for each language.

use std::collections::BTreeMap;

use taproot_schemas::eval::{AnswerRow, FollowUpRow, Group, Metric, RankingRow};

use super::statistics::{Statistic, estimates};

/// Languages that get figures of their own, those with the most questions.
const MAX_LANGUAGES: usize = 12;

/// A metric over rows of one kind.
pub struct Measure<R: 'static> {
    /// `@k` stands for the number of hits that are looked at.
    name: &'static str,
    pub higher_is_better: bool,
    of: Of<R>,
}

enum Of<R> {
    /// `None` for questions that say nothing about it.
    Mean(fn(&R) -> Option<f64>),
    /// Numerator and denominator, each summed over the questions.
    Ratio(fn(&R) -> (f64, f64)),
    Auc(fn(&R) -> (f64, bool)),
    Quantile(f64, fn(&R) -> Option<f64>),
}

impl<R> Measure<R> {
    pub fn name(&self, k: u32) -> String {
        match self.name.strip_suffix("@k") {
            Some(stem) => format!("{stem}@{k}"),
            None => self.name.to_owned(),
        }
    }

    pub fn statistic(&self, rows: &[&R]) -> Statistic {
        match self.of {
            Of::Mean(of) => Statistic::mean(rows.iter().map(|row| of(row))),
            Of::Ratio(of) => Statistic::Ratio(rows.iter().map(|row| of(row)).collect()),
            Of::Auc(of) => Statistic::auc(rows.iter().map(|row| Some(of(row)))),
            Of::Quantile(share, of) => Statistic::quantile(share, rows.iter().map(|row| of(row))),
        }
    }

    /// How much better the first is on one question, for metrics that single questions have.
    pub fn gain(&self, this: &R, against: &R) -> Option<f64> {
        let Of::Mean(of) = self.of else { return None };
        let gain = of(this)? - of(against)?;
        Some(if self.higher_is_better { gain } else { -gain })
    }

    pub fn counts_single_questions(&self) -> bool {
        matches!(self.of, Of::Mean(_))
    }
}

/// The result of one question.
pub trait Row: Sized + 'static {
    /// The first one decides a comparison.
    const MEASURES: &'static [Measure<Self>];
    fn id(&self) -> &str;
    fn key(&self) -> &str;
    fn language(&self) -> &str;
}

const fn higher<R>(name: &'static str, of: Of<R>) -> Measure<R> {
    Measure { name, higher_is_better: true, of }
}

const fn lower<R>(name: &'static str, of: Of<R>) -> Measure<R> {
    Measure { name, higher_is_better: false, of }
}

impl Row for RankingRow {
    const MEASURES: &'static [Measure<Self>] = &[
        higher("ndcg@k", Of::Mean(|row| Some(row.ndcg))),
        higher("mrr@k", Of::Mean(|row| Some(row.reciprocal_rank))),
        higher("recall@k", Of::Mean(|row| Some(row.recall))),
        higher("recall@100", Of::Mean(|row| Some(row.recall_100))),
        higher("words_alone_ndcg@k", Of::Mean(|row| Some(row.lexical_ndcg))),
        higher("meaning_alone_ndcg@k", Of::Mean(|row| row.vector_ndcg)),
        lower("latency_p50_ms", Of::Quantile(0.50, |row| row.latency_ms)),
        lower("latency_p95_ms", Of::Quantile(0.95, |row| row.latency_ms)),
        lower("latency_p99_ms", Of::Quantile(0.99, |row| row.latency_ms)),
    ];

    fn id(&self) -> &str {
        &self.id
    }
    fn key(&self) -> &str {
        &self.key
    }
    fn language(&self) -> &str {
        &self.language
    }
}

impl Row for FollowUpRow {
    const MEASURES: &'static [Measure<Self>] = &[
        higher("resolved_ndcg@k", Of::Mean(|row| Some(row.resolved.ndcg))),
        higher("typed_ndcg@k", Of::Mean(|row| Some(row.typed.ndcg))),
        higher("written_out_ndcg@k", Of::Mean(|row| Some(row.written_out.as_ref()?.ndcg))),
        higher("resolved_recall@k", Of::Mean(|row| Some(row.resolved.recall))),
        higher("typed_recall@k", Of::Mean(|row| Some(row.typed.recall))),
        higher("written_out_recall@k", Of::Mean(|row| Some(row.written_out.as_ref()?.recall))),
    ];

    fn id(&self) -> &str {
        &self.id
    }
    fn key(&self) -> &str {
        &self.key
    }
    fn language(&self) -> &str {
        &self.language
    }
}

/// Refusing is the positive class: what should be refused is what the documents do not hold.
fn should_and_did(row: &AnswerRow) -> (f64, f64) {
    (f64::from(u8::from(!row.answerable)), f64::from(u8::from(row.abstained)))
}

/// F1 as SQuAD 2.0 has it: a rightful refusal counts 1.
fn squad2(row: &AnswerRow, score: impl Fn(&AnswerRow) -> Option<f64>) -> Option<f64> {
    if row.answerable { score(row) } else { Some(f64::from(u8::from(row.abstained))) }
}

/// Of an answerable question: a gold answer stands in the answer; where only a document is named, it is cited.
fn right(row: &AnswerRow) -> Option<f64> {
    let contains = row.scores.map(|scores| scores.contains);
    contains.or_else(|| row.citations.map(|citations| citations.hit)).or_else(|| row.abstained.then_some(0.0))
}

impl Row for AnswerRow {
    const MEASURES: &'static [Measure<Self>] = &[
        higher("right", Of::Mean(|row| squad2(row, right))),
        higher("contains", Of::Mean(|row| Some(row.scores?.contains))),
        higher("em", Of::Mean(|row| Some(row.scores?.em))),
        higher("f1", Of::Mean(|row| Some(row.scores?.f1))),
        higher("short_em", Of::Mean(|row| Some(row.scores?.short_em))),
        higher("short_f1", Of::Mean(|row| Some(row.scores?.short_f1))),
        higher("squad2_em", Of::Mean(|row| squad2(row, |row| Some(row.scores?.em)))),
        higher("squad2_f1", Of::Mean(|row| squad2(row, |row| Some(row.scores?.f1)))),
        higher("citation_hit", Of::Mean(|row| Some(row.citations?.hit))),
        higher("citation_precision", Of::Mean(|row| Some(row.citations?.precision))),
        higher("citation_recall", Of::Mean(|row| Some(row.citations?.recall))),
        higher(
            "abstention_precision",
            Of::Ratio(|row| {
                let (should, did) = should_and_did(row);
                (should * did, did)
            }),
        ),
        higher(
            "abstention_recall",
            Of::Ratio(|row| {
                let (should, did) = should_and_did(row);
                (should * did, should)
            }),
        ),
        // 2TP / (2TP + FP + FN), the harmonic mean of the two before.
        higher(
            "abstention_f1",
            Of::Ratio(|row| {
                let (should, did) = should_and_did(row);
                (2.0 * should * did, should + did)
            }),
        ),
        higher("abstention_auc", Of::Auc(|row| (row.confidence, row.answerable))),
        lower(
            "answered_although_unanswerable",
            Of::Mean(|row| (!row.answerable).then(|| f64::from(u8::from(!row.abstained)))),
        ),
        lower(
            "abstained_although_answerable",
            Of::Mean(|row| row.answerable.then(|| f64::from(u8::from(row.abstained)))),
        ),
        lower("latency_p50_ms", Of::Quantile(0.50, |row| row.latency_ms)),
        lower("latency_p95_ms", Of::Quantile(0.95, |row| row.latency_ms)),
        lower("latency_p99_ms", Of::Quantile(0.99, |row| row.latency_ms)),
    ];

    fn id(&self) -> &str {
        &self.id
    }
    fn key(&self) -> &str {
        &self.key
    }
    fn language(&self) -> &str {
        &self.language
    }
}

/// All rows first, then each language, the most frequent first.
pub fn by_language<'a, T>(rows: &'a [T], language: impl Fn(&'a T) -> &'a str) -> Vec<(Option<&'a str>, Vec<&'a T>)> {
    let mut languages: BTreeMap<&str, Vec<&T>> = BTreeMap::new();
    rows.iter().for_each(|row| languages.entry(language(row)).or_default().push(row));
    let mut languages: Vec<_> = languages.into_iter().map(|(language, rows)| (Some(language), rows)).collect();
    languages.sort_by_key(|(_, rows)| std::cmp::Reverse(rows.len()));
    languages.truncate(MAX_LANGUAGES);
    languages.insert(0, (None, rows.iter().collect()));
    languages
}

/// The figures of a set.
pub fn groups<R: Row>(rows: &[R], k: u32, seed: u64) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for (language, rows) in by_language(rows, R::language) {
        let metrics = match groups.first() {
            // One language alone is all of them.
            Some(all) if all.questions == rows.len() as u64 => all.metrics.clone(),
            _ => metrics(&rows, k, seed),
        };
        groups.push(Group { language: language.map(str::to_owned), questions: rows.len() as u64, metrics });
    }
    groups
}

fn metrics<R: Row>(rows: &[&R], k: u32, seed: u64) -> Vec<Metric> {
    let statistics: Vec<Statistic> = R::MEASURES.iter().map(|measure| measure.statistic(rows)).collect();
    let estimates = estimates(&statistics, rows.len(), seed);
    let metric = |((measure, statistic), estimate): ((&Measure<R>, &Statistic), _)| Metric {
        name: measure.name(k),
        over: statistic.over() as u64,
        higher_is_better: measure.higher_is_better,
        estimate,
    };
    R::MEASURES.iter().zip(&statistics).zip(estimates).map(metric).collect()
}

#[cfg(test)]
mod tests {
    use taproot_schemas::eval::{AnswerScores, CitationScores};

    use super::*;

    fn row(answerable: bool, abstained: bool, confidence: f64) -> AnswerRow {
        AnswerRow {
            id: String::new(),
            key: String::new(),
            language: "zh".into(),
            answerable,
            abstained,
            confidence,
            scores: None,
            citations: None,
            latency_ms: None,
        }
    }

    #[track_caller]
    fn check(rows: &[AnswerRow], expected: &[(&str, Option<f64>)]) {
        let groups = groups(rows, 10, 1);
        for (name, value) in expected {
            let metric = groups[0].metrics.iter().find(|metric| metric.name == *name).unwrap();
            assert_eq!(metric.estimate.map(|estimate| estimate.value), *value, "{name}");
        }
    }

    #[test]
    fn refusals_by_hand() {
        // Of three that should be refused two are, and one that should not be is.
        let rows = [row(false, true, 0.1), row(false, true, 0.2), row(false, false, 0.8), row(true, true, 0.3)];
        check(
            &rows,
            &[
                ("right", Some(0.5)),
                ("abstention_precision", Some(2.0 / 3.0)),
                ("abstention_recall", Some(2.0 / 3.0)),
                ("abstention_f1", Some(2.0 / 3.0)),
                ("abstention_auc", Some(2.0 / 3.0)),
                ("answered_although_unanswerable", Some(1.0 / 3.0)),
                ("abstained_although_answerable", Some(1.0)),
                ("latency_p50_ms", None),
            ],
        );
    }

    #[test]
    fn a_question_that_names_only_a_document_is_right_when_it_is_cited() {
        let cited = |hit| AnswerRow {
            citations: Some(CitationScores { hit, ..CitationScores::default() }),
            ..row(true, false, 0.9)
        };
        let told = AnswerRow { scores: Some(AnswerScores { contains: 1.0, ..AnswerScores::default() }), ..cited(0.0) };
        check(&[cited(1.0), cited(0.0), told, row(true, true, 0.1)], &[("right", Some(0.5)), ("contains", Some(1.0))]);
    }
}
