//! Settings: from the file, the environment and the command line to the types that modules take.
//!
//! In: the global options and the process environment. Out: a checked [`Config`]. This is the only module that
//! reads the environment, looks for the settings file, or knows the name of a setting. Nothing is opened here
//! but the settings file and the file of a key; where the models are is only looked up by commands that need them.

mod access;
mod check;
mod environment;
mod overlay;
mod told;
mod upstream;

use std::ffi::OsString;
use std::net::{SocketAddr, ToSocketAddrs};
use std::path::{Path, PathBuf};
use std::time::Duration;

use taproot_engine::models::{Choice, GeneratorPool, LIST, Pick};
use taproot_engine::{EngineConfig, QdrantServer};
use taproot_ingest::Chunking;
use taproot_parse::sandbox::{OcrProgram, OcrSettings, ParserLimits};
use taproot_schemas::setting::{Setting, SettingSource};
use taproot_schemas::settings::{IngestSettings, ModelSettings, Settings, Source, VectorSettings};
use toml::Table;

use crate::error::{Error, Result};
use crate::hub::HubConfig;
use crate::parser::Parser;

pub use access::{AccessConfig, AuditConfig, LimitsConfig, OidcConfig, TlsFiles, is_private};
pub use check::is_plain as is_plain_name;
pub use environment::Environment;
use upstream::UpstreamChoice;

const SETTINGS_FILE: &str = "taproot.toml";
const INSTALLED_MODELS: &str = "/usr/share/taproot/models";
const DEFAULT_HUB: &str = "https://huggingface.co";
/// In place of a name: none.
const OFF: &str = "off";
/// Where documents go that nobody gave a collection.
pub const DEFAULT_COLLECTION: &str = "default";
const MIB: u64 = 1024 * 1024;

/// What the program decided, from what its user wrote.
#[derive(Debug, Clone)]
pub struct Config {
    pub data_dir: PathBuf,
    /// This program, which runs again as the parser child.
    pub program: PathBuf,
    pub parser_limits: ParserLimits,
    /// Threads that run models; also how many questions of a batch are asked at a time.
    pub threads: usize,
    pub serve: ServeConfig,
    /// The settings file, where there is one.
    pub file: Option<PathBuf>,
    /// The settings for administrators, without secrets.
    pub told: Vec<Setting>,
    /// The folders of programs, as in PATH.
    path: OsString,
    hub: HubConfig,
    upstream: Option<UpstreamChoice>,
    settings: Settings,
}

/// What the HTTP server needs to know.
#[derive(Debug, Clone)]
pub struct ServeConfig {
    pub address: SocketAddr,
    pub allowed_origins: Vec<String>,
    pub allowed_hosts: Vec<String>,
    pub max_body_bytes: usize,
    pub max_upload_bytes: u64,
    pub shutdown_grace: Duration,
    pub sources: Vec<SourceConfig>,
    /// How often a watched folder is looked through, whatever was noticed.
    pub full_check: Duration,
    pub slack: Option<SlackConfig>,
    pub tls: Option<TlsFiles>,
    pub access: AccessConfig,
    pub oidc: Option<OidcConfig>,
    pub limits: LimitsConfig,
    pub audit: AuditConfig,
}

/// A folder that the settings name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceConfig {
    pub name: String,
    pub path: PathBuf,
    pub collection: String,
    pub allow: Vec<String>,
    pub delete: bool,
    pub every: Option<Duration>,
    pub watch: bool,
}

/// A Slack app that is allowed to ask.
#[derive(Clone)]
pub struct SlackConfig {
    pub signing_secret: String,
    pub bot_token: String,
    /// Without a slash at the end.
    pub api_url: String,
}

impl std::fmt::Debug for SlackConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SlackConfig").field("api_url", &self.api_url).finish_non_exhaustive()
    }
}

impl Config {
    /// Reads `file`, else `DATA/taproot.toml`, else `./taproot.toml`, else nothing; lays the environment over it.
    pub fn load(data_dir: PathBuf, file: Option<&Path>, environment: &Environment) -> Result<Config> {
        let found = match file {
            Some(path) => Some(path.to_path_buf()),
            None => {
                [data_dir.join(SETTINGS_FILE), PathBuf::from(SETTINGS_FILE)].into_iter().find(|path| path.is_file())
            }
        };
        let (settings, table) = found.as_deref().map(read_file).transpose()?.unzip();
        let mut settings: Settings = settings.unwrap_or_default();
        overlay::apply(&mut settings, environment)?;
        check::check(&settings)?;
        let told = told::told(&settings, table.as_ref(), environment);
        Ok(Config { file: found, told, ..resolve(data_dir, settings, environment)? })
    }

