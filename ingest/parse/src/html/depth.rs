//! Keeps the parser of HTML from nesting without end: it looks through all open elements at each new one, so that
//! 20,000 of them take half a minute.

use std::borrow::Cow;

/// Elements in elements; browsers have about the same bound.
const MAX_DEPTH: usize = 500;

/// Elements that end where the next of their kind begins, or that cannot hold others.
#[rustfmt::skip]
const NOT_NESTED: &[&str] = &[
    "p", "li", "dt", "dd", "tr", "td", "th", "thead", "tbody", "tfoot", "caption", "colgroup", "option", "optgroup", "rt",
    "rp", "html", "head", "body", "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source",
    "track", "wbr",
];

/// Elements that go on behind the end of the element around them (HTML standard, 13.2.4.3).
const FORMATTING: &[&str] =
    &["a", "b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt", "u"];

/// How many of them may be open: each paragraph gets them all once more.
const MAX_FORMATTING: usize = 32;

/// Elements in which tags are text.
const RAW: &[&str] = &["script", "style", "textarea", "title", "xmp", "iframe", "noembed", "noframes"];

/// The page without the tags of elements that are nested too deep; their text stays. Takes time in proportion to the
/// length.
pub(super) fn bounded(html: &str) -> Cow<'_, str> {
    if html.bytes().filter(|byte| *byte == b'<').count() <= MAX_DEPTH {
        return Cow::Borrowed(html);
    }
    let mut out = String::new();
    let mut copied = 0;
    let mut open: Vec<Open> = Vec::new();
    let mut formatting = 0;
    let mut at = 0;
    while let Some(tag) = next_tag(html, at) {
        at = tag.end;
        if NOT_NESTED.contains(&tag.name.as_str()) {
            continue;
        }
        if RAW.contains(&tag.name.as_str()) {
            if !tag.is_end {
                at = end_of_raw(html, at, &tag.name);
            }
            continue;
        }
        let is_left_out = if tag.is_end {
            close(&mut open, &mut formatting, &tag.name)
        } else {
            let is_formatting = FORMATTING.contains(&tag.name.as_str());
            let is_surplus = is_formatting && formatting >= MAX_FORMATTING;
            let is_kept = open.len() < MAX_DEPTH && !is_surplus;
            formatting += usize::from(is_formatting && is_kept);
            // What is surplus may never end, and must not make a page deep.
            if !is_surplus {
                open.push(Open { name: tag.name, is_kept });
            }
            !is_kept
        };
        if is_left_out {
            out.push_str(&html[copied..tag.start]);
            copied = tag.end;
        }
    }
    if copied == 0 {
        return Cow::Borrowed(html);
    }
    out.push_str(&html[copied..]);
    Cow::Owned(out)
}

/// An open element: its name in small letters, and whether its start stays.
struct Open {
    name: String,
    is_kept: bool,
}

/// Ends the innermost element of this name, and says whether its start was left out.
fn close(open: &mut Vec<Open>, formatting: &mut usize, name: &str) -> bool {
    let Some(from_end) = open.iter().rev().take(2 * MAX_DEPTH).position(|inner| inner.name == name) else {
        return false;
    };
    let mut inner = open.split_off(open.len() - 1 - from_end).into_iter();
    let ended = inner.next();
    let was_kept = ended.is_none_or(|ended| ended.is_kept);
    *formatting -= usize::from(was_kept && FORMATTING.contains(&name));
    open.extend(inner.filter(|inner| FORMATTING.contains(&inner.name.as_str())));
    !was_kept
}

struct Tag {
    start: usize,
    end: usize,
    name: String,
    is_end: bool,
}

/// The next tag that is complete; comments are passed over.
fn next_tag(html: &str, mut at: usize) -> Option<Tag> {
    loop {
        let start = at + html.get(at..)?.find('<')?;
        let rest = &html[start..];
        if rest.starts_with("<!--") {
            at = start + rest.find("-->")? + 3;
            continue;
        }
        let is_end = rest.starts_with("</");
        let name_start = if is_end { 2 } else { 1 };
        let name = rest[name_start..].split(|c: char| c.is_whitespace() || matches!(c, '/' | '>' | '<')).next()?;
        if !name.starts_with(|c: char| c.is_ascii_alphabetic()) {
            at = start + 1;
            continue;
        }
        let end = start + end_of_tag(rest)?;
        return Some(Tag { start, end, name: name.to_ascii_lowercase(), is_end });
    }
}

/// Where a tag ends; `>` in quotes does not count.
fn end_of_tag(tag: &str) -> Option<usize> {
    let mut quote = None;
    for (at, byte) in tag.bytes().enumerate() {
        match (quote, byte) {
            (None, b'>') => return Some(at + 1),
            (None, b'"' | b'\'') => quote = Some(byte),
            (Some(open), _) if open == byte => quote = None,
            _ => {}
        }
    }
    None
}

fn end_of_raw(html: &str, from: usize, name: &str) -> usize {
    let mut at = from;
    while let Some(found) = html.get(at..).and_then(|rest| rest.find("</")) {
        at += found + 2;
        if html.get(at..at + name.len()).is_some_and(|end| end.eq_ignore_ascii_case(name)) {
            return at;
        }
    }
    html.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_deep_loses_its_tags_and_nothing_else() {
        let page = format!("{}<div>deep <b>text</b></div>{}<h1>x</h1>", "<div>".repeat(500), "</div>".repeat(500));
        let expected = format!("{}deep text{}<h1>x</h1>", "<div>".repeat(500), "</div>".repeat(500));
        assert_eq!(bounded(&page), expected);
    }

    #[test]
    fn long_pages_stay_as_they_are() {
        let check = |piece: &str| assert!(matches!(bounded(&piece.repeat(1_000)), Cow::Borrowed(_)), "{piece}");
        check("<p>a<br><img src='a>b'><li>");
        check("<div><b>x</div></b>");
        check("<!-- <div> --><script>if (a <div> b)</script>");
        check("<DIV></div>");
        check("a < b <");
    }

    #[test]
    fn letters_that_go_on_behind_their_element_count() {
        let page: String = (0..1_000).map(|number| format!("<div><b id={number}></div>")).collect();
        assert_eq!(bounded(&page).matches("<b ").count(), MAX_FORMATTING);
        assert_eq!(bounded(&page).matches("<div>").count(), 1_000);
        let closed: String = (0..1_000).map(|number| format!("<p><b id={number}><i>x</i></b>")).collect();
        assert!(matches!(bounded(&closed), Cow::Borrowed(_)));
    }
}
