//! The child's side: limits on itself, then files until the input ends.

use std::cell::RefCell;
use std::fs::File;
use std::io::{self, Read, Write};
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;

use taproot_schemas::job::FileErrorCode;

use super::confine;
use super::ocr::become_tesseract;
use super::protocol::{self, Answer, MAX_IMAGE_BYTES, MAX_REQUEST_BYTES, Reply, Request, Role, Settings};
use crate::{Ocr, ParseError, ParseLimits, Parsed, PartFailure, Recognition, Sink, parse};

/// Parsers of nested formats recurse; a page tree or a path of elements may be thousands deep.
const STACK_BYTES: usize = 64 << 20;

/// Runs the parser child: requests on standard input, answers on standard output, until the input ends. Or becomes the
/// program that reads one image, when that is what standard input asks for.
pub fn run_worker() -> ExitCode {
    match start() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("the parser cannot start: {error}");
            ExitCode::FAILURE
        }
    }
}

fn start() -> io::Result<()> {
    // Answers go to a copy of standard output; what a library prints goes to standard error and spoils no frame.
    let mut output = File::from(rustix::io::dup(rustix::stdio::stdout())?);
    rustix::stdio::dup2_stdout(rustix::stdio::stderr())?;
    // Without a buffer, which would keep from tesseract the first bytes of its image.
    let mut input = File::from(rustix::io::dup(rustix::stdio::stdin())?);
    let settings = match protocol::read::<Role>(&mut input, MAX_REQUEST_BYTES)? {
        Some(Role::Parser(settings)) => settings,
        Some(Role::Ocr(job)) => {
            rustix::stdio::dup2_stdout(&output)?;
            drop((input, output));
            return Err(become_tesseract(job));
        }
        None => return Ok(()),
    };
    drop(input);
    let landlock = confine::before_threads(settings.memory_bytes)?;
    std::panic::set_hook(Box::new(|panic| eprintln!("panic at {}", panic.location().map_or("", |at| at.file()))));
    let work = move || {
        let confinement = confine::on_the_last_thread(landlock);
        let max_frame_bytes = settings.max_frame_bytes();
        let ready = Reply { request: 0, answer: Answer::Ready(confinement) };
        protocol::write(&mut output, &ready, max_frame_bytes)?;
        serve(&mut io::stdin().lock(), &mut output, &settings, max_frame_bytes)
    };
    let thread = std::thread::Builder::new().stack_size(STACK_BYTES).spawn(work)?;
    thread.join().unwrap_or_else(|_| Err(io::Error::other("the parser panicked")))
}

/// Answers requests until the input ends.
fn serve(
    input: &mut impl Read,
    output: &mut impl Write,
    settings: &Settings,
    max_frame_bytes: usize,
) -> io::Result<()> {
    // A parser hands documents out while it may ask for the text of images: both ends are shared by two closures.
    let parent = RefCell::new((input, output));
    loop {
        let Some(request) = protocol::read::<Request>(&mut parent.borrow_mut().0, MAX_REQUEST_BYTES)? else {
            return Ok(());
        };
        let content = protocol::read_content(&mut parent.borrow_mut().0, request.bytes, settings.max_file_bytes)?;
        let Some(content) = content else { continue };
        let broken = RefCell::new(None);
        let note = |result: io::Result<()>| match result {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                *broken.borrow_mut() = Some(error);
                ControlFlow::Break(())
            }
        };
        let reply = |answer| Reply { request: request.number, answer };
        let send = |answer| note(send(&mut parent.borrow_mut().1, reply(answer), max_frame_bytes));
        let ocr = |image: &[u8]| {
            if image.len() > MAX_IMAGE_BYTES {
                return Recognition::Failed("the image is too large".to_owned());
            }
            let (input, output) = &mut *parent.borrow_mut();
            let asked = protocol::write(output, &reply(Answer::Recognise { image: image.to_vec() }), max_frame_bytes);
            match asked.and_then(|()| protocol::read(input, MAX_REQUEST_BYTES)) {
                Ok(Some(recognition)) => recognition,
                // The parent is gone, and with it everybody who could ask for this file.
                Ok(None) => Recognition::Unavailable,
                Err(error) => {
                    let _ = note(Err(error));
                    Recognition::Unavailable
                }
            }
        };
        let mut sink = |parsed| match parsed {
            Parsed::Document(document) => send(Answer::Document(document)),
            Parsed::PartFailed(failure) => send(Answer::PartFailed(failure)),
        };
        let parsed = catch_unwind(AssertUnwindSafe(|| parse_file(&request.name, &content, settings, &ocr, &mut sink)));
        let last = parsed.unwrap_or_else(|_| Answer::Failed {
            code: FileErrorCode::ParserCrashed,
            reason: "the parser stopped at something unexpected in the file".to_owned(),
        });
        let _ = send(last);
        if let Some(error) = broken.take() {
            return Err(error);
        }
    }
}

