//! Who may do what: every route, by every kind of caller, on its own, another's and a hidden object.

use std::collections::BTreeSet;

use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};
use taproot_schemas::account::{CallerKind, Key, Role, SessionInfo};
use taproot_schemas::answer::Answer;
use taproot_schemas::conversation::Transcript;
use taproot_schemas::error::ErrorCode;
use taproot_schemas::search::SearchResponse;

use crate::support::http::{Http, ok, refused};
use crate::support::tenants::{GROUPS, Somebody, TENANTS, Tenants, all, canary};

/// Who is let in at least. `Open`: everybody. `Owner`: only with the token of the lock file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd)]
enum Least {
    Open,
    Reader,
    Editor,
    Admin,
    Owner,
}
use Least::{Admin, Editor, Open, Owner, Reader};

/// Every operation of the contract. One that is not here fails the test.
const MATRIX: &[(&str, &str, Least)] = &[
    ("POST", "/v1/ask", Reader),
    ("POST", "/v1/search", Reader),
    ("GET", "/v1/conversations", Reader),
    ("GET", "/v1/conversations/{id}", Reader),
    ("PATCH", "/v1/conversations/{id}", Reader),
    ("DELETE", "/v1/conversations/{id}", Reader),
    ("GET", "/v1/conversations/{id}/export", Reader),
    ("GET", "/v1/documents", Reader),
    ("POST", "/v1/documents", Editor),
    ("GET", "/v1/documents/{id}", Reader),
    ("DELETE", "/v1/documents/{id}", Editor),
    ("GET", "/v1/documents/{id}/text", Reader),
    ("GET", "/v1/documents/{id}/original", Reader),
    ("GET", "/v1/documents/{id}/chunks", Reader),
    ("POST", "/v1/documents/{id}/reread", Editor),
    ("GET", "/v1/collections", Reader),
    ("POST", "/v1/feedback", Reader),
    ("DELETE", "/v1/feedback/{answer_id}", Reader),
    ("POST", "/v1/handoffs", Reader),
    ("GET", "/v1/questions", Editor),
    ("PATCH", "/v1/questions/{id}", Editor),
    ("GET", "/v1/settings", Admin),
    ("POST", "/v1/evaluations", Admin),
    ("GET", "/v1/evaluations", Admin),
    ("GET", "/v1/evaluations/{id}", Admin),
    ("GET", "/v1/evaluations/{id}/compare", Admin),
    ("DELETE", "/v1/evaluations/{id}", Admin),
    ("POST", "/v1/jobs", Editor),
    ("GET", "/v1/jobs", Editor),
    ("GET", "/v1/jobs/{id}", Editor),
    ("DELETE", "/v1/jobs/{id}", Editor),
    ("GET", "/v1/jobs/{id}/events", Editor),
    ("GET", "/v1/sources", Editor),
    ("POST", "/v1/sync/diff", Editor),
    ("POST", "/v1/sync/commit", Editor),
    ("PUT", "/v1/sync/files/{hash}", Editor),
    ("GET", "/v1/session", Open),
    ("POST", "/v1/session", Open),
    ("DELETE", "/v1/session", Open),
    ("GET", "/v1/session/oidc", Open),
    ("GET", "/v1/session/oidc/callback", Open),
    ("POST", "/v1/widget/token", Open),
    ("GET", "/v1/keys", Admin),
    ("POST", "/v1/keys", Admin),
    ("GET", "/v1/keys/{id}", Admin),
    ("PATCH", "/v1/keys/{id}", Admin),
    ("DELETE", "/v1/keys/{id}", Admin),
    ("GET", "/v1/users", Admin),
    ("PATCH", "/v1/users/{id}", Admin),
    ("GET", "/v1/audit", Admin),
    ("GET", "/v1/audit/export", Admin),
    ("POST", "/v1/admin/doctor", Owner),
    ("POST", "/v1/chat/completions", Reader),
    ("GET", "/v1/models", Reader),
    ("GET", "/v1/models/{id}", Reader),
    ("POST", "/v1/embeddings", Reader),
    ("POST", "/retrieval", Reader),
    ("POST", "/mcp", Reader),
    ("POST", "/slack/events", Open),
    ("GET", "/healthz", Open),
    ("GET", "/readyz", Open),
    ("GET", "/metrics", Editor),
    ("GET", "/openapi.json", Open),
];

/// What refuses whoever shows nothing to begin a session with, though everybody may call it.
const SIGN_INS: [&str; 3] = ["/v1/session", "/v1/session/oidc/callback", "/v1/widget/token"];

