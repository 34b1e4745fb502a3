//! What a document of an office says of itself.

use std::collections::BTreeMap;

use serde_json::Value;

use super::super::ParseError;
use super::super::text::normalized;
use super::super::xml::{self, Node};
use super::Package;

/// A document's own title, and its metadata under the keys that all formats share.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Properties {
    pub title: Option<String>,
    pub metadata: BTreeMap<String, Value>,
}

/// Element of `docProps/core.xml` (ECMA-376 part 2, 8.3) and the key of its value.
const CORE: &[(&str, &str)] = &[
    ("title", "title"),
    ("creator", "author"),
    ("subject", "subject"),
    ("keywords", "keywords"),
    ("description", "description"),
    ("language", "language"),
    ("created", "created"),
    ("modified", "modified"),
];

/// Element of `meta.xml` (OpenDocument 1.3 part 3, 4.3) and the key of its value. Of two elements with one key the first
/// in this table is taken: `dc:creator` is who saved it last.
const META: &[(&str, &str)] = &[
    ("title", "title"),
    ("initial-creator", "author"),
    ("creator", "author"),
    ("subject", "subject"),
    ("keyword", "keywords"),
    ("description", "description"),
    ("language", "language"),
    ("creation-date", "created"),
    ("date", "modified"),
];

impl Package<'_> {
    /// The properties of an Office Open XML document.
    pub fn core_properties(&mut self) -> Result<Properties, ParseError> {
        self.properties("docProps/core.xml", CORE)
    }

    /// The properties of an OpenDocument document.
    pub fn open_document_properties(&mut self) -> Result<Properties, ParseError> {
        self.properties("meta.xml", META)
    }

    /// A damaged member says as much as could be read of it.
    fn properties(&mut self, member: &str, keys: &[(&str, &str)]) -> Result<Properties, ParseError> {
        let Some(xml) = self.member(member)? else { return Ok(Properties::default()) };
        let mut values: BTreeMap<usize, String> = BTreeMap::new();
        let mut text = String::new();
        let _ = xml::read(&xml, |node| match node {
            Node::Open(_) => text.clear(),
            Node::Text(piece) => text.push_str(piece),
            Node::Close(name) => {
                let value = normalized(&std::mem::take(&mut text));
                let Some(rank) = keys.iter().position(|(element, _)| *element == name) else { return };
                let so_far = values.entry(rank).or_default();
                // Each keyword of OpenDocument is an element of its own.
                if !so_far.is_empty() && !value.is_empty() {
                    so_far.push_str(", ");
                }
                so_far.push_str(&value);
            }
        });
        let mut found = BTreeMap::new();
        for (rank, value) in values {
            if let (Some((_, key)), false) = (keys.get(rank), value.is_empty()) {
                found.entry((*key).to_owned()).or_insert(Value::String(value));
            }
        }
        let title = found.remove("title").and_then(|title| title.as_str().map(str::to_owned));
        Ok(Properties { title, metadata: found })
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::archive;
    use super::*;

    #[test]
    fn both_families_use_the_same_keys() {
        let file = archive(&[
            (
                "docProps/core.xml",
                "<cp><dc:title>休假制度</dc:title><dc:creator>Ann</dc:creator><cp:keywords/>\
                 <dcterms:created>2024-01-02T03:04:05Z</dcterms:created></cp>",
            ),
            (
                "meta.xml",
                "<m><meta:initial-creator>Bo</meta:initial-creator><dc:creator>Cy</dc:creator><dc:date>2024-05-06</dc:date>\
                 <meta:keyword>a</meta:keyword><meta:keyword>b</meta:keyword><dc:language>zh-CN</dc:language></m>",
            ),
        ]);
        let mut package = Package::open(&file, 10_000).unwrap();
        let core = package.core_properties().unwrap();
        assert_eq!(core.title.as_deref(), Some("休假制度"));
        let shown = serde_json::to_string(&core.metadata).unwrap();
        assert_eq!(shown, r#"{"author":"Ann","created":"2024-01-02T03:04:05Z"}"#);
        let meta = serde_json::to_string(&package.open_document_properties().unwrap().metadata).unwrap();
        assert_eq!(meta, r#"{"author":"Bo","keywords":"a, b","language":"zh-CN","modified":"2024-05-06"}"#);
    }
}
