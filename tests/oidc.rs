//! Sign-in by a real OpenID Connect issuer: by code at the page, by bearer tokens at the API.

use reqwest::redirect::Policy;
use reqwest::{Client, Response, StatusCode};
use serde_json::{Value, json};
use taproot_schemas::account::{CallerKind, Role, SessionInfo, SignIn, User, UserList};
use taproot_schemas::error::ErrorCode;

use crate::support::http::{Http, error_of, ok, refused};
use crate::support::issuer::Issuer;
use crate::support::tenants::{Tenants, canary};

fn tenants(issuer: &Issuer) -> Tenants {
    Tenants::with(&[
        ("TAPROOT_OIDC_ISSUER", &issuer.url),
        ("TAPROOT_OIDC_CLIENT_ID", "taproot"),
        ("TAPROOT_OIDC_CLIENT_SECRET", "hush"),
        ("TAPROOT_OIDC_EDITOR_GROUPS", "office"),
        ("TAPROOT_OIDC_ADMIN_GROUPS", "it"),
        ("TAPROOT_OIDC_READER_GROUPS", "crew"),
        ("TAPROOT_LIMITS_FAILED_SIGN_INS_PER_MINUTE", "1000000"),
    ])
}

/// A browser that stays where it is sent from, with its cookies.
struct Browser {
    http: Client,
    base: String,
    cookies: Vec<String>,
}

impl Browser {
    fn of(tenants: &Tenants) -> Browser {
        let http = Client::builder().no_proxy().redirect(Policy::none()).build().expect("a client");
        Browser { http, base: tenants.server.url(""), cookies: Vec::new() }
    }

    async fn get(&mut self, url: &str) -> Response {
        let url = if url.starts_with("http") { url.to_owned() } else { format!("{}{url}", self.base) };
        let response = self.http.get(url).header("cookie", self.cookies.join("; ")).send().await.expect("an answer");
        for set in response.headers().get_all("set-cookie") {
            let set = set.to_str().expect("text");
            assert!(set.contains("HttpOnly") && set.contains("SameSite=Lax"), "{set}");
            let pair = set.split(';').next().expect("a pair").to_owned();
            let name = pair.split('=').next().expect("a name").to_owned();
            self.cookies.retain(|kept| !kept.starts_with(&format!("{name}=")));
            if !set.contains("Max-Age=0") {
                self.cookies.push(pair);
            }
        }
        response
    }

    async fn who(&mut self) -> SessionInfo {
        self.get("/v1/session").await.json().await.expect("a session")
    }
}

fn location(response: &Response) -> String {
    assert_eq!(response.status(), StatusCode::FOUND);
    response.headers()["location"].to_str().expect("text").to_owned()
}

