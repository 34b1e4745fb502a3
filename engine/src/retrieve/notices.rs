//! What a document says of its own standing: that it does not hold any more, or that it takes the place of another.
//!
//! Comes in: title, uri and the beginning of a document. Goes out: the words that say so. A mention is not enough ("the
//! engine was replaced"): it has to be a status, a mark on the title, the folder, or a sentence of which the document
//! itself is the subject.

use jiff::civil::Date;
use serde_json::Value;
use unicode_normalization::UnicodeNormalization;

use super::effective::since;
use super::wording::{find, says};
use crate::store::Head;

/// Values of a status, and marks on a title, by which a document does not hold any more.
pub const ENDED: [&str; 28] = [
    "superseded",
    "obsolete",
    "obsoleted",
    "deprecated",
    "archived",
    "withdrawn",
    "retired",
    "revoked",
    "expired",
    "outdated",
    "replaced",
    "no longer in force",
    "no longer valid",
    "已废止",
    "已廢止",
    "废止",
    "作废",
    "作廢",
    "已作废",
    "已失效",
    "失效",
    "已停用",
    "停用",
    "旧版",
    "舊版",
    "归档",
    "已归档",
    "已被取代",
];
/// Folders of what does not hold any more.
const FOLDERS: [&str; 14] = [
    "archive",
    "archived",
    "archives",
    "obsolete",
    "superseded",
    "deprecated",
    "withdrawn",
    "outdated",
    "归档",
    "旧版",
    "历史版本",
    "已废止",
    "作废",
    "废止",
];
/// Names of the line, or of the metadata, that says the status.
const STATUS: [&str; 6] = ["status", "state", "lifecycle", "状态", "狀態", "文件状态"];
/// Names of metadata that says what takes the document's place, and whose place it takes.
const REPLACED_BY: [&str; 6] =
    ["superseded_by", "superseded-by", "superseded by", "replaced_by", "replaced-by", "替代文件"];
const REPLACES: [&str; 5] = ["supersedes", "replaces", "取代", "替代", "代替"];
/// What a document calls itself, after `this` or `the present`, or after `本`.
const PAPERS: [&str; 18] = [
    "policy",
    "document",
    "version",
    "page",
    "procedure",
    "guide",
    "guideline",
    "handbook",
    "standard",
    "notice",
    "directive",
    "manual",
    "memo",
    "regulation",
    "specification",
    "edition",
    "rule",
    "process",
];
const CHINESE_PAPERS: [&str; 16] = [
    "制度", "办法", "规定", "文件", "政策", "手册", "通知", "版本", "条例", "细则", "指南", "标准", "流程", "规范",
    "规程", "版",
];
/// What is said of it, right after.
const IS_ENDED: [&str; 22] = [
    "has been superseded",
    "is superseded",
    "was superseded",
    "has been replaced",
    "is replaced by",
    "was replaced by",
    "has been withdrawn",
    "is withdrawn",
    "was withdrawn",
    "has been revoked",
    "has been retired",
    "has been archived",
    "is archived",
    "has been deprecated",
    "is deprecated",
    "is obsolete",
    "is now obsolete",
    "is outdated",
    "has expired",
    "is no longer in force",
    "is no longer valid",
    "no longer applies",
];
const CHINESE_IS_ENDED: [&str; 10] =
    ["已废止", "已经废止", "已作废", "已失效", "起废止", "停止执行", "不再执行", "不再有效", "不再适用", "已停用"];
/// `被…取代`: what is between says by what.
const TAKEN: [&str; 3] = ["取代", "替代", "代替"];
/// Characters between what a document calls itself and what is said of it.
const APART: usize = 16;
/// Sentences of the beginning that are looked at.
const SENTENCES: usize = 12;

/// What a document says of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Standing {
    /// That it does not hold any more: the words, which may name what does.
    pub ended: Option<String>,
    /// That it takes the place of others: the words, which name them.
    pub replaces: Vec<String>,
    /// From when on it holds.
    pub since: Option<Date>,
}

impl Standing {
    pub fn of(title: &str, uri: &str, head: &Head) -> Standing {
        let (title, uri) = (folded(title), folded(uri));
        // Clauses of Chinese end here, those of English go on; folded, the two commas are one.
        let beginning = folded(&head.beginning.replace('，', "\n"));
        let mut standing = Standing::default();
        for (name, value) in &head.metadata {
            let (name, Some(value)) = (folded(name), plain(value)) else { continue };
            if REPLACES.contains(&name.as_str()) {
                standing.replaces.push(value);
            } else if REPLACED_BY.contains(&name.as_str())
                || STATUS.contains(&name.as_str()) && ENDED.iter().any(|ended| says(&value, ended))
            {
                standing.ended.get_or_insert(format!("{name}: {value}"));
            }
        }
        let mut sentences = sentences(&beginning).take(SENTENCES);
        let marked = mark(&title).or_else(|| mark(stem(&uri))).map(str::to_owned);
        let folder =
            || uri.split('/').rev().skip(1).find(|folder| FOLDERS.contains(folder)).map(|f| format!("in {f}/"));
        standing.ended = standing.ended.or(marked).or_else(folder);
        for sentence in &mut sentences {
            if standing.ended.is_none() && ends(sentence) {
                standing.ended = Some(sentence.to_owned());
            } else if takes_a_place(sentence) {
                standing.replaces.push(sentence.to_owned());
            }
            standing.since = standing.since.or_else(|| since(sentence));
        }
        standing
    }
}

