//! Whether a claim says the opposite of its source: a `not` more or less, or `before` for `after`.
//!
//! In: a claim and the sentences that it rests on. Negations are compared by what they negate: `may not smoke` against
//! `may smoke`, so that a negation in another part of a long sentence does not count. What is said in other words (`fails
//! to`, `is unable to`) is not decided here, and counts as no difference.

use super::said::{Said, is_function_word};
use crate::text::is_han;

/// Whether the claim turns around what the source says.
pub fn differs(claim: &Said, source: &[&Said]) -> bool {
    let whole: String = source.iter().map(|said| said.text.as_str()).collect::<Vec<_>>().join("\n");
    english_differs(&claim.text, &whole) || chinese_differs(&claim.text, &whole) || opposite(claim, source)
}

const CUES: &[&str] = &["not", "never", "no", "none", "neither", "nor", "without", "cannot", "nobody", "nothing"];
/// Words that say no without a cue; beside one, what is negated cannot be told.
const WITHOUT_CUE: &[&str] = &[
    "unable",
    "fail",
    "fails",
    "failed",
    "refuse",
    "refused",
    "refuses",
    "deny",
    "denied",
    "prevent",
    "prevents",
    "prevented",
    "lack",
    "lacks",
    "lacked",
    "prohibited",
    "prohibits",
    "forbidden",
    "banned",
    "hardly",
    "rarely",
    "few",
    "little",
    "except",
    "unless",
    "rather",
    "instead",
    "ineligible",
    "impossible",
    "unlikely",
    "exempt",
    "avoid",
    "avoided",
    "only",
];
/// Words that stand between a cue and what it negates.
const LIGHT: &[&str] = &[
    "be",
    "been",
    "being",
    "yet",
    "any",
    "the",
    "a",
    "an",
    "to",
    "have",
    "has",
    "had",
    "longer",
    "always",
    "also",
    "ever",
    "even",
    "so",
    "all",
    "very",
    "currently",
    "usually",
    "its",
    "his",
    "her",
    "their",
    "more",
    "than",
];

/// A word of a sentence, or a border between clauses (empty).
fn words(text: &str) -> Vec<String> {
    let mut out = Vec::new();
    for token in text
        .to_lowercase()
        .replace("can't", "cannot")
        .replace("won't", "will not")
        .replace("n't", " not")
        .split_whitespace()
    {
        let word = token.trim_matches(|c: char| !c.is_alphanumeric());
        if !word.is_empty() {
            out.push(word.to_owned());
        }
        if token.ends_with([',', ';', ':', '.', ')', '!', '?'])
            || matches!(word, "but" | "while" | "whereas" | "although")
        {
            out.push(String::new());
        }
    }
    out
}

fn stem(word: &str) -> String {
    crate::text::terms(word).into_iter().next().unwrap_or_default()
}

/// What the cue at `at` negates: the next two words that say something, in its clause.
fn negated(words: &[String], at: usize) -> Vec<String> {
    let rest = words[at + 1..].iter().take_while(|word| !word.is_empty());
    rest.filter(|word| !LIGHT.contains(&word.as_str()) && !is_function_word(&stem(word)))
        .take(2)
        .map(|word| stem(word))
        .collect()
}

/// `not only … but also` and the like negate nothing.
fn is_cue(words: &[String], at: usize) -> bool {
    let next = words.get(at + 1).map(String::as_str).unwrap_or_default();
    CUES.contains(&words[at].as_str())
        && !matches!(next, "only" | "later" | "less" | "more" | "just" | "matter" | "least" | "doubt")
        && !(words[at] == "no" && next.starts_with(|c: char| c.is_ascii_digit()))
}

fn english_differs(claim: &str, source: &str) -> bool {
    let (claim, source) = (words(claim), words(source));
    let stems = |words: &[String]| words.iter().map(|word| stem(word)).collect::<Vec<_>>();
    let (claim_stems, source_stems) = (stems(&claim), stems(&source));
    let unclear = |words: &[String]| words.iter().any(|word| WITHOUT_CUE.contains(&word.as_str()));
    one_sided(&claim, &source, &source_stems, None) && !unclear(&source)
        || one_sided(&source, &claim, &claim_stems, Some(&claim_stems)) && !unclear(&claim)
}

