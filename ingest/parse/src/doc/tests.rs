//! Word files made here, through the public door of the parsers.

use super::super::ParseError;
use super::super::ole::properties::tests::property_set;
use super::super::ole::tests::container;
use super::super::testing::{check, document, documents, survives_mutations};

/// A piece of text with its stored formats.
#[derive(Clone, Copy)]
struct Run<'a> {
    text: &'a str,
    style: u16,
    /// Changes of the paragraph.
    paragraph: &'a [u8],
    /// Changes of the characters.
    characters: &'a [u8],
}

const PLAIN: Run<'_> = Run { text: "", style: 0, paragraph: &[], characters: &[] };
const IN_TABLE: &[u8] = &[0x16, 0x24, 1];
const ROW_END: &[u8] = &[0x16, 0x24, 1, 0x17, 0x24, 1];
const LIST: &[u8] = &[0x0b, 0x46, 1, 0];
const HIDDEN: &[u8] = &[0x3c, 0x08, 1];
const DELETED: &[u8] = &[0x00, 0x08, 1];

const TEXT_START: usize = 0x800;

fn put(bytes: &mut Vec<u8>, at: usize, value: &[u8]) {
    bytes.resize(bytes.len().max(at + value.len()), 0);
    bytes[at..at + value.len()].copy_from_slice(value);
}

/// One page of formats; each run has its own.
fn page(bounds: &[u32], formats: &[Vec<u8>], descriptor_bytes: usize) -> Vec<u8> {
    let mut page = vec![0; 512];
    for (index, bound) in bounds.iter().enumerate() {
        put(&mut page, 4 * index, &bound.to_le_bytes());
    }
    let mut free = 511;
    for (index, format) in formats.iter().enumerate().filter(|(_, format)| !format.is_empty()) {
        free = (free - format.len()) & !1;
        put(&mut page, free, format);
        page[4 * bounds.len() + descriptor_bytes * index] = (free / 2) as u8;
    }
    page[511] = formats.len() as u8;
    page
}

/// A style: built-in number, the style it is based on, its name.
fn style(built_in: u16, based_on: u16) -> Vec<u8> {
    let words = [built_in, based_on << 4 | 1, 0, 0, 0, 1, u16::from(b'x'), 0];
    let mut stored = (words.len() as u16 * 2).to_le_bytes().to_vec();
    stored.extend(words.iter().flat_map(|word| word.to_le_bytes()));
    stored
}

