//! Shows what the parsers make of files: `extract ROOT PATH…` prints one JSON line for each PATH below ROOT.
//!
//! `{"path", "status": "ok" | "empty" | "encrypted" | "error" | "crash" | "timeout", "text", "seconds",
//! "documents": [{"suffix", "title", "media_type", "metadata", "notes", "links"}], "failures": [{"path", "code", "reason"}]}`.
//! Every file goes through a parser child with the limits of the default settings, images through tesseract.

use std::ops::ControlFlow;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use taproot_parse::Parsed;
use taproot_parse::sandbox::{
    OcrProgram, OcrSettings, Parser, ParserError, ParserLimits, Tesseract, WORKER_ARGUMENT, run_worker,
};
use taproot_schemas::job::FileErrorCode;

const LIMITS: ParserLimits = ParserLimits {
    max_file_bytes: 256 << 20,
    max_document_chars: 20_000_000,
    timeout: Duration::from_secs(30),
    memory_bytes: 1 << 30,
};

fn main() -> std::process::ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.as_slice() {
        [argument] if argument == WORKER_ARGUMENT => run_worker(),
        [root, paths @ ..] => {
            let program = std::env::current_exe().expect("this program has a path");
            let mut parser = Parser::new(&program, LIMITS);
            let path = OcrProgram::In(std::env::var_os("PATH").unwrap_or_default());
            let ocr = Tesseract::new(&program, OcrSettings::new(path));
            for path in paths {
                println!("{}", extract(&mut parser, &ocr, &Path::new(root).join(path), path));
            }
            std::process::ExitCode::SUCCESS
        }
        [] => {
            eprintln!("usage: extract ROOT PATH…");
            std::process::ExitCode::from(2)
        }
    }
}

fn extract(parser: &mut Parser, ocr: &Tesseract, file: &Path, path: &str) -> Value {
    let begun = Instant::now();
    let (mut text, mut documents, mut failures) = (String::new(), Vec::new(), Vec::new());
    let ocr = ocr.for_file();
    let parsed = parser.parse(file, path, &|image| ocr.read(image), &mut |parsed| {
        match parsed {
            Parsed::Document(document) => {
                text.extend([document.title.as_deref().unwrap_or_default(), "\n", &document.text, "\n"]);
                documents.push(json!({
                    "suffix": document.suffix, "part_of": document.part_of, "title": document.title,
                    "media_type": document.media_type, "metadata": document.metadata, "notes": document.notes,
                    "links": document.links.len(), "blocks": document.blocks.len(),
                }));
            }
            Parsed::PartFailed(part) => {
                failures.push(json!({"path": part.suffix, "code": part.code, "reason": part.reason}));
            }
        }
        ControlFlow::Continue(())
    });
    let status = match parsed {
        Ok(_) => "ok",
        Err(ParserError::File(failure)) => {
            failures.push(json!(failure));
            match failure.code {
                FileErrorCode::Empty => "empty",
                FileErrorCode::Encrypted => "encrypted",
                FileErrorCode::Timeout => "timeout",
                FileErrorCode::ParserCrashed => "crash",
                _ => "error",
            }
        }
        Err(error) => panic!("{error}"),
    };
    json!({
        "path": path, "status": status, "seconds": begun.elapsed().as_secs_f32(), "text": text,
        "documents": documents, "failures": failures,
    })
}
