//! A stand-in for a server of chat completions, as strict as the services are: what they refuse, it refuses.
//!
//! In: HTTP over a socket, as OpenAI's API (<https://platform.openai.com/docs/api-reference/chat/create>) or as Azure OpenAI's
//! (version 2024-10-21) takes it. Out: replies by script, and a record of every byte that arrived. The engine's own tests
//! use it as well, so that it knows nothing but the standard library and JSON.

use std::collections::{HashMap, VecDeque};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use serde_json::{Value, json};

pub const KEY: &str = "sk-stand-in-4f1c9d2e7ab35086";
/// Name of the model, or of the deployment.
pub const MODEL: &str = "stand-in-large";
pub const API_VERSION: &str = "2024-10-21";
/// Numbers of tokens that it says to have used.
pub const TOKENS: (u32, u32) = (1_200, 34);

const MAX_BODY_BYTES: usize = 4 << 20;
const FIELDS: [&str; 7] =
    ["model", "messages", "stream", "stream_options", "max_tokens", "max_completion_tokens", "temperature"];

/// What it does with a request that it takes.
#[derive(Debug, Clone)]
pub enum Reply {
    /// A stream of these texts, in which `[?]` is the number of the first source that it was sent, and `[*]` every line of all
    /// that it was sent, with the mark of the source that it stands in.
    Says { pieces: Vec<String>, finish: &'static str, manner: Manner },
    /// The same without the chunk that tells the tokens.
    SaysWithoutUsage(Vec<String>),
    /// A status, headers and a body.
    Status(u16, Vec<(&'static str, String)>, &'static str),
    /// A stream of just these bytes.
    Raw(Vec<u8>),
}

/// How a stream comes.
#[derive(Debug, Clone, Copy)]
pub enum Manner {
    AtOnce,
    /// Each byte is a part of its own.
    ByteByByte,
    /// With a pause before each text.
    Slowly(Duration),
    /// After so many texts nothing comes any more, until the other side goes.
    StallsAfter(usize),
    /// After so many texts the connection breaks.
    BreaksAfter(usize),
    /// After so many texts the stream ends, well-formed but for its end.
    EndsAfter(usize),
}

impl Reply {
    pub fn says(pieces: &[&str]) -> Self {
        Self::in_manner(pieces, Manner::AtOnce)
    }

    pub fn in_manner(pieces: &[&str], manner: Manner) -> Self {
        Self::Says { pieces: owned(pieces), finish: "stop", manner }
    }

    pub fn finished(pieces: &[&str], finish: &'static str) -> Self {
        Self::Says { pieces: owned(pieces), finish, manner: Manner::AtOnce }
    }

    pub fn without_usage(pieces: &[&str]) -> Self {
        Self::SaysWithoutUsage(owned(pieces))
    }
}

fn owned(pieces: &[&str]) -> Vec<String> {
    pieces.iter().map(|piece| (*piece).to_owned()).collect()
}

#[derive(Default)]
struct Record {
    script: VecDeque<Reply>,
    bytes: Vec<u8>,
    taken: Vec<Value>,
    refused: Vec<String>,
    gone: usize,
}

#[derive(Clone)]
pub struct StandIn {
    port: u16,
    azure: bool,
    record: Arc<Mutex<Record>>,
}

impl StandIn {
    pub fn openai() -> Self {
        Self::start(false)
    }

    pub fn azure() -> Self {
        Self::start(true)
    }

    fn start(azure: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let stand_in = Self { port, azure, record: Arc::default() };
        let shared = stand_in.clone();
        std::thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                let shared = shared.clone();
                std::thread::spawn(move || shared.serve(connection));
            }
        });
        stand_in
    }

    /// The base address that belongs into the settings.
    pub fn url(&self) -> String {
        let path = if self.azure { "" } else { "/v1" };
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// What it replies next; after the last one it says `[1]`.
    pub fn then(&self, reply: Reply) {
        self.record().script.push_back(reply);
    }

    /// Every byte that arrived.
    pub fn bytes(&self) -> Vec<u8> {
        self.record().bytes.clone()
    }

    /// Bodies of the requests that it took.
    pub fn taken(&self) -> Vec<Value> {
        self.record().taken.clone()
    }

    /// Why it took others not.
    pub fn refused(&self) -> Vec<String> {
        self.record().refused.clone()
    }

    /// How often the other side went before a reply had ended.
    pub fn gone(&self) -> usize {
        self.record().gone
    }

    fn record(&self) -> MutexGuard<'_, Record> {
        self.record.lock().expect("no panic")
    }

    /// One connection, with one request after the other.
    fn serve(&self, connection: TcpStream) {
        let _ = connection.set_nodelay(true);
        let Ok(writing) = connection.try_clone() else { return };
        let mut reading = BufReader::new(connection);
        while let Some(request) = Request::read(&mut reading, |bytes| self.record().bytes.extend_from_slice(bytes)) {
            let reply = match self.checked(&request) {
                Ok(body) => {
                    let mut record = self.record();
                    record.taken.push(body.clone());
                    let reply = record.script.pop_front().unwrap_or_else(|| Reply::says(&["[1]"]));
                    drop(record);
                    self.reply(&writing, &mut reading, reply, &body)
                }
                Err((status, reason)) => {
                    self.record().refused.push(reason.clone());
                    // The services repeat what they got in their messages.
                    let message =
                        format!("{reason}: {}", request.headers.values().cloned().collect::<Vec<_>>().join(" "));
                    refuse(&writing, status, &[], &json!({"error": {"message": message, "code": null}}).to_string())
                }
            };
            if reply.is_err() {
                self.record().gone += 1;
                return;
            }
        }
    }

    /// The body, or the status and the reason of a refusal.
    fn checked(&self, request: &Request) -> Result<Value, (u16, String)> {
        let refuse = |status: u16, reason: &str| Err((status, reason.to_owned()));
        let header = |name: &str| request.headers.get(name).map(String::as_str).unwrap_or_default();
        let target = if self.azure {
            format!("/openai/deployments/{MODEL}/chat/completions?api-version={API_VERSION}")
        } else {
            "/v1/chat/completions".to_owned()
        };
        if request.target != target {
            return refuse(404, "Resource not found");
        }
        if request.method != "POST" {
            return refuse(405, "Method not allowed");
        }
        let (right, wrong) = if self.azure { ("api-key", "authorization") } else { ("authorization", "api-key") };
        let expected = if self.azure { KEY.to_owned() } else { format!("Bearer {KEY}") };
        if header(right) != expected || !header(wrong).is_empty() {
            return refuse(401, "Incorrect API key provided");
        }
        if header("content-type") != "application/json" {
            return refuse(415, "Unsupported media type");
        }
        let body: Value = serde_json::from_slice(&request.body).map_err(|_| (400, "invalid JSON".to_owned()))?;
        self.body_is_valid(&body).map_err(|reason| (400, reason))?;
        if !self.azure && body["model"] != MODEL {
            return refuse(404, "The model does not exist");
        }
        Ok(body)
    }

    fn body_is_valid(&self, body: &Value) -> Result<(), String> {
        let fields = body.as_object().ok_or("no object")?;
        // Azure OpenAI's version 2024-10-21 does not have it yet.
        let too_new = |name: &str| self.azure && name == "max_completion_tokens";
        if let Some(unknown) = fields.keys().find(|name| !FIELDS.contains(&name.as_str()) || too_new(name)) {
            return Err(format!("Unrecognized request argument supplied: {unknown}"));
        }
        if !self.azure && !body["model"].is_string() {
            return Err("you must provide a model parameter".into());
        }
        let messages = body["messages"].as_array().filter(|messages| !messages.is_empty()).ok_or("no messages")?;
        for message in messages {
            let known = ["system", "user", "assistant"].iter().any(|role| message["role"] == *role);
            let said = message["content"].as_str().is_some_and(|content| !content.is_empty());
            if !known || !said || message.as_object().map(|message| message.len()) != Some(2) {
                return Err(format!("Invalid message: {message}"));
            }
        }
        if messages[messages.len() - 1]["role"] != "user" {
            return Err("the last message has to be the user's".into());
        }
        if body["stream"] != true {
            return Err("this stand-in streams only".into());
        }
        match &body["stream_options"] {
            Value::Null => {}
            options if *options == json!({"include_usage": true}) => {}
            options => return Err(format!("Invalid stream_options: {options}")),
        }
        let limits: Vec<&Value> =
            ["max_tokens", "max_completion_tokens"].iter().filter_map(|field| fields.get(*field)).collect();
        if limits.len() > 1 || limits.iter().any(|limit| limit.as_u64().is_none_or(|limit| limit == 0)) {
            return Err("Invalid max_tokens".into());
        }
        match fields.get("temperature").map(Value::as_f64) {
            None => Ok(()),
            Some(Some(temperature)) if (0.0..=2.0).contains(&temperature) => Ok(()),
            Some(_) => Err("Invalid temperature".into()),
        }
    }

    fn reply(&self, to: &TcpStream, from: &mut impl Read, reply: Reply, body: &Value) -> std::io::Result<()> {
        let (pieces, finish, manner, usage) = match reply {
            Reply::Says { pieces, finish, manner } => (pieces, finish, manner, !body["stream_options"].is_null()),
            Reply::SaysWithoutUsage(pieces) => (pieces, "stop", Manner::AtOnce, false),
            Reply::Status(status, headers, body) => return refuse(to, status, &headers, body),
            Reply::Raw(bytes) => {
                begin(to)?;
                part(to, &bytes)?;
                return end(to);
            }
        };
        begin(to)?;
        if self.azure {
            let verdict = json!({"choices": [], "prompt_filter_results": [{"prompt_index": 0}]});
            event(to, &verdict, manner)?;
        }
        event(to, &chunk(json!({"role": "assistant", "content": ""}), None), manner)?;
        for (number, piece) in pieces.iter().enumerate() {
            match manner {
                Manner::Slowly(pause) => std::thread::sleep(pause),
                Manner::StallsAfter(count) if number == count => return hold(from),
                Manner::BreaksAfter(count) if number == count => return to.shutdown(std::net::Shutdown::Both),
                Manner::EndsAfter(count) if number == count => return end(to),
                _ => {}
            }
            let said = piece.replace("[?]", &first_source(body)).replace("[*]", &every_line(body));
            event(to, &chunk(json!({"content": said}), None), manner)?;
        }
        event(to, &chunk(json!({}), Some(finish)), manner)?;
        if usage {
            let (prompt, completion) = TOKENS;
            let told =
                json!({"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion});
            event(to, &json!({"choices": [], "usage": told}), manner)?;
        }
        part(to, b"data: [DONE]\n\n")?;
        end(to)
    }
}

/// The mark of the first source of a request.
fn first_source(body: &Value) -> String {
    let messages = body["messages"].as_array().map(Vec::as_slice).unwrap_or_default();
    let asked = messages.last().and_then(|message| message["content"].as_str()).unwrap_or_default();
    let number = asked.split("number=\"").nth(1).and_then(|rest| rest.split('"').next());
    format!("[{}]", number.unwrap_or("1"))
}

/// What a model says that repeats whatever it reads, its orders and those that were planted.
fn every_line(body: &Value) -> String {
    let messages = body["messages"].as_array().map(Vec::as_slice).unwrap_or_default();
    let mut mark = "[1]".to_owned();
    let mut said = String::new();
    for line in messages.iter().filter_map(|message| message["content"].as_str()).flat_map(str::lines) {
        if let Some(number) = line.strip_prefix("<source number=\"").and_then(|rest| rest.split('"').next()) {
            mark = format!("[{number}]");
        } else if !line.is_empty() && line != "</source>" {
            said.push_str(&format!("{line} {mark}\n"));
        }
    }
    said
}

fn chunk(delta: Value, finish: Option<&str>) -> Value {
    json!({"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1_700_000_000, "model": MODEL,
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish, "logprobs": null}]})
}

