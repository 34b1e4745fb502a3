//! `models.toml`: which models there are, and which of them are meant.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::entry::{ModelEntry, Task, Written};
use crate::{Error, Result};

/// The list of models in a models folder.
pub const LIST: &str = "models.toml";

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    runtime: RuntimeEntry,
    #[serde(rename = "model", default)]
    models: Vec<Written>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RuntimeEntry {
    version: String,
    /// Path of the runtime library, from the models folder.
    library: PathBuf,
}

/// Which models to load.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Choice {
    /// An embedder by its name; the first listed when absent.
    pub embedder: Option<String>,
    pub reranker: Pick,
    pub generator: Pick,
    pub generators: GeneratorPool,
}

/// How many answers are written at a time, and with what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GeneratorPool {
    /// Answers that are written at the same time; each takes the memory of the model and of its cache.
    pub sessions: usize,
    /// Threads of each.
    pub threads: usize,
    /// Answers that may wait for their turn.
    pub max_waiting: usize,
}

impl Default for GeneratorPool {
    /// One after the other with all cores: together as fast as several with a share of them, and the first is sooner done.
    fn default() -> Self {
        let threads = std::thread::available_parallelism().map_or(1, |cores| cores.get());
        GeneratorPool { sessions: 1, threads, max_waiting: 8 }
    }
}

/// A model that one can do without.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Pick {
    /// The first listed, if there is one.
    #[default]
    First,
    Named(String),
    None,
}

/// The models folder and what its `models.toml` says.
#[derive(Debug)]
pub struct Registry {
    dir: PathBuf,
    library: PathBuf,
    models: Vec<ModelEntry>,
}

impl Registry {
    pub fn read(dir: &Path) -> Result<Registry> {
        let path = dir.join(LIST);
        let text = std::fs::read_to_string(&path).map_err(|source| Error::Io { path, source })?;
        Registry::parse(dir, &text)
    }

    /// The registry that `dir` would have with this text as its `models.toml`.
    pub fn parse(dir: &Path, text: &str) -> Result<Registry> {
        let failed = |detail: String| Error::Model { name: dir.join(LIST).display().to_string(), detail };
        let File { runtime, models } = toml::from_str(text).map_err(|e| failed(e.to_string().trim_end().to_owned()))?;
        let models = models.into_iter().map(Written::resolve).collect::<Result<Vec<_>>>()?;
        let mut names = HashSet::new();
        if let Some(twice) = models.iter().find(|model| !names.insert(&model.name)) {
            return Err(failed(format!("two models have the name {}", twice.name)));
        }
        tracing::debug!(runtime = runtime.version, models = models.len(), "read models.toml");
        Ok(Registry { dir: dir.to_owned(), library: runtime.library, models })
    }

    pub fn dir(&self) -> &Path {
        &self.dir
    }

    pub fn runtime_library(&self) -> PathBuf {
        self.dir.join(&self.library)
    }

    /// In the order of the file.
    pub fn models(&self) -> &[ModelEntry] {
        &self.models
    }

    /// The model of any task with this name.
    pub fn model(&self, name: &str) -> Option<&ModelEntry> {
        self.models.iter().find(|model| model.name == name)
    }

    pub fn embedder(&self, choice: &Choice) -> Result<&ModelEntry> {
        let is_one = |model: &&ModelEntry| matches!(model.task, Task::Embedder(_));
        match &choice.embedder {
            Some(name) => self.named("embedder", name, is_one),
            None => self.models.iter().find(is_one).ok_or_else(|| Error::Model {
                name: "embedder".into(),
                detail: format!("{LIST} in {} names none", self.dir.display()),
            }),
        }
    }

    /// The first reader named.
    pub fn reader(&self) -> Option<&ModelEntry> {
        self.models.iter().find(|model| matches!(model.task, Task::Reader { .. }))
    }

    pub fn reranker(&self, choice: &Choice) -> Result<Option<&ModelEntry>> {
        self.picked("reranker", &choice.reranker, |model| matches!(model.task, Task::Reranker { .. }))
    }

    pub fn generator(&self, choice: &Choice) -> Result<Option<&ModelEntry>> {
        self.picked("generator", &choice.generator, |model| matches!(model.task, Task::Generator(_)))
    }

    fn picked(&self, task: &str, pick: &Pick, is_one: impl Fn(&&ModelEntry) -> bool) -> Result<Option<&ModelEntry>> {
        match pick {
            Pick::First => Ok(self.models.iter().find(is_one)),
            Pick::Named(name) => self.named(task, name, is_one).map(Some),
            Pick::None => Ok(None),
        }
    }

