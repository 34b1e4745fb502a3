//! Markdown (CommonMark with tables, task lists, footnotes) with optional YAML front matter.
//!
//! Front matter becomes the title and metadata, never text. Of a link its text is kept, of an image its description.
//! Blocks of HTML are read as HTML; single tags inside a paragraph are dropped, and
//! comments as well, which is noted.

use std::collections::BTreeMap;

use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag, TagEnd};
use serde_json::Value;
use taproot_schemas::document::NoteKind;

use super::encoding::decode;
use super::text::{TextBuilder, normalized};
use super::{BlockKind, ParseError, Parsed, ParsedDocument, Sink, Source, html};

pub(crate) fn parse(source: &Source<'_>, sink: &mut Sink<'_>) -> Result<(), ParseError> {
    let markdown = decode(source.bytes, None)?;
    let mut reader = Reader::new(TextBuilder::new(source.limits.max_document_chars));
    reader.read(&markdown, OPTIONS | Options::ENABLE_YAML_STYLE_METADATA_BLOCKS);
    let mut metadata = front_matter(&reader.front_matter);
    let title = match metadata.remove("title") {
        Some(Value::String(title)) => Some(title),
        _ => reader.first_h1,
    };
    let built = reader.builder.finish()?;
    let document = ParsedDocument { title, metadata, ..built.into_document(source.media_type) };
    let _ = sink(Parsed::Document(document));
    Ok(())
}

const OPTIONS: Options = Options::ENABLE_TABLES
    .union(Options::ENABLE_FOOTNOTES)
    .union(Options::ENABLE_STRIKETHROUGH)
    .union(Options::ENABLE_TASKLISTS);

/// Appends Markdown that stands inside another document; returns its first heading of the outermost level.
pub(crate) fn push(builder: &mut TextBuilder, markdown: &str) -> Option<String> {
    let placeholder = TextBuilder::new(0);
    let mut reader = Reader::new(std::mem::replace(builder, placeholder));
    reader.read(markdown, OPTIONS);
    *builder = reader.builder;
    reader.first_h1
}

/// Turns the events of the Markdown parser into blocks.
struct Reader {
    builder: TextBuilder,
    /// Text of the block at hand.
    text: String,
    kind: BlockKind,
    /// One for each open list: the number of its next item, none for bullets.
    lists: Vec<Option<u64>>,
    /// Rows of the table at hand; the first is its header (in Markdown every table has one).
    rows: Vec<Vec<String>>,
    /// Addresses of the links that are open, and where in the text they began.
    links: Vec<(String, usize)>,
    in_front_matter: bool,
    front_matter: String,
    first_h1: Option<String>,
}

impl Reader {
    fn new(builder: TextBuilder) -> Reader {
        Reader {
            builder,
            text: String::new(),
            kind: BlockKind::Paragraph,
            lists: Vec::new(),
            rows: Vec::new(),
            links: Vec::new(),
            in_front_matter: false,
            front_matter: String::new(),
            first_h1: None,
        }
    }

    fn read(&mut self, markdown: &str, options: Options) {
        for event in Parser::new_ext(markdown, options) {
            self.take(event);
            if self.builder.is_full() {
                break;
            }
        }
        self.flush();
    }

