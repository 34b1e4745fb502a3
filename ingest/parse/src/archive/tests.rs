//! Archives made here, harmless and hostile, through the public door of the parsers.

use std::io::{Cursor, Write};
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use taproot_schemas::job::FileErrorCode;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::super::package::testing::archive;
use super::super::testing::{LIMITS, survives_mutations};
use super::super::{ParseError, Parsed, Recognition, parse};
use super::code_page_437;

/// What a file hands out, a line each: `suffix: text`, or `suffix! code`; and what came of it as a whole.
fn read(name: &str, bytes: &[u8]) -> (Vec<String>, Result<(), ParseError>) {
    let mut lines = Vec::new();
    let result = parse(name, bytes, LIMITS, &|_| Recognition::Unavailable, &mut |parsed| {
        lines.push(match parsed {
            Parsed::Document(document) => format!("{}: {}", document.suffix, document.text),
            Parsed::PartFailed(failure) => format!("{}! {:?}", failure.suffix, failure.code),
        });
        ControlFlow::Continue(())
    });
    (lines, result)
}

/// An archive whose names are these bytes.
fn with_raw_names(members: &[(&[u8], &str)]) -> Vec<u8> {
    // Names of the same length are written, then replaced by the bytes.
    let placeholder = |index: usize, length: usize| format!("{index:#<length$}");
    let names: Vec<String> = members.iter().enumerate().map(|(at, (name, _))| placeholder(at, name.len())).collect();
    let plain: Vec<(&str, &str)> = names.iter().zip(members).map(|(name, (_, text))| (name.as_str(), *text)).collect();
    let mut bytes = archive(&plain);
    for (placeholder, (name, _)) in names.iter().zip(members) {
        replace(&mut bytes, placeholder.as_bytes(), name);
    }
    bytes
}

fn replace(bytes: &mut [u8], from: &[u8], to: &[u8]) {
    for at in 0..=bytes.len() - from.len() {
        if bytes[at..].starts_with(from) {
            bytes[at..at + to.len()].copy_from_slice(to);
        }
    }
}

/// Sets the bit that says that all members are encrypted, in both headers of each.
fn encrypted(mut bytes: Vec<u8>) -> Vec<u8> {
    for at in 0..bytes.len() - 10 {
        let flags = match &bytes[at..at + 4] {
            b"PK\x03\x04" => at + 6,
            b"PK\x01\x02" => at + 8,
            _ => continue,
        };
        bytes[flags] |= 1;
    }
    bytes
}

fn deflated(name: &str, content: impl IntoIterator<Item = Vec<u8>>) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    writer.start_file(name, options).unwrap();
    content.into_iter().for_each(|piece| writer.write_all(&piece).unwrap());
    writer.finish().unwrap().into_inner()
}

#[test]
fn members_are_documents_with_their_paths() {
    let inner = archive(&[("深/b.md", "# 年假\n\n十五天。")]);
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default();
    writer.add_directory("folder", options).unwrap();
    let files: &[(&str, &[u8])] =
        &[("folder/a.txt", b"leave"), ("inner.zip", &inner), ("setup.exe", b"MZ\0\0\0\0"), ("empty.txt", b"")];
    for (name, content) in files {
        writer.start_file(*name, options).unwrap();
        writer.write_all(content).unwrap();
    }
    let (lines, result) = read("all.zip", &writer.finish().unwrap().into_inner());
    assert_eq!(
        lines,
        [
            "!/folder/a.txt: leave",
            "!/inner.zip!/深/b.md: 年假\n\n十五天。",
            "!/setup.exe! UnsupportedFormat",
            "!/empty.txt! Empty"
        ]
    );
    assert_eq!(result, Ok(()));
}

#[test]
fn what_systems_leave_behind_is_left_out() {
    let names = ["__MACOSX/._a.txt", "._a.txt", "x/.DS_Store", "x/THUMBS.DB", "desktop.ini"];
    let members: Vec<(&str, &str)> = names.iter().map(|name| (*name, "junk")).collect();
    assert_eq!(read("a.zip", &archive(&members)), (vec![], Err(ParseError::Empty)));
}

