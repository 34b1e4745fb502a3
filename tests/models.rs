//! `taproot models`: what is listed, and models from a hub through the real binary, against a strict stand-in.

use std::path::PathBuf;
use std::process::Output;

use serde_json::{Value, json};
use taproot_schemas::models::{ModelFiles, ModelInfo, ModelList, ModelTask, PulledModel};

use crate::support::hub::{COMMIT, Hub, Repository, TOKEN, sha256};
use crate::support::repository;
use crate::support::taproot::{Taproot, models, output_of, told};

/// A program with a models folder of its own, whose list is the default one.
struct Workshop {
    taproot: Taproot,
    hub: Hub,
    original: String,
}

impl Workshop {
    fn new() -> Self {
        let taproot = Taproot::new();
        let folder = taproot.root().join("models");
        std::fs::create_dir(&folder).expect("a folder");
        let list = std::fs::read_to_string(models().join("models.toml")).expect("the default list");
        let default = models().display().to_string();
        let mut original = list;
        for below in ["runtime/", "all-minilm-l6-v2/", "minilm-reader/", "smollm2-135m-instruct/"] {
            original = original.replace(&format!(" = \"{below}"), &format!(" = \"{default}/{below}"));
        }
        std::fs::write(folder.join("models.toml"), &original).expect("written");
        Self { taproot, hub: Hub::start(), original }
    }

    fn folder(&self) -> PathBuf {
        self.taproot.root().join("models")
    }

    fn list(&self) -> String {
        std::fs::read_to_string(self.folder().join("models.toml")).expect("the list")
    }

    fn run_with(&self, args: &[&str], environment: &[(&str, &str)]) -> Output {
        let mut command = self.taproot.command(args);
        command.env("TAPROOT_MODELS_DIR", self.folder()).env("HF_ENDPOINT", self.hub.endpoint()).env_remove("HF_TOKEN");
        command.envs(environment.iter().copied());
        output_of(command)
    }

    #[track_caller]
    fn json<T: serde::de::DeserializeOwned>(&self, args: &[&str], environment: &[(&str, &str)]) -> T {
        let output = self.run_with(&[&["--json"], args].concat(), environment);
        assert!(output.status.success(), "taproot {}: {}", args.join(" "), told(&output));
        serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{e}: {}", told(&output)))
    }

    #[track_caller]
    fn pull(&self, args: &[&str]) -> PulledModel {
        let pulled = self.json(&[&["models", "pull"], args].concat(), &[]);
        self.hub.assert_well_behaved();
        pulled
    }

    /// What is said of a pull that has to fail; nothing is listed afterwards that was not before.
    #[track_caller]
    fn refused(&self, args: &[&str], environment: &[(&str, &str)]) -> String {
        let before = self.list();
        let output = self.run_with(&[&["models", "pull"], args].concat(), environment);
        assert_eq!(output.status.code(), Some(1), "{args:?}: {}", told(&output));
        assert_eq!(self.list(), before, "{args:?}");
        self.hub.assert_well_behaved();
        let said = String::from_utf8(output.stderr).expect("text");
        assert!(said.contains("error: ") && !said.contains("hf_"), "{said}");
        said
    }

    #[track_caller]
    fn listed(&self, name: &str) -> ModelInfo {
        let list: ModelList = self.json(&["models", "list"], &[]);
        list.models.into_iter().find(|model| model.name == name).unwrap_or_else(|| panic!("no {name} is listed"))
    }
}

fn tiny(file: &str) -> Vec<u8> {
    std::fs::read(repository().join("models/tiny").join(file)).expect("models/tiny")
}

fn configs(files: &[(&str, Value)]) -> impl Iterator<Item = (String, Vec<u8>)> {
    files
        .iter()
        .map(|(path, value)| ((*path).to_owned(), value.to_string().into_bytes()))
        .collect::<Vec<_>>()
        .into_iter()
}

