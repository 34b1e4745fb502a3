//! The widget on pages of another origin: one whose style sheet is as hostile as they come, one under a strict policy, one
//! that drives it by its methods; stopped, retried, offline, reloaded, on a phone.

use fantoccini::key::Key;
use serde_json::json;
use taproot_schemas::answer::{Answer, Status};

use crate::support::browser::Browser;
use crate::support::examples::examples;
use crate::support::http::{Http, ok};
use crate::support::page;
use crate::support::wait::eventually;

const QUESTION: &str =
    "I cannot connect from my hotel, the client says VPN-809. Which transport setting should I pick?";

/// What careless or old pages really do, all at once.
const HOSTILE: &str = "
html { font-size: 4px !important; }
* { color: rgb(255, 0, 0) !important; font-family: fantasy !important; letter-spacing: 9px !important;
    text-transform: uppercase !important; line-height: 4 !important; text-align: right !important;
    word-spacing: 20px !important; visibility: visible; pointer-events: auto; }
body { direction: rtl; margin: 0; overflow-x: hidden; }
button, textarea, form, section, article, header { display: none !important; }
div { position: static !important; border: 5px solid red !important; float: left !important; }
.root, .panel, .bubble, .chip { transform: rotate(45deg) !important; opacity: 0 !important; }
#panel { width: 1px !important; }
";

