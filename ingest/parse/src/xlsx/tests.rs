//! Workbooks made here, through the public door of the parsers.

use super::super::package::testing::archive;
use super::super::testing::{check, document, documents, survives_mutations};
use super::super::{BlockKind, ParseError};
use super::*;

const STYLES: &str = r#"<styleSheet><numFmts><numFmt numFmtId="164" formatCode="&quot;¥&quot;#,##0.00"/></numFmts>
    <cellXfs><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="10"/><xf numFmtId="164"/></cellXfs></styleSheet>"#;

/// A workbook of one sheet: what stands before, in and after its rows.
fn workbook(before: &str, rows: &str, after: &str) -> Vec<u8> {
    with_sheets(&[("Leave", "", &format!("<worksheet>{before}<sheetData>{rows}</sheetData>{after}</worksheet>"))])
}

/// Name, state and content of each sheet.
fn with_sheets(sheets: &[(&str, &str, &str)]) -> Vec<u8> {
    let relation =
        |n: usize, kind: &str, target: &str| format!(r#"<Relationship Id="r{n}" Type="t/{kind}" Target="{target}"/>"#);
    let mut relations =
        relation(1000, "sharedStrings", "sharedStrings.xml") + &relation(1001, "styles", "/xl/styles.xml");
    let mut list = String::new();
    let mut members = Vec::new();
    for (n, (name, state, xml)) in sheets.iter().enumerate() {
        relations += &relation(n, "worksheet", &format!("worksheets/sheet{n}.xml"));
        list +=
            &format!(r#"<sheet name="{name}" sheetId="{n}" r:id="r{n}" state="{state}"/>"#).replace(r#" state="""#, "");
        members.push((format!("xl/worksheets/sheet{n}.xml"), (*xml).to_owned()));
    }
    members.push(("xl/workbook.xml".into(), format!("<workbook><sheets>{list}</sheets></workbook>")));
    members.push(("xl/_rels/workbook.xml.rels".into(), format!("<Relationships>{relations}</Relationships>")));
    members.push(("xl/styles.xml".into(), STYLES.into()));
    let strings = "<sst uniqueCount=\"99999999999\"><si><t>Name</t></si><si><r><t>年</t></r><r><t>假_x000D_</t></r><rPh><t>x</t></rPh></si></sst>";
    members.push(("xl/sharedStrings.xml".into(), strings.into()));
    let links = r#"<Relationship Id="l" Type="t/hyperlink" Target="https://example.com/leave" TargetMode="External"/>
        <Relationship Id="c" Type="t/comments" Target="../comments1.xml"/><Relationship Id="x" Type="t/table" Target="sheet0.xml"/>"#;
    members.push(("xl/worksheets/_rels/sheet0.xml.rels".into(), format!("<Relationships>{links}</Relationships>")));
    let comments = r#"<comments><commentList><comment ref="B2"><text><r><t>ask HR</t></r></text></comment>
        <comment ref="B3"><text><t>[Threaded comment] copy</t></text></comment></commentList></comments>"#;
    members.push(("xl/comments1.xml".into(), comments.into()));
    let members: Vec<(&str, &str)> = members.iter().map(|(name, content)| (name.as_str(), content.as_str())).collect();
    archive(&members)
}

fn row(number: u32, cells: &str) -> String {
    format!("<row r=\"{number}\">{cells}</row>")
}

fn text(cell: &str, text: &str) -> String {
    format!("<c r=\"{cell}\" t=\"inlineStr\"><is><t>{text}</t></is></c>")
}

const HEADER: &str = r#"<row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>1</v></c></row>"#;

#[test]
fn cells_of_all_types() {
    let rows = [
        HEADER.to_owned(),
        row(2, "<c r=\"A2\" t=\"inlineStr\"><is><t>Ann &amp; Bo</t></is></c><c r=\"B2\"><v>15</v></c>"),
        row(3, "<c r=\"A3\" s=\"1\"><v>45352</v></c><c r=\"B3\" s=\"2\"><f>1/8</f><v>0.125</v></c>"),
        row(4, "<c s=\"3\"><v>1234.5</v></c><c t=\"b\"><v>1</v></c>"),
        row(5, "<c t=\"str\"><f>A1</f><v>made</v></c><c t=\"e\"><v>#N/A</v></c>"),
        row(6, "<c t=\"s\"><v>77</v></c><c t=\"d\"><v>2024-05-06</v></c>"),
    ];
    let file = workbook("<dimension ref=\"A1:XFD1048576\"/>", &rows.concat(), "");
    let expected = "h1: Leave\ntr: Name | 年假\ntr^1: Ann & Bo | 15\ntr^2: 2024-03-01 | 12.5%\n\
                    tr^3: ¥1234.50 | TRUE\ntr^4: made | #N/A\ntr^5: | 2024-05-06\np: B2: ask HR";
    check("a.xlsx", &file, expected);
    assert_eq!(document("a.xlsx", &file).outline[0].page, Some(1));
}

#[test]
fn merged_labels_and_links() {
    let rows = [
        row(1, &(text("A1", "Region") + &text("B1", "City"))),
        row(2, &(text("A2", "North") + &text("B2", "Kiel"))),
        row(3, &text("B3", "Rostock")),
        row(4, &text("B4", "Ulm")),
    ];
    let after = r#"<mergeCells><mergeCell ref="A2:A3"/><mergeCell ref="bad"/></mergeCells>
        <hyperlinks><hyperlink ref="B2" r:id="l"/><hyperlink ref="B3" r:id="none"/></hyperlinks>"#;
    let file = workbook("", &rows.concat(), after);
    let expected =
        "h1: Leave\ntr: Region | City\ntr^1: North | Kiel\ntr^2: North | Rostock\ntr^3: | Ulm\np: B2: ask HR";
    check("a.xlsx", &file, expected);
    let link = document("a.xlsx", &file).links.remove(0);
    assert_eq!((link.text.as_str(), link.url.as_str()), ("Kiel", "https://example.com/leave"));
}

#[test]
fn hidden_cells_are_left_out_and_counted() {
    let sheet = |after: &str| {
        let rows = text("A1", "seen") + &text("B1", "secret");
        format!(
            "<worksheet><cols><col min=\"2\" max=\"2\" hidden=\"1\"/></cols><sheetData>{}\
             <row r=\"2\" hidden=\"1\">{}</row><row r=\"3\" hidden=\"1\" outlineLevel=\"1\">{}</row></sheetData>{after}</worksheet>",
            row(1, &rows),
            text("A2", "low"),
            text("A3", "folded")
        )
    };
    let file = with_sheets(&[("Lists", "veryHidden", &sheet("")), ("Open", "visible", &sheet(""))]);
    check("a.xlsx", &file, "h1: Open\np: seen\np: folded");
    assert_eq!(document("a.xlsx", &file).notes[&NoteKind::HiddenText], 3);
    let filtered = sheet("<autoFilter ref=\"A1:B3\"><filterColumn colId=\"0\"/></autoFilter>");
    check(
        "a.xlsx",
        with_sheets(&[("Open", "visible", &filtered)]),
        "h1: Open\np: seen\np: low\np: folded\np: B2: ask HR",
    );
}

#[test]
fn a_cell_in_the_far_corner_costs_nothing() {
    let rows = HEADER.to_owned()
        + &row(2, &(text("A2", "x") + &text("B2", "y")))
        + &row(1_048_576, &text("XFD1048576", "far"));
    let far = workbook("", &rows, "");
    check("a.xlsx", &far, "h1: Leave\ntr: Name | 年假\ntr^1: x | y\np: far\np: B2: ask HR");
    check(
        "a.xlsx",
        workbook("", &row(1, &(text("A1", "near") + &text("XFD1", "far"))), ""),
        "h1: Leave\ntr: near | far\np: B2: ask HR",
    );
}

#[test]
fn a_broken_sheet_keeps_what_was_read() {
    let broken =
        "<worksheet><sheetData><row r=\"1\"><c r=\"A1\" t=\"inlineStr\"><is><t>kept</t></is></c></row><row></c>";
    let file = with_sheets(&[("A", "", broken)]);
    assert_eq!(document("a.xlsx", &file).notes[&NoteKind::FailedPages], 1);
    assert!(document("a.xlsx", &file).text.contains("kept"));
    assert!(
        matches!(documents("a.xlsx", &with_sheets(&[("A", "", "<worksheet></x>")])).map(|d| d[0].text.clone()), Ok(text) if text.contains("ask HR"))
    );
    assert_eq!(documents("a.xlsx", &archive(&[("xl/workbook.xml", "<workbook/>")])), Err(ParseError::Empty));
}

#[test]
fn entities_and_depth_are_bounded() {
    let bomb = format!(
        "<!DOCTYPE x [<!ENTITY a \"aaaa\">]><worksheet><sheetData>{}</sheetData></worksheet>",
        row(1, &text("A1", "x&a;y"))
    );
    check("a.xlsx", with_sheets(&[("A", "", &bomb)]), "h1: A\np: xy\np: B2: ask HR");
    let deep = format!("<worksheet>{}{}", "<a>".repeat(100_000), text("A1", "deep"));
    assert!(documents("a.xlsx", &with_sheets(&[("A", "", &deep)])).is_ok());
}

#[test]
fn a_sheet_that_is_named_many_times_is_bounded() {
    let sheet = "<sheet name=\"S\" r:id=\"r\"/>".repeat(1000);
    let rows = text("A1", &"a".repeat(1 << 20));
    let file = archive(&[
        ("xl/workbook.xml", &format!("<workbook>{sheet}</workbook>")),
        ("xl/_rels/workbook.xml.rels", "<R><Relationship Id=\"r\" Type=\"t/worksheet\" Target=\"s.xml\"/></R>"),
        ("xl/s.xml", &format!("<worksheet><sheetData><row>{rows}</row></sheetData></worksheet>")),
    ]);
    assert!(matches!(documents("a.xlsx", &file), Err(ParseError::TooLarge { .. })));
}

#[test]
fn rows_point_at_their_header() {
    let rows: String =
        (2..100).map(|n| row(n, &(text(&format!("A{n}"), "x") + &text(&format!("B{n}"), "y")))).collect();
    let document = document("a.xlsx", &workbook("", &(HEADER.to_owned() + &rows), ""));
    let headers = document.blocks.iter().filter(|block| block.kind == BlockKind::TableRow { header: Some(1) }).count();
    assert_eq!(headers, 98);
}

#[test]
fn broken_files_do_no_harm() {
    let rows = HEADER.to_owned() + &row(2, "<c r=\"A2\" s=\"1\"><v>45352</v></c><c r=\"B2\" s=\"3\"><v>3</v></c>");
    let after = "<mergeCells><mergeCell ref=\"A2:A3\"/></mergeCells><hyperlinks><hyperlink ref=\"B2\" r:id=\"l\"/></hyperlinks>";
    survives_mutations("a.xlsx", &workbook("<cols><col min=\"2\" max=\"2\" hidden=\"1\"/></cols>", &rows, after));
}
