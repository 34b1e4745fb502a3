//! `questions.jsonl`: one question a line, with the answers that are right and the documents that hold them.

use std::collections::{BTreeSet, HashSet};
use std::path::Path;

use serde::Deserialize;
use taproot_schemas::evaluation::EvaluationQuestion;

use super::{At, Gold, Question, document_name, fingerprint, language, lines};
use crate::cli::batch::Id;
use crate::error::Result;
use crate::eval::metrics::{GoldAnswers, Grades};

const FORM: &str = r#"write one object a line: {"id": "1", "question": "…", "answers": ["…"], "doc": "leave.md"}"#;
const NOTHING_EXPECTED: &str =
    "add \"answers\" or \"doc\"; or \"answerable\": false for a question that the documents do not answer";

/// The fields that are used; others are left alone.
#[derive(Deserialize)]
struct Line {
    #[serde(alias = "_id")]
    id: Id,
    question: String,
    lang: Option<String>,
    /// Of the answers, where it is not that of the question.
    doc_lang: Option<String>,
    #[serde(default)]
    answers: Vec<String>,
    #[serde(default)]
    answers_other_lang: Vec<String>,
    answerable: Option<bool>,
    doc: Option<String>,
    #[serde(default)]
    doc_alternatives: Option<Vec<String>>,
    #[serde(default)]
    support: Option<Vec<Support>>,
}

/// Paragraphs that are needed together are named with their document, or by it alone.
#[derive(Deserialize)]
#[serde(untagged)]
enum Support {
    Document(String),
    Paragraph { doc: String },
}

pub fn read(path: &Path) -> Result<Vec<Question>> {
    let mut ids = HashSet::new();
    let mut questions = Vec::new();
    for (line, text) in lines(path)? {
        let at = At { path, line };
        let question = question(at.json(&text, FORM)?, &at)?;
        if !ids.insert(question.id.clone()) {
            return Err(
                at.wrong(format!("has the id {:?} of an earlier line", question.id), "give each question its own id")
            );
        }
        questions.push(question);
    }
    Ok(questions)
}

fn question(line: Line, at: &At<'_>) -> Result<Question> {
    if line.question.trim().is_empty() {
        return Err(at.wrong("has an empty question", FORM));
    }
    if line.answerable.unwrap_or(true) && sources(&line).is_empty() && line.answers.is_empty() {
        return Err(at.wrong("says neither an answer nor a document", NOTHING_EXPECTED));
    }
    Ok(expecting(line))
}

/// A question of a running server's evaluation. What is expected may be nothing.
pub fn asked(asked: EvaluationQuestion) -> Question {
    let EvaluationQuestion { question, answers, answerable, uri } = asked;
    let says_nothing = answers.is_empty() && uri.is_none() && answerable != Some(false);
    let line = Line {
        id: Id::Text(String::new()),
        question,
        lang: None,
        doc_lang: None,
        answers,
        answers_other_lang: Vec::new(),
        answerable,
        doc: uri,
        doc_alternatives: None,
        support: None,
    };
    let question = expecting(line);
    if says_nothing { Question { gold: None, ..question } } else { question }
}

fn expecting(line: Line) -> Question {
    let answerable = line.answerable.unwrap_or(true);
    let named = sources(&line);
    let documents: BTreeSet<String> = named.iter().map(|name| document_name(name).to_owned()).collect();
    let grades = (answerable && !documents.is_empty())
        .then(|| documents.iter().map(|document| (document.clone(), 1.0)).collect::<Grades>());
    let own = language(line.lang, &line.question);
    let parts = [line.question.as_str(), if answerable { "answerable" } else { "unanswerable" }].into_iter();
    let expected = line.answers.iter().chain(&line.answers_other_lang).chain(&documents).map(String::as_str);
    let key = fingerprint(parts.chain(expected));
    let answers = GoldAnswers {
        language: line.doc_lang.unwrap_or_else(|| own.clone()),
        answers: line.answers,
        other_language: own.clone(),
        other_answers: line.answers_other_lang,
    };
    let gold = Some(Gold { answerable, answers, documents });
    Question { id: line.id.to_string(), key, text: line.question, language: own, grades, gold }
}

/// Documents that an answer may rest on: the one, those that say the same, those that are needed with it.
fn sources(line: &Line) -> Vec<&str> {
    let support = line.support.iter().flatten().map(|support| match support {
        Support::Document(doc) | Support::Paragraph { doc } => doc,
    });
    let all = line.doc.iter().chain(line.doc_alternatives.iter().flatten()).chain(support);
    all.map(String::as_str).filter(|name| !name.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_text(text: &str) -> Result<Vec<Question>> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        read(file.path())
    }

    #[test]
    fn fields_say_what_is_expected() {
        let lines = [
            r#"{"id":"a","lang":"zh","doc_lang":"en","question":"？","answers":["x"],"answers_other_lang":["某"],"answerable":true,"unanswerable_kind":null,"doc":"documents/a.md","doc_alternatives":["b.md"],"evidence":"text"}"#,
            "",
            r#"{"_id":2,"question":"And then?","support":[{"doc":"documents/c.md","paragraph_index":0},"d.md"]}"#,
            r#"{"id":"c","question":"Who?","answerable":false,"doc":"documents/a.md","answers":[]}"#,
        ];
        let questions = read_text(&lines.join("\n")).unwrap();
        let gold = questions[0].gold.as_ref().unwrap();
        assert_eq!((gold.answers.language.as_str(), gold.answers.other_language.as_str()), ("en", "zh"));
        assert!(gold.documents.iter().eq(["a.md", "b.md"]), "with the folder and without is the same");
        assert_eq!(questions[0].grades.as_ref().map(|grades| grades.len()), Some(2));
        assert_eq!((questions[1].id.as_str(), questions[1].language.as_str()), ("2", "en"));
        assert!(questions[1].gold.as_ref().is_some_and(|gold| gold.answerable && gold.documents.len() == 2));
        assert!(questions[2].grades.is_none(), "the document of an unanswerable question is no judgment");
    }

    #[test]
    fn a_bad_line_is_told_with_its_number() {
        let good = r#"{"id":"a","question":"q","answers":["x"]}"#;
        for (bad, problem, hint) in [
            ("{\"id\":\"b\"", "is not what is expected", "one object a line"),
            (r#"{"id":"b","answers":["x"]}"#, "missing field `question`", "one object a line"),
            (r#"{"id":"b","question":"  ","answers":["x"]}"#, "empty question", "one object a line"),
            (r#"{"id":"b","question":"q"}"#, "neither an answer nor a document", "\"answerable\": false"),
            (good, "the id \"a\" of an earlier line", "its own id"),
        ] {
            let error = read_text(&format!("{good}\n\n{bad}\n")).unwrap_err();
            assert!(error.to_string().starts_with("line 3 of ") && error.to_string().contains(problem), "{error}");
            assert!(error.hint().is_some_and(|said| said.contains(hint)), "{:?}", error.hint());
        }
    }

    #[test]
    fn another_expectation_is_another_question() {
        let key = |line: &str| read_text(line).unwrap().remove(0).key;
        let first = key(r#"{"id":"a","question":"q","answers":["x"]}"#);
        assert_eq!(first, key(r#"{"id":"b","question":"q","answers":["x"],"note":"other"}"#));
        assert_ne!(first, key(r#"{"id":"a","question":"q","answers":["y"]}"#));
    }
}