    /// Listens on another address than the settings say.
    pub fn listen_on(&mut self, address: &str) -> Result<()> {
        self.serve.address = socket_address("--address", address)?;
        if let Some(told) = self.told.iter_mut().find(|setting| setting.name == "server.address") {
            (told.value, told.source) = (address.into(), SettingSource::CommandLine);
        }
        Ok(())
    }

    /// What the engine needs to open. Fails when the models are nowhere to be found.
    pub fn engine(&self) -> Result<EngineConfig> {
        let Settings { server, vectors, search, answer, .. } = &self.settings;
        Ok(EngineConfig {
            data_dir: self.data_dir.clone(),
            models_dir: self.models_dir()?,
            models: self.model_choice(),
            threads: self.threads,
            max_queue: server.max_queue,
            max_query_chars: server.max_query_chars,
            qdrant: vectors.url.as_ref().map(|url| QdrantServer {
                url: url.clone(),
                api_key: vectors.api_key.clone(),
                collection: vectors.collection.clone(),
            }),
            passages: answer.passages,
            max_sentences: answer.max_sentences,
            max_answer_chars: answer.max_chars,
            mode: answer.mode,
            when_busy: answer.when_busy,
            strictness: answer.strictness,
            keep_conversations_days: answer.keep_conversations_days,
            glossary: search.glossary.as_ref().map(PathBuf::from),
            rerank: search.rerank,
            upstream: self.upstream.as_ref().and_then(UpstreamChoice::config),
        })
    }

    /// Fails when the settings name a key for the upstream model that is not there. A server that starts without it would
    /// tell so only to who asks; a command that needs no model goes on without.
    pub fn upstream_is_ready(&self) -> Result<()> {
        self.upstream.as_ref().map_or(Ok(()), UpstreamChoice::ready)
    }

    /// The same settings over a data directory that is thrown away. Its vectors are embedded: a Qdrant server's belong
    /// to the directory that was configured.
    pub fn in_scratch(&self, data_dir: PathBuf) -> Config {
        let vectors = VectorSettings { url: None, ..self.settings.vectors.clone() };
        Config { data_dir, settings: Settings { vectors, ..self.settings.clone() }, ..self.clone() }
    }

    /// How files are parsed and cut.
    pub fn parser(&self) -> Parser {
        let IngestSettings { chunk_tokens, overlap_tokens, .. } = self.settings.ingest;
        let program = match self.settings.ingest.ocr.as_str() {
            "off" => OcrProgram::Off,
            "auto" => OcrProgram::In(self.path.clone()),
            path => OcrProgram::At(PathBuf::from(path)),
        };
        let languages = self.settings.ingest.ocr_languages.clone();
        Parser {
            program: self.program.clone(),
            limits: self.parser_limits,
            ocr: OcrSettings { languages, ..OcrSettings::new(program) },
            chunking: Chunking { max_tokens: chunk_tokens, overlap_tokens },
        }
    }

    /// Which of the listed models are meant.
    pub fn model_choice(&self) -> Choice {
        let ModelSettings { embedder, reranker, generator, generator_sessions, generator_queue, .. } =
            &self.settings.models;
        let pick = |name: &Option<String>| match name.as_deref() {
            None => Pick::First,
            Some(OFF) => Pick::None,
            Some(name) => Pick::Named(name.to_owned()),
        };
        Choice {
            embedder: embedder.clone(),
            reranker: pick(reranker),
            generator: pick(generator),
            generators: GeneratorPool {
                sessions: *generator_sessions,
                threads: self.threads,
                max_waiting: *generator_queue,
            },
        }
    }

    /// Where models are pulled from.
    pub fn hub(&self) -> &HubConfig {
        &self.hub
    }

