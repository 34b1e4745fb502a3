//! Mailboxes: mails one after the other, each behind a line `From …` (RFC 4155).
//!
//! One document for each mail, under `box.mbox!/KEY`. The key is the mail's Message-ID; for the second mail with the
//! same one, `KEY (2)`; for a mail without one, a hash of what it says. So a mail keeps its address when others are
//! added or removed. A mail that cannot be read is reported and the rest goes on. Mails do not count as files inside of
//! a file, as they are bounded by the size of the mailbox; what is attached to each of them does. Only a mailbox of more
//! than [`MAX_PARTS`] parts, which nobody has and somebody may send, is not read to its end, and fails then.

use std::borrow::Cow;

use super::super::nested::{self, Names};
use super::super::{ParseError, Sink, Source};
use super::message::{self, Mail};
use super::mime::split_head;
use super::{EML_MEDIA_TYPE, eml, field_name};

/// Mails, and files attached to them, that a mailbox hands out at most.
const MAX_PARTS: u32 = 1_000_000;

pub(crate) fn parse(source: &Source<'_>, sink: &mut Sink<'_>) -> Result<(), ParseError> {
    let mut names = Names::default();
    let mut parts = 0;
    for bytes in split(source.bytes) {
        source.budget.renew_files();
        let source = Source { bytes: &bytes, media_type: EML_MEDIA_TYPE, ..*source };
        let read = eml::read(&bytes, &source);
        let id = read.as_ref().ok().and_then(|mail| mail.message_id.as_deref());
        let key = id.map_or_else(|| fingerprint(&bytes, read.as_ref().ok()), |id| id.replace(['/', '\\'], "-"));
        let suffix = format!("!/{}", names.unique(&key));
        let mut stopped = false;
        let mut hand_out = |parsed| {
            parts += 1;
            let flow = sink(nested::placed(parsed, &suffix, None));
            stopped = flow.is_break();
            flow
        };
        if let Err(error) = read.and_then(|mail| message::hand_out(mail, &source, &mut hand_out)) {
            parts += 1;
            stopped = sink(nested::failed(suffix, &error)).is_break();
        }
        if stopped {
            return Ok(());
        }
        if parts > MAX_PARTS {
            return Err(ParseError::TooManyParts { limit: MAX_PARTS });
        }
    }
    if parts == 0 { Err(ParseError::corrupt("there is no mail in the mailbox")) } else { Ok(()) }
}

/// The mails of a mailbox, without the lines between them.
pub(super) fn split(bytes: &[u8]) -> impl Iterator<Item = Cow<'_, [u8]>> {
    let mut rest = next_mail(bytes);
    std::iter::from_fn(move || {
        let mail = rest?;
        let end = separator(mail).unwrap_or(mail.len());
        rest = next_mail(&mail[end..]);
        Some(unescaped(&mail[..end]))
    })
}

/// What follows the first line `From …`.
fn next_mail(bytes: &[u8]) -> Option<&[u8]> {
    let bytes = bytes.trim_ascii_start();
    if !bytes.starts_with(b"From ") {
        return separator(bytes).and_then(|at| next_mail(&bytes[at..]));
    }
    let line = bytes.iter().position(|byte| *byte == b'\n')?;
    Some(&bytes[line + 1..])
}

/// Where the next mail begins: a line `From …` behind an empty line and before a header. Programs that do not escape
/// such lines in texts still have no header after them.
fn separator(bytes: &[u8]) -> Option<usize> {
    let mut start = 0;
    let mut after_empty = false;
    while start < bytes.len() {
        let rest = &bytes[start..];
        let length = rest.iter().position(|byte| *byte == b'\n').map_or(rest.len(), |at| at + 1);
        if after_empty && rest.starts_with(b"From ") && field_name(first_line(&rest[length..])).is_some() {
            return Some(start);
        }
        after_empty = rest[..length].trim_ascii().is_empty();
        start += length;
    }
    None
}

fn first_line(bytes: &[u8]) -> &[u8] {
    &bytes[..bytes.iter().position(|byte| *byte == b'\n').unwrap_or(bytes.len())]
}

/// Takes one mark from the lines `>From …`, `>>From …` (the form `mboxrd`).
fn unescaped(mail: &[u8]) -> Cow<'_, [u8]> {
    let is_escaped = |line: &[u8]| {
        let marks = line.iter().take_while(|byte| **byte == b'>').count();
        marks > 0 && line[marks..].starts_with(b"From ")
    };
    let lines = || mail.split_inclusive(|byte| *byte == b'\n');
    if !lines().any(is_escaped) {
        return mail.into();
    }
    let mut unescaped = Vec::with_capacity(mail.len());
    lines().for_each(|line| unescaped.extend_from_slice(if is_escaped(line) { &line[1..] } else { line }));
    unescaped.into()
}

/// Stands for a mail without a Message-ID. Headers that change while a mail lies there (`Status`) do not count.
fn fingerprint(bytes: &[u8], mail: Option<&Mail<'_>>) -> String {
    let (_, body) = split_head(bytes);
    let mut told = body.trim_ascii().to_vec();
    if let Some(mail) = mail {
        told.extend_from_slice(mail.subject.as_bytes());
        told.extend(mail.date.iter().flat_map(|date| date.bytes()));
    }
    format!("{:016x}", fnv_1a(&told))
}

/// FNV-1a of 64 bits: it has to give the same address in every version of the program.
fn fnv_1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(mailbox: &str, expected: &[&str]) {
        let mails: Vec<String> =
            split(mailbox.as_bytes()).map(|mail| String::from_utf8_lossy(&mail).into_owned()).collect();
        assert_eq!(mails, expected);
    }

    #[test]
    fn mails_between_from_lines() {
        check("From a\nA: 1\n\none\n\nFrom b\r\nB: 2\r\n\r\ntwo", &["A: 1\n\none\n\n", "B: 2\r\n\r\ntwo"]);
        check(
            "From a\nA: 1\n\nFrom here on\nit is text\n\n>From there\n>>From far\n",
            &["A: 1\n\nFrom here on\nit is text\n\nFrom there\n>From far\n"],
        );
        check("rubbish\n\nFrom a\nA: 1\n", &["A: 1\n"]);
        check("From a", &[]);
        check("", &[]);
    }
}
