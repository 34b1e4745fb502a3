//! One slide of a presentation → blocks. Shared by .pptx and .odp.
//!
//! The title comes first whatever the order on the slide, as a heading; speaker notes come last, as paragraphs on the
//! same page. A slide without a title stands under no heading.

use super::BlockKind;
use super::text::TextBuilder;

#[derive(Debug, Default)]
pub(crate) struct Slide {
    /// Text of the title, of all its paragraphs.
    pub title: String,
    pub pieces: Vec<Piece>,
    pub notes: Vec<String>,
}

#[derive(Debug)]
pub(crate) enum Piece {
    Paragraph(String),
    ListItem(String),
    /// Rows of cells; whether the first is the header.
    Table(Vec<Vec<String>>, bool),
}

impl Slide {
    /// Appends the slide as page `number` (from 1).
    pub fn write(self, builder: &mut TextBuilder, number: u32) {
        builder.set_page(number);
        builder.end_sections();
        builder.push_heading(1, &self.title);
        for piece in self.pieces {
            piece.write(builder);
        }
        for note in self.notes {
            builder.push(BlockKind::Paragraph, &note);
        }
    }
}

impl Piece {
    pub fn write(self, builder: &mut TextBuilder) {
        match self {
            Piece::Paragraph(text) => drop(builder.push(BlockKind::Paragraph, &text)),
            Piece::ListItem(text) => drop(builder.push(BlockKind::ListItem, &text)),
            Piece::Table(rows, has_header) => builder.push_table(&rows, has_header),
        }
    }
}
