//! A file whose table of objects is damaged, missing or cut off: the objects are found by looking for them.
//!
//! Each object starts with `NUMBER GENERATION obj`. A new table is written behind the bytes of the file, and the file
//! is then read like any other. Objects that a later part of the file writes again replace the earlier ones. Lengths of
//! streams that lead nowhere (files whose line ends were converted) are set right.

use std::collections::BTreeMap;
use std::fmt::Write;

/// The file with a new table; none when no objects are found in it.
pub(super) fn with_new_table(bytes: &[u8]) -> Option<Vec<u8>> {
    let header = bytes.windows(5).position(|window| window == b"%PDF-")?;
    let bytes = &bytes[header..];
    let objects = objects(bytes);
    let root = root(bytes, &objects)?;
    let size = objects.keys().last()? + 1;
    let mut tail = String::from("\nxref\n0 1\n0000000000 65535 f \n");
    for (number, object) in &objects {
        let _ = writeln!(tail, "{number} 1\n{:010} {:05} n ", object.offset, object.generation);
    }
    let mut repaired = bytes.to_vec();
    mend_lengths(&mut repaired);
    let table = repaired.len() + 1;
    let _ = write!(tail, "trailer\n<</Size {size}/Root {root} 0 R>>\nstartxref\n{table}\n%%EOF\n");
    repaired.extend_from_slice(tail.as_bytes());
    Some(repaired)
}

struct Found {
    offset: usize,
    generation: u16,
}

/// Where the objects start, by number.
fn objects(bytes: &[u8]) -> BTreeMap<u32, Found> {
    let mut found = BTreeMap::new();
    let mut at = 0;
    while let Some(next) = find(&bytes[at..], b"obj") {
        let keyword = at + next;
        at = keyword + 3;
        if let Some((offset, number, generation)) = object_before(bytes, keyword) {
            found.insert(number, Found { offset, generation });
        }
    }
    found
}

/// Reads `NUMBER GENERATION ` backwards from the keyword.
fn object_before(bytes: &[u8], keyword: usize) -> Option<(usize, u32, u16)> {
    let (generation_at, generation) = number_before(bytes, keyword)?;
    let (number_at, number) = number_before(bytes, generation_at)?;
    Some((number_at, number, generation.try_into().ok()?))
}

fn number_before(bytes: &[u8], end: usize) -> Option<(usize, u32)> {
    let end = bytes[..end].iter().rposition(|byte| !byte.is_ascii_whitespace())? + 1;
    let start = bytes[..end].iter().rposition(|byte| !byte.is_ascii_digit()).map_or(0, |at| at + 1);
    // No number in a file has more digits than this.
    let digits = bytes.get(start..end).filter(|digits| (1..=10).contains(&digits.len()))?;
    Some((start, std::str::from_utf8(digits).ok()?.parse().ok()?))
}

/// The number of the catalog: the last `/Root` of a trailer, else the object that says it is the catalog.
fn root(bytes: &[u8], objects: &BTreeMap<u32, Found>) -> Option<u32> {
    let named = bytes.windows(5).rposition(|window| window == b"/Root").and_then(|at| {
        let rest = bytes[at + 5..].trim_ascii_start();
        let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        std::str::from_utf8(&rest[..digits]).ok()?.parse().ok()
    });
    if let Some(root) = named.filter(|root| objects.contains_key(root)) {
        return Some(root);
    }
    let catalog = bytes.windows(8).rposition(|window| window == b"/Catalog")?;
    objects
        .iter()
        .filter(|(_, object)| object.offset < catalog)
        .max_by_key(|(_, object)| object.offset)
        .map(|(number, _)| *number)
}

/// Writes the true length into the dictionary of each stream whose length is wrong, in place: offsets stay.
fn mend_lengths(bytes: &mut [u8]) {
    let mut at = 0;
    while let Some(next) = find(&bytes[at..], b"stream") {
        let keyword = at + next;
        let data = keyword + b"stream".len() + line_end(&bytes[keyword + b"stream".len()..]);
        let Some(length) = find(&bytes[data..], b"endstream") else { return };
        let dictionary =
            bytes[at..keyword].windows(3).rposition(|window| window == b"obj").map(|start| at + start..keyword);
        at = data + length + b"endstream".len();
        let Some(dictionary) = dictionary else { continue };
        let Some(value) = length_value(&bytes[dictionary.clone()]) else { continue };
        let value = dictionary.start + value.start..dictionary.start + value.end;
        let declared = std::str::from_utf8(&bytes[value.clone()]).ok().and_then(|digits| digits.parse::<usize>().ok());
        // A line end before the keyword belongs to neither.
        if declared.is_some_and(|declared| declared <= length && length - declared <= 2) {
            continue;
        }
        let width = value.len();
        let length = format!("{length:<width$}");
        if length.len() == width {
            bytes[value].copy_from_slice(length.as_bytes());
        }
    }
}

/// Where the value of `/Length` stands: a number, or a reference to one.
fn length_value(dictionary: &[u8]) -> Option<std::ops::Range<usize>> {
    const KEY: &[u8] = b"/Length";
    let after = find(dictionary, KEY)? + KEY.len();
    let start = after + dictionary[after..].iter().position(|byte| !byte.is_ascii_whitespace())?;
    let is_value = |byte: &u8| byte.is_ascii_digit() || matches!(byte, b' ' | b'R');
    let end = start + dictionary[start..].iter().position(|byte| !is_value(byte))?;
    let used = dictionary[start..end].trim_ascii_end().len();
    (used > 0).then_some(start..start + used)
}

fn line_end(bytes: &[u8]) -> usize {
    match bytes {
        [b'\r', b'\n', ..] => 2,
        [b'\r' | b'\n', ..] => 1,
        _ => 0,
    }
}

fn find(bytes: &[u8], needle: &[u8]) -> Option<usize> {
    bytes.windows(needle.len()).position(|window| window == needle)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_are_found_with_their_numbers() {
        let bytes = b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n12 3 obj\nnull endobj 1 0 obj<</Type/Catalog>>endobj";
        let found = objects(bytes);
        let shown: Vec<_> = found.iter().map(|(number, object)| (*number, object.offset, object.generation)).collect();
        assert_eq!(shown, [(1, 73, 0), (12, 52, 3)]);
        assert_eq!(root(bytes, &found), Some(1));
    }

    #[test]
    fn lengths_are_set_right_in_place() {
        let check = |before: &str, after: &str| {
            let mut bytes = before.as_bytes().to_vec();
            mend_lengths(&mut bytes);
            assert_eq!(String::from_utf8(bytes).unwrap(), after);
        };
        check("obj<</Length 99>>stream\ndata\nendstream", "obj<</Length 5 >>stream\ndata\nendstream");
        check("obj<</Length 7 0 R/X 1>>stream\ndata\nendstream", "obj<</Length 5    /X 1>>stream\ndata\nendstream");
        check("obj<</Length 4>>stream\ndata\nendstream", "obj<</Length 4>>stream\ndata\nendstream");
        check("obj<</Length 4>>stream\ndata", "obj<</Length 4>>stream\ndata");
    }

    #[test]
    fn nothing_to_repair() {
        assert!(with_new_table(b"%PDF-1.4 obj obj 0 obj").is_none());
        assert!(with_new_table(b"").is_none());
    }
}
