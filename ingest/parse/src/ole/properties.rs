//! What a file says of itself in its property set `SummaryInformation` (MS-OLEPS): title, author, dates.

use std::collections::BTreeMap;

use encoding_rs::{Encoding, UTF_16LE, WINDOWS_1252};
use serde_json::Value;

use super::Container;
use super::numbers::{u16_at, u32_at};
use crate::encoding::code_page;
use crate::text::normalized;

/// Properties by number (MS-OLEPS 2.25.1), and their names in the metadata.
const NAMES: &[(u32, &str)] = &[
    (2, "title"),
    (3, "subject"),
    (4, "author"),
    (5, "keywords"),
    (6, "description"),
    (12, "created"),
    (13, "modified"),
];
/// Property that says in which code page the texts are.
const CODE_PAGE: u32 = 1;

const MAX_PROPERTIES: usize = 200;
const MAX_TEXT_BYTES: usize = 10_000;

/// Types of values (MS-OLEPS 2.2).
const TEXT: u32 = 0x1e;
const WIDE_TEXT: u32 = 0x1f;
const FILE_TIME: u32 = 0x40;

/// Seconds from 1601, where file times begin, to 1970.
const EPOCH_S: i64 = 11_644_473_600;

/// The title, and the metadata besides it. What cannot be read is left out: properties are no reason to refuse a file.
pub(crate) fn summary(container: &mut Container<'_>) -> (Option<String>, BTreeMap<String, Value>) {
    let mut found = match container.stream("/\u{5}SummaryInformation") {
        Ok(Some(stream)) => read(&stream).unwrap_or_default(),
        _ => BTreeMap::new(),
    };
    let title = found.remove("title");
    (title, found.into_iter().map(|(key, value)| (key.to_owned(), Value::String(value))).collect())
}

fn read(stream: &[u8]) -> Option<BTreeMap<&'static str, String>> {
    let set = stream.get(usize::try_from(u32_at(stream, 44)?).ok()?..)?;
    let count = usize::try_from(u32_at(set, 4)?).ok()?.min(MAX_PROPERTIES);
    let properties: Vec<(u32, &[u8])> = (0..count)
        .filter_map(|index| {
            let number = u32_at(set, 8 + index * 8)?;
            Some((number, set.get(usize::try_from(u32_at(set, 12 + index * 8)?).ok()?..)?))
        })
        .collect();
    let page = properties.iter().find(|(number, _)| *number == CODE_PAGE).and_then(|(_, value)| u16_at(value, 4));
    let encoding = match page {
        Some(1200) => UTF_16LE,
        Some(page) => code_page(page.into()).unwrap_or(WINDOWS_1252),
        None => WINDOWS_1252,
    };
    let mut found = BTreeMap::new();
    for (number, value) in properties {
        if let Some((_, name)) = NAMES.iter().find(|(known, _)| *known == number)
            && let Some(value) = text_of(value, encoding)
        {
            found.insert(*name, value);
        }
    }
    Some(found)
}

fn text_of(value: &[u8], encoding: &'static Encoding) -> Option<String> {
    let text = match u32_at(value, 0)? {
        kind @ (TEXT | WIDE_TEXT) => {
            let length = usize::try_from(u32_at(value, 4)?).ok()?;
            let (unit, encoding) = if kind == WIDE_TEXT { (2, UTF_16LE) } else { (1, encoding) };
            let bytes = value.get(8..)?;
            let text =
                encoding.decode_without_bom_handling(&bytes[..bytes.len().min(length * unit).min(MAX_TEXT_BYTES)]).0;
            normalized(text.split('\0').next().unwrap_or_default())
        }
        FILE_TIME => {
            let ticks = u64::from(u32_at(value, 8)?) << 32 | u64::from(u32_at(value, 4)?);
            let seconds = i64::try_from(ticks / 10_000_000).ok()?;
            // No date at all is zero.
            let time = jiff::Timestamp::from_second(seconds - EPOCH_S).ok().filter(|_| ticks > 0)?;
            time.to_string()
        }
        _ => return None,
    };
    Some(text).filter(|text| !text.is_empty())
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A property set in code page 936 with a title, an author and the date of 2024-02-29 08:05.
    pub fn property_set() -> Vec<u8> {
        let text = |text: &str| {
            let bytes = encoding_rs::GBK.encode(text).0.into_owned();
            [&TEXT.to_le_bytes()[..], &(bytes.len() as u32 + 1).to_le_bytes(), &bytes, b"\0"].concat()
        };
        let ticks = (1_709_193_900 + EPOCH_S) as u64 * 10_000_000;
        let values = [
            (1u32, [2u32.to_le_bytes(), 936u32.to_le_bytes()].concat()),
            (2, text("年假规定")),
            (4, text("Ann")),
            (12, [&FILE_TIME.to_le_bytes()[..], &ticks.to_le_bytes()].concat()),
            (13, [&FILE_TIME.to_le_bytes()[..], &[0; 8]].concat()),
        ];
        let mut directory = Vec::new();
        let mut content = Vec::new();
        for (number, value) in &values {
            directory.extend(number.to_le_bytes());
            directory.extend((8 + 8 * values.len() as u32 + content.len() as u32).to_le_bytes());
            content.extend(value);
        }
        let mut stream = vec![0; 44];
        stream.extend(48u32.to_le_bytes());
        stream.extend([0; 4]);
        stream.extend((values.len() as u32).to_le_bytes());
        [stream, directory, content].concat()
    }

    #[test]
    fn texts_in_their_code_page_and_dates() {
        let found = read(&property_set()).unwrap();
        let expected = [("author", "Ann"), ("created", "2024-02-29T08:05:00Z"), ("title", "年假规定")];
        assert_eq!(found, BTreeMap::from(expected.map(|(key, value)| (key, value.to_owned()))));
        assert_eq!(read(b""), None);
    }
}