/// Sends an answer. A document that is too long to be sent is a part that failed: the parser goes on after it, and only
/// its end may end the request.
fn send(output: &mut impl Write, reply: Reply, max_bytes: usize) -> io::Result<()> {
    if let Some(frame) = protocol::frame(&reply, max_bytes)? {
        output.write_all(&frame)?;
        return output.flush();
    }
    let (suffix, code) = match reply.answer {
        Answer::Document(document) => (document.suffix, FileErrorCode::TooLarge),
        Answer::PartFailed(failure) => (failure.suffix, failure.code),
        _ => return Err(io::ErrorKind::InvalidData.into()),
    };
    let failure = PartFailure { suffix, code, reason: "the document is too large".to_owned() };
    protocol::write(output, &Reply { request: reply.request, answer: Answer::PartFailed(failure) }, max_bytes)
}

fn parse_file(name: &str, bytes: &[u8], settings: &Settings, ocr: &Ocr<'_>, sink: &mut Sink<'_>) -> Answer {
    let limits = ParseLimits {
        max_document_chars: settings.max_document_chars,
        // What is expanded is then decoded and built into text: three copies, and room for the file itself.
        max_expanded_bytes: settings.memory_bytes / 4,
    };
    match parse(name, bytes, limits, ocr, sink) {
        Ok(()) => Answer::Done,
        Err(error) => failed(&error),
    }
}

fn failed(error: &ParseError) -> Answer {
    Answer::Failed { code: error.code(), reason: error.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// It used to end its request, and the parser went on: each file after it got the answer of the one before.
    #[test]
    fn a_document_too_long_to_send_does_not_end_its_request() {
        let long = "x".repeat(2_000);
        let files = [format!("{{\"id\":1,\"text\":\"{long}\"}}\n{{\"id\":2,\"text\":\"two\"}}"), "three".to_owned()];
        let mut input = Vec::new();
        for (number, content) in (1..).zip(&files) {
            let name = if number == 1 { "a.jsonl" } else { "b.txt" }.to_owned();
            let request = Request { number, name, bytes: content.len() as u64 };
            protocol::write(&mut input, &request, MAX_REQUEST_BYTES).unwrap();
            input.extend(protocol::Piece::Bytes(content.len() as u32).to_bytes());
            input.extend(content.as_bytes());
            input.extend(protocol::Piece::End.to_bytes());
        }
        let settings = Settings { memory_bytes: 1 << 20, max_file_bytes: 1 << 20, max_document_chars: 10_000 };
        let mut output = Vec::new();
        serve(&mut input.as_slice(), &mut output, &settings, 1_000).unwrap();
        let mut output = output.as_slice();
        let mut said = Vec::new();
        while let Some(reply) = protocol::read::<Reply>(&mut output, 1_000).unwrap() {
            said.push((
                reply.request,
                match reply.answer {
                    Answer::Document(document) => document.text,
                    Answer::PartFailed(failure) => format!("{}: {:?}", failure.suffix, failure.code),
                    Answer::Done => "done".to_owned(),
                    other => format!("{other:?}"),
                },
            ));
        }
        let expected = [(1, "#1: TooLarge"), (1, "two"), (1, "done"), (2, "three"), (2, "done")];
        assert_eq!(said, expected.map(|(request, text)| (request, text.to_owned())));
    }
}
