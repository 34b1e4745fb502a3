//! The tree of a page → blocks.

use scraper::node::Element;
use scraper::{ElementRef, Html, Node};
use taproot_schemas::document::NoteKind;

use super::super::BlockKind;
use super::super::text::{TextBuilder, normalized};
use super::furniture::{is_furniture, measure, names_content};
use super::hidden::{Inherited, is_hidden};
use super::table::{DataTable, Span};

/// Elements that never hold text for a reader; `noscript` holds what stands in for it.
const MACHINE: &[&str] = &[
    "script", "style", "template", "noscript", "head", "iframe", "object", "svg", "canvas", "select", "button",
    "textarea", "dialog", "audio", "video",
];

/// Bytes of the text of a link that are kept.
const MAX_LINK_BYTES: usize = 1_000;

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

/// What is read although it would be left out of most pages.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Keep {
    pub furniture: bool,
    /// What scripts show when the page is there: all of it, on some.
    pub hidden: bool,
}

pub(super) type NodeRef<'a> = <ElementRef<'a> as std::ops::Deref>::Target;

/// Walks the tree without recursion: a hostile page nests a million elements.
pub(super) struct Reader {
    pub builder: TextBuilder,
    keep: Keep,
    content_is_named: bool,
    /// What the elements that are open hand down, innermost last.
    inherited: Vec<Inherited>,
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
    /// Address and text so far of the link that is open.
    link: Option<(String, String)>,
    /// Characters of the furniture that was left out, without white space.
    pub skipped_chars: usize,
    /// Characters that are hidden and were left out, without white space.
    pub hidden_chars: usize,
    /// Characters that were read, without white space.
    pub read_chars: usize,
    pub first_heading: Option<String>,
}

impl Reader {
    pub fn new(builder: TextBuilder, keep: Keep) -> Reader {
        Reader {
            builder,
            keep,
            content_is_named: false,
            inherited: Vec::new(),
            text: String::new(),
            kind: BlockKind::Paragraph,
            mark: String::new(),
            lists: Vec::new(),
            tables: Vec::new(),
            preformatted: 0,
            link: None,
            skipped_chars: 0,
            hidden_chars: 0,
            read_chars: 0,
            first_heading: None,
        }
    }

    pub fn read(&mut self, page: &Html) {
        self.content_is_named = !self.keep.furniture && names_content(page);
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
            Node::Text(text) => {
                let chars = text.chars().filter(|c| !c.is_whitespace()).count();
                if !self.keep.hidden && self.inherited.last().is_some_and(|inherited| inherited.hides()) {
                    self.hide(chars);
                    return true;
                }
                self.read_chars += chars;
                self.text.push_str(text);
                if let Some((_, name)) = self.link.as_mut().filter(|(_, name)| name.len() < MAX_LINK_BYTES) {
                    name.push_str(text);
                }
            }
            Node::Comment(comment) if is_remark(comment) => self.builder.note(NoteKind::HiddenText, 1),
            Node::Element(element) => {
                if self.is_skipped(element, node) {
                    return false;
                }
                let around = self.inherited.last().copied().unwrap_or_default();
                self.inherited.push(around.within(element));
                self.open(element, ElementRef::wrap(node));
            }
            _ => {}
        }
        true
    }

    fn leave(&mut self, node: NodeRef<'_>) {
        if let Node::Element(element) = node.value() {
            self.inherited.pop();
            self.close(element);
        }
    }

    fn hide(&mut self, chars: usize) {
        self.hidden_chars += chars;
        self.builder.note(NoteKind::HiddenText, u32::from(chars > 0));
    }

    fn is_skipped(&mut self, element: &Element, node: NodeRef<'_>) -> bool {
        if is_machine(element) {
            return true;
        }
        if !self.keep.hidden && is_hidden(element) {
            self.hide(measure(node).chars);
            return true;
        }
        if !self.keep.furniture && is_furniture(element, node, self.content_is_named) {
            let chars = measure(node).chars;
            self.skipped_chars += chars;
            self.builder.note(NoteKind::Boilerplate, u32::from(chars > 0));
            return true;
        }
        false
    }

    fn open(&mut self, element: &Element, node: Option<ElementRef<'_>>) {
        let name = element.name();
        match name {
            "br" => return self.text.push('\n'),
            "a" => self.link = element.attr("href").map(|address| (address.to_owned(), String::new())),
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
        if name == "a"
            && let Some((address, text)) = self.link.take()
        {
            self.builder.push_link(&text, &address);
        }
        match (name, self.tables.last_mut()) {
            ("td" | "th", Some(table)) => {
                let reach = |name| element.attr(name).and_then(|count| count.trim().parse().ok()).unwrap_or(1).max(1);
                let span = Span { columns: reach("colspan"), rows: reach("rowspan"), is_header: name == "th" };
                table.end_cell(std::mem::take(&mut self.text), span);
                return;
            }
            ("tr", Some(table)) => {
                table.end_row();
                return;
            }
            ("table", Some(_)) => {
                if let Some(table) = self.tables.pop() {
                    self.builder.note(NoteKind::CellsLeftOut, table.left_out);
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

pub(super) fn is_machine(element: &Element) -> bool {
    MACHINE.contains(&element.name())
}

/// Whether a comment says something. Those that programs obey do not: `[if IE]`, and `<?xml …?>`, which is a comment in
/// HTML.
fn is_remark(comment: &str) -> bool {
    let comment = comment.trim();
    !comment.starts_with("[if")
        && !comment.starts_with("<![endif")
        && !comment.starts_with('?')
        && comment.chars().any(char::is_alphanumeric)
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
