//! The glyphs of a page: the one shape that both extractors produce.

use std::collections::HashMap;

use pdf_extract::{MediaBox, OutputDev, OutputError, Transform};
use unicode_normalization::UnicodeNormalization;

/// One character where it stands, seen along its writing direction.
#[derive(Debug, Clone, Copy)]
pub(super) struct Glyph {
    pub character: char,
    /// Writing direction, in whole degrees from the x axis, -180 to 180.
    pub angle: i16,
    /// Position along the writing direction, in points.
    pub start: f64,
    pub end: f64,
    /// Position of the base line across the writing direction, in points; greater is further up the page.
    pub base: f64,
    /// Height of the font, in points.
    pub size: f64,
    /// The same character was drawn at the same place before.
    pub is_repeated: bool,
    /// Drawn without ink, as the text that OCR lays over the picture of a page.
    pub is_invisible: bool,
}

/// In the order in which the page draws them.
#[derive(Debug, Default)]
pub(super) struct Glyphs {
    glyphs: Vec<Glyph>,
    /// Where glyphs stand, by character and whole points, to find what is drawn twice to look bold.
    drawn: HashMap<(char, i64, i64), usize>,
    /// What is drawn now is invisible.
    pub draws_invisibly: bool,
}

/// A matrix of PDF, `[a b c d e f]`.
pub(super) type Matrix = [f64; 6];

/// Distance, in heights of the font, below which two equal glyphs are one drawn twice.
const SAME_PLACE: f64 = 0.15;

impl Glyphs {
    /// Letters and digits.
    pub fn letters(&self) -> usize {
        self.glyphs.iter().filter(|glyph| glyph.character.is_alphanumeric()).count()
    }

    /// Invisible letters and digits.
    pub fn invisible_letters(&self) -> usize {
        self.glyphs.iter().filter(|glyph| glyph.is_invisible && glyph.character.is_alphanumeric()).count()
    }

    /// Leaves out what is invisible.
    pub fn without_invisible(mut self) -> Glyphs {
        self.glyphs.retain(|glyph| !glyph.is_invisible);
        self
    }

    pub fn into_vec(self) -> Vec<Glyph> {
        self.glyphs
    }

    /// Adds what one code shows. `matrix` brings text space to the page, `width` is the advance and `size` the font
    /// size in text space.
    pub fn push(&mut self, matrix: &Matrix, width: f64, size: f64, text: &str) {
        let [a, b, c, d, x, y] = *matrix;
        let scale = a.hypot(b);
        // A negative font size turns the text around.
        let (cos, sin) = if scale > 0.0 { (a / scale * size.signum(), b / scale * size.signum()) } else { (1.0, 0.0) };
        let height = (c.hypot(d) * size).abs();
        let advance = (width * size * scale).abs();
        if ![x, y, cos, sin, height, advance].iter().all(|value| value.is_finite()) || height == 0.0 {
            return;
        }
        let start = x * cos + y * sin;
        let base = y * cos - x * sin;
        let mut characters: Vec<char> = text.chars().flat_map(plain).collect();
        // The first letter of an Arabic ligature is its right end.
        if characters.iter().all(|character| is_right_to_left(*character)) {
            characters.reverse();
        }
        let step = advance / characters.len().max(1) as f64;
        for (index, character) in characters.into_iter().enumerate() {
            let start = start + step * index as f64;
            let angle = sin.atan2(cos).to_degrees().round() as i16;
            let (is_repeated, is_invisible) = (false, self.draws_invisibly);
            self.add(Glyph {
                character,
                angle,
                start,
                end: start + step,
                base,
                size: height,
                is_repeated,
                is_invisible,
            });
        }
    }

    fn add(&mut self, mut glyph: Glyph) {
        if !glyph.character.is_whitespace() {
            glyph.is_repeated = self.is_drawn(&glyph);
            self.drawn.insert(place(&glyph), self.glyphs.len());
        }
        self.glyphs.push(glyph);
    }

    fn is_drawn(&self, glyph: &Glyph) -> bool {
        let (character, column, row) = place(glyph);
        let mut near = (-1..=1).flat_map(|dx| (-1..=1).map(move |dy| (dx, dy)));
        near.any(|(dx, dy)| {
            let at = self.drawn.get(&(character, column.saturating_add(dx), row.saturating_add(dy)));
            at.map(|at| &self.glyphs[*at]).is_some_and(|other| {
                let distance = (other.start - glyph.start).hypot(other.base - glyph.base);
                other.angle == glyph.angle && distance < glyph.size * SAME_PLACE
            })
        })
    }
}

fn place(glyph: &Glyph) -> (char, i64, i64) {
    (glyph.character, glyph.start.round() as i64, glyph.base.round() as i64)
}

pub(super) fn is_right_to_left(character: char) -> bool {
    matches!(character, '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{feff}')
}

/// Ligatures (`ﬁ`) and Arabic presentation forms become the letters that people type.
fn plain(character: char) -> impl Iterator<Item = char> {
    let is_form = matches!(character, '\u{fb00}'..='\u{fdff}' | '\u{fe70}'..='\u{fefc}');
    let decomposed: Vec<char> = if is_form { std::iter::once(character).nfkc().collect() } else { vec![character] };
    decomposed.into_iter().filter(|character| character.is_whitespace() || !character.is_control())
}

/// What `pdf-extract` calls for each glyph.
impl OutputDev for Glyphs {
    fn begin_page(&mut self, _: u32, _: &MediaBox, _: Option<(f64, f64, f64, f64)>) -> Result<(), OutputError> {
        Ok(())
    }

    fn end_page(&mut self) -> Result<(), OutputError> {
        Ok(())
    }

    fn output_character(
        &mut self,
        transform: &Transform,
        width: f64,
        _spacing: f64,
        font_size: f64,
        text: &str,
    ) -> Result<(), OutputError> {
        let Transform { m11, m12, m21, m22, m31, m32, .. } = *transform;
        self.push(&[m11, m12, m21, m22, m31, m32], width, font_size, text);
        Ok(())
    }

    fn begin_word(&mut self) -> Result<(), OutputError> {
        Ok(())
    }

    fn end_word(&mut self) -> Result<(), OutputError> {
        Ok(())
    }

    fn end_line(&mut self) -> Result<(), OutputError> {
        Ok(())
    }
}
