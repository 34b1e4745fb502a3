//! Zip archives: every file inside is read as if it lay in a folder, under `archive.zip!/inner/path`.
//!
//! Members are expanded one by one, each dropped before the next, within the limits of [`ParseLimits`](super::ParseLimits)
//! and the [`Budget`](super::nested::Budget) of the outermost file. What an archive declares of sizes is not believed.
//! A member that is encrypted, damaged or too large is reported and the rest goes on; an archive of which nothing could
//! be read fails as a whole.
//!
//! Left out by rule, because they are no documents: folders, and what systems leave behind in archives (`__MACOSX/`,
//! `._name`, `.DS_Store`, `Thumbs.db`, `desktop.ini`). Symbolic links are not followed; they are reported as not read.
//! Of two entries of the directory with the very same name the last counts, as for other programs.
//!
//! Names are UTF-8 or, in archives of older programs, in the encoding of the machine that packed them; which one is
//! told from all names of the archive together (APPNOTE 4.4.4 and appendix D: otherwise code page 437).

use std::io::{Cursor, Read};

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{BIG5, EUC_JP, EUC_KR, Encoding, GB18030, GBK, SHIFT_JIS};
use taproot_schemas::job::FileErrorCode;
use zip::ZipArchive;
use zip::result::ZipError;

use super::nested::{self, Member, Names};
use super::package::{self, Kind};
use super::{ParseError, Parsed, PartFailure, Sink, Source};

pub(crate) const MEDIA_TYPE: &str = "application/zip";

type Zip<'a> = ZipArchive<Cursor<&'a [u8]>>;

/// An archive of files; Office documents are zip archives, too, but not of files.
pub(crate) fn recognises(bytes: &[u8]) -> bool {
    package::kind(bytes) == Some(Kind::Zip)
}

pub(crate) fn parse(source: &Source<'_>, sink: &mut Sink<'_>) -> Result<(), ParseError> {
    let mut archive = ZipArchive::new(Cursor::new(source.bytes)).map_err(ParseError::corrupt)?;
    let mut tally = Tally::default();
    let mut counting = |parsed| {
        tally.count(&parsed);
        sink(parsed)
    };
    read_members(source, &mut archive, &mut counting)?;
    match tally.verdict() {
        // Inside of another file it is enough to report the members.
        Err(_) if source.depth > 0 && tally.failures > 0 => Ok(()),
        verdict => verdict,
    }
}

fn read_members(source: &Source<'_>, archive: &mut Zip<'_>, sink: &mut Sink<'_>) -> Result<(), ParseError> {
    let encoding = encoding_of_names(archive);
    let mut names = Names::default();
    for index in 0..archive.len() {
        let Ok(entry) = archive.by_index_data(index) else { continue };
        let name = decoded(entry.name_raw(), encoding);
        if entry.is_dir() || name.ends_with('\\') || is_left_behind(&name) {
            continue;
        }
        let path = names.unique(&name);
        let content = if entry.is_symlink() {
            Err(ParseError::Unsupported("a symbolic link is not followed".to_owned()))
        } else {
            expand(source, archive, index, &path)
        };
        let flow = match content {
            Ok(bytes) => nested::parse(source, &Member { path: &path, bytes: &bytes, part_of: None }, sink)?,
            Err(error) if source.budget.is_spent() => return Err(error),
            Err(error) => {
                source.budget.take_file()?;
                sink(nested::failed(format!("!/{path}"), &error))
            }
        };
        if flow.is_break() {
            break;
        }
    }
    Ok(())
}

/// The content of a member. What it expands to beyond the limits is never held.
fn expand(source: &Source<'_>, archive: &mut Zip<'_>, index: usize, path: &str) -> Result<Vec<u8>, ParseError> {
    let member = archive.by_index(index).map_err(reason)?;
    let limit = source.limits.max_expanded_bytes.min(source.budget.bytes_left());
    let mut content = Vec::with_capacity(usize::try_from(member.size().min(limit)).unwrap_or(0));
    let read = member.take(limit + 1).read_to_end(&mut content);
    if content.len() as u64 > limit {
        source.budget.spend(content.len() as u64)?;
        return Err(ParseError::TooLarge { what: path.to_owned(), limit_bytes: limit });
    }
    if let Err(error) = read {
        source.budget.spend(content.len() as u64)?;
        return Err(ParseError::corrupt(error));
    }
    Ok(content)
}