#[test]
fn paths_lead_nowhere_and_are_unique() {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default();
    for name in ["../../etc/a.txt", "/etc/a.txt", "C:\\etc\\a.txt"] {
        writer.start_file(name, options).unwrap();
        writer.write_all(b"text").unwrap();
    }
    writer.add_symlink("link.txt", "/etc/passwd", options).unwrap();
    let (lines, _) = read("a.zip", &writer.finish().unwrap().into_inner());
    let expected = ["!/etc/a.txt: text", "!/etc/a (2).txt: text", "!/etc/a (3).txt: text"];
    assert_eq!(lines[..3], expected);
    assert_eq!(lines[3], "!/link.txt! UnsupportedFormat");
}

#[test]
fn names_in_the_encoding_of_the_machine_that_packed_them() {
    let check = |name: &str, encoding: &'static encoding_rs::Encoding| {
        let file = with_raw_names(&[(&encoding.encode(name).0, "text")]);
        assert_eq!(read("a.zip", &file).0, [format!("!/{name}: text")]);
    };
    check("人事制度/员工年假管理办法.txt", encoding_rs::GBK);
    check("资料.txt", encoding_rs::GBK);
    check("人事規章/員工請假管理辦法.txt", encoding_rs::BIG5);
    check("社内規程の一覧ファイル.txt", encoding_rs::SHIFT_JIS);
    let file = with_raw_names(&[(b"f\x81r K\x84se.txt", "text")]);
    assert_eq!(read("a.zip", &file).0, ["!/für Käse.txt: text"]);
    assert_eq!([0x41, 0x80, 0xe1, 0xff].map(code_page_437), ['A', 'Ç', 'ß', '\u{a0}']);
}

#[test]
fn encrypted_members_are_reported_and_the_rest_goes_on() {
    let file = archive(&[("a.txt", "secret"), ("b.txt", "secret")]);
    let (lines, result) = read("a.zip", &encrypted(file));
    assert_eq!(lines, ["!/a.txt! Encrypted", "!/b.txt! Encrypted"]);
    assert_eq!(result, Err(ParseError::Encrypted));

    let mut file = archive(&[("a.txt", "secret"), ("b.txt", "open")]);
    let last = file.windows(4).rposition(|window| window == b"PK\x01\x02").unwrap();
    let tail = file.split_off(last);
    let mut half = encrypted(file);
    half.extend(tail);
    let (lines, result) = read("a.zip", &half);
    assert_eq!(lines, ["!/a.txt! Encrypted", "!/b.txt: open"]);
    assert_eq!(result, Ok(()));
}

#[test]
fn a_damaged_member_does_not_hide_the_others() {
    let mut file = archive(&[("a.txt", "one one one"), ("b.txt", "two")]);
    replace(&mut file, b"PK\x03\x04", b"PK\x03\x05");
    let second = file.windows(4).rposition(|window| window == b"PK\x03\x05").unwrap();
    file[second + 3] = 4;
    file[3] = 4;
    // The first member's data, behind its header and name.
    file[37] ^= 0xff;
    let (lines, result) = read("a.zip", &file);
    assert_eq!(lines, ["!/a.txt! Corrupt", "!/b.txt: two"]);
    assert_eq!(result, Ok(()));
    assert!(matches!(read("a.zip", b"PK\x03\x04 cut").1, Err(ParseError::Corrupt(_))));
}

/// Runs a hostile file; it has to end within seconds.
#[track_caller]
fn bomb(bytes: &[u8]) -> (Vec<String>, Result<(), ParseError>) {
    let begun = Instant::now();
    let read = read("bomb.zip", bytes);
    assert!(begun.elapsed() < Duration::from_secs(20), "it took {:?}", begun.elapsed());
    read
}

#[test]
fn a_flat_bomb() {
    // Ten times the limit of these tests; the limit is what matters, not the size.
    let bytes = deflated("zeros.txt", (0..100).map(|_| vec![b'0'; 1 << 20]));
    assert!(bytes.len() < 1 << 18);
    let (lines, result) = bomb(&bytes);
    assert_eq!(lines, ["!/zeros.txt! TooLarge"]);
    assert_eq!(result.map_err(|error| error.code()), Err(FileErrorCode::TooLarge));
}

