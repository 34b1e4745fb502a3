//! `word/document.xml` and the notes → blocks.

use std::collections::BTreeMap;

use taproot_schemas::document::NoteKind;

use super::super::package::Relation;
use super::super::slide::Piece;
use super::super::text::{TextBuilder, normalized};
use super::super::xml::{self, Element, Node, Skipping};
use super::super::{BlockKind, ParseError};
use super::styles::{Role, Styles};

/// Elements whose content is not text of the document: deletions and moves of tracked changes (their new place is
/// read), the old form of drawings (the new form is read), form fields, ruby above text, tab stops.
const SKIPPED: &[&str] =
    &["del", "moveFrom", "Fallback", "ffData", "rt", "tabs", "pPrChange", "rPrChange", "sectPr", "object"];

/// Tables in tables in tables: deeper ones become text of their cell.
const MAX_TABLE_DEPTH: usize = 8;
/// Columns that one cell may span.
const MAX_SPAN: usize = 64;
/// Half points. Letters of this size or less are dots.
const MAX_HIDDEN_SIZE: u32 = 2;

/// Appends the text of the document and returns its title, where a paragraph has the style of one.
pub(super) fn push(
    builder: &mut TextBuilder,
    xml: &[u8],
    styles: &Styles,
    relations: &BTreeMap<String, Relation>,
    charts: BTreeMap<String, Vec<Piece>>,
) -> Result<Option<String>, ParseError> {
    let mut reader = Reader { charts, ..Reader::new(builder, styles, relations) };
    match xml::read(xml, |node| reader.take(node)) {
        Ok(()) => {}
        // Broken off in the middle: what was read so far is kept when there is any.
        Err(error) if reader.builder.is_blank() => return Err(error),
        Err(_) => {}
    }
    Ok(reader.title)
}

/// Appends the footnotes or endnotes, a paragraph each.
pub(super) fn push_notes(
    builder: &mut TextBuilder,
    xml: &[u8],
    styles: &Styles,
    relations: &BTreeMap<String, Relation>,
) -> Result<(), ParseError> {
    push(builder, xml, styles, relations, BTreeMap::new()).map(|_| ())
}

struct Reader<'a> {
    builder: &'a mut TextBuilder,
    styles: &'a Styles,
    relations: &'a BTreeMap<String, Relation>,
    title: Option<String>,
    /// Charts by the relations that place them.
    charts: BTreeMap<String, Vec<Piece>>,
    /// Charts of the open paragraph or table.
    open_charts: Vec<Piece>,
    skipping: Skipping,
    /// Paragraphs that are open: more than one inside a text box, which stands inside a paragraph.
    paragraphs: Vec<Paragraph>,
    /// Tables that are open, innermost last.
    tables: Vec<Table>,
    table_depth: usize,
    in_text: bool,
    run: Run,
    /// The page has a colour of its own, so that white letters may be seen.
    page_is_coloured: bool,
    /// Open links: their address, and where in the paragraph their text begins.
    links: Vec<Option<(String, usize)>>,
    /// Code of the open field, once it is asked for.
    field_code: String,
    in_field_code: bool,
}

/// What is known of the open run.
#[derive(Default)]
struct Run {
    is_open: bool,
    is_vanished: bool,
    is_white: bool,
    is_shaded: bool,
    /// Its text was left out already; it counts once.
    is_noted: bool,
}

#[derive(Default)]
struct Paragraph {
    text: String,
    role: Option<Role>,
    is_list_item: bool,
    is_shaded: bool,
}

#[derive(Default)]
struct Table {
    rows: Vec<Vec<String>>,
    /// Text of the cell at hand, of all its paragraphs.
    cell: String,
    /// A cell that continues the one above it (`vMerge` without `restart`).
    continues_above: bool,
    /// Columns that the cell at hand spans.
    span: usize,
}

