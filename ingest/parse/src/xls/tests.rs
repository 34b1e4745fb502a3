//! Workbooks of BIFF8 records made here, in an OLE container.

use super::super::package::testing::archive_of_bytes;
use super::super::testing::{check, document, documents, survives_mutations};
use super::*;

/// One record: type, then its data.
fn record(kind: u16, data: &[u8]) -> Vec<u8> {
    [&kind.to_le_bytes()[..], &(data.len() as u16).to_le_bytes(), data].concat()
}

/// A record of a cell: row, column, style, then its value.
fn cell_record(kind: u16, row: u16, column: u16, style: u16, value: &[u8]) -> Vec<u8> {
    let place: Vec<u8> = [row, column, style].iter().flat_map(|part| part.to_le_bytes()).collect();
    record(kind, &[&place, value].concat())
}

fn label(row: u16, column: u16, text: &str) -> Vec<u8> {
    let units: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let length = (units.len() as u16 / 2).to_le_bytes();
    cell_record(0x0204, row, column, 0, &[&length[..], &[1], &units].concat())
}

fn number(row: u16, column: u16, style: u16, value: f64) -> Vec<u8> {
    cell_record(0x0203, row, column, style, &value.to_le_bytes())
}

/// Sheets by name, state (0: visible) and records.
fn workbook(globals: &[Vec<u8>], sheets: &[(&str, u8, Vec<u8>)]) -> Vec<u8> {
    let begin = |kind: u16| record(0x0809, &[&0x0600u16.to_le_bytes()[..], &kind.to_le_bytes(), &[0; 12]].concat());
    let style = |format: u16| record(0x00e0, &[&[0, 0], &format.to_le_bytes()[..], &[0; 16]].concat());
    let mut head = [begin(5), style(0), style(14), style(10)].concat();
    head.extend(globals.concat());
    let end = record(0x000a, &[]);
    let sheet_record = |offset: u32, state: u8, name: &str| {
        record(0x0085, &[&offset.to_le_bytes()[..], &[state, 0, name.len() as u8, 0], name.as_bytes()].concat())
    };
    let list: usize = sheets.iter().map(|(name, state, _)| sheet_record(0, *state, name).len()).sum();
    let mut offset = head.len() + list + end.len();
    let mut bodies = Vec::new();
    for (name, state, records) in sheets {
        head.extend(sheet_record(offset as u32, *state, name));
        let body = [begin(0x10), records.clone(), end.clone()].concat();
        offset += body.len();
        bodies.extend(body);
    }
    let mut container = cfb::CompoundFile::create(Cursor::new(Vec::new())).unwrap();
    container.create_stream("/Workbook").unwrap().write_all(&[head, end, bodies].concat()).unwrap();
    container.flush().unwrap();
    container.into_inner().into_inner()
}

fn table() -> Vec<u8> {
    [
        label(0, 0, "日期"),
        label(0, 1, "占比"),
        number(1, 0, 1, 45352.0),
        number(1, 1, 2, 0.125),
        number(2, 0, 1, 45353.0),
        number(2, 1, 2, 0.5),
    ]
    .concat()
}

const EXPECTED: &str = "h1: Leave\ntr: 日期 | 占比\ntr^1: 2024-03-01 | 12.5%\ntr^2: 2024-03-02 | 50%";

#[test]
fn texts_dates_and_percents() {
    check("a.xls", workbook(&[], &[("Leave", 0, table())]), EXPECTED);
}

#[test]
fn hidden_sheets_rows_and_columns_are_left_out() {
    let row = |number: u16, flags: u16| {
        record(0x0208, &[&number.to_le_bytes()[..], &[0; 10], &flags.to_le_bytes(), &[0; 2]].concat())
    };
    let column = |number: u16| record(0x007d, &[number, number, 0, 0, 1, 0].map(u16::to_le_bytes).concat());
    let hidden = [
        column(2),
        row(3, 0x20),
        row(4, 0x21),
        table(),
        label(0, 2, "secret"),
        label(3, 0, "low"),
        label(4, 0, "folded"),
    ];
    let file = workbook(&[], &[("Lists", 1, table()), ("Leave", 0, hidden.concat())]);
    check("a.xls", &file, &format!("{EXPECTED}\np: folded"));
    assert_eq!(document("a.xls", &file).notes[&NoteKind::HiddenText], 3);
}

