//! What moves a hit up and down, and what a search tells of it: explanations, pages, newer documents before older ones.

use std::collections::HashSet;

use serde_json::json;
use taproot_schemas::error::ErrorCode;
use taproot_schemas::search::{BoostName, Hit, SearchResponse};

use crate::support::examples::examples;
use crate::support::http::{Http, ok, refused};
use crate::support::server::Server;
use crate::support::taproot::{Taproot, told};

fn uris(hits: &[Hit]) -> Vec<&str> {
    hits.iter().map(|hit| hit.uri.as_str()).collect()
}

/// A company that changed its rules: some old texts say so, of others only the names tell, or only the dates.
fn company() -> Taproot {
    let taproot = Taproot::new();
    let dated = |date: &str, text: &str| format!("---\nmodified: {date}\n---\n{text}");
    taproot.write(
        "travel/business-trips.md",
        "# Business trips\n\n> This policy has been superseded by the travel policy.\n\nTravel costs of business trips are \
         paid within thirty days. Receipts of business trips go to the travel desk.\n",
    );
    taproot.write(
        "travel/policy.md",
        "# Travel policy\n\nCosts of trips are paid within ten days, when the receipts are sent to the finance team.\n",
    );
    taproot.write("leave-v1.md", "# Parental leave\n\nParental leave is twelve weeks for every employee.\n");
    taproot.write("leave-v2.md", "# Parental leave\n\nParental leave is sixteen weeks for each employee here.\n");
    taproot.write("差旅/报销制度.md", "# 差旅报销制度\n\n差旅报销的期限为三十天，报销差旅费须交发票。\n");
    taproot.write(
        "差旅/报销办法.md",
        "# 差旅费管理办法\n\n本办法自2026年1月1日起施行，同时废止《差旅报销制度》。差旅费报销期限为十天。\n",
    );
    taproot.write(
        "minutes/a.md",
        dated("2023-03-01", "# Minutes\n\nThe canteen committee chose the menu of the canteen.\n"),
    );
    taproot.write(
        "minutes/b.md",
        dated("2026-03-01", "# Minutes\n\nThe canteen committee changed the menu of our canteen.\n"),
    );
    taproot.write("会议/a.md", dated("2023-03-01", "# 食堂会议纪要\n\n食堂委员会确定了食堂的菜单。\n"));
    taproot.write("会议/b.md", dated("2026-03-01", "# 食堂会议纪要\n\n食堂委员会更换了我们食堂的菜单。\n"));
    taproot.write("garden.md", dated("2026-05-01", "# Garden\n\nThe garden is watered at night by the gardener.\n"));
    assert!(taproot.ingest().failed.is_empty());
    taproot
}

