//! Glyphs → lines → paragraphs, headings and rows.
//!
//! The order of drawing is taken as the order of reading: programs that write documents draw columns one after the
//! other, and sorting by position would mix them. What is guessed here is guessed from distances alone.

use std::collections::HashMap;
use std::ops::Range;
use std::rc::Rc;

use super::super::BlockKind;
use super::super::plain::is_list_item;
use super::super::recognised;
use super::super::text::{CELL_SEPARATOR, TextBuilder, join_line, normalized, writes_without_spaces};
use super::Page;
use super::glyphs::{Glyph, Glyphs, is_right_to_left};

// Distances in heights of the font.
/// A gap that is a space between words.
const WORD_GAP: f64 = 0.17;
/// A gap between cells of a row, wider than justified text has between words.
const CELL_GAP: f64 = 1.8;
/// How far a superscript or subscript leaves the base line.
const BASE_SHIFT: f64 = 0.5;
/// A first line is indented by at least this.
const INDENT: f64 = 0.9;
/// Lines further apart belong to different paragraphs.
const PARAGRAPH_GAP: f64 = 1.75;
/// The same for text that is set with wide spaces between lines.
const WIDE_PARAGRAPH_GAP: f64 = 2.7;
/// A line is full that ends so close to the right margin.
const FULL_LINE: f64 = 2.0;

/// Headings are at least so much larger than the text.
const HEADING_SCALE: f64 = 1.15;
const MAX_HEADING_CHARS: usize = 150;

/// A line of text, as wide as its glyphs follow each other on one base line.
#[derive(Debug)]
pub(super) struct Line {
    pub angle: i16,
    pub base: f64,
    start: f64,
    end: f64,
    size: f64,
    /// All lines of a page, one after the other: a book has millions of words, and as many pieces of memory between
    /// the large ones that reading a page takes would cost many times their size.
    page: Rc<str>,
    /// Where this line is in it; [`CELL_END`] stands between pieces with wide gaps between them.
    range: Range<usize>,
}

/// No glyph shows it.
const CELL_END: char = '\u{1f}';

impl Line {
    fn cells(&self) -> std::str::Split<'_, char> {
        self.page.get(self.range.clone()).unwrap_or_default().split(CELL_END)
    }

    pub fn has_cells(&self) -> bool {
        self.cells().nth(1).is_some()
    }

    pub fn text(&self) -> String {
        self.joined(" ")
    }

    fn joined(&self, separator: &str) -> String {
        self.cells().collect::<Vec<&str>>().join(separator)
    }

    pub fn chars(&self) -> usize {
        self.cells().map(|cell| cell.chars().count()).sum()
    }
}

/// The lines of a page in the order in which it draws them.
pub(super) fn lines(glyphs: Glyphs) -> Vec<Line> {
    let glyphs = glyphs.into_vec();
    let (mut lines, mut text) = (Vec::new(), String::new());
    let mut rest = glyphs.as_slice();
    while let Some(first) = rest.first() {
        let length = rest.iter().skip(1).scan((first, first), |(line, last), glyph| {
            let same = continues(line, last, glyph);
            if !glyph.character.is_whitespace() {
                *last = glyph;
                if glyph.size > line.size || line.character.is_whitespace() {
                    *line = glyph;
                }
            }
            Some(same)
        });
        let length = 1 + length.take_while(|same| *same).count();
        lines.extend(line(&rest[..length], &mut text));
        rest = &rest[length..];
    }
    drop(glyphs);
    let page: Rc<str> = text.into();
    lines.iter_mut().for_each(|line| line.page = Rc::clone(&page));
    lines.shrink_to_fit();
    lines
}

/// Whether `glyph` stands on the line of `line`, after `last`.
fn continues(line: &Glyph, last: &Glyph, glyph: &Glyph) -> bool {
    if glyph.character.is_whitespace() {
        return true;
    }
    let size = line.size.max(glyph.size);
    let forward = glyph.start >= last.end - size;
    let right_to_left = is_right_to_left(glyph.character) || is_right_to_left(last.character);
    glyph.angle == line.angle && (glyph.base - line.base).abs() < size * BASE_SHIFT && (forward || right_to_left)
}

