//! Files that are hard to read, or cannot be: legacy encodings come out right, and a bad file never stops the rest.

use std::ops::ControlFlow;
use std::path::Path;
use std::time::Duration;

use encoding_rs::{BIG5, GB18030, WINDOWS_1252};
use serde::Deserialize;
use taproot_parse::sandbox::{Parser, ParserError, ParserLimits};
use taproot_parse::{Parsed, Recognition};
use taproot_schemas::job::{FileErrorCode, Report};
use unicode_normalization::UnicodeNormalization;

use crate::support::evaldata;
use crate::support::files::{encrypted_pdf, example, noise, pdf};
use crate::support::taproot::Taproot;

const SIMPLIFIED: &str =
    "员工每年享有十五天带薪年假，入职不满一年的按比例计算。请提前两周在系统中提交申请，由直属主管批准。";
const TRADITIONAL: &str =
    "員工每年享有十五天帶薪年假，入職不滿一年的按比例計算。請提前兩週在系統中提交申請，由直屬主管批准。";
const FRENCH: &str =
    "Les congés payés sont accordés après un été passé à l'étranger. Le café « Zoé » reste ouvert à Noël.";

#[test]
fn legacy_encodings_are_read_right() {
    let taproot = Taproot::new();
    let utf16 = |text: &str, unit: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(unit).collect::<Vec<u8>>();
    let files = [
        ("gb18030.txt", GB18030.encode(SIMPLIFIED).0.into_owned(), SIMPLIFIED),
        ("gb18030.md", GB18030.encode(SIMPLIFIED).0.into_owned(), SIMPLIFIED),
        ("big5.txt", BIG5.encode(TRADITIONAL).0.into_owned(), TRADITIONAL),
        ("latin1.txt", WINDOWS_1252.encode(FRENCH).0.into_owned(), FRENCH),
        ("utf16le.txt", [b"\xff\xfe".to_vec(), utf16(SIMPLIFIED, u16::to_le_bytes)].concat(), SIMPLIFIED),
        ("utf16be.txt", [b"\xfe\xff".to_vec(), utf16(TRADITIONAL, u16::to_be_bytes)].concat(), TRADITIONAL),
        ("utf8-mark.txt", ["\u{feff}", SIMPLIFIED].concat().into_bytes(), SIMPLIFIED),
    ];
    for (name, bytes, _) in &files {
        taproot.write(name, bytes);
    }
    let page = format!("<html><head><meta charset=\"gb2312\"></head><body><p>{SIMPLIFIED}</p></body></html>");
    taproot.write("declared.html", GB18030.encode(&page).0);
    let report = taproot.ingest();
    assert!(report.failed.is_empty(), "{report:?}");
    for (name, _, expected) in &files {
        assert_eq!(&taproot.text(name), expected, "{name}");
    }
    assert_eq!(taproot.text("declared.html"), SIMPLIFIED);
}

#[test]
fn bad_files_are_told_with_their_reason_and_the_rest_is_there() {
    let taproot = Taproot::new();
    taproot.write("good.md", "# Good\n\nThe curlew calls at dusk.\n");
    taproot.write("zz-last.pdf", pdf(&["The dunlin feeds at low tide."]));
    let docx = example("hr/parental-leave.docx");
    let bad: [(&str, Vec<u8>, &[FileErrorCode]); 6] = [
        ("cut.docx", docx[..docx.len() / 2].to_vec(), &[FileErrorCode::Corrupt]),
        ("damaged.pdf", [b"%PDF-1.7\n".to_vec(), noise(2_000)].concat(), &[FileErrorCode::Corrupt]),
        ("empty.txt", Vec::new(), &[FileErrorCode::Empty]),
        ("locked.pdf", encrypted_pdf(), &[FileErrorCode::Encrypted]),
        ("notes.docx", b"this is no archive".to_vec(), &[FileErrorCode::Corrupt, FileErrorCode::UnsupportedFormat]),
        ("spaces.md", b" \n\t\n".to_vec(), &[FileErrorCode::Empty]),
    ];
    for (name, bytes, _) in &bad {
        taproot.write(name, bytes);
    }
    taproot.write("lines.jsonl", "{\"_id\":\"ok\",\"text\":\"The egret waits.\"}\nnot json\n{\"_id\":\"none\"}\n");

    taproot.write("noise.txt", noise(4_000));
    taproot.write("picture.png", [b"\x89PNG\r\n\x1a\n".to_vec(), noise(500)].concat());

    let report = taproot.ingest();
    assert_eq!(report.added, 3, "{report:?}");
    assert_eq!(report.skipped, 2, "what is no document of a known format is counted: {report:?}");
    for (name, _, codes) in &bad {
        let failure = report.failed.iter().find(|failure| &failure.path == name);
        let failure = failure.unwrap_or_else(|| panic!("{name} is not told: {report:?}"));
        assert!(codes.contains(&failure.code) && !failure.reason.is_empty(), "{failure:?}");
    }
    let lines = report.failed.iter().filter(|failure| failure.path.starts_with("lines.jsonl")).count();
    assert_eq!(lines, 2, "each bad line is told: {report:?}");
    assert_eq!(report.failed.len(), bad.len() + lines, "{report:?}");
    assert_eq!(taproot.uris(), ["good.md", "lines.jsonl#ok", "zz-last.pdf"]);
    assert_eq!(taproot.search("curlew")[0].uri, "good.md");

    let again = taproot.ingest();
    let told = |failed: &[taproot_schemas::job::FileFailure]| {
        let mut paths: Vec<String> = failed.iter().map(|failure| failure.path.clone()).collect();
        paths.retain(|path| !path.starts_with("lines.jsonl"));
        paths.sort();
        paths
    };
    assert_eq!(told(&again.failed), told(&report.failed), "bad files are told each time");
    assert_eq!((again.added, again.unchanged), (0, 3), "{again:?}");

    let repaired = "Now there is something to read about the fulmar.\n";
    taproot.write("empty.txt", repaired);
    assert_eq!(taproot.ingest().added, 1, "a file that was repaired comes in");
    taproot.assert_healthy();
}

