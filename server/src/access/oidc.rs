//! OpenID Connect: whom an issuer vouches for.
//!
//! In: bearer tokens, and what the issuer's sign-in page sends back. Out: an [`Identity`] whose token was signed by a key of
//! the issuer, is meant for this server and holds now (OpenID Connect Core 1.0, sections 3.1.3.7 and 5.3). The issuer's
//! description and keys are fetched when they are needed and kept for an hour; a token that names an unknown key makes them
//! be fetched again, at most every ten seconds.

use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::{Jwk, JwkSet};
use jsonwebtoken::{Algorithm, AlgorithmFamily, DecodingKey, Validation, decode, decode_header};
use reqwest::{Client, Url, redirect};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use taproot_engine::{Identity, check_name};
use taproot_schemas::account::Role;
use taproot_schemas::error::ErrorCode;
use tokio::sync::Mutex;

use crate::config::{OidcConfig, is_private};
use crate::http::error::{ApiError, Result};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const TIMEOUT: Duration = Duration::from_secs(10);
/// Of a description, of keys, of tokens.
const MAX_BYTES: usize = 1 << 20;
const KEPT_FOR: Duration = Duration::from_secs(60 * 60);
const FETCHED_AT_MOST_EVERY: Duration = Duration::from_secs(10);
/// Groups of one person; the rest is left out.
const MAX_GROUPS: usize = 500;
/// What an issuer's keys are for; `none` and shared secrets are not among them.
const FAMILIES: [AlgorithmFamily; 3] = [AlgorithmFamily::Rsa, AlgorithmFamily::Ec, AlgorithmFamily::Ed];

pub struct Oidc {
    config: OidcConfig,
    http: Client,
    known: Mutex<Option<Known>>,
}

#[derive(Clone)]
struct Known {
    fetched: Instant,
    issuer: Metadata,
    keys: JwkSet,
}

/// What of the issuer's description is asked for (OpenID Connect Discovery 1.0, section 3).
#[derive(Clone, Deserialize)]
struct Metadata {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    #[serde(default)]
    userinfo_endpoint: Option<String>,
    #[serde(default)]
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
}

/// What a sign-in is recognised by when it comes back.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, Deserialize)]
pub struct Attempt {
    pub state: String,
    pub nonce: String,
    pub verifier: String,
    pub redirect_uri: String,
    /// Where on this server to go on.
    pub to: String,
    /// Seconds since 1970.
    pub expires: u64,
}

#[derive(Deserialize)]
struct Tokens {
    id_token: String,
    #[serde(default)]
    access_token: Option<String>,
}

impl Oidc {
    pub fn new(config: OidcConfig) -> reqwest::Result<Oidc> {
        // An issuer that sends elsewhere is not the one of the settings.
        let http = Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(TIMEOUT)
            .redirect(redirect::Policy::none())
            .build()?;
        Ok(Oidc { config, http, known: Mutex::default() })
    }

