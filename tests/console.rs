//! The console in a real browser: conversations kept, questions gathered, evaluations run, keys made and revoked, signing in;
//! every page in both languages, on a desk and on a phone. Documents are in `console_documents`.

use fantoccini::key::Key;
use serde_json::{Value, json};

use crate::support::browser::Browser;
use crate::support::examples::examples;
use crate::support::http::{Http, ok};
use crate::support::page;
use crate::support::server::Server;
use crate::support::taproot::Taproot;
use crate::support::wait::eventually;

const PAGES: [&str; 10] =
    ["ask", "documents", "sources", "questions", "search", "evaluation", "settings", "keys", "users", "audit"];
const DONE: &str = "[data-role=answer][data-state=done]";

/// An empty server of the test's own.
pub(crate) fn server() -> (Taproot, Server) {
    let taproot = Taproot::new();
    let server = Server::start(&taproot);
    (taproot, server)
}

pub(crate) async fn open(browser: &Browser, server: &Server, page: &str) {
    browser.goto(&server.url(&format!("/#/{page}"))).await;
    browser.deep(&format!("main > [data-page={page}] h1")).await;
}

/// A browser in which an administrator has signed in.
async fn signed_in(server: &Server) -> Browser {
    let make = json!({"name": "Ann", "role": "admin", "groups": ["*"]});
    let made: Value = ok(Http::to(server).post("/v1/keys", &make)).await;
    let browser = Browser::start().await;
    browser.goto(&server.url("/")).await;
    browser.deep("[data-testid=sign-in-screen]").await;
    browser.types(made["secret"].as_str().expect("a secret")).await;
    browser.press(Key::Enter).await;
    browser.deep("[data-testid=nav-keys]").await;
    browser
}

#[tokio::test(flavor = "multi_thread")]
async fn conversations_are_kept_opened_again_renamed_and_deleted() {
    let (taproot, server) = server();
    taproot.write("garage.md", "# Garage\n\nThe garage closes at 22:00. Visitors park on level 2.\n");
    taproot.run(&["ingest", &taproot.documents_folder().to_string_lossy()]);
    let browser = Browser::start().await;
    open(&browser, &server, "ask").await;
    browser.deep("[data-testid=ask-input]").await;
    browser.types("When does the garage close?").await;
    browser.press(Key::Enter).await;
    browser.deep(DONE).await;
    browser.deep("[data-testid=history-item][aria-current=true]").await;

    browser.click("[data-testid=new-conversation]").await;
    browser.gone(DONE).await;
    browser.click("[data-testid=history-item]").await;
    browser.deep(DONE).await;
    assert!(browser.text("[data-testid=answer]").await.contains("22:00"));

    browser.client.refresh().await.expect("the page loads");
    browser.deep(DONE).await;
    browser.click("[data-testid=rename]").await;
    browser.deep("[data-testid=rename-input]").await;
    browser.types("Garage hours").await;
    browser.press(Key::Enter).await;
    browser.gone("dialog").await;
    browser.deep("[data-testid=history-item][title='Garage hours']").await;

    browser.click("[data-testid=delete-conversation]").await;
    browser.click("[data-testid=confirm-yes]").await;
    browser.gone("[data-testid=history-item]").await;
    browser.gone(DONE).await;
    browser.close().await;
}