#[test]
fn a_document_that_becomes_unreadable_is_told() {
    let taproot = Taproot::new();
    taproot.write("plan.pdf", pdf(&["The gannet dives."]));
    assert_eq!(taproot.ingest().added, 1);
    taproot.write("plan.pdf", encrypted_pdf());
    let report = taproot.ingest();
    assert_eq!(report.failed.iter().map(|failure| failure.code).collect::<Vec<_>>(), [FileErrorCode::Encrypted]);
    assert!(taproot.uris().is_empty(), "its owner has locked it: the old text is not shown any more");
    taproot.assert_healthy();
}

/// A line of the manifest of the shared files.
#[derive(Deserialize)]
struct SharedFile {
    path: String,
    expects: String,
    must_contain: Vec<String>,
}

/// Files whose strings do not all come out, and why. One that does come out has to leave this list.
const NOT_RIGHT: [(&str, &str); 4] = [
    ("pdf/jo.pdf", "vertical Japanese in a font that does not say which characters it shows"),
    ("pdf/skipped_1page.pdf", "one Korean word in such a font"),
    ("web/elife-56337.nxml", "the declaration of the document type is wanted, which is no text"),
    ("web/markitdown_test_blog.html", "a word of the site's navigation is wanted, which is left out"),
];

/// Through the parser child, with the limits of the default settings: a file that takes too long, too much memory or the
/// child down is a failure of another code than its line expects.
#[test]
fn real_files_come_out_as_their_manifest_says() {
    let folder = evaldata::folder().join("files");
    let manifest = std::fs::read_to_string(folder.join("manifest.jsonl")).expect("a manifest");
    let program = Path::new(env!("CARGO_BIN_EXE_taproot"));
    let limits = ParserLimits {
        max_file_bytes: 256 << 20,
        max_document_chars: 20_000_000,
        timeout: Duration::from_secs(30),
        memory_bytes: 1 << 30,
    };
    let mut parser = Parser::new(program, limits);
    let (mut wrong, mut not_right) = (Vec::new(), Vec::new());
    for line in manifest.lines() {
        let SharedFile { path, expects, must_contain } = serde_json::from_str(line).expect("a line of the manifest");
        let mut text = String::new();
        let parsed = parser.parse(&folder.join(&path), &path, &|_| Recognition::Unavailable, &mut |parsed| {
            if let Parsed::Document(document) = parsed {
                text.extend([document.title.as_deref().unwrap_or_default(), "\n", &document.text, "\n"]);
            }
            ControlFlow::Continue(())
        });
        let code = match parsed {
            Ok(_) => None,
            Err(ParserError::File(failure)) => Some(failure.code),
            Err(error) => panic!("{error}"),
        };
        let text = folded(&text);
        let missing: Vec<_> = must_contain.iter().filter(|piece| !text.contains(&folded(piece))).collect();
        let right = match expects.as_str() {
            "text" => code.is_none() && missing.is_empty(),
            "encrypted" => code == Some(FileErrorCode::Encrypted),
            "empty" => code == Some(FileErrorCode::Empty) || text.chars().count() < 20,
            // Whatever text can be saved, or a clear error.
            _ => code.is_none_or(|code| {
                matches!(code, FileErrorCode::Corrupt | FileErrorCode::Empty | FileErrorCode::TooLarge)
            }),
        };
        match (right, NOT_RIGHT.iter().any(|(known, _)| *known == path)) {
            (true, false) => {}
            (false, true) => not_right.push(path),
            (false, false) => wrong.push(format!("{path}: {expects} expected; {code:?}, missing {missing:?}")),
            (true, true) => wrong.push(format!("{path} comes out now, and has to leave the list of those that do not")),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(not_right.len(), NOT_RIGHT.len());
}

/// As the manifest compares: after NFKC and case folding, without white space.
fn folded(text: &str) -> String {
    text.nfkc().flat_map(char::to_lowercase).filter(|c| !c.is_whitespace()).collect()
}

/// A file that is there and cannot be read now was once taken for gone, and its document deleted.
#[test]
fn a_file_that_cannot_be_read_now_keeps_its_document() {
    let taproot = Taproot::new();
    taproot.write("ledger.txt", "The heron waits by the weir.");
    taproot.ingest();
    taproot.write("ledger.txt", "The heron waits by the weir. ".repeat(60_000));
    let folder = taproot.documents_folder();
    let mut ingest = taproot.command(["--json".as_ref(), "ingest".as_ref(), folder.as_os_str()]);
    let output = ingest.env("TAPROOT_INGEST_MAX_FILE_MIB", "1").output().expect("it runs");
    let report: Report = serde_json::from_slice(&output.stdout).expect("a report");
    assert_eq!((report.deleted, report.failed.len()), (0, 1), "{report:?}");
    assert_eq!(report.failed[0].code, FileErrorCode::TooLarge);
    assert_eq!(taproot.text("ledger.txt"), "The heron waits by the weir.");
}