    fn take(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(tag) => self.end(tag),
            Event::Text(text) if self.in_front_matter => self.front_matter.push_str(&text),
            Event::Text(text) | Event::Code(text) => self.text.push_str(&text),
            Event::Html(html) => self.text.push_str(&html),
            Event::SoftBreak | Event::HardBreak => self.text.push('\n'),
            Event::InlineHtml(tag) if tag.starts_with("<br") => self.text.push('\n'),
            Event::TaskListMarker(done) => self.text.push_str(if done { "[x] " } else { "[ ] " }),
            Event::Rule => self.flush(),
            Event::InlineHtml(tag) if tag.starts_with("<!--") => self.builder.note(NoteKind::HiddenText, 1),
            Event::InlineHtml(_) | Event::FootnoteReference(_) | Event::InlineMath(_) | Event::DisplayMath(_) => {}
        }
    }

    fn start(&mut self, tag: Tag<'_>) {
        match tag {
            Tag::List(first) => {
                self.flush();
                self.lists.push(first);
            }
            Tag::Item => {
                self.flush();
                self.kind = BlockKind::ListItem;
                if let Some(Some(number)) = self.lists.last_mut() {
                    self.text.push_str(&format!("{number}. "));
                    *number += 1;
                }
            }
            // The first paragraph of a list item is the item.
            Tag::Paragraph if self.kind == BlockKind::ListItem => {}
            Tag::Paragraph | Tag::Heading { .. } | Tag::BlockQuote(_) | Tag::HtmlBlock | Tag::CodeBlock(_) => {
                self.flush();
            }
            Tag::Table(_) => {
                self.flush();
                self.rows.clear();
            }
            Tag::TableHead | Tag::TableRow => self.rows.push(Vec::new()),
            Tag::FootnoteDefinition(label) => {
                self.flush();
                self.text = format!("[{label}] ");
            }
            Tag::Link { dest_url, .. } => self.links.push((dest_url.into_string(), self.text.len())),
            Tag::MetadataBlock(_) => self.in_front_matter = true,
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Heading(level) => self.end_heading(level),
            TagEnd::CodeBlock => {
                self.kind = BlockKind::Code;
                self.flush();
            }
            TagEnd::HtmlBlock => {
                let html = std::mem::take(&mut self.text);
                html::push_fragment(&mut self.builder, &html);
            }
            TagEnd::TableCell => {
                let cell = std::mem::take(&mut self.text);
                if let Some(row) = self.rows.last_mut() {
                    row.push(cell);
                }
            }
            TagEnd::Table => self.builder.push_table(&std::mem::take(&mut self.rows), true),
            TagEnd::List(_) => {
                self.flush();
                self.lists.pop();
            }
            TagEnd::Link => {
                if let Some((url, start)) = self.links.pop() {
                    self.builder.push_link(self.text.get(start..).unwrap_or_default(), &url);
                }
            }
            TagEnd::MetadataBlock(_) => self.in_front_matter = false,
            TagEnd::Paragraph | TagEnd::Item | TagEnd::BlockQuote(_) | TagEnd::FootnoteDefinition => self.flush(),
            _ => {}
        }
    }

    fn end_heading(&mut self, level: HeadingLevel) {
        let text = std::mem::take(&mut self.text);
        if level == HeadingLevel::H1 && self.first_h1.is_none() && !text.trim().is_empty() {
            self.first_h1 = Some(normalized(&text));
        }
        self.builder.push_heading(level as u8, &text);
        self.kind = BlockKind::Paragraph;
    }

    /// Ends the block at hand.
    fn flush(&mut self) {
        self.builder.push(self.kind, &self.text);
        self.text.clear();
        self.kind = BlockKind::Paragraph;
    }
}

/// The scalars and the lists of scalars of YAML front matter; deeper structures are left out. Documents carry a
/// handful of such lines, which does not pay for a YAML parser.
fn front_matter(yaml: &str) -> BTreeMap<String, Value> {
    let mut found: BTreeMap<String, Value> = BTreeMap::new();
    let mut list_of: Option<String> = None;
    for line in yaml.lines() {
        if let Some(item) = line.trim_start().strip_prefix("- ") {
            if let Some(Value::Array(items)) = list_of.as_ref().and_then(|key| found.get_mut(key)) {
                items.push(Value::String(unquoted(item)));
            }
            continue;
        }
        let Some((key, value)) = line.split_once(':').filter(|_| !line.starts_with([' ', '\t', '#'])) else { continue };
        let (key, value) = (key.trim().to_lowercase(), value.trim());
        if let Some(items) = value.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            let items = items.split(',').map(unquoted).filter(|item| !item.is_empty()).map(Value::String);
            found.insert(key, Value::Array(items.collect()));
        } else if value.is_empty() {
            found.insert(key.clone(), Value::Array(Vec::new()));
            list_of = Some(key);
        } else if !value.starts_with(['{', '|', '>', '&', '*']) {
            found.insert(key, Value::String(unquoted(value)));
        }
    }
    found.retain(|_, value| value.as_array().is_none_or(|items| !items.is_empty()));
    found
}

