//! Rich Text Format (RTF specification 1.9.1), the format of word processors and of Outlook messages.
//!
//! Read are paragraphs, headings (outline levels and styles), lists with their marks, tables, text boxes, footnotes,
//! links and the document's properties. Left out are headers and footers, comments, deletions of tracked changes,
//! pictures and embedded objects, and hidden text (which is noted). HTML inside of RTF, as Outlook writes it
//! (MS-OXRTFEX), is read as HTML.

mod fonts;
mod paragraph;
mod reader;
mod tokens;

use std::collections::BTreeMap;

use serde_json::Value;

use super::text::TextBuilder;
use super::{ParseError, Parsed, ParsedDocument, Sink, Source};

pub(crate) const MEDIA_TYPE: &str = "application/rtf";

/// What a document says of itself.
#[derive(Debug, Default)]
pub(crate) struct About {
    pub title: Option<String>,
    pub metadata: BTreeMap<String, Value>,
}

pub(crate) fn recognises(bytes: &[u8]) -> bool {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii_start();
    bytes.starts_with(b"{\\rtf")
}

pub(crate) fn parse(source: &Source<'_>, sink: &mut Sink<'_>) -> Result<(), ParseError> {
    let mut builder = TextBuilder::new(source.limits.max_document_chars);
    let about = push(&mut builder, source.bytes);
    let built = builder.finish()?;
    let document =
        ParsedDocument { title: about.title, metadata: about.metadata, ..built.into_document(source.media_type) };
    let _ = sink(Parsed::Document(document));
    Ok(())
}

/// Appends the text of an RTF document, up to where it is broken. Any bytes will do.
pub(crate) fn push(builder: &mut TextBuilder, bytes: &[u8]) -> About {
    reader::Reader::new(builder).read(bytes)
}

#[cfg(test)]
mod tests;
