//! Excel workbooks in binary forms: .xls (BIFF5 and BIFF8 in an OLE container, MS-XLS) and .xlsb (MS-XLSB).
//!
//! Their cells are decoded by calamine. Sheets become pages and tables as in .xlsx; hidden sheets are left out and
//! counted, in .xls also hidden rows and columns that no filter or closed group hides. Number formats are known for
//! dates; in .xls also for percents and amounts of money. Left out are comments, links and charts.
//!
//! calamine reads a sheet of .xls into one rectangle. A sheet whose rectangle would be too large is refused before
//! that, by a look at the records ([`records`]), and a panic inside calamine is a damaged file.

mod records;

use std::io::{Cursor, Read, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};

use calamine::{Data, DataRef, Reader, Sheet, SheetType, SheetVisible, Xls, XlsError, Xlsb, XlsbError};
use taproot_schemas::document::NoteKind;

use super::ole;
use super::package::{self, Kind, Package};
use super::sheet::number::{self, NumberFormat};
use super::sheet::{Cell, CellKind, Row, SheetWriter};
use super::text::TextBuilder;
use super::{ParseError, Parsed, ParsedDocument, Sink, Source};

pub(crate) const MEDIA_TYPE: &str = "application/vnd.ms-excel";
pub(crate) const BINARY_MEDIA_TYPE: &str = "application/vnd.ms-excel.sheet.binary.macroenabled.12";

/// The stream with the workbook since Excel 97, and before.
const STREAMS: &[&str] = &["/Workbook", "/Book"];

/// An OLE container with a workbook at its root.
pub(crate) fn recognises(bytes: &[u8]) -> bool {
    ole::kind(bytes) == Some(ole::Kind::Excel)
}

pub(crate) fn recognises_binary(bytes: &[u8]) -> bool {
    package::kind(bytes) == Some(Kind::Xlsb)
}

pub(crate) fn parse(source: &Source<'_>, sink: &mut Sink<'_>) -> Result<(), ParseError> {
    let stream = workbook_stream(source.bytes)?;
    let records = records::read(&stream)?;
    let container = container_of(&stream).map_err(ParseError::corrupt)?;
    drop(stream);
    let mut builder = TextBuilder::new(source.limits.max_document_chars);
    guarded(|| push_xls(&mut builder, &container, &records))?;
    let _ = sink(Parsed::Document(builder.finish()?.into_document(source.media_type)));
    Ok(())
}

pub(crate) fn parse_binary(source: &Source<'_>, sink: &mut Sink<'_>) -> Result<(), ParseError> {
    let mut package = Package::open(source.bytes, source.limits.max_expanded_bytes)?;
    package.check_members(".bin")?;
    let mut builder = TextBuilder::new(source.limits.max_document_chars);
    guarded(|| push_xlsb(&mut builder, source.bytes))?;
    let built = builder.finish()?;
    let package::Properties { title, metadata } = package.core_properties()?;
    let document = ParsedDocument { title, metadata, ..built.into_document(source.media_type) };
    let _ = sink(Parsed::Document(document));
    Ok(())
}

fn workbook_stream(bytes: &[u8]) -> Result<Vec<u8>, ParseError> {
    let mut container = cfb::CompoundFile::open(Cursor::new(bytes)).map_err(ParseError::corrupt)?;
    let name = STREAMS.iter().find(|stream| container.is_stream(stream));
    let name = name.ok_or_else(|| ParseError::corrupt("the workbook is missing"))?;
    let mut stream = Vec::new();
    let opened = container.open_stream(name).map_err(ParseError::corrupt)?;
    // A stream cannot be longer than the file that holds it.
    opened.take(bytes.len() as u64).read_to_end(&mut stream).map_err(ParseError::corrupt)?;
    Ok(stream)
}

/// A sound container around the workbook: calamine follows chains of sectors wherever they lead.
fn container_of(stream: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut container = cfb::CompoundFile::create_with_version(cfb::Version::V3, Cursor::new(Vec::new()))?;
    container.create_stream("/Workbook")?.write_all(stream)?;
    container.flush()?;
    Ok(container.into_inner().into_inner())
}

/// calamine trusts the lengths in some records.
fn guarded(read: impl FnOnce() -> Result<(), ParseError>) -> Result<(), ParseError> {
    catch_unwind(AssertUnwindSafe(read))
        .unwrap_or_else(|_| Err(ParseError::corrupt("a record of the workbook is broken")))
}