    fn named(&self, task: &str, name: &str, is_one: impl Fn(&&ModelEntry) -> bool) -> Result<&ModelEntry> {
        self.models.iter().find(|model| model.name == name && is_one(model)).ok_or_else(|| {
            let listed: Vec<&str> = self.models.iter().filter(is_one).map(|model| model.name.as_str()).collect();
            let detail = format!("{LIST} in {} lists no {task} of that name; it has {listed:?}", self.dir.display());
            Error::Model { name: name.to_owned(), detail }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "[runtime]\nversion = \"1\"\nlibrary = \"lib.so\"\n";

    fn model(name: &str, task: &str, more: &str) -> String {
        let sum = "0".repeat(64);
        format!(
            "[[model]]\nname = {name:?}\ntask = {task:?}\npath = \"m.onnx\"\nsha256 = {sum:?}\ntokenizer = \"t.json\"\n\
             languages = [\"en\", \"zh\"]\nmax_tokens = 64\nlicense = \"MIT\"\nsource = \"here\"\n{more}\n"
        )
    }

    fn parse(models: &[String]) -> Result<Registry> {
        Registry::parse(Path::new("models"), &format!("{HEAD}{}", models.concat()))
    }

    const PLAIN: &str = "dimensions = 8\npooling = \"mean\"";
    const WRITES: &str = "prompt = \"short\"\nmax_new_tokens = 8";

    #[test]
    fn a_model_is_chosen_by_name_and_the_first_is_the_default() {
        let models = [
            model("a", "embedder", PLAIN),
            model("b", "embedder", PLAIN),
            model("r", "reranker", "output = \"logits\""),
            model("g", "generator", WRITES),
            model("h", "generator", WRITES),
        ];
        let registry = parse(&models).expect("a list");
        let embedder =
            |name: Option<&str>| registry.embedder(&Choice { embedder: name.map(str::to_owned), ..Choice::default() });
        assert_eq!(embedder(None).expect("the first").name, "a");
        assert_eq!(embedder(Some("b")).expect("the named one").name, "b");
        let unknown = embedder(Some("r")).expect_err("a reranker is no embedder").to_string();
        assert!(unknown.contains("\"a\", \"b\""), "{unknown}");
        let reranker = |pick| registry.reranker(&Choice { reranker: pick, ..Choice::default() });
        assert_eq!(reranker(Pick::First).expect("one").expect("one").name, "r");
        assert!(reranker(Pick::None).expect("none is wanted").is_none());
        reranker(Pick::Named("a".into())).expect_err("an embedder is no reranker");
        let generator = |pick| registry.generator(&Choice { generator: pick, ..Choice::default() });
        assert_eq!(generator(Pick::First).expect("one").expect("one").name, "g");
        assert_eq!(generator(Pick::Named("h".into())).expect("one").expect("one").name, "h");
        assert!(generator(Pick::None).expect("none is wanted").is_none());
    }

    #[test]
    fn each_mistake_names_the_model_and_the_field() {
        for (models, told) in [
            (vec![model("a", "embedder", "pooling = \"mean\"")], "dimensions is missing"),
            (vec![model("a", "embedder", "dimensions = 8")], "pooling is missing"),
            (vec![model("a", "embedder", &format!("{PLAIN}\ntruncate_to = 9"))], "truncate_to"),
            (vec![model("a", "reranker", PLAIN)], "dimensions does not belong"),
            (vec![model("a", "reader", "")], "max_answer_tokens is missing"),
            (vec![model("a", "generator", "prompt = \"chat\"")], "max_new_tokens is missing"),
            (vec![model("a", "generator", "prompt = \"chat\"\nmax_new_tokens = 64")], "fewer than max_tokens"),
            (vec![model("a", "generator", &format!("{WRITES}\ntop_p = 0.0"))], "top_p is 0; allowed are 0.01 to 1"),
            (vec![model("a", "generator", &format!("{WRITES}\nstop = [\"\"]"))], "stop holds an empty text"),
            (vec![model("a", "embedder", &format!("{PLAIN}\nstop = [\"x\"]"))], "stop does not belong"),
            (vec![model("a", "embedder", "dimensions = 8\npooling = \"max\"")], "unknown variant `max`"),
            (vec![model("a", "embedder", &format!("{PLAIN}\nprefix = \"q\""))], "unknown field `prefix`"),
            (vec![model("a", "embedder", PLAIN), model("a", "reranker", "")], "two models have the name a"),
            (vec![model("a", "embedder", PLAIN).replace("00", "0X")], "no SHA-256"),
            (vec![model("a", "embedder", PLAIN).replace("64\n", "3\n")], "max_tokens is 3"),
            (vec![model("a", "embedder", PLAIN).replace("\"en\", \"zh\"", "")], "languages is empty"),
        ] {
            let error = parse(&models).expect_err(told).to_string();
            assert!(error.contains(told) && error.contains('a'), "{error}");
        }
    }

    #[test]
    fn an_entry_is_written_as_it_is_read() {
        let more = format!(
            "{PLAIN}\ntruncate_to = 4\nquery_prefix = \"为这个句子 \\\"q\\\": \"\n\
             external_data = [{{ path = \"m.onnx_data\", sha256 = {:?} }}]",
            "1".repeat(64)
        );
        let writes = format!("{WRITES}\ncache = \"in_place\"\nstop = [\"\\nQ:\"]\ntemperature = 0.5\ntop_p = 0.9");
        let models = [
            model("a", "embedder", &more),
            model("r", "reranker", ""),
            model("b", "reader", "max_answer_tokens = 3"),
            model("g", "generator", &writes),
        ];
        let registry = parse(&models).expect("a list");
        let written: Vec<String> = registry.models().iter().map(|model| model.to_toml().expect("TOML")).collect();
        assert_eq!(parse(&written).expect("the same list").models(), registry.models());
    }
}
