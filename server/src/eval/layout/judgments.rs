//! `queries.jsonl` with `qrels.tsv`: queries, and which documents are relevant to each.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;

use serde::Deserialize;

use super::{At, Question, fingerprint, language, lines};
use crate::cli::batch::Id;
use crate::error::{Error, Result};
use crate::eval::metrics::Grades;

const QUERY_FORM: &str = r#"write one object a line: {"_id": "1", "text": "…"}"#;
const QRELS_FORM: &str = "write QUERY-ID, DOCUMENT-ID and GRADE, separated by tabs";

#[derive(Deserialize)]
struct Line {
    #[serde(alias = "_id")]
    id: Id,
    text: String,
    lang: Option<String>,
}

/// Queries that have a relevant document, in the order of their file.
pub fn read(queries: &Path, qrels: &Path) -> Result<Vec<Question>> {
    let mut judged = read_qrels(qrels)?;
    let mut ids = HashSet::new();
    let mut questions = Vec::new();
    for (number, text) in lines(queries)? {
        let at = At { path: queries, line: number };
        let line: Line = at.json(&text, QUERY_FORM)?;
        let id = line.id.to_string();
        if line.text.trim().is_empty() {
            return Err(at.wrong("has an empty text", QUERY_FORM));
        }
        if !ids.insert(id.clone()) {
            return Err(at.wrong(format!("has the id {id:?} of an earlier line"), "give each query its own id"));
        }
        // A file of queries often serves several splits: those without judgments are of another one.
        let Some((_, grades)) = judged.remove(&id) else { continue };
        if !grades.values().any(|grade| *grade > 0.0) {
            continue;
        }
        let expected: Vec<String> = grades.iter().map(|(document, grade)| format!("{document}\t{grade}")).collect();
        questions.push(Question {
            key: fingerprint([line.text.as_str()].into_iter().chain(expected.iter().map(String::as_str))),
            language: language(line.lang, &line.text),
            id,
            text: line.text,
            grades: Some(grades),
            gold: None,
        });
    }
    match judged.into_iter().min_by_key(|(_, (line, _))| *line) {
        None => Ok(questions),
        Some((id, (line, _))) => Err(At { path: qrels, line }.wrong(
            format!("judges the query {id:?}, which queries.jsonl does not hold"),
            "add the query, or take out the line",
        )),
    }
}

/// Grades of each query, and the line that it comes first in. Three columns as in BEIR (the first line may be a header), or the four of TREC.
fn read_qrels(path: &Path) -> Result<BTreeMap<String, (usize, Grades)>, Error> {
    let mut judged: BTreeMap<String, (usize, Grades)> = BTreeMap::new();
    let mut is_first = true;
    for (line, text) in lines(path)? {
        let at = At { path, line };
        let text = text.trim_start_matches('\u{feff}').trim_end_matches(['\r', '\n']);
        // Ids may hold spaces; where there is no tab, spaces are what separates.
        let columns: Vec<&str> =
            if text.contains('\t') { text.split('\t').collect() } else { text.split_whitespace().collect() };
        let (query, document, grade) = match columns[..] {
            [query, document, grade] | [query, _, document, grade] => (query, document, grade.trim()),
            _ => return Err(at.wrong(format!("has {} columns instead of three", columns.len()), QRELS_FORM)),
        };
        let is_header = std::mem::take(&mut is_first);
        match grade.parse::<f64>() {
            Ok(grade) if grade.is_finite() => {
                let (_, grades) = judged.entry(query.to_owned()).or_insert_with(|| (line, Grades::new()));
                grades.insert(document.to_owned(), grade);
            }
            _ if is_header => {}
            _ => return Err(at.wrong(format!("has the grade {grade:?}, which is no number"), QRELS_FORM)),
        }
    }
    Ok(judged)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_texts(queries: &str, qrels: &str) -> Result<Vec<Question>> {
        let folder = tempfile::tempdir().unwrap();
        let (queries_path, qrels_path) = (folder.path().join("queries.jsonl"), folder.path().join("qrels.tsv"));
        std::fs::write(&queries_path, queries).unwrap();
        std::fs::write(&qrels_path, qrels).unwrap();
        read(&queries_path, &qrels_path)
    }

    const QUERIES: &str = "{\"_id\":\"q1\",\"text\":\"shuttle\"}\n{\"_id\":2,\"text\":\"班车\"}\n";

    #[test]
    fn ids_with_spaces_are_split_at_tabs() {
        let questions =
            read_texts(QUERIES, "query-id\tcorpus-id\tscore\nq1\ta b.md#0\t2\r\nq1\tc\t0\n2\t附 件\t1\n").unwrap();
        assert_eq!(questions[0].grades, Some(Grades::from([("a b.md#0".into(), 2.0), ("c".into(), 0.0)])));
        assert_eq!((questions[1].id.as_str(), questions[1].language.as_str()), ("2", "zh"));
        assert_eq!(questions[1].grades, Some(Grades::from([("附 件".into(), 1.0)])));
    }

    #[test]
    fn trec_columns_and_queries_of_other_splits_are_read_too() {
        let questions = read_texts(QUERIES, "q1 0 d1 1\nq1 0 d2 0\n").unwrap();
        assert_eq!(questions.len(), 1, "the other query is not judged");
        assert!(read_texts(QUERIES, "q1\td1\t0\n").unwrap().is_empty(), "nothing relevant");
    }

    #[test]
    fn a_bad_line_is_told_with_its_number() {
        for (qrels, problem, hint) in [
            ("h\th\th\nq1\td1\n", "line 2 of", "separated by tabs"),
            ("q1\td1\t1\nq1\td1\tmany\n", "has the grade \"many\"", "separated by tabs"),
            ("q1\td1\t1\n\nq9\td1\t1\n", "judges the query \"q9\"", "add the query"),
        ] {
            let error = read_texts(QUERIES, qrels).unwrap_err();
            assert!(error.to_string().contains(problem), "{error}");
            assert!(error.hint().is_some_and(|said| said.contains(hint)), "{:?}", error.hint());
        }
        let error = read_texts(&format!("{QUERIES}{{\"_id\":\"q3\"}}\n"), "q1\td\t1").unwrap_err().to_string();
        assert!(error.starts_with("line 3 of ") && error.contains("missing field `text`"), "{error}");
    }
}
