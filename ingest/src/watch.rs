//! Notices that something in a folder has changed.
//!
//! In: a folder or a file. Out: ticks that say "look again". What changed is not told: the plan finds that out by
//! content, and so an event that was missed costs nothing but time, because a full check comes round anyway. Whatever
//! happens in the folder, no more than one flag is kept of it.
//!
//! The system tells of changes (inotify) where it can. Where it cannot, because its limit of watches is reached or the
//! file system is one whose changes come from other machines, names, sizes and times are looked at again and again.

use std::ffi::OsStr;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ignore::WalkBuilder;
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until, timeout};

#[derive(Debug, Clone, Copy)]
pub struct WatchOptions {
    /// A tick comes when nothing has changed for this long: a folder that is being copied is not looked at each time.
    pub quiet: Duration,
    /// But no later than this after the first change.
    pub at_most: Duration,
    /// A tick comes this often, whatever was noticed.
    pub full_check: Duration,
    /// How often to look where the system does not tell of changes; longer where one look takes long.
    pub poll: Duration,
}

impl Default for WatchOptions {
    fn default() -> Self {
        Self {
            quiet: Duration::from_secs(2),
            at_most: Duration::from_secs(30),
            full_check: Duration::from_secs(600),
            poll: Duration::from_secs(5),
        }
    }
}

/// Why to look again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tick {
    Changed,
    FullCheck,
}

/// One watched folder or file, for as long as the value lives.
pub struct Watch {
    path: PathBuf,
    options: WatchOptions,
    flag: Arc<Flag>,
    method: Method,
    next_full: Instant,
}

enum Method {
    /// The watcher, and what it was set on: a folder that is mounted or made anew is another one.
    Events { _watcher: RecommendedWatcher, identity: Option<Identity> },
    /// `missing`: only because there was nothing to watch.
    Polling { seen: u64, next: Instant, missing: bool },
}

/// Device and number of the inode.
type Identity = (u64, u64);

/// All that is kept of the events.
#[derive(Default)]
struct Flag {
    changed: Notify,
    /// The watcher cannot follow any more.
    broken: AtomicBool,
}

impl Watch {
    /// Changes from now on are noticed. Never fails: at worst the folder is looked at again and again.
    pub async fn start(path: &Path, options: WatchOptions) -> Watch {
        let flag = Arc::new(Flag::default());
        let method = arm(path.to_owned(), Arc::clone(&flag), options).await;
        Watch { path: path.to_owned(), options, flag, method, next_full: Instant::now() + options.full_check }
    }

    /// Whether the system tells of changes; else the folder is looked at again and again.
    pub fn is_by_events(&self) -> bool {
        matches!(self.method, Method::Events { .. })
    }

    /// Returns when it is time to look again. Nothing is lost when the future is dropped before.
    pub async fn tick(&mut self) -> Tick {
        loop {
            let poll_at = match &self.method {
                Method::Polling { next, .. } => *next,
                Method::Events { .. } => self.next_full,
            };
            tokio::select! {
                () = self.flag.changed.notified() => {
                    // Kept should this future be dropped while it waits for quiet.
                    let flag = Arc::clone(&self.flag);
                    let mut kept = Kept(Some(&flag.changed));
                    self.until_quiet().await;
                    kept.0 = None;
                    self.fall_back_if_broken().await;
                    // A folder that was moved away and made anew is another one, which is not watched yet.
                    self.arm_again_if_replaced().await;
                    return Tick::Changed;
                }
                () = sleep_until(self.next_full) => {
                    self.next_full = Instant::now() + self.options.full_check;
                    self.arm_again_if_replaced().await;
                    return Tick::FullCheck;
                }
                () = sleep_until(poll_at) => {
                    if self.has_changed().await {
                        self.flag.changed.notify_one();
                    }
                }
            }
        }
    }

    async fn until_quiet(&self) {
        let latest = Instant::now() + self.options.at_most;
        while Instant::now() < latest {
            let quiet = self.options.quiet.min(latest - Instant::now());
            if timeout(quiet, self.flag.changed.notified()).await.is_err() {
                return;
            }
        }
    }

