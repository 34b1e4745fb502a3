//! PDF files made here, through the public door of the parsers.

use pdf_extract::content::{Content, Operation};
use pdf_extract::{Document, Object, Stream, dictionary};

use super::super::ParseError;
use super::super::testing::{check, document, documents};

/// A file with these fonts (F1, F2, …) and the content of each of its pages.
fn file(fonts: Vec<Object>, pages: &[String]) -> Vec<u8> {
    let mut pdf = Document::with_version("1.7");
    let tree = pdf.new_object_id();
    let mut named = pdf_extract::Dictionary::new();
    for (index, font) in fonts.into_iter().enumerate() {
        named.set(format!("F{}", index + 1), pdf.add_object(font));
    }
    let resources = pdf.add_object(dictionary! { "Font" => named });
    let kids: Vec<Object> = pages
        .iter()
        .map(|content| {
            let content = pdf.add_object(Stream::new(dictionary! {}, content.clone().into_bytes()));
            pdf.add_object(dictionary! { "Type" => "Page", "Parent" => tree, "Contents" => content }).into()
        })
        .collect();
    let root = dictionary! {
        "Type" => "Pages", "Count" => kids.len() as i64, "Kids" => kids, "Resources" => resources,
        "MediaBox" => vec![0.into(), 0.into(), 595.into(), 842.into()],
    };
    pdf.objects.insert(tree, root.into());
    let catalog = pdf.add_object(dictionary! { "Type" => "Catalog", "Pages" => tree });
    pdf.trailer.set("Root", catalog);
    let mut bytes = Vec::new();
    pdf.save_to(&mut bytes).unwrap();
    bytes
}

fn helvetica() -> Object {
    dictionary! {
        "Type" => "Font", "Subtype" => "Type1", "BaseFont" => "Helvetica", "Encoding" => "WinAnsiEncoding",
    }
    .into()
}

/// Lines of text from the top of the page down, 12 points apart; an empty one leaves a gap.
fn page(lines: &[&str]) -> String {
    let shown: Vec<String> = lines.iter().map(|line| format!("({line}) Tj 0 -12 Td")).collect();
    format!("BT /F1 10 Tf 72 760 Td {} ET", shown.join(" "))
}

fn written(lines: &[&str]) -> Vec<u8> {
    file(vec![helvetica()], &[page(lines)])
}

#[test]
fn lines_become_paragraphs() {
    check(
        "a.pdf",
        written(&["Everyone has fifteen days of leave, and infor-", "mation is on the intranet.", "", "A second one."]),
        "p: Everyone has fifteen days of leave, and information is on the intranet.\np: A second one.",
    );
}

#[test]
fn larger_lines_are_headings_and_pages_are_counted() {
    let heading = |title: &str| {
        format!(
            "BT /F1 18 Tf 72 780 Td ({title}) Tj ET {}",
            page(&["A long line of plain text under it, and some", "more of it."])
        )
    };
    let file = file(vec![helvetica()], &[heading("Leave"), heading("Travel")]);
    let document = document("a.pdf", &file);
    assert_eq!(document.title.as_deref(), Some("Leave"));
    let outline: Vec<_> = document.outline.iter().map(|entry| (entry.page, entry.heading.join("/"))).collect();
    assert_eq!(outline, [(Some(1), "Leave".to_owned()), (Some(2), "Travel".to_owned())]);
}

#[test]
fn running_heads_stay_once_and_page_numbers_go() {
    let bodies = ["alpha", "beta", "gamma", "delta"];
    let pages: Vec<String> = (1..)
        .zip(bodies)
        .map(|(number, body)| page(&["Acme Handbook", "", body, "second", "third", "fourth", "", &number.to_string()]))
        .collect();
    let text = document("a.pdf", &file(vec![helvetica()], &pages)).text;
    assert_eq!(text.matches("Acme").count(), 1);
    assert!(bodies.iter().all(|body| text.contains(body)), "{text}");
    assert!(!text.contains(char::is_numeric), "{text}");
}

