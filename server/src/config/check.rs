//! Whether each setting is within its limits. A message names the field, what is wrong and what is allowed.

use std::collections::HashSet;
use std::fmt::Display;
use std::ops::RangeInclusive;
use std::time::Duration;

use jiff::SignedDuration;
use taproot_schemas::settings::{Settings, SlackSettings, Source};

use crate::error::{Error, Result};

/// More than any machine has cores; a file written for a bigger machine still opens on a smaller one.
const MAX_THREADS: usize = 1_024;

/// How far apart the jobs of a source may be.
const MIN_INTERVAL: Duration = Duration::from_secs(60);
const MAX_INTERVAL: Duration = Duration::from_secs(365 * 24 * 60 * 60);

pub fn check(settings: &Settings) -> Result<()> {
    let Settings { server, models, vectors, ingest, search, answer, upstream, slack, sources, collections, .. } =
        settings;
    for origin in &server.allowed_origins {
        origin_or_star("server.allowed_origins", origin)?;
    }
    for host in &server.allowed_hosts {
        host_or_star("server.allowed_hosts", host)?;
    }
    within("server.max_body_kib", server.max_body_kib, 1..=1_048_576)?;
    within("server.max_upload_mib", server.max_upload_mib, 1..=65_536)?;
    within("server.max_query_chars", server.max_query_chars, 1..=1_000_000)?;
    within("server.max_queue", server.max_queue, 1..=100_000)?;
    within("server.shutdown_grace_s", server.shutdown_grace_s, 0..=3_600)?;
    if let Some(threads) = models.threads {
        within("models.threads", threads, 1..=MAX_THREADS)?;
    }
    let names = [
        ("models.embedder", &models.embedder),
        ("models.reranker", &models.reranker),
        ("models.generator", &models.generator),
    ];
    for (field, name) in names {
        if name.as_ref().is_some_and(|name| name.trim().is_empty()) {
            return Err(wrong(field, "is empty", "name a model of models.toml; taproot models list shows them"));
        }
    }
    within("models.generator_sessions", models.generator_sessions, 1..=16)?;
    within("models.generator_queue", models.generator_queue, 1..=1_000)?;
    if let Some(url) = &vectors.url {
        http_url("vectors.url", url)?;
    }
    collection_name("vectors.collection", &vectors.collection)?;
    within("ingest.max_file_mib", ingest.max_file_mib, 1..=65_536)?;
    within("ingest.parse_timeout_s", ingest.parse_timeout_s, 1..=3_600)?;
    within("ingest.parse_memory_mib", ingest.parse_memory_mib, 64..=1_048_576)?;
    within("ingest.max_document_chars", ingest.max_document_chars, 1_000..=1_000_000_000)?;
    within("ingest.chunk_tokens", ingest.chunk_tokens, 64..=8_192)?;
    within("ingest.overlap_tokens", ingest.overlap_tokens, 0..=ingest.chunk_tokens / 2)?;
    within("ingest.full_check_s", ingest.full_check_s, 10..=86_400)?;
    if search.glossary.as_ref().is_some_and(|path| path.is_empty()) {
        return Err(wrong("search.glossary", "is empty", "name a file, or leave it out"));
    }
    within("answer.passages", answer.passages, 1..=100)?;
    within("answer.max_sentences", answer.max_sentences, 1..=20)?;
    within("answer.max_chars", answer.max_chars, 100..=20_000)?;
    within("answer.strictness", answer.strictness, 1..=5)?;
    super::upstream::check(upstream, collections)?;
    within("answer.keep_conversations_days", answer.keep_conversations_days, 0..=36_500)?;
    super::access::check(settings)?;
    check_slack(slack)?;
    check_sources(sources)
}

fn check_slack(slack: &SlackSettings) -> Result<()> {
    let missing = match (&slack.signing_secret, &slack.bot_token) {
        (Some(_), None) => Some(("slack.bot_token", "slack.signing_secret")),
        (None, Some(_)) => Some(("slack.signing_secret", "slack.bot_token")),
        _ => None,
    };
    if let Some((field, given)) = missing {
        return Err(wrong(field, format!("is missing, while {given} is given"), "give both, or none"));
    }
    http_url("slack.api_url", &slack.api_url)
}

fn check_sources(sources: &[Source]) -> Result<()> {
    let (mut names, mut folders) = (HashSet::new(), HashSet::new());
    for source in sources {
        if source.name.trim().is_empty() {
            return Err(wrong("sources.name", "is empty", "give each source a name of its own"));
        }
        if !names.insert(&source.name) {
            return Err(wrong("sources.name", format!("{:?} stands twice", source.name), "names are used once"));
        }
        if source.path.is_empty() {
            return Err(wrong("sources.path", format!("of {:?} is empty", source.name), "name a folder or a file"));
        }
        for (field, names) in [("sources.collection", source.collection.as_slice()), ("sources.allow", &source.allow)] {
            if let Some(name) = names.iter().find(|name| !is_plain(name)) {
                let problem = format!("of {:?} holds {name:?}", source.name);
                return Err(wrong(field, problem, "use 1 to 100 characters, none of them \" \\ , or *"));
            }
        }
        if !folders.insert((&source.path, &source.collection)) {
            let problem = format!("of {:?} is that of another source of the same collection", source.name);
            return Err(wrong("sources.path", problem, "two sources would file the same documents in turn"));
        }
        interval(source)?;
    }
    Ok(())
}

