//! The parts of a mail: headers, boundaries and transfer encodings (RFC 2045, 2046).
//!
//! Parts are slices of the mail; nothing is decoded before it is asked for. What is broken is read as far as it goes: a
//! multipart without its end, base64 with rubbish in between.

use std::borrow::Cow;

use ::base64::Engine;
use ::base64::alphabet::STANDARD;
use ::base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use mail_parser::{HeaderName, Message, MessageParser, MimeHeaders};

use super::words::decode_header;

/// One part, or a whole mail.
pub(super) struct Part<'a> {
    head: &'a [u8],
    body: &'a [u8],
    headers: Option<Message<'a>>,
    /// Lower case, for example `text/plain`.
    pub media_type: String,
    pub is_attachment: bool,
    /// The text shows it by its `Content-ID`, or it says itself that it belongs into the text.
    pub is_inline: bool,
}

impl<'a> Part<'a> {
    /// `assumed` is the media type of a part that does not name one.
    pub fn read(bytes: &'a [u8], assumed: &str) -> Part<'a> {
        let (head, body) = split_head(bytes);
        let headers = if head.ends_with(b"\n") {
            MessageParser::new().parse_headers(head)
        } else {
            let closed = [head, b"\n\n"].concat();
            MessageParser::new().parse_headers(&closed).map(Message::into_owned)
        };
        let mut part =
            Part { head, body, headers, media_type: assumed.to_owned(), is_attachment: false, is_inline: false };
        let Some(headers) = &part.headers else { return part };
        if let Some(kind) = headers.content_type() {
            let subtype = kind.subtype().unwrap_or("plain");
            part.media_type = format!("{}/{subtype}", kind.ctype()).to_ascii_lowercase();
        }
        let disposition = headers.content_disposition();
        part.is_attachment = disposition.is_some_and(|disposition| disposition.is_attachment());
        let names_itself = disposition.is_some_and(|disposition| disposition.is_inline());
        part.is_inline = names_itself || headers.content_id().is_some();
        part
    }

    pub fn headers(&self) -> Option<&Message<'a>> {
        self.headers.as_ref()
    }

    /// The value of a header as it is written, of the first of this name.
    pub fn raw_header(&self, name: &HeaderName<'_>) -> Option<&[u8]> {
        let header = self.headers.as_ref()?.headers().iter().find(|header| header.name == *name)?;
        self.head.get(header.offset_start as usize..(header.offset_end as usize).min(self.head.len()))
    }

    /// A parameter of the content type, for example `charset`.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.headers.as_ref()?.content_type()?.attribute(name)
    }

    /// The file name of an attachment.
    pub fn name(&self) -> Option<String> {
        let headers = self.headers.as_ref()?;
        let disposition = headers.content_disposition().and_then(|disposition| disposition.attribute("filename"));
        let name = disposition.or_else(|| self.parameter("name"))?;
        let name = if name.contains(char::REPLACEMENT_CHARACTER) {
            // Bytes of another encoding, which the library has replaced.
            let written = [HeaderName::ContentDisposition, HeaderName::ContentType]
                .iter()
                .find_map(|header| name_in(&decode_header(self.raw_header(header)?, self.parameter("charset"))));
            written.unwrap_or_else(|| name.to_owned())
        } else {
            decode_header(name.as_bytes(), None)
        };
        Some(name).filter(|name| !name.trim().is_empty())
    }

    /// The content without its transfer encoding.
    pub fn content(&self) -> Cow<'a, [u8]> {
        self.content_reader()()
    }

    /// As [`content`](Self::content), later.
    pub fn content_reader(&self) -> impl FnOnce() -> Cow<'a, [u8]> + use<'a> {
        let encoding = self.headers.as_ref().and_then(|headers| headers.content_transfer_encoding());
        let encoding = encoding.map(|encoding| encoding.trim().to_ascii_lowercase());
        let body = self.body;
        move || match encoding.as_deref() {
            Some("base64") => base64(body).into(),
            Some("quoted-printable") => quoted_printable(body).into(),
            _ => body.into(),
        }
    }

    /// The parts of a multipart; none of a part without a boundary.
    pub fn parts(&self) -> Vec<&'a [u8]> {
        let boundary = self.parameter("boundary").map(str::trim_end).filter(|boundary| !boundary.is_empty());
        boundary.map(|boundary| split(self.body, boundary.as_bytes())).unwrap_or_default()
    }
}