/// Whether a cue of `one` negates a word that `other` has and does not negate. With `within`, only cues of clauses count
/// of which most is said there.
fn one_sided(one: &[String], other: &[String], other_stems: &[String], within: Option<&[String]>) -> bool {
    let negated_there: Vec<String> =
        (0..other.len()).filter(|&at| is_cue(other, at)).flat_map(|at| negated(other, at)).collect();
    (0..one.len()).filter(|&at| is_cue(one, at)).any(|at| {
        let here = negated(one, at);
        let Some(first) = here.first() else { return false };
        if within.is_some_and(|said| !mostly_said(one, at, said)) {
            return false;
        }
        let known = |word: &String| other_stems.contains(word);
        let said_plainly = known(first) || here.get(1).is_some_and(|second| known(second) && within.is_none());
        said_plainly && !here.iter().any(|word| negated_there.contains(word))
    })
}

/// Whether most of the clause around `at` is among `said`.
fn mostly_said(words: &[String], at: usize, said: &[String]) -> bool {
    let begin = words[..at].iter().rposition(String::is_empty).map_or(0, |border| border + 1);
    let end = words[at..].iter().position(String::is_empty).map_or(words.len(), |border| at + border);
    let telling: Vec<String> = words[begin..end]
        .iter()
        .map(|word| stem(word))
        .filter(|word| !word.is_empty() && !is_function_word(word))
        .collect();
    let known = telling.iter().filter(|word| said.contains(word)).count();
    known * 10 >= telling.len() * 6
}

/// Chinese words with a negating character that negate nothing.
const NO_CUES: &[&str] = &[
    "不仅",
    "不但",
    "不过",
    "不同",
    "不断",
    "不少",
    "不久",
    "不论",
    "不管",
    "不禁",
    "不止",
    "不只",
    "不单",
    "不如",
    "不妨",
    "不然",
    "不得不",
    "不可不",
    "无论",
    "无线",
    "无人机",
    "无锡",
    "未来",
    "未婚",
    "非常",
    "非洲",
    "没收",
    "没有人不",
    "莫斯科",
    "莫名",
    "不幸",
    "不满",
    "不时",
    "不等",
    "不锈钢",
    "不动产",
    "不由得",
    "差不多",
    "要不",
    "并非不",
    "无不",
    "不足",
    "无数",
    "无限",
    "不明",
    "不良",
    "不丹",
    "不超过",
    "不少于",
    "不低于",
    "不多于",
    "不高于",
    "不晚于",
    "不迟于",
    "不得超过",
    "不得少于",
    "不得低于",
    "是不是",
    "能不能",
    "可不可以",
    "有没有",
    "会不会",
];
const CUES_ZH: &[char] = &['不', '没', '未', '无', '勿', '非', '禁'];
/// Characters between a cue and what it negates.
const LIGHT_ZH: &str = "能会可以得应该需要必有是曾再被允许准在把将对为于其到了过止须";

fn chinese_differs(claim: &str, source: &str) -> bool {
    let (claim, source) = (Chinese::new(claim), Chinese::new(source));
    if claim.chars.is_empty() || source.chars.is_empty() {
        return false;
    }
    claim.conflicts_with(&source, false) || source.conflicts_with(&claim, true)
}

/// A Chinese text, with the places at which it negates.
struct Chinese {
    chars: Vec<char>,
    /// Places of the cues.
    cues: Vec<usize>,
}

impl Chinese {
    fn new(text: &str) -> Chinese {
        let chars: Vec<char> = if text.chars().any(is_han) { text.chars().collect() } else { Vec::new() };
        let begins = |at: usize, word: &str| chars[at..].iter().copied().take(word.chars().count()).eq(word.chars());
        let passed = |at: usize| {
            NO_CUES.iter().any(|word| {
                let inside = word.chars().count();
                (0..inside).any(|back| at >= back && begins(at - back, word))
            })
        };
        let cues = (0..chars.len()).filter(|&at| CUES_ZH.contains(&chars[at]) && !passed(at)).collect();
        Chinese { chars, cues }
    }

    /// The two characters that the cue at `at` negates.
    fn negated(&self, at: usize) -> Option<[char; 2]> {
        let rest = &self.chars[at + 1..];
        let light = rest.iter().take_while(|c| LIGHT_ZH.contains(**c) || CUES_ZH.contains(c)).count();
        let pair = rest.get(light..light + 2)?;
        pair.iter().all(|c| is_han(*c)).then(|| [pair[0], pair[1]])
    }

