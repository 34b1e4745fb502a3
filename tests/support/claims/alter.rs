//! Right sentences made wrong, each in one place.

use super::shared::Asked;

/// What is wrong with a sentence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Another number, another year or month, another unit.
    Number,
    Date,
    Unit,
    /// Another name: one that the passage has elsewhere, or one of another document.
    NameOfPassage,
    NameOfAnother,
    /// A negation more or less.
    Negation,
    /// A word turned into its opposite.
    Opposite,
    /// Its sources are another question's.
    Elsewhere,
}

/// The names of a set, by document, out of which names are replaced.
pub struct Pool {
    /// Document and name.
    names: Vec<(String, String)>,
}

impl Pool {
    pub fn of(asked: &[Asked]) -> Pool {
        let mut names: Vec<(String, String)> = Vec::new();
        for question in asked {
            let mut add = |name: String| {
                let entry = (question.document.clone(), name);
                if !names.contains(&entry) {
                    names.push(entry);
                }
            };
            if question.language == "zh" {
                let asks = ["谁", "哪里", "哪个", "什么地方", "哪国", "哪位", "哪儿", "哪座", "哪家"]
                    .iter()
                    .any(|word| question.question.contains(word));
                let name = |answer: &&String| {
                    let chars = answer.chars().count();
                    (2..=8).contains(&chars)
                        && answer.chars().all(|c| {
                            ('\u{4e00}'..='\u{9fff}').contains(&c)
                                && !"的了是和不在个年月日一二三四五六七八九十".contains(c)
                        })
                };
                question.answers.iter().filter(|_| asks).filter(name).take(1).for_each(|name| add(name.clone()));
                titles(&question.passage).for_each(&mut add);
            } else {
                english_names(&question.passage).into_iter().for_each(&mut add);
            }
        }
        Pool { names }
    }

    /// The sentence made wrong in each way for which it has a place.
    pub fn wrong(&self, asked: &Asked, sentence: &str, seed: u64) -> Vec<(Kind, String)> {
        let chinese = asked.language == "zh";
        let mut out = Vec::new();
        out.extend(number(sentence, seed).map(|wrong| (Kind::Number, wrong)));
        out.extend(date(sentence, seed).map(|wrong| (Kind::Date, wrong)));
        out.extend(
            swapped(sentence, if chinese { UNITS_ZH } else { UNITS }, !chinese, &|before| {
                before.trim_end_matches(['-', ' ']).ends_with(|c: char| c.is_ascii_digit())
                    || ends_in_number_word(before)
            })
            .map(|wrong| (Kind::Unit, wrong)),
        );
        for (kind, same) in [(Kind::NameOfPassage, true), (Kind::NameOfAnother, false)] {
            out.extend(self.name(asked, sentence, seed, same).map(|wrong| (kind, wrong)));
        }
        out.extend(
            if chinese { negated_chinese(sentence) } else { negated(sentence) }.map(|wrong| (Kind::Negation, wrong)),
        );
        out.extend(
            swapped(sentence, if chinese { OPPOSITES_ZH } else { OPPOSITES }, !chinese, &|_| true)
                .map(|wrong| (Kind::Opposite, wrong)),
        );
        out.retain(|(_, wrong)| wrong != sentence && !asked.passage.contains(wrong.as_str()));
        out
    }

    fn name(&self, asked: &Asked, sentence: &str, seed: u64, same: bool) -> Option<String> {
        let chinese = asked.language == "zh";
        let own: Vec<&String> =
            self.names.iter().filter(|(document, _)| *document == asked.document).map(|(_, name)| name).collect();
        let here: Vec<String> = if chinese {
            own.iter().filter(|name| sentence.contains(name.as_str())).map(|name| (*name).clone()).collect()
        } else {
            english_names(sentence)
        };
        let here: Vec<&String> = here.iter().filter(|name| !asked.title.contains(name.as_str())).collect();
        let old = here.get(seed as usize % here.len().max(1))?;
        let fits = |name: &&String| {
            let part = |word: &str| {
                word.len() > 2
                    && (sentence.contains(word) || asked.title.contains(word) || asked.question.contains(word))
            };
            let overlaps = if chinese {
                part(name)
                    || old.contains(name.as_str())
                    || name.contains(old.as_str())
                    || name.chars().zip(old.chars()).any(|(a, b)| a == b)
            } else {
                name.split(' ').any(part)
            };
            let place = asked.passage.contains(name.as_str()) == same;
            !overlaps && place && name.chars().count().abs_diff(old.chars().count()) < 12
        };
        let from = (seed >> 7) as usize % self.names.len().max(1);
        let turned = self.names.iter().cycle().skip(from).take(self.names.len());
        let of_document = turned.filter(|(document, _)| (*document == asked.document) == same).map(|(_, name)| name);
        let new = of_document.into_iter().find(fits)?;
        Some(sentence.replacen(old.as_str(), new, 1))
    }
}

