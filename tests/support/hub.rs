//! A stand-in for a model hub, as strict as the real one: its list of files, its redirects to a storage host, its error
//! codes (<https://huggingface.co/docs/hub/api>, and the headers that its own client library reads).
//!
//! In: repositories made of bytes. Out: the hub's answers, and a record of what was asked. Large files are redirected to
//! a storage host of another origin, which refuses requests that carry a token, and can break off, damage or lose what
//! it sends.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use actix_web::web::{self, Data};
use actix_web::{App, HttpRequest, HttpResponse, HttpResponseBuilder, HttpServer};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

pub const TOKEN: &str = "hf_stand_in_token_of_the_right_account";
pub const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";
/// As the hub's `.gitattributes` has it.
const LARGE: [&str; 3] = [".onnx", ".bin", ".onnx_data"];

/// One repository.
#[derive(Clone, Default)]
pub struct Repository {
    pub files: BTreeMap<String, Vec<u8>>,
    pub card: Value,
    pub tags: Vec<&'static str>,
    /// Only [`TOKEN`] may see it.
    pub private: bool,
    /// Even [`TOKEN`] may not have its files.
    pub gated: bool,
    /// Where it has moved to.
    pub moved_to: Option<&'static str>,
}

/// A request to the storage host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    pub sha256: String,
    /// First byte that was asked for.
    pub from: Option<usize>,
}

#[derive(Default)]
struct State {
    repositories: BTreeMap<String, Repository>,
    /// Requests to the hub itself.
    asked: Vec<String>,
    sent: Vec<Sent>,
    /// After how many bytes the next answers of the storage host break off.
    cuts: Vec<usize>,
    /// The storage host changes a byte of what it sends.
    damages: bool,
    /// Requests that are answered with 429.
    busy: u32,
    wrong: Vec<String>,
}

#[derive(Clone)]
pub struct Hub {
    port: u16,
    storage_port: u16,
    state: Arc<Mutex<State>>,
}

impl Hub {
    pub fn start() -> Self {
        let bind = || TcpListener::bind("127.0.0.1:0").expect("a port");
        let (listener, storage) = (bind(), bind());
        let port = |listener: &TcpListener| listener.local_addr().expect("an address").port();
        let hub = Self { port: port(&listener), storage_port: port(&storage), state: Arc::default() };
        let (shared, stored) = (Data::new(hub.clone()), hub.clone());
        std::thread::spawn(move || {
            let app = move || App::new().app_data(Data::clone(&shared)).default_service(web::to(answer));
            let server = HttpServer::new(app).workers(1).disable_signals().listen(listener).expect("it listens").run();
            actix_web::rt::System::new().block_on(server)
        });
        std::thread::spawn(move || {
            for connection in storage.incoming().flatten() {
                let hub = stored.clone();
                std::thread::spawn(move || hub.store(connection));
            }
        });
        hub
    }

    pub fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub fn add(&self, name: &str, repository: Repository) {
        self.state().repositories.insert(name.to_owned(), repository);
    }

    /// The next answers of the storage host break off after so many bytes each.
    pub fn cut(&self, cuts: &[usize]) {
        self.state().cuts = cuts.iter().rev().copied().collect();
    }

    pub fn damage(&self, damages: bool) {
        self.state().damages = damages;
    }

    pub fn busy(&self, requests: u32) {
        self.state().busy = requests;
    }

    /// What the storage host was asked for since the last look.
    pub fn sent(&self) -> Vec<Sent> {
        std::mem::take(&mut self.state().sent)
    }

    /// How many requests the hub has had.
    pub fn asked(&self) -> usize {
        self.state().asked.len()
    }

    /// What no client should do.
    #[track_caller]
    pub fn assert_well_behaved(&self) {
        assert_eq!(self.state().wrong, Vec::<String>::new());
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().expect("no panic")
    }

    fn respond(&self, request: &HttpRequest) -> HttpResponse {
        let mut state = self.state();
        let path = request.path().to_owned();
        state.asked.push(path.clone());
        if request.method() != "GET" {
            state.wrong.push(format!("{} {path}", request.method()));
        }
        if state.busy > 0 {
            state.busy -= 1;
            return HttpResponse::TooManyRequests().insert_header(("Retry-After", "0")).finish();
        }
        let authorization = request.headers().get("authorization").and_then(|value| value.to_str().ok());
        let token = authorization.map(|value| value.strip_prefix("Bearer ").unwrap_or_default());
        if token.is_some_and(|token| token != TOKEN) {
            return HttpResponse::Unauthorized()
                .insert_header(("X-Error-Message", "Invalid credentials in Authorization header"))
                .finish();
        }
        let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
        let (name, rest) = match parts.as_slice() {
            ["api", "models", owner, name, rest @ ..] => (format!("{owner}/{name}"), [&["api"], rest].concat()),
            ["api", "resolve-cache", "models", owner, name, rest @ ..] => {
                (format!("{owner}/{name}"), [&["cache"], rest].concat())
            }
            [owner, name, rest @ ..] => (format!("{owner}/{name}"), rest.to_vec()),
            _ => return HttpResponse::NotFound().finish(),
        };
        let known = state.repositories.get(&name).filter(|known| !known.private || token.is_some()).cloned();
        let Some(repository) = known else {
            // The hub does not tell private from unknown.
            let mut answer = if token.is_some() { HttpResponse::NotFound() } else { HttpResponse::Unauthorized() };
            return refusal(&mut answer, "RepoNotFound");
        };
        if let Some(moved) = repository.moved_to {
            let query = if request.query_string().is_empty() { "" } else { "?" };
            let moved = format!("{}{query}{}", path.replacen(&name, moved, 1), request.query_string());
            return HttpResponse::TemporaryRedirect().insert_header(("Location", moved)).finish();
        }
        match rest.as_slice() {
            ["api", "revision", revision] if is_revision(revision) => {
                if request.query_string() != "blobs=true" {
                    state.wrong.push(format!("{path}?{}", request.query_string()));
                }
                HttpResponse::Ok().json(info(&name, &repository))
            }
            ["api", "revision", _] => refusal(&mut HttpResponse::NotFound(), "RevisionNotFound"),
            [_, ..] if repository.gated => refusal(&mut HttpResponse::Forbidden(), "GatedRepo"),
            ["resolve", revision, file @ ..] if is_revision(revision) => self.file(&name, &repository, &file.join("/")),
            ["cache", COMMIT, file @ ..] => match repository.files.get(&file.join("/")) {
                Some(content) => HttpResponse::Ok().body(content.clone()),
                None => HttpResponse::NotFound().finish(),
            },
            _ => refusal(&mut HttpResponse::NotFound(), "RevisionNotFound"),
        }
    }

