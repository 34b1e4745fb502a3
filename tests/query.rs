//! What a searcher may type: phrases, exclusions, words that are misspelled; and what a hit shows of it.

use std::sync::LazyLock;

use serde_json::{Value, json};
use taproot_schemas::answer::{Answer, Status};
use taproot_schemas::search::{Hit, SearchResponse};

use crate::support::http::{Http, ok};
use crate::support::server::{PUBLIC, Server};
use crate::support::slice;
use crate::support::taproot::{Taproot, told};

struct Library {
    taproot: Taproot,
    server: Server,
}

/// Read by all tests of this file; what lies in `board/` only the group `board` may see.
static LIBRARY: LazyLock<Library> = LazyLock::new(|| {
    // A static is never dropped: whoever kills the server removes the folder.
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder").keep();
    let taproot = Taproot::in_folder(folder.clone());
    for (name, text) in [
        ("carry.md", "# Carrying over\n\nAnnual leave that was not taken may be carried over until March.\n"),
        ("sick.md", "# Sick leave\n\nSick leave is no annual holiday. Leave the annual report alone.\n"),
        ("parental.md", "# Parental leave\n\nParental leave is sixteen weeks; an application is made by mail.\n"),
        ("codes.md", "# Codes\n\nERR-4012 means that the probe is dry. ERR-4013: it is cold.\n"),
        ("cold.md", "# Cold store\n\nThe store is kept at -5 degrees. Kubernetes watches it.\n"),
        ("nianjia.md", "# 年假\n\n员工享有带薪年假，转正之后按比例补给。\n"),
        ("bingjia.md", "# 病假\n\n员工今年放假之前请病假的，须有医生证明。\n"),
        ("board/falcon.md", "# Falcon\n\nThe acquisition of Peregrine is secret. 收购游隼公司的事是保密的。\n"),
        ("board/.taproot.toml", "allow = [\"board\"]\n"),
    ] {
        taproot.write(name, text);
    }
    assert!(taproot.ingest().failed.is_empty());
    let server = Server::with(&taproot, &[PUBLIC], Some(&folder));
    Library { taproot, server }
});

async fn search(query: &str) -> SearchResponse {
    ok(Http::to(&LIBRARY.server).post("/v1/search", &json!({"query": query, "k": 20}))).await
}

/// As somebody from outside, who sees what is open to everybody.
async fn search_as_guest(query: &str) -> SearchResponse {
    let request = Http::to(&LIBRARY.server).post("/v1/search", &json!({"query": query, "k": 20}));
    ok(request.header("x-forwarded-for", "203.0.113.7")).await
}

fn uris(response: &SearchResponse) -> Vec<&str> {
    let mut uris: Vec<&str> = response.hits.iter().map(|hit| hit.uri.as_str()).collect();
    uris.sort_unstable();
    uris.dedup();
    uris
}

