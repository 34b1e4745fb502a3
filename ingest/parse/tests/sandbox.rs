//! The parser child as the ingest sees it: real processes, real files, and files that take the child down.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use taproot_parse::sandbox::{Door, Layer, ParseSummary, Parser, ParserError, ParserLimits};
use taproot_parse::{Parsed, Recognition};
use taproot_schemas::job::FileErrorCode;
use tempfile::TempDir;

const LIMITS: ParserLimits = ParserLimits {
    max_file_bytes: 200 << 20,
    max_document_chars: 1_000_000,
    timeout: Duration::from_secs(60),
    memory_bytes: 512 << 20,
};

fn worker() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_taproot-parse-worker"))
}

/// A folder with files, and a parser.
struct Bench {
    folder: TempDir,
    parser: Parser,
}

impl Bench {
    fn new(program: &Path, limits: ParserLimits) -> Bench {
        Bench { folder: TempDir::new().unwrap(), parser: Parser::new(program, limits) }
    }

    /// A parser whose child is a shell script that takes its settings and says it is ready.
    fn with_script(script: &str, limits: ParserLimits) -> Bench {
        let ready = r#"{"request":0,"answer":{"ready":{"landlock":"on","seccomp":"on","open_doors":[]}}}"#;
        let ready = format!("printf '\\{:03o}\\000\\000\\000%s' '{ready}'", ready.len());
        Bench::with_raw_script(&format!("head -c 4 >/dev/null; {ready}; {script}"), limits)
    }

    /// A parser whose child is a shell script. A shell writes it: were it open for writing in this process, a child
    /// forked by another test would have it open too for a moment, and the system does not run such a file.
    fn with_raw_script(script: &str, limits: ParserLimits) -> Bench {
        let folder = TempDir::new().unwrap();
        let program = folder.path().join("worker");
        let write = r##"printf '#!/bin/sh\n%s\n' "$1" > "$0" && chmod +x "$0""##;
        let written = Command::new("sh").arg("-c").arg(write).arg(&program).arg(script).status().unwrap();
        assert!(written.success());
        Bench { parser: Parser::new(&program, limits), folder }
    }

    fn file(&self, name: &str, content: &[u8]) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        path
    }

    /// Texts of the documents of a file, or why it failed.
    fn parse(&mut self, name: &str, content: &[u8]) -> Result<Vec<String>, FileErrorCode> {
        let path = self.file(name, content);
        self.parse_file(&path, name)
    }

    fn parse_file(&mut self, path: &Path, name: &str) -> Result<Vec<String>, FileErrorCode> {
        let mut texts = Vec::new();
        let summary = self.parser.parse(path, name, &|_| Recognition::Unavailable, &mut |parsed| {
            texts.push(match parsed {
                Parsed::Document(document) => document.text,
                Parsed::PartFailed(failure) => format!("{}: {:?}", failure.suffix, failure.code),
            });
            ControlFlow::Continue(())
        });
        match summary {
            Ok(summary) => {
                assert_eq!(summary.documents + summary.failed_parts, texts.len() as u64);
                Ok(texts)
            }
            Err(ParserError::File(failure)) => {
                assert_eq!(failure.path, name);
                assert!(!failure.reason.is_empty());
                Err(failure.code)
            }
            Err(error) => panic!("{error}"),
        }
    }
}

#[test]
fn one_child_parses_many_files() {
    let mut bench = Bench::new(worker(), LIMITS);
    assert_eq!(bench.parse("a.md", b"# Leave\n\nFifteen days."), Ok(vec!["Leave\n\nFifteen days.".to_owned()]));
    assert_eq!(bench.parse("b.txt", b""), Err(FileErrorCode::Empty));
    assert_eq!(
        bench.parse("c.jsonl", b"{\"id\":1,\"text\":\"one\"}\nrubbish\n{\"id\":2,\"text\":\"two\"}"),
        Ok(vec!["one".to_owned(), "#2: Corrupt".to_owned(), "two".to_owned()])
    );
    assert_eq!(bench.parse("d.xyz", b"\0\x01\x02\x03"), Err(FileErrorCode::UnsupportedFormat));
}