#[test]
fn a_bomb_of_overlapping_members() {
    // A thousand entries of the directory, all for the same data.
    let one = deflated("0000.txt", (0..10).map(|_| vec![b'0'; 1 << 20]));
    let directory = one.windows(4).rposition(|window| window == b"PK\x01\x02").unwrap();
    let end = one.windows(4).rposition(|window| window == b"PK\x05\x06").unwrap();
    let mut bytes = one[..directory].to_vec();
    for index in 0..1000 {
        let mut entry = one[directory..end].to_vec();
        replace(&mut entry, b"0000.txt", format!("{index:04}.txt").as_bytes());
        bytes.extend(entry);
    }
    let length = u32::try_from(bytes.len() - directory).unwrap();
    let mut tail = one[end..].to_vec();
    tail[8..10].copy_from_slice(&1000u16.to_le_bytes());
    tail[10..12].copy_from_slice(&1000u16.to_le_bytes());
    tail[12..16].copy_from_slice(&length.to_le_bytes());
    bytes.extend(tail);
    let (lines, result) = bomb(&bytes);
    // Four of them fill the budget.
    assert!(lines.len() <= 4, "{lines:?}");
    assert_eq!(result.map_err(|error| error.code()), Err(FileErrorCode::TooLarge));
}

#[test]
fn a_bomb_of_archives_in_archives() {
    let mut bytes = archive(&[("deep.txt", "deep")]);
    for _ in 0..8 {
        bytes = deflated("next.zip", [bytes]);
    }
    let (lines, result) = bomb(&bytes);
    assert_eq!(lines.len(), 1);
    assert!(lines[0].ends_with("! TooLarge"), "{lines:?}");
    assert_eq!(result.map_err(|error| error.code()), Err(FileErrorCode::TooLarge));

    // Sixteen in sixteen in …, with a megabyte at the bottom of each.
    let mut bytes = deflated("z.txt", [vec![b'0'; 1 << 20]]);
    for _ in 0..4 {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        for index in 0..16 {
            writer.start_file(format!("{index}.zip"), SimpleFileOptions::default()).unwrap();
            writer.write_all(&bytes).unwrap();
        }
        bytes = writer.finish().unwrap().into_inner();
    }
    let (_, result) = bomb(&bytes);
    assert_eq!(result.map_err(|error| error.code()), Err(FileErrorCode::TooLarge));
}

#[test]
fn a_mix_of_a_bomb_and_a_text_keeps_the_text() {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, size) in [("a.txt", 10), ("bomb.txt", 50 << 20), ("b.txt", 20)] {
        writer.start_file(name, SimpleFileOptions::default()).unwrap();
        writer.write_all(&vec![b'x'; size]).unwrap();
    }
    let (lines, result) = bomb(&writer.finish().unwrap().into_inner());
    assert_eq!(lines, ["!/a.txt: xxxxxxxxxx", "!/bomb.txt! TooLarge", "!/b.txt: xxxxxxxxxxxxxxxxxxxx"]);
    assert_eq!(result, Ok(()));
}

#[test]
fn more_members_than_anybody_has() {
    let names: Vec<String> = (0..10_050).map(|index| format!("{index}.txt")).collect();
    let members: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "x")).collect();
    let (lines, result) = bomb(&archive(&members));
    assert_eq!(lines.len(), 10_000);
    assert_eq!(result, Err(ParseError::TooManyParts { limit: 10_000 }));
    let (lines, result) = bomb(&archive(&members[..10_000]));
    assert_eq!((lines.len(), result), (10_000, Ok(())));
    let (lines, result) = bomb(&encrypted(archive(&members)));
    assert_eq!(lines.len(), 10_000);
    assert_eq!(result, Err(ParseError::TooManyParts { limit: 10_000 }));
}

#[test]
fn broken_files_do_no_harm() {
    let inner = archive(&[("b.md", "# B")]);
    let inner = deflated("in.zip", [inner]);
    let mut file =
        with_raw_names(&[(&encoding_rs::GBK.encode("资料/年假.txt").0, "年假十五天"), (b"x/.DS_Store", "x")]);
    survives_mutations("a.zip", &file);
    file.extend(inner);
    survives_mutations("a.zip", &file);
}
