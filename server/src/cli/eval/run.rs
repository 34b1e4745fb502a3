//! Asks the questions of a set, and judges what comes.
//!
//! Quality is measured with as many questions at a time as there are threads. Latency is measured apart: a sample is
//! asked again one at a time, as one person alone would, after everything has been asked once. So it has no cold
//! caches in it and no waiting for others; what load does to it is another measurement.

use std::collections::{BTreeSet, HashMap};
use std::time::{Duration, Instant};

use futures_util::{StreamExt, TryStreamExt};
use taproot_engine::{ListDocuments, Past, Resolved};
use taproot_schemas::answer::AskRequest;
use taproot_schemas::eval::{
    AnswerRow, Came, Configuration, EvalOptions, EvaluatedSet, Evaluation, FORMAT, Failure, FollowUpRow, FoundScores,
    RankingRow, Section,
};
use taproot_schemas::search::{Hit, SearchRequest};
use tokio::sync::watch;

use crate::cli::narrow::Narrow;
use crate::cli::output::Output;
use crate::cli::progress::Count;
use crate::cli::ranking::{Ranked, RankedDocument, hits_for, ranked};
use crate::cli::session::{Holdings, Session};
use crate::cli::trec::run_id;
use crate::error::{Error, Result};
use crate::eval::failures::{self, Failures};
use crate::eval::judge::judge;
use crate::eval::layout::{FollowUp, Gold, Kind, Question, Set, document_name};
use crate::eval::measures::{Row, groups};
use crate::eval::metrics::{Grades, first_relevant, is_relevant, ndcg, recall};
use crate::eval::statistics::Random;

/// Documents that are ranked for a query.
const DEPTH: usize = 100;
/// Hits of the searches whose latency is measured, as many as a search has by default.
const LATENCY_HITS: usize = 10;
/// Questions whose latency is measured.
const LATENCY_SAMPLE: usize = 200;
/// Unknown documents that are listed.
const LISTED_UNKNOWN: usize = 100;

pub struct Options {
    pub kind: Option<Kind>,
    pub shape: EvalOptions,
    /// Whether the set is measured a second time, with other settings.
    pub two_settings: bool,
    /// Turns true when the run is to end.
    pub cancel: watch::Receiver<bool>,
}

/// Measures all that the set allows, or what was wanted of it.
pub async fn run(
    session: &Session,
    set: &Set,
    threads: usize,
    options: &Options,
    output: &Output,
) -> Result<Evaluation> {
    let desk = Desk { session, set, threads, options, output };
    let unknown_documents = desk.unknown_documents().await?;
    let of_kind = |kind| options.kind.is_none_or(|wanted| wanted == kind);
    let (mut ranking, mut answers) = (None, None);
    if of_kind(Kind::Ranking) && set.questions.iter().any(|question| question.grades.is_some()) {
        ranking = Some(desk.ranking().await?);
    }
    if of_kind(Kind::Answers) && set.questions.iter().any(|question| question.gold.is_some()) {
        let places = ranking.iter().flat_map(|section: &Section<RankingRow>| &section.rows);
        let places = places.filter_map(|row| Some((row.id.as_str(), row.first_relevant?))).collect();
        answers = Some(desk.answers(&places).await?);
    }
    let follow_ups = match set.follow_ups.is_empty() || !of_kind(Kind::Ranking) {
        true => None,
        false => desk.follow_ups().await?,
    };
    let (documents, chunks, embedder) = match session.holdings().await? {
        Some(Holdings { documents, chunks, embedder }) => (Some(documents), Some(chunks), Some(embedder)),
        None => (None, None, None),
    };
    let most = set.questions.len().min(LATENCY_SAMPLE) as u32;
    Ok(Evaluation {
        format: FORMAT,
        version: env!("CARGO_PKG_VERSION").into(),
        created_at: crate::clock::now(),
        set: EvaluatedSet {
            name: set.name.clone(),
            questions: (set.questions.len() + set.follow_ups.len()) as u64,
            documents,
            chunks,
            failed_files: 0,
            unknown_documents,
        },
        configuration: Configuration { label: String::new(), embedder, threads: threads as u32 },
        options: EvalOptions { latency_sample: most, ..options.shape },
        ranking,
        answers,
        follow_ups,
        comparison: None,
    })
}

