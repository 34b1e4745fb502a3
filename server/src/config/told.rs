//! The settings as an administrator is told them: each that there is, what holds, and where that comes from.
//!
//! In: the settings as they were resolved, the table of the file, the environment. Out: a list in which no secret is. What
//! a secret is follows from its name, so that one that is added is none that is told.

use serde_json::{Map, Value, json};
use taproot_schemas::setting::{Setting, SettingSource};
use taproot_schemas::settings::Settings;
use toml::Table;

use super::environment::Environment;
use super::overlay;

/// How the names of secrets end.
const SECRETS: [&str; 4] = ["_secret", "_token", "password", "api_key"];
const SET: &str = "set";
const NOT_SET: &str = "not set";
/// In place of a user and a password in an address.
const HIDDEN: &str = "…";

pub fn told(settings: &Settings, file: Option<&Table>, environment: &Environment) -> Vec<Setting> {
    // Unlike TOML, JSON has the settings that are not set.
    let Ok(Value::Object(sections)) = serde_json::to_value(settings) else { return Vec::new() };
    let mut told = Vec::new();
    for (section, values) in sections {
        match (section.as_str(), values) {
            ("sources", Value::Array(sources)) => told.extend(sources.into_iter().map(source)),
            ("collections", Value::Object(collections)) => {
                let of_one = |(name, values): (String, Value)| of_the_file(format!("collections.{name}"), values);
                told.extend(collections.into_iter().map(of_one));
            }
            (_, Value::Object(values)) => {
                let written = file.and_then(|file| file.get(&section)).and_then(toml::Value::as_table);
                told.extend(of_section(&section, values, written, environment));
            }
            _ => {}
        }
    }
    told
}

fn of_section(
    section: &str,
    values: Map<String, Value>,
    written: Option<&Table>,
    environment: &Environment,
) -> Vec<Setting> {
    let setting = |(key, value): (String, Value)| {
        let source = match () {
            () if overlay::is_set(environment, section, &key) => SettingSource::Environment,
            () if written.is_some_and(|table| table.contains_key(&key)) => SettingSource::File,
            () => SettingSource::Default,
        };
        let secret = SECRETS.iter().any(|end| key.ends_with(end));
        let value = match secret {
            true => Value::from(if value.is_null() { NOT_SET } else { SET }),
            false => without_password(value),
        };
        Setting { name: format!("{section}.{key}"), value, source, secret }
    };
    values.into_iter().map(setting).collect()
}

fn source(source: Value) -> Setting {
    let Value::Object(mut fields) = source else { return of_the_file("sources".into(), source) };
    let name = match fields.remove("name") {
        Some(Value::String(name)) => format!("sources.{name}"),
        _ => "sources".into(),
    };
    of_the_file(name, Value::Object(fields))
}

/// What only the file can have.
fn of_the_file(name: String, value: Value) -> Setting {
    Setting { name, value: without_password(value), source: SettingSource::File, secret: false }
}

/// An address may carry a user and a password.
fn without_password(value: Value) -> Value {
    let Value::String(text) = &value else { return value };
    let Some((scheme, rest)) = text.split_once("://") else { return value };
    let authority = rest.split('/').next().unwrap_or(rest);
    match authority.rsplit_once('@') {
        Some((user, _)) => json!(format!("{scheme}://{HIDDEN}{}", &rest[user.len()..])),
        None => value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(file: &str, environment: &[(&str, &str)]) -> Vec<Setting> {
        let environment = Environment::of(environment);
        let table: Table = file.parse().unwrap();
        let mut settings: Settings = toml::from_str(file).unwrap();
        overlay::apply(&mut settings, &environment).unwrap();
        told(&settings, Some(&table), &environment)
    }

    #[test]
    fn each_value_says_where_it_comes_from() {
        let told = list(
            "[server]\naddress = \"127.0.0.1:1\"\nmax_queue = 9\n[[sources]]\nname = \"hr\"\npath = \"/srv/hr\"\n\
             [collections.pay]\nallow_upstream = false\n",
            &[("TAPROOT_SERVER_MAX_QUEUE", "8"), ("TAPROOT_ANSWER_STRICTNESS", ""), ("TAPROOT_SERVER_PORT", "tcp://x")],
        );
        let one = |name: &str| told.iter().find(|setting| setting.name == name).unwrap_or_else(|| panic!("no {name}"));
        for (name, value, source) in [
            ("server.address", json!("127.0.0.1:1"), SettingSource::File),
            ("server.max_queue", json!(8), SettingSource::Environment),
            ("server.max_body_kib", json!(256), SettingSource::Default),
            ("answer.strictness", json!(3), SettingSource::Default),
            ("models.dir", Value::Null, SettingSource::Default),
            ("collections.pay", json!({"allow_upstream": false}), SettingSource::File),
        ] {
            assert_eq!((&one(name).value, one(name).source), (&value, source), "{name}");
        }
        assert_eq!(one("sources.hr").value["path"], "/srv/hr");
    }

    #[test]
    fn no_secret_is_told() {
        let told = list(
            "[vectors]\nurl = \"http://ann:hush@qdrant:6334/x\"\n[slack]\nbot_token = \"hush\"\n",
            &[("TAPROOT_VECTORS_API_KEY", "hush"), ("TAPROOT_OIDC_CLIENT_SECRET", "hush")],
        );
        let text = serde_json::to_string(&told).unwrap();
        assert!(!text.contains("hush") && text.contains("http://…@qdrant:6334/x"), "{text}");
        let secrets = told.iter().filter(|setting| setting.secret);
        let mut named: Vec<_> =
            secrets.map(|setting| (setting.name.as_str(), setting.value.as_str().unwrap())).collect();
        named.sort_unstable();
        assert_eq!(
            named,
            [
                ("oidc.client_secret", SET),
                ("slack.bot_token", SET),
                ("slack.signing_secret", NOT_SET),
                ("vectors.api_key", SET),
            ]
        );
    }
}
