//! HTML: the text that a reader of the page sees, without navigation, scripts and hidden elements.
//!
//! Tables of data become rows with their header; tables that only place things on the page are read through.

use std::collections::BTreeMap;

use scraper::node::Element;
use scraper::{ElementRef, Html, Node};
use serde_json::Value;

use super::encoding::decode;
use super::text::{TextBuilder, normalized};
use super::{BlockKind, ParseError, Parsed, ParsedDocument, Sink, Source};

/// Bytes at the start of a page in which its charset has to be declared (HTML standard, 13.2.3.2).
const DECLARATION_BYTES: usize = 1024;

/// Elements that never hold text for a reader.
const SKIPPED: &[&str] = &[
    "script", "style", "template", "noscript", "head", "iframe", "object", "svg", "canvas", "select", "button",
    "textarea", "dialog", "audio", "video",
];

/// Elements around the content of a page, the same on every page of a site.
const FURNITURE: &[&str] = &["nav", "header", "footer", "aside"];

/// Elements that end the block before them and the block in them.
const BLOCKS: &[&str] = &[
    "address",
    "article",
    "aside",
    "blockquote",
    "body",
    "caption",
    "center",
    "dd",
    "details",
    "div",
    "dl",
    "dt",
    "fieldset",
    "figcaption",
    "figure",
    "footer",
    "form",
    "header",
    "hr",
    "html",
    "legend",
    "li",
    "main",
    "nav",
    "ol",
    "p",
    "pre",
    "section",
    "summary",
    "table",
    "tbody",
    "td",
    "tfoot",
    "th",
    "thead",
    "tr",
    "ul",
];

pub(crate) fn recognises(bytes: &[u8]) -> bool {
    let head = &bytes[..bytes.len().min(DECLARATION_BYTES)];
    let head: Vec<u8> = head.iter().copied().filter(|byte| *byte != 0).map(|byte| byte.to_ascii_lowercase()).collect();
    let start = head.iter().position(|byte| *byte == b'<').unwrap_or(head.len());
    let is_blank = |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, 0xef | 0xbb | 0xbf | 0xff | 0xfe);
    head[..start].iter().all(is_blank)
        && (head[start..].starts_with(b"<!doctype html") || head[start..].starts_with(b"<html"))
}

pub(crate) fn parse(source: &Source<'_>, sink: &mut Sink<'_>) -> Result<(), ParseError> {
    let page = Html::parse_document(&decode(source.bytes, declared_charset(source.bytes).as_deref())?);
    let limit = source.limits.max_document_chars;
    let read = |furniture| {
        let mut reader = Reader::new(TextBuilder::new(limit), furniture);
        reader.read(&page);
        let first_heading = reader.first_heading.take();
        reader.builder.finish().map(|built| (built, first_heading))
    };
    let (built, first_heading) = match read(Furniture::Skip) {
        // A page that is all header or aside still has a reader.
        Err(ParseError::Empty) => read(Furniture::Keep)?,
        result => result?,
    };
    let (title, metadata) = describe(&page);
    let document =
        ParsedDocument { title: title.or(first_heading), metadata, ..built.into_document(source.media_type) };
    let _ = sink(Parsed::Document(document));
    Ok(())
}

/// Appends a page that stands inside another document.
pub(crate) fn push_page(builder: &mut TextBuilder, html: &str) {
    push_tree(builder, &Html::parse_document(html));
}

/// Elements that are empty in HTML, where `/>` means nothing at all others (HTML standard, 13.1.2).
const VOID: &[&str] =
    &["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"];

/// XHTML as HTML: `<title/>` gets its end, so that it does not swallow the page.
pub(crate) fn of_xhtml(xhtml: &str) -> String {
    let mut out = String::with_capacity(xhtml.len());
    let mut rest = xhtml;
    while let Some(end) = rest.find("/>") {
        let (before, after) = rest.split_at(end);
        out.push_str(before);
        let tag = before.rfind('<').map_or("", |start| &before[start + 1..]);
        let name = tag.split(|c: char| c.is_whitespace()).next().unwrap_or_default();
        let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic()) && !tag.contains('>');
        match name.to_ascii_lowercase() {
            name if is_name && !VOID.contains(&name.as_str()) => out.extend(["></", name.as_str(), ">"]),
            _ => out.push_str("/>"),
        }
        rest = &after[2..];
    }
    out.push_str(rest);
    out
}

