//! The stylesheet (MS-DOC 2.9.271): which paragraph styles are headings. Built-in styles have numbers, the same in all
//! languages; a style of somebody's own is based on another.

use super::super::ole::numbers::u16_at;
use super::formats::{self, ParagraphFormat};

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Role {
    Title,
    /// From 1.
    Heading(u8),
    ListItem,
    Body,
}

#[derive(Default)]
pub(super) struct Styles {
    styles: Vec<Style>,
}

#[derive(Clone, Copy)]
struct Style {
    /// Number of a built-in style; 0x0ffe for one of somebody's own.
    built_in: u16,
    based_on: u16,
    format: ParagraphFormat,
}

/// Steps from a style to the ones it is based on that are followed; a cycle ends here.
const MAX_INHERITANCE: usize = 10;

impl Styles {
    pub fn read(table: &[u8]) -> Styles {
        let mut styles = Styles::default();
        let header_bytes = usize::from(u16_at(table, 0).unwrap_or(0));
        let count = usize::from(u16_at(table, 2).unwrap_or(0));
        let base_bytes = usize::from(u16_at(table, 4).unwrap_or(0));
        let mut rest = table.get(2 + header_bytes..).unwrap_or_default();
        for _ in 0..count {
            let Some(length) = u16_at(rest, 0).map(usize::from) else { break };
            let Some(stored) = rest.get(2..2 + length) else { break };
            // A style of no bytes is an empty place.
            styles.styles.push(Style {
                built_in: u16_at(stored, 0).map_or(0xffe, |number| number & 0x0fff),
                based_on: u16_at(stored, 2).map_or(0xfff, |number| number >> 4),
                format: paragraph_format(stored, base_bytes).unwrap_or_default(),
            });
            // Styles begin at even places.
            rest = rest.get(2 + length + length % 2..).unwrap_or_default();
        }
        styles
    }

    pub fn role(&self, style: u16) -> Role {
        let mut number = style;
        for _ in 0..MAX_INHERITANCE {
            let Some(style) = self.styles.get(usize::from(number)) else { break };
            match (style.built_in, style.format.outline_level) {
                (62, _) => return Role::Title,
                (level @ 1..=9, _) => return Role::Heading(level as u8),
                (_, Some(level @ 0..9)) => return Role::Heading(level + 1),
                // List, List Bullet and List Number with their levels.
                (47..=62, _) => return Role::ListItem,
                _ => number = style.based_on,
            }
        }
        Role::Body
    }

    /// List and level of a paragraph: its own, or those of its style.
    pub fn list(&self, format: &ParagraphFormat) -> Option<(u16, u8)> {
        let mut list = format.list.map(|list| (list, format.list_level));
        let mut number = format.style;
        for _ in 0..MAX_INHERITANCE {
            let Some(style) = self.styles.get(usize::from(number)).filter(|_| list.is_none()) else { break };
            list = style.format.list.map(|list| (list, style.format.list_level));
            number = style.based_on;
        }
        list.filter(|(list, _)| *list > 0)
    }
}

/// The paragraph format of a style, which follows its name.
fn paragraph_format(stored: &[u8], base_bytes: usize) -> Option<ParagraphFormat> {
    // Only paragraph styles have one; the kind stands in four bits.
    if u16_at(stored, 2)? & 0xf != 1 {
        return None;
    }
    let name_units = usize::from(u16_at(stored, base_bytes)?);
    // Length, name, zero.
    let changes = stored.get(base_bytes + 2 * (name_units + 2)..)?;
    let length = usize::from(u16_at(changes, 0)?);
    Some(formats::paragraph(0, changes.get(4..2 + length)?))
}
