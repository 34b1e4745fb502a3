//! Blocks → the text of a document, its offsets and its outline. The only place where a document's text is built.
//!
//! White space inside a block is normalised here, so that a quote of the text reads well whatever the file looked
//! like: runs of white space become one space, a line break between two Chinese or Japanese characters becomes
//! nothing, control characters go. Only code keeps its lines. Characters that nobody sees (zero width, tags, controls of
//! the direction of writing) go as well, and runs of them are noted as hidden text: they carry what a reader is not to
//! see. Joiners stay where a script needs them.

use std::collections::{BTreeMap, HashSet};

use serde::{Deserialize, Serialize};
use taproot_schemas::document::{Link, NoteKind, OutlineEntry};

use super::{ParseError, ParsedDocument};

/// A piece of the text that belongs together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Block {
    /// Offset of the first character (Unicode scalar values of the document's text).
    pub start: usize,
    /// Offset after the last character.
    pub end: usize,
    pub kind: BlockKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BlockKind {
    Heading {
        /// 1 (outermost) to 6.
        level: u8,
    },
    Paragraph,
    ListItem,
    /// Cells are joined by ` | `.
    TableRow {
        /// Index of the block that is the header row of this row's table; none for that row itself, and in a table
        /// without one.
        header: Option<usize>,
    },
    Code,
}

/// A finished text.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct BuiltText {
    pub text: String,
    pub blocks: Vec<Block>,
    pub outline: Vec<OutlineEntry>,
    pub links: Vec<Link>,
    pub notes: BTreeMap<NoteKind, u32>,
}

impl BuiltText {
    /// A document of this text that says nothing else of itself.
    pub fn into_document(self, media_type: &str) -> ParsedDocument {
        ParsedDocument {
            text: self.text,
            outline: self.outline,
            blocks: self.blocks,
            links: self.links,
            notes: self.notes,
            media_type: media_type.to_owned(),
            ..ParsedDocument::default()
        }
    }
}

/// Builds the text of one document block by block.
#[derive(Debug)]
pub(crate) struct TextBuilder {
    built: BuiltText,
    /// Length of the text so far.
    chars: usize,
    limit_chars: usize,
    page: Option<u32>,
    /// Headings that hold at this point, outermost first, with their levels.
    path: Vec<(u8, String)>,
    /// Addresses that are among the links.
    linked: HashSet<String>,
}

/// Links that are kept of a document, and how much of each.
const MAX_LINKS: usize = 1_000;
const MAX_LINK_CHARS: usize = 200;
const MAX_URL_BYTES: usize = 2_000;

/// Separates the cells of a table row.
pub(crate) const CELL_SEPARATOR: &str = " | ";

impl TextBuilder {
    pub fn new(limit_chars: usize) -> TextBuilder {
        TextBuilder {
            built: BuiltText::default(),
            chars: 0,
            limit_chars,
            page: None,
            path: Vec::new(),
            linked: HashSet::new(),
        }
    }

    /// From here on the text stands on page `page` (from 1).
    pub fn set_page(&mut self, page: u32) {
        self.page = Some(page);
    }

    /// Starts a section. `level` is brought into 1 to 6.
    pub fn push_heading(&mut self, level: u8, text: &str) {
        let level = level.clamp(1, 6);
        self.note(NoteKind::HiddenText, invisible_runs(text));
        let text = normalized(text);
        if text.is_empty() {
            return;
        }
        self.path.retain(|(outer, _)| *outer < level);
        self.path.push((level, text.clone()));
        self.append(BlockKind::Heading { level }, &text);
    }

    /// What follows stands under no heading.
    pub fn end_sections(&mut self) {
        self.path.clear();
    }

    /// Appends a block and returns its index; none when nothing is left of `text`.
    pub fn push(&mut self, kind: BlockKind, text: &str) -> Option<usize> {
        self.note(NoteKind::HiddenText, invisible_runs(text));
        let text = if kind == BlockKind::Code { code_lines(text) } else { normalized(text) };
        if text.is_empty() {
            return None;
        }
        self.append(kind, &text);
        Some(self.built.blocks.len() - 1)
    }

    /// Appends a table. With `first_is_header` its first row is the header of the others.
    pub fn push_table(&mut self, rows: &[Vec<String>], first_is_header: bool) {
        let mut header = None;
        for (index, row) in rows.iter().enumerate() {
            row.iter().for_each(|cell| self.note(NoteKind::HiddenText, invisible_runs(cell)));
            let mut cells: Vec<String> = row.iter().map(|cell| normalized(cell)).collect();
            while cells.last().is_some_and(String::is_empty) {
                cells.pop();
            }
            let pushed = self.push(BlockKind::TableRow { header }, &cells.join(CELL_SEPARATOR));
            if index == 0 && first_is_header {
                header = pushed;
            }
        }
    }

