//! The stream is a tree of records (MS-PPT 2.3.1), each with a header of eight bytes.

use super::super::ole::numbers::{u16_at, usize_at};

/// Types of records (MS-PPT 2.13.24), and of drawings (MS-ODRAW 2.2).
pub(super) const DOCUMENT: u16 = 0x03e8;
pub(super) const SLIDE_ATOM: u16 = 0x03ef;
pub(super) const SLIDE_PERSIST: u16 = 0x03f3;
pub(super) const PLACEHOLDER: u16 = 0x0bc3;
pub(super) const OUTLINE_REFERENCE: u16 = 0x0f9e;
pub(super) const TEXT_HEADER: u16 = 0x0f9f;
pub(super) const TEXT_CHARS: u16 = 0x0fa0;
pub(super) const TEXT_BYTES: u16 = 0x0fa8;
pub(super) const STRING: u16 = 0x0fba;
pub(super) const HYPERLINK: u16 = 0x0fd7;
pub(super) const SLIDE_LIST: u16 = 0x0ff0;
pub(super) const USER_EDIT: u16 = 0x0ff5;
pub(super) const PERSIST_DIRECTORY: u16 = 0x1772;
pub(super) const SHAPE_GROUP: u16 = 0xf003;
pub(super) const SHAPE: u16 = 0xf004;
pub(super) const TEXT_BOX: u16 = 0xf00d;
pub(super) const CHILD_ANCHOR: u16 = 0xf00f;
pub(super) const SHAPE_PROPERTIES: u16 = 0xf122;

/// Records in records; real files stay below fifteen.
const MAX_DEPTH: usize = 32;

#[derive(Debug, Clone, Copy)]
pub(super) struct Record<'a> {
    pub kind: u16,
    pub instance: u16,
    is_container: bool,
    pub body: &'a [u8],
}

impl<'a> Record<'a> {
    /// The record at the start of these bytes. One that is cut ends where they do.
    pub fn read(bytes: &'a [u8]) -> Option<Record<'a>> {
        let version = u16_at(bytes, 0)?;
        let body = bytes.get(8..)?;
        let length = usize_at(bytes, 4)?.min(body.len());
        Some(Record {
            kind: u16_at(bytes, 2)?,
            instance: version >> 4,
            is_container: version & 0xf == 0xf,
            body: &body[..length],
        })
    }

    pub fn children(&self) -> impl Iterator<Item = Record<'a>> + use<'a> {
        records(if self.is_container { self.body } else { &[] })
    }

    pub fn child(&self, kind: u16) -> Option<Record<'a>> {
        self.children().find(|record| record.kind == kind)
    }

    /// Hands out this record and all in it, in their order. Where `take` says no, what is in a record is left out.
    pub fn walk(&self, take: &mut impl FnMut(&Record<'a>) -> bool) {
        self.walk_from(0, take);
    }

    fn walk_from(&self, depth: usize, take: &mut impl FnMut(&Record<'a>) -> bool) {
        if take(self) && depth < MAX_DEPTH {
            self.children().for_each(|record| record.walk_from(depth + 1, take));
        }
    }

    /// The text of a text atom or a string.
    pub fn text(&self) -> String {
        if self.kind == TEXT_BYTES {
            // The lower halves of UTF-16 units.
            return self.body.iter().map(|byte| char::from(*byte)).collect();
        }
        let units: Vec<u16> = self.body.as_chunks::<2>().0.iter().map(|unit| u16::from_le_bytes(*unit)).collect();
        String::from_utf16_lossy(&units)
    }
}

/// Records that follow each other.
pub(super) fn records(mut bytes: &[u8]) -> impl Iterator<Item = Record<'_>> {
    std::iter::from_fn(move || {
        let record = Record::read(bytes)?;
        bytes = &bytes[8 + record.body.len()..];
        Some(record)
    })
}
