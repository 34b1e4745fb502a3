//! Characters with their formats → blocks.

use taproot_schemas::document::NoteKind;

use super::super::grid::Grid;
use super::super::text::TextBuilder;
use super::super::{BlockKind, ParseError};
use super::fib::{Fib, Table};
use super::formats::{self, CharacterFormat, ParagraphFormat, Runs};
use super::lists::Lists;
use super::pieces::{Pieces, Unit};
use super::styles::{Role, Styles};

/// Marks between characters (MS-DOC 2.4.2).
const CELL: char = '\u{7}';
const LINE_BREAK: char = '\u{b}';
const SECTION: char = '\u{c}';
const PARAGRAPH: char = '\r';
const COLUMN_BREAK: char = '\u{e}';
const FIELD_BEGIN: char = '\u{13}';
const FIELD_SEPARATOR: char = '\u{14}';
const FIELD_END: char = '\u{15}';
const HYPHEN: char = '\u{1e}';

/// Bytes of a field's code and result that are kept.
const MAX_FIELD_BYTES: usize = 2_000;

pub(super) fn push(builder: &mut TextBuilder, stream: &[u8], table: &[u8], fib: &Fib) -> Result<(), ParseError> {
    let pieces = fib.table(table, Table::Pieces).and_then(Pieces::read);
    let pieces = pieces.ok_or_else(|| ParseError::corrupt("the list of its pieces of text is missing"))?;
    let characters = fib.table(table, Table::CharacterFormats);
    let paragraphs = fib.table(table, Table::ParagraphFormats);
    let mut reader = Reader {
        builder,
        styles: fib.table(table, Table::Styles).map(Styles::read).unwrap_or_default(),
        characters: characters.map_or_else(Runs::empty, |index| formats::characters(stream, index)),
        paragraphs: paragraphs.map_or_else(Runs::empty, |index| formats::paragraphs(stream, index)),
        lists: match fib.table_and_rest(table, Table::Lists).zip(fib.table(table, Table::ListReferences)) {
            Some((lists, references)) => Lists::read(lists, references),
            None => Lists::default(),
        },
        text: String::new(),
        grid: Grid::default(),
        fields: Vec::new(),
        in_hidden: false,
    };
    for part in fib.parts() {
        let mut high = None;
        // Honest pieces do not overlap, so that there are no more characters than bytes.
        for Unit { unit, place } in pieces.units(stream, part).take(stream.len()) {
            if reader.builder.is_full() {
                return Ok(());
            }
            let units = [high.take().unwrap_or(unit), unit];
            let is_pair = matches!(units[0], 0xd800..0xdc00) && units[0] != unit;
            match char::decode_utf16(units[usize::from(!is_pair)..].iter().copied()).next() {
                Some(Ok(character)) => reader.take(character, place),
                _ => high = Some(unit),
            }
        }
        reader.end_part();
    }
    Ok(())
}

struct Reader<'a> {
    builder: &'a mut TextBuilder,
    styles: Styles,
    characters: Runs<CharacterFormat>,
    paragraphs: Runs<ParagraphFormat>,
    lists: Lists,
    /// Of the paragraph at hand.
    text: String,
    grid: Grid,
    /// Fields that are open, innermost last.
    fields: Vec<Field>,
    in_hidden: bool,
}

#[derive(Default)]
struct Field {
    code: String,
    /// The text that the field shows; none while its code is read.
    result: Option<String>,
}

