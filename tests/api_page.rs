//! The page of the API in a real browser: every operation, in both languages, and requests that are tried.

use serde_json::{Value, json};

use crate::support::browser::Browser;
use crate::support::examples::examples;
use crate::support::http::{Http, ok};

const ASK: &str = "details#ask ";

#[tokio::test(flavor = "multi_thread")]
async fn an_operation_is_found_read_and_tried() {
    let server = &examples().server;
    let contract: Value = ok(Http::to(server).get("/openapi.json")).await;
    let operations: usize = contract["paths"]
        .as_object()
        .expect("paths")
        .values()
        .map(|item| item.as_object().map_or(0, |all| all.len()))
        .sum();
    let browser = Browser::start().await;
    browser.goto(&server.url("/api")).await;
    browser.deep(ASK).await;
    let shown = browser.script("details.operation", "return found.length").await;
    assert_eq!(shown, json!(operations));

    // All that is described can be opened, down to the schemas, and nothing of it is missing.
    let script = "for (const details of found) details.open = true; return found.length";
    browser.script("details.operation", script).await;
    browser.deep("details.operation .answers details").await;
    browser.script("main details details", script).await;
    let text = browser.script("main", "return found[0].innerText").await;
    let text = text.as_str().expect("text");
    assert!(text.contains("standalone_question") && !text.contains("undefined") && !text.contains("[object"), "{text}");
    assert!(browser.overflow().await <= 0);
    browser.goto(&server.url("/api?fresh")).await;

    browser.deep("#filter").await.click().await.expect("it can be clicked");
    browser.types("question ask").await;
    browser.script("#filter", "found[0].dispatchEvent(new Event('input', {bubbles: true}))").await;
    let left = browser.script("details.operation:not([hidden])", "return found.map((one) => one.id)").await;
    assert!(left.as_array().is_some_and(|ids| ids.contains(&json!("ask")) && ids.len() < operations), "{left}");

    browser.click("#index a[href='#ask']").await;
    browser.deep(&format!("{ASK}textarea")).await;
    let body = json!({"question": "How many days of annual leave do employees have?", "stream": false}).to_string();
    browser.script(&format!("{ASK}textarea"), &format!("found[0].value = {}", json!(body))).await;
    browser.click(&format!("{ASK}button.send")).await;
    browser.deep(&format!("{ASK}.result[data-good=true]")).await;
    let result = browser.text(&format!("{ASK}.result")).await;
    assert!(result.contains("200") && result.contains("curl -X POST"), "{result}");
    browser.deep(&format!("{ASK}.result pre[aria-label]:not(:empty)")).await;
    browser.is_accessible("the page of the API").await;
    browser.screenshot("api-desktop").await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_speaks_both_languages_on_a_phone() {
    let server = &examples().server;
    let browser = Browser::phone().await;
    browser.goto(&server.url("/api")).await;
    browser.deep(ASK).await;
    assert_eq!(browser.script("main > section > h2", "return found[0].textContent").await, json!("Questions"));
    browser.click("#language").await;
    browser.deep(ASK).await;
    assert_eq!(browser.script("main > section > h2", "return found[0].textContent").await, json!("问答"));
    assert_eq!(browser.script("html, body", "return document.documentElement.lang").await, json!("zh-Hans"));
    browser.click(&format!("{ASK}summary")).await;
    browser.deep(&format!("{ASK}textarea")).await;
    assert!(browser.overflow().await <= 0);
    browser.dark(true).await;
    browser.is_accessible("the page of the API on a phone, dark").await;
    browser.screenshot("api-phone-zh").await;
    browser.close().await;
}
