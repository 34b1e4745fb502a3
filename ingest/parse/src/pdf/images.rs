//! Images of a page → files that OCR reads (ISO 32000-1, 7.4 and 8.9).
//!
//! JPEG and JPEG 2000 are files already. Faxes (CCITT) get the head of a TIFF. Samples become a gray PGM, as small as
//! letters allow. JBIG2 stays closed: no OCR program reads it.

use pdf_extract::{Dictionary, Document, Object, Stream};

use super::fonts::number;

/// A page of A4 at 400 dots an inch is so high; letters need no more, and larger images are made smaller.
const MAX_SIDE: usize = 5_000;
/// Larger images are no pages.
const MAX_DECLARED_SIDE: i64 = 1 << 16;
/// Filters of one stream.
const MAX_FILTERS: usize = 4;

/// The image as a file; none when it is of a kind that is not read.
pub(super) fn as_file(pdf: &Document, image: &Stream) -> Option<Vec<u8>> {
    let mut bytes = image.content.clone();
    let shape = Shape::read(pdf, &image.dict)?;
    for (name, parameters) in filters(pdf, &image.dict) {
        bytes = match name.as_slice() {
            b"DCTDecode" | b"DCT" | b"JPXDecode" => return Some(bytes),
            b"CCITTFaxDecode" | b"CCF" => return fax(pdf, &bytes, parameters.as_ref(), &shape),
            b"JBIG2Decode" => return None,
            name => decoded(pdf, name, bytes, parameters)?,
        };
    }
    gray(pdf, &image.dict, &shape, &bytes)
}

/// What the dictionary says of the samples.
struct Shape {
    width: usize,
    height: usize,
    bits: usize,
    /// The greatest sample stands for the darkest.
    is_inverted: bool,
}

impl Shape {
    fn read(pdf: &Document, dictionary: &Dictionary) -> Option<Shape> {
        let integer = |key: &[u8]| dictionary.get_deref(key, pdf).and_then(Object::as_i64).ok();
        let side =
            |key: &[u8]| integer(key).filter(|side| (1..=MAX_DECLARED_SIDE).contains(side)).map(|side| side as usize);
        let is_mask = dictionary.get_deref(b"ImageMask", pdf).and_then(Object::as_bool).unwrap_or(false);
        let bits = if is_mask { 1 } else { integer(b"BitsPerComponent").unwrap_or(8) };
        let ranges = dictionary.get_deref(b"Decode", pdf).and_then(Object::as_array).ok();
        let range = |index: usize| ranges.and_then(|ranges| ranges.get(index)).and_then(|value| number(pdf, value));
        Some(Shape {
            width: side(b"Width")?,
            height: side(b"Height")?,
            bits: usize::try_from(bits).ok().filter(|bits| [1, 2, 4, 8, 16].contains(bits))?,
            is_inverted: range(0) > range(1),
        })
    }
}

/// Names of the filters, in the order in which they are undone, with their parameters.
fn filters(pdf: &Document, dictionary: &Dictionary) -> Vec<(Vec<u8>, Option<Dictionary>)> {
    let list = |key: &[u8]| match dictionary.get_deref(key, pdf) {
        Ok(Object::Array(entries)) => entries.iter().filter_map(|entry| Some(pdf.dereference(entry).ok()?.1)).collect(),
        Ok(entry) => vec![entry],
        Err(_) => Vec::new(),
    };
    let parameters = list(b"DecodeParms");
    let names = list(b"Filter").into_iter().take(MAX_FILTERS).enumerate();
    names
        .filter_map(|(index, name)| {
            let parameters = parameters.get(index).and_then(|parameters| parameters.as_dict().ok());
            Some((name.as_name().ok()?.to_vec(), parameters.cloned()))
        })
        .collect()
}

