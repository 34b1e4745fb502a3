//! Dates: `2026-01-31`, `31 Jan 2026`, `January 31, 2026`, `2026年1月31日`, `31.1.2026` → `20260131`, and
//! `January 2026`, `2026年1月` → `202601`. `3/4/2026` stays as it is: it is another day here and there.

/// Names of the months as they begin, in English, German, French, Spanish, Italian, Portuguese and Dutch, folded.
/// A word is a month's name when it is one of these, or begins an English one with three letters at least.
const MONTHS: [&[&str]; 12] = [
    &["january", "januar", "janvier", "enero", "gennaio", "janeiro", "januari"],
    &["february", "februar", "fevrier", "febrero", "febbraio", "fevereiro", "februari"],
    &["march", "marz", "mars", "marzo", "marco", "maart"],
    &["april", "avril", "abril", "aprile"],
    &["may", "mai", "mayo", "maggio", "maio", "mei"],
    &["june", "juni", "juin", "junio", "giugno", "junho"],
    &["july", "juli", "juillet", "julio", "luglio", "julho"],
    &["august", "aout", "agosto", "augustus"],
    &["september", "septembre", "septiembre", "settembre", "setembro"],
    &["october", "oktober", "octobre", "octubre", "ottobre", "outubro"],
    &["november", "novembre", "noviembre", "novembro"],
    &["december", "dezember", "decembre", "diciembre", "dicembre", "dezembro"],
];

/// A day, or a month.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Date {
    pub year: u32,
    /// From 1.
    pub month: u32,
    pub day: Option<u32>,
}

/// The term of the date with which a folded text begins.
pub fn at(text: &str) -> Option<String> {
    let (Date { year, month, day }, _) = read(text)?;
    Some(match day {
        Some(day) => format!("{year}{month:02}{day:02}"),
        None => format!("{year}{month:02}"),
    })
}

/// The date with which a folded text begins, and what follows it.
pub fn read(text: &str) -> Option<(Date, &str)> {
    let first = text.as_bytes().first()?;
    match first {
        b'0'..=b'9' => number_first(text),
        b'a'..=b'z' | b'A'..=b'Z' => month_first(text),
        _ => None,
    }
}

fn number_first(text: &str) -> Option<(Date, &str)> {
    let (first, digits, rest) = number(text)?;
    match digits {
        4 => year_first(first, rest),
        1 | 2 => day_first(first, rest),
        _ => None,
    }
}

fn year_first(year: u32, rest: &str) -> Option<(Date, &str)> {
    if let Some(rest) = rest.trim_start_matches(' ').strip_prefix('年') {
        let (month, _, rest) = number(rest.trim_start_matches(' '))?;
        let rest = rest.trim_start_matches(' ').strip_prefix('月')?;
        let day = number(rest.trim_start_matches(' '))
            .and_then(|(day, _, rest)| Some((day, rest.trim_start_matches(' ').strip_prefix(['日', '号'])?)));
        return date(year, month, day.map(|(day, _)| day), day.map_or(rest, |(_, rest)| rest));
    }
    let separator = rest.chars().next().filter(|c| matches!(c, '-' | '/' | '.'))?;
    let (month, _, rest) = number(&rest[1..])?;
    let (day, _, rest) = number(rest.strip_prefix(separator)?)?;
    let ends = !rest.starts_with(separator) && !rest.starts_with(|c: char| c.is_ascii_digit());
    date(year, month, Some(day), rest).filter(|_| ends)
}

fn day_first(day: u32, rest: &str) -> Option<(Date, &str)> {
    if let Some(separator) = rest.chars().next().filter(|c| matches!(c, '-' | '/' | '.'))
        && let Some((month, 1 | 2, rest)) = number(&rest[1..])
    {
        let (year, 4, rest) = number(rest.strip_prefix(separator)?)? else { return None };
        return match separator {
            // The point is the separator of countries that put the day first.
            '.' => date(year, month, Some(day), rest),
            _ if day > 12 => date(year, month, Some(day), rest),
            _ if month > 12 => date(year, day, Some(month), rest),
            _ => None,
        };
    }
    let rest = ["st", "nd", "rd", "th", "."].iter().find_map(|ending| rest.strip_prefix(ending)).unwrap_or(rest);
    let (month, rest) = month(filler(rest.strip_prefix(['-', ' '])?))?;
    let (year, 4, rest) = number(filler(rest.trim_start_matches(['-', ' ', '.', ','])))? else { return None };
    date(year, month, Some(day), rest)
}