    /// Whether the character at `at` is negated by a cue before it in its clause.
    fn is_negated(&self, at: usize) -> bool {
        self.cues.iter().any(|cue| {
            *cue < at && self.chars[cue + 1..at].iter().all(|c| LIGHT_ZH.contains(*c) || CUES_ZH.contains(c))
        })
    }

    /// Whether something that is negated here is said plainly there. With `whole`, only where what stands before the cue
    /// is said there as well.
    fn conflicts_with(&self, other: &Chinese, whole: bool) -> bool {
        self.cues.iter().any(|&cue| {
            let Some(pair) = self.negated(cue) else { return false };
            if self.cues.iter().filter(|known| **known < cue && cue - **known <= 3).count() % 2 == 1 {
                return false;
            }
            let mut places =
                (0..other.chars.len().saturating_sub(1)).filter(|&at| other.chars[at..at + 2] == pair).peekable();
            if places.peek().is_none() || whole && !self.before_is_said(cue, other) {
                return false;
            }
            places.all(|at| !other.is_negated(at))
        })
    }

    /// Whether a pair of the two or three characters before a cue is said in the other text.
    fn before_is_said(&self, cue: usize, other: &Chinese) -> bool {
        let end = (0..cue).rev().take_while(|&at| LIGHT_ZH.contains(self.chars[at])).last().unwrap_or(cue);
        let begin = end.saturating_sub(4);
        let pairs = self.chars[begin..end].windows(2).filter(|pair| pair.iter().all(|c| is_han(*c)));
        let pairs: Vec<&[char]> = pairs.collect();
        pairs.is_empty() || pairs.iter().any(|pair| other.chars.windows(2).any(|known| known == *pair))
    }
}

/// Words that turn a sentence around when one stands for the other. Several words for a side are separated by `|`.
const OPPOSITES: &[(&str, &str)] = &[
    (
        "increase|increased|increases|rise|rises|rose|grow|grew",
        "decrease|decreased|decreases|fall|falls|fell|decline|declined|reduce|reduced|reduces",
    ),
    ("before|prior", "after|following"),
    ("minimum|least", "maximum|most"),
    ("above|over", "below|under"),
    ("allow|allowed|allows|permit|permitted|permits", "prohibit|prohibited|prohibits|forbid|forbidden|ban|banned"),
    ("include|includes|included|including", "exclude|excludes|excluded|excluding"),
    ("mandatory|compulsory|required", "optional|voluntary"),
    ("enable|enabled|enables", "disable|disabled|disables"),
    ("accept|accepted|accepts|approve|approved|approves", "reject|rejected|rejects|deny|denied|refuse|refused"),
    ("paid", "unpaid"),
    ("internal", "external"),
    ("more", "less|fewer"),
    ("higher|larger|greater", "lower|smaller"),
    ("highest|largest|greatest", "lowest|smallest"),
    ("north|northern", "south|southern"),
    ("east|eastern", "west|western"),
    ("won|win|wins|victory", "lost|lose|loses|defeat|defeated"),
    ("first|oldest|earliest", "last|youngest|latest"),
    ("start|starts|started|begin|begins|began", "end|ends|ended|finish|finishes|finished"),
    ("open|opens|opened", "close|closes|closed"),
    ("always", "never|sometimes"),
    ("all|every", "none|some"),
    ("true", "false"),
    ("success|successful|succeeded", "failure|unsuccessful|failed"),
    ("male|father|son|brother|husband", "female|mother|daughter|sister|wife"),
    ("public", "private"),
    ("legal", "illegal"),
    ("possible", "impossible"),
    ("left", "right"),
    ("upper", "lower"),
    ("early|earlier", "late|later"),
    ("must|shall", "may|can"),
];

