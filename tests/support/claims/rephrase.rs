//! Right sentences: what people wrote, and what rules make of a question and its answer without changing what is said.

use super::shared::Asked;

/// The right sentences that a question gives, each with how it came about.
pub fn right(asked: &Asked) -> Vec<(&'static str, String)> {
    if asked.written {
        return asked.answers.iter().take(1).flat_map(|answer| sentences(answer)).map(|s| ("written", s)).collect();
    }
    let mut out = Vec::new();
    if let Some(sentence) = gold_sentence(asked) {
        out.push(("sentence", reworded(&sentence)));
    }
    let chinese = asked.language == "zh";
    let statement = if chinese { chinese_statement(asked) } else { english_statement(asked) };
    out.extend(statement.map(|statement| ("statement", statement)));
    out
}

/// Cut behind full stops that a space and a capital follow, and behind Chinese ones.
fn sentences(text: &str) -> Vec<String> {
    let mut out = vec![String::new()];
    let chars: Vec<char> = text.chars().collect();
    for (at, c) in chars.iter().enumerate() {
        if let Some(last) = out.last_mut() {
            last.push(*c);
        }
        let next = |ahead: usize| chars.get(at + ahead).copied();
        let word: String = chars[..at].iter().rev().take_while(|c| c.is_alphanumeric()).collect();
        let english =
            *c == '.' && next(1) == Some(' ') && next(2).is_some_and(char::is_uppercase) && word.chars().count() > 3;
        if english || matches!(c, '。' | '！' | '？' | '\n') {
            out.push(String::new());
        }
    }
    out.into_iter()
        .map(|sentence| sentence.trim().to_owned())
        .filter(|sentence| sentence.chars().count() > 12)
        .collect()
}

/// The sentence of the passage that has the answer.
fn gold_sentence(asked: &Asked) -> Option<String> {
    let fits = |sentence: &String| {
        (20..=400).contains(&sentence.chars().count()) || asked.language == "zh" && sentence.chars().count() <= 160
    };
    sentences(&asked.passage)
        .into_iter()
        .find(|sentence| asked.answers.iter().any(|answer| sentence.contains(answer.as_str())))
        .filter(fits)
}

/// The same in slightly other words: without parentheses, with other words for the same, with numbers in another spelling.
fn reworded(sentence: &str) -> String {
    let mut text = String::new();
    let mut depth = 0;
    for c in sentence.chars() {
        match c {
            '(' | '（' => depth += 1,
            ')' | '）' if depth > 0 => depth -= 1,
            _ if depth == 0 => text.push(c),
            _ => {}
        }
    }
    const WORDS: &[(&str, &str)] = &[
        (" also ", " "),
        (" however, ", " "),
        ("However, ", ""),
        (" began ", " started "),
        (" large ", " big "),
        (" about ", " around "),
        (" such as ", " like "),
        (" because ", " since "),
        (" during ", " in "),
        (" many ", " numerous "),
        (" often ", " frequently "),
        (" shows ", " demonstrates "),
        (" uses ", " makes use of "),
        (" three ", " 3 "),
        (" two ", " 2 "),
        (" 10 ", " ten "),
        ("%", " percent"),
        (" percent percent", " percent"),
        (" help ", " assist "),
        (" main ", " principal "),
        (" important ", " significant "),
        ("位于", "坐落于"),
        ("开始", "起初"),
        ("因此", "所以"),
        ("同时", "与此同时"),
        ("主要", "主要地"),
        ("以及", "和"),
        ("由于", "因为"),
        ("三个", "3个"),
        ("两个", "2个"),
        ("非常", "很"),
        ("目前", "现在"),
        ("曾经", "曾"),
        ("例如", "比如"),
        ("并且", "并"),
    ];
    for (from, to) in WORDS {
        text = text.replacen(from, to, 1);
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// `What is the capital of X?`, `Y` → `The capital of X is Y.`
fn english_statement(asked: &Asked) -> Option<String> {
    let answer = asked.answers.first().filter(|answer| answer.chars().count() <= 60)?;
    let question = asked.question.trim().trim_end_matches('?').trim();
    let words: Vec<&str> = question.split_whitespace().collect();
    let is = |word: &str| matches!(word, "is" | "was" | "are" | "were");
    let helps = |word: &str| {
        matches!(
            word,
            "did"
                | "does"
                | "do"
                | "can"
                | "could"
                | "will"
                | "would"
                | "has"
                | "have"
                | "had"
                | "may"
                | "must"
                | "should"
        )
    };
    let first = words.first()?.to_lowercase();
    let second = words.get(1)?.to_lowercase();
    let tail = |from: usize| words[from..].join(" ");
    let said = match (first.as_str(), second.as_str()) {
        // `When was X built?` → `X was built in A.`: the participle is the last word that ends like one.
        ("when" | "where", be) if is(be) => {
            let last = words.iter().rposition(|word| {
                word.ends_with("ed") || matches!(*word, "born" | "built" | "made" | "found" | "held" | "written")
            })?;
            let link = if first == "when" && answer.starts_with(|c: char| c.is_ascii_digit()) { "in " } else { "" };
            (last > 2).then(|| format!("{} {be} {} {link}{answer}.", words[2..last].join(" "), tail(last)))?
        }
        ("who" | "what", be) if is(be) && words.len() > 3 => {
            // `Who was elected in 1990?` asks for its subject.
            match words[2].ends_with("ed") || words[2].ends_with("ing") {
                true => format!("{answer} {be} {}.", tail(2)),
                false => format!("{} {be} {answer}.", tail(2)),
            }
        }
        ("who", help) if helps(help) => return None,
        ("what" | "which", help) if helps(help) => return None,
        ("who", _) => format!("{answer} {}.", tail(1)),
        ("which" | "what", _) => {
            let verb = (2..words.len().min(5))
                .find(|&at| is(words[at]) || words[at].ends_with("ed") || words[at].ends_with('s') && at > 2)?;
            format!("{answer} {}.", tail(verb))
        }
        _ => return None,
    };
    let mut chars = said.chars();
    Some(chars.next()?.to_uppercase().chain(chars).collect())
}

/// The asking word replaced by the answer.
fn chinese_statement(asked: &Asked) -> Option<String> {
    let answer = asked.answers.first().filter(|answer| answer.chars().count() <= 30)?;
    let answer = answer.trim_end_matches(['。', '，', '；']);
    let question = asked.question.trim().trim_end_matches(['？', '?', '。']);
    if ["为什么", "为何", "怎么", "如何", "怎样", "吗", "还是", "多久"].iter().any(|word| question.contains(word))
    {
        return None;
    }
    const ASKS: &[&str] = &[
        "在什么时候",
        "什么时候",
        "什么时间",
        "哪一年",
        "哪年",
        "哪一天",
        "何时",
        "多少年",
        "多少人",
        "多少个",
        "多少",
        "什么地方",
        "哪个地方",
        "哪里",
        "哪儿",
        "哪个国家",
        "哪个城市",
        "哪位",
        "哪个",
        "哪家",
        "谁",
        "什么名字",
        "什么",
    ];
    let (at, word) = ASKS.iter().find_map(|word| Some((question.find(word)?, *word)))?;
    let rest = &question[at + word.len()..];
    // 多少公里, 300公里: the unit once.
    let rest = rest.chars().next().filter(|c| answer.ends_with(*c)).map_or(rest, |c| &rest[c.len_utf8()..]);
    let said = format!("{}{answer}{rest}。", &question[..at]);
    (!said.contains(['？', '?', '哪', '谁'])).then_some(said)
}