/// As sentence-transformers publishes multilingual-e5: XLM-R, mean pooling, and no word of the prefixes.
fn e5() -> Repository {
    let module = |number: usize, kind: &str, path: &str| json!({"idx": number, "name": number.to_string(), "path": path, "type": format!("sentence_transformers.models.{kind}")});
    let mut files: std::collections::BTreeMap<_, _> = configs(&[
        (
            "config.json",
            json!({"architectures": ["XLMRobertaModel"], "model_type": "xlm-roberta", "hidden_size": 8,
                               "max_position_embeddings": 42, "pad_token_id": 1}),
        ),
        (
            "modules.json",
            json!([module(0, "Transformer", ""), module(1, "Pooling", "1_Pooling"), module(2, "Normalize", "2")]),
        ),
        (
            "1_Pooling/config.json",
            json!({"word_embedding_dimension": 8, "pooling_mode_cls_token": false,
                                         "pooling_mode_mean_tokens": true, "pooling_mode_max_tokens": false}),
        ),
        ("sentence_bert_config.json", json!({"max_seq_length": 512, "do_lower_case": false})),
        ("tokenizer_config.json", json!({"model_max_length": 512})),
    ])
    .collect();
    files.insert("onnx/model.onnx".into(), tiny("xlmr/model.onnx"));
    files.insert("tokenizer.json".into(), tiny("xlmr/tokenizer.json"));
    files.insert("README.md".into(), b"# a model".to_vec());
    let card = json!({"license": "mit", "language": ["multilingual", "en", "zh"]});
    Repository { files, card, tags: vec!["sentence-similarity", "onnx"], ..Repository::default() }
}

/// As BGE is published, with the weights outside of the graph.
fn bge() -> Repository {
    let mut files: std::collections::BTreeMap<_, _> = configs(&[
        ("config.json", json!({"architectures": ["BertModel"], "model_type": "bert", "max_position_embeddings": 42})),
        ("1_Pooling/config.json", json!({"pooling_mode_cls_token": true, "pooling_mode_mean_tokens": false})),
    ])
    .collect();
    files.insert("model.onnx".into(), tiny("bert/model.onnx"));
    files.insert("bert_weights.bin".into(), tiny("bert/bert_weights.bin"));
    files.insert("tokenizer.json".into(), tiny("bert/tokenizer.json"));
    Repository { files, card: json!({"license": "mit"}), tags: vec!["feature-extraction"], ..Repository::default() }
}

fn cross_encoder() -> Repository {
    let config = json!({"architectures": ["BertForSequenceClassification"], "id2label": {"0": "LABEL_0"},
                        "max_position_embeddings": 42});
    let mut files: std::collections::BTreeMap<_, _> = configs(&[("config.json", config)]).collect();
    files.insert("onnx/model.onnx".into(), tiny("reranker-1/model.onnx"));
    files.insert("tokenizer.json".into(), tiny("bert/tokenizer.json"));
    let card = json!({"license": "apache-2.0", "language": "en"});
    Repository { files, card, tags: vec!["text-ranking"], ..Repository::default() }
}

#[test]
fn the_default_models_are_listed_with_their_sums() {
    let taproot = Taproot::new();
    let list: ModelList = taproot.json(&["models", "list"]);
    let embedder = &list.models[0];
    assert_eq!((embedder.name.as_str(), embedder.dimensions), ("all-minilm-l6-v2", Some(384)));
    assert!(
        list.models.iter().all(|model| model.files == ModelFiles::Ok && model.in_use && model.bytes > Some(1_000_000))
    );
    let shown = String::from_utf8(taproot.run(&["models", "list"]).stdout).expect("text");
    for line in [
        "* all-minilm-l6-v2       embedder · 384 dimensions · 256 tokens · en · Apache-2.0 · ",
        "* smollm2-135m-instruct  generator · 2048 tokens · en · Apache-2.0 · ",
    ] {
        assert!(shown.contains(line), "{shown}");
    }
}

