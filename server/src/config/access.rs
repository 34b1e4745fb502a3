//! The sections `[access]`, `[oidc]`, `[limits]` and `[audit]`, and what of `[server]` is about who may come in: their
//! checks, and what they decide. The client's secret is read here; no message of this module holds it.

use std::net::IpAddr;
use std::path::PathBuf;

use taproot_schemas::settings::{AuditSettings, LimitSettings, OidcSettings, ServerSettings, Settings};

use super::MIB;
use super::check::{http_url, is_plain, within, wrong};
use crate::error::{Error, Result};

const MAX_SECRET_BYTES: u64 = 16 * 1024;

/// What whoever comes is judged by, besides keys.
#[derive(Debug, Clone)]
pub struct AccessConfig {
    /// `*` for all.
    pub public_collections: Vec<String>,
    pub session_ms: i64,
    pub trusted_proxies: Vec<IpAddr>,
    /// Without a slash at the end.
    pub public_url: Option<String>,
    /// Whether the audit keeps the texts of questions.
    pub audit_questions: bool,
}

#[derive(Debug, Clone)]
pub struct TlsFiles {
    pub certificate: PathBuf,
    pub key: PathBuf,
}

#[derive(Clone)]
pub struct OidcConfig {
    /// As its tokens name it.
    pub issuer: String,
    pub client_id: String,
    pub client_secret: Option<String>,
    pub audiences: Vec<String>,
    pub scopes: Vec<String>,
    pub groups_claim: String,
    pub reader_groups: Vec<String>,
    pub editor_groups: Vec<String>,
    pub admin_groups: Vec<String>,
}

impl std::fmt::Debug for OidcConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OidcConfig").field("issuer", &self.issuer).finish_non_exhaustive()
    }
}

#[derive(Debug, Clone)]
pub struct LimitsConfig {
    pub requests_per_minute: u32,
    pub anonymous_requests_per_minute: u32,
    pub failed_sign_ins_per_minute: u32,
    pub answers_at_a_time: usize,
    /// 0 for no limit.
    pub tokens_per_day: u64,
}

#[derive(Debug, Clone)]
pub struct AuditConfig {
    pub max_file_bytes: u64,
    pub files: usize,
}

pub fn check(settings: &Settings) -> Result<()> {
    let Settings { server, access, oidc, limits, audit, .. } = settings;
    let public = &access.public_collections;
    if let Some(name) = public.iter().find(|name| !is_plain(name) && *name != "*") {
        return Err(wrong("access.public_collections", format!("holds {name:?}"), "name collections, or write *"));
    }
    if public.len() > 1 && public.iter().any(|name| name == "*") {
        return Err(wrong("access.public_collections", "holds * and others", "write * alone, or name collections"));
    }
    within("access.session_hours", access.session_hours, 1..=24 * 30)?;
    within("limits.requests_per_minute", limits.requests_per_minute, 1..=1_000_000)?;
    within("limits.anonymous_requests_per_minute", limits.anonymous_requests_per_minute, 1..=1_000_000)?;
    within("limits.failed_sign_ins_per_minute", limits.failed_sign_ins_per_minute, 1..=1_000_000)?;
    within("limits.answers_at_a_time", limits.answers_at_a_time, 1..=10_000)?;
    within("audit.max_file_mib", audit.max_file_mib, 1..=1_024)?;
    within("audit.files", audit.files, 2..=100_000)?;
    if let Some(bad) = server.trusted_proxies.iter().find(|address| address.parse::<IpAddr>().is_err()) {
        return Err(wrong("server.trusted_proxies", format!("holds {bad:?}"), "write IP addresses"));
    }
    if let Some(url) = &server.public_url {
        http_url("server.public_url", url)?;
    }
    check_tls(server)?;
    check_oidc(oidc)
}

fn check_tls(server: &ServerSettings) -> Result<()> {
    let missing = match (&server.tls_certificate, &server.tls_key) {
        (Some(_), None) => "server.tls_key",
        (None, Some(_)) => "server.tls_certificate",
        _ => return Ok(()),
    };
    Err(wrong(missing, "is missing, while the other half is given", "give both files, or none"))
}

