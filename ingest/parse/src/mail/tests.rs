//! Mails made here, harmless and hostile, through the public door of the parsers.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use encoding_rs::{BIG5, GBK, ISO_2022_JP};
use serde_json::json;
use taproot_schemas::job::FileErrorCode;

use super::super::ole::tests::container;
use super::super::package::testing::archive;
use super::super::testing::{LIMITS, check, document, survives_mutations};
use super::super::{ParseError, Parsed, ParsedDocument, Recognition, parse};
use super::{recognises_eml, recognises_mbox};

#[derive(Default)]
struct Found {
    documents: Vec<ParsedDocument>,
    failures: Vec<(String, FileErrorCode)>,
}

impl Found {
    fn suffixes(&self) -> Vec<&str> {
        self.documents.iter().map(|document| document.suffix.as_str()).collect()
    }
}

fn read(name: &str, bytes: &[u8]) -> (Found, Result<(), ParseError>) {
    let mut found = Found::default();
    let result = parse(name, bytes, LIMITS, &|_| Recognition::Unavailable, &mut |parsed| {
        match parsed {
            Parsed::Document(document) => found.documents.push(document),
            Parsed::PartFailed(failure) => found.failures.push((failure.suffix, failure.code)),
        }
        ControlFlow::Continue(())
    });
    (found, result)
}

fn base64(bytes: &[u8]) -> String {
    use ::base64::Engine;
    ::base64::engine::general_purpose::STANDARD.encode(bytes)
}

const HEADERS: &str = "From: =?utf-8?B?5byg5LiJ?= <zhang@example.cn>\r\n\
    To: \"Lee, Ann\" <ann@example.com>, bob@example.com\r\nCc: team@example.com\r\n\
    Date: Fri, 3 May 2024 14:02:00 +0800\r\nSubject: =?gb2312?B?xOq82Q==?= 2024\r\n\
    Message-ID: <1@example.cn>\r\nContent-Language: zh-CN\r\nMIME-Version: 1.0\r\n";

const LINES: &str = "h1: 年假 2024\nli: From: 张三 <zhang@example.cn>\n\
    li: To: Lee, Ann <ann@example.com>, bob@example.com\nli: Cc: team@example.com\nli: Date: 2024-05-03 14:02 +08:00\n";

/// A mail of these headers and this body, with its lines ending as in mails.
fn eml(body: &str) -> Vec<u8> {
    format!("{HEADERS}{}", body.replace("\r\n", "\n").replace('\n', "\r\n")).into_bytes()
}

/// A multipart of these parts, each with its headers.
fn multipart(kind: &str, parts: &[&str]) -> String {
    let parts: String = parts.iter().map(|part| format!("--b-{kind}\n{part}\n")).collect();
    format!("Content-Type: multipart/{kind}; boundary=\"b-{kind}\"\n\n{parts}--b-{kind}--\n")
}

#[test]
fn a_mail_is_one_document() {
    let mail = eml("Content-Type: text/plain; charset=utf-8\n\n十五天。\n\n> How many\n> days?\n>> 几天\n-- \nZhang\n");
    check("a.eml", &mail, &format!("{LINES}p: 十五天。\np: > How many days?\np: >> 几天\np: -- Zhang"));
    let document = document("no-name", &mail);
    assert_eq!(document.title.as_deref(), Some("年假 2024"));
    assert_eq!(document.media_type, "message/rfc822");
    assert_eq!(
        json!(document.metadata),
        json!({
            "subject": "年假 2024", "author": "张三", "from": ["zhang@example.cn", "张三"], "language": "zh-CN",
            "to": ["ann@example.com", "Lee, Ann", "bob@example.com"], "cc": ["team@example.com"],
            "date": "2024-05-03T14:02:00+08:00", "message_id": "1@example.cn",
        })
    );
}

