//! The sentence of a refusal, in the language of the question.

/// `nothing`: not even a near document was found.
pub fn sentence(language: Option<&str>, nothing: bool) -> &'static str {
    match (language, nothing) {
        (Some("zh"), false) => "文档中没有找到这个问题的答案。以下是内容最接近的文档。",
        (Some("zh"), true) => "文档中没有找到这个问题的答案。",
        (_, false) => "The documents do not answer this question. These are the nearest ones.",
        (_, true) => "The documents do not answer this question.",
    }
}
