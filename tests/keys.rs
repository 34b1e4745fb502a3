//! Keys on the command line, and a server that lets nobody in whom it cannot tell apart; the audit of what is done.

use serde_json::{Value, json};
use taproot_schemas::account::{CreatedKey, KeyList, SessionInfo};
use taproot_schemas::audit::{AuditList, AuditRecord};
use taproot_schemas::document::DocumentList;
use taproot_schemas::error::ErrorCode;

use crate::support::http::{Http, client, ok, refused};
use crate::support::server::Server;
use crate::support::taproot::Taproot;
use crate::support::tenants::{Tenants, canary};

#[test]
fn keys_are_made_listed_and_revoked_with_and_without_a_server() {
    let taproot = Taproot::new();
    let made: CreatedKey = taproot.json(&["keys", "create", "first", "--role", "admin", "--groups", "*"]);
    assert!(made.secret.starts_with("taproot_sk_") && made.key.groups.is_none());
    let server = Server::start(&taproot);
    assert!(server.first_key.is_none(), "there is one already");
    let widget: CreatedKey = taproot.json(&[
        "keys",
        "create",
        "site",
        "--widget",
        "--groups",
        "hr,it",
        "--origins",
        "https://a.example",
        "--expires-in-days",
        "9",
    ]);
    assert!(widget.secret.starts_with("taproot_pk_") && widget.key.expires_at.is_some());
    let listed: KeyList = taproot.json(&["keys", "list"]);
    assert_eq!(listed.keys.iter().map(|key| key.name.as_str()).collect::<Vec<_>>(), ["site", "first"]);
    drop(server);
    let told = String::from_utf8(taproot.run(&["keys", "revoke", &made.key.id]).stdout).expect("UTF-8");
    assert!(told.contains("revoked first"), "{told}");
    let told = String::from_utf8(taproot.run(&["keys", "list"]).stdout).expect("UTF-8");
    assert!(told.contains("revoked 2") && !told.contains(&made.secret), "{told}");
    let told = taproot.fails(&["keys", "revoke", "key_absent"]);
    assert!(told.contains("no such key") && told.contains("hint: "), "{told}");
    let told = taproot.fails(&["keys", "create", "w", "--widget"]);
    assert!(told.contains("origins"), "{told}");
}