#[tokio::test(flavor = "multi_thread")]
async fn every_route_lets_in_whom_the_table_says() {
    let tenants = Tenants::with(&[]);
    let http = tenants.http();
    let contract: Value = ok(http.get("/openapi.json")).await;
    let mut told = BTreeSet::new();
    for (path, item) in contract["paths"].as_object().expect("paths") {
        told.extend(item.as_object().expect("an item").keys().map(|method| (method.to_uppercase(), path.clone())));
    }
    let known: BTreeSet<_> =
        MATRIX.iter().map(|(method, path, _)| ((*method).to_owned(), (*path).to_owned())).collect();
    assert_eq!(told, known, "routes that the table does not have, or has and that are gone");

    let callers = [
        (tenants.nobody(), Open),
        (tenants.widget("https://www.example.com", TENANTS[0], &[]).await, Reader),
        (tenants.key("reader", TENANTS[0], &[]).await, Reader),
        (tenants.key("editor", TENANTS[0], &[]).await, Editor),
        (tenants.admin(), Admin),
    ];
    for (method, path, least) in MATRIX {
        for (somebody, role) in &callers {
            let url = ["{id}", "{hash}", "{answer_id}"]
                .iter()
                .fold((*path).to_owned(), |url, part| url.replace(part, "absent"));
            let method = Method::from_bytes(method.as_bytes()).expect("a method");
            let mut request = somebody.ask(http.request(method.clone(), &url));
            if [Method::POST, Method::PATCH, Method::PUT].contains(&method) {
                request = request.json(&json!({}));
            }
            let status = request.send().await.expect("an answer").status();
            let who = format!("{method} {path} by {}: {status}", somebody.name);
            if role >= least {
                let is_sign_in = SIGN_INS.contains(path);
                let is_let_in = is_sign_in || ![StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN].contains(&status);
                // Lists of conversations are for callers that are known: a page's widget keeps the id of its own.
                let has_no_list = *path == "/v1/conversations" && somebody.name.starts_with("widget");
                assert!(is_let_in || has_no_list, "{who}");
                assert!(!status.is_server_error(), "{who}");
            } else {
                let expected = if *role == Open { StatusCode::UNAUTHORIZED } else { StatusCode::FORBIDDEN };
                assert_eq!(status, expected, "{who}");
            }
        }
    }
}

/// Own, another's and hidden: a document that may not be seen is answered like one that is not there, word for word.
#[tokio::test(flavor = "multi_thread")]
async fn a_hidden_document_is_as_absent_as_one_that_never_was() {
    let tenants = Tenants::start();
    let (http, documents) = (tenants.http(), tenants.documents().await);
    let shown = async |request: RequestBuilder, id: &str| {
        let response = request.send().await.expect("an answer");
        let status = response.status();
        let mut body: Value = response.json().await.unwrap_or_default();
        if let Some(error) = body.get_mut("error").and_then(Value::as_object_mut) {
            error.remove("request_id");
        }
        (status, body.to_string().replace(id, "ID"))
    };
    let never = "0190a0a0-0000-7000-8000-000000000000";
    for somebody in tenants.everybody().await {
        for (tenant, group) in all() {
            let id = &documents[&canary(tenant, group)].id;
            for door in ["", "/text", "/original", "/chunks"] {
                let path = |id: &str| format!("/v1/documents/{id}{door}");
                let (status, body) = shown(somebody.ask(http.get(&path(id))), id).await;
                let told = format!("{} reads {tenant} {group:?}{door}: {status} {body}", somebody.name);
                if somebody.sees(tenant, group) {
                    assert_eq!(status, StatusCode::OK, "{told}");
                } else {
                    assert_eq!(status, StatusCode::NOT_FOUND, "{told}");
                    assert_eq!((status, body), shown(somebody.ask(http.get(&path(never))), never).await, "{told}");
                }
            }
        }
    }
    // An editor of one tenant takes nothing from the other, and nothing that it cannot see.
    let editor = tenants.key("editor", TENANTS[0], &GROUPS[..1]).await;
    for (tenant, group) in all().filter(|(tenant, group)| !editor.sees(tenant, *group)) {
        let id = &documents[&canary(tenant, group)].id;
        refused(editor.ask(http.delete(&format!("/v1/documents/{id}"))), ErrorCode::DocumentNotFound).await;
    }
    let job = json!({"path": tenants.taproot.documents_folder()});
    refused(editor.ask(http.post("/v1/jobs", &job)), ErrorCode::Forbidden).await;
    let manifest = json!({"source": "s", "collection": TENANTS[1], "files": []});
    refused(editor.ask(http.post("/v1/sync/diff", &manifest)), ErrorCode::Forbidden).await;
    assert_eq!(tenants.documents().await.len(), all().count());
}