#[test]
fn lines_of_a_plain_body() {
    let body = |text: &str, expected: &str| check("a.eml", eml(&format!("\n{text}")), &format!("{LINES}{expected}"));
    let wrapped = "Dear all,\nfrom next year on everybody has fifteen days of leave, of which ten\nhave to be taken together.\nAnn\nHR";
    body(
        wrapped,
        "p: Dear all,\np: from next year on everybody has fifteen days of leave, of which ten have to be taken together.\n\
         p: Ann HR",
    );
    let long = "from next year on everybody has fifteen days of leave, of which ten have to be taken together, and five as one likes";
    body(&format!("Dear all\n{long}\nAnn\nHR"), &format!("p: Dear all\np: {long}\np: Ann\np: HR"));
}

#[test]
fn bodies_in_the_encodings_of_east_asia() {
    let check = |encoding: &'static encoding_rs::Encoding, charset: &str, text: &str| {
        let mut mail = eml(&format!("Content-Type: text/plain{charset}\n\n"));
        mail.extend_from_slice(&encoding.encode(text).0);
        let body = format!("p: {text}");
        let shown = super::super::testing::outline_of(&document("a.eml", &mail));
        assert_eq!(shown.lines().last(), Some(body.as_str()), "{charset}");
    };
    let simplified = "员工每年享有十五天带薪年假，入职不满一年的按比例计算。";
    check(GBK, "; charset=gb2312", simplified);
    check(GBK, "; charset=GB18030", simplified);
    check(GBK, "", simplified);
    check(GBK, "; charset=utf-8", simplified);
    check(BIG5, "; charset=big5", "員工每年享有十五天帶薪年假，請提前兩週申請。");
    check(ISO_2022_JP, "; charset=ISO-2022-JP", "年次有給休暇は十五日です。");
}

#[test]
fn headers_in_plain_8_bit_bytes() {
    let mut mail = b"From: ".to_vec();
    mail.extend_from_slice(&GBK.encode("张三").0);
    mail.extend_from_slice(b" <z@example.cn>\nDate: Fri, 3 May 2024 14:02:00 +0800\nSubject: ");
    mail.extend_from_slice(&GBK.encode("关于年假的通知").0);
    mail.extend_from_slice(b"\nContent-Type: text/plain; charset=gbk\n\nbody");
    let document = document("a.eml", &mail);
    assert_eq!(document.title.as_deref(), Some("关于年假的通知"));
    assert_eq!(document.metadata["from"], json!(["z@example.cn", "张三"]));
}

#[test]
fn the_form_of_the_body_that_says_more() {
    let plain = "Content-Type: text/plain\n\nFifteen days.";
    let check = |parts: &[&str], expected: &str| {
        check("a.eml", eml(&multipart("alternative", parts)), &format!("{LINES}{expected}"));
    };
    check(&[plain, "Content-Type: text/html\n\n<p>Fifteen <b>days</b>.</p>"], "p: Fifteen days.");
    check(&["Content-Type: text/plain\n\n \n", "Content-Type: text/html\n\n<h2>Days</h2><p>15"], "h2: Days\np: 15");
    check(
        &[plain, "Content-Type: text/html\n\n<p>Fifteen days, of which ten have to be taken together.</p>"],
        "p: Fifteen days, of which ten have to be taken together.",
    );
    check(
        &[
            plain,
            "Content-Type: text/html\nContent-Transfer-Encoding: quoted-printable\n\n\
             <table><tr><th>Grade<th>Days<tr><td>A<td>1=\n5</table>",
        ],
        "tr: Grade | Days\ntr^1: A | 15",
    );
}