    /// Looks, when polling; the next look comes after ten times the time that this one took.
    async fn has_changed(&mut self) -> bool {
        let Method::Polling { seen, next, .. } = &mut self.method else { return false };
        let begun = Instant::now();
        let now = blocking(&self.path, fingerprint).await;
        *next = Instant::now() + self.options.poll.max(begun.elapsed() * 10);
        std::mem::replace(seen, now) != now
    }

    async fn fall_back_if_broken(&mut self) {
        if self.flag.broken.swap(false, Ordering::AcqRel) && self.is_by_events() {
            self.method = polling(&self.path, self.options).await;
        }
    }

    async fn arm_again_if_replaced(&mut self) {
        let now = blocking(&self.path, identity_of).await;
        let other = match &self.method {
            Method::Events { identity, .. } => *identity != now,
            Method::Polling { missing, .. } => *missing && now.is_some(),
        };
        if other {
            self.method = arm(self.path.clone(), Arc::clone(&self.flag), self.options).await;
        }
    }
}

/// Raises the flag again when it is dropped.
struct Kept<'a>(Option<&'a Notify>);

impl Drop for Kept<'_> {
    fn drop(&mut self) {
        if let Some(changed) = self.0 {
            changed.notify_one();
        }
    }
}

async fn arm(path: PathBuf, flag: Arc<Flag>, options: WatchOptions) -> Method {
    let watched = path.clone();
    // Setting a watch on each folder of a large tree takes a while.
    let armed = tokio::task::spawn_blocking(move || by_events(&watched, flag)).await;
    match armed {
        Ok(Ok(method)) => method,
        Ok(Err(why)) => {
            tracing::warn!(path = %path.display(), why, "the folder is looked at again and again instead of being watched");
            polling(&path, options).await
        }
        Err(_) => polling(&path, options).await,
    }
}

async fn polling(path: &Path, options: WatchOptions) -> Method {
    let seen = blocking(path, fingerprint).await;
    let missing = blocking(path, identity_of).await.is_none();
    Method::Polling { seen, next: Instant::now() + options.poll, missing }
}

/// `0` or `None` when the thread is gone, which it is when the program ends.
async fn blocking<T: Default + Send + 'static>(path: &Path, look: fn(&Path) -> T) -> T {
    let path = path.to_owned();
    tokio::task::spawn_blocking(move || look(&path)).await.unwrap_or_default()
}

fn by_events(path: &Path, flag: Arc<Flag>) -> Result<Method, String> {
    if changes_come_from_elsewhere(path) {
        return Err("its file system does not tell of changes that other machines make".into());
    }
    let identity = identity_of(path);
    if identity.is_none() {
        return Err("it is not there".into());
    }
    let single_file = path.is_file();
    let mode = if single_file { RecursiveMode::NonRecursive } else { RecursiveMode::Recursive };
    let watched = path.to_owned();
    let handler = move |event: notify::Result<Event>| match event {
        Ok(event) if counts(&event, &watched, single_file) => flag.changed.notify_one(),
        Ok(_) => {}
        Err(error) => {
            tracing::warn!(path = %watched.display(), why = told(&error), "the folder cannot be watched any more, and is looked at again and again");
            flag.broken.store(true, Ordering::Release);
            flag.changed.notify_one();
        }
    };
    let config = notify::Config::default().with_follow_symlinks(false);
    let mut watcher = RecommendedWatcher::new(handler, config).map_err(|error| told(&error))?;
    watcher.watch(watched_folder(path), mode).map_err(|error| told(&error))?;
    Ok(Method::Events { _watcher: watcher, identity })
}

fn told(error: &notify::Error) -> String {
    match &error.kind {
        notify::ErrorKind::MaxFilesWatch => {
            "the system's limit of watches is reached; raise it with sysctl fs.inotify.max_user_watches".into()
        }
        _ => error.to_string(),
    }
}