/// Appends a piece of HTML that stands inside another document.
pub(crate) fn push_fragment(builder: &mut TextBuilder, html: &str) {
    push_tree(builder, &Html::parse_fragment(html));
}

fn push_tree(builder: &mut TextBuilder, tree: &Html) {
    let placeholder = TextBuilder::new(0);
    let mut reader = Reader::new(std::mem::replace(builder, placeholder), Furniture::Keep);
    reader.read(tree);
    *builder = reader.builder;
}

/// The charset that a page declares in `<meta charset=…>` or `<meta … content="…; charset=…">`.
fn declared_charset(bytes: &[u8]) -> Option<Vec<u8>> {
    let head = bytes[..bytes.len().min(DECLARATION_BYTES)].to_ascii_lowercase();
    let key = b"charset=";
    let at = head.windows(key.len()).position(|window| window == key)? + key.len();
    let value = head[at..].iter().skip_while(|byte| matches!(byte, b'"' | b'\'' | b' '));
    let value: Vec<u8> =
        value.copied().take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')).collect();
    (!value.is_empty()).then_some(value)
}

/// The title and what the page says of itself in its head.
fn describe(page: &Html) -> (Option<String>, BTreeMap<String, Value>) {
    let mut title = None;
    let mut metadata = BTreeMap::new();
    let root = page.root_element();
    if let Some(language) = root.attr("lang").filter(|language| !language.is_empty()) {
        metadata.insert("language".to_owned(), Value::from(language));
    }
    for element in root.descendent_elements() {
        match element.value().name() {
            "title" if title.is_none() => {
                title = Some(normalized(&element.text().collect::<String>())).filter(|title| !title.is_empty());
            }
            "meta" => {
                let name = element.attr("name").or(element.attr("property")).unwrap_or_default().to_lowercase();
                let key = match name.as_str() {
                    "author" | "description" | "keywords" | "date" => name.as_str(),
                    "article:published_time" => "date",
                    _ => continue,
                };
                if let Some(content) = element.attr("content").filter(|content| !content.trim().is_empty()) {
                    metadata.entry(key.to_owned()).or_insert_with(|| Value::from(normalized(content)));
                }
            }
            "link" if element.attr("rel") == Some("canonical") => {
                if let Some(url) = element.attr("href") {
                    metadata.insert("url".to_owned(), Value::from(url));
                }
            }
            _ => {}
        }
    }
    (title, metadata)
}

#[derive(Clone, Copy, PartialEq)]
enum Furniture {
    Skip,
    Keep,
}

type NodeRef<'a> = <ElementRef<'a> as std::ops::Deref>::Target;

/// Walks the tree without recursion: a hostile page nests a million elements.
struct Reader {
    builder: TextBuilder,
    furniture: Furniture,
    /// Text of the block at hand.
    text: String,
    kind: BlockKind,
    /// What stands before the text of the list item at hand: its number.
    mark: String,
    /// One for each open list: the number of its next item, none for bullets.
    lists: Vec<Option<u64>>,
    /// Tables of data that are open, innermost last.
    tables: Vec<DataTable>,
    preformatted: usize,
    first_heading: Option<String>,
}

#[derive(Default)]
struct DataTable {
    rows: Vec<Vec<String>>,
    /// Whether the first row consists of header cells.
    has_header: bool,
}

impl Reader {
    fn new(builder: TextBuilder, furniture: Furniture) -> Reader {
        Reader {
            builder,
            furniture,
            text: String::new(),
            kind: BlockKind::Paragraph,
            mark: String::new(),
            lists: Vec::new(),
            tables: Vec::new(),
            preformatted: 0,
            first_heading: None,
        }
    }

    fn read(&mut self, page: &Html) {
        let mut node = page.tree.root();
        while !self.builder.is_full() {
            let entered = self.enter(node);
            if let Some(child) = node.first_child().filter(|_| entered) {
                node = child;
                continue;
            }
            if entered {
                self.leave(node);
            }
            node = loop {
                if let Some(sibling) = node.next_sibling() {
                    break sibling;
                }
                let Some(parent) = node.parent() else { return self.flush() };
                self.leave(parent);
                node = parent;
            };
        }
    }

