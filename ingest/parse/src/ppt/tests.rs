//! Presentations made here, through the public door of the parsers.

use super::super::ParseError;
use super::super::ole::properties::tests::property_set;
use super::super::ole::tests::container;
use super::super::testing::{check, document, documents, survives_mutations};
use super::records::*;

const SLIDE: u16 = 0x03ee;
const NOTES_PAGE: u16 = 0x03f0;
const OBJECTS: u16 = 0x0409;
const DRAWING: u16 = 0x040c;
const DRAWING_CONTAINER: u16 = 0xf002;
const CLIENT_DATA: u16 = 0xf011;

fn record(kind: u16, version: u16, body: &[u8]) -> Vec<u8> {
    [&version.to_le_bytes()[..], &kind.to_le_bytes(), &(body.len() as u32).to_le_bytes(), body].concat()
}

fn atom(kind: u16, body: &[u8]) -> Vec<u8> {
    record(kind, 0, body)
}

fn tree(kind: u16, children: &[Vec<u8>]) -> Vec<u8> {
    record(kind, 0xf, &children.concat())
}

fn numbers(numbers: &[u32]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_le_bytes()).collect()
}

fn wide(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

fn text(purpose: u32, text: &str) -> Vec<u8> {
    let header = atom(TEXT_HEADER, &numbers(&[purpose]));
    let is_narrow = text.chars().all(|character| u32::from(character) < 0x100);
    let narrow: Vec<u8> = text.chars().map(|character| character as u8).collect();
    [header, if is_narrow { atom(TEXT_BYTES, &narrow) } else { atom(TEXT_CHARS, &wide(text)) }].concat()
}

fn shape(content: Vec<u8>, more: &[Vec<u8>]) -> Vec<u8> {
    tree(SHAPE, &[more.concat(), tree(TEXT_BOX, &[content])])
}

fn drawing(shapes: &[Vec<u8>]) -> Vec<u8> {
    tree(DRAWING, &[tree(DRAWING_CONTAINER, &[tree(SHAPE_GROUP, &[vec![tree(SHAPE, &[])], shapes.to_vec()].concat())])])
}

/// A cell of one row; `right` tells how many columns it has.
fn cell(left: u32, top: u32, right: u32, content: &str) -> Vec<u8> {
    shape(text(4, content), &[atom(CHILD_ANCHOR, &numbers(&[left, top, right, top + 10]))])
}

/// A presentation, and what its stream of the user says: two slides, saved twice.
fn streams() -> (Vec<u8>, Vec<u8>) {
    let table_flags = [&TABLE_PROPERTY_BYTES[..], &numbers(&[1])].concat();
    let table = tree(
        SHAPE_GROUP,
        &[
            tree(SHAPE, &[record(SHAPE_PROPERTIES, 1 << 4 | 3, &table_flags)]),
            cell(9, 20, 19, "15"),
            cell(1, 10, 9, "Grade"),
            cell(9, 10, 19, "Days"),
            cell(1, 20, 9, "A"),
            cell(1, 30, 19, "All"),
        ],
    );
    let placeholder = |kind: u8| tree(CLIENT_DATA, &[atom(PLACEHOLDER, &[0, 0, 0, 0, kind, 0, 0, 0])]);
    let slide_one = tree(
        SLIDE,
        &[
            atom(SLIDE_ATOM, &numbers(&[0, 0, 0, 0, 77, 0])),
            drawing(&[
                shape(atom(OUTLINE_REFERENCE, &numbers(&[0])), &[]),
                shape(text(1, "First\u{b}line\rSecond"), &[]),
                shape(text(4, "3"), &[placeholder(8)]),
                table,
            ]),
        ],
    );
    let slide_two = tree(SLIDE, &[atom(SLIDE_ATOM, &numbers(&[0; 6])), drawing(&[shape(text(4, "年假"), &[])])]);
    let notes = tree(NOTES_PAGE, &[drawing(&[shape(text(2, "Say this."), &[]), shape(text(4, "not"), &[])])]);
    let entry = |object, slide| atom(SLIDE_PERSIST, &numbers(&[object, 0, 0, slide, 0]));
    let link = tree(HYPERLINK, &[record(STRING, 0, &wide("page")), record(STRING, 1 << 4, &wide("https://x.example"))]);
    let lists = [
        record(SLIDE_LIST, 0xf, &[entry(2, 256), text(0, "Leave"), entry(3, 257)].concat()),
        record(SLIDE_LIST, 2 << 4 | 0xf, &entry(4, 77)),
    ];
    let document = tree(DOCUMENT, &[tree(OBJECTS, &[link]), lists.concat()]);

    let mut stream = Vec::new();
    let add = |stream: &mut Vec<u8>, object: &[u8]| {
        let place = stream.len() as u32;
        stream.extend(object);
        place
    };
    let old = add(&mut stream, &tree(SLIDE, &[drawing(&[shape(text(4, "old"), &[])])]));
    let places = [add(&mut stream, &document), add(&mut stream, &slide_one), old, add(&mut stream, &notes)];
    let directory = add(&mut stream, &atom(PERSIST_DIRECTORY, &[numbers(&[4 << 20 | 1]), numbers(&places)].concat()));
    let edit = |before, directory| atom(USER_EDIT, &numbers(&[0, 0, before, directory, 1, 0, 0]));
    let first = add(&mut stream, &edit(0, directory));
    let new = add(&mut stream, &slide_two);
    let directory = add(&mut stream, &atom(PERSIST_DIRECTORY, &numbers(&[1 << 20 | 3, new])));
    let second = add(&mut stream, &edit(first, directory));
    (stream, atom(0x0ff6, &numbers(&[20, 0xe391_c05f, second])))
}

const TABLE_PROPERTY_BYTES: [u8; 2] = [0x9f, 0x03];

fn presentation() -> Vec<u8> {
    let (stream, user) = streams();
    container(&[
        ("/PowerPoint Document", &stream),
        ("/Current User", &user),
        ("/\u{5}SummaryInformation", &property_set()),
    ])
}

const SHOWN: &str =
    "h1: Leave\nli: First line\nli: Second\ntr: Grade | Days\ntr^1: A | 15\ntr^2: All | All\np: Say this.\np: 年假";

#[test]
fn slides_in_order_with_tables_and_notes() {
    check("a.ppt", presentation(), SHOWN);
    let document = document("a.ppt", &presentation());
    let pages: Vec<_> = document.outline.iter().map(|entry| entry.page).collect();
    assert_eq!(pages, [Some(1), Some(2)]);
    assert_eq!(document.title.as_deref(), Some("年假规定"));
    assert_eq!(document.links[0].url, "https://x.example");
}

#[test]
fn a_lost_directory_is_found_and_a_lost_document_is_noted() {
    let (stream, _) = streams();
    check("a.ppt", container(&[("/PowerPoint Document", &stream)]), SHOWN);
    let slide = tree(SLIDE, &[drawing(&[shape(text(0, "Title"), &[]), shape(text(4, "年假"), &[])])]);
    let file = container(&[("/PowerPoint Document", &slide)]);
    check("a.ppt", &file, "h1: Title\np: 年假");
    let notes = serde_json::to_value(&document("a.ppt", &file).notes).unwrap();
    assert_eq!(notes, serde_json::json!({"best_effort": 1}));
}

#[test]
fn encrypted_presentations_are_reported() {
    let (stream, _) = streams();
    let user = atom(0x0ff6, &numbers(&[20, 0xf3d1_c4df, 0]));
    let file = container(&[("/PowerPoint Document", &stream), ("/Current User", &user)]);
    assert_eq!(documents("a.ppt", &file), Err(ParseError::Encrypted));
}

#[test]
fn broken_files_do_no_harm() {
    survives_mutations("a.ppt", &presentation());
}
