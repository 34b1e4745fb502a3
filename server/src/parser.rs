//! How files are read: the parser child, OCR, the size of chunks; and what of it there is on this machine.

use std::path::PathBuf;
use std::sync::Arc;

use taproot_engine::Engine;
use taproot_ingest::{Chunking, IngestRequest};
use taproot_parse::sandbox::{self, OcrSettings, OcrStatus, ParserLimits, Tesseract};
use taproot_schemas::doctor::{Check, DoctorReport};

use crate::jobs::JobOrder;

/// Compares the stores, and looks at what files are read with.
pub async fn doctor(engine: &Engine, parser: &Parser, repair: bool) -> taproot_engine::Result<DoctorReport> {
    let mut report = engine.doctor(repair).await?;
    let parser = parser.clone();
    let checks = tokio::task::spawn_blocking(move || parser.checks()).await;
    report.checks.extend(checks.map_err(|error| taproot_engine::Error::Panicked { detail: error.to_string() })?);
    report.healthy &= report.checks.iter().all(|check| check.ok);
    Ok(report)
}

/// How parsers are run.
#[derive(Debug, Clone)]
pub struct Parser {
    pub program: PathBuf,
    pub limits: ParserLimits,
    pub ocr: OcrSettings,
    pub chunking: Chunking,
}

impl Parser {
    /// Looks for tesseract each time: whoever installs it need not start the server anew.
    pub fn request(&self, order: JobOrder) -> IngestRequest {
        IngestRequest {
            path: order.path,
            collection: order.collection,
            allow: order.allow,
            delete: order.delete,
            confirm_delete: order.confirm_delete,
            dry_run: order.dry_run,
            file: order.file,
            parser: self.program.clone(),
            limits: self.limits,
            ocr: Arc::new(Tesseract::new(&self.program, self.ocr.clone())),
            chunking: self.chunking,
        }
    }

    /// What `taproot doctor` says of it. Blocking: it starts a parser child and asks tesseract.
    pub fn checks(&self) -> Vec<Check> {
        let (ok, detail) = match sandbox::Parser::new(&self.program, self.limits).confinement() {
            Ok(confinement) => (true, confinement.to_string()),
            Err(error) => (false, error.to_string()),
        };
        // No OCR is nothing wrong: it is an option that this machine has not.
        let OcrStatus { version, languages, why_not, .. } =
            Tesseract::new(&self.program, self.ocr.clone()).status().clone();
        let ocr = match (version, why_not) {
            (_, Some(why_not)) => format!("scans and images are not read: {why_not}"),
            (version, None) => format!("tesseract {} with {}", version.unwrap_or_default(), languages.join(", ")),
        };
        vec![Check { name: "parser child".into(), ok, detail }, Check { name: "ocr".into(), ok: true, detail: ocr }]
    }
}