/// Exactly these documents are found, and no phrase was given up.
#[track_caller]
fn check(response: &SearchResponse, query: &str, expected: &[&str]) {
    assert_eq!(uris(response), expected, "{query}: {response:#?}");
    assert!(response.unmatched_phrases.is_empty(), "{query}: {response:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phrase_stands_in_every_hit_of_both_legs() {
    for (query, expected) in [
        ("\"annual leave\"", &["carry.md"] as &[&str]),
        ("“annual leave” carried", &["carry.md"]),
        ("\"Annual Leaves\"", &["carry.md"]),
        ("„annual leave“", &["carry.md"]),
        ("«sick leave»", &["sick.md"]),
        ("＂ERR-4012＂", &["codes.md"]),
        ("\"ERR 4012\" probe", &["codes.md"]),
        ("\"carrying over\"", &["carry.md"]),
        ("\"parental leave\" \"sixteen weeks\"", &["parental.md"]),
        ("「带薪年假」", &["nianjia.md"]),
        ("“年假”", &["nianjia.md"]),
        // In the middle of words, as a dictionary cuts them.
        ("『薪年假』", &["nianjia.md"]),
        ("\"今年放假\"", &["bingjia.md"]),
    ] {
        check(&search(query).await, query, expected);
    }
    let without_quotes = search("annual leave").await;
    assert!(uris(&without_quotes).len() > 1 && without_quotes.hits.iter().any(|hit| hit.scores.vector.is_some()));
    let phrase = search("\"annual leave\"").await;
    assert!(phrase.hits[0].scores.vector.is_some(), "the vector leg ran: {phrase:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phrase_that_stands_nowhere_is_told_and_its_words_are_looked_for() {
    for (query, phrase, expected) in [
        ("\"leave carried annual\"", "leave carried annual", "carry.md"),
        ("「年假带薪」转正", "年假带薪", "nianjia.md"),
        (
            "He wrote: \"annual leave may be brought\" and “never carried”. Annual leave, carried over.",
            "never carried",
            "carry.md",
        ),
    ] {
        let response = search(query).await;
        assert!(response.unmatched_phrases.contains(&phrase.to_owned()), "{query}: {response:#?}");
        assert_eq!(response.hits[0].uri, expected, "{query}: {response:#?}");
    }
    // What stands only where the caller may not look stands nowhere.
    let phrase = "\"acquisition of Peregrine\"";
    check(&search(phrase).await, phrase, &["board/falcon.md"]);
    assert_eq!(search_as_guest(phrase).await.unmatched_phrases, ["acquisition of Peregrine"]);
    assert_eq!(search_as_guest("「收购游隼」").await.unmatched_phrases, ["收购游隼"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_exclusion_stands_in_no_hit_of_either_leg() {
    let with = search("annual leave").await;
    assert!(uris(&with).contains(&"sick.md") && uris(&with).contains(&"parental.md"), "{with:#?}");
    for (query, gone) in [
        ("annual leave -sick", &["sick.md"] as &[&str]),
        ("annual leave \u{2212}sick －parental", &["sick.md", "parental.md"]),
        ("annual leave -\"sixteen weeks\"", &["parental.md"]),
        ("annual leave -“annual report”", &["sick.md"]),
        ("probe leave -ERR-4012", &["codes.md"]),
        ("probe leave -err4012", &["codes.md"]),
        ("员工 -病假", &["bingjia.md"]),
        ("员工 －「薪年假」", &["nianjia.md"]),
    ] {
        let response = search(query).await;
        let found = uris(&response);
        assert!(!found.is_empty() && gone.iter().all(|uri| !found.contains(uri)), "{query}: {found:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_minus_in_prose_excludes_nothing() {
    for (query, first) in [
        ("store at -5 degrees", "cold.md"),
        ("ERR-4012", "codes.md"),
        ("- parental leave", "parental.md"),
        ("-parental", "parental.md"),
        ("leave\n-parental\n-sixteen weeks", "parental.md"),
    ] {
        assert_eq!(search(query).await.hits[0].uri, first, "{query}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_misspelled_word_is_found_and_the_right_one_suggested() {
    for (query, suggested, first) in [
        ("parantal leave", Some("Parental leave"), "parental.md"),
        ("how is an applicaton made", Some("how is an application made"), "parental.md"),
        ("kubarnetes", Some("Kubernetes"), "cold.md"),
        ("“parantal leave”", Some("“Parental leave”"), "parental.md"),
        ("parental leave", None, "parental.md"),
        ("ERR-4021 prob", None, "codes.md"),
        ("带新年假", None, "nianjia.md"),
        ("zibblewocks parental", None, "parental.md"),
    ] {
        let response = search(query).await;
        assert_eq!(response.did_you_mean.as_deref(), suggested, "{query}");
        assert_eq!(response.hits[0].uri, first, "{query}: {response:#?}");
    }
}

/// Neither is a hidden word suggested, nor does its being there keep a suggestion back.
#[tokio::test(flavor = "multi_thread")]
async fn a_suggestion_knows_nothing_of_hidden_documents() {
    assert_eq!(search("peregrin").await.did_you_mean, None, "the stem is the same");
    assert_eq!(search("acquisitoin").await.did_you_mean.as_deref(), Some("acquisition"));
    assert_eq!(search_as_guest("acquisitoin").await.did_you_mean, None);
    assert_eq!(search("secert").await.did_you_mean.as_deref(), Some("secret"));
    let guest = search_as_guest("secert").await;
    assert_eq!(guest.did_you_mean, None, "{guest:#?}");
    // `falcon` stands in a hidden document only, which is the same as nowhere.
    assert_eq!(search("annaul falcon").await.did_you_mean.as_deref(), Some("annual falcon"));
    let guest = search_as_guest("annaul falcon").await;
    assert_eq!(guest.did_you_mean.as_deref(), Some("annual falcon"));
}

fn shown(hit: &Hit) -> Vec<String> {
    hit.highlights.iter().map(|highlight| slice(&hit.text, highlight.start, highlight.end)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_matches_is_highlighted() {
    for (query, uri, expected) in [
        ("carrying annual leave", "carry.md", &["Carrying", "Annual", "leave", "carried"] as &[&str]),
        ("err4012", "codes.md", &["ERR-4012"]),
        ("\"sixteen weeks\"", "parental.md", &["sixteen", "weeks"]),
        ("parantal", "parental.md", &["Parental", "Parental"]),
        ("年假", "nianjia.md", &["年假", "年假"]),
        ("转正 补给", "nianjia.md", &["转正", "补给"]),
    ] {
        let response = search(query).await;
        let hit = response.hits.iter().find(|hit| hit.uri == uri).unwrap_or_else(|| panic!("{query}: {response:#?}"));
        assert_eq!(shown(hit), expected, "{query}");
    }
}

#[test]
fn a_person_is_told_what_was_meant() {
    let library = &LIBRARY;
    let output = library.taproot.run(&["search", "parantal leave", "-k", "1"]);
    let text = String::from_utf8(output.stdout.clone()).expect("UTF-8");
    assert!(text.starts_with("did you mean: Parental leave\n"), "{}", told(&output));
    assert!(!text.contains('\u{1b}'), "no bold outside of a terminal: {text}");
    let output = library.taproot.run(&["search", "\"leave carried annual\"", "-k", "1"]);
    let text = String::from_utf8(output.stdout.clone()).expect("UTF-8");
    assert!(text.starts_with("nothing has “leave carried annual” word for word"), "{}", told(&output));
}

/// Questions mention what they quote; a minus in them is a minus.
#[tokio::test(flavor = "multi_thread")]
async fn a_question_may_quote() {
    let http = Http::to(&LIBRARY.server);
    let ask = |question: &str| {
        let request = http.post("/v1/ask", &json!({"question": question}));
        async { ok::<Answer>(request).await }
    };
    let answer = ask("Until when may \"annual leave\" be carried over?").await;
    assert_eq!(answer.status, Status::Answered, "{answer:#?}");
    assert!(answer.citations.iter().all(|citation| citation.uri == "carry.md"), "{answer:#?}");
    let answer = ask("When may “leave that nobody took” -leave be carried over until?").await;
    assert!(answer.citations.iter().any(|citation| citation.uri == "carry.md"), "{answer:#?}");
}

/// Every filter narrows both a search and a question, alone.
#[tokio::test(flavor = "multi_thread")]
async fn every_filter_holds_for_searches_and_questions() {
    let taproot = Taproot::new();
    taproot.write("a/tide.html", "<html lang=\"en\"><head><title>Tide</title><meta name=\"author\" content=\"Ann Lee\"><meta name=\"date\" content=\"2024-05-01\"></head><body><p>The tide table of the harbour is renewed every spring.</p></body></html>");
    taproot.write("a/.taproot.toml", "tags = [\"coast\"]\ncollection = \"sea\"\n");
    taproot.write("b/tide.md", "---\nauthor: Bo Chan\ndate: 2026-02-03\nstatus: final\n---\n# Tide\n\nThe tide table of the harbour is renewed every autumn.\n");
    taproot.write("c/chao.txt", "港口的潮汐表每年秋天更新一次，tide table。\n");
    assert!(taproot.ingest().failed.is_empty());
    let server = Server::start(&taproot);
    let http = Http::to(&server);
    let id = http.document("b/tide.md").await.id;
    let filters: [(Value, &str); 9] = [
        (json!({"languages": ["zh"]}), "c/chao.txt"),
        (json!({"document_ids": [id]}), "b/tide.md"),
        (json!({"media_types": ["text/html"]}), "a/tide.html"),
        (json!({"tags": ["coast"]}), "a/tide.html"),
        (json!({"authors": ["ann lee"]}), "a/tide.html"),
        (json!({"path_prefix": "c/"}), "c/chao.txt"),
        (json!({"after": "2025-01-01"}), "b/tide.md"),
        (json!({"before": "2025-01-01"}), "a/tide.html"),
        (json!({"metadata": {"status": "Final"}}), "b/tide.md"),
    ];
    let narrowed = filters.into_iter().map(|(filters, uri)| (json!({"filters": filters}), uri));
    for (narrowed, uri) in narrowed.chain([(json!({"collections": ["sea"]}), "a/tide.html")]) {
        let with = |field: &str| {
            let mut body = narrowed.clone();
            body[field] = json!("When is the tide table of the harbour renewed? 潮汐表");
            body
        };
        let response: SearchResponse = ok(http.post("/v1/search", &with("query"))).await;
        assert_eq!(uris(&response), [uri], "{narrowed}: {response:#?}");
        let answer: Answer = ok(http.post("/v1/ask", &with("question"))).await;
        let cited: Vec<&str> = answer.citations.iter().map(|citation| citation.uri.as_str()).collect();
        assert!(!cited.is_empty() && cited.iter().all(|cited| *cited == uri), "{narrowed}: {answer:#?}");
    }
    // The same on the command line.
    for (option, uri) in [
        (["--language", "zh"], "c/chao.txt"),
        (["--type", "text/html"], "a/tide.html"),
        (["--tag", "coast"], "a/tide.html"),
        (["--author", "Bo Chan"], "b/tide.md"),
        (["--path", "c/"], "c/chao.txt"),
        (["--after", "2025-01-01"], "b/tide.md"),
        (["--before", "2025-01-01"], "a/tide.html"),
        (["--metadata", "status=final"], "b/tide.md"),
        (["--collection", "sea"], "a/tide.html"),
    ] {
        let response: SearchResponse = taproot.json(&["search", "tide table", option[0], option[1]]);
        assert_eq!(uris(&response), [uri], "{option:?}: {response:#?}");
        let answer: Answer = taproot.json(&["ask", "When is the tide table renewed?", option[0], option[1]]);
        assert!(answer.citations.iter().all(|citation| citation.uri == uri), "{option:?}: {answer:#?}");
        assert!(!answer.citations.is_empty(), "{option:?}: {answer:#?}");
    }
}
