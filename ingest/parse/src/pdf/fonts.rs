//! Fonts for the extractor in [`super::content`]: which bytes are a code, which characters a code shows, how wide they are.
//!
//! Read are `ToUnicode` maps, the encodings of simple fonts, and the predefined CMaps for Chinese, Japanese and Korean
//! whose codes are those of a character encoding (ISO 32000-1, 9.7.5.2). Codes that are glyph numbers of a font and
//! have no `ToUnicode` map show nothing: the file does not say what they mean.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use encoding_rs::{BIG5, EUC_JP, EUC_KR, Encoding, GB18030, SHIFT_JIS, UTF_16BE};
use pdf_extract::{Dictionary, Document, Encoding as PdfEncoding, Object, ObjectId};

/// Widths are in thousandths of the font size.
const UNITS: f64 = 1000.0;

/// The fonts of a file that were read so far.
#[derive(Default)]
pub(super) struct Fonts {
    read: RefCell<HashMap<ObjectId, Rc<Font>>>,
}

/// Maps of Chinese fonts are large; a file with more fonts than this reads some of them again.
const MAX_FONTS_KEPT: usize = 200;

impl Fonts {
    /// A font of the resources of a page: a reference, or the font itself.
    pub fn get(&self, pdf: &Document, font: &Object) -> Option<Rc<Font>> {
        let (id, font) = pdf.dereference(font).ok()?;
        let known = id.and_then(|id| self.read.borrow().get(&id).cloned());
        if known.is_some() {
            return known;
        }
        let font = Rc::new(Font::read(pdf, font.as_dict().ok()?));
        if let Some(id) = id {
            let mut read = self.read.borrow_mut();
            if read.len() >= MAX_FONTS_KEPT {
                read.clear();
            }
            read.insert(id, Rc::clone(&font));
        }
        Some(font)
    }
}

pub(super) struct Font {
    codes: Codes,
    to_unicode: Option<ToUnicode>,
    widths: HashMap<u32, f64>,
    default_width: f64,
}

/// A code and its length in bytes → UTF-16.
type ToUnicode = Box<dyn Fn(u32, u8) -> Option<Vec<u16>>>;

enum Codes {
    /// One byte each; the characters they show without a `ToUnicode` map.
    Simple(Vec<String>),
    /// Two bytes each: numbers of glyphs.
    Glyphs,
    /// Text in this encoding.
    Text(&'static Encoding),
}

/// What one code shows.
pub(super) struct Shown {
    pub text: String,
    /// Advance as a share of the font size.
    pub width: f64,
    /// Word spacing applies: the code is the single byte 32.
    pub is_space: bool,
}

impl Font {
    pub fn read(pdf: &Document, font: &Dictionary) -> Font {
        let to_unicode = to_unicode(pdf, font);
        let subtype = font.get_deref(b"Subtype", pdf).and_then(Object::as_name).unwrap_or_default();
        if subtype != b"Type0" {
            let codes = Codes::Simple(simple_encoding(pdf, font));
            let (widths, default_width) = simple_widths(pdf, font);
            return Font { codes, to_unicode, widths, default_width };
        }
        let name = font.get_deref(b"Encoding", pdf).and_then(Object::as_name).unwrap_or_default();
        let codes = match cmap_encoding(name) {
            Some(encoding) => Codes::Text(encoding),
            None => Codes::Glyphs,
        };
        let descendant = font.get_deref(b"DescendantFonts", pdf).and_then(Object::as_array).ok();
        let descendant = descendant.and_then(|fonts| pdf.dereference(fonts.first()?).ok());
        let (widths, default_width) = match descendant.and_then(|(_, font)| font.as_dict().ok()) {
            Some(descendant) => glyph_widths(pdf, descendant),
            None => (HashMap::new(), UNITS),
        };
        Font { codes, to_unicode, widths, default_width }
    }

    /// The codes of a string, one after the other.
    pub fn show(&self, bytes: &[u8]) -> Vec<Shown> {
        match &self.codes {
            Codes::Simple(characters) => bytes
                .iter()
                .map(|byte| {
                    let text = self.mapped(u32::from(*byte), 1);
                    let text = text.unwrap_or_else(|| characters.get(usize::from(*byte)).cloned().unwrap_or_default());
                    Shown { text, width: self.width(u32::from(*byte)), is_space: *byte == b' ' }
                })
                .collect(),
            Codes::Glyphs => bytes
                .chunks(2)
                .map(|code| {
                    let code = code.iter().fold(0, |code, byte| code << 8 | u32::from(*byte));
                    let text = self.mapped(code, 2).or_else(|| self.mapped(code, 1)).unwrap_or_default();
                    Shown { text, width: self.width(code), is_space: false }
                })
                .collect(),
            // The widths are those of glyph numbers, which only the CMap knows: half for Latin, whole for the rest.
            Codes::Text(encoding) => encoding
                .decode_without_bom_handling(bytes)
                .0
                .chars()
                .map(|character| Shown {
                    text: character.to_string(),
                    width: if character.is_ascii() { 0.5 } else { 1.0 },
                    is_space: character == ' ' && *encoding != UTF_16BE,
                })
                .collect(),
        }
    }

