//! The shapes of a slide (`ppt/slides/slide1.xml`) → its title, texts and tables.

use std::collections::BTreeMap;

use taproot_schemas::document::NoteKind;

use super::super::ParseError;
use super::super::package::Relation;
use super::super::slide::{Piece, Slide};
use super::super::text::TextBuilder;
use super::super::xml::{self, Element, Node, Skipping};

/// Placeholders that say the same on every slide (19.7.10).
const FURNITURE: &[&str] = &["dt", "ftr", "hdr", "sldNum", "sldImg"];
/// Placeholders whose paragraphs have no bullets. Those without a type are for any content, and have.
const WITHOUT_BULLETS: &[&str] = &["title", "ctrTitle", "subTitle", "chart", "tbl", "pic", "media"];

/// Reads the shapes of a slide; its links go to the builder.
pub(super) fn read(
    xml: &[u8],
    relations: &BTreeMap<String, Relation>,
    slide: &mut Slide,
    builder: &mut TextBuilder,
) -> Result<(), ParseError> {
    let mut reader = Reader { relations: Some(relations), ..Reader::new(slide, builder) };
    xml::read(xml, |node| reader.take(&node))
}

/// The paragraphs of the speaker notes: the body of the notes page, which shows the slide as well.
pub(super) fn notes(xml: &[u8], builder: &mut TextBuilder) -> Vec<String> {
    let mut page = Slide::default();
    let mut reader = Reader { only_body: true, ..Reader::new(&mut page, builder) };
    let _ = xml::read(xml, |node| reader.take(&node));
    let text = |piece| match piece {
        Piece::Paragraph(text) | Piece::ListItem(text) => Some(text),
        Piece::Table(..) => None,
    };
    page.pieces.into_iter().filter_map(text).collect()
}

/// All paragraphs of a part, wherever they stand: the texts of a SmartArt.
pub(super) fn paragraphs(xml: &[u8]) -> Vec<String> {
    let (mut found, mut text, mut in_text) = (Vec::new(), String::new(), false);
    let _ = xml::read(xml, |node| match node {
        Node::Open(element) => in_text = element.name == "t",
        Node::Text(piece) if in_text => text.push_str(piece),
        Node::Close("p") => found.push(std::mem::take(&mut text)),
        Node::Close(_) => in_text = false,
        Node::Text(_) => {}
    });
    found
}

struct Reader<'a> {
    relations: Option<&'a BTreeMap<String, Relation>>,
    only_body: bool,
    slide: &'a mut Slide,
    builder: &'a mut TextBuilder,
    skipping: Skipping,
    /// Type of the placeholder that the open shape is; none for other shapes, empty for one of any content.
    placeholder: Option<String>,
    paragraph: String,
    is_list_item: bool,
    in_text: bool,
    /// Address of the open run, and where in the paragraph its text begins.
    link: Option<(String, usize)>,
    table: Option<Table>,
}

#[derive(Default)]
struct Table {
    rows: Vec<Vec<String>>,
    has_header: bool,
    cell: String,
    continues_above: bool,
}