/// Where the questions of a set are asked.
struct Desk<'a> {
    session: &'a Session,
    set: &'a Set,
    threads: usize,
    options: &'a Options,
    output: &'a Output,
}

impl Desk<'_> {
    async fn ranking(&self) -> Result<Section<RankingRow>> {
        let questions: Vec<(&Question, &Grades)> =
            self.set.questions.iter().filter_map(|question| Some((question, question.grades.as_ref()?))).collect();
        let count = Count::start(self.output, "ranking", questions.len());
        let judged = futures_util::stream::iter(&questions)
            .map(|(question, grades)| self.named(question, self.rank(question, grades)));
        let (mut rows, failed, failures) = self.collect(judged, &count).await?;
        drop(count);
        self.time(
            "latency of searches",
            &mut rows,
            |row, latency| row.latency_ms = Some(latency),
            async |at: usize| {
                let request = SearchRequest {
                    query: questions[at].0.text.clone(),
                    k: Some(LATENCY_HITS),
                    ..SearchRequest::default()
                };
                self.session.search(&request).await.map(drop)
            },
        )
        .await?;
        Ok(self.section(rows, failed, failures))
    }

    /// `None` when a server runs on the data: it tells what is answered, not what a conversation makes of a question.
    async fn follow_ups(&self) -> Result<Option<Section<FollowUpRow>>> {
        if self.session.is_remote() {
            self.output.tell("follow-ups are not measured: a server runs on the data directory");
            return Ok(None);
        }
        let count = Count::start(self.output, "follow-ups", self.set.follow_ups.len());
        let judged = futures_util::stream::iter(&self.set.follow_ups)
            .map(|follow_up| self.named(&follow_up.question, self.follow_up(follow_up)));
        let (rows, failed, failures) = self.collect(judged, &count).await?;
        Ok(Some(self.section(rows, failed, failures)))
    }

    async fn follow_up(&self, follow_up: &FollowUp) -> Result<(FollowUpRow, Option<Failure>)> {
        let question = &follow_up.question;
        // What the engine makes of a turn is the past of the next one, as in use.
        let mut history: Vec<Past> = Vec::new();
        for said in &follow_up.history {
            let Resolved { carried, sure, .. } = self.session.resolve(history.clone(), &said.question).await?;
            history.push(Past { question: said.question.clone(), carried, sure, answer: said.answer.clone() });
        }
        let standalone = self.session.resolve(history.clone(), &question.text).await?.standalone;
        let hits = self.session.retrieve(history, &question.text, DEPTH).await?;
        let found = ranked(&hits, DEPTH);
        let (resolved, place) = self.found(&hits, question);
        let typed = self.found(&self.session.retrieve(Vec::new(), &question.text, DEPTH).await?, question).0;
        let written_out = match &follow_up.written_out {
            Some(text) => Some(self.found(&self.session.retrieve(Vec::new(), text, DEPTH).await?, question).0),
            None => None,
        };
        let failure = failures::of_follow_up(follow_up, place, &standalone, || {
            found.iter().take(failures::SHOWN).map(|document| self.came(document, question)).collect()
        });
        let row = FollowUpRow {
            id: question.id.clone(),
            key: question.key.clone(),
            language: question.language.clone(),
            standalone,
            typed,
            resolved,
            written_out,
        };
        Ok((row, failure))
    }

    /// How well these hits are ordered, and the place of the first relevant document.
    fn found(&self, hits: &[Hit], question: &Question) -> (FoundScores, Option<u32>) {
        let found = ranked(hits, DEPTH);
        let names: Vec<&str> = found.iter().map(|document| self.name(document.uri)).collect();
        let (k, none) = (self.options.shape.k as usize, Grades::new());
        let grades = question.grades.as_ref().unwrap_or(&none);
        let scores = FoundScores {
            ndcg: ndcg(&names, grades, k),
            recall: recall(&names, grades, k),
            found: names.iter().take(k).map(|name| (*name).to_owned()).collect(),
        };
        (scores, first_relevant(&names, grades).map(|place| place as u32))
    }

    fn came(&self, document: &RankedDocument<'_>, question: &Question) -> Came {
        let name = self.name(document.uri);
        Came {
            title: document.hit.title.clone(),
            document: name.to_owned(),
            score: f64::from(document.score),
            relevant: question.grades.as_ref().is_some_and(|grades| is_relevant(grades, name)),
            quote: failures::quote(&document.hit.text),
        }
    }

    async fn answers(&self, places: &HashMap<&str, u32>) -> Result<Section<AnswerRow>> {
        let questions: Vec<(&Question, &Gold)> =
            self.set.questions.iter().filter_map(|question| Some((question, question.gold.as_ref()?))).collect();
        let count = Count::start(self.output, "answers", questions.len());
        let judged = futures_util::stream::iter(&questions).map(|(question, gold)| {
            self.named(question, self.answer(question, gold, places.get(question.id.as_str()).copied()))
        });
        let (mut rows, failed, failures) = self.collect(judged, &count).await?;
        drop(count);
        self.time(
            "latency of answers",
            &mut rows,
            |row, latency| row.latency_ms = Some(latency),
            async |at: usize| {
                let request =
                    AskRequest { question: questions[at].0.text.clone(), keep: Some(false), ..AskRequest::default() };
                self.session.ask(&request).await.map(drop)
            },
        )
        .await?;
        Ok(self.section(rows, failed, failures))
    }

    /// Judges as many questions at a time as there are threads; rows come in the order of the questions.
    async fn collect<R, F>(
        &self,
        judged: impl futures_util::Stream<Item = F>,
        count: &Count,
    ) -> Result<(Vec<R>, u64, Vec<Failure>)>
    where
        F: Future<Output = Result<(R, Option<Failure>)>>,
    {
        let collected = judged.buffered(self.threads).try_fold(
            (Vec::new(), Failures::default()),
            |(mut rows, mut failures), (row, failure)| {
                rows.push(row);
                failures.add(failure);
                count.step();
                std::future::ready(self.go_on().map(|()| (rows, failures)))
            },
        );
        let (rows, failures) = collected.await?;
        let (failed, failures) = failures.finish();
        Ok((rows, failed, failures))
    }

    fn section<R: Row>(&self, rows: Vec<R>, failed: u64, failures: Vec<Failure>) -> Section<R> {
        let EvalOptions { k, seed, .. } = self.options.shape;
        Section { groups: groups(&rows, k, seed), failed, failures, rows }
    }

    fn go_on(&self) -> Result<()> {
        if *self.options.cancel.borrow() { Err(Error::Stopped) } else { Ok(()) }
    }

    /// Says which question it was that could not be asked.
    async fn named<T>(&self, question: &Question, asked: impl Future<Output = Result<T>>) -> Result<T> {
        asked.await.inspect_err(|_| self.output.tell(&format!("while asking the question {:?}", question.id)))
    }

    async fn rank(&self, question: &Question, grades: &Grades) -> Result<(RankingRow, Option<Failure>)> {
        let hits = hits_for(self.session, &question.text, &Narrow::default(), Ranked::Documents, DEPTH).await?;
        let mut found = ranked(&hits, DEPTH);
        // As trec_eval breaks ties: the greater id first.
        found.sort_by(|a, b| b.score.total_cmp(&a.score).then_with(|| self.name(b.uri).cmp(self.name(a.uri))));
        let names: Vec<&str> = found.iter().map(|document| self.name(document.uri)).collect();
        let k = self.options.shape.k as usize;
        let place = first_relevant(&names, grades);
        let row = RankingRow {
            id: question.id.clone(),
            key: question.key.clone(),
            language: question.language.clone(),
            ndcg: ndcg(&names, grades, k),
            reciprocal_rank: place.filter(|place| *place <= k).map_or(0.0, |place| 1.0 / place as f64),
            recall: recall(&names, grades, k),
            recall_100: recall(&names, grades, DEPTH),
            first_relevant: place.map(|place| place as u32),
            lexical_ndcg: self.leg(&hits, |hit| hit.scores.lexical, grades).unwrap_or(0.0),
            vector_ndcg: self.leg(&hits, |hit| hit.scores.vector, grades),
            latency_ms: None,
        };
        let failure = failures::of_ranking(question, &row, || {
            found.iter().take(failures::SHOWN).map(|document| self.came(document, question)).collect()
        });
        Ok((row, failure))
    }

    /// nDCG of the hits in the order of one leg; `None` when it found none of them.
    fn leg(&self, hits: &[Hit], score: fn(&Hit) -> Option<f32>, grades: &Grades) -> Option<f64> {
        let mut scored: Vec<(f32, &Hit)> = hits.iter().filter_map(|hit| Some((score(hit)?, hit))).collect();
        scored.sort_by(|a, b| b.0.total_cmp(&a.0));
        let found = ranked(scored.iter().map(|(_, hit)| *hit), DEPTH);
        let names: Vec<&str> = found.iter().map(|document| self.name(document.uri)).collect();
        (!names.is_empty()).then(|| ndcg(&names, grades, self.options.shape.k as usize))
    }

    async fn answer(
        &self,
        question: &Question,
        gold: &Gold,
        place: Option<u32>,
    ) -> Result<(AnswerRow, Option<Failure>)> {
        let request = AskRequest { question: question.text.clone(), keep: Some(false), ..AskRequest::default() };
        let answer = self.session.ask(&request).await?;
        let row = judge(question, gold, &answer, |uri| self.name(uri));
        let name = |uri: &str| self.name(uri).to_owned();
        let failure = failures::of_answer(question, gold, &row, &answer, place, name);
        Ok((row, failure))
    }

    /// Asks a sample one at a time. Rows and questions are in the same order.
    async fn time<R>(
        &self,
        what: &'static str,
        rows: &mut [R],
        set: fn(&mut R, f64),
        ask: impl AsyncFn(usize) -> Result<()>,
    ) -> Result<()> {
        let sample = sample(rows.len(), self.options.shape.seed);
        let count = Count::start(self.output, what, sample.len());
        for at in sample {
            self.go_on()?;
            let begun = Instant::now();
            ask(at).await?;
            set(&mut rows[at], millis(begun.elapsed()));
            count.step();
        }
        Ok(())
    }

    /// The name by which a set calls a document: the id of a line of its corpus, or the path in its folder.
    fn name<'u>(&self, uri: &'u str) -> &'u str {
        if self.set.has_corpus() { run_id(uri) } else { document_name(uri) }
    }

    /// Sources that questions name and that are not there: no figure would tell them from documents that are not found.
    async fn unknown_documents(&self) -> Result<Vec<String>> {
        let golds = self.set.questions.iter().filter_map(|question| question.gold.as_ref());
        let mut named: BTreeSet<&str> =
            golds.filter(|gold| gold.answerable).flat_map(|gold| &gold.documents).map(String::as_str).collect();
        let judged = self.set.follow_ups.iter().filter_map(|follow_up| follow_up.question.grades.as_ref());
        named.extend(judged.flat_map(|grades| grades.keys().map(String::as_str)));
        let mut unknown = Vec::new();
        for name in named {
            self.go_on()?;
            if unknown.len() < LISTED_UNKNOWN
                && !self.is_there(name).await?
                && !self.is_there(&format!("documents/{name}")).await?
            {
                unknown.push(name.to_owned());
            }
        }
        Ok(unknown)
    }

    async fn is_there(&self, uri: &str) -> Result<bool> {
        let list = ListDocuments { uri: Some(uri.to_owned()), limit: 1, ..ListDocuments::default() };
        Ok(self.session.list_documents(&list).await?.total > 0)
    }
}

/// Some of `of` places without repetition, in rising order.
fn sample(of: usize, seed: u64) -> Vec<usize> {
    let mut random = Random::new(seed);
    let mut places: Vec<usize> = (0..of).collect();
    for at in 0..LATENCY_SAMPLE.min(of) {
        let other = at + random.below(of - at);
        places.swap(at, other);
    }
    places.truncate(LATENCY_SAMPLE);
    places.sort_unstable();
    places
}

fn millis(elapsed: Duration) -> f64 {
    elapsed.as_secs_f64() * 1_000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_has_no_place_twice() {
        assert_eq!(sample(3, 1), [0, 1, 2]);
        let places = sample(1_000, 1);
        assert_eq!(places.len(), LATENCY_SAMPLE);
        assert!(places.is_sorted_by(|a, b| a < b) && places.iter().all(|place| *place < 1_000));
        assert_eq!(places, sample(1_000, 1));
        assert_ne!(places, sample(1_000, 2));
    }
}
