//! Finds the facts of a text, from left to right.

use super::{Fact, Value, measure, spelled};
use crate::text::{dates, is_han};

/// The facts of a folded text, in order.
pub fn facts(text: &str) -> Vec<Fact> {
    // Only ASCII letters change, so offsets stay.
    let lower = text.to_ascii_lowercase();
    let mut scan = Scan { text, lower: &lower, out: Vec::new() };
    let mut at = 0;
    while let Some(c) = lower[at..].chars().next() {
        at = scan.step(at, c).max(at + c.len_utf8());
    }
    scan.share_units();
    scan.out
}

struct Scan<'a> {
    text: &'a str,
    lower: &'a str,
    out: Vec<Fact>,
}

/// Words before a hyphen that leave the number behind it a number.
const PREFIXES: &[&str] =
    &["mid", "pre", "post", "top", "under", "over", "early", "late", "non", "sub", "and", "or", "to"];
const HEDGES: &[&str] = &[
    "about",
    "around",
    "roughly",
    "nearly",
    "almost",
    "approximately",
    "approx.",
    "some",
    "over",
    "more than",
    "circa",
    "约",
    "大约",
    "近",
    "超过",
    "大概",
    "将近",
    "接近",
];
/// What follows a Chinese numeral that counts.
const CLASSIFIERS: &str = "个名位人次项条家部本种件场张座层级期届代台辆只支篇章段份套组队艘架栋颗棵届集回轮门种城省";

