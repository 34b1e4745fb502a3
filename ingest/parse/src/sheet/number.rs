//! A number of a cell → what a person sees, by its number format (ECMA-376 part 1, 18.8.30 and 18.8.31).
//!
//! Dates become ISO 8601 in the precision of their format, percents and amounts of money keep their sign. All other
//! numbers are written in full, without separators of thousands and without the noise of binary fractions: rounding
//! is how a cell is shown, not what it holds.

use super::{Cell, CellKind};

/// What a number format makes of a number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum NumberFormat {
    Plain,
    Percent,
    /// What stands before and after the amount.
    Currency {
        before: String,
        after: String,
        decimals: usize,
    },
    Date(DateParts),
    /// Hours may be more than 24.
    Duration,
    /// The number is text: a phone number, a code.
    Text,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct DateParts {
    year: bool,
    month: bool,
    day: bool,
    time: bool,
}

const DATE: DateParts = DateParts { year: true, month: true, day: true, time: false };
const TIME: DateParts = DateParts { year: false, month: false, day: false, time: true };

/// Letters and signs of currencies that formats write between quotes or brackets.
const CURRENCIES: &[&str] = &[
    "$", "€", "£", "¥", "￥", "元", "₩", "₹", "₽", "฿", "CHF", "USD", "EUR", "CNY", "RMB", "GBP", "JPY", "HK$", "NT$",
    "kr", "zł", "Kč",
];

/// Excel counts days from the end of 1899, and believes that 1900 was a leap year.
const DAYS_OF_1904: f64 = 1462.0;
const LAST_DAY: f64 = 2_958_466.0;

impl NumberFormat {
    /// One of the formats that have a number and no code of their own.
    pub fn builtin(id: u32) -> NumberFormat {
        match id {
            5..=8 | 41..=44 if !matches!(id, 41 | 43) => {
                NumberFormat::Currency { before: "$".to_owned(), after: String::new(), decimals: 2 }
            }
            9 | 10 => NumberFormat::Percent,
            // 27 to 36 and 50 to 58 are dates of East Asian languages; 32 to 35, 55 and 56 there are times.
            14..=16 | 27..=31 | 36 | 50..=54 | 57 | 58 => NumberFormat::Date(DATE),
            17 => NumberFormat::Date(DateParts { day: false, ..DATE }),
            18..=21 | 32..=35 | 45 | 47 | 55 | 56 => NumberFormat::Date(TIME),
            22 => NumberFormat::Date(DateParts { time: true, ..DATE }),
            46 => NumberFormat::Duration,
            49 => NumberFormat::Text,
            _ => NumberFormat::Plain,
        }
    }

    /// The first section of a format code, which is for positive numbers.
    pub fn of_code(code: &str) -> NumberFormat {
        let mut literal = String::new();
        let (mut before, mut after) = (String::new(), String::new());
        let (mut parts, mut seen_digit, mut decimals, mut in_decimals) = (DateParts::default(), false, 0, false);
        let (mut percent, mut duration, mut text) = (false, false, false);
        let mut characters = code.chars();
        while let Some(character) = characters.next() {
            literal.clear();
            match character {
                ';' => break,
                '"' => literal.extend(characters.by_ref().take_while(|c| *c != '"')),
                '\\' => literal.extend(characters.next()),
                // Space of the width of the next character; filling with it.
                '_' | '*' => drop(characters.next()),
                '[' => {
                    let inside: String = characters.by_ref().take_while(|c| *c != ']').collect();
                    if let Some(currency) = inside.strip_prefix('$') {
                        literal.push_str(currency.split('-').next().unwrap_or_default());
                    } else {
                        duration |= !inside.is_empty() && inside.chars().all(|c| "hmsHMS".contains(c));
                    }
                }
                '%' => percent = true,
                '@' => text = true,
                'y' | 'Y' | 'e' if !seen_digit => parts.year = true,
                'm' | 'M' => parts.month = true,
                'd' | 'D' => parts.day = true,
                'h' | 'H' | 's' | 'S' => parts.time = true,
                '0' | '#' | '?' => {
                    seen_digit = true;
                    decimals += usize::from(in_decimals && character == '0');
                }
                '.' => in_decimals = true,
                'G' if characters.as_str().starts_with("eneral") => characters = characters.as_str()[6..].chars(),
                other => literal.push(other),
            }
            if CURRENCIES.iter().any(|currency| literal.trim() == *currency) {
                (if seen_digit { &mut after } else { &mut before }).push_str(literal.trim());
            }
        }
        // In a format of a time, `m` stands for minutes.
        if parts.time && !parts.year && !parts.day {
            parts.month = false;
        }
        match () {
            () if duration => NumberFormat::Duration,
            () if percent => NumberFormat::Percent,
            () if !before.is_empty() || !after.is_empty() => NumberFormat::Currency { before, after, decimals },
            () if parts != DateParts::default() && !seen_digit || parts.time => NumberFormat::Date(parts),
            () if text => NumberFormat::Text,
            () => NumberFormat::Plain,
        }
    }