    /// The folder of the settings when they name one; else the first of the usual places that holds a list of models.
    pub fn models_dir(&self) -> Result<PathBuf> {
        let candidates = match &self.settings.models.dir {
            Some(dir) => vec![PathBuf::from(dir)],
            None => {
                let beside = self.program.parent().map(|dir| dir.join("models"));
                beside.into_iter().chain([PathBuf::from(".cache/models"), PathBuf::from(INSTALLED_MODELS)]).collect()
            }
        };
        match candidates.iter().find(|dir| dir.join(LIST).is_file()) {
            Some(dir) => Ok(dir.clone()),
            None => Err(Error::ModelsNotFound { looked_in: candidates }),
        }
    }
}

/// Paths in the file are relative to the file, so that it means the same wherever the program is started.
fn read_file(path: &Path) -> Result<(Settings, Table)> {
    let text =
        std::fs::read_to_string(path).map_err(|source| Error::SettingsFile { path: path.to_path_buf(), source })?;
    let mut settings: Settings = toml::from_str(&text)
        .map_err(|error| Error::SettingsSyntax { path: path.to_path_buf(), detail: mistake(&text, &error) })?;
    let table = text.parse().unwrap_or_default();
    let folder = path.parent().unwrap_or(Path::new(""));
    let sources = settings.sources.iter_mut().map(|source| &mut source.path);
    let files = [
        &mut settings.upstream.key_file,
        &mut settings.oidc.client_secret_file,
        &mut settings.server.tls_certificate,
        &mut settings.server.tls_key,
    ];
    let files = files.into_iter().flatten();
    for relative in settings.models.dir.iter_mut().chain(&mut settings.search.glossary).chain(files).chain(sources) {
        // An empty path stays empty, so that the check can say so.
        if !relative.is_empty() {
            *relative = folder.join(&relative).to_string_lossy().into_owned();
        }
    }
    Ok((settings, table))
}

/// What is wrong, with the line that is; without it where the line may hold a secret, which somebody took for a setting.
fn mistake(text: &str, error: &toml::de::Error) -> String {
    let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
    let number = before.matches('\n').count() + 1;
    let line = text.lines().nth(number - 1).unwrap_or_default().to_ascii_lowercase();
    if ["key", "secret", "token"].iter().any(|word| line.contains(word)) {
        return format!("line {number}: {}", error.message());
    }
    error.to_string().trim_end().to_owned()
}

fn resolve(data_dir: PathBuf, settings: Settings, environment: &Environment) -> Result<Config> {
    let Settings { server, ingest, slack, .. } = &settings;
    let cores = std::thread::available_parallelism().map_or(1, |cores| cores.get());
    let slack = match (&slack.signing_secret, &slack.bot_token) {
        (Some(signing_secret), Some(bot_token)) => Some(SlackConfig {
            signing_secret: signing_secret.clone(),
            bot_token: bot_token.clone(),
            api_url: slack.api_url.trim_end_matches('/').to_string(),
        }),
        _ => None,
    };
    let sources = settings.sources.iter().map(source).collect::<Result<Vec<_>>>()?;
    let upstream = upstream::resolve(&settings, environment)?;
    Ok(Config {
        data_dir,
        upstream,
        program: environment::this_program()?,
        parser_limits: ParserLimits {
            max_file_bytes: ingest.max_file_mib * MIB,
            max_document_chars: ingest.max_document_chars,
            timeout: Duration::from_secs(ingest.parse_timeout_s),
            memory_bytes: ingest.parse_memory_mib * MIB,
        },
        file: None,
        told: Vec::new(),
        path: environment.path(),
        hub: HubConfig {
            endpoint: environment.value("HF_ENDPOINT").unwrap_or(DEFAULT_HUB).to_owned(),
            token: environment.value("HF_TOKEN").map(str::to_owned),
        },
        threads: settings.models.threads.unwrap_or(cores),
        serve: ServeConfig {
            address: socket_address("server.address", &server.address)?,
            allowed_origins: server.allowed_origins.clone(),
            allowed_hosts: server.allowed_hosts.clone(),
            max_body_bytes: (server.max_body_kib * 1024) as usize,
            max_upload_bytes: server.max_upload_mib * MIB,
            shutdown_grace: Duration::from_secs(server.shutdown_grace_s),
            sources,
            full_check: Duration::from_secs(ingest.full_check_s),
            slack,
            tls: access::tls(&settings),
            access: access::access(&settings),
            oidc: access::oidc(&settings)?,
            limits: access::limits(&settings),
            audit: access::audit(&settings),
        },
        settings,
    })
}

