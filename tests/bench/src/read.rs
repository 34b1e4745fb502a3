//! Reads passages with the reader and does nothing else: what answers cannot take less than.
//!
//! `bench-read MODELS THREADS` reads questions on standard input, a line of JSON each, `{"question", "passages": [text]}`, and
//! reads the passages of all of them on so many threads, each passage by itself, as the engine does. Prints the seconds.

use std::error::Error;
use std::io::BufRead;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use serde::Deserialize;
use taproot_engine::models::{Choice, Models, Reader};
use taproot_engine::text::sentences;

const USAGE: &str = "usage: bench-read MODELS THREADS";

#[derive(Deserialize)]
struct Line {
    question: String,
    passages: Vec<String>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let dir = PathBuf::from(arguments.next().ok_or(USAGE)?);
    let threads = arguments.next().ok_or(USAGE)?.parse()?;
    let models = Models::load(&dir, &Choice::default(), threads)?;
    let reader = models.reader.as_ref().ok_or("models.toml names no reader")?;
    let mut lines: Vec<Line> = Vec::new();
    for line in std::io::stdin().lock().lines() {
        lines.push(serde_json::from_str(&line?)?);
    }
    let mut texts: Vec<(&str, &str)> = Vec::new();
    for line in &lines {
        texts.extend(line.passages.iter().map(|passage| (line.question.as_str(), passage.as_str())));
    }
    let next = AtomicUsize::new(0);
    let began = Instant::now();
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(|| read_all(reader, &texts, &next))).collect();
        workers
            .into_iter()
            .try_for_each(|worker| worker.join().map_err(|_| "a thread panicked")?.map_err(Box::<dyn Error>::from))
    })?;
    println!("{:.4}", began.elapsed().as_secs_f64());
    Ok(())
}

/// Takes one passage after the other until there are none.
fn read_all(reader: &Reader, texts: &[(&str, &str)], next: &AtomicUsize) -> taproot_engine::Result<()> {
    while let Some((question, passage)) = texts.get(next.fetch_add(1, Ordering::Relaxed)) {
        reader.read(question, passage, &sentences(passage))?;
    }
    Ok(())
}
