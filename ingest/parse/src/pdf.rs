//! PDF: glyphs with positions → lines → paragraphs.
//!
//! Each page goes through `pdf-extract` first and, where that fails, panics or finds nothing, through the second
//! extractor in [`content`]. Both feed the same [`glyphs::Glyphs`], so that [`layout`] exists once. A scan has no
//! glyphs: it is an empty document, there is no OCR here.

mod content;
mod fonts;
mod glyphs;
mod layout;
mod repair;
mod running;

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use pdf_extract::{Document, Error as PdfError, Object, ObjectId};
use serde_json::Value;

use super::text::{TextBuilder, normalized};
use super::{ParseError, Parsed, ParsedDocument, Sink, Source};
use glyphs::Glyphs;
use layout::Line;

/// Bytes before the header that readers accept (ISO 32000-1, implementation note 13 of PDF 1.7).
const HEADER_WITHIN_BYTES: usize = 1024;

/// The lines of one page.
struct Page {
    /// From 1.
    number: u32,
    lines: Vec<Line>,
}

pub(crate) fn recognises(bytes: &[u8]) -> bool {
    bytes[..bytes.len().min(HEADER_WITHIN_BYTES)].windows(5).any(|window| window == b"%PDF-")
}

pub(crate) fn parse(source: &Source<'_>, sink: &mut Sink<'_>) -> Result<(), ParseError> {
    let pdf = open(source.bytes)?;
    let mut pages = Vec::new();
    let mut characters = 0;
    let mut failed = 0;
    for (number, id) in pdf.get_pages() {
        match extract(&pdf, number, id) {
            Some(glyphs) => {
                let lines = layout::lines(glyphs);
                characters += lines.iter().map(Line::chars).sum::<usize>();
                pages.push(Page { number, lines });
            }
            None => failed += 1,
        }
        if characters > source.limits.max_document_chars {
            return Err(ParseError::TooLong { limit_chars: source.limits.max_document_chars });
        }
    }
    if pages.is_empty() {
        return Err(ParseError::corrupt(format!("none of its {failed} pages can be read")));
    }
    running::remove(&mut pages);
    let mut builder = TextBuilder::new(source.limits.max_document_chars);
    let largest_heading = layout::push(&mut builder, &pages);
    let built = builder.finish()?;
    let (title, metadata) = describe(&pdf);
    let document =
        ParsedDocument { title: title.or(largest_heading), metadata, ..built.into_document(source.media_type) };
    let _ = sink(Parsed::Document(document));
    Ok(())
}

/// Opens the file, or what can be saved of it.
fn open(bytes: &[u8]) -> Result<Document, ParseError> {
    let has_pages = |pdf: &Document| !pdf.get_pages().is_empty();
    match load(bytes) {
        Ok(pdf) if has_pages(&pdf) => Ok(pdf),
        Err(ParseError::Encrypted) => Err(ParseError::Encrypted),
        // A cipher that is not known, or a password that is missing, shows in many ways.
        _ if bytes.windows(8).any(|window| window == b"/Encrypt") => Err(ParseError::Encrypted),
        result => {
            let repaired = repair::with_new_table(bytes).and_then(|bytes| load(&bytes).ok()).filter(has_pages);
            repaired.map_or_else(|| result.and_then(|_| Err(ParseError::corrupt("it has no pages"))), Ok)
        }
    }
}

/// Many files are encrypted with an empty password, only to forbid printing; those open.
fn load(bytes: &[u8]) -> Result<Document, ParseError> {
    let error = |error: PdfError| match error {
        PdfError::InvalidPassword | PdfError::Decryption(_) | PdfError::UnsupportedSecurityHandler(_) => {
            ParseError::Encrypted
        }
        error => ParseError::corrupt(error),
    };
    let load = || {
        let mut pdf = Document::load_mem(bytes).map_err(error)?;
        if pdf.is_encrypted() {
            pdf.decrypt("").map_err(error)?;
        }
        Ok(pdf)
    };
    catch_unwind(load).unwrap_or_else(|_| Err(ParseError::corrupt("its objects cannot be read")))
}

/// The glyphs of one page; none when neither extractor can read it.
fn extract(pdf: &Document, number: u32, id: ObjectId) -> Option<Glyphs> {
    let first = guarded(|| {
        let mut glyphs = Glyphs::default();
        pdf_extract::output_doc_page(pdf, &mut glyphs, number).ok()?;
        Some(glyphs)
    });
    if let Some(glyphs) = &first
        && !glyphs.is_empty()
        && !content::shows_text_by_quote(pdf, id)
    {
        return first;
    }
    let second = guarded(|| content::extract(pdf, id));
    match (first, second) {
        (Some(first), Some(second)) => Some(if second.len() > first.len() { second } else { first }),
        (first, second) => second.or(first),
    }
}

/// `pdf-extract` answers what it does not support with a panic.
fn guarded<T>(run: impl FnOnce() -> Option<T>) -> Option<T> {
    catch_unwind(AssertUnwindSafe(run)).ok().flatten()
}

/// Title, author and dates of the information dictionary (ISO 32000-1, 14.3.3).
fn describe(pdf: &Document) -> (Option<String>, BTreeMap<String, Value>) {
    let mut metadata = BTreeMap::new();
    let information = pdf.trailer.get(b"Info").and_then(|info| pdf.dereference(info)).map(|(_, info)| info);
    let Some(information) = information.ok().and_then(|info| info.as_dict().ok()) else { return (None, metadata) };
    let text = |key: &[u8]| match information.get_deref(key, pdf) {
        Ok(Object::String(bytes, _)) => Some(normalized(&text_string(bytes))).filter(|text| !text.is_empty()),
        _ => None,
    };
    for (key, name) in [("Author", "author"), ("Subject", "subject"), ("Keywords", "keywords")] {
        if let Some(value) = text(key.as_bytes()) {
            metadata.insert(name.to_owned(), Value::String(value));
        }
    }
    for (key, name) in [("CreationDate", "created"), ("ModDate", "modified")] {
        if let Some(date) = text(key.as_bytes()).as_deref().and_then(date) {
            metadata.insert(name.to_owned(), Value::String(date));
        }
    }
    (text(b"Title").filter(|title| is_a_title(title)), metadata)
}

/// A text string: UTF-16 with a mark, UTF-8 with a mark, else one byte a character (ISO 32000-2, 7.9.2.2).
fn text_string(bytes: &[u8]) -> String {
    match encoding_rs::Encoding::for_bom(bytes) {
        Some((encoding, length)) => encoding.decode_without_bom_handling(&bytes[length..]).0.into_owned(),
        None => encoding_rs::WINDOWS_1252.decode(bytes).0.into_owned(),
    }
}

/// `D:20240131…` → `2024-01-31` (ISO 32000-1, 7.9.4).
fn date(text: &str) -> Option<String> {
    let digits = text.strip_prefix("D:").unwrap_or(text).get(..8)?;
    digits
        .bytes()
        .all(|byte| byte.is_ascii_digit())
        .then(|| format!("{}-{}-{}", &digits[..4], &digits[4..6], &digits[6..]))
}

/// Programs fill the title with the name of their file, or of themselves.
fn is_a_title(title: &str) -> bool {
    let title = title.to_lowercase();
    let is_file = [".doc", ".docx", ".pdf", ".indd", ".tex", ".dvi", ".xls", ".xlsx", ".ppt", ".pptx", ".qxd", ".ps"]
        .iter()
        .any(|extension| title.ends_with(extension));
    !is_file && !title.starts_with("microsoft ") && title != "untitled" && title.chars().any(char::is_alphabetic)
}

#[cfg(test)]
mod tests;
