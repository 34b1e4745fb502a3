//! A document that changes while it is searched: every reader sees all of the old version or all of the new one.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use serde_json::json;
use taproot_schemas::job::JobStatus;
use taproot_schemas::search::SearchResponse;

use crate::support::http::{Http, ok};
use crate::support::server::Server;
use crate::support::taproot::Taproot;

const EDITIONS: usize = 12;
const READERS: usize = 4;
const SECTIONS: usize = 8;

/// Every section names its edition, and is long enough to be a chunk of its own.
fn edition(number: usize) -> String {
    let section = |section: usize| {
        let filler = "The keeper writes down what it eats, how long it sleeps and whom it meets. ".repeat(6);
        format!(
            "## Section {section}\n\nIn edition{number} the okapi of section {section} is fed at dawn. {filler}\n\n"
        )
    };
    (0..SECTIONS).map(section).collect()
}

/// The editions that a text names.
fn editions(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !c.is_alphanumeric());
    words.filter(|word| word.starts_with("edition")).map(str::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn no_reader_sees_a_mix() {
    let taproot = Taproot::new();
    taproot.write("okapi.md", edition(0));
    taproot.ingest();
    let server = Arc::new(Server::start(&taproot));
    let (done, looks) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let readers: Vec<_> = (0..READERS)
        .map(|_| {
            let (server, done, looks) = (Arc::clone(&server), Arc::clone(&done), Arc::clone(&looks));
            tokio::spawn(async move {
                let http = Http::to(&server);
                let id = http.document("okapi.md").await.id;
                while !done.load(Ordering::Relaxed) {
                    let query = json!({"query": "when is the okapi fed", "k": 50});
                    let found: SearchResponse = ok(http.post("/v1/search", &query)).await;
                    let seen: BTreeSet<String> = found.hits.iter().flat_map(|hit| editions(&hit.text)).collect();
                    assert_eq!(seen.len(), 1, "a search saw {seen:?} in {} hits", found.hits.len());
                    assert!(found.hits.len() >= SECTIONS - 1, "{} hits", found.hits.len());
                    let seen = editions(&http.text(&id).await.text);
                    assert_eq!(seen.len(), 1, "the text has {seen:?}");
                    looks.fetch_add(1, Ordering::Relaxed);
                }
            })
        })
        .collect();
    let http = Http::to(&server);
    for number in 1..=EDITIONS {
        taproot.write("okapi.md", edition(number));
        let job = http.finished_job(&json!({"path": taproot.documents_folder()})).await;
        assert_eq!((job.status, job.report.map(|report| report.changed)), (JobStatus::Succeeded, Some(1)));
    }
    done.store(true, Ordering::Relaxed);
    for reader in readers {
        reader.await.expect("a reader saw whole versions only");
    }
    assert!(looks.load(Ordering::Relaxed) > EDITIONS, "the readers looked while it changed");
    taproot.assert_healthy();
}
