//! PDF files made here, through the public door of the parsers.

use pdf_extract::{Document, Object, Stream, dictionary};

use taproot_schemas::document::NoteKind;

use super::super::testing::{LIMITS, check, document, documents, outline_of, survives_mutations};
use super::super::{ParseError, ParsedDocument, Recognition};

/// A file with these fonts (F1, F2, …) and the content of each of its pages.
fn file(fonts: Vec<Object>, pages: &[String]) -> Vec<u8> {
    let mut pdf = Document::with_version("1.7");
    let tree = pdf.new_object_id();
    let mut named = pdf_extract::Dictionary::new();
    for (index, font) in fonts.into_iter().enumerate() {
        named.set(format!("F{}", index + 1), pdf.add_object(font));
    }
    let clear = dictionary! { "Clear" => dictionary! { "ca" => 0 } };
    let resources = pdf.add_object(dictionary! { "Font" => named, "ExtGState" => clear });
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
        .map(|(number, body)| {
            let lines = ["is a word", "of this page", "and of no other"].map(|rest| format!("{body} {rest}"));
            page(&["Acme Handbook", "", &lines[0], &lines[1], &lines[2], "", &number.to_string()])
        })
        .collect();
    let text = document("a.pdf", &file(vec![helvetica()], &pages)).text;
    assert_eq!(text.matches("Acme").count(), 1);
    assert!(bodies.iter().all(|body| text.contains(body)), "{text}");
    assert!(!text.contains(char::is_numeric), "{text}");
}

fn text_of(pages: &[Vec<String>]) -> String {
    let pages: Vec<String> =
        pages.iter().map(|lines| page(&lines.iter().map(String::as_str).collect::<Vec<_>>())).collect();
    document("a.pdf", &file(vec![helvetica()], &pages)).text
}

#[test]
fn the_numbers_and_amounts_of_invoices_are_no_running_lines() {
    let amounts = [120, 75, 3310, 48, 990];
    let invoices: Vec<Vec<String>> = (1..)
        .zip(amounts)
        .map(|(number, amount)| {
            let total = format!("Amount due: {amount}.00 EUR");
            vec![format!("Invoice 2024-00{number}"), format!("Service {number}00{amount} for a customer"), total]
        })
        .collect();
    let text = text_of(&invoices);
    for line in invoices.iter().flatten() {
        assert!(text.contains(line.as_str()), "{line} is lost: {text}");
    }
}

#[test]
fn the_first_and_last_rows_of_a_numeric_table_are_no_running_lines() {
    let row = |page: i64, row: i64| {
        let y = 760 - 12 * row;
        let cells = [page * 40 + row, page + 900, 7];
        let cell = |(x, cell): (i64, i64)| format!("BT /F1 10 Tf {x} {y} Td ({cell}) Tj ET ");
        [72, 200, 400].into_iter().zip(cells).map(cell).collect::<String>()
    };
    let pages: Vec<String> = (0..4).map(|page| (0..40).map(|number| row(page, number)).collect()).collect();
    let document = document("a.pdf", &file(vec![helvetica()], &pages));
    assert_eq!(document.blocks.len(), 160, "{}", document.text);
    let pages: Vec<Vec<String>> =
        (0..4).map(|page| (0..40).map(|row| format!("{} {}.{row}", page * 40 + row, page * 3)).collect()).collect();
    assert_eq!(text_of(&pages).split_whitespace().count(), 320);
}

#[test]
fn a_line_that_stands_elsewhere_on_each_page_is_no_running_line() {
    let pages: Vec<Vec<String>> = (0..4)
        .map(|page| {
            let mut lines = vec![String::new(); page];
            lines.extend([format!("A sentence of the page {}", ["a", "b", "c", "d"][page]), "Approved".to_owned()]);
            lines
        })
        .collect();
    assert_eq!(text_of(&pages).matches("Approved").count(), 4);
}