    /// The address of the issuer's sign-in page for this attempt.
    pub async fn sign_in_page(&self, attempt: &Attempt) -> Result<Url> {
        let known = self.known(None).await?;
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(attempt.verifier.as_bytes()));
        let parameters = [
            ("response_type", "code"),
            ("client_id", &self.config.client_id),
            ("redirect_uri", &attempt.redirect_uri),
            ("scope", &self.config.scopes.join(" ")),
            ("state", &attempt.state),
            ("nonce", &attempt.nonce),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ];
        let mut page = Url::parse(&known.issuer.authorization_endpoint).map_err(unwell)?;
        page.query_pairs_mut().extend_pairs(parameters);
        Ok(page)
    }

    /// Who came back from the sign-in page with this code.
    pub async fn redeem(&self, attempt: &Attempt, code: &str) -> Result<Identity> {
        let known = self.known(None).await?;
        let mut form = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", &attempt.redirect_uri),
            ("code_verifier", &attempt.verifier),
        ];
        let mut request = self.http.post(&known.issuer.token_endpoint);
        let methods = known.issuer.token_endpoint_auth_methods_supported.as_deref().unwrap_or_default();
        let takes_basic = methods.is_empty() || methods.iter().any(|method| method == "client_secret_basic");
        match &self.config.client_secret {
            Some(secret) if takes_basic => {
                let encoded = |text: &str| url_encoded(text);
                request = request.basic_auth(encoded(&self.config.client_id), Some(encoded(secret)));
            }
            Some(secret) => form.extend([("client_id", self.config.client_id.as_str()), ("client_secret", secret)]),
            None => form.push(("client_id", &self.config.client_id)),
        }
        let body: String =
            form.iter().map(|(name, value)| format!("{name}={}", url_encoded(value))).collect::<Vec<_>>().join("&");
        let request = request.header("content-type", "application/x-www-form-urlencoded").body(body);
        let tokens: Tokens = fetched(request).await?;
        let claims = self.verified(&tokens.id_token, std::slice::from_ref(&self.config.client_id)).await?;
        if claims.get("nonce").and_then(Value::as_str) != Some(&attempt.nonce) {
            return Err(refused("the issuer's token is of another sign-in"));
        }
        let claims = match (&known.issuer.userinfo_endpoint, &tokens.access_token) {
            // Some issuers tell groups there only.
            (Some(endpoint), Some(token)) if self.groups_of(&claims).is_none() => {
                let told: Map<String, Value> = fetched(self.http.get(endpoint).bearer_auth(token)).await?;
                if told.get("sub") != claims.get("sub") {
                    return Err(refused("the issuer tells of another person than the one who signed in"));
                }
                told.into_iter().chain(claims).collect()
            }
            _ => claims,
        };
        self.identity(&claims)
    }

    /// Who shows a bearer token.
    pub async fn verify_bearer(&self, token: &str) -> Result<Identity> {
        self.identity(&self.verified(token, &self.config.audiences).await?)
    }

    async fn verified(&self, token: &str, audiences: &[String]) -> Result<Map<String, Value>> {
        let header = decode_header(token).map_err(|_| refused("what was shown is no token"))?;
        let known = self.known(header.kid.as_deref()).await?;
        let Some(key) = key_of(&known.keys, header.kid.as_deref(), header.alg) else {
            return Err(refused("the token is signed by no key of the issuer"));
        };
        let decoding = DecodingKey::from_jwk(key).map_err(unwell)?;
        let mut validation = Validation::new(header.alg);
        validation.set_audience(audiences);
        validation.set_issuer(&[&known.issuer.issuer]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        validation.validate_nbf = true;
        let decoded = decode::<Map<String, Value>>(token, &decoding, &validation);
        decoded.map(|token| token.claims).map_err(|error| refused(format!("the token is of no use: {error}")))
    }

    fn identity(&self, claims: &Map<String, Value>) -> Result<Identity> {
        let text = |name: &str| claims.get(name).and_then(Value::as_str).map(str::to_owned);
        let (Some(issuer), Some(subject)) = (text("iss"), text("sub")) else {
            return Err(refused("the token does not say whose it is"));
        };
        let groups = self.groups_of(claims).unwrap_or_default();
        Ok(Identity {
            issuer,
            subject,
            name: text("name").or_else(|| text("preferred_username")),
            email: text("email"),
            role: self.role(&groups),
            groups,
        })
    }

    fn role(&self, groups: &[String]) -> Option<Role> {
        let in_any = |list: &[String]| list.iter().any(|group| groups.contains(group));
        let OidcConfig { admin_groups, editor_groups, reader_groups, .. } = &self.config;
        let roles = [
            (Role::Admin, in_any(admin_groups)),
            (Role::Editor, in_any(editor_groups)),
            (Role::Reader, reader_groups.is_empty() || in_any(reader_groups)),
        ];
        roles.into_iter().find_map(|(role, has)| has.then_some(role))
    }

    /// `None` where the claims say nothing of groups. A name that no group can have is none.
    fn groups_of(&self, claims: &Map<String, Value>) -> Option<Vec<String>> {
        let mut parts = self.config.groups_claim.split('.');
        let mut claim = claims.get(&self.config.groups_claim).or_else(|| claims.get(parts.next()?))?;
        if !claims.contains_key(&self.config.groups_claim) {
            for part in parts {
                claim = claim.get(part)?;
            }
        }
        let names: Vec<&str> = match claim {
            Value::String(one) => vec![one],
            Value::Array(several) => several.iter().filter_map(Value::as_str).collect(),
            _ => return None,
        };
        Some(names.into_iter().filter(|name| check_name(name).is_ok()).take(MAX_GROUPS).map(str::to_owned).collect())
    }

    /// The issuer's description and keys; those at hand, unless they are old or lack the wanted key.
    async fn known(&self, wanted: Option<&str>) -> Result<Known> {
        let mut known = self.known.lock().await;
        if let Some(at_hand) = known.as_ref() {
            let age = at_hand.fetched.elapsed();
            let has_it = wanted.is_none_or(|wanted| at_hand.keys.find(wanted).is_some());
            if (has_it && age < KEPT_FOR) || age < FETCHED_AT_MOST_EVERY {
                return Ok(at_hand.clone());
            }
        }
        match self.fetch().await {
            Ok(fresh) => {
                *known = Some(fresh.clone());
                Ok(fresh)
            }
            // An issuer that is away for a moment does not lock out those whose keys are known.
            Err(error) => match known.as_mut() {
                Some(at_hand) => {
                    tracing::warn!(%error, "cannot fetch the issuer's keys anew");
                    Ok(at_hand.clone())
                }
                None => Err(error),
            },
        }
    }

    async fn fetch(&self) -> Result<Known> {
        let place = format!("{}/.well-known/openid-configuration", self.config.issuer.trim_end_matches('/'));
        let issuer: Metadata = fetched(self.http.get(place)).await?;
        if issuer.issuer.trim_end_matches('/') != self.config.issuer.trim_end_matches('/') {
            return Err(unwell(format!("it calls itself {:?}, the settings {:?}", issuer.issuer, self.config.issuer)));
        }
        let endpoints = [&issuer.authorization_endpoint, &issuer.token_endpoint, &issuer.jwks_uri];
        if let Some(open) = endpoints.into_iter().chain(&issuer.userinfo_endpoint).find(|url| !is_private(url)) {
            return Err(unwell(format!("{open:?} has no TLS")));
        }
        let keys = fetched(self.http.get(&issuer.jwks_uri)).await?;
        Ok(Known { fetched: Instant::now(), issuer, keys })
    }
}

