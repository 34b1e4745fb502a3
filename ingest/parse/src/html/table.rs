//! A table of data while it is read: merged cells keep the columns in line.

/// Columns of a row, and rows that a merged cell may reach over.
const MAX_COLUMNS: usize = 1_024;
const MAX_SPAN: usize = 1_000;
/// Cells of a table that are there because another reaches over them.
const MAX_FILLED: usize = 100_000;
/// Longer texts are not repeated.
const MAX_REPEATED_BYTES: usize = 200;

#[derive(Default)]
pub(super) struct DataTable {
    pub rows: Vec<Vec<String>>,
    /// Whether the first row consists of header cells.
    pub has_header: bool,
    /// For each column the cell from above that reaches into the rows to come: how many, and its text.
    from_above: Vec<Option<(usize, String)>>,
    filled: usize,
    /// Cells beyond the bounds.
    pub left_out: u32,
}

/// How far a cell reaches.
#[derive(Debug, Clone, Copy)]
pub(super) struct Span {
    pub columns: usize,
    pub rows: usize,
    /// Header cells are repeated over the columns that they are for.
    pub is_header: bool,
}

impl DataTable {
    /// Ends a cell. One that reaches down repeats its text in each row, so that each can be read alone.
    pub fn end_cell(&mut self, text: String, span: Span) {
        self.fill_from_above();
        let Some(row) = self.rows.last_mut() else { return };
        let repeated = if text.len() <= MAX_REPEATED_BYTES { text.clone() } else { String::new() };
        for index in 0..span.columns.min(MAX_SPAN) {
            let column = row.len();
            if column >= MAX_COLUMNS {
                self.left_out += u32::from(index == 0);
                return;
            }
            if index > 0 && self.filled >= MAX_FILLED {
                return;
            }
            self.filled += usize::from(index > 0);
            row.push(match index {
                0 => text.clone(),
                _ if span.is_header => repeated.clone(),
                _ => String::new(),
            });
            if span.rows > 1 {
                self.from_above.resize(self.from_above.len().max(column + 1), None);
                let below = if index == 0 || span.is_header { repeated.clone() } else { String::new() };
                self.from_above[column] = Some((span.rows.min(MAX_SPAN) - 1, below));
            }
        }
    }

    pub fn end_row(&mut self) {
        self.fill_from_above();
    }

    /// Puts the cells from above that come next into the row at hand.
    fn fill_from_above(&mut self) {
        let Some(row) = self.rows.last_mut() else { return };
        while let Some(above @ Some(_)) = self.from_above.get_mut(row.len()) {
            let Some((rows, text)) = above else { return };
            if self.filled >= MAX_FILLED {
                return;
            }
            self.filled += 1;
            row.push(text.clone());
            *rows -= 1;
            if *rows == 0 {
                *above = None;
            }
        }
    }
}
