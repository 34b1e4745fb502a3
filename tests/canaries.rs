//! Thousands of random queries at every door that tells something of documents: nobody is told a word that stands only in
//! what it may not read, however the query comes near it.

use serde_json::{Value, json};
use taproot_schemas::answer::Answer;

use crate::support::http::{Http, ok};
use crate::support::tenants::{GROUPS, Somebody, TENANTS, Tenants, all, canary};

/// Requests of each caller.
const ROUNDS: usize = 180;

/// Numbers that look random and are the same in every run (Knuth's MMIX generator).
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % end
    }

    fn one<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }
}

const WORDS: [&str; 16] = [
    "code name",
    "lighthouse",
    "lamp",
    "report",
    "keeper",
    "paid by",
    "14 days",
    "30 days",
    "repairs",
    "灯塔",
    "代号",
    "看守人",
    "report.md",
    "board",
    "crew",
    "office",
];

/// Some words, and often one that is nearly a canary: cut, or with another letter, as somebody would guess.
fn query(dice: &mut Dice) -> String {
    let mut words: Vec<String> = (0..1 + dice.below(4)).map(|_| (*dice.one(&WORDS)).to_owned()).collect();
    if dice.below(2) == 0 {
        let group = GROUPS.get(dice.below(GROUPS.len() + 1)).copied();
        let word = canary(TENANTS[dice.below(TENANTS.len())], group);
        let near = match dice.below(3) {
            0 => word[..word.len() - 1].to_owned(),
            1 => format!("{}q", &word[..word.len() - 1]),
            _ => word.replacen('z', "s", 1),
        };
        words.push(near);
    }
    match dice.below(6) {
        0 => format!("\"{}\"", words.join(" ")),
        1 => format!("{} -{}", words.join(" "), dice.one(&WORDS)),
        2 => format!("What is the {}?", words.join(" ")),
        _ => words.join(" "),
    }
}

/// One request at a door, as its whole answer.
async fn told(http: &Http, somebody: &Somebody, dice: &mut Dice, conversation: Option<&str>) -> String {
    let query = query(dice);
    let foreign = *dice.one(&TENANTS);
    let tool = |name: &str, arguments: Value| json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": name, "arguments": arguments}});
    let request = match dice.below(16) {
        0..=3 => http.post("/v1/search", &json!({"query": query, "k": 20, "explain": dice.below(2) == 0})),
        4 => http.post("/v1/search", &json!({"query": query, "collections": [foreign]})),
        5 => http.post("/v1/ask", &json!({"question": query, "strictness": 1})),
        6 => http.post("/v1/ask", &json!({"question": query, "stream": true, "strictness": 1, "collections": [foreign]})),
        7 => http.post(
            "/v1/chat/completions",
            &json!({"model": "taproot", "stream": dice.below(2) == 0, "messages": [{"role": "user", "content": query}]}),
        ),
        8 => http.post("/retrieval", &json!({"knowledge_id": foreign, "query": query, "retrieval_setting": {"top_k": 5, "score_threshold": 0.0}})),
        9 => http.post("/mcp", &tool("search_documents", json!({"query": query}))),
        10 => http.post("/mcp", &tool("ask", json!({"question": query}))),
        11 => http.list(&[("limit", "100"), ("collection", foreign), ("q", &query)]),
        12 => http.get(&match conversation {
            Some(id) => format!("/v1/conversations/{id}/export?format=markdown"),
            None => "/readyz".to_owned(),
        }),
        13 => http.get("/v1/collections"),
        14 => http.get("/v1/questions"),
        _ => http.get("/metrics"),
    };
    let request = request.header("accept", "application/json, text/event-stream");
    somebody.ask(request).send().await.expect("an answer").text().await.expect("a body")
}

#[tokio::test(flavor = "multi_thread")]
async fn no_word_of_a_hidden_document_is_told_at_any_door() {
    let tenants = Tenants::start();
    let everybody = tenants.everybody().await;
    let (mut asked, mut seen) = (0, 0);
    for (number, somebody) in everybody.iter().enumerate() {
        let (http, mut dice) = (tenants.http(), Dice(number as u64 + 1));
        let begun =
            somebody.ask(http.post("/v1/ask", &json!({"question": "What is the code name of the lighthouse?"})));
        let conversation = ok::<Answer>(begun).await.conversation_id;
        for _ in 0..ROUNDS {
            let body = told(&http, somebody, &mut dice, Some(&conversation)).await;
            asked += 1;
            for (tenant, group) in all() {
                let word = canary(tenant, group);
                if somebody.sees(tenant, group) {
                    seen += usize::from(body.contains(&word));
                } else {
                    assert!(!body.contains(&word), "{} is told {word}: {body}", somebody.name);
                }
            }
        }
    }
    // What may be seen was found all along: the words were there to be told.
    assert!(asked == ROUNDS * everybody.len() && seen > asked / 4, "{seen} of {asked}");
}
