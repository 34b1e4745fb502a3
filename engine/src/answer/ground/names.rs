//! Names, codes and product names of a claim that its sources do not have.
//!
//! In: what a claim says, and what its source says ([`Said`]). A name is what is written like one: a word with a capital
//! within an English sentence, letters with digits, an address; in Chinese, where nothing shows a name, what stands in
//! quotation marks, behind a family name, before the kind of a place or an organisation, or in no dictionary. A name that
//! the question says, or the title or a heading, may be said of what stands below it.

use std::collections::HashSet;

use super::said::{FUNCTION_CHARACTERS, Said, Token, is_function_word};
use crate::text::words_in;

/// A name as a claim has it.
#[derive(Debug, Clone, PartialEq)]
pub struct Name {
    pub text: String,
    /// Indexes of the claim's tokens.
    pub first: usize,
    pub last: usize,
    /// Whether it can only be a name; a single word with a capital at the beginning of a sentence may be any word.
    pub sure: bool,
}

/// Words that begin sentences and are no names, as stems.
const STARTERS: &[&str] = &[
    "after",
    "all",
    "although",
    "an",
    "ani",
    "anyon",
    "as",
    "at",
    "becaus",
    "before",
    "befor",
    "both",
    "by",
    "dure",
    "each",
    "earli",
    "employe",
    "everi",
    "everyon",
    "first",
    "follow",
    "for",
    "from",
    "he",
    "her",
    "his",
    "how",
    "howev",
    "if",
    "in",
    "it",
    "later",
    "make",
    "mani",
    "most",
    "new",
    "no",
    "none",
    "note",
    "on",
    "onc",
    "one",
    "onli",
    "other",
    "our",
    "over",
    "peopl",
    "pleas",
    "she",
    "sinc",
    "some",
    "staff",
    "such",
    "that",
    "the",
    "their",
    "there",
    "these",
    "they",
    "this",
    "those",
    "through",
    "to",
    "under",
    "until",
    "upon",
    "use",
    "we",
    "when",
    "where",
    "while",
    "with",
    "you",
    "your",
    "answer",
    "yes",
    "accord",
    "today",
    "member",
    "user",
    "custom",
    "manag",
    "compani",
    "work",
    "contractor",
    "student",
    "request",
    "leav",
    "current",
    "addit",
    "final",
    "therefor",
    "thus",
    "overal",
    "instead",
    "general",
    "usual",
    "typic",
    "initi",
    "origin",
    "recent",
    "histor",
    "also",
    "then",
];

/// The names of words and codes in a claim.
pub fn names(claim: &Said) -> Vec<Name> {
    let mut found: Vec<Name> = Vec::new();
    let tokens = &claim.tokens;
    let mut at = 0;
    while at < tokens.len() {
        let token = &tokens[at];
        if token.is_character || !token.marked || is_pronoun(claim.written(token)) {
            at += 1;
            continue;
        }
        let mut last = at;
        while let Some(next) = tokens.get(last + 1).filter(|next| continues(claim, &tokens[last], next)) {
            last += 1;
            debug_assert!(!next.is_character);
        }
        let code = claim.written(token).contains(|c: char| c.is_ascii_digit());
        let shouted = claim.written(token).len() > 1 && !claim.written(token).contains(char::is_lowercase);
        let starts = token.first && (is_function_word(&token.stem) || STARTERS.contains(&token.stem.as_str()));
        let first = if starts && !code { at + 1 } else { at };
        if first <= last {
            let sure = !tokens[first].first || code || shouted || last > first;
            let text = claim.text[tokens[first].start..tokens[last].end].to_owned();
            found.push(Name { text, first, last, sure });
        }
        at = last + 1;
    }
    found
}

/// Whether a name goes on with the next token: `Tony Blair`, `HR-114`, but not over a comma.
fn continues(claim: &Said, token: &Token, next: &Token) -> bool {
    if next.is_character {
        return false;
    }
    if next.joined {
        return !claim.text[token.end..next.start].contains(['\'', ',', '/']);
    }
    let between = &claim.text[token.end..next.start];
    between == " " && next.marked && !next.first || between == ". " && token.end - token.start == 1 && next.marked
}

fn is_pronoun(word: &str) -> bool {
    matches!(word, "I" | "I'm" | "A" | "OK")
}

/// What names may be taken from: a source's words as they stand, with what is known beside it.
pub struct Known<'a> {
    pub window: &'a [&'a Said],
    /// Title, headings, question.
    pub beside: &'a [&'a Said],
    /// Stems that passages have with a capital within a sentence, and those that they have without.
    pub capitalised: &'a HashSet<String>,
    pub lower: &'a HashSet<String>,
}

impl Known<'_> {
    fn has(&self, stem: &str) -> bool {
        self.window
            .iter()
            .chain(self.beside)
            .any(|said| said.has(stem) || said.tokens.iter().any(|token| token.stem == stem))
    }
}

/// The first name of a claim that is not known.
pub fn missing(claim: &Said, known: &Known<'_>) -> Option<String> {
    names(claim)
        .into_iter()
        .find(|name| !is_known(claim, name, known))
        .map(|name| name.text)
        .or_else(|| quoted(&claim.text).into_iter().find(|term| !stands(term, known)).map(str::to_owned))
        .or_else(|| chinese(claim, known))
}

