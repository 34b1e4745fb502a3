//! XML of any vocabulary, and the ones of articles, manuals and feeds (JATS, DocBook, DITA, RSS, Atom) a little better.
//!
//! The text of elements in their order, a paragraph for each element that holds text of its own; titles as headings,
//! rows as tables, items as lists. Left out are attributes other than links, comments, and entities that the document
//! defines. HTML in escaped form, as in feeds, is read as HTML. A file whose text is all in attributes is shown as code.

use serde_json::Value;
use taproot_schemas::document::NoteKind;

use super::encoding::{declared_in_xml, decode};
use super::grid::Grid;
use super::text::{TextBuilder, normalized};
use super::xml::{self, Element, Node};
use super::{BlockKind, ParseError, Parsed, ParsedDocument, Sink, Source, code, html};

pub(crate) const MEDIA_TYPE: &str = "application/xml";

/// Elements inside of a paragraph.
#[rustfmt::skip]
const INLINE: &[&str] = &[
    "a", "abbr", "abbrev", "b", "bold", "break", "br", "citetitle", "code", "codeph", "command", "em", "email",
    "emphasis", "ext-link", "filename", "i", "inline-formula", "inline-graphic", "italic", "keyword", "label", "link",
    "literal", "monospace", "named-content", "option", "ph", "phrase", "quote", "sc", "span", "strike", "strong",
    "styled-content", "sub", "subscript", "sup", "superscript", "tspan", "tt", "u", "ulink", "underline", "uicontrol",
    "uri", "userinput", "varname", "xref",
];

/// Elements whose parts make one paragraph, separated by spaces.
#[rustfmt::skip]
const JOINED: &[&str] = &[
    "address", "aff", "author", "biblioentry", "citation", "contrib", "date", "element-citation", "math",
    "mixed-citation", "name", "pub-date", "ref", "kwd-group", "string-name",
];

/// Elements that make a section of what is in them.
const SECTIONS: &[&str] = &[
    "abstract", "app", "appendix", "back", "book", "chapter", "entry", "item", "part", "sec", "sect1", "sect2",
    "sect3", "section", "topic",
];

const TITLES: &[&str] = &["article-title", "title"];
const ITEMS: &[&str] = &["list-item", "listitem", "li"];
const ROWS: &[&str] = &["row", "tr"];
const CELLS: &[&str] = &["cell", "entry", "td", "th"];
const TABLES: &[&str] = &["table", "tgroup", "informaltable"];

/// What machines need to know of an article: numbers of journals, dates of steps, licences.
const SKIPPED: &[&str] = &[
    "journal-meta",
    "article-id",
    "contrib-id",
    "object-id",
    "history",
    "script",
    "style",
    "tex-math",
    "processing-meta",
];

/// Elements around a title that are looked at to tell its level.
const MAX_LEVELS: usize = 64;

pub(crate) fn recognises(bytes: &[u8]) -> bool {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii_start();
    bytes.starts_with(b"<?xml ") || bytes.starts_with(b"<!DOCTYPE article")
}

pub(crate) fn parse(source: &Source<'_>, sink: &mut Sink<'_>) -> Result<(), ParseError> {
    let mut reader = Reader {
        builder: TextBuilder::new(source.limits.max_document_chars),
        open: Vec::new(),
        skipping: 0,
        text: String::new(),
        grid: Grid::default(),
        link: None,
        title: None,
        language: None,
    };
    let read = xml::read(source.bytes, |node| reader.take(node));
    reader.end_block(BlockKind::Paragraph);
    reader.grid.flush(&mut reader.builder);
    // Broken in the middle, or without text: what is there is still text.
    if reader.builder.is_blank() {
        code::push(&mut reader.builder, &decode(source.bytes, declared_in_xml(source.bytes))?);
    } else if read.is_err() {
        reader.builder.note(NoteKind::BestEffort, 1);
    }
    let metadata =
        reader.language.map(|language| ("language".to_owned(), Value::String(language))).into_iter().collect();
    let built = reader.builder.finish()?;
    let document = ParsedDocument { title: reader.title, metadata, ..built.into_document(source.media_type) };
    let _ = sink(Parsed::Document(document));
    Ok(())
}

struct Reader {
    builder: TextBuilder,
    /// Names of the open elements.
    open: Vec<String>,
    /// Skipped elements that are open, one in the other.
    skipping: usize,
    /// Text of the block at hand.
    text: String,
    grid: Grid,
    /// Address of the link that is open, and where in the text it began.
    link: Option<(String, usize)>,
    title: Option<String>,
    language: Option<String>,
}

impl Reader {
    fn take(&mut self, node: Node<'_>) {
        if self.builder.is_full() {
            return;
        }
        match node {
            Node::Open(element) => self.open(&element),
            Node::Text(text) if self.skipping == 0 => self.text.push_str(text),
            Node::Text(_) => {}
            Node::Close(name) => self.close(name),
        }
    }