/// Undoes a filter that is not one of images.
fn decoded(pdf: &Document, name: &[u8], bytes: Vec<u8>, parameters: Option<Dictionary>) -> Option<Vec<u8>> {
    let integer = |key: &[u8], default: i64| {
        let value = parameters.as_ref().and_then(|parameters| parameters.get_deref(key, pdf).ok()?.as_i64().ok());
        value.unwrap_or(default)
    };
    let full_name = match name {
        b"ASCIIHexDecode" | b"AHx" => return Some(hex(&bytes)),
        b"RunLengthDecode" | b"RL" => return Some(run_length(&bytes)),
        b"ASCII85Decode" | b"A85" => "ASCII85Decode",
        b"LZWDecode" | b"LZW" => "LZWDecode",
        b"FlateDecode" | b"Fl" => "FlateDecode",
        _ => return None,
    };
    let mut dictionary = Dictionary::new();
    dictionary.set("Filter", Object::Name(full_name.as_bytes().to_vec()));
    // The library knows predictors for whole bytes only; ours come after.
    let mut kept = Dictionary::new();
    kept.set("EarlyChange", integer(b"EarlyChange", 1));
    dictionary.set("DecodeParms", kept);
    let bytes = Stream::new(dictionary, bytes).decompressed_content().ok()?;
    let row = Row {
        columns: usize::try_from(integer(b"Columns", 1)).ok()?,
        components: usize::try_from(integer(b"Colors", 1)).ok()?,
        bits: usize::try_from(integer(b"BitsPerComponent", 8)).ok()?,
    };
    match integer(b"Predictor", 1) {
        2 => row.without_tiff_predictor(bytes),
        10..=15 => row.without_png_predictor(&bytes),
        _ => Some(bytes),
    }
}

fn hex(bytes: &[u8]) -> Vec<u8> {
    let digits = bytes.iter().take_while(|byte| **byte != b'>').filter_map(|byte| char::from(*byte).to_digit(16));
    let digits: Vec<u8> = digits.map(|digit| digit as u8).collect();
    digits.chunks(2).map(|pair| pair[0] << 4 | pair.get(1).copied().unwrap_or(0)).collect()
}

/// ISO 32000-1, 7.4.5.
fn run_length(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = bytes;
    while let [length, after @ ..] = rest {
        let length = usize::from(*length);
        match (length, after) {
            (0..=127, _) => {
                let (run, after) = after.split_at(after.len().min(length + 1));
                out.extend_from_slice(run);
                rest = after;
            }
            (129.., [byte, after @ ..]) => {
                out.extend(std::iter::repeat_n(*byte, 257 - length));
                rest = after;
            }
            _ => break,
        }
    }
    out
}

/// A row of samples as a predictor sees it.
struct Row {
    columns: usize,
    components: usize,
    bits: usize,
}

impl Row {
    fn bytes(&self) -> Option<usize> {
        let bits = self.columns.checked_mul(self.components)?.checked_mul(self.bits)?;
        Some(bits.div_ceil(8)).filter(|bytes| *bytes > 0)
    }

    /// PNG (second edition), 9.2: each row has its filter before it.
    fn without_png_predictor(&self, bytes: &[u8]) -> Option<Vec<u8>> {
        let length = self.bytes()?;
        let step = (self.components * self.bits / 8).max(1);
        let mut out: Vec<u8> = Vec::with_capacity(bytes.len());
        let mut above = vec![0; length];
        for row in bytes.chunks(length.checked_add(1)?) {
            let Some((filter, samples)) = row.split_first() else { continue };
            let mut current = samples.to_vec();
            current.resize(length, 0);
            for index in 0..length {
                let left = index.checked_sub(step).map_or(0, |at| current[at]);
                let corner = index.checked_sub(step).map_or(0, |at| above[at]);
                let predicted = match filter {
                    1 => left,
                    2 => above[index],
                    3 => ((u16::from(left) + u16::from(above[index])) / 2) as u8,
                    4 => paeth(left, above[index], corner),
                    _ => 0,
                };
                current[index] = current[index].wrapping_add(predicted);
            }
            out.extend_from_slice(&current);
            above = current;
        }
        Some(out)
    }

