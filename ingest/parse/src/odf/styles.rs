//! The few things that styles say about text: what is a title, and what is hidden.

use std::collections::HashMap;

use super::super::xml::Node;

/// Styles by family and name.
#[derive(Debug, Default)]
pub(super) struct Styles {
    styles: HashMap<(String, String), Style>,
    open: Option<(String, String)>,
}

#[derive(Debug, Default)]
struct Style {
    parent: Option<String>,
    is_hidden: bool,
}

/// Steps from a style to its parents that are followed; a cycle ends here.
const MAX_INHERITANCE: usize = 10;

impl Styles {
    /// Takes a node of `styles.xml`, or of `content.xml` before its body.
    pub fn take(&mut self, node: &Node<'_>) {
        match node {
            Node::Open(element) if element.name == "style" => {
                let name = element.attribute("family").zip(element.attribute("name"));
                let parent = element.attribute("parent-style-name");
                if let Some(name) = &name {
                    self.styles.insert(name.clone(), Style { parent, is_hidden: false });
                }
                self.open = name;
            }
            Node::Close("style") => self.open = None,
            Node::Open(element) if matches!(element.name, "text-properties" | "table-properties") => {
                let style = self.open.as_ref().and_then(|name| self.styles.get_mut(name));
                // `none` for text (20.266), `false` for tables (20.399).
                let display = element.attribute("display");
                if let (Some(style), Some("none" | "false")) = (style, display.as_deref()) {
                    style.is_hidden = true;
                }
            }
            _ => {}
        }
    }

    pub fn is_hidden(&self, family: &str, name: &str) -> bool {
        self.chain(family, name).any(|(_, style)| style.is_some_and(|style| style.is_hidden))
    }

    pub fn is_title(&self, name: &str) -> bool {
        self.chain("paragraph", name).any(|(name, _)| name == "Title")
    }

    fn chain<'a>(&'a self, family: &'a str, name: &'a str) -> impl Iterator<Item = (&'a str, Option<&'a Style>)> {
        let find = move |name: &'a str| (name, self.styles.get(&(family.to_owned(), name.to_owned())));
        std::iter::successors(Some(find(name)), move |(_, style)| {
            style.and_then(|style| style.parent.as_deref()).map(find)
        })
        .take(MAX_INHERITANCE)
    }
}
