//! What can be called over the Model Context Protocol: search, ask, read. Each changes nothing, and sees what its caller
//! may see.
//!
//! What a model can mend (a wrong argument, a document that is not there) is told as the result of the tool, so that
//! the model reads it; what it cannot is an error of the protocol.

use std::time::Instant;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use taproot_schemas::answer::{Answer, AskRequest, Citation, Status};
use taproot_schemas::document::DocumentText;
use taproot_schemas::error::ErrorCode;
use taproot_schemas::mcp::{DocumentPart, FoundPassage, FoundPassages, ToolAnswer};
use taproot_schemas::search::{Hit, SearchRequest};

use super::super::ask::{self, Asked};
use super::super::error::{ApiError, Result};
use super::super::frame::RequestId;
use super::super::lifecycle::Ready;
use super::protocol::Fault;
use crate::access::Caller;
use crate::metrics::{Metrics, Operation};

/// Passages of a search when the client does not say, and at the most.
const DEFAULT_PASSAGES: usize = 8;
const MAX_PASSAGES: usize = 50;
/// Characters of a document that are given at once.
const DEFAULT_CHARS: usize = 20_000;
const MAX_CHARS: usize = 100_000;

/// What tools work with.
pub struct Doors {
    pub ready: Ready,
    pub caller: Caller,
    pub metrics: Metrics,
    pub request_id: RequestId,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SearchArguments {
    query: String,
    limit: Option<usize>,
    collections: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AskArguments {
    question: String,
    collections: Option<Vec<String>>,
    strictness: Option<u8>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReadArguments {
    document_id: String,
    start: Option<usize>,
    max_chars: Option<usize>,
}

/// Text for a model to read, and the same for a program.
struct Given {
    text: String,
    structured: Value,
}

/// As `tools/list` has them.
pub fn list() -> Value {
    let collections = json!({"type": "array", "items": {"type": "string"},
        "description": "Only these collections; all when absent"});
    let tool = |name: &str, title: &str, description: &str, input: Value, required: Value, output: Value| {
        json!({
            "name": name,
            "title": title,
            "description": description,
            "inputSchema": {"type": "object", "properties": input, "required": required, "additionalProperties": false},
            "outputSchema": output,
            "annotations": {
                "title": title,
                "readOnlyHint": true,
                "destructiveHint": false,
                "idempotentHint": true,
                "openWorldHint": false,
            },
        })
    };
    json!([
        tool(
            "search_documents",
            "Search the documents",
            "Finds the passages of the organisation's documents that match a query best. \"Quoted words\" have to \
             stand so in a passage; -word must not stand in it.",
            json!({
                "query": {"type": "string", "description": "Words to look for, in any language"},
                "limit": {"type": "integer", "minimum": 1, "maximum": MAX_PASSAGES,
                    "description": format!("Passages wanted; {DEFAULT_PASSAGES} when absent")},
                "collections": collections,
            }),
            json!(["query"]),
            object(
                json!({
                    "passages": {"type": "array", "items": object(passage(), json!(["document_id", "title", "uri",
                        "collection", "text", "start", "score"]))},
                    "did_you_mean": {"type": "string"},
                }),
                json!(["passages"]),
            ),
        ),
        tool(
            "ask",
            "Ask the documents",
            "Answers a question from the organisation's documents, with a quote for every sentence, or says that \
             they do not answer it. A question has to stand for itself.",
            json!({
                "question": {"type": "string"},
                "collections": collections,
                "strictness": {"type": "integer", "minimum": 1, "maximum": 5,
                    "description": "1 answers on slight evidence, 5 refuses when in doubt"},
            }),
            json!(["question"]),
            object(
                json!({
                    "status": {"type": "string", "enum": ["answered", "abstained"]},
                    "answer": {"type": "string", "description": "[1] refers to the citation with n = 1"},
                    "citations": {"type": "array", "items": {"type": "object"}},
                    "confidence": {"type": "number"},
                }),
                json!(["status", "answer", "citations", "confidence"]),
            ),
        ),
        tool(
            "get_document",
            "Read a document",
            "Gives the text of a document that search_documents or ask has named, a part at a time.",
            json!({
                "document_id": {"type": "string"},
                "start": {"type": "integer", "minimum": 0, "description": "Character to begin at; 0 when absent"},
                "max_chars": {"type": "integer", "minimum": 1, "maximum": MAX_CHARS,
                    "description": format!("{DEFAULT_CHARS} when absent")},
            }),
            json!(["document_id"]),
            object(
                json!({
                    "document_id": {"type": "string"},
                    "title": {"type": "string"},
                    "uri": {"type": "string"},
                    "text": {"type": "string"},
                    "characters": {"type": "integer"},
                    "start": {"type": "integer"},
                    "end": {"type": "integer"},
                    "next_start": {"type": "integer", "description": "Where the next part begins"},
                }),
                json!(["document_id", "title", "uri", "text", "characters", "start", "end"]),
            ),
        ),
    ])
}

fn object(properties: Value, required: Value) -> Value {
    json!({"type": "object", "properties": properties, "required": required})
}

fn passage() -> Value {
    json!({
        "document_id": {"type": "string"},
        "title": {"type": "string"},
        "uri": {"type": "string"},
        "collection": {"type": "string"},
        "page": {"type": "integer"},
        "heading": {"type": "string"},
        "text": {"type": "string"},
        "start": {"type": "integer", "description": "Character of the document, for get_document"},
        "score": {"type": "number"},
    })
}

impl Doors {
    /// `tools/call`.
    pub async fn call(&self, mut params: Value) -> Result<Value, Fault> {
        let Some(name) = params["name"].as_str().map(str::to_owned) else {
            return Err(Fault::invalid_params("params.name is missing"));
        };
        let arguments = match params["arguments"].take() {
            Value::Null => json!({}),
            arguments => arguments,
        };
        let given = match name.as_str() {
            "search_documents" => self.search(arguments).await,
            "ask" => self.ask(arguments).await,
            "get_document" => self.read(arguments).await,
            _ => return Err(Fault::invalid_params(format!("there is no tool {name:?}"))),
        };
        match given {
            Ok(Given { text, structured }) => Ok(
                json!({"content": [{"type": "text", "text": text}], "structuredContent": structured, "isError": false}),
            ),
            Err(error) => {
                let told = error.body(&self.request_id.0).error;
                let status = error.code.status();
                if status >= 500 || error.code == ErrorCode::Overloaded {
                    error.log(&self.request_id.0);
                    return Err(Fault::failed(status, told.message.clone(), json!(told)));
                }
                let text = format!("{}; {}", told.message, told.hint);
                Ok(json!({"content": [{"type": "text", "text": text}], "isError": true}))
            }
        }
    }

    async fn search(&self, arguments: Value) -> Result<Given> {
        let SearchArguments { query, limit, collections } = read(arguments)?;
        let limit = within("limit", limit.unwrap_or(DEFAULT_PASSAGES), MAX_PASSAGES)?;
        self.caller.trail.question(&query);
        let started = Instant::now();
        let request = SearchRequest { query, k: Some(limit), collections, ..SearchRequest::default() };
        let found = self.ready.engine.search(&self.caller.scope, &request).await?;
        self.metrics.operation(Operation::Search, started.elapsed());
        let mut text: Vec<String> = found.hits.iter().enumerate().map(|(at, hit)| shown(at + 1, hit)).collect();
        if text.is_empty() {
            text.push("No passage matches.".into());
        }
        text.extend(found.did_you_mean.as_ref().map(|other| format!("Did you mean: {other}")));
        let structured = FoundPassages {
            passages: found.hits.into_iter().map(passage_of).collect(),
            did_you_mean: found.did_you_mean,
        };
        Ok(Given { text: text.join("\n\n"), structured: json!(structured) })
    }

    async fn ask(&self, arguments: Value) -> Result<Given> {
        let AskArguments { question, collections, strictness } = read(arguments)?;
        self.caller.trail.question(&question);
        let request = AskRequest { question, collections, strictness, ..AskRequest::default() };
        let asked = Asked { request, said: Some(Vec::new()) };
        let answer = ask::answer(&self.ready.engine, &self.caller, &asked, None, &self.metrics).await?;
        let text = told(&answer);
        let Answer { status, answer, citations, confidence, .. } = answer;
        Ok(Given { text, structured: json!(ToolAnswer { status, answer, citations, confidence }) })
    }

    async fn read(&self, arguments: Value) -> Result<Given> {
        let ReadArguments { document_id, start, max_chars } = read(arguments)?;
        let wanted = within("max_chars", max_chars.unwrap_or(DEFAULT_CHARS), MAX_CHARS)?;
        self.caller.trail.object(document_id.clone());
        let document = self.ready.engine.document_text(&self.caller.scope, &document_id).await?;
        let part = part(document, start.unwrap_or(0), wanted);
        Ok(Given { text: part.text.clone(), structured: json!(part) })
    }
}

fn read<T: DeserializeOwned>(arguments: Value) -> Result<T> {
    serde_json::from_value(arguments).map_err(|error| {
        ApiError::new(ErrorCode::InvalidRequest, format!("the arguments are not valid: {error}"))
            .with_hint("compare them with the tool's inputSchema")
    })
}

fn within(name: &str, value: usize, most: usize) -> Result<usize> {
    if (1..=most).contains(&value) {
        return Ok(value);
    }
    let told = format!("{name} is {value}, allowed are 1 to {most}");
    Err(ApiError::new(ErrorCode::InvalidRequest, told).with_hint("compare it with the tool's inputSchema"))
}

fn passage_of(hit: Hit) -> FoundPassage {
    let Hit { document_id, title, uri, collection, page, heading, text, start, score, .. } = hit;
    FoundPassage { document_id, title, uri, collection, page, heading, text, start, score }
}

fn shown(number: usize, hit: &Hit) -> String {
    let page = hit.page.map(|page| format!(", page {page}")).unwrap_or_default();
    let heading = hit.heading.as_ref().map(|heading| format!(" — {heading}")).unwrap_or_default();
    let (title, uri, id) = (&hit.title, &hit.uri, &hit.document_id);
    format!("{number}. {title}{heading} ({uri}{page}; document_id {id}, from character {})\n{}", hit.start, hit.text)
}

/// The answer with its sources below, which a model may pass on.
fn told(answer: &Answer) -> String {
    let line = |citation: &Citation| {
        let page = citation.page.map(|page| format!(", page {page}")).unwrap_or_default();
        let mark = match answer.status {
            Status::Answered => format!("[{}]", citation.n),
            Status::Abstained => "-".to_owned(),
        };
        format!("{mark} {} ({}{page}; document_id {})", citation.title, citation.uri, citation.document_id)
    };
    let sources: Vec<String> = answer.citations.iter().map(line).collect();
    if sources.is_empty() { answer.answer.clone() } else { format!("{}\n\n{}", answer.answer, sources.join("\n")) }
}

fn part(document: DocumentText, start: usize, wanted: usize) -> DocumentPart {
    let DocumentText { document_id, uri, title, text, .. } = document;
    let characters = text.chars().count();
    let start = start.min(characters);
    let end = start.saturating_add(wanted).min(characters);
    DocumentPart {
        document_id,
        title,
        uri,
        text: text.chars().skip(start).take(end - start).collect(),
        characters,
        start,
        end,
        next_start: (end < characters).then_some(end),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_a_document_join_to_the_whole() {
        let document = DocumentText {
            document_id: "d".into(),
            uri: "u".into(),
            title: "t".into(),
            version: 1,
            text: "试用期为三个月。Probation is three months.".into(),
            outline: Vec::new(),
        };
        let (mut joined, mut next) = (String::new(), Some(0));
        while let Some(start) = next {
            let part = part(document.clone(), start, 7);
            assert_eq!(part.text.chars().count(), part.end - part.start);
            joined.push_str(&part.text);
            next = part.next_start;
        }
        assert_eq!(joined, document.text);
        let beyond = part(document, 1_000, 7);
        assert!(beyond.text.is_empty() && beyond.next_start.is_none() && beyond.start == beyond.characters);
    }

    #[test]
    fn every_tool_says_what_it_takes_and_gives() {
        for tool in list().as_array().unwrap() {
            for schema in ["inputSchema", "outputSchema"] {
                let properties = tool[schema]["properties"].as_object().unwrap();
                for name in tool[schema]["required"].as_array().unwrap() {
                    assert!(properties.contains_key(name.as_str().unwrap()), "{tool}");
                }
            }
            assert_eq!(tool["annotations"]["readOnlyHint"], true);
        }
    }
}
