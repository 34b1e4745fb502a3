//! Word documents of before 2007 (.doc: MS-DOC).
//!
//! Read are the main text, footnotes, endnotes and text boxes, with headings (by style or outline level, whatever the
//! language of the style's name), lists with their numbers, tables and links, and the summary properties. Left out are
//! headers and footers, comments, deletions of tracked changes, field codes, and hidden text (which is noted). Of files of Word 6 and 95 the text is taken without its layout.

mod body;
mod fib;
mod formats;
mod lists;
mod pieces;
mod styles;
mod word6;

use super::ole::properties::summary;
use super::ole::{self, Container, Kind};
use super::text::TextBuilder;
use super::{ParseError, Parsed, ParsedDocument, Sink, Source};
use fib::Fib;

pub(crate) const MEDIA_TYPE: &str = "application/msword";

pub(crate) fn recognises(bytes: &[u8]) -> bool {
    ole::kind(bytes) == Some(Kind::Word)
}

pub(crate) fn parse(source: &Source<'_>, sink: &mut Sink<'_>) -> Result<(), ParseError> {
    let mut container = Container::open(source.bytes, source.limits.max_expanded_bytes)?;
    let main = container.stream("/WordDocument")?.ok_or_else(|| ParseError::corrupt("its text is missing"))?;
    let fib = Fib::read(&main).ok_or_else(|| ParseError::corrupt("its header is not one of a Word document"))?;
    if fib.is_encrypted {
        return Err(ParseError::Encrypted);
    }
    let mut builder = TextBuilder::new(source.limits.max_document_chars);
    if fib.is_word6() {
        word6::push(&mut builder, &main, &fib);
    } else {
        let table = container.stream(if fib.uses_table_1 { "/1Table" } else { "/0Table" })?;
        let table = table.ok_or_else(|| ParseError::corrupt("its table stream is missing"))?;
        body::push(&mut builder, &main, &table, &fib)?;
    }
    let built = builder.finish()?;
    let (title, metadata) = summary(&mut container);
    let document = ParsedDocument { title, metadata, ..built.into_document(source.media_type) };
    let _ = sink(Parsed::Document(document));
    Ok(())
}

#[cfg(test)]
mod tests;
