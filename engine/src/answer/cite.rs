//! Places in passages → citations: what is quoted, where it stands, from when it is.

use std::collections::HashMap;

use taproot_schemas::answer::{Citation, Span};

use super::compose::Quote;
use super::ground::may_be_shown;
use crate::Result;
use crate::retrieve::Found;
use crate::store::{Catalog, join_headings};
use crate::text::{SentenceSpan, sentences, slice_chars};

/// Characters that a sentence has at least, and a heading seldom.
const TELLING_CHARS: usize = 24;

/// When each document was made or last changed, by document id.
pub type Dates = HashMap<String, String>;

/// The citation of a quote, with page and heading of its place: a chunk knows them for its beginning only.
pub async fn cite(catalog: &Catalog, hit: &Found, quote: &Quote, dates: &Dates, n: u32) -> Result<Citation> {
    let mut citation = place(hit, SentenceSpan { start: quote.start, end: quote.end }, n);
    citation.span = quote.span.map(|(start, end)| Span { start: hit.chunk.start + start, end: hit.chunk.start + end });
    citation.date = dates.get(&hit.chunk.document_id).cloned();
    locate(catalog, hit, &mut citation).await?;
    Ok(citation)
}

/// The citation of the header of the table that the passage begins in the middle of; `None` when it is not there any more.
pub async fn cite_header(catalog: &Catalog, hit: &Found, dates: &Dates, n: u32) -> Result<Option<Citation>> {
    let chunk = &hit.chunk;
    let Some(header) = chunk.table_header.as_deref() else { return Ok(None) };
    let Some(start) = catalog.find_before(&chunk.document_id, chunk.version, header, chunk.start).await? else {
        return Ok(None);
    };
    let mut citation = Citation {
        quote: header.to_owned(),
        start,
        end: start + header.chars().count(),
        date: dates.get(&chunk.document_id).cloned(),
        ..place(hit, SentenceSpan { start: 0, end: 0 }, n)
    };
    locate(catalog, hit, &mut citation).await?;
    Ok(Some(citation))
}

/// The citation of a passage's first telling sentence: where to look, when nothing answers.
pub async fn cite_head(catalog: &Catalog, hit: &Found, dates: &Dates, n: u32) -> Result<Citation> {
    let mut all = sentences(&hit.chunk.text);
    all.retain(|sentence| may_be_shown(slice_chars(&hit.chunk.text, sentence.start, sentence.end)));
    let telling = all.iter().find(|sentence| sentence.end - sentence.start >= TELLING_CHARS);
    // Of a passage that has nothing to show, its place.
    let none = SentenceSpan { start: 0, end: 0 };
    let SentenceSpan { start, end } = telling.or(all.first()).copied().unwrap_or(none);
    cite(catalog, hit, &Quote { hit: 0, start, end, span: None }, dates, n).await
}

async fn locate(catalog: &Catalog, hit: &Found, citation: &mut Citation) -> Result<()> {
    let chunk = &hit.chunk;
    if let Some(place) = catalog.place(&chunk.document_id, chunk.version, citation.start).await? {
        citation.page = place.page;
        citation.heading = join_headings(&place.heading);
    }
    Ok(())
}

fn place(hit: &Found, span: SentenceSpan, n: u32) -> Citation {
    let chunk = &hit.chunk;
    Citation {
        n,
        document_id: chunk.document_id.clone(),
        chunk_id: chunk.id.to_string(),
        title: chunk.title.clone(),
        uri: chunk.uri.clone(),
        page: chunk.page,
        heading: chunk.heading.clone(),
        quote: slice_chars(&chunk.text, span.start, span.end).to_owned(),
        start: chunk.start + span.start,
        end: chunk.start + span.end,
        span: None,
        date: None,
        score: hit.score,
    }
}
