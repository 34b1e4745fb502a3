//! Cells of a sheet → paragraphs and tables. Shared by all formats that hold sheets.
//!
//! In: the rows of a sheet from top to bottom, each with the cells that hold something. Out: blocks. Rows without a gap
//! between them are a region; an empty row ends it. In a region,
//! - rows of one cell above wider rows are a title: the first becomes a heading, the others paragraphs; a title may also
//!   stand above an empty row;
//! - the first wide row is the header of the rows below it when it looks like names: texts (or years and dates over
//!   columns that hold something else), all different, over most of the columns;
//! - every other row is a row of the table. Each cell stands in its column; columns that are empty in the first
//!   [`LOOKAHEAD_ROWS`] rows are left out;
//! - rows of one cell each are text, not a table;
//! - tables side by side are told apart by an empty column between them when they do not begin and end in the same rows.
//!   Otherwise they stay one, so that a row label is not torn from its values.

pub(crate) mod number;

use std::collections::{BTreeMap, BTreeSet};

use taproot_schemas::document::NoteKind;

use super::BlockKind;
use super::text::{CELL_SEPARATOR, TextBuilder, normalized};

/// Cells of one workbook that are read; the others are counted.
pub(crate) const MAX_CELLS: u64 = 2_000_000;
/// Rows of a region that are looked at to tell its columns, its header, and whether it is one table.
const LOOKAHEAD_ROWS: usize = 200;
/// A longer text is no title of a table and no name of a column.
const MAX_NAME_CHARS: usize = 120;
/// A region of more parts is a form with gaps, not tables side by side.
const MAX_SIDE_BY_SIDE: usize = 8;
/// Share of the columns that a header row fills.
const MIN_HEADER_SHARE: f32 = 0.6;
/// Header rows have nothing but titles and groups of columns above them.
const MAX_ROWS_ABOVE_HEADER: usize = 3;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CellKind {
    Text,
    Number,
    /// A date or a number that can be a year.
    Date,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Cell {
    pub text: String,
    pub kind: CellKind,
}

impl Cell {
    pub fn text(text: impl Into<String>) -> Cell {
        Cell { text: text.into(), kind: CellKind::Text }
    }
}

/// Cells of one row by their column, from 0.
pub(crate) type Row = BTreeMap<u32, Cell>;

/// Takes the rows of the sheets of one workbook.
pub(crate) struct SheetWriter<'a> {
    pub builder: &'a mut TextBuilder,
    region: Region,
    /// Number and name of the sheet, until its first row comes.
    pending_sheet: Option<(u32, String)>,
    /// Number of the row that came last.
    last_row: Option<u32>,
    /// A region of a single cell: the title of what follows, or just a line.
    pending_title: Option<String>,
    left_cells: u64,
}

/// Rows that follow each other.
#[derive(Default)]
struct Region {
    /// The first rows with their numbers, until the columns are known.
    waiting: Vec<(u32, Row)>,
    /// Known once the waiting rows are written.
    columns: Option<BTreeSet<u32>>,
    header: Option<usize>,
}

