//! From a repository's own files to an entry of `models.toml`.
//!
//! In: the graph's inputs and outputs, and the JSON files that Transformers and sentence-transformers write. What they do
//! not tell comes from the order, then from the table of families; what nothing tells is asked for, never guessed.

use serde_json::Value;
use taproot_engine::models::{Embedding, ModelEntry, Pooling, Port, Signature, TEXT_OUTPUTS, TOKEN_OUTPUTS, Task};

use super::download::Download;
use super::families::{Family, family};
use super::{Files, HubError, Order, Result};

/// Longest input when no file says; that of BERT.
const USUAL_MAX_TOKENS: u64 = 512;
/// Tokenizers without a limit say numbers like 1e30.
const NO_LIMIT: u64 = 1_000_000;
/// Modules of sentence-transformers that the engine does itself; others must be in the graph.
const KNOWN_MODULES: [&str; 3] = ["Transformer", "Pooling", "Normalize"];

/// What a model is for, where it has to be said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TaskName {
    Embedder,
    Reranker,
}

/// The JSON files that there are.
#[derive(Debug, Default)]
pub struct Configs {
    /// `config.json`: the architecture.
    model: Value,
    /// `tokenizer_config.json`: the longest input.
    tokenizer: Value,
    /// `modules.json`: what comes after the encoder.
    modules: Value,
    /// `1_Pooling/config.json`, wherever the modules have it.
    pooling: Value,
    /// `sentence_bert_config.json`: the longest input.
    limits: Value,
    /// `config_sentence_transformers.json`: prompts.
    prompts: Value,
}

/// Everything that an entry is made of, but for the graph and its files.
pub struct Draft {
    pub order: Order,
    pub name: String,
    pub source: String,
    pub configs: Configs,
    pub license: Option<String>,
    pub languages: Vec<String>,
    pub tags: Vec<String>,
}

impl Configs {
    pub async fn read(download: &Download<'_>) -> Result<Configs> {
        let read = async |path: &str| Ok::<_, HubError>(download.json(path).await?.unwrap_or_default());
        let modules = read("modules.json").await?;
        let pooling = module(&modules, "Pooling").map_or("1_Pooling", |path| path);
        let pooling = read(&format!("{pooling}/config.json")).await?;
        Ok(Configs {
            model: read("config.json").await?,
            tokenizer: read("tokenizer_config.json").await?,
            limits: read("sentence_bert_config.json").await?,
            prompts: read("config_sentence_transformers.json").await?,
            modules,
            pooling,
        })
    }
}

/// The folder of the first module of this kind.
fn module<'m>(modules: &'m Value, kind: &str) -> Option<&'m str> {
    let found = modules.as_array()?.iter().find(|module| kind_of(module) == Some(kind))?;
    found["path"].as_str().filter(|path| !path.is_empty())
}

/// The last part of a module's Python name.
fn kind_of(module: &Value) -> Option<&str> {
    module["type"].as_str()?.rsplit('.').next()
}

impl Draft {
    /// Whether all that does not hang on the graph can be told, before gigabytes are fetched.
    pub fn check(&self) -> Result<()> {
        self.task()?;
        self.languages(family(&self.order.model.name)).map(drop)
    }

    /// # Errors
    /// [`HubError::CannotTell`] when neither files nor order nor table say something that has to be known.
    pub fn describe(&self, files: &Files, graph: &Signature) -> Result<ModelEntry> {
        let family = family(&self.order.model.name);
        let task = match self.task()? {
            TaskName::Embedder => Task::Embedder(self.embedding(graph, family)?),
            TaskName::Reranker => Task::Reranker { output: None },
        };
        Ok(ModelEntry {
            name: self.name.clone(),
            path: files.graph.path.clone(),
            sha256: files.graph.sha256.clone(),
            external_data: files.external_data.clone(),
            tokenizer: files.tokenizer.path.clone(),
            tokenizer_sha256: Some(files.tokenizer.sha256.clone()),
            languages: self.languages(family)?,
            max_tokens: self.max_tokens(),
            license: self.license.clone().unwrap_or_else(|| "NOASSERTION".into()),
            source: self.source.clone(),
            task,
        })
    }

