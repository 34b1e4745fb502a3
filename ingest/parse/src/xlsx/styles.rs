//! `xl/styles.xml` → the number format of each cell style.

use std::collections::HashMap;

use super::super::sheet::number::NumberFormat;
use super::super::xml::{self, Node};

/// Number formats by the index of the style.
#[derive(Debug, Default)]
pub(super) struct Styles {
    formats: Vec<NumberFormat>,
}

impl Styles {
    pub fn format(&self, style: usize) -> &NumberFormat {
        self.formats.get(style).unwrap_or(&NumberFormat::Plain)
    }
}

/// Damaged styles are no styles: numbers are then shown plainly.
pub(super) fn read(xml: &[u8]) -> Styles {
    let mut styles = Styles::default();
    let mut codes: HashMap<u32, String> = HashMap::new();
    let mut in_cell_styles = false;
    let _ = xml::read(xml, |node| match node {
        Node::Open(element) => {
            let id = || element.attribute("numFmtId").and_then(|id| id.parse::<u32>().ok());
            match element.name {
                "numFmt" => {
                    let code = element.attribute("formatCode").unwrap_or_default();
                    codes.extend(id().map(|id| (id, code)));
                }
                "cellXfs" => in_cell_styles = true,
                "xf" if in_cell_styles => {
                    let id = id().unwrap_or_default();
                    let format =
                        codes.get(&id).map_or_else(|| NumberFormat::builtin(id), |code| NumberFormat::of_code(code));
                    styles.formats.push(format);
                }
                _ => {}
            }
        }
        Node::Close("cellXfs") => in_cell_styles = false,
        Node::Close(_) | Node::Text(_) => {}
    });
    styles
}
