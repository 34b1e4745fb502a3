//! Documents in the console, in a real browser: brought in, looked into, found, taken out; where they come from, and what a
//! search makes of them.

use fantoccini::key::Key;
use serde_json::json;
use taproot_schemas::search::SearchResponse;

use crate::console::{open, server};
use crate::support::browser::Browser;
use crate::support::examples::examples;
use crate::support::http::{Http, ok};
use crate::support::server::Server;
use crate::support::taproot::Taproot;
use crate::support::wait::eventually;

/// Drops a file on the documents.
async fn drop_file(browser: &Browser, name: &str, text: &str) {
    let script = format!(
        "const files = new DataTransfer();
        files.items.add(new File([{}], {}));
        found[0].dispatchEvent(new DragEvent('drop', {{ dataTransfer: files, bubbles: true, cancelable: true }}))",
        json!(text),
        json!(name)
    );
    browser.script("taproot-documents", &script).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_dropped_read_found_and_deleted() {
    let (_taproot, server) = server();
    let browser = Browser::start().await;
    open(&browser, &server, "documents").await;
    browser.deep("[data-testid=empty-state]").await;
    drop_file(&browser, "parking.md", "# Parking\n\nVisitors park on level 2 of the garage.\n").await;
    browser.deep("[data-testid=upload-dialog]").await;
    browser.screenshot("console-upload").await;
    browser.click("[data-testid=upload-send]").await;
    browser.deep("[data-testid=document-row]").await;
    browser.deep("[data-testid=document-count]").await;
    assert_eq!(browser.text("[data-testid=document-count]").await, "1 document");

    browser.click("[data-testid=document-row]").await;
    browser.deep("[data-testid=document-text]").await;
    assert!(browser.text("[data-testid=document-text]").await.contains("Visitors park on level 2"));
    assert_eq!(browser.text("[data-testid=document-drawer] h2").await, "Parking");
    browser.is_accessible("an opened document").await;
    browser.click("[data-testid=tab-about]").await;
    browser.press(Key::Escape).await;
    browser.gone("[data-testid=document-drawer]").await;
    let row = "return document.activeElement?.dataset.testid";
    assert_eq!(browser.script("html", row).await, "document-row", "the focus goes back to where it came from");

    browser.press(Key::Enter).await;
    browser.click("[data-testid=document-delete]").await;
    assert_eq!(browser.script("html", row).await, "confirm-no", "the harmless answer has the focus");
    browser.click("[data-testid=confirm-yes]").await;
    browser.gone("[data-testid=document-row]").await;
    assert!(Http::to(&server).documents().await.is_empty());
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_cannot_be_read_says_why() {
    let (_taproot, server) = server();
    let browser = Browser::start().await;
    open(&browser, &server, "documents").await;
    drop_file(&browser, "broken.pdf", "this is no PDF").await;
    browser.click("[data-testid=upload-send]").await;
    browser.deep("[data-testid=upload-line] .failures").await;
    let told = browser.text("[data-testid=upload-line]").await;
    assert!(told.contains("broken.pdf") && told.contains("1 file could not be read"), "{told}");
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_search_lab_shows_both_legs_and_what_became_of_them() {
    let server = &examples().server;
    let browser = Browser::start().await;
    open(&browser, server, "search").await;
    browser.click("[data-testid=lab-query]").await;
    browser.types("annual leave carry over").await;
    browser.press(Key::Enter).await;
    browser.deep("[data-testid=lab-fused] [data-testid=lab-hit]").await;
    browser.is_accessible("the search lab").await;
    browser.screenshot("console-search-lab").await;

    let body = json!({"query": "annual leave carry over", "k": 25, "explain": true, "rerank": true});
    let expected: SearchResponse = ok(Http::to(server).post("/v1/search", &body)).await;
    let chunks = |list: &str| format!("[data-list={list}] [data-testid=lab-hit]");
    let ids = "return found.map((hit) => hit.dataset.chunk)";
    let fused: Vec<String> = expected.hits.iter().map(|hit| hit.chunk_id.clone()).collect();
    assert_eq!(browser.script(&chunks("fused"), ids).await, json!(fused));
    for (leg, lexical) in [("lexical", true), ("vector", false)] {
        let mut ranked: Vec<(u32, &str)> = expected
            .hits
            .iter()
            .filter_map(|hit| {
                let explanation = hit.explanation.as_ref()?;
                let share = if lexical { &explanation.lexical } else { &explanation.vector };
                Some((share.as_ref()?.rank?, hit.chunk_id.as_str()))
            })
            .collect();
        ranked.sort_unstable();
        let expected: Vec<&str> = ranked.iter().map(|(_, id)| *id).collect();
        assert!(!expected.is_empty(), "{leg}");
        assert_eq!(browser.script(&chunks(leg), ids).await, json!(expected), "{leg}");
    }
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn documents_are_found_looked_into_and_read_again() {
    let (taproot, server) = server();
    taproot.write("garage.md", "# Garage\n\nThe garage closes at 22:00. Visitors park on level 2.\n");
    taproot.write("people/.taproot.toml", "allow = [\"hr\"]\ncollection = \"people\"\n");
    taproot.write("people/pay.txt", "The pay of fitters rises in May.\n");
    taproot.run(&["ingest", &taproot.documents_folder().to_string_lossy()]);
    let browser = Browser::start().await;
    open(&browser, &server, "documents").await;
    let count = |expected: &'static str| {
        let browser = &browser;
        eventually("the count is right", move || async move {
            (browser.text("[data-testid=document-count]").await == expected).then_some(())
        })
    };
    count("2 documents").await;
    browser.click("[data-testid=document-search]").await;
    browser.types("garage").await;
    count("1 document").await;
    browser
        .script("[data-testid=document-search]", "found[0].value = ''; found[0].dispatchEvent(new Event('input'))")
        .await;
    count("2 documents").await;
    let choose = "found[0].value = 'people'; found[0].dispatchEvent(new Event('change'))";
    eventually("the collections are offered", || async {
        let offered = "return found.length";
        (browser.script("[data-testid=filter-collection] option[value=people]", offered).await == 1).then_some(())
    })
    .await;
    browser.script("[data-testid=filter-collection]", choose).await;
    count("1 document").await;
    browser.click("[data-testid=document-row]").await;
    browser.click("[data-testid=tab-chunks]").await;
    browser.deep("[data-testid=chunk]").await;
    assert!(browser.text("[data-testid=chunk]").await.contains("The pay of fitters rises in May."));
    browser.click("[data-testid=tab-about]").await;
    assert!(browser.text("[data-testid=document-view]").await.contains("hr"), "who may read it");
    browser.click("[data-testid=document-reread]").await;
    browser.deep("[data-testid=toasts] .good").await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_is_run_by_hand_and_tells_what_it_could_not_read() {
    let taproot = Taproot::new();
    std::fs::create_dir_all(taproot.data()).expect("the data directory");
    let settings = "[[sources]]\nname = \"rota\"\npath = \"../documents\"\nevery = \"1h\"\n";
    std::fs::write(taproot.data().join("taproot.toml"), settings).expect("the settings");
    taproot.write("early.txt", "The lapwing has the early shift.\n");
    let server = Server::start(&taproot);
    let browser = Browser::start().await;
    open(&browser, &server, "sources").await;
    browser.deep("[data-testid=source-card] .badge.good").await;
    let card = browser.text("[data-testid=source-card]").await;
    assert!(card.contains("rota") && card.contains("every 1 hr") && card.contains("1 added"), "{card}");

    taproot.write("late.txt", "The nightjar has the late shift.\n");
    taproot.write("scan.pdf", "this is no PDF");
    browser.click("[data-testid=source-run]").await;
    browser.deep("[data-testid=source-card] .failures").await;
    let card = browser.text("[data-testid=source-card]").await;
    assert!(card.contains("scan.pdf") && card.contains("The file is damaged."), "{card}");
    browser.is_accessible("a source with failures").await;
    browser.close().await;
}