    /// Whether the children of the node are to be read.
    fn enter(&mut self, node: NodeRef<'_>) -> bool {
        match node.value() {
            Node::Text(text) => self.text.push_str(text),
            Node::Element(element) => {
                if self.is_skipped(element, node) {
                    return false;
                }
                self.open(element, ElementRef::wrap(node));
            }
            _ => {}
        }
        true
    }

    fn leave(&mut self, node: NodeRef<'_>) {
        if let Node::Element(element) = node.value() {
            self.close(element);
        }
    }

    fn is_skipped(&self, element: &Element, node: NodeRef<'_>) -> bool {
        let name = element.name();
        if SKIPPED.contains(&name) || is_hidden(element) {
            return true;
        }
        if self.furniture == Furniture::Keep {
            return false;
        }
        // The header of an article holds its title; the header of a page holds its logo.
        let within_article = || {
            let mut around = node.ancestors().filter_map(|above| above.value().as_element());
            around.any(|element| matches!(element.name(), "article" | "main"))
        };
        (FURNITURE.contains(&name) && !(matches!(name, "header" | "footer") && within_article()))
            || matches!(element.attr("role"), Some("navigation" | "banner" | "contentinfo" | "search"))
    }

    fn open(&mut self, element: &Element, node: Option<ElementRef<'_>>) {
        let name = element.name();
        match name {
            "br" => return self.text.push('\n'),
            "td" | "th" if !self.tables.is_empty() => {
                self.text.clear();
                return;
            }
            _ => {}
        }
        // Blocks inside a cell of a data table are parts of the cell.
        if !self.tables.is_empty() && !matches!(name, "tr" | "table") {
            if BLOCKS.contains(&name) || heading_level(name).is_some() {
                self.text.push('\n');
            }
            return;
        }
        if BLOCKS.contains(&name) || heading_level(name).is_some() {
            self.flush();
        }
        match name {
            "li" => {
                self.kind = BlockKind::ListItem;
                self.mark.clear();
                if let Some(Some(number)) = self.lists.last_mut() {
                    self.mark = format!("{number}. ");
                    *number += 1;
                }
            }
            "ul" => self.lists.push(None),
            "ol" => self.lists.push(Some(element.attr("start").and_then(|n| n.parse().ok()).unwrap_or(1))),
            "pre" => self.preformatted += 1,
            "table" if node.is_some_and(is_data_table) => self.tables.push(DataTable::default()),
            "tr" => {
                let header = node.is_some_and(|row| {
                    let mut cells = row.child_elements().map(|cell| cell.value().name()).peekable();
                    cells.peek().is_some() && cells.all(|name| name == "th")
                });
                if let Some(table) = self.tables.last_mut() {
                    table.has_header |= table.rows.is_empty() && header;
                    table.rows.push(Vec::new());
                }
            }
            _ => {}
        }
    }

    fn close(&mut self, element: &Element) {
        let name = element.name();
        match (name, self.tables.last_mut()) {
            ("td" | "th", Some(table)) => {
                let cell = std::mem::take(&mut self.text);
                if let Some(row) = table.rows.last_mut() {
                    row.push(cell);
                }
                return;
            }
            ("table", Some(_)) => {
                if let Some(table) = self.tables.pop() {
                    self.builder.push_table(&table.rows, table.has_header);
                }
                self.text.clear();
                return;
            }
            ("caption", Some(_)) => {
                self.builder.push(BlockKind::Paragraph, &std::mem::take(&mut self.text));
                return;
            }
            (_, Some(_)) => {
                if BLOCKS.contains(&name) {
                    self.text.push('\n');
                }
                return;
            }
            (_, None) => {}
        }
        if let Some(level) = heading_level(name) {
            let text = std::mem::take(&mut self.text);
            if self.first_heading.is_none() && level == 1 {
                self.first_heading = Some(normalized(&text)).filter(|text| !text.is_empty());
            }
            self.builder.push_heading(level, &text);
        } else if BLOCKS.contains(&name) {
            self.flush();
        }
        match name {
            "li" => self.kind = BlockKind::Paragraph,
            "ul" | "ol" => drop(self.lists.pop()),
            "pre" => self.preformatted = self.preformatted.saturating_sub(1),
            _ => {}
        }
    }