fn unquoted(value: &str) -> String {
    let value = value.trim();
    for quote in ['"', '\''] {
        if let Some(inner) = value.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote)) {
            return inner.to_owned();
        }
    }
    value.to_owned()
}

#[cfg(test)]
mod tests {
    use super::super::testing::{check, document};

    #[test]
    fn headings_paragraphs_and_links() {
        check(
            "a.md",
            "# Leave *policy*\n\nSee [the\nhandbook](h.md) <b>now</b> <!-- not\nthis -->.\n\n## `code` names\nText.",
            "h1: Leave policy\np: See the handbook now .\nh2: code names\np: Text.",
        );
    }

    #[test]
    fn links_are_kept_and_comments_are_noted() {
        let document = document(
            "a.md",
            b"See [the *page*](https://x.example) and <https://y.example>. a <!-- b --> c\n\n<!-- d -->\n",
        );
        let links: Vec<_> = document.links.iter().map(|link| (link.text.as_str(), link.url.as_str())).collect();
        assert_eq!(links, [("the page", "https://x.example"), ("https://y.example", "https://y.example")]);
        assert_eq!(serde_json::to_value(&document.notes).unwrap(), serde_json::json!({"hidden_text": 2}));
    }

    #[test]
    fn lists_nest() {
        check(
            "a.md",
            "1. One\n2. Two\n   - inner\n\n     more\n3. Three\n\n- [x] done\n",
            "li: 1. One\nli: 2. Two\nli: inner\np: more\nli: 3. Three\nli: [x] done",
        );
    }

    #[test]
    fn a_table_row_knows_its_header() {
        check(
            "a.md",
            "| Grade | Days |\n|---|---|\n| A | 15 |\n| B | **20** |\n\nAfter.",
            "tr: Grade | Days\ntr^1: A | 15\ntr^2: B | 20\np: After.",
        );
    }

    #[test]
    fn code_and_html_blocks() {
        check(
            "a.md",
            "```sh\nmake  run\n  make test\n```\n\n<div>Some <i>HTML</i></div>\n\n<!-- a comment -->\n\n> quoted",
            "code: make  run⏎  make test\np: Some HTML\np: quoted",
        );
    }

    #[test]
    fn front_matter_is_metadata() {
        let text = "---\ntitle: \"Parental leave\"\nauthor: Ann\ntags: [hr, 'leave']\nowners:\n  - hr\n  - legal\n---\n# Other\n\nText.";
        let document = document("a.md", text.as_bytes());
        assert_eq!(document.title.as_deref(), Some("Parental leave"));
        assert_eq!(document.text, "Other\n\nText.");
        let metadata = serde_json::to_value(&document.metadata).unwrap();
        assert_eq!(metadata, serde_json::json!({"author": "Ann", "tags": ["hr", "leave"], "owners": ["hr", "legal"]}));
    }

    #[test]
    fn the_first_h1_is_the_title() {
        assert_eq!(document("a.md", b"## Sub\n\n# Main\n\n# Second").title.as_deref(), Some("Main"));
        assert_eq!(document("a.md", b"## Sub").title, None);
    }

    #[test]
    fn broken_files_do_no_harm() {
        let file = "---\ntitle: T\n---\n# H\n\ntext *a* [l](http://x.example)\n\n- a\n  - b\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n```rs\nx\n```\n<b>中</b>\n";
        super::super::testing::survives_mutations("a.md", file.as_bytes());
    }
}
