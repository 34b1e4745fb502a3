//! Mails: `.eml` (RFC 5322 and MIME, RFC 2045 to 2049), mailboxes (`.mbox`, RFC 4155) and Outlook's `.msg` (MS-OXMSG).
//!
//! A mail is one document. Its title and first heading is the subject; then come lines with who wrote to whom and when,
//! what is attached and what a calendar invitation says; then the body as it was sent, with what it quotes and its
//! signature. Of a body in two forms the plain one is read, unless it is much shorter than the HTML or the HTML holds
//! tables. Each attachment, and each mail attached to a mail, is read as a file of its own, under `mail.eml!/name`, and
//! points to its mail by `part_of`. An attachment that cannot be read takes nothing from the mail.
//!
//! Metadata: `subject`, `author`, `date` (ISO 8601), `message_id`, `language`, `keywords`, and the lists `from`, `to` and
//! `cc`, in which each address and each name is a value of its own. Blind copies are not told.
//!
//! Left out by rule: signatures of cryptography, the other form of a body, and pictures that stand in the text and are
//! smaller than [`MIN_PICTURE_BYTES`](message::MIN_PICTURE_BYTES), which are logos and smileys. An encrypted mail is
//! reported as such. TNEF (`winmail.dat`) and what S/MIME wraps for its signature are reported as not read.

mod calendar;
mod eml;
mod mbox;
mod message;
mod mime;
mod msg;
mod words;

#[cfg(test)]
mod tests;

use super::ole;

pub(crate) use eml::parse as parse_eml;
pub(crate) use mbox::parse as parse_mbox;
pub(crate) use msg::parse as parse_msg;

pub(crate) const EML_MEDIA_TYPE: &str = "message/rfc822";
pub(crate) const MBOX_MEDIA_TYPE: &str = "application/mbox";
pub(crate) const MSG_MEDIA_TYPE: &str = "application/vnd.ms-outlook";

/// Bytes from the start of a mail in which its headers are looked for.
const HEAD_BYTES: usize = 64 * 1024;

/// Headers that programs write; three of them make a mail.
const HEADERS: &[&str] = &[
    "from",
    "to",
    "subject",
    "date",
    "message-id",
    "mime-version",
    "received",
    "return-path",
    "delivered-to",
    "sender",
];

/// Whether the bytes begin with the headers of a mail.
pub(crate) fn recognises_eml(bytes: &[u8]) -> bool {
    let head = &bytes[..bytes.len().min(HEAD_BYTES)];
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    let mut known = [false; HEADERS.len()];
    for line in head.split(|byte| *byte == b'\n') {
        if line.trim_ascii().is_empty() {
            break;
        }
        if line.starts_with(b" ") || line.starts_with(b"\t") {
            continue;
        }
        let Some(name) = field_name(line) else { return false };
        if let Some(index) = HEADERS.iter().position(|header| header.as_bytes().eq_ignore_ascii_case(name)) {
            known[index] = true;
        }
    }
    known.iter().filter(|known| **known).count() >= 3
}

/// Whether the bytes begin with the line that stands before each mail of a mailbox, and a mail.
pub(crate) fn recognises_mbox(bytes: &[u8]) -> bool {
    bytes.starts_with(b"From ") && mbox::split(bytes).next().is_some_and(|mail| recognises_eml(&mail))
}

pub(crate) fn recognises_msg(bytes: &[u8]) -> bool {
    ole::kind(bytes) == Some(ole::Kind::Message)
}

/// The name of a header line: visible ASCII before a colon (RFC 5322, section 2.2).
fn field_name(line: &[u8]) -> Option<&[u8]> {
    let colon = line.iter().position(|byte| *byte == b':')?;
    let name = line[..colon].trim_ascii_end();
    (!name.is_empty() && name.iter().all(u8::is_ascii_graphic)).then_some(name)
}