    /// TIFF 6.0, section 14, for whole bytes.
    fn without_tiff_predictor(&self, mut bytes: Vec<u8>) -> Option<Vec<u8>> {
        if self.bits != 8 || self.components == 0 {
            return None;
        }
        for row in bytes.chunks_mut(self.bytes()?) {
            for index in self.components..row.len() {
                row[index] = row[index].wrapping_add(row[index - self.components]);
            }
        }
        Some(bytes)
    }
}

fn paeth(left: u8, above: u8, corner: u8) -> u8 {
    let [a, b, c] = [left, above, corner].map(i16::from);
    let estimate = a + b - c;
    let distance = |value: i16| (estimate - value).abs();
    if distance(a) <= distance(b) && distance(a) <= distance(c) {
        left
    } else if distance(b) <= distance(c) {
        above
    } else {
        corner
    }
}

/// What the numbers of a sample mean, as far as light and dark go.
enum Color {
    Gray,
    Rgb,
    /// Amounts of ink: four, or one of a spot colour.
    Ink(usize),
    Lab,
    /// The gray of each entry of a palette.
    Palette(Vec<u8>),
}

impl Color {
    fn read(pdf: &Document, space: &Object) -> Option<Color> {
        let space = pdf.dereference(space).ok()?.1;
        let (name, entries) = match space {
            Object::Name(name) => (name.as_slice(), [].as_slice()),
            Object::Array(entries) => (pdf.dereference(entries.first()?).ok()?.1.as_name().ok()?, &entries[1..]),
            _ => return None,
        };
        let entry = |index: usize| Some(pdf.dereference(entries.get(index)?).ok()?.1);
        match name {
            b"DeviceGray" | b"CalGray" | b"G" => Some(Color::Gray),
            b"DeviceRGB" | b"CalRGB" | b"RGB" => Some(Color::Rgb),
            b"DeviceCMYK" | b"CMYK" => Some(Color::Ink(4)),
            b"Lab" => Some(Color::Lab),
            b"ICCBased" => match entry(0)?.as_stream().ok()?.dict.get_deref(b"N", pdf).and_then(Object::as_i64).ok()? {
                1 => Some(Color::Gray),
                3 => Some(Color::Rgb),
                4 => Some(Color::Ink(4)),
                _ => None,
            },
            b"Separation" => Some(Color::Ink(1)),
            b"DeviceN" => Some(Color::Ink(entry(0)?.as_array().ok()?.len())),
            b"Indexed" | b"I" => {
                // A palette of palettes is none, and ends here.
                let base = match entry(0)? {
                    Object::Array(inner)
                        if inner.first().is_some_and(|name| name.as_name().ok() == Some(b"Indexed")) =>
                    {
                        return None;
                    }
                    base => Color::read(pdf, base)?,
                };
                let table = match entry(2)? {
                    Object::String(bytes, _) => bytes.clone(),
                    Object::Stream(stream) => stream.get_plain_content().ok()?,
                    _ => return None,
                };
                Some(Color::Palette(table.chunks(base.components()).map(|color| base.gray(color)).collect()))
            }
            _ => None,
        }
    }

    fn components(&self) -> usize {
        match self {
            Color::Gray | Color::Palette(_) => 1,
            Color::Rgb | Color::Lab => 3,
            Color::Ink(count) => (*count).max(1),
        }
    }

    /// 0 is black. The samples are scaled to whole bytes, but for a palette.
    fn gray(&self, samples: &[u8]) -> u8 {
        let sample = |index: usize| u32::from(samples.get(index).copied().unwrap_or(0));
        match self {
            Color::Gray | Color::Lab => sample(0) as u8,
            // ITU-R BT.601.
            Color::Rgb => ((sample(0) * 299 + sample(1) * 587 + sample(2) * 114) / 1000) as u8,
            Color::Ink(1) => 255 - sample(0) as u8,
            Color::Ink(_) => {
                let light = 255 - sample(3).min(255);
                let ink = (sample(0) * 299 + sample(1) * 587 + sample(2) * 114) / 1000;
                (light * (255 - ink.min(255)) / 255) as u8
            }
            Color::Palette(grays) => grays.get(sample(0) as usize).copied().unwrap_or(255),
        }
    }
}