    /// A classifier with one or two classes that is tagged as such ranks; what has modules of sentence-transformers, or is
    /// tagged for similarity, embeds.
    fn task(&self) -> Result<TaskName> {
        if let Some(task) = self.order.task {
            return Ok(task);
        }
        let tagged = |tags: &[&str]| self.tags.iter().any(|tag| tags.contains(&tag.as_str()));
        let architecture = self.configs.model["architectures"][0].as_str().unwrap_or_default();
        let classes = self.configs.model["id2label"].as_object().map_or(2, |labels| labels.len());
        let ranks = tagged(&["text-ranking", "reranker", "cross-encoder", "reranking"]) || classes == 1;
        match architecture {
            _ if architecture.ends_with("ForSequenceClassification") && ranks && classes <= 2 => Ok(TaskName::Reranker),
            _ if self.configs.modules.is_array() => Ok(TaskName::Embedder),
            _ if tagged(&["sentence-similarity", "feature-extraction", "sentence-transformers"])
                && !architecture.ends_with("ForSequenceClassification") =>
            {
                Ok(TaskName::Embedder)
            }
            _ if architecture.ends_with("ForCausalLM") => Err(HubError::Unsupported {
                what: "the task",
                detail:
                    "it writes text; put its files into the models folder and describe it by hand, as docs/models.md \
                         says under \"A generator\""
                        .into(),
            }),
            _ => Err(HubError::CannotTell { what: "what it is for", option: "--task embedder or --task reranker" }),
        }
    }

    fn embedding(&self, graph: &Signature, family: Option<&Family>) -> Result<Embedding> {
        let find = |names: &[&str]| names.iter().find_map(|name| graph.outputs.iter().find(|port| port.name == **name));
        let pooled = find(TEXT_OUTPUTS).or_else(|| only_pooled(&graph.outputs));
        let pooling = match (self.order.pooling, pooled) {
            (Some(asked), _) => asked,
            (None, Some(_)) => Pooling::InGraph,
            (None, None) => self.pooling(family)?,
        };
        let output = match pooling {
            Pooling::InGraph => pooled,
            _ => find(TOKEN_OUTPUTS).or_else(|| graph.outputs.first().filter(|_| graph.outputs.len() == 1)),
        };
        let output = output.ok_or_else(|| {
            let listed: Vec<String> = graph.outputs.iter().map(Port::to_string).collect();
            HubError::Unsupported { what: "the output", detail: format!("the graph has {}", listed.join(", ")) }
        })?;
        let configured = ["hidden_size", "d_model", "dim"].iter().find_map(|key| self.configs.model[*key].as_u64());
        let dimensions = output.shape.last().copied().flatten().or_else(|| usize::try_from(configured?).ok());
        let prompt = |keys: &[&str]| self.prompt(keys);
        let known = |of: fn(&Family) -> &'static str| family.map(of).unwrap_or_default().to_owned();
        Ok(Embedding {
            dimensions: dimensions.ok_or(HubError::Unsupported {
                what: "the output",
                detail: "neither the graph nor config.json tells its dimensions".into(),
            })?,
            truncate_to: None,
            pooling,
            output: Some(output.name.clone()),
            normalized: false,
            query_prefix: prompt(&["query", "search_query"]).unwrap_or_else(|| known(|family| family.query_prefix)),
            passage_prefix: prompt(&["passage", "document", "search_document"])
                .unwrap_or_else(|| known(|family| family.passage_prefix)),
        })
    }

    /// How vectors of tokens are pooled, when the graph does not.
    fn pooling(&self, family: Option<&Family>) -> Result<Pooling> {
        let modules = self.configs.modules.as_array().map(Vec::as_slice).unwrap_or_default();
        if let Some(other) = modules.iter().filter_map(kind_of).find(|kind| !KNOWN_MODULES.contains(kind)) {
            let detail = format!("it has a module {other}, which the graph leaves out");
            return Err(HubError::Unsupported { what: "the pooling", detail });
        }
        const MODES: [(&str, Option<Pooling>); 6] = [
            ("pooling_mode_cls_token", Some(Pooling::Cls)),
            ("pooling_mode_mean_tokens", Some(Pooling::Mean)),
            ("pooling_mode_lasttoken", Some(Pooling::Last)),
            ("pooling_mode_max_tokens", None),
            ("pooling_mode_mean_sqrt_len_tokens", None),
            ("pooling_mode_weightedmean_tokens", None),
        ];
        let set: Vec<_> = MODES.iter().filter(|(mode, _)| self.configs.pooling[*mode] == Value::Bool(true)).collect();
        match set.as_slice() {
            [(_, Some(pooling))] => Ok(*pooling),
            [] => family.and_then(|family| family.pooling).ok_or(HubError::CannotTell {
                what: "how vectors of tokens become one",
                option: "--pooling mean, cls or last; the model's card says which",
            }),
            set => {
                let modes: Vec<&str> = set.iter().map(|(mode, _)| *mode).collect();
                Err(HubError::Unsupported { what: "the pooling", detail: modes.join(" and ") })
            }
        }
    }

