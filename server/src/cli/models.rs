//! `taproot models list|pull`

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use clap::{Args, Subcommand, ValueEnum};
use indicatif::{HumanBytes, ProgressBar, ProgressStyle};
use taproot_engine::models::{ModelEntry, Pooling, Registry, Task};
use taproot_schemas::models::{ModelFiles, ModelInfo, ModelList, ModelTask, PulledModel};

use super::output::Output;
use crate::config::Config;
use crate::error::Result;
use crate::hub::{self, Damage, ModelName, Order, Progress, TaskName};

const LINE_EVERY: Duration = Duration::from_secs(5);
const TEMPLATE: &str = "{msg} {wide_bar} {bytes}/{total_bytes} · {bytes_per_sec} · {eta}";

#[derive(Debug, Subcommand)]
pub enum Models {
    /// List the models of the models folder, and compare their files with their sums
    List,
    /// Fetch a model from a hub and list it
    Pull(Pull),
}

#[derive(Debug, Args)]
pub struct Pull {
    /// The model: hf:OWNER/NAME, or hf:OWNER/NAME@REVISION
    #[arg(value_name = "MODEL")]
    model: String,
    /// ONNX file in the repository [default: onnx/model.onnx, else model.onnx, else the only one]
    #[arg(long, value_name = "PATH")]
    file: Option<String>,
    /// What to call it here [default: NAME in lower case]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// What it is for, if its files do not tell
    #[arg(long, value_enum)]
    task: Option<TaskArg>,
    /// How vectors of tokens become one, if its files do not tell
    #[arg(long, value_enum)]
    pooling: Option<PoolingArg>,
    /// Languages that it knows, if its files do not tell; ISO 639-1, or *
    #[arg(long, value_name = "CODE", value_delimiter = ',')]
    languages: Vec<String>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum TaskArg {
    Embedder,
    Reranker,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum PoolingArg {
    Mean,
    Cls,
    Last,
}

impl Models {
    pub async fn run(self, config: &Config, output: &Output) -> Result<()> {
        let dir = config.models_dir()?;
        match self {
            Models::List => {
                let list = list(config, &dir)?;
                output.result(&list, table)
            }
            Models::Pull(pull) => {
                let shown = Shown::new(output);
                let pulled = hub::pull(&pull.order()?, config.hub(), &dir, &shown).await;
                shown.bar.finish_and_clear();
                let pulled = pulled?;
                let chosen = chosen(config, &Registry::read(&dir)?);
                let model = info(&pulled.entry, Ok(pulled.bytes), &chosen);
                output.result(&PulledModel { model, was_there: pulled.was_there }, |pulled| told(pulled, &dir))
            }
        }
    }
}

impl Pull {
    fn order(self) -> Result<Order> {
        Ok(Order {
            model: self.model.parse::<ModelName>()?,
            file: self.file,
            name: self.name,
            task: self.task.map(|task| match task {
                TaskArg::Embedder => TaskName::Embedder,
                TaskArg::Reranker => TaskName::Reranker,
            }),
            pooling: self.pooling.map(|pooling| match pooling {
                PoolingArg::Mean => Pooling::Mean,
                PoolingArg::Cls => Pooling::Cls,
                PoolingArg::Last => Pooling::Last,
            }),
            languages: self.languages,
        })
    }
}

fn list(config: &Config, dir: &Path) -> Result<ModelList> {
    let registry = Registry::read(dir)?;
    let chosen = chosen(config, &registry);
    let models = registry.models().iter().map(|entry| info(entry, hub::state(dir, entry), &chosen)).collect();
    Ok(ModelList { dir: dir.display().to_string(), models })
}

/// The models that the settings choose, be it by name or because they are the first of their task.
fn chosen(config: &Config, registry: &Registry) -> Vec<String> {
    let choice = config.model_choice();
    let chosen = [
        registry.embedder(&choice).ok(),
        registry.reader(),
        registry.reranker(&choice).ok().flatten(),
        registry.generator(&choice).ok().flatten(),
    ];
    chosen.into_iter().flatten().map(|entry| entry.name.clone()).collect()
}

fn info(entry: &ModelEntry, state: Result<u64, Damage>, chosen: &[String]) -> ModelInfo {
    let (task, dimensions) = match &entry.task {
        Task::Embedder(embedding) => (ModelTask::Embedder, Some(embedding.truncate_to.unwrap_or(embedding.dimensions))),
        Task::Reader { .. } => (ModelTask::Reader, None),
        Task::Reranker { .. } => (ModelTask::Reranker, None),
        Task::Generator(_) => (ModelTask::Generator, None),
    };
    ModelInfo {
        name: entry.name.clone(),
        task,
        dimensions,
        languages: entry.languages.clone(),
        max_tokens: entry.max_tokens,
        license: entry.license.clone(),
        source: entry.source.clone(),
        bytes: state.as_ref().ok().copied(),
        in_use: chosen.contains(&entry.name),
        files: match state {
            Ok(_) => ModelFiles::Ok,
            Err(Damage::Missing(_)) => ModelFiles::Missing,
            Err(Damage::WrongSum(_)) => ModelFiles::WrongSum,
        },
    }
}

fn table(list: &ModelList) -> String {
    let mut text = format!("{}\n", list.dir);
    let width = list.models.iter().map(|model| model.name.len()).max().unwrap_or(0);
    for model in &list.models {
        let mark = if model.in_use { "*" } else { " " };
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{mark} {:width$}  {}", model.name, line(model));
    }
    text.push_str("* in use\n");
    text
}

fn line(model: &ModelInfo) -> String {
    let task = match model.task {
        ModelTask::Embedder => "embedder",
        ModelTask::Reader => "reader",
        ModelTask::Reranker => "reranker",
        ModelTask::Generator => "generator",
    };
    let files = match (model.files, model.bytes) {
        (ModelFiles::Ok, Some(bytes)) => format!("{}, sums ok", HumanBytes(bytes)),
        (ModelFiles::WrongSum, _) => "A FILE HAS ANOTHER SUM".to_owned(),
        _ => "A FILE IS MISSING".to_owned(),
    };
    let dimensions = model.dimensions.map_or_else(String::new, |dimensions| format!("{dimensions} dimensions · "));
    let languages = model.languages.join(" ");
    format!("{task} · {dimensions}{} tokens · {languages} · {} · {files}", model.max_tokens, model.license)
}

fn told(pulled: &PulledModel, dir: &Path) -> String {
    let PulledModel { model, was_there } = pulled;
    let what = if *was_there { "is there" } else { "was fetched" };
    let mut text = format!("{} {what}: {}\nin {}\n", model.name, line(model), dir.join(&model.name).display());
    let setting = match model.task {
        _ if model.in_use => return text + "it is the one that the settings choose\n",
        ModelTask::Reranker => "reranker",
        _ => "embedder",
    };
    let _ = writeln!(text, "to use it, set {setting} = {:?} under [models] in taproot.toml", model.name);
    if model.task == ModelTask::Embedder {
        text.push_str("and ingest into a new data directory (--data): vectors of two models do not mix\n");
    }
    text
}

/// A bar on a terminal, a line every few seconds otherwise.
struct Shown {
    output: Output,
    bar: ProgressBar,
    last: Mutex<(String, Instant)>,
}

impl Shown {
    fn new(output: &Output) -> Shown {
        // Should the template ever be wrong, a plain bar is better than none; a test says that it is right.
        let style = ProgressStyle::with_template(TEMPLATE).unwrap_or_else(|_| ProgressStyle::default_bar());
        let bar = if output.is_watched() { ProgressBar::new(0) } else { ProgressBar::hidden() };
        Shown { output: *output, bar: bar.with_style(style), last: Mutex::new((String::new(), Instant::now())) }
    }
}

impl Progress for Shown {
    fn file(&self, path: &str, done: u64, total: Option<u64>) {
        let Ok(mut last) = self.last.lock() else { return };
        let is_new = last.0 != path;
        if is_new {
            self.bar.reset_eta();
            self.bar.set_message(path.to_owned());
            last.0 = path.to_owned();
        }
        self.bar.set_length(total.unwrap_or(done));
        self.bar.set_position(done);
        if !self.output.is_watched() && last.1.elapsed() >= LINE_EVERY {
            let of = total.map_or_else(String::new, |total| format!(" of {}", HumanBytes(total)));
            self.output.tell(&format!("{path}: {}{of}", HumanBytes(done)));
            last.1 = Instant::now();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_template_of_the_bar_is_valid() {
        assert!(ProgressStyle::with_template(TEMPLATE).is_ok());
    }
}