fn push_xls(builder: &mut TextBuilder, bytes: &[u8], records: &records::Records) -> Result<(), ParseError> {
    let mut workbook: Xls<_> = Xls::new(Cursor::new(bytes)).map_err(|error| match error {
        XlsError::Password => ParseError::Encrypted,
        error => ParseError::corrupt(error),
    })?;
    let mut writer = SheetWriter::new(builder);
    let sheets = workbook.sheets_metadata().to_vec();
    for (number, (index, sheet)) in visible(&sheets, &mut writer).into_iter().enumerate() {
        writer.begin_sheet(number as u32 + 1, &sheet.name);
        let Ok(cells) = workbook.worksheet_range(&sheet.name) else {
            writer.builder.note(NoteKind::FailedPages, 1);
            continue;
        };
        let facts = records.sheets.get(index);
        let (first_row, first_column) = cells.start().unwrap_or_default();
        let mut hidden = 0u32;
        for (row_number, values) in (first_row..).zip(cells.rows()) {
            let mut row = Row::new();
            for (column, value) in (first_column..).zip(values) {
                let format =
                    facts.and_then(|facts| facts.format(row_number, column)).and_then(|id| records.formats.get(id));
                let Some(cell) = cell(value, format) else { continue };
                if facts.is_some_and(|facts| facts.is_hidden(row_number, column)) {
                    hidden = hidden.saturating_add(1);
                } else {
                    row.insert(column, cell);
                }
            }
            writer.push_row(row_number, row);
        }
        writer.builder.note(NoteKind::HiddenText, hidden);
    }
    writer.end_sheet();
    Ok(())
}

fn push_xlsb(builder: &mut TextBuilder, bytes: &[u8]) -> Result<(), ParseError> {
    let mut workbook: Xlsb<_> = Xlsb::new(Cursor::new(bytes)).map_err(|error| match error {
        XlsbError::Password => ParseError::Encrypted,
        error => ParseError::corrupt(error),
    })?;
    let mut writer = SheetWriter::new(builder);
    let sheets = workbook.sheets_metadata().to_vec();
    for (number, (_, sheet)) in visible(&sheets, &mut writer).into_iter().enumerate() {
        writer.begin_sheet(number as u32 + 1, &sheet.name);
        let Ok(mut cells) = workbook.worksheet_cells_reader(&sheet.name) else {
            writer.builder.note(NoteKind::FailedPages, 1);
            continue;
        };
        let (mut row_number, mut row) = (0, Row::new());
        loop {
            let next = match cells.next_cell() {
                Ok(Some(next)) => next,
                Ok(None) => break,
                Err(_) => {
                    writer.builder.note(NoteKind::FailedPages, 1);
                    break;
                }
            };
            let (at, column) = next.get_position();
            if at != row_number {
                writer.push_row(row_number, std::mem::take(&mut row));
                row_number = at;
            }
            row.extend(cell(&owned(next.get_value()), None).map(|cell| (column, cell)));
        }
        writer.push_row(row_number, row);
    }
    writer.end_sheet();
    Ok(())
}

/// Worksheets that are not hidden, with their place among all sheets.
fn visible<'a>(sheets: &'a [Sheet], writer: &mut SheetWriter<'_>) -> Vec<(usize, &'a Sheet)> {
    let worksheets = || sheets.iter().enumerate().filter(|(_, sheet)| sheet.typ == SheetType::WorkSheet);
    let hidden = worksheets().filter(|(_, sheet)| sheet.visible != SheetVisible::Visible).count();
    writer.builder.note(NoteKind::HiddenText, hidden as u32);
    worksheets().filter(|(_, sheet)| sheet.visible == SheetVisible::Visible).collect()
}

fn owned(value: &DataRef<'_>) -> Data {
    value.clone().into()
}

/// What a cell shows; none for an empty one.
fn cell(value: &Data, format: Option<&NumberFormat>) -> Option<Cell> {
    let format = format.unwrap_or(&NumberFormat::Plain);
    Some(match value {
        Data::Empty => return None,
        Data::String(text) => Cell::text(text.clone()),
        Data::Int(number) => format.cell(*number as f64, false),
        Data::Float(number) => format.cell(*number, false),
        Data::Bool(truth) => Cell { text: if *truth { "TRUE" } else { "FALSE" }.to_owned(), kind: CellKind::Number },
        Data::DateTime(date) if date.is_duration() => NumberFormat::Duration.cell(date.as_f64(), false),
        // The epoch of the workbook is already in its parts.
        Data::DateTime(date) => {
            Cell { text: number::iso(date.to_ymd_hms_milli(), date.as_f64() < 1.0), kind: CellKind::Date }
        }
        Data::DateTimeIso(text) => Cell { text: text.clone(), kind: CellKind::Date },
        Data::DurationIso(text) => Cell { text: text.clone(), kind: CellKind::Number },
        Data::Error(error) => Cell { text: error.to_string(), kind: CellKind::Number },
    })
}

#[cfg(test)]
mod tests;
