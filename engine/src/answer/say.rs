//! What Taproot says itself, in the language of the question: a refusal, that sources differ. Everything else in an
//! answer is of the documents.

use taproot_schemas::answer::{Citation, Sentence};

/// A sentence with its marks, as people read it.
pub fn marked(sentence: &Sentence) -> String {
    let marks: String = sentence.citations.iter().map(|n| format!("[{n}]")).collect();
    if marks.is_empty() { sentence.text.clone() } else { format!("{} {marks}", sentence.text) }
}

/// A refusal. `nothing`: not even a near document was found. `kept`: the answer is kept, so that its question can be passed
/// on (`POST /v1/handoffs`); of another nothing is promised.
pub fn refusal(language: Option<&str>, nothing: bool, kept: bool) -> String {
    let (refused, nearest, pass_on, between) = match language {
        Some("zh") => {
            ("文档中没有找到这个问题的答案。", "以下是内容最接近的文档。", "您可以把问题转交给文档的负责人。", "")
        }
        _ => (
            "The documents do not answer this question.",
            "These are the nearest ones.",
            "You can pass the question on to whoever is responsible for them.",
            " ",
        ),
    };
    let said = [Some(refused), (!nothing).then_some(nearest), kept.then_some(pass_on)];
    said.into_iter().flatten().collect::<Vec<_>>().join(between)
}

/// Whether a text is one of the refusals.
pub fn is_refusal(text: &str) -> bool {
    let text = text.trim();
    [Some("zh"), None].into_iter().any(|language| {
        [true, false].iter().any(|nothing| [true, false].iter().any(|kept| text == refusal(language, *nothing, *kept)))
    })
}

/// That two sources differ, and which is the newer one, where their dates say.
pub fn difference(language: Option<&str>, one: &Citation, other: &Citation) -> String {
    let chinese = language == Some("zh");
    let day = |citation: &Citation| citation.date.as_deref().map(|date| date.chars().take(10).collect::<String>());
    let newer = match (day(one), day(other)) {
        (Some(first), Some(second)) if first > second => Some((one, first)),
        (Some(first), Some(second)) if first < second => Some((other, second)),
        _ => None,
    };
    match (newer, chinese) {
        (Some((citation, day)), false) => {
            format!("These sources differ; the newer one is “{}” ({day}).", citation.title)
        }
        (Some((citation, day)), true) => format!("以上来源说法不一；较新的是《{}》（{day}）。", citation.title),
        (None, false) => "These sources differ, and their dates do not say which one is newer.".to_owned(),
        (None, true) => "以上来源说法不一，日期无法说明哪一个更新。".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn citation(title: &str, date: Option<&str>) -> Citation {
        Citation {
            n: 1,
            document_id: title.into(),
            chunk_id: title.into(),
            title: title.into(),
            uri: title.into(),
            page: None,
            heading: None,
            quote: String::new(),
            start: 0,
            end: 0,
            span: None,
            date: date.map(str::to_owned),
            score: 1.0,
        }
    }

    #[test]
    fn a_refusal_offers_what_there_is() {
        let en = refusal(Some("en"), false, true);
        assert!(en.ends_with("nearest ones. You can pass the question on to whoever is responsible for them."), "{en}");
        assert_eq!(refusal(None, true, false), "The documents do not answer this question.");
        assert_eq!(refusal(Some("zh"), false, false), "文档中没有找到这个问题的答案。以下是内容最接近的文档。");
        assert!(refusal(Some("zh"), true, true).ends_with("答案。您可以把问题转交给文档的负责人。"));
    }

    #[test]
    fn the_newer_source_is_named_where_dates_tell() {
        let (old, new) =
            (citation("Leave 2023", Some("2023-01-01T00:00:00Z")), citation("Leave 2025", Some("2025-01-01")));
        for (one, other) in [(&old, &new), (&new, &old)] {
            assert!(difference(Some("en"), one, other).contains("“Leave 2025” (2025-01-01)"));
            assert!(difference(Some("zh"), one, other).contains("《Leave 2025》（2025-01-01）"));
        }
        assert!(difference(None, &old, &citation("Leave", None)).contains("do not say"));
        assert!(difference(None, &old, &old).contains("do not say"));
    }
}