/// Until a key is made, or the first one used, whoever sits at this machine is the owner; from then on everybody shows one.
#[tokio::test(flavor = "multi_thread")]
async fn the_first_key_closes_the_door_behind_it() {
    let taproot = Taproot::new();
    let server = Server::start(&taproot);
    let http = Http::to(&server);
    let _: DocumentList = ok(http.get("/v1/documents")).await;
    let open: SessionInfo = ok(http.get("/v1/session")).await;
    assert!(open.sign_in.is_empty() && open.role.is_some(), "{open:?}");
    let key = server.first_key.clone().expect("a key");
    let outside = http.get("/v1/documents").header("x-forwarded-for", "203.0.113.7");
    refused(outside, ErrorCode::Unauthorized).await;
    let _: DocumentList = ok(http.get("/v1/documents").bearer_auth(&key)).await;
    refused(http.get("/v1/documents"), ErrorCode::Unauthorized).await;
    refused(http.get("/v1/documents").bearer_auth("taproot_sk_wrong"), ErrorCode::Unauthorized).await;
    let closed: SessionInfo = ok(http.get("/v1/session")).await;
    assert!(!closed.sign_in.is_empty() && closed.role.is_none(), "{closed:?}");
    // The command line of this machine goes on.
    assert!(taproot.uris().is_empty());
    drop(server);
    let again = Server::start(&taproot);
    assert!(again.first_key.is_none());
    refused(Http::to(&again).get("/v1/documents"), ErrorCode::Unauthorized).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_keys_it_serves_this_machine_only() {
    let taproot = Taproot::new();
    let told = taproot.fails(&["serve", "--address", "0.0.0.0:0"]);
    assert!(told.contains("no key has been made") && told.contains("taproot keys create"), "{told}");
    let made: CreatedKey = taproot.json(&["keys", "create", "it", "--role", "admin", "--groups", "*"]);
    let server = Server::at(&taproot, "0.0.0.0:0", &[]);
    let port = server.address.rsplit(':').next().expect("a port");
    let url = format!("http://127.0.0.1:{port}/v1/documents");
    let (with, without) = (client().get(&url).bearer_auth(&made.secret), client().get(&url));
    let _: DocumentList = ok(with).await;
    refused(without, ErrorCode::Unauthorized).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_gives_more_than_it_has() {
    let tenants = Tenants::with(&[]);
    let http = tenants.http();
    let new = json!({"name": "it", "role": "admin", "groups": ["crew"]});
    let crew = tenants.create(&new).await.secret;
    for (more, code) in [
        (json!({"name": "x", "groups": ["board"]}), ErrorCode::Forbidden),
        (json!({"name": "x", "groups": ["*"]}), ErrorCode::Forbidden),
        (json!({"name": "x", "role": "admin", "collections": ["north"]}), ErrorCode::InvalidRequest),
    ] {
        refused(http.post("/v1/keys", &more).bearer_auth(&crew), code).await;
    }
    let _: CreatedKey = ok(http.post("/v1/keys", &json!({"name": "x", "groups": ["crew"]})).bearer_auth(&crew)).await;
}

async fn records(tenants: &Tenants, parameters: &str) -> Vec<AuditRecord> {
    let path = format!("/v1/audit?limit=200{parameters}");
    ok::<AuditList>(tenants.http().get(&path).bearer_auth(&tenants.admin)).await.records
}

#[tokio::test(flavor = "multi_thread")]
async fn the_audit_says_who_did_what() {
    let tenants = Tenants::with(&[]);
    let http = tenants.http();
    let crew = tenants.key("reader", "north", &["crew"]).await;
    let question = "What is the code name of the lighthouse?";
    let _: Value = ok(crew.ask(http.post("/v1/ask", &json!({"question": question})))).await;
    let streamed = crew.ask(http.post("/v1/ask", &json!({"question": question, "stream": true})));
    streamed.send().await.expect("an answer").bytes().await.expect("all of it");
    let documents = tenants.documents().await;
    let (own, hidden) = (&documents[&canary("north", Some("crew"))].id, &documents[&canary("south", None)].id);
    let _: Value = ok(crew.ask(http.get(&format!("/v1/documents/{own}/text")))).await;
    refused(crew.ask(http.get(&format!("/v1/documents/{hidden}"))), ErrorCode::DocumentNotFound).await;
    refused(crew.ask(http.get("/v1/keys")), ErrorCode::Forbidden).await;
    refused(http.get("/v1/documents"), ErrorCode::Unauthorized).await;

    let key_id = crew.key_id.clone().expect("a key");
    let of_crew = records(&tenants, &format!("&actor={key_id}")).await;
    let actions: Vec<(&str, u16)> =
        of_crew.iter().rev().map(|record| (record.action.as_str(), record.status)).collect();
    assert_eq!(
        actions,
        [("ask", 200), ("ask", 200), ("document.text", 200), ("document.read", 404), ("key.list", 403)],
        "{of_crew:?}"
    );
    let asked = of_crew.last().expect("the first");
    assert_eq!(asked.question.as_deref(), Some(question));
    assert!(asked.objects.contains(own) && !asked.objects.contains(hidden), "{asked:?}");
    assert_eq!(of_crew[1].refused.as_deref(), Some("document_not_found"));
    assert_eq!(
        (of_crew[0].refused.as_deref(), of_crew[0].actor.name.as_str()),
        (Some("forbidden"), crew.name.as_str())
    );
    let made = records(&tenants, "&action=key").await;
    assert!(made.iter().any(|record| record.action == "key.create" && record.objects.contains(&key_id)), "{made:?}");
    assert!(records(&tenants, "&action=document.list").await.iter().any(|record| record.status == 401));
    assert!(records(&tenants, "&until=2020-01-01T00:00:00Z").await.is_empty());

    let export = http.get("/v1/audit/export?action=ask").bearer_auth(&tenants.admin).send().await.expect("an answer");
    let lines = export.text().await.expect("lines");
    assert_eq!(lines.lines().count(), 2);
    // Neither secrets nor what documents say are in the files.
    for entry in std::fs::read_dir(tenants.taproot.data().join("audit")).expect("the folder") {
        let text = std::fs::read_to_string(entry.expect("an entry").path()).expect("text");
        assert!(!text.contains("taproot_sk_") && !text.contains("zanzu"), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn questions_stay_out_of_the_audit_where_the_settings_say_so() {
    let tenants = Tenants::with(&[("TAPROOT_AUDIT_QUESTIONS", "false")]);
    let ask = tenants.http().post("/v1/ask", &json!({"question": "Who keeps the lamp?"})).bearer_auth(&tenants.admin);
    let _: Value = ok(ask).await;
    let asked = records(&tenants, "&action=ask").await;
    assert!(asked.len() == 1 && asked[0].question.is_none(), "{asked:?}");
}
