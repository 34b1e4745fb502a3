//! What stands around the content of a page, the same on every page of a site: menus, banners, notices.
//!
//! Landmarks say it themselves (HTML standard, 4.3; WAI-ARIA 1.2, 5.3.4). Names of classes only hint at it: there the
//! text has to be mostly links as well, or a short notice about cookies. On a page that does not say where its content
//! is, headers and footers may be content too, so that they have to be menus.

use scraper::node::Element;
use scraper::{Html, Node};

use super::reader::NodeRef;

/// Elements and roles that are furniture wherever they stand.
const LANDMARKS: &[&str] = &["nav", "navigation", "search", "menu", "menubar"];
/// Elements and roles with the title of what they stand in: with an `h1`, as pandoc writes them, they are content.
const HEADERS: &[&str] = &["header", "banner"];
/// Elements and roles that are furniture of a page, but content of an article.
const FOOTERS: &[&str] = &["footer", "contentinfo"];
/// Elements and roles that are furniture, unless they stand in an article and are text.
const ASIDES: &[&str] = &["aside", "complementary"];

/// Words in classes and ids of menus and of bars with links.
#[rustfmt::skip]
const LINK_WORDS: &[&str] = &[
    "nav", "navbar", "navigation", "menu", "breadcrumb", "breadcrumbs", "sidebar", "pagination", "pager", "share",
    "sharing", "social", "related", "footer", "ads", "advert", "sponsored", "skip",
];
/// Words in classes and ids of notices.
const NOTICE_WORDS: &[&str] = &["cookie", "cookies", "consent", "gdpr"];

const MAX_NOTICE_CHARS: usize = 1_500;
/// Share of the text that is links, in percent, from which on a part of the page is a menu.
const MENU_PERCENT: usize = 50;
/// Nodes that are looked at to tell how much of a part is links.
const MAX_NODES: usize = 20_000;

/// Whether the page says where its content is.
pub(super) fn names_content(page: &Html) -> bool {
    page.root_element().descendent_elements().any(|element| is_article(element.value()))
}

/// `content_is_named` is what [`names_content`] says of the page.
pub(super) fn is_furniture(element: &Element, node: NodeRef<'_>, content_is_named: bool) -> bool {
    let name = element.name();
    let role = element.attr("role").unwrap_or_default();
    let is = |names: &[&str]| names.contains(&name) || names.contains(&role);
    if matches!(name, "body" | "main" | "article") || role == "main" {
        return false;
    }
    if is(LANDMARKS) {
        return true;
    }
    if is(HEADERS) || is(FOOTERS) {
        let has_title = || is(HEADERS) && holds(node, |inner| inner.name() == "h1");
        return !within_article(node) && !has_title() && (content_is_named || is_menu(node));
    }
    if is(ASIDES) {
        return (content_is_named && !within_article(node)) || is_menu(node);
    }
    if !matches!(name, "div" | "section" | "ul" | "ol" | "table" | "form") {
        return false;
    }
    let hints = |words: &[&str]| {
        [element.attr("class"), element.attr("id")].into_iter().flatten().any(|names| {
            names.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| words.contains(&word.to_lowercase().as_str()))
        })
    };
    (hints(LINK_WORDS) && is_menu(node)) || (hints(NOTICE_WORDS) && is_notice(element, node))
}

/// A short text beside of the content. With a heading it may be a section about cookies, unless it asks something.
fn is_notice(element: &Element, node: NodeRef<'_>) -> bool {
    let is_heading = |inner: &Element| matches!(inner.name(), "h1" | "h2" | "h3" | "h4" | "h5" | "h6");
    let is_button = |inner: &Element| inner.name() == "button" || inner.attr("role") == Some("button");
    let asks = || matches!(element.attr("role"), Some("dialog" | "alertdialog")) || holds(node, is_button);
    !within_article(node) && measure(node).chars <= MAX_NOTICE_CHARS && (!holds(node, is_heading) || asks())
}

/// Whether such an element is in this one.
fn holds(node: NodeRef<'_>, is_wanted: impl Fn(&Element) -> bool) -> bool {
    node.descendants().take(MAX_NODES).filter_map(|inner| inner.value().as_element()).any(is_wanted)
}

fn is_article(element: &Element) -> bool {
    matches!(element.name(), "article" | "main") || element.attr("role") == Some("main")
}

fn within_article(node: NodeRef<'_>) -> bool {
    let mut around = node.ancestors().filter_map(|above| above.value().as_element());
    around.any(is_article)
}

fn is_menu(node: NodeRef<'_>) -> bool {
    let measure = measure(node);
    measure.link_chars * 100 >= measure.chars * MENU_PERCENT
}

/// How much text there is in a part of a page, without white space.
#[derive(Debug, Default)]
pub(super) struct Measure {
    pub chars: usize,
    link_chars: usize,
}

pub(super) fn measure(node: NodeRef<'_>) -> Measure {
    let mut measure = Measure::default();
    let mut at = node;
    let mut links = 0usize;
    for _ in 0..MAX_NODES {
        links += usize::from(is_link(at));
        if let Node::Text(text) = at.value() {
            let chars = text.chars().filter(|c| !c.is_whitespace()).count();
            measure.chars += chars;
            measure.link_chars += if links > 0 { chars } else { 0 };
        }
        let is_machine = at.value().as_element().is_some_and(super::reader::is_machine);
        if let Some(child) = at.first_child().filter(|_| !is_machine) {
            at = child;
            continue;
        }
        loop {
            links -= usize::from(is_link(at));
            if at.id() == node.id() {
                return measure;
            }
            if let Some(sibling) = at.next_sibling() {
                at = sibling;
                break;
            }
            let Some(parent) = at.parent() else { return measure };
            at = parent;
        }
    }
    measure
}

fn is_link(node: NodeRef<'_>) -> bool {
    node.value().as_element().is_some_and(|element| element.name() == "a")
}
