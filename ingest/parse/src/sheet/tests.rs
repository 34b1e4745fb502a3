//! Regions, titles and headers, through the writer.

use super::*;

/// Rows of cells between `|`; a number is one, an ISO date is one, a `-` is an empty row.
fn written(sheet: &str) -> String {
    let mut builder = TextBuilder::new(100_000);
    let mut writer = SheetWriter::new(&mut builder);
    writer.begin_sheet(1, "S");
    for (number, line) in sheet.trim().lines().enumerate() {
        let cells = line.trim().trim_start_matches('-').split('|').map(str::trim).enumerate();
        let row = cells.filter(|(_, text)| !text.is_empty()).map(|(column, text)| (column as u32, cell(text)));
        writer.push_row(number as u32, row.collect());
    }
    writer.end_sheet();
    let document = builder.finish().unwrap().into_document("x");
    crate::testing::outline_of(&document)
}

fn cell(text: &str) -> Cell {
    let is_year = text.parse::<u32>().is_ok_and(|number| (1900..=2100).contains(&number));
    let kind = match text.parse::<f64>() {
        _ if is_year => CellKind::Date,
        Ok(_) => CellKind::Number,
        Err(_) => CellKind::Text,
    };
    Cell { text: text.to_owned(), kind }
}

#[track_caller]
fn check(sheet: &str, expected: &str) {
    assert_eq!(written(sheet), format!("h1: S\n{expected}"));
}

#[test]
fn a_table_with_a_header() {
    check("姓名 | 天数\n张三 | 15\n李四 | 20", "tr: 姓名 | 天数\ntr^1: 张三 | 15\ntr^2: 李四 | 20");
}

#[test]
fn titles_stand_above_their_table() {
    let table = "tr: A | B\ntr^1: x | 1";
    check("Ducks\nA | B\nx | 1", &format!("h2: Ducks\n{table}"));
    check("Ducks\nin Europe\nA | B\nx | 1", &format!("h2: Ducks\np: in Europe\n{table}"));
    check("Ducks\n-\nA | B\nx | 1", &format!("h2: Ducks\n{table}"));
    check("Ducks\n-\nin Europe\nA | B\nx | 1", &format!("h2: Ducks\np: in Europe\n{table}"));
    check("Ducks\n-\n-\nGeese", "p: Ducks\np: Geese");
}

#[test]
fn an_empty_row_ends_a_table() {
    check("A | B\nx | 1\n-\n1 | 2\n3 | 4", "tr: A | B\ntr^1: x | 1\ntr: 1 | 2\ntr: 3 | 4");
}

#[test]
fn what_is_no_header() {
    check("a | a\nb | 2", "tr: a | a\ntr: b | 2");
    check("1 | b\n2 | c", "tr: 1 | b\ntr: 2 | c");
    check("only | row", "tr: only | row");
}

#[test]
fn years_are_names_of_columns() {
    check("Region | 2023 | 2024\nNorth | 5 | 7", "tr: Region | 2023 | 2024\ntr^1: North | 5 | 7");
    check("Ann | 1990\nBo | 1985", "tr: Ann | 1990\ntr: Bo | 1985");
}

#[test]
fn groups_of_columns_stand_above_the_header() {
    let sheet = " | Q1 | | Q2\nCity | in | out | in 2 | out 2\nUlm | 1 | 2 | 3 | 4";
    check(sheet, "tr: | Q1 | | Q2\ntr: City | in | out | in 2 | out 2\ntr^1: Ulm | 1 | 2 | 3 | 4");
}

#[test]
fn empty_columns_and_far_cells() {
    check("A | | | B\nx | | | 1\ny | | z", "tr: A | | B\ntr^1: x | | 1\ntr^2: y | z");
    check("| a\n| b\n| c", "p: a\np: b\np: c");
}

#[test]
fn tables_side_by_side() {
    check("A | B\nx | 1 | | C | D\ny | 2 | | v | 5", "tr: A | B\ntr^1: x | 1\ntr^2: y | 2\ntr: C | D\ntr^1: v | 5");
    check("A | B | | C | D\nx | 1 | | v | 5", "tr: A | B | C | D\ntr^1: x | 1 | v | 5");
    check("one\n | two\n-\n-", "p: one\np: two");
}

#[test]
fn a_long_table_keeps_its_header() {
    let rows: String = (0..2000).map(|n| format!("\nx{n} | {n}")).collect();
    let shown = written(&format!("Name | Number{rows}"));
    assert!(shown.ends_with("tr^2000: x1999 | 1999"), "{shown}");
    assert!(!shown.contains("\ntr: x"), "{shown}");
}

#[test]
fn too_many_cells_are_noted() {
    let mut builder = TextBuilder::new(usize::MAX);
    let mut writer = SheetWriter::new(&mut builder);
    writer.left_cells = 5;
    for number in 0..4 {
        writer.push_row(number, Row::from([(0, cell("a")), (1, cell("b"))]));
    }
    writer.end_sheet();
    let built = builder.finish().unwrap();
    assert_eq!(built.text, "a | b\na | b");
    assert_eq!(built.notes, BTreeMap::from([(NoteKind::CellsLeftOut, 4)]));
}
