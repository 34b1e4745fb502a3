//! Metrics of one ranking and of one answer. Plain functions of numbers and texts: nothing here knows the engine.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use taproot_schemas::eval::{AnswerScores, CitationScores};

use super::tokens::tokens;

/// Judgments of one query: document → grade. A grade above 0 is relevant.
pub type Grades = BTreeMap<String, f64>;

/// nDCG@k with linear gain and log2(rank + 1) discount, as trec_eval and BEIR have it (Järvelin and Kekäläinen 2002).
pub fn ndcg(ranking: &[&str], grades: &Grades, k: usize) -> f64 {
    let discounted = |gains: &mut dyn Iterator<Item = f64>| -> f64 {
        gains.take(k).zip(2u32..).map(|(gain, place)| gain / f64::from(place).log2()).sum()
    };
    let mut best: Vec<f64> = grades.values().copied().filter(|grade| *grade > 0.0).collect();
    best.sort_by(|a, b| b.total_cmp(a));
    let ideal = discounted(&mut best.into_iter());
    if ideal == 0.0 {
        return 0.0;
    }
    discounted(&mut ranking.iter().map(|id| grades.get(*id).map_or(0.0, |grade| grade.max(0.0)))) / ideal
}

/// The share of the relevant documents that are among the first `k`.
pub fn recall(ranking: &[&str], grades: &Grades, k: usize) -> f64 {
    let relevant = grades.values().filter(|grade| **grade > 0.0).count();
    let found: HashSet<&str> = ranking.iter().take(k).copied().filter(|id| is_relevant(grades, id)).collect();
    if relevant == 0 { 0.0 } else { found.len() as f64 / relevant as f64 }
}

/// Place of the first relevant document, from 1.
pub fn first_relevant(ranking: &[&str], grades: &Grades) -> Option<usize> {
    ranking.iter().position(|id| is_relevant(grades, id)).map(|at| at + 1)
}

pub fn is_relevant(grades: &Grades, id: &str) -> bool {
    grades.get(id).is_some_and(|grade| *grade > 0.0)
}

/// Exact match, F1 and containment of one answer.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct TextScores {
    pub em: f64,
    pub f1: f64,
    /// A gold answer is a run of tokens inside the answer: for answers that are whole sentences.
    pub contains: f64,
}

/// An answer against the best of several gold answers, each metric for itself.
pub fn best_scores(answer: &str, golds: &[String], language: &str) -> TextScores {
    let answer = tokens(answer, language);
    golds.iter().map(|gold| tokens(gold, language)).fold(TextScores::default(), |best, gold| TextScores {
        em: best.em.max(share(answer == gold)),
        f1: best.f1.max(f1(&answer, &gold)),
        contains: best.contains.max(share(!gold.is_empty() && answer.windows(gold.len()).any(|run| run == gold))),
    })
}

/// Gold answers in the language of the documents, and the same in the language of the question.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct GoldAnswers {
    pub answers: Vec<String>,
    pub language: String,
    pub other_answers: Vec<String>,
    pub other_language: String,
}

impl GoldAnswers {
    /// `text` are the sentences of an answer, `short` its exact span.
    pub fn score(&self, text: &str, short: Option<&str>) -> AnswerScores {
        let of = |text: &str| {
            if text.trim().is_empty() {
                return TextScores::default();
            }
            let own = best_scores(text, &self.answers, &self.language);
            let other = best_scores(text, &self.other_answers, &self.other_language);
            TextScores {
                em: own.em.max(other.em),
                f1: own.f1.max(other.f1),
                contains: own.contains.max(other.contains),
            }
        };
        let whole = of(text);
        let short = short.map_or(whole, of);
        AnswerScores { contains: whole.contains, em: whole.em, f1: whole.f1, short_em: short.em, short_f1: short.f1 }
    }
}

/// Harmonic mean of precision and recall over tokens, counted as often as they occur; two empty lists score 1.
fn f1(answer: &[String], gold: &[String]) -> f64 {
    if answer.is_empty() || gold.is_empty() {
        return share(answer == gold);
    }
    let mut left: HashMap<&str, usize> = HashMap::new();
    gold.iter().for_each(|token| *left.entry(token).or_default() += 1);
    let same = answer
        .iter()
        .filter(|token| match left.get_mut(token.as_str()) {
            Some(count) if *count > 0 => {
                *count -= 1;
                true
            }
            _ => false,
        })
        .count();
    2.0 * same as f64 / (answer.len() + gold.len()) as f64
}

/// The documents that an answer cites against those that it should; `None` when there is nothing to compare.
pub fn citation_scores(cited: &BTreeSet<&str>, gold: &BTreeSet<String>) -> Option<CitationScores> {
    if gold.is_empty() {
        return None;
    }
    let right = cited.iter().filter(|document| gold.contains(**document)).count() as f64;
    Some(CitationScores {
        hit: share(right > 0.0),
        precision: if cited.is_empty() { 0.0 } else { right / cited.len() as f64 },
        recall: right / gold.len() as f64,
    })
}