/// Writes the line into the text of its page. None for white space, and for a line drawn over itself, as some programs
/// do for bold type.
fn line(glyphs: &[Glyph], page: &mut String) -> Option<Line> {
    let visible = |glyph: &&Glyph| !glyph.character.is_whitespace();
    if glyphs.iter().filter(visible).all(|glyph| glyph.is_repeated) {
        return None;
    }
    let mut glyphs: Vec<Glyph> = glyphs.to_vec();
    let size = glyphs.iter().filter(visible).map(|glyph| glyph.size).fold(0.0, f64::max);
    let right_to_left = glyphs.iter().filter(|glyph| is_right_to_left(glyph.character)).count() * 2
        > glyphs.iter().filter(|glyph| glyph.character.is_alphabetic()).count();
    if right_to_left {
        glyphs.sort_by(|a, b| a.start.total_cmp(&b.start));
    }
    let first = *glyphs.iter().find(visible)?;
    let mut cells = vec![String::new()];
    let mut last: Option<Glyph> = None;
    let mut space = false;
    for glyph in &glyphs {
        if glyph.character.is_whitespace() {
            space = true;
            continue;
        }
        if let Some(last) = last {
            let gap = (glyph.start - last.end) / size;
            let close = writes_without_spaces(last.character) && writes_without_spaces(glyph.character);
            if gap > CELL_GAP {
                cells.push(String::new());
            } else if let Some(cell) = cells.last_mut()
                && (space || gap > if close { 2.0 * WORD_GAP } else { WORD_GAP })
            {
                cell.push(' ');
            }
        }
        if let Some(cell) = cells.last_mut() {
            cell.push(glyph.character);
        }
        last = Some(*glyph);
        space = false;
    }
    if right_to_left {
        cells.reverse();
        cells.iter_mut().for_each(|cell| *cell = logical(cell));
    }
    cells.iter_mut().for_each(|cell| *cell = without_leaders(cell));
    let start = glyphs.iter().filter(visible).map(|glyph| glyph.start).fold(f64::INFINITY, f64::min);
    let end = glyphs.iter().filter(visible).map(|glyph| glyph.end).fold(f64::NEG_INFINITY, f64::max);
    let from = page.len();
    for (index, cell) in cells.iter().enumerate() {
        if index > 0 {
            page.push(CELL_END);
        }
        page.push_str(cell);
    }
    let range = from..page.len();
    Some(Line { angle: first.angle, base: first.base, start, end, size, page: Rc::default(), range })
}

/// The dots between an entry of a table of contents and its page become one sign.
fn without_leaders(text: &str) -> String {
    const MIN_DOTS: usize = 4;
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('.') {
        out.push_str(&rest[..at]);
        let run = rest[at..].trim_start_matches(['.', ' ']);
        let leader = &rest[at..rest.len() - run.len()];
        if leader.matches('.').count() >= MIN_DOTS {
            out.push_str(" … ");
        } else {
            out.push_str(leader);
        }
        rest = run;
    }
    out.push_str(rest);
    out
}

/// Arabic and Hebrew as it stands on the page from left to right → the order in which it is read and typed. Numbers
/// and Latin words inside keep their order.
fn logical(visual: &str) -> String {
    let characters: Vec<char> = visual.chars().rev().collect();
    let mut out = String::with_capacity(visual.len());
    let mut left_to_right: Vec<char> = Vec::new();
    for character in characters {
        if character.is_ascii_alphanumeric()
            || (!left_to_right.is_empty() && matches!(character, '.' | ',' | '-' | '/' | '%'))
        {
            left_to_right.push(character);
        } else {
            out.extend(left_to_right.drain(..).rev());
            out.push(character);
        }
    }
    out.extend(left_to_right.drain(..).rev());
    out
}

