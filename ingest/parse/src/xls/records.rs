//! A look at the records of a .xls workbook (MS-XLS 2.1.4): what calamine does not tell, and how large its sheets are.

use std::collections::{HashMap, HashSet};
use std::ops::RangeInclusive;

use super::super::ParseError;
use super::super::sheet::number::NumberFormat;

/// Cells of the rectangle around all cells of one sheet. The rest of the memory is for the cells of the other sheets.
const MAX_RECTANGLE: u64 = 4_000_000;

/// Record types (MS-XLS 2.3).
mod kind {
    pub const FORMULA: u16 = 0x0006;
    pub const END: u16 = 0x000a;
    pub const FILE_PASS: u16 = 0x002f;
    pub const COLUMN_INFO: u16 = 0x007d;
    pub const BOUND_SHEET: u16 = 0x0085;
    pub const FILTER_MODE: u16 = 0x009b;
    pub const MUL_RK: u16 = 0x00bd;
    pub const RICH_STRING: u16 = 0x00d6;
    pub const STYLE: u16 = 0x00e0;
    pub const LABEL_SST: u16 = 0x00fd;
    pub const DIMENSIONS: u16 = 0x0200;
    pub const NUMBER: u16 = 0x0203;
    pub const LABEL: u16 = 0x0204;
    pub const BOOL_ERROR: u16 = 0x0205;
    pub const ROW: u16 = 0x0208;
    pub const RK: u16 = 0x027e;
    pub const FORMAT: u16 = 0x041e;
    pub const BEGIN: u16 = 0x0809;
}

#[derive(Debug, Default)]
pub(super) struct Records {
    /// Number formats that calamine does not apply: percents and amounts of money; by the index of the cell style.
    pub formats: HashMap<u16, NumberFormat>,
    /// In the order of the workbook.
    pub sheets: Vec<SheetFacts>,
}

#[derive(Debug, Default)]
pub(super) struct SheetFacts {
    /// Styles of cells that have one of the formats above, by row and column.
    styles: HashMap<(u32, u32), u16>,
    hidden_rows: HashSet<u32>,
    hidden_columns: Vec<RangeInclusive<u32>>,
    is_filtered: bool,
    last_row: u64,
    last_column: u64,
}

impl SheetFacts {
    pub fn format(&self, row: u32, column: u32) -> Option<&u16> {
        self.styles.get(&(row, column))
    }

    pub fn is_hidden(&self, row: u32, column: u32) -> bool {
        !self.is_filtered && self.hidden_rows.contains(&row)
            || self.hidden_columns.iter().any(|columns| columns.contains(&column))
    }

    fn reach(&mut self, row: u16, column: u16) -> Result<(), ParseError> {
        self.last_row = self.last_row.max(u64::from(row));
        self.last_column = self.last_column.max(u64::from(column));
        check_rectangle(self.last_row + 1, self.last_column + 1)
    }
}

fn check_rectangle(rows: u64, columns: u64) -> Result<(), ParseError> {
    if rows.saturating_mul(columns) > MAX_RECTANGLE {
        let why =
            format!("a sheet spans {rows} rows and {columns} columns, too many for an .xls file; save it as .xlsx");
        return Err(ParseError::Unsupported(why));
    }
    Ok(())
}

pub(super) fn read(stream: &[u8]) -> Result<Records, ParseError> {
    let mut records = Records::default();
    let (mut codes, mut styles, mut sheets) = (HashMap::new(), Vec::new(), Vec::new());
    for (kind, data) in Iter(stream) {
        match kind {
            kind::FILE_PASS if u16_at(data, 0) != Some(0) => return Err(ParseError::Encrypted),
            kind::BOUND_SHEET => sheets.extend(u32_at(data, 0)),
            kind::FORMAT => codes.extend(u16_at(data, 0).zip(format_code(data))),
            kind::STYLE => styles.extend(u16_at(data, 2)),
            kind::END => break,
            _ => {}
        }
    }
    for (style, id) in (0u16..).zip(styles) {
        let format = codes
            .get(&id)
            .map_or_else(|| NumberFormat::builtin(u32::from(id)), |code: &String| NumberFormat::of_code(code));
        if matches!(format, NumberFormat::Percent | NumberFormat::Currency { .. }) {
            records.formats.insert(style, format);
        }
    }
    for begin in sheets {
        let cells = stream.get(begin as usize..).ok_or_else(|| ParseError::corrupt("a sheet is missing"))?;
        let facts = sheet(cells, &records.formats)?;
        records.sheets.push(facts);
    }
    Ok(records)
}

