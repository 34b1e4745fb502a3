//! What families of models want, as their cards say in prose; used for what the files of a repository do not tell.
//!
//! Rows are tried in order, and found by the name of the repository, whoever exported it.

use taproot_engine::models::Pooling;
use taproot_engine::models::Pooling::{Cls, Last, Mean};

pub struct Family {
    /// The name contains each of these.
    parts: &'static [&'static str],
    pub query_prefix: &'static str,
    pub passage_prefix: &'static str,
    pub pooling: Option<Pooling>,
    pub languages: &'static [&'static str],
}

const SEARCH_EN: &str = "Represent this sentence for searching relevant passages: ";
const SEARCH_ZH: &str = "为这个句子生成表示以用于检索相关文章：";
const WEB_SEARCH: &str =
    "Instruct: Given a web search query, retrieve relevant passages that answer the query\nQuery: ";

const fn row(
    parts: &'static [&'static str],
    query_prefix: &'static str,
    passage_prefix: &'static str,
    pooling: Option<Pooling>,
    languages: &'static [&'static str],
) -> Family {
    Family { parts, query_prefix, passage_prefix, pooling, languages }
}

#[rustfmt::skip]
static FAMILIES: [Family; 21] = [
    row(&["multilingual-e5-", "-instruct"], WEB_SEARCH, "", Some(Mean), &["*"]),
    row(&["multilingual-e5-"], "query: ", "passage: ", Some(Mean), &["*"]),
    row(&["e5-small"], "query: ", "passage: ", Some(Mean), &["en"]),
    row(&["e5-base"], "query: ", "passage: ", Some(Mean), &["en"]),
    row(&["e5-large"], "query: ", "passage: ", Some(Mean), &["en"]),
    row(&["bge-reranker-v2"], "", "", None, &["*"]),
    row(&["bge-reranker"], "", "", None, &["en", "zh"]),
    row(&["bge-m3"], "", "", Some(Cls), &["*"]),
    row(&["bge-", "-zh"], SEARCH_ZH, "", Some(Cls), &["zh"]),
    row(&["bge-", "-en"], SEARCH_EN, "", Some(Cls), &["en"]),
    row(&["gte-multilingual"], "", "", Some(Cls), &["*"]),
    row(&["gte-", "-zh"], "", "", Some(Cls), &["zh"]),
    row(&["gte-", "-en-v1.5"], "", "", Some(Cls), &["en"]),
    row(&["gte-"], "", "", Some(Mean), &["en"]),
    row(&["paraphrase-multilingual-"], "", "", Some(Mean), &["*"]),
    row(&["all-minilm-"], "", "", Some(Mean), &["en"]),
    row(&["snowflake-arctic-embed-", "v2.0"], "query: ", "", Some(Cls), &["*"]),
    row(&["snowflake-arctic-embed-"], SEARCH_EN, "", Some(Cls), &["en"]),
    row(&["qwen3-embedding-"], "Instruct: Given a web search query, retrieve relevant passages that answer the query\nQuery:", "", Some(Last), &["*"]),
    row(&["mmarco-minilm"], "", "", None, &["*"]),
    row(&["ms-marco-"], "", "", None, &["en"]),
];

pub fn family(repository: &str) -> Option<&'static Family> {
    let name = repository.rsplit('/').next().unwrap_or(repository).to_lowercase();
    FAMILIES.iter().find(|family| family.parts.iter().all(|part| name.contains(part)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_family_is_known_whoever_exported_it() {
        for (name, query, passage, languages) in [
            ("intfloat/multilingual-e5-small", "query: ", "passage: ", &["*"][..]),
            ("Xenova/multilingual-e5-large-instruct", WEB_SEARCH, "", &["*"]),
            ("intfloat/e5-base-v2", "query: ", "passage: ", &["en"]),
            ("BAAI/bge-small-zh-v1.5", SEARCH_ZH, "", &["zh"]),
            ("Xenova/bge-base-en-v1.5", SEARCH_EN, "", &["en"]),
            ("BAAI/bge-m3", "", "", &["*"]),
            ("BAAI/bge-reranker-base", "", "", &["en", "zh"]),
            ("thenlper/gte-small-zh", "", "", &["zh"]),
            ("thenlper/gte-small", "", "", &["en"]),
            ("sentence-transformers/all-MiniLM-L6-v2", "", "", &["en"]),
        ] {
            let family = family(name).unwrap_or_else(|| panic!("{name}"));
            assert_eq!(
                (family.query_prefix, family.passage_prefix, family.languages),
                (query, passage, languages),
                "{name}"
            );
        }
        assert!(family("somebody/own-model").is_none());
    }
}
