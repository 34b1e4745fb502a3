//! The section `[upstream]`: its checks, and what it decides.
//!
//! The key is read here and handed on as a [`Secret`]; no message of this module holds it, or anything of the file that it
//! stands in. Whether it is there is asked only when the server starts ([`UpstreamChoice::ready`]): other commands on a
//! machine without the key go on without the model.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use taproot_engine::upstream::{Api, Price, Secret, UpstreamConfig};
use taproot_schemas::settings::{CollectionSettings, Settings, UpstreamApi, UpstreamSettings};

use super::check::{is_plain, within, wrong};
use super::environment::Environment;
use crate::error::{Error, Result};

/// Of a key, in bytes: tokens of identity providers have a few thousand.
const MAX_KEY_BYTES: usize = 16 * 1024;
/// Tokens of the window that are left for rules, sources and question.
const MIN_PROMPT_TOKENS: usize = 512;

pub fn check(upstream: &UpstreamSettings, collections: &BTreeMap<String, CollectionSettings>) -> Result<()> {
    if let Some(name) = collections.keys().find(|name| !is_plain(name)) {
        return Err(wrong(
            "collections",
            format!("holds {name:?}"),
            "use 1 to 100 characters, none of them \" \\ , or *",
        ));
    }
    within("upstream.connect_timeout_s", upstream.connect_timeout_s, 1..=60)?;
    within("upstream.timeout_s", upstream.timeout_s, 1..=90)?;
    within("upstream.retries", upstream.retries, 0..=5)?;
    within("upstream.max_answer_tokens", upstream.max_answer_tokens, 16..=65_536)?;
    let least = upstream.max_answer_tokens as usize + MIN_PROMPT_TOKENS;
    within("upstream.max_context_tokens", upstream.max_context_tokens, least..=10_000_000)?;
    within("upstream.max_concurrent", upstream.max_concurrent, 1..=1_000)?;
    within("upstream.max_queue", upstream.max_queue, 0..=10_000)?;
    if let Some(temperature) = upstream.temperature {
        within("upstream.temperature", temperature, 0.0..=2.0)?;
    }
    price(upstream)?;
    key_is_named_well(upstream)?;
    let Some(url) = &upstream.url else { return Ok(()) };
    address(upstream, url)?;
    if upstream.model.as_deref().is_none_or(|model| model.trim().is_empty()) {
        let allowed = "name the model, or for Azure OpenAI the deployment";
        return Err(wrong("upstream.model", "is missing, while upstream.url is given", allowed));
    }
    azure(upstream, url)
}

/// The model, when there is one.
pub fn resolve(settings: &Settings, environment: &Environment) -> Result<Option<UpstreamChoice>> {
    let Settings { upstream, collections, .. } = settings;
    let (Some(url), Some(model)) = (&upstream.url, &upstream.model) else { return Ok(None) };
    let (key, missing) = match key(upstream, environment) {
        Ok(key) => (key, None),
        Err(missing) => (None, Some(missing)),
    };
    let closed = collections.iter().filter(|(_, of_it)| !of_it.allow_upstream).map(|(name, _)| name.clone());
    let config = UpstreamConfig {
        url: url.clone(),
        api: match (upstream.api, &upstream.api_version) {
            (UpstreamApi::Azure, Some(version)) => Api::Azure { version: version.clone() },
            _ => Api::OpenAi,
        },
        model: model.clone(),
        key,
        price: match (upstream.price_in, upstream.price_out, &upstream.currency) {
            (Some(tokens_in), Some(tokens_out), Some(currency)) => {
                Some(Price { tokens_in, tokens_out, currency: currency.clone() })
            }
            _ => None,
        },
        connect_timeout: Duration::from_secs(upstream.connect_timeout_s),
        timeout: Duration::from_secs(upstream.timeout_s),
        retries: upstream.retries,
        max_context_tokens: upstream.max_context_tokens,
        max_answer_tokens: upstream.max_answer_tokens,
        answer_tokens_field: upstream.answer_tokens_field,
        temperature: upstream.temperature,
        include_usage: upstream.include_usage,
        max_concurrent: upstream.max_concurrent,
        max_queue: upstream.max_queue,
        closed_collections: closed.collect::<BTreeSet<_>>(),
    };
    Ok(Some(UpstreamChoice { config, missing }))
}

/// A model, and perhaps the reason why it cannot be asked.
#[derive(Debug, Clone)]
pub struct UpstreamChoice {
    config: UpstreamConfig,
    /// Field, problem, what is allowed.
    missing: Option<MissingKey>,
}

