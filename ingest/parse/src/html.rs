//! HTML (the living standard): the text that a reader of the page sees, with headings, lists, tables and links.
//!
//! Left out are scripts, hidden elements and comments (noted as hidden text), and of a page of its own the parts around
//! its content (noted as boilerplate), unless hardly anything would be left, or all of the page is hidden. Tables of data become rows with their
//! header; tables that only place things on the page are read through.

mod depth;
mod furniture;
mod hidden;
mod reader;
mod table;

use std::collections::BTreeMap;

use scraper::Html;
use serde_json::Value;
use taproot_schemas::document::NoteKind;

use super::encoding::{declared_in_xml, decode};
use super::text::{TextBuilder, normalized};
use super::{ParseError, Parsed, ParsedDocument, Sink, Source};
use reader::{Keep, Reader};

/// Share of a page's text, in percent, that has to be left without its furniture.
const MIN_CONTENT_PERCENT: usize = 25;

/// Share of a page's text, in percent, above which what is hidden must be what the page is for: nobody publishes a page
/// on which nothing is seen, so a script shows it. A page that shows something and hides more is left as it looks.
const MAX_HIDDEN_PERCENT: usize = 98;

/// Bytes at the start of a page in which its charset has to be declared (HTML standard, 13.2.3.2).
const DECLARATION_BYTES: usize = 1024;

pub(crate) fn recognises(bytes: &[u8]) -> bool {
    let head = &bytes[..bytes.len().min(DECLARATION_BYTES)];
    let head: Vec<u8> = head.iter().copied().filter(|byte| *byte != 0).map(|byte| byte.to_ascii_lowercase()).collect();
    let start = head.iter().position(|byte| *byte == b'<').unwrap_or(head.len());
    let is_blank = |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, 0xef | 0xbb | 0xbf | 0xff | 0xfe);
    let is_page = |text: &[u8]| text.starts_with(b"<!doctype html") || text.starts_with(b"<html");
    let text = &head[start..];
    // XHTML may say first that it is XML.
    let after_prolog = || {
        let end = text.windows(2).position(|pair| pair == b"?>")?;
        text.starts_with(b"<?xml").then(|| text[end + 2..].trim_ascii_start())
    };
    head[..start].iter().all(is_blank) && (is_page(text) || after_prolog().is_some_and(is_page))
}

fn is_xhtml(text: &str) -> bool {
    text.trim_start_matches(['\u{feff}', ' ', '\r', '\n']).starts_with("<?xml")
}

pub(crate) fn parse(source: &Source<'_>, sink: &mut Sink<'_>) -> Result<(), ParseError> {
    let text = decode(source.bytes, declared_charset(source.bytes).as_deref())?;
    let text = if is_xhtml(&text) { of_xhtml(&text) } else { text };
    let bounded = depth::bounded(&text);
    let page = Html::parse_document(&bounded);
    let read = |keep| {
        let mut reader = Reader::new(TextBuilder::new(source.limits.max_document_chars), keep);
        reader.builder.note(NoteKind::BestEffort, u32::from(bounded.len() < text.len()));
        reader.read(&page);
        reader
    };
    let mut keep = Keep::default();
    let mut reader = read(keep);
    let all_chars = reader.read_chars + reader.skipped_chars + reader.hidden_chars;
    if reader.hidden_chars * 100 > all_chars * MAX_HIDDEN_PERCENT {
        keep.hidden = true;
        reader = read(keep);
    }
    // A page that is all header or aside still has a reader: a guess must not make its text vanish.
    let all_chars = reader.read_chars + reader.skipped_chars;
    if reader.skipped_chars > 0 && reader.read_chars * 100 < all_chars * MIN_CONTENT_PERCENT {
        reader = read(Keep { furniture: true, ..keep });
    }
    let first_heading = reader.first_heading.take();
    let built = reader.builder.finish()?;
    let (title, metadata) = describe(&page);
    let document =
        ParsedDocument { title: title.or(first_heading), metadata, ..built.into_document(source.media_type) };
    let _ = sink(Parsed::Document(document));
    Ok(())
}

