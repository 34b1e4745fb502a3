//! Files inside of files: members of archives, attachments of mails.
//!
//! A file inside is parsed as if it lay in a folder; its documents and failures carry where in the outer file it is.
//! Everything inside one outer file shares one [`Budget`], so that archives in archives cannot multiply.

use std::cell::Cell;
use std::ops::ControlFlow;

use super::{ParseError, ParseLimits, Parsed, PartFailure, Sink, Source, detect};

/// Archives in archives in mails: deeper than this nobody files anything.
const MAX_DEPTH: u32 = 5;
/// Files inside of one file.
const MAX_FILES: u32 = 10_000;

/// What all files inside of one outer file may use together.
#[derive(Debug)]
pub(crate) struct Budget {
    bytes: Cell<u64>,
    limit_bytes: u64,
    files: Cell<u32>,
}

impl Budget {
    /// All members together may expand to four times what one may: they are read one after the other.
    pub fn new(limits: &ParseLimits) -> Budget {
        let limit_bytes = limits.max_expanded_bytes.saturating_mul(4);
        Budget { bytes: Cell::new(limit_bytes), limit_bytes, files: Cell::new(MAX_FILES) }
    }

    /// Takes the bytes of one more file out of the budget.
    fn take(&self, bytes: u64) -> Result<(), ParseError> {
        let what = || "the content of the file".to_owned();
        match (self.bytes.get().checked_sub(bytes), self.files.get().checked_sub(1)) {
            (Some(bytes), Some(files)) => {
                self.bytes.set(bytes);
                self.files.set(files);
                Ok(())
            }
            (None, _) => Err(ParseError::TooLarge { what: what(), limit_bytes: self.limit_bytes }),
            (_, None) => Err(ParseError::TooManyParts { limit: MAX_FILES }),
        }
    }
}

/// A file that was found inside of another.
pub(crate) struct Member<'a> {
    /// Path inside of the outer file, with `/` between its parts; it need not be clean.
    pub path: &'a str,
    pub bytes: &'a [u8],
    /// Suffix of the document in the outer file that it belongs to: `Some("")` for the attachment of a mail.
    pub part_of: Option<&'a str>,
}

/// Parses a file that is inside of `outer`. What is wrong with it is handed out as a failed part.
///
/// # Errors
/// The budget of the outer file is used up; there is no use in going on.
pub(crate) fn parse(
    outer: &Source<'_>,
    member: &Member<'_>,
    sink: &mut Sink<'_>,
) -> Result<ControlFlow<()>, ParseError> {
    outer.budget.take(member.bytes.len() as u64)?;
    let suffix = format!("!/{}", clean(member.path));
    let mut flow = ControlFlow::Continue(());
    let mut hand_out = |parsed| {
        flow = sink(match parsed {
            Parsed::Document(mut document) => {
                document.part_of = match document.part_of {
                    Some(inner) => Some(format!("{suffix}{inner}")),
                    None => member.part_of.map(str::to_owned),
                };
                document.suffix.insert_str(0, &suffix);
                Parsed::Document(document)
            }
            Parsed::PartFailed(mut failure) => {
                failure.suffix.insert_str(0, &suffix);
                Parsed::PartFailed(failure)
            }
        });
        flow
    };
    let parsed = if outer.depth >= MAX_DEPTH {
        Err(ParseError::TooDeep { limit: MAX_DEPTH })
    } else {
        detect::detect(member.path, member.bytes).and_then(|format| {
            let source = Source {
                name: member.path,
                bytes: member.bytes,
                media_type: format.media_type,
                depth: outer.depth + 1,
                ..*outer
            };
            (format.parse)(&source, &mut hand_out)
        })
    };
    match parsed {
        Ok(()) => Ok(flow),
        Err(error @ ParseError::TooManyParts { .. }) => Err(error),
        Err(error) => {
            Ok(sink(Parsed::PartFailed(PartFailure { suffix, code: error.code(), reason: error.to_string() })))
        }
    }
}

/// The path as a uri may show it: no way up, no drive, no root, no control characters, one kind of slash.
fn clean(path: &str) -> String {
    let parts = path.split(['/', '\\']).map(|part| part.replace(|c: char| c.is_control(), ""));
    let parts: Vec<String> = parts.filter(|part| !matches!(part.trim(), "" | "." | "..")).collect();
    if parts.is_empty() { "unnamed".to_owned() } else { parts.join("/") }
}

#[cfg(test)]
mod tests {
    use super::clean;

    #[test]
    fn paths_lead_nowhere_else() {
        let check = |path: &str, expected: &str| assert_eq!(clean(path), expected);
        check("a/b.txt", "a/b.txt");
        check("../../etc/passwd", "etc/passwd");
        check("/abs//./x", "abs/x");
        check("..\\up\\win.txt", "up/win.txt");
        check("line\nbreak\0.txt", "linebreak.txt");
        check("..", "unnamed");
    }
}
