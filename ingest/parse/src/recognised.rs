//! What OCR reads → paragraphs.
//!
//! Tesseract writes a line for each line of the image, an empty line between paragraphs and a form feed after each page.
//! It puts spaces between Chinese characters, and finds a few signs in every stain: both go.

use super::text::{BlockKind, TextBuilder, join_line, writes_without_spaces};

/// Text with so many letters and digits is text, not stains.
const MIN_LETTERS: usize = 2;

/// The paragraphs of each page, from the first to the last; a page may have none.
pub(crate) fn pages(text: &str) -> Vec<Vec<String>> {
    let mut pages: Vec<Vec<String>> = text.split('\u{c}').map(paragraphs).collect();
    // What follows the last form feed is no page.
    if pages.len() > 1 && pages.last().is_some_and(Vec::is_empty) {
        pages.pop();
    }
    pages
}

/// Appends the paragraphs of one page; returns whether there were any.
pub(crate) fn push(builder: &mut TextBuilder, paragraphs: &[String]) -> bool {
    for paragraph in paragraphs {
        builder.push(BlockKind::Paragraph, paragraph);
    }
    !paragraphs.is_empty()
}

fn paragraphs(page: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut paragraph = String::new();
    for line in page.lines().chain([""]) {
        let line = line.trim();
        if !line.is_empty() {
            join_line(&mut paragraph, &without_spaces_in_chinese(line));
            continue;
        }
        let letters = paragraph.chars().filter(|character| character.is_alphanumeric()).count();
        let signs = paragraph.chars().filter(|character| !character.is_whitespace()).count();
        if letters >= MIN_LETTERS && letters * 2 >= signs {
            found.push(std::mem::take(&mut paragraph));
        }
        paragraph.clear();
    }
    found
}

fn without_spaces_in_chinese(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let mut characters = line.chars().peekable();
    while let Some(character) = characters.next() {
        let before = out.chars().next_back().is_some_and(writes_without_spaces);
        let after = characters.peek().copied().is_some_and(writes_without_spaces);
        if !(character == ' ' && before && after) {
            out.push(character);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::pages;

    #[test]
    fn lines_become_paragraphs() {
        let text = "Fifteen days of leave, and infor-\nmation is on\nthe intranet.\n\n~ _.\n\n带 薪 年 假 15 天\n的规定\n\u{c}";
        assert_eq!(
            pages(text),
            [["Fifteen days of leave, and information is on\nthe intranet.", "带薪年假 15 天\n的规定"]]
        );
    }

    #[test]
    fn pages_end_with_a_form_feed() {
        assert_eq!(pages("one\n\u{c}\u{c}three\n\u{c}"), [vec!["one"], vec![], vec!["three"]]);
        assert_eq!(pages(""), [Vec::<String>::new()]);
    }
}
