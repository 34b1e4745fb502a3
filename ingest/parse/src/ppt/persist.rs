//! Where in the stream the objects of the presentation lie. Each save appends what it changed and a directory of that;
//! the directories are linked from the newest to the oldest (MS-PPT 2.1.2).

use std::collections::HashMap;

use super::super::ParseError;
use super::super::ole::numbers::{u32_at, usize_at};
use super::records::{DOCUMENT, PERSIST_DIRECTORY, Record, USER_EDIT, records};

/// Saves whose directories are followed.
const MAX_EDITS: usize = 10_000;
const MAX_OBJECTS: usize = 1_000_000;

/// The number in the header of the user of a presentation with a password (MS-PPT 2.3.2).
const ENCRYPTED: u32 = 0xf3d1_c4df;
/// Length of the record of a save that names a key.
const EDIT_WITH_KEY_BYTES: usize = 32;

pub(super) struct Directory<'a> {
    stream: &'a [u8],
    places: HashMap<u32, usize>,
    pub document: Record<'a>,
}

impl<'a> Directory<'a> {
    /// None when no document can be found.
    ///
    /// # Errors
    /// The presentation is encrypted.
    pub fn read(stream: &'a [u8], current_user: &[u8]) -> Result<Option<Directory<'a>>, ParseError> {
        if u32_at(current_user, 12) == Some(ENCRYPTED) {
            return Err(ParseError::Encrypted);
        }
        let mut places = HashMap::new();
        let mut document = None;
        let mut next = usize_at(current_user, 16).filter(|place| edit_at(stream, *place).is_some());
        next = next.or_else(|| last_edit(stream));
        for _ in 0..MAX_EDITS {
            let Some((place, edit)) = next.and_then(|place| Some((place, edit_at(stream, place)?))) else { break };
            if edit.body.len() >= EDIT_WITH_KEY_BYTES && u32_at(edit.body, 28).is_some_and(|key| key != 0) {
                return Err(ParseError::Encrypted);
            }
            document = document.or(u32_at(edit.body, 16));
            if let Some(directory) = usize_at(edit.body, 12).and_then(|place| record_at(stream, place)) {
                add_places(&mut places, &directory);
            }
            // Each save lies behind the one before it.
            next = usize_at(edit.body, 8).filter(|before| *before > 0 && *before < place);
        }
        let document = document.and_then(|id| record_at(stream, *places.get(&id)?));
        let document = document.filter(|record| record.kind == DOCUMENT);
        let document = document.or_else(|| records(stream).filter(|record| record.kind == DOCUMENT).last());
        Ok(document.map(|document| Directory { stream, places, document }))
    }

    pub fn object(&self, id: u32) -> Option<Record<'a>> {
        record_at(self.stream, *self.places.get(&id)?)
    }
}

fn record_at(stream: &[u8], place: usize) -> Option<Record<'_>> {
    Record::read(stream.get(place..)?)
}

fn edit_at(stream: &[u8], place: usize) -> Option<Record<'_>> {
    record_at(stream, place).filter(|record| record.kind == USER_EDIT)
}

fn last_edit(stream: &[u8]) -> Option<usize> {
    let start = stream.as_ptr() as usize;
    let last = records(stream).filter(|record| record.kind == USER_EDIT).last()?;
    Some(last.body.as_ptr() as usize - start - 8)
}

/// Runs of places: the first id and their number share 32 bits. What a newer save said stays.
fn add_places(places: &mut HashMap<u32, usize>, directory: &Record<'_>) {
    let mut at = 0;
    while let Some(run) = u32_at(directory.body, at).filter(|_| directory.kind == PERSIST_DIRECTORY) {
        for index in 0..run >> 20 {
            let Some(place) = usize_at(directory.body, at + 4 + 4 * index as usize) else { return };
            if places.len() < MAX_OBJECTS {
                places.entry((run & 0xf_ffff) + index).or_insert(place);
            }
        }
        at += 4 + 4 * (run >> 20) as usize;
    }
}
