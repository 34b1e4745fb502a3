//! What a number counts: units of measure, money, time, and per cent, as one name each.
//!
//! In: the text behind a number (or before it, for signs of money), folded and in lower case. Out: the unit's name and the
//! bytes up to its end. Units of one kind are compared in their smallest: 90 minutes are 1.5 hours. What is counted without
//! being a unit (employees, 台) is no business of this file.

use super::spelled;
use crate::text::units;

/// Units that `text::units` does not have: what is counted by calendar, money, and the like. The longer of two that begin
/// alike comes first.
const CHINESE: &[(&str, &str)] = &[
    ("个工作日", "workday"),
    ("工作日", "workday"),
    ("个自然日", "day"),
    ("自然日", "day"),
    ("个百分点", "points"),
    ("百分点", "points"),
    ("个小时", "h"),
    ("个钟头", "h"),
    ("钟头", "h"),
    ("个星期", "week"),
    ("星期", "week"),
    ("个礼拜", "week"),
    ("周年", "year"),
    ("周岁", "year"),
    ("周", "week"),
    ("个月", "month"),
    ("月", "calendar month"),
    ("个季度", "quarter"),
    ("季度", "quarter"),
    ("世纪", "century"),
    ("年代", "decade"),
    ("年", "year"),
    ("岁", "year"),
    ("天", "day"),
    ("日元", "jpy"),
    ("日", "day"),
    ("号", "day"),
    ("美元", "usd"),
    ("美金", "usd"),
    ("欧元", "eur"),
    ("英镑", "gbp"),
    ("港元", "hkd"),
    ("港币", "hkd"),
    ("人民币", "cny"),
    ("元", "cny"),
    ("块钱", "cny"),
    ("倍", "times"),
    ("度", "°"),
    ("吨", "t"),
    ("公顷", "ha"),
    ("亩", "mu"),
    ("分钟", "min"),
    ("核", "core"),
];

const ENGLISH: &[(&str, &str)] = &[
    ("acre", "acre"),
    ("acres", "acre"),
    ("cent", "cent"),
    ("cents", "cent"),
    ("century", "century"),
    ("centuries", "century"),
    ("core", "core"),
    ("cores", "core"),
    ("day", "day"),
    ("days", "day"),
    ("decade", "decades"),
    ("decades", "decades"),
    ("degree", "°"),
    ("degrees", "°"),
    ("dollar", "usd"),
    ("dollars", "usd"),
    ("eur", "eur"),
    ("euro", "eur"),
    ("euros", "eur"),
    ("feet", "ft"),
    ("fold", "times"),
    ("foot", "ft"),
    ("franc", "franc"),
    ("francs", "franc"),
    ("gbp", "gbp"),
    ("hr", "h"),
    ("hrs", "h"),
    ("mins", "min"),
    ("month", "month"),
    ("months", "month"),
    ("night", "night"),
    ("nights", "night"),
    ("ounce", "oz"),
    ("ounces", "oz"),
    ("pence", "pence"),
    ("points", "points"),
    ("pound", "pound"),
    ("pounds", "pound"),
    ("quarter", "quarter"),
    ("quarters", "quarter"),
    ("rmb", "cny"),
    ("sec", "s"),
    ("secs", "s"),
    ("times", "times"),
    ("ton", "t"),
    ("tonne", "t"),
    ("tonnes", "t"),
    ("tons", "t"),
    ("usd", "usd"),
    ("week", "week"),
    ("weeks", "week"),
    ("yard", "yd"),
    ("yards", "yd"),
    ("year", "year"),
    ("years", "year"),
    ("yuan", "cny"),
    ("yr", "year"),
    ("yrs", "year"),
];

/// Signs of money, before or behind a number.
pub const MONEY: &[(&str, &str)] = &[
    ("us$", "usd"),
    ("hk$", "hkd"),
    ("usd ", "usd"),
    ("eur ", "eur"),
    ("rmb ", "cny"),
    ("人民币", "cny"),
    ("$", "usd"),
    ("€", "eur"),
    ("£", "gbp"),
    ("¥", "cny"),
];

/// Words that may stand between a number and its unit: `25 paid vacation days`.
const BETWEEN: usize = 2;
/// Words behind which no unit of the number before them follows.
const STOPS: &[&str] = &[
    "a", "an", "and", "are", "as", "at", "but", "by", "each", "every", "for", "from", "had", "has", "have", "if", "in",
    "into", "is", "it", "of", "on", "or", "out", "over", "per", "than", "that", "the", "their", "to", "until", "was",
    "were", "when", "which", "who", "will", "with",
];

/// The unit behind a number, and the bytes up to its end.
pub fn behind(text: &str) -> Option<(&'static str, usize)> {
    let skipped = text.len() - text.trim_start_matches([' ', '-']).len();
    let rest = &text[skipped..];
    let at = |end: usize| skipped + end;
    if skipped > 2 {
        return None;
    }
    for (sign, unit) in [("%", "%"), ("per cent", "%"), ("°c", "°c"), ("°f", "°f"), ("°", "°")] {
        if rest.starts_with(sign) {
            return Some((unit, at(sign.len())));
        }
    }
    let counted = rest.trim_start_matches(['多', '余', '来', '几']);
    let more = rest.len() - counted.len();
    if let Some((name, unit)) = CHINESE.iter().find(|(name, _)| counted.starts_with(name)) {
        return Some((unit, at(more + name.len())));
    }
    if let Some((_, unit)) = MONEY.iter().find(|(sign, _)| rest.starts_with(sign.trim_end())) {
        return Some((unit, at(1)));
    }
    let measured = rest.strip_prefix('个').unwrap_or(rest);
    if measured.chars().next().is_some_and(crate::text::is_han) {
        return units::symbol(measured).map(|unit| (unit, text.len() - measured.len() + 3));
    }
    in_words(rest).map(|(unit, end)| (unit, at(end)))
}

