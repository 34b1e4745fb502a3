//! Writes answers and does nothing else: how fast the engine's generator is.
//!
//! `bench-generate MODELS THREADS` reads a line each, `{"system", "user", "new_tokens"}` in JSON, and prints for each one
//! `{"prompt_tokens", "reused_tokens", "completion_tokens", "first_token_ms", "total_ms", "resident_mb", "text"}`.

use std::error::Error;
use std::io::{BufRead, Write};
use std::path::PathBuf;
use std::time::Instant;

use serde::Deserialize;
use serde_json::json;
use taproot_engine::models::{ChatMessage, Choice, Finished, GeneratorPool, Models, Prompt, Sampling, Written};

#[derive(Deserialize)]
struct Line {
    system: String,
    user: String,
    new_tokens: usize,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(dir), Some(threads)) = (arguments.next(), arguments.next()) else {
        return Err("usage: bench-generate MODELS THREADS".into());
    };
    let generators = GeneratorPool { threads: threads.parse()?, ..GeneratorPool::default() };
    let models = Models::load(&PathBuf::from(dir), &Choice { generators, ..Choice::default() }, 1)?;
    let mut out = std::io::stdout().lock();
    writeln!(out, "{}", json!({ "resident_mb": resident_mb()? }))?;
    for line in std::io::stdin().lock().lines() {
        let (line, began) = (serde_json::from_str(&line?)?, Instant::now());
        let (finished, text) = write(&models, line).await?;
        let total = began.elapsed();
        // What goes on around the decoding, tokens and channel, comes before the first token.
        let first_token = finished.first_token + (total.saturating_sub(finished.total));
        let shown = json!({
            "prompt_tokens": finished.prompt_tokens,
            "reused_tokens": finished.reused_tokens,
            "completion_tokens": finished.completion_tokens,
            "first_token_ms": first_token.as_secs_f64() * 1_000.0,
            "total_ms": total.as_secs_f64() * 1_000.0,
            "resident_mb": resident_mb()?,
            "text": text,
        });
        writeln!(out, "{shown}")?;
        out.flush()?;
    }
    Ok(())
}

async fn write(models: &Models, line: Line) -> Result<(Finished, String), Box<dyn Error>> {
    let generator = models.generator.as_ref().ok_or("models.toml names no generator")?;
    let mut writing = generator.write("bench", move |vocabulary| {
        let message = |role, content| ChatMessage { role, content };
        let ids = vocabulary.chat(&[message("system", line.system), message("user", line.user)])?;
        let (sampling, stop) = (Sampling::default(), Vec::new());
        Ok(Prompt { ids, max_new_tokens: line.new_tokens, sampling, seed: 0, stop })
    })?;
    let mut text = String::new();
    while let Some(written) = writing.next().await {
        match written? {
            Written::Text(more) => text.push_str(&more),
            Written::End(finished) => return Ok((finished, text)),
        }
    }
    Err("the generator stopped".into())
}

/// What the process holds in memory, where the system tells.
fn resident_mb() -> Result<Option<u64>, Box<dyn Error>> {
    let Ok(status) = std::fs::read_to_string("/proc/self/status") else { return Ok(None) };
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().next()).map(str::parse::<u64>).transpose()?;
    Ok(kib.map(|kib| kib / 1_024))
}