impl<'a> Reader<'a> {
    fn new(slide: &'a mut Slide, builder: &'a mut TextBuilder) -> Reader<'a> {
        Reader {
            relations: None,
            only_body: false,
            slide,
            builder,
            skipping: Skipping::default(),
            placeholder: None,
            paragraph: String::new(),
            is_list_item: false,
            in_text: false,
            link: None,
            table: None,
        }
    }

    fn take(&mut self, node: &Node<'_>) {
        if self.skip(node) {
            return;
        }
        match node {
            Node::Open(element) => self.open(element),
            Node::Close(name) => self.close(name),
            Node::Text(text) if self.in_text => self.paragraph.push_str(text),
            Node::Text(_) => {}
        }
    }

    /// Whether the node belongs to a skipped element: the old form of what is also there in a new form, a field with
    /// the number of the slide, the text of a shape that is hidden or says the same on every slide.
    fn skip(&mut self, node: &Node<'_>) -> bool {
        let mut skipping = std::mem::take(&mut self.skipping);
        let skipped = skipping.skips(node, |element| self.is_skipped(element));
        self.skipping = skipping;
        skipped
    }

    fn is_skipped(&self, element: &Element<'_>) -> bool {
        match element.name {
            "Fallback" => true,
            "fld" => element.attribute("type").is_some_and(|kind| kind == "slidenum"),
            "txBody" => match self.placeholder.as_deref() {
                Some(placeholder) if self.only_body => placeholder != "body",
                Some(placeholder) => FURNITURE.contains(&placeholder) || placeholder == "hidden",
                None => self.only_body,
            },
            _ => false,
        }
    }

    fn open(&mut self, element: &Element<'_>) {
        match element.name {
            "sp" | "graphicFrame" | "pic" => self.placeholder = None,
            "cNvPr" if element.attribute("hidden").is_some_and(|hidden| matches!(&*hidden, "1" | "true")) => {
                self.placeholder = Some("hidden".to_owned());
                self.builder.note(NoteKind::HiddenText, u32::from(!self.only_body));
            }
            "ph" if self.placeholder.is_none() => {
                self.placeholder = Some(element.attribute("type").unwrap_or_default());
            }
            "p" => {
                self.paragraph.clear();
                let placeholder = self.placeholder.as_deref();
                self.is_list_item = placeholder.is_some_and(|kind| !WITHOUT_BULLETS.contains(&kind));
            }
            "pPr" => self.is_list_item |= element.attribute("lvl").is_some_and(|level| level != "0"),
            "buNone" => self.is_list_item = false,
            "buChar" | "buAutoNum" | "buBlip" => self.is_list_item = true,
            "t" => self.in_text = true,
            "br" => self.paragraph.push('\n'),
            "tab" => self.paragraph.push('\t'),
            "hlinkClick" => {
                let target = element.prefixed_attribute("id").and_then(|id| self.relations?.get(&id));
                self.link = target
                    .filter(|target| target.is_external)
                    .map(|target| (target.target.clone(), self.paragraph.len()));
            }
            "tbl" => self.table = Some(Table::default()),
            "tblPr" => {
                let has_header = element.attribute("firstRow").is_some_and(|first| matches!(&*first, "1" | "true"));
                self.table.iter_mut().for_each(|table| table.has_header = has_header);
            }
            "tr" => self.table.iter_mut().for_each(|table| table.rows.push(Vec::new())),
            "tc" => {
                let continues = element.attribute("vMerge").is_some_and(|merge| matches!(&*merge, "1" | "true"));
                self.table.iter_mut().for_each(|table| table.continues_above = continues);
            }
            _ => {}
        }
    }

    fn close(&mut self, name: &str) {
        match name {
            "t" => self.in_text = false,
            "r" => {
                let Some((url, begins_at)) = self.link.take() else { return };
                self.builder.push_link(self.paragraph.get(begins_at..).unwrap_or_default(), &url);
            }
            "p" => self.end_paragraph(),
            "tc" => self.table.iter_mut().for_each(Table::end_cell),
            "tbl" => {
                let Some(table) = self.table.take() else { return };
                let has_header = table.has_header && table.rows.len() > 1;
                self.slide.pieces.push(Piece::Table(table.rows, has_header));
            }
            _ => {}
        }
    }

    fn end_paragraph(&mut self) {
        let text = std::mem::take(&mut self.paragraph);
        if let Some(table) = &mut self.table {
            table.cell.push_str(&text);
            table.cell.push('\n');
        } else if matches!(self.placeholder.as_deref(), Some("title" | "ctrTitle")) {
            self.slide.title.push_str(&text);
            self.slide.title.push('\n');
        } else {
            self.slide.pieces.push(if self.is_list_item { Piece::ListItem(text) } else { Piece::Paragraph(text) });
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
