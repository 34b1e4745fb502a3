//! `word/document.xml` and the notes → blocks.

use super::super::text::{TextBuilder, normalized};
use super::super::xml::{self, Element, Node, Skipping};
use super::super::{BlockKind, ParseError};
use super::styles::{Role, Styles};

/// Elements whose content is not text of the document: deletions and moves of tracked changes (their new place is
/// read), field codes, the old form of drawings (the new form is read), form fields, ruby above text, tab stops.
const SKIPPED: &[&str] =
    &["del", "moveFrom", "instrText", "Fallback", "ffData", "rt", "tabs", "pPrChange", "rPrChange", "sectPr", "object"];

/// Appends the text of the document and returns its title, where a paragraph has the style of one.
pub(super) fn push(builder: &mut TextBuilder, xml: &[u8], styles: &Styles) -> Result<Option<String>, ParseError> {
    let mut reader = Reader::new(builder, styles);
    match xml::read(xml, |node| reader.take(node)) {
        Ok(()) => {}
        // Broken off in the middle: what was read so far is kept when there is any.
        Err(error) if reader.builder.is_blank() => return Err(error),
        Err(_) => {}
    }
    Ok(reader.title)
}

/// Appends the footnotes or endnotes, a paragraph each.
pub(super) fn push_notes(builder: &mut TextBuilder, xml: &[u8], styles: &Styles) -> Result<(), ParseError> {
    push(builder, xml, styles).map(|_| ())
}

struct Reader<'a> {
    builder: &'a mut TextBuilder,
    styles: &'a Styles,
    title: Option<String>,
    skipping: Skipping,
    /// Paragraphs that are open: more than one inside a text box, which stands inside a paragraph.
    paragraphs: Vec<Paragraph>,
    /// Tables that are open, innermost last.
    tables: Vec<Table>,
    in_text: bool,
}

#[derive(Default)]
struct Paragraph {
    text: String,
    role: Option<Role>,
    is_list_item: bool,
}

#[derive(Default)]
struct Table {
    rows: Vec<Vec<String>>,
    /// Text of the cell at hand, of all its paragraphs.
    cell: String,
    /// A cell that continues the one above it (`vMerge` without `restart`).
    continues_above: bool,
}

impl<'a> Reader<'a> {
    fn new(builder: &'a mut TextBuilder, styles: &'a Styles) -> Reader<'a> {
        Reader {
            builder,
            styles,
            title: None,
            skipping: Skipping::default(),
            paragraphs: Vec::new(),
            tables: Vec::new(),
            in_text: false,
        }
    }

    fn take(&mut self, node: Node<'_>) {
        let skips = |element: &Element<'_>| SKIPPED.contains(&element.name);
        if self.skipping.skips(&node, skips) || self.builder.is_full() {
            return;
        }
        match node {
            Node::Open(element) => self.open(&element),
            Node::Close(name) => self.close(name),
            Node::Text(text) if self.in_text => self.push_text(text),
            Node::Text(_) => {}
        }
    }

    fn open(&mut self, element: &Element<'_>) {
        match element.name {
            "p" => self.paragraphs.push(Paragraph::default()),
            "t" => self.in_text = true,
            "tab" | "ptab" => self.push_text("\t"),
            "br" | "cr" => self.push_text("\n"),
            "noBreakHyphen" => self.push_text("\u{2011}"),
            "sym" => self.push_symbol(element),
            "pStyle" => {
                let role = element.attribute("val").map(|id| self.styles.role(&id));
                if let Some(paragraph) = self.paragraphs.last_mut() {
                    paragraph.is_list_item |= role == Some(Role::ListItem);
                    paragraph.role = role;
                }
            }
            "numId" => {
                // Number 0 takes a paragraph out of the list that its style puts it in.
                let is_list_item = element.attribute("val").is_some_and(|number| number != "0");
                if let Some(paragraph) = self.paragraphs.last_mut() {
                    paragraph.is_list_item = is_list_item;
                }
            }
            "outlineLvl" => {
                let level = element.attribute("val").and_then(|level| level.parse::<u8>().ok());
                if let (Some(level), Some(paragraph)) = (level.filter(|level| *level < 9), self.paragraphs.last_mut()) {
                    paragraph.role = Some(Role::Heading((level + 1).min(6)));
                }
            }
            "tbl" => self.tables.push(Table::default()),
            "tr" => self.table(|table| table.rows.push(Vec::new())),
            "tc" => self.table(|table| {
                table.cell.clear();
                table.continues_above = false;
            }),
            "vMerge" => {
                let continues = element.attribute("val").is_none_or(|value| value != "restart");
                self.table(|table| table.continues_above = continues);
            }
            _ => {}
        }
    }

    fn close(&mut self, name: &str) {
        match name {
            "t" => self.in_text = false,
            "p" => self.end_paragraph(),
            "tc" => self.table(Table::end_cell),
            "tbl" => self.end_table(),
            _ => {}
        }
    }

    fn table(&mut self, change: impl FnOnce(&mut Table)) {
        if let Some(table) = self.tables.last_mut() {
            change(table);
        }
    }

    fn push_text(&mut self, text: &str) {
        if let Some(paragraph) = self.paragraphs.last_mut() {
            paragraph.text.push_str(text);
        }
    }

    /// A character of a symbol font. Those of the private use area mean nothing outside it.
    fn push_symbol(&mut self, element: &Element<'_>) {
        let code = element.attribute("char").and_then(|code| u32::from_str_radix(&code, 16).ok());
        if let Some(character) = code.filter(|code| !(0xe000..0xf900).contains(code)).and_then(char::from_u32) {
            self.push_text(character.encode_utf8(&mut [0; 4]));
        }
    }

    fn end_paragraph(&mut self) {
        let Some(paragraph) = self.paragraphs.pop() else { return };
        if let Some(table) = self.tables.last_mut() {
            table.cell.push_str(&paragraph.text);
            table.cell.push('\n');
            return;
        }
        match paragraph.role {
            Some(Role::Title) => {
                let text = normalized(&paragraph.text);
                if self.title.is_none() && !text.is_empty() {
                    self.title = Some(text);
                }
                self.builder.push_heading(1, &paragraph.text);
            }
            Some(Role::Heading(level)) => self.builder.push_heading(level, &paragraph.text),
            _ => {
                let kind = if paragraph.is_list_item { BlockKind::ListItem } else { BlockKind::Paragraph };
                self.builder.push(kind, &paragraph.text);
            }
        }
    }

    /// A table inside a cell of another becomes text of that cell. A table of one column is a frame around text.
    fn end_table(&mut self) {
        let Some(table) = self.tables.pop() else { return };
        if let Some(outer) = self.tables.last_mut() {
            for row in table.rows {
                outer.cell.push_str(&row.join(" | "));
                outer.cell.push('\n');
            }
        } else if table.rows.iter().all(|row| row.len() <= 1) {
            for cell in table.rows.iter().flatten() {
                self.builder.push(BlockKind::Paragraph, cell);
            }
        } else {
            self.builder.push_table(&table.rows, table.rows.len() > 1);
        }
    }
}

impl Table {
    /// A cell that continues the one above repeats its text, so that each row can be read alone.
    fn end_cell(&mut self) {
        let mut cell = std::mem::take(&mut self.cell);
        if let [.., above, row] = self.rows.as_mut_slice() {
            if self.continues_above && cell.trim().is_empty() {
                cell = above.get(row.len()).cloned().unwrap_or_default();
            }
            row.push(cell);
        } else if let Some(row) = self.rows.last_mut() {
            row.push(cell);
        }
    }
}
