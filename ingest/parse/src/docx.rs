//! Word documents (.docx: Office Open XML, ECMA-376 part 1).
//!
//! Read are paragraphs with their styles, lists, tables, text boxes, charts (after their paragraph),
//! footnotes, links and the core properties; of tracked
//! changes the new text. Left out and counted as hidden text are comments and what a reader does not see: hidden
//! characters, letters of a point or less, and white letters on a page without shading. Left out without a count are
//! headers and footers and embedded objects.

mod body;
pub(crate) mod styles;

use std::collections::BTreeMap;

use taproot_schemas::document::NoteKind;

use super::chart;
use super::package::{self, Kind, Package, Properties, Relation};
use super::text::TextBuilder;
use super::xml;
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
    let relations = package.relations(&main)?;
    let mut charts = BTreeMap::new();
    for (id, relation) in relations.iter().filter(|(_, relation)| relation.kind == "chart") {
        charts.insert(id.clone(), chart::read(&package.member(&relation.target)?.unwrap_or_default()));
    }
    let title = body::push(&mut builder, &xml, &styles, &relations, charts)?;
    for Relation { kind, target, .. } in relations.values() {
        match kind.as_str() {
            "footnotes" | "endnotes" => {
                let relations = package.relations(target)?;
                let xml = package.member(target)?.unwrap_or_default();
                body::push_notes(&mut builder, &xml, &styles, &relations)?;
            }
            "comments" => {
                let comments = xml::count(&package.member(target)?.unwrap_or_default(), "comment");
                builder.note(NoteKind::HiddenText, comments);
            }
            _ => {}
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
