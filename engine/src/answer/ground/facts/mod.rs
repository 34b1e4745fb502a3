//! Numbers, amounts, dates and times of a text, and whether one of a claim is one of a source.
//!
//! In: a text, folded (`text::fold::characters`). Out: [`Fact`]s with their places, each in one spelling: `1,000` and
//! `一千` are 1000, `15 GB` and `15GB` the same quantity, `31 Jan 2026` and `2026年1月31日` the same day. Codes with digits
//! in them (`HR-114`, `2.3.1`) are names, and left to `names`.

mod measure;
mod scan;
mod spelled;

pub use measure::mentions;
pub use scan::facts;

/// A number, a date or a time of a text.
#[derive(Debug, Clone, PartialEq)]
pub struct Fact {
    pub value: Value,
    /// Bytes of the text.
    pub start: usize,
    pub end: usize,
    /// Whether a claim stands or falls with it: 一 and `hundreds` may mean no number at all.
    pub firm: bool,
    /// Whether a word before it says that it is rounded.
    pub about: bool,
    /// Whether another thing is counted than a unit: `25 employees`.
    pub counts: bool,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value {
    /// What of a date is said.
    Date { year: Option<u32>, month: u32, day: Option<u32> },
    /// Minutes since midnight, and whether morning and afternoon are told apart.
    Clock { minutes: u32, half: bool },
    /// With the unit's name, where it has one.
    Number { value: f64, unit: Option<&'static str> },
}

/// How a fact of a source bears one of a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fit {
    /// Not at all.
    Other,
    /// Same number, another unit.
    OtherUnit,
    /// Same number; only one of the two says a unit.
    Unit,
    Same,
}

/// How far a number that is said to be rounded may be off.
const ROUNDED: f64 = 0.05;

impl Fact {
    /// How a fact of a source bears this one.
    pub fn fits(&self, source: &Fact) -> Fit {
        match (self.value, source.value) {
            (Value::Date { year, month, day }, Value::Date { year: known, month: m, day: d }) => {
                let agrees = |said: Option<u32>, known: Option<u32>| said.is_none() || known.is_none() || said == known;
                let whole = day.is_none() || day == d;
                if month == m && whole && agrees(year, known) { Fit::Same } else { Fit::Other }
            }
            (Value::Clock { minutes, half }, Value::Clock { minutes: known, half: other }) => {
                let same = if half && other { minutes == known } else { minutes % 720 == known % 720 };
                if same { Fit::Same } else { Fit::Other }
            }
            (Value::Date { year: None, month, day: None }, Value::Number { value, unit: Some("calendar month") }) => {
                if value == f64::from(month) {
                    Fit::Same
                } else {
                    Fit::Other
                }
            }
            (Value::Number { value, unit }, Value::Date { year, month, day }) => {
                let part = match unit {
                    None => year,
                    Some("calendar month") => Some(month),
                    Some("day") => day,
                    Some("decade") => year.map(|year| year / 10 * 10),
                    _ => None,
                };
                if part.is_some_and(|part| value == f64::from(part)) { Fit::Same } else { Fit::Other }
            }
            (Value::Number { value, unit }, Value::Number { value: known, unit: other }) => {
                self.counted(value, unit, known, other)
            }
            _ => Fit::Other,
        }
    }

    fn counted(&self, value: f64, unit: Option<&'static str>, known: f64, other: Option<&'static str>) -> Fit {
        let near = |a: f64, b: f64| {
            let off = (a - b).abs();
            off <= 1e-9 * a.abs().max(b.abs()) || self.about && off <= ROUNDED * b.abs() && a.signum() == b.signum()
        };
        let plain = near(value, known);
        match (unit, other) {
            (Some(unit), Some(other)) => {
                let ((value, unit), (known, other)) = (measure::smallest(value, unit), measure::smallest(known, other));
                match unit == other {
                    true if near(value, known) => Fit::Same,
                    _ if plain => Fit::OtherUnit,
                    _ => Fit::Other,
                }
            }
            (None, None) if plain => Fit::Same,
            // `25 employees` are not `25 days`.
            (None, Some(_)) if plain && self.counts => Fit::OtherUnit,
            (Some(_), None) | (None, Some(_)) if plain => Fit::Unit,
            _ => Fit::Other,
        }
    }

    /// The unit's name, of a number.
    pub fn unit(&self) -> Option<&'static str> {
        match self.value {
            Value::Number { unit, .. } => unit,
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Fact, Fit};
    use crate::text::fold;

    fn facts(text: &str) -> Vec<Fact> {
        super::facts(&fold::characters(text))
    }

    #[track_caller]
    fn check(claim: &str, source: &str, expected: Fit) {
        let (claimed, known) = (facts(claim), facts(source));
        let best = claimed.iter().map(|fact| known.iter().map(|source| fact.fits(source)).max().unwrap_or(Fit::Other));
        assert_eq!(best.min(), Some(expected), "{claim} / {source}: {claimed:?} {known:?}");
    }

    #[test]
    fn one_fact_in_two_spellings_is_the_same() {
        for (claim, source) in [
            ("1000 people", "1,000 people"),
            ("15GB of memory", "memory of 15 GB"),
            ("三个月", "3个月"),
            ("three months", "三个月的试用期"),
            ("31 Jan 2026", "2026年1月31日起"),
            ("January 31, 2026", "on 31 January"),
            ("in 2026", "2026年1月31日"),
            ("90 minutes", "1.5 hours"),
            ("two weeks", "14 days"),
            ("20 percent", "20%"),
            ("百分之二十", "20%"),
            ("$1.2 million", "US$1,200,000"),
            ("12000元", "一万二千元"),
            ("at 6:20 pm", "at 18:20"),
            ("傍晚六点二十分", "18:20"),
            ("1990s", "上世纪90年代"),
            ("5 years", "5 to 9 years"),
            ("about 5,000", "5,043"),
            ("the 20th century", "20世纪"),
            ("-18 °C", "零下18℃"),
            ("third floor", "3rd floor"),
            ("30 per cent", "30 %"),
        ] {
            check(claim, source, Fit::Same);
        }
    }

    #[test]
    fn another_number_is_another_fact() {
        for (claim, source) in [
            ("26 days", "25 days"),
            ("30 Jan 2026", "31 Jan 2026"),
            ("February 2026", "2026年1月31日"),
            ("四个月", "三个月"),
            ("at 18:30", "at 18:20"),
            ("5,100", "5,043"),
            ("18 °C", "-18 °C"),
            ("1980s", "1990s"),
        ] {
            check(claim, source, Fit::Other);
        }
    }

    #[test]
    fn another_unit_is_told_apart() {
        for (claim, source) in [
            ("25 weeks", "25 days"),
            ("15 MB", "15 GB"),
            ("5 miles", "5公里"),
            ("20 dollars", "20%"),
            ("25 employees", "25 days"),
            ("10 days", "10个工作日"),
            ("三年", "三个月"),
        ] {
            check(claim, source, Fit::OtherUnit);
        }
        check("25 days", "Days of leave: 25", Fit::Unit);
    }

    #[test]
    fn codes_and_idioms_are_no_facts() {
        for text in ["form HR-114", "version 2.3.1", "the A320", "MP3 and IPv6", "one of them", "COVID-19", "10.0.0.1"]
        {
            assert_eq!(facts(text), vec![], "{text}");
        }
        for text in ["一般情况下", "十分重要", "万一停电", "四川省", "统一管理"] {
            assert!(facts(text).iter().all(|fact| !fact.firm), "{text}");
        }
    }
}
