//! An ingest that is killed at any moment: nothing is half there, and the next one ends where an undisturbed one would.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::os::unix::process::ExitStatusExt;
use std::process::Stdio;
use std::time::{Duration, Instant};

use taproot_schemas::job::Report;

use crate::support::files::{Numbers, report};
use crate::support::http::Http;
use crate::support::server::Server;
use crate::support::taproot::Taproot;

/// Another seed is another run of moments and changes; a failure prints the one it had.
const SEED: u64 = 20_251_123;
const FILES: usize = 60;
/// Kills of a usual run; `TAPROOT_TEST_KILLS` asks for more.
const KILLS: usize = 25;

const SIGABRT: i32 = 6;

/// What the folder holds: the name of a file → its text.
type Folder = BTreeMap<String, String>;

/// A folder that changes from round to round, the same way for each seed.
struct Changes {
    numbers: Numbers,
    edition: usize,
    next_file: usize,
    folder: Folder,
}

impl Changes {
    fn seeded() -> Self {
        let folder = (0..FILES).map(|number| (name(number), report(number, 0))).collect();
        Self { numbers: Numbers::seeded(SEED), edition: 0, next_file: FILES, folder }
    }

    /// Twelve files change, four are gone, four are new, two are moved.
    fn next_round(&mut self) {
        self.edition += 1;
        for _ in 0..12 {
            let file = self.any_file();
            self.folder.insert(file, report(self.numbers.below(1_000) as usize, self.edition));
        }
        for _ in 0..4 {
            let file = self.any_file();
            self.folder.remove(&file);
            self.folder.insert(name(self.next_file), report(self.next_file, self.edition));
            self.next_file += 1;
        }
        for _ in 0..2 {
            let file = self.any_file();
            let text = self.folder.remove(&file).expect("it is there");
            self.folder.insert(format!("moved/{}/{}", self.edition, file.replace('/', "-")), text);
        }
    }

    fn any_file(&mut self) -> String {
        let at = self.numbers.below(self.folder.len() as u64) as usize;
        self.folder.keys().nth(at).expect("below the length").clone()
    }
}

fn name(number: usize) -> String {
    format!("{}/{number:03}.md", ["north", "south", "east"][number % 3])
}

/// Makes the folder on the disk what it should be.
fn lay_out(taproot: &Taproot, folder: &Folder) {
    std::fs::remove_dir_all(taproot.documents_folder()).expect("the folder was there");
    for (name, text) in folder {
        taproot.write(name, text);
    }
}

/// The extracted text of every document, by uri.
async fn contents(server: &Server) -> BTreeMap<String, String> {
    let http = Http::to(server);
    let mut contents = BTreeMap::new();
    for document in http.documents().await {
        assert!(contents.insert(document.uri, http.text(&document.id).await.text).is_none(), "a uri twice");
    }
    contents
}

/// The state that an undisturbed ingest of a folder comes to, and how long it took.
async fn undisturbed(folder: &Folder) -> (BTreeMap<String, String>, Duration) {
    let taproot = Taproot::new();
    lay_out(&taproot, folder);
    let begun = Instant::now();
    let report = taproot.ingest();
    assert!(report.failed.is_empty() && report.added as usize == folder.len(), "{report:?}");
    let took = begun.elapsed();
    (contents(&Server::start(&taproot)).await, took)
}

