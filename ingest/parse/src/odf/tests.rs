//! OpenDocument files made here, through the public door of the parsers.

use taproot_schemas::document::NoteKind;

use super::super::package::testing::archive;
use super::super::testing::{check, document, documents, outline_of, survives_mutations};
use super::*;

const STYLES: &str = r#"<office:document-styles><style:style style:name="Title" style:family="paragraph"/>
    <style:style style:name="Hidden" style:family="text"><style:text-properties text:display="none"/></style:style>
    <style:style style:name="Loop" style:family="text" style:parent-style-name="Loop"/></office:document-styles>"#;
const AUTOMATIC: &str = r#"<style:style style:name="P1" style:family="paragraph" style:parent-style-name="Title"/>
    <style:style style:name="T1" style:family="text" style:parent-style-name="Hidden"/>
    <style:style style:name="ta1" style:family="table"><style:table-properties table:display="false"/></style:style>"#;

fn file(media_type: &str, body: &str) -> Vec<u8> {
    let content = format!(
        "<office:document-content><office:automatic-styles>{AUTOMATIC}</office:automatic-styles>\
         <office:body>{body}</office:body></office:document-content>"
    );
    let meta = "<m><dc:title>制度</dc:title><dc:creator>Ann</dc:creator></m>";
    archive(&[("mimetype", media_type), ("content.xml", &content), ("styles.xml", STYLES), ("meta.xml", meta)])
}

fn odt(text: &str) -> Vec<u8> {
    file(TEXT_MEDIA_TYPE, &format!("<office:text>{text}</office:text>"))
}

fn ods(sheets: &str) -> Vec<u8> {
    file(SHEETS_MEDIA_TYPE, &format!("<office:spreadsheet>{sheets}</office:spreadsheet>"))
}

fn p(text: &str) -> String {
    format!("<text:p>{text}</text:p>")
}

fn cell(text: &str) -> String {
    format!("<table:table-cell office:value-type=\"string\">{}</table:table-cell>", p(text))
}

fn row(cells: &[&str]) -> String {
    format!("<table:table-row>{}</table:table-row>", cells.iter().map(|text| cell(text)).collect::<String>())
}

#[test]
fn headings_paragraphs_and_lists() {
    let text = "<text:p text:style-name=\"P1\">员工手册</text:p><text:h text:outline-level=\"2\">Leave</text:h>\
        <text:p>R&amp;D<text:s text:c=\"3\"/>staff<text:line-break/>here</text:p>\
        <text:list><text:list-item><text:p>one</text:p><text:list><text:list-item><text:p>deep</text:p></text:list-item></text:list>\
        </text:list-item></text:list><text:p>end</text:p>";
    check("a.odt", odt(text), "h1: 员工手册\nh2: Leave\np: R&D staff here\nli: one\nli: deep\np: end");
    let document = document("a.odt", &odt(text));
    assert_eq!(document.title.as_deref(), Some("员工手册"));
    assert_eq!(document.metadata["author"], "Ann");
}

#[test]
fn what_is_not_text_of_the_document() {
    let text = "<text:tracked-changes><text:p>deleted</text:p></text:tracked-changes>\
        <text:p>seen<text:span text:style-name=\"T1\">hidden</text:span><office:annotation><dc:creator>Bo</dc:creator>\
        <text:p>comment</text:p></office:annotation><text:span text:style-name=\"Loop\"> too</text:span></text:p>\
        <text:section text:display=\"none\"><text:p>secret</text:p></text:section>";
    check("a.odt", odt(text), "p: seen too");
    assert_eq!(document("a.odt", &odt(text)).notes[&NoteKind::HiddenText], 3);
}

