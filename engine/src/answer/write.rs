//! Pieces of a composer → the sentences of an answer with their citations, told as they come about.
//!
//! Nothing is shown before it was held against its sources. A sentence that does not stand the check is never sent: a
//! `retract` event says that it was there and why it is not. So the stream holds the same sentences as the answer.

use std::collections::HashSet;
use std::sync::Arc;

use taproot_schemas::answer::{AnswerEvent, Citation, MessageDelta, RetractReason, Retraction, Sentence};
use tokio::sync::{OnceCell, mpsc};

use super::cite::{self, Dates};
use super::compose::{Composer, Piece, Quote, Spent, Task};
use super::cut::Cutter;
use super::ground::{self, Grounder, Verdict};
use super::{say, send};
use crate::Result;
use crate::retrieve::{Retriever, is_question_word};
use crate::text::{detect, slice_chars, words_in};

/// Pieces that may wait for the check before the composer waits for it.
const PIECE_BUFFER: usize = 16;

/// Sentences of a model that an answer keeps at the most.
const MAX_SENTENCES: usize = 16;

/// Who writes down what a composer says.
pub struct Scribe<'a> {
    retriever: &'a Retriever,
    task: &'a Task,
    dates: &'a Dates,
    events: Option<&'a mpsc::Sender<AnswerEvent>>,
    /// Made with the first sentence that has to be checked.
    grounder: OnceCell<Arc<Grounder>>,
}

/// What was written down.
#[derive(Debug, Default)]
pub struct Written {
    pub sentences: Vec<Sentence>,
    pub citations: Vec<Citation>,
    pub spent: Spent,
    /// Numbers by which the sentences were told.
    told: Vec<u32>,
    /// Number of the next one; those that did not stand the check had theirs.
    next: u32,
}

