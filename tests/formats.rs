//! Formats through the whole product: what is inside of a file, and a cell of a table.

use std::io::{Cursor, Write as _};

use taproot_schemas::answer::{Answer, Status};
use taproot_schemas::job::FileErrorCode;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::support::taproot::Taproot;

fn archive(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in members {
        archive.start_file(*name, SimpleFileOptions::default()).expect("a member");
        archive.write_all(bytes).expect("a member");
    }
    archive.finish().expect("an archive").into_inner()
}

const MAIL: &str = "From: Ann Lee <ann@example.com>\r\nTo: bob@example.com\r\n\
Subject: =?UTF-8?B?5oql5Lu3?= for the aviary\r\nDate: Tue, 03 Feb 2026 10:00:00 +0100\r\n\
Content-Type: multipart/mixed; boundary=b\r\n\r\n\
--b\r\nContent-Type: text/plain\r\n\r\nThe kookaburra aviary is offered in the attachment.\r\n\
--b\r\nContent-Type: text/csv; name=offer.csv\r\nContent-Disposition: attachment; filename=offer.csv\r\n\r\n\
Part,Price\r\nNetting,120 EUR\r\nPerches,45 EUR\r\n--b--\r\n";

#[test]
fn what_lies_inside_of_files_is_found_and_goes_with_them() {
    let taproot = Taproot::new();
    let inner = archive(&[("notes/quokka.md", b"# Quokka\n\nThe quokka naps at noon.\n")]);
    let outer = archive(&[
        ("inner.zip", inner.as_slice()),
        ("../../evil.txt", b"The platypus stays inside."),
        (
            "\u{4eba}\u{4e8b}/\u{5e74}\u{5047}.txt",
            "\u{5e74}\u{5047}\u{4e3a}\u{5341}\u{4e94}\u{5929}\u{3002}".as_bytes(),
        ),
        ("broken.pdf", b"not a pdf"),
    ]);
    taproot.write("all.zip", outer);
    taproot.write("mail/offer.eml", MAIL);
    let report = taproot.ingest();
    let failed: Vec<_> = report.failed.iter().map(|failure| (failure.path.as_str(), failure.code)).collect();
    assert_eq!(failed, [("all.zip!/broken.pdf", FileErrorCode::Corrupt)]);
    assert_eq!(
        taproot.uris(),
        [
            "all.zip!/evil.txt",
            "all.zip!/inner.zip!/notes/quokka.md",
            "all.zip!/\u{4eba}\u{4e8b}/\u{5e74}\u{5047}.txt",
            "mail/offer.eml",
            "mail/offer.eml!/offer.csv",
        ]
    );
    let documents = taproot.documents();
    let mail = documents.iter().find(|document| document.uri == "mail/offer.eml").expect("the mail");
    assert_eq!((mail.title.as_str(), mail.part_of.as_deref()), ("\u{62a5}\u{4ef7} for the aviary", None));
    assert!(mail.metadata["date"].as_str().is_some_and(|date| date.starts_with("2026-02-03")), "{:?}", mail.metadata);
    let attachment = documents.iter().find(|document| document.uri.ends_with("offer.csv")).expect("the attachment");
    assert_eq!(attachment.part_of.as_deref(), Some("mail/offer.eml"));
    assert_eq!(taproot.search("quokka")[0].uri, "all.zip!/inner.zip!/notes/quokka.md");
    assert_eq!(taproot.search("price of the perches")[0].uri, "mail/offer.eml!/offer.csv");

    // The mail is moved, the archive is gone: what is inside of them goes the same way.
    taproot.rename("mail/offer.eml", "old/offer.eml");
    taproot.remove("all.zip");
    let report = taproot.ingest();
    assert_eq!((report.moved, report.deleted, report.added), (2, 3, 0), "{report:?}");
    assert_eq!(taproot.uris(), ["old/offer.eml", "old/offer.eml!/offer.csv"]);
    let attachment = taproot.documents().remove(1);
    assert_eq!(attachment.part_of.as_deref(), Some("old/offer.eml"), "the link to the mail follows it");
    assert!(taproot.search("quokka").iter().all(|hit| !hit.text.contains("quokka")));
    taproot.assert_healthy();
}

#[test]
fn one_cell_of_a_long_table_is_found_with_its_header() {
    let taproot = Taproot::new();
    let row =
        |number: usize| format!("Gateway G{number:03},{} W,Depot {number},{} EUR\n", 10 + number, 200 + 3 * number);
    let rows: String = (0..120).map(row).collect();
    taproot.write("devices.csv", format!("Device,Power draw,Storage location,Price\n{rows}"));
    taproot.ingest();
    let hits = taproot.search("What is the power draw of the Gateway G087?");
    assert!(hits[0].text.contains("Gateway G087 | 97 W"), "{:?}", hits[0]);
    let answer: Answer = taproot.json(&["ask", "What is the power draw of the Gateway G087?"]);
    assert_eq!(answer.status, Status::Answered, "{answer:?}");
    assert!(answer.answer.contains("97 W"), "{answer:?}");
}