#[test]
fn a_pulled_embedder_answers_searches() {
    let workshop = Workshop::new();
    workshop.hub.add("intfloat/multilingual-e5-tiny", e5());
    let pulled = workshop.pull(&["hf:intfloat/multilingual-e5-tiny"]);
    let model = &pulled.model;
    assert!(!pulled.was_there && !model.in_use);
    assert_eq!(
        (model.name.as_str(), model.task, model.dimensions),
        ("multilingual-e5-tiny", ModelTask::Embedder, Some(8))
    );
    assert_eq!((model.max_tokens, model.license.as_str()), (40, "MIT"), "of 42 positions XLM-R uses 40");
    assert_eq!(model.languages, ["en", "zh"]);
    assert_eq!(model.source, format!("hf:intfloat/multilingual-e5-tiny@{COMMIT} onnx/model.onnx"));
    let list = workshop.list();
    assert!(list.starts_with(workshop.original.trim_end()), "what stood in the list stands there");
    for line in [
        "pooling = \"mean\"",
        "query_prefix = \"query: \"",
        "passage_prefix = \"passage: \"",
        &format!("sha256 = \"{}\"", sha256(&tiny("xlmr/model.onnx"))),
        &format!("tokenizer_sha256 = \"{}\"", sha256(&tiny("xlmr/tokenizer.json"))),
    ] {
        assert!(list[workshop.original.len()..].contains(line), "{line}: {list}");
    }

    // Nothing is fetched twice, and nothing but a pull goes to the hub.
    workshop.hub.sent();
    assert!(workshop.pull(&["hf:intfloat/multilingual-e5-tiny"]).was_there);
    assert_eq!(workshop.hub.sent(), []);
    let asked = workshop.hub.asked();
    assert_eq!(workshop.listed("multilingual-e5-tiny").files, ModelFiles::Ok);

    workshop.taproot.write("leave.md", "# Leave\n\nThe employee is in the hotel, and the leave is 24 days a year.\n");
    workshop
        .taproot
        .write("年假.md", "# 年假\n\n员工有几天年假，年假最晚可以用到什么时候。休年假的员工可以用到年假最晚的天。\n");
    let documents = workshop.taproot.documents_folder();
    let chosen = [("TAPROOT_MODELS_EMBEDDER", "multilingual-e5-tiny")];
    let report: Value = workshop.json(&["ingest", &documents.to_string_lossy()], &chosen);
    assert_eq!(report["added"], 2, "{report}");
    for query in ["How many days of leave is a year?", "年假最晚可以用到什么时候？"] {
        let found: Value = workshop.json(&["search", query], &chosen);
        let hits = found["hits"].as_array().expect("hits");
        assert!(!hits.is_empty() && hits.iter().all(|hit| hit["scores"]["vector"].is_number()), "{query}: {found}");
    }
    assert_eq!(workshop.hub.asked(), asked);

    // The same data with another embedder would compare vectors of two models.
    let output = workshop.run_with(&["search", "leave"], &[]);
    let said = String::from_utf8(output.stderr.clone()).expect("text");
    assert_eq!(output.status.code(), Some(1), "{}", told(&output));
    assert!(said.contains("made with embedder multilingual-e5-tiny@") && said.contains("all-minilm-l6-v2@"), "{said}");
    assert!(said.contains("hint: name another folder with --data"), "{said}");
    let output = workshop.run_with(&["search", "leave"], &[("TAPROOT_MODELS_EMBEDDER", "e5")]);
    let said = String::from_utf8(output.stderr).expect("text");
    assert!(said.contains("lists no embedder of that name") && said.contains("\"multilingual-e5-tiny\""), "{said}");
}

/// `make run` prepares the models folder each time.
#[test]
fn set_up_keeps_what_was_pulled() {
    let workshop = Workshop::new();
    workshop.hub.add("a/multilingual-e5-tiny", e5());
    workshop.pull(&["hf:a/multilingual-e5-tiny"]);
    let script = "import sys; sys.path.insert(0, 'scripts'); sys.dont_write_bytecode = True\n\
                  from setup_models import with_others\n\
                  sys.stdout.write(with_others(open('models/models.toml').read(), open(sys.argv[1]).read()))";
    let mut python = std::process::Command::new("python3");
    python.args(["-c", script]).arg(workshop.folder().join("models.toml")).current_dir(repository());
    let output = output_of(python);
    let (written, shipped) = (String::from_utf8(output.stdout.clone()), repository().join("models/models.toml"));
    let shipped = std::fs::read_to_string(shipped).expect("the default list");
    let others = written.expect("text");
    let others = others.strip_prefix(shipped.trim_end()).unwrap_or_else(|| panic!("{}", told(&output)));
    assert_eq!(others.trim(), workshop.list()[workshop.original.trim_end().len()..].trim(), "each model once");
}

#[test]
fn a_download_that_breaks_off_goes_on() {
    let workshop = Workshop::new();
    workshop.hub.add("a/multilingual-e5-tiny", e5());
    let sum = sha256(&tiny("xlmr/model.onnx"));
    let froms = |workshop: &Workshop| -> Vec<Option<usize>> {
        workshop.hub.sent().into_iter().inspect(|sent| assert_eq!(sent.sha256, sum)).map(|sent| sent.from).collect()
    };
    workshop.hub.cut(&[3_000, 0, 2_000]);
    workshop.hub.busy(1);
    workshop.pull(&["hf:a/multilingual-e5-tiny", "--name", "first"]);
    assert_eq!(froms(&workshop), [None, Some(3_000), Some(3_000), Some(5_000)]);

    // One that stays broken is given up, and the next run goes on where it was.
    workshop.hub.cut(&[1_000, 0, 0, 0, 0]);
    let said = workshop.refused(&["hf:a/multilingual-e5-tiny", "--name", "second"], &[]);
    assert!(said.contains("onnx/model.onnx broke off at 1000 bytes"), "{said}");
    assert!(said.contains("hint: run the same command again"), "{said}");
    froms(&workshop);
    workshop.hub.cut(&[]);
    workshop.pull(&["hf:a/multilingual-e5-tiny@v1", "--name", "second"]);
    assert_eq!(froms(&workshop), [Some(1_000)]);
    assert_eq!(workshop.listed("second").files, ModelFiles::Ok);
}

