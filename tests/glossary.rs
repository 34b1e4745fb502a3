//! A company's own words: `glossary.toml`.

use std::time::{Duration, SystemTime};

use serde_json::json;
use taproot_schemas::search::SearchResponse;

use crate::support::http::{Http, ok};
use crate::support::server::Server;
use crate::support::taproot::Taproot;
use crate::support::wait::eventually;

const GLOSSARY: &str = "\
[[entry]]
terms = [\"PTO\", \"paid time off\", \"带薪休假\"]

[[entry]]
from = [\"laptop\"]
to = [\"MacBook\"]
";

fn library() -> Taproot {
    let taproot = Taproot::new();
    for (name, text) in [
        ("leave.md", "Employees accrue paid time off from the first day; unused days expire in March.\n"),
        ("pto.md", "PTO is requested in the portal.\n"),
        ("time.md", "The time sheet is paid attention to; switch it off, off, off, and keep the time.\n"),
        ("devices.md", "Each MacBook is encrypted.\n"),
        ("laptops.md", "A laptop stays at its desk.\n"),
        ("banche.md", "下班的班车傍晚六点二十分从公司门口开出。\n"),
    ] {
        taproot.write(name, text);
    }
    assert!(taproot.ingest().failed.is_empty());
    taproot
}

fn lexical(response: &SearchResponse) -> Vec<&str> {
    let by_words = response.hits.iter().filter(|hit| hit.scores.lexical.is_some());
    by_words.map(|hit| hit.uri.as_str()).collect()
}

/// Written as a person would, at another time than what was there.
fn write(taproot: &Taproot, text: &str) {
    let path = taproot.data().join("glossary.toml");
    let before = std::fs::metadata(&path).and_then(|metadata| metadata.modified()).ok();
    std::fs::write(&path, text).expect("the glossary is written");
    let file = std::fs::File::options().write(true).open(&path).expect("the glossary");
    let time = before.map_or_else(SystemTime::now, |before| before + Duration::from_secs(1));
    file.set_modified(time).expect("its time is set");
}

#[test]
fn each_word_finds_the_others_across_languages() {
    let taproot = library();
    let before: SearchResponse = taproot.json(&["search", "带薪休假"]);
    assert!(before.hits.is_empty(), "nothing has these words: {before:#?}");
    write(&taproot, GLOSSARY);

    let chinese: SearchResponse = taproot.json(&["search", "带薪休假怎么申请"]);
    assert_eq!(chinese.hits.len(), 2, "{chinese:#?}");
    let found = lexical(&chinese);
    assert!(found.contains(&"leave.md") && found.contains(&"pto.md"), "{found:?}");
    let marked = chinese.hits.iter().all(|hit| !hit.highlights.is_empty());
    assert!(marked, "the words that were found are shown: {chinese:#?}");

    let typed: SearchResponse = taproot.json(&["search", "PTO"]);
    assert_eq!(
        lexical(&typed),
        ["pto.md", "leave.md"],
        "what was typed comes first, and words of it alone are nothing"
    );
    assert_eq!(typed.did_you_mean, None);
    let long: SearchResponse = taproot.json(&["search", "\"paid time off\""]);
    assert_eq!(lexical(&long), ["leave.md"], "a phrase is what was typed");

    let one_way: SearchResponse = taproot.json(&["search", "laptop"]);
    assert_eq!(lexical(&one_way), ["laptops.md", "devices.md"]);
    let back: SearchResponse = taproot.json(&["search", "MacBook"]);
    assert_eq!(lexical(&back), ["devices.md"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_file_counts_without_a_restart() {
    let taproot = library();
    let server = Server::start(&taproot);
    let http = Http::to(&server);
    let search = |query: &'static str| {
        let request = http.post("/v1/search", &json!({"query": query}));
        async { ok::<SearchResponse>(request).await.hits.into_iter().map(|hit| hit.uri).collect::<Vec<_>>() }
    };
    assert!(search("带薪休假").await.is_empty());
    write(&taproot, GLOSSARY);
    eventually("the new glossary counts", || async {
        search("带薪休假").await.contains(&"leave.md".into()).then_some(())
    })
    .await;

    // One that is not right leaves the last good one in force, and is told in the log.
    write(&taproot, "[[entry]]\nterms = [\"通勤车\"]\n");
    let log = taproot.root().join("server.log");
    eventually("the log tells", || async {
        search("通勤车").await;
        std::fs::read_to_string(&log).expect("a log").contains("line 1: an entry has").then_some(())
    })
    .await;
    assert!(!search("带薪休假").await.is_empty());

    write(&taproot, "[[entry]]\nterms = [\"通勤车\", \"班车\"]\n");
    eventually("the mended glossary counts", || async { (search("通勤车").await == ["banche.md"]).then_some(()) })
        .await;
    assert!(search("带薪休假").await.is_empty(), "what the file no longer says is forgotten");
}

#[test]
fn a_file_that_is_not_right_is_told_at_the_start() {
    let taproot = library();
    write(&taproot, "[[entry]]\nterms = [\"PTO\", \"paid time off\"]\n\n[[entry]]\nterms = [\"lonely\"]\n");
    let told = taproot.fails(&["search", "PTO"]);
    assert!(told.contains("glossary.toml") && told.contains("line 4") && told.contains("two or more"), "{told}");

    // One that the settings name has to be there.
    std::fs::remove_file(taproot.data().join("glossary.toml")).expect("it was there");
    std::fs::write(taproot.data().join("taproot.toml"), "[search]\nglossary = \"words.toml\"\n").expect("settings");
    assert!(taproot.fails(&["search", "PTO"]).contains("words.toml"));
    std::fs::write(taproot.data().join("words.toml"), GLOSSARY).expect("a glossary");
    let response: SearchResponse = taproot.json(&["search", "PTO"]);
    assert_eq!(lexical(&response), ["pto.md", "leave.md"]);
}
