//! Answers by a model behind an API, against a strict stand-in: what it is sent and what not, what is made of what it says, and
//! that whatever it does, the question is answered.

use std::time::Duration;

use serde_json::{Value, json};
use taproot_schemas::answer::{Answer, Mode, Status};
use taproot_schemas::job::Report;

use crate::support::http::{Http, ok};
use crate::support::server::Server;
use crate::support::sse::events;
use crate::support::taproot::Taproot;
use crate::support::upstream::{API_VERSION, KEY, MODEL, Manner, Reply, StandIn, TOKENS};

const QUESTION: &str = "How many days of paid leave do contractors have?";
const SENTENCE: &str = "Contractors have 12 days of paid leave a year";
/// Words of the documents of the closed collection, and of nothing else.
const CANARIES: [&str; 8] =
    ["canaryminutes", "canarydecision", "lighthouse", "4711", "sabbatical", "金丝雀", "灯塔", "董事会"];

/// A server with documents, of which one collection is closed to the model, and the model.
struct Company {
    model: StandIn,
    _server: Server,
    http: Http,
    taproot: Taproot,
}

impl Company {
    fn with(model: StandIn, settings: &[(&str, &str)]) -> Self {
        let taproot = Taproot::new();
        taproot.write("leave.md", format!("# Leave\n\n{SENTENCE}. Employees have 25 days.\n"));
        taproot.write("假期.md", "# 假期\n\n合同工每年享有十二天带薪假期。\n");
        assert_eq!(taproot.ingest().added, 2);
        let board = taproot.root().join("board");
        std::fs::create_dir_all(&board).expect("a folder");
        let minutes = "# Canaryminutes of the board\n\nCanarydecision 4711: contractors of the lighthouse have 13 days of paid \
                       leave and a sabbatical.\n\n金丝雀决议：董事会同意，灯塔的合同工每年享有十三天带薪假期。\n";
        std::fs::write(board.join("canaryminutes.md"), minutes).expect("a file");
        let report: Report = taproot.json(&["ingest", "--collection", "board", &board.to_string_lossy()]);
        assert_eq!(report.added, 1);
        std::fs::write(taproot.root().join("taproot.toml"), "[collections.board]\nallow_upstream = false\n")
            .expect("settings");
        let url = model.url();
        let ours = [
            ("TAPROOT_UPSTREAM_URL", url.as_str()),
            ("TAPROOT_UPSTREAM_MODEL", MODEL),
            ("TAPROOT_UPSTREAM_KEY_ENV", "LLM_KEY"),
            ("LLM_KEY", KEY),
            ("TAPROOT_UPSTREAM_TIMEOUT_S", "1"),
            ("TAPROOT_UPSTREAM_RETRIES", "0"),
            ("TAPROOT_UPSTREAM_PRICE_IN", "0.5"),
            ("TAPROOT_UPSTREAM_PRICE_OUT", "2.0"),
            ("TAPROOT_UPSTREAM_CURRENCY", "CNY"),
        ];
        let server = Server::with(&taproot, &[ours.as_slice(), settings].concat(), None);
        let http = Http::to(&server);
        Self { model, _server: server, http, taproot }
    }

    async fn ask(&self, body: Value) -> Answer {
        let mut request = json!({"question": QUESTION, "mode": "upstream"});
        request.as_object_mut().expect("an object").extend(body.as_object().expect("an object").clone());
        ok(self.http.post("/v1/ask", &request)).await
    }

    fn seen(&self) -> String {
        String::from_utf8_lossy(&self.model.bytes()).to_lowercase()
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.taproot.root().join("server.log")).expect("a log")
    }
}

fn right() -> Reply {
    Reply::says(&["Contractors have ", "12 days of paid leave ", "a year [?]."])
}

