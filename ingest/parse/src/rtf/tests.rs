//! RTF written here, through the public door of the parsers.

use super::super::ParseError;
use super::super::testing::{check, document, documents, survives_mutations};

#[test]
fn paragraphs_breaks_and_characters() {
    check(
        "a.rtf",
        r"{\rtf1\ansi\ansicpg1252 Fifteen {\b days}\line a\~year\emdash 100\'80.\par \{ok\} \\\tab end\par{\pict 00ff}{\*\unknown x}}",
        "p: Fifteen days a year—100€.\np: {ok} \\ end",
    );
}

#[test]
fn chinese_in_code_pages_and_in_unicode() {
    let file = r"{\rtf1\ansi\ansicpg936{\fonttbl{\f0\fcharset0 Times;}{\f1\fcharset134 SimSun;}{\f2\fcharset136 Ming;}{\f3\fcharset128 Go;}}
\f1\'c4\'ea\'bc\'d9 \f2\'a6\'7e\f3\'83\'5c\uc2\u20551\'bc\'d9\uc1\u26085?\f0\'c4\'ea{ caf\'e9 }{\uc0\u-10179\u-8704}\par}";
    check("a.rtf", file, "p: 年假 年ソ假日年 café 😀");
}

#[test]
fn a_character_in_two_fallback_bytes_is_skipped_whole() {
    check("a.rtf", r"{\rtf1\uc2\u24180\'c4\'ea{\uc1\u20551?}\u20551\'bc\'d9.\par}", "p: 年假假.");
}

#[test]
fn headings_by_style_and_level() {
    let file = r"{\rtf1{\stylesheet{\ql Normal;}{\s1\outlinelevel0 heading 1;}{\s2 \u26631?\u-26472? 2;}{\s3 Title;}}
\pard\s3 Handbook\par\pard\s1 Leave\par\pard\s2 Parental\par\pard\outlinelevel2 Fathers\par\pard Text.\par}";
    check("a.rtf", file, "h1: Handbook\nh1: Leave\nh2: Parental\nh3: Fathers\np: Text.");
    assert_eq!(document("a.rtf", file.as_bytes()).title.as_deref(), Some("Handbook"));
}

#[test]
fn lists_keep_their_numbers() {
    check(
        "a.rtf",
        r"{\rtf1{\fonttbl{\f1\fcharset2 Symbol;}}\pard{\listtext 1.\tab}\ls1 One\par{\pntext\f1\'b7\tab}Bullet\par\pard Text\par}",
        "li: 1. One\nli: Bullet\np: Text",
    );
}

#[test]
fn tables_and_merged_cells() {
    let row = |cells: [&str; 2], merged: &str| {
        let [one, two] = cells;
        format!(r"\trowd{merged}\cellx100\cellx200\pard\intbl {one}\cell {two}\cell\row ")
    };
    let file = format!(
        r"{{\rtf1 {}{}{}\pard After.\par}}",
        row(["Grade", r"Days\par a year"], r"\trhdr"),
        row(["A", "15"], r"\clvmgf"),
        row(["", "16"], r"\clvmrg"),
    );
    check("a.rtf", file, "tr: Grade | Days a year\ntr^1: A | 15\ntr^2: A | 16\np: After.");
}

#[test]
fn properties_links_footnotes_and_hidden_text() {
    let file = r#"{\rtf1{\info{\title Leave {\b policy}}{\author Ann}{\creatim\yr2024\mo2\dy29\hr8\min5}{\revtim\yr2024\mo2\dy30}}
{\header Company}See {\field{\*\fldinst{HYPERLINK "https://x.example/a"}}{\fldrslt the page}}{\footnote A note.} now{\shp{\*\shpinst{\sp{\sn x}{\sv 1}}{\shptxt Boxed\par}}{\shprslt Boxed}}{\v secret{\b  words}}.
{\deleted gone}\par}"#;
    check("a.rtf", file, "p: Boxed\np: See the page now.\np: A note.");
    let document = document("a.rtf", file.as_bytes());
    assert_eq!(document.title.as_deref(), Some("Leave policy"));
    let metadata = serde_json::to_value(&document.metadata).unwrap();
    assert_eq!(metadata, serde_json::json!({"author": "Ann", "created": "2024-02-29T08:05:00"}));
    assert_eq!(serde_json::to_value(&document.notes).unwrap(), serde_json::json!({"hidden_text": 1}));
    let links: Vec<_> = document.links.iter().map(|link| (link.text.as_str(), link.url.as_str())).collect();
    assert_eq!(links, [("the page", "https://x.example/a")]);
}

#[test]
fn html_inside_of_rtf_is_read_as_html() {
    let file = r"{\rtf1\ansi\fromhtml1{\*\htmltag64 <ul>}\htmlrtf\par\htmlrtf0{\*\htmltag64 <li>}{\*\htmltag84 &lt;}\htmlrtf <\htmlrtf0 one{\*\htmltag <p>}two\par}";
    check("a.rtf", file, "li: <one\np: two");
}

#[test]
fn raw_bytes_and_nesting_are_no_danger() {
    check("a.rtf", [br"{\rtf1 a{\*\x\bin4 ", &b"}}{{"[..], b"}b\\par}"].concat(), "p: ab");
    let _ = documents("a.rtf", format!(r"{{\rtf1 text\par{}", "{".repeat(200_000)).as_bytes());
    assert_eq!(documents("a.rtf", br"{\rtf1\bin2000000000 x}"), Err(ParseError::Empty));
}

#[test]
fn broken_files_do_no_harm() {
    let file = r#"{\rtf1\ansi\ansicpg936{\fonttbl{\f1\fcharset134 S;}}{\stylesheet{\s1 heading 1;}}{\info{\title T}{\creatim\yr2024\mo2\dy1}}
\pard\s1\f1\'c4\'ea\u20551?\par{\listtext 1.\tab}\ls1 One{\footnote n}\par\trowd\clvmrg\cellx1\intbl a\cell b\nestcell\nestrow\row
\pard{\field{\*\fldinst HYPERLINK "http://x.example"}{\fldrslt l}}{\v h}\bin2 xx{\upr{a}{\*\ud{b}}}\par}"#;
    survives_mutations("a.rtf", file.as_bytes());
    survives_mutations("a.rtf", br"{\rtf1\fromhtml1{\*\htmltag64 <p>}one\htmlrtf x\htmlrtf0\par}");
}