/// The time between two jobs of a source, if it has a schedule.
pub fn interval(source: &Source) -> Result<Option<Duration>> {
    let Some(every) = &source.every else { return Ok(None) };
    let parsed = every.parse::<SignedDuration>().ok().and_then(|every| Duration::try_from(every).ok());
    match parsed {
        Some(every) if (MIN_INTERVAL..=MAX_INTERVAL).contains(&every) => Ok(Some(every)),
        _ => Err(wrong(
            "sources.every",
            format!("of {:?} is {every:?}", source.name),
            "write a time like \"1h\", \"30 min\" or \"1h 30m\", from 1 minute to 8760 hours",
        )),
    }
}

/// Names of groups and collections stand in lists, queries and headers; the ingest has the same rule.
pub fn is_plain(name: &str) -> bool {
    (1..=100).contains(&name.chars().count()) && !name.contains(|c: char| c.is_control() || "\"\\,*".contains(c))
}

pub fn within<T: PartialOrd + Display>(field: &str, value: T, allowed: RangeInclusive<T>) -> Result<()> {
    if allowed.contains(&value) {
        return Ok(());
    }
    Err(wrong(field, format!("is {value}"), format!("allowed are {} to {}", allowed.start(), allowed.end())))
}

/// `scheme://host[:port]` as browsers send it in the Origin header: no path, not even a slash.
fn origin_or_star(field: &str, origin: &str) -> Result<()> {
    let authority = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"));
    match authority {
        _ if origin == "*" => Ok(()),
        Some(authority) if !authority.is_empty() && !authority.contains(['/', '?', '#', '@', ' ']) => Ok(()),
        _ => Err(wrong(
            field,
            format!("holds {origin:?}"),
            "write origins like https://intranet.example.com, without a path, or *",
        )),
    }
}

fn host_or_star(field: &str, host: &str) -> Result<()> {
    if host.is_empty() || host.contains(['/', ' ', '@']) {
        return Err(wrong(field, format!("holds {host:?}"), "write host names like kb.example.com, or *"));
    }
    Ok(())
}

pub fn http_url(field: &str, url: &str) -> Result<()> {
    let parsed = reqwest::Url::parse(url).ok();
    if parsed.is_some_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host()) {
        return Ok(());
    }
    Err(wrong(field, format!("is {url:?}"), "write an address that starts with http:// or https://"))
}

fn collection_name(field: &str, name: &str) -> Result<()> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if (1..=255).contains(&name.len()) && name.chars().all(allowed) {
        return Ok(());
    }
    Err(wrong(field, format!("is {name:?}"), "use 1 to 255 letters, digits, _ and -"))
}

pub fn wrong(field: &str, problem: impl Into<String>, allowed: impl Into<String>) -> Error {
    Error::Setting { field: field.to_string(), problem: problem.into(), allowed: allowed.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_allowed() {
        check(&Settings::default()).unwrap();
    }

    #[test]
    fn each_mistake_names_its_field() {
        for (text, field) in [
            ("[server]\nmax_queue = 0", "server.max_queue"),
            ("[server]\nallowed_origins = [\"https://a.example/\"]", "server.allowed_origins"),
            ("[server]\nallowed_origins = [\"a.example\"]", "server.allowed_origins"),
            ("[server]\nallowed_hosts = [\"https://a.example\"]", "server.allowed_hosts"),
            ("[models]\nthreads = 0", "models.threads"),
            ("[models]\nembedder = \"\"", "models.embedder"),
            ("[models]\ngenerator = \" \"", "models.generator"),
            ("[models]\ngenerator_sessions = 0", "models.generator_sessions"),
            ("[models]\ngenerator_queue = 0", "models.generator_queue"),
            ("[vectors]\nurl = \"qdrant:6334\"", "vectors.url"),
            ("[vectors]\ncollection = \"a/b\"", "vectors.collection"),
            ("[ingest]\nparse_timeout_s = 0", "ingest.parse_timeout_s"),
            ("[search]\nglossary = \"\"", "search.glossary"),
            ("[answer]\npassages = 1000", "answer.passages"),
            ("[answer]\nkeep_conversations_days = 40000", "answer.keep_conversations_days"),
            ("[slack]\nsigning_secret = \"s\"", "slack.bot_token"),
            ("[slack]\napi_url = \"slack.com\"", "slack.api_url"),
            ("sources = [{name = \"a\", path = \"x\"}, {name = \"a\", path = \"y\"}]", "sources.name"),
            ("sources = [{name = \"a\", path = \"\"}]", "sources.path"),
            ("sources = [{name = \"a\", path = \"x\", every = \"59s\"}]", "sources.every"),
            ("sources = [{name = \"a\", path = \"x\", every = \"-1h\"}]", "sources.every"),
            ("sources = [{name = \"a\", path = \"x\", every = \"often\"}]", "sources.every"),
            ("sources = [{name = \"a\", path = \"x\", collection = \"*\"}]", "sources.collection"),
            ("sources = [{name = \"a\", path = \"x\", allow = [\"\"]}]", "sources.allow"),
            ("[server]\nmax_upload_mib = 0", "server.max_upload_mib"),
            ("[ingest]\nfull_check_s = 1", "ingest.full_check_s"),
        ] {
            match check(&toml::from_str(text).unwrap()) {
                Err(Error::Setting { field: told, .. }) => assert_eq!(told, field, "{text}"),
                other => panic!("{text}: {other:?}"),
            }
        }
    }

    #[test]
    fn intervals_are_written_as_people_write_them() {
        for (every, seconds) in [("1h", 3_600), ("1 min", 60), ("90 minutes", 5_400), ("PT2H", 7_200), ("24h", 86_400)]
        {
            let text = format!("name = \"a\"\npath = \"x\"\nevery = \"{every}\"");
            let parsed = interval(&toml::from_str(&text).unwrap()).unwrap();
            assert_eq!(parsed, Some(Duration::from_secs(seconds)), "{every}");
        }
    }
}