#[derive(Debug, Clone)]
struct MissingKey {
    field: &'static str,
    problem: String,
    allowed: &'static str,
}

impl UpstreamChoice {
    /// Fails when a key is named and not there.
    pub fn ready(&self) -> Result<()> {
        match &self.missing {
            None => Ok(()),
            Some(missing) => Err(missing.error()),
        }
    }

    /// The model, unless its key is missing.
    pub fn config(&self) -> Option<UpstreamConfig> {
        self.missing.is_none().then(|| self.config.clone())
    }
}

impl MissingKey {
    fn error(&self) -> Error {
        wrong(self.field, self.problem.clone(), self.allowed)
    }
}

fn key(upstream: &UpstreamSettings, environment: &Environment) -> Result<Option<Secret>, MissingKey> {
    if let Some(name) = &upstream.key_env {
        let allowed = "set that variable for this process, or name another one";
        let missing = |problem: &str| MissingKey {
            field: "upstream.key_env",
            problem: format!("names {name}, which {problem}"),
            allowed,
        };
        let key = environment.value(name).ok_or_else(|| missing("is not set"))?;
        return usable(key).map(Some).ok_or_else(|| missing("holds no key"));
    }
    let Some(path) = &upstream.key_file else { return Ok(None) };
    let missing = |problem: String| MissingKey {
        field: "upstream.key_file",
        problem: format!("names {path}, which {problem}"),
        allowed: "name a file that this process may read and that holds the key and nothing else",
    };
    let file = Path::new(path);
    let bytes = std::fs::metadata(file).map_err(|error| missing(format!("cannot be read ({})", error.kind())))?.len();
    if bytes > MAX_KEY_BYTES as u64 {
        return Err(missing("is too large for a key".into()));
    }
    let text = std::fs::read_to_string(file).map_err(|error| missing(format!("cannot be read ({})", error.kind())))?;
    usable(&text).map(Some).ok_or_else(|| missing("holds no key".into()))
}

/// A key as it can stand in a header.
fn usable(text: &str) -> Option<Secret> {
    let key = text.trim();
    let is_one_word = key.bytes().all(|byte| byte.is_ascii_graphic());
    (!key.is_empty() && key.len() <= MAX_KEY_BYTES && is_one_word).then(|| Secret::new(key))
}

fn key_is_named_well(upstream: &UpstreamSettings) -> Result<()> {
    if upstream.key_env.is_some() && upstream.key_file.is_some() {
        return Err(wrong("upstream.key_file", "is given together with upstream.key_env", "give one of the two"));
    }
    if let Some(name) = &upstream.key_env {
        let is_name = |name: &str| {
            name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
                && name.bytes().next().is_some_and(|first| !first.is_ascii_digit())
        };
        // Not shown: whoever mistakes the field writes the key itself here.
        if !is_name(name) {
            let allowed = "name a variable of the environment, like OPENAI_API_KEY; the key itself does not stand here";
            return Err(wrong("upstream.key_env", "is no name of a variable", allowed));
        }
        if name.starts_with("TAPROOT_") {
            return Err(wrong("upstream.key_env", "begins with TAPROOT_", "variables of that kind are settings"));
        }
    }
    match &upstream.key_file {
        Some(path) if path.is_empty() => Err(wrong("upstream.key_file", "is empty", "name a file, or leave it out")),
        _ => Ok(()),
    }
}

fn price(upstream: &UpstreamSettings) -> Result<()> {
    let fields = [
        ("upstream.price_in", upstream.price_in.is_some()),
        ("upstream.price_out", upstream.price_out.is_some()),
        ("upstream.currency", upstream.currency.is_some()),
    ];
    let given = fields.iter().find(|(_, given)| *given);
    let missing = fields.iter().find(|(_, given)| !*given);
    if let (Some((given, _)), Some((missing, _))) = (given, missing) {
        let problem = format!("is missing, while {given} is given");
        return Err(wrong(missing, problem, "give both prices, of 1,000 tokens, and their currency, or none"));
    }
    for (field, price) in [("upstream.price_in", upstream.price_in), ("upstream.price_out", upstream.price_out)] {
        if let Some(price) = price {
            within(field, price, 0.0..=1_000_000.0)?;
        }
    }
    match &upstream.currency {
        Some(code) if code.len() != 3 || !code.bytes().all(|byte| byte.is_ascii_uppercase()) => {
            Err(wrong("upstream.currency", format!("is {code:?}"), "write a code of ISO 4217, like USD, EUR or CNY"))
        }
        _ => Ok(()),
    }
}

