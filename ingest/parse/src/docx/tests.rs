//! Word files made here, through the public door of the parsers.

use taproot_schemas::document::NoteKind;

use super::super::package::testing::archive;
use super::super::testing::{LIMITS, check, document, documents, survives_mutations};
use super::super::{ParseError, ParseLimits};

fn with_body(body: &str) -> Vec<u8> {
    let document = format!("<w:document xmlns:w=\"w\"><w:body>{body}</w:body></w:document>");
    archive(&[("word/document.xml", &document), ("word/styles.xml", STYLES)])
}

const STYLES: &str = r#"<w:styles>
    <w:style w:type="paragraph" w:styleId="T"><w:name w:val="Title"/></w:style>
    <w:style w:type="paragraph" w:styleId="1"><w:name w:val="heading 1"/></w:style>
    <w:style w:type="paragraph" w:styleId="2"><w:name w:val="heading 2"/></w:style>
</w:styles>"#;

/// A paragraph of one run; `properties` go into its `w:pPr`.
fn p(properties: &str, text: &str) -> String {
    format!("<w:p><w:pPr>{properties}</w:pPr><w:r><w:t>{text}</w:t></w:r></w:p>")
}

#[test]
fn paragraphs_headings_and_lists() {
    let item = "<w:numPr><w:ilvl w:val=\"0\"/><w:numId w:val=\"3\"/></w:numPr>";
    let body = [
        p("<w:pStyle w:val=\"T\"/>", "Handbook"),
        p("<w:pStyle w:val=\"2\"/>", "Leave"),
        p("", "R&amp;D staff"),
        p(item, "one"),
        p(item, "two"),
        p("<w:outlineLvl w:val=\"2\"/>", "Deep"),
    ];
    let file = with_body(&body.concat());
    check("a.docx", &file, "h1: Handbook\nh2: Leave\np: R&D staff\nli: one\nli: two\nh3: Deep");
    assert_eq!(document("a.docx", &file).title.as_deref(), Some("Handbook"));
}

#[test]
fn runs_tabs_breaks_and_hyperlinks() {
    let body = "<w:p><w:r><w:t>one</w:t><w:tab/><w:t>two</w:t><w:br/></w:r>\
                <w:hyperlink><w:r><w:t xml:space=\"preserve\">the link </w:t></w:r></w:hyperlink><w:r><w:t>end</w:t></w:r></w:p>";
    check("a.docx", with_body(body), "p: one two the link end");
}

#[test]
fn tracked_changes_show_the_new_text() {
    let body = "<w:p><w:r><w:t>It is </w:t></w:r><w:del><w:r><w:delText>old</w:delText></w:r></w:del>\
                <w:ins><w:r><w:t>new</w:t></w:r></w:ins><w:r><w:instrText>PAGE</w:instrText></w:r></w:p>";
    check("a.docx", with_body(body), "p: It is new");
}

#[test]
fn a_text_box_is_read_once() {
    let text_box = format!("<w:txbxContent>{}</w:txbxContent>", p("", "boxed"));
    let body = format!(
        "<w:p><w:r><w:t>around</w:t><mc:AlternateContent><mc:Choice>{text_box}</mc:Choice>\
         <mc:Fallback>{text_box}</mc:Fallback></mc:AlternateContent></w:r></w:p>"
    );
    check("a.docx", with_body(&body), "p: boxed\np: around");
}

#[test]
fn a_table_has_a_header_and_merged_cells() {
    let cell = |properties: &str, text: &str| format!("<w:tc><w:tcPr>{properties}</w:tcPr>{}</w:tc>", p("", text));
    let rows = [
        cell("", "Grade") + &cell("", "Days"),
        cell("<w:vMerge w:val=\"restart\"/>", "A") + &cell("", "15"),
        cell("<w:vMerge/>", "") + &cell("", "16"),
    ];
    let body: String = rows.iter().map(|cells| format!("<w:tr>{cells}</w:tr>")).collect();
    check("a.docx", with_body(&format!("<w:tbl>{body}</w:tbl>")), "tr: Grade | Days\ntr^1: A | 15\ntr^2: A | 16");
}