/// The value of `name=` or `filename=` in a decoded header.
fn name_in(header: &str) -> Option<String> {
    let value = header.split_once("name=")?.1;
    let value = match value.strip_prefix('"') {
        Some(quoted) => quoted.split('"').next()?,
        None => value.split([';', '\r', '\n']).next()?,
    };
    Some(value.trim().to_owned())
}

/// The headers with their last line break, and what follows the empty line.
pub(super) fn split_head(bytes: &[u8]) -> (&[u8], &[u8]) {
    let mut start = 0;
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        let end = start + line.len();
        if matches!(line, b"\n" | b"\r\n") {
            return (&bytes[..end], &bytes[end..]);
        }
        start = end;
    }
    (bytes, b"")
}

/// The pieces between the lines `--boundary`, up to the line `--boundary--` or the end.
fn split<'a>(body: &'a [u8], boundary: &[u8]) -> Vec<&'a [u8]> {
    let mut parts = Vec::new();
    let mut open = None;
    let mut start = 0;
    for line in body.split_inclusive(|byte| *byte == b'\n') {
        let rest = line.strip_prefix(b"--").and_then(|line| line.strip_prefix(boundary));
        if let Some(rest @ (b"" | b"--")) = rest.map(<[u8]>::trim_ascii) {
            if let Some(from) = open {
                parts.push(without_line_break(&body[from..start]));
            }
            if rest == b"--" {
                return parts;
            }
            open = Some(start + line.len());
        }
        start += line.len();
    }
    parts.extend(open.map(|from| &body[from..]));
    parts
}

/// The line break before a boundary belongs to the boundary.
fn without_line_break(part: &[u8]) -> &[u8] {
    let part = part.strip_suffix(b"\n").unwrap_or(part);
    part.strip_suffix(b"\r").unwrap_or(part)
}

/// Decodes base64, whatever stands between its characters.
pub(super) fn base64(encoded: &[u8]) -> Vec<u8> {
    const LENIENT: GeneralPurpose = GeneralPurpose::new(
        &STANDARD,
        GeneralPurposeConfig::new()
            .with_decode_padding_mode(DecodePaddingMode::Indifferent)
            .with_decode_allow_trailing_bits(true),
    );
    let is_base64 = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    let mut kept: Vec<u8> = Vec::with_capacity(encoded.len());
    kept.extend(encoded.iter().copied().filter(is_base64));
    if kept.len() % 4 == 1 {
        kept.pop();
    }
    LENIENT.decode(&kept).unwrap_or_default()
}

/// Decodes quoted-printable (RFC 2045, section 6.7); a `=` that begins nothing stands for itself.
pub(super) fn quoted_printable(encoded: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(encoded.len());
    let mut rest = encoded;
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        if *byte != b'=' {
            decoded.push(*byte);
            continue;
        }
        let line_break = after.iter().position(|byte| !matches!(byte, b' ' | b'\t' | b'\r'));
        match (after, line_break) {
            (_, Some(at)) if after[at] == b'\n' => rest = &after[at + 1..],
            ([high, low, rest_of_line @ ..], _) if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                let digit = |byte: u8| char::from(byte).to_digit(16).unwrap_or(0) as u8;
                decoded.push(digit(*high) * 16 + digit(*low));
                rest = rest_of_line;
            }
            _ => decoded.push(b'='),
        }
    }
    decoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_between_boundaries() {
        let check = |body: &[u8], expected: &[&[u8]]| assert_eq!(split(body, b"x"), expected);
        check(b"preamble\r\n--x\r\none\r\n--x  \r\n\r\ntwo\r\n--x--\r\nepilogue\n--x\n", &[b"one", b"\r\ntwo"]);
        check(b"--x\none\n--xy\n--x\ncut", &[b"one\n--xy", b"cut"]);
        check(b"nothing", &[]);
    }

    #[test]
    fn transfer_encodings() {
        assert_eq!(base64(b"aGVs\r\nbG8=\r\n-- \n"), b"hello");
        assert_eq!(base64(b"aGVsb"), b"hel");
        assert_eq!(quoted_printable(b"a=\r\nb=3D=C3=BC = =zz="), "ab=ü = =zz=".as_bytes());
        assert_eq!(quoted_printable(b"soft=  \nbreak"), b"softbreak");
    }

    #[test]
    fn a_head_without_an_end() {
        let part = Part::read(b"Subject: x\nContent-Type: Text/HTML; charset=GBK", "text/plain");
        assert_eq!((part.media_type.as_str(), part.parameter("charset")), ("text/html", Some("GBK")));
        assert_eq!(part.content().as_ref(), b"");
    }
}