fn check_oidc(oidc: &OidcSettings) -> Result<()> {
    let Some(issuer) = &oidc.issuer else { return Ok(()) };
    http_url("oidc.issuer", issuer)?;
    if !is_private(issuer) {
        return Err(wrong("oidc.issuer", "has no TLS", "write an https address; http is for this machine only"));
    }
    if oidc.client_id.as_deref().is_none_or(|id| id.trim().is_empty()) {
        return Err(wrong("oidc.client_id", "is missing, while oidc.issuer is given", "write the client's id"));
    }
    if oidc.client_secret.is_some() && oidc.client_secret_file.is_some() {
        return Err(wrong("oidc.client_secret_file", "is given besides oidc.client_secret", "give one of them"));
    }
    if !oidc.scopes.iter().any(|scope| scope == "openid") {
        return Err(wrong("oidc.scopes", "has no openid", "write [\"openid\", \"profile\", \"email\"]"));
    }
    for (field, groups) in [
        ("oidc.reader_groups", &oidc.reader_groups),
        ("oidc.editor_groups", &oidc.editor_groups),
        ("oidc.admin_groups", &oidc.admin_groups),
    ] {
        if let Some(name) = groups.iter().find(|name| !is_plain(name)) {
            return Err(wrong(field, format!("holds {name:?}"), "use 1 to 100 characters, none of them \" \\ , or *"));
        }
    }
    Ok(())
}

/// Whether nobody on the way can read what is sent: by TLS, or because it stays on this machine.
pub fn is_private(url: &str) -> bool {
    let Some(rest) = url.strip_prefix("http://") else { return url.starts_with("https://") };
    let authority = rest.split('/').next().unwrap_or_default();
    crate::http::origin::is_loopback_host(authority)
}

pub fn tls(settings: &Settings) -> Option<TlsFiles> {
    let ServerSettings { tls_certificate, tls_key, .. } = &settings.server;
    Some(TlsFiles { certificate: tls_certificate.as_ref()?.into(), key: tls_key.as_ref()?.into() })
}

pub fn access(settings: &Settings) -> AccessConfig {
    let proxies = settings.server.trusted_proxies.iter().filter_map(|address| address.parse().ok());
    AccessConfig {
        public_collections: settings.access.public_collections.clone(),
        session_ms: i64::from(settings.access.session_hours) * 60 * 60 * 1_000,
        trusted_proxies: proxies.collect(),
        public_url: settings.server.public_url.as_ref().map(|url| url.trim_end_matches('/').to_owned()),
        audit_questions: settings.audit.questions,
    }
}

pub fn oidc(settings: &Settings) -> Result<Option<OidcConfig>> {
    let OidcSettings { issuer, client_id, client_secret, client_secret_file, .. } = &settings.oidc;
    let (Some(issuer), Some(client_id)) = (issuer, client_id) else { return Ok(None) };
    let client_secret = match client_secret_file {
        Some(path) => Some(secret_in(path)?),
        None => client_secret.clone(),
    };
    let OidcSettings { audiences, scopes, groups_claim, reader_groups, editor_groups, admin_groups, .. } =
        settings.oidc.clone();
    Ok(Some(OidcConfig {
        issuer: issuer.clone(),
        client_id: client_id.clone(),
        client_secret,
        audiences: if audiences.is_empty() { vec![client_id.clone()] } else { audiences },
        scopes,
        groups_claim,
        reader_groups,
        editor_groups,
        admin_groups,
    }))
}

fn secret_in(path: &str) -> Result<String> {
    let told = |problem: String| wrong("oidc.client_secret_file", problem, "name a file that holds the secret alone");
    let size = std::fs::metadata(path).map_err(|error| told(format!("cannot be read: {}", error.kind())))?.len();
    if size > MAX_SECRET_BYTES {
        return Err(told(format!("has {size} bytes")));
    }
    let text = std::fs::read_to_string(path)
        .map_err(|error: std::io::Error| told(format!("cannot be read: {}", error.kind())))?;
    let secret = text.trim();
    if secret.is_empty() { Err::<String, Error>(told("is empty".into())) } else { Ok(secret.to_owned()) }
}

pub fn limits(settings: &Settings) -> LimitsConfig {
    let LimitSettings {
        requests_per_minute,
        anonymous_requests_per_minute,
        failed_sign_ins_per_minute,
        answers_at_a_time,
        tokens_per_day,
    } = settings.limits;
    LimitsConfig {
        requests_per_minute,
        anonymous_requests_per_minute,
        failed_sign_ins_per_minute,
        answers_at_a_time,
        tokens_per_day,
    }
}

pub fn audit(settings: &Settings) -> AuditConfig {
    let AuditSettings { max_file_mib, files, .. } = settings.audit;
    AuditConfig { max_file_bytes: max_file_mib * MIB, files }
}
