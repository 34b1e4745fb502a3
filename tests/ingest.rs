//! `taproot ingest`: what a folder holds is what can be found, after each change of the folder.

use taproot_schemas::document::{Document, DocumentList};
use taproot_schemas::job::Report;

use crate::support::files::{example, pdf};
use crate::support::taproot::Taproot;

/// Counts of a report: added, changed, moved, deleted, unchanged, failed.
fn counts(report: &Report) -> [u64; 6] {
    let Report { added, changed, moved, deleted, unchanged, failed, .. } = report;
    [*added, *changed, *moved, *deleted, *unchanged, failed.len() as u64]
}

#[track_caller]
fn find<'a>(documents: &'a [Document], uri: &str) -> &'a Document {
    documents.iter().find(|document| document.uri == uri).unwrap_or_else(|| panic!("{uri} is not in {documents:#?}"))
}

fn is_found(taproot: &Taproot, query: &str, uri: &str) -> bool {
    taproot.search(query).iter().any(|hit| hit.uri == uri)
}

/// One file of each format that is read, and a `.jsonl` file with three lines.
fn folder_of_all_formats() -> Taproot {
    let taproot = Taproot::new();
    taproot.write("plan.md", "# Plan\n\nThe quokka enclosure opens in spring.\n");
    taproot.write("notes/list.txt", "Bring the wombat scale to the workshop.\n");
    taproot.write(
        "page.html",
        "<html><head><title>Page</title></head><body><p>The platypus pool is closed.</p></body></html>",
    );
    taproot.write("leave.docx", example("hr/parental-leave.docx"));
    taproot.write("leaflet.pdf", pdf(&["The bandicoot house", "opens at nine."]));
    taproot.write(
        "tickets.jsonl",
        concat!(
            "{\"_id\":\"T-1\",\"title\":\"Gate\",\"text\":\"The gate squeaks.\",\"url\":\"https://example.com/1\"}\n",
            "{\"id\":\"T-2\",\"text\":\"The lamp flickers.\",\"metadata\":{\"year\":2025}}\n",
            "{\"_id\":\"T-3\",\"text\":\"The door sticks.\"}\n",
        ),
    );
    taproot
}

#[test]
fn all_formats_are_read_and_found() {
    let taproot = folder_of_all_formats();
    let report = taproot.ingest();
    assert_eq!(counts(&report), [8, 0, 0, 0, 0, 0], "{report:?}");
    assert!(report.chunks >= 8, "{report:?}");
    let documents = taproot.documents();
    let uris: Vec<&str> = documents.iter().map(|document| document.uri.as_str()).collect();
    let expected = [
        "leaflet.pdf",
        "leave.docx",
        "notes/list.txt",
        "page.html",
        "plan.md",
        "tickets.jsonl#T-1",
        "tickets.jsonl#T-2",
        "tickets.jsonl#T-3",
    ];
    assert_eq!(uris, expected, "ordered by uri");
    for document in &documents {
        assert!(document.chunks >= 1 && document.version == 1 && document.collection == "default", "{document:?}");
        assert!(document.allow.is_empty(), "{document:?}");
    }
    assert_eq!(find(&documents, "plan.md").media_type, "text/markdown");
    assert_eq!(find(&documents, "leaflet.pdf").media_type, "application/pdf");
    let ticket = find(&documents, "tickets.jsonl#T-1");
    assert_eq!((ticket.title.as_str(), &ticket.metadata["url"]), ("Gate", &"https://example.com/1".into()));
    assert_eq!(find(&documents, "tickets.jsonl#T-2").metadata["year"], 2025);

    for (query, uri) in [
        ("quokka", "plan.md"),
        ("wombat", "notes/list.txt"),
        ("platypus", "page.html"),
        ("parental leave", "leave.docx"),
        ("bandicoot", "leaflet.pdf"),
        ("flickers", "tickets.jsonl#T-2"),
    ] {
        assert_eq!(taproot.search(query).first().map(|hit| hit.uri.as_str()), Some(uri), "{query}");
    }
    assert_eq!(taproot.search("bandicoot")[0].page, Some(1), "a page is kept");
    assert_eq!(taproot.search("quokka")[0].heading.as_deref(), Some("Plan"), "a heading is kept");
    taproot.assert_healthy();
}

