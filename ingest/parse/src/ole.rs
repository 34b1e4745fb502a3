//! The container of Office files of before 2007, of Outlook messages and of encrypted Office files: a file system of
//! storages and streams (MS-CFB). Which of them a file is, and the streams inside.
//!
//! A container whose file system is damaged is still recognised, by the names in its directory, so that the parser of
//! its format can say what is wrong with it.

pub(crate) mod numbers;
pub(crate) mod properties;

use std::io::{Cursor, Read};
use std::path::Path;

use cfb::CompoundFile;

use super::ParseError;

/// What a container holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `.doc` (MS-DOC)
    Word,
    /// `.ppt` (MS-PPT)
    PowerPoint,
    /// `.xls` (MS-XLS)
    Excel,
    /// `.msg` (MS-OXMSG)
    Message,
    /// An Office file of today under a password (MS-OFFCRYPTO 2.3)
    EncryptedPackage,
}

/// Names in the root of a container, and what they stand for; the first that is there decides.
#[rustfmt::skip]
const SIGNS: &[(&str, Kind)] = &[
    ("EncryptedPackage", Kind::EncryptedPackage),
    ("__properties_version1.0", Kind::Message),
    ("WordDocument", Kind::Word),
    ("PowerPoint Document", Kind::PowerPoint),
    ("Workbook", Kind::Excel),
    ("Book", Kind::Excel),
];

const MAGIC: &[u8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1";

/// Bytes of an entry of the directory, which starts with the name in UTF-16LE (MS-CFB 2.6.1). Sectors are multiples of
/// it.
const ENTRY_BYTES: usize = 128;

pub(crate) fn is_container(bytes: &[u8]) -> bool {
    bytes.starts_with(MAGIC)
}

/// What the bytes hold; none when they are no container, or one of something else.
pub(crate) fn kind(bytes: &[u8]) -> Option<Kind> {
    if !is_container(bytes) {
        return None;
    }
    let names = match CompoundFile::open(Cursor::new(bytes)) {
        Ok(container) => container.read_root_storage().map(|entry| entry.name().to_owned()).collect(),
        Err(_) => names_anywhere(bytes),
    };
    SIGNS.iter().find(|(sign, _)| names.iter().any(|name| name.eq_ignore_ascii_case(sign))).map(|(_, kind)| *kind)
}

/// The known names among whatever lies where the entries of a directory can lie.
fn names_anywhere(bytes: &[u8]) -> Vec<String> {
    let encoded = |sign: &str| -> Vec<u8> { format!("{sign}\0").encode_utf16().flat_map(u16::to_le_bytes).collect() };
    let signs: Vec<(&str, Vec<u8>)> = SIGNS.iter().map(|(sign, _)| (*sign, encoded(sign))).collect();
    let found = bytes.chunks(ENTRY_BYTES).filter_map(|entry| signs.iter().find(|(_, sign)| entry.starts_with(sign)));
    // The container of a damaged file comes first, what is embedded in it later.
    found.take(1).map(|(sign, _)| (*sign).to_owned()).collect()
}

/// An open container.
pub(crate) struct Container<'a> {
    file: CompoundFile<Cursor<&'a [u8]>>,
    max_stream_bytes: u64,
}

/// An entry of a storage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub name: String,
    pub is_storage: bool,
}

impl<'a> Container<'a> {
    /// # Errors
    /// The file system is damaged, for example its directory runs in circles.
    pub fn open(bytes: &'a [u8], max_stream_bytes: u64) -> Result<Container<'a>, ParseError> {
        let file = CompoundFile::open(Cursor::new(bytes)).map_err(ParseError::corrupt)?;
        Ok(Container { file, max_stream_bytes })
    }

    /// The content of a stream; none when there is no such stream. `path` has `/` between its parts.
    ///
    /// # Errors
    /// The stream is damaged, or longer than the limit. The length that it declares is not believed.
    pub fn stream(&mut self, path: impl AsRef<Path>) -> Result<Option<Vec<u8>>, ParseError> {
        let path = path.as_ref();
        if !self.file.is_stream(path) {
            return Ok(None);
        }
        let stream = self.file.open_stream(path).map_err(ParseError::corrupt)?;
        let mut content = Vec::new();
        let read = stream.take(self.max_stream_bytes + 1).read_to_end(&mut content).map_err(ParseError::corrupt)?;
        if read as u64 > self.max_stream_bytes {
            let what = path.display().to_string();
            return Err(ParseError::TooLarge { what, limit_bytes: self.max_stream_bytes });
        }
        Ok(Some(content))
    }

    /// What lies in a storage, in the order of the directory; nothing when there is no such storage.
    pub fn entries(&self, storage: impl AsRef<Path>) -> Vec<Entry> {
        let Ok(entries) = self.file.read_storage(storage) else { return Vec::new() };
        entries.map(|entry| Entry { name: entry.name().to_owned(), is_storage: entry.is_storage() }).collect()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::io::Write;

    use super::*;

    /// A container with these streams; the storages on their way are made.
    pub fn container(streams: &[(&str, &[u8])]) -> Vec<u8> {
        let mut file = CompoundFile::create(Cursor::new(Vec::new())).unwrap();
        for (path, content) in streams {
            if let Some(storage) = Path::new(path).parent() {
                file.create_storage_all(storage).unwrap();
            }
            file.create_stream(path).unwrap().write_all(content).unwrap();
        }
        file.into_inner().into_inner()
    }

    #[test]
    fn the_root_tells_the_kind() {
        let check = |name: &str, expected| assert_eq!(kind(&container(&[(name, b"x")])), expected, "{name}");
        check("/WordDocument", Some(Kind::Word));
        check("/PowerPoint Document", Some(Kind::PowerPoint));
        check("/Workbook", Some(Kind::Excel));
        check("/BOOK", Some(Kind::Excel));
        check("/__properties_version1.0", Some(Kind::Message));
        check("/EncryptedPackage", Some(Kind::EncryptedPackage));
        check("/embedded/WordDocument", None);
        assert_eq!(kind(b"WordDocument"), None);
    }

    #[test]
    fn a_damaged_container_is_told_by_its_directory() {
        let mut file = container(&[("/ObjectPool/1/Workbook", b"x"), ("/WordDocument", b"x")]);
        // Where the sectors of the allocation table lie.
        file[0x4c..0x50].fill(0x77);
        assert!(Container::open(&file, 10).is_err());
        assert!(kind(&file).is_some());
    }

    #[test]
    fn streams_are_bounded() {
        let file = container(&[("/a/b", b"hello"), ("/c", b"")]);
        let mut open = Container::open(&file, 4).unwrap();
        assert_eq!(open.stream("/a/b"), Err(ParseError::TooLarge { what: "/a/b".into(), limit_bytes: 4 }));
        assert_eq!(open.stream("/c"), Ok(Some(Vec::new())));
        assert_eq!(open.stream("/a"), Ok(None));
        assert_eq!(open.stream("/missing"), Ok(None));
        let entry = |name: &str, is_storage| Entry { name: name.into(), is_storage };
        assert_eq!(open.entries("/"), [entry("a", true), entry("c", false)]);
        assert_eq!(open.entries("/c"), []);
    }
}
