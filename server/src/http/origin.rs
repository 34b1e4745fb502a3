//! Which names this server answers to, and which pages may call it.
//!
//! In: the Host and Origin headers. Out: a verdict. Two attacks are kept out: a page that has a name of its own
//! resolve to this machine (DNS rebinding), and a page of another origin that posts with the visitor's network
//! position. Who the caller is, and what it may do, is decided in `caller`.

use std::net::{IpAddr, SocketAddr};

use actix_web::dev::RequestHead;
use actix_web::http::header;

/// The rules of one server.
#[derive(Debug, Clone)]
pub struct Rules {
    /// The server listens on a loopback address: whoever reaches it sits at this machine.
    pub on_loopback: bool,
    allowed_origins: Vec<String>,
    allowed_hosts: Vec<String>,
}

/// Where the page comes from that makes a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Page {
    /// No page of another origin: a program, or a page of this server.
    Own,
    /// A page of another port of this machine, while the server itself listens on loopback only.
    Loopback,
    /// A page that the settings allow.
    Listed,
    Foreign,
}

impl Rules {
    pub fn new(listening_on: SocketAddr, allowed_origins: Vec<String>, allowed_hosts: Vec<String>) -> Self {
        Self { on_loopback: listening_on.ip().is_loopback(), allowed_origins, allowed_hosts }
    }

    /// Whether the server goes by this name.
    pub fn answers_to(&self, host: Option<&str>) -> bool {
        if !self.on_loopback && self.allowed_hosts.is_empty() {
            return true;
        }
        let Some(host) = host else { return false };
        let name = name_of(host);
        let listed = |allowed: &String| {
            allowed == "*" || allowed.eq_ignore_ascii_case(host) || allowed.eq_ignore_ascii_case(name)
        };
        (self.on_loopback && is_loopback(name)) || self.allowed_hosts.iter().any(listed)
    }

    pub fn page(&self, origin: Option<&str>, host: Option<&str>) -> Page {
        let Some(origin) = origin else { return Page::Own };
        let authority = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"));
        // The scheme is not compared: before a proxy that speaks TLS the server cannot know it.
        if let (Some(authority), Some(host)) = (authority, host)
            && authority.eq_ignore_ascii_case(host)
        {
            return Page::Own;
        }
        if self.on_loopback && authority.is_some_and(|authority| is_loopback(name_of(authority))) {
            return Page::Loopback;
        }
        if self.allowed_origins.iter().any(|allowed| allowed == "*" || allowed.eq_ignore_ascii_case(origin)) {
            return Page::Listed;
        }
        Page::Foreign
    }
}

/// The Host header, or the authority of an HTTP/2 request. Headers that proxies add are not looked at: a caller
/// can write them as well.
pub fn host_of(head: &RequestHead) -> Option<&str> {
    match head.headers.get(header::HOST) {
        Some(host) => host.to_str().ok(),
        None => head.uri.authority().map(|authority| authority.as_str()),
    }
}

pub fn origin_of(head: &RequestHead) -> Option<&str> {
    // An Origin that is no text is an origin all the same, and one that no rule allows.
    head.headers.get(header::ORIGIN).map(|origin| origin.to_str().unwrap_or("null"))
}

/// `HOST[:PORT]` or `[V6][:PORT]` → the host.
fn name_of(authority: &str) -> &str {
    match authority.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or(rest),
        None => authority.rsplit_once(':').map_or(authority, |(name, _port)| name),
    }
}

pub fn is_loopback(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name == "localhost" || name.ends_with(".localhost") || name.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// Whether a Host header names this machine itself.
pub fn is_loopback_host(host: &str) -> bool {
    is_loopback(name_of(host))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(address: &str, origins: &[&str], hosts: &[&str]) -> Rules {
        let owned = |list: &[&str]| list.iter().map(|text| text.to_string()).collect();
        Rules::new(address.parse().unwrap(), owned(origins), owned(hosts))
    }

    #[test]
    fn hosts() {
        let loopback = rules("127.0.0.1:8080", &[], &["kb.example"]);
        let open = rules("0.0.0.0:8080", &[], &[]);
        let named = rules("0.0.0.0:8080", &[], &["kb.example:443"]);
        for (rules, host, expected) in [
            (&loopback, Some("127.0.0.1:8080"), true),
            (&loopback, Some("127.9.9.9"), true),
            (&loopback, Some("localhost:1"), true),
            (&loopback, Some("LOCALHOST"), true),
            (&loopback, Some("[::1]:8080"), true),
            (&loopback, Some("kb.example"), true),
            (&loopback, Some("KB.example:8080"), true),
            (&loopback, Some("evil.example"), false),
            (&loopback, Some("127.0.0.1.evil.example"), false),
            (&loopback, Some("localhost.evil.example:8080"), false),
            (&loopback, Some(""), false),
            (&loopback, None, false),
            (&open, Some("anything.example"), true),
            (&open, None, true),
            (&named, Some("kb.example:443"), true),
            (&named, Some("kb.example"), false),
            (&named, Some("localhost"), false),
            (&rules("127.0.0.1:1", &[], &["*"]), Some("evil.example"), true),
        ] {
            assert_eq!(rules.answers_to(host), expected, "{rules:?} {host:?}");
        }
    }

    #[test]
    fn origins() {
        let loopback = rules("127.0.0.1:8080", &["https://intranet.example"], &[]);
        let open = rules("0.0.0.0:8080", &["https://intranet.example"], &[]);
        let any = rules("0.0.0.0:8080", &["*"], &[]);
        for (rules, origin, host, expected) in [
            (&loopback, None, "127.0.0.1:8080", Page::Own),
            (&loopback, Some("http://127.0.0.1:8080"), "127.0.0.1:8080", Page::Own),
            (&loopback, Some("http://localhost:3000"), "127.0.0.1:8080", Page::Loopback),
            (&loopback, Some("http://[::1]:3000"), "127.0.0.1:8080", Page::Loopback),
            (&loopback, Some("https://intranet.example"), "127.0.0.1:8080", Page::Listed),
            (&loopback, Some("https://intranet.example:8443"), "127.0.0.1:8080", Page::Foreign),
            (&loopback, Some("http://intranet.example"), "127.0.0.1:8080", Page::Foreign),
            (&loopback, Some("http://localhost.evil.example"), "127.0.0.1:8080", Page::Foreign),
            (&loopback, Some("null"), "127.0.0.1:8080", Page::Foreign),
            (&open, Some("https://kb.example"), "kb.example", Page::Own),
            (&open, Some("http://localhost:3000"), "kb.example", Page::Foreign),
            (&open, Some("https://kb.example.evil.example"), "kb.example", Page::Foreign),
            (&any, Some("https://evil.example"), "kb.example", Page::Listed),
            (&any, Some("null"), "kb.example", Page::Listed),
        ] {
            assert_eq!(rules.page(origin, Some(host)), expected, "{rules:?} {origin:?} {host}");
        }
    }
}