#[test]
fn only_what_changed_is_done_again() {
    let taproot = folder_of_all_formats();
    taproot.ingest();
    let before = taproot.documents();
    assert_eq!(counts(&taproot.ingest()), [0, 0, 0, 0, 8, 0], "nothing has changed");
    assert_eq!(taproot.documents(), before);

    taproot.write("plan.md", "# Plan\n\nThe numbat enclosure opens in autumn.\n");
    taproot.rename("notes/list.txt", "archive/2025/list.txt");
    taproot.remove("page.html");
    taproot.write("new.txt", "A cassowary arrived.\n");
    let report = taproot.ingest();
    assert_eq!(counts(&report), [1, 1, 1, 1, 5, 0], "{report:?}");

    let after = taproot.documents();
    let (old, moved) = (find(&before, "notes/list.txt"), find(&after, "archive/2025/list.txt"));
    assert_eq!((&moved.id, moved.version), (&old.id, 1), "a moved file is the same document");
    let (old, changed) = (find(&before, "plan.md"), find(&after, "plan.md"));
    assert_eq!((&changed.id, changed.version), (&old.id, 2), "a changed file is a new version of the document");
    assert!(after.iter().all(|document| document.uri != "page.html" && document.uri != "notes/list.txt"));

    assert!(is_found(&taproot, "numbat", "plan.md") && is_found(&taproot, "cassowary", "new.txt"));
    assert!(is_found(&taproot, "wombat", "archive/2025/list.txt"));
    assert!(taproot.search("quokka").iter().all(|hit| !hit.text.contains("quokka")), "the old text is gone");
    assert!(!is_found(&taproot, "platypus", "page.html"));
    assert!(taproot.fails(&["documents", "text", "page.html"]).contains("page.html"));
    taproot.assert_healthy();
    assert_eq!(counts(&taproot.ingest()), [0, 0, 0, 0, 8, 0], "and nothing is left to do");
}

#[test]
fn a_line_of_a_jsonl_file_is_replaced_alone() {
    let taproot = Taproot::new();
    let line = |id: &str, text: &str| format!("{{\"_id\":\"{id}\",\"text\":\"{text}\"}}\n");
    taproot
        .write("faq.jsonl", line("a", "Ants are small.") + &line("b", "Bees are loud.") + &line("c", "Cats are soft."));
    assert_eq!(counts(&taproot.ingest()), [3, 0, 0, 0, 0, 0]);
    let before = taproot.documents();

    taproot
        .write("faq.jsonl", line("a", "Ants are small.") + &line("b", "Bees make honey.") + &line("d", "Dogs bark."));
    let report = taproot.ingest();
    assert_eq!(counts(&report), [1, 1, 0, 1, 1, 0], "{report:?}");
    let after = taproot.documents();
    assert_eq!(find(&before, "faq.jsonl#a"), find(&after, "faq.jsonl#a"), "the line that stayed is untouched");
    let changed = find(&after, "faq.jsonl#b");
    assert_eq!((&changed.id, changed.version), (&find(&before, "faq.jsonl#b").id, 2));
    assert_eq!(taproot.text("faq.jsonl#b"), "Bees make honey.");
    assert_eq!(taproot.uris(), ["faq.jsonl#a", "faq.jsonl#b", "faq.jsonl#d"]);
    taproot.assert_healthy();
}

