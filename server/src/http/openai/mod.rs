//! Doors for clients of OpenAI's API (<https://platform.openai.com/docs/api-reference>): chat, models, embeddings.
//!
//! They are other forms of `/v1/ask` and of the embedder: the same callers, the same permissions, the same answers.
//! What a request wants and cannot be had is refused; what only sets how a model samples has no effect.

pub mod chat;
pub mod embeddings;
pub mod models;
mod stream;

use std::sync::LazyLock;

use jiff::Timestamp;

/// When this server began, in seconds since 1970 UTC.
static BEGAN: LazyLock<u64> = LazyLock::new(now);

/// Seconds since 1970 UTC.
fn now() -> u64 {
    u64::try_from(Timestamp::now().as_second()).unwrap_or(0)
}
