//! Embeds queries and does nothing else: what a search cannot take less than.
//!
//! `bench-embed MODELS` reads queries on standard input, a line each, and prints for each one the milliseconds that the
//! engine's embedder took.

use std::error::Error;
use std::io::{BufRead, Write};
use std::path::PathBuf;
use std::time::Instant;

use taproot_engine::models::{Choice, Models};

fn main() -> Result<(), Box<dyn Error>> {
    let dir = PathBuf::from(std::env::args().nth(1).ok_or("usage: bench-embed MODELS")?);
    let models = Models::load(&dir, &Choice::default(), 1)?;
    models.embedder.embed_query("hello")?;
    let mut out = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines() {
        let (line, began) = (line?, Instant::now());
        models.embedder.embed_query(&line)?;
        writeln!(out, "{:.4}", began.elapsed().as_secs_f64() * 1_000.0)?;
        out.flush()?;
    }
    Ok(())
}
