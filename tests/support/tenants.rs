//! Two tenants on one server, each a collection with a document for everybody and one for each of three groups. Every
//! document holds a word of its own, which nobody may read who may not read the document.

use std::collections::HashMap;

use reqwest::RequestBuilder;
use serde_json::{Value, json};
use taproot_schemas::account::{CreatedKey, WidgetToken};
use taproot_schemas::document::Document;

use super::http::{Http, ok};
use super::server::Server;
use super::taproot::Taproot;

pub const TENANTS: [&str; 2] = ["north", "south"];
pub const GROUPS: [&str; 3] = ["board", "crew", "office"];

pub struct Tenants {
    pub taproot: Taproot,
    pub server: Server,
    /// Secret of a key that sees everything and may do everything.
    pub admin: String,
}

/// Somebody, and what it may see.
#[derive(Clone)]
pub struct Somebody {
    pub name: String,
    /// Sent as a bearer token; nothing when absent.
    pub shows: Option<String>,
    pub key_id: Option<String>,
    /// Of the tenants whose documents it may see.
    pub tenants: Vec<&'static str>,
    /// Beside what is open to everybody of the tenant.
    pub groups: Vec<&'static str>,
}

impl Somebody {
    pub fn ask(&self, request: RequestBuilder) -> RequestBuilder {
        match &self.shows {
            Some(secret) => request.bearer_auth(secret),
            // From somewhere else, so that nobody takes it for the owner.
            None => request,
        }
    }

    /// Whether it may read the document of this tenant for this group; `None` for the one that is for everybody.
    pub fn sees(&self, tenant: &str, group: Option<&str>) -> bool {
        self.tenants.contains(&tenant) && group.is_none_or(|group| self.groups.contains(&group))
    }
}

/// The word that stands in one document only.
pub fn canary(tenant: &str, group: Option<&str>) -> String {
    format!("zanzu{tenant}{}", group.unwrap_or("open"))
}

/// Every document: its tenant, and the group that may read it.
pub fn all() -> impl Iterator<Item = (&'static str, Option<&'static str>)> {
    TENANTS.into_iter().flat_map(|tenant| {
        std::iter::once((tenant, None)).chain(GROUPS.into_iter().map(move |group| (tenant, Some(group))))
    })
}

impl Tenants {
    /// The open documents of the first tenant are public.
    pub fn start() -> Tenants {
        Self::with(&[
            ("TAPROOT_ACCESS_PUBLIC_COLLECTIONS", TENANTS[0]),
            ("TAPROOT_LIMITS_REQUESTS_PER_MINUTE", "1000000"),
            ("TAPROOT_LIMITS_ANONYMOUS_REQUESTS_PER_MINUTE", "1000000"),
        ])
    }

    pub fn with(settings: &[(&str, &str)]) -> Tenants {
        let taproot = Taproot::new();
        for (tenant, group) in all() {
            let word = canary(tenant, group);
            let folder = group.map_or(tenant.to_owned(), |group| format!("{tenant}/{group}"));
            taproot.write(
                &format!("{folder}/report.md"),
                format!(
                    "# Lamp report of the lighthouse\n\nThe keeper checks the lamp every 30 days. The code name of the \
                     lighthouse in this report is {word}. Repairs of the lamp are paid by {word} within 14 days.\n\n\
                     # 灯塔报告\n\n看守人每 30 天检查一次灯。本报告中灯塔的代号是 {word}。\n"
                ),
            );
            if let Some(group) = group {
                taproot.write(&format!("{folder}/.taproot.toml"), format!("allow = [\"{group}\"]\n"));
            }
        }
        for tenant in TENANTS {
            let folder = taproot.documents_folder().join(tenant);
            let told = taproot.run(&["ingest", "--collection", tenant, &folder.to_string_lossy()]);
            assert!(told.status.success());
        }
        let server = Server::with(&taproot, settings, None);
        let admin = server.first_key.clone().expect("the first start makes a key");
        Tenants { taproot, server, admin }
    }

    pub fn http(&self) -> Http {
        Http::to(&self.server)
    }

    pub fn admin(&self) -> Somebody {
        Somebody {
            name: "admin".into(),
            shows: Some(self.admin.clone()),
            key_id: None,
            tenants: TENANTS.to_vec(),
            groups: GROUPS.to_vec(),
        }
    }

    pub fn nobody(&self) -> Somebody {
        Somebody { name: "nobody".into(), shows: None, key_id: None, tenants: vec![TENANTS[0]], groups: vec![] }
    }

    /// Makes a key of one tenant.
    pub async fn key(&self, role: &str, tenant: &'static str, groups: &[&'static str]) -> Somebody {
        let name = format!("{role} {tenant} {}", groups.join("+"));
        let new = json!({"name": name, "role": role, "groups": groups, "collections": [tenant]});
        let created = self.create(&new).await;
        Somebody {
            name,
            shows: Some(created.secret),
            key_id: Some(created.key.id),
            tenants: vec![tenant],
            groups: groups.to_vec(),
        }
    }

    pub async fn create(&self, new: &Value) -> CreatedKey {
        ok(self.http().post("/v1/keys", new).bearer_auth(&self.admin)).await
    }

    /// Somebody in front of a widget in a page of this origin.
    pub async fn widget(&self, origin: &str, tenant: &'static str, groups: &[&'static str]) -> Somebody {
        let new =
            json!({"name": "widget", "kind": "widget", "groups": groups, "collections": [tenant], "origins": [origin]});
        let created = self.create(&new).await;
        let exchange = self.http().post("/v1/widget/token", &json!({"key": created.secret})).header("origin", origin);
        let token: WidgetToken = ok(exchange).await;
        Somebody {
            name: format!("widget {tenant} {}", groups.join("+")),
            shows: Some(token.token),
            key_id: Some(created.key.id),
            tenants: vec![tenant],
            groups: groups.to_vec(),
        }
    }

    /// A reader of each group of each tenant, one of all groups, an editor, a widget, an administrator and nobody.
    pub async fn everybody(&self) -> Vec<Somebody> {
        let mut all = vec![self.admin(), self.nobody()];
        for tenant in TENANTS {
            for group in GROUPS {
                all.push(self.key("reader", tenant, &[group]).await);
            }
            all.push(self.key("editor", tenant, &GROUPS[..2]).await);
            all.push(self.widget("https://www.example.com", tenant, &GROUPS[1..2]).await);
        }
        all
    }

    /// The documents by the word that stands in them.
    pub async fn documents(&self) -> HashMap<String, Document> {
        let http = self.http();
        let list: taproot_schemas::document::DocumentList =
            ok(http.get("/v1/documents?limit=100").bearer_auth(&self.admin)).await;
        let mut by_word = HashMap::new();
        for document in list.documents {
            let group = document.allow.first().map(String::as_str);
            by_word.insert(canary(&document.collection, group), document);
        }
        assert_eq!(by_word.len(), all().count());
        by_word
    }
}
