//! Bytes of a file → documents with blocks, heading paths, pages and character offsets.
//!
//! In: the name and the content of one file. Out: one [`ParsedDocument`] for most formats, many for a `.jsonl` file,
//! handed to a sink one by one. Every parser is a plain function; it has no I/O, no clock and no state, and it may
//! panic, overflow its stack or run for ever on a hostile file. That is why this module runs in the parser child only
//! (see `sandbox`). What the text means (duplicates, hidden text, language) is not decided here.
//!
//! Adding a format: one file with a `parse` and, for a binary format, a `recognises`; one line in [`detect::FORMATS`].

mod detect;
mod docx;
mod encoding;
mod error;
mod html;
mod jsonl;
mod markdown;
mod pdf;
mod plain;
mod text;
mod xml;

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use serde::{Deserialize, Serialize};
use taproot_schemas::document::OutlineEntry;

pub use error::ParseError;
pub use text::{Block, BlockKind};

/// The text of one document, and how it is built up.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ParsedDocument {
    /// The id of a line of a `.jsonl` file; none for a file that is one document.
    pub key: Option<String>,
    /// What the document calls itself; none when it does not say.
    pub title: Option<String>,
    pub text: String,
    /// One entry wherever the page or the heading path changes; empty when there is neither.
    pub outline: Vec<OutlineEntry>,
    /// In the order of the text, without overlap.
    pub blocks: Vec<Block>,
    /// Media type by content, for example `text/markdown`.
    pub media_type: String,
    /// What the document says of itself besides its title: author, date, URL, …
    pub metadata: BTreeMap<String, serde_json::Value>,
}

/// What a parser hands out.
#[derive(Debug, Clone, PartialEq)]
pub enum Parsed {
    Document(ParsedDocument),
    /// One line of a `.jsonl` file could not be read; the lines after it follow.
    LineFailed(LineFailure),
}

/// A line of a `.jsonl` file that is not a document.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LineFailure {
    /// Counts from 1.
    pub line: u64,
    pub code: taproot_schemas::job::FileErrorCode,
    pub reason: String,
}

/// Takes what a parser hands out; `Break` ends the parse early, without an error.
pub type Sink<'a> = dyn FnMut(Parsed) -> ControlFlow<()> + 'a;

/// Bounds of the result, whatever the file says.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct ParseLimits {
    /// A document with more text than this is refused.
    pub max_document_chars: usize,
    /// Bytes that one member of an archive, or one stream, may expand to.
    pub max_expanded_bytes: u64,
}

/// A file as the parsers see it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Source<'a> {
    pub bytes: &'a [u8],
    pub media_type: &'static str,
    pub limits: ParseLimits,
}

/// Parses one file and hands what it holds to `sink`. The format is told by content first, by `name` second.
///
/// # Errors
/// The file as a whole cannot be used: see [`ParseError`]. Documents that reached the sink before stay valid.
pub fn parse(name: &str, bytes: &[u8], limits: ParseLimits, sink: &mut Sink<'_>) -> Result<(), ParseError> {
    let format = detect::detect(name, bytes)?;
    (format.parse)(&Source { bytes, media_type: format.media_type, limits }, sink)
}

#[cfg(test)]
pub(crate) mod testing {
    //! Shared by the tests of the formats: parse a file, show its blocks as text.

    use super::*;

    pub const LIMITS: ParseLimits = ParseLimits { max_document_chars: 100_000, max_expanded_bytes: 10 << 20 };

    pub fn documents(name: &str, bytes: &[u8]) -> Result<Vec<ParsedDocument>, ParseError> {
        let mut found = Vec::new();
        parse(name, bytes, LIMITS, &mut |parsed| {
            if let Parsed::Document(document) = parsed {
                found.push(document);
            }
            ControlFlow::Continue(())
        })?;
        Ok(found)
    }

    pub fn document(name: &str, bytes: &[u8]) -> ParsedDocument {
        let mut found = documents(name, bytes).expect("the file parses");
        assert_eq!(found.len(), 1, "{name} is one document");
        found.remove(0)
    }

    /// One line for each block: its kind, its text, and its heading path where it has one.
    pub fn outline_of(document: &ParsedDocument) -> String {
        let characters: Vec<char> = document.text.chars().collect();
        let mut lines = Vec::new();
        for (index, block) in document.blocks.iter().enumerate() {
            let text: String = characters[block.start..block.end].iter().collect();
            let kind = match block.kind {
                BlockKind::Heading { level } => format!("h{level}"),
                BlockKind::Paragraph => "p".to_owned(),
                BlockKind::ListItem => "li".to_owned(),
                BlockKind::TableRow { header: Some(header) } => format!("tr^{}", index - header),
                BlockKind::TableRow { header: None } => "tr".to_owned(),
                BlockKind::Code => "code".to_owned(),
            };
            lines.push(format!("{kind}: {}", text.replace('\n', "⏎")));
        }
        lines.join("\n")
    }

    /// Asserts the blocks of a file, written as by [`outline_of`].
    #[track_caller]
    pub fn check(name: &str, bytes: impl AsRef<[u8]>, expected: &str) {
        assert_eq!(outline_of(&document(name, bytes.as_ref())), expected.trim());
    }
}