/// Appends all pages and returns the largest heading of the first one that has any.
pub(super) fn push(builder: &mut TextBuilder, pages: Vec<Page>) -> Option<String> {
    let first_page = pages.first().map(|page| page.number);
    let mut chars_by_size: HashMap<i64, usize> = HashMap::new();
    let mut set = Vec::with_capacity(pages.len());
    for Page { number, lines, recognised } in pages {
        for line in &lines {
            *chars_by_size.entry(tenths(line.size)).or_default() += line.chars();
        }
        set.push((number, paragraphs(&lines), recognised));
    }
    let levels = heading_levels(&chars_by_size, set.iter().flat_map(|(_, paragraphs, _)| paragraphs));
    let mut title: Option<(u8, String)> = None;
    for (number, paragraphs, recognised) in set {
        builder.set_page(number);
        let mut rest = paragraphs.as_slice();
        while let Some((paragraph, after)) = rest.split_first() {
            let rows = rest.iter().take_while(|paragraph| paragraph.is_row()).count();
            if rows > 0 {
                push_rows(builder, &rest[..rows]);
                rest = &rest[rows..];
                continue;
            }
            rest = after;
            if let Some(level) = levels.get(&tenths(paragraph.size)).filter(|_| paragraph.may_be_heading()) {
                builder.push_heading(*level, &paragraph.text);
                if Some(number) == first_page && title.as_ref().is_none_or(|(best, _)| level < best) {
                    title = Some((*level, normalized(&paragraph.text)));
                }
            } else {
                builder.push(paragraph.kind, &paragraph.text);
            }
        }
        recognised::push(builder, &recognised);
    }
    title.map(|(_, text)| text)
}

/// Rows that follow each other are a table; its first row is the header when it has words where the others have
/// numbers.
fn push_rows(builder: &mut TextBuilder, rows: &[Paragraph]) {
    let rows: Vec<Vec<String>> =
        rows.iter().map(|row| row.text.split(CELL_SEPARATOR).map(str::to_owned).collect()).collect();
    let has_number = |row: &Vec<String>| row.iter().any(|cell| cell.chars().any(char::is_numeric));
    let has_header = rows.split_first().is_some_and(|(first, others)| {
        !has_number(first) && others.iter().filter(|row| has_number(row)).count() * 2 > others.len()
    });
    builder.push_table(&rows, has_header);
}

struct Paragraph {
    kind: BlockKind,
    /// Lines are separated by line breaks.
    text: String,
    size: f64,
    lines: usize,
}

impl Paragraph {
    fn is_row(&self) -> bool {
        matches!(self.kind, BlockKind::TableRow { .. })
    }

    fn may_be_heading(&self) -> bool {
        self.kind == BlockKind::Paragraph
            && self.lines <= 3
            && self.text.chars().count() <= MAX_HEADING_CHARS
            && self.text.chars().filter(|character| character.is_alphabetic()).count() >= 2
            && !self.text.ends_with(['.', '。', ',', ';', ','])
    }
}

/// Levels of the font sizes, in tenths of points, that stand out from the size of most text. No size does where a
/// good part of the text would be headings: posters and slides are set that way.
fn heading_levels<'a>(
    chars_by_size: &HashMap<i64, usize>,
    all: impl Iterator<Item = &'a Paragraph> + Clone,
) -> HashMap<i64, u8> {
    let Some((body, _)) = chars_by_size.iter().max_by_key(|(size, chars)| (**chars, **size)) else {
        return HashMap::new();
    };
    let smallest = *body as f64 * HEADING_SCALE;
    let headings = all.clone().filter(|p| p.may_be_heading() && tenths(p.size) as f64 >= smallest);
    let heading_chars: usize = headings.clone().map(|paragraph| paragraph.text.len()).sum();
    let chars: usize = all.map(|paragraph| paragraph.text.len()).sum();
    if heading_chars * 4 > chars {
        return HashMap::new();
    }
    let mut sizes: Vec<i64> = headings.map(|paragraph| tenths(paragraph.size)).collect();
    sizes.sort_unstable_by(|a, b| b.cmp(a));
    sizes.dedup();
    sizes.into_iter().zip((1..=4).chain(std::iter::repeat(4))).collect()
}

fn tenths(size: f64) -> i64 {
    (size * 10.0).round() as i64
}