#[test]
fn a_file_that_is_not_what_it_should_be_is_not_listed() {
    let workshop = Workshop::new();
    workshop.hub.add("a/multilingual-e5-tiny", e5());
    workshop.hub.damage(true);
    let said = workshop.refused(&["hf:a/multilingual-e5-tiny"], &[]);
    assert!(
        said.contains("onnx/model.onnx arrived with the sum ") && said.contains(&sha256(&tiny("xlmr/model.onnx"))),
        "{said}"
    );
    assert!(!workshop.folder().join("multilingual-e5-tiny").exists());
    workshop.hub.damage(false);
    workshop.pull(&["hf:a/multilingual-e5-tiny"]);

    // Damaged on this disk: told, and mended by the same command.
    let onnx = workshop.folder().join("multilingual-e5-tiny/onnx/model.onnx");
    let mut content = std::fs::read(&onnx).expect("the file");
    content[4_000] ^= 1;
    std::fs::write(&onnx, content).expect("written");
    assert_eq!(workshop.listed("multilingual-e5-tiny").files, ModelFiles::WrongSum);
    let listed = workshop.list();
    assert!(!workshop.pull(&["hf:a/multilingual-e5-tiny"]).was_there);
    assert_eq!(workshop.listed("multilingual-e5-tiny").files, ModelFiles::Ok);
    assert_eq!(workshop.list(), listed);
    std::fs::remove_file(&onnx).expect("removed");
    assert_eq!(workshop.listed("multilingual-e5-tiny").files, ModelFiles::Missing);
}

#[test]
fn weights_outside_of_the_graph_come_along() {
    let workshop = Workshop::new();
    workshop.hub.add("BAAI/bge-tiny-zh-v1.5", bge());
    let model = workshop.pull(&["hf:BAAI/bge-tiny-zh-v1.5"]).model;
    assert_eq!(
        (model.languages.as_slice(), model.max_tokens),
        (["zh".to_owned()].as_slice(), 42),
        "the family is known"
    );
    let list = workshop.list();
    assert!(list.contains("为这个句子生成表示以用于检索相关文章：") && list.contains("pooling = \"cls\""), "{list}");
    assert!(list.contains("bge-tiny-zh-v1.5/bert_weights.bin"), "{list}");

    let mut lost = bge();
    lost.files.remove("bert_weights.bin");
    workshop.hub.add("a/bge-lost-zh", lost);
    let said = workshop.refused(&["hf:a/bge-lost-zh"], &[]);
    assert!(said.contains("has no bert_weights.bin, which model.onnx needs"), "{said}");
    // A graph that names a file elsewhere.
    let mut hostile = bge();
    let graph = hostile.files.get_mut("model.onnx").expect("a graph");
    let name = b"bert_weights.bin";
    while let Some(at) = graph.windows(name.len()).position(|window| window == name) {
        graph[at..at + name.len()].copy_from_slice(b"../../models.tom");
    }
    workshop.hub.add("a/bge-hostile-zh", hostile);
    let said = workshop.refused(&["hf:a/bge-hostile-zh"], &[]);
    assert!(said.contains("leads out of the model's folder"), "{said}");
}

#[test]
fn a_cross_encoder_is_recognised() {
    let workshop = Workshop::new();
    workshop.hub.add("cross-encoder/tiny", cross_encoder());
    workshop
        .hub
        .add("cross-encoder/old-name", Repository { moved_to: Some("cross-encoder/tiny"), ..Repository::default() });
    let pulled = workshop.pull(&["hf:cross-encoder/old-name"]);
    assert_eq!((pulled.model.task, pulled.model.dimensions), (ModelTask::Reranker, None));
    assert!(pulled.model.in_use, "the only one listed");
    let list: ModelList = workshop.json(&["models", "list"], &[("TAPROOT_MODELS_RERANKER", "off")]);
    assert!(list.models.iter().all(|model| model.task != ModelTask::Reranker || !model.in_use));
}

