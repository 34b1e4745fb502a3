//! `POST /v1/chat/completions`: a conversation in, the answer to its last question out.
//!
//! The last message of the user is the question, and what the user and the assistant said before is the conversation;
//! nothing is kept. Instructions to a model (system and developer messages) have no effect: an answer is made of
//! documents, and of documents alone.

use actix_web::web::{Data, Json};
use actix_web::{HttpRequest, HttpResponse, http::header};
use serde_json::{Value, json};
use taproot_engine::{Engine, Said};
use taproot_schemas::answer::{Answer, AskRequest, Citation, Status};
use taproot_schemas::error::ErrorCode;
use taproot_schemas::openai::{
    ChatAnswer, ChatChoice, ChatChunk, ChatCitation, ChatCompletion, ChatContent, ChatContext, ChatMessage,
    ChatRequest, ChatRole, OpenAiError, TokenUsage,
};

use super::super::ask::{self, Asked, Asking};
use super::super::error::{ApiError, Result};
use super::super::frame::RequestId;
use super::super::lifecycle::Ready;
use super::models::mode_of;
use super::stream::{self, Head};
use crate::access::Caller;
use crate::metrics::Metrics;

/// Answers the last question of a conversation from the documents that the caller may see.
#[utoipa::path(
    post,
    path = "/v1/chat/completions",
    tag = "openai",
    request_body = ChatRequest,
    responses(
        (status = 200, description = "The answer; with `stream: true` server-sent events without names, each with a \
            `ChatChunk`, the last one with `[DONE]`", content(
            (ChatCompletion = "application/json"),
            (ChatChunk = "text/event-stream"),
        )),
        (status = "4XX", description = "The request cannot be answered", body = OpenAiError),
        (status = "5XX", description = "The server cannot answer", body = OpenAiError),
    )
)]
pub async fn complete(
    http: HttpRequest,
    caller: Caller,
    ready: Ready,
    metrics: Data<Metrics>,
    body: Json<ChatRequest>,
) -> Result<HttpResponse> {
    let request = body.into_inner();
    refuse_what_cannot_be_had(&request)?;
    let mode = mode_of(&ready.engine, &request.model)?;
    let told = Told::read(&request.messages)?;
    caller.trail.question(&told.question);
    let wants_usage = request.stream_options.and_then(|options| options.include_usage).unwrap_or(false);
    let streams = request.stream.unwrap_or(false);
    let ask = AskRequest {
        question: told.question,
        collections: request.collections,
        filters: request.filters,
        mode,
        strictness: request.strictness,
        stream: streams,
        ..AskRequest::default()
    };
    let asked = Asked { request: ask, said: Some(told.said) };
    let metrics = metrics.get_ref().clone();
    if !streams {
        let answer = ask::answer(&ready.engine, &caller, &asked, None, &metrics).await?;
        let usage = usage(&ready.engine, told.texts, &answer).await?;
        return Ok(HttpResponse::Ok().json(completion(request.model, answer, usage)));
    }
    let mut asking = Asking::start(ready.engine.clone(), caller, asked, metrics, RequestId::of(&http));
    let first = asking.first().await?;
    let usage_of = wants_usage.then_some((ready.engine, told.texts));
    Ok(HttpResponse::Ok()
        .content_type("text/event-stream")
        .insert_header((header::CACHE_CONTROL, "no-store"))
        // nginx would collect the events before it passes them on.
        .insert_header(("x-accel-buffering", "no"))
        .streaming(stream::stream(Head::new(request.model), first, asking, usage_of)))
}

fn refuse_what_cannot_be_had(request: &ChatRequest) -> Result<()> {
    let refuse = |param: &'static str, told: &'static str| {
        Err(ApiError::new(ErrorCode::InvalidRequest, told).with_hint("leave it out").about(param))
    };
    if request.n.is_some_and(|n| n != 1) {
        return refuse("n", "there is one answer to a question");
    }
    let forced = |choice: &Value| choice.as_str().is_none_or(|choice| !matches!(choice, "auto" | "none"));
    if request.tool_choice.as_ref().is_some_and(forced) {
        return refuse("tool_choice", "no tool is ever called: answers are made of documents");
    }
    if request.response_format.as_ref().is_some_and(|format| format.kind != "text") {
        return refuse("response_format", "answers are text");
    }
    if request.modalities.iter().flatten().any(|kind| kind != "text") {
        return refuse("modalities", "answers are text");
    }
    if request.logprobs == Some(true) {
        return refuse("logprobs", "answers have no probabilities of tokens");
    }
    Ok(())
}

/// What the messages say.
struct Told {
    question: String,
    /// Before the question, the oldest first.
    said: Vec<Said>,
    /// All texts, to count.
    texts: Vec<String>,
}

impl Told {
    fn read(messages: &[ChatMessage]) -> Result<Told> {
        let read: Vec<(ChatRole, String)> =
            messages.iter().map(|message| Ok((message.role, text(message)?))).collect::<Result<_>>()?;
        let Some(last) = read.iter().rposition(|(role, _)| *role == ChatRole::User) else {
            let told = "no message is of the user, so there is no question";
            return Err(ApiError::new(ErrorCode::InvalidRequest, told).about("messages"));
        };
        let mut said: Vec<Said> = Vec::new();
        for (role, text) in &read[..last] {
            match (role, said.last_mut()) {
                (ChatRole::User, _) => said.push(Said { question: text.clone(), answer: None }),
                (ChatRole::Assistant, Some(turn)) if !text.is_empty() => {
                    let answer = turn.answer.get_or_insert_default();
                    if !answer.is_empty() {
                        answer.push('\n');
                    }
                    answer.push_str(text);
                }
                // A greeting that nobody asked for, or a message to the model.
                _ => {}
            }
        }
        Ok(Told { question: read[last].1.clone(), said, texts: read.into_iter().map(|(_, text)| text).collect() })
    }
}

