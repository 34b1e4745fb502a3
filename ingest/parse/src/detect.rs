//! Which parser reads a file: by content first, by the extension of its name second.
//!
//! A name lies more often than magic bytes do (a PDF that was renamed, a page saved without an extension). Text has
//! no magic bytes: settings may have the keys of a mail, and a patch begins as a mailbox does. So there an extension that
//! says more than `.txt` decides, and the content only where it says nothing; text with an unknown ending is plain text.

use super::encoding::{decode, is_binary, looks_like_text};
use super::{
    ParseError, Sink, Source, archive, asciidoc, captions, code, csv, doc, docx, epub, html, image, jsonl, mail,
    markdown, markup, notebook, odf, ole, pdf, plain, ppt, pptx, rtf, tex, xls, xlsx,
};

/// One format that Taproot reads.
pub(crate) struct Format {
    pub media_type: &'static str,
    /// Lower case, without the dot; `""` stands for a name without one.
    extensions: &'static [&'static str],
    /// Whether the content alone says that it is this format.
    recognises: fn(&[u8]) -> bool,
    /// Formats that can be read as text, so that an extension is enough.
    is_text: bool,
    pub parse: fn(&Source<'_>, &mut Sink<'_>) -> Result<(), ParseError>,
}

/// Endings under which files of another text format are usual: pages in XML, notebooks, mails and boxes of them.
const SHARED_EXTENSIONS: &[(&str, &str)] = &[
    ("text/html", "xml"),
    (notebook::MEDIA_TYPE, "json"),
    (mail::EML_MEDIA_TYPE, "mbox"),
    (mail::MBOX_MEDIA_TYPE, "eml"),
];

impl Format {
    /// Whether the content may say that a file with this extension is of this format.
    fn may_have(&self, extension: &str) -> bool {
        let is_telling = |format: &Format| format.is_text && format.media_type != plain_text().media_type;
        !self.is_text
            || self.extensions.contains(&extension)
            || SHARED_EXTENSIONS.contains(&(self.media_type, extension))
            || !named(extension).is_some_and(is_telling)
    }
}

fn named(extension: &str) -> Option<&'static Format> {
    FORMATS.iter().find(|format| format.extensions.contains(&extension))
}

