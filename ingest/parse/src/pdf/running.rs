//! Running heads, running feet and page numbers: lines that stand at the same place of most pages.
//!
//! The first of them stays (it names the document, and its reader may ask for it), the repetitions go.

use std::collections::{HashMap, HashSet};

use super::Page;

/// Lines at the top, and at the bottom, of a page that may be running ones.
const EDGE_LINES: usize = 3;

/// Documents with fewer pages have nothing that runs.
const MIN_PAGES: usize = 3;

/// Takes the repetitions out and returns how many lines those were.
pub(super) fn remove(pages: &mut [Page]) -> u32 {
    let with_text = pages.iter().filter(|page| !page.lines.is_empty()).count();
    if with_text < MIN_PAGES {
        return 0;
    }
    let mut pages_with: HashMap<String, usize> = HashMap::new();
    for page in pages.iter() {
        let keys: HashSet<String> =
            edge_lines(page).into_iter().map(|index| page.lines[index].text()).map(|text| key(&text)).collect();
        for key in keys {
            *pages_with.entry(key).or_default() += 1;
        }
    }
    let is_running = |key: &str| pages_with.get(key).is_some_and(|count| *count >= MIN_PAGES && *count * 2 > with_text);
    let mut seen = HashSet::new();
    let mut removed = 0;
    for page in pages {
        let mut running = HashSet::new();
        for index in edge_lines(page) {
            let key = key(&page.lines[index].text());
            let is_number = key.chars().all(|character| !character.is_alphabetic());
            if is_running(&key) && (!seen.insert(key) || is_number) {
                running.insert(index);
            }
        }
        removed += running.len() as u32;
        let mut index = 0;
        page.lines.retain(|_| {
            index += 1;
            !running.contains(&(index - 1))
        });
    }
    removed
}

/// Indices of the upright lines nearest to the top and to the bottom of the page, whatever the order of drawing.
fn edge_lines(page: &Page) -> Vec<usize> {
    let mut upright: Vec<usize> = (0..page.lines.len()).filter(|index| page.lines[*index].angle == 0).collect();
    upright.sort_by(|a, b| page.lines[*b].base.total_cmp(&page.lines[*a].base));
    if upright.len() > 2 * EDGE_LINES {
        upright.drain(EDGE_LINES..upright.len() - EDGE_LINES);
    }
    upright
}

/// Lines that differ in numbers only are the same running line.
fn key(text: &str) -> String {
    let mut key = String::new();
    for character in text.chars().filter(|character| !character.is_whitespace()) {
        if !character.is_ascii_digit() {
            key.push(character);
        } else if !key.ends_with('#') {
            key.push('#');
        }
    }
    key
}