fn address(upstream: &UpstreamSettings, url: &str) -> Result<()> {
    let allowed = "write a base address like https://api.openai.com/v1";
    let parsed = reqwest::Url::parse(url).ok();
    let parsed = parsed.filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    // Not shown while it may hold a password.
    let Some(parsed) = parsed else { return Err(wrong("upstream.url", "is no address of a server", allowed)) };
    if !parsed.username().is_empty() || parsed.password().is_some() {
        return Err(wrong("upstream.url", "holds a user or a password", "use upstream.key_env or upstream.key_file"));
    }
    if parsed.query().is_some() || parsed.fragment().is_some() {
        return Err(wrong(
            "upstream.url",
            "has a ? or a #",
            "leave out what follows it; upstream.api_version is a setting",
        ));
    }
    if parsed.path().trim_end_matches('/').ends_with("/chat/completions") {
        return Err(wrong("upstream.url", "ends with /chat/completions", "leave that out; it is added"));
    }
    if parsed.scheme() == "http" && !upstream.allow_plain_http && !is_loopback(&parsed) {
        let problem = "begins with http:// and is not of this machine";
        let allowed = "use https://, or set upstream.allow_plain_http = true on a network that nobody listens to";
        return Err(wrong("upstream.url", problem, allowed));
    }
    Ok(())
}

