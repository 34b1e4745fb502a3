//! Lines of a batch: queries and questions, one JSON value a line.

use std::io::{BufRead, BufReader};
use std::path::Path;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::error::{Error, Result};

/// A line of `search --batch`; other fields are left alone.
#[derive(Debug, Deserialize)]
pub struct QueryLine {
    #[serde(alias = "_id")]
    pub id: Id,
    pub text: String,
}

/// A line of `ask --batch`; other fields are left alone.
#[derive(Debug, Deserialize)]
pub struct QuestionLine {
    #[serde(alias = "_id")]
    pub id: Id,
    pub question: String,
}

/// Sets of questions have numbers as well as texts.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Id {
    Text(String),
    Number(i64),
}

impl std::fmt::Display for Id {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Id::Text(text) => f.write_str(text),
            Id::Number(number) => write!(f, "{number}"),
        }
    }
}

/// Reads all lines; empty ones are passed over. A line that is not right is told by its number, before any work.
pub fn read<T: DeserializeOwned>(path: &Path) -> Result<Vec<T>> {
    let unreadable = |source| Error::UnreadablePath { path: path.to_path_buf(), source };
    let file = std::fs::File::open(path).map_err(unreadable)?;
    let mut lines = Vec::new();
    for (index, line) in BufReader::new(file).lines().enumerate() {
        let line = line.map_err(unreadable)?;
        if line.trim().is_empty() {
            continue;
        }
        lines.push(serde_json::from_str(&line).map_err(|error| Error::BatchLine {
            path: path.to_path_buf(),
            line: index + 1,
            problem: format!("is not what is expected: {error}"),
        })?);
    }
    Ok(lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_texts_or_numbers_under_either_name() {
        let line = |text: &str| serde_json::from_str::<QueryLine>(text).unwrap().id.to_string();
        assert_eq!(line(r#"{"_id":"q 1","text":"x","metadata":{}}"#), "q 1");
        assert_eq!(line(r#"{"id":7,"text":"x"}"#), "7");
    }
}
