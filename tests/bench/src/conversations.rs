//! Follow-up questions as the engine understands them, and what a search for them finds.
//!
//! `bench-conversations DATA MODELS` reads conversations on standard input, a JSON object a line: `id`, and `turns` of
//! `question`, `answer` (the next turn's past) and `human` (the question as a person wrote it out). Turns with `human`
//! are measured: a line goes out for each, with the question as it was resolved, and the documents that the first
//! passages are from for the question as typed (`raw`), as resolved, and as the person wrote it. What the engine made of
//! a turn is the past of the next one, as in use.

mod config;

use std::error::Error;
use std::io::BufRead;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use taproot_engine::{AccessScope, Engine, Past};
use taproot_schemas::answer::AskRequest;

use config::config;

/// Passages that are looked at.
const HITS: usize = 20;

#[derive(Deserialize)]
struct Conversation {
    id: String,
    turns: Vec<Turn>,
}

#[derive(Deserialize)]
struct Turn {
    question: String,
    #[serde(default)]
    answer: Option<String>,
    #[serde(default)]
    human: Option<String>,
}

#[derive(Serialize)]
struct Measured<'a> {
    id: &'a str,
    /// Of the turn, from 0.
    turn: usize,
    question: &'a str,
    resolved: &'a str,
    human: &'a str,
    is_follow_up: bool,
    found: Found,
}

/// Uris, best first.
#[derive(Serialize)]
struct Found {
    raw: Vec<String>,
    resolved: Vec<String>,
    human: Vec<String>,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let data_dir = PathBuf::from(arguments.next().ok_or("usage: bench-conversations DATA MODELS")?);
    let models_dir = PathBuf::from(arguments.next().ok_or("usage: bench-conversations DATA MODELS")?);
    let engine = Engine::open(config(data_dir, models_dir)).await?;
    for line in std::io::stdin().lock().lines() {
        let Conversation { id, turns } = serde_json::from_str(&line?)?;
        let mut history = Vec::new();
        for (number, turn) in turns.into_iter().enumerate() {
            let resolved = engine.resolve(&AccessScope::owner(), history.clone(), &turn.question).await?;
            if let Some(human) = &turn.human {
                let found = Found {
                    raw: search(&engine, &[], &turn.question).await?,
                    resolved: search(&engine, &history, &turn.question).await?,
                    human: search(&engine, &[], human).await?,
                };
                let measured = Measured {
                    id: &id,
                    turn: number,
                    question: &turn.question,
                    resolved: &resolved.standalone,
                    human,
                    is_follow_up: !resolved.carried.is_empty(),
                    found,
                };
                println!("{}", serde_json::to_string(&measured)?);
            }
            let (carried, sure) = (resolved.carried, resolved.sure);
            history.push(Past { question: turn.question, carried, sure, answer: turn.answer });
        }
    }
    engine.close().await?;
    Ok(())
}

/// What an answer to the question would be read from.
async fn search(engine: &Engine, history: &[Past], question: &str) -> Result<Vec<String>, Box<dyn Error>> {
    let mut uris: Vec<String> = Vec::new();
    let request = AskRequest { question: question.to_owned(), ..AskRequest::default() };
    for hit in engine.retrieve(&AccessScope::owner(), history.to_vec(), &request, HITS).await? {
        if !uris.contains(&hit.uri) {
            uris.push(hit.uri);
        }
    }
    Ok(uris)
}