    /// The cell of a number. `is_1904` says from when its workbook counts days.
    pub fn cell(&self, value: f64, is_1904: bool) -> Cell {
        let number = |text| Cell { text, kind: CellKind::Number };
        match self {
            NumberFormat::Percent => number(format!("{}%", rounded(value * 100.0, 4))),
            NumberFormat::Currency { before, after, decimals } => {
                let sign = if value < 0.0 { "-" } else { "" };
                let amount = match decimals {
                    0 => rounded(value.abs(), 2),
                    decimals => format!("{:.*}", (*decimals).min(8), value.abs()),
                };
                let gap = if after.is_empty() { "" } else { " " };
                number(format!("{sign}{before}{amount}{gap}{after}"))
            }
            NumberFormat::Date(parts) => match date(value, *parts, is_1904) {
                Some(text) => Cell { text, kind: CellKind::Date },
                None => number(plain(value)),
            },
            NumberFormat::Duration => number(duration(value)),
            NumberFormat::Text => Cell::text(plain(value)),
            NumberFormat::Plain => {
                let is_year = value.fract() == 0.0 && (1900.0..=2100.0).contains(&value);
                Cell { text: plain(value), kind: if is_year { CellKind::Date } else { CellKind::Number } }
            }
        }
    }
}

/// As many digits as Excel shows, 15, and no zeros behind the point.
pub(crate) fn plain(value: f64) -> String {
    if !value.is_finite() || value == 0.0 {
        return "0".to_owned();
    }
    let magnitude = value.abs().log10().floor();
    if (-10.0..15.0).contains(&magnitude) { rounded(value, (14.0 - magnitude) as usize) } else { format!("{value:e}") }
}

/// Year, month, day, hour, minute, second and millisecond as a date, a date with a time, or only a time.
pub(crate) fn iso(parts: (u16, u8, u8, u8, u8, u8, u16), is_time: bool) -> String {
    let (year, month, day, hour, minute, second, _) = parts;
    let time =
        if second == 0 { format!("{hour:02}:{minute:02}") } else { format!("{hour:02}:{minute:02}:{second:02}") };
    match (is_time, (hour, minute, second)) {
        (true, _) => time,
        (false, (0, 0, 0)) => format!("{year:04}-{month:02}-{day:02}"),
        (false, _) => format!("{year:04}-{month:02}-{day:02} {time}"),
    }
}

/// A date as XML Schema writes it, as people read it: `2024-03-01T09:30:00` → `2024-03-01 09:30`.
pub(crate) fn iso_of_text(text: &str) -> String {
    let Some((date, time)) = text.split_once('T') else { return text.to_owned() };
    let time = time.split('.').next().unwrap_or_default();
    match time.strip_suffix(":00").unwrap_or(time) {
        "00:00" => date.to_owned(),
        time => format!("{date} {time}"),
    }
}

