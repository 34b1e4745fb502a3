//! Running heads, running feet and page numbers: lines that stand at the same place of most pages.
//!
//! The first of them stays (it names the document, and its reader may ask for it), the repetitions go. What is taken out
//! is lost to its reader, so that a doubt keeps a line: rows of a table stay, and so does a line whose numbers change
//! otherwise than the number of the page does.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use super::Page;
use super::layout::Line;

/// Lines at the top, and at the bottom, of a page that may be running ones.
const EDGE_LINES: usize = 3;

/// Documents with fewer pages have nothing that runs.
const MIN_PAGES: usize = 3;

/// Lines so near to each other, in points, stand at the same height.
const SAME_HEIGHT: f64 = 4.0;

/// The number printed on a page and its place in the file differ by the front matter. Beside words, a larger difference
/// is the number of an invoice or a case.
const MAX_OFFSET_BESIDE_WORDS: i64 = 50;
const MAX_NUMBER_DIGITS: usize = 5;

/// Stands for the number of the page; no glyph shows it.
const PAGE_NUMBER: char = '\u{1e}';

/// Lines with the same key are the same running line.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Key {
    /// Without white space.
    text: String,
    /// What the number in the text has more than the page; none for a text as it is.
    offset: Option<i64>,
    height: i64,
}

/// Takes the repetitions out and returns how many lines those were.
pub(super) fn remove(pages: &mut [Page]) -> u32 {
    let with_text = pages.iter().filter(|page| !page.lines.is_empty()).count();
    if with_text < MIN_PAGES {
        return 0;
    }
    let mut pages_with: HashMap<Key, usize> = HashMap::new();
    for page in pages.iter() {
        let keys: HashSet<Key> = edge_lines(page).iter().flat_map(|index| keys(page, *index)).collect();
        for key in keys {
            *pages_with.entry(key).or_default() += 1;
        }
    }
    pages_with.retain(|_, count| *count >= MIN_PAGES && *count * 2 > with_text);
    let mut seen = HashSet::new();
    pages.iter_mut().map(|page| remove_from(page, &pages_with, &mut seen)).sum()
}

/// Takes out the lines that have been seen before, and page numbers.
fn remove_from(page: &mut Page, running: &HashMap<Key, usize>, seen: &mut HashSet<Key>) -> u32 {
    let mut repeated = HashSet::new();
    for index in edge_lines(page) {
        let keys: Vec<Key> = keys(page, index).into_iter().filter(|key| running.contains_key(key)).collect();
        let is_page_number = keys.iter().any(|key| !key.text.chars().any(char::is_alphanumeric));
        let is_repeated = keys.iter().any(|key| seen.contains(key));
        if is_repeated || is_page_number {
            repeated.insert(index);
        }
        seen.extend(keys);
    }
    let chars = |is_repeated: bool| -> usize {
        let lines = page.lines.iter().enumerate().filter(|(index, _)| repeated.contains(index) == is_repeated);
        lines.map(|(_, line)| line.chars()).sum()
    };
    let recognised: usize = page.recognised.iter().map(String::len).sum();
    // A form that is filled in on each page is no running line.
    if chars(false) + recognised <= chars(true) {
        return 0;
    }
    let mut index = 0;
    page.lines.retain(|_| {
        index += 1;
        !repeated.contains(&(index - 1))
    });
    repeated.len() as u32
}

/// Indices of the upright lines nearest to the top and to the bottom of the page, whatever the order of drawing. Rows of
/// a table are none of them.
fn edge_lines(page: &Page) -> Vec<usize> {
    let mut upright: Vec<usize> = (0..page.lines.len()).filter(|index| page.lines[*index].angle == 0).collect();
    upright.sort_by(|a, b| page.lines[*b].base.total_cmp(&page.lines[*a].base));
    if upright.len() > 2 * EDGE_LINES {
        upright.drain(EDGE_LINES..upright.len() - EDGE_LINES);
    }
    upright.retain(|index| !page.lines[*index].has_cells());
    upright
}

/// The line as it is, and with the number of the page in each place where that may stand; each at two heights that
/// overlap, so that lines near to each other share one.
fn keys(page: &Page, index: usize) -> Vec<Key> {
    let line: &Line = &page.lines[index];
    let text = line.text();
    let compact = |text: &str| text.split_whitespace().collect::<String>();
    let mut texts = vec![Key { text: compact(&text), offset: None, height: 0 }];
    for range in numbers(&text) {
        let Ok(number) = text[range.clone()].parse::<i64>() else { continue };
        let offset = number - i64::from(page.number);
        if offset.abs() > MAX_OFFSET_BESIDE_WORDS && text.chars().any(char::is_alphabetic) {
            continue;
        }
        let (before, after) = (compact(&text[..range.start]), compact(&text[range.end..]));
        texts.push(Key { text: format!("{before}{PAGE_NUMBER}{after}"), offset: Some(offset), height: 0 });
    }
    let height = (line.base / SAME_HEIGHT).floor() as i64;
    let heights = [height.div_euclid(2) * 2, (height + 1).div_euclid(2) * 2 - 1];
    texts.into_iter().flat_map(|key| heights.map(|height| Key { height, ..key.clone() })).collect()
}

/// Where the number of a page may stand: numbers that are part of no date, amount or reference.
fn numbers(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut at = 0;
    for run in text.split_inclusive(|character: char| !character.is_ascii_digit()) {
        let digits = run.bytes().take_while(u8::is_ascii_digit).count();
        let range = at..at + digits;
        at += run.len();
        let is_plain = (1..=MAX_NUMBER_DIGITS).contains(&digits) && !run.starts_with('0');
        if is_plain && !is_joined(text, &range) {
            found.push(range);
        }
    }
    found
}

/// Whether a number belongs to what stands beside it, as in `2024-3`, `1.5`, `A4` and `$7`; `3/12` is a page of twelve.
fn is_joined(text: &str, number: &Range<usize>) -> bool {
    let mut before = text[..number.start].chars().rev();
    let mut after = text[number.end..].chars();
    let (before, after) = ([before.next(), before.next()], [after.next(), after.next()]);
    let joins = |[near, far]: [Option<char>; 2]| match near {
        Some('#' | '$' | '€' | '£' | '¥' | '%') => true,
        Some(near) if near.is_ascii_alphabetic() => true,
        Some('.' | ',' | ':' | '-' | '/') => far.is_some_and(|far| far.is_ascii_alphanumeric()),
        _ => false,
    };
    let is_of_so_many = after[0] == Some('/') && text.matches('/').count() == 1;
    joins(before) || (joins(after) && !is_of_so_many)
}