impl<'a> Scribe<'a> {
    pub fn new(
        retriever: &'a Retriever,
        task: &'a Task,
        dates: &'a Dates,
        events: Option<&'a mpsc::Sender<AnswerEvent>>,
    ) -> Scribe<'a> {
        Scribe { retriever, task, dates, events, grounder: OnceCell::new() }
    }

    /// Has the composer write, and keeps what stands the check. Sentences are numbered from `first` on. The outcome of the
    /// composer is apart: what it had written when it failed is there to be taken back.
    pub async fn write(&self, composer: &dyn Composer, first: u32) -> Result<(Written, Result<()>)> {
        let (pieces, mut received) = mpsc::channel(PIECE_BUFFER);
        let mut written = Written { next: first, ..Written::default() };
        let composing = async {
            let outcome = composer.compose(self.task, &pieces).await;
            drop(pieces);
            outcome
        };
        let keeping = async {
            let mut cutter = Cutter::default();
            while let Some(piece) = received.recv().await {
                self.keep(piece, &mut cutter, &mut written).await?;
            }
            Ok(cutter.rest())
        };
        // A scribe that fails drops its end of the channel, and the composer stops at its next piece.
        let (composed, kept): (Result<Spent>, Result<Vec<String>>) = tokio::join!(composing, keeping);
        let rest = kept?;
        let outcome = match composed {
            Ok(spent) => {
                // Where there was no more room, the last sentence is most likely none.
                let whole = rest.len().saturating_sub(usize::from(spent.cut_off));
                for sentence in &rest[..whole] {
                    self.keep_sentence(sentence, &mut written).await?;
                }
                written.spent = spent;
                Ok(())
            }
            Err(error) => Err(error),
        };
        Ok((written, outcome))
    }

    /// Tells that all of the sentences are replaced; returns the number of the next one.
    pub async fn take_back(&self, written: &Written) -> Result<u32> {
        for sentence in &written.told {
            self.retract(*sentence, RetractReason::Replaced).await?;
        }
        Ok(written.next)
    }

    async fn keep(&self, piece: Piece, cutter: &mut Cutter, written: &mut Written) -> Result<()> {
        match piece {
            Piece::Text(text) => {
                for sentence in cutter.push(&text) {
                    self.keep_sentence(&sentence, written).await?;
                }
                Ok(())
            }
            Piece::Quote(quote) => self.keep_quote(&quote, written).await,
            Piece::Header { hit } => {
                let n = written.citations.len() as u32 + 1;
                let catalog = &self.retriever.catalog;
                match cite::cite_header(catalog, &self.task.found[hit], self.dates, n).await? {
                    Some(citation) => {
                        let text = citation.quote.clone();
                        self.tell(text, 1.0, vec![citation], written).await
                    }
                    None => Ok(()),
                }
            }
            Piece::Differ { one, other } => self.tell_difference(one, other, written).await,
        }
    }

    /// A quote is its own proof. The same sentence of another document becomes its second source.
    async fn keep_quote(&self, quote: &Quote, written: &mut Written) -> Result<()> {
        let hit = &self.task.found[quote.hit];
        let text = slice_chars(&hit.chunk.text, quote.start, quote.end).to_owned();
        let citation = self.citation(quote, written).await?;
        self.tell(text, 1.0, vec![citation], written).await
    }

    /// Holds a sentence of a model against the passages, those that it names first.
    async fn keep_sentence(&self, sentence: &str, written: &mut Written) -> Result<()> {
        let (text, marks) = ground::strip_marks(sentence);
        let text = text.trim().to_owned();
        if text.is_empty() {
            return Ok(());
        }
        if written.sentences.len() >= MAX_SENTENCES {
            return Ok(());
        }
        if tells_nothing(&text, &self.task.question) {
            self.retract(written.next, RetractReason::NotSupported).await?;
            written.next += 1;
            return Ok(());
        }
        // A mark that names no source counts as none.
        let cited = marks.iter().filter_map(|n| usize::try_from(*n).ok()?.checked_sub(1)).collect();
        let verdict = self.check(text.clone(), cited).await?;
        if let Some(reason) = verdict.fault {
            self.retract(written.next, reason).await?;
            written.next += 1;
            return Ok(());
        }
        let mut citations: Vec<Citation> = Vec::new();
        for quote in &verdict.quotes {
            let known = written.citations.iter().chain(&citations).find(|known| self.is_place(known, quote)).cloned();
            let citation = match known {
                Some(known) => known,
                None => {
                    let n = (written.citations.len() + new_ones(&citations, written)) as u32 + 1;
                    let hit = &self.task.found[quote.hit];
                    cite::cite(&self.retriever.catalog, hit, quote, self.dates, n).await?
                }
            };
            citations.push(citation);
        }
        self.tell(text, verdict.support, citations, written).await
    }

    async fn check(&self, sentence: String, cited: Vec<usize>) -> Result<Verdict> {
        let executor = &self.retriever.executor;
        let make = || {
            let (models, task) = (Arc::clone(&self.retriever.models), self.task.clone());
            executor.run(move || Ok(Arc::new(Grounder::new(models, &task.question, &task.found))))
        };
        let grounder = Arc::clone(self.grounder.get_or_try_init(make).await?);
        executor.run(move || grounder.check(&sentence, &cited)).await
    }

    /// A sentence of ours: that the sources differ, and which is the newer one.
    async fn tell_difference(&self, one: usize, other: usize, written: &mut Written) -> Result<()> {
        let document = |hit: usize| &self.task.found[hit].chunk.document_id;
        let cited = |hit: usize| written.citations.iter().find(|known| known.document_id == *document(hit)).cloned();
        let (Some(one), Some(other)) = (cited(one), cited(other)) else { return Ok(()) };
        let text = say::difference(self.task.language, &one, &other);
        self.tell(text, 1.0, vec![one, other], written).await
    }

    async fn citation(&self, quote: &Quote, written: &Written) -> Result<Citation> {
        if let Some(known) = written.citations.iter().find(|known| self.is_place(known, quote)) {
            return Ok(known.clone());
        }
        let n = written.citations.len() as u32 + 1;
        cite::cite(&self.retriever.catalog, &self.task.found[quote.hit], quote, self.dates, n).await
    }

    fn is_place(&self, citation: &Citation, quote: &Quote) -> bool {
        let chunk = &self.task.found[quote.hit].chunk;
        citation.document_id == chunk.document_id
            && citation.start == chunk.start + quote.start
            && citation.end == chunk.start + quote.end
    }

    /// Adds a sentence and tells it, its sources first: a mark means something only to who knows its source.
    async fn tell(&self, text: String, support: f32, citations: Vec<Citation>, written: &mut Written) -> Result<()> {
        let numbers: Vec<u32> = citations.iter().map(|citation| citation.n).collect();
        if let Some(same) = written.sentences.iter_mut().find(|sentence| sentence.text == text) {
            // Told already; its further sources are named by the answer at the end.
            for citation in citations {
                if !same.citations.contains(&citation.n) {
                    same.citations.push(citation.n);
                }
                if written.citations.iter().all(|known| known.n != citation.n) {
                    written.citations.push(citation);
                }
            }
            return Ok(());
        }
        for citation in citations {
            if written.citations.iter().all(|known| known.n != citation.n) {
                send(self.events, || AnswerEvent::Citation(citation.clone())).await?;
                written.citations.push(citation);
            }
        }
        let sentence = Sentence { text, citations: numbers, support };
        let delta = format!("{}{}", if written.sentences.is_empty() { "" } else { "\n" }, say::marked(&sentence));
        let number = written.next;
        written.next += 1;
        written.told.push(number);
        written.sentences.push(sentence);
        send(self.events, || AnswerEvent::Message(MessageDelta { delta, sentence: number })).await
    }

    async fn retract(&self, sentence: u32, reason: RetractReason) -> Result<()> {
        send(self.events, || AnswerEvent::Retract(Retraction { sentence, reason })).await
    }
}

fn new_ones(citations: &[Citation], written: &Written) -> usize {
    citations.iter().filter(|citation| written.citations.iter().all(|known| known.n != citation.n)).count()
}

/// Whether a sentence only says the question again.
fn tells_nothing(sentence: &str, question: &str) -> bool {
    let asked: HashSet<String> = words_in(question, detect(question)).into_iter().collect();
    words_in(sentence, detect(sentence)).iter().all(|word| asked.contains(word) || is_question_word(word))
}

#[cfg(test)]
mod tests {
    use super::tells_nothing;

    #[test]
    fn the_question_again_is_no_answer() {
        let question = "My laptop was stolen. How soon must I tell IT?";
        assert!(tells_nothing("Your laptop was stolen.", question));
        assert!(!tells_nothing("Tell IT within one hour.", question));
        assert!(tells_nothing("试用期有多久？", "试用期有多久"));
        assert!(!tells_nothing("试用期为三个月。", "试用期有多久"));
    }
}
