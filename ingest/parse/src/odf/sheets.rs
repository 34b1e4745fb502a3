//! `content.xml` of a spreadsheet → tables.

use std::ops::Range;

use taproot_schemas::document::NoteKind;

use super::super::ParseError;
use super::super::sheet::number::{self, NumberFormat};
use super::super::sheet::{Cell, CellKind, Row, SheetWriter};
use super::super::text::TextBuilder;
use super::super::xml::{self, Element, Node, Skipping};
use super::styles::Styles;

/// Columns of a sheet in LibreOffice and in Excel.
const MAX_COLUMNS: u32 = 16_384;
/// Rows that one row with content may stand for. Beyond, somebody filled a column to its end.
const MAX_REPEATED_ROWS: u32 = 1_000;
/// Groups of hidden columns that are looked at.
const MAX_RANGES: usize = 10_000;

pub(super) fn push(builder: &mut TextBuilder, xml: &[u8], styles: Styles) -> Result<(), ParseError> {
    let mut reader = Reader {
        writer: SheetWriter::new(builder),
        styles,
        in_body: false,
        skipping: Skipping::default(),
        sheets: 0,
        hidden_columns: Vec::new(),
        columns: 0,
        row_number: 0,
        row_repeated: 0,
        row_is_hidden: false,
        row: Row::new(),
        column: 0,
        cell: None,
        comment: None,
        comments: Vec::new(),
        links: Vec::new(),
    };
    let read = xml::read(xml, |node| reader.take(&node));
    reader.end_row();
    reader.writer.end_sheet();
    read
}

struct Reader<'a> {
    writer: SheetWriter<'a>,
    styles: Styles,
    in_body: bool,
    skipping: Skipping,
    sheets: u32,
    hidden_columns: Vec<Range<u32>>,
    /// Columns that were declared so far.
    columns: u32,
    row_number: u32,
    row_repeated: u32,
    row_is_hidden: bool,
    row: Row,
    column: u32,
    cell: Option<OpenCell>,
    /// Text of the open comment.
    comment: Option<String>,
    /// Comments of the sheet, for its end.
    comments: Vec<String>,
    links: Vec<(String, usize)>,
}

#[derive(Default)]
struct OpenCell {
    kind: Option<String>,
    value: Option<String>,
    text: String,
    repeated: u32,
}

/// Sheets and changes that are kept beside the ones that are shown; what is drawn on a sheet.
const SKIPPED: &[&str] = &["tracked-changes", "shapes", "forms", "dde-links", "title", "desc", "object"];

/// Who wrote a comment and when is not its text.
const ABOUT_COMMENT: &[&str] = &["creator", "date", "date-string"];

