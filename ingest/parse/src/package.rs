//! The zip archive around a document of an office or a book.

mod kind;
mod properties;

use std::collections::BTreeMap;
use std::io::{Cursor, Read};

use zip::ZipArchive;
use zip::result::ZipError;

use super::ParseError;
use super::xml::{self, Node};

pub(crate) use kind::{Kind, kind};
pub(crate) use properties::Properties;

pub(crate) struct Package<'a> {
    archive: ZipArchive<Cursor<&'a [u8]>>,
    max_member_bytes: u64,
    /// What the members that are still to be read may expand to together.
    left_bytes: u64,
}

/// All members that are read may expand to this many times what one may.
const MEMBERS_PER_PACKAGE: u64 = 4;

/// Where a part of a package points to (ECMA-376 part 2, 6.5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Relation {
    /// The last part of its type: `slide`, `hyperlink`, `comments`, …
    pub kind: String,
    /// A member of the package, or an address outside of it.
    pub target: String,
    pub is_external: bool,
}

impl<'a> Package<'a> {
    pub fn open(bytes: &'a [u8], max_member_bytes: u64) -> Result<Package<'a>, ParseError> {
        let archive = ZipArchive::new(Cursor::new(bytes)).map_err(ParseError::corrupt)?;
        let left_bytes = max_member_bytes.saturating_mul(MEMBERS_PER_PACKAGE);
        Ok(Package { archive, max_member_bytes, left_bytes })
    }

    /// A member of the archive, expanded; none when there is no such member. The sizes that the archive declares are
    /// not believed.
    pub fn member(&mut self, name: &str) -> Result<Option<Vec<u8>>, ParseError> {
        let Some(index) = self.index_of(name) else { return Ok(None) };
        let member = match self.archive.by_index(index) {
            Ok(member) => member,
            Err(ZipError::UnsupportedArchive(ZipError::PASSWORD_REQUIRED)) => return Err(ParseError::Encrypted),
            Err(error) => return Err(ParseError::corrupt(error)),
        };
        let limit_bytes = self.max_member_bytes.min(self.left_bytes);
        let mut expanded = Vec::new();
        let read =
            member.take(limit_bytes.saturating_add(1)).read_to_end(&mut expanded).map_err(ParseError::corrupt)?;
        if read as u64 > limit_bytes {
            return Err(ParseError::TooLarge { what: name.to_owned(), limit_bytes: self.max_member_bytes });
        }
        self.left_bytes -= read as u64;
        Ok(Some(expanded))
    }

    /// Expands all members whose name ends so, and forgets them: for a reader that trusts their sizes.
    pub fn check_members(&mut self, ending: &str) -> Result<(), ParseError> {
        let names: Vec<String> =
            self.archive.file_names_raw().map(|raw| String::from_utf8_lossy(raw).into_owned()).collect();
        names.iter().filter(|name| name.ends_with(ending)).try_for_each(|name| self.member(name).map(drop))
    }

    /// Names are compared as Windows does: some programs write `\` and other cases than they refer to.
    fn index_of(&self, name: &str) -> Option<usize> {
        let same = |(raw, wanted): (u8, u8)| raw.eq_ignore_ascii_case(&wanted) || (raw, wanted) == (b'\\', b'/');
        self.archive.index_for_name(name).or_else(|| {
            self.archive
                .file_names_raw()
                .position(|raw| raw.len() == name.len() && raw.iter().copied().zip(name.bytes()).all(same))
        })
    }

    /// The relations of a member by their ids; those of the package itself for `""`. None where they are missing or
    /// damaged: the text can be read without them.
    pub fn relations(&mut self, member: &str) -> Result<BTreeMap<String, Relation>, ParseError> {
        let (folder, file) = member.rsplit_once('/').unwrap_or(("", member));
        let mut found = BTreeMap::new();
        let Some(xml) = self.member(&resolve(folder, &format!("_rels/{file}.rels")))? else { return Ok(found) };
        let _ = xml::read(&xml, |node| {
            let Node::Open(element) = node else { return };
            let attributes = (element.attribute("Id"), element.attribute("Type"), element.attribute("Target"));
            let (Some(id), Some(kind), Some(target)) = attributes else { return };
            let is_external = element.attribute("TargetMode").is_some_and(|mode| mode == "External");
            let target = if is_external { target } else { resolve(folder, &target) };
            let kind = kind.rsplit('/').next().unwrap_or_default().to_owned();
            found.insert(id, Relation { kind, target, is_external });
        });
        Ok(found)
    }

    /// Name of the member with the text: the target of the relation `officeDocument` of the package; `usual` where it
    /// does not say.
    pub fn main_document(&mut self, usual: &str) -> Result<String, ParseError> {
        let relations = self.relations("")?;
        let main = relations.into_values().find(|relation| relation.kind == "officeDocument");
        Ok(main.map_or_else(|| usual.to_owned(), |relation| relation.target))
    }

    /// A member in the same folder as another.
    pub fn beside(&mut self, member: &str, name: &str) -> Result<Option<Vec<u8>>, ParseError> {
        self.member(&resolve(member.rsplit_once('/').map_or("", |(folder, _)| folder), name))
    }
}

/// The member that `target` means when a member of `folder` says it. There is no way out of the package.
fn resolve(folder: &str, target: &str) -> String {
    let target = target.replace('\\', "/");
    let base = if target.starts_with('/') { "" } else { folder };
    let mut parts = Vec::new();
    for part in base.split('/').chain(target.split('/')) {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::testing::archive;
    use super::*;

    #[test]
    fn targets_stay_inside() {
        let check = |folder: &str, target: &str, expected: &str| assert_eq!(resolve(folder, target), expected);
        check("ppt/slides", "../media/a.png", "ppt/media/a.png");
        check("ppt", "/xl/a.xml", "xl/a.xml");
        check("ppt", "../../../etc/passwd", "etc/passwd");
        check("", "word\\document.xml", "word/document.xml");
    }

    #[test]
    fn relations_and_careless_names() {
        let rels = r#"<Relationships>
            <Relationship Id="1" Type="http://x/slide" Target="slides/s.xml"/>
            <Relationship Id="2" Type="http://x/hyperlink" Target="https://a.b/?x=1&amp;y" TargetMode="External"/>
            <Relationship Id="3" Type="http://x/slide"/>"#;
        let file = archive(&[("ppt\\_Rels\\p.xml.rels", rels), ("ppt/p.xml", "abc")]);
        let mut package = Package::open(&file, 1000).unwrap();
        let relation =
            |kind: &str, target: &str, is_external| Relation { kind: kind.into(), target: target.into(), is_external };
        let expected = [
            ("1".to_owned(), relation("slide", "ppt/slides/s.xml", false)),
            ("2".to_owned(), relation("hyperlink", "https://a.b/?x=1&y", true)),
        ];
        assert_eq!(package.relations("ppt/p.xml").unwrap(), BTreeMap::from(expected));
        assert_eq!(package.member("PPT/P.XML").unwrap().unwrap(), b"abc");
    }

    #[test]
    fn members_are_bounded_one_by_one_and_together() {
        let name = |n: usize| format!("m{n}");
        let names: Vec<String> = (0..5).map(name).collect();
        let members: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "0123456789")).collect();
        let file = archive(&members);
        let read = |limit| -> Vec<bool> {
            let mut package = Package::open(&file, limit).unwrap();
            names.iter().map(|name| package.member(name).is_ok()).collect()
        };
        assert_eq!(read(9), [false; 5]);
        assert_eq!(read(10), [true, true, true, true, false]);
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
        archive_of_bytes(&members.iter().map(|(name, content)| (*name, content.as_bytes())).collect::<Vec<_>>())
    }

    pub fn archive_of_bytes(members: &[(&str, &[u8])]) -> Vec<u8> {
        let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, content) in members {
            archive.start_file(*name, SimpleFileOptions::default()).unwrap();
            archive.write_all(content).unwrap();
        }
        archive.finish().unwrap().into_inner()
    }
}
