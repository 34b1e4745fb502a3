//! A table of a word processor while it is read: cells arrive in order, paragraph by paragraph.

use taproot_schemas::document::NoteKind;

use super::BlockKind;
use super::text::{CELL_SEPARATOR, TextBuilder};

/// Columns of one row that are kept; a word processor allows 64.
const MAX_COLUMNS: usize = 1_024;

#[derive(Debug, Default)]
pub(crate) struct Grid {
    rows: Vec<Vec<String>>,
    /// The cells of the row at hand that have ended.
    row: Vec<String>,
    /// The text of the cell at hand.
    cell: String,
    /// Cells beyond the bounds.
    left_out: u32,
}

impl Grid {
    /// A paragraph of the cell at hand ends.
    pub fn push_paragraph(&mut self, text: &str) {
        self.cell.push_str(text);
        self.cell.push('\n');
    }

    /// A cell of a table inside the cell at hand ends; that table becomes lines of text.
    pub fn push_inner_cell(&mut self, text: &str) {
        if !self.cell.is_empty() && !self.cell.ends_with('\n') {
            self.cell.push_str(CELL_SEPARATOR);
        }
        self.cell.push_str(text.trim());
    }

    pub fn end_inner_row(&mut self) {
        self.cell.push('\n');
    }

    /// The cell at hand ends with `text`.
    pub fn end_cell(&mut self, text: &str) {
        self.cell.push_str(text);
        let cell = std::mem::take(&mut self.cell);
        if self.row.len() < MAX_COLUMNS {
            self.row.push(cell);
        } else {
            self.left_out = self.left_out.saturating_add(1);
        }
    }

    /// The row at hand ends. `continues_above` says for each cell whether it is the lower part of a merged one: that
    /// repeats the text above it, so that each row can be read alone.
    pub fn end_row(&mut self, continues_above: impl Fn(usize) -> bool) {
        if !self.cell.trim().is_empty() {
            self.end_cell("");
        }
        self.cell.clear();
        let mut row = std::mem::take(&mut self.row);
        if let Some(above) = self.rows.last() {
            for (column, cell) in row.iter_mut().enumerate() {
                if cell.trim().is_empty() && continues_above(column) {
                    *cell = above.get(column).cloned().unwrap_or_default();
                }
            }
        }
        self.rows.push(row);
    }

    /// The table is at its end. The first of several rows is its header; a table of one column is a frame around text.
    pub fn flush(&mut self, builder: &mut TextBuilder) {
        if !self.row.is_empty() || !self.cell.is_empty() {
            self.end_row(|_| false);
        }
        builder.note(NoteKind::CellsLeftOut, std::mem::take(&mut self.left_out));
        let rows = std::mem::take(&mut self.rows);
        if rows.iter().all(|row| row.len() <= 1) {
            for line in rows.iter().flatten().flat_map(|cell| cell.split('\n')) {
                builder.push(BlockKind::Paragraph, line);
            }
        } else {
            builder.push_table(&rows, rows.len() > 1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_repeat_merged_cells_and_frames_are_text() {
        let mut builder = TextBuilder::new(1_000);
        let mut grid = Grid::default();
        for row in [["Grade", "Days"], ["A", "15"], ["", "16"]] {
            row.iter().for_each(|cell| grid.end_cell(cell));
            grid.end_row(|column| column == 0);
        }
        grid.flush(&mut builder);
        grid.push_paragraph("one");
        grid.end_cell("two");
        grid.end_row(|_| false);
        grid.flush(&mut builder);
        assert_eq!(builder.finish().unwrap().text, "Grade | Days\nA | 15\nA | 16\n\none\n\ntwo");
    }
}