/// Samples → a PGM, made smaller by a whole number where it is larger than letters need.
fn gray(pdf: &Document, dictionary: &Dictionary, shape: &Shape, bytes: &[u8]) -> Option<Vec<u8>> {
    let is_mask = dictionary.get_deref(b"ImageMask", pdf).and_then(Object::as_bool).unwrap_or(false);
    let color = if is_mask { Color::Gray } else { Color::read(pdf, dictionary.get(b"ColorSpace").ok()?)? };
    let components = color.components();
    let row_bytes = shape.width.checked_mul(components)?.checked_mul(shape.bits)?.div_ceil(8);
    // A part of a page may be worth reading; a promise of one is not.
    if bytes.len() < row_bytes.checked_mul(shape.height)? / 2 {
        return None;
    }
    let scale = shape.width.max(shape.height).div_ceil(MAX_SIDE);
    let (width, height) = (shape.width / scale, shape.height / scale);
    let mut sums = vec![0_u32; width];
    let mut out = format!("P5\n{width} {height}\n255\n").into_bytes();
    out.reserve(width.checked_mul(height)?);
    let mut samples = vec![0; components];
    for (y, row) in bytes.chunks(row_bytes).take(height * scale).enumerate() {
        for x in 0..width * scale {
            for (component, value) in samples.iter_mut().enumerate() {
                *value = shape.sample(row, x * components + component, matches!(color, Color::Palette(_)));
            }
            sums[x / scale] += u32::from(color.gray(&samples));
        }
        if y % scale == scale - 1 {
            let area = (scale * scale) as u32;
            out.extend(sums.iter_mut().map(|sum| (std::mem::take(sum) / area) as u8));
        }
    }
    // Rows that are missing are white.
    out.resize(out.len().max(pgm_length(width, height)), 255);
    Some(out)
}

fn pgm_length(width: usize, height: usize) -> usize {
    format!("P5\n{width} {height}\n255\n").len() + width * height
}

impl Shape {
    /// A sample as a whole byte; as it is where it is an index.
    fn sample(&self, row: &[u8], index: usize, is_index: bool) -> u8 {
        let at = index * self.bits / 8;
        let byte = row.get(at).copied().unwrap_or(0xff);
        if self.bits >= 8 {
            return if self.is_inverted { !byte } else { byte };
        }
        let max = (1_u8 << self.bits) - 1;
        let shift = 8 - self.bits - index * self.bits % 8;
        let value = byte >> shift & max;
        let value = if self.is_inverted { max - value } else { value };
        if is_index { value } else { (u16::from(value) * 255 / u16::from(max)) as u8 }
    }
}

/// A fax with the head of a TIFF before it (TIFF 6.0, sections 2 and 11).
fn fax(pdf: &Document, data: &[u8], parameters: Option<&Dictionary>, shape: &Shape) -> Option<Vec<u8>> {
    let get = |key: &[u8]| parameters.and_then(|parameters| parameters.get_deref(key, pdf).ok());
    let k = get(b"K").and_then(|k| number(pdf, k)).unwrap_or(0.0);
    let columns = get(b"Columns").and_then(|columns| columns.as_i64().ok()).unwrap_or(1728);
    let is_black_one = get(b"BlackIs1").and_then(|black| black.as_bool().ok()).unwrap_or(false);
    let (compression, options) = if k < 0.0 { (4, 0) } else { (3, u32::from(k > 0.0)) };
    const SHORT: u16 = 3;
    const LONG: u16 = 4;
    const ENTRIES: u32 = 10;
    let head_bytes = 8 + 2 + ENTRIES * 12 + 4;
    let entries: [(u16, u16, u32); ENTRIES as usize] = [
        (256, LONG, u32::try_from(columns).ok()?),
        (257, LONG, shape.height as u32),
        (258, SHORT, 1),
        (259, SHORT, compression),
        // White is zero, unless the file turns it around.
        (262, SHORT, u32::from(is_black_one != shape.is_inverted)),
        (273, LONG, head_bytes),
        (277, SHORT, 1),
        (278, LONG, shape.height as u32),
        (279, LONG, u32::try_from(data.len()).ok()?),
        (292, LONG, options),
    ];
    let mut out = b"II*\0\x08\0\0\0".to_vec();
    out.extend((ENTRIES as u16).to_le_bytes());
    for (tag, kind, value) in entries {
        out.extend([tag.to_le_bytes(), kind.to_le_bytes()].concat());
        out.extend([1_u32.to_le_bytes(), value.to_le_bytes()].concat());
    }
    out.extend([0; 4]);
    out.extend_from_slice(data);
    Some(out)
}