#[test]
fn attachments_are_documents_of_their_mail() {
    let text = |name: &str, text: &str| {
        let encoded = base64(text.as_bytes());
        format!(
            "Content-Type: text/plain; charset=utf-8\nContent-Disposition: attachment; filename{name}\n\
             Content-Transfer-Encoding: base64\n\n{encoded}"
        )
    };
    let zip = archive(&[("内.md", "# 内")]);
    let zip =
        format!("Content-Type: application/zip; name=\"a.zip\"\nContent-Transfer-Encoding: base64\n\n{}", base64(&zip));
    let inner =
        format!("Content-Type: message/rfc822\n\n{}", "From: a@b.c\nTo: d@e.f\nSubject: Inner 1/2\n\nforwarded");
    let logo = format!(
        "Content-Type: image/png\nContent-ID: <l>\nContent-Transfer-Encoding: base64\n\n{}",
        base64(b"\x89PNG\r\n\x1a\n....")
    );
    let signature = "Content-Type: application/pkcs7-signature; name=smime.p7s\n\nxxxx";
    let parts = [
        "Content-Type: text/plain\n\nSee the files.".to_owned(),
        text("=\"=?gb2312?B?xOq82Q==?=.txt\"", "one"),
        text("*=UTF-8''%E5%B9%B4%E5%81%87.txt", "two"),
        text("=broken.pdf", "no pdf"),
        zip,
        inner,
        logo,
        signature.to_owned(),
    ];
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    let (found, result) = read("m.eml", &eml(&multipart("mixed", &parts)));
    assert_eq!(result, Ok(()));
    assert_eq!(found.suffixes(), ["", "!/年假.txt", "!/年假 (2).txt", "!/a.zip!/内.md", "!/Inner 1-2.eml"]);
    assert_eq!(found.failures, [("!/broken.pdf".to_owned(), FileErrorCode::Corrupt)]);
    let part_of: Vec<Option<&str>> = found.documents.iter().map(|document| document.part_of.as_deref()).collect();
    assert_eq!(part_of, [None, Some(""), Some(""), Some(""), Some("")]);
    assert!(found.documents[0].text.contains("Attachments: 年假.txt, 年假 (2).txt, broken.pdf, a.zip, Inner 1-2.eml"));
    assert_eq!(found.documents[4].title.as_deref(), Some("Inner 1/2"));
}

#[test]
fn an_attachment_in_an_attached_mail_belongs_to_that_mail() {
    let file = "Content-Type: text/plain\nContent-Disposition: attachment; filename=x.txt\n\nfile";
    let inner = format!("From: a@b.c\nTo: d@e.f\nSubject: Inner\n{}", multipart("mixed", &["\nbody", file]));
    let outer = multipart("digest", &[&format!("\n{inner}")]);
    let (found, _) = read("m.eml", &eml(&outer));
    assert_eq!(found.suffixes(), ["", "!/Inner.eml", "!/Inner.eml!/x.txt"]);
    assert_eq!(found.documents[2].part_of.as_deref(), Some("!/Inner.eml"));
}

#[test]
fn an_invitation_is_told_in_lines() {
    let calendar = "Content-Type: text/calendar; method=REQUEST\n\n\
                    BEGIN:VEVENT\nSUMMARY:预算会议\nDTSTART:20240503T060000Z\nEND:VEVENT";
    let mail = eml(&multipart("alternative", &["Content-Type: text/plain\n\nPlease come.", calendar]));
    check("a.eml", mail, &format!("{LINES}li: Event: 预算会议\nli: Begins: 2024-05-03 06:00 UTC\np: Please come."));
}

#[test]
fn encrypted_mails_say_so() {
    let check = |body: &str| assert_eq!(read("a.eml", &eml(body)).1, Err(ParseError::Encrypted));
    check("Content-Type: application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m\n\nMIIB");
    check(&multipart("encrypted", &["Content-Type: application/pgp-encrypted\n\nVersion: 1"]));
    check("\n-----BEGIN PGP MESSAGE-----\n\nhQEMA\n-----END PGP MESSAGE-----");
}

#[test]
fn mails_are_told_by_their_headers() {
    assert!(recognises_eml(b"Received: by x\n\tfor y\nReturn-Path: <a@b>\nsubject: x\n\n"));
    assert!(!recognises_eml(b"Title: x\nDate: 2024\nFrom: me\n\ntext"));
    assert!(!recognises_eml(b"From: you\nan essay about\nTo: me\nSubject: x"));
    assert!(recognises_mbox(b"From a@b Fri May  3 14:02:00 2024\nFrom: a\nTo: b\nDate: c\n\nx"));
    assert!(!recognises_mbox(b"From a to z\n\nFrom: a\n"));
    assert!(matches!(read("a.eml", b"no header at all").1, Err(ParseError::Corrupt(_))));
}