/// Titles of works.
fn titles(text: &str) -> impl Iterator<Item = String> {
    text.split('《')
        .skip(1)
        .filter_map(|rest| rest.split_once('》'))
        .map(|(title, _)| title.to_owned())
        .filter(|title| (2..=12).contains(&title.chars().count()))
}

/// Runs of words with a capital inside of sentences.
fn english_names(text: &str) -> Vec<String> {
    const NONE: &[&str] = &[
        "The",
        "A",
        "An",
        "I",
        "In",
        "It",
        "He",
        "She",
        "They",
        "This",
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
        "Monday",
        "Tuesday",
        "Wednesday",
        "Thursday",
        "Friday",
        "Saturday",
        "Sunday",
    ];
    let mut found: Vec<String> = Vec::new();
    let mut run: Vec<&str> = Vec::new();
    let mut begins = true;
    for token in text.split_whitespace() {
        let word = token.trim_matches(|c: char| !c.is_alphanumeric()).trim_end_matches("'s").trim_end_matches("’s");
        let capital = word.len() > 2
            && word.starts_with(char::is_uppercase)
            && word.chars().all(|c| c.is_alphabetic())
            && !NONE.contains(&word);
        let opens = token.starts_with(|c: char| !c.is_alphanumeric());
        if (!capital || begins || opens) && !run.is_empty() {
            found.push(std::mem::take(&mut run).join(" "));
        }
        if capital && !begins {
            run.push(word);
        }
        let ends = token.ends_with(|c: char| !c.is_alphanumeric()) || word.len() < token.len();
        if ends && !run.is_empty() {
            found.push(std::mem::take(&mut run).join(" "));
        }
        begins =
            token.ends_with(['.', '!', '?', ':', '"', '”']) || token.starts_with(['*', '#', '-']) || word.is_empty();
    }
    if !run.is_empty() {
        found.push(run.join(" "));
    }
    found.retain(|name| name.split(' ').count() <= 3);
    found
}

/// Runs of digits with a decimal part, as byte ranges, that stand alone.
fn numbers(sentence: &str) -> Vec<(usize, usize)> {
    let bytes = sentence.as_bytes();
    let mut found = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        if !bytes[at].is_ascii_digit() {
            at += 1;
            continue;
        }
        let mut end = at;
        while end < bytes.len()
            && (bytes[end].is_ascii_digit()
                || matches!(bytes[end], b'.' | b',') && bytes.get(end + 1).is_some_and(u8::is_ascii_digit))
        {
            end += 1;
        }
        let glued =
            |byte: Option<&u8>| byte.is_some_and(|b| b.is_ascii_alphabetic() || matches!(b, b'-' | b'_' | b'/' | b':'));
        if !glued(at.checked_sub(1).map(|before| &bytes[before])) && !glued(bytes.get(end)) {
            found.push((at, end));
        }
        at = end;
    }
    found
}

fn is_year(text: &str) -> bool {
    text.len() == 4 && text.parse::<u32>().is_ok_and(|year| (1000..2100).contains(&year))
}

const SPELLED: &[(&str, &str)] = &[
    ("two", "four"),
    ("three", "five"),
    ("four", "seven"),
    ("five", "eight"),
    ("six", "nine"),
    ("seven", "three"),
    ("eight", "six"),
    ("nine", "two"),
    ("ten", "twelve"),
    ("twelve", "fifteen"),
    ("twenty", "thirty"),
    ("fifty", "sixty"),
];

fn ends_in_number_word(before: &str) -> bool {
    SPELLED.iter().any(|(word, _)| before.trim_end().ends_with(word))
        || before.ends_with(['两', '三', '四', '五', '六', '七', '八', '九', '十'])
}