/// One width and lower case.
pub fn folded(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    text.nfkc().flat_map(char::to_lowercase).collect()
}

/// Name of a file without its folders and its ending.
pub fn stem(uri: &str) -> &str {
    let name = uri.rsplit('/').next().unwrap_or(uri);
    name.rsplit_once('.').map_or(name, |(stem, _)| stem)
}

fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(folded(text.trim())),
        Value::Array(list) => Some(list.iter().filter_map(plain).collect::<Vec<_>>().join(", ")),
        _ => None,
    }
}

/// The mark on a title or a name: in brackets, or set apart at its beginning or its end.
fn mark(name: &str) -> Option<&'static str> {
    let name = name.trim();
    ENDED.into_iter().find(|ended| {
        let Some(at) = find(name, ended) else { return false };
        let (before, after) = (name[..at].trim_end(), name[at + ended.len()..].trim_start());
        let bare = |side: &str| side.is_empty();
        let apart = |edge: Option<char>| edge.is_some_and(|c| "()[]{}【】《》〔〕:-–—_|,;".contains(c));
        let (left, right) = (apart(before.chars().next_back()), apart(after.chars().next()));
        let chinese = !ended.is_ascii();
        (left && right) || (bare(before) && (right || chinese)) || (bare(after) && (left || chinese))
    })
}

/// Lines and sentences, of Chinese ones the clauses, without what marks them up.
fn sentences(text: &str) -> impl Iterator<Item = &str> {
    let markup = |c: char| c.is_whitespace() || "#*>_[]()【】〔〕!⚠\u{fe0f}-–—•~`\"'".contains(c);
    let parts = text.split(['\n', '。', '!', ';']).flat_map(|part| part.split(". "));
    parts.map(move |part| strip_label(part.trim_matches(markup)).trim_matches(markup)).filter(|part| !part.is_empty())
}

/// Without `Note:` and the like.
fn strip_label(part: &str) -> &str {
    const LABELS: [&str; 8] = ["note:", "notice:", "important:", "warning:", "attention:", "注意:", "注:", "说明:"];
    LABELS.iter().find_map(|label| part.strip_prefix(label)).unwrap_or(part)
}

/// Whether the sentence says that the document does not hold any more.
fn ends(sentence: &str) -> bool {
    if let Some(value) = STATUS.iter().find_map(|name| sentence.strip_prefix(name)) {
        let value = value.trim_start_matches(['*', '_', ' ']);
        return value.strip_prefix(':').is_some_and(|value| {
            let value = value.trim_matches(|c: char| !c.is_alphanumeric());
            ENDED.iter().any(|ended| value.starts_with(ended))
        });
    }
    ENDED.iter().any(|ended| sentence.strip_prefix(ended).is_some_and(stands_alone)) || said_of_itself(sentence)
}

/// Whether what follows a mark at the beginning of a sentence leaves it a mark: `superseded by …`, but not `deprecated
/// calls are …`.
fn stands_alone(rest: &str) -> bool {
    const AFTER: [&str; 8] = [" by ", " since ", " on ", " as of ", " from ", " in favo", " with effect", " and "];
    let border = rest.chars().next().is_none_or(|c| ":.,;()-–—".contains(c));
    border || AFTER.iter().any(|words| rest.starts_with(words)) || rest.trim_start().starts_with(['-', '–', '—', '('])
}

/// `This policy has been superseded …`, `本制度已废止`.
fn said_of_itself(sentence: &str) -> bool {
    let near = |rest: &str, words: &str| rest.find(words).is_some_and(|at| rest[..at].chars().count() <= APART);
    let english = ["this ", "the present "].iter().find_map(|this| sentence.strip_prefix(this)).is_some_and(|rest| {
        PAPERS.iter().any(|paper| {
            find(rest, paper).filter(|&at| rest[..at].split_whitespace().count() <= 4).is_some_and(|at| {
                let rest = &rest[at + paper.len()..];
                IS_ENDED.iter().any(|ended| near(rest, ended))
            })
        })
    });
    let taken = |rest: &str| {
        let by = ["已被", "被", "已由", "由"].iter().find_map(|by| rest.find(by).map(|at| &rest[at + by.len()..]));
        by.is_some_and(|by| TAKEN.iter().any(|taken| by.contains(taken)))
    };
    let chinese = sentence.strip_prefix("本").is_some_and(|rest| {
        CHINESE_PAPERS.iter().any(|paper| {
            rest.find(paper).filter(|&at| rest[..at].chars().count() <= APART).is_some_and(|at| {
                let rest = &rest[at + paper.len()..];
                CHINESE_IS_ENDED.iter().any(|ended| near(rest, ended)) || taken(rest)
            })
        })
    });
    // `已被《…》取代`, `被 … 替代`: of whom, if not of itself.
    english || chinese || (["已被", "被", "已由"].iter().any(|by| sentence.starts_with(by)) && taken(sentence))
}