fn text(message: &ChatMessage) -> Result<String> {
    let parts = match &message.content {
        None => return Ok(String::new()),
        Some(ChatContent::Text(text)) => return Ok(text.clone()),
        Some(ChatContent::Parts(parts)) => parts,
    };
    let texts: Vec<&str> = parts
        .iter()
        .map(|part| match (part.kind.as_str(), &part.text) {
            ("text", Some(text)) => Ok(text.as_str()),
            ("refusal", _) => Ok(""),
            (kind, _) => {
                let told = format!("a message has a part of type {kind:?}; only text is understood");
                Err(ApiError::new(ErrorCode::InvalidRequest, told).with_hint("send text").about("messages"))
            }
        })
        .collect::<Result<_>>()?;
    Ok(texts.join("\n"))
}

fn completion(model: String, answer: Answer, usage: TokenUsage) -> ChatCompletion {
    let head = Head::new(model);
    let message = ChatAnswer {
        role: ChatRole::Assistant,
        content: answer.answer.clone(),
        refusal: None,
        context: context(&answer),
    };
    ChatCompletion {
        id: head.id,
        object: "chat.completion".into(),
        created: head.created,
        model: head.model,
        choices: vec![ChatChoice { index: 0, message, finish_reason: "stop".into(), logprobs: None }],
        usage,
    }
}

/// What the answer rests on, in Azure's form.
pub fn context(answer: &Answer) -> ChatContext {
    let sources: Vec<ChatCitation> = answer.citations.iter().map(citation).collect();
    let (citations, nearest) = match answer.status {
        Status::Answered => (sources, Vec::new()),
        Status::Abstained => (Vec::new(), sources),
    };
    ChatContext {
        citations,
        intent: json!([answer.standalone_question]).to_string(),
        status: answer.status,
        nearest,
        confidence: answer.confidence,
        mode: answer.mode,
        answer_id: answer.id.clone(),
    }
}

fn citation(citation: &Citation) -> ChatCitation {
    let page = citation.page.map(|page| format!("#page={page}")).unwrap_or_default();
    ChatCitation {
        content: citation.quote.clone(),
        title: citation.title.clone(),
        url: format!("/v1/documents/{}/original{page}", citation.document_id),
        filepath: citation.uri.clone(),
        chunk_id: citation.chunk_id.clone(),
        document_id: citation.document_id.clone(),
        page: citation.page,
        heading: citation.heading.clone(),
    }
}

/// As the model that wrote counted, else by the embedder's tokens.
pub async fn usage(engine: &Engine, texts: Vec<String>, answer: &Answer) -> Result<TokenUsage> {
    let (prompt_tokens, completion_tokens) = match &answer.usage.model {
        Some(_) => (answer.usage.prompt_tokens, answer.usage.completion_tokens),
        None => {
            let count =
                async |texts| Ok::<_, ApiError>(u32::try_from(engine.count_tokens(texts).await?).unwrap_or(u32::MAX));
            (count(texts).await?, count(vec![answer.answer.clone()]).await?)
        }
    };
    Ok(TokenUsage { prompt_tokens, completion_tokens, total_tokens: prompt_tokens.saturating_add(completion_tokens) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(messages: Value) -> Result<Told> {
        Told::read(&serde_json::from_value::<Vec<ChatMessage>>(messages).unwrap())
    }

    #[test]
    fn the_last_word_of_the_user_is_the_question() {
        let told = told(json!([
            {"role": "system", "content": "Be brief."},
            {"role": "assistant", "content": "Hello! How can I help?"},
            {"role": "user", "content": "How long is the warranty?"},
            {"role": "assistant", "content": "Two years. [1]"},
            {"role": "assistant", "content": null, "tool_calls": []},
            {"role": "user", "content": [{"type": "text", "text": "And for"}, {"type": "text", "text": "batteries?"}]},
        ]))
        .unwrap();
        assert_eq!(told.question, "And for\nbatteries?");
        let before = Said { question: "How long is the warranty?".into(), answer: Some("Two years. [1]".into()) };
        assert_eq!(told.said, [before]);
        assert_eq!(told.texts.len(), 6);
    }

    #[test]
    fn what_is_no_text_is_refused() {
        let image = json!([{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:,"}}]}]);
        for messages in [image, json!([]), json!([{"role": "assistant", "content": "Hello"}])] {
            let refused = told(messages).err().unwrap();
            assert_eq!((refused.code, refused.param), (ErrorCode::InvalidRequest, Some("messages")));
        }
    }

    #[test]
    fn what_cannot_be_had_is_told_by_its_name() {
        for (field, value, refused) in [
            ("n", json!(2), true),
            ("n", json!(1), false),
            ("n", Value::Null, false),
            ("tool_choice", json!("required"), true),
            ("tool_choice", json!({"type": "function", "function": {"name": "f"}}), true),
            ("tool_choice", json!("auto"), false),
            ("tools", json!([{"type": "function"}]), false),
            ("response_format", json!({"type": "json_object"}), true),
            ("response_format", json!({"type": "text"}), false),
            ("modalities", json!(["text", "audio"]), true),
            ("logprobs", json!(true), true),
            ("temperature", json!(0.2), false),
            ("max_tokens", json!(5), false),
        ] {
            let mut body = json!({"model": "taproot", "messages": []});
            body[field] = value.clone();
            let outcome = refuse_what_cannot_be_had(&serde_json::from_value(body).unwrap());
            assert_eq!(outcome.err().map(|error| error.param), refused.then_some(Some(field)), "{field} {value}");
        }
    }
}