const QUESTION: &str = "What is the code name of the lighthouse?";

async fn searched(http: &Http, somebody: &Somebody) -> String {
    let body = json!({"query": "code name of the lighthouse", "k": 50});
    serde_json::to_string(&ok::<SearchResponse>(somebody.ask(http.post("/v1/search", &body))).await).expect("JSON")
}

/// Leaving a group, and losing a key, take effect with the next request: on documents, searches, conversations, sessions
/// and tokens.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_taken_away_is_gone_at_once() {
    let tenants = Tenants::start();
    let http = tenants.http();
    let crew = tenants.key("reader", "north", &["crew"]).await;
    let (word, key_id) = (canary("north", Some("crew")), crew.key_id.clone().expect("a key"));
    let document = tenants.documents().await.remove(&word).expect("a document");
    let answer: Answer = ok(crew.ask(http.post("/v1/ask", &json!({"question": format!("{QUESTION} {word}")})))).await;
    assert!(answer.answer.contains(&word), "{answer:?}");
    assert!(searched(&http, &crew).await.contains(&word));
    let conversation = format!("/v1/conversations/{}", answer.conversation_id);
    let session = http.post("/v1/session", &json!({"key": crew.shows})).send().await.expect("an answer");
    let cookie = session.headers()["set-cookie"].to_str().expect("text").split(';').next().expect("a pair").to_owned();
    let by_session = |path: &str| http.get(path).header("cookie", &cookie);
    let who: SessionInfo = ok(by_session("/v1/session")).await;
    assert_eq!((who.role, who.kind, who.name), (Some(Role::Reader), CallerKind::Key, crew.name.clone()));
    let token: Value = ok(crew.ask(http.post("/v1/widget/token", &json!({"user": "ann"})))).await;
    let visitor = Somebody { shows: token["token"].as_str().map(str::to_owned), ..crew.clone() };
    assert!(searched(&http, &visitor).await.contains(&word));

    let change = json!({"groups": []});
    let path = format!("/v1/keys/{key_id}");
    let changed: Key = ok(http.request(Method::PATCH, &path).json(&change).bearer_auth(&tenants.admin)).await;
    assert_eq!(changed.groups, Some(vec![]));
    for somebody in [&crew, &visitor] {
        assert!(!searched(&http, somebody).await.contains(&word));
        let read = somebody.ask(http.get(&format!("/v1/documents/{}/text", document.id)));
        refused(read, ErrorCode::DocumentNotFound).await;
    }
    refused(by_session(&format!("/v1/documents/{}", document.id)), ErrorCode::DocumentNotFound).await;
    let transcript: Transcript = ok(crew.ask(http.get(&conversation))).await;
    let kept = serde_json::to_string(&transcript.turns[0].answer.sentences).expect("JSON");
    assert!(!kept.contains(&word) && !transcript.turns[0].withdrawn.is_empty(), "{transcript:?}");

    let _: Key = ok(http.delete(&path).bearer_auth(&tenants.admin)).await;
    for somebody in [&crew, &visitor] {
        for request in [
            http.post("/v1/search", &json!({"query": "lamp"})),
            http.post("/v1/ask", &json!({"question": QUESTION})),
            http.post("/v1/ask", &json!({"question": QUESTION, "stream": true})),
            http.post(
                "/v1/chat/completions",
                &json!({"model": "taproot", "messages": [{"role": "user", "content": "?"}]}),
            ),
            http.post("/mcp", &json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"})),
            http.post("/retrieval", &json!({})),
            http.get(&conversation),
            http.get(&format!("{conversation}/export")),
            http.get("/v1/documents"),
            http.get(&format!("/v1/documents/{}", document.id)),
        ] {
            let status = somebody.ask(request).send().await.expect("an answer").status();
            assert_eq!(status, StatusCode::UNAUTHORIZED, "{}", somebody.name);
        }
    }
    let who: SessionInfo = ok(by_session("/v1/session")).await;
    assert_eq!(who.kind, CallerKind::Anonymous);
    assert!(http.get("/v1/jobs").header("cookie", &cookie).send().await.expect("an answer").status() == 401);
}

