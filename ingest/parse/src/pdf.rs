//! PDF: glyphs with positions → lines → paragraphs; pages that are pictures → OCR.
//!
//! Each page goes through the extractor in [`content`] and, where its fonts do not say which characters they show,
//! through `pdf-extract`, which knows the tables inside of fonts. Both feed the same [`glyphs::Glyphs`],
//! so that [`layout`] exists once. Text that a reader does not see is left out ([`paint`]), but for the text that OCR
//! has laid over a scan before. Forms, annotations and attachments are not read; links are.

mod content;
mod fonts;
mod glyphs;
mod images;
mod layout;
mod paint;
mod repair;
mod running;
mod scan;

use std::collections::{BTreeMap, HashSet};
use std::panic::{AssertUnwindSafe, catch_unwind};

use pdf_extract::{Dictionary, Document, Error as PdfError, Object, ObjectId};
use serde_json::Value;
use taproot_schemas::document::NoteKind;

use super::text::{TextBuilder, normalized};
use super::{ParseError, Parsed, ParsedDocument, Sink, Source};
use content::Contents;
use fonts::Fonts;
use glyphs::Glyphs;
use layout::Line;
use scan::{Scan, Scanner};

/// Bytes before the header that readers accept (ISO 32000-1, implementation note 13 of PDF 1.7).
const HEADER_WITHIN_BYTES: usize = 1024;

/// What was read on one page.
struct Page {
    /// From 1.
    number: u32,
    lines: Vec<Line>,
    /// Paragraphs that OCR has read in its pictures.
    recognised: Vec<String>,
}

/// `pdf-extract` walks all pages to find one: so many steps are allowed for a file.
const MAX_STEPS_TO_PAGES: usize = 50_000_000;
const UNKNOWN_FONTS: &str =
    "its fonts do not say which characters they show; printing it to a new PDF, or scanning it, may help";

/// Links of a page that are looked at.
const MAX_ANNOTATIONS: usize = 1_000;

/// Only at the start: other files that mention the header, or hold PDFs, must not be taken for one.
pub(crate) fn recognises(bytes: &[u8]) -> bool {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    bytes.trim_ascii_start().starts_with(b"%PDF-")
}

/// A file that is named a PDF may have rubbish before its header, as readers accept it; a damaged archive may not.
pub(crate) fn may_be(bytes: &[u8]) -> bool {
    let start = &bytes[..bytes.len().min(HEADER_WITHIN_BYTES)];
    !bytes.starts_with(b"PK") && start.windows(5).any(|window| window == b"%PDF-")
}

pub(crate) fn parse(source: &Source<'_>, sink: &mut Sink<'_>) -> Result<(), ParseError> {
    let mut builder = TextBuilder::new(source.limits.max_document_chars);
    let Read { mut pages, title, metadata, why_unread } = read(source, &mut builder)?;
    builder.note(NoteKind::RunningLines, running::remove(&mut pages));
    let largest_heading = layout::push(&mut builder, pages);
    if builder.is_blank()
        && let Some(why) = why_unread
    {
        return Err(why);
    }
    let built = builder.finish()?;
    let document =
        ParsedDocument { title: title.or(largest_heading), metadata, ..built.into_document(source.media_type) };
    let _ = sink(Parsed::Document(document));
    Ok(())
}

/// All that is taken from the file. Its objects take much more room than this; they are gone when it is here.
struct Read {
    pages: Vec<Page>,
    title: Option<String>,
    metadata: BTreeMap<String, Value>,
    /// Why pages that hold text could not be read, when there were any.
    why_unread: Option<ParseError>,
}

/// Reads all pages. Notes and links go into the builder.
fn read(source: &Source<'_>, builder: &mut TextBuilder) -> Result<Read, ParseError> {
    let pdf = open(source.bytes)?;
    let ids = pages(&pdf);
    let (fonts, nothing) = (Fonts::default(), Dictionary::new());
    let mut reader = Reader { pdf: &pdf, fonts: &fonts, nothing: &nothing, steps_left: MAX_STEPS_TO_PAGES };
    let scanner = Scanner::new(source);
    let (mut pages, mut characters, mut why_unread) = (Vec::new(), 0, None);
    for (number, id) in (1..).zip(&ids) {
        let Some(mut contents) = reader.read(number, *id, ids.len()) else {
            builder.note(NoteKind::FailedPages, 1);
            continue;
        };
        if contents.invisible_runs > 0 && !scan::has_ocr_layer(&contents) {
            contents.glyphs = std::mem::take(&mut contents.glyphs).without_invisible();
            contents.hidden_runs = contents.hidden_runs.saturating_add(contents.invisible_runs);
        }
        builder.note(NoteKind::HiddenText, contents.hidden_runs);
        let is_unread = contents.unread_codes > contents.glyphs.letters();
        let mut recognised = Vec::new();
        match scanner.read(&pdf, *id, &contents) {
            Scan::Nothing if is_unread => {
                builder.note(NoteKind::PagesWithoutText, 1);
                why_unread.get_or_insert_with(|| ParseError::Unsupported(UNKNOWN_FONTS.to_owned()));
            }
            Scan::Nothing => {}
            Scan::Text(paragraphs) => {
                builder.note(NoteKind::OcrPages, 1);
                recognised = paragraphs;
            }
            Scan::Unread => builder.note(NoteKind::PagesWithoutText, 1),
        }
        let lines = layout::lines(contents.glyphs);
        characters += lines.iter().map(Line::chars).chain(recognised.iter().map(String::len)).sum::<usize>();
        // Running lines and hyphens that go make the text shorter than this, but not by half.
        if characters > source.limits.max_document_chars.saturating_mul(2) {
            return Err(ParseError::TooLong { limit_chars: source.limits.max_document_chars });
        }
        push_links(builder, &pdf, *id);
        pages.push(Page { number, lines, recognised });
    }
    if pages.is_empty() {
        return Err(ParseError::corrupt(format!("none of its {} pages can be read", ids.len())));
    }
    let (title, metadata) = describe(&pdf);
    Ok(Read { pages, title, metadata, why_unread: scanner.why_unread().or(why_unread) })
}