#[tokio::test(flavor = "multi_thread")]
async fn the_model_writes_the_answer_and_its_cost_is_told() {
    let proxy = StandIn::openai();
    let through = proxy.url();
    let company = Company::with(
        StandIn::openai(),
        &[("http_proxy", &through), ("HTTP_PROXY", &through), ("all_proxy", &through), ("RUST_LOG", "trace")],
    );
    company
        .model
        .then(Reply::in_manner(&["Contractors have ", "12 days of paid leave ", "a year [?]."], Manner::ByteByByte));
    let answer = company.ask(json!({})).await;
    assert_eq!(
        (answer.mode, answer.status),
        (Mode::Upstream, Status::Answered),
        "{answer:?}: {:?}",
        company.model.refused()
    );
    assert!(answer.answer.contains("12 days") && !answer.citations.is_empty(), "{answer:?}");
    let citation = &answer.citations[0];
    assert!(citation.uri.ends_with("leave.md") && citation.quote.contains(SENTENCE), "{citation:?}");
    let usage = &answer.usage;
    assert_eq!((usage.model.as_deref(), (usage.prompt_tokens, usage.completion_tokens)), (Some(MODEL), TOKENS));
    assert_eq!((usage.cost, usage.currency.as_deref(), usage.estimated), (Some(0.668), Some("CNY"), false));

    company.model.then(Reply::in_manner(
        &["Contractors have ", "12 days of paid leave a year [?]."],
        Manner::Slowly(Duration::from_millis(50)),
    ));
    let request = json!({"question": QUESTION, "mode": "upstream", "stream": true});
    let events = events(company.http.post("/v1/ask", &request)).await;
    let last = events.last().expect("an event");
    assert_eq!((last.name.as_str(), &last.data["mode"]), ("final_answer", &json!("upstream")), "{events:?}");

    company.model.then(Reply::without_usage(&["Contractors have 12 days of paid leave a year [?]."]));
    let usage = company.ask(json!({})).await.usage;
    assert!(usage.estimated && usage.prompt_tokens > 0 && usage.cost.is_some_and(|cost| cost > 0.0), "{usage:?}");
    let metrics = company.http.get("/metrics").send().await.expect("an answer").text().await.expect("a text");
    let counted = format!("taproot_model_cost_total{{currency=\"CNY\",model=\"{MODEL}\"}}");
    assert!(metrics.contains(&counted), "{metrics}");
    assert_eq!((company.model.taken().len(), company.model.refused()), (3, vec![]));
    assert_eq!(proxy.bytes(), b"", "documents go to the address of the settings");
    assert!(!company.log().contains(KEY), "the key stands in the log");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_closed_collection_not_a_word_leaves() {
    let company = Company::with(StandIn::openai(), &[]);
    let mut of_the_board = 0;
    for question in [
        QUESTION,
        "What paid leave do contractors get in a year?",
        "合同工每年有几天带薪假期？",
        "How long is the leave of contractors?",
    ] {
        company.model.then(right());
        let answer = company.ask(json!({"question": question})).await;
        let search: Value = ok(company.http.post("/v1/search", &json!({"query": question}))).await;
        let hits = search["hits"].as_array().expect("hits");
        of_the_board += hits.iter().filter(|hit| hit["collection"] == "board").count();
        // What one asks next is sent as it was typed, whatever the answer before it said.
        company.model.then(right());
        company.ask(json!({"question": "And employees?", "conversation_id": answer.conversation_id})).await;
    }
    assert!(of_the_board >= 3, "the closed document is among what is found ({of_the_board})");
    assert!(company.model.taken().len() >= 4, "{:?}", company.model.refused());
    let seen = company.seen();
    assert!(seen.contains("12 days") && seen.contains("十二天"), "the open documents left: {seen}");
    for canary in CANARIES {
        assert!(!seen.contains(canary), "{canary} left: {seen}");
    }

    let before = company.model.bytes().len();
    let answer = company.ask(json!({"question": "How many days of paid leave do contractors of the lighthouse have?", "collections": ["board"]})).await;
    assert_eq!((answer.mode, answer.status), (Mode::Extractive, Status::Answered), "{answer:?}");
    assert!(answer.answer.contains("13 days"), "{answer:?}");
    assert_eq!(company.model.bytes().len(), before, "nothing at all was sent");
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_the_model_does_the_question_is_answered() {
    let company = Company::with(StandIn::openai(), &[]);
    let status = |status: u16, body: &'static str| Reply::Status(status, Vec::new(), body);
    for reply in [
        status(500, "{}"),
        status(401, r#"{"error":{"message":"Incorrect API key provided: sk-stand-in-4f1c9d2e7ab35086"}}"#),
        Reply::Status(429, vec![("retry-after", "1".into())], "{}"),
        Reply::Status(307, vec![("location", "http://127.0.0.1:9/v1".into())], ""),
        status(200, "<html>Sign in</html>"),
        Reply::Raw(vec![b'x'; 1 << 20]),
        Reply::finished(&["Contractors have"], "content_filter"),
        Reply::finished(&[], "length"),
        Reply::in_manner(&["Contractors have 12 days ", "of"], Manner::StallsAfter(1)),
        Reply::in_manner(&["Contractors have 12 days ", "of"], Manner::BreaksAfter(1)),
        Reply::in_manner(&["Contractors have 12 days ", "of"], Manner::EndsAfter(1)),
    ] {
        company.model.then(reply.clone());
        let answer = company.ask(json!({})).await;
        assert_eq!((answer.mode, answer.status), (Mode::Extractive, Status::Answered), "{reply:?}: {answer:?}");
        assert!(answer.answer.contains(SENTENCE) && answer.usage.cost.is_none(), "{reply:?}: {answer:?}");
        // And the next one is the model's again.
        company.model.then(right());
        assert_eq!(company.ask(json!({})).await.mode, Mode::Upstream, "after {reply:?}");
    }
    assert_eq!((company.model.taken().len(), company.model.gone() >= 1), (22, true));
    let log = company.log();
    assert!(!log.contains(KEY) && !log.contains("Incorrect"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn azure_is_asked_as_azure_wants_it() {
    let azure = [("TAPROOT_UPSTREAM_API", "azure"), ("TAPROOT_UPSTREAM_API_VERSION", API_VERSION)];
    let company = Company::with(StandIn::azure(), &azure);
    company.model.then(right());
    let answer = company.ask(json!({})).await;
    assert_eq!(answer.mode, Mode::Upstream, "{answer:?}: {:?}", company.model.refused());
}

#[test]
fn a_server_without_its_key_says_so_at_the_start() {
    let taproot = Taproot::new();
    let settings = "[upstream]\nurl = \"https://api.openai.com/v1\"\nmodel = \"m\"\nkey_env = \"NO_SUCH_KEY\"\n";
    std::fs::write(taproot.root().join("taproot.toml"), settings).expect("settings");
    let told = taproot.fails(&["serve", "--address", "127.0.0.1:0"]);
    assert!(told.contains("upstream.key_env") && told.contains("NO_SUCH_KEY"), "{told}");
    assert!(taproot.documents().is_empty(), "a command that needs no model goes on without");
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_of_openai_are_told_what_is_taken_back() {
    let company = Company::with(StandIn::openai(), &[]);
    let stream = async || {
        let body = json!({"model": "taproot-upstream", "stream": true, "stream_options": {"include_usage": true},
            "messages": [{"role": "user", "content": QUESTION}]});
        let response = company.http.post("/v1/chat/completions", &body).send().await.expect("an answer");
        let text = response.text().await.expect("a body");
        let lines = text.lines().filter_map(|line| line.strip_prefix("data: ")).map(str::to_owned);
        let mut lines: Vec<String> = lines.collect();
        assert_eq!(lines.pop().as_deref(), Some("[DONE]"), "{text}");
        let chunks: Vec<Value> = lines.iter().map(|line| serde_json::from_str(line).expect("a chunk")).collect();
        let content = |chunk: &Value| chunk["choices"][0]["delta"]["content"].as_str().unwrap_or_default().to_owned();
        (chunks.iter().map(content).collect::<String>(), chunks)
    };
    company.model.then(right());
    let (said, chunks) = stream().await;
    assert!(said.starts_with("Contractors have 12 days of paid leave a year") && !said.contains("withdrawn"), "{said}");
    let usage = &chunks.last().expect("chunks")["usage"];
    assert_eq!((usage["prompt_tokens"].as_u64(), usage["completion_tokens"].as_u64()), {
        let (prompt, completion) = TOKENS;
        (Some(prompt.into()), Some(completion.into()))
    });

    let pieces = ["Contractors have 12 days of paid leave a year [?]. ", "Employees have 25 days", " of it."];
    company.model.then(Reply::in_manner(&pieces, Manner::BreaksAfter(2)));
    let (said, chunks) = stream().await;
    let (before, after) = said.split_once("withdrawn").expect("it says so");
    assert!(before.contains("12 days") && after.contains(SENTENCE) && !after.contains("withdrawn"), "{said}");
    let context = &chunks[chunks.len() - 2]["choices"][0]["delta"]["context"];
    assert!(context["mode"] == "extractive" && !context["citations"].as_array().expect("a list").is_empty());
}
