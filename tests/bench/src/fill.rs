//! Fills a data directory with chunks whose vectors are made up, to measure at sizes that would take hours to embed.
//!
//! `bench-fill DATA MODELS [CENTRES]` reads documents on standard input, a JSON object a line: `uri`, `title`, `language`,
//! `chunks` (texts). They go through the real writer into the three stores. Only the vectors are not real: the first
//! CENTRES chunks in a language that the embedder knows (default 1,000) are embedded, and each chunk's vector is a
//! mixture of two of those with noise, so that the graph of neighbours has clusters as real text has. What is found by
//! meaning is therefore nonsense; how long it takes is not.

mod made_up;
mod settings;

use std::error::Error;
use std::io::BufRead;
use std::path::PathBuf;
use std::time::Instant;

use taproot_engine::Engine;

use made_up::{Line, Vectors, document};
use settings::config;

/// Chunks of one commit.
const BATCH: usize = 2_000;
#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let data_dir = PathBuf::from(arguments.next().ok_or("usage: bench-fill DATA MODELS [CENTRES]")?);
    let models_dir = PathBuf::from(arguments.next().ok_or("usage: bench-fill DATA MODELS [CENTRES]")?);
    let centres = arguments.next().map_or(Ok(1_000), |count| count.parse())?;
    let engine = Engine::open(config(data_dir, models_dir)).await?;
    let source_id = engine.catalog()?.source("default", "/fill").await?;
    let (writer, began) = (engine.writer()?, Instant::now());
    let mut vectors = Vectors::new(centres);
    let (mut batch, mut in_batch, mut written) = (Vec::new(), 0, 0);
    for line in std::io::stdin().lock().lines() {
        let line: Line = serde_json::from_str(&line?)?;
        in_batch += line.chunks.len();
        batch.push(document(&source_id, line, &mut vectors, &engine)?);
        if in_batch >= BATCH {
            written += writer.commit(std::mem::take(&mut batch)).await?.chunks;
            in_batch = 0;
            eprintln!("{written} chunks after {:.0} s", began.elapsed().as_secs_f32());
        }
    }
    written += writer.commit(batch).await?.chunks;
    eprintln!("{written} chunks committed after {:.0} s", began.elapsed().as_secs_f32());
    engine.close().await?;
    eprintln!("closed after {:.0} s", began.elapsed().as_secs_f32());
    Ok(())
}