/// Mails of a mailbox: these headers beside those that all have, and this text.
fn mbox(mails: &[(&str, &str)]) -> Vec<u8> {
    let mail = |(headers, text): &(&str, &str)| {
        format!("From a@b.c Fri May  3 14:02:00 2024\nFrom: a@b.c\nTo: d@e.f\nSubject: S\n{headers}\n{text}\n\n")
    };
    mails.iter().map(mail).collect::<String>().into_bytes()
}

#[test]
fn a_mailbox_is_many_mails() {
    let file = "Content-Type: text/plain\nContent-Disposition: attachment; filename=x.txt\n\nfile";
    let with_file = multipart("mixed", &["\nbody", file]);
    let encrypted = "Content-Type: multipart/encrypted; boundary=x\n";
    let mails = [
        ("Message-ID: <1/a@x>\n", "one"),
        ("", "two"),
        ("Message-ID: <1/a@x>\n", "three"),
        (&with_file, ""),
        (encrypted, ""),
    ];
    let (found, result) = read("box.mbox", &mbox(&mails));
    assert_eq!(result, Ok(()));
    let suffixes = found.suffixes();
    assert_eq!((suffixes[0], suffixes[2]), ("!/1-a@x", "!/1-a@x (2)"));
    assert_eq!(suffixes[4], format!("{}!/x.txt", suffixes[3]));
    assert_eq!(found.documents[4].part_of.as_deref(), Some(suffixes[3]));
    assert_eq!(found.documents[0].part_of, None);
    assert_eq!(found.failures.len(), 1);
    assert_eq!(found.failures[0].1, FileErrorCode::Encrypted);

    // New mails, and mails that go, rename no other.
    let (later, _) = read("box.mbox", &mbox(&[mails[1], ("Status: RO\n", "two more"), mails[3], mails[0]]));
    assert_eq!(later.suffixes()[0], suffixes[1]);
    assert_eq!(later.suffixes()[2], suffixes[3]);
    assert_eq!(later.suffixes().last(), Some(&suffixes[0]));
}