#[test]
fn a_page_of_little_else_keeps_its_running_lines() {
    let pages: Vec<Vec<String>> = ["Ann", "Bob", "Eve"]
        .iter()
        .map(|name| vec!["Certificate of attendance".to_owned(), (*name).to_owned()])
        .collect();
    assert_eq!(text_of(&pages).matches("Certificate").count(), 3);
}

#[test]
fn a_head_with_the_number_of_its_page_is_the_same_on_all_pages() {
    let bodies = ["alpha", "beta", "gamma", "delta"];
    let pages: Vec<Vec<String>> = (3..)
        .zip(bodies)
        .map(|(number, body)| {
            vec![format!("Handbook, page {number}/9"), String::new(), format!("{body} is a word of the page")]
        })
        .collect();
    assert_eq!(text_of(&pages).matches("Handbook").count(), 1);
}

#[test]
fn rows_of_cells() {
    let row = |y: i64, left: &str, right: &str| {
        format!("BT /F1 10 Tf 72 {y} Td ({left}) Tj ET BT /F1 10 Tf 300 {y} Td ({right}) Tj ET ")
    };
    let rows = |rows: &[(&str, &str)]| -> String {
        (0..).zip(rows).map(|(index, (left, right))| row(700 - 12 * index, left, right)).collect()
    };
    let table = rows(&[("Grade", "Days"), ("A", "15"), ("B", "20")]);
    check("a.pdf", file(vec![helvetica()], &[table]), "tr: Grade | Days\ntr^1: A | 15\ntr^2: B | 20");
    let words = rows(&[("North", "South"), ("East", "West"), ("Up", "Down")]);
    check("a.pdf", file(vec![helvetica()], &[words]), "tr: North | South\ntr: East | West\ntr: Up | Down");
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

fn notes(file: &[u8]) -> Vec<(NoteKind, u32)> {
    document("a.pdf", file).notes.into_iter().collect()
}

/// A page with a line that is seen, and one that is drawn by these operators.
fn beside_a_line(operators: &str) -> Vec<u8> {
    let seen = page(&["A line that everybody sees on the page."]);
    file(vec![helvetica()], &[format!("{seen} q {operators} Q")])
}

#[test]
fn what_a_reader_does_not_see_is_left_out() {
    let seen = "p: A line that everybody sees on the page.";
    let hidden = [
        "1 g BT /F1 10 Tf 72 500 Td (white) Tj ET",
        "1 1 1 rg BT /F1 10 Tf 72 500 Td (white) Tj ET",
        "0 0 0 0 k BT /F1 10 Tf 72 500 Td (no ink) Tj ET",
        "/DeviceRGB cs 1 1 1 sc BT /F1 10 Tf 72 500 Td (white) Tj ET",
        "1 g 72 480 200 40 re f BT /F1 10 Tf 72 500 Td (white on white) Tj ET",
        "BT /F1 0.5 Tf 72 500 Td (tiny) Tj ET",
        "0.01 0 0 0.01 0 0 cm BT /F1 10 Tf 7200 50000 Td (tiny) Tj ET",
        "BT /F1 10 Tf 72 2000 Td (above the page) Tj ET",
        "BT /F1 10 Tf -500 500 Td (beside it) Tj ET",
        "3 Tr BT /F1 10 Tf 72 500 Td (no ink) Tj ET",
        "/Clear gs BT /F1 10 Tf 72 500 Td (see-through) Tj ET",
    ];
    for operators in hidden {
        let file = beside_a_line(operators);
        check("a.pdf", &file, seen);
        assert_eq!(notes(&file), [(NoteKind::HiddenText, 1)], "{operators}");
    }
}

#[test]
fn what_looks_like_hidden_text_and_is_not() {
    let seen = [
        "0.9 g BT /F1 10 Tf 72 500 Td (very light) Tj ET",
        "0 g 60 480 200 40 re f 1 g BT /F1 10 Tf 72 500 Td (white on black) Tj ET",
        "0 0 1 rg 60 480 m 300 480 l 300 540 l 60 540 l h f 1 g BT /F1 10 Tf 72 500 Td (white on blue) Tj ET",
        "1 g 1 Tr BT /F1 10 Tf 72 500 Td (outlined) Tj ET",
        "q 1 g Q BT /F1 10 Tf 72 500 Td (black again) Tj ET",
        "BT /F1 10 Tf 560 500 Td (over the edge) Tj ET",
        "10 0 0 10 0 0 cm BT /F1 0.8 Tf 7.2 50 Td (small numbers) Tj ET",
    ];
    for operators in seen {
        let file = beside_a_line(operators);
        assert_eq!(document("a.pdf", &file).blocks.len(), 2, "{operators}");
        assert_eq!(notes(&file), [], "{operators}");
    }
}

/// Who reads the page reads the picture; the text over it is what OCR found in it.
#[test]
fn the_text_over_a_scan_is_kept() {
    let layer = "q 595 0 0 842 0 0 cm /X Do Q BT 3 Tr /F1 10 Tf 72 500 Td (found by OCR before) Tj ET";
    let stray = page(&["Stamped by the archive on the first of May, twenty twenty-four, by the clerk at the desk."]);
    let mut pdf = Document::load_mem(&file(vec![helvetica()], &[format!("{layer} {stray}")])).unwrap();
    add_image(&mut pdf, gray_image(4, 4));
    let document = document("a.pdf", &saved(pdf));
    assert!(document.text.contains("found by OCR before"), "{}", document.text);
    assert_eq!(document.notes, [].into());
}

fn gray_image(width: i64, height: i64) -> Stream {
    let dictionary = dictionary! {
        "Type" => "XObject", "Subtype" => "Image", "Width" => width, "Height" => height,
        "ColorSpace" => "DeviceGray", "BitsPerComponent" => 8,
    };
    Stream::new(dictionary, vec![0x80; (width * height) as usize])
}

/// Puts an image into the resources of the first page as `X`.
fn add_image(pdf: &mut Document, image: Stream) {
    let image = pdf.add_object(image);
    let page = pdf.get_pages()[&1];
    let fonts = super::content::inherited(pdf, page, b"Resources").unwrap().as_dict().unwrap().get(b"Font").unwrap();
    let resources = dictionary! { "Font" => fonts.clone(), "XObject" => dictionary! { "X" => image } };
    pdf.get_dictionary_mut(page).unwrap().set("Resources", resources);
}

fn saved(mut pdf: Document) -> Vec<u8> {
    let mut bytes = Vec::new();
    pdf.save_to(&mut bytes).unwrap();
    bytes
}

/// A file whose only page is this image.
fn scan(image: Stream) -> Vec<u8> {
    let content = "q 595 0 0 842 0 0 cm /X Do Q".to_owned();
    let mut pdf = Document::load_mem(&file(vec![helvetica()], &[content])).unwrap();
    add_image(&mut pdf, image);
    saved(pdf)
}

/// Parses a file; `ocr` stands in for the program.
fn with_ocr(file: &[u8], ocr: &super::super::Ocr<'_>) -> Result<ParsedDocument, ParseError> {
    let mut found = None;
    super::super::parse("a.pdf", file, LIMITS, ocr, &mut |parsed| {
        if let super::super::Parsed::Document(document) = parsed {
            found = Some(document);
        }
        std::ops::ControlFlow::Continue(())
    })?;
    Ok(found.expect("a document"))
}

#[test]
fn a_scan_is_read_by_ocr() {
    let document = with_ocr(&scan(gray_image(40, 60)), &|image| {
        assert!(image.starts_with(b"P5\n40 60\n255\n") && image.len() == 13 + 40 * 60);
        Recognition::Text("First para-\ngraph.\n\n带 薪 年 假\n".to_owned())
    })
    .unwrap();
    assert_eq!(outline_of(&document), "p: First paragraph.\np: 带薪年假");
    assert_eq!(document.outline[0].page, Some(1));
    assert_eq!(document.notes.into_iter().collect::<Vec<_>>(), [(NoteKind::OcrPages, 1)]);
}

#[test]
fn a_scan_that_cannot_be_read_says_why() {
    let file = scan(gray_image(40, 60));
    assert_eq!(with_ocr(&file, &|_| Recognition::Unavailable), Err(ParseError::NeedsOcr));
    let failed = with_ocr(&file, &|_| Recognition::Failed("why".to_owned()));
    assert!(matches!(failed, Err(ParseError::Unsupported(reason)) if reason.ends_with("why")));
    assert_eq!(with_ocr(&file, &|_| Recognition::Text(String::new())), Err(ParseError::Empty));
}

/// With a text layer the picture is an illustration; without, its page is counted as not read.
#[test]
fn pictures_beside_text() {
    let lines = page(&["Enough text to be sure that this page is no scan, and that", "its picture is a background."]);
    let background = format!("q 595 0 0 842 0 0 cm /X Do Q {lines}");
    let number = "q 595 0 0 842 0 0 cm /X Do Q BT /F1 10 Tf 300 20 Td (Page 1 of 2) Tj ET".to_owned();
    let logo = "q 20 0 0 20 0 0 cm /X Do Q BT /F1 10 Tf 300 20 Td (Page 1 of 2) Tj ET".to_owned();
    let read = |content: String| {
        let mut pdf = Document::load_mem(&file(vec![helvetica()], &[content])).unwrap();
        add_image(&mut pdf, gray_image(40, 60));
        let document = document("a.pdf", &saved(pdf));
        document.notes.into_iter().collect::<Vec<_>>()
    };
    assert_eq!(read(background), []);
    assert_eq!(read(number), [(NoteKind::PagesWithoutText, 1)]);
    assert_eq!(read(logo), []);
}

/// Codes that are numbers of glyphs, in a font that does not map them to characters.
#[test]
fn text_in_unknown_codes_is_counted() {
    let unknown = dictionary! {
        "Type" => "Font", "Subtype" => "Type0", "Encoding" => "Identity-H", "BaseFont" => "Unknown",
        "DescendantFonts" => vec![Object::from(dictionary! { "Subtype" => "CIDFontType2" })],
    };
    let unread = "BT /F2 10 Tf 72 700 Td <0001000200030004> Tj ET".to_owned();
    let both = file(vec![helvetica(), unknown.into()], &[page(&["first"]), unread]);
    check("a.pdf", &both, "p: first");
    assert_eq!(notes(&both), [(NoteKind::PagesWithoutText, 1)]);
}

#[test]
fn links_and_the_language() {
    let mut pdf = Document::load_mem(&written(&["See the handbook."])).unwrap();
    let page = pdf.get_pages()[&1];
    let link = |address: &str| {
        let action = dictionary! { "S" => "URI", "URI" => Object::string_literal(address) };
        dictionary! { "Type" => "Annot", "Subtype" => "Link", "A" => action }
    };
    let links =
        ["https://example.com/handbook", "javascript:alert(1)"].map(|address| pdf.add_object(link(address)).into());
    pdf.get_dictionary_mut(page).unwrap().set("Annots", links.to_vec());
    pdf.catalog_mut().unwrap().set("Lang", Object::string_literal("zh-CN"));
    let document = document("a.pdf", &saved(pdf));
    let addresses: Vec<_> = document.links.iter().map(|link| link.url.as_str()).collect();
    assert_eq!(addresses, ["https://example.com/handbook"]);
    assert_eq!(document.metadata["language"], "zh-CN");
}

#[test]
fn broken_files_do_no_harm() {
    let content = "q 595 0 0 842 0 0 cm /X Do Q 0 g 60 480 200 40 re f 1 g BT /F1 10 Tf 72 500 Td (white) Tj ET";
    let mut pdf = Document::load_mem(&file(vec![helvetica()], &[content.to_owned(), page(&["second"])])).unwrap();
    add_image(&mut pdf, gray_image(4, 4));
    survives_mutations("a.pdf", &saved(pdf));
}

#[test]
fn a_bad_page_does_not_take_the_others_along() {
    let mut pages = vec![page(&["first"]), "BT /Missing 10 Tf (lost) Tj ET".to_owned(), page(&["third"])];
    check("a.pdf", file(vec![helvetica()], &pages), "p: first\np: third");
    pages.retain(|content| content.contains("lost"));
    let unread = documents("a.pdf", &file(vec![helvetica()], &pages));
    assert!(matches!(unread, Err(ParseError::Unsupported(reason)) if reason.contains("fonts")));
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

/// Objects as they stand in a file, numbered from 1, without a table: the first is the catalog.
fn raw(objects: &[&str]) -> Vec<u8> {
    let mut file = b"%PDF-1.7\n".to_vec();
    for (number, object) in (1..).zip(objects) {
        file.extend(format!("{number} 0 obj\n{object}\nendobj\n").as_bytes());
    }
    file.extend(b"trailer<</Root 1 0 R>>\n%%EOF");
    file
}

const CATALOG: &str = "<</Type/Catalog/Pages 2 0 R>>";
const PAGE: &str = "<</Type/Page/Parent 2 0 R/Contents 4 0 R>>";
const CONTENT: &str = "<</Length 49>>\nstream\nBT /F1 10 Tf 72 700 Td (a page of the file) Tj ET  \nendstream";
const FONT: &str = "<</Font<</F1<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>>>";

#[test]
fn a_page_tree_that_leads_back_into_itself() {
    let tree = format!("<</Type/Pages/Count 9/Resources {FONT}/MediaBox[0 0 600 800]/Kids[3 0 R 2 0 R 3 0 R 2 0 R]>>");
    check("a.pdf", raw(&[CATALOG, &tree, PAGE, CONTENT]), "p: a page of the file");
}

#[test]
fn the_number_of_pages_that_a_tree_claims_is_not_asked() {
    for count in ["2147483648", "9223372036854775807", "-1", "0"] {
        let node =
            |kids: &str| format!("<</Type/Pages/Count {count}/Resources {FONT}/MediaBox[0 0 600 800]/Kids[{kids}]>>");
        let file = raw(&[CATALOG, &node("5 0 R 6 0 R"), PAGE, CONTENT, &node("3 0 R"), &node("")]);
        check("a.pdf", file, "p: a page of the file");
    }
}

/// A font that does not say what its codes mean sends the page to the library, which would follow its ancestors for
/// ever.
#[test]
fn a_page_that_is_its_own_ancestor() {
    let font = "<</Font<</F1<</Type/Font/Subtype/Type0/Encoding/Identity-H/DescendantFonts[<<>>]>>>>>>";
    let tree = "<</Type/Pages/Count 1/Parent 3 0 R/Kids[3 0 R]>>";
    let page = format!("<</Type/Page/Parent 2 0 R/Contents 4 0 R/Resources {font}>>");
    let unread = documents("a.pdf", &raw(&[CATALOG, tree, &page, CONTENT]));
    assert!(matches!(unread, Err(ParseError::Unsupported(reason)) if reason.contains("fonts")));
}

#[test]
fn references_that_lead_nowhere() {
    let tree = "<</Type/Pages/Count 5 0 R/MediaBox 5 0 R/Resources 5 0 R/Kids[3 0 R]>>";
    let content = "<</Length 5 0 R/Filter 5 0 R>>\nstream\nBT (lost) Tj ET\nendstream";
    assert!(documents("a.pdf", &raw(&[CATALOG, tree, PAGE, content, "6 0 R", "5 0 R"])).is_err());
}

/// The table points at itself as the table before it.
#[test]
fn tables_that_follow_themselves() {
    let whole = written(&["still here"]);
    let start = whole.windows(9).rposition(|window| window == b"startxref").unwrap();
    let table: String = whole[start + 9..].iter().map(|byte| char::from(*byte)).filter(char::is_ascii_digit).collect();
    let table_at: usize = table.parse().unwrap();
    let dictionary = table_at + whole[table_at..].windows(2).position(|window| window == b"<<").unwrap() + 2;
    let loops = format!("/Prev {table}/XRefStm {table}");
    let file = [&whole[..dictionary], loops.as_bytes(), &whole[dictionary..]].concat();
    check("a.pdf", file, "p: still here");
}

/// Objects 2 and 3 lie in a stream that is said to lie in itself.
#[test]
fn an_object_stream_that_lies_in_itself() {
    let (tree, page) = ("<</Type/Pages/Count 1/Kids[3 0 R]>>", "<</Type/Page/Parent 2 0 R>>");
    let head = format!("2 0 3 {} ", tree.len() + 1);
    let body = format!("{head}{tree} {page}");
    let mut file = b"%PDF-1.7\n".to_vec();
    let mut offsets = Vec::new();
    let stream = format!(
        "<</Type/ObjStm/N 2/First {}/Extends 4 0 R/Length {}>>\nstream\n{body}\nendstream",
        head.len(),
        body.len()
    );
    for (number, object) in [(1, CATALOG), (4, stream.as_str())] {
        offsets.push(file.len() as u32);
        file.extend(format!("{number} 0 obj\n{object}\nendobj\n").as_bytes());
    }
    let table_at = file.len() as u32;
    // Kind, offset or stream, index: ISO 32000-1, 7.5.8.3.
    let rows = [(0, 0, 0), (1, offsets[0], 0), (2, 4, 0), (2, 4, 1), (2, 4, 0), (1, table_at, 0)];
    let table: Vec<u8> = rows
        .iter()
        .flat_map(|(kind, place, index)| [&[*kind][..], &u32::to_be_bytes(*place), &[*index]].concat())
        .collect();
    file.extend(
        format!("5 0 obj\n<</Type/XRef/W[1 4 1]/Size 6/Root 1 0 R/Length {}>>\nstream\n", table.len()).as_bytes(),
    );
    file.extend([&table, format!("\nendstream\nendobj\nstartxref\n{table_at}\n%%EOF").as_bytes()].concat());
    assert!(matches!(documents("a.pdf", &file), Err(ParseError::Empty | ParseError::Corrupt(_))));
}

/// Also where a font sends the page to the library, which follows forms until its stack ends.
#[test]
fn forms_that_show_themselves_end() {
    let unknown = dictionary! {
        "Type" => "Font", "Subtype" => "Type0", "Encoding" => "Identity-H",
        "DescendantFonts" => vec![Object::from(dictionary! {})],
    };
    let around = "BT /F1 10 Tf 72 700 Td (around) Tj /F2 10 Tf (unread) Tj ET /X Do";
    let mut pdf = Document::load_mem(&file(vec![helvetica(), unknown.into()], &[around.to_owned()])).unwrap();
    let form = pdf.new_object_id();
    let page = pdf.get_pages()[&1];
    let fonts = super::content::inherited(&pdf, page, b"Resources").unwrap().as_dict().unwrap().get(b"Font").unwrap();
    let resources = dictionary! { "Font" => fonts.clone(), "XObject" => dictionary! { "X" => form } };
    let stream = Stream::new(
        dictionary! { "Type" => "XObject", "Subtype" => "Form", "Resources" => resources.clone() },
        b"/X Do ".repeat(10),
    );
    pdf.objects.insert(form, stream.into());
    pdf.get_dictionary_mut(page).unwrap().set("Resources", resources);
    check("a.pdf", saved(pdf), "p: around");
}

#[test]
fn what_programs_write_for_an_unknown_title_is_no_title() {
    for title in ["(anonymous)", "anonymous", "Unspecified", "untitled"] {
        assert!(!super::is_a_title(title) && super::is_placeholder(title), "{title}");
    }
    assert!(super::is_a_title("Anonymous reports"));
}
