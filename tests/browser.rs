//! The page to ask on, in a real browser: asked by keyboard, read by eye, on a desk and on a phone.

use fantoccini::key::Key;
use serde_json::json;
use taproot_schemas::answer::{Answer, Status};
use taproot_schemas::question::TopicList;

use crate::support::browser::Browser;
use crate::support::examples::examples;
use crate::support::http::{Http, ok};
use crate::support::wait::eventually;

const QUESTION: &str = "A redox probe reports ERR-4012. How long should the customer soak it before calibrating again?";
const UNANSWERED: &str = "How many glorpified zibblewocks does the marmalade of Neptune contain?";
const DONE: &str = "[data-role=answer][data-state=done]";

/// What the server says to a question, to compare with what the page shows.
async fn expected(question: &str) -> Answer {
    ok(Http::to(&examples().server).post("/v1/ask", &json!({"question": question}))).await
}

fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Opens the page and asks with the keyboard alone.
async fn asked(browser: &Browser, question: &str) {
    browser.goto(&examples().server.url("/")).await;
    browser.deep("[data-testid=ask-input]").await;
    browser.script("[data-testid=ask-input]", "found[0].focus()").await;
    browser.types(question).await;
    browser.press(Key::Enter).await;
    browser.deep(DONE).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_is_asked_by_keyboard_and_its_source_is_opened() {
    let browser = Browser::start().await;
    browser.goto(&examples().server.url("/")).await;
    browser.deep("[data-testid=ask-input]").await;
    assert_eq!(browser.focused().await, "ask-input", "one can type at once");
    browser.screenshot("chat-empty").await;
    browser.types(QUESTION).await;
    browser.press(Key::Enter).await;
    browser.deep(DONE).await;

    let answer = expected(QUESTION).await;
    assert_eq!(answer.status, Status::Answered, "{answer:?}");
    let shown = words(&browser.text(&format!("{DONE} [data-testid=answer]")).await);
    for sentence in &answer.sentences {
        assert!(shown.contains(&words(&sentence.text)), "{shown}");
    }
    let chips =
        browser.script("[data-testid=citation-chip]", "return found.map((chip) => Number(chip.dataset.n))").await;
    let mut cited: Vec<u32> = serde_json::from_value(chips).expect("numbers");
    cited.sort_unstable();
    assert_eq!(
        cited,
        answer.citations.iter().map(|citation| citation.n).collect::<Vec<_>>(),
        "a chip for each citation"
    );
    browser.screenshot("chat-answer").await;

    browser.click("[data-testid=citation-chip][data-n='1']").await;
    browser.deep("[data-testid=source-view] [data-testid=source-quote]").await;
    let quote = browser.text("[data-testid=source-quote]").await;
    assert_eq!(quote, answer.citations[0].quote, "the quote is marked, and nothing else");
    let visible =
        "const box = found[0].getBoundingClientRect(), view = found[0].closest('.page').getBoundingClientRect();
        return box.bottom > view.top && box.top < view.bottom && box.height > 0";
    assert_eq!(browser.script("[data-testid=source-quote]", visible).await, true, "it is scrolled into view");
    assert!(browser.text("[data-testid=source-view]").await.contains(&answer.citations[0].uri));
    browser.screenshot("chat-source").await;

    browser.press(Key::Escape).await;
    browser.gone("[data-testid=source-view]").await;
    assert_eq!(browser.focused().await, "citation-chip", "back to where it was opened from");
    browser.press(Key::Enter).await;
    browser.deep("[data-testid=source-quote]").await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_is_shown_as_one_with_the_nearest_documents() {
    let browser = Browser::start().await;
    asked(&browser, UNANSWERED).await;
    browser.deep("[data-testid=refusal]").await;
    let answer = expected(UNANSWERED).await;
    assert!(words(&browser.text("[data-testid=refusal]").await).contains(&words(&answer.answer)));
    let sources = browser.text("[data-testid=sources]").await;
    assert!(!answer.citations.is_empty() && answer.citations.iter().all(|c| sources.contains(&c.title)), "{sources}");
    // What the refusal says can be done, can be done.
    browser.click("[data-testid=send]").await;
    let http = Http::to(&examples().server);
    eventually("the question is with the people who look after the documents", || async {
        let open: TopicList = ok(http.get("/v1/questions?limit=100")).await;
        open.topics.iter().any(|topic| topic.handoffs > 0 && topic.label.contains("zibblewocks")).then_some(())
    })
    .await;
    browser.click("[data-testid=source][data-n='1']").await;
    browser.deep("[data-testid=source-view] [data-testid=source-quote]").await;
    browser.screenshot("chat-refusal").await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_follow_up_shows_how_it_was_understood_and_a_new_conversation_begins_anew() {
    let browser = Browser::start().await;
    asked(&browser, "What does ERR-4012 of a redox probe mean?").await;
    browser.gone("[data-testid=understood]").await;
    browser.types("And for how long do I soak it?").await;
    browser.press(Key::Enter).await;
    browser.deep("[data-role=answer][data-state=done] [data-testid=understood]").await;
    let understood = browser.text("[data-testid=understood]").await;
    assert!(understood.contains("ERR-4012") || understood.contains("redox probe"), "{understood}");
    browser.screenshot("chat-follow-up").await;

    browser.click("[data-testid=new-conversation]").await;
    browser.gone("[data-testid=understood]").await;
    browser.types("And for how long do I soak it?").await;
    browser.press(Key::Enter).await;
    browser.deep(DONE).await;
    browser.gone("[data-testid=understood]").await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn language_and_colours_change_and_the_conversation_stays() {
    let browser = Browser::start().await;
    asked(&browser, QUESTION).await;
    let before = browser.text(&format!("{DONE} [data-testid=answer]")).await;
    assert_eq!(browser.script("html", "return document.documentElement.lang").await, "en");

    browser.click("#language").await;
    assert_eq!(browser.script("html", "return document.documentElement.lang").await, "zh-Hans");
    assert!(browser.text("main").await.contains("新对话"));
    assert!(browser.text("[data-testid=sources]").await.contains("出处"), "the words of the screen, too");
    assert_eq!(
        browser.text(&format!("{DONE} [data-testid=answer]")).await,
        before,
        "words of documents are not translated"
    );
    browser.screenshot("chat-chinese").await;

    let ground = "return getComputedStyle(found[0]).backgroundColor";
    let chat = "taproot-chat, .root:has(.composer)";
    let roots = "return found.filter((element) => element.matches('.root')).map((element) => getComputedStyle(element))
        .map((style) => [style.backgroundColor, style.color])[0]";
    let first = browser.script(chat, roots).await;
    browser.click("#theme").await;
    let second = browser.script(chat, roots).await;
    assert_ne!(first, second, "the colours change");
    assert_ne!(second[0], second[1], "text stands out from its ground: {second}");
    let page = browser.script("html", ground).await;
    browser.deep(DONE).await;
    browser.screenshot("chat-dark").await;
    browser.click("#theme").await;
    assert_eq!(browser.script(chat, roots).await, first, "and back");
    assert_ne!(browser.script("html", ground).await, page);

    browser.click("#theme").await;
    browser.client.refresh().await.expect("the page loads");
    browser.deep("[data-testid=ask-input]").await;
    assert_eq!(browser.script("html", "return document.documentElement.lang").await, "zh-Hans", "it is remembered");
    assert_eq!(browser.script(chat, roots).await, second);
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_fits_a_phone() {
    let browser = Browser::phone().await;
    browser.goto(&examples().server.url("/")).await;
    browser.deep("[data-testid=ask-input]").await;
    let width = browser.script("html", "return window.innerWidth").await;
    assert_eq!(width, 360);
    assert!(browser.overflow().await <= 0, "the empty page");
    browser.screenshot("phone-empty").await;

    asked(&browser, QUESTION).await;
    assert!(browser.overflow().await <= 0, "an answer");
    browser.screenshot("phone-answer").await;
    browser.click("[data-testid=citation-chip]").await;
    browser.deep("[data-testid=source-quote]").await;
    assert!(browser.overflow().await <= 0, "a source");
    browser.screenshot("phone-source").await;
    browser.click("[data-testid=source-close]").await;
    browser.gone("[data-testid=source-view]").await;

    browser.click("[data-testid=menu]").await;
    browser.screenshot("phone-menu").await;
    browser.click("#language").await;
    browser.deep(DONE).await;
    assert!(browser.overflow().await <= 0, "in Chinese");
    // A language that is written from right to left turns the page around, and nothing falls out of it.
    browser.script("html, .root", "for (const node of found) node.dir = 'rtl'").await;
    assert!(browser.overflow().await <= 0, "from right to left");
    browser.screenshot("phone-right-to-left").await;
    browser.close().await;
}

/// How soon the page paints is measured elsewhere; what it waits for is bounded here.
#[tokio::test(flavor = "multi_thread")]
async fn the_first_paint_waits_for_little() {
    let browser = Browser::start().await;
    browser.goto(&examples().server.url("/")).await;
    browser.deep("[data-testid=ask-input]").await;
    let before_paint = "const paint = performance.getEntriesByName('first-contentful-paint')[0].startTime;
        const earlier = performance.getEntriesByType('resource').filter((one) => one.responseEnd <= paint);
        return earlier.reduce((sum, one) => sum + one.encodedBodySize, 0)";
    let bytes = browser.script("html", before_paint).await.as_f64().expect("a number");
    assert!(bytes > 0.0 && bytes < 150_000.0, "{bytes} bytes");
    browser.close().await;
}