/// A number that is no year, changed.
fn number(sentence: &str, seed: u64) -> Option<String> {
    let all: Vec<(usize, usize)> = numbers(sentence)
        .into_iter()
        .filter(|(from, to)| {
            !is_year(&sentence[*from..*to])
                && !sentence[*to..].trim_start().starts_with(['年', '月', '日'])
                && !beside_month(sentence, *from, *to)
        })
        .collect();
    let Some(&(from, to)) = all.get(seed as usize % all.len().max(1)) else {
        return swapped(sentence, SPELLED, true, &|_| true)
            .or_else(|| swapped(sentence, SPELLED_ZH, false, &|before| !before.ends_with('第')));
    };
    let old = &sentence[from..to];
    let new = match old.replace(',', "").parse::<f64>() {
        Ok(value) if value.fract() != 0.0 => format!("{:.1}", value + 1.3),
        Ok(value) if value >= 1000.0 => {
            // One digit in the middle.
            let at = old.char_indices().filter(|(_, c)| c.is_ascii_digit()).nth(1)?.0;
            let digit = (old.as_bytes()[at] - b'0' + 3) % 10;
            format!("{}{digit}{}", &old[..at], &old[at + 1..])
        }
        Ok(value) => format!("{}", value + 1.0 + (seed >> 5) as f64 % 9.0),
        Err(_) => return None,
    };
    Some(format!("{}{new}{}", &sentence[..from], &sentence[to..]))
}

const SPELLED_ZH: &[(&str, &str)] = &[
    ("两个", "五个"),
    ("三个", "六个"),
    ("四个", "七个"),
    ("五个", "八个"),
    ("两人", "五人"),
    ("三年", "四年"),
    ("两年", "六年"),
    ("十年", "八年"),
    ("三种", "五种"),
    ("两种", "四种"),
];

