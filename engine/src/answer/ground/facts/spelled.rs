//! Numbers in words: `twenty-five`, `three hundred and five`, `三十五`, `一百二十`, `二〇二六`.
//!
//! In: a text at a place where a number may begin, folded and in lower case. Out: the number and what follows it. Whether a
//! number that was found is meant as one is not decided here: 一 is in many words that count nothing.

/// The number in English words with which `text` begins, and the bytes that it takes. `one` alone is none: it is a
/// pronoun more often than a number.
pub fn english(text: &str) -> Option<(f64, usize)> {
    let (mut total, mut group, mut used, mut words) = (0.0, 0.0, 0, 0);
    let mut at = 0;
    while let Some((word, end)) = word(&text[at..]) {
        let joins = words > 0 && word == "and" && group + total > 0.0;
        match value(word) {
            Some(Value::Small(n)) if words == 0 || fits(group, n) => group += n,
            Some(Value::Hundred) => group = if group == 0.0 { 100.0 } else { group * 100.0 },
            Some(Value::Scale(scale)) if group > 0.0 => {
                total += group * scale;
                group = 0.0;
            }
            Some(Value::Dozen) => group = if group == 0.0 { 12.0 } else { group * 12.0 },
            // `three hundred and five`, but not `three and five`.
            None if joins && group >= 100.0 && continues(&text[at + end..]) => {}
            _ => break,
        }
        words += 1;
        at += end;
        used = at;
        match text.as_bytes().get(at) {
            Some(b' ' | b'-') => at += 1,
            _ => break,
        }
    }
    (used > 0 && !(words == 1 && total + group == 1.0)).then_some((total + group, used))
}

/// Whether a number of `group` can be followed by `n` as its smaller part: `twenty` by `five`, `hundred` by `twenty`.
fn fits(group: f64, n: f64) -> bool {
    let rest = group % 100.0;
    n > 0.0 && (rest == 0.0 && group >= 100.0 || rest >= 20.0 && rest % 10.0 == 0.0 && n < 10.0)
}

fn continues(text: &str) -> bool {
    let text = text.strip_prefix(' ').unwrap_or(text);
    word(text).is_some_and(|(word, _)| matches!(value(word), Some(Value::Small(_))))
}

/// The word of ASCII letters with which a text begins, and its end.
fn word(text: &str) -> Option<(&str, usize)> {
    let end = text.bytes().position(|b| !b.is_ascii_lowercase()).unwrap_or(text.len());
    (end > 0).then(|| (&text[..end], end))
}

enum Value {
    Small(f64),
    Hundred,
    Scale(f64),
    Dozen,
}

fn value(word: &str) -> Option<Value> {
    const SMALL: [&str; 20] = [
        "zero",
        "one",
        "two",
        "three",
        "four",
        "five",
        "six",
        "seven",
        "eight",
        "nine",
        "ten",
        "eleven",
        "twelve",
        "thirteen",
        "fourteen",
        "fifteen",
        "sixteen",
        "seventeen",
        "eighteen",
        "nineteen",
    ];
    const TENS: [&str; 8] = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"];
    const ORDINAL: [&str; 13] =
        ["", "", "", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth", "eleventh", "twelfth"];
    if let Some(n) = SMALL.iter().position(|known| *known == word) {
        return Some(Value::Small(n as f64));
    }
    if let Some(n) = TENS.iter().position(|known| *known == word) {
        return Some(Value::Small((n as f64 + 2.0) * 10.0));
    }
    if let Some(n) = ORDINAL.iter().position(|known| !known.is_empty() && *known == word) {
        return Some(Value::Small(n as f64));
    }
    match word {
        "hundred" | "hundreds" => Some(Value::Hundred),
        "dozen" => Some(Value::Dozen),
        _ => scale(word).map(Value::Scale),
    }
}

/// What a word or sign behind a number multiplies it by.
pub fn scale(word: &str) -> Option<f64> {
    Some(match word {
        "thousand" | "thousands" => 1e3,
        "million" | "millions" | "mn" => 1e6,
        "billion" | "billions" | "bn" => 1e9,
        "trillion" | "trillions" => 1e12,
        _ => return None,
    })
}

/// The Chinese numeral with which `text` begins, and the bytes that it takes.
pub fn chinese(text: &str) -> Option<(f64, usize)> {
    let numeral = |c: char| digit(c).is_some() || power(c).is_some();
    let end = text.find(|c: char| !numeral(c)).unwrap_or(text.len());
    let run = &text[..end];
    if run.is_empty() {
        return None;
    }
    if run.chars().all(|c| digit(c).is_some()) {
        // Digit by digit: 二〇二六. Two digits side by side that are no year are two numbers: 三四个.
        let digits: Vec<u32> = run.chars().filter_map(digit).collect();
        let read = digits.iter().fold(0.0, |number, digit| number * 10.0 + f64::from(*digit));
        return (digits.len() == 1 || digits.len() >= 3 && digits.len() <= 12).then_some((read, end));
    }
    let (mut total, mut group, mut last) = (0.0, 0.0, None);
    for c in run.chars() {
        match (digit(c), power(c)) {
            (Some(digit), _) => last = Some(f64::from(digit)),
            (None, Some(power)) if power >= 1e4 => {
                group += last.take().unwrap_or(0.0);
                total = if group == 0.0 && total == 0.0 { power } else { (total + group) * power };
                group = 0.0;
            }
            (None, Some(power)) => group += last.take().unwrap_or(1.0) * power,
            (None, None) => {}
        }
    }
    Some((total + group + last.unwrap_or(0.0), end))
}

pub fn digit(c: char) -> Option<u32> {
    "零一二三四五六七八九".chars().position(|known| known == c).and_then(|n| u32::try_from(n).ok()).or(match c {
        '〇' => Some(0),
        '两' => Some(2),
        _ => None,
    })
}

/// What a Chinese sign of size multiplies by.
pub fn power(c: char) -> Option<f64> {
    Some(match c {
        '十' => 10.0,
        '百' => 100.0,
        '千' => 1e3,
        '万' => 1e4,
        '亿' => 1e8,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::{chinese, english};

    #[test]
    fn english_words_are_numbers() {
        for (text, expected) in [
            ("three months", Some((3.0, 5))),
            ("twenty-five days", Some((25.0, 11))),
            ("three hundred and five", Some((305.0, 22))),
            ("two million people", Some((2e6, 11))),
            ("one hundred", Some((100.0, 11))),
            ("a few", None),
            ("one of them", None),
            ("three and five", Some((3.0, 5))),
            ("third floor", Some((3.0, 5))),
            ("tent", None),
        ] {
            assert_eq!(english(text), expected, "{text}");
        }
    }

    #[test]
    fn chinese_numerals_are_numbers() {
        for (text, expected) in [
            ("三个月", Some((3.0, 3))),
            ("三十五岁", Some((35.0, 9))),
            ("十五天", Some((15.0, 6))),
            ("一百二十", Some((120.0, 12))),
            ("二〇二六年", Some((2026.0, 12))),
            ("一万二千元", Some((12_000.0, 12))),
            ("两亿人", Some((2e8, 6))),
            ("三四个", None),
            ("天", None),
        ] {
            assert_eq!(chinese(text), expected, "{text}");
        }
    }
}