    /// The text points to `url`. Addresses inside the document itself are left out, as is what a page runs.
    pub fn push_link(&mut self, text: &str, url: &str) {
        let url = url.trim();
        let leads_out = ["http://", "https://", "mailto:", "ftp://"]
            .iter()
            .any(|scheme| url.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme)));
        let fits = self.built.links.len() < MAX_LINKS && url.len() <= MAX_URL_BYTES;
        if leads_out && fits && self.linked.insert(url.to_owned()) {
            let text = normalized(text).chars().take(MAX_LINK_CHARS).collect();
            self.built.links.push(Link { text, url: url.to_owned() });
        }
    }

    /// Records what was left out of the text, or found in it.
    pub fn note(&mut self, kind: NoteKind, count: u32) {
        if count > 0 {
            let noted = self.built.notes.entry(kind).or_default();
            *noted = noted.saturating_add(count);
        }
    }

    /// The text is already longer than the limit; there is no use in going on.
    pub fn is_full(&self) -> bool {
        self.chars > self.limit_chars
    }

    /// Nothing was pushed so far.
    pub fn is_blank(&self) -> bool {
        self.built.blocks.is_empty()
    }

    /// # Errors
    /// [`ParseError::Empty`] without any text, [`ParseError::TooLong`] above the limit.
    pub fn finish(self) -> Result<BuiltText, ParseError> {
        if self.is_full() {
            return Err(ParseError::TooLong { limit_chars: self.limit_chars });
        }
        if self.built.blocks.is_empty() {
            return Err(ParseError::Empty);
        }
        Ok(self.built)
    }

    /// `text` is normalised and not empty.
    fn append(&mut self, kind: BlockKind, text: &str) {
        if self.is_full() {
            return;
        }
        if let Some(last) = self.built.blocks.last() {
            let separator = separator(last.kind, kind);
            self.built.text.push_str(separator);
            self.chars += separator.len();
        }
        let start = self.chars;
        self.built.text.push_str(text);
        self.chars += text.chars().count();
        self.built.blocks.push(Block { start, end: self.chars, kind });
        self.extend_outline(start);
    }

    fn extend_outline(&mut self, start: usize) {
        let (page, heading) = match self.built.outline.last() {
            Some(last) => (last.page, last.heading.as_slice()),
            None => (None, [].as_slice()),
        };
        if page != self.page || !heading.iter().eq(self.path.iter().map(|(_, text)| text)) {
            let heading = self.path.iter().map(|(_, text)| text.clone()).collect();
            self.built.outline.push(OutlineEntry { start, page: self.page, heading });
        }
    }
}

fn separator(before: BlockKind, after: BlockKind) -> &'static str {
    match (before, after) {
        (BlockKind::ListItem, BlockKind::ListItem) => "\n",
        (BlockKind::TableRow { .. }, BlockKind::TableRow { .. }) => "\n",
        _ => "\n\n",
    }
}

/// One line of text: see the head of this file for the rules.
pub(crate) fn normalized(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut last = None;
    let mut space = false;
    let mut line_break = false;
    for character in text.chars() {
        if character.is_whitespace() {
            space = true;
            line_break |= matches!(character, '\n' | '\r' | '\u{2028}' | '\u{2029}');
            continue;
        }
        if is_dropped(character) || is_idle_joiner(last, character) {
            continue;
        }
        if let Some(last) = last
            && space
            && !(line_break && writes_without_spaces(last) && writes_without_spaces(character))
        {
            out.push(' ');
        }
        out.push(character);
        last = Some(character);
        (space, line_break) = (false, false);
    }
    out
}

/// Appends a line to the lines before it. A hyphen that only breaks a word goes.
pub(crate) fn join_line(text: &mut String, line: &str) {
    let mut last = text.chars().rev();
    let breaks_word = matches!(last.next(), Some('-' | '\u{2010}' | '\u{ad}'))
        && last.next().is_some_and(char::is_lowercase)
        && line.starts_with(char::is_lowercase);
    if breaks_word {
        text.pop();
    } else if !text.is_empty() {
        text.push('\n');
    }
    text.push_str(line);
}

/// Code keeps its lines and its indentation; empty lines around it and white space at line ends go.
fn code_lines(text: &str) -> String {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let lines: Vec<String> = text
        .split('\n')
        .map(|line| {
            let mut kept = String::with_capacity(line.len());
            for character in line.chars() {
                let is_idle = is_idle_joiner(kept.chars().next_back(), character);
                if character == '\t' || !(is_dropped(character) || is_idle) {
                    kept.push(character);
                }
            }
            kept.trim_end().to_owned()
        })
        .collect();
    let first = lines.iter().position(|line| !line.is_empty()).unwrap_or(lines.len());
    let end = lines.iter().rposition(|line| !line.is_empty()).map_or(first, |last| last + 1);
    lines[first..end].join("\n")
}

