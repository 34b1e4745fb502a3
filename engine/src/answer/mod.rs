//! A question → cited sentences, or an honest refusal.
//!
//! search → read the best passages → keep the sentences that answer → check each against its source → cite. The
//! composer here is extractive: every sentence of an answer stands in a document, unchanged.

mod compose;
mod ground;
mod read;
mod refuse;
mod resolve;
mod thread;
mod withdraw;

use std::sync::Arc;
use std::time::Instant;

use taproot_schemas::answer::{
    Answer, AnswerEvent, AskRequest, Citation, MessageDelta, Mode, SearchResults, Sentence, Status, Timings, Usage,
};
use tokio::sync::mpsc;
use uuid::Uuid;

use crate::retrieve::{Found, Query, Retriever};
use crate::store::{Conversations, Filter, join_headings};
use crate::{AccessScope, Asker, Error, Result};

pub use resolve::{Past, Resolved};

use compose::Composed;
use read::Evidence;
use thread::Thread;

/// Answers questions over a [`Retriever`]. Cheap to clone.
#[derive(Clone)]
pub struct Answerer {
    pub retriever: Retriever,
    pub conversations: Conversations,
    /// Passages read for one question.
    pub passages: usize,
    /// Sentences in one answer at the most.
    pub max_sentences: usize,
    pub max_query_chars: usize,
}

/// Nearest documents that a refusal names.
const NEAREST: usize = 3;

impl Answerer {
    /// Answers; sends the events as they come about. A receiver that is gone stops the work between the steps. The turn is
    /// kept before the answer is given, when somebody asks to whom it can belong.
    pub async fn answer(
        &self,
        request: &AskRequest,
        filter: &Filter,
        asker: Option<&Asker>,
        events: Option<&mpsc::Sender<AnswerEvent>>,
    ) -> Result<Answer> {
        let begun = Instant::now();
        let thread = Thread::open(self, asker, &filter.scope, request).await?;
        let query = thread.query(request, self.max_query_chars)?;
        let found = self.retriever.search(&query, filter, self.passages).await?.found;
        let searched = begun.elapsed();
        send(events, || AnswerEvent::SearchResults(SearchResults { hits: found.iter().map(Found::hit).collect() }))
            .await?;

        let reading = Instant::now();
        let evidence = self.read(&query, &filter.scope, &found).await?;
        let mut said = match compose::compose(&evidence, &found, self.max_sentences) {
            Some(composed) => answered(composed, evidence.confidence),
            None => refused(&query, &found, evidence.confidence),
        };
        self.locate(&mut said.citations, &found).await?;
        let answer = Answer {
            id: Uuid::now_v7().to_string(),
            conversation_id: thread.id().to_owned(),
            question_id: None,
            question: request.question.clone(),
            standalone_question: thread.standalone().to_owned(),
            mode: Mode::Extractive,
            usage: Usage {
                chunks_searched: found.len() as u32,
                passages_read: evidence.passages as u32,
                ..Usage::default()
            },
            timings_ms: Timings {
                resolve: thread.resolve_ms,
                search: millis(searched) - thread.resolve_ms,
                read: millis(reading.elapsed()),
                total: millis(begun.elapsed()),
                ..Timings::default()
            },
            ..said
        };
        thread.keep(self, &answer).await;
        stream(&answer, events).await?;
        Ok(answer)
    }

    /// Page and heading of each quote; a chunk knows them for its beginning only.
    async fn locate(&self, citations: &mut [Citation], found: &[Found]) -> Result<()> {
        for citation in citations {
            let chunk = found.iter().map(|hit| &hit.chunk).find(|chunk| chunk.id.to_string() == citation.chunk_id);
            let Some(chunk) = chunk else { continue };
            let place = self.retriever.catalog.place(&chunk.document_id, chunk.version, citation.start).await?;
            if let Some(place) = place {
                citation.page = place.page;
                citation.heading = join_headings(&place.heading);
            }
        }
        Ok(())
    }

    async fn read(&self, query: &Query, scope: &AccessScope, found: &[Found]) -> Result<Evidence> {
        let (query, scope, found) = (query.clone(), scope.clone(), found.to_vec());
        let (models, lexical) = (Arc::clone(&self.retriever.models), self.retriever.lexical.clone());
        self.retriever.executor.run(move || read::read(&models, &lexical, &scope, &query, &found)).await
    }
}

fn answered(composed: Composed, confidence: f32) -> Answer {
    let text: Vec<String> = composed
        .sentences
        .iter()
        .map(|sentence| {
            let marks: String = sentence.citations.iter().map(|n| format!("[{n}]")).collect();
            format!("{} {marks}", sentence.text)
        })
        .collect();
    Answer {
        status: Status::Answered,
        answer: text.join("\n"),
        short_answer: composed.short_answer,
        sentences: composed.sentences,
        citations: composed.citations,
        confidence,
        ..blank()
    }
}

fn refused(query: &Query, found: &[Found], confidence: f32) -> Answer {
    let mut nearest: Vec<Citation> = Vec::new();
    for hit in found {
        if nearest.len() < NEAREST && nearest.iter().all(|known| known.document_id != hit.chunk.document_id) {
            nearest.push(compose::cite_head(hit, nearest.len() as u32 + 1));
        }
    }
    Answer {
        status: Status::Abstained,
        answer: refuse::sentence(query.language, nearest.is_empty()).to_owned(),
        citations: nearest,
        confidence,
        ..blank()
    }
}

/// What the two kinds of answer do not say; the caller fills the rest.
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
        sentences: Vec::<Sentence>::new(),
        citations: Vec::new(),
        confidence: 0.0,
        mode: Mode::Extractive,
        usage: Usage::default(),
        timings_ms: Timings::default(),
    }
}

/// The finished answer as events: the sources of each sentence, the sentence, and the whole at the end.
async fn stream(answer: &Answer, events: Option<&mpsc::Sender<AnswerEvent>>) -> Result<()> {
    let mut lines = answer.answer.split_inclusive('\n');
    for (sentence, number) in answer.sentences.iter().zip(0..) {
        // A mark means something only to who knows its source already.
        for citation in answer.citations.iter().filter(|citation| sentence.citations.contains(&citation.n)) {
            send(events, || AnswerEvent::Citation(citation.clone())).await?;
        }
        let delta = lines.next().unwrap_or_default().to_owned();
        send(events, || AnswerEvent::Message(MessageDelta { delta, sentence: number })).await?;
    }
    if answer.sentences.is_empty() {
        send(events, || AnswerEvent::Message(MessageDelta { delta: answer.answer.clone(), sentence: 0 })).await?;
    }
    send(events, || AnswerEvent::FinalAnswer(Box::new(answer.clone()))).await
}

/// Sends an event when somebody listens; a listener that is gone ends the work.
async fn send(events: Option<&mpsc::Sender<AnswerEvent>>, event: impl FnOnce() -> AnswerEvent) -> Result<()> {
    match events {
        Some(events) => events.send(event()).await.map_err(|_| Error::Cancelled),
        None => Ok(()),
    }
}

fn millis(elapsed: std::time::Duration) -> f32 {
    elapsed.as_secs_f32() * 1_000.0
}
