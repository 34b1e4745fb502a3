//! Files of Word 6 and Word 95: the text lies in one place, a byte or two a character, in the code page of the language.
//! How it is laid out is not read.

use encoding_rs::WINDOWS_1252;
use taproot_schemas::document::NoteKind;

use super::super::BlockKind;
use super::super::encoding::code_page;
use super::super::text::{CELL_SEPARATOR, TextBuilder};
use super::body::without_fields;
use super::fib::Fib;

pub(super) fn push(builder: &mut TextBuilder, stream: &[u8], fib: &Fib) {
    let end = fib.text_bytes.end.min(stream.len());
    let text = stream.get(fib.text_bytes.start..end).unwrap_or_default();
    let encoding = code_page(page_of_language(fib.language)).unwrap_or(WINDOWS_1252);
    let text = without_fields(&encoding.decode_without_bom_handling(text).0);
    for paragraph in text.split(['\r', '\u{c}']) {
        let line: String =
            paragraph.split('\u{7}').filter(|cell| !cell.trim().is_empty()).collect::<Vec<_>>().join(CELL_SEPARATOR);
        builder.push(BlockKind::Paragraph, &line);
    }
    builder.note(NoteKind::BestEffort, 1);
}

/// The code page of a language of Windows (MS-LCID).
fn page_of_language(language: u16) -> u32 {
    match (language & 0x3ff, language) {
        (0x04, 0x0404 | 0x0c04 | 0x1404) => 950,
        (0x04, _) => 936,
        (0x11, _) => 932,
        (0x12, _) => 949,
        (0x1e, _) => 874,
        (0x01 | 0x20 | 0x29, _) => 1256,
        (0x0d, _) => 1255,
        (0x08, _) => 1253,
        (0x1f, _) => 1254,
        (0x19 | 0x22 | 0x23 | 0x02, _) => 1251,
        (0x05 | 0x0e | 0x15 | 0x18 | 0x1a | 0x1b | 0x24, _) => 1250,
        (0x25..=0x27, _) => 1257,
        (0x2a, _) => 1258,
        _ => 1252,
    }
}