/// Characters that carry no text: controls, byte order marks, soft hyphens, marks of direction, non-characters, and what
/// nobody sees.
fn is_dropped(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{feff}' | '\u{ad}' | '\u{200e}' | '\u{200f}' | '\u{61c}' | '\u{fffe}' | '\u{ffff}')
        || is_invisible(character)
}

/// Characters that honest text seldom has and that nobody sees.
fn is_invisible(character: char) -> bool {
    matches!(character,
        '\u{200b}' | '\u{2060}'..='\u{2064}' | '\u{180e}' // zero width, invisible operators
        | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{206f}' // embeddings and overrides of direction
        | '\u{fff9}'..='\u{fffb}' | '\u{1d173}'..='\u{1d17a}' // annotations, notation of music
        | '\u{e0000}'..='\u{e0fff}') // tags and supplementary variation selectors
}

/// Whether this is a joiner (ZWJ, ZWNJ) that joins nothing: those of Arabic, Persian, Indic and Mongolian words and of
/// emoji change what a reader sees.
fn is_idle_joiner(before: Option<char>, character: char) -> bool {
    let joins = |before: char| {
        matches!(before,
            '\u{600}'..='\u{109f}' | '\u{1780}'..='\u{18af}' | '\u{a8e0}'..='\u{a8ff}' | '\u{fb50}'..='\u{fdff}'
            | '\u{fe70}'..='\u{fefc}' | '\u{2600}'..='\u{27bf}' | '\u{fe0f}' | '\u{1f000}'..='\u{1faff}')
    };
    matches!(character, '\u{200c}' | '\u{200d}') && !before.is_some_and(joins)
}

/// Runs of characters that nobody sees.
fn invisible_runs(text: &str) -> u32 {
    if text.is_ascii() {
        return 0;
    }
    let (mut runs, mut before, mut in_run) = (0, None, false);
    for character in text.chars() {
        let is_hidden = is_invisible(character) || is_idle_joiner(before, character);
        runs += u32::from(is_hidden && !in_run);
        in_run = is_hidden;
        if !is_hidden {
            before = Some(character);
        }
    }
    runs
}