fn source(source: &Source) -> Result<SourceConfig> {
    Ok(SourceConfig {
        name: source.name.clone(),
        path: PathBuf::from(&source.path),
        collection: source.collection.clone().unwrap_or_else(|| DEFAULT_COLLECTION.into()),
        allow: source.allow.clone(),
        delete: source.delete,
        every: check::interval(source)?,
        watch: source.watch,
    })
}

/// `127.0.0.1:8080`, `[::1]:8080`, `localhost:8080`; of several addresses of a name, the first.
fn socket_address(field: &str, address: &str) -> Result<SocketAddr> {
    address.to_socket_addrs().ok().and_then(|mut found| found.next()).ok_or_else(|| Error::Setting {
        field: field.into(),
        problem: format!("is {address:?}, which is no address to listen on"),
        allowed: "write HOST:PORT, for example 127.0.0.1:8080; port 0 takes any free port".into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(text: &str, environment: &[(&str, &str)]) -> Result<Config> {
        let dir = std::env::temp_dir().join(format!("taproot-config-{}", uuid::Uuid::new_v4().simple()));
        std::fs::create_dir_all(&dir).unwrap();
        std::fs::write(dir.join(SETTINGS_FILE), text).unwrap();
        let config = Config::load(dir.clone(), None, &Environment::of(environment));
        std::fs::remove_dir_all(dir).unwrap();
        config
    }

    #[test]
    fn the_environment_lies_over_the_file() {
        let config = load(
            "[server]\naddress = \"127.0.0.1:1\"\nmax_body_kib = 7\n",
            &[("TAPROOT_SERVER_ADDRESS", "127.0.0.1:0"), ("TAPROOT_MODELS_THREADS", "1")],
        )
        .unwrap();
        assert_eq!(config.serve.address.port(), 0);
        assert_eq!(config.serve.max_body_bytes, 7 * 1024);
        assert_eq!(config.threads, 1);
        assert!(config.serve.slack.is_none());
    }

    #[test]
    fn slack_needs_both_of_its_secrets() {
        let error = load("[slack]\nbot_token = \"xoxb-1\"\n", &[]).unwrap_err();
        assert!(error.to_string().starts_with("the setting slack.signing_secret is missing"), "{error}");
        let both = [("TAPROOT_SLACK_BOT_TOKEN", "xoxb-1"), ("TAPROOT_SLACK_SIGNING_SECRET", "s")];
        let slack = load("", &both).unwrap().serve.slack.unwrap();
        assert_eq!((slack.signing_secret.as_str(), slack.api_url.as_str()), ("s", "https://slack.com/api"));
        assert!(!format!("{slack:?}").contains("xoxb"), "secrets stay out of logs");
    }

    #[test]
    fn a_name_that_is_no_setting_is_told_with_its_place() {
        let error = load("[server]\nadress = \"127.0.0.1:1\"\n", &[]).unwrap_err().to_string();
        assert!(error.contains("adress") && error.contains("taproot.toml"), "{error}");
    }

    /// The message would show the line.
    #[test]
    fn a_secret_where_none_belongs_is_not_shown() {
        let error = load("[upstream]\nkey = \"sk-hush\"\n", &[]).unwrap_err().to_string();
        assert!(error.contains("unknown field `key`") && error.contains("line 2"), "{error}");
        assert!(!error.contains("hush"), "{error}");
    }

    #[test]
    fn paths_in_the_file_are_relative_to_the_file() {
        let config = load("[[sources]]\nname = \"hr\"\npath = \"docs/hr\"\n", &[]).unwrap();
        let path = &config.serve.sources[0].path;
        assert!(path.starts_with(&config.data_dir) && path.ends_with("docs/hr"), "{}", path.display());
    }

    #[test]
    fn missing_models_name_the_places() {
        let config = load("[models]\ndir = \"/nowhere/at/all\"\n", &[]).unwrap();
        let error = config.engine().unwrap_err();
        assert_eq!(error.to_string(), "the models are nowhere to be found; looked in /nowhere/at/all");
        assert!(error.hint().is_some_and(|hint| hint.contains("make run")));
    }
}
