//! What a paragraph is: its style, its level, its table.

use std::collections::HashMap;

use super::super::docx::styles::{heading_level, is_title};

const MAX_STYLES: usize = 10_000;

/// Properties of the paragraph at hand; `\pard` resets them.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Properties {
    pub style: i32,
    /// From 0, as in the file; 9 stands for body text.
    pub outline_level: Option<u8>,
    pub is_list_item: bool,
    pub in_table: bool,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Role {
    Title,
    /// From 1.
    Heading(u8),
    Body,
}

/// The paragraph styles by number.
#[derive(Default)]
pub(super) struct Styles {
    styles: HashMap<i32, Role>,
}

impl Styles {
    /// A style of the stylesheet: its properties and its name.
    pub fn add(&mut self, properties: Properties, name: &str) {
        let name = name.trim().trim_end_matches(';').trim();
        let role = if is_title(name) {
            Role::Title
        } else {
            heading_level(name).map(Role::Heading).unwrap_or_else(|| of_level(properties.outline_level))
        };
        if self.styles.len() < MAX_STYLES {
            self.styles.insert(properties.style, role);
        }
    }

    pub fn role(&self, properties: &Properties) -> Role {
        match properties.outline_level {
            None => self.styles.get(&properties.style).copied().unwrap_or(Role::Body),
            level => of_level(level),
        }
    }
}

fn of_level(level: Option<u8>) -> Role {
    match level {
        Some(level @ 0..9) => Role::Heading(level + 1),
        _ => Role::Body,
    }
}