/// Starts an ingest, and kills it after this time if it is still there.
fn killed_ingest(taproot: &Taproot, after: Duration) -> bool {
    let mut command = taproot.command(["ingest"]);
    command.arg(taproot.documents_folder()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().expect("the program starts");
    // The moment of the kill is the point of this test, not a way to wait for something.
    std::thread::sleep(after);
    let was_running = child.try_wait().expect("a child").is_none();
    child.kill().expect("it can be killed");
    child.wait().expect("it ends");
    was_running
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_ingest_leaves_whole_documents_only() {
    println!("seed {SEED}");
    let taproot = Taproot::new();
    let mut changes = Changes::seeded();
    let (_, whole) = undisturbed(&changes.folder).await;
    let mut moments = Numbers::seeded(SEED ^ 0xdead);
    // All texts that a document with this uri ever had, as they stand in its file.
    let mut ever: HashMap<String, HashSet<String>> = HashMap::new();
    let (mut killed, kills) = (0, kills());
    for round in 0..kills {
        for (uri, text) in &changes.folder {
            ever.entry(uri.clone()).or_default().insert(text.clone());
        }
        lay_out(&taproot, &changes.folder);
        let after = whole.mul_f64(moments.below(1_000) as f64 / 1_000.0);
        killed += usize::from(killed_ingest(&taproot, after));

        let server = Server::start(&taproot);
        for (uri, text) in contents(&server).await {
            let editions = ever.get(&uri).unwrap_or_else(|| panic!("round {round}: {uri} never was in the folder"));
            let whole = editions.iter().any(|edition| words(edition) == words(&text));
            assert!(whole, "round {round}: the text of {uri} is none that its file ever had:\n{text}");
        }
        // Through the server, which has done at its start what the killed ingest left.
        taproot.assert_healthy();
        drop(server);
        changes.next_round();
    }
    assert!(killed >= kills / 2, "{killed} of {kills} ingests were still running when they were killed");

    lay_out(&taproot, &changes.folder);
    // What the last ingest that was killed came to may all be gone by now.
    let folder = taproot.documents_folder().to_string_lossy().into_owned();
    let report: Report = taproot.json(&["ingest", "--confirm-delete", &folder]);
    assert!(report.failed.is_empty(), "{report:?}");
    let (expected, _) = undisturbed(&changes.folder).await;
    let found = contents(&Server::start(&taproot)).await;
    let differing: Vec<_> =
        expected.keys().chain(found.keys()).filter(|uri| expected.get(*uri) != found.get(*uri)).collect();
    assert!(differing.is_empty(), "seed {SEED}: {differing:?}");
    taproot.assert_healthy();
    println!("{kills} rounds, {killed} ingests killed, {} documents as in an undisturbed run", found.len());
}

fn kills() -> usize {
    let asked = std::env::var("TAPROOT_TEST_KILLS").ok();
    asked.map_or(KILLS, |kills| kills.parse().expect("TAPROOT_TEST_KILLS is a number"))
}

/// Every place between two steps at which the process may die, as the code names them.
const FAILPOINTS: [&str; 12] = [
    "announced",
    "staged",
    "vectors-written",
    "indexed",
    "published",
    "files-done",
    "moved",
    "retired",
    "vectors-deleted",
    "terms-deleted",
    "forgotten",
    "deleted",
];

/// One file is added, one changed, one moved, one deleted, one is filed under another group.
fn change_everything(taproot: &Taproot) -> Folder {
    taproot.write("new.md", "The new one.\n");
    taproot.write("changed.md", "The changed one, changed.\n");
    taproot.rename("moved.md", "sub/moved.md");
    taproot.remove("deleted.md");
    taproot.write("hr/.taproot.toml", "allow = [\"managers\"]\n");
    let folder = [
        ("new.md", "The new one."),
        ("changed.md", "The changed one, changed."),
        ("sub/moved.md", "The moved one."),
        ("hr/closed.md", "The closed one."),
        ("kept.md", "The kept one."),
    ];
    folder.map(|(uri, text)| (uri.to_owned(), text.to_owned())).into()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_death_between_any_two_steps_is_healed() {
    for failpoint in FAILPOINTS {
        let taproot = Taproot::new();
        for name in ["changed", "moved", "deleted", "kept"] {
            taproot.write(&format!("{name}.md"), format!("The {name} one.\n"));
        }
        taproot.write("hr/closed.md", "The closed one.\n");
        taproot.write("hr/.taproot.toml", "allow = [\"hr\"]\n");
        taproot.ingest();
        let before = contents(&Server::start(&taproot)).await;
        let after = change_everything(&taproot);

        let mut command = taproot.command(["ingest"]);
        command.arg(taproot.documents_folder()).env("TAPROOT_TEST_FAILPOINT", failpoint);
        let died = command.stdout(Stdio::null()).stderr(Stdio::null()).status().expect("it runs");
        assert_eq!(died.signal(), Some(SIGABRT), "{failpoint} was never reached");

        taproot.assert_healthy();
        let server = Server::start(&taproot);
        for (uri, text) in contents(&server).await {
            let known = [before.get(&uri), after.get(&uri)].contains(&Some(&text));
            assert!(known, "{failpoint}: {uri} is neither as before nor as after: {text}");
        }
        let closed = Http::to(&server).document("hr/closed.md").await.allow;
        assert!(closed == ["hr"] || closed == ["managers"], "{failpoint}: {closed:?}");
        drop(server);

        let report = taproot.ingest();
        assert!(report.failed.is_empty(), "{failpoint}: {report:?}");
        let server = Server::start(&taproot);
        assert_eq!(contents(&server).await, after, "{failpoint}");
        assert_eq!(Http::to(&server).document("hr/closed.md").await.allow, ["managers"], "{failpoint}");
        taproot.assert_healthy();
    }
}

/// What is committed of a file that was never recorded as read is as much of a loss as any other.
#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_vanished_after_a_killed_ingest_raises_a_question() {
    let taproot = Taproot::new();
    for name in ["a", "b", "c"] {
        taproot.write(&format!("{name}.md"), format!("The {name} one.\n"));
    }
    let mut command = taproot.command(["ingest"]);
    command.arg(taproot.documents_folder()).env("TAPROOT_TEST_FAILPOINT", "files-done");
    let died = command.stdout(Stdio::null()).stderr(Stdio::null()).status().expect("it runs");
    assert_eq!(died.signal(), Some(SIGABRT), "files-done was never reached");
    for name in ["a", "b"] {
        taproot.remove(&format!("{name}.md"));
    }
    let told = taproot.fails(&["ingest", &taproot.documents_folder().to_string_lossy()]);
    assert!(told.contains("2 of the 3"), "{told}");
    assert_eq!(contents(&Server::start(&taproot)).await.len(), 3, "nothing was deleted");
}

/// The words of a text: headings lose their marks when they are read, and lines are joined.
fn words(text: &str) -> Vec<&str> {
    text.split_whitespace().filter(|word| !word.chars().all(|c| c == '#')).collect()
}

/// A server that is killed has lost nothing that a job had committed.
#[tokio::test(flavor = "multi_thread")]
async fn a_killed_server_keeps_what_it_acknowledged() {
    let taproot = Taproot::new();
    for number in 0..10 {
        taproot.write(&name(number), report(number, 0));
    }
    let server = Server::start(&taproot);
    assert_eq!(taproot.ingest().added, 10);
    drop(server);
    let server = Server::start(&taproot);
    assert_eq!(Http::to(&server).documents().await.len(), 10);
    taproot.assert_healthy();
    assert_eq!(taproot.ingest().unchanged, 10);
}

const WHILE_MADE_ANEW: [&str; 3] = ["lexical-making", "lexical-made", "lexical-renamed"];

/// An index of another version of the program, and a start that is killed while it makes the new one.
#[tokio::test(flavor = "multi_thread")]
async fn a_killed_change_of_the_lexical_index_is_finished_by_the_next_start() {
    let taproot = Taproot::new();
    taproot.write("en.md", "# Network\n\nThe VPN client reports ERR-4012 when the gateway is unreachable.\n");
    taproot.write("zh.md", "# 資訊安全\n\n員工應每九十天更換一次密碼，並啟用雙重驗證。\n");
    assert_eq!(taproot.ingest().added, 2);
    let lexical = taproot.data().join("lexical");
    for failpoint in WHILE_MADE_ANEW {
        let current =
            std::fs::read_dir(&lexical).expect("a folder").next().expect("an index").expect("an entry").path();
        std::fs::rename(&current, lexical.join("1-other")).expect("renamed");
        let mut command = taproot.command(["search", "ERR-4012"]);
        command.env("TAPROOT_TEST_FAILPOINT", failpoint);
        let died = command.stdout(Stdio::null()).stderr(Stdio::null()).status().expect("the program starts");
        assert_eq!(died.signal(), Some(SIGABRT), "{failpoint} was never reached");

        let server = Server::start(&taproot);
        for (query, uri) in [("err4012", "en.md"), ("更换密码", "zh.md"), ("密碼", "zh.md")] {
            assert_eq!(taproot.search(query)[0].uri, uri, "{failpoint}: {query}");
        }
        taproot.assert_healthy();
        drop(server);
        let left: Vec<_> =
            std::fs::read_dir(&lexical).expect("a folder").map(|entry| entry.expect("an entry").path()).collect();
        assert_eq!(left, [current], "{failpoint}");
    }
}