#[test]
fn files_that_cannot_be_read() {
    let mut bench = Bench::new(worker(), ParserLimits { max_file_bytes: 10, max_document_chars: 5, ..LIMITS });
    assert_eq!(bench.parse("a.txt", b"more than ten bytes"), Err(FileErrorCode::TooLarge));
    assert_eq!(bench.parse("b.txt", b"six ch"), Err(FileErrorCode::TooLarge));
    let folder = bench.folder.path().to_owned();
    assert_eq!(bench.parse_file(&folder.join("missing.txt"), "missing.txt"), Err(FileErrorCode::Unreadable));
    assert_eq!(bench.parse_file(&folder, "folder.txt"), Err(FileErrorCode::Unreadable));
    assert_eq!(bench.parse_file(Path::new("/dev/zero"), "zero.txt"), Err(FileErrorCode::Unreadable));
    // The child that was there for the files above is there for this one.
    assert_eq!(bench.parse("c.txt", b"five!"), Ok(vec!["five!".to_owned()]));
}

/// Opening a pipe waits for somebody who writes to it, unless it is told not to.
#[test]
fn a_pipe_in_place_of_a_file_does_not_block() {
    let mut bench = Bench::new(worker(), LIMITS);
    let pipe = bench.folder.path().join("pipe.txt");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    assert_eq!(bench.parse_file(&pipe, "pipe.txt"), Err(FileErrorCode::Unreadable));
}

#[cfg(target_os = "linux")]
#[test]
fn a_name_in_broken_unicode_is_a_name() {
    use std::os::unix::ffi::OsStrExt;
    let mut bench = Bench::new(worker(), LIMITS);
    let path = bench.folder.path().join(std::ffi::OsStr::from_bytes(b"caf\xe9.txt"));
    std::fs::write(&path, "text").unwrap();
    assert_eq!(bench.parse_file(&path, "caf\u{fffd}.txt"), Ok(vec!["text".to_owned()]));
}

/// The child tries the doors itself. A kernel without landlock is no failure; one without seccomp is not tested on.
#[cfg(target_os = "linux")]
#[test]
fn the_child_reaches_nothing() {
    let mut bench = Bench::new(worker(), LIMITS);
    let confinement = bench.parser.confinement().unwrap();
    assert_eq!(confinement.seccomp, Layer::On, "{confinement}");
    assert_eq!(confinement.open_doors, Vec::<Door>::new(), "{confinement}");
    assert_eq!(bench.parse("a.txt", b"still parses"), Ok(vec!["still parses".to_owned()]));
}

#[test]
fn a_large_file_goes_through_the_pipe_whole() {
    let limits = ParserLimits { max_document_chars: 30 << 20, memory_bytes: 1 << 30, ..LIMITS };
    let mut bench = Bench::new(worker(), limits);
    let line = "All of it arrives, in order, to the last line.\n";
    let content = line.repeat((20 << 20) / line.len());
    let texts = bench.parse("a.txt", content.as_bytes()).unwrap();
    assert_eq!(texts.concat().matches("to the last line.").count(), content.lines().count());
}

#[test]
fn a_file_that_eats_memory_is_stopped_and_the_next_one_is_parsed() {
    let mut bench = Bench::new(worker(), LIMITS);
    // The tree of a page of empty elements takes many times the size of the page.
    let page = format!("<html>{}", "<p><b></b></p>".repeat(10 << 20));
    assert_eq!(bench.parse("a.html", page.as_bytes()), Err(FileErrorCode::MemoryLimit));
    assert_eq!(bench.parse("b.txt", b"fine"), Ok(vec!["fine".to_owned()]));
}