fn reason(error: ZipError) -> ParseError {
    match error {
        ZipError::UnsupportedArchive(ZipError::PASSWORD_REQUIRED) => ParseError::Encrypted,
        ZipError::UnsupportedArchive(why) => ParseError::Unsupported(format!("the archive cannot be expanded: {why}")),
        error => ParseError::corrupt(error),
    }
}

/// Whether a path is of a file that a system leaves in archives and nobody looks at.
fn is_left_behind(path: &str) -> bool {
    let mut parts = path.split(['/', '\\']);
    let file = parts.next_back().unwrap_or_default();
    parts.any(|folder| folder == "__MACOSX")
        || file.starts_with("._")
        || [".DS_Store", "Thumbs.db", "desktop.ini"].iter().any(|name| file.eq_ignore_ascii_case(name))
}

/// The encoding of the names that are not UTF-8; none for code page 437.
fn encoding_of_names(archive: &Zip<'_>) -> Option<&'static Encoding> {
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    let (mut in_pairs, mut longest_run) = (true, 0);
    for name in archive.file_names_raw().filter(|name| std::str::from_utf8(name).is_err()) {
        detector.feed(name, false);
        detector.feed(b"\n", false);
        for run in name.split(u8::is_ascii) {
            in_pairs &= run.len() % 2 == 0 && run.iter().all(|byte| *byte > 0xa0);
            longest_run = longest_run.max(run.len());
        }
    }
    detector.feed(b"", true);
    // Letters with accents stand alone among plain ones; characters of two bytes stand together.
    if longest_run < 2 {
        return None;
    }
    match detector.guess(None, Utf8Detection::Deny) {
        encoding if encoding == GBK => Some(GB18030),
        encoding if [BIG5, SHIFT_JIS, EUC_JP, EUC_KR].contains(&encoding) => Some(encoding),
        // A name is too short for a guess by frequencies. Chinese characters are pairs of high bytes, all of them
        // (GB2312); letters with accents hardly ever are.
        _ if in_pairs => Some(GB18030),
        _ => None,
    }
}

fn decoded(name: &[u8], encoding: Option<&'static Encoding>) -> String {
    match (std::str::from_utf8(name), encoding) {
        (Ok(name), _) => name.to_owned(),
        (Err(_), Some(encoding)) => encoding.decode_without_bom_handling(name).0.into_owned(),
        (Err(_), None) => name.iter().map(|byte| code_page_437(*byte)).collect(),
    }
}

/// The upper half of the code page of the first PCs, from 0x80 on.
const CODE_PAGE_437: &str = "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»\
                             ░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀\
                             αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u{a0}";

fn code_page_437(byte: u8) -> char {
    let upper = usize::from(byte).checked_sub(0x80).and_then(|index| CODE_PAGE_437.chars().nth(index));
    upper.unwrap_or(char::from(byte))
}

/// What came of the members.
#[derive(Default)]
struct Tally {
    documents: u64,
    failures: u64,
    encrypted: u64,
    /// The failure that tells most.
    worst: Option<PartFailure>,
}

impl Tally {
    fn count(&mut self, parsed: &Parsed) {
        let failure = match parsed {
            Parsed::Document(_) => return self.documents += 1,
            Parsed::PartFailed(failure) => failure,
        };
        self.failures += 1;
        self.encrypted += u64::from(failure.code == FileErrorCode::Encrypted);
        let tells = |failure: &PartFailure| match failure.code {
            FileErrorCode::UnsupportedFormat => 0,
            FileErrorCode::Empty => 1,
            FileErrorCode::Encrypted => 2,
            _ => 3,
        };
        if self.worst.as_ref().is_none_or(|worst| tells(worst) < tells(failure)) {
            self.worst = Some(failure.clone());
        }
    }

    /// # Errors
    /// There is not one document.
    fn verdict(&self) -> Result<(), ParseError> {
        match &self.worst {
            _ if self.documents > 0 => Ok(()),
            None => Err(ParseError::Empty),
            Some(_) if self.encrypted == self.failures => Err(ParseError::Encrypted),
            Some(worst) => Err(ParseError::NothingRead { code: worst.code, reason: worst.reason.clone() }),
        }
    }
}

#[cfg(test)]
mod tests;