fn event(to: &TcpStream, data: &Value, manner: Manner) -> std::io::Result<()> {
    let bytes = format!("data: {data}\n\n").into_bytes();
    match manner {
        Manner::ByteByByte => bytes.iter().try_for_each(|byte| part(to, &[*byte])),
        _ => part(to, &bytes),
    }
}

fn begin(mut to: &TcpStream) -> std::io::Result<()> {
    to.write_all(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n")
}

/// A part of a body of unknown length (RFC 9112, 7.1).
fn part(mut to: &TcpStream, bytes: &[u8]) -> std::io::Result<()> {
    to.write_all(&[format!("{:x}\r\n", bytes.len()).as_bytes(), bytes, b"\r\n"].concat())
}

fn end(mut to: &TcpStream) -> std::io::Result<()> {
    to.write_all(b"0\r\n\r\n")
}

/// Waits until the other side goes, which it has to.
fn hold(from: &mut impl Read) -> std::io::Result<()> {
    let _ = from.read(&mut [0]);
    Err(std::io::ErrorKind::ConnectionAborted.into())
}

fn refuse(mut to: &TcpStream, status: u16, headers: &[(&str, String)], body: &str) -> std::io::Result<()> {
    let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status} Status\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n{headers}\r\n"
    );
    to.write_all(format!("{head}{body}").as_bytes())
}

struct Request {
    method: String,
    target: String,
    /// By names in small letters.
    headers: HashMap<String, String>,
    body: Vec<u8>,
}

impl Request {
    /// `None` when the other side is done, or speaks no HTTP. `seen` gets every byte that was read.
    fn read(from: &mut impl BufRead, seen: impl Fn(&[u8])) -> Option<Self> {
        let mut line = || {
            let mut line = Vec::new();
            from.read_until(b'\n', &mut line).ok()?;
            seen(&line);
            String::from_utf8(line).ok().filter(|line| !line.is_empty()).map(|line| line.trim_end().to_owned())
        };
        let first = line()?;
        let mut words = first.split(' ');
        let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
        let mut headers = HashMap::new();
        while let Some((name, value)) = line()?.split_once(':') {
            headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
        }
        let length = headers.get("content-length")?.parse().ok().filter(|length| *length <= MAX_BODY_BYTES)?;
        let mut body = vec![0; length];
        from.read_exact(&mut body).ok()?;
        seen(&body);
        Some(Self { method, target, headers, body })
    }
}
