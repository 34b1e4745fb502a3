//! The models: which there are, and running them. ONNX Runtime stays behind `runtime`.
//!
//! Everything here is plain synchronous CPU work; callers send it to the pool of `executor`.

mod embedder;
mod pool;
mod reader;
mod registry;
mod runtime;

pub use embedder::{Embedder, TokenCounter};
pub use reader::{Reader, Reading};
pub use registry::Registry;

use crate::{Error, Result};

/// The models of one process, loaded.
pub struct Models {
    pub embedder: Embedder,
    /// Absent when `models.toml` names none: answers are then scored without a model.
    pub reader: Option<Reader>,
}

impl Models {
    /// Loads the runtime library and every model that `models.toml` in `dir` names, `sessions` times each.
    pub fn load(dir: &std::path::Path, sessions: usize) -> Result<Models> {
        let registry = Registry::read(dir)?;
        let runtime = runtime::Runtime::load(&registry.runtime_library())?;
        let embedder = registry
            .embedder()
            .ok_or_else(|| Error::Model { name: "embedder".into(), detail: "models.toml names none".into() })?;
        let reader = match registry.reader() {
            Some(entry) => Some(Reader::load(&runtime, dir, entry, sessions)?),
            None => None,
        };
        Ok(Models { embedder: Embedder::load(&runtime, dir, embedder, sessions)?, reader })
    }
}