/// The key that a token names; where it names none, the only one that fits.
fn key_of<'a>(keys: &'a JwkSet, id: Option<&str>, algorithm: Algorithm) -> Option<&'a Jwk> {
    let fits = |key: &&Jwk| {
        let declared = key.common.key_algorithm;
        let allowed = FAMILIES.iter().any(|family| family.algorithms().contains(&algorithm));
        allowed && declared.is_none_or(|declared| declared == algorithm.into())
    };
    match id {
        Some(id) => keys.find(id).filter(fits),
        None => {
            let mut fitting = keys.keys.iter().filter(fits);
            fitting.next().filter(|_| fitting.next().is_none())
        }
    }
}

async fn fetched<T: DeserializeOwned>(request: reqwest::RequestBuilder) -> Result<T> {
    let mut response = request.send().await.map_err(unwell)?;
    let status = response.status();
    let mut body = Vec::new();
    while let Some(part) = response.chunk().await.map_err(unwell)? {
        if body.len() + part.len() > MAX_BYTES {
            return Err(unwell(format!("an answer is longer than {MAX_BYTES} bytes")));
        }
        body.extend_from_slice(&part);
    }
    // The token endpoint says so of a code that was used, or is too old (RFC 6749, section 5.2).
    if status.as_u16() == 400 || status.as_u16() == 401 {
        let why: Value = serde_json::from_slice(&body).unwrap_or_default();
        return Err(refused(format!("the issuer refuses: {}", why["error"].as_str().unwrap_or("no reason given"))));
    }
    if !status.is_success() {
        return Err(unwell(format!("it answers {status}")));
    }
    serde_json::from_slice(&body).map_err(unwell)
}

fn url_encoded(text: &str) -> String {
    let keep = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    text.bytes().map(|byte| if keep(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

fn refused(why: impl Into<std::borrow::Cow<'static, str>>) -> ApiError {
    ApiError::new(ErrorCode::Unauthorized, why)
}

/// The log is told what is wrong; the caller only that something is.
fn unwell(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> ApiError {
    ApiError::caused(ErrorCode::IssuerUnavailable, "the issuer of sign-ins does not answer as it should", cause)
}