    fn mapped(&self, code: u32, length: u8) -> Option<String> {
        let units = self.to_unicode.as_ref()?(code, length)?;
        Some(String::from_utf16_lossy(&units)).filter(|text| !text.is_empty())
    }

    fn width(&self, code: u32) -> f64 {
        self.widths.get(&code).copied().unwrap_or(self.default_width) / UNITS
    }
}

/// Predefined CMaps by parts of their names.
fn cmap_encoding(name: &[u8]) -> Option<&'static Encoding> {
    const BY_PART: &[(&str, &Encoding)] = &[
        ("UCS2", UTF_16BE),
        ("UTF16", UTF_16BE),
        ("GBK", GB18030),
        ("GB-EUC", GB18030),
        ("GBpc", GB18030),
        ("B5pc", BIG5),
        ("ETen", BIG5),
        ("HKscs", BIG5),
        ("RKSJ", SHIFT_JIS),
        ("KSC", EUC_KR),
    ];
    let name = std::str::from_utf8(name).ok()?;
    if matches!(name, "EUC-H" | "EUC-V") {
        return Some(EUC_JP);
    }
    BY_PART.iter().find(|(part, _)| name.contains(part)).map(|(_, encoding)| *encoding)
}

/// The library reads a `ToUnicode` map only for a font that has nothing else.
fn to_unicode(pdf: &Document, font: &Dictionary) -> Option<ToUnicode> {
    let mut probe = Dictionary::new();
    probe.set("Type", Object::Name(b"Font".to_vec()));
    probe.set("ToUnicode", font.get(b"ToUnicode").ok()?.clone());
    match probe.get_font_encoding(pdf) {
        Ok(PdfEncoding::UnicodeMapEncoding(map)) => Some(Box::new(move |code, length| map.get(code, length))),
        _ => None,
    }
}

fn simple_encoding(pdf: &Document, font: &Dictionary) -> Vec<String> {
    let Ok(encoding) = font.get_font_encoding(pdf) else { return Vec::new() };
    (0..=u8::MAX).map(|code| encoding.bytes_to_string(&[code]).unwrap_or_default()).collect()
}

fn simple_widths(pdf: &Document, font: &Dictionary) -> (HashMap<u32, f64>, f64) {
    let first = font.get_deref(b"FirstChar", pdf).and_then(Object::as_i64).unwrap_or(0);
    let widths = font.get_deref(b"Widths", pdf).and_then(Object::as_array).map(Vec::as_slice).unwrap_or_default();
    let widths = (first.max(0) as u32..).zip(widths).filter_map(|(code, width)| Some((code, number(pdf, width)?)));
    (widths.collect(), UNITS / 2.0)
}

/// `W` of a CID font: `c [w w …]` or `first last w` (ISO 32000-1, 9.7.4.3).
fn glyph_widths(pdf: &Document, font: &Dictionary) -> (HashMap<u32, f64>, f64) {
    /// No font has more glyphs.
    const MAX_GLYPHS: u32 = 1 << 16;
    let default_width = font.get(b"DW").ok().and_then(|width| number(pdf, width)).unwrap_or(UNITS);
    let mut widths = HashMap::new();
    let mut entries = match font.get_deref(b"W", pdf).and_then(Object::as_array) {
        Ok(entries) => entries.iter().filter_map(|entry| pdf.dereference(entry).ok()).map(|(_, entry)| entry),
        Err(_) => return (widths, default_width),
    };
    while let (Some(first), Some(second)) = (entries.next(), entries.next()) {
        let Some(first) = number(pdf, first).map(|first| first as u32) else { break };
        if let Ok(list) = second.as_array() {
            widths.extend((first..).zip(list).filter_map(|(glyph, width)| Some((glyph, number(pdf, width)?))));
        } else if let (Some(last), Some(width)) = (number(pdf, second), entries.next().and_then(|w| number(pdf, w))) {
            widths.extend((first..=(last as u32).min(MAX_GLYPHS)).map(|glyph| (glyph, width)));
        } else {
            break;
        }
    }
    (widths, default_width)
}

pub(super) fn number(pdf: &Document, object: &Object) -> Option<f64> {
    match pdf.dereference(object).ok()?.1 {
        Object::Integer(value) => Some(*value as f64),
        Object::Real(value) => Some(f64::from(*value)),
        _ => None,
    }
}
