//! The cells of one sheet (`xl/worksheets/sheet1.xml`), row by row.

use std::collections::{BTreeMap, HashMap};
use std::ops::RangeInclusive;

use taproot_schemas::document::NoteKind;

use super::super::ParseError;
use super::super::package::Relation;
use super::super::sheet::{Cell, CellKind, Row, SheetWriter};
use super::super::xml::{self, Element, Node};
use super::{RichText, Workbook};

const MAX_ROWS: u32 = 1_048_576;
const MAX_COLUMNS: u32 = 16_384;
/// Merged ranges, links and groups of columns that are looked at, of each.
const MAX_RANGES: usize = 20_000;

/// What stands behind the rows of a sheet and has to be known before them.
#[derive(Default)]
pub(super) struct Around {
    /// Last row of the merged range that begins at this row and column.
    merged: HashMap<(u32, u32), u32>,
    links: HashMap<(u32, u32), String>,
    is_filtered: bool,
}

impl Around {
    /// Reads what comes after the last row; that piece alone is not well-formed at its end.
    pub fn read(xml: &[u8], relations: &BTreeMap<String, Relation>) -> Around {
        const END_OF_ROWS: &[u8] = b"sheetData>";
        let mut around = Around::default();
        let Some(at) = xml.windows(END_OF_ROWS.len()).rposition(|window| window == END_OF_ROWS) else { return around };
        let _ = xml::read(&xml[at + END_OF_ROWS.len()..], |node| {
            if let Node::Open(element) = node {
                around.open(&element, relations);
            }
        });
        around
    }

    /// A table of the sheet may be filtered on its own.
    pub fn see_table(&mut self, xml: &[u8]) {
        let _ = xml::read(xml, |node| {
            self.is_filtered |= matches!(node, Node::Open(element) if element.name == "filterColumn");
        });
    }

    fn open(&mut self, element: &Element<'_>, relations: &BTreeMap<String, Relation>) {
        match element.name {
            "filterColumn" => self.is_filtered = true,
            "mergeCell" if self.merged.len() < MAX_RANGES => {
                let range = element.attribute("ref").unwrap_or_default();
                let ends = range.split_once(':').and_then(|(from, to)| Some((position(from)?, position(to)?)));
                if let Some((from, to)) = ends.filter(|(from, to)| from.0 < to.0) {
                    self.merged.insert(from, to.0);
                }
            }
            "hyperlink" if self.links.len() < MAX_RANGES => {
                let range = element.attribute("ref").unwrap_or_default();
                let cell = position(range.split(':').next().unwrap_or_default());
                let target =
                    element.attribute("id").and_then(|id| relations.get(&id)).filter(|target| target.is_external);
                self.links.extend(cell.zip(target.map(|target| target.target.clone())));
            }
            _ => {}
        }
    }
}

/// Appends the rows of a sheet. What was read of a broken one stays.
pub(super) fn push(
    writer: &mut SheetWriter<'_>,
    xml: &[u8],
    around: &Around,
    workbook: &Workbook,
) -> Result<(), ParseError> {
    let mut reader = Reader {
        writer,
        around,
        workbook,
        hidden_columns: Vec::new(),
        row_number: 0,
        row_is_hidden: false,
        row: Row::new(),
        column: 0,
        cell: None,
        merged: Vec::new(),
        hidden: 0,
    };
    let read = xml::read(xml, |node| reader.take(&node));
    reader.end_row();
    let hidden = reader.hidden;
    writer.builder.note(NoteKind::HiddenText, hidden);
    read
}

struct Reader<'a, 'b> {
    writer: &'a mut SheetWriter<'b>,
    around: &'a Around,
    workbook: &'a Workbook,
    hidden_columns: Vec<RangeInclusive<u32>>,
    /// From 0, as are columns.
    row_number: u32,
    row_is_hidden: bool,
    row: Row,
    /// Of the cell at hand, or the next one.
    column: u32,
    cell: Option<OpenCell>,
    /// Merged cells that reach into the rows below theirs: column, last row, content.
    merged: Vec<(u32, u32, Cell)>,
    /// Cells that were left out because they are hidden.
    hidden: u32,
}

#[derive(Default)]
struct OpenCell {
    kind: Option<String>,
    style: usize,
    value: String,
    in_value: bool,
    inline: RichText,
}

impl Reader<'_, '_> {
    fn take(&mut self, node: &Node<'_>) {
        match (node, &mut self.cell) {
            (Node::Open(element), None) => self.open(element),
            (Node::Open(element), Some(cell)) if element.name == "v" => cell.in_value = true,
            (Node::Close("v"), Some(cell)) => cell.in_value = false,
            (Node::Text(text), Some(cell)) if cell.in_value => cell.value.push_str(text),
            (Node::Close("c"), Some(_)) => self.end_cell(),
            (node, Some(cell)) => cell.inline.take(node),
            (Node::Close("row"), None) => self.end_row(),
            (Node::Close(_) | Node::Text(_), None) => {}
        }
    }

