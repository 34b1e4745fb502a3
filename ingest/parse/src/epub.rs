//! Books (.epub: EPUB 3.3 and 2.0.1): a zip archive of XHTML pages in the order of its spine.
//!
//! Read are the pages as HTML, with their headings, and what the package says of the book. Left out are the navigation
//! page and tables of contents, covers that are images, styles and fonts. A book has no fixed pages. A book whose pages
//! are under digital rights management is encrypted; obfuscated fonts do not matter.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde_json::Value;
use taproot_schemas::document::NoteKind;

use super::encoding::decode;
use super::package::{self, Kind, Package};
use super::text::{TextBuilder, normalized};
use super::xml::{self, Node};
use super::{ParseError, Parsed, ParsedDocument, Sink, Source, html};

pub(crate) const MEDIA_TYPE: &str = "application/epub+zip";

/// Pages of a book; the spine of a long one has some hundred.
const MAX_PAGES: usize = 10_000;

/// Algorithms that only keep fonts from being copied (EPUB 3.3, 4.4; the second is Adobe's).
const FONT_OBFUSCATION: &[&str] = &["http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC"];

/// Elements of the metadata, and their names in ours.
const METADATA: &[(&str, &str)] = &[
    ("title", "title"),
    ("creator", "author"),
    ("language", "language"),
    ("date", "created"),
    ("subject", "subject"),
    ("description", "description"),
];

pub(crate) fn recognises(bytes: &[u8]) -> bool {
    package::kind(bytes) == Some(Kind::Epub)
}

pub(crate) fn parse(source: &Source<'_>, sink: &mut Sink<'_>) -> Result<(), ParseError> {
    let mut package = Package::open(source.bytes, source.limits.max_expanded_bytes)?;
    let path = book_path(&mut package)?;
    let opf = package.member(&path)?.ok_or_else(|| ParseError::corrupt("the description of the book is missing"))?;
    let book = Book::read(&opf, &path)?;
    let encrypted = encrypted_members(&mut package)?;
    if book.pages.iter().any(|page| encrypted.contains(page)) {
        return Err(ParseError::Encrypted);
    }
    let mut builder = TextBuilder::new(source.limits.max_document_chars);
    for page in &book.pages {
        match package.member(page) {
            Ok(Some(xhtml)) => html::push_page(&mut builder, &html::of_xhtml(&decode(&xhtml, None)?)),
            Err(error @ (ParseError::Encrypted | ParseError::TooLarge { .. })) => return Err(error),
            Ok(None) | Err(_) => builder.note(NoteKind::FailedParts, 1),
        }
        if builder.is_full() {
            break;
        }
    }
    let built = builder.finish()?;
    let mut metadata = book.metadata;
    let title = metadata.remove("title");
    let metadata = metadata.into_iter().map(|(key, value)| (key.to_owned(), Value::String(value))).collect();
    let document = ParsedDocument { title, metadata, ..built.into_document(source.media_type) };
    let _ = sink(Parsed::Document(document));
    Ok(())
}

/// Name of the member that describes the book (EPUB 3.3, 4.2.6.3.1).
fn book_path(package: &mut Package<'_>) -> Result<String, ParseError> {
    let container = package.member("META-INF/container.xml")?;
    let container = container.ok_or_else(|| ParseError::corrupt("META-INF/container.xml is missing"))?;
    let mut path = None;
    xml::read(&container, |node| {
        if let Node::Open(element) = node
            && element.name == "rootfile"
            && path.is_none()
        {
            path = element.attribute("full-path");
        }
    })?;
    path.ok_or_else(|| ParseError::corrupt("META-INF/container.xml names no book"))
}

#[derive(Debug, Default)]
struct Book {
    metadata: BTreeMap<&'static str, String>,
    /// Names of the members to read, in the order of reading.
    pages: Vec<String>,
}

impl Book {
    fn read(opf: &[u8], path: &str) -> Result<Book, ParseError> {
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let mut book = Book::default();
        let mut items: HashMap<String, String> = HashMap::new();
        let mut contents = HashSet::new();
        let mut spine = Vec::new();
        let mut text = String::new();
        xml::read(opf, |node| match node {
            Node::Open(element) => {
                text.clear();
                let attribute = |name| element.attribute(name).unwrap_or_default();
                match element.name {
                    "item" => {
                        let is_page = matches!(attribute("media-type").as_str(), "application/xhtml+xml" | "text/html");
                        let is_navigation = attribute("properties").split_whitespace().any(|word| word == "nav");
                        if is_page && !is_navigation {
                            items.insert(attribute("id"), resolve(folder, &attribute("href")));
                        }
                    }
                    "itemref" if spine.len() < MAX_PAGES => spine.push(attribute("idref")),
                    "reference" if attribute("type") == "toc" => {
                        contents.insert(resolve(folder, &attribute("href")));
                    }
                    _ => {}
                }
            }
            Node::Text(piece) => text.push_str(piece),
            Node::Close(name) => {
                let value = normalized(&text);
                if let Some((_, key)) =
                    METADATA.iter().find(|(element, _)| *element == name).filter(|_| !value.is_empty())
                {
                    match book.metadata.get_mut(key) {
                        // Several authors; of other things the first counts.
                        Some(before) if *key == "author" => *before = format!("{before}, {value}"),
                        Some(_) => {}
                        None => drop(book.metadata.insert(key, value)),
                    }
                }
                text.clear();
            }
        })?;
        let mut seen = HashSet::new();
        let pages = spine.iter().filter_map(|id| items.get(id)).filter(|page| !contents.contains(*page));
        book.pages = pages.filter(|page| seen.insert(*page)).cloned().collect();
        Ok(book)
    }
}