#[tokio::test(flavor = "multi_thread")]
async fn what_holds_comes_before_what_held() {
    let taproot = company();
    let server = Server::start(&taproot);
    let http = Http::to(&server);
    let search = |query: &str| ok::<SearchResponse>(http.post("/v1/search", &json!({"query": query, "explain": true})));
    for (query, new, old, name) in [
        ("travel costs of business trips", "travel/policy.md", "travel/business-trips.md", BoostName::Superseded),
        ("parental leave of every employee", "leave-v2.md", "leave-v1.md", BoostName::Superseded),
        ("差旅报销的期限", "差旅/报销办法.md", "差旅/报销制度.md", BoostName::Superseded),
        ("latest menu of the canteen", "minutes/b.md", "minutes/a.md", BoostName::Recency),
        ("最新的食堂菜单", "会议/b.md", "会议/a.md", BoostName::Recency),
    ] {
        let hits = search(query).await.hits;
        let place =
            |uri: &str| hits.iter().position(|hit| hit.uri == uri).unwrap_or_else(|| panic!("{query}: {hits:#?}"));
        assert!(place(new) < place(old), "{query}: {hits:#?}");
        let moved = |uri: &str| {
            let explanation = hits[place(uri)].explanation.as_ref().expect("an explanation");
            explanation.boosts.iter().any(|boost| boost.name == name)
        };
        let whom = if name == BoostName::Superseded { old } else { new };
        assert!(moved(whom), "{query}: {hits:#?}");
        assert!(place(new) == 0 || name == BoostName::Superseded, "nothing else is brought up: {query}: {hits:#?}");
    }
    // Who asks for the old one gets it, and without a word of time a date counts nothing.
    for (query, old) in [
        ("previous travel costs of business trips", "travel/business-trips.md"),
        ("parental leave v1", "leave-v1.md"),
        ("以前的差旅报销期限", "差旅/报销制度.md"),
    ] {
        let hits = search(query).await.hits;
        let hit = hits.iter().find(|hit| hit.uri == old).unwrap_or_else(|| panic!("{query}: {hits:#?}"));
        let told = hit.explanation.as_ref().expect("an explanation");
        assert!(told.boosts.iter().all(|boost| boost.name != BoostName::Superseded), "{query}: {hits:#?}");
    }
    let hits = search("menu of the canteen").await.hits;
    let dated = |hit: &Hit| hit.explanation.iter().flat_map(|told| &told.boosts).any(|b| b.name == BoostName::Recency);
    assert!(!hits.iter().any(dated), "{hits:#?}");
    let hits = search("canteen menu of 2023").await.hits;
    assert_eq!(hits[0].uri, "minutes/a.md", "{hits:#?}");

    let output = taproot.run(&["search", "--explain", "差旅报销的期限"]);
    let shown = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(shown.contains("superseded: 差旅/报销办法.md comes after it: 同时废止"), "{}", told(&output));
    assert!(shown.contains("lexical: rank "), "{shown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_score_is_the_sum_of_its_explanation() {
    let http = Http::to(&examples().server);
    for query in ["current leave policy 2026", "what does ERR-4012 mean?", "年假 controller", "试用期"] {
        let body = json!({"query": query, "k": 100, "explain": true});
        let explained = ok::<SearchResponse>(http.post("/v1/search", &body)).await.hits;
        assert!(!explained.is_empty());
        for hit in &explained {
            let told = hit.explanation.as_ref().expect("an explanation");
            let legs = [told.lexical, told.vector].into_iter().flatten();
            assert!(legs.clone().all(|leg| leg.rank != Some(0) && (0.0..=1.0).contains(&leg.scaled)), "{told:?}");
            assert!(legs.clone().all(|leg| (leg.contribution - leg.weight * leg.scaled).abs() < 1e-5), "{told:?}");
            let sum = legs.map(|leg| leg.contribution).sum::<f32>()
                + told.boosts.iter().map(|boost| boost.contribution).sum::<f32>();
            assert!((sum - hit.score).abs() < 1e-5, "{query}: {sum} is not {}: {told:?}", hit.score);
            assert_eq!(
                (told.lexical.map(|leg| leg.raw), told.vector.map(|leg| leg.raw)),
                (hit.scores.lexical, hit.scores.vector)
            );
        }
        let plain = ok::<SearchResponse>(http.post("/v1/search", &json!({"query": query, "k": 100}))).await.hits;
        let bare = explained.into_iter().map(|hit| Hit { explanation: None, ..hit }).collect::<Vec<_>>();
        assert_eq!(plain, bare, "to be told changes nothing");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_together_are_the_whole_list() {
    let http = Http::to(&examples().server);
    for (query, size) in [("the controller and the probe", 7), ("员工的年假和报销", 3)] {
        let page = |offset: usize, k: usize| {
            let body = json!({"query": query, "k": k, "offset": offset});
            let post = http.post("/v1/search", &body);
            async move { ok::<SearchResponse>(post).await }
        };
        let all = page(0, 100).await;
        let (mut paged, mut offset, mut pages) = (Vec::new(), 0, 0);
        loop {
            let SearchResponse { hits, next_offset, .. } = page(offset, size).await;
            paged.extend(hits);
            pages += 1;
            match next_offset {
                Some(next) if paged.len() < 100 => {
                    assert_eq!(next, paged.len(), "copies count with their hit");
                    offset = next;
                }
                _ => break,
            }
        }
        assert!(pages > 2, "{query} has {pages} pages");
        let ids = |hits: &[Hit]| hits.iter().map(|hit| hit.chunk_id.clone()).collect::<Vec<_>>();
        assert_eq!(ids(&paged)[..all.hits.len()], ids(&all.hits)[..]);
        assert_eq!(ids(&paged).into_iter().collect::<HashSet<_>>().len(), paged.len(), "no hit comes twice");
        let beyond = page(900, 100).await;
        assert!(beyond.hits.is_empty() && beyond.next_offset.is_none());
    }
    refused(http.post("/v1/search", &json!({"query": "x", "k": 10, "offset": 991})), ErrorCode::InvalidRequest).await;
    refused(http.post("/v1/search", &json!({"query": "x", "offset": -1})), ErrorCode::InvalidRequest).await;

    let taproot = &examples().taproot;
    let output = taproot.run(&["search", "-k", "2", "the controller and the probe"]);
    assert!(String::from_utf8_lossy(&output.stdout).ends_with("more: --offset 2\n"), "{}", told(&output));
    let hits = |arguments: &[&str]| {
        taproot.json::<SearchResponse>(&[arguments, &["the controller and the probe"]].concat()).hits
    };
    let (first, second) = (hits(&["search", "-k", "4"]), hits(&["search", "-k", "2", "--offset", "2"]));
    assert_eq!(uris(&first[2..]), uris(&second));
}
