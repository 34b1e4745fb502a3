//! Images: PNG, JPEG, TIFF, BMP, GIF, WebP. Their text is what OCR reads in them.
//!
//! The images are decoded by the OCR program alone. Here only their heads are looked at, to leave out icons, which
//! have no text worth the time. An image has no title: its name is all there is.

use super::text::TextBuilder;
use super::{ParseError, Parsed, Recognition, Sink, Source, recognised};
use taproot_schemas::document::NoteKind;

/// Letters need about ten pixels, a word some dozens.
const MIN_WIDTH: u32 = 48;
const MIN_HEIGHT: u32 = 16;

pub(crate) fn is_png(bytes: &[u8]) -> bool {
    bytes.starts_with(b"\x89PNG\r\n\x1a\n")
}

pub(crate) fn is_jpeg(bytes: &[u8]) -> bool {
    bytes.starts_with(b"\xff\xd8\xff")
}

pub(crate) fn is_tiff(bytes: &[u8]) -> bool {
    bytes.starts_with(b"II*\0") || bytes.starts_with(b"MM\0*")
}

/// Two letters are no proof: what follows them has to be the head of a bitmap (BITMAPFILEHEADER, then the length of
/// the second head).
pub(crate) fn is_bmp(bytes: &[u8]) -> bool {
    bytes.starts_with(b"BM")
        && bytes.get(6..10) == Some(&[0; 4])
        && matches!(bytes.get(14..18), Some([12..=124, 0, 0, 0]))
}

pub(crate) fn is_gif(bytes: &[u8]) -> bool {
    bytes.starts_with(b"GIF87a") || bytes.starts_with(b"GIF89a")
}

pub(crate) fn is_webp(bytes: &[u8]) -> bool {
    bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP")
}

pub(crate) fn parse(source: &Source<'_>, sink: &mut Sink<'_>) -> Result<(), ParseError> {
    if size(source.bytes).is_some_and(|(width, height)| width < MIN_WIDTH || height < MIN_HEIGHT) {
        return Err(ParseError::Empty);
    }
    let text = match (source.ocr)(source.bytes) {
        Recognition::Text(text) => text,
        Recognition::Unavailable => return Err(ParseError::NeedsOcr),
        Recognition::Failed(why) => return Err(ParseError::Unsupported(format!("the image cannot be read: {why}"))),
    };
    let mut builder = TextBuilder::new(source.limits.max_document_chars);
    let pages = recognised::pages(&text);
    let has_pages = pages.len() > 1;
    for (number, paragraphs) in (1..).zip(&pages) {
        if has_pages {
            builder.set_page(number);
        }
        if recognised::push(&mut builder, paragraphs) {
            builder.note(NoteKind::OcrPages, 1);
        }
    }
    let _ = sink(Parsed::Document(builder.finish()?.into_document(source.media_type)));
    Ok(())
}

/// Width and height in pixels, where they stand at a fixed place of the file.
fn size(bytes: &[u8]) -> Option<(u32, u32)> {
    let little = |at: usize| bytes.get(at..)?.first_chunk().map(|bytes| u32::from(u16::from_le_bytes(*bytes)));
    let big = |at: usize| bytes.get(at..)?.first_chunk().map(|bytes| u32::from_be_bytes(*bytes));
    if is_png(bytes) {
        Some((big(16)?, big(20)?))
    } else if is_gif(bytes) {
        Some((little(6)?, little(8)?))
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use std::ops::ControlFlow;

    use super::super::testing::{LIMITS, outline_of, survives_mutations};
    use super::super::{ParsedDocument, parse};
    use super::*;

    const JPEG: &[u8] = b"\xff\xd8\xff\xe0 and so on";

    /// What comes of an image in which OCR finds `text`.
    fn read(bytes: &[u8], recognition: Recognition) -> Result<ParsedDocument, ParseError> {
        let mut found = None;
        parse("scan", bytes, LIMITS, &|_| recognition.clone(), &mut |parsed| {
            if let Parsed::Document(document) = parsed {
                found = Some(document);
            }
            ControlFlow::Continue(())
        })?;
        Ok(found.expect("a document"))
    }

    fn png(width: u32, height: u32) -> Vec<u8> {
        [b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".as_slice(), &width.to_be_bytes(), &height.to_be_bytes()].concat()
    }

    #[test]
    fn the_text_is_what_ocr_reads() {
        let document = read(JPEG, Recognition::Text("Invoice\n\nTotal 15\n".to_owned())).unwrap();
        assert_eq!(outline_of(&document), "p: Invoice\np: Total 15");
        assert_eq!((document.media_type.as_str(), document.title), ("image/jpeg", None));
        assert_eq!(document.notes.into_iter().collect::<Vec<_>>(), [(NoteKind::OcrPages, 1)]);
    }

    #[test]
    fn pages_of_a_fax() {
        let fax = b"II*\0\x08\0\0\0";
        let document = read(fax, Recognition::Text("one\n\u{c}\u{c}three\n\u{c}".to_owned())).unwrap();
        let pages: Vec<_> = document.outline.iter().map(|entry| entry.page).collect();
        assert_eq!(pages, [Some(1), Some(3)]);
        assert_eq!(document.notes[&NoteKind::OcrPages], 2);
    }

    #[test]
    fn images_without_text() {
        let text = |text: &str| Recognition::Text(text.to_owned());
        assert_eq!(read(&png(32, 32), text("icon")), Err(ParseError::Empty));
        assert!(read(&png(320, 200), text("photo")).is_ok());
        assert_eq!(read(JPEG, text(" \n~\n")), Err(ParseError::Empty));
        assert_eq!(read(JPEG, Recognition::Unavailable), Err(ParseError::NeedsOcr));
        assert!(matches!(read(JPEG, Recognition::Failed("why".to_owned())), Err(ParseError::Unsupported(_))));
    }

    #[test]
    fn kinds_by_content() {
        let kind = |bytes: &[u8]| read(bytes, Recognition::Text("text".to_owned())).map(|document| document.media_type);
        assert_eq!(kind(b"GIF89a\x40\x01\xc8\0"), Ok("image/gif".to_owned()));
        assert_eq!(kind(b"RIFF\0\0\0\0WEBPVP8 "), Ok("image/webp".to_owned()));
        assert_eq!(kind(b"BM\x46\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0"), Ok("image/bmp".to_owned()));
        assert_eq!(kind(b"MM\0*\0\0\0\x08"), Ok("image/tiff".to_owned()));
        assert!(!is_bmp(b"BMW is a maker of cars"));
    }

    #[test]
    fn broken_files_do_no_harm() {
        survives_mutations("a.png", &png(320, 200));
    }
}