#[test]
fn footnotes_links_and_text_boxes() {
    let text = "<text:p>See <text:a xlink:href=\"https://a.b/c\">the rules</text:a>.<text:note><text:note-citation>1</text:note-citation>\
        <text:note-body><text:p>A note.</text:p></text:note-body></text:note> More.</text:p>\
        <text:p>around<draw:frame><draw:text-box><text:p>boxed</text:p></draw:text-box></draw:frame></text:p>";
    check("a.odt", odt(text), "p: See the rules. More.\np: A note.\np: boxed\np: around");
    let link = document("a.odt", &odt(text)).links.remove(0);
    assert_eq!((link.text.as_str(), link.url.as_str()), ("the rules", "https://a.b/c"));
}

#[test]
fn tables_of_texts() {
    let span =
        "<table:table-row><table:table-cell table:number-rows-spanned=\"2\"><text:p>A</text:p></table:table-cell>";
    let text = format!(
        "<table:table><table:table-header-rows>{}</table:table-header-rows>{span}{}</table:table-row>\
         <table:table-row><table:covered-table-cell/>{}</table:table-row></table:table><table:table>{}</table:table>",
        row(&["Grade", "Days"]),
        cell("15"),
        cell("16"),
        row(&["framed"])
    );
    check("a.odt", odt(&text), "tr: Grade | Days\ntr^1: A | 15\ntr^2: A | 16\np: framed");
}

#[test]
fn cells_of_sheets() {
    let value = |kind: &str, attribute: &str, shown: &str| {
        format!(
            "<table:table-cell office:value-type=\"{kind}\" {attribute}><text:p>{shown}</text:p></table:table-cell>"
        )
    };
    let rows = [
        row(&["名称", "Share", "Date", "Price"]),
        "<table:table-row>".to_owned()
            + &value("float", "office:value=\"1234.5\"", "1,234.50")
            + &value("percentage", "office:value=\"0.125\"", "13%")
            + &value("date", "office:date-value=\"2024-03-01T00:00:00\"", "01.03.24")
            + &value("currency", "office:value=\"5\"", "5,00 €")
            + "</table:table-row>",
    ];
    let sheets = format!(
        "<table:table table:name=\"Hidden\" table:style-name=\"ta1\">{}</table:table><table:table table:name=\"表一\">{}</table:table>",
        row(&["x"]),
        rows.concat()
    );
    check(
        "a.ods",
        ods(&sheets),
        "h1: 表一\ntr: 名称 | Share | Date | Price\ntr^1: 1234.5 | 12.5% | 2024-03-01 | 5,00 €",
    );
    let document = document("a.ods", &ods(&sheets));
    assert_eq!((document.outline[0].page, document.notes[&NoteKind::HiddenText]), (Some(1), 1));
}

#[test]
fn hidden_rows_comments_and_gaps() {
    let sheet = "<table:table table:name=\"S\"><table:table-column/><table:table-column table:visibility=\"collapse\"/>"
        .to_owned()
        + &row(&["seen", "secret"])
        + &row(&["low"]).replace("<table:table-row>", "<table:table-row table:visibility=\"collapse\">")
        + &row(&["filtered"]).replace("<table:table-row>", "<table:table-row table:visibility=\"filter\">")
        + "<table:table-row table:number-rows-repeated=\"1048000\"><table:table-cell table:number-columns-repeated=\"16384\"/></table:table-row>"
        + &row(&["last"]).replace(
            "<text:p>",
            "<office:annotation><dc:creator>Bo</dc:creator><text:p>ask HR</text:p></office:annotation><text:p>",
        ) + "</table:table>";
    check("a.ods", ods(&sheet), "h1: S\np: seen\np: filtered\np: last\np: ask HR");
    assert_eq!(document("a.ods", &ods(&sheet)).notes[&NoteKind::HiddenText], 2);
}

