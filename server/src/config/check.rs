//! Whether each setting is within its limits. A message names the field, what is wrong and what is allowed.

use std::collections::HashSet;
use std::fmt::Display;
use std::ops::RangeInclusive;

use taproot_schemas::settings::{Settings, SlackSettings, Source};

use crate::error::{Error, Result};

/// More than any machine has cores; a file written for a bigger machine still opens on a smaller one.
const MAX_THREADS: usize = 1_024;

pub fn check(settings: &Settings) -> Result<()> {
    let Settings { server, models, vectors, ingest, answer, slack, sources } = settings;
    for origin in &server.allowed_origins {
        origin_or_star("server.allowed_origins", origin)?;
    }
    for host in &server.allowed_hosts {
        host_or_star("server.allowed_hosts", host)?;
    }
    within("server.max_body_kib", server.max_body_kib, 1..=1_048_576)?;
    within("server.max_query_chars", server.max_query_chars, 1..=1_000_000)?;
    within("server.max_queue", server.max_queue, 1..=100_000)?;
    within("server.shutdown_grace_s", server.shutdown_grace_s, 0..=3_600)?;
    if let Some(threads) = models.threads {
        within("models.threads", threads, 1..=MAX_THREADS)?;
    }
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
    within("answer.passages", answer.passages, 1..=100)?;
    within("answer.max_sentences", answer.max_sentences, 1..=20)?;
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
    let mut names = HashSet::new();
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
    }
    Ok(())
}

fn within<T: PartialOrd + Display>(field: &str, value: T, allowed: RangeInclusive<T>) -> Result<()> {
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

fn http_url(field: &str, url: &str) -> Result<()> {
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

fn wrong(field: &str, problem: impl Into<String>, allowed: impl Into<String>) -> Error {
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
            ("[vectors]\nurl = \"qdrant:6334\"", "vectors.url"),
            ("[vectors]\ncollection = \"a/b\"", "vectors.collection"),
            ("[ingest]\nparse_timeout_s = 0", "ingest.parse_timeout_s"),
            ("[answer]\npassages = 1000", "answer.passages"),
            ("[slack]\nsigning_secret = \"s\"", "slack.bot_token"),
            ("[slack]\napi_url = \"slack.com\"", "slack.api_url"),
            ("sources = [{name = \"a\", path = \"x\"}, {name = \"a\", path = \"y\"}]", "sources.name"),
            ("sources = [{name = \"a\", path = \"\"}]", "sources.path"),
        ] {
            match check(&toml::from_str(text).unwrap()) {
                Err(Error::Setting { field: told, .. }) => assert_eq!(told, field, "{text}"),
                other => panic!("{text}: {other:?}"),
            }
        }
    }
}
