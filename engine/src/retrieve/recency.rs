//! A query that asks for what is new → of hits that match nearly as well, the newer one first.
//!
//! A hit rises just above the best of those that are older than it, when it matches nearly as well in each leg; so a date brings up
//! nothing that is less relevant. A document's date is the one that the filters `after` and `before` go by; one that says
//! nothing counts as old.

use jiff::civil::Date;
use taproot_schemas::search::BoostName;

use super::Found;
use super::paper::PapersOfHits;
use super::wording::{says, years};

/// How well a hit has to match beside the older one, in each leg.
const NEARLY: f32 = 0.8;
/// Days by which a document has to be newer.
const DAYS: i32 = 30;
/// What a newer hit ends up above an older one.
const MARGIN: f32 = 0.001;

const NEWEST: [&str; 26] = [
    "latest",
    "newest",
    "current",
    "currently",
    "recent",
    "recently",
    "most recent",
    "up to date",
    "up-to-date",
    "nowadays",
    "right now",
    "最新",
    "目前",
    "现行",
    "現行",
    "当前",
    "當前",
    "现在",
    "現在",
    "最近",
    "近期",
    "如今",
    "今后",
    "新版",
    "现有",
    "現有",
];
/// Years counted from this one.
const YEARS: [(&str, i16); 8] = [
    ("this year", 0),
    ("this year's", 0),
    ("今年", 0),
    ("本年度", 0),
    ("last year", -1),
    ("last year's", -1),
    ("去年", -1),
    ("上年度", -1),
];

/// What a query wants of a document's date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    Newest,
    Year(i16),
}

/// `text` is folded and in lower case; `today` tells which year is this one.
pub fn wanted(text: &str, today: Date) -> Option<Wanted> {
    let named = years(text).next();
    let counted = || YEARS.iter().find(|(words, _)| says(text, words)).map(|(_, back)| today.year() + back);
    let newest = || NEWEST.iter().any(|words| says(text, words)).then_some(Wanted::Newest);
    named.or_else(counted).map(Wanted::Year).or_else(newest)
}

/// Boosts the hits whose documents are as wanted. `found` is in order, best first.
pub fn boost(found: &mut [Found], papers: &PapersOfHits, wanted: Wanted) {
    let date = |hit: &Found| papers.get(&hit.chunk.document_id)?.date;
    let dates: Vec<Option<Date>> = found.iter().map(date).collect();
    let fits = |newer: Date, older: Option<Date>| match wanted {
        Wanted::Newest => older.is_none_or(|older| (newer - older).get_days() >= DAYS),
        Wanted::Year(year) => newer.year() == year && older.is_none_or(|older| older.year() != year),
    };
    let mut boosts = Vec::new();
    for (at, hit) in found.iter().enumerate() {
        let Some(date) = dates[at] else { continue };
        let older =
            (0..at).find(|&above| fits(date, dates[above]) && hit.beside(&found[above]).all(|ratio| ratio >= NEARLY));
        if let Some(above) = older {
            // Several that rise above the same hit keep their order.
            let margin = MARGIN * (1.0 - at as f32 / found.len() as f32);
            boosts.push((
                at,
                found[above].score - hit.score + margin,
                format!("dated {date}, and nearly as good as {}", found[above].chunk.uri),
            ));
        }
    }
    for (at, contribution, reason) in boosts {
        found[at].boost(BoostName::Recency, contribution, reason);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_that_ask_for_what_is_new() {
        let today: Date = "2026-06-30".parse().expect("a date");
        for (query, expected) in [
            ("the latest travel policy", Some(Wanted::Newest)),
            ("what is our current leave policy?", Some(Wanted::Newest)),
            ("most recent minutes", Some(Wanted::Newest)),
            ("concurrent searches", None),
            ("最新的差旅制度", Some(Wanted::Newest)),
            ("现行考勤办法", Some(Wanted::Newest)),
            ("holidays this year", Some(Wanted::Year(2026))),
            ("今年的年假", Some(Wanted::Year(2026))),
            ("去年的预算", Some(Wanted::Year(2025))),
            ("revenue of 2024", Some(Wanted::Year(2024))),
            ("2025年的预算", Some(Wanted::Year(2025))),
            ("ERR-2012", None),
            ("a loan of 20244 euros", None),
            ("travel policy", None),
            ("差旅制度", None),
        ] {
            assert_eq!(wanted(&query.to_lowercase(), today), expected, "{query}");
        }
    }
}
