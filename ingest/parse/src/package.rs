//! The zip archive around a document of an office or a book.

mod kind;

use std::collections::BTreeMap;
use std::io::{Cursor, Read};

use serde_json::Value;
use zip::ZipArchive;
use zip::result::ZipError;

use super::ParseError;
use super::text::normalized;
use super::xml::{self, Node};

pub(crate) use kind::{Kind, kind};

pub(crate) struct Package<'a> {
    archive: ZipArchive<Cursor<&'a [u8]>>,
    max_member_bytes: u64,
}

impl<'a> Package<'a> {
    pub fn open(bytes: &'a [u8], max_member_bytes: u64) -> Result<Package<'a>, ParseError> {
        let archive = ZipArchive::new(Cursor::new(bytes)).map_err(ParseError::corrupt)?;
        Ok(Package { archive, max_member_bytes })
    }

    /// A member of the archive, expanded; none when there is no such member. The sizes that the archive declares are
    /// not believed.
    pub fn member(&mut self, name: &str) -> Result<Option<Vec<u8>>, ParseError> {
        let member = match self.archive.by_name(name) {
            Ok(member) => member,
            Err(ZipError::FileNotFound) => return Ok(None),
            Err(ZipError::UnsupportedArchive(ZipError::PASSWORD_REQUIRED)) => return Err(ParseError::Encrypted),
            Err(error) => return Err(ParseError::corrupt(error)),
        };
        let mut expanded = Vec::new();
        let read = member.take(self.max_member_bytes + 1).read_to_end(&mut expanded).map_err(ParseError::corrupt)?;
        if read as u64 > self.max_member_bytes {
            return Err(ParseError::TooLarge { what: name.to_owned(), limit_bytes: self.max_member_bytes });
        }
        Ok(Some(expanded))
    }

    /// Name of the member with the text: the target of the relationship `…/officeDocument` of the package, normally
    /// `word/document.xml`.
    pub fn main_document(&mut self) -> Result<String, ParseError> {
        let mut target = None;
        if let Some(relations) = self.member("_rels/.rels")? {
            xml::read(&relations, |node| {
                if let Node::Open(element) = node
                    && element.attribute("Type").is_some_and(|kind| kind.ends_with("/officeDocument"))
                {
                    target = element.attribute("Target").map(|target| target.trim_start_matches('/').to_owned());
                }
            })?;
        }
        Ok(target.unwrap_or_else(|| "word/document.xml".to_owned()))
    }

    /// A member in the same folder as another.
    pub fn beside(&mut self, member: &str, name: &str) -> Result<Option<Vec<u8>>, ParseError> {
        let folder = member.rsplit_once('/').map_or("", |(folder, _)| folder);
        self.member(&format!("{folder}/{name}"))
    }

    /// What `docProps/core.xml` says: title, author, dates.
    pub fn core_properties(&mut self) -> Result<BTreeMap<String, Value>, ParseError> {
        let mut found = BTreeMap::new();
        let Some(core) = self.member("docProps/core.xml")? else { return Ok(found) };
        let mut text = String::new();
        xml::read(&core, |node| match node {
            Node::Open(_) => text.clear(),
            Node::Text(piece) => text.push_str(piece),
            Node::Close(name) => {
                let key = match name {
                    "title" | "subject" | "description" | "keywords" | "created" | "modified" => name,
                    "creator" => "author",
                    _ => return,
                };
                let value = normalized(&text);
                if !value.is_empty() {
                    found.insert(key.to_owned(), Value::String(value));
                }
            }
        })?;
        Ok(found)
    }
}

#[cfg(test)]
pub(crate) mod testing {
    //! Zip archives for the tests of the formats that are one.

    use std::io::{Cursor, Write};

    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    /// An archive with these members.
    pub fn archive(members: &[(&str, &str)]) -> Vec<u8> {
        let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, content) in members {
            archive.start_file(*name, SimpleFileOptions::default()).unwrap();
            archive.write_all(content.as_bytes()).unwrap();
        }
        archive.finish().unwrap().into_inner()
    }
}
