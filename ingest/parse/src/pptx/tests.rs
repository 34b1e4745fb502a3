//! Presentations made here, through the public door of the parsers.

use super::super::package::testing::archive;
use super::super::testing::{check, document, documents, outline_of, survives_mutations};
use super::*;

/// A presentation of these slides, the last one first; each with the same relations.
fn presentation(slides: &[&str]) -> Vec<u8> {
    let mut members = Vec::new();
    let (mut list, mut relations) = (String::new(), String::new());
    for (n, slide) in slides.iter().enumerate() {
        list += &format!("<p:sldId id=\"{}\" r:id=\"rId{n}\"/>", 256 + n);
        let file = format!("slide{}.xml", slides.len() - n);
        relations += &format!("<Relationship Id=\"rId{n}\" Type=\"t/slide\" Target=\"slides/{file}\"/>");
        members.push((
            format!("ppt/slides/{file}"),
            format!("<p:sld><p:cSld><p:spTree>{slide}</p:spTree></p:cSld></p:sld>"),
        ));
        members.push((format!("ppt/slides/_rels/{file}.rels"), RELATIONS.to_owned()));
    }
    members.push((
        "ppt/presentation.xml".into(),
        format!("<p:presentation><p:sldIdLst>{list}</p:sldIdLst></p:presentation>"),
    ));
    members.push(("ppt/_rels/presentation.xml.rels".into(), format!("<Relationships>{relations}</Relationships>")));
    members.push((
        "ppt/notesSlides/n.xml".into(),
        format!(
            "<p:notes>{}{}</p:notes>",
            shape("<p:ph type=\"body\"/>", &["say hello"]),
            shape("<p:ph type=\"sldNum\"/>", &["1"])
        ),
    ));
    members.push(("ppt/charts/c.xml".into(), CHART.into()));
    members.push((
        "ppt/diagrams/d.xml".into(),
        "<d><dgm:pt><dgm:t><a:p><a:r><a:t>规划</a:t></a:r></a:p></dgm:t></dgm:pt></d>".into(),
    ));
    members.push(("ppt/comments/x.xml".into(), "<p:cmLst><p:cm/><p:cm/></p:cmLst>".into()));
    let members: Vec<(&str, &str)> = members.iter().map(|(name, content)| (name.as_str(), content.as_str())).collect();
    archive(&members)
}

/// A slide that points to itself does no harm.
const RELATIONS: &str = r#"<Relationships><Relationship Id="l" Type="t/hyperlink" Target="https://a.b/c" TargetMode="External"/>
    <Relationship Id="self" Type="t/slide" Target="slide1.xml"/><Relationship Id="n" Type="t/notesSlide" Target="../notesSlides/n.xml"/>
    <Relationship Id="up" Type="t/notesSlide" Target="slide1.xml"/></Relationships>"#;

const CHART: &str = r#"<c:chartSpace><c:title><c:tx><c:rich><a:p><a:r><a:t>Sales</a:t></a:r></a:p></c:rich></c:tx></c:title>
    <c:ser><c:tx><c:strRef><c:strCache><c:pt idx="0"><c:v>2024</c:v></c:pt></c:strCache></c:strRef></c:tx>
    <c:cat><c:strRef><c:strCache><c:pt idx="0"><c:v>Q1</c:v></c:pt><c:pt idx="1"><c:v>Q2</c:v></c:pt></c:strCache></c:strRef></c:cat>
    <c:val><c:numRef><c:numCache><c:pt idx="0"><c:v>4.2999999999999998</c:v></c:pt><c:pt idx="1"><c:v>5</c:v></c:pt>
    <c:pt idx="99999999999"><c:v>6</c:v></c:pt></c:numCache></c:numRef></c:val></c:ser></c:chartSpace>"#;

fn shape(properties: &str, paragraphs: &[&str]) -> String {
    let text: String = paragraphs.iter().map(|text| format!("<a:p><a:r><a:t>{text}</a:t></a:r></a:p>")).collect();
    format!(
        "<p:sp><p:nvSpPr><p:cNvPr id=\"1\"/><p:nvPr>{properties}</p:nvPr></p:nvSpPr><p:txBody>{text}</p:txBody></p:sp>"
    )
}

#[test]
fn slides_come_in_their_order_with_titles_and_notes() {
    let first = shape("<p:ph idx=\"1\"/>", &["one", "two"])
        + &shape("<p:ph type=\"title\"/>", &["年度计划"])
        + &shape("", &["box"]);
    let second = shape("<p:ph type=\"sldNum\"/>", &["2"]) + &shape("<p:ph type=\"subTitle\"/>", &["no title"]);
    let document = document("a.pptx", &presentation(&[&first, &second]));
    let expected = "h1: 年度计划\nli: one\nli: two\np: box\np: say hello\np: no title\np: say hello";
    assert_eq!(outline_of(&document), expected);
    let pages: Vec<_> = document.outline.iter().map(|entry| (entry.page, entry.heading.join("/"))).collect();
    assert_eq!(pages, [(Some(1), "年度计划".to_owned()), (Some(2), String::new())]);
}