#[test]
fn repeated_rows_and_columns_are_bounded() {
    let repeated = |rows: &str, columns: &str| {
        let cell = cell("x")
            .replace("<table:table-cell", &format!("<table:table-cell table:number-columns-repeated=\"{columns}\""));
        let row = format!("<table:table-row table:number-rows-repeated=\"{rows}\">{cell}</table:table-row>");
        ods(&format!("<table:table table:name=\"S\">{}</table:table>", row.repeat(20)))
    };
    let found = document("a.ods", &repeated("1048576", "1"));
    assert!(found.notes[&NoteKind::CellsLeftOut] > 1_000_000, "{:?}", found.notes);
    // A row of 16,384 cells, a thousand times over, is longer than the tests allow.
    assert!(matches!(documents("a.ods", &repeated("4294967295", "4294967295")), Err(ParseError::TooLong { .. })));
    check("a.ods", repeated("-1", "99999999999999999999"), &format!("h1: S{}", "\np: x".repeat(20)));
}

#[test]
fn slides_are_pages() {
    let frame = |class: &str, text: &str| {
        format!("<draw:frame presentation:class=\"{class}\"><draw:text-box>{text}</draw:text-box></draw:frame>")
    };
    let list = "<text:list><text:list-item><text:p>point</text:p></text:list-item></text:list>";
    let notes = format!("<presentation:notes>{}</presentation:notes>", frame("notes", &p("say hello")));
    let table = format!("<draw:frame><table:table>{}{}</table:table></draw:frame>", row(&["A", "B"]), row(&["1", "2"]));
    let slides = format!(
        "<office:presentation><draw:page>{}{}{table}{notes}</draw:page><draw:page>{}</draw:page></office:presentation>",
        frame("outline", list),
        frame("title", &p("第一页")),
        frame("outline", &p("no title here"))
    );
    let document = document("a.odp", &file(SLIDES_MEDIA_TYPE, &slides));
    assert_eq!(outline_of(&document), "h1: 第一页\nli: point\ntr: A | B\ntr^1: 1 | 2\np: say hello\np: no title here");
    let pages: Vec<_> = document.outline.iter().map(|entry| (entry.page, entry.heading.len())).collect();
    assert_eq!(pages, [(Some(1), 1), (Some(2), 0)]);
}

#[test]
fn encrypted_and_broken_files_are_named() {
    let manifest =
        "<manifest:manifest><manifest:file-entry><manifest:encryption-data/></manifest:file-entry></manifest:manifest>";
    let encrypted =
        archive(&[("mimetype", TEXT_MEDIA_TYPE), ("META-INF/manifest.xml", manifest), ("content.xml", "\u{1}\u{2}")]);
    assert_eq!(documents("a.odt", &encrypted), Err(ParseError::Encrypted));
    assert!(matches!(documents("a.odt", &archive(&[("mimetype", TEXT_MEDIA_TYPE)])), Err(ParseError::Corrupt(_))));
    assert_eq!(documents("a.odt", &odt("")), Err(ParseError::Empty));
}

#[test]
fn depth_is_bounded() {
    let deep = "<table:table><table:table-row><table:table-cell><text:p>x</text:p>".repeat(30_000);
    assert!(documents("a.odt", &odt(&deep)).is_err(), "it is not well-formed");
    let closed = deep.clone() + &"</table:table-cell></table:table-row></table:table>".repeat(30_000);
    assert!(document("a.odt", &odt(&closed)).text.starts_with("x x"));
    assert!(documents("a.ods", &ods(&closed)).is_ok());
}

#[test]
fn broken_files_do_no_harm() {
    let table = format!("<table:table table:name=\"S\">{}{}</table:table>", row(&["A", "B"]), row(&["1", "2"]));
    survives_mutations("a.ods", &ods(&table));
    let link = "<text:a xlink:href=\"https://a.b\">x</text:a><text:note><text:note-body><text:p>n</text:p></text:note-body></text:note>";
    survives_mutations(
        "a.odt",
        &odt(&(p(link) + &table + "<text:list><text:list-item><text:h>y</text:h></text:list-item></text:list>")),
    );
    let page = format!(
        "<office:presentation><draw:page><draw:frame presentation:class=\"title\">{}</draw:frame>{table}</draw:page></office:presentation>",
        p("t")
    );
    survives_mutations("a.odp", &file(SLIDES_MEDIA_TYPE, &page));
}
