//! A chart (DrawingML, ECMA-376 part 1, 21.2) → its title, and its numbers as a table: a row for each category, a column
//! for each series. They are the ones that were saved with the chart; its workbook is not read.

use std::collections::BTreeMap;

use super::sheet::number;
use super::slide::Piece;
use super::xml::{self, Node};

/// Series and categories that are read of one chart.
const MAX_SERIES: usize = 100;
const MAX_POINTS: usize = 1_000;

#[derive(Default)]
struct Series {
    name: String,
    categories: BTreeMap<usize, String>,
    values: BTreeMap<usize, String>,
}

pub(crate) fn read(xml: &[u8]) -> Vec<Piece> {
    let (mut title, mut series) = (String::new(), Vec::<Series>::new());
    // The part of a series that is open: its name, its categories or its values.
    let (mut part, mut point, mut text) = (String::new(), 0, String::new());
    let (mut in_title, mut in_series) = (false, false);
    let _ = xml::read(xml, |node| match node {
        Node::Open(element) => match element.name {
            "ser" if series.len() < MAX_SERIES => {
                series.push(Series::default());
                in_series = true;
            }
            "title" if !in_series => in_title = true,
            "tx" | "cat" | "val" | "xVal" | "yVal" => part = element.name.to_owned(),
            "pt" => point = element.attribute("idx").and_then(|index| index.parse().ok()).unwrap_or(usize::MAX),
            "v" | "t" => text.clear(),
            _ => {}
        },
        Node::Text(piece) => text.push_str(piece),
        Node::Close("ser") => in_series = false,
        Node::Close("title") => {
            in_title = false;
            title.push('\n');
        }
        Node::Close("t") if in_title => title.push_str(&text),
        Node::Close("v") => {
            let Some(open) = series.last_mut().filter(|_| in_series) else { return };
            match part.as_str() {
                "tx" => open.name.clone_from(&text),
                "cat" | "xVal" if point < MAX_POINTS => drop(open.categories.insert(point, shown(&text))),
                "val" | "yVal" if point < MAX_POINTS => drop(open.values.insert(point, shown(&text))),
                _ => {}
            }
        }
        Node::Close(_) => {}
    });
    let mut pieces = vec![Piece::Paragraph(title)];
    let points: std::collections::BTreeSet<usize> = series.iter().flat_map(|one| one.values.keys().copied()).collect();
    if points.is_empty() {
        return pieces;
    }
    let names = std::iter::once(String::new()).chain(series.iter().map(|one| one.name.clone()));
    let mut rows: Vec<Vec<String>> = vec![names.collect()];
    for point in points {
        let category = series.iter().find_map(|one| one.categories.get(&point)).cloned().unwrap_or_default();
        let values = series.iter().map(|one| one.values.get(&point).cloned().unwrap_or_default());
        rows.push(std::iter::once(category).chain(values).collect());
    }
    pieces.push(Piece::Table(rows, true));
    pieces
}

/// Numbers lose the noise of binary fractions.
fn shown(text: &str) -> String {
    text.trim().parse::<f64>().map_or_else(|_| text.to_owned(), number::plain)
}
