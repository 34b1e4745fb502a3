//! What a zip archive is, by what is in it.
//!
//! Names of members decide for Office files, the member `mimetype` for OpenDocument and EPUB (both specifications want
//! it first and uncompressed). Only the directory of the archive and that one small member are read, so asking is
//! cheap, and a text in the middle of an archive cannot pretend to be its structure.

use std::io::{Cursor, Read};

use zip::ZipArchive;

/// A kind of zip archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Docx,
    Pptx,
    /// .xlsx and .xlsm.
    Xlsx,
    /// The same package with its sheets in a binary form.
    Xlsb,
    Odt,
    Ods,
    Odp,
    Epub,
    /// An archive of files, or one whose directory cannot be read.
    Zip,
    /// A document of a program that Taproot does not read (a drawing, a package of an app).
    Other,
}

/// Bytes of the member `mimetype` that are looked at; the longest known one has 60.
const MAX_MIMETYPE_BYTES: u64 = 128;

/// Start of the name of the main member, and how it ends. A folder `word/` of somebody's own archive does not match.
const OFFICE_MEMBERS: &[(&str, &str, Kind)] = &[
    ("word/document", ".xml", Kind::Docx),
    ("ppt/presentation", ".xml", Kind::Pptx),
    ("xl/workbook", ".xml", Kind::Xlsx),
    ("xl/workbook", ".bin", Kind::Xlsb),
];

/// Starts of media types: templates and master documents share theirs with the documents.
const MIMETYPES: &[(&str, Kind)] = &[
    ("application/vnd.oasis.opendocument.text", Kind::Odt),
    ("application/vnd.oasis.opendocument.spreadsheet", Kind::Ods),
    ("application/vnd.oasis.opendocument.presentation", Kind::Odp),
    ("application/epub+zip", Kind::Epub),
];

/// What kind of zip archive this is; none for bytes that do not begin like one.
pub(crate) fn kind(bytes: &[u8]) -> Option<Kind> {
    if !bytes.starts_with(b"PK\x03\x04") && !bytes.starts_with(b"PK\x05\x06") {
        return None;
    }
    let Ok(mut archive) = ZipArchive::new(Cursor::new(bytes)) else { return Some(Kind::Zip) };
    if let Some(mimetype) = mimetype(&mut archive) {
        let known = MIMETYPES.iter().find(|(start, _)| mimetype.starts_with(start));
        return Some(known.map_or(Kind::Other, |(_, kind)| *kind));
    }
    let office = archive.file_names_raw().find_map(|name| office_kind(&String::from_utf8_lossy(name)));
    let is_package = || archive.index_for_name("[Content_Types].xml").is_some();
    Some(office.unwrap_or_else(|| if is_package() { Kind::Other } else { Kind::Zip }))
}

fn mimetype(archive: &mut ZipArchive<Cursor<&[u8]>>) -> Option<String> {
    let mut mimetype = String::new();
    archive.by_name("mimetype").ok()?.take(MAX_MIMETYPE_BYTES).read_to_string(&mut mimetype).ok()?;
    let mimetype = mimetype.trim();
    mimetype.starts_with("application/").then(|| mimetype.to_owned())
}

fn office_kind(member: &str) -> Option<Kind> {
    let is_main = |start: &str, end: &str| {
        let rest = member.strip_prefix(start).and_then(|rest| rest.strip_suffix(end));
        rest.is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_digit()))
    };
    OFFICE_MEMBERS.iter().find(|(start, end, _)| is_main(start, end)).map(|(_, _, kind)| *kind)
}

#[cfg(test)]
mod tests {
    use super::super::testing::archive;
    use super::*;

    #[track_caller]
    fn check(members: &[(&str, &str)], expected: Kind) {
        assert_eq!(kind(&archive(members)), Some(expected));
    }

    #[test]
    fn packages_are_told_by_their_members() {
        let types = ("[Content_Types].xml", "<Types/>");
        check(&[types, ("word/document.xml", "")], Kind::Docx);
        check(&[types, ("word/document2.xml", "")], Kind::Docx);
        check(&[types, ("ppt/presentation.xml", ""), ("word/document.docx", "")], Kind::Pptx);
        check(&[types, ("xl/workbook.xml", "")], Kind::Xlsx);
        check(&[types, ("xl/workbook.bin", "")], Kind::Xlsb);
        check(&[types, ("visio/document.xml", "")], Kind::Other);
        check(&[("mimetype", "application/vnd.oasis.opendocument.text")], Kind::Odt);
        check(&[("mimetype", "application/vnd.oasis.opendocument.spreadsheet-template\n")], Kind::Ods);
        check(&[("mimetype", "application/vnd.oasis.opendocument.presentation")], Kind::Odp);
        check(&[("mimetype", "application/vnd.oasis.opendocument.graphics")], Kind::Other);
        check(&[("META-INF/container.xml", ""), ("mimetype", "application/epub+zip")], Kind::Epub);
    }

    #[test]
    fn archives_of_files_are_archives() {
        check(&[("word/report.docx", ""), ("xl/workbook of ann.xml", "")], Kind::Zip);
        check(&[("notes.txt", "word/document.xml"), ("mimetype", "a note")], Kind::Zip);
        check(&[], Kind::Zip);
        assert_eq!(kind(b"PK\x03\x04 and no directory"), Some(Kind::Zip));
        assert_eq!(kind(b"just text"), None);
    }
}