/// Nothing in a file says to how much it expands: the limit of the child is what ends it.
#[test]
fn a_bomb_in_a_pdf_is_stopped() {
    let mut bench = Bench::new(worker(), LIMITS);
    // Five gigabytes of spaces in LZW: every code after the first two stands for one more space than the one before.
    let bomb = lzw_of_spaces(5 << 30);
    let mut pdf = b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n\
        2 0 obj<</Type/Pages/Count 1/Kids[3 0 R]/MediaBox[0 0 600 600]>>endobj\n\
        3 0 obj<</Type/Page/Parent 2 0 R/Contents 4 0 R>>endobj\n"
        .to_vec();
    pdf.extend(format!("4 0 obj<</Filter/LZWDecode/Length {}>>\nstream\n", bomb.len()).as_bytes());
    pdf.extend([&bomb[..], b"\nendstream\nendobj\ntrailer<</Root 1 0 R>>\n%%EOF"].concat());
    assert_eq!(bench.parse("a.pdf", &pdf), Err(FileErrorCode::MemoryLimit));
    assert_eq!(bench.parse("b.txt", b"fine"), Ok(vec!["fine".to_owned()]));
}

/// As many spaces, as the LZW of PDF (ISO 32000-1, 7.4.4) writes them.
fn lzw_of_spaces(count: u64) -> Vec<u8> {
    const CLEAR: u32 = 256;
    let (mut out, mut held, mut bits) = (Vec::new(), 0_u32, 0);
    let mut put = |code: u32, width: u32| {
        held = held << width | code;
        bits += width;
        while bits >= 8 {
            bits -= 8;
            out.push((held >> bits) as u8);
        }
        held &= (1 << bits) - 1;
    };
    let (mut written, mut width) = (0, 9);
    while written < count {
        put(CLEAR, width);
        put(u32::from(b' '), 9);
        // The table fills up to its last code but two; codes grow one code early.
        for code in 258..4093 {
            width = (32 - (code + 1_u32).leading_zeros()).max(9);
            put(code, width);
            written += u64::from(code - 256);
        }
    }
    put(257, width);
    put(0, 8);
    out
}

#[test]
fn a_child_that_hangs_is_killed() {
    let limits = ParserLimits { timeout: Duration::from_millis(1_500), ..LIMITS };
    let mut bench = Bench::with_script("exec sleep 600", limits);
    assert_eq!(bench.parse("a.txt", b"text"), Err(FileErrorCode::Timeout));
    assert_eq!(bench.parse("a.txt", b"text"), Err(FileErrorCode::Timeout));
    let mut bench = Bench::with_script("cat /dev/zero >&2", limits);
    assert_eq!(bench.parse("a.txt", b"text"), Err(FileErrorCode::Timeout), "noise is no sign of life");
}

#[test]
fn a_child_that_dies_is_told_by_its_last_words() {
    let die = |script: &str| Bench::with_script(script, LIMITS).parse("a.txt", b"text");
    assert_eq!(die("exit 1"), Err(FileErrorCode::ParserCrashed));
    assert_eq!(die("exec cat /dev/zero >&2"), Err(FileErrorCode::ParserCrashed), "output closed, never quiet");
    assert_eq!(die("kill -SEGV $$"), Err(FileErrorCode::ParserCrashed));
    assert_eq!(die("kill -KILL $$"), Err(FileErrorCode::MemoryLimit));
    let out_of_memory = "echo 'memory allocation of 4096 bytes failed' >&2; kill -ABRT $$";
    assert_eq!(die(out_of_memory), Err(FileErrorCode::MemoryLimit));
}

#[test]
fn a_child_that_talks_rubbish_is_not_believed() {
    let say = |script: &str| Bench::with_script(script, LIMITS).parse("a.txt", b"text");
    assert_eq!(say("printf '\\005\\000\\000\\000hello'; exec sleep 600"), Err(FileErrorCode::ParserCrashed));
    assert_eq!(say("printf '\\377\\377\\377\\377'; exec sleep 600"), Err(FileErrorCode::ParserCrashed));
}