#[cfg(test)]
mod tests {
    use pdf_extract::dictionary;

    use super::*;

    fn file_of(mut dictionary: Dictionary, width: i64, height: i64, bytes: &[u8]) -> Option<Vec<u8>> {
        dictionary.set("Width", width);
        dictionary.set("Height", height);
        as_file(&Document::new(), &Stream::new(dictionary, bytes.to_vec()))
    }

    /// The grays of an image.
    #[track_caller]
    fn check(dictionary: Dictionary, width: i64, height: i64, bytes: &[u8], grays: &[u8]) {
        let file = file_of(dictionary, width, height, bytes).expect("an image");
        let head = format!("P5\n{width} {height}\n255\n");
        assert_eq!(file, [head.as_bytes(), grays].concat());
    }

    #[test]
    fn samples_become_grays() {
        let space = |name: &str, bits: i64| dictionary! { "ColorSpace" => name, "BitsPerComponent" => bits };
        check(space("DeviceGray", 8), 2, 2, &[0, 50, 100, 255], &[0, 50, 100, 255]);
        check(space("DeviceGray", 16), 2, 1, &[1, 99, 200, 99], &[1, 200]);
        check(space("DeviceGray", 1), 3, 2, &[0b1010_0000, 0b0100_0000], &[255, 0, 255, 0, 255, 0]);
        check(space("DeviceGray", 4), 2, 1, &[0x0f], &[0, 255]);
        check(space("DeviceRGB", 8), 2, 1, &[255, 255, 255, 255, 0, 0], &[255, 76]);
        check(space("DeviceCMYK", 8), 3, 1, &[0, 0, 0, 0, 0, 0, 0, 255, 255, 255, 255, 0], &[255, 0, 0]);
        check(dictionary! { "ImageMask" => true }, 2, 1, &[0b0100_0000], &[0, 255]);
        let inverted = dictionary! { "ImageMask" => true, "Decode" => vec![1.into(), 0.into()] };
        check(inverted, 2, 1, &[0b0100_0000], &[255, 0]);
    }

    #[test]
    fn palettes() {
        let palette = |table: &[u8]| -> Object {
            let table = Object::String(table.to_vec(), pdf_extract::StringFormat::Literal);
            vec!["Indexed".into(), "DeviceRGB".into(), 1.into(), table].into()
        };
        let dictionary = dictionary! { "ColorSpace" => palette(&[255, 255, 255, 0, 0, 0]), "BitsPerComponent" => 1 };
        check(dictionary, 2, 1, &[0b0100_0000], &[255, 0]);
        // An index beyond the palette is white.
        let dictionary = dictionary! { "ColorSpace" => palette(&[0, 0, 0]), "BitsPerComponent" => 8 };
        check(dictionary, 2, 1, &[0, 9], &[0, 255]);
        let itself: Object = vec!["Indexed".into(), palette(&[]), 1.into(), Object::string_literal("")].into();
        assert!(file_of(dictionary! { "ColorSpace" => itself }, 1, 1, &[0]).is_none());
    }

