//! The piece table: where in the file the characters of the text lie (MS-DOC 2.4.1 and 2.8.35). Saving fast appends
//! changes to the file, so the pieces need not be in order.

use std::ops::Range;

use encoding_rs::WINDOWS_1252;

use super::super::ole::numbers::{u16_at, u32_at, usize_at};

pub(super) struct Pieces {
    pieces: Vec<Piece>,
}

struct Piece {
    characters: Range<u32>,
    /// Place of the first character in the stream.
    start: usize,
    /// One byte a character instead of two.
    is_narrow: bool,
}

/// One UTF-16 unit of the text, and where in the stream it stands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Unit {
    pub unit: u16,
    pub place: usize,
}

/// Bytes of a descriptor of a piece.
const DESCRIPTOR_BYTES: usize = 8;

impl Pieces {
    pub fn read(table: &[u8]) -> Option<Pieces> {
        let list = piece_list(table)?;
        let count = list.len().checked_sub(4)? / (4 + DESCRIPTOR_BYTES);
        let mut pieces = Vec::new();
        for index in 0..count {
            let address = u32_at(list, 4 * (count + 1) + DESCRIPTOR_BYTES * index + 2)?;
            let is_narrow = address & 0x4000_0000 != 0;
            let start = usize::try_from(address & 0x3fff_ffff).ok()?;
            pieces.push(Piece {
                characters: u32_at(list, 4 * index)?..u32_at(list, 4 * (index + 1))?,
                start: if is_narrow { start / 2 } else { start },
                is_narrow,
            });
        }
        Some(Pieces { pieces })
    }

    /// The units of these characters, in order, as far as they are in the file.
    pub fn units<'a>(&'a self, stream: &'a [u8], part: Range<u32>) -> impl Iterator<Item = Unit> + 'a {
        self.pieces.iter().flat_map(move |piece| {
            let from = piece.characters.start.max(part.start);
            let to = piece.characters.end.min(part.end);
            let width = if piece.is_narrow { 1 } else { 2 };
            (from..to.max(from)).map_while(move |character| {
                let offset = usize::try_from(character - piece.characters.start).ok()?;
                let place = piece.start.checked_add(offset.checked_mul(width)?)?;
                let unit = if piece.is_narrow { narrow(*stream.get(place)?) } else { u16_at(stream, place)? };
                Some(Unit { unit, place })
            })
        })
    }
}

/// Skips the formats that come before the list of pieces.
fn piece_list(mut table: &[u8]) -> Option<&[u8]> {
    loop {
        match table.first()? {
            1 => table = table.get(3 + usize::from(u16_at(table, 1)?)..)?,
            2 => return table.get(5..)?.get(..usize_at(table, 1)?),
            _ => return None,
        }
    }
}

/// Single bytes are windows-1252 in files of all languages.
fn narrow(byte: u8) -> u16 {
    if byte.is_ascii() {
        return byte.into();
    }
    let text = WINDOWS_1252.decode_without_bom_handling(&[byte]).0.encode_utf16().next();
    text.unwrap_or(byte.into())
}