/// Joins the lines of a page to paragraphs and rows.
fn paragraphs(lines: &[Line]) -> Vec<Paragraph> {
    let right = right_margin(lines);
    let mut found: Vec<Paragraph> = Vec::new();
    let mut above: Option<&Line> = None;
    let mut first_of_paragraph: Option<&Line> = None;
    for (index, line) in lines.iter().enumerate() {
        if is_row(lines, index) {
            let kind = BlockKind::TableRow { header: None };
            found.push(Paragraph { kind, text: line.joined(CELL_SEPARATOR), size: line.size, lines: 1 });
            (above, first_of_paragraph) = (None, None);
            continue;
        }
        let text = line.text();
        match (above, first_of_paragraph, found.last_mut()) {
            (Some(above), Some(first), Some(paragraph)) if belongs(line, &text, above, first, right) => {
                join_line(&mut paragraph.text, &text);
                paragraph.lines += 1;
            }
            _ => {
                let kind = if is_list_item(&text) { BlockKind::ListItem } else { BlockKind::Paragraph };
                found.push(Paragraph { kind, text, size: line.size, lines: 1 });
                first_of_paragraph = Some(line);
            }
        }
        above = Some(line);
    }
    found
}

/// Rows come in groups: one line with a wide gap is a heading with a number, a signature, a table of contents.
fn is_row(lines: &[Line], index: usize) -> bool {
    let has_cells = |index: usize| lines.get(index).is_some_and(Line::has_cells);
    has_cells(index) && (has_cells(index + 1) || (index > 0 && has_cells(index - 1)))
}

/// Where most long lines of the page end.
fn right_margin(lines: &[Line]) -> f64 {
    let mut ends: Vec<f64> = lines.iter().filter(|line| line.angle == 0).map(|line| line.end).collect();
    ends.sort_by(f64::total_cmp);
    ends.get(ends.len() * 9 / 10).copied().unwrap_or(0.0)
}

/// Whether a line goes on with the paragraph whose last line is `above` and whose first line is `first`.
fn belongs(line: &Line, text: &str, above: &Line, first: &Line, right: f64) -> bool {
    let size = above.size.max(line.size);
    if line.angle != above.angle || (line.size - above.size).abs() > size * 0.12 || is_list_item(text) {
        return false;
    }
    let down = (above.base - line.base) / size;
    let above_text = above.text();
    let ends_sentence = above_text.ends_with(['.', '!', '?', ':', '。', '!', '?', ':', ';', '”', '"']);
    if down < 0.0 || line.start > above.end {
        // The top of the next column, perhaps in the middle of a sentence.
        return !ends_sentence
            && text.starts_with(|c: char| c.is_lowercase() || writes_without_spaces(c))
            && down < 0.0;
    }
    let ends_short = right - above.end > (right - above.start) * 0.25;
    if down > PARAGRAPH_GAP {
        // Widely set text: a line that is full and does not end a sentence goes on.
        let is_full = right - above.end < size * FULL_LINE;
        return down < WIDE_PARAGRAPH_GAP && is_full && !ends_sentence;
    }
    // The lines of a list item hang under its text, not under its mark.
    let indented = line.start - above.start > size * INDENT
        && line.start - first.start > size * INDENT
        && !is_list_item(&first.text());
    !(indented || (ends_sentence && ends_short))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn right_to_left_text_is_put_in_reading_order() {
        assert_eq!(logical("cba \u{5d2}\u{5d1}\u{5d0} 12.5"), "12.5 \u{5d0}\u{5d1}\u{5d2} cba");
    }

    #[test]
    fn dot_leaders_are_shortened() {
        assert_eq!(without_leaders("1.1 Roles. . . . . . 8"), "1.1 Roles … 8");
        assert_eq!(without_leaders("Wait... v1.2.3 e.g. this"), "Wait... v1.2.3 e.g. this");
    }

    #[test]
    fn hyphens_at_line_ends() {
        let check = |first: &str, second: &str, expected: &str| {
            let mut text = first.to_owned();
            join_line(&mut text, second);
            assert_eq!(text, expected);
        };
        check("infor-", "mation", "information");
        check("Jean-", "Paul", "Jean-\nPaul");
        check("1990-", "1995", "1990-\n1995");
        check("one", "two", "one\ntwo");
    }
}
