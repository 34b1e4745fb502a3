//! The files beside a generator's graph: tokenizer, chat template, and the tokens that end an answer.
//!
//! `tokenizer.json` is needed; `tokenizer_config.json`, `generation_config.json` and `chat_template.jinja` are read from
//! its folder where they are.
//!
//! Invariant: what stands in a message never becomes a control token, whatever it says.

use std::path::Path;

use serde_json::Value;
use tokenizers::Tokenizer;

use super::super::entry::ModelEntry;
use super::super::tokenizer;
use super::chat::{ChatMessage, ChatTemplate};
use crate::Result;

/// Ends of a turn, for exports that come without a generation_config.json.
const USUAL_ENDS: [&str; 6] = ["<|im_end|>", "<|eot_id|>", "<end_of_turn>", "<|end|>", "<|endoftext|>", "</s>"];

pub struct Vocabulary {
    entry: ModelEntry,
    tokenizer: Tokenizer,
    template: Option<ChatTemplate>,
    ends: Vec<u32>,
    /// Texts that the tokenizer takes for control tokens.
    controls: Vec<String>,
}

impl Vocabulary {
    pub fn load(dir: &Path, entry: &ModelEntry) -> Result<Vocabulary> {
        let tokenizer = tokenizer::plain(dir, entry)?;
        let folder = dir.join(&entry.tokenizer);
        let folder = folder.parent().unwrap_or(dir);
        let (config, generation) =
            (json(entry, folder, "tokenizer_config.json")?, json(entry, folder, "generation_config.json")?);
        let template = template(entry, folder, &config)?;
        let mut controls: Vec<String> = tokenizer
            .get_added_tokens_decoder()
            .into_values()
            .filter(|token| token.special && token.content.chars().count() > 1)
            .map(|token| token.content)
            .collect();
        controls.sort_by(|a, b| b.len().cmp(&a.len()).then(a.cmp(b)));
        let ends = ends(&tokenizer, &config, &generation);
        Ok(Vocabulary { entry: entry.clone(), tokenizer, template, ends, controls })
    }

    pub fn tokenizer(&self) -> &Tokenizer {
        &self.tokenizer
    }

    /// Tokens of a text that is put into a message.
    pub fn count(&self, text: &str) -> usize {
        self.tokenizer.encode_fast(self.defused(text), false).map_or(0, |encoding| encoding.len())
    }

    /// The tokens of a chat, by the model's template; the contents one after the other where it has none.
    pub fn chat(&self, messages: &[ChatMessage]) -> Result<Vec<u32>> {
        let defused: Vec<ChatMessage> = messages
            .iter()
            .map(|message| ChatMessage { role: message.role, content: self.defused(&message.content) })
            .collect();
        let (text, add_special) = match &self.template {
            // A template writes the control tokens itself.
            Some(template) => (template.render(&defused).map_err(|e| self.entry.failed(chain(&e)))?, false),
            None => {
                let contents: Vec<&str> = defused.iter().map(|message| message.content.as_str()).collect();
                (contents.join("\n\n"), true)
            }
        };
        let encoding = self.tokenizer.encode_fast(text, add_special).map_err(|e| self.entry.failed(e))?;
        Ok(encoding.get_ids().to_vec())
    }

    /// Whether a token ends an answer.
    pub fn ends(&self, token: u32) -> bool {
        self.ends.contains(&token)
    }

    #[cfg(test)]
    pub fn end_at(&mut self, token: u32) {
        self.ends.push(token);
    }

    /// A text in which nothing is a control token: a space stands behind the first character of what would be one.
    fn defused(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for control in &self.controls {
            if text.contains(control.as_str()) {
                let second = control.chars().next().map_or(0, char::len_utf8);
                text = text.replace(control.as_str(), &format!("{} {}", &control[..second], &control[second..]));
            }
        }
        text
    }
}

fn json(entry: &ModelEntry, folder: &Path, name: &str) -> Result<Value> {
    let path = folder.join(name);
    match std::fs::read_to_string(&path) {
        Ok(text) => serde_json::from_str(&text).map_err(|e| entry.failed(format!("{name}: {e}"))),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(Value::Null),
        Err(e) => Err(entry.failed(format!("{name}: {e}"))),
    }
}

/// `chat_template.jinja`, else the one of tokenizer_config.json, which may be a list of named ones.
fn template(entry: &ModelEntry, folder: &Path, config: &Value) -> Result<Option<ChatTemplate>> {
    let listed = |list: &Vec<Value>| list.iter().find(|one| one["name"] == "default").or(list.first()).cloned();
    let told = match &config["chat_template"] {
        Value::Array(list) => listed(list).and_then(|one| one["template"].as_str().map(str::to_owned)),
        other => other.as_str().map(str::to_owned),
    };
    let source = match std::fs::read_to_string(folder.join("chat_template.jinja")) {
        Ok(source) => Some(source),
        Err(_) => told,
    };
    let tokens = ["bos_token", "eos_token", "pad_token", "unk_token"]
        .into_iter()
        .map(|name| (name.to_owned(), token(&config[name]).unwrap_or_default().to_owned()));
    let made = source.map(|source| ChatTemplate::new(source, tokens.collect())).transpose();
    made.map_err(|e| entry.failed(format!("its chat template: {}", chain(&e))))
}

/// A token is written as text, or as a table with its text.
fn token(value: &Value) -> Option<&str> {
    value.as_str().or_else(|| value["content"].as_str())
}

fn ends(tokenizer: &Tokenizer, config: &Value, generation: &Value) -> Vec<u32> {
    let told = match &generation["eos_token_id"] {
        Value::Array(ids) => ids.iter().filter_map(Value::as_u64).collect(),
        other => other.as_u64().into_iter().collect::<Vec<_>>(),
    };
    let mut ends: Vec<u32> = told.into_iter().filter_map(|id| u32::try_from(id).ok()).collect();
    ends.extend(token(&config["eos_token"]).and_then(|token| tokenizer.token_to_id(token)));
    if ends.is_empty() {
        ends.extend(USUAL_ENDS.iter().filter_map(|token| tokenizer.token_to_id(token)));
    }
    ends
}

/// An error with what it comes from, which is where a template's own message stands.
fn chain(error: &minijinja::Error) -> String {
    let mut told = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        told = format!("{told}: {cause}");
        source = cause.source();
    }
    told
}
