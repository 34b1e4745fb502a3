//! Formats of characters and paragraphs, which the file keeps in pages of 512 bytes (MS-DOC 2.9.33 and 2.9.174), each
//! for a run of bytes of the text.

use super::super::ole::numbers::{u16_at, u32_at};

const PAGE_BYTES: usize = 512;
/// Runs of a document; the longest have some hundred thousand.
const MAX_RUNS: usize = 1_000_000;

/// Formats by the place of the text in the stream.
pub(super) struct Runs<F> {
    /// End and format, in the order of the text.
    runs: Vec<(usize, usize, F)>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct CharacterFormat {
    pub is_hidden: bool,
    pub is_deleted: bool,
}

#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct ParagraphFormat {
    pub style: u16,
    /// From 0; 9 stands for body text.
    pub outline_level: Option<u8>,
    /// Number of the list, from 1; 0 takes the paragraph out of the list of its style.
    pub list: Option<u16>,
    /// From 0.
    pub list_level: u8,
    /// How many tables it is in.
    pub tables: u32,
    /// The mark of a row's end, not a cell.
    pub ends_row: bool,
    /// Marks of a table inside a cell.
    pub ends_inner_cell: bool,
    pub ends_inner_row: bool,
}

impl<F: Copy + Default> Runs<F> {
    pub fn empty() -> Runs<F> {
        Runs { runs: Vec::new() }
    }

    /// The format of the text at this place.
    pub fn at(&self, place: usize) -> F {
        let index = self.runs.partition_point(|(_, end, _)| *end <= place);
        self.runs.get(index).filter(|(start, ..)| *start <= place).map_or(F::default(), |(.., format)| *format)
    }

    /// `index` is the list of pages; `read` makes a format of a page and the number of a run in it.
    fn read(stream: &[u8], index: &[u8], read: impl Fn(&[u8], usize, usize) -> Option<F>) -> Runs<F> {
        let mut runs = Vec::new();
        let pages = (index.len().saturating_sub(4) / 8).min(stream.len() / PAGE_BYTES + 1);
        let all = index.len().saturating_sub(4) / 8;
        for page in 0..pages {
            let Some(number) = u32_at(index, 4 * (all + 1) + 4 * page) else { break };
            let start = (number & 0x3f_ffff) as usize * PAGE_BYTES;
            let Some(page) = stream.get(start..start + PAGE_BYTES) else { continue };
            let count = usize::from(page[PAGE_BYTES - 1]);
            for run in 0..count {
                let (Some(from), Some(to)) = (u32_at(page, 4 * run), u32_at(page, 4 * run + 4)) else { break };
                let format = read(page, count, run).unwrap_or_default();
                runs.push((from as usize, to as usize, format));
            }
            if runs.len() > MAX_RUNS {
                break;
            }
        }
        runs.sort_by_key(|(start, end, _)| (*end, *start));
        Runs { runs }
    }
}

pub(super) fn characters(stream: &[u8], index: &[u8]) -> Runs<CharacterFormat> {
    Runs::read(stream, index, |page, count, run| {
        let at = usize::from(*page.get(4 * (count + 1) + run)?) * 2;
        // Zero stands for no format.
        let length = usize::from(*page.get(at).filter(|_| at > 0)?);
        let mut format = CharacterFormat::default();
        for (code, operand) in changes(page.get(at + 1..at + 1 + length)?) {
            let is_on = operand.first() == Some(&1);
            match code {
                0x083c => format.is_hidden = is_on,
                0x0800 => format.is_deleted = is_on,
                _ => {}
            }
        }
        Some(format)
    })
}

pub(super) fn paragraphs(stream: &[u8], index: &[u8]) -> Runs<ParagraphFormat> {
    const DESCRIPTOR_BYTES: usize = 13;
    Runs::read(stream, index, |page, count, run| {
        let at = usize::from(*page.get(4 * (count + 1) + DESCRIPTOR_BYTES * run)?) * 2;
        let (at, length) = match usize::from(*page.get(at).filter(|_| at > 0)?) {
            0 => (at + 2, usize::from(*page.get(at + 1)?) * 2),
            length => (at + 1, length * 2 - 1),
        };
        let stored = page.get(at..at + length)?;
        Some(paragraph(u16_at(stored, 0)?, stored.get(2..)?))
    })
}

/// The format that these changes make of a style.
pub(super) fn paragraph(style: u16, stored: &[u8]) -> ParagraphFormat {
    let mut format = ParagraphFormat { style, ..ParagraphFormat::default() };
    for (code, operand) in changes(stored) {
        let is_on = operand.first() == Some(&1);
        match code {
            0x2640 => format.outline_level = operand.first().copied(),
            // A list of old that was taken away.
            0x460b => format.list = u16_at(operand, 0).map(|list| if list == 0xf801 { 0 } else { list }),
            0x260a => format.list_level = operand.first().copied().unwrap_or(0),
            0x2416 => format.tables = format.tables.max(u32::from(is_on)),
            0x6649 => format.tables = u32_at(operand, 0).unwrap_or(0),
            0x2417 => format.ends_row = is_on,
            0x244b => format.ends_inner_cell = is_on,
            0x244c => format.ends_inner_row = is_on,
            _ => {}
        }
    }
    format
}

/// Single changes of a format: code and operand (MS-DOC 2.6.1).
fn changes(mut stored: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    std::iter::from_fn(move || {
        let code = u16_at(stored, 0)?;
        let rest = &stored[2..];
        let (skipped, length) = match (code >> 13, code) {
            // The one whose length has two bytes, and is counted from one.
            (6, 0xd608) => (2, usize::from(u16_at(rest, 0)?).saturating_sub(1)),
            (6, _) => (1, usize::from(*rest.first()?)),
            (0 | 1, _) => (0, 1),
            (2 | 4 | 5, _) => (0, 2),
            (3, _) => (0, 4),
            _ => (0, 3),
        };
        let operand = rest.get(skipped..skipped + length)?;
        stored = &rest[skipped + length..];
        Some((code, operand))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_have_operands_of_many_lengths() {
        let stored = [
            &[0x03, 0x24, 1][..],            // one byte
            &[0x0d, 0xc6, 3, 9, 9, 9],       // length first
            &[0x08, 0xd6, 3, 0, 7, 7],       // two bytes of length
            &[0x49, 0x66, 2, 0, 0, 0],       // four bytes
            &[0x40, 0x26, 1, 0x17, 0x24, 1], // outline level; row end
            &[0x0b, 0x46, 5],                // cut
        ]
        .concat();
        let expected =
            ParagraphFormat { style: 7, outline_level: Some(1), tables: 2, ends_row: true, ..Default::default() };
        assert_eq!(paragraph(7, &stored), expected);
    }

    #[test]
    fn formats_are_found_by_place() {
        let runs = Runs { runs: vec![(10, 20, 1), (20, 30, 2)] };
        assert_eq!([5, 10, 19, 20, 30].map(|place| runs.at(place)), [0, 1, 1, 2, 0]);
    }
}
