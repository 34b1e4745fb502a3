//! Ideographs → words and pairs.
//!
//! jieba's dictionary (through charabia) cuts a run of simplified characters into short words. Beside them every two
//! neighbours are a term: names and new words, which no dictionary has, are found by their pairs, and so is a word that
//! was cut otherwise in its sentence. A word of Taiwan or Hong Kong is cut as the mainland's word for the same thing.
//!
//! The tables in `han/` are made by `scripts/han_table.py` from the dictionaries of OpenCC (Apache License 2.0).

use std::collections::HashMap;
use std::sync::LazyLock;

use charabia::segmenter::{ChineseSegmenter, Segmenter};

use super::analyze::{Kind, Terms};

const CHARACTERS: &str = include_str!("han/characters.txt");
const WORDS: &str = include_str!("han/words.txt");
/// First and last character of [`SIMPLIFIED`].
const FIRST: u32 = 0x3400;
const LAST: u32 = 0x9fff;
/// Most words of which a regional word consists once it is cut.
const MAX_PIECES: usize = 5;

/// Characters of the basic plane by their number: what each is in simplified script, itself for most.
static SIMPLIFIED: LazyLock<Vec<char>> = LazyLock::new(|| {
    let mut table: Vec<char> = (FIRST..=LAST).filter_map(char::from_u32).collect();
    for pair in CHARACTERS.split_whitespace() {
        let mut chars = pair.chars();
        if let (Some(from), Some(to)) = (chars.next(), chars.next())
            && let Some(slot) = table.get_mut((u32::from(from) - FIRST) as usize)
        {
            *slot = to;
        }
    }
    table
});

/// Words of Taiwan and Hong Kong → the words of the mainland, cut.
static REGIONAL: LazyLock<HashMap<&str, Vec<&str>>> = LazyLock::new(|| {
    let lines = WORDS.lines().filter_map(|line| line.split_once('\t'));
    lines.map(|(regional, word)| (regional, cut(word).collect())).collect()
});

/// The simplified form of a character.
pub fn simplified(c: char) -> char {
    let at = u32::from(c).wrapping_sub(FIRST) as usize;
    SIMPLIFIED.get(at).copied().unwrap_or(c)
}

/// Characters that simplified script keeps apart and traditional script does not, or the other way round, by word
/// (看著 and 看着, 回覆 and 回复, 瞭解 and 了解). The dictionary needs them as they are; terms do not.
fn alike(c: char) -> char {
    match c {
        '著' => '着',
        '覆' => '复',
        '瞭' => '了',
        '藉' => '借',
        '牠' => '它',
        '妳' => '你',
        '祇' => '只',
        '甚' => '什',
        '麽' => '么',
        '帐' => '账',
        '唸' => '念',
        '份' => '分',
        '馀' => '余',
        '钜' => '巨',
        '迴' => '回',
        '週' => '周',
        _ => c,
    }
}

/// The words of a run of simplified ideographs, as the dictionary cuts them.
pub fn cut(run: &str) -> impl Iterator<Item = &str> {
    ChineseSegmenter.segment_str(run)
}

/// The terms of a run of ideographs. Positions count characters.
pub fn push(run: &str, out: &mut Terms<'_>) {
    let bounds: Vec<usize> = run.char_indices().map(|(at, _)| at).chain([run.len()]).collect();
    let last = bounds.len() - 1;
    // Words by the characters at which they begin and end.
    let mut words: Vec<(usize, usize)> = Vec::with_capacity(last);
    let mut from = 0;
    for word in cut(run) {
        let to = from + word.chars().count();
        words.push((from, to));
        from = to;
    }
    let mut next = 0;
    for at in 0..last {
        while let Some(&(from, to)) = words.get(next).filter(|word| word.0 == at) {
            let (pieces, elsewhere) = regional(run, &bounds, &words[next..]);
            let span = words[next + pieces - 1].1 - from;
            for word in elsewhere {
                out.push(Kind::Cut, spelled(word), at, span);
            }
            if elsewhere.is_empty() {
                out.push(Kind::Cut, spelled(&run[bounds[from]..bounds[to]]), at, span);
            }
            next += pieces;
        }
        if at + 1 < last {
            out.push(Kind::Pair, spelled(&run[bounds[at]..bounds[at + 2]]), at, 2);
        }
    }
    out.advance(last);
}

/// How many of the words make up the longest regional word that begins here, and the words for it elsewhere: one and
/// none, when it is no regional word.
fn regional(run: &str, bounds: &[usize], words: &[(usize, usize)]) -> (usize, &'static [&'static str]) {
    let from = words[0].0;
    for pieces in (1..=words.len().min(MAX_PIECES)).rev() {
        let to = words[pieces - 1].1;
        if to - from >= 2
            && let Some(elsewhere) = REGIONAL.get(&run[bounds[from]..bounds[to]])
        {
            return (pieces, elsewhere);
        }
    }
    (1, &[])
}

fn spelled(word: &str) -> String {
    word.chars().map(alike).collect()
}