fn is_loopback(url: &reqwest::Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || bare.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn azure(upstream: &UpstreamSettings, url: &str) -> Result<()> {
    let version = upstream.api_version.as_deref();
    if upstream.api == UpstreamApi::Openai {
        return match version {
            Some(_) => {
                Err(wrong("upstream.api_version", "is given", "only api = \"azure\" has versions; leave it out"))
            }
            None => Ok(()),
        };
    }
    if url.contains("/openai/deployments") || url.trim_end_matches('/').ends_with("/openai") {
        let allowed = "write the resource's address, like https://NAME.openai.azure.com; the rest is added";
        return Err(wrong("upstream.url", "holds a part of the path of a deployment", allowed));
    }
    let is_version = |text: &str| text.parse::<jiff::civil::Date>().is_ok();
    let dated = version.map(|version| version.strip_suffix("-preview").unwrap_or(version));
    if !dated.is_some_and(|dated| dated.len() == 10 && is_version(dated)) {
        let problem = version.map_or("is missing".to_owned(), |version| format!("is {version:?}"));
        return Err(wrong(
            "upstream.api_version",
            problem,
            "Azure OpenAI wants a day, like 2024-10-21 or 2025-01-01-preview",
        ));
    }
    if upstream.key_env.is_none() && upstream.key_file.is_none() {
        return Err(wrong("upstream.key_env", "is missing", "Azure OpenAI wants a key: name its variable or its file"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(lines: &str) -> Settings {
        toml::from_str(lines).expect("settings")
    }

    fn checked(lines: &str) -> Result<()> {
        let settings = settings(lines);
        check(&settings.upstream, &settings.collections)
    }

    fn told(error: Error) -> String {
        match error {
            Error::Setting { field, problem, allowed } => format!("{field} {problem}: {allowed}"),
            other => panic!("{other:?}"),
        }
    }

    const OPENAI: &str = "url = \"https://api.openai.com/v1\"\nmodel = \"m\"\n";
    const AZURE: &str = "api = \"azure\"\nurl = \"https://n.openai.azure.com\"\nmodel = \"d\"\n";

    #[test]
    fn each_mistake_names_its_field() {
        for (lines, field) in [
            ("url = \"https://api.example/v1\"".to_owned(), "upstream.model"),
            ("url = \"api.example\"\nmodel = \"m\"".to_owned(), "upstream.url"),
            ("url = \"http://llm.example/v1\"\nmodel = \"m\"".to_owned(), "upstream.url"),
            ("url = \"http://127.0.0.1.evil.example/v1\"\nmodel = \"m\"".to_owned(), "upstream.url"),
            ("url = \"https://u:p@api.example/v1\"\nmodel = \"m\"".to_owned(), "upstream.url"),
            ("url = \"https://api.example/v1?key=k\"\nmodel = \"m\"".to_owned(), "upstream.url"),
            ("url = \"https://api.example/v1/chat/completions\"\nmodel = \"m\"".to_owned(), "upstream.url"),
            (format!("{OPENAI}api_version = \"2024-10-21\""), "upstream.api_version"),
            (format!("{OPENAI}price_in = 0.1"), "upstream.price_out"),
            (format!("{OPENAI}price_out = 0.1\nprice_in = 0.1"), "upstream.currency"),
            (format!("{OPENAI}price_out = 0.1\nprice_in = 0.1\ncurrency = \"dollars\""), "upstream.currency"),
            (format!("{OPENAI}price_out = -0.1\nprice_in = 0.1\ncurrency = \"USD\""), "upstream.price_out"),
            (format!("{OPENAI}key_env = \"sk-1234\""), "upstream.key_env"),
            (format!("{OPENAI}key_env = \"TAPROOT_KEY\""), "upstream.key_env"),
            (format!("{OPENAI}key_env = \"A\"\nkey_file = \"b\""), "upstream.key_file"),
            (format!("{OPENAI}temperature = 3.0"), "upstream.temperature"),
            (format!("{OPENAI}timeout_s = 0"), "upstream.timeout_s"),
            (format!("{OPENAI}max_context_tokens = 600"), "upstream.max_context_tokens"),
            (format!("{OPENAI}max_concurrent = 0"), "upstream.max_concurrent"),
            (format!("{OPENAI}retries = 6"), "upstream.retries"),
            (format!("{AZURE}key_env = \"A\""), "upstream.api_version"),
            (format!("{AZURE}key_env = \"A\"\napi_version = \"latest\""), "upstream.api_version"),
            (format!("{AZURE}api_version = \"2024-10-21\""), "upstream.key_env"),
            (AZURE.replace(".com", ".com/openai/") + "key_env = \"A\"\napi_version = \"2024-10-21\"", "upstream.url"),
            ("[collections.\"a*\"]".to_owned(), "collections"),
        ] {
            let lines = if lines.starts_with('[') { lines } else { format!("[upstream]\n{lines}") };
            let error = told(checked(&lines).expect_err(&lines));
            assert!(error.starts_with(&format!("{field} ")), "{lines}: {error}");
            assert!(!error.contains("sk-1234"), "{error}");
        }
    }

    #[test]
    fn what_the_services_want_is_allowed() {
        for lines in [
            OPENAI.to_owned(),
            format!("{AZURE}key_file = \"key\"\napi_version = \"2025-01-01-preview\""),
            "url = \"http://localhost:11434/v1\"\nmodel = \"qwen3:8b\"".to_owned(),
            "url = \"http://[::1]:8000/v1\"\nmodel = \"m\"".to_owned(),
            "url = \"http://ollama:11434/v1\"\nmodel = \"m\"\nallow_plain_http = true".to_owned(),
            format!("{OPENAI}price_in = 0.0\nprice_out = 0.6\ncurrency = \"CNY\"\ntemperature = 0.0"),
            "retries = 0".to_owned(),
        ] {
            let lines = format!("[upstream]\n{lines}\n[collections.hr]\nallow_upstream = false\n");
            checked(&lines).unwrap_or_else(|error| panic!("{lines}: {}", told(error)));
        }
    }

    #[test]
    fn the_key_comes_from_where_it_is_said_and_is_not_shown() {
        let environment = Environment::of(&[("LLM_KEY", " sk-hush \n"), ("TWO", "a b")]);
        let choice = |line: &str| {
            let settings = settings(&format!("[upstream]\n{OPENAI}{line}\n[collections.hr]\nallow_upstream = false\n"));
            resolve(&settings, &environment).expect("resolved").expect("a model")
        };
        let good = choice("key_env = \"LLM_KEY\"");
        good.ready().expect("a key");
        let config = good.config().expect("a model");
        assert!(config.key.is_some() && config.closed_collections.contains("hr"));
        assert!(!format!("{good:?}").contains("hush"));
        assert!(choice("").config().expect("a model").key.is_none(), "servers of one's own want none");
        for line in ["key_env = \"NONE\"", "key_env = \"TWO\"", "key_file = \"/nowhere/at/all\""] {
            let choice = choice(line);
            let error = told(choice.ready().expect_err(line));
            assert!(error.starts_with("upstream.key_") && !error.contains("a b"), "{error}");
            assert!(choice.config().is_none(), "{line}");
        }
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), "sk-hush\n").expect("written");
        let choice = choice(&format!("key_file = {:?}", file.path()));
        assert!(choice.ready().is_ok() && !format!("{choice:?}").contains("hush"));
        assert!(resolve(&Settings::default(), &environment).expect("resolved").is_none(), "off by default");
    }
}
