//! Searches a store in this process, without HTTP, to be looked at with a profiler.
//!
//! `bench-search DATA MODELS [ROUNDS]` reads queries on standard input, a line each, and searches for each of them ROUNDS
//! times (default 3), without reading hits again. Prints the median of the milliseconds of each round.

mod config;

use std::error::Error;
use std::io::BufRead;
use std::path::PathBuf;
use std::time::Instant;

use taproot_engine::{AccessScope, Engine};
use taproot_schemas::search::SearchRequest;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let data_dir = PathBuf::from(arguments.next().ok_or("usage: bench-search DATA MODELS [ROUNDS]")?);
    let models_dir = PathBuf::from(arguments.next().ok_or("usage: bench-search DATA MODELS [ROUNDS]")?);
    let rounds = arguments.next().map_or(Ok(3), |count| count.parse())?;
    let began = Instant::now();
    let engine = Engine::open(config::config(data_dir, models_dir)).await?;
    println!("open after {:.2} s", began.elapsed().as_secs_f32());
    let queries = std::io::stdin().lock().lines().collect::<Result<Vec<String>, _>>()?;
    for _ in 0..rounds {
        let mut times = Vec::with_capacity(queries.len());
        for query in &queries {
            let request = SearchRequest { query: query.clone(), rerank: Some(false), ..SearchRequest::default() };
            let began = Instant::now();
            engine.search(&AccessScope::owner(), &request).await?;
            times.push(began.elapsed().as_secs_f64() * 1_000.0);
        }
        times.sort_by(f64::total_cmp);
        println!("{:.2} ms", times.get(times.len() / 2).copied().unwrap_or_default());
    }
    engine.close().await?;
    Ok(())
}