#[test]
fn an_answer_for_another_file_is_not_taken_for_this_one() {
    let done = r#"{"request":1,"answer":"done"}"#;
    let done = format!("printf '\\{:03o}\\000\\000\\000%s' '{done}'", done.len());
    let mut bench = Bench::with_script(&format!("{done}; {done}; exec sleep 600"), LIMITS);
    assert_eq!(bench.parse("a.txt", b"text"), Ok(vec![]));
    assert_eq!(bench.parse("b.txt", b"text"), Err(FileErrorCode::ParserCrashed));
}

/// Nothing of the file was seen, so it is not the file that failed.
#[test]
fn a_parser_that_does_not_start_is_not_the_fault_of_the_file() {
    let limits = ParserLimits { timeout: Duration::from_millis(500), ..LIMITS };
    let no_parser = |mut bench: Bench| {
        let path = bench.file("a.txt", b"text");
        let ocr = |_: &[u8]| Recognition::Unavailable;
        let result = bench.parser.parse(&path, "a.txt", &ocr, &mut |_| ControlFlow::Continue(()));
        matches!(result, Err(ParserError::NoParser { .. }))
    };
    assert!(no_parser(Bench::new(Path::new("/no/such/program"), LIMITS)));
    assert!(no_parser(Bench::with_raw_script("exit 1", limits)));
    assert!(no_parser(Bench::with_raw_script("exec sleep 600", limits)));
    assert!(no_parser(Bench::new(worker(), ParserLimits { memory_bytes: 16 << 20, ..limits })), "too little to start");
}

#[test]
fn a_child_that_reads_nothing_is_killed() {
    let limits = ParserLimits { timeout: Duration::from_millis(500), ..LIMITS };
    let content = vec![b'x'; 1 << 20];
    assert_eq!(Bench::with_script("exec sleep 600", limits).parse("a.txt", &content), Err(FileErrorCode::Timeout));
    let closed = "exec sleep 600 <&-";
    assert_eq!(Bench::with_script(closed, limits).parse("a.txt", &content), Err(FileErrorCode::ParserCrashed));
}

/// Each byte that it took used to give it the whole time anew.
#[test]
fn a_child_that_takes_its_file_little_by_little_is_killed() {
    let limits = ParserLimits { timeout: Duration::from_millis(300), ..LIMITS };
    let trickle = "while head -c 5000 >/dev/null; do sleep 0.02; done";
    let mut bench = Bench::with_script(trickle, limits);
    let begun = std::time::Instant::now();
    assert_eq!(bench.parse("a.txt", &vec![b'x'; 20 << 20]), Err(FileErrorCode::Timeout));
    assert!(begun.elapsed() < Duration::from_secs(30), "taking all of it lasts more than a minute");
}

#[test]
fn the_sink_can_stop_a_file() {
    let mut bench = Bench::new(worker(), LIMITS);
    let path = bench.file("a.jsonl", "{\"text\":\"x\"}\n".repeat(10_000).as_bytes());
    let summary =
        bench.parser.parse(&path, "a.jsonl", &|_| Recognition::Unavailable, &mut |_| ControlFlow::Break(())).unwrap();
    assert_eq!(summary, ParseSummary { documents: 1, failed_parts: 0, stopped: true });
    assert_eq!(bench.parse("b.txt", b"fine"), Ok(vec!["fine".to_owned()]));
}

/// A consumer that falls behind is no fault of the child: the time limit holds for waiting only.
#[test]
fn a_slow_sink_is_no_timeout() {
    let limits = ParserLimits { timeout: Duration::from_secs(2), ..LIMITS };
    let mut bench = Bench::new(worker(), limits);
    let path = bench.file("a.jsonl", "{\"text\":\"x\"}\n".repeat(3).as_bytes());
    let summary = bench.parser.parse(&path, "a.jsonl", &|_| Recognition::Unavailable, &mut |_| {
        std::thread::sleep(Duration::from_millis(800));
        ControlFlow::Continue(())
    });
    assert_eq!(summary.unwrap().documents, 3);
}