fn is_known(claim: &Said, name: &Name, known: &Known<'_>) -> bool {
    let tokens = &claim.tokens[name.first..=name.last];
    let unknown: Vec<&Token> =
        tokens.iter().filter(|token| !is_function_word(&token.stem) && !known.has(&token.stem)).collect();
    if unknown.is_empty() {
        return true;
    }
    // A compound may be written in one: `e-mail`, `email`.
    let whole: String = name.text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    if known.has(&whole) || stands(&name.text, known) {
        return true;
    }
    if name.sure {
        return false;
    }
    // A word that may be any word is a name when the passages know it as one only.
    unknown.iter().all(|token| known.lower.contains(&token.stem) || !known.capitalised.contains(&token.stem))
}

/// Whether a text stands in the window or beside it, whatever its case and its white space.
fn stands(term: &str, known: &Known<'_>) -> bool {
    let squeeze =
        |text: &str| -> String { text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect() };
    let term = squeeze(term);
    known.window.iter().chain(known.beside).any(|said| squeeze(&said.text).contains(&term))
}

/// Terms in quotation marks, short enough to be names.
fn quoted(text: &str) -> Vec<&str> {
    const MAX_CHARS: usize = 24;
    let mut found = Vec::new();
    for (open, close) in [('《', '》'), ('“', '”'), ('「', '」'), ('『', '』'), ('〈', '〉')] {
        for (at, _) in text.match_indices(open) {
            let inner = &text[at + open.len_utf8()..];
            if let Some(end) = inner.find(close)
                && inner[..end].chars().count() <= MAX_CHARS
            {
                found.push(&inner[..end]);
            }
        }
    }
    found
}

const FAMILY_NAMES: &str = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟谭陆汪范石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤";
/// Kinds that end the names of places and organisations.
const KINDS: &[&str] = &[
    "公司",
    "大学",
    "学院",
    "银行",
    "集团",
    "委员会",
    "协会",
    "医院",
    "中学",
    "小学",
    "政府",
    "法院",
    "电视台",
    "研究所",
    "部",
    "局",
    "厅",
    "省",
    "市",
    "县",
    "区",
    "镇",
    "乡",
    "村",
    "国",
    "州",
    "岛",
    "山",
    "河",
    "江",
    "湖",
    "站",
    "路",
    "街",
    "寺",
    "庙",
    "宫",
    "队",
    "军",
    "党",
    "族",
    "语",
    "教",
    "派",
    "帝",
    "王",
    "公",
    "侯",
    "科",
    "属",
    "目",
    "号",
    "奖",
    "杯",
    "报",
    "社",
    "剧",
    "港",
    "城",
];
const PLACES: &[&str] = &[
    "北京",
    "上海",
    "天津",
    "重庆",
    "广东",
    "广州",
    "深圳",
    "江苏",
    "南京",
    "苏州",
    "浙江",
    "杭州",
    "宁波",
    "四川",
    "成都",
    "湖北",
    "武汉",
    "湖南",
    "长沙",
    "河南",
    "郑州",
    "河北",
    "山东",
    "济南",
    "青岛",
    "山西",
    "太原",
    "陕西",
    "西安",
    "福建",
    "福州",
    "厦门",
    "安徽",
    "合肥",
    "江西",
    "南昌",
    "辽宁",
    "沈阳",
    "大连",
    "吉林",
    "长春",
    "黑龙江",
    "哈尔滨",
    "云南",
    "昆明",
    "贵州",
    "贵阳",
    "广西",
    "南宁",
    "海南",
    "海口",
    "甘肃",
    "兰州",
    "青海",
    "宁夏",
    "新疆",
    "西藏",
    "内蒙古",
    "台湾",
    "台北",
    "香港",
    "澳门",
    "日本",
    "东京",
    "大阪",
    "韩国",
    "朝鲜",
    "首尔",
    "美国",
    "纽约",
    "英国",
    "伦敦",
    "法国",
    "巴黎",
    "德国",
    "柏林",
    "俄罗斯",
    "苏联",
    "莫斯科",
    "印度",
    "意大利",
    "罗马",
    "西班牙",
    "葡萄牙",
    "荷兰",
    "加拿大",
    "澳大利亚",
    "巴西",
    "阿根廷",
    "墨西哥",
    "埃及",
    "越南",
    "泰国",
    "新加坡",
    "马来西亚",
    "印尼",
    "菲律宾",
    "伊朗",
    "伊拉克",
    "土耳其",
    "希腊",
    "波兰",
    "瑞典",
    "瑞士",
    "欧洲",
    "亚洲",
    "非洲",
    "美洲",
];