#[test]
fn what_is_gone_stays_when_asked_to() {
    let taproot = Taproot::new();
    taproot.write("kept.txt", "The heron stays.\n");
    taproot.write("gone.txt", "The ibis left.\n");
    taproot.ingest();
    taproot.remove("gone.txt");
    let report: Report = taproot.json(&["ingest", "--no-delete", &taproot.documents_folder().to_string_lossy()]);
    assert_eq!(counts(&report), [0, 0, 0, 0, 1, 0], "{report:?}");
    assert!(is_found(&taproot, "ibis", "gone.txt"));
    assert_eq!(counts(&taproot.ingest()), [0, 0, 0, 1, 1, 0], "without the option it goes");
    assert_eq!(taproot.uris(), ["kept.txt"]);
    taproot.assert_healthy();
}

#[test]
fn collections_and_groups_are_kept() {
    let taproot = Taproot::new();
    taproot.write("pay.txt", "Wages are paid on the last working day.\n");
    let folder = taproot.documents_folder();
    let folder = folder.to_string_lossy();
    let args = ["ingest", "--collection", "people", "--allow", "hr", "--allow", "board", &folder];
    assert_eq!(counts(&taproot.json(&args)), [1, 0, 0, 0, 0, 0]);
    assert_eq!(counts(&taproot.ingest()), [1, 0, 0, 0, 0, 0], "the same folder in another collection");
    assert_eq!(taproot.documents().len(), 2);

    let mut list: DocumentList = taproot.json(&["documents", "list", "--collection", "people"]);
    let mut document = list.documents.pop().expect("one document");
    document.allow.sort();
    assert_eq!((document.collection.as_str(), document.allow.join(" ")), ("people", "board hr".to_owned()));
    assert!(list.documents.is_empty());

    let open = ["ingest", "--collection", "people", &folder];
    assert_eq!(taproot.json::<Report>(&open).failed, []);
    let list: DocumentList = taproot.json(&["documents", "list", "--collection", "people"]);
    assert!(list.documents[0].allow.is_empty(), "who may read follows the last ingest: {list:?}");
    taproot.assert_healthy();
}

#[test]
fn ignored_hidden_and_linked_files_are_left_out() {
    let taproot = Taproot::new();
    let outside = Taproot::new();
    outside.write("secret.txt", "Nobody asked for this.\n");
    for name in ["read.txt", "drafts/a.txt", "build/b.txt", "c.tmp.txt", ".hidden.txt"] {
        taproot.write(name, "Some words about herons.\n");
    }
    taproot.write(".gitignore", "build/\n");
    taproot.write(".ignore", "*.tmp.txt\n");
    taproot.write(".taprootignore", "drafts/\n");
    std::os::unix::fs::symlink(outside.documents_folder(), taproot.documents_folder().join("link")).expect("a link");
    let report = taproot.ingest();
    assert_eq!(taproot.uris(), ["read.txt"], "{report:?}");
}

#[test]
fn a_single_file_can_be_ingested() {
    let taproot = Taproot::new();
    taproot.write("a.txt", "The avocet wades.\n");
    taproot.write("b.txt", "The bittern booms.\n");
    let file = taproot.documents_folder().join("a.txt");
    assert_eq!(counts(&taproot.json(&["ingest", &file.to_string_lossy()])), [1, 0, 0, 0, 0, 0]);
    assert_eq!(taproot.uris(), ["a.txt"]);
    assert_eq!(counts(&taproot.ingest()), [1, 0, 0, 0, 1, 0], "the folder then brings the rest");
}

#[test]
fn a_wrong_path_and_a_wrong_option_are_told() {
    let taproot = Taproot::new();
    let told = taproot.fails(&["ingest", "nowhere/at/all"]);
    assert!(told.contains("nowhere/at/all") && told.starts_with("error: "), "{told}");
    assert_eq!(taproot.run(&["ingest"]).status.code(), Some(2), "misuse");
    assert_eq!(taproot.run(&["ingest", "--nonsense", "x"]).status.code(), Some(2), "misuse");
}