#[test]
fn links_of_relations_and_of_fields() {
    let run = |content: &str| format!("<w:r>{content}</w:r>");
    let field = |kind: &str| run(&format!("<w:fldChar w:fldCharType=\"{kind}\"/>"));
    let body = "<w:p><w:hyperlink r:id=\"r1\"><w:r><w:t>the rules</w:t></w:r></w:hyperlink>".to_owned()
        + &field("begin")
        + &run("<w:instrText> HYPERLINK \"https://x.y/z\" \\o \"tip\" </w:instrText>")
        + &field("separate")
        + &run("<w:t> 规定</w:t>")
        + &field("end")
        + "</w:p>";
    let file = archive(&[
        ("word/document.xml", &format!("<w:document>{body}</w:document>")),
        (
            "word/_rels/document.xml.rels",
            "<R><Relationship Id=\"r1\" Type=\"t/hyperlink\" Target=\"https://a.b/c\" TargetMode=\"External\"/></R>",
        ),
    ]);
    check("a.docx", &file, "p: the rules 规定");
    let links: Vec<_> = document("a.docx", &file).links.into_iter().map(|link| (link.text, link.url)).collect();
    assert_eq!(links, [("the rules".into(), "https://a.b/c".into()), ("规定".to_owned(), "https://x.y/z".to_owned())]);
}

#[test]
fn charts_stand_after_their_paragraph() {
    let chart = "<c:chartSpace><c:title><a:t>Sales</a:t></c:title><c:ser><c:tx><c:pt><c:v>2024</c:v></c:pt></c:tx>\
        <c:cat><c:pt idx=\"0\"><c:v>Q1</c:v></c:pt></c:cat><c:val><c:pt idx=\"0\"><c:v>4.2999999999999998</c:v></c:pt></c:val></c:ser></c:chartSpace>";
    let body = "<w:p><w:r><w:drawing><c:chart r:id=\"c\"/></w:drawing><w:t>Figure 1</w:t></w:r></w:p>".to_owned()
        + &p("", "end");
    let file = archive(&[
        ("word/document.xml", &format!("<w:document>{body}</w:document>")),
        ("word/_rels/document.xml.rels", "<R><Relationship Id=\"c\" Type=\"t/chart\" Target=\"charts/c.xml\"/></R>"),
        ("word/charts/c.xml", chart),
    ]);
    check("a.docx", &file, "p: Figure 1\np: Sales\ntr: | 2024\ntr^1: Q1 | 4.3\np: end");
}

#[test]
fn what_nobody_sees_is_left_out_and_counted() {
    let run = |properties: &str, text: &str| format!("<w:r><w:rPr>{properties}</w:rPr><w:t>{text}</w:t></w:r>");
    let white = "<w:color w:val=\"FFFFFF\"/>";
    let seen =
        run("<w:vanish w:val=\"0\"/>", "seen") + &run(&format!("{white}<w:shd w:fill=\"000000\"/>"), " on black");
    let hidden = run("<w:vanish/>", "v") + &run(white, "w") + &run("<w:sz w:val=\"2\"/>", "s");
    let table = format!("<w:tbl><w:tr><w:tc><w:p>{}</w:p></w:tc></w:tr></w:tbl>", run(white, "white in a table"));
    let mark = "<w:p><w:pPr><w:rPr><w:vanish/></w:rPr></w:pPr><w:r><w:t>mark</w:t></w:r></w:p>";
    let file = with_body(&format!("<w:p>{seen}{hidden}</w:p>{table}{mark}"));
    check("a.docx", &file, "p: seen on black\np: white in a table\np: mark");
    assert_eq!(document("a.docx", &file).notes[&NoteKind::HiddenText], 3);
    let coloured = format!("<w:background w:color=\"000000\"/><w:p>{}</w:p>", run(white, "night"));
    check("a.docx", with_body(&coloured), "p: night");
}