    /// A prompt that is not empty: newer versions of sentence-transformers write empty ones for models that want some.
    fn prompt(&self, keys: &[&str]) -> Option<String> {
        let prompts = &self.configs.prompts["prompts"];
        keys.iter().find_map(|key| prompts[*key].as_str().filter(|prompt| !prompt.is_empty()).map(str::to_owned))
    }

    /// The smallest of what the files say.
    fn max_tokens(&self) -> usize {
        let Configs { model, tokenizer, limits, .. } = &self.configs;
        let positions = model["max_position_embeddings"].as_u64().map(|positions| {
            // RoBERTa and XLM-R count positions from the padding's id + 1 on.
            let kind = model["model_type"].as_str().unwrap_or_default();
            let first = model["pad_token_id"].as_u64().map_or(2, |pad| pad + 1);
            if kind.contains("roberta") { positions.saturating_sub(first) } else { positions }
        });
        let limit = |value: &Value| {
            value.as_f64().filter(|limit| (1.0..NO_LIMIT as f64).contains(limit)).map(|limit| limit as u64)
        };
        let said = [limit(&limits["max_seq_length"]), limit(&tokenizer["model_max_length"]), positions];
        let smallest = said.into_iter().flatten().min().unwrap_or(USUAL_MAX_TOKENS);
        usize::try_from(smallest).unwrap_or(usize::MAX)
    }

    /// Those asked for, those of the card, those of the family.
    fn languages(&self, family: Option<&Family>) -> Result<Vec<String>> {
        let card: Vec<String> = self.languages.iter().filter_map(|language| subtag(language)).collect();
        let any = |language: &String| (language == "*").then(|| language.clone());
        let asked =
            self.order.languages.iter().filter_map(|language| any(language).or_else(|| subtag(language))).collect();
        let known = family.map(|family| family.languages.iter().map(|language| (*language).to_owned()).collect());
        let choices = [Some(asked), Some(card), known];
        let mut found =
            choices.into_iter().flatten().find(|languages| !languages.is_empty()).ok_or(HubError::CannotTell {
                what: "its languages",
                option: "--languages, for example --languages en,zh",
            })?;
        let mut seen = std::collections::HashSet::new();
        found.retain(|language| seen.insert(language.clone()));
        Ok(found)
    }
}

/// A single output that is `[batch, dimensions]`, whatever it is called.
fn only_pooled(outputs: &[Port]) -> Option<&Port> {
    outputs.first().filter(|port| outputs.len() == 1 && port.shape.len() == 2)
}

