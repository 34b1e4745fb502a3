//! The marks by which a model names its sources, out of a sentence.
//!
//! Models are told to write `[1]`, and write `[1, 2]`, `[1-3]`, `【1】`, `［1］`, `[^1]`, `[source 1]`, `[资料1]` and `【1†source】`
//! as well. A bracket that holds anything else stays where it is.

/// Longest content of a bracket that is looked at, in characters.
const MAX_CHARS: usize = 48;
/// Numbers that one range stands for at the most.
const MAX_RANGE: u32 = 16;
/// Marks kept of one sentence.
const MAX_MARKS: usize = 32;

/// A sentence without its marks, and the numbers that they name, in order, each once.
pub fn strip_marks(sentence: &str) -> (String, Vec<u32>) {
    let mut out = String::with_capacity(sentence.len());
    let mut marks: Vec<u32> = Vec::new();
    let mut rest = sentence;
    while let Some(open) = rest.find(['[', '［', '【']) {
        let (before, bracket) = rest.split_at(open);
        out.push_str(before);
        match mark(bracket) {
            Some((numbers, end)) => {
                marks.extend(numbers);
                rest = &bracket[end..];
                // The mark's space goes with it.
                let kept = out.trim_end_matches(' ').len();
                if rest.is_empty()
                    || rest.starts_with(|c: char| c.is_whitespace() || ".,;:!?。，；：！？、[［【".contains(c))
                {
                    out.truncate(kept);
                }
            }
            None => {
                let end = bracket.chars().next().map_or(bracket.len(), char::len_utf8);
                out.push_str(&bracket[..end]);
                rest = &bracket[end..];
            }
        }
    }
    out.push_str(rest);
    let mut seen = Vec::new();
    marks.retain(|n| {
        !seen.contains(n) && seen.len() < MAX_MARKS && {
            seen.push(*n);
            true
        }
    });
    (out.trim().to_owned(), marks)
}

/// The numbers of the mark with which a text begins, and its end.
fn mark(text: &str) -> Option<(Vec<u32>, usize)> {
    let open = text.chars().next()?;
    let close = match open {
        '[' => ']',
        '［' => '］',
        _ => '】',
    };
    let inner = &text[open.len_utf8()..];
    let (end, _) = inner.char_indices().take(MAX_CHARS).find(|(_, c)| *c == close)?;
    let numbers = numbers(&inner[..end])?;
    Some((numbers, open.len_utf8() + end + close.len_utf8()))
}

fn numbers(inner: &str) -> Option<Vec<u32>> {
    let lower = inner.to_lowercase();
    let mut found = Vec::new();
    for item in lower.split([',', '，', '、', ';', '；', '&']).flat_map(|item| item.split(" and ")) {
        // 【1†L3-L5】 names lines of a source; the source is what is before.
        let item = item.split('†').next().unwrap_or(item);
        found.extend(range(named(item.trim()))?);
    }
    (!found.is_empty()).then_some(found)
}

/// Without the word for a source.
fn named(item: &str) -> &str {
    const WORDS: &[&str] = &[
        "sources",
        "source",
        "documents",
        "document",
        "docs",
        "doc",
        "passages",
        "passage",
        "references",
        "reference",
        "refs",
        "ref",
        "citation",
        "src",
        "来源",
        "來源",
        "资料",
        "資料",
        "文档",
        "文檔",
        "文献",
        "段落",
        "引用",
        "出处",
    ];
    let bare = WORDS.iter().find_map(|word| item.strip_prefix(word)).unwrap_or(item);
    bare.trim_start_matches([' ', '^', '#', ':', '：', '.']).trim_end()
}

fn range(item: &str) -> Option<Vec<u32>> {
    let number = |text: &str| -> Option<u32> {
        let text = text.trim();
        (text.len() <= 3 && !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()))
            .then(|| text.parse().ok())
            .flatten()
    };
    if let Some((from, to)) = item.split_once(['-', '–']) {
        let (from, to) = (number(from)?, number(to.trim_start_matches('^'))?);
        return (from <= to && to - from < MAX_RANGE).then(|| (from..=to).collect());
    }
    number(item).map(|n| vec![n])
}

#[cfg(test)]
mod tests {
    use super::strip_marks;

    #[track_caller]
    fn check(sentence: &str, text: &str, marks: &[u32]) {
        assert_eq!(strip_marks(sentence), (text.to_owned(), marks.to_vec()), "{sentence}");
    }

    #[test]
    fn marks_are_read_in_every_spelling() {
        check("Leave is 25 days [1].", "Leave is 25 days.", &[1]);
        check("Leave is 25 days. [1][2]", "Leave is 25 days.", &[1, 2]);
        check("Leave [1, 2] is 25 days [3 and 1].", "Leave is 25 days.", &[1, 2, 3]);
        check("Leave is 25 days [1-3].", "Leave is 25 days.", &[1, 2, 3]);
        check("年假为15天【1】。", "年假为15天。", &[1]);
        check("年假为15天［2］［3］。", "年假为15天。", &[2, 3]);
        check("年假为15天[资料1、资料2]。", "年假为15天。", &[1, 2]);
        check("It is so [^1] here.", "It is so here.", &[1]);
        check("It is so [source 1; Source 4].", "It is so.", &[1, 4]);
        check("It is so【4†L3-L5】.", "It is so.", &[4]);
    }

    #[test]
    fn other_brackets_stay() {
        for text in
            ["He said [sic] so.", "Published [2019].", "a[i] = b[", "【重要】请注意", "[link](there)", "[]", "[1-99]"]
        {
            check(text, text, &[]);
        }
    }
}