/// Whether the sentence says that the document takes the place of another: `This policy replaces …`, `同时废止《…》`.
fn takes_a_place(sentence: &str) -> bool {
    let itself = ["this ", "it ", "the present "].iter().any(|start| sentence.starts_with(start));
    let english = ["supersedes", "replaces"].iter().any(|verb| {
        find(sentence, verb).is_some_and(|at| at == 0 || itself && sentence[..at].split_whitespace().count() <= 6)
    });
    let chinese = sentence.contains("同时废止")
        || TAKEN.iter().any(|verb| {
            sentence
                .find(verb)
                .is_some_and(|at| at == 0 || sentence.starts_with('本') && sentence[..at].chars().count() <= APART)
                && !sentence.contains('被')
                && !sentence.contains('由')
        });
    english || chinese
}

#[cfg(test)]
mod tests {
    use super::*;

    fn standing(title: &str, uri: &str, beginning: &str) -> Standing {
        Standing::of(title, uri, &Head { beginning: beginning.into(), ..Head::default() })
    }

    #[test]
    fn a_document_says_that_it_does_not_hold_any_more() {
        for (title, uri, beginning) in [
            ("Travel policy (superseded)", "travel.md", ""),
            ("OBSOLETE: Travel policy", "travel.md", ""),
            ("Travel policy", "hr/archive/travel.md", ""),
            ("Travel policy", "travel_deprecated.md", ""),
            ("Travel", "t.md", "# Travel\n\nStatus: Superseded\n\nCosts are paid."),
            ("Travel", "t.md", "**Status:** withdrawn\nCosts"),
            ("Travel", "t.md", "Superseded by the travel policy of 2026. Costs are paid."),
            ("Travel", "t.md", "> **Note:** This travel policy has been superseded by travel-2026.md."),
            ("Travel", "t.md", "This document is no longer in force."),
            ("Travel", "t.md", "DEPRECATED\n\nCosts"),
            ("差旅报销制度（已废止）", "a.md", ""),
            ("旧版差旅报销制度", "a.md", ""),
            ("差旅报销制度", "制度/归档/a.md", ""),
            ("差旅", "a.md", "# 差旅\n\n状态：已废止\n"),
            ("差旅", "a.md", "本差旅报销制度已废止，请以新制度为准。"),
            ("差旅", "a.md", "本办法自2026年1月1日起废止。"),
            ("差旅", "a.md", "本制度已被《差旅报销管理办法（2026版）》取代。"),
            ("差旅", "a.md", "【已作废】\n费用"),
            ("差旅", "a.md", "已被《差旅报销管理办法》替代。"),
        ] {
            let found = standing(title, uri, beginning);
            assert!(found.ended.is_some(), "{title} {uri} {beginning}");
        }
    }

    #[test]
    fn a_mention_is_not_enough() {
        for (title, uri, beginning) in [
            ("Deprecated calls in Python", "python.md", "Deprecated calls are listed below."),
            ("Archived mail: how to find it", "mail.md", "Mail is archived after a year."),
            ("Engines", "engines.md", "The old engine was replaced by a new one. It is obsolete."),
            ("T cells", "t.md", "This study shows that the gene has been replaced by its homologue in mice."),
            ("API", "api.md", "This document describes how a call of the API is deprecated and withdrawn."),
            ("Travel", "travel-2026.md", "This policy replaces the travel policy of 2019."),
            ("差旅报销管理办法", "a.md", "本办法自2026年1月1日起施行，原《差旅报销制度》同时废止。"),
            ("合同法", "a.md", "合同被撤销的，由双方返还财产；已失效的合同不得执行。"),
            ("发动机", "a.md", "旧发动机已被新的取代。"),
        ] {
            let found = standing(title, uri, beginning);
            assert_eq!(found.ended, None, "{title} {uri} {beginning}");
        }
    }

    #[test]
    fn a_document_says_whose_place_it_takes() {
        for beginning in [
            "This policy replaces the travel policy of 2019.",
            "Supersedes: travel-2019.md",
            "本办法自发布之日起施行，同时废止《差旅报销制度》。",
            "本制度取代《差旅报销制度（2019版）》。",
        ] {
            assert_eq!(standing("x", "x.md", beginning).replaces.len(), 1, "{beginning}");
        }
        let said = standing("x", "x.md", "本办法自2026年1月1日起施行，同时废止《差旅报销制度》。").replaces;
        assert_eq!(said, ["同时废止《差旅报销制度》"], "a clause, not the sentence");
        assert!(standing("x", "x.md", "The new engine replaces the old one.").replaces.is_empty());
    }
}
