//! Word documents (.docx: Office Open XML, ECMA-376 part 1).
//!
//! Read are paragraphs with their styles, lists, tables, footnotes and the core properties. Left out are headers and
//! footers, comments, deletions of tracked changes, and embedded objects.

mod body;
pub(crate) mod styles;

use super::package::{self, Kind, Package, Properties};
use super::text::TextBuilder;
use super::{ParseError, Parsed, ParsedDocument, Sink, Source};

pub(crate) const MEDIA_TYPE: &str = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";

pub(crate) fn recognises(bytes: &[u8]) -> bool {
    package::kind(bytes) == Some(Kind::Docx)
}

pub(crate) fn parse(source: &Source<'_>, sink: &mut Sink<'_>) -> Result<(), ParseError> {
    let mut package = Package::open(source.bytes, source.limits.max_expanded_bytes)?;
    let main = package.main_document("word/document.xml")?;
    let styles = match package.beside(&main, "styles.xml")? {
        Some(xml) => styles::read(&xml)?,
        None => styles::Styles::default(),
    };
    let xml = package.member(&main)?.ok_or_else(|| ParseError::corrupt("the main document is missing"))?;
    let mut builder = TextBuilder::new(source.limits.max_document_chars);
    let title = body::push(&mut builder, &xml, &styles)?;
    for notes in ["footnotes.xml", "endnotes.xml"] {
        if let Some(xml) = package.beside(&main, notes)? {
            body::push_notes(&mut builder, &xml, &styles)?;
        }
    }
    let built = builder.finish()?;
    let Properties { title: named, metadata } = package.core_properties()?;
    let document = ParsedDocument { title: title.or(named), metadata, ..built.into_document(source.media_type) };
    let _ = sink(Parsed::Document(document));
    Ok(())
}

#[cfg(test)]
mod tests;
