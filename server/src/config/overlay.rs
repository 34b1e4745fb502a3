//! `TAPROOT_SECTION_KEY` in the environment over `section.key` of the file.
//!
//! Only the sections of [`Settings`] count. Kubernetes puts `TAPROOT_PORT=tcp://…`, `TAPROOT_SERVICE_HOST` and the
//! like into every container beside a service named `taproot` (and `TAPROOT_SERVER_PORT` for `taproot-server`):
//! these are no settings, and no error either. Any other unknown key of a known section is an error, because it is
//! most likely a typing mistake. An empty variable counts as not set, because compose files pass what is not set as
//! empty. `[[sources]]` is a list and `[collections.NAME]` has names of its own: both can be written in the file only.

use serde::de::DeserializeOwned;
use taproot_schemas::settings::{
    AccessSettings, AnswerSettings, AuditSettings, IngestSettings, LimitSettings, ModelSettings, OidcSettings,
    SearchSettings, ServerSettings, Settings, SlackSettings, UpstreamSettings, VectorSettings,
};
use toml::{Table, Value};

use super::environment::Environment;
use crate::error::{Error, Result};

const PREFIX: &str = "TAPROOT_";
/// How the names begin that Kubernetes makes for a service, after the name of the service.
const SERVICE_LINKS: [&str; 2] = ["port", "service_"];

pub fn apply(settings: &mut Settings, environment: &Environment) -> Result<()> {
    for (name, text) in environment.iter() {
        let Some(path) = name.strip_prefix(PREFIX) else { continue };
        let path = path.to_ascii_lowercase();
        let Some((section, key)) = path.split_once('_') else { continue };
        if text.is_empty() || SERVICE_LINKS.iter().any(|start| key.starts_with(start)) {
            continue;
        }
        match section {
            "server" => set::<ServerSettings>(&mut settings.server, name, key, text)?,
            "models" => set::<ModelSettings>(&mut settings.models, name, key, text)?,
            "vectors" => set::<VectorSettings>(&mut settings.vectors, name, key, text)?,
            "ingest" => set::<IngestSettings>(&mut settings.ingest, name, key, text)?,
            "search" => set::<SearchSettings>(&mut settings.search, name, key, text)?,
            "answer" => set::<AnswerSettings>(&mut settings.answer, name, key, text)?,
            "upstream" => set::<UpstreamSettings>(&mut settings.upstream, name, key, text)?,
            "access" => set::<AccessSettings>(&mut settings.access, name, key, text)?,
            "oidc" => set::<OidcSettings>(&mut settings.oidc, name, key, text)?,
            "limits" => set::<LimitSettings>(&mut settings.limits, name, key, text)?,
            "audit" => set::<AuditSettings>(&mut settings.audit, name, key, text)?,
            "slack" => set::<SlackSettings>(&mut settings.slack, name, key, text)?,
            _ => continue,
        }
    }
    Ok(())
}

/// Whether a variable says this setting.
pub fn is_set(environment: &Environment, section: &str, key: &str) -> bool {
    let name = format!("{PREFIX}{section}_{key}").to_ascii_uppercase();
    !SERVICE_LINKS.iter().any(|start| key.starts_with(start))
        && environment.iter().any(|(known, text)| known.to_ascii_uppercase() == name && !text.is_empty())
}

/// Sets one key of a section. What the text means follows from the type of the setting: of the ways to read it,
/// the first that the setting accepts is taken.
fn set<S>(section: &mut S, name: &str, key: &str, text: &str) -> Result<()>
where
    S: serde::Serialize + DeserializeOwned,
{
    let current = Table::try_from(&*section).map_err(|error| not_accepted(name, text, &error.to_string()))?;
    let mut first_refusal = None;
    for value in readings(text) {
        let mut changed = current.clone();
        changed.insert(key.to_string(), value);
        match changed.try_into() {
            Ok(accepted) => {
                *section = accepted;
                return Ok(());
            }
            Err(refusal) => {
                first_refusal.get_or_insert(refusal);
            }
        }
    }
    Err(not_accepted(name, text, first_refusal.map(|refusal| refusal.message().to_string()).as_deref().unwrap_or("")))
}