#[test]
fn what_cannot_be_had_is_told_with_what_to_do() {
    let workshop = Workshop::new();
    let hub = &workshop.hub;
    hub.add("a/private", Repository { private: true, ..e5() });
    hub.add("a/gated", Repository { gated: true, ..e5() });
    hub.add("a/e5-tiny", e5());
    let mut bare = e5();
    bare.files.remove("onnx/model.onnx");
    hub.add("a/bare", bare.clone());
    bare.files.insert("onnx/model_int8.onnx".into(), b"1".to_vec());
    bare.files.insert("onnx/model_fp16.onnx".into(), b"2".to_vec());
    hub.add("a/several", bare.clone());
    bare.files.insert("onnx/model.onnx".into(), b"version https://git-lfs.github.com/spec/v1".to_vec());
    hub.add("a/no-graph", bare);
    let mut silent = e5();
    silent.card = json!({});
    hub.add("a/silent", silent.clone());
    hub.add("a/silent-too", silent);

    let (token, other) = ([("HF_TOKEN", TOKEN)], [("HF_TOKEN", "hf_of_somebody_else")]);
    for (args, environment, told, hint) in [
        (&["hf:a/nothing"][..], &[][..], "does not know a/nothing at main", "for a private model set HF_TOKEN"),
        (&["hf:a/nothing"], &token, "does not know a/nothing at main", "the account of HF_TOKEN may read it"),
        (&["hf:a/private"], &[], "does not know a/private at main", "for a private model set HF_TOKEN"),
        (&["hf:a/private"], &other, "does not accept the token", "make a new token"),
        (&["hf:a/gated"], &token, "only to accounts that have been let in", "accept the model's conditions"),
        (&["hf:a/e5-tiny@v2"], &[], "does not know a/e5-tiny at v2", "check the name and the revision"),
        (&["hf:a/bare"], &[], "a/bare has no ONNX file", "look for a repository with an ONNX export"),
        (&["hf:a/several"], &[], "onnx/model_fp16.onnx, onnx/model_int8.onnx", "name one with --file"),
        (&["hf:a/several", "--file", "onnx/model_q4.onnx"], &[], "has no onnx/model_q4.onnx", "ONNX export"),
        (&["hf:a/e5-tiny", "--file", "../../x.onnx"], &[], "leads out of the model's folder", ""),
        (&["hf:a/no-graph"], &[], "it is no ONNX file", ""),
        (&["hf:a/silent"], &[], "do not tell its languages", "--languages en,zh"),
        (&["hf:a/e5-tiny", "--pooling", "cls", "--task", "reranker"], &[], "a reranker has [1, 1] or [1, 2]", ""),
        (&["hf:a/e5-tiny", "--name", "../x"], &[], "cannot be a model's name here", "lower-case letters"),
        (&["hf:a/e5-tiny", "--name", "all-minilm-l6-v2"], &[], "lists another model named", "--name"),
        (&["a/e5-tiny"], &[], "is no name of a model", "write hf:OWNER/NAME"),
    ] {
        let said = workshop.refused(args, environment);
        assert!(said.contains(told) && said.contains(hint), "{args:?}: {said}");
    }
    workshop.hub.sent();
    workshop.refused(&["hf:a/silent-too"], &[]);
    assert_eq!(workshop.hub.sent(), [], "what has to be asked for is asked for before the weights are fetched");
    let said = workshop.refused(&["hf:a/nothing"], &[("HF_TOKEN", TOKEN), ("RUST_LOG", "trace")]);
    assert!(!said.contains(TOKEN));
    let pulled: PulledModel = workshop.json(&["models", "pull", "hf:a/private", "--name", "ours"], &token);
    workshop.hub.assert_well_behaved();
    assert_eq!(pulled.model.name, "ours");
}

#[test]
fn without_a_network_a_pull_says_what_to_do() {
    let workshop = Workshop::new();
    // A port that was free a moment ago; nobody listens on it.
    let closed = std::net::TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port");
    let endpoint = format!("http://{closed}");
    let said = workshop.refused(&["hf:a/b"], &[("HF_ENDPOINT", &endpoint)]);
    assert!(said.contains(&format!("{closed} cannot be reached")) && said.contains("HF_ENDPOINT"), "{said}");
    let said = workshop.refused(&["hf:a/b"], &[("HF_ENDPOINT", "huggingface.co")]);
    assert!(said.contains("which is no address of a hub"), "{said}");
}
