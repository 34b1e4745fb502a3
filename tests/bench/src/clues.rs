//! What the sentences of retrieved passages are weighed by, for fitting the weights of answers (`answers.py`).
//!
//! In: a data directory, the models, and questions as JSON Lines (`id`, `question`) on standard input. Out: a JSON line a
//! question: its id and the sentences with their clues, best first.

use std::io::{BufRead, Write};
use std::path::PathBuf;

use serde::Deserialize;
use serde_json::{Map, Value, json};
use taproot_engine::{AccessScope, Engine};

mod config;

/// Sentences told of one question.
const SENTENCES: usize = 60;

#[derive(Deserialize)]
struct Line {
    id: String,
    question: String,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let (Some(data), Some(models)) = (arguments.next(), arguments.next()) else {
        return Err("usage: bench-clues DATA MODELS < questions.jsonl".into());
    };
    let engine = Engine::open(config::config(data, models)).await?;
    let mut out = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines() {
        let Line { id, question } = serde_json::from_str(&line?)?;
        let weighed = engine.weighed(&AccessScope::owner(), &question).await?;
        let sentences: Vec<Value> = weighed
            .iter()
            .take(SENTENCES)
            .map(|one| {
                let clues: Map<String, Value> =
                    one.clues.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
                json!({"uri": one.uri, "hit": one.hit, "text": one.text, "span": one.span, "clues": clues})
            })
            .collect();
        writeln!(out, "{}", json!({"id": id, "sentences": sentences}))?;
    }
    engine.close().await?;
    Ok(())
}