/// All formats; the first that recognises the content reads the file.
#[rustfmt::skip]
pub(crate) static FORMATS: &[Format] = &[
    Format { media_type: "application/pdf", extensions: &["pdf"], recognises: pdf::recognises, is_text: false, parse: pdf::parse },
    Format { media_type: docx::MEDIA_TYPE, extensions: &["docx", "docm", "dotx"], recognises: docx::recognises, is_text: false, parse: docx::parse },
    Format { media_type: pptx::MEDIA_TYPE, extensions: &["pptx", "pptm", "ppsx", "potx"], recognises: pptx::recognises, is_text: false, parse: pptx::parse },
    Format { media_type: xlsx::MEDIA_TYPE, extensions: &["xlsx", "xlsm", "xltx", "xltm"], recognises: xlsx::recognises, is_text: false, parse: xlsx::parse },
    Format { media_type: xls::BINARY_MEDIA_TYPE, extensions: &["xlsb"], recognises: xls::recognises_binary, is_text: false, parse: xls::parse_binary },
    Format { media_type: xls::MEDIA_TYPE, extensions: &["xls", "xlt"], recognises: xls::recognises, is_text: false, parse: xls::parse },
    Format { media_type: odf::TEXT_MEDIA_TYPE, extensions: &["odt", "ott", "odm"], recognises: odf::recognises_text, is_text: false, parse: odf::parse },
    Format { media_type: odf::SHEETS_MEDIA_TYPE, extensions: &["ods", "ots"], recognises: odf::recognises_sheets, is_text: false, parse: odf::parse },
    Format { media_type: odf::SLIDES_MEDIA_TYPE, extensions: &["odp", "otp"], recognises: odf::recognises_slides, is_text: false, parse: odf::parse },
    Format { media_type: archive::MEDIA_TYPE, extensions: &["zip"], recognises: archive::recognises, is_text: false, parse: archive::parse },
    Format { media_type: doc::MEDIA_TYPE, extensions: &["doc", "dot"], recognises: doc::recognises, is_text: false, parse: doc::parse },
    Format { media_type: ppt::MEDIA_TYPE, extensions: &["ppt", "pps", "pot"], recognises: ppt::recognises, is_text: false, parse: ppt::parse },
    Format { media_type: epub::MEDIA_TYPE, extensions: &["epub"], recognises: epub::recognises, is_text: false, parse: epub::parse },
    Format { media_type: rtf::MEDIA_TYPE, extensions: &["rtf"], recognises: rtf::recognises, is_text: false, parse: rtf::parse },
    Format { media_type: mail::MSG_MEDIA_TYPE, extensions: &["msg"], recognises: mail::recognises_msg, is_text: false, parse: mail::parse_msg },
    Format { media_type: mail::EML_MEDIA_TYPE, extensions: &["eml"], recognises: mail::recognises_eml, is_text: true, parse: mail::parse_eml },
    Format { media_type: mail::MBOX_MEDIA_TYPE, extensions: &["mbox"], recognises: mail::recognises_mbox, is_text: true, parse: mail::parse_mbox },
    Format { media_type: "image/png", extensions: &["png"], recognises: image::is_png, is_text: false, parse: image::parse },
    Format { media_type: "image/jpeg", extensions: &["jpg", "jpeg", "jpe", "jfif"], recognises: image::is_jpeg, is_text: false, parse: image::parse },
    Format { media_type: "image/tiff", extensions: &["tif", "tiff"], recognises: image::is_tiff, is_text: false, parse: image::parse },
    Format { media_type: "image/bmp", extensions: &["bmp", "dib"], recognises: image::is_bmp, is_text: false, parse: image::parse },
    Format { media_type: "image/gif", extensions: &["gif"], recognises: image::is_gif, is_text: false, parse: image::parse },
    Format { media_type: "image/webp", extensions: &["webp"], recognises: image::is_webp, is_text: false, parse: image::parse },
    Format { media_type: "text/html", extensions: &["html", "htm", "xhtml"], recognises: html::recognises, is_text: true, parse: html::parse },
    Format { media_type: "application/jsonl", extensions: &["jsonl", "ndjson"], recognises: never, is_text: true, parse: jsonl::parse },
    Format { media_type: "text/markdown", extensions: &["md", "markdown", "mdown", "mkd"], recognises: never, is_text: true, parse: markdown::parse },
    Format { media_type: "text/csv", extensions: &["csv", "tsv", "tab"], recognises: never, is_text: true, parse: csv::parse },
    Format { media_type: asciidoc::MEDIA_TYPE, extensions: &["adoc", "asciidoc"], recognises: never, is_text: true, parse: asciidoc::parse },
    Format { media_type: tex::MEDIA_TYPE, extensions: &["tex", "ltx"], recognises: never, is_text: true, parse: tex::parse },
    Format { media_type: notebook::MEDIA_TYPE, extensions: &["ipynb"], recognises: notebook::recognises, is_text: true, parse: notebook::parse },
    Format { media_type: captions::VTT_MEDIA_TYPE, extensions: &["vtt"], recognises: captions::recognises, is_text: true, parse: captions::parse },
    Format { media_type: captions::SRT_MEDIA_TYPE, extensions: &["srt"], recognises: never, is_text: true, parse: captions::parse },
    Format { media_type: markup::MEDIA_TYPE, extensions: &["xml", "nxml", "rss", "atom", "dita", "dbk", "svg", "wsdl", "xsd", "xsl"], recognises: markup::recognises, is_text: true, parse: markup::parse },
    Format { media_type: code::JSON_MEDIA_TYPE, extensions: &["json", "geojson", "webmanifest"], recognises: never, is_text: true, parse: code::parse_json },
    Format { media_type: code::MEDIA_TYPE, extensions: code::EXTENSIONS, recognises: never, is_text: true, parse: code::parse },
    Format { media_type: "text/plain", extensions: &["txt", "text", ""], recognises: never, is_text: true, parse: plain::parse },
];

/// The format of text of which nothing else is known.
fn plain_text() -> &'static Format {
    &FORMATS[FORMATS.len() - 1]
}

