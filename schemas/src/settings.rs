//! The settings file as the user writes it. Reading, checking and resolving it is the server's work.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::answer::Mode;

/// `taproot.toml`; every field has a default. `TAPROOT_SECTION_KEY` in the environment overrides `section.key`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    pub server: ServerSettings,
    pub models: ModelSettings,
    pub vectors: VectorSettings,
    pub ingest: IngestSettings,
    pub search: SearchSettings,
    pub answer: AnswerSettings,
    pub upstream: UpstreamSettings,
    pub access: AccessSettings,
    pub oidc: OidcSettings,
    pub limits: LimitSettings,
    pub audit: AuditSettings,
    pub slack: SlackSettings,
    pub sources: Vec<Source>,
    /// By the name of the collection; one that is not named has the defaults.
    pub collections: BTreeMap<String, CollectionSettings>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ServerSettings {
    pub address: String,
    /// Origins of pages that may embed the widget (`https://intranet.example.com`), or `*`.
    /// Pages served from this machine's loopback addresses may always, while the server itself listens on one.
    pub allowed_origins: Vec<String>,
    /// Values of the Host header that are answered besides the address that is listened on; `*` for any.
    pub allowed_hosts: Vec<String>,
    pub max_body_kib: u64,
    /// Size of one `POST /v1/documents` with all its files.
    pub max_upload_mib: u64,
    pub max_query_chars: usize,
    /// Requests that may wait for a processor before callers are told to come back.
    pub max_queue: usize,
    pub shutdown_grace_s: u64,
    /// PEM files of a certificate (with its chain) and its key: with both the server speaks TLS.
    pub tls_certificate: Option<String>,
    pub tls_key: Option<String>,
    /// Addresses of proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<String>,
    /// How people reach the server (`https://kb.example.com`), where that is not the address it is asked at.
    pub public_url: Option<String>,
}

