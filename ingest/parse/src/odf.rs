//! OpenDocument: texts (.odt), spreadsheets (.ods) and presentations (.odp) (OASIS OpenDocument 1.3, part 3).
//!
//! Read are headings, paragraphs, lists, tables with their header, footnotes (after their paragraph), text in shapes,
//! links and the properties. A sheet is a page under its name, and becomes tables as in [`super::sheet`]; comments of
//! cells stand below its rows. A slide is a page under its title, with its speaker notes at the end; slides that are
//! hidden in the show are read, for everyone who opens the file sees them.
//!
//! Left out and counted as hidden text are hidden passages, sections, sheets, rows and columns (not those that a filter
//! hides), and the comments of texts and slides. Left out without a count are deletions of tracked changes, headers and
//! footers, alternative texts of pictures, formulas and embedded charts.

mod content;
mod sheets;
mod styles;

use super::package::{self, Kind, Package, Properties};
use super::text::TextBuilder;
use super::xml::{self, Node};
use super::{ParseError, Parsed, ParsedDocument, Sink, Source};
use styles::Styles;

pub(crate) const TEXT_MEDIA_TYPE: &str = "application/vnd.oasis.opendocument.text";
pub(crate) const SHEETS_MEDIA_TYPE: &str = "application/vnd.oasis.opendocument.spreadsheet";
pub(crate) const SLIDES_MEDIA_TYPE: &str = "application/vnd.oasis.opendocument.presentation";

pub(crate) fn recognises_text(bytes: &[u8]) -> bool {
    package::kind(bytes) == Some(Kind::Odt)
}

pub(crate) fn recognises_sheets(bytes: &[u8]) -> bool {
    package::kind(bytes) == Some(Kind::Ods)
}

pub(crate) fn recognises_slides(bytes: &[u8]) -> bool {
    package::kind(bytes) == Some(Kind::Odp)
}

pub(crate) fn parse(source: &Source<'_>, sink: &mut Sink<'_>) -> Result<(), ParseError> {
    let mut package = Package::open(source.bytes, source.limits.max_expanded_bytes)?;
    if is_encrypted(&mut package)? {
        return Err(ParseError::Encrypted);
    }
    let mut styles = Styles::default();
    if let Some(xml) = package.member("styles.xml")? {
        // Damaged styles are no styles.
        let _ = xml::read(&xml, |node| styles.take(&node));
    }
    let xml = package.member("content.xml")?.ok_or_else(|| ParseError::corrupt("the content is missing"))?;
    let mut builder = TextBuilder::new(source.limits.max_document_chars);
    let title = match source.media_type {
        SHEETS_MEDIA_TYPE => sheets::push(&mut builder, &xml, styles).map(|()| None),
        _ => content::push(&mut builder, &xml, styles),
    };
    let title = match title {
        Ok(title) => title,
        Err(error) if builder.is_blank() => return Err(error),
        // Broken off in the middle: what was read so far is kept.
        Err(_) => None,
    };
    let built = builder.finish()?;
    let Properties { title: named, metadata } = package.open_document_properties()?;
    let document = ParsedDocument { title: title.or(named), metadata, ..built.into_document(source.media_type) };
    let _ = sink(Parsed::Document(document));
    Ok(())
}

/// Each encrypted member says so in the manifest (part 2, 4.4).
fn is_encrypted(package: &mut Package<'_>) -> Result<bool, ParseError> {
    let Some(xml) = package.member("META-INF/manifest.xml")? else { return Ok(false) };
    let mut encrypted = false;
    let _ = xml::read(&xml, |node| {
        encrypted |= matches!(node, Node::Open(element) if element.name == "encryption-data");
    });
    Ok(encrypted)
}

#[cfg(test)]
mod tests;
