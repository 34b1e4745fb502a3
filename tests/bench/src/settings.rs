//! The engine as the benches open it.

use std::path::PathBuf;

use taproot_engine::EngineConfig;
use taproot_engine::models::Choice;

/// The settings of a server with two threads.
pub fn config(data_dir: PathBuf, models_dir: PathBuf) -> EngineConfig {
    EngineConfig {
        data_dir,
        models_dir,
        models: Choice::default(),
        threads: 2,
        max_queue: 64,
        max_query_chars: 2_000,
        qdrant: None,
        passages: 6,
        max_sentences: 5,
        keep_conversations_days: 0,
        glossary: None,
        rerank: true,
    }
}