/// `zh-CN` → `zh`. `multilingual` stands in cards beside the list that says more.
fn subtag(language: &str) -> Option<String> {
    let primary = language.split(['-', '_']).next()?.to_lowercase();
    ((2..=3).contains(&primary.len()) && primary.chars().all(|sign| sign.is_ascii_lowercase())).then_some(primary)
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use taproot_engine::models::FileSum;

    use super::*;

    fn port(name: &str, shape: &[Option<usize>]) -> Port {
        Port { name: name.into(), shape: shape.to_vec() }
    }

    fn tokens() -> Signature {
        let outputs = vec![port("last_hidden_state", &[None, None, Some(384)])];
        Signature { inputs: Vec::new(), outputs }
    }

    fn draft(name: &str, configs: Configs) -> Draft {
        Draft {
            order: Order {
                model: format!("hf:somebody/{name}").parse().expect("a name"),
                file: None,
                name: None,
                task: None,
                pooling: None,
                languages: Vec::new(),
            },
            name: name.into(),
            source: "a hub".into(),
            configs,
            license: Some("MIT".into()),
            languages: vec!["en".into(), "zh-CN".into(), "multilingual".into(), "en".into()],
            tags: vec!["sentence-similarity".into()],
        }
    }

    fn files() -> Files {
        let file = |path: &str| FileSum { path: path.into(), sha256: "0".repeat(64) };
        Files { graph: file("onnx/model.onnx"), tokenizer: file("tokenizer.json"), external_data: Vec::new() }
    }

    fn embedding(draft: &Draft, graph: &Signature) -> Embedding {
        match draft.describe(&files(), graph).expect("an entry").task {
            Task::Embedder(embedding) => embedding,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_files_come_first_and_the_table_fills_in() {
        let configs = Configs {
            model: json!({"architectures": ["XLMRobertaModel"], "model_type": "xlm-roberta", "pad_token_id": 1,
                          "max_position_embeddings": 514}),
            tokenizer: json!({"model_max_length": 1e30}),
            limits: json!({"max_seq_length": 8192}),
            prompts: json!({"prompts": {"query": "", "document": "doc: "}}),
            ..Configs::default()
        };
        let draft = draft("multilingual-e5-small", configs);
        let entry = draft.describe(&files(), &tokens()).expect("an entry");
        assert_eq!(
            (entry.max_tokens, entry.languages.as_slice()),
            (512, ["en".to_owned(), "zh".to_owned()].as_slice())
        );
        let made = embedding(&draft, &tokens());
        assert_eq!((made.query_prefix.as_str(), made.passage_prefix.as_str()), ("query: ", "doc: "));
        assert_eq!((made.pooling, made.dimensions), (Pooling::Mean, 384));
    }

    #[test]
    fn a_graph_that_pools_is_taken_at_its_word() {
        let outputs = vec![port("token_embeddings", &[None, None, Some(8)]), port("sentence_embedding", &[None, None])];
        let graph = Signature { inputs: Vec::new(), outputs };
        let configs = Configs {
            model: json!({"hidden_size": 8}),
            pooling: json!({"pooling_mode_cls_token": true}),
            ..Configs::default()
        };
        let made = embedding(&draft("own", configs), &graph);
        assert_eq!(
            (made.pooling, made.output.as_deref(), made.dimensions),
            (Pooling::InGraph, Some("sentence_embedding"), 8)
        );
    }

    #[test]
    fn each_pooling_config_is_read() {
        for (mode, expected) in [
            ("pooling_mode_cls_token", Some(Pooling::Cls)),
            ("pooling_mode_mean_tokens", Some(Pooling::Mean)),
            ("pooling_mode_lasttoken", Some(Pooling::Last)),
            ("pooling_mode_max_tokens", None),
        ] {
            let pooling = json!({"word_embedding_dimension": 384, mode: true, "include_prompt": true});
            let draft = draft("own", Configs { pooling, ..Configs::default() });
            match (draft.describe(&files(), &tokens()), expected) {
                (Ok(entry), Some(_)) => {
                    assert!(matches!(entry.task, Task::Embedder(it) if Some(it.pooling) == expected))
                }
                (Err(HubError::Unsupported { .. }), None) => {}
                (other, _) => panic!("{mode}: {other:?}"),
            }
        }
    }

    #[test]
    fn what_nothing_tells_is_asked_for() {
        let asked = |draft: &Draft| match draft.describe(&files(), &tokens()) {
            Err(HubError::CannotTell { option, .. }) => option,
            other => panic!("{other:?}"),
        };
        let configs = |model: Value| Configs { model, ..Configs::default() };
        assert!(asked(&draft("own", Configs::default())).starts_with("--pooling"));
        let mut silent =
            draft("own", Configs { pooling: json!({"pooling_mode_cls_token": true}), ..Configs::default() });
        silent.languages.clear();
        assert!(asked(&silent).starts_with("--languages"));
        // A classifier of sentiments has two classes as well.
        let mut classifier = draft("own", configs(json!({"architectures": ["BertForSequenceClassification"]})));
        classifier.tags = vec!["text-classification".into()];
        assert!(asked(&classifier).starts_with("--task"));
        classifier.tags = vec!["text-ranking".into()];
        assert!(matches!(classifier.describe(&files(), &tokens()).expect("an entry").task, Task::Reranker { .. }));
        let mut writer = draft("own", configs(json!({"architectures": ["Qwen2ForCausalLM"]})));
        writer.tags = vec!["text-generation".into()];
        let error = writer.check().expect_err("a generator is described by hand").to_string();
        assert!(error.contains("it writes text"), "{error}");
        let one = json!({"architectures": ["XLMRobertaForSequenceClassification"], "id2label": {"0": "LABEL_0"}});
        assert!(matches!(
            draft("own", configs(one)).describe(&files(), &tokens()).expect("an entry").task,
            Task::Reranker { .. }
        ));
    }

    #[test]
    fn a_layer_outside_of_the_graph_is_refused() {
        let module = |kind: &str| json!({"type": format!("sentence_transformers.models.{kind}"), "path": kind});
        let modules = json!([module("Transformer"), module("Pooling"), module("Dense")]);
        let error =
            draft("own", Configs { modules, ..Configs::default() }).describe(&files(), &tokens()).expect_err("a layer");
        assert!(error.to_string().contains("Dense"), "{error}");
    }
}