/// The pages in their order, each once: a tree that leads back into itself has no more pages for it. What the tree says
/// of their number is not asked.
fn pages(pdf: &Document) -> Vec<ObjectId> {
    let mut seen = HashSet::new();
    let mut pages = Vec::new();
    for page in pdf.page_iter() {
        if seen.insert(page) {
            pages.push(page);
        }
    }
    pages
}

/// Addresses that the page leads to (ISO 32000-1, 12.5.6.5 and 12.6.4.7).
fn push_links(builder: &mut TextBuilder, pdf: &Document, page: ObjectId) {
    for annotation in pdf.get_page_annotations(page).unwrap_or_default().into_iter().take(MAX_ANNOTATIONS) {
        let action = annotation.get_deref(b"A", pdf).and_then(Object::as_dict);
        if let Ok(Object::String(address, _)) = action.and_then(|action| action.get_deref(b"URI", pdf)) {
            builder.push_link("", &text_string(address));
        }
    }
}

/// Opens the file, or what can be saved of it.
fn open(bytes: &[u8]) -> Result<Document, ParseError> {
    let has_pages = |pdf: &Document| pdf.page_iter().next().is_some();
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

/// Reads the pages of one file.
struct Reader<'a> {
    pdf: &'a Document,
    fonts: &'a Fonts,
    /// Resources of a page that has none.
    nothing: &'a Dictionary,
    steps_left: usize,
}

impl<'a> Reader<'a> {
    /// What stands on a page; none when it cannot be read.
    fn read(&mut self, number: u32, page: ObjectId, pages: usize) -> Option<Contents<'a>> {
        let (pdf, fonts, nothing) = (self.pdf, self.fonts, self.nothing);
        let first = guarded(|| content::extract(pdf, page, fonts, nothing))?;
        // What is hidden must not come back because some codes could not be read.
        let hides = first.hidden_runs > 0 && first.unread_codes <= first.glyphs.letters();
        let steps_left = self.steps_left.checked_sub(pages);
        if first.unread_codes == 0 || hides || first.is_tangled || steps_left.is_none() {
            return Some(first);
        }
        self.steps_left = steps_left.unwrap_or(0);
        let second = guarded(|| {
            // The library makes room for as many pages as the tree says it has.
            if pdf.page_iter().size_hint().0 > pages.saturating_mul(2) {
                return None;
            }
            let mut glyphs = Glyphs::default();
            pdf_extract::output_doc_page(pdf, &mut glyphs, number).ok()?;
            Some(glyphs)
        });
        match second {
            Some(glyphs) if glyphs.letters() > first.glyphs.letters() => {
                let gained = glyphs.letters() - first.glyphs.letters();
                Some(Contents { glyphs, unread_codes: first.unread_codes.saturating_sub(gained), ..first })
            }
            _ => Some(first),
        }
    }
}

/// `pdf-extract` answers what it does not support with a panic.
fn guarded<T>(run: impl FnOnce() -> Option<T>) -> Option<T> {
    catch_unwind(AssertUnwindSafe(run)).ok().flatten()
}

/// The language of the catalog; title, author and dates of the information dictionary (ISO 32000-1, 14.3.3, 14.9.2).
fn describe(pdf: &Document) -> (Option<String>, BTreeMap<String, Value>) {
    let mut metadata = BTreeMap::new();
    if let Ok(Object::String(language, _)) = pdf.catalog().and_then(|catalog| catalog.get_deref(b"Lang", pdf)) {
        let language = normalized(&text_string(language));
        if !language.is_empty() {
            metadata.insert("language".to_owned(), Value::String(language));
        }
    }
    let information = pdf.trailer.get(b"Info").and_then(|info| pdf.dereference(info)).map(|(_, info)| info);
    let Some(information) = information.ok().and_then(|info| info.as_dict().ok()) else { return (None, metadata) };
    let text = |key: &[u8]| match information.get_deref(key, pdf) {
        Ok(Object::String(bytes, _)) => Some(normalized(&text_string(bytes))).filter(|text| !text.is_empty()),
        _ => None,
    };
    for (key, name) in [("Author", "author"), ("Subject", "subject"), ("Keywords", "keywords")] {
        if let Some(value) = text(key.as_bytes()).filter(|value| !is_placeholder(value)) {
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
    !is_file && !title.starts_with("microsoft ") && !is_placeholder(&title) && title.chars().any(char::is_alphabetic)
}

/// What programs write where nobody has said anything.
fn is_placeholder(value: &str) -> bool {
    let value = value.trim_matches(['(', ')']).to_lowercase();
    ["anonymous", "unspecified", "untitled"].contains(&value.as_str())
}

#[cfg(test)]
mod tests;