fn sheet(stream: &[u8], formats: &HashMap<u16, NumberFormat>) -> Result<SheetFacts, ParseError> {
    let mut facts = SheetFacts::default();
    // Charts are streams inside of the stream.
    let mut depth = 0;
    for (kind, data) in Iter(stream) {
        match kind {
            kind::BEGIN => depth += 1,
            kind::END if depth <= 1 => break,
            kind::END => depth -= 1,
            kind::DIMENSIONS => {
                let rows =
                    if data.len() == 10 { u16_at(data, 2).map(u64::from) } else { u32_at(data, 4).map(u64::from) };
                let columns = if data.len() == 10 { u16_at(data, 6) } else { u16_at(data, 10) };
                check_rectangle(rows.unwrap_or_default(), columns.map_or(0, u64::from))?;
            }
            kind::FILTER_MODE => facts.is_filtered = true,
            // fDyZero, where iOutLevel is 0 (2.4.221).
            kind::ROW if u16_at(data, 12).is_some_and(|flags| flags & 0x20 != 0 && flags & 7 == 0) => {
                facts.hidden_rows.extend(u16_at(data, 0).map(u32::from));
            }
            // fHidden, where iOutLevel is 0 (2.4.53).
            kind::COLUMN_INFO if u16_at(data, 8).is_some_and(|flags| flags & 1 != 0 && flags & 0x700 == 0) => {
                let range = u16_at(data, 0).zip(u16_at(data, 2));
                facts.hidden_columns.extend(range.map(|(first, last)| u32::from(first)..=u32::from(last)));
            }
            kind::NUMBER
            | kind::RK
            | kind::FORMULA
            | kind::LABEL
            | kind::LABEL_SST
            | kind::RICH_STRING
            | kind::BOOL_ERROR => {
                let place = u16_at(data, 0).zip(u16_at(data, 2));
                if let (Some((row, column)), Some(style)) = (place, u16_at(data, 4)) {
                    facts.reach(row, column)?;
                    if formats.contains_key(&style) {
                        facts.styles.insert((u32::from(row), u32::from(column)), style);
                    }
                }
            }
            kind::MUL_RK => {
                if let (Some(row), Some(first)) = (u16_at(data, 0), u16_at(data, 2)) {
                    let styles = data.get(4..).unwrap_or_default().chunks_exact(6).filter_map(|cell| u16_at(cell, 0));
                    for (column, style) in (first..).zip(styles) {
                        facts.reach(row, column)?;
                        if formats.contains_key(&style) {
                            facts.styles.insert((u32::from(row), u32::from(column)), style);
                        }
                    }
                }
            }
            _ => {}
        }
    }
    Ok(facts)
}

/// The text of a record Format: with the length in two bytes and a flag for UTF-16 since BIFF8, in one byte before.
fn format_code(data: &[u8]) -> Option<String> {
    let length = usize::from(u16_at(data, 2)?);
    let flags = *data.get(4)?;
    let rest = data.get(5..)?;
    if flags == 0 && rest.len() == length {
        return Some(rest.iter().map(|byte| char::from(*byte)).collect());
    }
    if flags == 1 && rest.len() == length * 2 {
        return Some(encoding_rs::UTF_16LE.decode_without_bom_handling(rest).0.into_owned());
    }
    data.get(3..).map(|rest| rest.iter().map(|byte| char::from(*byte)).collect())
}

/// The records of a stream, up to one that is cut off.
struct Iter<'a>(&'a [u8]);

impl<'a> Iterator for Iter<'a> {
    type Item = (u16, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let (kind, length) = (u16_at(self.0, 0)?, usize::from(u16_at(self.0, 2)?));
        let data = self.0.get(4..4 + length)?;
        self.0 = &self.0[4 + length..];
        Some((kind, data))
    }
}

fn u16_at(data: &[u8], at: usize) -> Option<u16> {
    data.get(at..at + 2)?.try_into().ok().map(u16::from_le_bytes)
}

fn u32_at(data: &[u8], at: usize) -> Option<u32> {
    data.get(at..at + 4)?.try_into().ok().map(u32::from_le_bytes)
}