const MONTHS: &[&str] = &[
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

fn beside_month(sentence: &str, from: usize, to: usize) -> bool {
    MONTHS
        .iter()
        .any(|month| sentence[..from].trim_end().ends_with(month) || sentence[to..].trim_start().starts_with(month))
}

/// Another year, month or day.
fn date(sentence: &str, seed: u64) -> Option<String> {
    let years: Vec<(usize, usize)> =
        numbers(sentence).into_iter().filter(|(from, to)| is_year(&sentence[*from..*to])).collect();
    if let Some(&(from, to)) = years.get(seed as usize % years.len().max(1)) {
        let year: u64 = sentence[from..to].parse().ok()?;
        let other = if seed.is_multiple_of(2) { year + 1 + seed % 17 } else { year - 1 - seed % 17 };
        return Some(format!("{}{other}{}", &sentence[..from], &sentence[to..]));
    }
    if let Some((at, month)) = MONTHS.iter().find_map(|month| Some((sentence.find(&format!("{month} "))?, month))) {
        let other = MONTHS[(MONTHS.iter().position(|known| known == month)? + 5) % 12];
        return Some(format!("{}{other}{}", &sentence[..at], &sentence[at + month.len()..]));
    }
    let (from, to) = numbers(sentence).into_iter().find(|(_, to)| sentence[*to..].starts_with(['月', '日']))?;
    let n: u64 = sentence[from..to].parse().ok()?;
    let most = if sentence[to..].starts_with('月') { 12 } else { 28 };
    Some(format!("{}{}{}", &sentence[..from], (n + 2) % most + 1, &sentence[to..]))
}

const UNITS: &[(&str, &str)] = &[
    ("days", "weeks"),
    ("weeks", "months"),
    ("months", "years"),
    ("years", "months"),
    ("hours", "minutes"),
    ("minutes", "hours"),
    ("day", "month"),
    ("week", "month"),
    ("month", "week"),
    ("year", "month"),
    ("hour", "minute"),
    ("kilometers", "miles"),
    ("km", "miles"),
    ("miles", "kilometers"),
    ("meters", "feet"),
    ("feet", "meters"),
    ("m", "km"),
    ("percent", "dollars"),
    ("dollars", "euros"),
    ("kg", "tons"),
    ("acres", "hectares"),
    ("degrees", "percent"),
    ("GB", "MB"),
    ("MB", "GB"),
    ("mm", "cm"),
];
const UNITS_ZH: &[(&str, &str)] = &[
    ("个月", "年"),
    ("公里", "米"),
    ("平方公里", "平方米"),
    ("千米", "厘米"),
    ("小时", "天"),
    ("分钟", "小时"),
    ("天", "个月"),
    ("周", "年"),
    ("岁", "个月"),
    ("米", "公里"),
    ("吨", "公斤"),
    ("公斤", "吨"),
    ("万元", "亿元"),
    ("元", "美元"),
    ("美元", "元"),
    ("%", "倍"),
    ("人", "户"),
    ("G", "M"),
];

const OPPOSITES: &[(&str, &str)] = &[
    ("before", "after"),
    ("after", "before"),
    ("more", "less"),
    ("less", "more"),
    ("largest", "smallest"),
    ("highest", "lowest"),
    ("first", "last"),
    ("last", "first"),
    ("increase", "decrease"),
    ("increased", "decreased"),
    ("higher", "lower"),
    ("lower", "higher"),
    ("above", "below"),
    ("below", "above"),
    ("minimum", "maximum"),
    ("maximum", "minimum"),
    ("most", "least"),
    ("least", "most"),
    ("won", "lost"),
    ("lost", "won"),
    ("north", "south"),
    ("south", "north"),
    ("east", "west"),
    ("west", "east"),
    ("eastern", "western"),
    ("northern", "southern"),
    ("southern", "northern"),
    ("all", "none"),
    ("always", "never"),
    ("must", "may"),
    ("may", "must"),
    ("required", "optional"),
    ("included", "excluded"),
    ("includes", "excludes"),
    ("began", "ended"),
    ("early", "late"),
    ("public", "private"),
    ("private", "public"),
    ("allowed", "forbidden"),
    ("positive", "negative"),
    ("success", "failure"),
];
const OPPOSITES_ZH: &[(&str, &str)] = &[
    ("以上", "以下"),
    ("以下", "以上"),
    ("之前", "之后"),
    ("之后", "之前"),
    ("以前", "以后"),
    ("最大", "最小"),
    ("最高", "最低"),
    ("最早", "最晚"),
    ("增加", "减少"),
    ("减少", "增加"),
    ("上升", "下降"),
    ("提高", "降低"),
    ("允许", "禁止"),
    ("可以", "不得"),
    ("必须", "不必"),
    ("至少", "至多"),
    ("最多", "最少"),
    ("包括", "不包括"),
    ("成功", "失败"),
    ("开始", "结束"),
    ("东部", "西部"),
    ("南部", "北部"),
    ("北部", "南部"),
    ("支持", "反对"),
    ("同意", "拒绝"),
    ("胜利", "失败"),
    ("首次", "末次"),
    ("多于", "少于"),
];

/// The first word of a table that the sentence has, where `here` allows it, replaced.
fn swapped(sentence: &str, table: &[(&str, &str)], whole_words: bool, here: &dyn Fn(&str) -> bool) -> Option<String> {
    table.iter().find_map(|(old, new)| {
        let at = sentence.match_indices(old).map(|(at, _)| at).find(|&at| {
            let letter = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
            let free =
                !letter(sentence[..at].chars().next_back()) && !letter(sentence[at + old.len()..].chars().next());
            (!whole_words || free) && here(&sentence[..at])
        })?;
        Some(format!("{}{new}{}", &sentence[..at], &sentence[at + old.len()..]))
    })
}

fn negated(sentence: &str) -> Option<String> {
    for cue in [" not ", " never ", " cannot "] {
        if sentence.contains(cue) {
            return Some(sentence.replacen(cue, if cue == " cannot " { " can " } else { " " }, 1));
        }
    }
    let verbs = [
        "is",
        "are",
        "was",
        "were",
        "can",
        "may",
        "must",
        "will",
        "should",
        "could",
        "would",
        "has been",
        "have been",
        "had been",
    ];
    let (at, verb) = verbs.iter().filter_map(|verb| Some((sentence.find(&format!(" {verb} "))?, *verb))).min()?;
    let first = verb.split(' ').next()?;
    let to = at + 1 + first.len();
    Some(format!("{} not{}", &sentence[..to], &sentence[to..]))
}

fn negated_chinese(sentence: &str) -> Option<String> {
    for (cue, plain) in [
        ("不得", "可以"),
        ("不能", "能"),
        ("不是", "是"),
        ("没有", "有"),
        ("不会", "会"),
        ("无法", "可以"),
        ("不需要", "需要"),
        ("不支持", "支持"),
    ] {
        if sentence.contains(cue) {
            return Some(sentence.replacen(cue, plain, 1));
        }
    }
    let verbs = [
        ("可以", "不可以"),
        ("能够", "不能够"),
        ("允许", "不允许"),
        ("需要", "不需要"),
        ("属于", "不属于"),
        ("支持", "不支持"),
        ("享有", "不享有"),
        ("拥有", "没有"),
        ("是", "不是"),
        ("成为", "没有成为"),
        ("曾", "未曾"),
    ];
    let (at, plain, cue) = verbs
        .iter()
        .filter_map(|(plain, cue)| {
            let at = sentence.find(plain)?;
            // 还是, 于是, 但是, 总是 and the like are other words.
            let other = *plain == "是"
                && sentence[..at].ends_with(['还', '于', '但', '总', '都', '只', '而', '就', '或', '不', '凡']);
            (!other && at > 0).then_some((at, *plain, *cue))
        })
        .min()?;
    Some(format!("{}{cue}{}", &sentence[..at], &sentence[at + plain.len()..]))
}
