//! A disk that runs full: a clear error, reading goes on, nothing is lost, and with room again everything is done.
//!
//! The small disk is a tmpfs, which only root may mount. Without that right the test cannot be run, and says so.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::json;
use taproot_schemas::job::{Job, JobStatus};
use taproot_schemas::search::SearchResponse;

use crate::support::http::{Http, ok};
use crate::support::server::Server;
use crate::support::taproot::Taproot;

const DISK_MIB: u64 = 400;

/// A small disk in a folder, unmounted with the value.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn mount(folder: &Path) -> Option<SmallDisk> {
        std::fs::create_dir_all(folder).expect("a folder");
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &format!("size={DISK_MIB}m"), "none"]).arg(folder);
        mount.output().is_ok_and(|output| output.status.success()).then(|| SmallDisk(folder.to_owned()))
    }

    /// Leaves this much room, at most.
    fn fill(&self, free_mib: u64) {
        let filler = self.0.join("filler");
        let free = || rustix::fs::statvfs(&self.0).map(|disk| disk.f_bavail * disk.f_frsize).expect("a disk");
        let piece = vec![0; 1 << 20];
        let mut file = std::fs::File::create(filler).expect("a file");
        while free() > free_mib << 20 {
            let size = piece.len().min((free() - (free_mib << 20)) as usize);
            if std::io::Write::write_all(&mut file, &piece[..size]).is_err() {
                break;
            }
        }
    }

    fn make_room(&self) {
        std::fs::remove_file(self.0.join("filler")).expect("the filler was there");
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: a process that is on its way out may still have it open.
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_is_told_and_costs_nothing() {
    let taproot = Taproot::new();
    let Some(disk) = SmallDisk::mount(&taproot.data()) else {
        eprintln!("not run: a full disk, because a small one cannot be mounted without being root");
        return;
    };
    taproot.write("quokka.md", "The quokka naps at noon.\n");
    taproot.write("wombat.md", "The wombat digs at night.\n");
    assert_eq!(taproot.ingest().added, 2);
    let folder = taproot.documents_folder().to_string_lossy().into_owned();

    taproot.write("numbat.md", "The numbat eats termites.\n");
    disk.fill(100);
    let told = taproot.fails(&["ingest", &folder]);
    assert!(told.contains("is full") && told.contains("make room"), "{told}");
    disk.make_room();

    let server = Server::start(&taproot);
    let http = Http::to(&server);
    disk.fill(0);
    let found: SearchResponse = ok(http.post("/v1/search", &json!({"query": "quokka"}))).await;
    assert_eq!(found.hits[0].uri, "quokka.md", "reading goes on when not a byte is left");
    disk.make_room();
    disk.fill(100);
    let job = http.finished_job(&json!({"path": folder})).await;
    assert_eq!(job.status, JobStatus::Failed, "{job:?}");
    assert!(job.error.as_deref().is_some_and(|error| error.contains("is full")), "{job:?}");
    // What is deleted makes room, so it is never refused.
    let wombat = http.document("wombat.md").await.id;
    ok::<serde_json::Value>(http.delete(&format!("/v1/documents/{wombat}"))).await;
    assert_eq!(http.documents().await.len(), 1);

    disk.make_room();
    let job: Job = http.finished_job(&json!({"path": folder})).await;
    assert_eq!(job.status, JobStatus::Succeeded, "{job:?}");
    let found: SearchResponse = ok(http.post("/v1/search", &json!({"query": "numbat"}))).await;
    assert_eq!(found.hits[0].uri, "numbat.md");
    taproot.assert_healthy();
    drop(server);
}