#[test]
fn a_mailbox_may_hold_more_mails_than_an_archive_files() {
    let texts: Vec<String> = (0..12_000).map(|number| format!("mail {number}")).collect();
    let mails: Vec<(&str, &str)> = texts.iter().map(|text| ("", text.as_str())).collect();
    let (found, result) = read("box.mbox", &mbox(&mails));
    assert_eq!((found.documents.len(), found.failures.len(), result), (12_000, 0, Ok(())));
    let parts = vec!["Content-Type: text/plain\nContent-Disposition: attachment; filename=x.txt\n\nx"; 4_000];
    let mail = multipart("mixed", &parts);
    let (found, result) = read("box.mbox", &mbox(&[(&mail, ""), (&mail, ""), (&mail, "")]));
    assert_eq!((found.documents.len(), found.failures.len(), result), (12_003, 0, Ok(())));
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// The stream of the properties of fixed length, behind a header of so many bytes.
fn fixed(header: usize, values: &[(u16, u64)]) -> Vec<u8> {
    let mut stream = vec![0; header];
    for (id, value) in values {
        stream.extend_from_slice(&[3, 0]);
        stream.extend_from_slice(&id.to_le_bytes());
        stream.extend_from_slice(&[0; 4]);
        stream.extend_from_slice(&value.to_le_bytes());
    }
    stream
}

/// 2024-05-03 06:02 UTC
const TICKS: u64 = (1_714_716_120 + 11_644_473_600) * 10_000_000;

/// A message with recipients, a file, a message in it, and an object.
fn msg() -> Vec<u8> {
    let (top, inner) = (fixed(32, &[(0x39, TICKS)]), fixed(24, &[]));
    let (to, cc, bcc) = (fixed(8, &[(0xc15, 1)]), fixed(8, &[(0xc15, 2)]), fixed(8, &[(0xc15, 3)]));
    let linked = fixed(8, &[(0x3705, 7)]);
    let entries: &[(&str, Vec<u8>)] = &[
        ("__properties_version1.0", top),
        ("__substg1.0_0037001F", utf16("年假")),
        ("__substg1.0_0042001F", utf16("张三")),
        ("__substg1.0_0C1F001F", utf16("/O=COMPANY/CN=ZHANG")),
        ("__substg1.0_007D001F", utf16("From: =?utf-8?B?5byg5LiJ?= <zhang@example.cn>\r\n\r\n")),
        ("__substg1.0_1035001F", utf16("<1@example.cn>")),
        ("__substg1.0_1000001F", utf16("十五天。\r\n")),
        ("__recip_version1.0_#00000000/__properties_version1.0", to),
        ("__recip_version1.0_#00000000/__substg1.0_3001001F", utf16("Ann")),
        ("__recip_version1.0_#00000000/__substg1.0_39FE001F", utf16("ann@example.com")),
        ("__recip_version1.0_#00000000/__substg1.0_3003001F", utf16("EX")),
        ("__recip_version1.0_#00000001/__properties_version1.0", cc),
        ("__recip_version1.0_#00000001/__substg1.0_3001001F", utf16("Bob")),
        ("__recip_version1.0_#00000002/__properties_version1.0", bcc),
        ("__recip_version1.0_#00000002/__substg1.0_3001001F", utf16("Secret")),
        ("__attach_version1.0_#00000000/__properties_version1.0", fixed(8, &[])),
        ("__attach_version1.0_#00000000/__substg1.0_3707001F", utf16("附件.txt")),
        ("__attach_version1.0_#00000000/__substg1.0_37010102", b"file".to_vec()),
        ("__attach_version1.0_#00000001/__properties_version1.0", fixed(8, &[])),
        ("__attach_version1.0_#00000001/__substg1.0_3001001F", utf16("Inner")),
        ("__attach_version1.0_#00000001/__substg1.0_3701000D/__properties_version1.0", inner),
        ("__attach_version1.0_#00000001/__substg1.0_3701000D/__substg1.0_0037001F", utf16("Inner")),
        (
            "__attach_version1.0_#00000001/__substg1.0_3701000D/__substg1.0_10130102",
            b"<p>inner <b>text</b></p>".to_vec(),
        ),
        ("__attach_version1.0_#00000002/__properties_version1.0", linked),
        ("__attach_version1.0_#00000002/__substg1.0_3707001F", utf16("cloud.docx")),
    ];
    let entries: Vec<(String, &Vec<u8>)> =
        entries.iter().map(|(path, content)| (format!("/{path}"), content)).collect();
    let entries: Vec<(&str, &[u8])> =
        entries.iter().map(|(path, content)| (path.as_str(), content.as_slice())).collect();
    container(&entries)
}

#[test]
fn an_outlook_message_is_a_mail() {
    let (found, result) = read("a.msg", &msg());
    assert_eq!(result, Ok(()));
    assert_eq!(found.suffixes(), ["", "!/附件.txt", "!/Inner.msg"]);
    assert_eq!(found.failures, [("!/cloud.docx".to_owned(), FileErrorCode::UnsupportedFormat)]);
    assert_eq!(
        super::super::testing::outline_of(&found.documents[0]),
        "h1: 年假\nli: From: 张三 <zhang@example.cn>\nli: To: Ann <ann@example.com>\nli: Cc: Bob\n\
         li: Date: 2024-05-03 06:02 UTC\nli: Attachments: 附件.txt, Inner.msg, cloud.docx\np: 十五天。"
    );
    assert_eq!(
        json!(found.documents[0].metadata),
        json!({
            "subject": "年假", "author": "张三", "from": ["zhang@example.cn", "张三"],
            "to": ["ann@example.com", "Ann"], "cc": ["Bob"],
            "date": "2024-05-03T06:02:00Z", "message_id": "1@example.cn",
        })
    );
    assert_eq!(super::super::testing::outline_of(&found.documents[2]), "h1: Inner\np: inner text");
    assert_eq!(found.documents[2].part_of.as_deref(), Some(""));
}

#[test]
fn texts_of_a_message_in_a_code_page() {
    let text = "員工每年享有十五天帶薪年假，請提前兩週申請。";
    let check = |encoding: &'static encoding_rs::Encoding, code_page: u64, text: &str| {
        let file = container(&[
            ("/__properties_version1.0", &fixed(32, &[(0x3ffd, code_page)])),
            ("/__substg1.0_0037001E", &encoding.encode("年假").0),
            ("/__substg1.0_1000001E", &encoding.encode(text).0),
        ]);
        assert_eq!(super::super::testing::outline_of(&document("a.msg", &file)), format!("h1: 年假\np: {text}"));
    };
    check(BIG5, 950, text);
    check(BIG5, 0, text);
    check(BIG5, 1252, text);
    check(GBK, 936, "员工每年享有十五天带薪年假，入职不满一年的按比例计算。");
}

