//! Pages that are pictures: scans, faxes, printouts that were photographed. Their text is what OCR reads.

use std::cell::{Cell, RefCell};

use pdf_extract::{Document, ObjectId};

use super::super::{ParseError, Recognition, Source, recognised};
use super::content::{Contents, Placed, inherited};
use super::fonts::number;
use super::images;

/// A page with more letters than this has its text; fewer are a page number, a stamp, the name of a scanner.
const MAX_STRAY_LETTERS: usize = 50;
/// Smaller images are logos, as a share of the page; and all images together cover so much of a page that is a scan.
const MIN_IMAGE_SHARE: f64 = 0.02;
const MIN_COVERED_SHARE: f64 = 0.1;
/// Invisible text over images that cover so much of the page is what OCR has read in them before.
const OCR_LAYER_SHARE: f64 = 0.5;
/// Some scanners cut a page into strips.
const MAX_IMAGES_OF_PAGE: usize = 16;
/// After so many images in a row that could not be read, the rest of the file is not tried.
const MAX_FAILURES: u32 = 5;

/// Reads the scans of one file.
pub(super) struct Scanner<'a> {
    source: &'a Source<'a>,
    failures: Cell<u32>,
    why: RefCell<Option<ParseError>>,
}

/// What came of looking at the pictures of a page.
pub(super) enum Scan {
    /// It is no scan, or a picture without words.
    Nothing,
    Text(Vec<String>),
    /// There is a picture that could not be read.
    Unread,
}

impl<'a> Scanner<'a> {
    pub fn new(source: &'a Source<'a>) -> Scanner<'a> {
        Scanner { source, failures: Cell::new(0), why: RefCell::new(None) }
    }

    pub fn read(&self, pdf: &Document, page: ObjectId, contents: &Contents<'_>) -> Scan {
        if contents.glyphs.letters() > MAX_STRAY_LETTERS {
            return Scan::Nothing;
        }
        let images = pictures(contents, rotation(pdf, page));
        let mut paragraphs = Vec::new();
        let mut unread = false;
        for image in images {
            match self.read_image(pdf, image) {
                Some(text) => paragraphs.extend(recognised::pages(&text).into_iter().flatten()),
                None => unread = true,
            }
        }
        match (paragraphs.is_empty(), unread) {
            (false, _) => Scan::Text(paragraphs),
            (true, true) => Scan::Unread,
            (true, false) => Scan::Nothing,
        }
    }

    /// Why pictures could not be read, when there were any.
    pub fn why_unread(self) -> Option<ParseError> {
        self.why.into_inner()
    }

    fn read_image(&self, pdf: &Document, image: &Placed<'_>) -> Option<String> {
        if self.failures.get() >= MAX_FAILURES {
            return None;
        }
        let recognition = match images::as_file(pdf, image.image) {
            Some(file) => (self.source.ocr)(&file),
            None => Recognition::Failed("they are of a kind that is not read".to_owned()),
        };
        let why = match recognition {
            Recognition::Text(text) => {
                self.failures.set(0);
                return Some(text);
            }
            Recognition::Unavailable => {
                self.failures.set(MAX_FAILURES);
                ParseError::NeedsOcr
            }
            Recognition::Failed(why) => {
                self.failures.set(self.failures.get() + 1);
                ParseError::Unsupported(format!("its pages are pictures that cannot be read: {why}"))
            }
        };
        self.why.borrow_mut().get_or_insert(why);
        None
    }
}

/// Whether the invisible text of a page is to be read: over a scan it is what OCR found in it. Elsewhere it is kept
/// where it is most of the text (the picture of a scan was taken out); beside more text that is seen, it is hidden.
pub(super) fn has_ocr_layer(contents: &Contents<'_>) -> bool {
    let invisible = contents.glyphs.invisible_letters();
    covered_share(contents) >= OCR_LAYER_SHARE || invisible * 2 >= contents.glyphs.letters()
}

fn covered_share(contents: &Contents<'_>) -> f64 {
    let Some(page) = contents.page else { return 0.0 };
    contents.images.iter().map(|image| image.area.common(&page).size()).sum::<f64>() / page.size()
}

/// The images of a page that may be scans, from its top to its bottom as a reader holds it.
fn pictures<'c, 'a>(contents: &'c Contents<'a>, rotation: i64) -> Vec<&'c Placed<'a>> {
    let page_size = contents.page.map_or(f64::INFINITY, |page| page.size());
    if covered_share(contents) < MIN_COVERED_SHARE {
        return Vec::new();
    }
    let mut images: Vec<&Placed<'_>> =
        contents.images.iter().filter(|image| image.area.size() >= page_size * MIN_IMAGE_SHARE).collect();
    images.sort_by(|a, b| b.area.size().total_cmp(&a.area.size()));
    // The same image may be drawn again and again.
    let mut seen: Vec<*const pdf_extract::Stream> = Vec::new();
    images.retain(|image| {
        let is_new = !seen.contains(&std::ptr::from_ref(image.image));
        seen.push(std::ptr::from_ref(image.image));
        is_new
    });
    images.truncate(MAX_IMAGES_OF_PAGE);
    let from_top = |image: &Placed<'_>| match rotation {
        90 => image.area.left,
        180 => image.area.bottom,
        270 => -image.area.right,
        _ => -image.area.top,
    };
    images.sort_by(|a, b| from_top(a).total_cmp(&from_top(b)));
    images
}

/// By how much a reader turns the page clockwise: 0, 90, 180 or 270.
fn rotation(pdf: &Document, page: ObjectId) -> i64 {
    let degrees = inherited(pdf, page, b"Rotate").and_then(|rotation| number(pdf, rotation)).unwrap_or(0.0);
    (degrees as i64).rem_euclid(360)
}
