//! `POST /v1/embeddings`: vectors of texts by the embedder that the index is made with.

use actix_web::web::Json;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use taproot_schemas::error::ErrorCode;
use taproot_schemas::openai::{
    EmbeddingInput, EmbeddingItem, EmbeddingPage, EmbeddingRequest, EmbeddingUsage, EmbeddingVector, EncodingFormat,
    InputType, OpenAiError,
};

use super::super::error::{ApiError, Result};
use super::super::lifecycle::Ready;
use super::models::no_such_model;
use crate::access::Caller;

/// Texts of one request, as OpenAI has it.
const MAX_TEXTS: usize = 2_048;

/// Makes vectors of texts, each of length 1.
#[utoipa::path(
    post,
    path = "/v1/embeddings",
    tag = "openai",
    request_body = EmbeddingRequest,
    responses(
        (status = 200, description = "A vector for each text, in their order", body = EmbeddingPage),
        (status = "4XX", description = "The request cannot be answered", body = OpenAiError),
        (status = "5XX", description = "The server cannot answer", body = OpenAiError),
    )
)]
pub async fn embed(_caller: Caller, ready: Ready, body: Json<EmbeddingRequest>) -> Result<Json<EmbeddingPage>> {
    let request = body.into_inner();
    let models = ready.engine.models();
    let (name, dimensions) = (models.embedder.name(), models.embedder.dimensions());
    if request.model != name {
        return Err(no_such_model(&request.model));
    }
    if request.dimensions.is_some_and(|wanted| wanted as usize != dimensions) {
        let told = format!("vectors of {name} have {dimensions} values");
        return Err(ApiError::new(ErrorCode::InvalidRequest, told).with_hint("leave it out").about("dimensions"));
    }
    let texts = texts(request.input)?;
    let of_query = request.input_type.unwrap_or_default() == InputType::Query;
    let format = request.encoding_format.unwrap_or_default();
    let mut data = Vec::with_capacity(texts.len());
    let mut tokens = 0;
    // One by one: a request holds one thread, and whoever comes meanwhile is not behind all of its texts.
    for (index, text) in (0..).zip(texts) {
        let made = ready.engine.embed(text, of_query, request.truncate.unwrap_or(false)).await;
        let (vector, read) = made.map_err(|error| {
            let too_long = "send shorter texts, or truncate: true";
            match ApiError::from(error) {
                error if error.code == ErrorCode::InvalidRequest => error.with_hint(too_long).about("input"),
                error => error,
            }
        })?;
        tokens += read;
        data.push(EmbeddingItem { object: "embedding".into(), index, embedding: encoded(vector, format) });
    }
    let tokens = u32::try_from(tokens).unwrap_or(u32::MAX);
    let usage = EmbeddingUsage { prompt_tokens: tokens, total_tokens: tokens };
    Ok(Json(EmbeddingPage { object: "list".into(), data, model: request.model, usage }))
}

fn texts(input: EmbeddingInput) -> Result<Vec<String>> {
    let refuse = |told: String, hint: &'static str| {
        Err(ApiError::new(ErrorCode::InvalidRequest, told).with_hint(hint).about("input"))
    };
    let texts = match input {
        EmbeddingInput::Text(text) => vec![text],
        EmbeddingInput::Texts(texts) => texts,
        EmbeddingInput::Tokens(_) | EmbeddingInput::TokenLists(_) => {
            let hint = "send text; in LangChain, OpenAIEmbeddings(check_embedding_ctx_length=False)";
            return refuse("tokens of another model's tokenizer mean nothing to this one".into(), hint);
        }
    };
    if !(1..=MAX_TEXTS).contains(&texts.len()) {
        return refuse(format!("there are {} texts, allowed are 1 to {MAX_TEXTS}", texts.len()), "send them in parts");
    }
    if let Some(empty) = texts.iter().position(|text| text.is_empty()) {
        return refuse(format!("text {empty} is empty"), "leave it out");
    }
    Ok(texts)
}

fn encoded(vector: Vec<f32>, format: EncodingFormat) -> EmbeddingVector {
    match format {
        EncodingFormat::Float => EmbeddingVector::Float(vector),
        EncodingFormat::Base64 => {
            let bytes: Vec<u8> = vector.iter().flat_map(|value| value.to_le_bytes()).collect();
            EmbeddingVector::Base64(STANDARD.encode(bytes))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_what_clients_take_apart() {
        let EmbeddingVector::Base64(text) = encoded(vec![1.0, -2.5], EncodingFormat::Base64) else {
            panic!("it is text")
        };
        assert_eq!(text, "AACAPwAAIMA=");
    }

    #[test]
    fn only_texts_are_taken() {
        let read = |input: serde_json::Value| texts(serde_json::from_value(input).unwrap());
        assert_eq!(read(serde_json::json!("a")).unwrap(), ["a"]);
        assert_eq!(read(serde_json::json!(["a", "b"])).unwrap(), ["a", "b"]);
        for input in [
            serde_json::json!([1, 2]),
            serde_json::json!([[1], [2]]),
            serde_json::json!(["a", ""]),
            serde_json::json!(""),
        ] {
            assert_eq!(read(input).unwrap_err().param, Some("input"));
        }
        assert!(read(serde_json::json!(vec!["a"; MAX_TEXTS + 1])).is_err());
    }
}