/// The text itself; a number, a truth value or a list as TOML writes it; a list written with commas.
fn readings(text: &str) -> impl Iterator<Item = Value> {
    let literal = format!("value = {text}").parse::<Table>().ok().and_then(|mut table| table.remove("value"));
    let list = text.split(',').map(|item| item.trim()).filter(|item| !item.is_empty());
    let list = Value::Array(list.map(|item| Value::String(item.to_string())).collect());
    [Some(Value::String(text.to_string())), literal, Some(list)].into_iter().flatten()
}

fn not_accepted(name: &str, text: &str, detail: &str) -> Error {
    // The value may be a secret, which only a key of the sections below can be; it is shown where it cannot.
    let secret = ["SECRET", "TOKEN", "KEY"].iter().any(|word| name.contains(word));
    let shown = if secret { "a value that is".to_string() } else { format!("{text:?}, which is") };
    Error::Setting {
        field: name.to_string(),
        problem: format!("holds {shown} not accepted: {}", detail.trim()),
        allowed: "the names and values of the settings are in the README".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn overlaid(variables: &[(&str, &str)]) -> Result<Settings> {
        let mut settings = Settings::default();
        apply(&mut settings, &Environment::of(variables)).map(|()| settings)
    }

    #[test]
    fn each_type_of_setting_is_read() {
        let settings = overlaid(&[
            ("TAPROOT_SERVER_ADDRESS", "0.0.0.0:80"),
            ("TAPROOT_SERVER_ALLOWED_ORIGINS", "https://a.example, https://b.example"),
            ("TAPROOT_SERVER_ALLOWED_HOSTS", r#"["kb.example"]"#),
            ("TAPROOT_MODELS_DIR", "/models"),
            ("TAPROOT_MODELS_THREADS", "3"),
            ("TAPROOT_VECTORS_API_KEY", "12345"),
            ("TAPROOT_INGEST_MAX_FILE_MIB", "9"),
            ("TAPROOT_ANSWER_MAX_SENTENCES", "2"),
            ("TAPROOT_SLACK_BOT_TOKEN", "xoxb"),
        ])
        .unwrap();
        assert_eq!(settings.server.address, "0.0.0.0:80");
        assert_eq!(settings.server.allowed_origins, ["https://a.example", "https://b.example"]);
        assert_eq!(settings.server.allowed_hosts, ["kb.example"]);
        assert_eq!(settings.models.dir.as_deref(), Some("/models"));
        assert_eq!(settings.models.threads, Some(3));
        assert_eq!(settings.vectors.api_key.as_deref(), Some("12345"), "a text of digits stays a text");
        assert_eq!(settings.ingest.max_file_mib, 9);
        assert_eq!(settings.answer.max_sentences, 2);
        assert_eq!(settings.slack.bot_token.as_deref(), Some("xoxb"));
    }

    #[test]
    fn what_kubernetes_injects_is_no_setting() {
        let settings = overlaid(&[
            ("TAPROOT_PORT", "tcp://10.0.0.1:8080"),
            ("TAPROOT_SERVICE_HOST", "10.0.0.1"),
            ("TAPROOT_PORT_8080_TCP_ADDR", "10.0.0.1"),
            ("TAPROOT_SERVER_PORT", "tcp://10.0.0.1:8080"),
            ("TAPROOT_SERVER_SERVICE_PORT_HTTP", "8080"),
            ("TAPROOT_TEST_QDRANT", "http://localhost:6334"),
            ("TAPROOT_SLACK_BOT_TOKEN", ""),
        ])
        .unwrap();
        assert_eq!(settings.server.address, Settings::default().server.address);
        assert_eq!(settings.slack.bot_token, None);
    }

    #[test]
    fn mistakes_are_told_and_secrets_are_not() {
        for (name, value, told) in [
            ("TAPROOT_SERVER_ADRESS", "127.0.0.1:1", "unknown field `adress`"),
            ("TAPROOT_MODELS_THREADS", "many", "\"many\""),
        ] {
            let error = overlaid(&[(name, value)]).unwrap_err().to_string();
            assert!(error.contains(name) && error.contains(told), "{error}");
        }
        for name in ["TAPROOT_SLACK_SIGNIN_SECRET", "TAPROOT_UPSTREAM_KEY", "TAPROOT_UPSTREAM_API_KEY_2"] {
            let error = overlaid(&[(name, "hush")]).unwrap_err().to_string();
            assert!(!error.contains("hush"), "{error}");
        }
    }
}
