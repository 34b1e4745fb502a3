//! The questions of the shared sets, with the passages that answer them.

use std::path::Path;

use serde::Deserialize;

/// A question with an answer.
#[derive(Debug, Clone)]
pub struct Asked {
    pub question: String,
    pub language: String,
    pub answers: Vec<String>,
    /// Whether the answers are whole sentences that a person wrote.
    pub written: bool,
    pub document: String,
    pub title: String,
    pub passage: String,
}

#[derive(Deserialize)]
struct Line {
    lang: String,
    question: String,
    answers: Vec<String>,
    answerable: bool,
    doc: Option<String>,
    paragraph_index: Option<usize>,
    #[serde(default)]
    evidence: Option<String>,
    #[serde(default)]
    gold_sentences: Vec<String>,
}

/// Characters of a passage at the most: about a chunk.
const PASSAGE_CHARS: usize = 1_600;

/// The answerable questions of a set of which the passage is known.
pub fn read(set: &Path) -> Vec<Asked> {
    let lines = std::fs::read_to_string(set.join("questions.jsonl")).expect("the questions of a shared set");
    lines.lines().filter_map(|line| asked(set, serde_json::from_str(line).expect("a question"))).collect()
}

fn asked(set: &Path, line: Line) -> Option<Asked> {
    let document = line.doc.filter(|_| line.answerable && !line.answers.is_empty())?;
    let text = std::fs::read_to_string(set.join(&document)).ok()?;
    let title = text.lines().find(|line| !line.trim().is_empty())?.trim_start_matches(['#', ' ']).to_owned();
    let passage = match (line.paragraph_index, &line.evidence) {
        (Some(at), _) => text.split("\n\n").nth(at + 1)?.trim().to_owned(),
        (None, Some(evidence)) => around(&text, evidence)?,
        _ => return None,
    };
    Some(Asked {
        question: line.question,
        language: line.lang,
        answers: line.answers,
        written: !line.gold_sentences.is_empty(),
        document,
        title,
        passage,
    })
}

/// The lines around a piece of a text.
fn around(text: &str, piece: &str) -> Option<String> {
    let at = text.find(piece.lines().next()?.trim())?;
    let mut from = at.saturating_sub(PASSAGE_CHARS);
    let mut to = (at + piece.len() + PASSAGE_CHARS).min(text.len());
    while !text.is_char_boundary(from) {
        from -= 1;
    }
    while !text.is_char_boundary(to) {
        to += 1;
    }
    let from = text[from..at].find('\n').map_or(from, |line| from + line + 1);
    let to = text[at + piece.len()..to].rfind('\n').map_or(to, |line| at + piece.len() + line);
    Some(text[from..to].trim().to_owned())
}