/// Refused, rated, gathered, answered by a document.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_not_answered_well_is_gathered_and_a_document_is_named_that_answers_it() {
    let (taproot, server) = server();
    taproot.write("garage.md", "# Garage\n\nThe garage closes at 22:00. Visitors park on level 2.\n");
    taproot.write("dogs.md", "# Animals\n\nDogs stay at home.\n");
    taproot.run(&["ingest", &taproot.documents_folder().to_string_lossy()]);
    let browser = Browser::start().await;
    open(&browser, &server, "ask").await;
    browser.deep("[data-testid=ask-input]").await;
    browser.types("When does the garage close?").await;
    browser.press(Key::Enter).await;
    browser.click("[data-testid=rate-down]").await;
    browser.deep("[data-testid=reasons]").await;
    browser.is_accessible("the reasons of a bad rating").await;
    browser.script(".reason input[value=outdated]", "found[0].click()").await;
    browser.click("[data-testid=comment]").await;
    browser.types("It is 23:00 now.").await;
    browser.press(Key::Enter).await;
    browser.deep("[data-testid=thanks]").await;
    browser.client.refresh().await.expect("the page loads");
    browser.deep("[data-testid=rate-down][aria-pressed=true]").await;

    open(&browser, &server, "questions").await;
    browser.deep("[data-testid=topic]").await;
    assert!(browser.text("[data-testid=topic] h2").await.contains("When does the garage close?"));
    browser.click("[data-testid=topic] summary").await;
    assert!(browser.text("[data-testid=topic] blockquote").await.contains("It is 23:00 now."));
    browser.screenshot("console-questions").await;
    browser.click("[data-testid=topic-answer]").await;
    browser.click("[data-testid=topic-document-search]").await;
    browser.types("Garage").await;
    browser.deep("[data-testid=topic-document]").await;
    eventually("only the garage is offered", || async {
        (browser.script("[data-testid=topic-document]", "return found.length").await == 1).then_some(())
    })
    .await;
    browser.click("[data-testid=topic-document]").await;
    browser.click("[data-testid=topic-save]").await;
    browser.deep("[data-testid=empty-state]").await;
    browser.script("[data-testid=segment-answered]", "found[0].click()").await;
    browser.deep("[data-testid=topic] .topic-document").await;
    assert_eq!(browser.text(".topic-document").await, "Garage");
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_set_of_questions_is_run_and_two_runs_are_compared() {
    let (taproot, server) = server();
    taproot.write("garage.md", "# Garage\n\nThe garage closes at 22:00. Visitors park on level 2.\n");
    taproot.run(&["ingest", &taproot.documents_folder().to_string_lossy()]);
    let browser = Browser::start().await;
    for run in 0..2 {
        open(&browser, &server, "evaluation").await;
        browser.click("[data-testid=evaluation-new]").await;
        browser.click("[data-testid=evaluation-questions]").await;
        browser.types(r#"{"question": "When does the garage close?", "answers": ["22:00"]}"#).await;
        browser.click("[data-testid=evaluation-start]").await;
        browser.deep("[data-testid=measures]").await;
        browser.script("[data-testid=segment-all]", "found[0].click()").await;
        browser.deep("[data-testid=evaluated] .badge.good").await;
        assert!(browser.text("[data-testid=evaluated]").await.contains("22:00"));
        if run == 0 {
            browser.is_accessible("an evaluation").await;
        }
    }
    open(&browser, &server, "evaluation").await;
    browser.deep("[data-testid=evaluation-row] input").await;
    browser.script("[data-testid=evaluation-row] input", "for (const box of found) box.click()").await;
    browser.click("[data-testid=evaluation-compare]").await;
    browser.deep("[data-testid=difference]").await;
    assert!(browser.text(".verdict").await.contains("1 question in common"));
    browser.close().await;
}

/// Made in the console, put on a page of another origin under a strict policy, taken back.
#[tokio::test(flavor = "multi_thread")]
async fn a_key_for_a_widget_works_on_its_page_until_it_is_revoked() {
    let (taproot, server) = server();
    taproot.write("garage.md", "# Garage\n\nThe garage closes at 22:00. Visitors park on level 2.\n");
    taproot.run(&["ingest", &taproot.documents_folder().to_string_lossy()]);
    let (listener, address) = page::place();
    let browser = signed_in(&server).await;
    open(&browser, &server, "keys").await;
    browser.click("[data-testid=key-new]").await;
    browser.script("[data-testid=segment-widget]", "found[0].click()").await;
    browser.click("[data-testid=key-name]").await;
    browser.types("Shop").await;
    browser.click("[data-testid=key-origins]").await;
    browser.types(address.trim_end_matches('/')).await;
    browser.click("[data-testid=key-save]").await;
    browser.deep("[data-testid=key-secret]").await;
    let snippet = browser.text("[data-testid=key-secret]").await;
    assert!(snippet.starts_with("<script src=") && snippet.contains("data-key="), "{snippet}");
    browser.screenshot("console-key").await;
    browser.press(Key::Escape).await;
    browser.deep("[data-testid=key-row]").await;

    let policy = format!("default-src 'none'; script-src {0}; connect-src {0}", server.url("").trim_end_matches('/'));
    let html =
        format!("<!doctype html><html lang=en><meta charset=utf-8><title>Shop</title><p>Hello</p>{snippet}</html>");
    page::answer(listener, html, Some(policy));
    browser.goto(&address).await;
    browser.click("[data-testid=bubble]").await;
    browser.deep("[data-testid=ask-input]").await;
    browser.types("When does the garage close?").await;
    browser.press(Key::Enter).await;
    browser.deep(DONE).await;
    assert!(browser.text("[data-testid=answer]").await.contains("22:00"));
    browser.click("[data-testid=citation-chip]").await;
    browser.deep("[data-testid=source-quote]").await;
    // An address alone would not do: the token goes along, and what comes is saved, not shown as a page of the shop's.
    let watch = "window.fetched = []; const make = URL.createObjectURL;
        URL.createObjectURL = (blob) => { fetched.push(blob.size); return make.call(URL, blob); }";
    browser.script("html", watch).await;
    browser.click(".original").await;
    let size = std::fs::metadata(taproot.documents_folder().join("garage.md")).expect("the file").len();
    eventually("the original is fetched", || async {
        (browser.script("html", "return window.fetched").await == json!([size])).then_some(())
    })
    .await;

    open(&browser, &server, "keys").await;
    let revoke = "found.find((button) => button.getAttribute('aria-label').endsWith(': Shop')).click()";
    browser.deep("[data-testid=key-revoke]").await;
    browser.script("[data-testid=key-revoke]", revoke).await;
    browser.click("[data-testid=confirm-yes]").await;
    browser.gone("[data-testid=confirm]").await;
    browser.deep("[data-testid=toasts]").await;

    browser.goto(&address).await;
    browser.click("[data-testid=bubble]").await;
    browser.deep("[data-testid=ask-input]").await;
    browser.types("When does the garage close?").await;
    browser.press(Key::Enter).await;
    browser.deep("[data-role=answer][data-state=failed] [data-testid=error]").await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_signs_in_sees_what_readers_see_and_signs_out() {
    let (_taproot, server) = server();
    let make = json!({"name": "Ann", "role": "reader", "groups": ["staff"]});
    let made: Value = ok(Http::to(&server).post("/v1/keys", &make)).await;
    let secret = made["secret"].as_str().expect("a secret");
    let browser = Browser::start().await;
    browser.goto(&server.url("/")).await;
    browser.deep("[data-testid=sign-in-screen]").await;
    browser.screenshot("console-sign-in").await;
    browser.is_accessible("the sign-in").await;
    browser.types("taproot_sk_wrong").await;
    browser.press(Key::Enter).await;
    browser.deep("[role=alert]").await;
    browser.types(secret).await;
    browser.press(Key::Enter).await;
    browser.deep("[data-testid=nav-documents]").await;
    for hidden in ["sources", "keys", "audit"] {
        browser.gone(&format!("[data-testid=nav-{hidden}]")).await;
    }
    let cookies = browser.script("html", "return document.cookie").await;
    assert_eq!(cookies, "", "scripts do not see the session");
    open(&browser, &server, "documents").await;
    browser.gone("[data-testid=upload]").await;
    browser.click("[data-testid=sign-out]").await;
    browser.deep("[data-testid=sign-in-screen]").await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_stands_in_both_languages_on_a_desk_and_on_a_phone() {
    let server = &examples().server;
    for kind in ["desk", "phone"] {
        let browser = if kind == "desk" { Browser::start().await } else { Browser::phone().await };
        for language in ["en", "zh"] {
            browser.goto(&server.url("/")).await;
            browser.script("html", &format!("localStorage.setItem('taproot:language', '{language}')")).await;
            browser.client.refresh().await.expect("the page loads");
            for page in PAGES {
                browser.dark(kind == "phone" && language == "zh").await;
                open(&browser, server, page).await;
                browser.gone("main [aria-busy=true]").await;
                let tag = browser.script("html", "return document.documentElement.lang").await;
                assert_eq!(tag, if language == "en" { "en" } else { "zh-Hans" });
                assert!(browser.overflow().await <= 0, "{page} is wider than a {kind} in {language}");
                browser.gone("main .error").await;
                browser.is_accessible(&format!("{page} on a {kind} in {language}")).await;
                browser.screenshot(&format!("console-{page}-{kind}-{language}")).await;
            }
        }
        browser.close().await;
    }
}

/// What a language says, another one says too.
#[tokio::test(flavor = "multi_thread")]
async fn the_languages_have_the_same_words() {
    let browser = Browser::start().await;
    browser.goto(&examples().server.url("/")).await;
    let keys = browser
        .promise(
            "const names = (words, before = '') => Object.entries(words).flatMap(([key, value]) =>
                typeof value === 'object' && !Array.isArray(value) ? names(value, `${before}${key}.`) : [before + key]).sort();
            const load = async (folder) => Promise.all(['en', 'zh'].map(async (code) =>
                names(Object.values(await import(`/web/${folder}/lang/${code}.js`))[0])));
            return [await load('chat'), await load('console'), await load('api')]",
        )
        .await;
    for pair in keys.as_array().unwrap_or_else(|| panic!("{keys}")) {
        assert!(pair[0].as_array().is_some_and(|words| words.len() > 30), "{pair}");
        assert_eq!(pair[0], pair[1]);
    }
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_of_a_hundred_thousand_scrolls_with_few_elements() {
    let browser = Browser::start().await;
    browser.goto(&examples().server.url("/")).await;
    // The console has come to rest, and does not take the page back from the list.
    browser.deep("[data-testid=ask-input]").await;
    let seen = browser
        .promise(
            "const { VirtualList } = await import('/web/console/ui/virtual-list.js');
            const all = 100_000;
            const list = new VirtualList({
              rowPx: 40, label: 'all',
              fetchPage: async (cursor) => {
                const from = Number(cursor ?? 0);
                const items = Array.from({ length: Math.min(5000, all - from) }, (_, index) => from + index);
                return { items, total: all, next: from + items.length < all ? String(from + items.length) : null };
              },
              renderRow: (item) => { const link = document.createElement('a'); link.href = '#'; link.textContent = item; return link; },
              failed: (failure) => String(failure),
            });
            list.element.style.height = '600px';
            document.body.replaceChildren(list.element);
            await list.reload();
            let most = 0;
            for (let turn = 0; turn < 2000 && list.items.length < all; turn += 1) {
              list.element.scrollTop = list.element.scrollHeight;
              await new Promise((resolve) => requestAnimationFrame(resolve));
              most = Math.max(most, list.element.querySelectorAll('.vl-row').length);
            }
            list.element.scrollTop = list.element.scrollHeight;
            await new Promise((resolve) => setTimeout(resolve, 100));
            return { loaded: list.items.length, most, last: list.element.querySelector('.vl-row:last-child').textContent }",
        )
        .await;
    assert_eq!(seen["loaded"], 100_000, "{seen}");
    assert_eq!(seen["last"], "99999", "{seen}");
    assert!(seen["most"].as_u64().is_some_and(|most| (1..80).contains(&most)), "{seen}");
    browser.close().await;
}
