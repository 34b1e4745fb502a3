//! The file information block at the start of the stream `WordDocument` (MS-DOC 2.5).

use std::ops::Range;

use super::super::ole::numbers::{u16_at, u32_at, usize_at};

pub(super) struct Fib {
    /// Version of the format.
    version: u16,
    /// Language in which the file was made; tells the code page of Word 6.
    pub language: u16,
    pub is_encrypted: bool,
    pub uses_table_1: bool,
    /// First and last byte of the text, in Word 6.
    pub text_bytes: Range<usize>,
    /// Characters of each part of the text, in the order in which they follow each other.
    counts: [u32; 7],
    /// Where in the table stream the tables lie, as offset and length.
    tables: Vec<Range<usize>>,
}

/// Index of a table in the list of the header (MS-DOC 2.5.6).
#[derive(Debug, Clone, Copy)]
pub(super) enum Table {
    Styles = 1,
    CharacterFormats = 12,
    ParagraphFormats = 13,
    Pieces = 33,
    Lists = 73,
    ListReferences = 74,
}

/// Parts of the text, as indexes of the counts. Between them lie headers and comments.
const PARTS: &[usize] = &[0, 1, 4, 5];

/// Version numbers below stand for Word 6 and Word 95 (104 and less; Word 97 writes 193).
const WORD_97: u16 = 105;

/// Tables in the list; later versions of Word have about 180.
const MAX_TABLES: u16 = 512;

impl Fib {
    /// None when the bytes are no header.
    pub fn read(stream: &[u8]) -> Option<Fib> {
        // Word 6 and 95 write the first or the second, all later ones the second.
        if !matches!(u16_at(stream, 0)?, 0xa5dc | 0xa5ec) {
            return None;
        }
        let version = u16_at(stream, 2)?;
        let flags = u16_at(stream, 0x0a)?;
        let mut fib = Fib {
            version,
            language: u16_at(stream, 6)?,
            is_encrypted: flags & 0x0100 != 0,
            uses_table_1: flags & 0x0200 != 0,
            text_bytes: usize_at(stream, 0x18)?..usize_at(stream, 0x1c)?,
            counts: [0; 7],
            tables: Vec::new(),
        };
        // What follows is encrypted, too.
        if fib.is_word6() || fib.is_encrypted {
            return Some(fib);
        }
        // Each part of the header says how long it is.
        let words = 34 + 2 * usize::from(u16_at(stream, 32)?);
        let longs = words + 2;
        let lists = longs + 4 * usize::from(u16_at(stream, words)?);
        // ccpText, ccpFtn, ccpHdd, ccpAtn, ccpEdn, ccpTxbx, ccpHdrTxbx; the fourth number means nothing.
        for (count, index) in fib.counts.iter_mut().zip([3, 4, 5, 7, 8, 9, 10]) {
            *count = u32_at(stream, longs + 4 * index)?;
        }
        for index in 0..usize::from(u16_at(stream, lists)?.min(MAX_TABLES)) {
            let at = lists + 2 + 8 * index;
            let start = usize_at(stream, at)?;
            fib.tables.push(start..start.saturating_add(usize_at(stream, at + 4)?));
        }
        Some(fib)
    }

    pub fn is_word6(&self) -> bool {
        self.version < WORD_97
    }

    /// A table in the table stream; none where it is missing or lies beyond the end.
    pub fn table<'a>(&self, stream: &'a [u8], table: Table) -> Option<&'a [u8]> {
        stream.get(self.tables.get(table as usize)?.clone()).filter(|bytes| !bytes.is_empty())
    }

    /// A table and all that follows it.
    pub fn table_and_rest<'a>(&self, stream: &'a [u8], table: Table) -> Option<&'a [u8]> {
        self.table(stream, table)?;
        stream.get(self.tables.get(table as usize)?.start..)
    }

    /// The characters of each part that is read: main text, footnotes, endnotes, text boxes.
    pub fn parts(&self) -> impl Iterator<Item = Range<u32>> + '_ {
        PARTS.iter().map(|part| {
            let length_before =
                |end: usize| self.counts[..end].iter().fold(0u32, |sum, count| sum.saturating_add(*count));
            length_before(*part)..length_before(part + 1)
        })
    }
}
