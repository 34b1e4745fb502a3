//! Presentations (.pptx: PresentationML, ECMA-376 part 1, 19).
//!
//! Each slide, in the order of the show, is a page under its title. Read are its texts with list levels, tables with
//! their header, grouped shapes, SmartArt, the names and numbers of charts, links, and at the end of the page the
//! speaker notes. Slides that are hidden in the show are read: everyone who opens the file sees them, and backup slides
//! answer questions.
//!
//! Left out and counted as hidden text are hidden shapes and comments. Left out without a count are slide numbers, dates,
//! headers and footers, what stands on masters and layouts, alternative texts of pictures, embedded objects.

mod shapes;

use taproot_schemas::document::NoteKind;

use super::chart;
use super::package::{self, Kind, Package, Properties, Relation};
use super::slide::{Piece, Slide};
use super::text::TextBuilder;
use super::xml::{self, Node};
use super::{ParseError, Parsed, ParsedDocument, Sink, Source};

pub(crate) const MEDIA_TYPE: &str = "application/vnd.openxmlformats-officedocument.presentationml.presentation";

pub(crate) fn recognises(bytes: &[u8]) -> bool {
    package::kind(bytes) == Some(Kind::Pptx)
}

pub(crate) fn parse(source: &Source<'_>, sink: &mut Sink<'_>) -> Result<(), ParseError> {
    let mut package = Package::open(source.bytes, source.limits.max_expanded_bytes)?;
    let main = package.main_document("ppt/presentation.xml")?;
    let relations = package.relations(&main)?;
    let xml = package.member(&main)?.ok_or_else(|| ParseError::corrupt("the presentation is missing"))?;
    let mut builder = TextBuilder::new(source.limits.max_document_chars);
    let mut failure = None;
    for (number, slide) in (1..).zip(slide_ids(&xml)?) {
        let member = relations.get(&slide).map(|relation| relation.target.as_str()).unwrap_or_default();
        let mut slide = Slide::default();
        let read = read_slide(&mut package, member, &mut slide, &mut builder);
        // What was read of a broken slide stays.
        slide.write(&mut builder, number);
        match read {
            Ok(()) => {}
            Err(error @ (ParseError::TooLarge { .. } | ParseError::Encrypted)) => return Err(error),
            Err(error) => {
                builder.note(NoteKind::FailedPages, 1);
                failure.get_or_insert(error);
            }
        }
        if builder.is_full() {
            break;
        }
    }
    if let (true, Some(failure)) = (builder.is_blank(), failure) {
        return Err(failure);
    }
    let built = builder.finish()?;
    let Properties { title, metadata } = package.core_properties()?;
    let document = ParsedDocument { title, metadata, ..built.into_document(source.media_type) };
    let _ = sink(Parsed::Document(document));
    Ok(())
}

/// Relations of the slides in the order of the show (19.2.1.33).
fn slide_ids(xml: &[u8]) -> Result<Vec<String>, ParseError> {
    let mut found = Vec::new();
    xml::read(xml, |node| {
        if let Node::Open(element) = node
            && element.name == "sldId"
        {
            found.extend(element.prefixed_attribute("id"));
        }
    })?;
    Ok(found)
}

/// The parts of a slide that are members of their own; a damaged one of those leaves the slide.
fn read_slide(
    package: &mut Package<'_>,
    member: &str,
    slide: &mut Slide,
    builder: &mut TextBuilder,
) -> Result<(), ParseError> {
    let xml = package.member(member)?.ok_or_else(|| ParseError::corrupt("a slide is missing"))?;
    let relations = package.relations(member)?;
    let read = shapes::read(&xml, &relations, slide, builder);
    for Relation { kind, target, is_external } in relations.values() {
        if *is_external || !matches!(kind.as_str(), "diagramData" | "chart" | "notesSlide" | "comments") {
            continue;
        }
        let part = package.member(target)?.unwrap_or_default();
        match kind.as_str() {
            "diagramData" => slide.pieces.extend(shapes::paragraphs(&part).into_iter().map(Piece::ListItem)),
            "chart" => slide.pieces.extend(chart::read(&part)),
            "notesSlide" => slide.notes.extend(shapes::notes(&part, builder)),
            _ => builder.note(NoteKind::HiddenText, xml::count(&part, "cm")),
        }
    }
    read
}

#[cfg(test)]
mod tests;
