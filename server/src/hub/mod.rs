//! Models from a hub: `hf:OWNER/NAME` → files below the models folder and an entry in its `models.toml`.
//!
//! ```text
//! name → repository (list of files, commit) → configs → tokenizer, ONNX file, the data it names → describe → try out → place
//! ```
//!
//! The layout is that of the Hugging Face hub and of its mirrors. This is the only code that goes to the network for a
//! model, and only `taproot models pull` calls it. What was fetched counts only when its sums are right and the model
//! has run once; until then it lies in a staging folder, from which an interrupted pull goes on.

mod client;
mod describe;
mod download;
mod error;
mod external;
mod families;
mod name;
mod place;
mod repository;

use std::path::Path;

use taproot_engine::models::{FileSum, ModelEntry, Pooling, Registry, signature, try_out};

pub use client::HubConfig;
pub use describe::TaskName;
pub use error::HubError;
pub use name::ModelName;
pub use place::{Damage, state};

use client::Client;
use describe::{Configs, Draft};
use download::Download;
use place::Staging;
use repository::Repository;

type Result<T, E = HubError> = std::result::Result<T, E>;

/// What somebody asked for.
#[derive(Debug, Clone)]
pub struct Order {
    pub model: ModelName,
    /// The ONNX file; when absent, the usual one.
    pub file: Option<String>,
    /// What to call it here; when absent, the lower-case name of the repository.
    pub name: Option<String>,
    /// What the files do not tell, or tell wrongly.
    pub task: Option<TaskName>,
    pub pooling: Option<Pooling>,
    pub languages: Vec<String>,
}

/// What a pull came to.
#[derive(Debug)]
pub struct Pulled {
    pub entry: ModelEntry,
    /// Of the model's files here.
    pub bytes: u64,
    /// Nothing had to be fetched.
    pub was_there: bool,
}

/// Told while bytes arrive.
pub trait Progress: Send + Sync {
    /// `done` of `total` bytes of a file are here.
    fn file(&self, path: &str, done: u64, total: Option<u64>);
}

/// The order in which the usual file is looked for.
const ONNX_FILES: [&str; 2] = ["onnx/model.onnx", "model.onnx"];
const TOKENIZER: &str = "tokenizer.json";

/// Fetches a model and lists it. A second call with the same order finds it there, and mends damaged files.
pub async fn pull(order: &Order, hub: &HubConfig, models_dir: &Path, progress: &dyn Progress) -> Result<Pulled> {
    let name = order.name.clone().unwrap_or_else(|| order.model.name.to_lowercase());
    name::check_local(&name)?;
    let client = Client::new(hub)?;
    let _lock = place::lock(models_dir)?;
    let repository = Repository::of(&client, &order.model).await?;
    let onnx = repository.onnx(order.file.as_deref(), &ONNX_FILES)?;
    let source = format!("hf:{}@{} {onnx}", repository.name, repository.commit);
    if let Some(known) = place::known(models_dir, &name, &source)? {
        return Ok(known);
    }
    let staging = Staging::open(models_dir, &repository.name, &repository.commit)?;
    let download = Download { client: &client, repository: &repository, folder: &staging.folder, progress };
    let draft = Draft {
        order: order.clone(),
        name,
        source,
        configs: Configs::read(&download).await?,
        license: repository.license.clone(),
        languages: repository.languages.clone(),
        tags: repository.tags.clone(),
    };
    draft.check()?;
    let files = Files::gather(&download, &staging, &onnx).await?;
    let (dir, folder) = (models_dir.to_owned(), staging.folder.clone());
    let entry = blocking(move || {
        let registry = Registry::read(&dir)?;
        let entry = draft.describe(&files, &signature(&registry, &folder.join(onnx))?)?;
        try_out(&registry, &folder, &entry)?;
        Ok(entry)
    })
    .await?;
    place::place(models_dir, staging, entry)
}

/// What a model runs with, by paths from its folder.
struct Files {
    graph: FileSum,
    tokenizer: FileSum,
    /// Where the graph keeps its weights, besides its own file.
    external_data: Vec<FileSum>,
}

impl Files {
    /// The tokenizer first: a model without one is not worth its weights.
    async fn gather(download: &Download<'_>, staging: &Staging, onnx: &str) -> Result<Files> {
        let repository = download.repository;
        let tokenizer = repository.beside(onnx, TOKENIZER).ok_or_else(|| HubError::Lacks {
            repository: repository.name.clone(),
            what: format!("{TOKENIZER}, and a tokenizer of another form is not read"),
        })?;
        staging.expect_room(repository.bytes_of([onnx, tokenizer.as_str()]))?;
        let tokenizer = download.fetch(&tokenizer).await?;
        let graph = download.fetch(onnx).await?;
        let named = external::locations(&staging.folder.join(onnx))
            .map_err(|error| HubError::Unsupported { what: "the graph", detail: format!("{onnx}: {error}") })?;
        let data = repository.data(onnx, &named)?;
        staging.expect_room(repository.bytes_of(data.iter().map(String::as_str)))?;
        let mut external_data = Vec::new();
        for path in &data {
            external_data.push(download.fetch(path).await?);
        }
        Ok(Files { graph, tokenizer, external_data })
    }
}

/// Hashing and running a model would hold up the download's thread.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|broken| Err(HubError::Broken(broken)))
}
