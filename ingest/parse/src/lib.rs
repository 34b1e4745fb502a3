//! Bytes of a file → documents with blocks, heading paths, pages and character offsets.
//!
//! In: the name and the content of one file. Out: one [`ParsedDocument`] for most formats, many for a `.jsonl` file, an
//! archive or a mailbox, handed to a sink one by one. Every parser is a plain function; it has no I/O, no clock and no
//! state, and it may panic, overflow its stack or run for ever on a hostile file. That is why parsers run in a child
//! process only (see [`sandbox`]). What the text means (duplicates, language) is not decided here.
//!
//! Adding a format: one file with a `parse` and, for a binary format, a `recognises`; one line in [`detect::FORMATS`].

mod archive;
mod asciidoc;
mod captions;
mod chart;
mod code;
mod csv;
mod detect;
mod doc;
mod docx;
mod encoding;
mod epub;
mod error;
mod grid;
mod html;
mod image;
mod jsonl;
mod mail;
mod markdown;
mod markup;
mod nested;
mod notebook;
mod odf;
mod ole;
mod package;
mod pdf;
mod plain;
mod ppt;
mod pptx;
mod recognised;
mod rtf;
pub mod sandbox;
mod sheet;
mod slide;
mod tex;
mod text;
mod xls;
mod xlsx;
mod xml;

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use serde::{Deserialize, Serialize};
use taproot_schemas::document::{Link, NoteKind, OutlineEntry};

pub use error::ParseError;
use nested::Budget;
pub use text::{Block, BlockKind};

/// The text of one document, and how it is built up.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ParsedDocument {
    /// What the document's uri has after the path of its file: nothing for a file that is one document, `#ID` for a
    /// line of a `.jsonl` file, `!/inner/path` for a member of an archive or an attachment of a mail.
    pub suffix: String,
    /// For an attachment, the suffix of its mail.
    pub part_of: Option<String>,
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
    /// Where its text points to, in order, each address once.
    pub links: Vec<Link>,
    /// What was left out, and why, and what was found: a kind and how often.
    pub notes: BTreeMap<NoteKind, u32>,
}

/// What a parser hands out.
#[derive(Debug, Clone, PartialEq)]
pub enum Parsed {
    Document(ParsedDocument),
    /// A part of the file could not be read (a line, a member, an attachment); the parts after it follow.
    PartFailed(PartFailure),
}

/// A part of a file that is not a document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartFailure {
    /// As [`ParsedDocument::suffix`]; for a line of a `.jsonl` file its number, from 1, stands for the ID.
    pub suffix: String,
    pub code: taproot_schemas::job::FileErrorCode,
    pub reason: String,
}

/// Takes what a parser hands out; `Break` ends the parse early, without an error.
pub type Sink<'a> = dyn FnMut(Parsed) -> ControlFlow<()> + 'a;

/// Reads the text of an image (PNG, JPEG, TIFF, PNM, BMP, GIF, WebP).
pub type Ocr<'a> = dyn Fn(&[u8]) -> Recognition + 'a;

/// What came of reading an image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Recognition {
    /// May be empty: a photograph without letters.
    Text(String),
    /// There is no OCR on this machine, or the settings have it off.
    Unavailable,
    /// This image could not be read; why, for a person.
    Failed(String),
}

/// Bounds of the result, whatever the file says.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct ParseLimits {
    /// A document with more text than this is refused.
    pub max_document_chars: usize,
    /// Bytes that one member of an archive, or one stream, may expand to.
    pub max_expanded_bytes: u64,
}

/// A file as the parsers see it.
#[derive(Clone, Copy)]
pub(crate) struct Source<'a> {
    /// Its name, for formats that differ by it (source code); only its ending means something.
    pub name: &'a str,
    pub bytes: &'a [u8],
    pub media_type: &'static str,
    pub limits: ParseLimits,
    pub ocr: &'a Ocr<'a>,
    /// What all that is inside of the file may use together.
    pub budget: &'a Budget,
    /// How many archives and mails this file is inside of.
    pub depth: u32,
}

/// Parses one file and hands what it holds to `sink`. The format is told by content first, by `name` second.
///
/// # Errors
/// The file as a whole cannot be used: see [`ParseError`]. Documents that reached the sink before stay valid.
pub fn parse(
    name: &str,
    bytes: &[u8],
    limits: ParseLimits,
    ocr: &Ocr<'_>,
    sink: &mut Sink<'_>,
) -> Result<(), ParseError> {
    let format = detect::detect(name, bytes)?;
    let budget = Budget::new(&limits);
    let source = Source { name, bytes, media_type: format.media_type, limits, ocr, budget: &budget, depth: 0 };
    (format.parse)(&source, sink)
}

#[cfg(test)]
pub(crate) mod testing {
    //! Shared by the tests of the formats: parse a file, show its blocks as text.

    use proptest::prelude::*;
    use proptest::test_runner::{Config, TestRunner};

    use super::*;

    pub const LIMITS: ParseLimits = ParseLimits { max_document_chars: 100_000, max_expanded_bytes: 10 << 20 };

    pub fn documents(name: &str, bytes: &[u8]) -> Result<Vec<ParsedDocument>, ParseError> {
        let mut found = Vec::new();
        parse(name, bytes, LIMITS, &|_| Recognition::Unavailable, &mut |parsed| {
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

    /// What a careless copy, a broken disk or an attacker does to a file: cut, flip, double, swap, fill.
    fn mutations() -> impl Strategy<Value = Vec<(u8, usize, usize, u8)>> {
        prop::collection::vec((0u8..6, any::<usize>(), any::<usize>(), any::<u8>()), 1..6)
    }

    fn mutate(bytes: &[u8], steps: &[(u8, usize, usize, u8)]) -> Vec<u8> {
        let mut bytes = bytes.to_vec();
        for (kind, from, length, byte) in steps {
            if bytes.is_empty() {
                break;
            }
            let from = from % bytes.len();
            let to = from + (length % 64).min(bytes.len() - from);
            match kind {
                0 => bytes.truncate(from),
                1 => bytes[from] ^= byte | 1,
                2 => bytes[from..to].fill(*byte),
                3 => drop(bytes.drain(from..to)),
                4 => {
                    let piece = bytes[from..to].to_vec();
                    drop(bytes.splice(from..from, piece));
                }
                _ => drop(bytes.splice(from..from, [0xff, 0xff, 0xff, 0x7f])),
            }
        }
        bytes
    }

    /// Whatever is done to a file, its parser ends without a panic and within its bounds. What it then says is not
    /// looked at. Every parser has a test that calls this with a small file that uses all of its features.
    pub fn survives_mutations(name: &str, bytes: &[u8]) {
        let mut runner = TestRunner::new(Config { cases: 256, ..Config::default() });
        let survived = runner.run(&mutations(), |steps| {
            let _ = documents(name, &mutate(bytes, &steps));
            Ok(())
        });
        survived.unwrap_or_else(|failure| panic!("{name}: {failure}"));
    }

    /// Asserts the blocks of a file, written as by [`outline_of`].
    #[track_caller]
    pub fn check(name: &str, bytes: impl AsRef<[u8]>, expected: &str) {
        assert_eq!(outline_of(&document(name, bytes.as_ref())), expected.trim());
    }
}