/// Members that are encrypted other than by the obfuscation of fonts.
fn encrypted_members(package: &mut Package<'_>) -> Result<HashSet<String>, ParseError> {
    let mut found = HashSet::new();
    let Some(encryption) = package.member("META-INF/encryption.xml")? else { return Ok(found) };
    let mut algorithm = String::new();
    xml::read(&encryption, |node| {
        let Node::Open(element) = node else { return };
        match element.name {
            "EncryptedData" => algorithm.clear(),
            "EncryptionMethod" => algorithm = element.attribute("Algorithm").unwrap_or_default(),
            "CipherReference" if !FONT_OBFUSCATION.contains(&algorithm.as_str()) => {
                found.insert(resolve("", &element.attribute("URI").unwrap_or_default()));
            }
            _ => {}
        }
    })?;
    Ok(found)
}

/// Name of the member that an address in a member of `folder` stands for.
fn resolve(folder: &str, address: &str) -> String {
    let address = address.split('#').next().unwrap_or_default();
    let address = unescaped(address);
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in address.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// `%20` stands for a space.
fn unescaped(address: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = address.as_bytes();
    while let [first, after @ ..] = rest {
        let digits = after.get(..2).and_then(|digits| str::from_utf8(digits).ok());
        match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()).filter(|_| *first == b'%') {
            Some(byte) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::super::package::testing::archive;
    use super::super::testing::{check, document, documents, survives_mutations};
    use super::*;

    const OPF: &str = r#"<package><metadata xmlns:dc="dc"><dc:title>Handbook</dc:title><dc:creator>Ann</dc:creator>
        <dc:creator>李雷</dc:creator><dc:language>zh</dc:language><dc:date>2024-02-29</dc:date></metadata><manifest>
        <item id="n" href="nav.xhtml" properties="nav" media-type="application/xhtml+xml"/>
        <item id="t" href="contents.xhtml" media-type="application/xhtml+xml"/>
        <item id="two" href="text/two.xhtml" media-type="application/xhtml+xml"/>
        <item id="one" href="text/%E4%B8%80%20a.xhtml" media-type="application/xhtml+xml"/>
        <item id="gone" href="gone.xhtml" media-type="application/xhtml+xml"/>
        <item id="c" href="cover.png" media-type="image/png"/></manifest>
        <spine><itemref idref="c"/><itemref idref="n"/><itemref idref="t"/><itemref idref="one"/><itemref idref="two"/>
        <itemref idref="two"/><itemref idref="gone"/></spine><guide><reference type="toc" href="contents.xhtml#x"/></guide>
        </package>"#;
    const CONTAINER: &str = r#"<container><rootfiles><rootfile full-path="OPS/b.opf"/></rootfiles></container>"#;
    const ONE: &str =
        "<?xml version='1.0'?><html><head><title/></head><body><h1>第一章</h1><p><a id='x'/>年假。</p></body></html>";

    fn book(more: &[(&str, &str)]) -> Vec<u8> {
        let mut members = vec![
            ("mimetype", MEDIA_TYPE),
            ("META-INF/container.xml", CONTAINER),
            ("OPS/b.opf", OPF),
            ("OPS/nav.xhtml", "<html><p>navigation</p></html>"),
            ("OPS/contents.xhtml", "<html><p>contents</p></html>"),
            ("OPS/text/一 a.xhtml", ONE),
            ("OPS/text/two.xhtml", "<html><h2>Two</h2><aside>A note.</aside></html>"),
        ];
        members.extend(more);
        archive(&members)
    }

    fn encryption(algorithm: &str, member: &str) -> String {
        format!(
            "<encryption><e:EncryptedData xmlns:e='e'><e:EncryptionMethod Algorithm='{algorithm}'/><e:CipherData>\
             <e:CipherReference URI='{member}'/></e:CipherData></e:EncryptedData></encryption>"
        )
    }

    #[test]
    fn pages_in_the_order_of_the_spine() {
        let file = book(&[]);
        check("a.epub", &file, "h1: 第一章\np: 年假。\nh2: Two\np: A note.");
        let document = document("a.epub", &file);
        assert_eq!(document.title.as_deref(), Some("Handbook"));
        let metadata = serde_json::to_value(&document.metadata).unwrap();
        assert_eq!(metadata, serde_json::json!({"author": "Ann, 李雷", "created": "2024-02-29", "language": "zh"}));
        assert_eq!(document.notes, BTreeMap::from([(NoteKind::FailedParts, 1)]));
    }

    #[test]
    fn encrypted_pages_are_told_from_obfuscated_fonts() {
        let aes = "http://www.w3.org/2001/04/xmlenc#aes128-cbc";
        let check = |algorithm: &str, member: &str, refused: bool| {
            let file = book(&[("META-INF/encryption.xml", &encryption(algorithm, member))]);
            assert_eq!(documents("a.epub", &file) == Err(ParseError::Encrypted), refused, "{algorithm} {member}");
        };
        check(aes, "OPS/text/two.xhtml", true);
        check(aes, "OPS/font.otf", false);
        check(FONT_OBFUSCATION[0], "OPS/text/two.xhtml", false);
    }

    #[test]
    fn damaged_books_are_reported() {
        let file = archive(&[("mimetype", MEDIA_TYPE), ("META-INF/container.xml", "<container/>")]);
        assert!(matches!(documents("a.epub", &file), Err(ParseError::Corrupt(_))));
    }

    #[test]
    fn broken_files_do_no_harm() {
        survives_mutations("a.epub", &book(&[("META-INF/encryption.xml", &encryption("x", "OPS/font.otf"))]));
    }
}