#[test]
fn groups_links_bullets_and_line_breaks() {
    let slide = "<p:grpSp><p:grpSp><p:sp><p:txBody><a:p><a:pPr lvl=\"1\"/><a:r><a:rPr><a:hlinkClick r:id=\"l\"/></a:rPr><a:t>the rules</a:t></a:r></a:p>\
        <a:p><a:pPr><a:buNone/></a:pPr><a:r><a:t>a</a:t></a:r><a:br/><a:r><a:t>b</a:t></a:r><a:fld type=\"slidenum\"><a:t>7</a:t></a:fld></a:p>\
        </p:txBody></p:sp></p:grpSp></p:grpSp><mc:AlternateContent><mc:Choice/><mc:Fallback><p:sp><p:txBody><a:p><a:r><a:t>old</a:t></a:r></a:p></p:txBody></p:sp></mc:Fallback></mc:AlternateContent>";
    check("a.pptx", presentation(&[slide]), "li: the rules\np: a b\np: say hello");
    let link = document("a.pptx", &presentation(&[slide])).links.remove(0);
    assert_eq!((link.text.as_str(), link.url.as_str()), ("the rules", "https://a.b/c"));
}

#[test]
fn tables_have_headers_and_merged_cells() {
    let cell = |attributes: &str, text: &str| {
        format!("<a:tc {attributes}><a:txBody><a:p><a:r><a:t>{text}</a:t></a:r></a:p></a:txBody></a:tc>")
    };
    let rows = [
        cell("", "Grade") + &cell("", "Days"),
        cell("rowSpan=\"2\"", "A") + &cell("", "15"),
        cell("vMerge=\"1\"", "") + &cell("", "16"),
    ];
    let rows: String = rows.iter().map(|cells| format!("<a:tr>{cells}</a:tr>")).collect();
    let table =
        |properties: &str| format!("<p:graphicFrame><a:tbl><a:tblPr {properties}/>{rows}</a:tbl></p:graphicFrame>");
    check(
        "a.pptx",
        presentation(&[&table("firstRow=\"1\"")]),
        "tr: Grade | Days\ntr^1: A | 15\ntr^2: A | 16\np: say hello",
    );
    check("a.pptx", presentation(&[&table("")]), "tr: Grade | Days\ntr: A | 15\ntr: A | 16\np: say hello");
}

#[test]
fn hidden_shapes_are_left_out_and_counted() {
    let hidden = shape("", &["secret"]).replace("<p:cNvPr id", "<p:cNvPr hidden=\"1\" id");
    let file = presentation(&[&(hidden + &shape("", &["seen"]))]);
    check("a.pptx", &file, "p: seen\np: say hello");
    assert_eq!(document("a.pptx", &file).notes[&NoteKind::HiddenText], 1);
}

#[test]
fn charts_diagrams_and_comments() {
    let relations = r#"<R><Relationship Id="1" Type="t/chart" Target="../charts/c.xml"/><Relationship Id="2" Type="t/diagramData"
        Target="/ppt/diagrams/d.xml"/><Relationship Id="3" Type="t/comments" Target="../comments/x.xml"/></R>"#;
    let file = archive(&[
        ("ppt/presentation.xml", "<p><p:sldId id=\"256\" r:id=\"a\"/><p:sldId id=\"257\" r:id=\"gone\"/></p>"),
        ("ppt/_rels/presentation.xml.rels", "<R><Relationship Id=\"a\" Type=\"t/slide\" Target=\"slides/s.xml\"/></R>"),
        ("ppt/slides/s.xml", &format!("<p:sld show=\"0\">{}</p:sld>", shape("<p:ph type=\"ctrTitle\"/>", &["Title"]))),
        ("ppt/slides/_rels/s.xml.rels", relations),
        ("ppt/charts/c.xml", CHART),
        ("ppt/diagrams/d.xml", "<d><dgm:t><a:p><a:r><a:t>规划</a:t></a:r></a:p></dgm:t></d>"),
        ("ppt/comments/x.xml", "<p:cmLst><p:cm/><p:cm/></p:cmLst>"),
    ]);
    check("a.pptx", &file, "h1: Title\np: Sales\ntr: | 2024\ntr^1: Q1 | 4.3\ntr^2: Q2 | 5\nli: 规划");
    let notes = document("a.pptx", &file).notes;
    assert_eq!((notes[&NoteKind::HiddenText], notes[&NoteKind::FailedPages]), (2, 1));
}

#[test]
fn broken_slides_keep_what_was_read() {
    let file = presentation(&[&(shape("", &["kept"]) + "</broken>")]);
    check("a.pptx", &file, "p: kept\np: say hello");
    assert_eq!(document("a.pptx", &file).notes[&NoteKind::FailedPages], 1);
    let missing = archive(&[("ppt/presentation.xml", "<p><p:sldId r:id=\"a\"/></p>")]);
    assert!(matches!(documents("a.pptx", &missing), Err(ParseError::Corrupt(_))));
    assert_eq!(documents("a.pptx", &archive(&[("ppt/presentation.xml", "<p/>")])), Err(ParseError::Empty));
}

#[test]
fn depth_and_entities_are_bounded() {
    let deep = "<p:grpSp>".repeat(100_000) + &shape("", &["deep &bomb;end"]) + &"</p:grpSp>".repeat(100_000);
    check("a.pptx", presentation(&[&deep]), "p: deep end\np: say hello");
}

#[test]
fn broken_files_do_no_harm() {
    let table = "<p:graphicFrame><a:tbl><a:tblPr firstRow=\"1\"/><a:tr><a:tc><a:p><a:r><a:t>x</a:t></a:r></a:p></a:tc></a:tr></a:tbl></p:graphicFrame>";
    survives_mutations("a.pptx", &presentation(&[&(shape("<p:ph type=\"title\"/>", &["t"]) + table)]));
}