#[test]
fn what_cannot_be_read_is_said() {
    let encrypted = workbook(&[record(0x002f, &[1, 0, 0, 0])], &[("Leave", 0, table())]);
    assert_eq!(documents("a.xls", &encrypted), Err(ParseError::Encrypted));
    let far = workbook(&[], &[("Leave", 0, [table(), label(65535, 255, "far")].concat())]);
    assert!(
        matches!(documents("a.xls", &far), Err(ParseError::Unsupported(why)) if why.contains("65536 rows and 256"))
    );
    let dimensions = record(0x0200, &[0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 1, 0, 0]);
    let wide = workbook(&[], &[("Leave", 0, [dimensions, table()].concat())]);
    assert!(matches!(documents("a.xls", &wide), Err(ParseError::Unsupported(_))));
    let missing = workbook(&[record(0x0085, &[0xff, 0xff, 0xff, 0, 0, 0, 1, 0, b'x'])], &[]);
    assert!(matches!(documents("a.xls", &missing), Err(ParseError::Corrupt(_))));
}

#[test]
fn broken_files_do_no_harm() {
    survives_mutations("a.xls", &workbook(&[], &[("Leave", 0, table())]));
}

/// A record of .xlsb (MS-XLSB 2.1.4): type and length in seven bits a byte, then its data.
fn binary_record(kind: u16, data: &[u8]) -> Vec<u8> {
    let kind = if kind < 0x80 { vec![kind as u8] } else { vec![kind as u8 | 0x80, (kind >> 7) as u8] };
    [kind, vec![data.len() as u8], data.to_vec()].concat()
}

fn wide(text: &str) -> Vec<u8> {
    let units: Vec<u16> = text.encode_utf16().collect();
    [(units.len() as u32).to_le_bytes().to_vec(), units.into_iter().flat_map(u16::to_le_bytes).collect()].concat()
}

fn binary_workbook() -> Vec<u8> {
    let words = |words: &[u32]| words.iter().flat_map(|word| word.to_le_bytes()).collect::<Vec<u8>>();
    let cell =
        |kind: u16, column: u32, value: &[u8]| binary_record(kind, &[words(&[column, 0]), value.to_vec()].concat());
    let sheet = [
        binary_record(0x0081, &[]),
        binary_record(0x0094, &words(&[0, 1, 0, 1])),
        binary_record(0x0091, &[]),
        binary_record(0x0000, &words(&[0, 0, 0, 0])),
        cell(0x0006, 0, &wide("姓名")),
        cell(0x0006, 1, &wide("天数")),
        binary_record(0x0000, &words(&[1, 0, 0, 0])),
        cell(0x0006, 0, &wide("张三")),
        cell(0x0005, 1, &15f64.to_le_bytes()),
        binary_record(0x0092, &[]),
    ];
    let entry = [words(&[0, 1]), wide("rId1"), wide("Leave")].concat();
    let workbook = [
        binary_record(0x008f, &[]),
        binary_record(0x009c, &entry),
        binary_record(0x0090, &[]),
        binary_record(0x009d, &[]),
    ]
    .concat();
    let relations = "<Relationships><Relationship Id=\"rId1\" Type=\"http://x/worksheet\" Target=\"worksheets/s.bin\"/></Relationships>";
    let package = "<Relationships><Relationship Id=\"r\" Type=\"http://x/relationships/officeDocument\" Target=\"xl/workbook.bin\"/></Relationships>";
    archive_of_bytes(&[
        ("_rels/.rels", package.as_bytes()),
        ("xl/workbook.bin", &workbook),
        ("xl/_rels/workbook.bin.rels", relations.as_bytes()),
        ("xl/worksheets/s.bin", &sheet.concat()),
    ])
}

#[test]
fn binary_workbooks() {
    check("a.xlsb", binary_workbook(), "h1: Leave\ntr: 姓名 | 天数\ntr^1: 张三 | 15");
    survives_mutations("a.xlsb", &binary_workbook());
}