impl Default for ServerSettings {
    fn default() -> Self {
        Self {
            address: "127.0.0.1:8080".into(),
            allowed_origins: Vec::new(),
            allowed_hosts: Vec::new(),
            max_body_kib: 256,
            max_upload_mib: 256,
            max_query_chars: 8_000,
            max_queue: 256,
            shutdown_grace_s: 30,
            tls_certificate: None,
            tls_key: None,
            trusted_proxies: Vec::new(),
            public_url: None,
        }
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ModelSettings {
    /// Folder with `models.toml`, the ONNX files and the runtime library; when absent, looked for beside the program.
    pub dir: Option<String>,
    /// Name of the embedder in `models.toml`; the first listed when absent. A data directory keeps the one it began with.
    pub embedder: Option<String>,
    /// Name of the reranker in `models.toml`, or `off`; the first listed when absent, if there is one.
    pub reranker: Option<String>,
    /// Name of the generator in `models.toml`, or `off`; the first listed when absent, if there is one. It is loaded when
    /// it is first asked.
    pub generator: Option<String>,
    /// Answers that the generator writes at the same time, 1 to 16, each with all of `threads` and the memory of a model.
    pub generator_sessions: usize,
    /// Answers that may wait for the generator, 1 to 1,000, half of them of one caller.
    pub generator_queue: usize,
    /// Threads that run models, 1 to the number of cores; all cores when absent.
    pub threads: Option<usize>,
}

impl Default for ModelSettings {
    fn default() -> Self {
        Self {
            dir: None,
            embedder: None,
            reranker: None,
            generator: None,
            generator_sessions: 1,
            generator_queue: 8,
            threads: None,
        }
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct VectorSettings {
    /// gRPC address of a Qdrant server (`http://qdrant:6334`); embedded when absent.
    pub url: Option<String>,
    pub api_key: Option<String>,
    /// Name of the Qdrant collection. It belongs to one data directory: `taproot doctor --repair` takes out what this
    /// one does not know.
    pub collection: String,
}

impl Default for VectorSettings {
    fn default() -> Self {
        Self { url: None, api_key: None, collection: "taproot".into() }
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct IngestSettings {
    pub max_file_mib: u64,
    pub parse_timeout_s: u64,
    pub parse_memory_mib: u64,
    /// Characters of text that one document may hold; the rest of a longer file is an error, not cut off.
    pub max_document_chars: usize,
    /// Reads the text of scans and images with tesseract: `auto` where it is installed, `off`, or the path of the
    /// program.
    pub ocr: String,
    /// Tesseract's names of the languages to read, most important first; those that are not installed are left out.
    pub ocr_languages: Vec<String>,
    /// Tokens of a chunk at the most, with its title and headings, as the embedder counts; never more than it takes.
    pub chunk_tokens: usize,
    /// A sentence of at most this many tokens is repeated where a text goes on in the next chunk.
    pub overlap_tokens: usize,
    /// A watched folder is looked through this often even when no change was noticed.
    pub full_check_s: u64,
}

impl Default for IngestSettings {
    fn default() -> Self {
        Self {
            max_file_mib: 256,
            parse_timeout_s: 30,
            parse_memory_mib: 1024,
            max_document_chars: 20_000_000,
            ocr: "auto".into(),
            ocr_languages: ["eng", "chi_sim", "chi_tra"].map(str::to_owned).to_vec(),
            chunk_tokens: 192,
            overlap_tokens: 32,
            full_check_s: 600,
        }
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SearchSettings {
    /// File of words that mean the same; when absent, `glossary.toml` in the data directory if there is one.
    pub glossary: Option<String>,
    /// Whether a model reads the best hits of a search together with the query: a reranker where there is one, else, for
    /// questions, the reader.
    pub rerank: bool,
}

impl Default for SearchSettings {
    fn default() -> Self {
        Self { glossary: None, rerank: true }
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AnswerSettings {
    /// How an answer is composed when the request does not say.
    pub mode: Mode,
    /// 1 (answers on slight evidence) to 5 (refuses when in doubt).
    pub strictness: u8,
    /// Passages that are read for one question.
    pub passages: usize,
    /// Sentences that an answer quotes at the most; the steps of a procedure and the header of a table are not counted.
    pub max_sentences: usize,
    /// Characters that an answer quotes at the most.
    pub max_chars: usize,
    /// What a question gets that too many wait before.
    pub when_busy: WhenBusy,
    /// Days that a conversation is kept after its last question. 0 keeps none: nothing is written, and a conversation can
    /// be continued for an hour while the server runs.
    pub keep_conversations_days: u32,
}

/// What is done when more answers wait for the generator than may.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WhenBusy {
    /// The answer is composed of the documents' own sentences.
    #[default]
    Extractive,
    /// The caller is told to come back (429 with Retry-After).
    Refuse,
}

impl Default for AnswerSettings {
    fn default() -> Self {
        Self {
            mode: Mode::Extractive,
            strictness: 3,
            passages: 6,
            max_sentences: 3,
            max_chars: 1_200,
            when_busy: WhenBusy::default(),
            keep_conversations_days: 90,
        }
    }
}

/// A model behind an API that speaks OpenAI's chat completions. The key has no field here: it stands in the environment or
/// in a file of its own, so that this file can be shown to anybody.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct UpstreamSettings {
    /// Base address, without `/chat/completions` (`https://api.openai.com/v1`). No such model is asked when absent.
    pub url: Option<String>,
    pub api: UpstreamApi,
    /// Of Azure OpenAI (`2024-10-21`); of no other.
    pub api_version: Option<String>,
    /// Name of the model; for Azure OpenAI the name of the deployment.
    pub model: Option<String>,
    /// Name of the variable of the environment that holds the key.
    pub key_env: Option<String>,
    /// File that holds the key and nothing else.
    pub key_file: Option<String>,
    /// Price of 1,000 tokens that go out, and of 1,000 that come back.
    pub price_in: Option<f64>,
    pub price_out: Option<f64>,
    /// Currency of the two prices, as in ISO 4217 (`USD`).
    pub currency: Option<String>,
    pub connect_timeout_s: u64,
    /// Longest silence: before the first byte of an answer, and between two parts of it.
    pub timeout_s: u64,
    /// Further tries of a request that failed before any text came.
    pub retries: u32,
    /// Tokens of instructions, sources, question and answer together: the model's window, or less.
    pub max_context_tokens: usize,
    pub max_answer_tokens: u32,
    /// Field of the request that holds `max_answer_tokens`; newer models of OpenAI take the second one only.
    pub answer_tokens_field: AnswerTokensField,
    /// 0 to 2; not sent when absent, since some models take none.
    pub temperature: Option<f64>,
    /// Ask for the number of tokens used (`stream_options`), which servers of before 2024 do not know.
    pub include_usage: bool,
    /// Answers that are written at a time.
    pub max_concurrent: usize,
    /// Questions that may wait for one of those places before they are answered without the model.
    pub max_queue: usize,
    /// Whether an address without TLS is allowed that is not of this machine's loopback.
    pub allow_plain_http: bool,
}

impl Default for UpstreamSettings {
    fn default() -> Self {
        Self {
            url: None,
            api: UpstreamApi::Openai,
            api_version: None,
            model: None,
            key_env: None,
            key_file: None,
            price_in: None,
            price_out: None,
            currency: None,
            connect_timeout_s: 5,
            timeout_s: 30,
            retries: 2,
            max_context_tokens: 8_192,
            max_answer_tokens: 512,
            answer_tokens_field: AnswerTokensField::MaxTokens,
            temperature: None,
            include_usage: true,
            max_concurrent: 4,
            max_queue: 16,
            allow_plain_http: false,
        }
    }
}

/// Who may come in.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AccessSettings {
    /// Collections that whoever is not signed in may read, as far as they are open to everybody; `*` for all.
    pub public_collections: Vec<String>,
    /// How long a sign-in at the page lasts.
    pub session_hours: u32,
}

impl Default for AccessSettings {
    fn default() -> Self {
        Self { public_collections: Vec::new(), session_hours: 12 }
    }
}

/// Sign-in by OpenID Connect: for the page by code, for the API by bearer tokens.
#[derive(Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OidcSettings {
    /// Address of the issuer, below which `.well-known/openid-configuration` lies; off when absent.
    pub issuer: Option<String>,
    pub client_id: Option<String>,
    pub client_secret: Option<String>,
    /// File that holds the client's secret.
    pub client_secret_file: Option<String>,
    /// What bearer tokens are for (`aud`); the client's id when empty.
    pub audiences: Vec<String>,
    pub scopes: Vec<String>,
    /// Claim that holds the groups, with points between its parts (`realm_access.roles`).
    pub groups_claim: String,
    /// Groups whose members are let in as readers; everybody whom the issuer knows when empty.
    pub reader_groups: Vec<String>,
    pub editor_groups: Vec<String>,
    pub admin_groups: Vec<String>,
}

impl Default for OidcSettings {
    fn default() -> Self {
        Self {
            issuer: None,
            client_id: None,
            client_secret: None,
            client_secret_file: None,
            audiences: Vec::new(),
            scopes: ["openid", "profile", "email"].map(str::to_owned).to_vec(),
            groups_claim: "groups".into(),
            reader_groups: Vec::new(),
            editor_groups: Vec::new(),
            admin_groups: Vec::new(),
        }
    }
}

impl std::fmt::Debug for OidcSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OidcSettings").field("issuer", &self.issuer).finish_non_exhaustive()
    }
}

/// How much one key or person may ask for, and one address of whoever is not known.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LimitSettings {
    pub requests_per_minute: u32,
    /// Of one address.
    pub anonymous_requests_per_minute: u32,
    /// Keys and tokens of one address that are none.
    pub failed_sign_ins_per_minute: u32,
    /// Answers and streams that are open at the same time.
    pub answers_at_a_time: usize,
    /// Tokens that language models take and give, counted from midnight UTC or the start; 0 for no limit.
    pub tokens_per_day: u64,
}

impl Default for LimitSettings {
    fn default() -> Self {
        Self {
            requests_per_minute: 600,
            anonymous_requests_per_minute: 120,
            failed_sign_ins_per_minute: 20,
            answers_at_a_time: 16,
            tokens_per_day: 0,
        }
    }
}

/// The audit in `DATA/audit`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AuditSettings {
    /// Whether the texts of questions and queries are kept.
    pub questions: bool,
    /// Size of a file; then another one begins.
    pub max_file_mib: u64,
    /// Files that are kept.
    pub files: usize,
}

impl Default for AuditSettings {
    fn default() -> Self {
        Self { questions: true, max_file_mib: 16, files: 64 }
    }
}

/// Paths and header of the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UpstreamApi {
    /// `URL/chat/completions`, `Authorization: Bearer KEY`.
    Openai,
    /// `URL/openai/deployments/MODEL/chat/completions?api-version=VERSION`, `api-key: KEY`.
    Azure,
}

/// Name of the field that limits an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AnswerTokensField {
    MaxTokens,
    MaxCompletionTokens,
}