/// Appends a page that stands inside another document.
pub(crate) fn push_page(builder: &mut TextBuilder, html: &str) {
    push_tree(builder, &Html::parse_document(&depth::bounded(html)));
}

/// Elements that are empty in HTML, where `/>` means nothing at all others (HTML standard, 13.1.2).
const VOID: &[&str] =
    &["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"];

/// XHTML as HTML: `<title/>` gets its end, so that it does not swallow the page.
pub(crate) fn of_xhtml(xhtml: &str) -> String {
    let mut out = String::with_capacity(xhtml.len());
    let mut rest = xhtml;
    while let Some(end) = rest.find("/>") {
        let (before, after) = rest.split_at(end);
        out.push_str(before);
        let tag = before.rfind('<').map_or("", |start| &before[start + 1..]);
        let name = tag.split(|c: char| c.is_whitespace()).next().unwrap_or_default();
        let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic()) && !tag.contains('>');
        match name.to_ascii_lowercase() {
            name if is_name && !VOID.contains(&name.as_str()) => out.extend(["></", name.as_str(), ">"]),
            _ => out.push_str("/>"),
        }
        rest = &after[2..];
    }
    out.push_str(rest);
    out
}

/// Appends a piece of HTML that stands inside another document.
pub(crate) fn push_fragment(builder: &mut TextBuilder, html: &str) {
    push_tree(builder, &Html::parse_fragment(&depth::bounded(html)));
}

fn push_tree(builder: &mut TextBuilder, tree: &Html) {
    let placeholder = TextBuilder::new(0);
    let mut reader = Reader::new(std::mem::replace(builder, placeholder), Keep { furniture: true, hidden: false });
    reader.read(tree);
    *builder = reader.builder;
}

/// A line of text in which `&amp;` stands for `&`, without tags.
pub(crate) fn unescaped(text: &str) -> String {
    if !text.contains('&') {
        return text.to_owned();
    }
    Html::parse_fragment(&text.replace('<', "&lt;")).root_element().text().collect()
}

/// The charset that a page declares in `<?xml … encoding=…?>`, `<meta charset=…>` or
/// `<meta … content="…; charset=…">`.
fn declared_charset(bytes: &[u8]) -> Option<Vec<u8>> {
    if let Some(label) = declared_in_xml(bytes) {
        return Some(label.to_owned());
    }
    let head = bytes[..bytes.len().min(DECLARATION_BYTES)].to_ascii_lowercase();
    let key = b"charset=";
    let at = head.windows(key.len()).position(|window| window == key)? + key.len();
    let value = head[at..].iter().skip_while(|byte| matches!(byte, b'"' | b'\'' | b' '));
    let value: Vec<u8> =
        value.copied().take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')).collect();
    (!value.is_empty()).then_some(value)
}

/// The title and what the page says of itself in its head.
fn describe(page: &Html) -> (Option<String>, BTreeMap<String, Value>) {
    let mut title = None;
    let mut metadata = BTreeMap::new();
    let root = page.root_element();
    if let Some(language) = root.attr("lang").filter(|language| !language.is_empty()) {
        metadata.insert("language".to_owned(), Value::from(language));
    }
    for element in root.descendent_elements() {
        match element.value().name() {
            "title" if title.is_none() => {
                title = Some(normalized(&element.text().collect::<String>())).filter(|title| !title.is_empty());
            }
            "meta" => {
                let name = element.attr("name").or(element.attr("property")).unwrap_or_default().to_lowercase();
                let key = match name.as_str() {
                    "author" | "description" | "keywords" | "date" => name.as_str(),
                    "article:published_time" => "date",
                    _ => continue,
                };
                if let Some(content) = element.attr("content").filter(|content| !content.trim().is_empty()) {
                    metadata.entry(key.to_owned()).or_insert_with(|| Value::from(normalized(content)));
                }
            }
            "link" if element.attr("rel") == Some("canonical") => {
                if let Some(url) = element.attr("href") {
                    metadata.insert("url".to_owned(), Value::from(url));
                }
            }
            _ => {}
        }
    }
    (title, metadata)
}

#[cfg(test)]
mod tests;
