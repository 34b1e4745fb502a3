//! `GET /v1/models`: what answers questions here, and the embedder.

use actix_web::web::{Json, Path};
use taproot_engine::Engine;
use taproot_schemas::answer::Mode;
use taproot_schemas::error::ErrorCode;
use taproot_schemas::openai::{OpenAiError, OpenAiModel, OpenAiModelList};

use super::super::error::{ApiError, Result};
use super::super::lifecycle::Ready;
use super::BEGAN;
use crate::access::Caller;

/// Answers as the server is set up.
const DEFAULT: &str = "taproot";

/// Lists the models.
#[utoipa::path(
    get,
    path = "/v1/models",
    tag = "openai",
    responses(
        (status = 200, description = "`taproot` answers as the server is set up, `taproot-…` in one way; the last one \
            embeds", body = OpenAiModelList),
        (status = "4XX", description = "The request cannot be answered", body = OpenAiError),
        (status = 503, description = "The server is starting or stopping", body = OpenAiError),
    )
)]
pub async fn list(_caller: Caller, ready: Ready) -> Result<Json<OpenAiModelList>> {
    Ok(Json(OpenAiModelList { object: "list".into(), data: ids(&ready.engine).into_iter().map(model).collect() }))
}

/// One model.
#[utoipa::path(
    get,
    path = "/v1/models/{id}",
    tag = "openai",
    params(("id" = String, Path, description = "The model's id")),
    responses(
        (status = 200, description = "The model", body = OpenAiModel),
        (status = 404, description = "There is none of this name", body = OpenAiError),
        (status = "4XX", description = "The request cannot be answered", body = OpenAiError),
        (status = 503, description = "The server is starting or stopping", body = OpenAiError),
    )
)]
pub async fn get(_caller: Caller, ready: Ready, id: Path<String>) -> Result<Json<OpenAiModel>> {
    let found = ids(&ready.engine).into_iter().find(|known| *known == *id);
    found.map(model).map(Json).ok_or_else(|| no_such_model(&id))
}

/// How a model composes; `None` as the server is set up.
pub fn mode_of(engine: &Engine, id: &str) -> Result<Option<Mode>> {
    if id == DEFAULT {
        return Ok(None);
    }
    let found = engine.modes().into_iter().find(|mode| id_of(*mode) == id);
    found.map(Some).ok_or_else(|| no_such_model(id))
}

pub fn no_such_model(id: &str) -> ApiError {
    ApiError::new(ErrorCode::ModelNotFound, format!("no model {id:?} does this here")).about("model")
}

fn ids(engine: &Engine) -> Vec<String> {
    let modes = engine.modes().into_iter().map(|mode| id_of(mode).to_owned());
    let embedder = engine.models().embedder.name().to_owned();
    [DEFAULT.to_owned()].into_iter().chain(modes).chain([embedder]).collect()
}

fn id_of(mode: Mode) -> &'static str {
    match mode {
        Mode::Extractive => "taproot-extractive",
        Mode::Generative => "taproot-generative",
        Mode::Upstream => "taproot-upstream",
    }
}

fn model(id: String) -> OpenAiModel {
    OpenAiModel { id, object: "model".into(), created: *BEGAN, owned_by: DEFAULT.into() }
}