#[test]
fn rows_of_cells() {
    let row = |y: i64, left: &str, right: &str| {
        format!("BT /F1 10 Tf 72 {y} Td ({left}) Tj ET BT /F1 10 Tf 300 {y} Td ({right}) Tj ET ")
    };
    let content = row(700, "Grade", "Days") + &row(688, "A", "15");
    check("a.pdf", file(vec![helvetica()], &[content]), "tr: Grade | Days\ntr: A | 15");
}

#[test]
fn text_drawn_twice_is_read_once() {
    let content = "BT /F1 10 Tf 72 700 Td (Bold) Tj ET BT /F1 10 Tf 72.3 700 Td (Bold) Tj ET".to_owned();
    check("a.pdf", file(vec![helvetica()], &[content]), "p: Bold");
}

#[test]
fn the_quote_operators_show_text() {
    let content = "BT /F1 10 Tf 12 TL 72 700 Td (one) Tj (two) ' 0 0 (three) \" ET".to_owned();
    check("a.pdf", file(vec![helvetica()], &[content]), "p: one two three");
}

#[test]
fn predefined_cmaps_are_read() {
    let font = dictionary! {
        "Type" => "Font", "Subtype" => "Type0", "BaseFont" => "SimSun", "Encoding" => "GBK-EUC-H",
        "DescendantFonts" => vec![Object::from(dictionary! {
            "Type" => "Font", "Subtype" => "CIDFontType2", "BaseFont" => "SimSun",
            "FontDescriptor" => dictionary! { "Type" => "FontDescriptor" },
        })],
    };
    let text: String = encoding_rs::GB18030.encode("带薪年假").0.iter().map(|byte| format!("{byte:02x}")).collect();
    let content = format!("BT /F1 10 Tf 72 700 Td <{text}> Tj ET");
    check("a.pdf", file(vec![font.into()], &[content]), "p: 带薪年假");
}

#[test]
fn a_bad_page_does_not_take_the_others_along() {
    let mut pages = vec![page(&["first"]), "BT /Missing 10 Tf (lost) Tj ET".to_owned(), page(&["third"])];
    check("a.pdf", file(vec![helvetica()], &pages), "p: first\np: third");
    pages.retain(|content| content.contains("lost"));
    assert_eq!(documents("a.pdf", &file(vec![helvetica()], &pages)), Err(ParseError::Empty));
}

#[test]
fn a_file_without_its_table_is_repaired() {
    let whole = written(&["still here"]);
    let table = whole.windows(5).rposition(|window| window == b"xref\n").unwrap();
    check("a.pdf", &whole[..table], "p: still here");
}

#[test]
fn what_is_no_text_or_no_pdf() {
    assert_eq!(documents("a.pdf", &written(&[])), Err(ParseError::Empty));
    assert!(matches!(documents("a.pdf", b"%PDF-1.7 and nothing else"), Err(ParseError::Corrupt(_))));
}

#[test]
fn forms_that_show_themselves_end() {
    let mut pdf = Document::load_mem(&written(&["around"])).unwrap();
    let form = pdf.new_object_id();
    let resources = dictionary! { "XObject" => dictionary! { "X" => form } };
    let twice = vec![Operation::new("Do", vec!["X".into()]); 2];
    let content = Content { operations: twice }.encode().unwrap();
    let stream = Stream::new(
        dictionary! { "Type" => "XObject", "Subtype" => "Form", "Resources" => resources.clone() },
        content,
    );
    pdf.objects.insert(form, stream.into());
    let page = pdf.get_pages()[&1];
    pdf.get_dictionary_mut(page).unwrap().set("Resources", resources);
    let (fonts, nothing) = (super::Fonts::default(), pdf_extract::Dictionary::new());
    assert!(super::content::extract(&pdf, page, &fonts, &nothing).is_some());
}