/// Whether an event may mean that a file is another one than before.
fn counts(event: &Event, watched: &Path, single_file: bool) -> bool {
    if event.need_rescan() {
        return true;
    }
    // Reading is no change; the ingest itself does it.
    if matches!(event.kind, EventKind::Access(_)) {
        return false;
    }
    event.paths.is_empty()
        || event.paths.iter().any(|path| {
            if single_file { path == watched } else { !is_hidden(path.strip_prefix(watched).unwrap_or(path)) }
        })
}

/// Files that say how a folder is ingested, though hidden.
const SETTINGS_FILES: [&str; 4] = [".taproot.toml", ".taprootignore", ".gitignore", ".ignore"];

/// Whether a path below the root is one that the scan leaves out: a version control system writes all the time.
fn is_hidden(below: &Path) -> bool {
    let name = below.file_name().unwrap_or_default();
    let hidden = |name: &OsStr| name.as_encoded_bytes().starts_with(b".");
    let in_hidden_folder = below.parent().is_some_and(|folder| folder.iter().any(hidden));
    in_hidden_folder || (hidden(name) && !SETTINGS_FILES.iter().any(|settings| name == *settings))
}

/// An editor replaces the file that it saves: a file is watched through its folder.
fn watched_folder(path: &Path) -> &Path {
    path.parent().filter(|_| path.is_file()).unwrap_or(path)
}

/// `None` when it is not there.
fn identity_of(path: &Path) -> Option<Identity> {
    let about = std::fs::metadata(watched_folder(path)).ok()?;
    Some((about.dev(), about.ino()))
}

/// Names, sizes and times of all files, in one number.
fn fingerprint(root: &Path) -> u64 {
    let walk = WalkBuilder::new(root)
        .follow_links(false)
        .hidden(false)
        .require_git(false)
        .parents(false)
        .git_global(false)
        .add_custom_ignore_filename(".taprootignore")
        .filter_entry(|entry| entry.depth() == 0 || !is_hidden(Path::new(entry.file_name())))
        .build();
    // A sum does not depend on the order in which a folder lists its files.
    walk.flatten().fold(0, |sum: u64, entry| {
        let mut hasher = DefaultHasher::new();
        entry.path().hash(&mut hasher);
        if let Ok(about) = entry.metadata()
            && about.is_file()
        {
            (about.len(), about.ino(), about.mtime(), about.mtime_nsec()).hash(&mut hasher);
        }
        sum.wrapping_add(hasher.finish())
    })
}

/// Numbers of file systems from `statfs(2)` and linux/magic.h: NFS, SMB, CIFS, SMB2, FUSE, 9p, AFS, Ceph.
const REMOTE: [u32; 8] = [0x6969, 0x517b, 0xff53_4d42, 0xfe53_4d42, 0x6573_5546, 0x0102_1997, 0x5346_414f, 0x00c3_6400];

fn changes_come_from_elsewhere(path: &Path) -> bool {
    // The type is 32 bits wide, sign-extended on some machines.
    rustix::fs::statfs(path).is_ok_and(|about| REMOTE.contains(&(about.f_type as u32)))
}

#[cfg(test)]
mod tests {
    use notify::event::{AccessKind, CreateKind};

    use super::*;

    /// Short times, and a full check that does not come.
    fn options() -> WatchOptions {
        WatchOptions {
            quiet: Duration::from_millis(50),
            at_most: Duration::from_millis(500),
            full_check: Duration::from_secs(3_600),
            poll: Duration::from_millis(20),
        }
    }

    async fn soon(watch: &mut Watch) -> Option<Tick> {
        timeout(Duration::from_secs(20), watch.tick()).await.ok()
    }

    async fn nothing(watch: &mut Watch) -> bool {
        timeout(Duration::from_millis(300), watch.tick()).await.is_err()
    }

