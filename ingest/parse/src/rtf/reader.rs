//! Tokens → blocks. Groups are kept on a stack of our own: a hostile file nests a million of them.

use serde_json::Value;
use taproot_schemas::document::NoteKind;

use super::super::grid::Grid;
use super::super::text::{TextBuilder, normalized};
use super::super::{BlockKind, html};
use super::About;
use super::fonts::Fonts;
use super::paragraph::{Properties, Role, Styles};
use super::tokens::{Token, Tokens};

/// Groups in groups; what is nested deeper is no document.
const MAX_GROUPS: usize = 10_000;
/// Fields in fields.
const MAX_FIELDS: usize = 100;
/// Characters that may stand for one `\u` in programs that do not know it.
const MAX_UNICODE_SKIP: i32 = 16;
/// Bytes of the text of a link that are kept.
const MAX_LINK_BYTES: usize = 1_000;

/// What the text of a group is.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Destination {
    Text,
    Skipped,
    Fonts,
    Styles,
    /// Between the properties of the document.
    Info,
    /// A property of the document, by its name in the metadata.
    Property(&'static str),
    Date(&'static str),
    /// What a field does: `HYPERLINK "http://…"`.
    Instruction,
    /// The bullet or number of a list item.
    Mark,
    Footnote,
    /// Markup of HTML inside of RTF.
    HtmlTag,
}

/// Destinations that begin with this control word.
const DESTINATIONS: &[(&str, Destination)] = &[
    ("fonttbl", Destination::Fonts),
    ("stylesheet", Destination::Styles),
    ("info", Destination::Info),
    ("title", Destination::Property("title")),
    ("author", Destination::Property("author")),
    ("subject", Destination::Property("subject")),
    ("keywords", Destination::Property("keywords")),
    ("doccomm", Destination::Property("description")),
    ("creatim", Destination::Date("created")),
    ("revtim", Destination::Date("modified")),
    ("fldinst", Destination::Instruction),
    ("listtext", Destination::Mark),
    ("pntext", Destination::Mark),
    ("footnote", Destination::Footnote),
    ("htmltag", Destination::HtmlTag),
    ("colortbl", Destination::Skipped),
    ("pict", Destination::Skipped),
    ("object", Destination::Skipped),
    ("header", Destination::Skipped),
    ("headerl", Destination::Skipped),
    ("headerr", Destination::Skipped),
    ("headerf", Destination::Skipped),
    ("footer", Destination::Skipped),
    ("footerl", Destination::Skipped),
    ("footerr", Destination::Skipped),
    ("footerf", Destination::Skipped),
    // Drawings and tables once more, for programs that do not know the new form.
    ("shprslt", Destination::Skipped),
    ("nonesttables", Destination::Skipped),
    ("upr", Destination::Skipped),
    // Entries of indexes and of tables of contents.
    ("xe", Destination::Skipped),
    ("tc", Destination::Skipped),
    ("rxe", Destination::Skipped),
    ("filetbl", Destination::Skipped),
    ("operator", Destination::Skipped),
    ("template", Destination::Skipped),
];

/// Control words that stand for characters.
const CHARACTERS: &[(&str, &str)] = &[
    ("tab", "\t"),
    ("line", "\n"),
    ("lbr", "\n"),
    ("page", "\n"),
    ("column", "\n"),
    ("emdash", "—"),
    ("endash", "–"),
    ("lquote", "‘"),
    ("rquote", "’"),
    ("ldblquote", "“"),
    ("rdblquote", "”"),
    ("bullet", "•"),
    ("emspace", " "),
    ("enspace", " "),
    ("qmspace", " "),
    ("zwj", "\u{200d}"),
    ("zwnj", "\u{200c}"),
];

/// What a group inherits and gives back at its end.
#[derive(Debug, Clone, Copy)]
struct State {
    destination: Destination,
    font: i32,
    unicode_skip: i32,
    is_hidden: bool,
    is_deleted: bool,
    /// RTF that repeats the HTML beside it (`\htmlrtf`).
    repeats_html: bool,
    properties: Properties,
}

struct Field {
    /// Groups that were open at its start.
    depth: usize,
    instruction: String,
    result: String,
}

pub(super) struct Reader<'a> {
    builder: &'a mut TextBuilder,
    about: About,
    state: State,
    groups: Vec<State>,
    fonts: Fonts,
    styles: Styles,
    /// Bytes of a run that wait for decoding: a character can be spread over several tokens.
    bytes: Vec<u8>,
    /// The first half of a character beyond the basic plane.
    high_surrogate: Option<u16>,
    /// Characters to come that repeat the `\u` before them.
    skip: i32,
    after_star: bool,
    paragraph: String,
    /// Paragraphs that go on after the text box in them: groups that were open at its start, and the text.
    outer_paragraphs: Vec<(usize, String)>,
    mark: String,
    /// Text of a destination that is not the document's text.
    aside: String,
    /// Year, month, day, hour, minute.
    date: [i32; 5],
    footnotes: Vec<String>,
    fields: Vec<Field>,
    grid: Grid,
    /// Of the cells of the row at hand: whether each continues the one above.
    continues_above: Vec<bool>,
    next_continues_above: bool,
    in_hidden: bool,
    html: Option<String>,
}