/// A cookie counts for pages of this server only, whatever the browser adds to requests of others.
#[tokio::test(flavor = "multi_thread")]
async fn a_session_is_of_no_use_to_other_pages() {
    let tenants = Tenants::with(&[("TAPROOT_SERVER_ALLOWED_ORIGINS", "https://intranet.example.com")]);
    let http = tenants.http();
    let signed_in = http.post("/v1/session", &json!({"key": tenants.admin})).send().await.expect("an answer");
    let cookie = signed_in.headers()["set-cookie"].to_str().expect("text").to_owned();
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax") && cookie.contains("Path=/"), "{cookie}");
    let pair = cookie.split(';').next().expect("a pair");
    let own = format!("http://{}", tenants.server.address);
    let keys = || http.get("/v1/keys").header("cookie", pair);
    let _: Value = ok(keys().header("origin", &own)).await;
    let _: Value = ok(keys().header("sec-fetch-site", "same-origin")).await;
    refused(keys().header("origin", "https://evil.example"), ErrorCode::OriginNotAllowed).await;
    refused(keys().header("origin", "https://intranet.example.com"), ErrorCode::Unauthorized).await;
    refused(keys().header("origin", "http://localhost:1"), ErrorCode::Unauthorized).await;
    refused(keys().header("sec-fetch-site", "cross-site"), ErrorCode::Unauthorized).await;
    let forged =
        http.post("/v1/keys", &json!({"name": "x"})).header("cookie", pair).header("sec-fetch-site", "same-site");
    refused(forged, ErrorCode::Unauthorized).await;

    refused(http.post("/v1/session", &json!({"key": "taproot_sk_wrong"})), ErrorCode::InvalidKey).await;
    let out = http.delete("/v1/session").header("cookie", pair).header("origin", &own).send().await.expect("an answer");
    assert_eq!(out.status(), StatusCode::NO_CONTENT);
    refused(keys().header("origin", &own), ErrorCode::Unauthorized).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_widgets_key_is_of_use_in_its_own_pages_only() {
    let tenants = Tenants::with(&[]);
    let http = tenants.http();
    let page = "https://www.example.com";
    let new =
        json!({"name": "site", "kind": "widget", "groups": ["crew"], "collections": ["north"], "origins": [page]});
    let created = tenants.create(&new).await;
    assert_eq!((created.key.role, created.secret.starts_with("taproot_pk_")), (Role::Reader, true));
    let exchange = |origin: Option<&str>, key: &str| {
        let request = http.post("/v1/widget/token", &json!({"key": key}));
        match origin {
            Some(origin) => request.header("origin", origin),
            None => request,
        }
    };
    refused(exchange(Some("https://evil.example"), &created.secret), ErrorCode::OriginNotAllowed).await;
    refused(exchange(Some("https://www.example.com.evil.example"), &created.secret), ErrorCode::OriginNotAllowed).await;
    refused(exchange(None, &created.secret), ErrorCode::OriginNotAllowed).await;
    refused(exchange(Some(page), &tenants.admin), ErrorCode::InvalidKey).await;
    refused(http.post("/v1/search", &json!({"query": "lamp"})).bearer_auth(&created.secret), ErrorCode::Unauthorized)
        .await;
    let token: Value = ok(exchange(Some(page), &created.secret)).await;
    let token = token["token"].as_str().expect("a token");
    let search = |origin: &str| {
        http.post("/v1/search", &json!({"query": "lamp"})).bearer_auth(token).header("origin", origin.to_owned())
    };
    let response = search(page).send().await.expect("an answer");
    assert_eq!(response.headers()["access-control-allow-origin"], page);
    let found = response.text().await.expect("a body");
    assert!(found.contains(&canary("north", Some("crew"))) && !found.contains("south"), "{found}");
    refused(search("https://evil.example"), ErrorCode::OriginNotAllowed).await;
    let forged = format!("{}x", &token[..token.len() - 1]);
    let by_forged = http.post("/v1/search", &json!({"query": "lamp"})).bearer_auth(forged).header("origin", page);
    refused(by_forged, ErrorCode::Unauthorized).await;
    // No secret of a key stands in what is told of it.
    let listed: Value = ok(http.get("/v1/keys").bearer_auth(&tenants.admin)).await;
    assert!(!listed.to_string().contains(&created.secret) && listed.to_string().contains("taproot_pk_"), "{listed}");
    // A server with a key of its own gives less than it has, never more.
    let crew = tenants.key("reader", "north", &["crew", "board"]).await;
    let narrowed: Value =
        ok(crew.ask(http.post("/v1/widget/token", &json!({"groups": ["board"], "user": "ann"})))).await;
    let visitor = Somebody { shows: narrowed["token"].as_str().map(str::to_owned), ..crew.clone() };
    let found = searched(&http, &visitor).await;
    assert!(found.contains(&canary("north", Some("board"))) && !found.contains(&canary("north", Some("crew"))));
    for more in [json!({"groups": ["office"]}), json!({"collections": ["south"]})] {
        refused(crew.ask(http.post("/v1/widget/token", &more)), ErrorCode::Forbidden).await;
    }
}