/// What holds for the documents of one collection.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CollectionSettings {
    /// Whether their text may be sent to the model of `[upstream]`.
    pub allow_upstream: bool,
}

impl Default for CollectionSettings {
    fn default() -> Self {
        Self { allow_upstream: true }
    }
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SlackSettings {
    pub signing_secret: Option<String>,
    pub bot_token: Option<String>,
    /// Base address of Slack's Web API.
    pub api_url: String,
}

impl Default for SlackSettings {
    fn default() -> Self {
        Self { signing_secret: None, bot_token: None, api_url: "https://slack.com/api".into() }
    }
}

impl std::fmt::Debug for SlackSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SlackSettings").field("configured", &self.signing_secret.is_some()).finish_non_exhaustive()
    }
}

/// A folder that the server knows by name. It is ingested when the server starts, and when `POST /v1/jobs` names it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    pub name: String,
    pub path: String,
    #[serde(default)]
    pub collection: Option<String>,
    /// Groups that may read the documents; empty means everybody.
    #[serde(default)]
    pub allow: Vec<String>,
    /// Ingested again after this time, `"1h"` or `"30 min"`; at least a minute. Only at the start when absent.
    #[serde(default)]
    pub every: Option<String>,
    /// Ingested again when something in it changes.
    #[serde(default)]
    pub watch: bool,
    /// Whether documents whose files are gone are deleted.
    #[serde(default = "yes")]
    pub delete: bool,
}

fn yes() -> bool {
    true
}
