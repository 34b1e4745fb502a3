//! A query that asks for what is new → a small boost for documents that say of when they are.
//!
//! The boost is a share of the hit's own score: hits that are nearly equal change places, an irrelevant one stays where
//! it is. A document's date is the one that the filters `after` and `before` go by; one that says nothing gets none.

use std::collections::HashMap;

use jiff::civil::Date;
use taproot_schemas::search::BoostName;

use super::Found;
use super::wording::{says, years};
use crate::store::Head;

/// Share of its score that the newest hit gains at the most.
const WEIGHT: f32 = 0.15;
/// Days after which the gain is half, counted back from the newest hit.
const HALF_LIFE_DAYS: f32 = 365.0;

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

/// Boosts the hits whose documents are as wanted.
pub fn boost(found: &mut [Found], heads: &HashMap<String, Head>, wanted: Wanted) {
    let date = |hit: &Found| heads.get(&hit.chunk.document_id)?.date.as_deref()?.get(..10)?.parse::<Date>().ok();
    let Some(newest) = found.iter().filter_map(date).max() else { return };
    for hit in found {
        let Some(date) = date(hit) else { continue };
        let (fit, reason) = match wanted {
            Wanted::Newest => {
                let days = (newest - date).get_days() as f32;
                (0.5f32.powf(days / HALF_LIFE_DAYS), format!("the query asks for the newest; dated {date}"))
            }
            Wanted::Year(year) if date.year() == year => (1.0, format!("the query is about {year}; dated {date}")),
            Wanted::Year(_) => continue,
        };
        let contribution = WEIGHT * fit * hit.score.max(0.0);
        if contribution > 0.0 {
            hit.boost(BoostName::Recency, contribution, reason);
        }
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