    fn open(&mut self, element: &Element<'_>) {
        let is_set = |name: &str| element.attribute(name).is_some_and(|value| matches!(&*value, "1" | "true"));
        let number = |name: &str| element.attribute(name).and_then(|value| value.parse::<u32>().ok());
        // One click opens a closed group.
        let is_hidden = || is_set("hidden") && number("outlineLevel").unwrap_or_default() == 0;
        match element.name {
            "col" if self.hidden_columns.len() < MAX_RANGES && is_hidden() => {
                if let (Some(first @ 1..), Some(last @ 1..)) = (number("min"), number("max")) {
                    self.hidden_columns.push(first - 1..=last - 1);
                }
            }
            "row" => {
                self.end_row();
                self.column = 0;
                if let Some(number @ 1..=MAX_ROWS) = number("r") {
                    self.row_number = number - 1;
                }
                self.row_is_hidden = !self.around.is_filtered && is_hidden();
            }
            "c" => {
                if let Some((_, column)) = element.attribute("r").as_deref().and_then(position) {
                    self.column = column;
                }
                let style = number("s").unwrap_or_default() as usize;
                self.cell = Some(OpenCell { kind: element.attribute("t"), style, ..OpenCell::default() });
            }
            _ => {}
        }
    }

    fn end_cell(&mut self) {
        let Some(open) = self.cell.take() else { return };
        let column = self.column;
        self.column = self.column.saturating_add(1);
        let Some(cell) = value(open, self.workbook).filter(|cell| !cell.text.trim().is_empty()) else { return };
        if self.row_is_hidden || self.hidden_columns.iter().any(|hidden| hidden.contains(&column)) {
            self.hidden = self.hidden.saturating_add(1);
            return;
        }
        if column >= MAX_COLUMNS {
            return self.writer.builder.note(NoteKind::CellsLeftOut, 1);
        }
        let place = (self.row_number, column);
        if let Some(url) = self.around.links.get(&place) {
            self.writer.builder.push_link(&cell.text, url);
        }
        if let Some(last_row) = self.around.merged.get(&place) {
            self.merged.push((column, *last_row, cell.clone()));
        }
        self.row.insert(column, cell);
    }

    /// Hands the row over. A merged label is repeated in each row it stands for, so that each can be read alone.
    fn end_row(&mut self) {
        let mut row = std::mem::take(&mut self.row);
        self.merged.retain(|(_, last_row, _)| *last_row >= self.row_number);
        if !row.is_empty() {
            for (column, _, cell) in &self.merged {
                row.entry(*column).or_insert_with(|| cell.clone());
            }
            self.writer.push_row(self.row_number, row);
            self.row_number = self.row_number.saturating_add(1);
        }
    }
}

/// What a cell shows (18.18.11: its types).
fn value(cell: OpenCell, workbook: &Workbook) -> Option<Cell> {
    let OpenCell { kind, style, value, inline, .. } = cell;
    Some(match kind.as_deref() {
        Some("s") => Cell::text(workbook.strings.get(value.trim().parse::<usize>().ok()?)?.clone()),
        Some("str") => Cell::text(super::unescaped(value)),
        Some("inlineStr") => Cell::text(inline.finish()),
        Some("b") => {
            Cell { text: if value.trim() == "1" { "TRUE" } else { "FALSE" }.to_owned(), kind: CellKind::Number }
        }
        Some("e") => Cell { text: value, kind: CellKind::Number },
        Some("d") => Cell { text: value, kind: CellKind::Date },
        _ => match value.trim().parse::<f64>() {
            Ok(number) => workbook.styles.format(style).cell(number, workbook.is_1904),
            Err(_) => Cell::text(value),
        },
    })
}

/// `B3` → row 2, column 1; none outside of the largest sheet there can be.
fn position(reference: &str) -> Option<(u32, u32)> {
    let reference = reference.replace('$', "");
    let letters = reference.bytes().take_while(u8::is_ascii_alphabetic).count();
    let (letters, row) = reference.split_at(letters);
    let column = letters.bytes().try_fold(0u32, |column, letter| {
        column.checked_mul(26)?.checked_add(u32::from(letter.to_ascii_uppercase() - b'A') + 1)
    })?;
    let row = row.parse::<u32>().ok()?;
    ((1..=MAX_COLUMNS).contains(&column) && (1..=MAX_ROWS).contains(&row)).then(|| (row - 1, column - 1))
}
