//! PowerPoint presentations of before 2007 (.ppt: MS-PPT).
//!
//! Read are the slides in their order, each a page: titles as headings, texts, tables, speaker notes, links, and the
//! summary properties. Left out are masters, dates, footers and slide numbers, comments, and embedded objects. When the
//! file's directory is broken, all the text that stands anywhere in it is taken, which is noted.

mod persist;
mod records;
mod shapes;
mod slides;

use taproot_schemas::document::NoteKind;

use super::ole::properties::summary;
use super::ole::{self, Container, Kind};
use super::text::TextBuilder;
use super::{ParseError, Parsed, ParsedDocument, Sink, Source};
use persist::Directory;

pub(crate) const MEDIA_TYPE: &str = "application/vnd.ms-powerpoint";

pub(crate) fn recognises(bytes: &[u8]) -> bool {
    ole::kind(bytes) == Some(Kind::PowerPoint)
}

pub(crate) fn parse(source: &Source<'_>, sink: &mut Sink<'_>) -> Result<(), ParseError> {
    let mut container = Container::open(source.bytes, source.limits.max_expanded_bytes)?;
    let main = container.stream("/PowerPoint Document")?.ok_or_else(|| ParseError::corrupt("its text is missing"))?;
    let user = container.stream("/Current User").unwrap_or_default().unwrap_or_default();
    let mut builder = TextBuilder::new(source.limits.max_document_chars);
    match Directory::read(&main, &user)? {
        Some(directory) => slides::push(&mut builder, &directory),
        None => {
            slides::push_anything(&mut builder, &main);
            builder.note(NoteKind::BestEffort, 1);
        }
    }
    let built = builder.finish()?;
    let (title, metadata) = summary(&mut container);
    let document = ParsedDocument { title, metadata, ..built.into_document(source.media_type) };
    let _ = sink(Parsed::Document(document));
    Ok(())
}

#[cfg(test)]
mod tests;