    fn open(&mut self, element: &Element<'_>) {
        let name = element.name;
        self.open.push(name.to_owned());
        if SKIPPED.contains(&name) {
            self.skipping += 1;
        }
        if self.skipping > 0 {
            return;
        }
        if self.open.len() == 1 {
            self.language = element.attribute("lang");
        }
        if let Some(address) = element.attribute("href").filter(|_| INLINE.contains(&name)) {
            self.link = Some((address, self.text.len()));
        }
        match name {
            "br" | "break" => self.text.push('\n'),
            _ if self.is_part() => self.separate(),
            _ => self.end_block(BlockKind::Paragraph),
        }
    }

    fn close(&mut self, name: &str) {
        if self.skipping == 0 {
            self.end(name);
        } else if SKIPPED.contains(&name) {
            self.skipping -= 1;
        }
        self.open.pop();
    }

    fn end(&mut self, name: &str) {
        if let Some((address, start)) = self.link.take_if(|_| INLINE.contains(&name)) {
            self.builder.push_link(self.text.get(start..).unwrap_or_default(), &address);
        }
        let in_table = self.is_in(TABLES);
        match name {
            _ if CELLS.contains(&name) && in_table => self.grid.end_cell(&std::mem::take(&mut self.text)),
            _ if ROWS.contains(&name) && in_table => self.grid.end_row(|_| false),
            _ if TABLES.contains(&name) => {
                self.text.clear();
                self.grid.flush(&mut self.builder);
            }
            _ if self.is_part() => self.separate(),
            _ if TITLES.contains(&name) => self.end_title(),
            _ if self.is_in(ITEMS) => self.end_block(BlockKind::ListItem),
            _ => self.end_block(BlockKind::Paragraph),
        }
    }

    /// Whether the element at hand belongs to the text around it.
    fn is_part(&self) -> bool {
        let Some((name, around)) = self.open.split_last() else { return false };
        INLINE.contains(&name.as_str())
            || around
                .iter()
                .rev()
                .take(8)
                .any(|outer| JOINED.contains(&outer.as_str()) || CELLS.contains(&outer.as_str()) && self.is_in(TABLES))
    }

    fn is_in(&self, names: &[&str]) -> bool {
        self.open.iter().rev().take(8).any(|open| names.contains(&open.as_str()))
    }

    /// Parts that are no words of a sentence are kept apart.
    fn separate(&mut self) {
        let is_inline = self.open.last().is_some_and(|name| INLINE.contains(&name.as_str()));
        if !is_inline && !self.text.ends_with(char::is_whitespace) {
            self.text.push(' ');
        }
    }

    fn end_title(&mut self) {
        let text = std::mem::take(&mut self.text);
        let level = 1 + self.open.iter().take(MAX_LEVELS).filter(|name| SECTIONS.contains(&name.as_str())).count();
        if self.title.is_none() {
            self.title = Some(normalized(&text)).filter(|title| !title.is_empty());
        }
        self.builder.push_heading(level.min(6) as u8, &text);
    }

    fn end_block(&mut self, kind: BlockKind) {
        let text = std::mem::take(&mut self.text);
        let trimmed = text.trim();
        if trimmed.contains("</") && trimmed.contains('<') && trimmed.contains('>') {
            html::push_fragment(&mut self.builder, trimmed);
        } else {
            self.builder.push(kind, trimmed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{check, document, survives_mutations};

    const ARTICLE: &str = "<!DOCTYPE article PUBLIC \"x\" \"y\"><article xml:lang='zh'><front><journal-meta><id>J</id></journal-meta>\
        <article-title>年假 <italic>规定</italic></article-title><contrib><name><surname>Li</surname><given>Lei</given></name>\
        <xref>1</xref></contrib></front><body><sec><title>One</title><p>See <ext-link href='http://x.example'>this</ext-link>.</p>\
        <sec><title>Two</title><list><list-item><p>Item</p></list-item></list></sec></sec><table-wrap><caption><p>Days</p></caption>\
        <table><thead><tr><th>A</th><th>B</th></tr></thead><tbody><tr><td><p>1</p><p>2</p></td><td>3</td></tr></tbody></table></table-wrap></body></article>";

    #[test]
    fn articles() {
        check(
            "a.nxml",
            ARTICLE,
            "h1: 年假 规定\np: Li Lei 1\nh2: One\np: See this.\nh3: Two\nli: Item\np: Days\ntr: A | B\ntr^1: 1 2 | 3",
        );
        let document = document("a.nxml", ARTICLE.as_bytes());
        assert_eq!((document.title.as_deref(), document.links.len()), (Some("年假 规定"), 1));
    }

    #[test]
    fn feeds_hold_html() {
        check(
            "a.xml",
            "<rss><channel><title>News</title><item><title>One</title><description>&lt;p&gt;R&amp;amp;D&lt;/p&gt;</description></item></channel></rss>",
            "h1: News\nh2: One\np: R&D",
        );
    }

    #[test]
    fn data_and_what_is_broken() {
        check("a.xml", "<?xml version='1.0'?><r><id>1</id> <note>two words</note></r>", "p: 1\np: two words");
        check("a.xml", "<r a='1'/>", "code: <r a='1'/>");
        check("a.xml", "<r>text</x>", "p: text");
    }

    #[test]
    fn broken_files_do_no_harm() {
        survives_mutations("a.nxml", ARTICLE.as_bytes());
    }
}
