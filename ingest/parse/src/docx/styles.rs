//! Which paragraph styles are headings.

use std::collections::HashMap;

use super::super::ParseError;
use super::super::xml::{self, Node};

/// What a paragraph style stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Title,
    /// 1 to 6.
    Heading(u8),
    ListItem,
    Body,
}

/// The paragraph styles of a document by id.
#[derive(Debug, Default)]
pub(super) struct Styles {
    styles: HashMap<String, Style>,
}

#[derive(Debug, Default)]
struct Style {
    name: String,
    based_on: Option<String>,
    /// From 0, as in the file.
    outline_level: Option<u8>,
    is_list: bool,
    is_shaded: bool,
}

/// Steps from a style to the ones it is based on that are followed; a cycle ends here.
const MAX_INHERITANCE: usize = 10;

impl Styles {
    /// The role of the style with this id. Ids are translated by some versions of Word (`Titre1`, `berschrift1`, `1`)
    /// and names by others (`标题 1`); the outline level is the same in all languages.
    pub fn role(&self, id: &str) -> Role {
        let mut next = Some(id);
        for _ in 0..MAX_INHERITANCE {
            let Some(id) = next else { break };
            let style = self.styles.get(id);
            let name = style.map_or(id, |style| style.name.as_str());
            if is_title(name) {
                return Role::Title;
            }
            if let Some(level) = heading_level(name) {
                return Role::Heading(level);
            }
            let Some(style) = style else { break };
            if let Some(level) = style.outline_level {
                // Level 9 stands for body text.
                return if level < 9 { Role::Heading((level + 1).min(6)) } else { Role::Body };
            }
            if style.is_list {
                return Role::ListItem;
            }
            next = style.based_on.as_deref();
        }
        Role::Body
    }

    /// Whether paragraphs of this style stand on a colour of their own.
    pub fn is_shaded(&self, id: &str) -> bool {
        let based_on = |style: &&'_ Style| style.based_on.as_ref().and_then(|id| self.styles.get(id));
        std::iter::successors(self.styles.get(id), based_on).take(MAX_INHERITANCE).any(|style| style.is_shaded)
    }
}

pub(super) fn read(xml: &[u8]) -> Result<Styles, ParseError> {
    let mut styles = Styles::default();
    let mut open: Option<(String, Style)> = None;
    xml::read(xml, |node| match node {
        Node::Open(element) if element.name == "style" => {
            let is_paragraph = element.attribute("type").is_none_or(|kind| kind == "paragraph");
            open = element.attribute("styleId").filter(|_| is_paragraph).map(|id| (id, Style::default()));
        }
        Node::Open(element) => {
            let Some((_, style)) = &mut open else { return };
            match element.name {
                "name" => style.name = element.attribute("val").unwrap_or_default(),
                "basedOn" => style.based_on = element.attribute("val"),
                "outlineLvl" => style.outline_level = element.attribute("val").and_then(|level| level.parse().ok()),
                "numPr" => style.is_list = true,
                "shd" => style.is_shaded = true,
                _ => {}
            }
        }
        Node::Close("style") => styles.styles.extend(open.take()),
        Node::Close(_) | Node::Text(_) => {}
    })?;
    Ok(styles)
}

pub(crate) fn is_title(name: &str) -> bool {
    matches!(name.to_lowercase().as_str(), "title" | "标题" | "標題" | "titre" | "titel" | "título" | "titolo" | "表題")
}

/// `heading 1`, `Heading1`, `标题 1`, `Überschrift 1`, …
pub(crate) fn heading_level(name: &str) -> Option<u8> {
    const PREFIXES: &[&str] = &[
        "heading",
        "标题",
        "標題",
        "見出し",
        "제목",
        "überschrift",
        "berschrift",
        "titre",
        "título",
        "titolo",
        "kop",
        "rubrik",
        "заголовок",
        "nagłówek",
    ];
    let name = name.to_lowercase();
    let rest = PREFIXES.iter().find_map(|prefix| name.strip_prefix(prefix))?;
    let level = rest.trim().parse::<u8>().ok()?;
    (1..=9).contains(&level).then(|| level.min(6))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_by_name_level_and_inheritance() {
        let xml = br#"<w:styles xmlns:w="w">
            <w:style w:type="paragraph" w:styleId="1"><w:name w:val="heading 1"/></w:style>
            <w:style w:type="paragraph" w:styleId="a"><w:name w:val="&#x6807;&#x9898; 2"/></w:style>
            <w:style w:type="paragraph" w:styleId="Mine"><w:name w:val="My own"/><w:basedOn w:val="1"/></w:style>
            <w:style w:type="paragraph" w:styleId="Lvl"><w:name w:val="Chapitre"/><w:pPr><w:outlineLvl w:val="2"/></w:pPr></w:style>
            <w:style w:type="paragraph" w:styleId="Loop"><w:name w:val="x"/><w:basedOn w:val="Loop"/></w:style>
            <w:style w:type="character" w:styleId="C"><w:name w:val="heading 1"/></w:style>
            <w:style w:type="paragraph" w:styleId="L"><w:name w:val="Bullets"/><w:pPr><w:numPr/></w:pPr></w:style>
        </w:styles>"#;
        let styles = read(xml).unwrap();
        let check = |id: &str, expected| assert_eq!(styles.role(id), expected, "{id}");
        check("1", Role::Heading(1));
        check("a", Role::Heading(2));
        check("Mine", Role::Heading(1));
        check("Lvl", Role::Heading(3));
        check("Loop", Role::Body);
        check("C", Role::Body);
        check("L", Role::ListItem);
        check("Heading3", Role::Heading(3));
        check("Title", Role::Title);
    }
}