fn never(_: &[u8]) -> bool {
    false
}

/// The format of a file.
///
/// # Errors
/// Empty, encrypted, damaged (the name promises a format that the content is not), or not a format that is read.
pub(crate) fn detect(name: &str, bytes: &[u8]) -> Result<&'static Format, ParseError> {
    if bytes.is_empty() {
        return Err(ParseError::Empty);
    }
    let extension = extension(name);
    if let Some(format) = FORMATS.iter().find(|format| format.may_have(&extension) && (format.recognises)(bytes)) {
        return Ok(format);
    }
    let named = named(&extension);
    if ole::is_container(bytes) {
        return Err(match ole::kind(bytes) {
            Some(ole::Kind::EncryptedPackage) => ParseError::Encrypted,
            _ if named.is_some_and(|format| !format.is_text) => {
                ParseError::Corrupt(format!("it is not a .{extension} file"))
            }
            _ => ParseError::Unsupported("files of this old container format are not read".to_owned()),
        });
    }
    match named {
        // Readers accept a PDF with rubbish before its header; the content alone would prove nothing.
        Some(format) if extension == "pdf" && pdf::may_be(bytes) => Ok(format),
        Some(format) if !format.is_text => Err(ParseError::Corrupt(format!("it is not a .{extension} file"))),
        Some(format) if !is_binary(bytes) => Ok(format),
        Some(_) => Err(ParseError::Unsupported("the file is not a text file".to_owned())),
        None if is_prose(bytes) => Ok(plain_text()),
        None => Err(ParseError::Unsupported(format!("files of the kind .{extension} are not read"))),
    }
}

/// Whether a file with an unknown ending is text that somebody can read: it decodes without damage, and has no word
/// that only programs write. Chinese has no spaces, so there each character ends a word.
fn is_prose(bytes: &[u8]) -> bool {
    const MAX_WORD_BYTES: usize = 10_000;
    let Ok(text) = decode(bytes, None) else { return false };
    let is_damage = |c: char| c == char::REPLACEMENT_CHARACTER || c == '\0';
    !text.contains(is_damage)
        && looks_like_text(&text)
        && text.split(|c: char| c.is_whitespace() || is_ideograph(c)).all(|word| word.len() <= MAX_WORD_BYTES)
}

/// Chinese characters, kana and the marks between them.
fn is_ideograph(c: char) -> bool {
    matches!(c, '\u{2e80}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{ff00}'..='\u{ffef}' | '\u{20000}'..='\u{3ffff}')
}

