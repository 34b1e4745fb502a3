//! `taproot doctor [--repair]`

use std::fmt::Write as _;

use clap::Args;
use taproot_schemas::doctor::{DifferenceKind, DoctorReport};

use super::output::Output;
use super::session::Session;
use crate::config::Config;
use crate::error::{Error, Result};

#[derive(Debug, Args)]
pub struct Doctor {
    /// Mend what differs, from the catalog
    #[arg(long)]
    repair: bool,
}

impl Doctor {
    /// Fails when something is wrong and was not mended.
    pub async fn run(self, config: &Config, output: &Output) -> Result<()> {
        let session = Session::open(config, output).await?;
        let report = session.doctor(self.repair).await?;
        session.close().await?;
        output.result(&report, human)?;
        if report.healthy || report.repaired { Ok(()) } else { Err(Error::Unhealthy) }
    }
}

fn human(report: &DoctorReport) -> String {
    let mut text = String::new();
    // Writing to a String cannot fail.
    for check in &report.checks {
        let mark = if check.ok { "ok  " } else { "FAIL" };
        let _ = writeln!(text, "{mark}  {}: {}", check.name, check.detail);
    }
    let DoctorReport { catalog_chunks, lexical_chunks, vector_chunks, .. } = report;
    let _ =
        writeln!(text, "chunks: {catalog_chunks} in the catalog, {lexical_chunks} lexical, {vector_chunks} vectors");
    for difference in &report.differences {
        let what = match difference.kind {
            DifferenceKind::MissingInLexical => "missing in the lexical index",
            DifferenceKind::MissingInVectors => "missing in the vector index",
            DifferenceKind::ExtraInLexical => "in the lexical index only",
            DifferenceKind::ExtraInVectors => "in the vector index only",
        };
        let _ = writeln!(text, "{} chunks {what}: {}", difference.count, difference.chunk_ids.join(" "));
    }
    text.push_str(match (report.healthy, report.repaired) {
        (_, true) => "mended\n",
        (true, false) => "healthy\n",
        (false, false) => "not healthy\n",
    });
    text
}
