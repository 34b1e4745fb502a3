//! A question → cited sentences, or an honest refusal.
//!
//! the conversation → search → read the best passages → refuse, or have a composer write → check each sentence against its sources → cite.
//! The extractive composer quotes; the others write, and when nothing of theirs stands the check, it quotes in their place.

mod cite;
mod compose;
mod cut;
pub mod ground;
mod read;
mod resolve;
mod say;
mod strictness;
mod thread;
mod units;
mod withdraw;
mod write;

use std::sync::Arc;
use std::time::{Duration, Instant};

use taproot_schemas::answer::{
    Answer, AnswerEvent, AskRequest, Citation, MessageDelta, Mode, SearchResults, Status, Timings, Usage,
};
use taproot_schemas::settings::WhenBusy;
use tokio::sync::mpsc;
use uuid::Uuid;

use crate::retrieve::{Found, Query, Results, Retriever};
use crate::store::{Conversations, Filter};
use crate::text::slice_chars;
use crate::{Asker, Error, Result};

use cite::Dates;
use compose::{Composer, Task};
use thread::Thread;
use write::{Scribe, Written};

pub use compose::upstream::{AnswerTokensField, Api, Price, Secret, Upstream, UpstreamConfig};
pub use compose::{Extractive, Generative, Limits};
pub use resolve::{Past, Resolved};
pub use strictness::Strictness;
pub use thread::{Before, Said};

/// Answers questions over a [`Retriever`]. Cheap to clone.
#[derive(Clone)]
pub struct Answerer {
    pub retriever: Retriever,
    pub conversations: Conversations,
    pub composers: Composers,
    /// Where the request does not say.
    pub mode: Mode,
    pub strictness: Strictness,
    /// What a question gets that too many wait before for the generator.
    pub when_busy: WhenBusy,
    /// Passages read for one question.
    pub passages: usize,
    pub max_query_chars: usize,
}

/// Who may write. Quoting is always there.
#[derive(Clone)]
pub struct Composers {
    pub extractive: Extractive,
    pub generative: Option<Arc<Generative>>,
    pub upstream: Option<Arc<Upstream>>,
}

/// A sentence that was weighed for a question.
#[derive(Debug, Clone)]
pub struct Weighed {
    pub uri: String,
    /// Place of its passage among the hits.
    pub hit: usize,
    pub text: String,
    /// The best span of the reader in it.
    pub span: Option<String>,
    /// By name.
    pub clues: Vec<(&'static str, f32)>,
}

/// Nearest documents that a refusal names.
const NEAREST: usize = 3;

impl Answerer {
    /// Answers; sends the events as they come about. A receiver that is gone stops the work between the steps. The turn is
    /// kept before the answer is given, where it is to be kept.
    pub async fn answer(
        &self,
        request: &AskRequest,
        filter: &Filter,
        before: Before<'_>,
        events: Option<&mpsc::Sender<AnswerEvent>>,
    ) -> Result<Answer> {
        let mut clock = Clock::start();
        let mode = request.mode.unwrap_or(self.mode);
        let writer = self.composers.of(mode)?;
        let strictness = request.strictness.map_or(Ok(self.strictness), Strictness::new)?;
        let thread = Thread::open(self, before, &filter.scope, request).await?;
        let query = thread.query(request, self.max_query_chars)?;
        let resolve = clock.lap();
        let Results { found, vector, .. } = self.retriever.search(&query, filter, self.passages).await?;
        let search = clock.lap();
        send(events, || AnswerEvent::SearchResults(SearchResults { hits: found.iter().map(Found::hit).collect() }))
            .await?;

        let found = Arc::new(found);
        let evidence = self.retriever.read(&query, vector, &filter.scope, &found, read::DOUBT).await?;
        let read = clock.lap();
        let dates = self.retriever.dates(&found).await?;
        let task = Task {
            question: thread.standalone().to_owned(),
            asked: request.question.clone(),
            language: query.language,
            found,
            evidence: Arc::new(evidence),
            asker: match before.asker() {
                Asker::Known(name) => name.clone(),
                Asker::Anonymous => thread.id().to_owned(),
            },
        };
        let said = match strictness.answers(&task.evidence) {
            true => self.written(&task, &dates, mode, writer, events).await?,
            false => None,
        };
        let said = match said {
            Some(said) => said,
            None => self.refused(&task, &dates, thread.is_kept(), events).await?,
        };
        let answer = Answer {
            id: Uuid::now_v7().to_string(),
            conversation_id: thread.id().to_owned(),
            question_id: None,
            question: request.question.clone(),
            standalone_question: thread.standalone().to_owned(),
            confidence: task.evidence.confidence,
            usage: Usage {
                chunks_searched: task.found.len() as u32,
                passages_read: task.evidence.passages as u32,
                ..said.usage
            },
            timings_ms: Timings { search, read, compose: clock.lap(), total: clock.total(), resolve },
            ..said
        };
        thread.keep(self, &answer).await;
        send(events, || AnswerEvent::FinalAnswer(Box::new(answer.clone()))).await?;
        Ok(answer)
    }