#[test]
fn a_message_with_nothing_but_rtf() {
    let rtf = b"\x2d\0\0\0\x2b\0\0\0LZFu\xf1\xc5\xc7\xa7\x03\0\x0a\0rcpg125\x42\x32\x0a\xf3 hel\x09\0 bw\x05\xb0ld}\x0a\x80\x0f\xa0";
    let file = container(&[
        ("/__properties_version1.0", &fixed(32, &[])),
        ("/__substg1.0_0037001F", &utf16("S")),
        ("/__substg1.0_10090102", rtf),
    ]);
    check("a.msg", &file, "h1: S\np: hello world");
}

#[test]
fn an_encrypted_message_says_so() {
    let file = container(&[
        ("/__properties_version1.0", &fixed(32, &[])),
        ("/__substg1.0_001A001F", &utf16("IPM.Note.SMIME")),
    ]);
    assert_eq!(read("a.msg", &file).1, Err(ParseError::Encrypted));
}

#[test]
fn a_signed_message_is_read_from_what_was_signed() {
    let signed = multipart("signed", &["\nSigned text.", "Content-Type: application/pkcs7-signature\n\nxxxx"]);
    let file = container(&[
        ("/__properties_version1.0", &fixed(32, &[])),
        ("/__substg1.0_001A001F", &utf16("IPM.Note.SMIME.MultipartSigned")),
        ("/__substg1.0_0037001F", &utf16("Subject")),
        ("/__attach_version1.0_#00000000/__properties_version1.0", &fixed(8, &[])),
        ("/__attach_version1.0_#00000000/__substg1.0_3707001F", &utf16("smime.p7m")),
        ("/__attach_version1.0_#00000000/__substg1.0_37010102", signed.as_bytes()),
    ]);
    let (found, result) = read("a.msg", &file);
    assert_eq!(result, Ok(()));
    assert_eq!(found.suffixes(), ["", "!/signed.eml"]);
    assert_eq!(found.documents[1].text, "Signed text.");
}

#[test]
fn a_file_name_in_plain_8_bit_bytes() {
    let mut mail =
        eml("Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Disposition: attachment; filename=\"");
    mail.extend_from_slice(&GBK.encode("员工年假管理办法.txt").0);
    mail.extend_from_slice(b"\"\r\n\r\ntext\r\n--b--");
    assert_eq!(read("a.eml", &mail).0.suffixes(), ["", "!/员工年假管理办法.txt"]);
}

/// Runs a hostile file; it has to end within seconds.
#[track_caller]
fn hostile(name: &str, bytes: &[u8]) -> (Found, Result<(), ParseError>) {
    let begun = Instant::now();
    let read = read(name, bytes);
    assert!(begun.elapsed() < Duration::from_secs(20), "it took {:?}", begun.elapsed());
    read
}