/// A page of a company, on its own port, with keys and globals of its own.
fn company_page(server: &str) -> String {
    page::serve(format!(
        "<!doctype html><html lang=en><head><meta charset=utf-8><title>Company</title><style>{HOSTILE}</style></head>
        <body><p>Welcome to the company.</p>
        <script>window.keys = 0; addEventListener('keydown', () => window.keys++); Array.prototype.surprise = 1;</script>
        <script src=\"{server}/widget.js\" data-lang=en data-title=\"Ask us\" defer></script></body></html>"
    ))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_another_origin_asks_cites_and_opens_sources() {
    let server = &examples().server;
    let url = company_page(&server.url(""));
    let browser = Browser::start().await;
    browser.goto(&url).await;
    browser.deep("[data-testid=bubble]").await;
    browser.screenshot("widget-bubble").await;
    browser.click("[data-testid=bubble]").await;
    browser.deep("[data-testid=panel] [data-testid=ask-input], taproot-chat [data-testid=ask-input], [data-testid=ask-input]").await;
    assert_eq!(browser.focused().await, "ask-input", "one can type at once");

    browser.types(QUESTION).await;
    assert_eq!(
        browser.script("html", "return window.keys").await,
        0,
        "the page's shortcuts do not fire while one types"
    );
    browser.press(Key::Enter).await;
    browser.deep("[data-role=answer][data-state=done]").await;
    let answer: Answer = ok(Http::to(server).post("/v1/ask", &json!({"question": QUESTION}))).await;
    assert_eq!(answer.status, Status::Answered, "{answer:?}");
    let shown = browser.text("[data-role=answer] [data-testid=answer]").await;
    assert!(shown.contains(&answer.sentences[0].text), "{shown}");
    browser.screenshot("widget-answer").await;

    browser.click("[data-testid=citation-chip][data-n='1']").await;
    browser.deep("[data-testid=source-quote]").await;
    assert_eq!(browser.text("[data-testid=source-quote]").await, answer.citations[0].quote);
    browser.screenshot("widget-source").await;
    browser.press(Key::Escape).await;
    browser.gone("[data-testid=source-view]").await;
    browser.deep("[data-testid=panel]").await;
    browser.press(Key::Escape).await;
    browser.gone("[data-testid=panel]").await;
    assert_eq!(browser.focused().await, "bubble", "one press closes one thing");
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_style_of_the_page_does_not_reach_in_and_the_widget_does_not_reach_out() {
    let browser = Browser::start().await;
    browser.goto(&company_page(&examples().server.url(""))).await;
    let before = browser
        .script("html", "return getComputedStyle(document.querySelector('p')).cssText || document.body.innerText")
        .await;
    browser.click("[data-testid=bubble]").await;
    browser.deep("[data-testid=ask-input]").await;
    let style = "const style = getComputedStyle(found[0]);
        return [style.color, style.letterSpacing, style.textTransform, style.direction, style.fontSize, style.opacity]";
    let input = browser.script("[data-testid=ask-input]", style).await;
    assert_ne!(input[0], "rgb(255, 0, 0)");
    assert_eq!(input, json!([input[0], "normal", "none", "ltr", "16px", "1"]));
    let panel = browser
        .script("[data-testid=panel]", "const box = found[0].getBoundingClientRect(); return [box.width, box.height]")
        .await;
    assert!(panel[0].as_f64() > Some(300.0) && panel[1].as_f64() > Some(300.0), "{panel}");
    let after = browser
        .script("html", "return getComputedStyle(document.querySelector('p')).cssText || document.body.innerText")
        .await;
    assert_eq!(before, after);
    let added = "return [...document.body.children].map((element) => element.tagName).join(' ')";
    assert_eq!(browser.script("html", added).await, "P SCRIPT SCRIPT TAPROOT-WIDGET");
    browser.close().await;
}

/// The server is away, or does not know the page: the page of the company stays as it is.
#[tokio::test(flavor = "multi_thread")]
async fn a_page_without_a_server_stays_as_it_is() {
    let browser = Browser::start().await;
    browser.goto(&company_page("http://127.0.0.1:9")).await;
    assert_eq!(browser.text("p").await, "Welcome to the company.");
    assert_eq!(browser.script("taproot-widget", "return found.length").await, 0);
    browser.close().await;
}

/// A page that lets in the script and the calls of the server, and nothing else: no style, no inline, no eval.
fn strict_page(server: &str, tag: &str) -> String {
    let policy = format!(
        "default-src 'none'; script-src {server}/widget.js; connect-src {server}; require-trusted-types-for 'script'"
    );
    let html = format!(
        "<!doctype html><html lang=en><head><meta charset=utf-8><title>Company</title>
        <meta name=viewport content=\"width=device-width\"></head><body><main><h1>Welcome.</h1>{tag}</main>
        <script src=\"{server}/widget.js\" data-lang=en data-accent=#7c3aed
          data-suggestions='[\"What does ERR-4012 of a redox probe mean?\"]' defer></script></body></html>"
    );
    page::serve_under(policy, html)
}

#[tokio::test(flavor = "multi_thread")]
async fn under_a_strict_policy_it_is_driven_by_its_methods_and_tells_what_happens() {
    let browser = Browser::start().await;
    browser.goto(&strict_page(&examples().server.url(""), "")).await;
    browser.deep("[data-testid=bubble]").await;
    let listen = "window.heard = [];
        for (const name of ['open', 'close', 'ask', 'answer']) Taproot.on(name, (detail) => window.heard.push([name, detail?.question ?? null]));
        window.quiet = Taproot.on('open', () => window.heard.push('never'));
        window.quiet();
        Taproot.open()";
    browser.script("html", listen).await;
    browser.deep("[data-testid=ask-input]").await;
    let shape = "const style = getComputedStyle(found[0]);
        return [style.position, style.backgroundColor, getComputedStyle(found[0].getRootNode().querySelector('.bubble')).backgroundColor]";
    let panel = browser.script("[data-testid=panel]", shape).await;
    assert_eq!(panel, json!(["fixed", panel[1], "rgb(124, 58, 237)"]), "its own style and the company's colour hold");
    assert_ne!(panel[1], "rgba(0, 0, 0, 0)");
    browser.click("[data-testid=suggestion]").await;
    browser.deep("[data-role=answer][data-state=done]").await;
    browser.is_accessible("an answer in the panel").await;
    browser.click("[data-testid=citation-chip]").await;
    browser.deep("[data-testid=source-quote]").await;
    browser.is_accessible("a source in the panel").await;
    browser.script("html", "Taproot.close()").await;
    browser.gone("[data-testid=panel]").await;
    let asked = "What does ERR-4012 of a redox probe mean?";
    let heard = browser.script("html", "return window.heard").await;
    assert_eq!(heard, json!([["open", null], ["ask", asked], ["answer", asked], ["close", null]]));

    browser.client.refresh().await.expect("the page loads");
    browser.click("[data-testid=bubble]").await;
    browser.deep("[data-role=answer][data-state=done]").await;
    assert_eq!(browser.text("[data-role=question] p").await, asked, "the conversation is still there");
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_element_placed_by_hand_stands_where_it_was_placed() {
    let browser = Browser::phone().await;
    let tag = "<taproot-chat heading=\"Help\" lang=zh greeting=\"您好\" class=mine></taproot-chat>";
    browser.goto(&strict_page(&examples().server.url(""), tag)).await;
    browser.deep("taproot-chat [data-testid=ask-input], [data-testid=ask-input]").await;
    assert_eq!(browser.script("[data-testid=bubble]", "return found.length").await, 0, "and there is no bubble");
    assert!(browser.text("[data-testid=empty]").await.contains("您好"));
    browser.script("taproot-chat", "found[0].ask('电池多久充一次电？')").await;
    browser.deep("[data-role=answer][data-state=done]").await;
    assert!(browser.overflow().await <= 0);
    browser.screenshot("widget-inline-phone").await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_is_stopped_and_asked_again_and_a_lost_network_is_told() {
    let browser = Browser::start().await;
    browser.goto(&strict_page(&examples().server.url(""), "")).await;
    browser.click("[data-testid=bubble]").await;
    browser.deep("[data-testid=ask-input]").await;
    browser.network(Some(600_000)).await;
    browser.types(QUESTION).await;
    browser.press(Key::Enter).await;
    browser.click("[data-testid=ask-send][data-does=stop]").await;
    browser.deep("[data-role=answer][data-state=stopped]").await;
    browser.network(Some(0)).await;
    browser.click("[data-testid=retry]").await;
    browser.deep("[data-role=answer][data-state=done]").await;

    browser.network(None).await;
    let offline = "You are offline. Ask again when the connection is back.";
    browser.deep("[data-testid=footnote]").await;
    eventually("the footnote says it", || async {
        (browser.text("[data-testid=footnote]").await == offline).then_some(())
    })
    .await;
    browser.types("And for how long?").await;
    browser.press(Key::Enter).await;
    browser.deep("[data-role=answer][data-state=failed] [data-code=network]").await;
    browser.network(Some(0)).await;
    browser.click("[data-testid=retry]").await;
    browser.gone("[data-state=failed]").await;
    browser.close().await;
}