#[test]
fn cells_that_span_columns_keep_their_place() {
    let cell = |properties: &str, text: &str| format!("<w:tc><w:tcPr>{properties}</w:tcPr>{}</w:tc>", p("", text));
    let rows = [
        cell("", "A") + &cell("", "B") + &cell("", "C"),
        cell("<w:gridSpan w:val=\"2\"/>", "wide") + &cell("<w:vMerge w:val=\"restart\"/>", "c"),
        cell("", "a") + &cell("", "b") + &cell("<w:vMerge/>", ""),
    ];
    let body: String = rows.iter().map(|cells| format!("<w:tr>{cells}</w:tr>")).collect();
    check("a.docx", with_body(&format!("<w:tbl>{body}</w:tbl>")), "tr: A | B | C\ntr^1: wide | | c\ntr^2: a | b | c");
}

#[test]
fn depth_and_entities_are_bounded() {
    let (open, close) = ("<w:tbl><w:tr><w:tc>", "</w:tc></w:tr></w:tbl>");
    let deep = open.repeat(30_000) + &p("", "deep &bomb;end") + &close.repeat(30_000);
    check("a.docx", with_body(&deep), "p: deep end");
    check("a.docx", with_body(&("<w:sdt>".repeat(100_000) + &p("", "x") + &"</w:sdt>".repeat(100_000))), "p: x");
}

#[test]
fn broken_files_do_no_harm() {
    let table = format!("<w:tbl><w:tr><w:tc>{}</w:tc><w:tc>{}</w:tc></w:tr></w:tbl>", p("", "a"), p("", "b"));
    survives_mutations("a.docx", &with_body(&(p("<w:pStyle w:val=\"T\"/>", "Title") + &table)));
}

#[test]
fn footnotes_and_properties() {
    let file = archive(&[
        (
            "word/_rels/document.xml.rels",
            "<R><Relationship Id=\"f\" Type=\"t/footnotes\" Target=\"footnotes.xml\"/><Relationship Id=\"c\" Type=\"t/comments\" Target=\"c.xml\"/></R>",
        ),
        ("word/c.xml", "<w:comments><w:comment/></w:comments>"),
        ("word/document.xml", &format!("<w:document>{}</w:document>", p("", "Text."))),
        ("word/footnotes.xml", &format!("<w:footnotes><w:footnote>{}</w:footnote></w:footnotes>", p("", "A note."))),
        ("docProps/core.xml", "<cp><dc:title>Leave</dc:title><dc:creator>Ann</dc:creator></cp>"),
    ]);
    check("a.docx", &file, "p: Text.\np: A note.");
    let document = document("a.docx", &file);
    assert_eq!(document.title.as_deref(), Some("Leave"));
    assert_eq!(serde_json::to_value(&document.metadata).unwrap(), serde_json::json!({"author": "Ann"}));
    assert_eq!(document.notes[&NoteKind::HiddenText], 1);
}

#[test]
fn damaged_files_are_reported() {
    let file = with_body(&p("", "text"));
    assert!(matches!(documents("a.docx", &file[..file.len() / 2]), Err(ParseError::Corrupt(_))));
    assert_eq!(documents("a.docx", &with_body("")), Err(ParseError::Empty));
}

#[test]
fn a_zip_bomb_is_refused() {
    let file = with_body(&p("", &"a".repeat(1 << 20)));
    assert!(file.len() < 10_000, "the archive is small");
    let limits = ParseLimits { max_expanded_bytes: 1 << 19, ..LIMITS };
    let result = super::super::parse("a.docx", &file, limits, &|_| super::super::Recognition::Unavailable, &mut |_| {
        std::ops::ControlFlow::Continue(())
    });
    assert!(matches!(result, Err(ParseError::TooLarge { .. })));
}