fn rounded(value: f64, decimals: usize) -> String {
    let text = format!("{value:.decimals$}");
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

fn duration(days: f64) -> String {
    if !days.is_finite() || days.abs() > LAST_DAY {
        return plain(days);
    }
    let seconds = (days.abs() * 86_400.0).round() as u64;
    let sign = if days < 0.0 { "-" } else { "" };
    format!("{sign}{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

/// A count of days as a date; none when it is outside of the years that Excel knows.
fn date(value: f64, parts: DateParts, is_1904: bool) -> Option<String> {
    let value = if is_1904 { value + DAYS_OF_1904 } else { value };
    if !(0.0..LAST_DAY).contains(&value) {
        return None;
    }
    let seconds = (value * 86_400.0).round() as i64;
    let (days, seconds) = (seconds / 86_400, seconds % 86_400);
    // Day 60 is the leap day that never was; the days before it count one too many.
    let since_1899 = if days < 60 { days + 1 } else { days };
    let day = jiff::civil::date(1899, 12, 30).checked_add(jiff::Span::new().days(since_1899)).ok()?;
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    let time =
        if second == 0 { format!("{hour:02}:{minute:02}") } else { format!("{hour:02}:{minute:02}:{second:02}") };
    let date = match parts {
        DateParts { year: true, month: true, day: false, .. } => day.strftime("%Y-%m").to_string(),
        DateParts { year: true, month: false, day: false, .. } => day.strftime("%Y").to_string(),
        _ => day.to_string(),
    };
    let has_date = parts.year || parts.month || parts.day;
    // Midnight of a date is its date: many programs know no other format.
    let has_time = parts.time && (!has_date || hour + minute + second > 0);
    Some(match (has_date, has_time) {
        (true, true) => format!("{date} {time}"),
        (false, true) => time,
        _ => date,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_show_what_a_person_sees() {
        let check = |code: &str, value: f64, expected: &str| {
            assert_eq!(NumberFormat::of_code(code).cell(value, false).text, expected, "{code} {value}");
        };
        check("General", 12.0, "12");
        check("General", 0.1 + 0.2, "0.3");
        check("General", 1234567.891, "1234567.891");
        check("General", -3.5e-7, "-0.00000035");
        check("General", 6.02e23, "6.02e23");
        check("#,##0.00", 1234.5, "1234.5");
        check("0.0%", 0.125, "12.5%");
        check("0%", 0.07, "7%");
        check("\"$\"#,##0.00", 1234.5, "$1234.50");
        check("[$¥-804]#,##0.00;[Red]\\-[$¥-804]#,##0.00", -12.0, "-¥12.00");
        check("#,##0.00\\ [$€-407]", 3.5, "3.50 €");
        check("0\"元\"", 1500.0, "1500 元");
        check("yyyy\\-mm\\-dd", 45352.0, "2024-03-01");
        check("m/d/yy h:mm", 45_352.395_833_333, "2024-03-01 09:30");
        check("m/d/yy h:mm", 45352.0, "2024-03-01");
        check("yyyy\"年\"m\"月\"d\"日\"", 45352.0, "2024-03-01");
        check("yyyy\"年\"m\"月\"", 45352.0, "2024-03");
        check("[$-409]mmm\\-yy;@", 45352.0, "2024-03");
        check("h:mm:ss", 0.5, "12:00");
        check("[h]:mm:ss", 1.5, "36:00:00");
        check("yyyy-mm-dd", -1.0, "-1");
        check("@", 13800138000.0, "13800138000");
        check("0.00E+00", 12345.0, "12345");
        check("0.0\" days\"", 2.5, "2.5");
    }

    #[test]
    fn the_calendars_of_excel() {
        let check = |value: f64, is_1904, expected: &str| {
            assert_eq!(NumberFormat::builtin(14).cell(value, is_1904).text, expected);
        };
        check(1.0, false, "1900-01-01");
        check(59.0, false, "1900-02-28");
        check(61.0, false, "1900-03-01");
        check(43890.0, true, "2024-03-01");
        check(f64::NAN, false, "0");
        check(1e300, false, "1e300");
    }
}
