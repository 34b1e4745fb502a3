//! The best hits read again, together with the query: by a reranker when `models.toml` names one, else by the reader,
//! which tells how sure it is that a passage answers a question.

use std::sync::Arc;

use taproot_schemas::search::BoostName;

use super::query::Reread;
use super::{Found, Query, Retriever};
use crate::Result;
use crate::models::{Models, Reader, Reranker};
use crate::text::SentenceSpan;

/// Who reads.
enum Judge<'a> {
    Reranker(&'a Reranker),
    Reader(&'a Reader),
}

impl Retriever {
    /// Adds to the best hits what the model that reads them says. Those that are read stay before the others.
    pub(super) async fn rerank(&self, query: &Query, found: &mut [Found]) -> Result<()> {
        let Some(judge) = Judge::of(&self.models, query) else { return Ok(()) };
        let read = found.len().min(judge.hits());
        let judged = found[..read].iter().map(|hit| {
            let (models, query, chunk) = (Arc::clone(&self.models), query.clone(), Arc::clone(&hit.chunk));
            move || Judge::of(&models, &query).map_or(Ok(0.0), |judge| judge.score(&query, &chunk.text))
        });
        let scores = self.executor.run_all(judged.collect()).await?;
        for (hit, score) in found.iter_mut().zip(scores) {
            hit.rerank = Some(score);
            hit.boost(BoostName::Rerank, judge.weight() * score, "read together with the query");
        }
        super::explain::sort(&mut found[..read]);
        Ok(())
    }
}

impl<'a> Judge<'a> {
    /// The reader was trained on questions: what asks nothing (key words, a claim) keeps its order.
    fn of(models: &'a Models, query: &Query) -> Option<Judge<'a>> {
        let language = query.language?;
        let reranker = models.reranker.as_ref().filter(|reranker| reranker.knows(language)).map(Judge::Reranker);
        let reader = models.reader.as_ref().filter(|reader| query.asks && reader.knows(language)).map(Judge::Reader);
        match query.reread {
            Reread::Nothing => None,
            Reread::ByReranker => reranker,
            Reread::ByAny => reranker.or(reader),
        }
    }

    /// Hits that are read.
    fn hits(&self) -> usize {
        match self {
            Judge::Reranker(_) => 20,
            Judge::Reader(_) => 5,
        }
    }

    /// A model that was made to rank has the last word; the reader's opinion is one among others.
    fn weight(&self) -> f32 {
        match self {
            Judge::Reranker(_) => 1.0,
            Judge::Reader(_) => 0.2,
        }
    }

    /// How well a passage answers, 0 to 1. A passage of which the reader believes rather that it does not says nothing about
    /// its place: it may be the other half of an answer.
    fn score(&self, query: &Query, passage: &str) -> Result<f32> {
        match self {
            Judge::Reranker(reranker) => reranker.score(&query.text, passage),
            Judge::Reader(reader) => {
                let whole = SentenceSpan { start: 0, end: passage.chars().count() };
                let span = reader.read(&query.text, passage, &[whole])?.into_iter().flatten().next();
                Ok(span.map_or(0.0, |span| (span.margin / 2.0).tanh().max(0.0)))
            }
        }
    }
}
