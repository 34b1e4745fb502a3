//! From when on a document holds, by its own words: `effective 1 January 2026`, `自2026年1月1日起施行`.

use jiff::civil::Date;

use super::wording::says;

const ENGLISH: [&str; 6] =
    ["effective", "in force from", "in force since", "valid from", "applies from", "comes into force on"];
const CHINESE: [&str; 6] = ["起施行", "起执行", "起生效", "起实施", "施行日期", "生效日期"];
const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

/// The date of a sentence that says from when on something holds; folded, in lower case.
pub fn since(sentence: &str) -> Option<Date> {
    let tells =
        ENGLISH.iter().any(|words| says(sentence, words)) || CHINESE.iter().any(|words| sentence.contains(words));
    if tells { date(sentence) } else { None }
}

/// The first date: `2026-01-01`, `2026/1/1`, `1 January 2026`, `Jan 1, 2026`, `2026年1月1日`.
fn date(text: &str) -> Option<Date> {
    enum Piece {
        Number(i16),
        Month(i16),
    }
    use Piece::{Month, Number};
    let words =
        text.split(|c: char| !c.is_alphanumeric()).flat_map(|word| word.split(['年', '月', '日', '自', '于', '起']));
    // `1st` is a number as well; any other word keeps its place as none of both.
    let pieces: Vec<Option<Piece>> = words
        .filter(|word| !word.is_empty())
        .map(|word| {
            let digits = word.trim_end_matches(|c: char| c.is_ascii_alphabetic());
            let month = || MONTHS.iter().position(|month| word.len() <= 9 && word.starts_with(month));
            match digits.parse() {
                Ok(number) => Some(Number(number)),
                Err(_) => month().and_then(|month| i16::try_from(month + 1).ok()).map(Month),
            }
        })
        .collect();
    pieces.windows(3).find_map(|three| {
        let (year, month, day) = match three {
            [Some(Number(year)), Some(Number(month)), Some(Number(day))] => (*year, *month, *day),
            [Some(Number(day)), Some(Month(month)), Some(Number(year))]
            | [Some(Month(month)), Some(Number(day)), Some(Number(year))] => (*year, *month, *day),
            _ => return None,
        };
        let date = Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()?;
        (1980..2100).contains(&date.year()).then_some(date)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_from_which_a_document_holds() {
        for (sentence, expected) in [
            ("effective 1 jan 2026", Some("2026-01-01")),
            ("this policy is effective from january 1st, 2026", Some("2026-01-01")),
            ("effective date: 2025-07-15", Some("2025-07-15")),
            ("本办法自2026年1月1日起施行", Some("2026-01-01")),
            ("生效日期:2024/3/5", Some("2024-03-05")),
            ("an effective measure of 12 may", None),
            ("written on 2026-01-01", None),
            ("effective 2026-13-41", None),
        ] {
            assert_eq!(since(sentence), expected.map(|date| date.parse().expect("a date")), "{sentence}");
        }
    }
}