impl<'a> SheetWriter<'a> {
    pub fn new(builder: &'a mut TextBuilder) -> SheetWriter<'a> {
        SheetWriter {
            builder,
            region: Region::default(),
            pending_sheet: None,
            last_row: None,
            pending_title: None,
            left_cells: MAX_CELLS,
        }
    }

    /// Starts sheet `number` (from 1). Without a row, nothing of it is written.
    pub fn begin_sheet(&mut self, number: u32, name: &str) {
        self.end_sheet();
        self.pending_sheet = Some((number, name.to_owned()));
    }

    /// The next row, `number` from 0. A row with a smaller number than the one before starts a region of its own.
    pub fn push_row(&mut self, number: u32, mut row: Row) {
        row.retain(|_, cell| !normalized(&cell.text).is_empty());
        if row.is_empty() || self.builder.is_full() {
            return;
        }
        let cells = row.len() as u64;
        if cells > self.left_cells {
            self.left_cells = 0;
            return self.builder.note(NoteKind::CellsLeftOut, row.len() as u32);
        }
        self.left_cells -= cells;
        self.write_sheet_name();
        if self.last_row.is_some_and(|last| Some(number) != last.checked_add(1)) {
            self.end_region();
        }
        self.last_row = Some(number);
        match &self.region.columns {
            Some(columns) => {
                let text = joined(&row, columns);
                self.builder.push(BlockKind::TableRow { header: self.region.header }, &text);
            }
            None => {
                self.region.waiting.push((number, row));
                if self.region.waiting.len() >= LOOKAHEAD_ROWS {
                    self.write_waiting();
                }
            }
        }
    }

    /// A paragraph below the rows of the sheet: a comment.
    pub fn push_remark(&mut self, text: &str) {
        if !normalized(text).is_empty() {
            self.end_region();
            self.write_title_as_text();
            self.write_sheet_name();
            self.builder.push(BlockKind::Paragraph, text);
        }
    }

    /// Whether more cells are taken.
    pub fn has_room(&self) -> bool {
        self.left_cells > 0 && !self.builder.is_full()
    }

    fn write_sheet_name(&mut self) {
        if let Some((number, name)) = self.pending_sheet.take() {
            self.builder.set_page(number);
            self.builder.push_heading(1, &name);
        }
    }

    /// Writes what waits. To be called after the last row of the last sheet, too.
    pub fn end_sheet(&mut self) {
        self.end_region();
        self.write_title_as_text();
        self.last_row = None;
    }

    fn end_region(&mut self) {
        if let [(_, row)] = self.region.waiting.as_slice()
            && let [cell] = row.values().collect::<Vec<_>>().as_slice()
            && self.region.columns.is_none()
            && is_name(&cell.text)
        {
            let title = cell.text.clone();
            self.write_title_as_text();
            self.pending_title = Some(title);
        } else {
            let rows = std::mem::take(&mut self.region.waiting);
            for table in side_by_side(rows) {
                self.region = Region { waiting: table, ..Region::default() };
                self.write_waiting();
            }
        }
        self.region = Region::default();
    }

    fn write_title_as_text(&mut self) {
        if let Some(title) = self.pending_title.take() {
            self.builder.push(BlockKind::Paragraph, &title);
        }
    }

    /// Writes the first rows of a region, and tells how to write the others.
    fn write_waiting(&mut self) {
        let rows: Vec<Row> = self.region.waiting.drain(..).map(|(_, row)| row).collect();
        if rows.is_empty() {
            return;
        }
        if rows.iter().all(|row| row.len() == 1) {
            return self.write_lines(&rows);
        }
        let titles = rows.iter().take_while(|row| row.len() == 1).count();
        let titles = if titles <= MAX_ROWS_ABOVE_HEADER && titles < rows.len() { titles } else { 0 };
        let (mut above, rows) = rows.split_at(titles);
        let mut title = self.pending_title.take();
        if let (None, [first, others @ ..]) = (&title, above)
            && is_name(&only_text(first))
        {
            title = Some(only_text(first));
            above = others;
        }
        if let Some(title) = title {
            self.builder.push_heading(2, &title);
        }
        push_as_text(self.builder, above);
        let columns = columns_of(rows);
        let header = header_index(rows, columns.len());
        for (index, row) in rows.iter().enumerate() {
            let pushed = self.builder.push(BlockKind::TableRow { header: self.region.header }, &joined(row, &columns));
            if Some(index) == header {
                self.region.header = pushed;
            }
        }
        self.region.columns = Some(columns);
    }

    /// Rows of one cell are text. When the region goes on, its further rows are rows of a table without a header.
    fn write_lines(&mut self, rows: &[Row]) {
        self.write_title_as_text();
        push_as_text(self.builder, rows);
        self.region.columns = Some(columns_of(rows));
    }
}

/// The tables of a region: columns that an empty column parts from others, when both do not fill the same rows. The
/// parts of such a region may have empty rows in them, which end a table as well.
fn side_by_side(rows: Vec<(u32, Row)>) -> Vec<Vec<(u32, Row)>> {
    let mut parts: BTreeMap<u32, (u32, u32)> = BTreeMap::new();
    let mut first_column = None;
    let columns: BTreeSet<u32> = rows.iter().flat_map(|(_, row)| row.keys().copied()).collect();
    let mut last_column = None;
    let mut part_of: BTreeMap<u32, u32> = BTreeMap::new();
    for column in columns {
        if last_column.is_none_or(|last| last + 1 != column) {
            first_column = Some(column);
        }
        part_of.insert(column, first_column.unwrap_or(column));
        last_column = Some(column);
    }
    for (number, row) in &rows {
        for part in row.keys().filter_map(|column| part_of.get(column)) {
            parts.entry(*part).and_modify(|(_, last)| *last = *number).or_insert((*number, *number));
        }
    }
    let spans: BTreeSet<&(u32, u32)> = parts.values().collect();
    if spans.len() < 2 || parts.len() > MAX_SIDE_BY_SIDE {
        return vec![rows];
    }
    let mut tables: Vec<Vec<(u32, Row)>> = Vec::new();
    for part in parts.keys() {
        let mut last_row = None;
        for (number, row) in &rows {
            let is_here = |column: &u32| part_of.get(column) == Some(part);
            let row: Row =
                row.iter().filter(|(column, _)| is_here(column)).map(|(k, cell)| (*k, cell.clone())).collect();
            if row.is_empty() {
                continue;
            }
            if last_row.is_none_or(|last: u32| last + 1 != *number) {
                tables.push(Vec::new());
            }
            tables.last_mut().into_iter().for_each(|table| table.push((*number, row.clone())));
            last_row = Some(*number);
        }
    }
    tables
}

fn columns_of(rows: &[Row]) -> BTreeSet<u32> {
    rows.iter().flat_map(|row| row.keys().copied()).collect()
}

fn push_as_text(builder: &mut TextBuilder, rows: &[Row]) {
    for cell in rows.iter().flat_map(Row::values) {
        builder.push(BlockKind::Paragraph, &cell.text);
    }
}

fn only_text(row: &Row) -> String {
    row.values().next().map(|cell| cell.text.clone()).unwrap_or_default()
}

fn is_name(text: &str) -> bool {
    text.chars().count() <= MAX_NAME_CHARS
}

/// The cells at their places among `columns`, and those of other columns between them; without a tail of empty cells.
fn joined(row: &Row, columns: &BTreeSet<u32>) -> String {
    let last = row.keys().next_back().copied().unwrap_or_default();
    let all: BTreeSet<u32> = columns.range(..=last).chain(row.keys()).copied().collect();
    let cells: Vec<String> =
        all.iter().map(|column| row.get(column).map(|cell| normalized(&cell.text)).unwrap_or_default()).collect();
    cells.join(CELL_SEPARATOR)
}

/// The header among the first rows of a region: the first one that looks like names.
pub(crate) fn header_index(rows: &[Row], columns: usize) -> Option<usize> {
    let candidates = rows.iter().take(MAX_ROWS_ABOVE_HEADER + 1).take(rows.len().saturating_sub(1));
    for (index, row) in candidates.enumerate() {
        if row.len() >= 2 && row.len() as f32 >= columns as f32 * MIN_HEADER_SHARE {
            return looks_like_names(row, rows.get(index + 1)?).then_some(index);
        }
        // Above a header there are only groups of columns, which are names, too.
        if row.values().any(|cell| cell.kind != CellKind::Text) {
            return None;
        }
    }
    None
}

fn looks_like_names(row: &Row, below: &Row) -> bool {
    let mut seen = BTreeSet::new();
    let mut texts = 0;
    let all_names = row.iter().all(|(column, cell)| {
        texts += usize::from(cell.kind == CellKind::Text);
        let is_kind_of_name = match cell.kind {
            CellKind::Text => true,
            CellKind::Date => below.get(column).is_none_or(|below| below.kind != CellKind::Date),
            CellKind::Number => false,
        };
        is_kind_of_name && is_name(&cell.text) && seen.insert(normalized(&cell.text))
    });
    all_names && texts > 0
}

#[cfg(test)]
mod tests;
