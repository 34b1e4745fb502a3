//! The models: which there are, and running them. ONNX Runtime stays behind `runtime`.
//!
//! Models are data: `models.toml` describes each (`entry`), `registry` says which are meant, `encoder` feeds whatever
//! inputs a graph declares, `pooling` makes one vector of what comes out. Everything here is plain synchronous CPU work;
//! callers send it to the pool of `executor`, but for `generator`, which writes on threads of its own behind a queue.
//! Nothing here reads from a network.

mod embedder;
mod encoder;
mod entry;
mod generator;
mod pool;
mod pooling;
mod reader;
mod registry;
mod reranker;
mod runtime;
#[cfg(test)]
mod tests;
mod tokenizer;

use std::path::Path;

pub use embedder::{Embedder, TEXT_OUTPUTS, TOKEN_OUTPUTS, cosine};
pub use entry::{CacheStyle, Embedding, FileSum, Generation, ModelEntry, Pooling, PromptStyle, Sampling, Task};
pub use generator::{ChatMessage, End, Finished, Generator, Prompt, Vocabulary, Writing, Written};
pub use reader::{Reader, Reading};
pub use registry::{Choice, GeneratorPool, LIST, Pick, Registry};
pub use reranker::Reranker;
pub use runtime::Port;
use runtime::Runtime;
pub use tokenizer::TokenCounter;

use crate::Result;

/// The models of one process, loaded.
pub struct Models {
    pub embedder: Embedder,
    /// Absent when `models.toml` names none: answers are then scored without a model.
    pub reader: Option<Reader>,
    /// Absent when `models.toml` names none, or when none is wanted.
    pub reranker: Option<Reranker>,
    /// Absent when `models.toml` names none, or when none is wanted. It takes its memory when it is first asked.
    pub generator: Option<Generator>,
}

impl Models {
    /// Loads the runtime library and the models that are meant, `sessions` times each, from `dir`.
    pub fn load(dir: &Path, choice: &Choice, sessions: usize) -> Result<Models> {
        let registry = Registry::read(dir)?;
        let (embedder, reranker) = (registry.embedder(choice)?, registry.reranker(choice)?);
        let generator = registry.generator(choice)?;
        let runtime = Runtime::load(&registry.runtime_library())?;
        Ok(Models {
            embedder: Embedder::load(&runtime, dir, embedder, sessions)?,
            reader: registry.reader().map(|entry| Reader::load(&runtime, dir, entry, sessions)).transpose()?,
            reranker: reranker.map(|entry| Reranker::load(&runtime, dir, entry, sessions)).transpose()?,
            generator: generator.map(|entry| Generator::new(&runtime, dir, entry, &choice.generators)).transpose()?,
        })
    }
}

/// What a graph takes and gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    pub inputs: Vec<Port>,
    pub outputs: Vec<Port>,
}

/// Opens an ONNX file with the registry's runtime library and reads what it takes and gives.
pub fn signature(registry: &Registry, onnx: &Path) -> Result<Signature> {
    let runtime = Runtime::load(&registry.runtime_library())?;
    let sessions = runtime.sessions(onnx, 1)?;
    let read = sessions.first().map(|model| Signature { inputs: model.inputs(), outputs: model.outputs() });
    Ok(read.unwrap_or(Signature { inputs: Vec::new(), outputs: Vec::new() }))
}

/// Loads a model with its files below `dir` and runs it once: whether its description is right.
pub fn try_out(registry: &Registry, dir: &Path, entry: &ModelEntry) -> Result<()> {
    let runtime = Runtime::load(&registry.runtime_library())?;
    match entry.task {
        Task::Embedder(_) => Embedder::load(&runtime, dir, entry, 1).map(drop),
        Task::Reader { .. } => Reader::load(&runtime, dir, entry, 1).map(drop),
        Task::Reranker { .. } => Reranker::load(&runtime, dir, entry, 1).map(drop),
        Task::Generator(_) => generator::try_out(&runtime, dir, entry),
    }
}
