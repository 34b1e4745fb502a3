//! `content.xml` of a text or a presentation → blocks.

use taproot_schemas::document::NoteKind;

use super::super::slide::{Piece, Slide};
use super::super::text::{TextBuilder, normalized};
use super::super::xml::{self, Element, Node, Skipping};
use super::super::{BlockKind, ParseError};
use super::styles::Styles;

/// Elements whose content is not text of the document: deletions, forms, what the generator of an index repeats, numbers
/// of notes, readings above Chinese characters, alternative texts, formulas, embedded documents.
const SKIPPED: &[&str] = &[
    "tracked-changes",
    "forms",
    "scripts",
    "table-of-content-source",
    "alphabetical-index-source",
    "bibliography-source",
    "illustration-index-source",
    "table-index-source",
    "object-index-source",
    "user-index-source",
    "note-citation",
    "ruby-text",
    "title",
    "desc",
    "math",
    "object",
    "settings",
    "sequence-decls",
    "variable-decls",
    "user-field-decls",
];

/// Spaces that one element may stand for, and columns that one cell may.
const MAX_REPEATED: usize = 100;
/// Tables in tables in tables: deeper ones become text of their cell.
const MAX_TABLE_DEPTH: usize = 8;

/// Appends the text of the document and returns its title, where a paragraph has the style of one.
pub(super) fn push(builder: &mut TextBuilder, xml: &[u8], styles: Styles) -> Result<Option<String>, ParseError> {
    let mut reader = Reader {
        builder,
        styles,
        in_body: false,
        title: None,
        skipping: Skipping::default(),
        list_depth: 0,
        notes_depth: 0,
        paragraphs: Vec::new(),
        footnotes: Vec::new(),
        footnote_depth: 0,
        links: Vec::new(),
        tables: Vec::new(),
        table_depth: 0,
        slide: None,
        slides: 0,
        in_slide_title: false,
    };
    let read = xml::read(xml, |node| reader.take(&node));
    reader.end_slide();
    read.map(|()| reader.title)
}

struct Reader<'a> {
    builder: &'a mut TextBuilder,
    styles: Styles,
    in_body: bool,
    title: Option<String>,
    skipping: Skipping,
    list_depth: usize,
    /// Inside of the speaker notes of a slide.
    notes_depth: usize,
    /// Open paragraphs: more than one inside of a text box or a footnote.
    paragraphs: Vec<Paragraph>,
    /// Texts of the footnotes of the open paragraphs.
    footnotes: Vec<String>,
    footnote_depth: usize,
    /// Address of each open link, and where in the paragraph its text begins.
    links: Vec<(String, usize)>,
    tables: Vec<Table>,
    table_depth: usize,
    slide: Option<Slide>,
    slides: u32,
    in_slide_title: bool,
}

#[derive(Default)]
struct Paragraph {
    text: String,
    /// 1 to 6 for a heading.
    level: Option<u8>,
    is_title: bool,
}

#[derive(Default)]
struct Table {
    rows: Vec<Vec<String>>,
    cell: String,
    /// How many columns the open cell stands for.
    repeated: usize,
    /// Cells that reach into rows below: column, last row, text.
    spans: Vec<(usize, usize, String)>,
    spanned_rows: usize,
}