fn extension(name: &str) -> String {
    let file = name.rsplit(['/', '\\', '!']).next().unwrap_or(name);
    match file.rsplit_once('.') {
        // `.gitignore` is a name, not an extension.
        Some((stem, extension)) if !stem.is_empty() => extension.to_lowercase(),
        Some(_) => String::new(),
        // `Makefile` says what it is by its whole name.
        None => Some(file.to_lowercase()).filter(|name| code::EXTENSIONS.contains(&name.as_str())).unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(name: &str, bytes: &[u8], expected: Result<&str, ParseError>) {
        assert_eq!(detect(name, bytes).map(|format| format.media_type), expected);
    }

    #[test]
    fn content_beats_the_name() {
        check("report.docx", b"%PDF-1.7\n", Ok("application/pdf"));
        check("page.txt", b"  <!DOCTYPE html><p>Hello", Ok("text/html"));
        check("READ.ME/notes", b"just text", Ok("text/plain"));
        check("a.b/Guide.MD", b"# Guide", Ok("text/markdown"));
        check("lines.jsonl", b"{}", Ok("application/jsonl"));
        check("notes.xyz", "年假 text".as_bytes(), Ok("text/plain"));
        check("settings", b"<?xml version='1.0'?><a/>", Ok("application/xml"));
        check("build/Dockerfile", b"FROM x", Ok("text/x-source"));
        check("a.json", b"{\"cells\":[{\"cell_type\":0}],\"nbformat\":4}", Ok("application/x-ipynb+json"));
    }

    #[test]
    fn a_file_that_only_mentions_the_header_of_a_pdf_is_no_pdf() {
        check("detect.py", b"MAGIC = b'%PDF-'\n", Ok("text/x-source"));
        check("notes.md", b"# Notes\n\nA file starts with %PDF-1.7.\n", Ok("text/markdown"));
        check("lines.jsonl", b"{\"text\":\"%PDF-1.7\"}\n", Ok("application/jsonl"));
        check("a.eml", b"From: a@example.com\nSubject: x\n\n%PDF-1.7\n", Ok("message/rfc822"));
        check("files.zip", &pdf_in_a_zip(), Ok("application/zip"));
        check("a.pdf", b"PK\x03\x04 cut off %PDF-1.7", Ok("application/zip"));
    }

    /// An archive with one member that is stored as it is.
    fn pdf_in_a_zip() -> Vec<u8> {
        use std::io::Write;
        let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        let stored = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
        zip.start_file("a.pdf", stored).unwrap();
        zip.write_all(b"%PDF-1.7\n").unwrap();
        zip.finish().unwrap().into_inner()
    }

    #[test]
    fn rubbish_before_the_header_is_allowed_in_a_file_named_pdf() {
        check("a.bin", b"\xef\xbb\xbf \r\n%PDF-1.7\n", Ok("application/pdf"));
        check("a.pdf", b"HTTP/1.1 200 OK\r\n\r\n%PDF-1.7\n", Ok("application/pdf"));
        check(
            "a.pdf",
            &[&[0; 1024][..], b"%PDF-1.7"].concat(),
            Err(ParseError::Corrupt("it is not a .pdf file".into())),
        );
    }

    #[test]
    fn a_telling_name_beats_text_that_looks_like_another_format() {
        let mail = b"Subject: x\nFrom: a\nTo: b\n\ntext";
        check("rule.yaml", mail, Ok("text/x-source"));
        check("rule.txt", mail, Ok("message/rfc822"));
        check("rule", mail, Ok("message/rfc822"));
        let mailbox = [b"From 1a2b Mon Sep 17 00:00:00 2001\n", mail.as_slice()].concat();
        check("0001-fix.patch", &mailbox, Ok("text/x-source"));
        check("old.eml", &mailbox, Ok("application/mbox"));
        let line = b"{\"text\":\"\\\"nbformat\\\"\",\"nbformat\":0,\"cell_type\":0}";
        check("lines.jsonl", line, Ok("application/jsonl"));
        check("page.vue", b"<html><p>", Ok("text/x-source"));
        check("page.asp", b"<html><p>", Ok("text/html"));
    }

    #[test]
    fn text_with_an_unknown_ending_may_have_any_encoding() {
        let minutes = "会议纪要:员工每年享有十五天带薪年假,入职不满一年的按比例计算。";
        check("会议纪要.最终版", &encoding_rs::GB18030.encode(minutes).0, Ok("text/plain"));
        check("会议纪要.最终版", minutes.repeat(500).as_bytes(), Ok("text/plain"));
        let settings: Vec<u8> = "\u{feff}Windows Registry Editor".encode_utf16().flat_map(u16::to_le_bytes).collect();
        check("a.reg", &settings, Ok("text/plain"));
        check("a.xyz", b"caf\xe9", Ok("text/plain"));
    }

    #[test]
    fn what_is_not_read_is_named() {
        check("a.md", b"", Err(ParseError::Empty));
        check("a.pdf", b"no", Err(ParseError::Corrupt("it is not a .pdf file".into())));
        check("a.xyz", &[b'x'; 20_000], Err(ParseError::Unsupported("files of the kind .xyz are not read".into())));
        let compressed: Vec<u8> = (0..20_000u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
        check("a.xyz", &compressed, Err(ParseError::Unsupported("files of the kind .xyz are not read".into())));
        check(
            "a.txt",
            b"\x7fELF\x02\x01\x01\0\0\0\0\0",
            Err(ParseError::Unsupported("the file is not a text file".into())),
        );
    }

    #[test]
    fn an_encrypted_office_file_is_an_ole_container() {
        let file = ole::tests::container(&[("/EncryptedPackage", b"x")]);
        check("a.docx", &file, Err(ParseError::Encrypted));
    }
}