/// Scripts in which a line break inside a paragraph stands for nothing: Chinese and Japanese with their punctuation.
/// Korean has spaces between words.
pub(crate) fn writes_without_spaces(character: char) -> bool {
    matches!(character,
        '\u{2e80}'..='\u{30ff}'      // radicals, CJK punctuation, kana
        | '\u{31f0}'..='\u{31ff}'    // kana extensions
        | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}'
        | '\u{fe30}'..='\u{fe4f}'    // vertical forms
        | '\u{ff00}'..='\u{ffef}'    // full-width forms
        | '\u{20000}'..='\u{3ffff}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[derive(Debug, Clone)]
    enum Step {
        Heading(u8, String),
        Push(BlockKind, String),
        Table(Vec<Vec<String>>, bool),
        Page(u32),
    }

    fn any_step() -> impl Strategy<Value = Step> {
        let text = || prop_oneof!["\\PC{0,20}", ".{0,20}", "[a中\n\t\0\u{feff}\u{200b}\u{200d}م ]{0,12}"];
        let kind = prop_oneof![Just(BlockKind::Paragraph), Just(BlockKind::ListItem), Just(BlockKind::Code)];
        prop_oneof![
            (any::<u8>(), text()).prop_map(|(level, text)| Step::Heading(level, text)),
            (kind, text()).prop_map(|(kind, text)| Step::Push(kind, text)),
            (prop::collection::vec(prop::collection::vec(text(), 0..3), 0..4), any::<bool>())
                .prop_map(|(rows, header)| Step::Table(rows, header)),
            (1u32..5).prop_map(Step::Page),
        ]
    }

    fn build(steps: &[Step], limit_chars: usize) -> Result<BuiltText, ParseError> {
        let mut builder = TextBuilder::new(limit_chars);
        for step in steps {
            match step {
                Step::Heading(level, text) => builder.push_heading(*level, text),
                Step::Push(kind, text) => drop(builder.push(*kind, text)),
                Step::Table(rows, header) => builder.push_table(rows, *header),
                Step::Page(page) => builder.set_page(*page),
            }
        }
        builder.finish()
    }

    proptest! {
        #[test]
        fn blocks_tile_the_text(steps in prop::collection::vec(any_step(), 0..20)) {
            let Ok(built) = build(&steps, usize::MAX) else { return Ok(()) };
            let characters: Vec<char> = built.text.chars().collect();
            let mut at = 0;
            for (index, block) in built.blocks.iter().enumerate() {
                let gap: String = characters[at..block.start].iter().collect();
                prop_assert_eq!(&gap, if index == 0 { "" } else { separator(built.blocks[index - 1].kind, block.kind) });
                prop_assert!(block.start < block.end && block.end <= characters.len());
                let text: String = characters[block.start..block.end].iter().collect();
                let dropped = text.contains(['\0', '\u{feff}', '\r']);
                prop_assert!(!dropped);
                if block.kind != BlockKind::Code {
                    prop_assert_eq!(&normalized(&text), &text);
                }
                if let BlockKind::TableRow { header: Some(header) } = block.kind {
                    prop_assert!(header < index);
                    let is_row = matches!(built.blocks[header].kind, BlockKind::TableRow { header: None });
                    prop_assert!(is_row);
                }
                at = block.end;
            }
            prop_assert_eq!(at, characters.len());
        }

        #[test]
        fn the_outline_changes_at_blocks_only(steps in prop::collection::vec(any_step(), 0..20)) {
            let Ok(built) = build(&steps, usize::MAX) else { return Ok(()) };
            let nothing = OutlineEntry { start: 0, page: None, heading: Vec::new() };
            let mut before = &nothing;
            for (index, entry) in built.outline.iter().enumerate() {
                prop_assert!(index == 0 || before.start < entry.start);
                prop_assert!(built.blocks.iter().any(|block| block.start == entry.start));
                prop_assert!((&before.page, &before.heading) != (&entry.page, &entry.heading));
                before = entry;
            }
        }

        #[test]
        fn a_long_text_is_refused(steps in prop::collection::vec(any_step(), 0..20), limit in 0usize..40) {
            match build(&steps, usize::MAX) {
                Ok(whole) if whole.text.chars().count() > limit => {
                    prop_assert_eq!(build(&steps, limit), Err(ParseError::TooLong { limit_chars: limit }));
                }
                whole => prop_assert_eq!(build(&steps, limit), whole),
            }
        }
    }

    #[test]
    fn white_space_inside_a_block() {
        let check = |text: &str, expected: &str| assert_eq!(normalized(text), expected, "{text:?}");
        check("  one\n two\t three\u{a0}", "one two three");
        check("年假\n申请", "年假申请");
        check("年假 申请", "年假 申请");
        check("年假\nHR", "年假 HR");
        check("휴가\n신청", "휴가 신청");
        check("a\0b\u{7}\u{feff}c soft\u{ad}hyphen", "abc softhyphen");
    }

    #[test]
    fn what_nobody_sees_is_taken_out_and_counted() {
        let check = |text: &str, expected: &str, runs: u32| {
            let mut builder = TextBuilder::new(1000);
            builder.push(BlockKind::Paragraph, text);
            let built = builder.finish().unwrap();
            let noted = built.notes.get(&NoteKind::HiddenText).copied().unwrap_or(0);
            assert_eq!((built.text.as_str(), noted), (expected, runs), "{text:?}");
        };
        check("a\u{200b}\u{200b}b\u{2060}c", "abc", 2);
        check("pay\u{e0069}\u{e0067}\u{e006e} now", "pay now", 1);
        check("\u{202e}drow\u{202c} \u{2066}x\u{2069}", "drow x", 4);
        // Marks of direction in Hebrew, joiners in Persian, Hindi and emoji.
        check("שלום\u{200f} a", "שלום a", 0);
        check("می\u{200c}خواهم", "می\u{200c}خواهم", 0);
        check("क्\u{200d}ष", "क्\u{200d}ष", 0);
        check("👩\u{200d}💻 ❤\u{fe0f}\u{200d}🔥", "👩\u{200d}💻 ❤\u{fe0f}\u{200d}🔥", 0);
        check("a\u{200d}\u{200c}b", "ab", 1);
    }

    #[test]
    fn headings_nest_by_level() {
        let mut builder = TextBuilder::new(1000);
        builder.push_heading(1, "Leave");
        builder.push_heading(3, "Parental");
        builder.push(BlockKind::Paragraph, "Sixteen weeks.");
        builder.set_page(2);
        builder.push_heading(2, "Sick");
        let outline = builder.finish().unwrap().outline;
        let shown: Vec<_> = outline.iter().map(|e| (e.start, e.page, e.heading.join("/"))).collect();
        assert_eq!(
            shown,
            [(0, None, "Leave".into()), (7, None, "Leave/Parental".into()), (33, Some(2), "Leave/Sick".into())]
        );
    }

    #[test]
    fn code_keeps_its_lines() {
        let mut builder = TextBuilder::new(1000);
        builder.push(BlockKind::Code, "\r\n\r\nfn main() {\r\n\tbody  \r\n}\r\n\r\n");
        assert_eq!(builder.finish().unwrap().text, "fn main() {\n\tbody\n}");
    }
}