    #[test]
    fn filters_are_undone_in_their_order() {
        let gray = dictionary! { "ColorSpace" => "DeviceGray", "BitsPerComponent" => 8 };
        let with = |filters: &[&str]| {
            let mut dictionary = gray.clone();
            let names: Vec<Object> = filters.iter().map(|name| (*name).into()).collect();
            dictionary.set("Filter", names);
            dictionary
        };
        check(with(&["ASCIIHexDecode"]), 2, 1, b"0a F>", &[0x0a, 0xf0]);
        check(with(&["RunLengthDecode"]), 4, 1, &[0, 7, 254, 9, 128], &[7, 9, 9, 9]);
        check(with(&["AHx", "RL"]), 3, 1, b"fe 05 80>", &[5, 5, 5]);
        assert!(file_of(with(&["JBIG2Decode"]), 1, 1, b"any").is_none());
        assert!(file_of(with(&["Unknown"]), 1, 1, b"any").is_none());
        assert_eq!(file_of(with(&["DCTDecode"]), 9, 9, b"\xff\xd8"), Some(b"\xff\xd8".to_vec()));
    }

    /// One row behind each of the filters of PNG, worked out by hand.
    #[test]
    fn predictors() {
        let row = Row { columns: 3, components: 1, bits: 8 };
        let encoded = [[0, 1, 2, 3], [1, 4, 1, 1], [2, 1, 1, 1], [3, 1, 1, 1], [4, 1, 1, 1]].concat();
        let decoded = [[1, 2, 3], [4, 5, 6], [5, 6, 7], [3, 5, 7], [4, 6, 8]].concat();
        assert_eq!(row.without_png_predictor(&encoded), Some(decoded));
        let bits = Row { columns: 9, components: 1, bits: 1 };
        assert_eq!(bits.without_png_predictor(&[2, 0xff, 0x80, 2, 0, 0]), Some(vec![0xff, 0x80, 0xff, 0x80]));
        assert_eq!(row.without_tiff_predictor(vec![1, 1, 1, 5, 1]), Some(vec![1, 2, 3, 5, 6]));
        assert_eq!(Row { columns: usize::MAX, components: 2, bits: 8 }.without_png_predictor(&[0]), None);
        assert_eq!(Row { columns: 0, components: 1, bits: 8 }.without_tiff_predictor(vec![1]), None);
    }

    #[test]
    fn large_images_become_smaller() {
        let side = MAX_SIDE as i64 + 2;
        let dictionary = dictionary! { "ColorSpace" => "DeviceGray", "BitsPerComponent" => 8 };
        let file = file_of(dictionary, side, 2, &[100, 200].repeat(side as usize)).unwrap();
        let head = format!("P5\n{} 1\n255\n", side / 2);
        assert!(file.starts_with(head.as_bytes()));
        assert_eq!(file[head.len()..], vec![150; side as usize / 2]);
    }

    #[test]
    fn promises_are_not_believed() {
        let gray = dictionary! { "ColorSpace" => "DeviceGray", "BitsPerComponent" => 8 };
        assert!(file_of(gray.clone(), 60_000, 60_000, &[0; 100]).is_none());
        assert!(file_of(gray.clone(), 1 << 40, 1, &[0; 100]).is_none());
        assert!(file_of(gray.clone(), -1, 1, &[0; 100]).is_none());
        // Half of a page is worth reading.
        check(gray, 2, 2, &[1, 2], &[1, 2, 255, 255]);
    }

    #[test]
    fn a_fax_gets_the_head_of_a_tiff() {
        let parameters = dictionary! { "K" => -1, "Columns" => 1728 };
        let dictionary =
            dictionary! { "Filter" => "CCITTFaxDecode", "DecodeParms" => parameters, "BitsPerComponent" => 1 };
        let file = file_of(dictionary, 1728, 2200, b"fax").unwrap();
        assert!(file.starts_with(b"II*\0\x08\0\0\0\x0a\0"));
        assert!(file.ends_with(b"fax"));
        let entry = |tag: u16| {
            let entries = file[10..].chunks(12);
            let found = entries.take(10).find(|entry| entry[..2] == tag.to_le_bytes()).unwrap();
            u32::from_le_bytes(found[8..].try_into().unwrap())
        };
        assert_eq!((entry(256), entry(257), entry(259), entry(262)), (1728, 2200, 4, 0));
        assert_eq!((entry(273), entry(279)), (file.len() as u32 - 3, 3));
    }
}
