//! Excel workbooks (.xlsx, .xlsm: SpreadsheetML, ECMA-376 part 1, 18).
//!
//! Each sheet is a page under its name. Read are the values of cells as a person sees them (formulas by the value that
//! was saved with them), merged labels in each row they stand for, hyperlinks, comments (below the rows of their sheet)
//! and the properties. How rows become tables is told in [`super::sheet`].
//!
//! What nobody sees without asking for it is left out and counted as hidden text: hidden sheets, rows and columns. Rows
//! that a filter hides and rows and columns of a closed group are read: one click shows them. Left out as well are
//! charts (they repeat cells), headers and footers, drawings, macros.
//!
//! The reader is our own: it takes the sheet cell by cell, so that a cell in the far corner costs nothing, and it knows
//! what is hidden.

mod cells;
mod comments;
mod styles;

use taproot_schemas::document::NoteKind;

use super::package::{self, Kind, Package, Properties};
use super::sheet::SheetWriter;
use super::text::TextBuilder;
use super::xml::{self, Node};
use super::{ParseError, Parsed, ParsedDocument, Sink, Source};
use cells::Around;

pub(crate) const MEDIA_TYPE: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

pub(crate) fn recognises(bytes: &[u8]) -> bool {
    package::kind(bytes) == Some(Kind::Xlsx)
}

/// What the sheets of a workbook share.
#[derive(Default)]
struct Workbook {
    sheets: Vec<SheetEntry>,
    is_1904: bool,
    strings: Vec<String>,
    styles: styles::Styles,
}

struct SheetEntry {
    name: String,
    relation: String,
    is_hidden: bool,
}

pub(crate) fn parse(source: &Source<'_>, sink: &mut Sink<'_>) -> Result<(), ParseError> {
    let mut package = Package::open(source.bytes, source.limits.max_expanded_bytes)?;
    let main = package.main_document("xl/workbook.xml")?;
    let relations = package.relations(&main)?;
    let xml = package.member(&main)?.ok_or_else(|| ParseError::corrupt("the workbook is missing"))?;
    let mut workbook = workbook(&xml)?;
    for relation in relations.values() {
        match relation.kind.as_str() {
            "sharedStrings" => workbook.strings = strings(&package.member(&relation.target)?.unwrap_or_default())?,
            "styles" => workbook.styles = styles::read(&package.member(&relation.target)?.unwrap_or_default()),
            _ => {}
        }
    }
    let mut builder = TextBuilder::new(source.limits.max_document_chars);
    let mut writer = SheetWriter::new(&mut builder);
    let mut number = 0;
    let mut failure = None;
    for sheet in &workbook.sheets {
        let Some(relation) = relations.get(&sheet.relation) else { continue };
        if sheet.is_hidden {
            writer.builder.note(NoteKind::HiddenText, 1);
            continue;
        }
        number += 1;
        writer.begin_sheet(number, &sheet.name);
        match push_sheet(&mut package, &relation.target, &workbook, &mut writer) {
            Ok(()) => {}
            Err(error @ (ParseError::TooLarge { .. } | ParseError::Encrypted)) => return Err(error),
            Err(error) => {
                writer.builder.note(NoteKind::FailedPages, 1);
                failure.get_or_insert(error);
            }
        }
        writer.end_sheet();
    }
    // Without any text, the reason why a sheet could not be read says more than that there is none.
    if let (true, Some(failure)) = (builder.is_blank(), failure) {
        return Err(failure);
    }
    let built = builder.finish()?;
    let Properties { title, metadata } = package.core_properties()?;
    let document = ParsedDocument { title, metadata, ..built.into_document(source.media_type) };
    let _ = sink(Parsed::Document(document));
    Ok(())
}

fn push_sheet(
    package: &mut Package<'_>,
    member: &str,
    workbook: &Workbook,
    writer: &mut SheetWriter<'_>,
) -> Result<(), ParseError> {
    let xml = package.member(member)?.ok_or_else(|| ParseError::corrupt("a sheet is missing"))?;
    let relations = package.relations(member)?;
    let mut around = Around::read(&xml, &relations);
    for table in relations.values().filter(|relation| relation.kind == "table") {
        around.see_table(&package.member(&table.target)?.unwrap_or_default());
    }
    let read = cells::push(writer, &xml, &around, workbook);
    for relation in relations.values() {
        if matches!(relation.kind.as_str(), "comments" | "threadedComment") {
            comments::push(writer, &package.member(&relation.target)?.unwrap_or_default());
        }
    }
    read
}

fn workbook(xml: &[u8]) -> Result<Workbook, ParseError> {
    let mut workbook = Workbook::default();
    xml::read(xml, |node| {
        let Node::Open(element) = node else { return };
        match element.name {
            "workbookPr" => {
                workbook.is_1904 |= element.attribute("date1904").is_some_and(|value| matches!(&*value, "1" | "true"));
            }
            "sheet" => workbook.sheets.push(SheetEntry {
                name: element.attribute("name").unwrap_or_default(),
                relation: element.attribute("id").unwrap_or_default(),
                is_hidden: element.attribute("state").is_some_and(|state| state != "visible"),
            }),
            _ => {}
        }
    })?;
    Ok(workbook)
}

/// The texts that cells point to by number.
fn strings(xml: &[u8]) -> Result<Vec<String>, ParseError> {
    let mut strings = Vec::new();
    let mut text = RichText::default();
    xml::read(xml, |node| {
        if matches!(node, Node::Close("si")) {
            strings.push(std::mem::take(&mut text).finish());
        } else {
            text.take(&node);
        }
    })?;
    Ok(strings)
}

/// Text in runs (`CT_Rst`), without the readings of Chinese characters in Japanese.
#[derive(Default)]
struct RichText {
    text: String,
    in_text: bool,
    in_reading: bool,
}

impl RichText {
    fn take(&mut self, node: &Node<'_>) {
        match node {
            Node::Open(element) if element.name == "rPh" => self.in_reading = true,
            Node::Close("rPh") => self.in_reading = false,
            Node::Open(element) if element.name == "t" => self.in_text = !self.in_reading,
            Node::Close("t") => self.in_text = false,
            Node::Text(text) if self.in_text => self.text.push_str(text),
            _ => {}
        }
    }

    fn finish(self) -> String {
        unescaped(self.text)
    }
}

/// Characters that XML cannot hold are written `_x000D_` (`ST_Xstring`).
fn unescaped(text: String) -> String {
    if !text.contains("_x") {
        return text;
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some(at) = rest.find("_x") {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let escaped = rest.get(2..6).filter(|_| rest.as_bytes().get(6) == Some(&b'_'));
        let character = escaped.and_then(|code| u32::from_str_radix(code, 16).ok()).and_then(char::from_u32);
        match character {
            Some(character) => out.push(character),
            None => out.push_str("_x"),
        }
        rest = &rest[if character.is_some() { 7 } else { 2 }..];
    }
    out + rest
}

#[cfg(test)]
mod tests;