impl Scan<'_> {
    /// Reads what stands at `at`; where to go on.
    fn step(&mut self, at: usize, c: char) -> usize {
        match c {
            '0'..='9' => self.digits(at),
            'a'..='z' => self.word(at),
            _ if spelled::digit(c).is_some() || spelled::power(c).is_some() => self.numeral(at),
            _ => at,
        }
    }

    fn push(&mut self, value: Value, start: usize, end: usize) -> usize {
        self.out.push(Fact { value, start, end, firm: true, about: false, counts: false });
        end
    }

    /// A word: a month, a number in words, or something else that is passed over with the digits that belong to it.
    fn word(&mut self, at: usize) -> usize {
        let rest = &self.lower[at..];
        if let Some((date, after)) = dates::read(rest) {
            return self.date(date, at, after);
        }
        let word_end = rest.bytes().position(|b| !b.is_ascii_lowercase()).unwrap_or(rest.len());
        if self.text[at..].starts_with(|c: char| c.is_ascii_uppercase())
            && let Some((month, after)) = dates::month(rest)
        {
            return self.month_first(at, month, after);
        }
        if let Some((value, used)) = spelled::english(rest)
            && !rest[used..].starts_with(|c: char| c.is_ascii_alphanumeric())
        {
            let firm = value > 1.0 && !rest[..used].ends_with('s');
            return self.counted(at, at + used, value, firm);
        }
        let joined = rest[word_end..]
            .strip_prefix(['-', '_'])
            .is_some_and(|after| after.starts_with(|c: char| c.is_ascii_digit()));
        if joined && PREFIXES.contains(&&rest[..word_end]) {
            return at + word_end + 1;
        }
        at + code_end(rest)
    }

    fn date(&mut self, date: dates::Date, at: usize, after: &str) -> usize {
        let value = Value::Date { year: Some(date.year), month: date.month, day: date.day };
        self.push(value, at, self.lower.len() - after.len())
    }

    /// `January`, `January 31`, `Jan. 31st`.
    fn month_first(&mut self, at: usize, month: u32, after: &str) -> usize {
        let end = self.lower.len() - after.len();
        let rest = after.strip_prefix('.').unwrap_or(after);
        let day = rest.strip_prefix(' ').and_then(|rest| {
            let digits = rest.bytes().position(|b| !b.is_ascii_digit()).unwrap_or(rest.len());
            let day: u32 = rest.get(..digits)?.parse().ok()?;
            (1..=31).contains(&day).then_some((day, self.lower.len() - rest.len() + digits))
        });
        // `May` and `March` begin sentences; they are months for sure only before a day or within a sentence.
        let sure = at > 0 && self.lower[..at].ends_with(' ') && !self.lower[..at].trim_end().ends_with(['.', '!', '?']);
        match day {
            Some((day, end)) => self.push(Value::Date { year: None, month, day: Some(day) }, at, end),
            None if sure => self.push(Value::Date { year: None, month, day: None }, at, end),
            None => end,
        }
    }

    fn digits(&mut self, at: usize) -> usize {
        let rest = &self.lower[at..];
        if let Some((date, after)) = dates::read(rest) {
            return self.date(date, at, after);
        }
        let Some((value, used)) = number(rest) else { return at + code_end(rest) };
        let mut end = at + used;
        let named = || self.day_and_month(at, end, value as u32).or_else(|| self.clock(at, end, value as u32));
        if let Some(found) = (value.fract() == 0.0 && used <= 2).then(named).flatten() {
            return found;
        }
        let after = &self.lower[end..];
        let ordinal = ["st", "nd", "rd", "th"].iter().any(|ending| {
            after.strip_prefix(ending).is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_alphanumeric()))
        });
        if ordinal {
            end += 2;
        } else if after.starts_with('s') && used == 4 && !after[1..].starts_with(|c: char| c.is_ascii_alphanumeric()) {
            return self.push(Value::Number { value, unit: Some("decade") }, at, end + 1);
        } else if after.starts_with(|c: char| c.is_ascii_alphabetic()) {
            return self.suffixed(at, end, value);
        }
        self.counted(at, end, value, true)
    }

    /// `15GB`, `$5m`, `5x`; other letters behind digits make a code of both.
    fn suffixed(&mut self, at: usize, end: usize, value: f64) -> usize {
        let after = &self.lower[end..];
        let letters = after.bytes().position(|b| !b.is_ascii_lowercase()).unwrap_or(after.len());
        let money = measure::before(&self.lower[..at]);
        let scale = match &after[..letters] {
            "k" => Some(1e3),
            "m" | "mn" => Some(1e6),
            "bn" | "b" => Some(1e9),
            _ => None,
        };
        if let (Some(unit), Some(scale)) = (money, scale) {
            return self.push(Value::Number { value: value * scale, unit: Some(unit) }, at, end + letters);
        }
        if &after[..letters] == "x" {
            return self.push(Value::Number { value, unit: Some("times") }, at, end + 1);
        }
        match measure::behind(after) {
            Some((unit, used)) if used >= letters => {
                let value = if self.is_negative(at) { -value } else { value };
                self.push(Value::Number { value, unit: Some(unit) }, at, end + used)
            }
            _ => at + code_end(&self.lower[at..]),
        }
    }

    /// `31 January`, `31st of Jan`, `1月31日`.
    fn day_and_month(&mut self, at: usize, end: usize, n: u32) -> Option<usize> {
        let after = &self.lower[end..];
        if let Some(rest) = after.trim_start_matches(' ').strip_prefix('月') {
            let rest = rest.trim_start_matches(' ');
            let (day, used) = number(rest).or_else(|| spelled::chinese(rest))?;
            let tail = rest[used..].trim_start_matches(' ').strip_prefix(['日', '号'])?;
            let value = Value::Date { year: None, month: n, day: Some(day as u32) };
            return Some(self.push(value, at, self.lower.len() - tail.len()));
        }
        let rest = ["st", "nd", "rd", "th"].iter().find_map(|ending| after.strip_prefix(ending)).unwrap_or(after);
        let rest = rest.strip_prefix([' ', '-'])?;
        let rest = rest.strip_prefix("of ").unwrap_or(rest);
        let named = self.text[self.lower.len() - rest.len()..].starts_with(|c: char| c.is_ascii_uppercase());
        let (month, tail) = dates::month(rest).filter(|_| named && (1..=31).contains(&n))?;
        Some(self.push(Value::Date { year: None, month, day: Some(n) }, at, self.lower.len() - tail.len()))
    }

    /// `18:20`, `6 pm`, `6点20分`; `at..end` is the hour.
    fn clock(&mut self, at: usize, end: usize, hour: u32) -> Option<usize> {
        let after = &self.lower[end..];
        let two = |text: &str| text.get(..2).and_then(|digits| digits.parse::<u32>().ok()).filter(|n| *n < 60);
        let (minutes, mut rest, sure) = if let Some(rest) = after.strip_prefix(':') {
            (two(rest)?, &rest[2..], true)
        } else if let Some(rest) =
            after.strip_prefix('点').filter(|rest| !rest.starts_with(['以', '的', '儿', '建', '意', '要']))
        {
            let read = number(rest).or_else(|| spelled::chinese(rest));
            match read.and_then(|(n, used)| Some((n, rest[used..].strip_prefix('分')?))) {
                Some((minutes, tail)) => (minutes as u32, tail, true),
                None if rest.starts_with('半') => (30, &rest['半'.len_utf8()..], true),
                None => (0, rest, true),
            }
        } else {
            (0, after, false)
        };
        if hour > 24 || minutes > 59 {
            return None;
        }
        let spaced = rest.trim_start_matches(' ');
        let half = [("a.m.", 0), ("p.m.", 12), ("am", 0), ("pm", 12)].into_iter().find(|(mark, _)| {
            spaced.strip_prefix(mark).is_some_and(|after| !after.starts_with(|c: char| c.is_ascii_alphanumeric()))
        });
        if let Some((mark, _)) = half {
            rest = &spaced[mark.len()..];
        } else if !sure {
            return None;
        }
        let before: String = self.lower[..at].chars().rev().take(3).collect();
        let spoken = |words: &[&str]| words.iter().any(|word| before.contains(&word.chars().rev().collect::<String>()));
        let afternoon = half.map(|(_, hours)| hours == 12).or_else(|| {
            let late = spoken(&["下午", "晚上", "傍晚", "晚"]);
            (late || spoken(&["上午", "早上", "凌晨", "清晨", "早"])).then_some(late)
        });
        let hours = match afternoon {
            Some(true) if hour < 12 => hour + 12,
            Some(false) if hour == 12 => 0,
            _ => hour,
        };
        let value = Value::Clock { minutes: hours * 60 + minutes, half: afternoon.is_some() || hour > 12 || hour == 0 };
        Some(self.push(value, at, self.lower.len() - rest.len()))
    }

    /// A Chinese numeral.
    fn numeral(&mut self, at: usize) -> usize {
        let rest = &self.lower[at..];
        if let Some(percent) = rest.strip_prefix("百分之") {
            let Some((value, used)) = number(percent).or_else(|| spelled::chinese(percent)) else { return at };
            let end = self.lower.len() - percent.len() + used;
            return self.push(Value::Number { value, unit: Some("%") }, at, end);
        }
        let Some((value, used)) = spelled::chinese(rest) else {
            let run = rest.find(|c| spelled::digit(c).is_none() && spelled::power(c).is_none());
            return at + run.unwrap_or(rest.len());
        };
        let end = at + used;
        let clock = value.fract() == 0.0 && value <= 24.0 && rest[used..].starts_with('点');
        if let Some(found) = (value <= 31.0).then(|| self.day_and_month(at, end, value as u32)).flatten() {
            return found;
        }
        if let Some(found) = clock.then(|| self.clock(at, end, value as u32)).flatten() {
            return found;
        }
        let after = rest[used..].chars().next();
        let many = rest[..used].chars().count() > 1;
        let ordinal = self.lower[..at].ends_with('第');
        let known = measure::behind(&rest[used..]).is_some() || after.is_some_and(|c| CLASSIFIERS.contains(c));
        let firm = (ordinal || known || many) && (value != 1.0 || ordinal) && !matches!(&rest[..used], "千万" | "百万");
        let idiom = rest.starts_with("十分") || rest.starts_with("万一") || rest.starts_with("百分");
        self.counted(at, end, value, firm && !idiom)
    }

    /// A number with what it is multiplied by and what it counts.
    fn counted(&mut self, at: usize, end: usize, value: f64, firm: bool) -> usize {
        let (mut value, mut end) = (value, end);
        let digits = end - at;
        if let Some((scale, used)) = measure::scaled(&self.lower[end..]) {
            value *= scale;
            end += used;
        }
        let after = &self.lower[end..];
        let behind = measure::behind(after);
        let money = measure::before(&self.lower[..at]);
        let mut unit = money.or(behind.map(|(unit, _)| unit));
        if money.is_none()
            && let Some((_, used)) = behind
        {
            end += used;
        }
        let calendar = digits == 4 || self.lower[at..].chars().take(4).all(|c| spelled::digit(c).is_some());
        if unit == Some("year")
            && calendar
            && (1_000.0..3_000.0).contains(&value)
            && after.trim_start().starts_with('年')
        {
            unit = None;
        }
        if unit == Some("decade") && value < 100.0 {
            value += 1_900.0;
        }
        let counts = unit.is_none() && counts_something(after);
        if self.is_negative(at) {
            value = -value;
        }
        self.push(Value::Number { value, unit }, at, end);
        let before = self.lower[..at].trim_end_matches([' ', '$', '€', '£', '¥']);
        if let Some(fact) = self.out.last_mut() {
            fact.firm = firm;
            fact.counts = counts;
            fact.about = HEDGES.iter().any(|hedge| before.ends_with(hedge));
        }
        end
    }

    fn is_negative(&self, at: usize) -> bool {
        let before = &self.lower[..at];
        if ["minus ", "零下", "负", "below zero "].iter().any(|word| before.ends_with(word)) {
            return true;
        }
        before
            .strip_suffix(['-', '−'])
            .is_some_and(|before| before.is_empty() || before.ends_with([' ', '(', '\t', ':']))
    }

    /// In `5 to 9 years` and `10、20或30天` the unit behind the last is that of all.
    fn share_units(&mut self) {
        for at in (1..self.out.len()).rev() {
            let between = self.lower.get(self.out[at - 1].end..self.out[at].start).unwrap_or_default().trim();
            let of_last = self.out[at].unit();
            let joined =
                matches!(between, "-" | "–" | "—" | "~" | "to" | "至" | "到" | "and" | "or" | "或" | "和" | "、" | "/");
            if let Value::Number { unit: unit @ None, .. } = &mut self.out[at - 1].value
                && joined
            {
                *unit = of_last;
            }
        }
    }
}