/// A Chinese name that neither the window nor what is beside it has.
fn chinese(claim: &Said, known: &Known<'_>) -> Option<String> {
    let pair_known = |pair: &str| known.window.iter().chain(known.beside).any(|said| said.has(pair));
    let tokens = &claim.tokens;
    let near = |at: usize| {
        at + 1 < tokens.len()
            && tokens[at].is_character
            && tokens[at + 1].is_character
            && tokens[at].end == tokens[at + 1].start
    };
    let mut covered = vec![false; tokens.len()];
    for at in 0..tokens.len() {
        if !tokens[at].is_character {
            covered[at] = true;
        } else if near(at) {
            let blank = |at: usize| FUNCTION_CHARACTERS.contains(tokens[at].stem.as_str());
            if pair_known(&format!("{}{}", tokens[at].stem, tokens[at + 1].stem)) || blank(at) && blank(at + 1) {
                covered[at] = true;
                covered[at + 1] = true;
            }
        }
    }
    let mut at = 0;
    while at < tokens.len() {
        if covered[at] {
            at += 1;
            continue;
        }
        let mut last = at;
        while last + 1 < tokens.len() && !covered[last + 1] && near(last) {
            last += 1;
        }
        let run = &claim.text[tokens[at].start..tokens[last].end];
        let after = claim.text[tokens[last].end..].chars().next();
        let before = claim.text[..tokens[at].start].chars().next_back();
        if last > at && is_chinese_name(run, before, after, known) {
            return Some(run.to_owned());
        }
        at = last + 1;
    }
    None
}

/// Whether a run of characters that no source has is written like a name.
fn is_chinese_name(run: &str, before: Option<char>, after: Option<char>, known: &Known<'_>) -> bool {
    if known.beside.iter().chain(known.window).any(|said| said.text.contains(run)) {
        return false;
    }
    after == Some('·') || before == Some('·') || like_chinese_name(run)
}

/// Whether a run of characters is written like a name.
pub fn like_chinese_name(run: &str) -> bool {
    let trimmed = run.trim_matches(|c| FUNCTION_CHARACTERS.contains(c));
    let chars: Vec<char> = trimmed.chars().collect();
    if chars.len() < 2 {
        return false;
    }
    if trimmed.contains('·') || PLACES.iter().any(|place| trimmed.contains(place)) {
        return true;
    }
    if chars.len() >= 3 && KINDS.iter().any(|kind| trimmed.ends_with(kind)) {
        return true;
    }
    // What a dictionary cuts into single characters is in none.
    let words: HashSet<String> = words_in(trimmed, Some("zh")).into_iter().collect();
    let in_words = |at: usize| {
        words.iter().any(|word| {
            let length = word.chars().count();
            length > 1
                && (0..length).any(|back| at >= back && trimmed.chars().skip(at - back).take(length).eq(word.chars()))
        })
    };
    let alone = (0..chars.len()).filter(|&at| !in_words(at) && !FUNCTION_CHARACTERS.contains(chars[at])).count();
    let family = FAMILY_NAMES.contains(chars[0]) && chars.len() <= 3;
    alone >= 3 || family && alone >= 1
}

#[cfg(test)]
mod tests {
    use super::{Known, Said, missing, names};

    #[track_caller]
    fn check(claim: &str, source: &str, question: &str, expected: Option<&str>) {
        let (claim, source, question) = (Said::new(claim), Said::new(source), Said::new(question));
        let capitalised = source.tokens.iter().filter(|t| t.marked && !t.first).map(|t| t.stem.clone()).collect();
        let lower = source.tokens.iter().filter(|t| !t.marked).map(|t| t.stem.clone()).collect();
        let known = Known { window: &[&source], beside: &[&question], capitalised: &capitalised, lower: &lower };
        assert_eq!(missing(&claim, &known).as_deref(), expected, "{}", claim.text);
    }

    #[test]
    fn names_are_words_with_a_capital() {
        let found = |text: &str| names(&Said::new(text)).into_iter().map(|name| name.text).collect::<Vec<_>>();
        assert_eq!(found("In 1950 Tony Blair met J. Smith of ERR-4012."), ["Tony Blair", "J. Smith", "ERR-4012"]);
        assert_eq!(found("The leave is 25 days."), Vec::<String>::new());
        assert_eq!(found("Dr Jansen uses iPhone and HashMap."), ["Dr Jansen", "iPhone", "HashMap"]);
    }

    #[test]
    fn names_must_be_known() {
        let source = "The leave of employees is approved by Ann Jansen on form HR-114; the leave of Paris is not.";
        check("Leave is approved by Ann Jansen.", source, "", None);
        check("Leave is approved by Tom Jansen.", source, "", Some("Tom Jansen"));
        check("Use form HR-115.", source, "", Some("HR-115"));
        check("Use form HR114.", source, "", None);
        check("Leave in Berlin is approved by Jansen.", source, "What of Berlin?", None);
        check("Paris is not.", source, "", None);
    }

    #[test]
    fn chinese_names_must_be_known() {
        let source = "年假由李晓明审批，表格为《请假单》，交到上海办公室。";
        check("年假由李晓明审批。", source, "", None);
        check("年假由王建国审批。", source, "", Some("王建国"));
        check("表格为《报销单》。", source, "", Some("报销单"));
        check("表格交到北京办公室。", source, "", Some("北京"));
        check("员工的年假须经李晓明批准。", source, "", None);
    }
}