    fn file(&self, name: &str, repository: &Repository, file: &str) -> HttpResponse {
        let Some(content) = repository.files.get(file) else {
            return refusal(&mut HttpResponse::NotFound(), "EntryNotFound");
        };
        if is_large(file) {
            let sum = sha256(content);
            let location = format!("http://127.0.0.1:{}/blobs/{sum}?Signature=a%2Fb&Expires=1", self.storage_port);
            return HttpResponse::Found()
                .insert_header(("Location", location))
                .insert_header(("X-Repo-Commit", COMMIT))
                .insert_header(("X-Linked-Etag", format!("\"{sum}\"")))
                .insert_header(("X-Linked-Size", content.len().to_string()))
                .finish();
        }
        let location = format!("/api/resolve-cache/models/{name}/{COMMIT}/{file}");
        HttpResponse::TemporaryRedirect()
            .insert_header(("Location", location))
            .insert_header(("X-Repo-Commit", COMMIT))
            .finish()
    }

    /// One request to the storage host, which speaks as much HTTP as it takes.
    fn store(&self, connection: TcpStream) {
        let mut lines = BufReader::new(&connection).lines().map_while(Result::ok).take_while(|line| !line.is_empty());
        let request = lines.next().unwrap_or_default();
        let headers: Vec<(String, String)> = lines
            .filter_map(|line| line.split_once(": ").map(|(name, value)| (name.to_lowercase(), value.to_owned())))
            .collect();
        let header = |name: &str| headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
        let from = header("range").map(|range| {
            range
                .strip_prefix("bytes=")
                .and_then(|range| range.strip_suffix('-')?.parse::<usize>().ok())
                .expect("a range")
        });
        let sum = request
            .strip_prefix("GET /blobs/")
            .and_then(|rest| rest.strip_suffix("?Signature=a%2Fb&Expires=1 HTTP/1.1"));
        let mut state = self.state();
        if let Some(name) = ["authorization", "cookie"].into_iter().find(|name| header(name).is_some()) {
            state.wrong.push(format!("the storage host was sent a header {name}"));
        }
        let sum = sum.unwrap_or_default().to_owned();
        let mut files = state.repositories.values().flat_map(|repository| repository.files.values());
        let Some(mut content) = files.find(|content| sha256(content) == sum).cloned() else {
            state.wrong.push(format!("the storage host was asked {request:?}"));
            return;
        };
        state.sent.push(Sent { sha256: sum, from });
        let start = from.unwrap_or(0);
        if state.damages {
            content[start] ^= 1;
        }
        let cut = state.cuts.pop();
        drop(state);
        let length = content.len();
        let head = match from {
            Some(from) if from >= length => format!("416 Range Not Satisfiable\r\nContent-Range: bytes */{length}"),
            Some(from) => format!("206 Partial Content\r\nContent-Range: bytes {from}-{}/{length}", length - 1),
            None => "200 OK".to_owned(),
        };
        let body = content.get(start..).unwrap_or_default();
        let told = format!("HTTP/1.1 {head}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
        let body = &body[..cut.unwrap_or(body.len()).min(body.len())];
        let mut connection = &connection;
        // A client that goes away is its own business.
        let _ = connection.write_all(told.as_bytes()).and_then(|()| connection.write_all(body));
        let _ = connection.shutdown(Shutdown::Write);
    }
}

async fn answer(request: HttpRequest, hub: Data<Hub>) -> HttpResponse {
    hub.respond(&request)
}

fn refusal(answer: &mut HttpResponseBuilder, code: &str) -> HttpResponse {
    answer.insert_header(("X-Error-Code", code)).finish()
}

fn is_revision(revision: &str) -> bool {
    ["main", "v1", COMMIT].contains(&revision)
}

fn is_large(file: &str) -> bool {
    LARGE.iter().any(|end| file.ends_with(end))
}

fn info(name: &str, repository: &Repository) -> Value {
    let siblings: Vec<Value> = repository
        .files
        .iter()
        .map(|(file, content)| {
            let mut sibling = json!({"rfilename": file, "size": content.len(), "blobId": "0".repeat(40)});
            if is_large(file) {
                let size = content.len();
                sibling["lfs"] = json!({"sha256": sha256(content), "size": size, "pointerSize": 130});
            }
            sibling
        })
        .collect();
    json!({
        "_id": "0", "id": name, "modelId": name, "sha": COMMIT, "private": repository.private,
        "gated": repository.gated, "tags": repository.tags, "cardData": repository.card, "siblings": siblings,
    })
}

pub fn sha256(content: &[u8]) -> String {
    Sha256::digest(content).iter().map(|byte| format!("{byte:02x}")).collect()
}