    /// Ends the block at hand. An item without text so far goes on: its text stands in a `<p>` inside it.
    fn flush(&mut self) {
        if self.text.trim().is_empty() {
            return self.text.clear();
        }
        let kind = if self.preformatted > 0 { BlockKind::Code } else { self.kind };
        if kind == BlockKind::ListItem {
            self.text.insert_str(0, &self.mark);
        }
        self.builder.push(kind, &self.text);
        self.text.clear();
        self.kind = BlockKind::Paragraph;
    }
}

fn heading_level(name: &str) -> Option<u8> {
    match name.as_bytes() {
        [b'h', level @ b'1'..=b'6'] => Some(level - b'0'),
        _ => None,
    }
}

fn is_hidden(element: &Element) -> bool {
    let style = || element.attr("style").unwrap_or_default().to_lowercase().replace(' ', "");
    element.attr("hidden").is_some()
        || element.attr("aria-hidden") == Some("true")
        || (element.attr("style").is_some()
            && (style().contains("display:none") || style().contains("visibility:hidden")))
}

/// A table that holds tables or headings, or has a single column, places things on the page.
fn is_data_table(table: ElementRef<'_>) -> bool {
    let mut columns = 0;
    for element in table.descendent_elements().skip(1) {
        let name = element.value().name();
        if name == "table" || heading_level(name).is_some() {
            return false;
        }
        if name == "tr" {
            columns = columns.max(element.child_elements().count());
        }
    }
    columns > 1
}

#[cfg(test)]
mod tests {
    use super::super::testing::{check, document};

    #[test]
    fn only_what_a_reader_sees() {
        check(
            "a.html",
            "<!doctype html><title>T</title><nav>menu</nav><header>logo</header>\
             <article><header><h1>Leave</h1></header><p>Fifteen <b>days</b><br>a year.</p>\
             <script>x()</script><p hidden>no</p><p style='display: none'>no</p><!-- no --></article>\
             <aside>ads</aside><footer>(c)</footer>",
            "h1: Leave\np: Fifteen days a year.",
        );
    }

    #[test]
    fn text_outside_paragraphs_is_kept() {
        check("a.html", "<html>one<div>two<p>three</div>four", "p: one\np: two\np: three\np: four");
    }

    #[test]
    fn lists_and_code() {
        check(
            "a.html",
            "<html><ol start=3><li>Ask<ul><li><p>early</p></li></ul></li><li></li><li><p>Wait</p></li></ol><pre>a\n  b</pre>",
            "li: 3. Ask\nli: early\nli: 5. Wait\ncode: a⏎  b",
        );
    }

    #[test]
    fn tables() {
        check(
            "a.html",
            "<html><table><caption>Days</caption><tr><th>Grade<th>Days</tr><tr><td>A<td><p>15</p><p>days</p></table>\
             <table><tr><td>x<td>y</table>",
            "p: Days\ntr: Grade | Days\ntr^1: A | 15 days\ntr: x | y",
        );
    }

    #[test]
    fn layout_tables_are_read_through() {
        check(
            "a.html",
            "<html><table><tr><td>side<td><h2>Main</h2><table><tr><td>1<td>2</table></table>",
            "p: side\nh2: Main\ntr: 1 | 2",
        );
    }

    #[test]
    fn the_head_describes_the_page() {
        let html = "<html lang=en><title> My\n page </title><meta name=author content=Ann><h1>Other</h1>";
        let document = document("a.html", html.as_bytes());
        assert_eq!(document.title.as_deref(), Some("My page"));
        assert_eq!(
            serde_json::to_value(&document.metadata).unwrap(),
            serde_json::json!({"author": "Ann", "language": "en"})
        );
    }

    #[test]
    fn a_declared_charset_is_used() {
        let mut page = b"<html><meta charset=gb2312><p>".to_vec();
        page.extend_from_slice(&encoding_rs::GB18030.encode("年假").0);
        check("a.html", &page, "p: 年假");
    }

    #[test]
    fn deep_nesting_is_no_danger() {
        // Not more than this: html5ever looks through all open elements at each new one.
        check("a.html", format!("<html>{}deep", "<div>".repeat(5_000)), "p: deep");
    }
}
