//! The numbers of lists (MS-DOC 2.9.131 PlfLst, 2.9.134 PlfLfo, 2.9.150 LVL), which are not part of the text.

use std::collections::HashMap;

use super::super::ole::numbers::{u16_at, u32_at, usize_at};

const MAX_LISTS: usize = 10_000;
const LEVELS: usize = 9;
const LIST_BYTES: usize = 28;
const LEVEL_BYTES: usize = 28;
const OVERRIDE_BYTES: usize = 16;

/// Number formats that have no number: bullet, none.
const BULLET: u8 = 23;
const NO_NUMBER: u8 = 255;

#[derive(Default)]
pub(super) struct Lists {
    /// For each list that paragraphs name, from 1, its id.
    ids: Vec<u32>,
    lists: HashMap<u32, List>,
}

#[derive(Default)]
struct List {
    levels: Vec<Level>,
    /// The last number of each level; none before its first item.
    counts: [Option<u32>; LEVELS],
}

struct Level {
    start: u32,
    format: u8,
    /// What stands before the text; a number below nine stands for the number of that level.
    template: Vec<u16>,
}

impl Lists {
    /// `lists` goes on behind its declared end with the levels of the lists.
    pub fn read(lists: &[u8], references: &[u8]) -> Lists {
        let mut found = Lists::default();
        let count = usize::from(u16_at(lists, 0).unwrap_or(0));
        let mut rest = lists.get(2 + LIST_BYTES * count..).unwrap_or_default();
        for index in 0..count {
            let at = 2 + LIST_BYTES * index;
            let (Some(id), Some(flags)) = (u32_at(lists, at), u16_at(lists, at + 26)) else { break };
            let mut list = List::default();
            for _ in 0..if flags & 1 == 1 { 1 } else { LEVELS } {
                let Some(level) = read_level(&mut rest) else { break };
                list.levels.push(level);
            }
            found.lists.insert(id, list);
        }
        let count = usize_at(references, 0).unwrap_or(0).min(MAX_LISTS);
        found.ids = (0..count).map_while(|index| u32_at(references, 4 + OVERRIDE_BYTES * index)).collect();
        found
    }

    /// What stands before the next item of a list; none for bullets. `list` is counted from 1, `level` from 0.
    pub fn next(&mut self, list: u16, level: u8) -> Option<String> {
        let id = self.ids.get(usize::from(list).checked_sub(1)?)?;
        let List { levels, counts } = self.lists.get_mut(id)?;
        let at = usize::from(level);
        let this = levels.get(at)?;
        let count = counts.get_mut(at)?;
        *count = Some(count.map_or(this.start, |count| count.saturating_add(1)));
        counts[at + 1..].fill(None);
        if matches!(this.format, BULLET | NO_NUMBER) {
            return None;
        }
        let mut units = Vec::new();
        for unit in &this.template {
            match levels.get(usize::from(*unit)).filter(|_| usize::from(*unit) < LEVELS) {
                Some(level) => {
                    let count = counts[usize::from(*unit)].unwrap_or(level.start);
                    units.extend(number(count, level.format).encode_utf16());
                }
                None => units.push(*unit),
            }
        }
        let mark = String::from_utf16_lossy(&units).trim().to_owned();
        (!mark.is_empty()).then_some(mark)
    }
}

fn read_level(rest: &mut &[u8]) -> Option<Level> {
    let start = u32_at(rest, 0)?;
    let format = *rest.get(4)?;
    let formats = usize::from(*rest.get(24)?) + usize::from(*rest.get(25)?);
    let text = rest.get(LEVEL_BYTES + formats..)?;
    let length = usize::from(u16_at(text, 0)?);
    let template =
        text.get(2..2 + 2 * length)?.as_chunks::<2>().0.iter().map(|unit| u16::from_le_bytes(*unit)).collect();
    *rest = text.get(2 + 2 * length..)?;
    Some(Level { start, format, template })
}

/// A number in a format (MS-OSHARED 2.2.1.3 MSONFC); formats that are rare come out in digits.
fn number(number: u32, format: u8) -> String {
    match format {
        1 => roman(number).to_uppercase(),
        2 => roman(number),
        3 => letters(number).to_uppercase(),
        4 => letters(number),
        11 | 33..=39 => chinese(number),
        _ => number.to_string(),
    }
}

fn roman(mut number: u32) -> String {
    const DIGITS: &[(u32, &str)] = &[
        (1000, "m"),
        (900, "cm"),
        (500, "d"),
        (400, "cd"),
        (100, "c"),
        (90, "xc"),
        (50, "l"),
        (40, "xl"),
        (10, "x"),
        (9, "ix"),
        (5, "v"),
        (4, "iv"),
        (1, "i"),
    ];
    if number > 5_000 {
        return number.to_string();
    }
    let mut text = String::new();
    for (value, digit) in DIGITS {
        while number >= *value {
            text.push_str(digit);
            number -= value;
        }
    }
    text
}

/// a to z, then aa to zz.
fn letters(number: u32) -> String {
    let Some(index) = number.checked_sub(1).filter(|index| *index < 26 * 10) else { return number.to_string() };
    let letter = char::from(b'a' + (index % 26) as u8);
    letter.to_string().repeat(index as usize / 26 + 1)
}

/// 一 to 九十九.
fn chinese(number: u32) -> String {
    const DIGITS: [&str; 10] = ["", "一", "二", "三", "四", "五", "六", "七", "八", "九"];
    let digit = |value: u32| DIGITS.get(value as usize).copied().unwrap_or_default();
    match number {
        1..=9 => digit(number).to_owned(),
        10..=19 => format!("十{}", digit(number - 10)),
        20..=99 => format!("{}十{}", digit(number / 10), digit(number % 10)),
        _ => number.to_string(),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// One list of two levels, `1.` and `1.a)`, which paragraphs name as list 1; both tables.
    pub fn tables() -> (Vec<u8>, usize, Vec<u8>) {
        let level = |start: u32, format: u8, template: &[u16]| {
            let mut level = [&start.to_le_bytes()[..], &[format], &[0; 23]].concat();
            level.extend((template.len() as u16).to_le_bytes());
            level.extend(template.iter().flat_map(|unit| unit.to_le_bytes()));
            level
        };
        let mut lists = [&[1, 0][..], &7u32.to_le_bytes(), &[0; 24]].concat();
        let declared = lists.len();
        lists.extend(level(3, 0, &[0, 0x2e]));
        lists.extend(level(1, 4, &[0, 0x2e, 1, 0x29]));
        (0..7).for_each(|_| lists.extend(level(1, BULLET, &[0xf0b7])));
        let references = [&1u32.to_le_bytes()[..], &7u32.to_le_bytes(), &[0; 12]].concat();
        (lists, declared, references)
    }

    #[test]
    fn levels_count_and_start_again() {
        let (lists, _, references) = tables();
        let mut lists = Lists::read(&lists, &references);
        let marks: Vec<_> = [0, 1, 1, 2, 0, 1].map(|level| lists.next(1, level)).into_iter().flatten().collect();
        assert_eq!(marks, ["3.", "3.a)", "3.b)", "4.", "4.a)"]);
        assert_eq!((lists.next(0, 0), lists.next(2, 0), lists.next(1, 12)), (None, None, None));
    }

    #[test]
    fn formats_of_numbers() {
        let shown = [(4, 1), (19, 2), (28, 3), (12, 37), (30, 37), (7, 0)].map(|(value, format)| number(value, format));
        assert_eq!(shown, ["IV", "xix", "BB", "十二", "三十", "7"]);
    }
}
