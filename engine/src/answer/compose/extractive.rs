//! Evidence → sentences with citations. Extractive: the sentences are the documents' own.

use taproot_schemas::answer::{Citation, Sentence};

use crate::answer::ground::leads_out;
use crate::answer::read::{Candidate, Evidence};
use crate::retrieve::Found;
use crate::text::{SentenceSpan, addresses_a_model, sentences, slice_chars};

/// A further sentence is added while its log-odds are no more than this below the best's.
const NEAR_BEST: f32 = 2.0;

/// Sentences in the order of their worth, with the citations that they name.
pub struct Composed {
    pub sentences: Vec<Sentence>,
    pub citations: Vec<Citation>,
    pub short_answer: Option<String>,
}

/// At most `max_sentences` sentences; `None` when there is no evidence.
pub fn compose(evidence: &Evidence, found: &[Found], max_sentences: usize) -> Option<Composed> {
    let shown = |candidate: &&Candidate| may_be_shown(&found[candidate.hit], candidate.sentence);
    let best = evidence.candidates.iter().find(shown)?;
    let mut composed = Composed { sentences: Vec::new(), citations: Vec::new(), short_answer: None };
    composed.short_answer =
        best.span.map(|(start, end)| slice_chars(&found[best.hit].chunk.text, start, end).to_owned());
    for candidate in
        evidence.candidates.iter().filter(shown).take_while(|candidate| candidate.score >= best.score - NEAR_BEST)
    {
        composed.add(candidate, &found[candidate.hit], max_sentences);
    }
    (!composed.sentences.is_empty()).then_some(composed)
}

impl Composed {
    /// Adds a sentence with its source. The same sentence of another document becomes its second source.
    fn add(&mut self, candidate: &Candidate, hit: &Found, max_sentences: usize) {
        let citation = cite(hit, candidate.sentence, self.citations.len() as u32 + 1);
        let overlaps = |known: &Citation| {
            known.document_id == citation.document_id && known.start < citation.end && citation.start < known.end
        };
        if self.citations.iter().any(overlaps) {
            return;
        }
        if let Some(same) = self.sentences.iter_mut().find(|sentence| sentence.text == citation.quote) {
            same.citations.push(citation.n);
            self.citations.push(citation);
        } else if self.sentences.len() < max_sentences {
            let text = citation.quote.clone();
            self.sentences.push(Sentence { text, citations: vec![citation.n], support: 1.0 });
            self.citations.push(citation);
        }
    }
}

/// Whether a sentence of a passage is fit to be shown as it is.
fn may_be_shown(hit: &Found, SentenceSpan { start, end }: SentenceSpan) -> bool {
    let text = slice_chars(&hit.chunk.text, start, end);
    !leads_out(text) && !addresses_a_model(text)
}

/// The citation of a sentence of a passage.
fn cite(hit: &Found, sentence: SentenceSpan, n: u32) -> Citation {
    let chunk = &hit.chunk;
    Citation {
        n,
        document_id: chunk.document_id.clone(),
        chunk_id: chunk.id.to_string(),
        title: chunk.title.clone(),
        uri: chunk.uri.clone(),
        page: chunk.page,
        heading: chunk.heading.clone(),
        quote: slice_chars(&chunk.text, sentence.start, sentence.end).to_owned(),
        start: chunk.start + sentence.start,
        end: chunk.start + sentence.end,
        span: None,
        date: None,
        score: hit.score,
    }
}

/// Characters that a sentence has at least, and a heading seldom.
const TELLING_CHARS: usize = 24;

/// The citation of a passage's first telling sentence: where to look, when nothing answers.
pub fn cite_head(hit: &Found, n: u32) -> Citation {
    let mut all = sentences(&hit.chunk.text);
    all.retain(|sentence| may_be_shown(hit, *sentence));
    let telling = all.iter().find(|sentence| sentence.end - sentence.start >= TELLING_CHARS);
    // Of a passage that has nothing to show, its place.
    let none = SentenceSpan { start: 0, end: 0 };
    cite(hit, telling.or(all.first()).copied().unwrap_or(none), n)
}