#[test]
fn ten_thousand_parts() {
    let parts = vec!["Content-Type: application/x\n\n\0"; 12_000];
    let (found, result) = hostile("a.eml", &eml(&multipart("mixed", &parts)));
    assert_eq!((found.documents.len(), result), (0, Err(ParseError::TooManyParts { limit: 10_000 })));
    let parts = vec!["\ntext"; 9_000];
    assert_eq!(hostile("a.eml", &eml(&multipart("mixed", &parts))).1, Ok(()));
}

#[test]
fn multiparts_a_thousand_deep() {
    let mut body = String::new();
    for level in 0..1_000 {
        body.push_str(&format!("Content-Type: multipart/mixed; boundary=b{level}\n\n--b{level}\n"));
    }
    assert!(matches!(hostile("a.eml", &eml(&body)).1, Err(ParseError::Corrupt(_))));
}

#[test]
fn mails_in_mails_a_thousand_deep() {
    let body = "Content-Type: message/rfc822\n\nFrom: a\nTo: b\nSubject: c\n".repeat(1_000);
    let (found, result) = hostile("a.eml", &eml(&body));
    assert_eq!(result, Ok(()));
    assert_eq!(found.documents.len(), 6);
    assert_eq!(found.failures.len(), 1);
    assert_eq!(found.failures[0].1, FileErrorCode::TooLarge);
}

#[test]
fn a_bomb_among_the_attachments_leaves_the_mail() {
    let zeros = "0".repeat(50 << 20);
    let zip = base64(&archive(&[("a.txt", &zeros)]));
    let part = format!("Content-Type: application/zip; name=a.zip\nContent-Transfer-Encoding: base64\n\n{zip}");
    let after = "Content-Type: text/plain; name=b.txt\n\nb";
    let parts = ["\nSee the file.", part.as_str(), part.as_str(), part.as_str(), part.as_str(), after];
    let (found, result) = hostile("a.eml", &eml(&multipart("mixed", &parts)));
    assert_eq!(result, Ok(()));
    assert_eq!(found.suffixes().first(), Some(&""));
    assert!(found.failures.iter().all(|(_, code)| *code == FileErrorCode::TooLarge), "{:?}", found.failures);
}

#[test]
fn a_message_whose_directory_runs_in_circles() {
    let mut file = msg();
    // Each entry of the directory has three links; all of them lead back to the first entries.
    let name: Vec<u8> = utf16("__properties_version1.0");
    let positions: Vec<usize> =
        (0..file.len() - 128).step_by(128).filter(|at| file[*at..].starts_with(&name)).collect();
    assert!(!positions.is_empty());
    for at in positions {
        file[at + 68..at + 80].copy_from_slice(&[1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0]);
    }
    assert!(matches!(hostile("a.msg", &file).1, Err(ParseError::Corrupt(_))));
}

#[test]
fn broken_files_do_no_harm() {
    let file = "Content-Type: text/plain; charset=gbk; name=\"=?gbk?B?xOq82Q==?=.txt\"\n\nfile";
    let alternative = multipart(
        "alternative",
        &[
            "Content-Type: text/plain\nContent-Transfer-Encoding: base64\n\n5bm05YGH",
            "Content-Type: text/html\nContent-Transfer-Encoding: quoted-printable\n\n<p>=E5=B9=B4</p>",
            "Content-Type: text/calendar\n\nBEGIN:VEVENT\nSUMMARY:x\nDTSTART:20240503\nEND:VEVENT",
        ],
    );
    let inner = "Content-Type: message/rfc822\n\nFrom: a@b.c\nSubject: Inner\n\n> quoted";
    let mail = multipart("mixed", &[&alternative, file, inner]);
    survives_mutations("a.eml", &eml(&mail));
    survives_mutations("a.mbox", &mbox(&[("Message-ID: <1>\n", ">From x"), (&mail, "")]));
    survives_mutations("a.msg", &msg());
}