/// Whether a thing is named right behind a number.
fn counts_something(after: &str) -> bool {
    const BINDS: &[&str] = &[
        "and", "or", "to", "of", "in", "on", "at", "by", "for", "from", "is", "was", "are", "were", "as", "with",
        "the", "a", "an", "but", "that", "which", "who", "after", "before", "when", "until", "had", "has", "have",
    ];
    let Some(rest) = after.strip_prefix(' ') else {
        return after.chars().next().is_some_and(|c| "人名位台辆家".contains(c));
    };
    let end = rest.find(|c: char| !c.is_ascii_lowercase()).unwrap_or(rest.len());
    end > 2 && !BINDS.contains(&&rest[..end])
}

/// A number in digits, and the bytes that it takes; `None` for what has several points (`2.3.1`).
fn number(text: &str) -> Option<(f64, usize)> {
    let bytes = text.as_bytes();
    let digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    let mut end = 0;
    let mut points = 0;
    while digit(end) || (matches!(bytes.get(end), Some(b'.' | b',')) && end > 0 && digit(end + 1)) {
        if bytes[end] == b',' && !(digit(end + 3) && !digit(end + 4) && points == 0) {
            break;
        }
        points += usize::from(bytes[end] == b'.');
        end += 1;
    }
    if end == 0 || points > 1 {
        return None;
    }
    Some((text[..end].replace(',', "").parse().ok()?, end))
}

/// End of a code that begins with a letter or a digit: `HR-114`, `v2.3.1`, `A320`, or of a plain word.
fn code_end(text: &str) -> usize {
    let bytes = text.as_bytes();
    let inner = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_alphanumeric);
    let mut end = 0;
    while inner(end)
        || (matches!(bytes.get(end), Some(b'-' | b'_' | b'.' | b'/'))
            && bytes.get(end + 1).is_some_and(u8::is_ascii_digit))
    {
        end += 1;
    }
    // A word of letters that only ends a sentence or a line is no code.
    if end == 0 { text.chars().next().map_or(0, |c| if is_han(c) { 0 } else { c.len_utf8() }) } else { end }
}