impl Reader<'_> {
    fn take(&mut self, node: &Node<'_>) {
        if !self.in_body {
            self.styles.take(node);
            self.in_body = matches!(node, Node::Open(element) if element.name == "body");
            return;
        }
        if self.skip(node) || self.builder.is_full() {
            return;
        }
        match node {
            Node::Open(element) => self.open(element),
            Node::Close(name) => self.close(name),
            Node::Text(text) => self.push_text(text),
        }
    }

    /// Whether the node belongs to a skipped element.
    fn skip(&mut self, node: &Node<'_>) -> bool {
        let (mut skipping, mut hidden) = (std::mem::take(&mut self.skipping), 0);
        let skipped = skipping.skips(node, |element| {
            hidden = u32::from(self.is_hidden(element));
            hidden > 0 || SKIPPED.contains(&element.name)
        });
        self.skipping = skipping;
        self.builder.note(NoteKind::HiddenText, hidden);
        skipped
    }

    fn is_hidden(&self, element: &Element<'_>) -> bool {
        let family = match element.name {
            "annotation" | "hidden-text" => return true,
            "section" => return element.attribute("display").is_some_and(|display| display == "none"),
            "span" => "text",
            "p" | "h" => "paragraph",
            "table" => "table",
            _ => return false,
        };
        element.attribute("style-name").is_some_and(|style| self.styles.is_hidden(family, &style))
    }

    fn open(&mut self, element: &Element<'_>) {
        let count = |name: &str| element.attribute(name).and_then(|count| count.parse::<usize>().ok()).unwrap_or(1);
        match element.name {
            "p" | "h" => {
                let level = (element.name == "h").then(|| count("outline-level").clamp(1, 6) as u8);
                let is_title = element.attribute("style-name").is_some_and(|style| self.styles.is_title(&style));
                self.paragraphs.push(Paragraph { level, is_title, ..Paragraph::default() });
            }
            "s" => self.push_text(&" ".repeat(count("c").min(MAX_REPEATED))),
            "tab" => self.push_text("\t"),
            "line-break" => self.push_text("\n"),
            "a" => {
                let begins_at = self.paragraphs.last().map_or(0, |paragraph| paragraph.text.len());
                self.links.push((element.attribute("href").unwrap_or_default(), begins_at));
            }
            "list" => self.list_depth += 1,
            "note" => self.footnote_depth += 1,
            "notes" => self.notes_depth += 1,
            "frame" => {
                self.in_slide_title =
                    self.notes_depth == 0 && element.attribute("class").is_some_and(|class| class == "title");
            }
            "page" => {
                self.end_slide();
                self.slide = Some(Slide::default());
            }
            "table" => {
                self.table_depth += 1;
                if self.table_depth <= MAX_TABLE_DEPTH {
                    self.tables.push(Table::default());
                }
            }
            "table-row" => self.table(|table| table.rows.push(Vec::new())),
            "table-cell" | "covered-table-cell" => {
                let (repeated, spanned_rows) = (count("number-columns-repeated"), count("number-rows-spanned"));
                self.table(|table| {
                    table.cell.clear();
                    table.repeated = repeated.min(MAX_REPEATED);
                    table.spanned_rows = spanned_rows;
                });
            }
            _ => {}
        }
    }

    fn close(&mut self, name: &str) {
        match name {
            "p" | "h" => self.end_paragraph(),
            "a" => self.end_link(),
            "list" => self.list_depth = self.list_depth.saturating_sub(1),
            "note" => self.footnote_depth = self.footnote_depth.saturating_sub(1),
            "notes" => self.notes_depth = self.notes_depth.saturating_sub(1),
            "frame" => self.in_slide_title = false,
            "page" => self.end_slide(),
            "table-cell" | "covered-table-cell" => self.table(Table::end_cell),
            "table" => {
                if self.table_depth <= MAX_TABLE_DEPTH {
                    self.end_table();
                }
                self.table_depth = self.table_depth.saturating_sub(1);
            }
            _ => {}
        }
    }

    fn table(&mut self, change: impl FnOnce(&mut Table)) {
        if let (Some(table), true) = (self.tables.last_mut(), self.table_depth <= MAX_TABLE_DEPTH) {
            change(table);
        }
    }

    fn push_text(&mut self, text: &str) {
        if let Some(paragraph) = self.paragraphs.last_mut() {
            paragraph.text.push_str(text);
        }
    }

    fn end_link(&mut self) {
        let Some((url, begins_at)) = self.links.pop() else { return };
        let text = self.paragraphs.last().and_then(|paragraph| paragraph.text.get(begins_at..)).unwrap_or_default();
        self.builder.push_link(text, &url);
    }

    fn end_paragraph(&mut self) {
        let Some(paragraph) = self.paragraphs.pop() else { return };
        if self.footnote_depth > 0 {
            return self.footnotes.push(paragraph.text);
        }
        self.push_paragraph(paragraph);
        if self.paragraphs.is_empty() {
            for text in std::mem::take(&mut self.footnotes) {
                self.push_paragraph(Paragraph { text, ..Paragraph::default() });
            }
        }
    }

    fn push_paragraph(&mut self, paragraph: Paragraph) {
        let is_item = self.list_depth > 0;
        if let Some(table) = self.tables.last_mut() {
            table.cell.push_str(&paragraph.text);
            table.cell.push('\n');
        } else if let Some(slide) = &mut self.slide {
            if self.notes_depth > 0 {
                slide.notes.push(paragraph.text);
            } else if self.in_slide_title {
                slide.title.push_str(&paragraph.text);
                slide.title.push('\n');
            } else {
                slide.pieces.push(if is_item {
                    Piece::ListItem(paragraph.text)
                } else {
                    Piece::Paragraph(paragraph.text)
                });
            }
        } else if let Some(level) = paragraph.level {
            self.builder.push_heading(level, &paragraph.text);
        } else if paragraph.is_title {
            let text = normalized(&paragraph.text);
            if self.title.is_none() && !text.is_empty() {
                self.title = Some(text);
            }
            self.builder.push_heading(1, &paragraph.text);
        } else {
            self.builder.push(if is_item { BlockKind::ListItem } else { BlockKind::Paragraph }, &paragraph.text);
        }
    }

    /// A table inside a cell of another becomes text of that cell. A table of one column is a frame around text.
    fn end_table(&mut self) {
        let Some(table) = self.tables.pop() else { return };
        let rows: Vec<Vec<String>> = table.rows.into_iter().map(without_empty_tail).collect();
        let is_frame = rows.iter().all(|row| row.len() <= 1);
        if let Some(outer) = self.tables.last_mut() {
            for row in rows {
                outer.cell.push_str(&row.join(" | "));
                outer.cell.push('\n');
            }
        } else if let Some(slide) = &mut self.slide {
            let has_header = rows.len() > 1;
            slide.pieces.push(Piece::Table(rows, has_header));
        } else if is_frame {
            for cell in rows.iter().flatten() {
                self.builder.push(BlockKind::Paragraph, cell);
            }
        } else {
            self.builder.push_table(&rows, rows.len() > 1);
        }
    }

    fn end_slide(&mut self) {
        if let Some(slide) = self.slide.take() {
            self.slides += 1;
            slide.write(self.builder, self.slides);
        }
    }
}

impl Table {
    /// A cell that reaches into the rows below is repeated there, so that each row can be read alone.
    fn end_cell(&mut self) {
        let mut cell = std::mem::take(&mut self.cell);
        let row_number = self.rows.len();
        let Some(row) = self.rows.last_mut() else { return };
        let column = row.len();
        if cell.trim().is_empty() {
            self.spans.retain(|(_, last_row, _)| *last_row >= row_number);
            let span = self.spans.iter().find(|(of, _, _)| *of == column);
            cell = span.map(|(_, _, text)| text.clone()).unwrap_or_default();
        } else if self.spanned_rows > 1 {
            self.spans.push((column, row_number.saturating_add(self.spanned_rows - 1), cell.clone()));
        }
        row.extend(std::iter::repeat_n(cell, self.repeated.max(1)));
    }
}

fn without_empty_tail(mut row: Vec<String>) -> Vec<String> {
    while row.last().is_some_and(|cell| cell.trim().is_empty()) {
        row.pop();
    }
    row
}
