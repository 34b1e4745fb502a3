//! A real OpenID Connect issuer on this machine, in a process of its own (`tests/clients/issuer.py`).

use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};

use reqwest::redirect::Policy;
use reqwest::{Client, Response};
use serde_json::{Value, json};

use super::clients::{folder, interpreter};

pub struct Issuer {
    child: Child,
    pub url: String,
    pub http: Client,
}

impl Issuer {
    pub fn start() -> Issuer {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut command = interpreter("python");
        command.arg(folder().join("issuer.py")).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().expect("the issuer starts");
        let mut line = String::new();
        let out = child.stdout.take().expect("a pipe");
        BufReader::new(out).read_line(&mut line).expect("the issuer says where it is");
        assert!(line.starts_with("http://"), "the issuer said {line:?}");
        // Where it sends people is for the test to follow.
        let http = Client::builder().no_proxy().redirect(Policy::none()).build().expect("a client");
        Issuer { child, url: line.trim().to_owned(), http }
    }

    /// What it tells of somebody from now on.
    pub async fn knows(&self, user: &Value) {
        let put = self.http.put(format!("{}/test/user", self.url)).json(user);
        assert!(put.send().await.expect("an answer").status().is_success());
    }

    pub async fn rotates(&self) {
        let post = self.http.post(format!("{}/test/rotate", self.url));
        assert!(post.send().await.expect("an answer").status().is_success());
    }

    pub async fn token(&self, claims: &Value, signed_by: &str) -> String {
        let asked = json!({"claims": claims, "signed_by": signed_by});
        let response = self.http.post(format!("{}/test/token", self.url)).json(&asked).send().await.expect("an answer");
        assert!(response.status().is_success());
        response.text().await.expect("a token")
    }

    /// Somebody signs in at the issuer's page; it sends back to where it was told.
    pub async fn signs_in(&self, page: &str, subject: &str) -> Response {
        let form = format!("sub={subject}");
        let post = self.http.post(page).header("content-type", "application/x-www-form-urlencoded").body(form);
        post.send().await.expect("an answer")
    }
}

impl Drop for Issuer {
    fn drop(&mut self) {
        // It ends with its input.
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}