    /// Every sentence that is weighed for a question, best first, with what it is weighed by: for fitting the weights.
    pub async fn weighed(&self, question: &str, filter: &Filter) -> Result<Vec<Weighed>> {
        let query = Query::question(question, self.max_query_chars)?;
        let Results { found, vector, .. } = self.retriever.search(&query, filter, self.passages).await?;
        let found = Arc::new(found);
        let evidence = self.retriever.read(&query, vector, &filter.scope, &found, 0.0..=1.0).await?;
        let weighed = evidence.candidates.iter().map(|candidate| {
            let chunk = &found[candidate.hit].chunk;
            let cut = |(start, end): (usize, usize)| slice_chars(&chunk.text, start, end).to_owned();
            Weighed {
                uri: chunk.uri.clone(),
                hit: candidate.hit,
                text: cut((candidate.sentence.start, candidate.sentence.end)),
                span: candidate.span.map(cut),
                clues: candidate.clues.named().to_vec(),
            }
        });
        Ok(weighed.collect())
    }

    /// What the composer wrote and what of it stands; quotes when nothing does; `None` when there is nothing to quote.
    async fn written(
        &self,
        task: &Task,
        dates: &Dates,
        mode: Mode,
        writer: &dyn Composer,
        events: Option<&mpsc::Sender<AnswerEvent>>,
    ) -> Result<Option<Answer>> {
        let scribe = Scribe::new(&self.retriever, task, dates, events);
        let (written, outcome) = scribe.write(writer, 0).await?;
        if outcome.is_ok() && !written.sentences.is_empty() {
            return Ok(Some(answered(written, mode, task)));
        }
        if mode == Mode::Extractive {
            return outcome.map(|()| None);
        }
        if let Err(error) = outcome {
            let told = matches!(error, Error::Overloaded { .. }) && self.when_busy == WhenBusy::Refuse;
            if told || matches!(error, Error::Cancelled) {
                return Err(error);
            }
            tracing::warn!(%error, ?mode, "the answer is quoted: nobody wrote it");
        }
        let spent = written.spent.clone();
        let first = scribe.take_back(&written).await?;
        let (mut quoted, outcome) = scribe.write(&self.composers.extractive, first).await?;
        outcome?;
        quoted.spent = spent;
        Ok((!quoted.sentences.is_empty()).then(|| answered(quoted, Mode::Extractive, task)))
    }