fn share(is: bool) -> f64 {
    f64::from(u8::from(is))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn grades(pairs: &[(&str, f64)]) -> Grades {
        pairs.iter().map(|(id, grade)| ((*id).to_owned(), *grade)).collect()
    }

    #[track_caller]
    fn near(a: f64, b: f64) {
        assert!((a - b).abs() < 1e-12, "{a} {b}");
    }

    #[test]
    fn rankings_by_hand() {
        let graded = grades(&[("a", 2.0), ("b", 1.0), ("c", 0.0)]);
        near(ndcg(&["a", "b"], &graded, 10), 1.0);
        near(ndcg(&["x"], &graded, 10), 0.0);
        let log3 = 3f64.log2();
        near(ndcg(&["b", "a"], &graded, 10), (1.0 + 2.0 / log3) / (2.0 + 1.0 / log3));
        near(ndcg(&["b", "a"], &graded, 1), 0.5);
        near(ndcg(&["x", "x", "x", "a"], &graded, 3), 0.0);
        near(recall(&["b", "x"], &graded, 2), 0.5);
        near(recall(&["b", "b"], &graded, 2), 0.5);
        near(recall(&["x", "a", "b"], &graded, 2), 0.5);
        near(recall(&[], &graded, 5), 0.0);
        assert_eq!(first_relevant(&["c", "x", "a"], &graded), Some(3));
        assert_eq!(first_relevant(&["c"], &graded), None);
    }

    #[test]
    fn answers_by_hand() {
        let golds = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        let of = |answer: &str, gold: &[&str], language: &str| best_scores(answer, &golds(gold), language);
        assert_eq!(of("the Eiffel Tower.", &["Eiffel tower"], "en"), TextScores { em: 1.0, f1: 1.0, contains: 1.0 });
        let sentence = of("It was built in 1889 in Paris", &["1889", "in 1889"], "en");
        near(sentence.f1, 4.0 / 9.0);
        assert_eq!((sentence.em, sentence.contains), (0.0, 1.0));
        assert_eq!(of("category", &["cat"], "en").contains, 0.0);
        let chinese = of("默认是128张表", &["128 张表"], "zh");
        near(chinese.f1, 6.0 / 9.0);
        assert_eq!((chinese.em, chinese.contains), (0.0, 1.0));
        assert_eq!(of("128张表", &["128 张表"], "zh").em, 1.0);
        assert_eq!(of("anything", &[], "en"), TextScores::default());
        near(of("the", &["a"], "en").f1, 1.0);
    }

    #[test]
    fn an_answer_in_the_language_of_the_question_counts_too() {
        let gold = GoldAnswers {
            answers: vec!["hydrocarbon".into()],
            language: "en".into(),
            other_answers: vec!["碳氢化合物".into()],
            other_language: "zh".into(),
        };
        assert_eq!(gold.score("碳氢化合物。", None).em, 1.0);
        let scores = gold.score("Geologists extract hydrocarbon.", Some("hydrocarbon"));
        assert_eq!((scores.em, scores.contains, scores.short_em, scores.short_f1), (0.0, 1.0, 1.0, 1.0));
        assert_eq!(gold.score(" ", None), AnswerScores::default());
    }

    #[test]
    fn citations_by_hand() {
        let gold: BTreeSet<String> = ["a", "b", "c"].map(str::to_owned).into();
        let scores = citation_scores(&BTreeSet::from(["a", "x"]), &gold).unwrap();
        assert_eq!((scores.hit, scores.precision), (1.0, 0.5));
        near(scores.recall, 1.0 / 3.0);
        assert_eq!(citation_scores(&BTreeSet::new(), &gold).unwrap().precision, 0.0);
        assert_eq!(citation_scores(&BTreeSet::from(["a"]), &BTreeSet::new()), None);
    }

    proptest! {
        #[test]
        fn metrics_lie_between_nothing_and_all(
            ranking in prop::collection::vec("[a-h]", 0..12),
            graded in prop::collection::btree_map("[a-h]", -1.0..3.0f64, 0..6),
            k in 1usize..12,
        ) {
            // A document comes once.
            let mut seen = HashSet::new();
            let ranking: Vec<&str> = ranking.iter().map(String::as_str).filter(|id| seen.insert(*id)).collect();
            for value in [ndcg(&ranking, &graded, k), recall(&ranking, &graded, k)] {
                prop_assert!((0.0..=1.0 + 1e-12).contains(&value), "{value}");
            }
            // The ideal order reaches 1, and no order is better than it.
            let mut ideal: Vec<&str> = graded.keys().map(String::as_str).collect();
            ideal.sort_by(|a, b| graded[*b].total_cmp(&graded[*a]));
            let any = graded.values().any(|grade| *grade > 0.0);
            prop_assert!((ndcg(&ideal, &graded, k) - f64::from(u8::from(any))).abs() < 1e-12);
        }

        #[test]
        fn f1_is_symmetric_and_one_for_the_same(a in "[a-c年假]{0,8}", b in "[a-c年假]{0,8}") {
            let (one, other) = (tokens(&a, "zh"), tokens(&b, "zh"));
            prop_assert_eq!(f1(&one, &other), f1(&other, &one));
            prop_assert_eq!(f1(&one, &one), 1.0);
            let scores = best_scores(&a, &[b], "zh");
            prop_assert!(scores.em <= scores.f1 && scores.f1 <= 1.0);
        }
    }
}