/// A unit among the next words, as long as they are part of what is counted.
fn in_words(text: &str) -> Option<(&'static str, usize)> {
    let mut at = 0;
    let mut work = false;
    for skipped in 0..=BETWEEN {
        let rest = &text[at..];
        let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '/' || c == 'μ')).unwrap_or(rest.len());
        let word = &rest[..end];
        if word.is_empty() || STOPS.contains(&word) || word.starts_with(|c: char| c.is_ascii_digit()) {
            return None;
        }
        let named = ENGLISH.iter().find(|(name, _)| *name == word).map(|(_, unit)| *unit);
        // One letter is a unit only right behind its number: `5 m`, but not `5 class A drives`.
        let symbol = || units::symbol(rest).filter(|_| skipped == 0 || word.len() > 2);
        if let Some(unit) = named.or_else(symbol) {
            return Some((if work && unit == "day" { "workday" } else { unit }, at + end));
        }
        work = matches!(word, "working" | "business" | "work");
        at += end;
        match text.as_bytes().get(at) {
            Some(b' ' | b'-') => at += 1,
            _ => return None,
        }
    }
    None
}

/// The sign of money with which the text before a number ends.
pub fn before(text: &str) -> Option<&'static str> {
    let trimmed = text.trim_end();
    MONEY.iter().find(|(sign, _)| trimmed.ends_with(sign.trim_end())).map(|(_, unit)| *unit)
}

/// What the number is multiplied by: `1.2 million`, `3万`, and the bytes that say so.
pub fn scaled(text: &str) -> Option<(f64, usize)> {
    let first = text.chars().next()?;
    if let Some(power) = spelled::power(first).filter(|_| first != '十' && first != '百') {
        let next = text[first.len_utf8()..].chars().next();
        // 3千万.
        let (second, more) = match next {
            Some(c @ ('万' | '亿')) => (spelled::power(c).unwrap_or(1.0), c.len_utf8()),
            _ => (1.0, 0),
        };
        // 5千米, 3千克 and 2千瓦 are units.
        let unit = first == '千' && matches!(next, Some('米' | '克' | '瓦' | '卡' | '字' | '伏'));
        return (!unit).then_some((power * second, first.len_utf8() + more));
    }
    let rest = text.strip_prefix([' ', '-'])?;
    let end = rest.bytes().position(|b| !b.is_ascii_lowercase()).unwrap_or(rest.len());
    spelled::scale(&rest[..end]).map(|scale| (scale, end + 1))
}

/// Whether a text names a unit, with a number or without: the head of a table, a label.
pub fn mentions(text: &str, unit: &str) -> bool {
    let lower = text.to_lowercase();
    let named = |word: &str| {
        ENGLISH.iter().any(|(name, known)| *name == word && *known == unit) || units::symbol(word) == Some(unit)
    };
    let sign =
        |table: &[(&str, &str)]| table.iter().any(|(name, known)| *known == unit && lower.contains(name.trim_end()));
    lower.split(|c: char| !(c.is_alphanumeric() || c == '/' || c == '°')).any(named)
        || sign(CHINESE)
        || sign(MONEY)
        || units::CHINESE.iter().any(|(name, known)| *known == unit && lower.contains(name))
        || unit == "%" && lower.contains('%')
}

/// A quantity in the smallest unit of its kind, so that equal ones are equal.
pub fn smallest(value: f64, unit: &'static str) -> (f64, &'static str) {
    let (factor, base) = match unit {
        "ms" => (0.001, "s"),
        "min" => (60.0, "s"),
        "h" => (3_600.0, "s"),
        "day" => (86_400.0, "s"),
        "week" => (604_800.0, "s"),
        "year" => (12.0, "month"),
        "quarter" => (3.0, "month"),
        "mg" => (0.001, "g"),
        "kg" => (1_000.0, "g"),
        "t" => (1_000_000.0, "g"),
        "mm" => (0.001, "m"),
        "cm" => (0.01, "m"),
        "km" => (1_000.0, "m"),
        "ml" => (0.001, "l"),
        "pound" => (1.0, "gbp"),
        _ => (1.0, unit),
    };
    (value * factor, base)
}

#[cfg(test)]
mod tests {
    use super::{behind, scaled, smallest};

    #[test]
    fn units_are_found_behind_numbers() {
        for (text, expected) in [
            (" days of leave", Some("day")),
            ("-day trial", Some("day")),
            (" working days", Some("workday")),
            (" paid vacation days", Some("day")),
            ("个工作日内", Some("workday")),
            ("个月", Some("month")),
            ("公里", Some("km")),
            (" gb of memory", Some("gb")),
            ("%", Some("%")),
            (" percent", Some("%")),
            (" per cent", Some("%")),
            (" of the days", None),
            (" employees", None),
            (" and 5 days", None),
            ("多年", Some("year")),
            ("元", Some("cny")),
        ] {
            assert_eq!(behind(text).map(|(unit, _)| unit), expected, "{text}");
        }
    }

    #[test]
    fn sizes_multiply() {
        assert_eq!(scaled(" million people"), Some((1e6, 8)));
        assert_eq!(scaled("万元"), Some((1e4, 3)));
        assert_eq!(scaled("千万元"), Some((1e7, 6)));
        assert_eq!(scaled("千米"), None);
        assert_eq!(scaled(" days"), None);
    }

    #[test]
    fn equal_quantities_are_equal() {
        assert_eq!(smallest(90.0, "min"), smallest(1.5, "h"));
        assert_eq!(smallest(2.0, "week"), smallest(14.0, "day"));
        assert_ne!(smallest(14.0, "workday"), smallest(14.0, "day"));
    }
}