impl Reader<'_> {
    fn take(&mut self, node: &Node<'_>) {
        if !self.in_body {
            self.styles.take(node);
            self.in_body = matches!(node, Node::Open(element) if element.name == "body");
            return;
        }
        if self.skip(node) || self.writer.builder.is_full() {
            return;
        }
        match node {
            Node::Open(element) => self.open(element),
            Node::Close(name) => self.close(name),
            Node::Text(text) => self.push_text(text),
        }
    }

    /// Whether the node belongs to a hidden sheet or a skipped element.
    fn skip(&mut self, node: &Node<'_>) -> bool {
        let (styles, in_comment, mut hidden) = (&self.styles, self.comment.is_some(), 0);
        let skipped = self.skipping.skips(node, |element| {
            let style = || element.attribute("style-name").unwrap_or_default();
            hidden = u32::from(element.name == "table" && styles.is_hidden("table", &style()));
            hidden > 0 || SKIPPED.contains(&element.name) || in_comment && ABOUT_COMMENT.contains(&element.name)
        });
        self.writer.builder.note(NoteKind::HiddenText, hidden);
        skipped
    }

    fn open(&mut self, element: &Element<'_>) {
        let count =
            |name: &str| element.attribute(name).and_then(|count| count.parse::<u32>().ok()).unwrap_or(1).max(1);
        // `filter` is what a filter hides (19.760).
        let is_hidden = || element.attribute("visibility").is_some_and(|visibility| visibility == "collapse");
        match element.name {
            "table" => {
                self.sheets += 1;
                self.writer.begin_sheet(self.sheets, &element.attribute("name").unwrap_or_default());
                (self.row_number, self.columns) = (0, 0);
                self.hidden_columns.clear();
            }
            "table-column" => {
                let end = self.columns.saturating_add(count("number-columns-repeated"));
                if is_hidden() && self.hidden_columns.len() < MAX_RANGES {
                    self.hidden_columns.push(self.columns..end);
                }
                self.columns = end;
            }
            "table-row" => {
                self.end_row();
                self.column = 0;
                self.row_repeated = count("number-rows-repeated");
                self.row_is_hidden = is_hidden();
            }
            "table-cell" | "covered-table-cell" => {
                let value = ["date-value", "value"].iter().find_map(|name| element.attribute(name));
                self.cell = Some(OpenCell {
                    kind: element.attribute("value-type"),
                    value,
                    repeated: count("number-columns-repeated"),
                    ..OpenCell::default()
                });
            }
            "annotation" => self.comment = Some(String::new()),
            "p" => self.push_text("\n"),
            "s" => self.push_text(" "),
            "tab" | "line-break" => self.push_text("\n"),
            "a" => {
                let begins_at = self.cell.as_ref().map_or(0, |cell| cell.text.len());
                self.links.push((element.attribute("href").unwrap_or_default(), begins_at));
            }
            _ => {}
        }
    }

    fn close(&mut self, name: &str) {
        match name {
            "table-row" => self.end_row(),
            "table-cell" | "covered-table-cell" => self.end_cell(),
            "annotation" => self.comments.extend(self.comment.take()),
            "a" => {
                let Some((url, begins_at)) = self.links.pop() else { return };
                let text = self.cell.as_ref().and_then(|cell| cell.text.get(begins_at..)).unwrap_or_default();
                self.writer.builder.push_link(text, &url);
            }
            "table" => {
                self.end_row();
                for comment in std::mem::take(&mut self.comments) {
                    self.writer.push_remark(&comment);
                }
            }
            _ => {}
        }
    }

    fn push_text(&mut self, text: &str) {
        match (&mut self.comment, &mut self.cell) {
            (Some(comment), _) => comment.push_str(text),
            (None, Some(cell)) => cell.text.push_str(text),
            (None, None) => {}
        }
    }

    fn end_cell(&mut self) {
        let Some(open) = self.cell.take() else { return };
        let first = self.column;
        self.column = first.saturating_add(open.repeated);
        let cell = shown(open);
        if cell.text.trim().is_empty() {
            return;
        }
        let end = self.column.min(MAX_COLUMNS);
        if !self.writer.has_room() || end < self.column {
            self.writer.builder.note(NoteKind::CellsLeftOut, self.column - end.max(first));
        }
        if !self.writer.has_room() {
            return;
        }
        for column in first..end {
            if self.row_is_hidden || self.hidden_columns.iter().any(|hidden| hidden.contains(&column)) {
                self.writer.builder.note(NoteKind::HiddenText, 1);
            } else {
                self.row.insert(column, cell.clone());
            }
        }
    }

    fn end_row(&mut self) {
        let row = std::mem::take(&mut self.row);
        // Between rows there is none to repeat.
        let repeated = std::mem::take(&mut self.row_repeated);
        if !row.is_empty() {
            let written = repeated.min(MAX_REPEATED_ROWS);
            for number in 0..written {
                if self.writer.has_room() {
                    self.writer.push_row(self.row_number.saturating_add(number), row.clone());
                }
            }
            let left_out = u64::from(repeated - written) * row.len() as u64;
            self.writer.builder.note(NoteKind::CellsLeftOut, u32::try_from(left_out).unwrap_or(u32::MAX));
        }
        self.row_number = self.row_number.saturating_add(repeated);
    }
}

/// Numbers and dates by their values, the rest as it is shown (19.385).
fn shown(cell: OpenCell) -> Cell {
    let value = || cell.value.as_deref().and_then(|value| value.trim().parse::<f64>().ok());
    let as_shown = |kind| Cell { text: cell.text.clone(), kind };
    match cell.kind.as_deref() {
        Some("float") => match value() {
            // A format of its own, for example of years, is recognised by the value.
            Some(value) => NumberFormat::Plain.cell(value, false),
            None => as_shown(CellKind::Number),
        },
        Some("percentage") => {
            value().map_or(as_shown(CellKind::Number), |value| NumberFormat::Percent.cell(value, false))
        }
        Some("date") => match &cell.value {
            Some(date) => Cell { text: number::iso_of_text(date), kind: CellKind::Date },
            None => as_shown(CellKind::Date),
        },
        Some("currency" | "time" | "boolean") => as_shown(CellKind::Number),
        _ => as_shown(CellKind::Text),
    }
}