const OPPOSITES_ZH: &[(&str, &str)] = &[
    ("允许|准许|可以", "禁止|严禁|不得|不准"),
    ("以上", "以下"),
    ("以前|之前", "以后|之后"),
    ("增加|上升|提高|增长|升高", "减少|下降|降低|缩短"),
    ("最多|至多|不超过|最高|最大|不得超过", "最少|至少|不少于|最低|最小|不低于"),
    ("大于|高于|多于|超过", "小于|低于|少于|不足"),
    ("必须|应当|强制", "可以|自愿|无需|不必"),
    ("包括|包含", "不包括|不含|除外"),
    ("开始", "结束"),
    ("成功", "失败"),
    ("东部|东面|东侧|东边|以东", "西部|西面|西侧|西边|以西"),
    ("南部|南面|南侧|南边|以南", "北部|北面|北侧|北边|以北"),
    ("最早|最先|首次", "最晚|最后|末次"),
    ("内部", "外部"),
    ("公开", "保密|秘密"),
    ("同意|批准|赞成", "拒绝|反对|驳回"),
    ("有效", "无效"),
    ("开启|启用|打开", "关闭|停用|禁用"),
    ("男性", "女性"),
    ("全职", "兼职"),
    ("带薪", "无薪"),
    ("上午", "下午"),
    ("胜", "负|败"),
    ("上游", "下游"),
    ("左", "右"),
];

/// Share of the claim's words that must stand in the source before one opposite word counts.
const ALIKE: f32 = 0.5;

fn opposite(claim: &Said, source: &[&Said]) -> bool {
    let known = claim.words.iter().filter(|word| source.iter().any(|said| said.has(word))).count();
    if (known as f32) < ALIKE * claim.words.len() as f32 {
        return false;
    }
    let here = words(&claim.text);
    let there: Vec<String> = source.iter().flat_map(|said| words(&said.text)).collect();
    let english = OPPOSITES.iter().any(|(one, other)| {
        let side = |text: &[String], words: &str| text.iter().any(|word| words.split('|').any(|known| known == word));
        let turned = |one: &str, other: &str| {
            side(&here, one) && !side(&there, one) && side(&there, other) && !side(&here, other)
        };
        turned(one, other) || turned(other, one)
    });
    let there: String = source.iter().map(|said| said.text.as_str()).collect();
    english
        || OPPOSITES_ZH.iter().any(|(one, other)| {
            let side = |text: &str, words: &str| words.split('|').any(|word| text.contains(word));
            let turned = |one: &str, other: &str| {
                side(&claim.text, one) && !side(&there, one) && side(&there, other) && !side(&claim.text, other)
            };
            turned(one, other) || turned(other, one)
        })
}

#[cfg(test)]
mod tests {
    use super::{Said, differs};

    #[track_caller]
    fn check(claim: &str, source: &str, expected: bool) {
        assert_eq!(differs(&Said::new(claim), &[&Said::new(source)]), expected, "{claim} / {source}");
    }

    #[test]
    fn a_negation_more_or_less_is_seen() {
        for (plain, negated) in [
            ("Contractors may smoke in the yard.", "Contractors may not smoke in the yard."),
            ("Leave is carried over to the next year.", "Leave is never carried over to the next year."),
            ("The probe can be opened by customers.", "The probe cannot be opened by customers."),
            ("员工可以在办公室吸烟。", "员工不可以在办公室吸烟。"),
            ("试用期员工享有年假。", "试用期员工不享有年假。"),
            ("外包人员允许访问内网。", "外包人员不允许访问内网。"),
            ("加班须事先批准。", "加班无须事先批准。"),
        ] {
            check(plain, negated, true);
            check(negated, plain, true);
            check(plain, plain, false);
            check(negated, negated, false);
        }
    }

    #[test]
    fn opposite_words_are_seen() {
        for (one, other) in [
            ("Requests are sent before the first day.", "Requests are sent after the first day."),
            ("The minimum stay is two nights.", "The maximum stay is two nights."),
            ("员工必须在五年以上。", "员工必须在五年以下。"),
            ("报销金额至少为一百元。", "报销金额至多为一百元。"),
        ] {
            check(one, other, true);
            check(other, one, true);
        }
    }

    #[test]
    fn negations_of_other_things_do_not_count() {
        check("B won the race.", "A did not finish, but B won the race.", false);
        check("Employees get 25 days.", "Employees get 25 days, which do not expire.", false);
        check("Not only employees but also contractors get leave.", "Employees and contractors get leave.", false);
        check("A person who fails to register is not insured.", "Who does not register is not insured.", false);
        check("员工享有十五天年假。", "员工享有十五天年假，未休完的不予补偿。", false);
        check("不同部门的规定不同。", "各部门规定有别。", false);
    }
}