async fn keys_of(http: &Http, token: &str) -> Result<(), ErrorCode> {
    let response = http.get("/v1/documents").bearer_auth(token).send().await.expect("an answer");
    match response.status() {
        StatusCode::OK => Ok(()),
        StatusCode::UNAUTHORIZED => Err(error_of(response, ErrorCode::Unauthorized).await.code),
        _ => Err(error_of(response, ErrorCode::Forbidden).await.code),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_signs_in_at_the_page() {
    let issuer = Issuer::start();
    let tenants = tenants(&issuer);
    issuer
        .knows(&json!({"sub": "ann", "name": "Ann Lee", "email": "ann@example.com", "groups": ["crew", "bad,name"]}))
        .await;
    let mut browser = Browser::of(&tenants);
    let before = browser.who().await;
    assert_eq!((before.role, before.sign_in), (None, vec![SignIn::Oidc, SignIn::Key]));

    let page = location(&browser.get("/v1/session/oidc?to=/%23search").await);
    assert!(page.starts_with(&issuer.url) && page.contains("code_challenge_method=S256"), "{page}");
    let back = location(&issuer.signs_in(&page, "ann").await);
    assert!(back.starts_with(&format!("{}/v1/session/oidc/callback", browser.base)), "{back}");
    assert_eq!(location(&browser.get(&back).await), "/#search");
    let who = browser.who().await;
    assert_eq!((who.role, who.kind, who.name.as_str()), (Some(Role::Reader), CallerKind::User, "Ann Lee"));
    assert_eq!(who.groups, Some(vec!["crew".to_owned()]), "names that no group can have are left out");
    let documents = browser.get("/v1/documents").await.text().await.expect("a body");
    assert!(documents.contains("north/crew") || documents.contains("crew/report.md"), "{documents}");
    assert!(!documents.contains("board/report.md"), "{documents}");

    // Once only, and only by the browser that began it.
    assert_eq!(browser.get(&back).await.status(), StatusCode::UNAUTHORIZED);
    let mut thief = Browser::of(&tenants);
    let page = location(&browser.get("/v1/session/oidc").await);
    let back = location(&issuer.signs_in(&page, "ann").await);
    assert_eq!(thief.get(&back).await.status(), StatusCode::UNAUTHORIZED);
    let forged = back.replace("state=", "state=x");
    assert_eq!(browser.get(&forged).await.status(), StatusCode::UNAUTHORIZED);
    assert!(!location(&browser.get("/v1/session/oidc?to=//evil.example").await).contains("evil"));

    // Whose groups give no role is told so, and is not signed in.
    issuer.knows(&json!({"sub": "bob", "groups": ["guests"]})).await;
    let mut other = Browser::of(&tenants);
    let page = location(&other.get("/v1/session/oidc").await);
    let back = location(&issuer.signs_in(&page, "bob").await);
    assert_eq!(other.get(&back).await.status(), StatusCode::FORBIDDEN);
    assert_eq!(other.who().await.role, None);

    // An administrator keeps somebody out, from the next request on.
    let users: UserList = ok(tenants.http().get("/v1/users").bearer_auth(&tenants.admin)).await;
    let ann = users.users.iter().find(|user| user.name.as_deref() == Some("Ann Lee")).expect("Ann");
    let patch = tenants.http().request(reqwest::Method::PATCH, &format!("/v1/users/{}", ann.id));
    let blocked: User = ok(patch.json(&json!({"blocked": true})).bearer_auth(&tenants.admin)).await;
    assert!(blocked.blocked);
    assert_eq!(browser.get("/v1/documents").await.status(), StatusCode::FORBIDDEN);
}

#[tokio::test(flavor = "multi_thread")]
async fn bearer_tokens_are_the_issuers_or_of_no_use() {
    let issuer = Issuer::start();
    let tenants = tenants(&issuer);
    let http = tenants.http();
    let claims = |change: Value| {
        let mut claims = json!({"sub": "cem", "groups": ["crew"]});
        claims.as_object_mut().expect("an object").extend(change.as_object().expect("an object").clone());
        claims
    };
    let good = issuer.token(&claims(json!({})), "issuer").await;
    assert_eq!(keys_of(&http, &good).await, Ok(()));
    for (change, signed_by) in [
        (json!({}), "another"),
        (json!({}), "secret"),
        (json!({}), "none"),
        (json!({"aud": "somebody else"}), "issuer"),
        (json!({"aud": null}), "issuer"),
        (json!({"iss": "https://evil.example"}), "issuer"),
        (json!({"exp": 1_000_000_000}), "issuer"),
        (json!({"exp": null}), "issuer"),
        (json!({"nbf": 4_000_000_000_u32}), "issuer"),
        (json!({"sub": null}), "issuer"),
    ] {
        let token = issuer.token(&claims(change.clone()), signed_by).await;
        assert_eq!(keys_of(&http, &token).await, Err(ErrorCode::Unauthorized), "{change} by {signed_by}");
    }
    // A new key of the issuer is fetched when a token names it, and the old one is gone with it.
    issuer.rotates().await;
    assert_eq!(keys_of(&http, &good).await, Ok(()), "the keys at hand are young");
    let search =
        |token: &str| http.post("/v1/search", &json!({"query": "code name of the lighthouse"})).bearer_auth(token);
    let found: Value = ok(search(&good)).await;
    assert!(found.to_string().contains(&canary("south", Some("crew"))), "{found}");

    // Whoever left a group sees nothing of it as soon as the issuer says so.
    let left = issuer.token(&claims(json!({"groups": []})), "issuer").await;
    let told = crate::support::wait::eventually("the new key is fetched", || async {
        keys_of(&http, &left).await.err().filter(|code| *code != ErrorCode::Unauthorized)
    });
    assert_eq!(told.await, ErrorCode::Forbidden, "no group gives a role");
    assert_eq!(keys_of(&http, &good).await, Err(ErrorCode::Unauthorized), "signed by a key that is gone");

    let admin = issuer.token(&claims(json!({"sub": "dee", "groups": ["it"]})), "issuer").await;
    let users: UserList = ok(http.get("/v1/users").bearer_auth(&admin)).await;
    assert_eq!(users.users.len(), 2, "{users:?}");
    let found: Value = ok(search(&admin)).await;
    assert!(!found.to_string().contains(&canary("south", Some("crew"))), "an administrator reads what its groups read");
    refused(http.get("/v1/documents"), ErrorCode::Unauthorized).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_issuer_that_is_away_is_told_as_such() {
    let issuer = Issuer::start();
    let tenants = tenants(&issuer);
    let token = issuer.token(&json!({"sub": "eve", "groups": ["crew"]}), "issuer").await;
    drop(issuer);
    let http = tenants.http();
    refused(http.get("/v1/documents").bearer_auth(&token), ErrorCode::IssuerUnavailable).await;
    refused(http.get("/v1/session/oidc"), ErrorCode::IssuerUnavailable).await;
    // Keys go on.
    let _: Value = ok(http.get("/v1/documents").bearer_auth(&tenants.admin)).await;
}