impl<'a> Reader<'a> {
    fn new(builder: &'a mut TextBuilder, styles: &'a Styles, relations: &'a BTreeMap<String, Relation>) -> Reader<'a> {
        Reader {
            builder,
            styles,
            relations,
            title: None,
            charts: BTreeMap::new(),
            open_charts: Vec::new(),
            skipping: Skipping::default(),
            paragraphs: Vec::new(),
            tables: Vec::new(),
            table_depth: 0,
            in_text: false,
            run: Run::default(),
            page_is_coloured: false,
            links: Vec::new(),
            field_code: String::new(),
            in_field_code: false,
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
            Node::Text(text) if self.in_field_code => self.field_code.push_str(text),
            Node::Text(_) => {}
        }
    }

    fn open(&mut self, element: &Element<'_>) {
        match element.name {
            "p" => self.paragraphs.push(Paragraph::default()),
            "t" => self.in_text = true,
            "r" => self.run = Run { is_open: true, ..Run::default() },
            "vanish" if self.run.is_open => self.run.is_vanished = is_on(element),
            "sz" if self.run.is_open => {
                let size = element.attribute("val").and_then(|size| size.parse::<u32>().ok());
                self.run.is_vanished |= size.is_some_and(|size| size <= MAX_HIDDEN_SIZE);
            }
            "color" if self.run.is_open => {
                self.run.is_white =
                    element.attribute("val").is_some_and(|colour| colour.eq_ignore_ascii_case("ffffff"));
            }
            "shd" | "highlight" if self.run.is_open => self.run.is_shaded = true,
            "shd" => self.paragraphs.iter_mut().for_each(|paragraph| paragraph.is_shaded = true),
            "background" => self.page_is_coloured = true,
            "hyperlink" => {
                let target = element.prefixed_attribute("id").and_then(|id| self.relations.get(&id));
                self.begin_link(target.filter(|target| target.is_external).map(|target| target.target.clone()));
            }
            "chart" => {
                let chart = element.prefixed_attribute("id").and_then(|id| self.charts.remove(&id));
                self.open_charts.extend(chart.into_iter().flatten());
            }
            "instrText" => self.in_field_code = true,
            "fldChar" => match element.attribute("fldCharType").as_deref() {
                Some("begin") => self.field_code.clear(),
                Some("separate") => self.begin_link(link_of_field(&self.field_code)),
                Some("end") => self.end_link(),
                _ => {}
            },
            "tab" | "ptab" => self.push_text("\t"),
            "br" | "cr" => self.push_text("\n"),
            "noBreakHyphen" => self.push_text("\u{2011}"),
            "sym" => self.push_symbol(element),
            "pStyle" => {
                let style = element.attribute("val");
                let role = style.as_ref().map(|id| self.styles.role(id));
                if let Some(paragraph) = self.paragraphs.last_mut() {
                    paragraph.is_shaded |= style.is_some_and(|id| self.styles.is_shaded(&id));
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
            "tbl" => {
                self.table_depth += 1;
                if self.table_depth <= MAX_TABLE_DEPTH {
                    self.tables.push(Table::default());
                }
            }
            "tr" => self.table(|table| table.rows.push(Vec::new())),
            "tc" => self.table(|table| {
                table.cell.clear();
                table.continues_above = false;
                table.span = 1;
            }),
            "gridSpan" => {
                let span = element.attribute("val").and_then(|span| span.parse::<usize>().ok()).unwrap_or(1);
                self.table(|table| table.span = span.clamp(1, MAX_SPAN));
            }
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
            "r" => self.run = Run::default(),
            "instrText" => self.in_field_code = false,
            "hyperlink" => self.end_link(),
            "p" => {
                self.end_paragraph();
                self.write_charts();
            }
            "tc" => self.table(Table::end_cell),
            "tbl" => {
                if self.table_depth <= MAX_TABLE_DEPTH {
                    self.end_table();
                    self.write_charts();
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

    fn begin_link(&mut self, url: Option<String>) {
        let begins_at = self.paragraphs.last().map_or(0, |paragraph| paragraph.text.len());
        self.links.push(url.map(|url| (url, begins_at)));
    }

    fn end_link(&mut self) {
        let Some(Some((url, begins_at))) = self.links.pop() else { return };
        let text = self.paragraphs.last().and_then(|paragraph| paragraph.text.get(begins_at..)).unwrap_or_default();
        self.builder.push_link(text, &url);
    }

    /// White letters are seen on the colour of a table, a text box, a paragraph or the letters themselves.
    fn is_hidden(&self) -> bool {
        let on_white = || match self.paragraphs.as_slice() {
            [paragraph] => !paragraph.is_shaded && self.tables.is_empty() && !self.page_is_coloured,
            _ => false,
        };
        self.run.is_vanished || self.run.is_white && !self.run.is_shaded && on_white()
    }

    fn push_text(&mut self, text: &str) {
        if self.is_hidden() {
            let is_first = !text.trim().is_empty() && !std::mem::replace(&mut self.run.is_noted, true);
            return self.builder.note(NoteKind::HiddenText, u32::from(is_first));
        }
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

    fn write_charts(&mut self) {
        if self.paragraphs.is_empty() && self.tables.is_empty() {
            self.open_charts.drain(..).for_each(|piece| piece.write(self.builder));
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
        if let [.., above, row] = self.rows.as_slice()
            && self.continues_above
            && cell.trim().is_empty()
        {
            cell = above.get(row.len()).cloned().unwrap_or_default();
        }
        if let Some(row) = self.rows.last_mut() {
            row.push(cell);
            row.extend(std::iter::repeat_n(String::new(), self.span.saturating_sub(1)));
        }
    }
}

/// A property that is either on or off is on when it says nothing else (17.17.4).
fn is_on(element: &Element<'_>) -> bool {
    element.attribute("val").is_none_or(|value| !matches!(&*value, "0" | "false" | "off"))
}

/// `HYPERLINK "https://…" \o "…"` → its address (17.16.5.25).
fn link_of_field(code: &str) -> Option<String> {
    let rest = code.trim_start().strip_prefix("HYPERLINK")?;
    let url = rest.split('"').nth(1)?;
    Some(url.to_owned())
}
