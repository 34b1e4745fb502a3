//! Slides and their notes → blocks.

use std::collections::HashMap;

use super::super::BlockKind;
use super::super::ole::numbers::u32_at;
use super::super::text::TextBuilder;
use super::persist::Directory;
use super::records::*;
use super::shapes::{self, BODY, CENTER_TITLE, HALF_BODY, NOTES, Piece, QUARTER_BODY, TITLE, Text};

/// Which list of slides a list is.
const SLIDES: u16 = 0;
const NOTES_PAGES: u16 = 2;

/// Slides of a presentation.
const MAX_SLIDES: usize = 10_000;

/// An entry in a list of slides.
struct Entry {
    object: u32,
    slide: u32,
    /// The texts of its placeholders.
    outline: Vec<Text>,
}

pub(super) fn push(builder: &mut TextBuilder, directory: &Directory<'_>) {
    let notes = entries(&directory.document, NOTES_PAGES).into_iter().map(|entry| (entry.slide, entry)).collect();
    for (index, entry) in entries(&directory.document, SLIDES).iter().take(MAX_SLIDES).enumerate() {
        if builder.is_full() {
            return;
        }
        builder.set_page(index as u32 + 1);
        push_slide(builder, directory, entry, &notes);
    }
    push_links(builder, &directory.document);
}

fn push_slide(builder: &mut TextBuilder, directory: &Directory<'_>, entry: &Entry, notes: &HashMap<u32, Entry>) {
    let Some(slide) = directory.object(entry.object) else {
        return entry.outline.iter().for_each(|text| push_text(builder, text));
    };
    for piece in shapes::read(&slide, &entry.outline) {
        match piece {
            Piece::Text(text) => push_text(builder, &text),
            Piece::Table(rows) => builder.push_table(&rows, rows.len() > 1),
        }
    }
    let notes = slide.child(SLIDE_ATOM).and_then(|atom| notes.get(&u32_at(atom.body, 16)?));
    let Some(page) = notes.and_then(|notes| directory.object(notes.object)) else { return };
    for piece in shapes::read(&page, notes.map_or(&[], |notes| &notes.outline)) {
        if let Piece::Text(text) = piece
            && text.purpose == NOTES
        {
            push_text(builder, &text);
        }
    }
}

fn entries(document: &Record<'_>, list: u16) -> Vec<Entry> {
    let mut found: Vec<Entry> = Vec::new();
    let lists = document.children().filter(|record| record.kind == SLIDE_LIST && record.instance == list);
    for list in lists {
        let records: Vec<Record<'_>> = list.children().collect();
        for group in records.chunk_by(|_, next| next.kind != SLIDE_PERSIST) {
            let Some(first) = group.first().filter(|first| first.kind == SLIDE_PERSIST) else { continue };
            if let (Some(object), Some(slide)) = (u32_at(first.body, 0), u32_at(first.body, 12)) {
                found.push(Entry { object, slide, outline: shapes::texts(group.iter().copied()) });
            }
        }
    }
    found
}

/// A text is paragraphs that end with `\r`; a vertical tab breaks a line.
fn push_text(builder: &mut TextBuilder, text: &Text) {
    if matches!(text.purpose, TITLE | CENTER_TITLE) {
        return builder.push_heading(1, &text.text.replace(['\r', '\u{b}'], "\n"));
    }
    let is_list = matches!(text.purpose, BODY | HALF_BODY | QUARTER_BODY);
    let kind = if is_list { BlockKind::ListItem } else { BlockKind::Paragraph };
    for paragraph in text.text.split('\r') {
        builder.push(kind, &paragraph.replace('\u{b}', "\n"));
    }
}

/// A link has a name (0) and an address (1).
fn push_links(builder: &mut TextBuilder, document: &Record<'_>) {
    document.walk(&mut |record| {
        if record.kind != HYPERLINK {
            return true;
        }
        let string = |instance| {
            record.children().find(|child| child.kind == STRING && child.instance == instance).map(|child| child.text())
        };
        builder.push_link(&string(0).unwrap_or_default(), &string(1).unwrap_or_default());
        false
    });
}

/// All texts of a stream whose structure is lost.
pub(super) fn push_anything(builder: &mut TextBuilder, stream: &[u8]) {
    for record in records(stream) {
        let mut found = Vec::new();
        record.walk(&mut |record| {
            found.push(*record);
            true
        });
        shapes::texts(found.into_iter()).iter().for_each(|text| push_text(builder, text));
    }
}
