//! Files inside of files: members of archives, attachments of mails.
//!
//! A file inside is parsed as if it lay in a folder; its documents and failures carry where in the outer file it is.
//! Everything inside one outer file shares one [`Budget`], so that archives in archives cannot multiply.

use std::cell::Cell;
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
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
    /// More was asked for than there was.
    is_spent: Cell<bool>,
}

impl Budget {
    /// All members together may expand to four times what one may: they are read one after the other.
    pub fn new(limits: &ParseLimits) -> Budget {
        let limit_bytes = limits.max_expanded_bytes.saturating_mul(4);
        Budget { bytes: Cell::new(limit_bytes), limit_bytes, files: Cell::new(MAX_FILES), is_spent: Cell::new(false) }
    }

    /// Takes the bytes of one more file out of the budget.
    fn take(&self, bytes: u64) -> Result<(), ParseError> {
        self.spend(bytes)?;
        self.take_file()
    }

    /// Counts a file, also one that cannot be read.
    pub fn take_file(&self) -> Result<(), ParseError> {
        match self.files.get().checked_sub(1) {
            Some(left) => self.files.set(left),
            None => {
                self.is_spent.set(true);
                return Err(ParseError::TooManyParts { limit: MAX_FILES });
            }
        }
        Ok(())
    }

    /// Takes bytes out of the budget, also those that were expanded for nothing. Who asks for more than there is leaves
    /// nothing: a bomb does not get to go on with its smaller members.
    pub fn spend(&self, bytes: u64) -> Result<(), ParseError> {
        match self.bytes.get().checked_sub(bytes) {
            Some(left) => self.bytes.set(left),
            None => {
                self.bytes.set(0);
                self.is_spent.set(true);
                let what = "the content of the file".to_owned();
                return Err(ParseError::TooLarge { what, limit_bytes: self.limit_bytes });
            }
        }
        Ok(())
    }

    /// Bytes that may still be expanded.
    pub fn bytes_left(&self) -> u64 {
        self.bytes.get()
    }

    /// There is no use in going on.
    pub fn is_spent(&self) -> bool {
        self.is_spent.get()
    }

    /// The next mail of a mailbox may hold as many files as any other mail; the bytes stay shared.
    pub fn renew_files(&self) {
        self.files.set(MAX_FILES);
        self.is_spent.set(false);
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
    open(outer, member, sink, |source, sink| {
        let format = detect::detect(source.name, source.bytes)?;
        (format.parse)(&Source { media_type: format.media_type, ..*source }, sink)
    })
}

/// As [`parse`], for a file that `read` knows how to read: what lies inside is not always a run of bytes.
pub(crate) fn open(
    outer: &Source<'_>,
    member: &Member<'_>,
    sink: &mut Sink<'_>,
    read: impl FnOnce(&Source<'_>, &mut Sink<'_>) -> Result<(), ParseError>,
) -> Result<ControlFlow<()>, ParseError> {
    outer.budget.take(member.bytes.len() as u64)?;
    let suffix = format!("!/{}", clean(member.path));
    let mut flow = ControlFlow::Continue(());
    let mut hand_out = |parsed| {
        flow = sink(placed(parsed, &suffix, member.part_of));
        flow
    };
    let parsed = if outer.depth >= MAX_DEPTH {
        Err(ParseError::TooDeep { limit: MAX_DEPTH })
    } else {
        let source = Source { name: member.path, bytes: member.bytes, depth: outer.depth + 1, ..*outer };
        read(&source, &mut hand_out)
    };
    match parsed {
        Ok(()) => Ok(flow),
        Err(error) if outer.budget.is_spent() => Err(error),
        Err(error) => Ok(sink(failed(suffix, &error))),
    }
}

/// What was found at `suffix` inside of a file, as it is seen from outside of that file.
pub(crate) fn placed(parsed: Parsed, suffix: &str, part_of: Option<&str>) -> Parsed {
    match parsed {
        Parsed::Document(mut document) => {
            document.part_of = match document.part_of {
                Some(inner) => Some(format!("{suffix}{inner}")),
                None => part_of.map(str::to_owned),
            };
            document.suffix.insert_str(0, suffix);
            Parsed::Document(document)
        }
        Parsed::PartFailed(mut failure) => {
            failure.suffix.insert_str(0, suffix);
            Parsed::PartFailed(failure)
        }
    }
}

pub(crate) fn failed(suffix: String, error: &ParseError) -> Parsed {
    Parsed::PartFailed(PartFailure { suffix, code: error.code(), reason: error.to_string() })
}

/// The names inside of one file, each once.
#[derive(Debug, Default)]
pub(crate) struct Names {
    /// How often a name was asked for, by its hash: a mailbox has more names than one wants to keep.
    seen: HashMap<u64, u32>,
}

impl Names {
    /// The clean form of a path; of the second file with this path, `name (2).txt`.
    pub fn unique(&mut self, path: &str) -> String {
        let path = clean(path);
        let mut name = path.clone();
        loop {
            let count = self.seen.entry(hash(&name)).or_default();
            *count += 1;
            if *count == 1 {
                return name;
            }
            // `name (2).txt` may be the name of somebody's file, too: counting goes on at that of the plain name.
            let number =
                *self.seen.entry(hash(&path)).and_modify(|count| *count += u32::from(name != path)).or_default();
            name = numbered(&path, number);
        }
    }
}

fn hash(name: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    name.hash(&mut hasher);
    hasher.finish()
}

fn numbered(path: &str, number: u32) -> String {
    let folder = path.rfind('/').map_or(0, |slash| slash + 1);
    match path[folder..].rfind('.').filter(|dot| *dot > 0).map(|dot| folder + dot) {
        Some(dot) => format!("{} ({number}){}", &path[..dot], &path[dot..]),
        None => format!("{path} ({number})"),
    }
}

/// The path as a uri may show it: no way up, no drive, no root, no control characters, one kind of slash.
pub(crate) fn clean(path: &str) -> String {
    let parts = path.split(['/', '\\']).map(|part| part.replace(|c: char| c.is_control(), ""));
    let mut parts: Vec<String> = parts.filter(|part| !matches!(part.trim(), "" | "." | "..")).collect();
    let is_drive = |part: &String| matches!(part.as_bytes(), [letter, b':'] if letter.is_ascii_alphabetic());
    if parts.first().is_some_and(is_drive) {
        parts.remove(0);
    }
    if parts.is_empty() { "unnamed".to_owned() } else { parts.join("/") }
}

#[cfg(test)]
mod tests {
    use super::{Names, clean};

    #[test]
    fn paths_lead_nowhere_else() {
        let check = |path: &str, expected: &str| assert_eq!(clean(path), expected);
        check("a/b.txt", "a/b.txt");
        check("../../etc/passwd", "etc/passwd");
        check("/abs//./x", "abs/x");
        check("..\\up\\win.txt", "up/win.txt");
        check("line\nbreak\0.txt", "linebreak.txt");
        check("C:\\Users\\a.txt", "Users/a.txt");
        check("..", "unnamed");
    }

    #[test]
    fn names_are_used_once() {
        let mut names = Names::default();
        let mut check = |path: &str, expected: &str| assert_eq!(names.unique(path), expected);
        check("a/b.txt", "a/b.txt");
        check("../a/b.txt", "a/b (2).txt");
        check("a/b (3).txt", "a/b (3).txt");
        check("a/b.txt", "a/b (4).txt");
        check("a.b/c", "a.b/c");
        check("a.b/c", "a.b/c (2)");
        check(".env", ".env");
        check(".env", ".env (2)");
    }
}