impl Reader<'_> {
    fn take(&mut self, character: char, place: usize) {
        let format = self.characters.at(place);
        match character {
            FIELD_BEGIN => return self.fields.push(Field::default()),
            FIELD_SEPARATOR => {
                if let Some(field) = self.fields.last_mut() {
                    field.result = Some(String::new());
                }
                return;
            }
            FIELD_END => return self.end_field(),
            _ => {}
        }
        let is_mark = matches!(character, PARAGRAPH | CELL | SECTION);
        if format.is_deleted && !is_mark {
            return;
        }
        if let Some(field) = self.fields.iter_mut().rfind(|field| field.result.is_none()) {
            return push_bounded(&mut field.code, character);
        }
        if format.is_hidden && !is_mark {
            if !self.in_hidden && !character.is_whitespace() {
                self.in_hidden = true;
                self.builder.note(NoteKind::HiddenText, 1);
            }
            return;
        }
        self.in_hidden &= is_mark;
        match character {
            PARAGRAPH | SECTION => self.end_paragraph(&self.paragraphs.at(place)),
            CELL => self.end_cell(&self.paragraphs.at(place)),
            LINE_BREAK | COLUMN_BREAK => self.push('\n'),
            HYPHEN => self.push('\u{2011}'),
            // Glyphs of symbol fonts.
            '\u{e000}'..='\u{f8ff}' => {}
            _ => self.push(character),
        }
    }

    fn push(&mut self, character: char) {
        self.text.push(character);
        if let Some(result) = self.fields.last_mut().and_then(|field| field.result.as_mut()) {
            push_bounded(result, character);
        }
    }

    fn end_field(&mut self) {
        let Some(field) = self.fields.pop() else { return };
        let Some(result) = field.result else { return };
        if let Some(url) = field.code.trim().strip_prefix("HYPERLINK").and_then(|rest| rest.split('"').nth(1)) {
            self.builder.push_link(&result, url);
        }
    }

    fn end_paragraph(&mut self, format: &ParagraphFormat) {
        let text = std::mem::take(&mut self.text);
        if format.ends_inner_row {
            return self.grid.end_inner_row();
        }
        if format.ends_inner_cell {
            return self.grid.push_inner_cell(&text);
        }
        let list = self.styles.list(format).filter(|_| !text.trim().is_empty());
        let text = match list.and_then(|(list, level)| self.lists.next(list, level)) {
            Some(mark) => format!("{mark} {text}"),
            None => text,
        };
        if format.tables > 0 {
            return self.grid.push_paragraph(&text);
        }
        self.grid.flush(self.builder);
        let role = match format.outline_level {
            Some(level @ 0..9) => Role::Heading(level + 1),
            _ => self.styles.role(format.style),
        };
        match role {
            Role::Title => self.builder.push_heading(1, &text),
            Role::Heading(level) => self.builder.push_heading(level, &text),
            Role::Body if list.is_none() => drop(self.builder.push(BlockKind::Paragraph, &text)),
            Role::Body | Role::ListItem => drop(self.builder.push(BlockKind::ListItem, &text)),
        }
    }

    fn end_cell(&mut self, format: &ParagraphFormat) {
        let text = std::mem::take(&mut self.text);
        if format.ends_row {
            self.grid.end_row(|_| false);
        } else {
            self.grid.end_cell(&text);
        }
    }

    fn end_part(&mut self) {
        let text = std::mem::take(&mut self.text);
        self.grid.flush(self.builder);
        self.builder.push(BlockKind::Paragraph, &text);
        self.fields.clear();
    }
}

fn push_bounded(text: &mut String, character: char) {
    if text.len() < MAX_FIELD_BYTES {
        text.push(character);
    }
}

/// The text with the results of its fields and without their codes.
pub(super) fn without_fields(text: &str) -> String {
    let mut kept = String::new();
    // For each open field whether its result has begun.
    let mut fields: Vec<bool> = Vec::new();
    let mut codes = 0usize;
    for character in text.chars() {
        match character {
            FIELD_BEGIN => {
                fields.push(false);
                codes += 1;
            }
            FIELD_SEPARATOR => {
                if let Some(in_result @ false) = fields.last_mut() {
                    *in_result = true;
                    codes -= 1;
                }
            }
            FIELD_END => codes -= usize::from(fields.pop() == Some(false)),
            LINE_BREAK => kept.push('\n'),
            // A code that never ends does not swallow the paragraphs after it.
            PARAGRAPH => {
                fields.clear();
                codes = 0;
                kept.push(character);
            }
            _ if codes == 0 => kept.push(character),
            _ => {}
        }
    }
    kept
}