    async fn refused(
        &self,
        task: &Task,
        dates: &Dates,
        kept: bool,
        events: Option<&mpsc::Sender<AnswerEvent>>,
    ) -> Result<Answer> {
        let mut nearest: Vec<Citation> = Vec::new();
        for hit in task.found.iter() {
            if nearest.len() < NEAREST && nearest.iter().all(|known| known.document_id != hit.chunk.document_id) {
                let n = nearest.len() as u32 + 1;
                nearest.push(cite::cite_head(&self.retriever.catalog, hit, dates, n).await?);
            }
        }
        let answer = say::refusal(task.language, nearest.is_empty(), kept);
        send(events, || AnswerEvent::Message(MessageDelta { delta: answer.clone(), sentence: 0 })).await?;
        Ok(Answer { answer, citations: nearest, ..blank() })
    }
}

impl Composers {
    /// Those that are there.
    pub fn modes(&self) -> Vec<Mode> {
        let written = [(Mode::Generative, self.generative.is_some()), (Mode::Upstream, self.upstream.is_some())];
        let written = written.into_iter().filter(|(_, there)| *there).map(|(mode, _)| mode);
        [Mode::Extractive].into_iter().chain(written).collect()
    }

    /// # Errors
    /// [`Error::InvalidRequest`] when there is none of this kind.
    fn of(&self, mode: Mode) -> Result<&dyn Composer> {
        let missing = |detail: &str| Error::InvalidRequest { what: "mode", detail: detail.to_owned() };
        match mode {
            Mode::Extractive => Ok(&self.extractive),
            Mode::Generative => {
                let generative = self.generative.as_deref().map(|generative| generative as &dyn Composer);
                generative.ok_or_else(|| missing("no generator is among this server's models"))
            }
            Mode::Upstream => {
                let upstream = self.upstream.as_deref().map(|upstream| upstream as &dyn Composer);
                upstream.ok_or_else(|| missing("no upstream model is in this server's settings"))
            }
        }
    }
}

fn answered(written: Written, mode: Mode, task: &Task) -> Answer {
    let text: Vec<String> = written.sentences.iter().map(say::marked).collect();
    let answer = text.join("\n");
    // A writer may have answered with something else than the reader found.
    let short_answer = task.evidence.short_answer(&task.found).filter(|short| answer.contains(short.as_str()));
    Answer {
        status: Status::Answered,
        answer,
        short_answer,
        sentences: written.sentences,
        citations: written.citations,
        mode,
        usage: Usage {
            model: written.spent.model,
            prompt_tokens: written.spent.prompt_tokens,
            completion_tokens: written.spent.completion_tokens,
            estimated: written.spent.estimated,
            cost: written.spent.cost,
            currency: written.spent.currency,
            ..Usage::default()
        },
        ..blank()
    }
}

/// A refusal that says nothing yet: what the kinds of answer do not fill, the caller does.
fn blank() -> Answer {
    Answer {
        id: String::new(),
        conversation_id: String::new(),
        question_id: None,
        question: String::new(),
        standalone_question: String::new(),
        status: Status::Abstained,
        answer: String::new(),
        short_answer: None,
        sentences: Vec::new(),
        citations: Vec::new(),
        confidence: 0.0,
        mode: Mode::Extractive,
        usage: Usage::default(),
        timings_ms: Timings::default(),
    }
}

/// Sends an event when somebody listens; a listener that is gone ends the work.
async fn send(events: Option<&mpsc::Sender<AnswerEvent>>, event: impl FnOnce() -> AnswerEvent) -> Result<()> {
    match events {
        Some(events) => events.send(event()).await.map_err(|_| Error::Cancelled),
        None => Ok(()),
    }
}

/// Times the steps of an answer, in milliseconds.
struct Clock {
    begun: Instant,
    lap: Instant,
}

impl Clock {
    fn start() -> Clock {
        let now = Instant::now();
        Clock { begun: now, lap: now }
    }

    /// Since the last lap.
    fn lap(&mut self) -> f32 {
        let now = Instant::now();
        millis(now - std::mem::replace(&mut self.lap, now))
    }

    fn total(&self) -> f32 {
        millis(self.begun.elapsed())
    }
}

fn millis(elapsed: Duration) -> f32 {
    elapsed.as_secs_f32() * 1_000.0
}
