//! `conversations.jsonl`: questions that go on from what was said before, with the documents that answer them.
//!
//! A line has `history` (what was said, in turn), `question` (the last thing that was asked) and `support` (documents, any of
//! which counts). Lines that have no history, no document, or no answer say nothing of follow-ups and are left out.

use std::collections::HashSet;
use std::path::Path;

use serde::Deserialize;

use super::{At, Question, document_name, fingerprint, language, lines};
use crate::cli::batch::Id;
use crate::error::Result;
use crate::eval::metrics::Grades;

const FORM: &str = r#"write one object a line: {"id": "1", "history": [{"role": "user", "text": "…"}, {"role": "assistant", "text": "…"}], "question": "…", "support": ["leave.md"]}"#;
/// An answer that says that there is none: in use, such a turn has no answer. Only short ones say nothing else.
const NO_ANSWER: [&str; 20] = [
    "do not have",
    "does not have",
    "do not know",
    "does not know",
    "do not include",
    "does not include",
    "do not provide",
    "does not provide",
    "don't have",
    "don’t have",
    "don't know",
    "don’t know",
    "sorry",
    "apolog",
    "unable",
    "cannot",
    "can not",
    "any other question",
    "more questions",
    "welcome",
];
const NO_ANSWER_CHARS: usize = 220;

/// A question in its conversation.
#[derive(Debug, Clone, PartialEq)]
pub struct FollowUp {
    /// As typed, with its judgments.
    pub question: Question,
    /// The oldest first.
    pub history: Vec<Said>,
    /// The question as a person wrote it out, where the set has that.
    pub written_out: Option<String>,
}

/// A question of before, and what was answered, if something was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    pub question: String,
    pub answer: Option<String>,
}

#[derive(Deserialize)]
struct Line {
    #[serde(alias = "_id")]
    id: Id,
    lang: Option<String>,
    #[serde(default)]
    history: Vec<Message>,
    question: String,
    answerable: Option<bool>,
    #[serde(default)]
    support: Vec<String>,
    #[serde(default)]
    written_out: Option<String>,
}

#[derive(Deserialize)]
struct Message {
    role: String,
    text: String,
}

pub fn read(path: &Path) -> Result<Vec<FollowUp>> {
    let mut ids = HashSet::new();
    let mut follow_ups = Vec::new();
    for (line, text) in lines(path)? {
        let at = At { path, line };
        let line: Line = at.json(&text, FORM)?;
        let id = line.id.to_string();
        if line.question.trim().is_empty() {
            return Err(at.wrong("has an empty question", FORM));
        }
        if !ids.insert(id.clone()) {
            return Err(at.wrong(format!("has the id {id:?} of an earlier line"), "give each question its own id"));
        }
        let history = said(line.history);
        if history.is_empty() || line.support.is_empty() || line.answerable == Some(false) {
            continue;
        }
        let grades: Grades = line.support.iter().map(|name| (document_name(name).to_owned(), 1.0)).collect();
        let parts = [line.question.as_str()].into_iter();
        let before = history.iter().flat_map(|said| [Some(said.question.as_str()), said.answer.as_deref()]);
        let key = fingerprint(parts.chain(before.flatten()).chain(grades.keys().map(String::as_str)));
        let question = Question {
            id,
            key,
            language: language(line.lang, &line.question),
            text: line.question,
            grades: Some(grades),
            gold: None,
        };
        follow_ups.push(FollowUp { question, history, written_out: line.written_out });
    }
    Ok(follow_ups)
}

/// Each question with what comes after it.
fn said(messages: Vec<Message>) -> Vec<Said> {
    let mut history: Vec<Said> = Vec::new();
    for Message { role, text } in messages {
        match history.last_mut() {
            _ if role == "user" => history.push(Said { question: text, answer: None }),
            Some(last) if last.answer.is_none() => last.answer = Some(text).filter(|text| answers(text)),
            _ => {}
        }
    }
    history
}

fn answers(text: &str) -> bool {
    let lower = text.to_lowercase();
    text.chars().count() >= NO_ANSWER_CHARS || !NO_ANSWER.iter().any(|words| lower.contains(words))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_text(text: &str) -> Result<Vec<FollowUp>> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        read(file.path())
    }

    #[test]
    fn a_conversation_is_what_was_said_before_its_last_question() {
        let lines = [
            r#"{"id":"a","lang":"en","history":[{"role":"user","text":"How long?"},{"role":"assistant","text":"Three months."},{"role":"user","text":"Why?"},{"role":"assistant","text":"Sorry, I do not know."}],"question":"And then?","answers":["x"],"answerable":true,"support":["documents/a.md","b.md"]}"#,
            r#"{"id":"first","history":[],"question":"How long?","support":["a.md"]}"#,
            r#"{"id":"none","history":[{"role":"user","text":"x"}],"question":"And?","answerable":false,"support":["a.md"]}"#,
            r#"{"id":"nowhere","history":[{"role":"user","text":"x"}],"question":"And?","support":[]}"#,
        ];
        let read = read_text(&lines.join("\n")).unwrap();
        assert_eq!(read.len(), 1, "{read:?}");
        let told: Vec<_> =
            read[0].history.iter().map(|said| (said.question.as_str(), said.answer.as_deref())).collect();
        assert_eq!(told, [("How long?", Some("Three months.")), ("Why?", None)]);
        assert!(read[0].question.grades.as_ref().is_some_and(|grades| grades.keys().eq(["a.md", "b.md"])));
        let error = read_text("{\"id\":\"a\"}").unwrap_err();
        assert!(error.to_string().starts_with("line 1 of "), "{error}");
    }
}