/// A .doc of these runs; the last `notes` characters are footnotes.
fn word(runs: &[Run<'_>], notes: u32) -> Vec<u8> {
    let (mut stream, mut bounds) = (vec![0; TEXT_START], vec![TEXT_START as u32]);
    for run in runs {
        stream.extend(run.text.encode_utf16().flat_map(u16::to_le_bytes));
        bounds.push(stream.len() as u32);
    }
    let characters = (stream.len() - TEXT_START) as u32 / 2;
    stream.resize(stream.len().next_multiple_of(512), 0);
    let first_page = (stream.len() / 512) as u32;
    let paragraphs: Vec<Vec<u8>> = runs
        .iter()
        .map(|run| {
            let mut stored = [&run.style.to_le_bytes()[..], run.paragraph].concat();
            stored.resize(stored.len().next_multiple_of(2), 0);
            [&[0, (stored.len() / 2) as u8][..], &stored].concat()
        })
        .collect();
    let formats: Vec<Vec<u8>> =
        runs.iter().map(|run| [&[run.characters.len() as u8], run.characters].concat()).collect();
    stream.extend(page(&bounds, &formats, 1));
    stream.extend(page(&bounds, &paragraphs, 13));

    let mut table = Vec::new();
    let mut add = |content: &[u8]| {
        let start = table.len() as u32;
        table.extend(content);
        [start, content.len() as u32]
    };
    let index = |number: u32| [TEXT_START as u32, *bounds.last().unwrap(), number].map(u32::to_le_bytes).concat();
    let mut styles = [18u16, 4, 10, 1, 0, 0, 0, 0, 0, 0].map(u16::to_le_bytes).concat();
    [style(0, 0xfff), style(1, 0), style(0xffe, 1), style(62, 0)].iter().for_each(|style| styles.extend(style));
    let mut pieces = vec![1, 2, 0, 9, 9, 2];
    pieces.extend(16u32.to_le_bytes());
    pieces.extend([0, characters].map(u32::to_le_bytes).concat());
    pieces.extend([0, 0]);
    pieces.extend((TEXT_START as u32).to_le_bytes());
    pieces.extend([0, 0]);
    let tables =
        [(1, add(&styles)), (12, add(&index(first_page))), (13, add(&index(first_page + 1))), (33, add(&pieces))];
    let (lists, declared, references) = super::lists::tests::tables();
    let [start, _] = add(&lists);
    let tables = tables.into_iter().chain([(73, [start, declared as u32]), (74, add(&references))]);

    put(&mut stream, 0, &[0xec, 0xa5, 193, 0]);
    put(&mut stream, 0x0a, &0x0200u16.to_le_bytes());
    put(&mut stream, 32, &14u16.to_le_bytes());
    put(&mut stream, 62, &22u16.to_le_bytes());
    put(&mut stream, 64 + 12, &[characters - notes, notes].map(u32::to_le_bytes).concat());
    put(&mut stream, 152, &93u16.to_le_bytes());
    for (number, place) in tables {
        put(&mut stream, 154 + 8 * number, &place.map(u32::to_le_bytes).concat());
    }
    container(&[("/WordDocument", &stream), ("/1Table", &table), ("/\u{5}SummaryInformation", &property_set())])
}

fn sample() -> Vec<u8> {
    let cell = |text| Run { text, paragraph: IN_TABLE, ..PLAIN };
    let row_end = Run { text: "\u{7}", paragraph: ROW_END, ..PLAIN };
    let runs = [
        Run { text: "员工手册\r", style: 3, ..PLAIN },
        Run { text: "年假\r", style: 1, ..PLAIN },
        Run { text: "Mine\r", style: 2, ..PLAIN },
        Run { text: "Fifteen\u{b}days, see \u{13} HYPERLINK \"https://x.example\" \u{14}the page\u{15}.", ..PLAIN },
        Run { text: "secret", characters: HIDDEN, ..PLAIN },
        Run { text: "gone", characters: DELETED, ..PLAIN },
        Run { text: " 😀\r", ..PLAIN },
        Run { text: "One\r", paragraph: LIST, ..PLAIN },
        cell("Grade\u{7}"),
        cell("Days\ra year\u{7}"),
        row_end,
        cell("A\u{7}"),
        cell("15\u{7}"),
        row_end,
        Run { text: "After.\r", ..PLAIN },
        Run { text: "\u{2} A note.\r", ..PLAIN },
    ];
    word(&runs, 10)
}

#[test]
fn headings_tables_lists_and_notes() {
    check(
        "a.doc",
        sample(),
        "h1: 员工手册\nh1: 年假\nh1: Mine\np: Fifteen days, see the page. 😀\nli: 3. One\n\
         tr: Grade | Days a year\ntr^1: A | 15\np: After.\np: A note.",
    );
}

#[test]
fn properties_links_and_hidden_text() {
    let document = document("a.doc", &sample());
    assert_eq!(document.title.as_deref(), Some("年假规定"));
    let metadata = serde_json::to_value(&document.metadata).unwrap();
    assert_eq!(metadata, serde_json::json!({"author": "Ann", "created": "2024-02-29T08:05:00Z"}));
    assert_eq!(serde_json::to_value(&document.notes).unwrap(), serde_json::json!({"hidden_text": 1}));
    assert_eq!(document.links[0].url, "https://x.example");
    assert_eq!(document.links[0].text, "the page");
}

/// The header of Word 6, and text in code page 936.
fn word6() -> Vec<u8> {
    let text = encoding_rs::GBK.encode("员工\u{13}PAGE\u{14}手册\u{15}\r年\u{7}假\u{7}\u{7}\r").0.into_owned();
    let mut stream = vec![0; 0x300];
    put(&mut stream, 0, &[0xec, 0xa5, 101, 0, 0, 0, 0x04, 0x08]);
    put(&mut stream, 0x18, &[0x300, 0x300 + text.len() as u32].map(u32::to_le_bytes).concat());
    stream.extend(text);
    container(&[("/WordDocument", &stream)])
}

#[test]
fn word_6_gives_its_text() {
    check("a.doc", word6(), "p: 员工手册\np: 年 | 假");
    let notes = document("a.doc", &word6()).notes;
    assert_eq!(serde_json::to_value(&notes).unwrap(), serde_json::json!({"best_effort": 1}));
}

#[test]
fn encrypted_and_damaged_files_are_reported() {
    let encrypted = [0xec, 0xa5, 193, 0, 0, 0, 0, 0, 0, 0, 0, 1].iter().copied().chain([0; 40]).collect::<Vec<u8>>();
    assert_eq!(documents("a.doc", &container(&[("/WordDocument", &encrypted)])), Err(ParseError::Encrypted));
    let file = container(&[("/WordDocument", b"no")]);
    assert!(matches!(documents("a.doc", &file), Err(ParseError::Corrupt(_))));
    assert!(matches!(documents("a.doc", &sample()[..700]), Err(ParseError::Corrupt(_))));
}

#[test]
fn broken_files_do_no_harm() {
    survives_mutations("a.doc", &sample());
    survives_mutations("a.doc", &word6());
}