fn month_first(text: &str) -> Option<(Date, &str)> {
    // The number first: nearly no word has one behind it, and to look a name up takes longer.
    let end = text.find(|c: char| !c.is_alphabetic())?;
    let rest = text[end..].trim_start_matches(['.', ',']).strip_prefix(' ')?;
    let (first, digits, rest) = number(filler(rest))?;
    let (month, _) = month(text)?;
    if digits == 4 {
        return date(first, month, None, rest);
    }
    let rest = ["st", "nd", "rd", "th"].iter().find_map(|ending| rest.strip_prefix(ending)).unwrap_or(rest);
    let (year, 4, rest) = number(rest.trim_start_matches([',', ' ']))? else { return None };
    date(year, month, Some(first), rest)
}

/// Without a word that stands between the parts of a date.
fn filler(text: &str) -> &str {
    ["of ", "de ", "del ", "do "].iter().find_map(|word| text.strip_prefix(word)).unwrap_or(text)
}

/// A number of at most four digits, how many they are, and what follows.
fn number(text: &str) -> Option<(u32, usize, &str)> {
    let end = text.bytes().position(|b| !b.is_ascii_digit()).unwrap_or(text.len());
    if !(1..=4).contains(&end) {
        return None;
    }
    Some((text[..end].parse().ok()?, end, &text[end..]))
}

/// A month's name with which a text begins, as its number from 1, and what follows.
pub fn month(text: &str) -> Option<(u32, &str)> {
    let end = text.find(|c: char| !c.is_alphabetic()).unwrap_or(text.len());
    if !(3..=12).contains(&end) {
        return None;
    }
    let word = super::fold::lower(&text[..end]);
    let word = super::fold::letters(&word);
    let named = |names: &&[&str]| names.contains(&&*word) || (word.len() <= 4 && names[0].starts_with(&*word));
    let at = MONTHS.iter().position(named)?;
    Some((u32::try_from(at).ok()? + 1, &text[end..]))
}

fn date(year: u32, month: u32, day: Option<u32>, rest: &str) -> Option<(Date, &str)> {
    let valid =
        (1000..3000).contains(&year) && (1..=12).contains(&month) && day.is_none_or(|day| (1..=31).contains(&day));
    valid.then_some((Date { year, month, day }, rest))
}

#[cfg(test)]
mod tests {
    use super::at;

    #[test]
    fn a_date_has_one_term() {
        for (text, expected) in [
            ("2026-01-31", Some("20260131")),
            ("2026-01-31T08:00", Some("20260131")),
            ("2026/1/31", Some("20260131")),
            ("2026.01.31", Some("20260131")),
            ("2026年1月31日起", Some("20260131")),
            ("2026 年 1 月 31 日", Some("20260131")),
            ("2026年1月", Some("202601")),
            ("31 Jan 2026", Some("20260131")),
            ("31st of January, 2026", Some("20260131")),
            ("31-Jan-2026", Some("20260131")),
            ("31. Januar 2026", Some("20260131")),
            ("31 de enero de 2026", Some("20260131")),
            ("Jan 31, 2026", Some("20260131")),
            ("January 31st 2026", Some("20260131")),
            ("Sept. 1, 2026", Some("20260901")),
            ("January 2026", Some("202601")),
            ("31.01.2026", Some("20260131")),
            ("31/01/2026", Some("20260131")),
            ("01/31/2026", Some("20260131")),
            ("03/04/2026", None),
            ("2026-13-01", None),
            ("2026.1.31.4", None),
            ("may 5 people", None),
            ("march on", None),
            ("12 Monkeys 1995", None),
            ("192.168.1.1", None),
        ] {
            assert_eq!(at(text).as_deref(), expected, "{text}");
        }
    }
}
