//! The little of XML that the office formats need: elements, attributes and text, in order.

use quick_xml::events::{BytesStart, Event};
use quick_xml::name::QName;
use quick_xml::{Reader, XmlVersion};

use super::ParseError;
use super::encoding::{declared_in_xml, decode};

/// What [`read`] hands out.
pub(crate) enum Node<'a> {
    Open(Element<'a>),
    /// The local name of the element that ends here.
    Close(&'a str),
    Text(&'a str),
}

/// The start of an element, without its name space.
pub(crate) struct Element<'a> {
    pub name: &'a str,
    start: &'a BytesStart<'a>,
}

impl Element<'_> {
    /// The value of the attribute with this local name.
    pub fn attribute(&self, name: &str) -> Option<String> {
        self.value_of(|key| key.local_name().as_ref() == name)
    }

    /// The value of the attribute with this local name in a name space: `r:id` beside of `id`.
    pub fn prefixed_attribute(&self, name: &str) -> Option<String> {
        self.value_of(|key| key.prefix().is_some() && key.local_name().as_ref() == name)
    }

    fn value_of(&self, is_wanted: impl Fn(QName<'_>) -> bool) -> Option<String> {
        let found = self.start.attributes().flatten().find(|attribute| is_wanted(attribute.key))?;
        Some(
            found
                .normalized_value(XmlVersion::Implicit1_0)
                .map_or_else(|_| found.value.to_string(), |value| value.into_owned()),
        )
    }
}

/// Passes over elements with all that is in them.
#[derive(Debug, Default)]
pub(crate) struct Skipping {
    /// Name of the element that is open, and how many of the same name are open in it.
    open: Option<(String, usize)>,
}

impl Skipping {
    /// Whether the node belongs to an element that is passed over; `begins` says which ones are.
    pub fn skips(&mut self, node: &Node<'_>, begins: impl FnOnce(&Element<'_>) -> bool) -> bool {
        match (&mut self.open, node) {
            (Some((skipped, depth)), Node::Open(element)) if element.name == skipped => *depth += 1,
            (Some((skipped, depth)), Node::Close(name)) if name == skipped => {
                *depth -= 1;
                if *depth == 0 {
                    self.open = None;
                }
            }
            (Some(_), _) => {}
            (None, Node::Open(element)) if begins(element) => self.open = Some((element.name.to_owned(), 1)),
            (None, _) => return false,
        }
        true
    }
}

/// Reads an XML document from start to end. Elements are closed in the right order whatever the document does, except
/// at its end, where `take` may be left with open ones.
///
/// # Errors
/// The document is not well-formed; what was read up to there has been handed out.
pub(crate) fn read(bytes: &[u8], mut take: impl FnMut(Node<'_>)) -> Result<(), ParseError> {
    let xml = decode(bytes, declared_in_xml(bytes))?;
    let mut reader = Reader::from_str(&xml);
    loop {
        match reader.read_event().map_err(ParseError::corrupt)? {
            Event::Start(start) => open(&start, &mut take),
            Event::Empty(start) => {
                open(&start, &mut take);
                take(Node::Close(start.local_name().as_ref()));
            }
            Event::End(end) => take(Node::Close(end.local_name().as_ref())),
            Event::Text(text) => take(Node::Text(&text.xml10_content())),
            Event::CData(text) => take(Node::Text(&text.xml10_content())),
            Event::GeneralRef(reference) => {
                let mut buffer = [0; 4];
                let text = match reference.resolve_char_ref() {
                    Ok(Some(character)) => &*character.encode_utf8(&mut buffer),
                    _ => predefined_entity(&reference.xml10_content()),
                };
                take(Node::Text(text));
            }
            Event::Eof => return Ok(()),
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => {}
        }
    }
}

/// How many elements of this name there are, up to where the document is damaged.
pub(crate) fn count(bytes: &[u8], name: &str) -> u32 {
    let mut count = 0;
    let _ = read(bytes, |node| count += u32::from(matches!(node, Node::Open(element) if element.name == name)));
    count
}

fn open(start: &BytesStart<'_>, take: &mut impl FnMut(Node<'_>)) {
    let name = start.local_name();
    take(Node::Open(Element { name: name.as_ref(), start }));
}

/// XML 1.0, section 4.6. Entities that a document defines itself are not expanded (they can be bombs).
fn predefined_entity(name: &str) -> &'static str {
    match name {
        "amp" => "&",
        "lt" => "<",
        "gt" => ">",
        "quot" => "\"",
        "apos" => "'",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_attributes_and_entities() {
        let mut seen = String::new();
        read(b"<w:p a:x='1 &amp; 2'>R&amp;D &#x4e2d;<!-- no --><br/><![CDATA[<&]]></w:p>", |node| match node {
            Node::Open(element) => {
                seen += &format!("<{} {}>", element.name, element.attribute("x").unwrap_or_default());
            }
            Node::Close(name) => seen += &format!("</{name}>"),
            Node::Text(text) => seen += text,
        })
        .unwrap();
        assert_eq!(seen, "<p 1 & 2>R&D 中<br ></br><&</p>");
    }

    #[test]
    fn the_declared_encoding_is_used() {
        let mut xml = b"<?xml version='1.0' encoding='big5'?><x>".to_vec();
        xml.extend_from_slice(&encoding_rs::BIG5.encode("年假</x>").0);
        let mut seen = String::new();
        let take = |node: Node<'_>| {
            if let Node::Text(text) = node {
                seen += text
            }
        };
        read(&xml, take).unwrap();
        assert_eq!(seen, "年假");
    }

    #[test]
    fn entities_of_the_document_are_not_expanded() {
        let bomb = b"<!DOCTYPE x [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;\">]><x>&b;</x>";
        let mut length = 0;
        read(bomb, |node| {
            if let Node::Text(text) = node {
                length += text.len();
            }
        })
        .unwrap();
        assert_eq!(length, 0);
    }
}