    #[tokio::test]
    async fn many_changes_are_one_tick() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut watch = Watch::start(folder.path(), options()).await;
        for n in 0..100 {
            std::fs::write(folder.path().join(format!("{n}.txt")), "x").expect("written");
        }
        assert_eq!(soon(&mut watch).await, Some(Tick::Changed));
        assert!(nothing(&mut watch).await, "they were told at once");
        std::fs::remove_file(folder.path().join("7.txt")).expect("removed");
        assert_eq!(soon(&mut watch).await, Some(Tick::Changed));
        std::fs::create_dir(folder.path().join("new")).expect("made");
        assert_eq!(soon(&mut watch).await, Some(Tick::Changed));
        std::fs::write(folder.path().join("new/a.txt"), "x").expect("written");
        assert_eq!(soon(&mut watch).await, Some(Tick::Changed), "a new folder is watched too");
    }

    #[tokio::test]
    async fn reading_and_hidden_files_are_no_change() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::create_dir(folder.path().join(".git")).expect("made");
        std::fs::write(folder.path().join("a.txt"), "x").expect("written");
        let mut watch = Watch::start(folder.path(), options()).await;
        std::fs::read(folder.path().join("a.txt")).expect("read");
        std::fs::write(folder.path().join(".git/index"), "x").expect("written");
        assert!(nothing(&mut watch).await);
        std::fs::write(folder.path().join(".taproot.toml"), "").expect("written");
        assert_eq!(soon(&mut watch).await, Some(Tick::Changed));
    }

    #[tokio::test]
    async fn a_file_is_watched_through_its_folder() {
        let folder = tempfile::tempdir().expect("a folder");
        let (file, beside) = (folder.path().join("a.txt"), folder.path().join("b.txt"));
        std::fs::write(&file, "x").expect("written");
        let mut watch = Watch::start(&file, options()).await;
        std::fs::write(&beside, "new").expect("written");
        assert!(nothing(&mut watch).await, "another file");
        std::fs::rename(&beside, &file).expect("replaced");
        assert_eq!(soon(&mut watch).await, Some(Tick::Changed));
    }

    #[tokio::test]
    async fn polling_sees_the_same() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("a.txt"), "x").expect("written");
        let mut watch = Watch::start(folder.path(), options()).await;
        watch.method = polling(folder.path(), options()).await;
        assert!(!watch.is_by_events() && nothing(&mut watch).await);
        std::fs::write(folder.path().join("a.txt"), "longer").expect("written");
        assert_eq!(soon(&mut watch).await, Some(Tick::Changed));
        std::fs::remove_file(folder.path().join("a.txt")).expect("removed");
        assert_eq!(soon(&mut watch).await, Some(Tick::Changed));
    }

    #[tokio::test]
    async fn a_tick_that_nobody_waited_for_comes_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut watch = Watch::start(folder.path(), options()).await;
        std::fs::write(folder.path().join("a.txt"), "x").expect("written");
        assert!(timeout(Duration::from_millis(30), watch.tick()).await.is_err(), "it waits for quiet");
        assert_eq!(soon(&mut watch).await, Some(Tick::Changed));
    }

    #[tokio::test]
    async fn what_was_missed_is_found_by_the_full_check() {
        let folder = tempfile::tempdir().expect("a folder");
        let missing = folder.path().join("mount");
        let mut watch =
            Watch::start(&missing, WatchOptions { full_check: Duration::from_millis(50), ..options() }).await;
        assert!(!watch.is_by_events(), "there is nothing to watch yet");
        assert_eq!(soon(&mut watch).await, Some(Tick::FullCheck));
    }

    #[test]
    fn what_counts() {
        let at = |kind, path: &str| Event::new(kind).add_path(path.into());
        let create = EventKind::Create(CreateKind::File);
        for (event, expected) in [
            (at(create, "/docs/a.txt"), true),
            (at(create, "/docs/.a.swp"), false),
            (at(create, "/docs/.git/a.txt"), false),
            (at(create, "/docs/hr/.taproot.toml"), true),
            (at(EventKind::Access(AccessKind::Read), "/docs/a.txt"), false),
            (Event::new(EventKind::Other), true),
        ] {
            assert_eq!(counts(&event, Path::new("/docs"), false), expected, "{event:?}");
        }
    }
}
