//! The drawing of a slide → its texts and tables.

use std::collections::BTreeSet;

use super::super::ole::numbers::{u16_at, u32_at};
use super::records::*;

/// What a text is for (MS-PPT 2.13.33); the others are free texts.
pub(super) const TITLE: u32 = 0;
pub(super) const BODY: u32 = 1;
pub(super) const NOTES: u32 = 2;
pub(super) const CENTER_TITLE: u32 = 6;
pub(super) const HALF_BODY: u32 = 7;
pub(super) const QUARTER_BODY: u32 = 8;

/// Placeholders of date, slide number, footer and header (MS-PPT 2.13.21).
const RUNNING: std::ops::RangeInclusive<u8> = 7..=10;

/// Property of a group of shapes that is a table (MS-ODRAW 2.3.4.37).
const TABLE_PROPERTY: u16 = 0x039f;
/// Cells of a table that are laid out; more become lines of text.
const MAX_CELLS: usize = 10_000;
const MAX_PLACES: usize = 40_000;
const MAX_REPEATED_BYTES: usize = 200;
const MAX_SPAN: usize = 64;

struct Cell {
    left: i32,
    top: i32,
    right: i32,
    bottom: i32,
    text: String,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Text {
    pub purpose: u32,
    pub text: String,
}

pub(super) enum Piece {
    Text(Text),
    Table(Vec<Vec<String>>),
}

/// Texts among records that follow each other: a header, then the text.
pub(super) fn texts<'a>(records: impl Iterator<Item = Record<'a>>) -> Vec<Text> {
    let mut purpose = u32::MAX;
    let mut found = Vec::new();
    for record in records {
        match record.kind {
            TEXT_HEADER => purpose = u32_at(record.body, 0).unwrap_or(u32::MAX),
            TEXT_CHARS | TEXT_BYTES => found.push(Text { purpose, text: record.text() }),
            _ => {}
        }
    }
    found
}

/// What stands on a slide, in the order of its shapes. `outline` holds the texts that the slide only refers to.
pub(super) fn read(slide: &Record<'_>, outline: &[Text]) -> Vec<Piece> {
    let mut pieces = Vec::new();
    slide.walk(&mut |record| match record.kind {
        SHAPE_GROUP if is_table(record) => {
            pieces.push(Piece::Table(table(record, outline)));
            false
        }
        SHAPE => {
            pieces.extend(text_of(record, outline).into_iter().map(Piece::Text));
            false
        }
        _ => true,
    });
    pieces
}

fn text_of(shape: &Record<'_>, outline: &[Text]) -> Vec<Text> {
    let (mut is_running, mut found) = (false, Vec::new());
    shape.walk(&mut |record| {
        match record.kind {
            PLACEHOLDER => is_running |= record.body.get(4).is_some_and(|kind| RUNNING.contains(kind)),
            TEXT_BOX => {
                for reference in record.children().filter(|child| child.kind == OUTLINE_REFERENCE) {
                    let index = u32_at(reference.body, 0).and_then(|index| usize::try_from(index).ok());
                    found.extend(index.and_then(|index| outline.get(index)).cloned());
                }
                found.extend(texts(record.children()));
            }
            _ => {}
        }
        true
    });
    if is_running { Vec::new() } else { found }
}

/// The first shape of a group stands for the group itself.
fn is_table(group: &Record<'_>) -> bool {
    let properties = group.child(SHAPE).and_then(|shape| shape.child(SHAPE_PROPERTIES));
    properties.is_some_and(|properties| {
        properties.body.chunks_exact(6).take(usize::from(properties.instance)).any(|property| {
            u16_at(property, 0).is_some_and(|number| number & 0x3fff == TABLE_PROPERTY)
                && u32_at(property, 2).is_some_and(|flags| flags & 1 == 1)
        })
    })
}

/// Cells lie in rows and columns by where they are drawn.
fn table(group: &Record<'_>, outline: &[Text]) -> Vec<Vec<String>> {
    let mut cells = Vec::new();
    for shape in group.children().filter(|child| child.kind == SHAPE).take(MAX_CELLS) {
        let Some(anchor) = shape.child(CHILD_ANCHOR) else { continue };
        let side = |at| u32_at(anchor.body, at).map(|place| place as i32);
        let (Some(left), Some(top), Some(right), Some(bottom)) = (side(0), side(4), side(8), side(12)) else {
            continue;
        };
        let texts = text_of(&shape, outline);
        if !texts.is_empty() {
            let text = texts.into_iter().map(|text| text.text).collect::<Vec<_>>().join("\n");
            cells.push(Cell { left, top, right, bottom, text });
        }
    }
    let tops: BTreeSet<i32> = cells.iter().map(|cell| cell.top).collect();
    let lefts: BTreeSet<i32> = cells.iter().map(|cell| cell.left).collect();
    if tops.len() * lefts.len() > MAX_PLACES {
        return cells.into_iter().map(|cell| vec![cell.text]).collect();
    }
    let mut rows = vec![vec![String::new(); lefts.len()]; tops.len()];
    for cell in cells {
        // A merged cell repeats its text, so that each row can be read alone; a page of text does not.
        let covered = if cell.text.len() <= MAX_REPEATED_BYTES { MAX_SPAN } else { 1 };
        for row in covers(&tops, cell.top, cell.bottom).take(covered) {
            for column in covers(&lefts, cell.left, cell.right).take(covered) {
                rows[row][column].clone_from(&cell.text);
            }
        }
    }
    rows
}

/// Which of the places a cell from `start` to `end` covers; `start` is one of them.
fn covers(places: &BTreeSet<i32>, start: i32, end: i32) -> std::ops::Range<usize> {
    places.range(..start).count()..places.range(..end.max(start.saturating_add(1))).count()
}