impl<'a> Reader<'a> {
    pub fn new(builder: &'a mut TextBuilder) -> Reader<'a> {
        Reader {
            builder,
            about: About::default(),
            state: State {
                destination: Destination::Text,
                font: 0,
                unicode_skip: 1,
                is_hidden: false,
                is_deleted: false,
                repeats_html: false,
                properties: Properties::default(),
            },
            groups: Vec::new(),
            fonts: Fonts::default(),
            styles: Styles::default(),
            bytes: Vec::new(),
            high_surrogate: None,
            skip: 0,
            after_star: false,
            paragraph: String::new(),
            outer_paragraphs: Vec::new(),
            mark: String::new(),
            aside: String::new(),
            date: [0; 5],
            footnotes: Vec::new(),
            fields: Vec::new(),
            grid: Grid::default(),
            continues_above: Vec::new(),
            next_continues_above: false,
            in_hidden: false,
            html: None,
        }
    }

    pub fn read(mut self, bytes: &[u8]) -> About {
        for token in Tokens::new(bytes) {
            if self.builder.is_full() || self.groups.len() > MAX_GROUPS {
                break;
            }
            self.take(token);
        }
        self.end_run();
        if let Some(html) = self.html {
            html::push_page(self.builder, &html);
            return self.about;
        }
        if !self.paragraph.trim().is_empty() {
            self.state.destination = Destination::Text;
            self.end_paragraph();
        }
        self.grid.flush(self.builder);
        for footnote in &self.footnotes {
            self.builder.push(BlockKind::Paragraph, footnote);
        }
        self.about
    }

    fn take(&mut self, token: Token<'_>) {
        match token {
            Token::Open => {
                self.end_run();
                self.groups.push(self.state);
            }
            Token::Close => self.close(),
            Token::Hex(byte) => self.push_bytes(&[byte]),
            Token::Text(bytes) => self.push_bytes(bytes),
            Token::Symbol(b'*') => self.after_star = true,
            Token::Symbol(byte @ (b'\\' | b'{' | b'}')) => self.push_bytes(&[byte]),
            Token::Symbol(b'~') => self.push_character("\u{a0}"),
            Token::Symbol(b'_') => self.push_character("\u{2011}"),
            Token::Symbol(_) => {}
            Token::Word(word, number) => self.word(word, number),
        }
    }

    /// Ends the bytes that belong together, and what waits for more of them.
    fn end_run(&mut self) {
        self.flush_bytes();
        self.skip = 0;
        self.after_star = false;
    }

    fn push_bytes(&mut self, bytes: &[u8]) {
        self.after_star = false;
        let skipped = bytes.len().min(usize::try_from(self.skip).unwrap_or(0));
        self.skip -= skipped as i32;
        if self.state.destination != Destination::Skipped {
            self.bytes.extend_from_slice(&bytes[skipped..]);
        }
    }

    fn flush_bytes(&mut self) {
        if self.bytes.is_empty() {
            return;
        }
        let bytes = std::mem::take(&mut self.bytes);
        let is_name = matches!(self.state.destination, Destination::Fonts | Destination::Instruction);
        if is_name || !self.fonts.is_symbol(self.state.font) {
            let text = self.fonts.decode(self.state.font, &bytes);
            self.push_text(&text);
        }
    }

    fn push_character(&mut self, character: &str) {
        if self.skip > 0 {
            self.skip -= 1;
            return;
        }
        self.flush_bytes();
        self.push_text(character);
    }

    fn push_text(&mut self, text: &str) {
        self.high_surrogate = None;
        match self.state.destination {
            Destination::Text | Destination::HtmlTag if self.html.is_some() => {
                if let Some(html) = self.html.as_mut().filter(|_| !self.state.repeats_html) {
                    html.push_str(text);
                }
            }
            Destination::Text | Destination::Footnote if self.state.is_deleted => {}
            Destination::Text | Destination::Footnote if self.state.is_hidden => {
                if !self.in_hidden && !text.trim().is_empty() {
                    self.in_hidden = true;
                    self.builder.note(NoteKind::HiddenText, 1);
                }
            }
            Destination::Text => {
                self.in_hidden = false;
                self.paragraph.push_str(text);
                if let Some(field) = self.fields.last_mut().filter(|field| field.result.len() < MAX_LINK_BYTES) {
                    field.result.push_str(text);
                }
            }
            Destination::Footnote => {
                if let Some(footnote) = self.footnotes.last_mut() {
                    footnote.push_str(text);
                }
            }
            Destination::Instruction => {
                if let Some(field) = self.fields.last_mut() {
                    field.instruction.push_str(text);
                }
            }
            Destination::Mark => self.mark.push_str(text),
            Destination::Styles | Destination::Property(_) => self.aside.push_str(text),
            Destination::Skipped
            | Destination::Fonts
            | Destination::Info
            | Destination::Date(_)
            | Destination::HtmlTag => {}
        }
    }

    fn close(&mut self) {
        self.end_run();
        match self.state.destination {
            Destination::Styles if !self.aside.trim().is_empty() => {
                self.styles.add(self.state.properties, &std::mem::take(&mut self.aside));
            }
            Destination::Property(key) => {
                let value = normalized(&std::mem::take(&mut self.aside));
                if key == "title" {
                    self.about.title = Some(value).filter(|title| !title.is_empty()).or(self.about.title.take());
                } else if !value.is_empty() {
                    self.about.metadata.insert(key.to_owned(), Value::String(value));
                }
            }
            Destination::Date(key) => {
                if let Some(date) = iso_date(std::mem::take(&mut self.date)) {
                    self.about.metadata.insert(key.to_owned(), Value::String(date));
                }
            }
            _ => {}
        }
        if self.outer_paragraphs.last().is_some_and(|(depth, _)| *depth == self.groups.len())
            && let Some((_, paragraph)) = self.outer_paragraphs.pop()
        {
            self.end_paragraph();
            self.paragraph = paragraph;
        }
        let Some(outer) = self.groups.pop() else { return };
        self.state = outer;
        if self.fields.last().is_some_and(|field| field.depth > self.groups.len())
            && let Some(field) = self.fields.pop()
            && let Some(url) = link_target(&field.instruction)
        {
            self.builder.push_link(&field.result, url);
        }
    }

    fn word(&mut self, word: &str, number: Option<i32>) {
        let after_star = std::mem::take(&mut self.after_star);
        if word == "u" {
            return self.push_unicode(number.unwrap_or(0));
        }
        if let Some((_, character)) = CHARACTERS.iter().find(|(name, _)| *name == word) {
            return self.push_character(character);
        }
        self.flush_bytes();
        if let Some((_, destination)) = DESTINATIONS.iter().find(|(name, _)| *name == word) {
            return self.enter(*destination);
        }
        match word {
            // The text of a drawing, and the better of two forms of a text, inside of what is left out.
            "shptxt" => {
                self.state.destination = Destination::Text;
                self.outer_paragraphs.push((self.groups.len(), std::mem::take(&mut self.paragraph)));
            }
            "ud" => {
                let before = self.groups.len().checked_sub(2).and_then(|index| self.groups.get(index));
                self.state.destination = before.map_or(Destination::Text, |state| state.destination);
            }
            _ if after_star => self.state.destination = Destination::Skipped,
            _ => self.property(word, number),
        }
    }

    fn enter(&mut self, destination: Destination) {
        let is_property = matches!(destination, Destination::Property(_) | Destination::Date(_));
        if self.state.destination == Destination::Skipped
            || (is_property && self.state.destination != Destination::Info)
        {
            return;
        }
        match destination {
            Destination::Footnote => self.footnotes.push(String::new()),
            Destination::Mark => self.mark.clear(),
            Destination::Property(_) | Destination::Styles => self.aside.clear(),
            _ => {}
        }
        self.state.destination = destination;
    }

    fn property(&mut self, word: &str, number: Option<i32>) {
        let is_on = number != Some(0);
        let value = number.unwrap_or(0);
        match word {
            "ansicpg" => {
                let page = u32::try_from(value).ok().and_then(super::super::encoding::code_page);
                self.fonts.document = page.unwrap_or(self.fonts.document);
            }
            "mac" => self.fonts.document = encoding_rs::MACINTOSH,
            "deff" => (self.fonts.default_font, self.state.font) = (value, value),
            "fromhtml" if is_on => self.html = Some(String::new()),
            "htmlrtf" => self.state.repeats_html = is_on,
            "uc" => self.state.unicode_skip = value.clamp(0, MAX_UNICODE_SKIP),
            "f" => self.state.font = value,
            "fcharset" if self.state.destination == Destination::Fonts => {
                self.fonts.set_charset(self.state.font, value);
            }
            "cpg" if self.state.destination == Destination::Fonts => self.fonts.set_code_page(self.state.font, value),
            "yr" => self.date[0] = value,
            "mo" => self.date[1] = value,
            "dy" => self.date[2] = value,
            "hr" => self.date[3] = value,
            "min" => self.date[4] = value,
            "plain" => {
                self.state.font = self.fonts.default_font;
                self.state.is_hidden = false;
                self.state.is_deleted = false;
            }
            "v" => self.state.is_hidden = is_on,
            // Letters of no size.
            "fs" => self.state.is_hidden |= number == Some(0),
            "deleted" => self.state.is_deleted = is_on,
            "field" if self.fields.len() < MAX_FIELDS => {
                self.fields.push(Field { depth: self.groups.len(), instruction: String::new(), result: String::new() })
            }
            _ => self.paragraph_property(word, value),
        }
    }

    fn paragraph_property(&mut self, word: &str, value: i32) {
        let properties = &mut self.state.properties;
        match word {
            "pard" => *properties = Properties::default(),
            "s" => properties.style = value,
            "outlinelevel" => properties.outline_level = u8::try_from(value).ok(),
            "ls" => properties.is_list_item = value > 0,
            "intbl" => properties.in_table = true,
            "par" | "sect" => self.end_paragraph(),
            "trowd" => self.continues_above.clear(),
            "clvmrg" => self.next_continues_above = true,
            "cellx" if self.continues_above.len() < 1_024 => {
                self.continues_above.push(std::mem::take(&mut self.next_continues_above));
            }
            "cell" | "nestcell" | "row" | "nestrow" if self.state.destination == Destination::Text => {
                self.table_mark(word);
            }
            _ => {}
        }
    }

    fn table_mark(&mut self, word: &str) {
        match word {
            "cell" => self.grid.end_cell(&std::mem::take(&mut self.paragraph)),
            "nestcell" => self.grid.push_inner_cell(&std::mem::take(&mut self.paragraph)),
            "nestrow" => self.grid.end_inner_row(),
            _ => {
                let continues = &self.continues_above;
                self.grid.end_row(|column| continues.get(column).copied().unwrap_or(false));
            }
        }
        self.mark.clear();
    }

    /// A UTF-16 unit; what follows repeats it for old programs.
    fn push_unicode(&mut self, number: i32) {
        self.flush_bytes();
        let unit = (number & 0xffff) as u16;
        let high = self.high_surrogate.take();
        let units = [high.unwrap_or(unit), unit];
        match char::decode_utf16(units[usize::from(high.is_none())..].iter().copied()).next() {
            // The private use area holds the glyphs of symbol fonts.
            Some(Ok('\u{e000}'..='\u{f8ff}')) => {}
            Some(Ok(character)) => self.push_text(character.encode_utf8(&mut [0; 4])),
            _ => self.high_surrogate = Some(unit),
        }
        self.skip = self.state.unicode_skip;
    }

    fn end_paragraph(&mut self) {
        match self.state.destination {
            Destination::Text | Destination::HtmlTag if self.html.is_some() => return self.push_text("\n"),
            Destination::Footnote => return self.push_text("\n"),
            Destination::Text => {}
            _ => return,
        }
        let text = std::mem::take(&mut self.paragraph);
        let mark = std::mem::take(&mut self.mark);
        let mark = mark.trim();
        let is_numbered = mark.chars().any(char::is_alphanumeric);
        let marked = if is_numbered { format!("{mark} {text}") } else { text.clone() };
        let properties = self.state.properties;
        if properties.in_table {
            return self.grid.push_paragraph(&marked);
        }
        self.grid.flush(self.builder);
        match self.styles.role(&properties) {
            _ if text.trim().is_empty() => {}
            Role::Title => {
                self.about.title.get_or_insert_with(|| normalized(&text));
                self.builder.push_heading(1, &text);
            }
            Role::Heading(level) => self.builder.push_heading(level, &marked),
            Role::Body => {
                let is_item = properties.is_list_item || !mark.is_empty();
                let kind = if is_item { BlockKind::ListItem } else { BlockKind::Paragraph };
                self.builder.push(kind, &marked);
            }
        }
    }
}

/// `HYPERLINK "http://…" \o "tip"`.
fn link_target(instruction: &str) -> Option<&str> {
    let rest = instruction.trim().strip_prefix("HYPERLINK")?.trim_start();
    match rest.strip_prefix('"') {
        Some(quoted) => quoted.split('"').next(),
        None => rest.split_whitespace().next().filter(|word| !word.starts_with('\\')),
    }
}

fn iso_date([year, month, day, hour, minute]: [i32; 5]) -> Option<String> {
    let small = |number| i8::try_from(number).ok();
    let date = jiff::civil::date(1, 1, 1).with().year(i16::try_from(year).ok().filter(|year| *year > 0)?);
    let date = date.month(small(month)?).day(small(day)?).build().ok()?;
    let time = jiff::civil::Time::new(small(hour)?, small(minute)?, 0, 0).ok()?;
    Some(date.to_datetime(time).to_string())
}
